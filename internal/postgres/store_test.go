package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func TestMain(m *testing.M) { pgtest.Main(m, noLeaks) }

// patience is how long a machine may take that is busy with other tests: it is no database
// that is away.
const patience = time.Minute

var author = postgres.Author{Name: "test"}

// open gives a store on a database of its own, with the data set "test".
func open(t testing.TB) (*postgres.Store, string) {
	t.Helper()
	url := pgtest.New(t)
	return openAt(t, url, nil), url
}

func openAt(t testing.TB, url string, now func() time.Time) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url, MaxConns: 20, ConnectTime: patience, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	s.LimitStatements(patience)
	t.Cleanup(s.Close)
	if _, err := s.CreateDataset(t.Context(), timeline.Dataset{Slug: "test", Title: timeline.Text{"en": "Test"}}, nil, author); err != nil {
		t.Fatal(err)
	}
	return s
}

func event(t testing.TB, id, date string) timeline.Event {
	t.Helper()
	d, err := edtf.Parse(date)
	if err != nil {
		t.Fatal(err)
	}
	return timeline.Event{
		ID: id, Dataset: "test", Type: "coup", Status: "occurred", Date: d,
		Title:     timeline.Text{"en": "Coup " + id},
		Countries: []timeline.CountryRole{{Code: "MLI", Role: "location"}},
		Sources:   []timeline.Source{{Title: "A source", Language: "en", Supports: []string{}}},
	}
}

func kindOf(err error) timeline.Kind {
	var e *timeline.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

func put(t testing.TB, s *postgres.Store, e timeline.Event) postgres.Written {
	t.Helper()
	w, err := s.Put(t.Context(), e, postgres.Precondition{}, author)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func ids(t testing.TB, page timeline.Page) []string {
	t.Helper()
	list := []string{}
	for _, doc := range page.Docs() {
		var e struct{ ID string }
		if err := json.Unmarshal(doc, &e); err != nil {
			t.Fatalf("%v in %s", err, doc)
		}
		list = append(list, e.ID)
	}
	return list
}

func TestAnEventsLife(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, _ := open(t)
	start, _, err := s.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}

	first := put(t, s, event(t, "a", "2021"))
	if !first.Created || !first.Changed || first.Revision != start+1 {
		t.Fatalf("the first write gave %+v", first)
	}
	again := put(t, s, event(t, "a", "2021"))
	if again.Changed || again.Revision != first.Revision || string(again.Doc) != string(first.Doc) {
		t.Errorf("a write that changes nothing gave %+v", again)
	}
	if now, _, _ := s.Revision(ctx); now != first.Revision {
		t.Errorf("a write that changes nothing took revision %d", now)
	}
	if _, err := s.Create(ctx, event(t, "a", "2022"), author); kindOf(err) != timeline.KindConflict {
		t.Errorf("creating an id that exists: %v", err)
	}
	stale := postgres.Precondition{Revisions: []int64{first.Revision - 1}}
	if _, err := s.Put(ctx, event(t, "a", "2022"), stale, author); kindOf(err) != timeline.KindPreconditionFailed {
		t.Errorf("a stale precondition: %v", err)
	}
	second := put(t, s, event(t, "a", "2022"))
	if second.Created || second.Revision != first.Revision+1 {
		t.Errorf("the second write gave %+v", second)
	}
	put(t, s, event(t, "b", "2020"))
	deleted, err := s.Delete(ctx, "a", "twice", "b", postgres.Precondition{Revisions: []int64{second.Revision}}, author)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = s.Event(ctx, "a", nil)
	var moved *timeline.Error
	if !errors.As(err, &moved) || moved.Kind != timeline.KindMoved || moved.Target != "b" {
		t.Errorf("a merged event: %v", err)
	}
	if doc, revision, err := s.Event(ctx, "a", &first.Revision); err != nil || revision != first.Revision || string(doc) != string(first.Doc) {
		t.Errorf("as of %d: %d %v %s", first.Revision, revision, err, doc)
	}
	revived := put(t, s, event(t, "a", "2023"))
	if !revived.Created {
		t.Errorf("a revived event: %+v", revived)
	}
	history, err := s.History(ctx, "a", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var ops []string
	for _, c := range history.Changes {
		ops = append(ops, fmt.Sprintf("%d %s", c.Revision, c.Op))
	}
	want := fmt.Sprint([]string{
		fmt.Sprintf("%d create", revived.Revision), fmt.Sprintf("%d merge", deleted.Revision),
		fmt.Sprintf("%d update", second.Revision), fmt.Sprintf("%d create", first.Revision),
	})
	if fmt.Sprint(ops) != want {
		t.Errorf("the history is %v; want %s", ops, want)
	}
	if _, err := s.Delete(ctx, "nobody", "x", "", postgres.Precondition{}, author); kindOf(err) != timeline.KindNotFound {
		t.Errorf("deleting what never was: %v", err)
	}
}

func TestOnePageAfterAnother(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for i, date := range []string{"2021", "2021-05-03", "../1985", "1985/..", "[2021-03-01..2021-03-09]", "-0043-03-15", "2021-05-03"} {
		put(t, s, event(t, fmt.Sprintf("e%d", i), date))
	}
	for order, want := range map[timeline.Order]string{
		timeline.Ascending:  "[e5 e3 e2 e0 e4 e1 e6]",
		timeline.Descending: "[e6 e1 e4 e0 e2 e3 e5]",
	} {
		var walked []string
		q := timeline.ListQuery{Order: order, Limit: 2}
		for {
			page, err := s.ListEvents(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			walked = append(walked, ids(t, page)...)
			if page.Next == nil {
				break
			}
			q.After = page.Next
		}
		if fmt.Sprint(walked) != want {
			t.Errorf("%s: %v; want %s", order, walked, want)
		}
	}
}

func TestChangesRebuildTheExport(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, _ := open(t)
	start, _, _ := s.Revision(ctx)
	var batch []timeline.Event
	for i := range 7 {
		batch = append(batch, event(t, fmt.Sprintf("batch%d", i), "2020"))
	}
	if _, err := s.Import(ctx, batch, false, author); err != nil {
		t.Fatal(err)
	}
	put(t, s, event(t, "single", "2021"))
	put(t, s, event(t, "batch3", "2019"))
	if _, err := s.Delete(ctx, "batch4", "wrong", "", postgres.Precondition{}, author); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{1, 3, 100} {
		state := map[string]string{}
		after := timeline.ChangePosition{Revision: start}
		for {
			page, err := s.Changes(ctx, after, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Changes {
				if c.Doc == nil {
					delete(state, c.EventID)
				} else {
					state[c.EventID] = string(c.Doc)
				}
			}
			if page.Next == nil {
				break
			}
			after = *page.Next
		}
		exported := 0
		err := s.Export(ctx, timeline.Filter{}, timeline.Ascending, func(doc []byte) error {
			var e struct{ ID string }
			if err := json.Unmarshal(doc, &e); err != nil {
				return err
			}
			if state[e.ID] != string(doc) {
				t.Errorf("limit %d: %s is %s in the feed, %s in the export", limit, e.ID, state[e.ID], doc)
			}
			exported++
			return nil
		})
		if err != nil || exported != len(state) {
			t.Errorf("limit %d: %d exported, %d rebuilt, %v", limit, exported, len(state), err)
		}
	}
}

// TestWritersAndAFollower: no two changes share a place, and a follower misses none.
func TestWritersAndAFollower(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	const writers, writes = 16, 40
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	start, _, err := s.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range writes {
				if _, err := s.Put(ctx, event(t, fmt.Sprintf("w%d-%d", w, i), "2021"), postgres.Precondition{}, author); err != nil {
					t.Error(err)
				}
			}
		})
	}
	seen := map[string]int64{}
	last := start
	for len(seen) < writers*writes && ctx.Err() == nil && !t.Failed() {
		page, err := s.Changes(ctx, timeline.ChangePosition{Revision: last}, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Changes {
			if c.Revision <= last {
				t.Errorf("revision %d came after %d", c.Revision, last)
			}
			last = c.Revision
			seen[c.EventID] = c.Revision
		}
	}
	group.Wait()
	if len(seen) != writers*writes || last != start+writers*writes {
		t.Errorf("%d changes up to revision %d; want %d up to %d", len(seen), last, writers*writes, start+writers*writes)
	}
}

func TestRevisionTimesNeverGoBack(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := openAt(t, pgtest.New(t), func() time.Time { return clock })
	first := put(t, s, event(t, "a", "2021"))
	_, before, _ := s.Revision(t.Context())
	clock = clock.Add(-time.Hour)
	second := put(t, s, event(t, "b", "2021"))
	_, after, err := s.Revision(t.Context())
	if err != nil || after.Before(before) {
		t.Errorf("the time went from %s back to %s (%v)", before, after, err)
	}
	if r, err := s.RevisionAt(t.Context(), before); err != nil || r != second.Revision {
		t.Errorf("at %s the revision was %d (%v); want %d, after %d", before, r, err, second.Revision, first.Revision)
	}
	if r, err := s.RevisionAt(t.Context(), before.Add(-time.Second)); err != nil || r != 0 {
		t.Errorf("before all, the revision is %d (%v)", r, err)
	}
}

func TestMigrating(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	exec := func(t *testing.T, url, sql string) {
		t.Helper()
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	const empty = `DROP SCHEMA public CASCADE; CREATE SCHEMA public`
	t.Run("three at once on an empty database", func(t *testing.T) {
		t.Parallel()
		url := pgtest.NewEmpty(t)
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				if err := postgres.Migrate(ctx, url); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if version, dirty, err := postgres.SchemaVersion(ctx, url); version != postgres.LatestVersion() || dirty || err != nil {
			t.Errorf("version %d, dirty %v, %v", version, dirty, err)
		}
	})
	t.Run("newer than the program", func(t *testing.T) {
		t.Parallel()
		url := pgtest.NewEmpty(t)
		exec(t, url, empty+`; CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL); INSERT INTO schema_migrations VALUES (999, false)`)
		if err := postgres.Migrate(ctx, url); err == nil {
			t.Error("a newer schema was accepted")
		}
	})
	t.Run("a failed migration that left nothing is repeated", func(t *testing.T) {
		t.Parallel()
		url := pgtest.NewEmpty(t)
		exec(t, url, empty+`; CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL); INSERT INTO schema_migrations VALUES (1, true)`)
		if err := postgres.Migrate(ctx, url); err != nil {
			t.Error(err)
		}
	})
	t.Run("a failed migration that fails again is told", func(t *testing.T) {
		t.Parallel()
		url := pgtest.NewEmpty(t)
		exec(t, url, empty+`; CREATE TABLE event (x int); CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL); INSERT INTO schema_migrations VALUES (1, true)`)
		err := postgres.Migrate(ctx, url)
		if err == nil {
			t.Fatal("it was not told")
		}
		t.Log(err)
	})
	t.Run("up, down, up", func(t *testing.T) {
		t.Parallel()
		url := pgtest.NewEmpty(t)
		for range 2 {
			if err := postgres.Migrate(ctx, url); err != nil {
				t.Fatal(err)
			}
			exec(t, url, downSQL(t)+`; DROP TABLE schema_migrations`)
		}
	})
	t.Run("not reachable", func(t *testing.T) {
		t.Parallel()
		if err := postgres.Migrate(ctx, "postgres://nobody@127.0.0.1:1/none"); err == nil {
			t.Error("it was reached")
		} else {
			t.Log(err)
		}
	})
}
