package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// watched opens two stores of one database, the first of which watches it.
func watched(t *testing.T) (watching, other *Store) {
	t.Helper()
	url := pgtest.New(t)
	open := func() *Store {
		s, err := Open(t.Context(), Options{URL: url, MaxConns: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s
	}
	watching, other = open(), open()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		watching.Watch(ctx)
	}()
	t.Cleanup(func() { stop(); <-ended })
	until(t, "it is watched", func() bool { _, _, fresh := watching.Known(); return fresh })
	return watching, other
}

func until(t *testing.T, what string, met func() bool) {
	t.Helper()
	for began := time.Now(); !met(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("a minute passed, but not: %s", what)
		}
	}
}

// takeRevisions makes data sets, each under a revision of its own.
func takeRevisions(t *testing.T, s *Store, slugs ...string) {
	t.Helper()
	for _, slug := range slugs {
		if made, err := s.CreateDataset(t.Context(), timeline.Dataset{Slug: slug, Title: timeline.Text{"en": slug}}, nil, Author{}); !made || err != nil {
			t.Fatalf("%s: %v, %v", slug, made, err)
		}
	}
}

func TestTheRevisionIsWatched(t *testing.T) {
	t.Parallel()
	s, other := watched(t)
	start, at, err := s.ReadRevision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	takeRevisions(t, s, "own")
	if now, then, err := s.Revision(t.Context()); now != start+1 || then.Before(at) || err != nil {
		t.Errorf("after a write of its own it tells %d, %s, %v", now, then, err)
	}
	// What is watched needs no connection of the pool: both are in use.
	var held []*pgxpool.Conn
	for range 2 {
		conn, err := s.pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	takeRevisions(t, other, "a", "b")
	until(t, "the writes of another instance are seen", func() bool {
		now, _, err := s.Revision(t.Context())
		return now == start+3 && err == nil
	})
	for _, conn := range held {
		conn.Release()
	}
}

// TestNothingIsOlderThanWhatWasTold: the known revision is not relied on when a feed, an
// event or a write shows that there is a newer one. Nobody watches here in truth, so that
// nothing comes in between.
func TestNothingIsOlderThanWhatWasTold(t *testing.T) {
	t.Parallel()
	_, other := watched(t)
	takeRevisions(t, other, "there")
	for name, tell := range map[string]func(s *Store) error{
		"changes": func(s *Store) error {
			_, err := s.Changes(t.Context(), timeline.ChangePosition{}, 10)
			return err
		},
		"a time": func(s *Store) error {
			_, err := s.RevisionAt(t.Context(), time.Now().Add(time.Hour))
			return err
		},
		"a write that changes nothing": func(s *Store) error {
			_, err := s.CreateDataset(t.Context(), timeline.Dataset{Slug: "there", Title: timeline.Text{"en": "again"}}, nil, Author{})
			return err
		},
	} {
		s := beside(other)
		s.watch.on.Store(true)
		if _, _, err := s.Revision(t.Context()); err != nil {
			t.Fatal(err)
		}
		takeRevisions(t, other, name)
		if err := tell(s); err != nil {
			t.Fatal(err)
		}
		want, _, err := other.ReadRevision(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if now, _, err := s.Revision(t.Context()); now != want || err != nil {
			t.Errorf("%s: it tells %d, %v; want %d", name, now, err, want)
		}
	}
}

// TestTheWatchIsMadeAgain: a server that restarts, or a pooler, cuts connections.
func TestTheWatchIsMadeAgain(t *testing.T) {
	t.Parallel()
	s, other := watched(t)
	if _, err := other.pool.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
		t.Fatal(err)
	}
	other.pool.Reset() // its own idle connections were cut, too
	takeRevisions(t, other, "a")
	want, _, err := other.ReadRevision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the revision is seen again", func() bool { now, _, fresh := s.Known(); return fresh && now == want })
}

// TestADatabaseThatWentBack begins a new era, and what was kept is forgotten.
func TestADatabaseThatWentBack(t *testing.T) {
	t.Parallel()
	s, other := watched(t)
	takeRevisions(t, s, "a", "b")
	s.terms.put(timeline.Term{Kind: timeline.TermTag, Value: "x"}, 7)
	newest, era, _ := s.Known()
	if _, err := other.pool.Exec(t.Context(), `UPDATE revision SET revision = revision - 1`); err != nil {
		t.Fatal(err)
	}
	until(t, "the older revision is told", func() bool { now, _, _ := s.Known(); return now == newest-1 })
	if _, now, _ := s.Known(); now != era+1 {
		t.Errorf("the era is %d after %d", now, era)
	}
	if _, there := s.terms.get(timeline.Term{Kind: timeline.TermTag, Value: "x"}); there {
		t.Error("the ids of terms are kept")
	}
}

// TestReadingsThatComeLate: readings and writes of a database that never goes back
// arrive in any order. What is known never goes back, is never newer than the database,
// and counts as confirmed only since a time at which it was the newest, and not when
// somebody saw a newer one.
func TestReadingsThatComeLate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var w watch
		type reading struct {
			began    time.Time
			revision int64
		}
		start := time.Now()
		became := []time.Time{start} // when each revision became the newest
		var under []reading
		told, seen := int64(0), int64(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			newest := int64(len(became) - 1)
			switch rapid.SampledFrom([]string{"write", "begin", "read", "end", "tell"}).Draw(t, "step") {
			case "write":
				became = append(became, time.Now())
			case "tell": // a feed, an event, a write that changes nothing
				seen = newest
				w.exceeds(newest)
			case "begin":
				under = append(under, reading{time.Now(), -1})
			case "read":
				if len(under) > 0 {
					i := rapid.IntRange(0, len(under)-1).Draw(t, "which")
					if under[i].revision < 0 {
						under[i].revision = newest
					}
				}
			case "end":
				if len(under) == 0 {
					continue
				}
				i := rapid.IntRange(0, len(under)-1).Draw(t, "which")
				r := under[i]
				under = append(under[:i], under[i+1:]...)
				if r.revision < 0 {
					continue // it failed
				}
				if w.saw(r.began, r.revision, r.began) {
					t.Fatal("it went back")
				}
			}
			k := w.now.Load()
			if k == nil {
				continue
			}
			if k.revision < told || k.revision > int64(len(became)-1) {
				t.Fatalf("it tells %d after %d, of %d", k.revision, told, len(became)-1)
			}
			told = k.revision
			if k.revision < seen && !k.confirmed.IsZero() {
				t.Fatalf("%d counts as the newest after %d was seen", k.revision, seen)
			}
			if next := k.revision + 1; next < int64(len(became)) && k.confirmed.After(became[next]) {
				t.Fatalf("%d is confirmed after %d was written", k.revision, next)
			}
		}
	})
}

// TestAWriteWithinOnceIsKnownWhenItIsSeen: not before its answer is kept with it, and
// then at once.
func TestAWriteWithinOnceIsKnownWhenItIsSeen(t *testing.T) {
	t.Parallel()
	s, _ := watched(t)
	key, err := s.CreateKey(t.Context(), "a", []string{timeline.ScopeWrite}, "key")
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := s.Known()
	for range 2 { // the second time the kept answer is given
		_, err = s.Once(t.Context(), key, "k", []byte("body"), func(ctx context.Context) (Answer, error) {
			_, err := s.CreateDataset(ctx, timeline.Dataset{Slug: "a", Title: timeline.Text{"en": "a"}}, nil, Author{})
			if now, _, _ := s.Known(); now != before {
				t.Errorf("revision %d is told while nobody can see it", now)
			}
			return Answer{Status: 201, Headers: map[string]string{}, Body: []byte("{}")}, err
		})
		if err != nil {
			t.Fatal(err)
		}
		if now, _, err := s.Revision(t.Context()); now != before+1 || err != nil {
			t.Errorf("afterwards it tells %d, %v; want %d", now, err, before+1)
		}
	}
}

// beside gives another store on the pool of one, which has heard nothing yet.
func beside(s *Store) *Store {
	return &Store{
		pool: s.pool, now: time.Now, terms: s.terms, writing: s.writing, once: s.once, scanning: s.scanning, exporting: s.exporting,
		memory: newMemory(), statementTime: s.statementTime, connectTime: s.connectTime, pageBytes: s.pageBytes,
	}
}

// TestWhoIsToBlame for a query that spent its budget: itself, also while the revision is
// in doubt; the database, where that has said nothing meanwhile.
func TestWhoIsToBlame(t *testing.T) {
	t.Parallel()
	alive, other := watched(t)
	silent := beside(other) // watched by nobody who hears
	silent.watch.on.Store(true)
	if _, _, err := silent.ReadRevision(t.Context()); err != nil {
		t.Fatal(err)
	}
	for s, want := range map[*Store]timeline.Kind{alive: timeline.KindTooCostly, silent: timeline.KindUnavailable} {
		t.Run(string(want), func(t *testing.T) {
			t.Parallel()
			err := s.readWithin(t.Context(), errQueryTooCostly, func(ctx context.Context, _ *pgxpool.Conn) error {
				<-ctx.Done()
				s.watch.doubt()
				return ctx.Err()
			})
			var told *timeline.Error
			if !errors.As(err, &told) || told.Kind != want {
				t.Errorf("it is told %v", err)
			}
		})
	}
}
