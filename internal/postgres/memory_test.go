package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
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
		w.Follow(ctx)
		close(ended)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	for deadline := time.Now().Add(time.Minute); w.InMemory() < 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is in memory")
		}
	}
}

// TestMemoryAgainstTheReference: what memory answers is what the plain reference
// does, at once after every write, whether it catches up or loads anew.
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
				}
				f := reference.Filter().Draw(rt, "filter")
				needs := timeline.SampleNeeds{Measure: rapid.SampledFrom([]string{"", "deaths", "magnitude", "no such"}).Draw(rt, "measure")}
				if columns.Answers(&f, needs) {
					answered++
				}
				var got, want []string
				err := w.Samples(t.Context(), f, needs, func(s *timeline.Sample) error {
					got = append(got, toldSample(*s))
					return nil
				})
				events := reference.All(w.past[w.last], &f, timeline.Ascending)
				for i := range events {
					s := sample(&events[i])
					s.Measure, s.HasMeasure = events[i].Measures[needs.Measure], false
					_, s.HasMeasure = events[i].Measures[needs.Measure]
					want = append(want, toldSample(s))
				}
				slices.Sort(got)
				slices.Sort(want)
				if err != nil || !slices.Equal(got, want) {
					rt.Fatalf("-world=%d %s: %v\n%s\nwant\n%s", w.seed, f.Key(), err, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
				page, err := w.ListEvents(t.Context(), timeline.ListQuery{Filter: f, Limit: 1, Count: timeline.CountExact})
				if err != nil || page.Count.Value != int64(len(events)) {
					rt.Fatalf("-world=%d %s: %v, counts %v; want %d", w.seed, f.Key(), err, deref(page.Count), len(events))
				}
			})
			if answered < 20 {
				t.Errorf("memory could answer %d of all questions", answered)
			}
			w.change(t, random, w.seed+random.IntN(1_000_000), 1)
			err := w.Samples(t.Context(), timeline.Filter{}, timeline.SampleNeeds{}, func(*timeline.Sample) error { return nil })
			if catchUp > 1 && w.InMemory() != w.last {
				t.Errorf("memory is at revision %d, the data at %d: %v", w.InMemory(), w.last, err)
			}
		})
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
		w.Follow(ctx)
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

// TestMemoryThatIsTooSmall: with more events than it holds, at once or by and by,
// memory is given up and the rows answer.
func TestMemoryThatIsTooSmall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10, 1)
	held := len(w.past[w.last])
	w.HoldAtMost(held)
	follow(t, w)
	for i := range 2 {
		if _, err := w.Put(t.Context(), event(t, fmt.Sprint("more-", i), "2021"), postgres.Precondition{}, author); err != nil {
			t.Fatal(err)
		}
		page, err := w.ListEvents(t.Context(), timeline.ListQuery{Limit: 1, Count: timeline.CountExact})
		if want := int64(held + i + 1); err != nil || page.Count.Value != want {
			t.Errorf("%v, %v; want %d", deref(page.Count), err, want)
		}
		if w.InMemory() >= 0 {
			t.Errorf("memory holds more than %d events", held)
		}
	}
}

// toldSample writes a sample without what was not asked for.
func toldSample(s timeline.Sample) string {
	s.ID, s.ActorKeys = "", nil
	return fmt.Sprintf("%+v", s)
}

// TestMemoryAfterManyWrites: places that are used again and lists that are made anew lose nothing.
func TestMemoryAfterManyWrites(t *testing.T) {
	t.Parallel()
	table := columns.New()
	events := reference.Events(1, 50)
	live := map[string]timeline.Event{}
	random := rand.New(rand.NewPCG(3, 3))
	for revision := range int64(4_000) {
		id := fmt.Sprintf("e%d", random.IntN(300))
		e := events[random.IntN(len(events))]
		if random.IntN(3) == 0 {
			delete(live, id)
			table.Update(revision+1, nil, []string{id})
			continue
		}
		live[id] = e
		table.Update(revision+1, []columns.Row{rowOf(id, &e)}, nil)
	}
	var got, want []string
	for _, e := range live {
		s := sample(&e)
		s.Measure, s.HasMeasure = 0, false
		want = append(want, toldSample(s))
	}
	if err := table.Samples(&timeline.Filter{}, "", func(s *timeline.Sample) error { got = append(got, toldSample(*s)); return nil }); err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || table.Len() != len(live) {
		t.Errorf("%d events are not the %d that were left", table.Len(), len(live))
	}
}

func rowOf(id string, e *timeline.Event) columns.Row {
	row := columns.Row{Sample: sample(e), Sources: len(e.Sources), Measures: e.Measures, CountryRoles: e.Derive().CountryRoles}
	row.ID = id
	return row
}
