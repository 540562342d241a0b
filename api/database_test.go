package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
)

func TestAServerOfTheUsers(t *testing.T) {
	t.Parallel()
	address := pgtest.NewEmpty(t)
	env := []string{"DATABASE_URL=" + address, "TARIKH_DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
	p := startServing(t, env)
	if !strings.Contains(p.out.String(), "\n  data   the Postgres of DATABASE_URL\n") {
		t.Errorf("it says %s", p.out.String())
	}
	if r := p.get(t, "/v1/events"); r.status != http.StatusOK || !strings.HasPrefix(r.body, `{"data":[],`) || !strings.HasSuffix(r.body, `"revision":0}`) {
		t.Errorf("without TARIKH_SEED it serves %+v", r)
	}
	p.stop(t, syscall.SIGTERM)

	seeded := slices.Concat(env, []string{"TARIKH_SEED=sahel"})
	p = startServing(t, seeded)
	kept := p.everything(t)
	if !strings.Contains(kept, `"revision":1}`) || !strings.Contains(kept, `"id":"ml-coup-2021"`) {
		t.Errorf("with TARIKH_SEED=sahel it serves %s", kept)
	}
	p.stop(t, syscall.SIGTERM)

	// A start must not wait for who is writing.
	withConn(t, address, func(writer *pgx.Conn) {
		if _, err := writer.Exec(t.Context(), `BEGIN; UPDATE revision SET revision = revision + 1`); err != nil {
			t.Fatal(err)
		}
		p = startServing(t, seeded)
		if _, err := writer.Exec(t.Context(), `ROLLBACK`); err != nil {
			t.Fatal(err)
		}
	})
	if now := p.everything(t); now != kept {
		t.Errorf("after a second start it serves\n%s\nnot\n%s", now, kept)
	}
	p.stop(t, syscall.SIGTERM)
	absent(t, strings.TrimPrefix(env[1], "TARIKH_DATA_DIR="))
}

func TestInstancesThatStartAtOnce(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=" + pgtest.NewEmpty(t), "TARIKH_SEED=sahel"}
	instances := make([]*instance, 3)
	for i := range instances {
		instances[i] = launch(t, command(t, env))
	}
	for _, p := range instances {
		p.hear(t)
	}
	kept := instances[0].everything(t)
	if !strings.Contains(kept, `"revision":1}`) {
		t.Errorf("the data set was not loaded once: %s", kept)
	}
	for _, p := range instances[1:] {
		if now := p.everything(t); now != kept {
			t.Errorf("one serves\n%s\nnot\n%s", now, kept)
		}
	}
}

// readOnly is an address by which nothing can be migrated.
func readOnly(address string) string { return address + "&default_transaction_read_only=on" }

func TestMigrationsGoTheDirectWay(t *testing.T) {
	t.Parallel()
	address := pgtest.NewEmpty(t)
	p := startServing(t, []string{"DATABASE_URL=" + readOnly(address), "DATABASE_DIRECT_URL=" + address})
	if r := p.get(t, "/readyz"); r.status != http.StatusOK {
		t.Errorf("%+v", r)
	}
	p.stop(t, syscall.SIGTERM)

	other := pgtest.NewEmpty(t)
	refuses(t, fmt.Sprintf("DATABASE_URL leads to a database at schema version 0, not to the one that DATABASE_DIRECT_URL migrated to %d: correct one of them", postgres.LatestVersion()),
		[]string{"DATABASE_URL=" + other, "DATABASE_DIRECT_URL=" + address})
	nowhere := "postgres://user:secret@127.0.0.1:1/none"
	refuses(t, notReached(`"none" at 127.0.0.1:1`, "connection refused"), []string{"DATABASE_URL=" + nowhere, "DATABASE_DIRECT_URL=" + address})
	refuses(t, notReached(`"none" at 127.0.0.1:1`, "connection refused"), []string{"DATABASE_URL=" + address, "DATABASE_DIRECT_URL=" + nowhere})
}

func notReached(database, why string) string {
	return "the database " + database + " cannot be reached (" + why + "): start it, or correct DATABASE_URL or DATABASE_DIRECT_URL"
}

// silent takes connections and never answers, as a host behind a broken network.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, conn) }()
		}
	}()
	return listener.Addr().String()
}

func TestADatabaseThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	present, newer, newerFailed := pgtest.New(t), pgtest.NewEmpty(t), pgtest.NewEmpty(t)
	const versionTable = `CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)`
	execute(t, newer, versionTable, `INSERT INTO schema_migrations VALUES (999, false)`)
	execute(t, newerFailed, versionTable, `INSERT INTO schema_migrations VALUES (999, true)`)
	missing, err := url.Parse(present)
	if err != nil {
		t.Fatal(err)
	}
	socket := missing.Query().Get("host")
	missing.Path = "/nowhere"
	mute := silent(t)
	for name, c := range map[string]struct{ address, message string }{
		"newer":               {newer, tooNew()},
		"newer and failed":    {newerFailed, tooNew()},
		"no server":           {"postgres://u:secret@127.0.0.1:1/d", notReached(`"d" at 127.0.0.1:1`, "connection refused")},
		"no socket":           {"postgres:///d?host=/nonexistent", notReached(`"d" at /nonexistent`, "no such file or directory")},
		"no such database":    {missing.String(), notReached(`"nowhere" at `+socket, `database "nowhere" does not exist`)},
		"no answer":           {"postgres://u:secret@" + mute + "/d", notReached(`"d" at `+mute, "no answer within 5s")},
		"not to be written":   {readOnly(pgtest.NewEmpty(t)), "the schema cannot be migrated (cannot execute CREATE TABLE in a read-only transaction): give DATABASE_URL, or DATABASE_DIRECT_URL beside it, a server and a role that may create tables"},
		"a wrong parameter":   {present + "&work_mem=much", notReached(`"`+databaseOf(t, present)+`" at `+socket, `invalid value for parameter "work_mem": "much"`)},
		"a role that is none": {strings.Replace(present, "tarikh@", "nobody_at_all@", 1), notReached(`"`+databaseOf(t, present)+`" at `+socket, `role "nobody_at_all" does not exist`)},
	} {
		for _, args := range [][]string{nil, {"migrate", "up"}} {
			t.Run(name+strings.Join(args, " "), func(t *testing.T) {
				t.Parallel()
				began := time.Now()
				refuses(t, c.message, []string{"DATABASE_URL=" + c.address}, args...)
				t.Logf("it took %s", time.Since(began).Round(time.Millisecond))
			})
		}
	}
}

func tooNew() string {
	return fmt.Sprintf("the database's schema is at version 999, newer than this program's %d: run a newer program, or restore a backup of before the upgrade", postgres.LatestVersion())
}

func databaseOf(t *testing.T, address string) string {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	return config.Database
}

// newStarted is a node that runs.
func newStarted(t *testing.T) *node {
	t.Helper()
	n := newNode(t)
	n.start(t)
	return n
}

func TestTheDatabaseIsStoppedWhileServing(t *testing.T) {
	t.Parallel()
	database := newStarted(t)
	p := startServing(t, []string{"DATABASE_URL=" + database.wire.URL(), "TARIKH_SEED=sahel"})
	kept := p.everything(t)
	for _, outage := range []struct {
		name       string
		begin, end func()
	}{
		{"stopped", func() { database.stop(t) }, func() { database.start(t) }},
		{"says nothing", database.wire.Silence, database.wire.Speak},
		{"stopped again", func() { database.stop(t) }, func() { database.start(t) }},
	} {
		warmUp(t, p)
		for _, path := range keptPaths {
			for range 2 {
				if r := p.get(t, path); r.status != http.StatusOK {
					t.Errorf("%s: %+v", path, r)
				}
			}
		}
		outage.begin()
		began := time.Now()
		var asked sync.WaitGroup
		for i, path := range keptPaths {
			asked.Go(func() { servesNoLonger(t, p, path, i > 0) })
		}
		for _, path := range []string{"/v1/types", "/v1/regions", "/v1/timeline", "/v1/facets"} { // from memory
			asked.Go(func() { servesNoLonger(t, p, path, false) })
		}
		for _, path := range []string{"/v1/events?limit=11", "/readyz", "/v1/events/ml-coup-2021", "/v1/events?dataset=sahel", "/v1/events.csv", "/v1/changes"} {
			asked.Go(func() {
				r, err := p.try(path)
				if err != nil {
					t.Error(err)
					return
				}
				t.Logf("%s: %s was answered after %s", outage.name, path, time.Since(began).Round(time.Millisecond))
				isUnavailable(t, r)
			})
		}
		asked.Wait()
		if r := p.get(t, "/livez"); r.status != http.StatusOK {
			t.Errorf("%s: the program does not say that it lives: %+v", outage.name, r)
		}
		outage.end()
		t.Logf("%s: the outage took %s", outage.name, time.Since(began).Round(time.Millisecond))
		eventually(t, "it serves again", func() bool {
			r := p.get(t, "/v1/events")
			if r.status != http.StatusOK {
				isUnavailable(t, r)
			}
			return r.status == http.StatusOK
		})
		if now := p.everything(t); now != kept {
			t.Errorf("%s: then it serves\n%s\nnot\n%s", outage.name, now, kept)
		}
		for range 30 {
			if r := p.get(t, "/v1/events"); r.status != http.StatusOK {
				t.Errorf("%s: a request after it was back is answered with %+v", outage.name, r)
			}
		}
	}
	p.stop(t, syscall.SIGTERM)
}

// keptPaths are of one list, as it is now and as it was at a revision.
var keptPaths = []string{"/v1/events?type=coup", "/v1/events?type=coup&as_of=1", "/v1/timeline?type=coup&as_of=1"}

// servesNoLonger asks until what is kept is not served any more, since nobody knows
// whether it still stands. What stands for ever is served nonetheless.
func servesNoLonger(t *testing.T, p *instance, path string, forEver bool) {
	eventually(t, path+" is not served any more", func() bool {
		r, err := p.try(path)
		if err != nil {
			t.Error(err)
			return true
		}
		if r.status == http.StatusOK {
			now, err := p.try("/v1/events?type=coup")
			return forEver && err == nil && now.status == http.StatusServiceUnavailable
		}
		isUnavailable(t, r)
		if forEver {
			t.Errorf("%s is answered with %+v", path, r)
		}
		return true
	})
}

// A program that is told to end while its database says nothing ends too.
func TestStoppedWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	database := newStarted(t)
	p := startServing(t, []string{"DATABASE_URL=" + database.wire.URL()})
	warmUp(t, p)
	database.wire.Silence()
	p.stop(t, syscall.SIGTERM)
	database.wire.Speak()
}
