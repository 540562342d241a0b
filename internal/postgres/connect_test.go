package postgres_test

import (
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestConnectTime: a database that takes long to take a connection is away after 2 s, or
// after the time that is set, to readers and to writers.
func TestConnectTime(t *testing.T) {
	t.Parallel()
	wire := pgtest.NewWire(t, pgtest.New(t))
	wire.Silence()
	speak := time.AfterFunc(4*time.Second, wire.Speak)
	t.Cleanup(func() { speak.Stop() })
	opened := func(most time.Duration) *postgres.Store {
		s, err := postgres.Open(t.Context(), postgres.Options{URL: wire.URL(), MaxConns: 2, ConnectTime: most})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s
	}
	type answer struct {
		of     string
		silent bool // where it is to come before the database speaks
		err    error
	}
	answers := make(chan answer)
	ask := func(of string, most time.Duration, silent bool) {
		s := opened(most)
		go func() {
			_, _, err := s.ReadRevision(t.Context())
			answers <- answer{"reading, " + of, silent, err}
		}()
		go func() {
			_, err := s.CreateDataset(t.Context(), timeline.Dataset{Slug: "there", Title: timeline.Text{"en": "There"}}, nil, author)
			answers <- answer{"writing, " + of, silent, err}
		}()
	}
	ask("as if nothing is set", 0, true)
	ask("in a short time", 200*time.Millisecond, true)
	ask("in a long time", patience, false)
	for range 6 {
		got := <-answers
		switch {
		case got.silent && kindOf(got.err) != timeline.KindUnavailable:
			t.Errorf("%s: %v", got.of, got.err)
		case !got.silent && got.err != nil:
			t.Errorf("%s: %v", got.of, got.err)
		}
	}
}
