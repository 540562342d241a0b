package postgres_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/columns"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// follow keeps a store's copy in memory until the test ends, and waits for it.
func follow(t testing.TB, w *world) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		w.Follow(ctx, func(int) {})
		close(ended)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	for deadline := time.Now().Add(time.Minute); w.InMemory() < 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is in memory")
		}
	}
}

// TestMemoryAgainstTheReference: what memory answers is what the plain reference and
// the rows do, at once after every write, whether it catches up or loads anew.
func TestMemoryAgainstTheReference(t *testing.T) {
	t.Parallel()
	for name, catchUp := range map[string]int{"catching up": 1000, "loading anew": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 300, 10)
			w.CatchUpAtMost(catchUp)
			follow(t, w)
			random := rand.New(rand.NewPCG(uint64(w.seed), 2))
			answered := 0
			rapid.Check(t, func(rt *rapid.T) {
				if rapid.IntRange(0, 9).Draw(rt, "write") == 0 {
					w.change(t, random, w.seed+random.IntN(1_000_000), 300)
					if rapid.Bool().Draw(rt, "the copy is awaited") && catchUp == 1 {
						for began := time.Now(); w.InMemory() != w.last && time.Since(began) < time.Minute; {
							time.Sleep(5 * time.Millisecond)
						}
					}
				}
				f := reference.Filter().Draw(rt, "filter")
				current := w.InMemory() == w.last
				events := reference.All(w.past[w.last], &f, timeline.Ascending)
				page, err := w.ListEvents(t.Context(), timeline.ListQuery{Filter: f, Limit: 1, Count: timeline.CountExact})
				if err != nil || page.Count.Value != int64(len(events)) {
					rt.Fatalf("-world=%d %s: %v, counts %v; want %d", w.seed, f.Key(), err, deref(page.Count), len(events))
				}
				// Asking catches up, where it may.
				if columns.Answers(&f) && (current || catchUp > 1 && w.InMemory() == w.last) {
					answered++
				}
				q := timeline.ChartQuery{
					Filter:   f,
					Interval: timeline.Interval(rapid.SampledFrom([]string{"auto", "month", "year", "century"}).Draw(rt, "interval")),
					By:       rapid.SampledFrom(timeline.ChartBys).Draw(rt, "by"),
					Measure:  rapid.SampledFrom([]string{"events", "deaths", "magnitude", "no such"}).Draw(rt, "measure"),
					GroupBy:  rapid.SampledFrom(timeline.ChartGroups).Draw(rt, "group_by"),
				}
				w.sameChart(rt, q)
				by := rapid.SampledFrom(timeline.FacetBys).Draw(rt, "facet")
				w.sameFacet(rt, f, by, rapid.SampledFrom([]int{1, 5, 200}).Draw(rt, "limit"))
			})
			if answered < 20 {
				t.Errorf("memory answered %d of all questions", answered)
			}
			w.change(t, random, w.seed+random.IntN(1_000_000), 1)
			_, err := w.Chart(t.Context(), timeline.ChartQuery{})
			if catchUp > 1 && w.InMemory() != w.last {
				t.Errorf("memory is at revision %d, the data at %d: %v", w.InMemory(), w.last, err)
			}
		})
	}
}

// sameChart holds a chart against the same of the rows and of the reference.
func (w *world) sameChart(t *rapid.T, q timeline.ChartQuery) {
	got, err := w.Chart(context.Background(), q)
	builder := timeline.NewChartBuilder(q)
	readErr := w.Samples(context.Background(), q.Filter, timeline.SampleNeeds{Measure: q.Measure}, func(s *timeline.Sample) error {
		builder.Add(s)
		return nil
	})
	want, wantErr := builder.Chart()
	_, fits := reference.Chart(w.past[w.last], q)
	if readErr != nil || fmt.Sprint(err) != fmt.Sprint(wantErr) || (err == nil) != fits {
		t.Fatalf("-world=%d %+v: %v; %v, the rows %v, it fits: %v", w.seed, q, readErr, err, wantErr, fits)
	}
	if a, b := string(got.AppendJSON(nil, 0)), string(want.AppendJSON(nil, 0)); a != b {
		t.Fatalf("-world=%d %+v\nis %s\nnot %s", w.seed, q, a, b)
	}
}

// sameFacet holds a facet against that of the reference. Only actors have examples.
func (w *world) sameFacet(t *rapid.T, f timeline.Filter, by string, limit int) {
	facets, err := w.Facets(context.Background(), f, []string{by}, limit)
	if err != nil {
		t.Fatal(err)
	}
	got, want := facets[0], reference.Facet(w.past[w.last], f, by, limit)
	for i := range got.Values {
		got.Values[i].Label = nil
	}
	for _, list := range [][]timeline.FacetValue{got.Values, want.Values} {
		for i := range list {
			if by != timeline.GroupActor {
				list[i].Example = ""
			}
		}
	}
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Fatalf("-world=%d %s\nis %+v\nnot %+v", w.seed, f.Key(), got, want)
	}
}

// TestMemoryKeepsUpWithManyWrites: after writes of all kinds one after the other,
// memory has counted what a fresh loading counts.
func TestMemoryKeepsUpWithManyWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 60, 5)
	follow(t, w)
	random := rand.New(rand.NewPCG(uint64(w.seed), 3))
	for range 60 {
		for range 1 + random.IntN(3) { // several revisions are caught up with at once
			w.change(t, random, w.seed+random.IntN(1_000_000), 70)
		}
		for _, kind := range []string{timeline.TermCountry, timeline.TermRegion, timeline.TermType, timeline.TermDataset} {
			got, err := w.Usage(t.Context(), kind)
			want, rowsErr := w.UsageOfRows(t.Context(), kind)
			if err != nil || rowsErr != nil || !maps.Equal(got, want) {
				t.Fatalf("-world=%d %s at %d: %v %v\n%v\nwant\n%v", w.seed, kind, w.last, err, rowsErr, got, want)
			}
		}
	}
	if w.InMemory() != w.last {
		t.Errorf("memory is at revision %d, the data at %d", w.InMemory(), w.last)
	}
	got, err := w.Measures(t.Context())
	var want []string
	for _, e := range w.past[w.last] {
		want = slices.AppendSeq(want, maps.Keys(e.Measures))
	}
	slices.Sort(want)
	if want = slices.Compact(want); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	for name, is := range map[string]bool{"deaths": slices.Contains(want, "deaths"), "no such": false} {
		if has, err := w.HasMeasure(t.Context(), name); has != is || err != nil {
			t.Errorf("%s: %v, %v", name, has, err)
		}
	}
}

// TestMemoryThatIsBusyHoldsUpNobody: whoever finds the copy behind, and somebody at
// work on it who does not come to an end, is answered from the rows.
func TestMemoryThatIsBusyHoldsUpNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20, 1)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		w.Follow(ctx, func(int) {})
		close(ended)
	}()
	for w.InMemory() < w.last {
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	<-ended
	defer w.OccupyMemory()()
	w.change(t, rand.New(rand.NewPCG(1, 1)), w.seed+1, 20)
	page, err := w.ListEvents(t.Context(), timeline.ListQuery{Limit: 1, Count: timeline.CountExact})
	if want := int64(len(w.past[w.last])); err != nil || page.Count.Value != want {
		t.Errorf("%v, %v; want %d", deref(page.Count), err, want)
	}
}

// TestMemoryThatIsTooSmall: where the events take more than there is room for, at once
// or by and by, memory is given up and the rows answer.
func TestMemoryThatIsTooSmall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10, 1)
	held := len(w.past[w.last])
	follow(t, w)
	w.HoldAtMost(w.BytesInMemory() - 1) // what the next writes find
	for i := range 2 {
		if _, err := w.Put(t.Context(), event(t, fmt.Sprint("more-", i), "2021"), postgres.Precondition{}, author); err != nil {
			t.Fatal(err)
		}
		page, err := w.ListEvents(t.Context(), timeline.ListQuery{Limit: 1, Count: timeline.CountExact})
		if want := int64(held + i + 1); err != nil || page.Count.Value != want {
			t.Errorf("%v, %v; want %d", deref(page.Count), err, want)
		}
		if w.InMemory() >= 0 {
			t.Error("memory holds more than it may")
		}
	}
}
