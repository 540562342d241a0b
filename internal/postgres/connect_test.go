package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestConnectTime: a database that takes long to take a connection is away to readers and
// to writers, unless they may wait for longer.
func TestConnectTime(t *testing.T) {
	t.Parallel()
	wire := pgtest.NewWire(t, pgtest.New(t))
	wire.Silence()
	ask := func(most time.Duration) (answers chan error) {
		s, err := postgres.Open(t.Context(), postgres.Options{URL: wire.URL(), MaxConns: 2, ConnectTime: most})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		answers = make(chan error, 2)
		go func() {
			_, _, err := s.ReadRevision(t.Context())
			answers <- err
		}()
		go func() {
			_, err := s.CreateDataset(t.Context(), timeline.Dataset{Slug: "there", Title: timeline.Text{"en": "There"}}, nil, author)
			answers <- err
		}()
		return answers
	}
	long, usual := ask(patience), ask(0)
	for range 2 {
		if err := <-usual; kindOf(err) != timeline.KindUnavailable {
			t.Errorf("as if nothing is set, while the database is silent: %v", err)
		}
	}
	wire.Speak()
	for range 2 {
		if err := <-long; err != nil {
			t.Errorf("when there is time: %v", err)
		}
	}
}

// TestTimeIsUpBeforeThereIsAConnection: who has waited in vain for a connection learns
// that the database is away, and not that something may have been stored.
func TestTimeIsUpBeforeThereIsAConnection(t *testing.T) {
	t.Parallel()
	wire := pgtest.NewWire(t, pgtest.New(t))
	wire.Silence()
	defer wire.Speak() // before the pool is closed, which waits for those that connect
	s, err := postgres.Open(t.Context(), postgres.Options{URL: wire.URL(), MaxConns: 2, ConnectTime: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	write := func(ctx context.Context) error {
		_, err := s.CreateDataset(ctx, timeline.Dataset{Slug: "there", Title: timeline.Text{"en": "There"}}, nil, author)
		return err
	}
	hasty, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := write(hasty); kindOf(err) != timeline.KindUnavailable {
		t.Errorf("the time was up: %v", err)
	}
	gone, leave := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, leave)
	if err := write(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("the client left: %v", err)
	}
}

// TestLostCommit: who gets no answer to a commit is not told that nothing was stored.
func TestLostCommit(t *testing.T) {
	t.Parallel()
	wire := pgtest.NewWire(t, pgtest.New(t))
	s := openAt(t, wire.URL(), nil)
	wire.LoseCommits(1)
	set := timeline.Dataset{Slug: "lost", Title: timeline.Text{"en": "Lost"}}
	_, err := s.CreateDataset(t.Context(), set, nil, author)
	if kindOf(err) != timeline.KindUnavailable || !strings.Contains(err.Error(), "Whether it was stored is not known") {
		t.Errorf("the answer was lost: %v", err)
	}
	if wire.Lost() != 0 {
		t.Fatal("no answer was lost")
	}
	if _, err := s.CreateDataset(t.Context(), set, nil, author); err != nil {
		t.Errorf("the same once more: %v", err)
	}
}
