package faults_test

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/migrations"
)

// interrupted is a migration that hangs at what another session holds.
type interrupted struct {
	of    string
	block string // begins the transaction that it waits for
	text  string // of the migration's statement, by which it is found
	// begin makes the database of before, and gives what to look at after the next start.
	begin func(t *testing.T, s *service, conn *pgx.Conn) (after func())
}

// TestAMigrationIsInterrupted kills the program in the middle of the first migration, of
// an empty database. The server then runs it to its end or undoes it, before or after the
// next start. That start finds a schema that is whole, or makes it, and serves.
func TestAMigrationIsInterrupted(t *testing.T) {
	t.Parallel()
	onItsOwn(t)
	interrupted{
		of:    "a migration is interrupted",
		block: `CREATE TABLE revision ()`, // not committed: the migration waits at its first statement
		text:  "CREATE TABLE revision",
		begin: func(t *testing.T, s *service, _ *pgx.Conn) func() {
			return func() {
				if body := string(s.must(t, "/v1/events/ml-coup-2021")); body == "" {
					t.Error("the data set that ships is not there")
				}
			}
		},
	}.try(t)
}

// TestAMigrationOfEventsIsInterrupted does so in the middle of one that rewrites every
// event, which takes an operator's patience. All events are as they were.
func TestAMigrationOfEventsIsInterrupted(t *testing.T) {
	t.Parallel()
	onItsOwn(t)
	const export = "/v1/events.ndjson"
	interrupted{
		of:    "a migration of events is interrupted",
		block: `SELECT FROM event WHERE id = 'ml-coup-2021' FOR UPDATE`,
		text:  "Terms of the day of a year",
		begin: func(t *testing.T, s *service, conn *pgx.Conn) func() {
			s.start(t)
			events := string(s.must(t, export))
			s.end(t)
			down, err := fs.ReadFile(migrations.FS, "000002_more_terms.down.sql")
			if err != nil {
				t.Fatal(err)
			}
			for _, sql := range []string{string(down), `UPDATE schema_migrations SET version = 1`} {
				if _, err := conn.Exec(t.Context(), sql); err != nil {
					t.Fatal(err)
				}
			}
			return func() {
				if now := string(s.must(t, export)); now != events || len(now) == 0 {
					t.Errorf("the events are not those of before: %d bytes, which were %d", len(now), len(events))
				}
				var found struct{ Data []struct{ ID string } }
				if err := json.Unmarshal(s.must(t, "/v1/events?on=09-16"), &found); err != nil || len(found.Data) == 0 {
					t.Errorf("by a term that the migration makes nothing is found: %v", err)
				}
			}
		},
	}.try(t)
}

func (m interrupted) try(t *testing.T) {
	const session = `datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%' || $1 || '%'`
	for name, c := range map[string]struct {
		cut           bool // the server notices that its client has gone
		startTooEarly bool // the next start comes while the old session still works
	}{
		"the server runs it to its end":              {false, false},
		"the server still runs it at the next start": {false, true},
		"the server undoes it":                       {true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := pgtest.NewEmpty(t)
			conn, err := pgx.Connect(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			s := &service{env: []string{"DATABASE_URL=" + address}, client: &http.Client{Timeout: time.Minute}}
			t.Cleanup(func() { s.end(t) })
			after := m.begin(t, s, conn)
			blocker, err := pgx.Connect(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			defer blocker.Close(t.Context())
			if _, err := blocker.Exec(t.Context(), "BEGIN; "+m.block); err != nil {
				t.Fatal(err)
			}
			s.launch(t)
			await(t, "the migration has begun", conn, `SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND `+session, m.text)
			s.kill()
			if c.cut {
				if _, err := conn.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND `+session, m.text); err != nil {
					t.Fatal(err)
				}
			}
			release := func() {
				if _, err := blocker.Exec(t.Context(), `ROLLBACK`); err != nil {
					t.Fatal(err)
				}
			}
			began := time.Now()
			if c.startTooEarly {
				s.launch(t)
				await(t, "the next program waits", conn, `SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'idle' AND `+session, "pg_try_advisory_lock")
				release()
				if err := s.hear(); err != nil {
					t.Fatal(err)
				}
			} else {
				release()
				await(t, "the old session ends", conn, `SELECT count(*) = 0 FROM pg_stat_activity WHERE `+session, m.text)
				s.start(t)
			}
			f := figures{fault: m.of + ": " + name, injected: 1, recoveries: []time.Duration{s.serving(t, began)}}
			if r, err := s.get(t.Context(), "/readyz"); err != nil || r.status != http.StatusOK {
				t.Errorf("%v %s", err, r.body)
			}
			after()
			record(t, f)
		})
	}
}

// await asks Postgres until it says yes.
func await(t *testing.T, what string, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	for began := time.Now(); time.Since(began) < patience; time.Sleep(5 * time.Millisecond) {
		var yes bool
		if err := conn.QueryRow(t.Context(), sql, args...).Scan(&yes); err != nil {
			t.Fatal(err)
		}
		if yes {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}
