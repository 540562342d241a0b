package main

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
)

// latest is the schema version that the program needs.
var latest = strconv.FormatInt(postgres.LatestVersion(), 10)

// at is how a version is told beside the one that is needed.
func at(version string) string { return "schema version " + version + "; this program needs " + latest }

// says expects a command that does its work and says one thing.
func says(t *testing.T, message string, env []string, args ...string) {
	t.Helper()
	got := runProgram(t, env, args...)
	if want := (result{out: message + "\n"}); got != want {
		t.Errorf("%q: got %+v\nwant %+v", args, got, want)
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=" + pgtest.NewEmpty(t)}
	says(t, at("0"), env, "migrate", "version")
	says(t, "schema version "+latest, env, "migrate", "up")
	says(t, "schema version "+latest, env, "migrate", "up")
	says(t, at(latest), env, "migrate", "version")
	p := startServing(t, env)
	if r := p.get(t, "/readyz"); r.status != http.StatusOK {
		t.Errorf("%+v", r)
	}
	p.stop(t, syscall.SIGTERM)
}

// A migration that failed half-way, and the ways out of it that the README tells.
func TestAMigrationThatFailed(t *testing.T) {
	t.Parallel()
	for name, recovery := range map[string]func(t *testing.T, env []string){
		"by hand": func(t *testing.T, env []string) {
			says(t, at("1, which failed half-way"), env, "migrate", "version")
			says(t, "schema version 0", env, "migrate", "force", "0")
			says(t, at("0"), env, "migrate", "version")
			says(t, "schema version "+latest, env, "migrate", "up")
		},
		"by migrating again": func(t *testing.T, env []string) {
			says(t, "schema version "+latest, env, "migrate", "up")
		},
		"by the next start": func(t *testing.T, env []string) {
			startServing(t, env).stop(t, syscall.SIGTERM)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := pgtest.NewEmpty(t)
			env := []string{"DATABASE_URL=" + address}
			execute(t, address, `CREATE TABLE dataset (of text)`, `INSERT INTO dataset VALUES ('another program')`)
			const failed = "the migration to schema version 1 failed: relation \"dataset\" already exists; repair what it names, then type `api migrate force 0` and `api migrate up`"
			for _, args := range [][]string{nil, {"migrate", "up"}, {"serve"}} {
				refuses(t, failed, env, args...)
			}
			// The file is one transaction: of all its tables none is there.
			execute(t, address, `DO $$ BEGIN ASSERT to_regclass('event') IS NULL AND to_regclass('revision') IS NULL; END $$`, `DROP TABLE dataset`)
			recovery(t, env)
			says(t, at(latest), env, "migrate", "version")
			p := startServing(t, slices.Concat(env, []string{"TARIKH_SEED=sahel"}))
			if r := p.get(t, "/v1/events?limit=1"); r.status != http.StatusOK || !strings.Contains(r.body, `"revision":1}`) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// Tables that somebody migrated by hand are believed when their version is stated.
func TestForceStatesTheVersion(t *testing.T) {
	t.Parallel()
	address := pgtest.New(t)
	env := []string{"DATABASE_URL=" + address}
	execute(t, address, `UPDATE schema_migrations SET version = 999, dirty = true`)
	refuses(t, tooNew(), env, "migrate", "up")
	says(t, at("999, which failed half-way"), env, "migrate", "version")
	says(t, "schema version "+latest, env, "migrate", "force", latest)
	says(t, at(latest), env, "migrate", "version")
	says(t, "schema version "+latest, env, "migrate", "up")
}
