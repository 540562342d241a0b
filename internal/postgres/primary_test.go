package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestAServerThatWasDemoted refuses one write; the next one meets none of its connections.
func TestAServerThatWasDemoted(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{URL: pgtest.New(t), MaxConns: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	var demoted []*pgxpool.Conn
	for range 3 {
		conn, err := s.pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), `SET default_transaction_read_only = on`); err != nil {
			t.Fatal(err)
		}
		demoted = append(demoted, conn)
	}
	for _, conn := range demoted {
		conn.Release()
	}
	var e *timeline.Error
	if _, err := s.CreateDataset(t.Context(), timeline.Dataset{Slug: "a", Title: timeline.Text{"en": "A"}}, nil, Author{}); !errors.As(err, &e) || e.Kind != timeline.KindUnavailable || e.RetryAfter == 0 {
		t.Errorf("a write there is told %v", err)
	}
	takeRevisions(t, s, "a", "b", "c", "d")
}

// TestThePrimaryIsFoundElsewhere: what waits for one that has fallen silent ends then.
func TestThePrimaryIsFoundElsewhere(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	first, second := pgtest.NewWire(t, url), pgtest.NewWire(t, url)
	s, err := Open(t.Context(), Options{URL: pgtest.ReplaceHosts(t, first.URL(), first, second) + "&target_session_attrs=read-write"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	watching, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Watch(watching)
	}()
	t.Cleanup(func() { stop(); <-ended })
	until(t, "it is watched", func() bool { _, _, fresh := s.Known(); return fresh })
	waits := make(chan struct{}, 2)
	failures := make(chan error, 2)
	go func() {
		failures <- s.read(t.Context(), func(ctx context.Context, conn *pgxpool.Conn) error {
			waits <- struct{}{}
			_, err := conn.Exec(ctx, `SELECT pg_sleep(3600)`)
			return err
		})
	}()
	go func() {
		failures <- s.inRevision(t.Context(), Author{}, "wait", func(ctx context.Context, tx pgx.Tx, _ stamp) (bool, error) {
			waits <- struct{}{}
			_, err := tx.Exec(ctx, `SELECT pg_sleep(3600)`)
			return false, err
		})
	}()
	<-waits
	<-waits
	first.Silence()
	t.Cleanup(first.Speak)
	for range 2 {
		var e *timeline.Error
		select {
		case err := <-failures:
			if !errors.As(err, &e) || e.Kind != timeline.KindUnavailable {
				t.Errorf("who waited is told %v", err)
			}
		case <-time.After(time.Minute):
			t.Fatal("it waits on")
		}
	}
	for range 20 {
		if _, _, err := s.ReadRevision(t.Context()); err != nil {
			t.Fatalf("at the new place: %v", err)
		}
	}
}
