package postgres

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestConnectionsReadInOrder: whatever the user's own server is set to, unless a pooler
// stands before it.
func TestConnectionsReadInOrder(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]string{"prepared": "0 off", "exec": "2 on"} {
		url := pgtest.New(t) + "&options=-c%20max_parallel_workers_per_gather%3D2%20-c%20jit%3Don"
		s, err := Open(t.Context(), Options{URL: url, ExecMode: mode})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		var got string
		err = s.read(t.Context(), func(ctx context.Context, conn *pgxpool.Conn) error {
			return conn.QueryRow(ctx, `SELECT current_setting('max_parallel_workers_per_gather') || ' ' || current_setting('jit')`).Scan(&got)
		})
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", mode, got, err, want)
		}
	}
}

// TestWritesThatWaitLeaveConnectionsToReaders: a long import in another process holds
// the revision; more writes than there are connections wait for it.
func TestWritesThatWaitLeaveConnectionsToReaders(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	s, err := Open(t.Context(), Options{URL: url, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	other, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close(context.Background()) })
	tx, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `UPDATE revision SET at = at`); err != nil {
		t.Fatal(err)
	}
	const writes = 8
	failures := make(chan error, writes)
	for i := range writes {
		go func() {
			_, err := s.CreateDataset(t.Context(), timeline.Dataset{Slug: strconv.Itoa(i), Title: timeline.Text{"en": "A"}}, nil, Author{})
			failures <- err
		}()
	}
	for len(failures) < writes {
		if _, _, err := s.Revision(t.Context()); err != nil {
			t.Fatalf("a reader is told: %v", err)
		}
	}
	for range writes {
		var e *timeline.Error
		if err := <-failures; !errors.As(err, &e) || e.Kind != timeline.KindBusy {
			t.Errorf("a write is told: %v", err)
		}
	}
}

// TestTermCacheIsBounded: it knows the newest term, and no more than it may.
func TestTermCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := &termCache{ids: map[timeline.Term]int32{}}
	for i := range int32(2*maxTerms + 10) {
		term := timeline.Term{Kind: timeline.TermTag, Value: strconv.Itoa(int(i))}
		c.put(term, i)
		if id, ok := c.get(term); !ok || id != i || len(c.ids) > maxTerms {
			t.Fatalf("%d: %d, %v, of %d", i, id, ok, len(c.ids))
		}
	}
}

// TestTimesOfKeysAreInUTC, whatever the zone of the server and of the program.
func TestTimesOfKeysAreInUTC(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{URL: pgtest.New(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	id, err := s.CreateKey(t.Context(), "a", []string{timeline.ScopeWrite}, "key")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first use is noted
		if _, err := s.Authenticate(t.Context(), "key"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.RevokeKey(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	keys, err := s.Keys(t.Context())
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	for _, at := range []*time.Time{&keys[0].CreatedAt, keys[0].LastUsed, keys[0].RevokedAt} {
		if at == nil || at.Location() != time.UTC {
			t.Errorf("%v is not in UTC", at)
		}
	}
}
