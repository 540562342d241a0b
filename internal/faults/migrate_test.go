package faults_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
)

// TestAMigrationIsInterrupted kills the program in the middle of a migration, which the
// server then runs to its end or undoes, before or after the next start. That start
// finds a schema that is whole, or makes it, and serves.
func TestAMigrationIsInterrupted(t *testing.T) {
	t.Parallel()
	onItsOwn(t)
	const held = `SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%CREATE TABLE revision%'`
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
			// A table of that name, not committed: the migration waits at its first statement.
			blocker, err := pgx.Connect(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			defer blocker.Close(t.Context())
			if _, err := blocker.Exec(t.Context(), `BEGIN; CREATE TABLE revision ()`); err != nil {
				t.Fatal(err)
			}
			s := &service{env: []string{"DATABASE_URL=" + address}, client: &http.Client{Timeout: time.Minute}}
			s.launch(t)
			t.Cleanup(func() { s.end(t) })
			await(t, "the migration has begun", conn, held)
			s.kill()
			if c.cut {
				if _, err := conn.Exec(t.Context(), `
					SELECT pg_terminate_backend(pid) FROM pg_stat_activity
					WHERE datname = current_database() AND wait_event_type = 'Lock'`); err != nil {
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
				await(t, "the next program waits", conn, `
					SELECT count(*) > 0 FROM pg_stat_activity
					WHERE datname = current_database() AND query LIKE '%pg_try_advisory_lock%' AND state = 'idle'`)
				release()
				if err := s.hear(); err != nil {
					t.Fatal(err)
				}
			} else {
				release()
				await(t, "the old session ends", conn, `SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%CREATE TABLE revision%' AND pid <> pg_backend_pid())`)
				s.start(t)
			}
			f := figures{fault: "a migration is interrupted: " + name, injected: 1, recoveries: []time.Duration{s.serving(t, began)}}
			if r, err := s.get(t.Context(), "/readyz"); err != nil || r.status != http.StatusOK {
				t.Errorf("%v %s", err, r.body)
			}
			if body := string(s.must(t, "/v1/events/ml-coup-2021")); body == "" {
				t.Error("the data set that ships is not there")
			}
			record(t, f)
		})
	}
}

// await asks Postgres until it says yes.
func await(t *testing.T, what string, conn *pgx.Conn, sql string) {
	t.Helper()
	for began := time.Now(); time.Since(began) < patience; time.Sleep(5 * time.Millisecond) {
		var yes bool
		if err := conn.QueryRow(t.Context(), sql).Scan(&yes); err != nil {
			t.Fatal(err)
		}
		if yes {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}
