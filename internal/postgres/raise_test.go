package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// raisedAt is a store whose clock stands at a time after the newest revision of a backup.
func raisedAt(t *testing.T, url string, since time.Duration) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url, MaxConns: 2, Now: func() time.Time { return fixed().Add(since) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestRaiseRevision(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	dataset := func(s *postgres.Store, slug string) {
		t.Helper()
		if _, err := s.CreateDataset(t.Context(), timeline.Dataset{Slug: slug, Title: timeline.Text{"en": slug}}, nil, author); err != nil {
			t.Fatal(err)
		}
	}
	backup := raisedAt(t, url, 0)
	dataset(backup, "a")
	dataset(backup, "b")
	at := func(s *postgres.Store, revision int64, when time.Time) {
		t.Helper()
		if now, then, err := s.ReadRevision(t.Context()); now != revision || !then.Equal(when) || err != nil {
			t.Errorf("the revision is %d of %s, %v; want %d of %s", now, then, err, revision, when)
		}
	}
	for _, step := range []struct {
		since    time.Duration
		to, want int64
	}{
		{time.Second, 0, 1_000_000},                // a moment after the backup: the least step
		{25 * time.Hour, 0, 902_000_000},           // 90,000 seconds, and one; 10,000 in each
		{24 * time.Hour, 902_000_017, 902_000_017}, // the clock was set back: the time stays
		{24 * time.Hour, 1 << 52, 1 << 52},         // as many again are left that JSON clients keep exactly
		{24 * time.Hour, 1<<52 + 1, 0},             // and one more
		{24 * time.Hour, 1 << 52, 0},               // not above the newest
		{24 * time.Hour, 0, 0},                     // there is no room
	} {
		s := raisedAt(t, url, step.since)
		before, _, err := s.ReadRevision(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		from, raised, err := s.RaiseRevision(t.Context(), step.to, author)
		var refused *timeline.Error
		switch {
		case step.want == 0 && (!errors.As(err, &refused) || refused.Kind != timeline.KindInvalidParameter):
			t.Errorf("%+v: %d, %d, %v", step, from, raised, err)
		case step.want != 0 && (err != nil || from != before || raised != step.want):
			t.Errorf("%+v: raised from %d to %d, %v", step, from, raised, err)
		}
	}
	last := raisedAt(t, url, 0)
	at(last, 1<<52, fixed().Add(25*time.Hour))

	for revision, want := range map[int64]bool{
		0: false, 1: false, 2: false, 3: true, 999_999: true, 1_000_000: false, 1_000_001: true, 902_000_000: false, 902_000_016: true,
		902_000_017: false, 902_000_018: true, 1 << 52: false, 1 << 60: false, -1: false,
	} {
		if lost, err := last.RevisionLost(t.Context(), revision); lost != want || err != nil {
			t.Errorf("%d is lost: %t, %v", revision, lost, err)
		}
	}
	// A time between is answered with what stood then.
	if n, err := last.RevisionAt(t.Context(), fixed().Add(time.Minute)); n != 1_000_000 || err != nil {
		t.Errorf("the revision of a minute later is %d, %v", n, err)
	}
}

// TestWritesGoOnAboveARaise: the next write takes the next number, and the feed has all.
func TestWritesGoOnAboveARaise(t *testing.T) {
	t.Parallel()
	s := raisedAt(t, pgtest.New(t), 0)
	if _, err := s.CreateDataset(t.Context(), timeline.Dataset{Slug: "test", Title: timeline.Text{"en": "Test"}}, []timeline.Event{event(t, "one", "2021")}, author); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.RaiseRevision(t.Context(), 500, author); err != nil {
		t.Fatal(err)
	}
	w, err := s.Put(t.Context(), event(t, "two", "2022"), postgres.Precondition{}, author)
	if err != nil || w.Revision != 501 {
		t.Errorf("the next write took %d, %v", w.Revision, err)
	}
	page, err := s.Changes(t.Context(), timeline.ChangePosition{}, 10)
	if err != nil || len(page.Changes) != 2 || page.Changes[0].Revision != 1 || page.Changes[1].Revision != 501 || page.Revision != 501 {
		t.Errorf("the changes are %+v, %v", page, err)
	}
}

// TestARevisionIsLookedUpOnce: one that was taken is known to be, until the database is
// another one.
func TestARevisionIsLookedUpOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	s := raisedAt(t, url, 0)
	if _, err := s.CreateDataset(t.Context(), timeline.Dataset{Slug: "a", Title: timeline.Text{"en": "a"}}, nil, author); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, step := range []struct {
		sql  string
		lost bool
	}{
		{`SELECT`, false},
		{`DELETE FROM revision_log`, false},
		{`UPDATE revision SET revision = 9`, false},
		{`UPDATE revision SET revision = 5`, true}, // it went back
	} {
		if _, err := conn.Exec(t.Context(), step.sql); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.ReadRevision(t.Context()); err != nil {
			t.Fatal(err)
		}
		if lost, err := s.RevisionLost(t.Context(), 1); lost != step.lost || err != nil {
			t.Errorf("after %s it is lost: %t, %v", step.sql, lost, err)
		}
	}
}
