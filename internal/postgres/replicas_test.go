package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// copied is a database with a replica that does what the test tells it: another database,
// which has reached a revision when the test has written it there. What it holds bears
// its own name, so that an answer tells who gave it.
type copied struct {
	*Store  // of the primary, with the replica
	replica *Store
	wire    *pgtest.Wire // to the replica
	log     *told
}

// told is what the store said of its replicas.
type told struct {
	mu    sync.Mutex
	lines []string
}

func (l *told) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func openCopied(t *testing.T) copied {
	t.Helper()
	there := pgtest.New(t)
	c := copied{wire: pgtest.NewWire(t, there), log: &told{}}
	for store, o := range map[**Store]Options{
		&c.Store:   {URL: pgtest.New(t), ReplicaURLs: []string{c.wire.URL()}, Logf: c.log.add},
		&c.replica: {URL: there},
	} {
		var err error
		if *store, err = Open(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		t.Cleanup((*store).Close)
	}
	takeRevisions(t, c.Store, "test")
	takeRevisions(t, c.replica, "test")
	return c
}

// known makes the newest revision of the primary known, as every request does first.
func (c copied) known(t *testing.T) int64 {
	t.Helper()
	revision, _, err := c.ReadRevision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

// caughtUp waits until the replica is known to have reached what the primary has.
func (c copied) caughtUp(t *testing.T) {
	t.Helper()
	newest := c.known(t)
	until(t, "the replica has caught up", func() bool { return c.replicas.all[0].reached.Load() >= newest })
}

// store writes an event on one side, under that side's name.
func store(t *testing.T, s *Store, id, who string) int64 {
	t.Helper()
	date, err := edtf.Parse("2023")
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Put(t.Context(), timeline.Event{
		ID: id, Dataset: "test", Type: "coup", Status: "occurred", Date: date, Title: timeline.Text{"en": who},
		Tags: []string{who}, Measures: map[string]float64{who: 1}, Links: []timeline.Link{{Relation: "follows", Event: "other"}},
		Sources: []timeline.Source{{Title: "A source", Language: "en", Supports: []string{}}},
	}, Precondition{}, Author{})
	if err != nil {
		t.Fatal(err)
	}
	return w.Revision
}

// whoSaid finds out of an answer whose data it shows.
func whoSaid(t *testing.T, what string, answer string, err error) string {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	said := ""
	for _, who := range []string{"primary", "replica"} {
		if strings.Contains(answer, `"`+who+`"`) {
			said += who
		}
	}
	return said
}

// reads are the store's reads of the data, each as a text that names who answered.
func reads(ctx context.Context, s *Store, asOf *int64) map[string]func() (string, error) {
	f := timeline.Filter{AsOf: asOf}
	docs := func(list [][]byte) string {
		var b strings.Builder
		for _, doc := range list {
			b.Write(doc)
		}
		return b.String()
	}
	all := map[string]func() (string, error){
		"list": func() (string, error) {
			page, err := s.ListEvents(ctx, timeline.ListQuery{Filter: f, Limit: 10})
			return docs(page.Docs()), err
		},
		"event": func() (string, error) {
			doc, _, err := s.Event(ctx, "one", asOf)
			return string(doc), err
		},
		"chain": func() (string, error) {
			list, _, err := s.Chain(ctx, "other", 2, asOf)
			return docs(list), err
		},
		"export": func() (text string, err error) {
			err = s.Export(ctx, f, timeline.Ascending, func(doc []byte) error { text += string(doc); return nil })
			return text, err
		},
		"samples": func() (text string, err error) {
			err = s.Samples(ctx, f, timeline.SampleNeeds{}, func(v *timeline.Sample) error { text += fmt.Sprintf("%q", v.Tags); return nil })
			return text, err
		},
	}
	if asOf != nil {
		return all
	}
	all["history"] = func() (string, error) {
		page, err := s.History(ctx, "one", 0, 10)
		return changed(page), err
	}
	all["changes"] = func() (string, error) {
		page, err := s.Changes(ctx, timeline.ChangePosition{}, 10)
		return changed(page), err
	}
	all["usage"] = func() (string, error) {
		s.usage.forget()
		usage, err := s.Usage(ctx, timeline.TermTag)
		return fmt.Sprintf("%q", slices.Collect(maps.Keys(usage))), err
	}
	all["measures"] = func() (string, error) {
		names, err := s.Measures(ctx)
		return fmt.Sprintf("%q", names), err
	}
	all["has a measure"] = func() (string, error) {
		has, err := s.HasMeasure(ctx, "replica")
		return map[bool]string{true: `"replica"`, false: `"primary"`}[has], err
	}
	all["memory"] = func() (text string, err error) {
		s.memory.table.Store(nil)
		if _, err := s.loadMemory(ctx); err != nil {
			return "", err
		}
		text = fmt.Sprintf("%q", s.memory.table.Load().Measures())
		s.memory.table.Store(nil)
		return text, nil
	}
	return all
}

func changed(page timeline.ChangePage) string {
	var b []byte
	for i := range page.Changes {
		b = timeline.AppendChange(b, &page.Changes[i])
	}
	return string(b)
}

// TestWhoAnswers: every read goes to a replica that has reached what is known, and to the
// primary while it has not.
func TestWhoAnswers(t *testing.T) {
	t.Parallel()
	c := openCopied(t)
	holds := func(want string, asOf *int64) {
		t.Helper()
		for name, read := range reads(t.Context(), c.Store, asOf) {
			text, err := read()
			if got := whoSaid(t, name, text, err); got != want {
				t.Errorf("%s is answered by the %s, not the %s: %s", name, got, want, text)
			}
		}
	}
	store(t, c.Store, "one", "primary")
	first := store(t, c.Store, "other", "primary")
	c.known(t)
	holds("primary", nil)
	store(t, c.replica, "one", "replica")
	store(t, c.replica, "other", "replica")
	c.caughtUp(t)
	holds("replica", nil)
	// The primary goes on: what stood before is the replica's to tell still.
	store(t, c.Store, "third", "primary")
	holds("primary", nil)
	holds("replica", &first)
	for revision := first; revision <= first+1; revision++ { // once more than the primary
		store(t, c.replica, fmt.Sprintf("more-%d", revision), "replica")
	}
	c.caughtUp(t)
	holds("replica", nil)
	if n := c.Reached(); n < first+1 {
		t.Errorf("it knows of %d, not %d", n, first+1)
	}
	alter(t, c.replica, `DELETE FROM revision_log WHERE revision = 1`)
	if lost, err := c.RevisionLost(t.Context(), 1); !lost || err != nil {
		t.Errorf("whether a revision was lost is not told by the replica: %v", err)
	}
	times := 0
	err := c.snapshot(t.Context(), c.known(t), func(context.Context, pgx.Tx) error { times++; return errTooLarge })
	if times != 1 || !errors.Is(err, errTooLarge) {
		t.Errorf("what is too large is read %d times, %v", times, err)
	}
}

// TestWhoFollowsFurtherIsNotSentBack: a client brings a revision that this instance does
// not know yet.
func TestWhoFollowsFurtherIsNotSentBack(t *testing.T) {
	t.Parallel()
	c := openCopied(t)
	c.caughtUp(t)
	other := beside(c.Store)
	ahead := store(t, other, "one", "primary")
	page, err := c.Changes(t.Context(), timeline.ChangePosition{Revision: ahead}, 10)
	if err != nil || page.Revision != ahead {
		t.Errorf("behind %d the newest is %d, %v", ahead, page.Revision, err)
	}
}

// TestWhatOnlyThePrimaryKnows: keys, what is repeated, and what writes look at.
func TestWhatOnlyThePrimaryKnows(t *testing.T) {
	t.Parallel()
	c := openCopied(t)
	for _, s := range []*Store{c.Store, c.replica} {
		if _, err := s.CreateKey(t.Context(), "k", []string{timeline.ScopeWrite}, "key"); err != nil {
			t.Fatal(err)
		}
	}
	store(t, c.replica, "one", "replica")
	takeRevisions(t, c.replica, "there-alone")
	c.caughtUp(t)
	if _, err := c.RevokeKey(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	var e *timeline.Error
	if _, err := c.Authenticate(t.Context(), "key"); !errors.As(err, &e) || e.Kind != timeline.KindUnauthorized {
		t.Errorf("a revoked key is told %v", err)
	}
	event := timeline.Event{ID: "x", Dataset: "there-alone", Date: mustParse(t, "2023"), Title: timeline.Text{"en": "x"}}
	if _, err := c.Put(t.Context(), event, Precondition{}, Author{}); !errors.As(err, &e) || e.Kind != timeline.KindInvalidEvent {
		t.Errorf("a data set that the replica alone has: %v", err)
	}
	if _, err := c.Delete(t.Context(), "one", "wrong", "", Precondition{}, Author{}); !errors.As(err, &e) || e.Kind != timeline.KindNotFound {
		t.Errorf("an event that the replica alone has: %v", err)
	}
	if _, err := c.NewBulk(t.Context(), BulkOptions{Dataset: &timeline.Dataset{Slug: "there-alone"}, Dir: t.TempDir()}); err != nil {
		t.Error(err)
	}
}

func mustParse(t *testing.T, expression string) edtf.Date {
	t.Helper()
	d, err := edtf.Parse(expression)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestAReplicaThatFails is left out, and what it was asked for is answered by the primary;
// it comes back by itself.
func TestAReplicaThatFails(t *testing.T) {
	t.Parallel()
	c := openCopied(t)
	store(t, c.Store, "one", "primary")
	store(t, c.Store, "other", "primary")
	store(t, c.replica, "one", "replica")
	store(t, c.replica, "other", "replica")
	everything := reads(t.Context(), c.Store, nil)
	for _, outage := range []struct {
		name       string
		begin, end func()
		answers    bool // what it still can
	}{
		{"cut", c.wire.Cut, func() { c.wire.Mend(t) }, false},
		{"silent", c.wire.Silence, c.wire.Speak, false},
		{"its database is gone", func() { alter(t, c.replica, `ALTER TABLE revision RENAME TO revision_away`) }, func() { alter(t, c.replica, `ALTER TABLE revision_away RENAME TO revision`) }, true},
		{"its data are damaged", func() { alter(t, c.replica, `ALTER TABLE event RENAME COLUMN doc TO doc_away`) }, func() { alter(t, c.replica, `ALTER TABLE event RENAME COLUMN doc_away TO doc`) }, true},
		{"cut again", c.wire.Cut, func() { c.wire.Mend(t) }, false},
	} {
		c.caughtUp(t)
		for name, read := range everything { // connections that will break
			text, err := read()
			if got := whoSaid(t, name, text, err); got != "replica" {
				t.Fatalf("%s before: %s is answered by the %s", outage.name, name, got)
			}
		}
		outage.begin()
		var asked sync.WaitGroup
		for name, read := range everything {
			if name == "memory" { // one at a time
				continue
			}
			asked.Go(func() {
				text, err := read()
				if err != nil {
					t.Errorf("%s: %s fails: %v", outage.name, name, err)
				} else if got := whoSaid(t, name, text, nil); got != "primary" && !outage.answers {
					t.Errorf("%s: %s is answered by the %s", outage.name, name, got)
				}
			})
		}
		asked.Wait()
		outage.end()
	}
	c.caughtUp(t)
	c.log.mu.Lock()
	defer c.log.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(c.log.lines), func(line string) bool { return !strings.Contains(line, "left out") })
	if len(left) < 3 || !strings.HasPrefix(left[0], "the replica "+c.wire.Place()+" is left out") {
		t.Errorf("it said %q", c.log.lines)
	}
}

func alter(t *testing.T, s *Store, sql string) {
	t.Helper()
	if _, err := s.pool.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// TestAConnectionIsAskedItself: a replica that was seen at a revision is believed on that
// connection alone which has reached it.
func TestAConnectionIsAskedItself(t *testing.T) {
	t.Parallel()
	c := openCopied(t)
	c.caughtUp(t)
	store(t, c.Store, "one", "primary")
	newest := c.known(t)
	var e *timeline.Error
	for range 20 {
		c.replicas.all[0].reached.Store(newest) // another server of the same name said so
		if _, _, err := c.Event(t.Context(), "one", nil); err != nil {
			t.Fatalf("a replica that lacks it answered: %v", err)
		}
	}
	if _, _, err := c.replica.Event(t.Context(), "one", nil); !errors.As(err, &e) || e.Kind != timeline.KindNotFound {
		t.Fatal(err)
	}
}

// TestNothingIsOlderThanItsLabel: one writes to the primary and, a moment later, to the
// replica; whoever reads finds all that the revision promises that he read before.
func TestNothingIsOlderThanItsLabel(t *testing.T) {
	t.Parallel()
	c := openCopied(t)
	c.caughtUp(t)
	base := c.known(t)
	const writes = 60
	var written atomic.Bool
	var answered [2]atomic.Int64 // by the primary, by the replica
	var work sync.WaitGroup
	later := make(chan int, writes)
	work.Go(func() { // a replica that is always a little behind
		for n := range later {
			if n%7 == 0 {
				time.Sleep(20 * time.Millisecond)
			}
			store(t, c.replica, fmt.Sprintf("event-%d", n), "replica")
		}
	})
	work.Go(func() {
		defer written.Store(true)
		defer close(later)
		for n := range writes {
			store(t, c.Store, fmt.Sprintf("event-%d", n), "primary")
			later <- n
			if n%10 == 9 { // let it catch up, and answer
				c.caughtUp(t)
				for before := answered[1].Load(); answered[1].Load() < before+4 && !t.Failed(); {
					time.Sleep(time.Millisecond)
				}
			}
		}
	})
	for range 4 {
		work.Go(func() {
			for !written.Load() {
				label, _, err := c.Revision(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if label == base {
					continue
				}
				n := label - base - 1
				doc, _, err := c.Event(t.Context(), fmt.Sprintf("event-%d", n), nil)
				if err != nil {
					t.Errorf("what stands at revision %d is not there: %v", label, err)
					return
				}
				if strings.Contains(string(doc), `"replica"`) {
					answered[1].Add(1)
				} else {
					answered[0].Add(1)
				}
				page, err := c.ListEvents(t.Context(), timeline.ListQuery{Limit: writes + 1})
				if err != nil || int64(len(page.Docs())) < label-base {
					t.Errorf("at revision %d there are %d events, %v", label, len(page.Docs()), err)
					return
				}
			}
		})
	}
	work.Wait()
	t.Logf("the primary answered %d times, the replica %d times", answered[0].Load(), answered[1].Load())
}

// TestReplicasShareTheWork: of two that have caught up, both are asked.
func TestReplicasShareTheWork(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	wires := []*pgtest.Wire{pgtest.NewWire(t, url), pgtest.NewWire(t, url)}
	s, err := Open(t.Context(), Options{URL: url, ReplicaURLs: []string{wires[0].URL(), wires[1].URL()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	newest, _, err := s.ReadRevision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.replicas.all {
		until(t, "the replica is known", func() bool { return r.reached.Load() >= newest })
	}
	chosen := map[*replica]int{}
	for range 1000 {
		chosen[s.replicas.choose(newest)]++
	}
	if len(chosen) != 2 || chosen[nil] > 0 {
		t.Errorf("%v were chosen", chosen)
	}
	busy := s.replicas.all[0]
	busy.busy.Add(1)
	for range 100 {
		if s.replicas.choose(newest) == busy {
			t.Fatal("the busier one was chosen")
		}
	}
	if s.replicas.choose(newest+1) != nil || s.replicas.choose(onPrimary) != nil {
		t.Error("one was chosen that has not reached what is asked for")
	}
	wires[0].Cut()
	until(t, "one is left out", func() bool { return s.replicas.check().Detail == "1 of 2 answer" })
}
