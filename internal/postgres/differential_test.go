package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestRandomQueriesAgainstTheReference asks the store for random pages, of the present
// and of any revision before, from any place on, with counts from SQL and from memory.
func TestRandomQueriesAgainstTheReference(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 300, 40)
	follow(t, w)
	var past, found atomic.Int64
	queries := reference.Ask(t, 2_000, func(n int) {
		q, events := w.randomQuery(n)
		if q.AsOf != nil {
			past.Add(1)
		}
		page, err := w.ListEvents(t.Context(), q)
		if err != nil {
			t.Errorf("-world=%d query %d, %s: %v", w.seed, n, q.Key(), err)
			return
		}
		found.Add(int64(page.Len()))
		events, next, count := reference.List(events, q)
		if d := difference(texts(page.Docs()), documents(events)); d != "" {
			t.Errorf("-world=%d query %d, %s:%s", w.seed, n, q.Key(), d)
		}
		if fmt.Sprint(deref(page.Next)) != fmt.Sprint(deref(next)) || fmt.Sprint(deref(page.Count)) != fmt.Sprint(deref(count)) {
			t.Errorf("-world=%d query %d, %s: next %v, count %v; want %v, %v", w.seed, n, q.Key(), deref(page.Next), deref(page.Count), deref(next), deref(count))
		}
	})
	t.Logf("%d random queries, %d of them of the past, gave %d events", queries, past.Load(), found.Load())
	if found.Load() < int64(queries) {
		t.Errorf("%d queries found %d events: they ask for too little", queries, found.Load())
	}
}

// randomQuery makes the n-th query, which is always the same in the same world.
func (w *world) randomQuery(n int) (timeline.ListQuery, []timeline.Event) {
	random := rand.New(rand.NewPCG(uint64(n), uint64(w.seed)))
	pick := func(of int) int { return random.IntN(of) }
	q := timeline.ListQuery{
		Filter: reference.Filter().Example(w.seed + n),
		Order:  []timeline.Order{timeline.Ascending, timeline.Descending}[pick(2)],
		Limit:  []int{1, 2, 3, 10, 50, 500}[pick(6)],
		Count:  []timeline.CountMode{"", timeline.CountNone, timeline.CountCapped, timeline.CountExact}[pick(4)],
	}
	revision := w.last
	if pick(3) == 0 {
		revision = w.start + int64(pick(int(w.last-w.start)+1))
		q.AsOf = &revision
	}
	events := w.past[revision]
	switch {
	case pick(3) == 0 && len(events) > 0:
		e := &events[pick(len(events))]
		q.After = &timeline.Position{Day: reference.SortDay(e), ID: e.ID}
	case pick(9) == 0: // one that was deleted meanwhile
		q.After = &timeline.Position{Day: edtf.DayOf(2021, 6, 15), ID: "e2x"}
	}
	return q, events
}
