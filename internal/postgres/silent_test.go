package postgres_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestWhoIsSilentInAStatementIsEnded: a writer that vanishes in the middle of a statement
// keeps the revision for ever, as no limit of the server's own counts there. The others
// end it.
func TestWhoIsSilentInAStatementIsEnded(t *testing.T) {
	t.Parallel()
	for name, vanish := range map[string]func(t *testing.T, url string){
		"behind the beginning of a COPY": func(t *testing.T, url string) {
			wire := pgtest.NewWire(t, url)
			s, events := openAt(t, wire.URL(), nil), piecesOfEvents(t)
			wire.VanishBehind("COPY event (")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			go func() {
				for wire.Dead() == 0 && ctx.Err() == nil {
					time.Sleep(time.Millisecond)
				}
				cancel()
			}()
			if _, err := s.Import(ctx, events, false, author); err == nil || wire.Dead() != 1 {
				t.Fatalf("it has %d dead connections, and says %v", wire.Dead(), err)
			}
		},
		"before the end of what it asks for": func(t *testing.T, url string) {
			conn := holdRevision(t, url)
			conn.PgConn().Frontend().SendParse(&pgproto3.Parse{Query: "SELECT 1"})
			if err := conn.PgConn().Frontend().Flush(); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, url := open(t)
			s.EndSilent(time.Second)
			vanish(t, url)
			refused := 0
			for began := time.Now(); ; refused++ {
				_, err := s.Put(t.Context(), event(t, "a", "2021"), postgres.Precondition{}, author)
				if err == nil {
					break
				}
				if kindOf(err) != timeline.KindBusy || time.Since(began) > time.Minute {
					t.Fatal(err)
				}
			}
			if refused == 0 {
				t.Error("nobody held the revision")
			}
		})
	}
}

// TestWhoIsSlowIsNotEnded: a COPY that goes on holds the revision for as long as it takes.
func TestWhoIsSlowIsNotEnded(t *testing.T) {
	t.Parallel()
	s, url := open(t)
	s.EndSilent(time.Second)
	conn := holdRevision(t, url)
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := conn.PgConn().CopyFrom(t.Context(), reader, "COPY term (kind, value) FROM STDIN")
		_ = reader.CloseWithError(err)
		done <- err
	}()
	refused := make(chan error, 1)
	go func() {
		var err error
		for range 2 {
			_, err = s.Put(t.Context(), event(t, "a", "2021"), postgres.Precondition{}, author)
		}
		refused <- err
	}()
	for i, waits := 0, true; waits; i++ {
		if _, err := fmt.Fprintf(writer, "slow\t%d\n", i); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-refused:
			if waits = false; kindOf(err) != timeline.KindBusy {
				t.Error(err)
			}
		case <-time.After(100 * time.Millisecond):
		}
	}
	_ = writer.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestAnImportMayReadOn: an import sends nothing while it reads what has not changed.
func TestAnImportMayReadOn(t *testing.T) {
	t.Parallel()
	s, url := open(t)
	s.EndSilent(time.Second)
	wire := pgtest.NewWire(t, url)
	b := bulk(t, openAt(t, wire.URL(), nil), postgres.BulkOptions{Dir: t.TempDir()}, piecesOfEvents(t)...)
	if faults := check(t, b); len(faults) > 0 {
		t.Fatalf("%+v", faults)
	}
	wire.VanishBehind("COPY event (")
	done := make(chan error, 1)
	go func() {
		_, err := b.Commit(t.Context(), author)
		done <- err
	}()
	for wire.Dead() == 0 && len(done) == 0 {
		time.Sleep(time.Millisecond)
	}
	for range 3 {
		if _, err := s.Put(t.Context(), event(t, "a", "2021"), postgres.Precondition{}, author); kindOf(err) != timeline.KindBusy {
			t.Errorf("beside an import a write says %v", err)
		}
	}
	wire.Reset()
	if err := <-done; err == nil {
		t.Error("an import whose connection was cut says that it is done")
	}
	put(t, s, event(t, "a", "2021"))
}

// piecesOfEvents are more events than a wire hands on at once.
func piecesOfEvents(t *testing.T) (events []timeline.Event) {
	t.Helper()
	for i := range 200 {
		events = append(events, event(t, fmt.Sprint("lost-", i), "2021"))
	}
	return events
}

// holdRevision gives a connection whose transaction holds the newest revision.
func holdRevision(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	if _, err := conn.Exec(t.Context(), `BEGIN; UPDATE revision SET revision = revision + 1`); err != nil {
		t.Fatal(err)
	}
	return conn
}
