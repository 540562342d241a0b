package postgres_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/fold"
	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

var (
	worldSeed   = flag.Int("world", 0, "seed of the random events; 0 takes one from the clock")
	worldRounds = flag.Int("rounds", 10, "rounds of 100 random queries in each part of the tests against the reference")
)

// world is a store and, for each revision, the events as they must stood then.
type world struct {
	*postgres.Store
	start, last int64
	past        map[int64][]timeline.Event // by id; never changed once there
	clock       time.Time
	seed        int
}

// newWorld imports events and then changes them for so many revisions.
func newWorld(t testing.TB, events, changes int) *world {
	t.Helper()
	w := &world{clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), past: map[int64][]timeline.Event{}, seed: *worldSeed}
	if w.seed == 0 {
		w.seed = int(time.Now().UnixNano() % 1_000_000_000)
	}
	t.Logf("the events are those of -world=%d", w.seed)
	w.Store = openAt(t, pgtest.New(t), func() time.Time { return w.clock })
	for _, slug := range reference.Datasets {
		if _, err := w.CreateDataset(t.Context(), timeline.Dataset{Slug: slug, Title: timeline.Text{"en": slug}}, nil, author); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if w.start, _, err = w.Revision(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.last = w.start
	w.past[w.start] = nil
	random := rand.New(rand.NewPCG(uint64(w.seed), 1))
	w.write(t, reference.Events(w.seed, events))
	for i := range changes {
		w.change(t, random, w.seed+(i+1)*1_000, events)
	}
	return w
}

// write imports events and notes how all of them stand then.
func (w *world) write(t testing.TB, batch []timeline.Event) {
	t.Helper()
	w.clock = w.clock.Add(time.Minute)
	result, err := w.Import(t.Context(), batch, false, author)
	if err != nil {
		t.Fatal(err)
	}
	now := slices.Clone(w.past[w.last])
	for _, e := range batch {
		e.Revision, e.CreatedAt, e.UpdatedAt = result.Revision, w.clock, w.clock
		at := slices.IndexFunc(now, func(other timeline.Event) bool { return other.ID == e.ID })
		switch {
		case at < 0:
			now = append(now, e)
		case !bytes.Equal(now[at].AppendBody(nil), e.AppendBody(nil)):
			e.CreatedAt = now[at].CreatedAt
			now[at] = e
		}
	}
	w.last = result.Revision
	w.past[w.last] = now
}

// change makes one more revision: a few events written anew, or one taken out.
func (w *world) change(t testing.TB, random *rand.Rand, seed, events int) {
	t.Helper()
	if now := w.past[w.last]; random.IntN(3) == 0 {
		gone, into := now[random.IntN(len(now))].ID, ""
		if other := now[random.IntN(len(now))].ID; random.IntN(2) == 0 && other != gone {
			into = other
		}
		w.clock = w.clock.Add(time.Minute)
		deleted, err := w.Delete(t.Context(), gone, "random", into, postgres.Precondition{}, author)
		if err != nil {
			t.Fatal(err)
		}
		w.last = deleted.Revision
		w.past[w.last] = slices.DeleteFunc(slices.Clone(now), func(e timeline.Event) bool { return e.ID == gone })
		return
	}
	var batch []timeline.Event
	for i := range 1 + random.IntN(4) {
		id := fmt.Sprintf("e%d", random.IntN(events))
		if !slices.ContainsFunc(batch, func(e timeline.Event) bool { return e.ID == id }) {
			batch = append(batch, reference.Event(id).Example(seed+i))
		}
	}
	w.write(t, batch)
}

// query draws a filter, sometimes of the past, with the events that it is asked of.
func (w *world) query(t *rapid.T, ofThePast bool) (timeline.Filter, []timeline.Event) {
	f := reference.Filter().Draw(t, "filter")
	revision := w.last
	if ofThePast {
		revision = rapid.Int64Range(w.start, w.last).Draw(t, "as_of")
		f.AsOf = &revision
	}
	return f, w.past[revision]
}

func documents(events []timeline.Event) []string {
	docs := []string{}
	for i := range events {
		docs = append(docs, string(events[i].AppendJSON(nil)))
	}
	return docs
}

// difference names the events that stand in one list and not in the other.
func difference(got, want []string) string {
	id := func(doc string) string { return strings.SplitN(doc, `"`, 5)[3] }
	var b strings.Builder
	for _, doc := range want {
		if !slices.Contains(got, doc) {
			fmt.Fprintf(&b, "\n  lacks %s: %.300s", id(doc), doc)
		}
	}
	for _, doc := range got {
		if !slices.Contains(want, doc) {
			fmt.Fprintf(&b, "\n  has %s: %.300s", id(doc), doc)
		}
	}
	if b.Len() == 0 && !slices.Equal(got, want) {
		fmt.Fprintf(&b, "\n  the order differs")
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				fmt.Fprintf(&b, " from place %d on", i)
				break
			}
		}
	}
	return b.String()
}

// rounds runs a property on random queries: of the present and of the past.
func rounds(t *testing.T, w *world, property func(t *rapid.T, f timeline.Filter, events []timeline.Event)) {
	for _, part := range []string{"the present", "the past"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			for range *worldRounds {
				rapid.Check(t, func(rt *rapid.T) {
					f, events := w.query(rt, part == "the past")
					property(rt, f, events)
				})
			}
		})
	}
}

// TestPagesAgainstTheReference asks for single pages, from any place on, with counts.
func TestPagesAgainstTheReference(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 400, 60)
	rounds(t, w, func(rt *rapid.T, f timeline.Filter, events []timeline.Event) {
		q := timeline.ListQuery{
			Filter: f,
			Order:  rapid.SampledFrom([]timeline.Order{timeline.Ascending, timeline.Descending}).Draw(rt, "order"),
			Limit:  rapid.SampledFrom([]int{1, 2, 3, 10, 50, 500}).Draw(rt, "limit"),
			Count:  rapid.SampledFrom([]timeline.CountMode{"", timeline.CountNone, timeline.CountCapped, timeline.CountExact}).Draw(rt, "count"),
		}
		switch rapid.SampledFrom([]string{"from the start", "after an event", "after no event"}).Draw(rt, "place") {
		case "after an event":
			if len(events) > 0 {
				e := rapid.SampledFrom(events).Draw(rt, "event")
				q.After = &timeline.Position{Day: reference.SortDay(&e), ID: e.ID}
			}
		case "after no event": // one that was deleted meanwhile
			q.After = &timeline.Position{Day: edtf.DayOf(2021, 6, 15), ID: "e2x"}
		}
		page, err := w.ListEvents(t.Context(), q)
		if err != nil {
			rt.Fatalf("-world=%d %s: %v", w.seed, q.Key(), err)
		}
		events, next, count := reference.List(events, q)
		if d := difference(texts(page.Docs()), documents(events)); d != "" {
			rt.Fatalf("-world=%d %s:%s", w.seed, q.Key(), d)
		}
		if fmt.Sprint(deref(page.Next)) != fmt.Sprint(deref(next)) || fmt.Sprint(deref(page.Count)) != fmt.Sprint(deref(count)) {
			rt.Fatalf("-world=%d %s: next %v, count %v; want %v, %v", w.seed, q.Key(), deref(page.Next), deref(page.Count), deref(next), deref(count))
		}
	})
}

// deref gives what a pointer points to, or nil.
func deref[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

func texts(docs [][]byte) []string {
	list := []string{}
	for _, d := range docs {
		list = append(list, string(d))
	}
	return list
}

// TestWalksAgainstTheReference: the walk of all pages, the export, the exact count
// and the samples are the same events.
func TestWalksAgainstTheReference(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 150, 40)
	rounds(t, w, func(rt *rapid.T, f timeline.Filter, events []timeline.Event) {
		order := rapid.SampledFrom([]timeline.Order{timeline.Ascending, timeline.Descending}).Draw(rt, "order")
		want := documents(reference.All(events, &f, order))
		q := timeline.ListQuery{Filter: f, Order: order, Limit: max(1, len(want)/rapid.IntRange(1, 4).Draw(rt, "pages")), Count: timeline.CountExact}
		var walked []string
		for {
			page, err := w.ListEvents(t.Context(), q)
			if err != nil {
				rt.Fatalf("-world=%d %s: %v", w.seed, f.Key(), err)
			}
			walked = append(walked, texts(page.Docs())...)
			if q.Count == timeline.CountExact && page.Count.Value != int64(len(want)) {
				rt.Fatalf("-world=%d %s: counted %d; want %d", w.seed, f.Key(), page.Count.Value, len(want))
			}
			q.Count = timeline.CountNone
			if q.After = page.Next; q.After == nil {
				break
			}
		}
		if d := difference(walked, want); d != "" {
			rt.Fatalf("-world=%d %s, walked:%s", w.seed, f.Key(), d)
		}
		var exported []string
		err := w.Export(t.Context(), f, order, func(doc []byte) error {
			exported = append(exported, string(doc))
			return nil
		})
		if d := difference(exported, want); d != "" || err != nil {
			rt.Fatalf("-world=%d %s, exported: %v%s", w.seed, f.Key(), err, d)
		}
		var samples, wanted []string
		err = w.Samples(t.Context(), f, timeline.SampleNeeds{Measure: "deaths", IDs: true, Actors: true}, func(s *timeline.Sample) error {
			samples = append(samples, fmt.Sprintf("%+v", *s))
			return nil
		})
		for _, e := range reference.All(events, &f, order) {
			wanted = append(wanted, fmt.Sprintf("%+v", sample(&e)))
		}
		slices.Sort(samples)
		slices.Sort(wanted)
		if !slices.Equal(samples, wanted) || err != nil {
			rt.Fatalf("-world=%d %s: %v, samples\n%s; want\n%s", w.seed, f.Key(), err, strings.Join(samples, "\n"), strings.Join(wanted, "\n"))
		}
	})
}

// sample makes of an event what the store should hand to charts.
func sample(e *timeline.Event) timeline.Sample {
	s := timeline.Sample{
		ID: e.ID, Bounds: e.Date.Bounds, Approximate: e.Date.Approximate, Uncertain: e.Date.Uncertain, Set: e.Date.Set, Spans: e.Date.MatchSpans(),
		Type: e.Type, Status: e.Status, Dataset: e.Dataset, Tags: e.Tags,
	}
	for _, c := range e.Countries {
		if !slices.Contains(s.Countries, c.Code) {
			s.Countries = append(s.Countries, c.Code)
		}
	}
	for _, a := range e.Actors {
		for _, name := range a.Name {
			s.ActorKeys = append(s.ActorKeys, fold.Text(name))
		}
	}
	slices.Sort(s.ActorKeys)
	s.ActorKeys = slices.Compact(s.ActorKeys)
	s.Measure, s.HasMeasure = e.Measures["deaths"], false
	if _, ok := e.Measures["deaths"]; ok {
		s.HasMeasure = true
	}
	return s
}

// TestChangesAgainstTheReference: from any revision on, the feed turns the snapshot
// of that revision into the newest, in pages of any size; an event's history tells
// every revision of it.
func TestChangesAgainstTheReference(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 30, 60)
	byID := func(revision int64) map[string]string {
		docs := map[string]string{}
		for _, e := range w.past[revision] {
			docs[e.ID] = string(e.AppendJSON(nil))
		}
		return docs
	}
	for from := w.start; from <= w.last; from++ {
		state := byID(from)
		after := timeline.ChangePosition{Revision: from}
		seen := map[string]bool{}
		last := after
		for {
			page, err := w.Changes(t.Context(), after, 1+int(from)%7)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Changes {
				at := timeline.ChangePosition{Revision: c.Revision, ID: c.EventID}
				if seen[c.EventID] || at.Revision < last.Revision || at.Revision == last.Revision && last.ID >= at.ID {
					t.Fatalf("-world=%d after %d: %+v comes twice or out of order", w.seed, from, at)
				}
				seen[c.EventID], last = true, at
				delete(state, c.EventID)
				if c.Doc != nil {
					state[c.EventID] = string(c.Doc)
				}
			}
			if page.Next == nil {
				break
			}
			after = *page.Next
		}
		if !maps.Equal(state, byID(w.last)) {
			t.Fatalf("-world=%d after %d: replaying gives %d events; want %d", w.seed, from, len(state), len(w.past[w.last]))
		}
	}
	for i := range 30 {
		id := fmt.Sprintf("e%d", i)
		page, err := w.History(t.Context(), id, 0, 1_000)
		if err != nil {
			t.Fatal(err)
		}
		told := map[int64]string{}
		for _, c := range page.Changes {
			told[c.Revision] = string(c.Doc)
		}
		want := map[int64]string{}
		for revision := w.start + 1; revision <= w.last; revision++ {
			if now, before := byID(revision)[id], byID(revision - 1)[id]; now != before {
				want[revision] = now
			}
		}
		if !maps.Equal(told, want) {
			t.Fatalf("-world=%d the history of %s has the revisions %v; want %v", w.seed, id, slices.Sorted(maps.Keys(told)), slices.Sorted(maps.Keys(want)))
		}
	}
}

// TestChainsAgainstTheReference: what is linked with an event over so many links, in
// both directions, in page order, at any revision.
func TestChainsAgainstTheReference(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 60, 30)
	for _, revision := range []int64{w.start + 1, w.start + 10, w.last} {
		events := w.past[revision]
		neighbours := map[string][]string{}
		there := map[string]bool{}
		for _, e := range events {
			there[e.ID] = true
			for _, l := range e.Links {
				neighbours[e.ID] = append(neighbours[e.ID], l.Event)
				neighbours[l.Event] = append(neighbours[l.Event], e.ID)
			}
		}
		for _, start := range events {
			for depth := 1; depth <= 3; depth++ {
				reached := map[string]bool{start.ID: true}
				for range depth {
					for id := range maps.Clone(reached) {
						for _, n := range neighbours[id] {
							if there[n] {
								reached[n] = true
							}
						}
					}
				}
				delete(reached, start.ID)
				f := timeline.Filter{IDs: []string{"none"}}
				f.IDs = slices.AppendSeq(f.IDs, maps.Keys(reached))
				want := documents(reference.All(events, &f, timeline.Ascending))
				docs, more, err := w.Chain(t.Context(), start.ID, depth, &revision)
				if d := difference(texts(docs), want); d != "" || more || err != nil {
					t.Fatalf("-world=%d %s, depth %d, as of %d: %v, %v%s", w.seed, start.ID, depth, revision, more, err, d)
				}
			}
		}
	}
}

// TestThePastOfEachEvent holds single events at every revision against the snapshots.
func TestThePastOfEachEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20, 80)
	for revision := w.start; revision <= w.last; revision++ {
		for i := range 20 {
			id, want := fmt.Sprintf("e%d", i), ""
			for _, e := range w.past[revision] {
				if e.ID == id {
					want = string(e.AppendJSON(nil))
				}
			}
			doc, _, err := w.Event(t.Context(), id, &revision)
			if string(doc) != want || (err == nil) != (want != "") {
				t.Fatalf("-world=%d %s as of %d: %v %s; want %s", w.seed, id, revision, err, doc, want)
			}
		}
	}
}

// TestWalkingWhileOthersWrite: each event that is there throughout comes exactly
// once, in order; with as_of the walk is the whole snapshot.
func TestWalkingWhileOthersWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 200, 0)
	random := rand.New(rand.NewPCG(uint64(w.seed), 2))
	still := map[string]bool{}
	for i, e := range w.past[w.last] {
		still[e.ID] = i%3 > 0
	}
	for _, order := range []timeline.Order{timeline.Ascending, timeline.Descending} {
		for _, asOf := range []*int64{nil, &w.last} {
			q := timeline.ListQuery{Filter: timeline.Filter{AsOf: asOf}, Order: order, Limit: 7}
			counts := func(id string) bool { return asOf != nil || still[id] }
			var walked, want []string
			for {
				page, err := w.ListEvents(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, id := range ids(t, page) {
					if counts(id) {
						walked = append(walked, id)
					}
				}
				if q.After = page.Next; q.After == nil {
					break
				}
				for range 3 {
					w.disturb(t, random, still)
				}
			}
			for _, e := range reference.All(w.past[w.last], &q.Filter, order) {
				if counts(e.ID) {
					want = append(want, e.ID)
				}
			}
			if !slices.Equal(walked, want) {
				t.Errorf("-world=%d %s, as of %v: walked %v; want %v", w.seed, order, deref(asOf), walked, want)
			}
		}
	}
}

// disturb writes or deletes an event that is not among those that stay.
func (w *world) disturb(t testing.TB, random *rand.Rand, still map[string]bool) {
	t.Helper()
	id := fmt.Sprintf("e%d", random.IntN(300))
	if still[id] {
		id = fmt.Sprintf("new%d", random.IntN(100))
	}
	var err error
	if random.IntN(2) == 0 {
		_, err = w.Put(t.Context(), reference.Event(id).Example(w.seed+random.IntN(10_000)), postgres.Precondition{}, author)
	} else {
		_, err = w.Delete(t.Context(), id, "random", "", postgres.Precondition{}, author)
	}
	if kind := kindOf(err); err != nil && kind != timeline.KindNotFound && kind != timeline.KindGone {
		t.Fatal(err)
	}
}

// TestUsageAgainstTheReference: for each value of each kind of term, as many events
// as the filter finds, and their first and last day.
func TestUsageAgainstTheReference(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 200, 20)
	for kind, filter := range map[string]func(value string) timeline.Filter{
		timeline.TermAll:     func(string) timeline.Filter { return timeline.Filter{} },
		timeline.TermCountry: func(v string) timeline.Filter { return timeline.Filter{Countries: [][]string{{v}}} },
		timeline.TermRegion:  func(v string) timeline.Filter { return timeline.Filter{Regions: []string{v}} },
		timeline.TermType:    func(v string) timeline.Filter { return timeline.Filter{Types: []string{v}} },
		timeline.TermDataset: func(v string) timeline.Filter { return timeline.Filter{Datasets: []string{v}} },
		timeline.TermTag:     func(v string) timeline.Filter { return timeline.Filter{Tags: []string{v}} },
		timeline.TermActor:   func(v string) timeline.Filter { return timeline.Filter{Actor: v} },
		timeline.TermStatus:  func(v string) timeline.Filter { return timeline.Filter{Statuses: []string{v}} },
		timeline.TermSources: func(string) timeline.Filter { return timeline.Filter{MinSources: timeline.TermedSources} },
		timeline.TermDay: func(v string) timeline.Filter {
			var on timeline.MonthDay
			if _, err := fmt.Sscanf(v, "%d-%d", &on.Month, &on.Day); err != nil {
				t.Fatal(err)
			}
			return timeline.Filter{On: on}
		},
	} {
		usage, err := w.Usage(t.Context(), kind)
		if err != nil || len(usage) == 0 {
			t.Fatalf("%s: %v %v", kind, usage, err)
		}
		for value, got := range usage {
			f := filter(value)
			var want timeline.Usage
			for _, e := range reference.All(w.past[w.last], &f, timeline.Ascending) {
				want.Events++
				sort := reference.SortDay(&e)
				if !want.FirstDay.Known || sort < want.FirstDay.Day {
					want.FirstDay = edtf.At(sort)
				}
				last := sort
				if e.Date.EndLatest.Known {
					last = e.Date.EndLatest.Day
				}
				if !want.LastDay.Known || last > want.LastDay.Day {
					want.LastDay = edtf.At(last)
				}
			}
			if got != want {
				t.Errorf("-world=%d %s %q: %+v; want %+v", w.seed, kind, value, got, want)
			}
		}
	}
}

// exported gives the documents of an export.
func exported(t *testing.T, s *postgres.Store, f timeline.Filter, order timeline.Order) []string {
	t.Helper()
	var docs []string
	err := s.Export(t.Context(), f, order, func(doc []byte) error {
		docs = append(docs, string(doc))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return docs
}
