package httpapi_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestRandomQueriesAgainstTheReference asks the handler random questions and holds every
// answer against the plain reference, byte for byte where there is an order: walks of
// pages, exact counts, timelines, facets and exports, answered by SQL and by memory.
func TestRandomQueriesAgainstTheReference(t *testing.T) {
	t.Parallel()
	s, events := serveRandom(t, 300)
	keepInMemory(t, s.store)
	d := &differential{service: s, events: events, revision: s.revision(t)}
	queries := reference.Ask(t, walkLength*3/4, func(n int) { d.ask(t, n) })
	t.Logf("%d random queries: %d walks, %d timelines, %d facets, %d exports", queries, d.walks.Load(), d.charts.Load(), d.facets.Load(), d.exports.Load())
}

// keepInMemory keeps the store's copy in memory until the test ends.
func keepInMemory(t *testing.T, store *postgres.Store) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		store.Follow(ctx, func(int) {})
		close(ended)
	}()
	t.Cleanup(func() { stop(); <-ended })
}

type differential struct {
	service
	events                         []timeline.Event
	revision                       int64
	walks, charts, facets, exports atomic.Int64
}

// ask asks the n-th question, which is always the same.
func (d *differential) ask(t *testing.T, n int) {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(n), 3))
	f := asAsked(reference.Filter().Example(n))
	f.Datasets = reference.Datasets // sahel is there too
	switch kind := random.IntN(50); {
	case kind == 0: // the reference takes 0.2 s for one
		d.charts.Add(1)
		d.chart(t, f, random)
	case kind < 10:
		d.facets.Add(1)
		d.facet(t, f, random)
	case kind < 20:
		d.exports.Add(1)
		d.export(t, f, random)
	default:
		d.walks.Add(1)
		d.walk(t, f, random)
	}
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

// body asks without a look at the contract, which the other tests have.
func (d *differential) body(t *testing.T, target string) []byte {
	t.Helper()
	_, response, body := d.service.ask(t, http.MethodGet, target, "")
	if response.StatusCode != http.StatusOK {
		t.Errorf("%s: %d %s", target, response.StatusCode, body)
	}
	return body
}

func (d *differential) chart(t *testing.T, f timeline.Filter, random *rand.Rand) {
	t.Helper()
	q := timeline.ChartQuery{
		Filter: f, Interval: timeline.IntervalAuto, By: pick(random, timeline.ChartBys),
		Measure: pick(random, []string{"events", "deaths"}), GroupBy: pick(random, []string{"none", "country", "type", "status"}),
	}
	v := queryOf(&f)
	v.Set("by", q.By)
	v.Set("measure", q.Measure)
	v.Set("group_by", q.GroupBy)
	got := withoutLabels(d.body(t, "/v1/timeline?"+v.Encode()))
	chart, _ := reference.Chart(reference.All(d.events, &f, timeline.Ascending), q)
	if want := withoutLabels(chart.AppendJSON(nil, d.revision)); got != want {
		t.Errorf("/v1/timeline?%s %s", v.Encode(), firstDifference(got, want))
	}
}

func (d *differential) facet(t *testing.T, f timeline.Filter, random *rand.Rand) {
	t.Helper()
	by, limit := pick(random, []string{"country", "type", "status", "tag"}), 1+random.IntN(30)
	v := queryOf(&f)
	v.Set("by", by)
	v.Set("limit", fmt.Sprint(limit))
	got := withoutLabels(d.body(t, "/v1/facets?"+v.Encode()))
	if want := withoutLabels(timeline.AppendFacets(nil, []timeline.Facet{reference.Facet(d.events, f, by, limit)}, d.revision)); got != want {
		t.Errorf("/v1/facets?%s %s", v.Encode(), firstDifference(got, want))
	}
}

func orderOf(random *rand.Rand) timeline.Order {
	return pick(random, []timeline.Order{timeline.Ascending, timeline.Descending})
}

func (d *differential) export(t *testing.T, f timeline.Filter, random *rand.Rand) {
	t.Helper()
	order := orderOf(random)
	v := queryOf(&f)
	v.Set("order", string(order))
	got := string(d.body(t, "/v1/events.ndjson?"+v.Encode()))
	var want []byte
	for _, e := range reference.All(d.events, &f, order) {
		want = append(e.AppendJSON(want), '\n')
	}
	if got != string(want) {
		t.Errorf("/v1/events.ndjson?%s %s", v.Encode(), firstDifference(got, string(want)))
	}
}

func (d *differential) walk(t *testing.T, f timeline.Filter, random *rand.Rand) {
	t.Helper()
	order := orderOf(random)
	var ids []string
	for _, e := range reference.All(d.events, &f, order) {
		ids = append(ids, e.ID)
	}
	v := queryOf(&f)
	v.Set("order", string(order))
	v.Set("count", "exact")
	v.Set("limit", fmt.Sprint(max(20, len(ids)/(1+random.IntN(3)))))
	var walked []string
	for {
		p := result{status: http.StatusOK, body: d.body(t, "/v1/events?"+v.Encode())}.page(t)
		if p.Count == nil || p.Count.Value != int64(len(ids)) || p.Count.Relation != "eq" {
			t.Errorf("/v1/events?%s counts %+v of %d", v.Encode(), p.Count, len(ids))
			return
		}
		walked = append(walked, strings.Fields(p.ids())...)
		if p.Page.NextCursor == nil {
			break
		}
		v.Set("cursor", *p.Page.NextCursor)
	}
	if strings.Join(walked, " ") != strings.Join(ids, " ") {
		t.Errorf("/v1/events?%s walks\n%v\nnot\n%v", v.Encode(), walked, ids)
	}
}
