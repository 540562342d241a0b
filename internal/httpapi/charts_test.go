package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

var precondition = postgres.Precondition{}

type chart struct {
	Interval, By, Measure string
	GroupBy               string `json:"group_by"`
	Buckets               []bucket
	Groups                []struct {
		Value   string
		Label   map[string]string
		Buckets []bucket
	}
	Total    float64
	Revision int64
}

// labels are what the reference does not know.
var labels = regexp.MustCompile(`"label":(null|\{[^}]*\})`)

func withoutLabels(body []byte) string {
	return string(labels.ReplaceAll(body, []byte(`"label":null`)))
}

// firstDifference shows where two texts part.
func firstDifference(is, want string) string {
	at := 0
	for at < min(len(is), len(want)) && is[at] == want[at] {
		at++
	}
	around := func(s string) string { return s[max(0, at-150):min(len(s), at+150)] }
	return fmt.Sprintf("at byte %d is\n%s\nnot\n%s", at, around(is), around(want))
}

func (s service) revision(t testing.TB) int64 {
	t.Helper()
	revision, _, err := s.store.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

type bucket struct {
	Start, End                  string
	Certain, Possible, Expected float64
}

func (r result) chart(t testing.TB) chart {
	t.Helper()
	var c chart
	if err := json.Unmarshal(r.body, &c); err != nil || r.status != http.StatusOK {
		t.Fatalf("%d, %v: %s", r.status, err, r.body)
	}
	return c
}

// TestChartsAgainstTheReference: what a request gives is what the plain reference
// counts, and a bucket's possible count is that of the list that the contract names.
func TestChartsAgainstTheReference(t *testing.T) {
	t.Parallel()
	s, events := serveRandom(t, 120)
	rapid.Check(t, func(rt *rapid.T) {
		f := asAsked(reference.Filter().Draw(rt, "filter"))
		f.Datasets = reference.Datasets // sahel is there too
		q := timeline.ChartQuery{
			Filter: f, Interval: timeline.IntervalAuto,
			By:      rapid.SampledFrom(timeline.ChartBys).Draw(rt, "by"),
			Measure: rapid.SampledFrom([]string{"events", "deaths"}).Draw(rt, "measure"),
			GroupBy: rapid.SampledFrom([]string{"none", "country", "type", "status"}).Draw(rt, "group_by"),
		}
		v := queryOf(&f)
		v.Set("by", q.By)
		v.Set("measure", q.Measure)
		v.Set("group_by", q.GroupBy)
		answer := s.get(t, "/v1/timeline?"+v.Encode())
		got := answer.chart(t)
		want, _ := reference.Chart(reference.All(events, &f, timeline.Ascending), q)
		if text := withoutLabels(want.AppendJSON(nil, got.Revision)); text != withoutLabels(answer.body) {
			rt.Fatalf("%s %s", v.Encode(), firstDifference(withoutLabels(answer.body), text))
		}
		if q.By != timeline.ByStart || q.Measure != timeline.MeasureEvents || len(got.Buckets) == 0 || f.Match != "" {
			return
		}
		b := rapid.SampledFrom(got.Buckets).Draw(rt, "bucket")
		v = queryOf(&f)
		v.Set("match", "starts")
		v.Set("from", b.Start)
		v.Set("to", b.End)
		v.Set("count", "exact")
		counted := s.get(t, "/v1/events?limit=1&"+v.Encode()).page(t)
		if f.HasWindow() { // the list asks for one window, so that of the chart is not in it
			return
		}
		if float64(counted.Count.Value) != b.Possible {
			rt.Fatalf("the bucket %+v of %s has %d events in the list", b, v.Encode(), counted.Count.Value)
		}
	})
}

// TestFacetsAndWalksAgainstTheReference: facets, the exact count and a walk of the
// pages agree with the plain reference for any filter.
func TestFacetsAndWalksAgainstTheReference(t *testing.T) {
	t.Parallel()
	s, events := serveRandom(t, 120)
	rapid.Check(t, func(rt *rapid.T) {
		f := asAsked(reference.Filter().Draw(rt, "filter"))
		f.Datasets = reference.Datasets
		by := rapid.SampledFrom([]string{"country", "type", "status", "tag"}).Draw(rt, "by")
		limit := rapid.IntRange(1, 30).Draw(rt, "limit")
		v := queryOf(&f)
		v.Set("by", by)
		v.Set("limit", fmt.Sprint(limit))
		answer := s.get(t, "/v1/facets?"+v.Encode())
		want := timeline.AppendFacets(nil, []timeline.Facet{reference.Facet(events, f, by, limit)}, s.revision(t))
		if withoutLabels(answer.body) != withoutLabels(want) {
			rt.Fatalf("%s %s", v.Encode(), firstDifference(withoutLabels(answer.body), withoutLabels(want)))
		}

		order := rapid.SampledFrom([]timeline.Order{timeline.Ascending, timeline.Descending}).Draw(rt, "order")
		var ids []string
		for _, e := range reference.All(events, &f, order) {
			ids = append(ids, e.ID)
		}
		v = queryOf(&f)
		v.Set("order", string(order))
		v.Set("count", "exact")
		var walked []string
		for {
			v.Set("limit", fmt.Sprint(rapid.IntRange(1, 60).Draw(rt, "page")))
			p := s.get(t, "/v1/events?"+v.Encode()).page(t)
			if p.Count.Value != int64(len(ids)) || p.Count.Relation != "eq" {
				rt.Fatalf("%s counts %+v of %d", v.Encode(), *p.Count, len(ids))
			}
			walked = append(walked, strings.Fields(p.ids())...)
			if p.Page.NextCursor == nil {
				break
			}
			v.Set("cursor", *p.Page.NextCursor)
		}
		if strings.Join(walked, " ") != strings.Join(ids, " ") {
			rt.Fatalf("%s walks\n%v\nnot\n%v", v.Encode(), walked, ids)
		}
	})
}

// TestChartsOfTheSeed shows what a chart maker gets.
func TestChartsOfTheSeed(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.get(t, "/v1/timeline?country=ML&type=coup&interval=quarter").chart(t)
	if len(c.Buckets) != 4 || c.Buckets[0] != (bucket{"2021-01-01", "2021-03-31", 0, 1, 0.246575}) {
		t.Errorf("a coup of a year by quarters: %+v", c.Buckets)
	}
	grouped := s.get(t, "/v1/timeline?group_by=dataset&interval=century").chart(t)
	if len(grouped.Groups) != 1 || grouped.Groups[0].Value != "sahel" || grouped.Groups[0].Label["ar"] == "" {
		t.Errorf("by data set: %+v", grouped.Groups)
	}
	if none := s.get(t, "/v1/timeline?country=JP").chart(t); len(none.Buckets) != 0 || none.Total != 0 {
		t.Errorf("of nothing: %+v", none)
	}
	past := s.get(t, "/v1/timeline?as_of=1")
	if past.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("as of a revision: %s", past.header.Get("Cache-Control"))
	}
	for _, target := range []string{"/v1/timeline", "/v1/facets", "/v1/events/ml-coup-2021/chain"} {
		first := s.get(t, target)
		tag := first.header.Get("ETag")
		if again := s.get(t, target, "If-None-Match", tag); again.status != http.StatusNotModified || len(again.body) > 0 {
			t.Errorf("%s again: %d", target, again.status)
		}
		if _, err := s.store.Delete(t.Context(), first.someID(t, s), "to see the tag move", "", precondition, author); err != nil {
			t.Fatal(err)
		}
		if again := s.get(t, target, "If-None-Match", tag); again.status != http.StatusOK {
			t.Errorf("%s after a delete: %d", target, again.status)
		}
	}
}

// TestARefusedMeasureIsAnsweredShortly: however many names writers have made.
func TestARefusedMeasureIsAnsweredShortly(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var events []timeline.Event
	for i := range 5 {
		e := event(t, fmt.Sprint("e", i), "2021")
		e.Measures = map[string]float64{}
		for j := range 50 {
			e.Measures[fmt.Sprintf("m%03d", 50*i+j)] = 1
		}
		events = append(events, e)
	}
	if _, err := s.store.Import(t.Context(), events, false, author); err != nil {
		t.Fatal(err)
	}
	got := s.get(t, "/v1/timeline?measure=m0010").problem(t)
	if len(got.Errors) != 1 || len(got.Errors[0].Allowed) != 101 || got.Errors[0].Allowed[0] != "events" || got.Errors[0].Suggestion == nil || *got.Errors[0].Suggestion != "m000" {
		t.Errorf("%+v", got)
	}
	if got := s.get(t, "/v1/timeline?measure=m249"); got.status != http.StatusOK {
		t.Errorf("the last measure: %d %s", got.status, got.body)
	}
}

// someID gives an event that is still there and has no part in the tests above.
func (result) someID(t testing.TB, s service) string {
	t.Helper()
	p := s.get(t, "/v1/events?order=desc&limit=1").page(t)
	return p.Data[0].ID
}

// TestChains: both directions, so many links far, without the event itself.
func TestChains(t *testing.T) {
	t.Parallel()
	s := serve(t)
	link := func(id, to string) {
		e := event(t, id, "2020")
		e.Links = []timeline.Link{{Relation: "follows", Event: to}}
		s.put(t, e)
	}
	for i := range 7 {
		link(fmt.Sprintf("c%d", i), fmt.Sprintf("c%d", i+1)) // c7 dangles
	}
	for target, want := range map[string]string{
		"/v1/events/c0/chain":         "c1 c2",
		"/v1/events/c3/chain?depth=1": "c2 c4",
		"/v1/events/c3/chain?depth=5": "c0 c1 c2 c4 c5 c6",
		"/v1/events/c6/chain?depth=1": "c5",
	} {
		if got := s.get(t, target).page(t).ids(); got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
	if missing := s.get(t, "/v1/events/c7/chain"); missing.status != http.StatusNotFound {
		t.Errorf("the chain of nobody: %d", missing.status)
	}
}
