package postgres_test

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
	"github.com/tarikh-timeline/tarikh/migrations"
)

// downSQL gives all down files, the newest first.
func downSQL(t *testing.T) string {
	t.Helper()
	names, err := fs.Glob(migrations.FS, "*.down.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("no down files: %v", err)
	}
	slices.Sort(names)
	slices.Reverse(names)
	var all []string
	for _, name := range names {
		text, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.TrimRight(strings.TrimSpace(string(text)), ";"))
	}
	return strings.Join(all, ";\n")
}

func TestEveryMigrationHasItsOppositeAndLaterOnesOneStatement(t *testing.T) {
	t.Parallel()
	ups, err := fs.Glob(migrations.FS, "*.up.sql")
	if err != nil {
		t.Fatal(err)
	}
	for i, up := range ups {
		down := strings.TrimSuffix(up, ".up.sql") + ".down.sql"
		if _, err := fs.Stat(migrations.FS, down); err != nil {
			t.Errorf("%s has no %s", up, down)
		}
		text, err := fs.ReadFile(migrations.FS, up)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && !strings.Contains(string(text), "$$") && strings.Count(string(text), ";") > 1 {
			t.Errorf("%s holds more than one statement", up)
		}
	}
}

// TestMoreTermsOfStoredEvents: events that were stored before there were terms of days,
// sources and statuses have, after migrating, what they would have if they were stored
// now; and the other way round.
func TestMoreTermsOfStoredEvents(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	url := pgtest.NewEmpty(t)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(ctx)) })
	run := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%v: %s", err, sql)
		}
	}
	file := func(name string) string {
		t.Helper()
		text, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	state := func() (keys, terms []string) {
		t.Helper()
		for into, sql := range map[*[]string]string{
			&keys: `SELECT concat_ws('|', t.kind, t.value, k.span, k.sort_day, k.id, k.last_day, k.gaps)
				FROM event_key k JOIN term t ON t.id = k.term ORDER BY 1`,
			&terms: `SELECT concat_ws('|', e.id, string_agg(t.kind || ':' || t.value, '|' ORDER BY u.n))
				FROM event e, unnest(e.terms) WITH ORDINALITY AS u (id, n) LEFT JOIN term t ON t.id = u.id GROUP BY e.id ORDER BY 1`,
		} {
			rows, err := conn.Query(ctx, sql)
			if err != nil {
				t.Fatal(err)
			}
			if *into, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
				t.Fatal(err)
			}
		}
		return keys, terms
	}
	run(file("000001_events.up.sql"))
	run(`CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL); INSERT INTO schema_migrations VALUES (1, false)`)
	s, err := postgres.Open(ctx, postgres.Options{URL: url, MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, slug := range reference.Datasets {
		if _, err := s.CreateDataset(ctx, timeline.Dataset{Slug: slug, Title: timeline.Text{"en": slug}}, nil, author); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Import(ctx, reference.Events(3, 500), false, author); err != nil {
		t.Fatal(err)
	}
	s.Close()
	keys, terms := state()

	// What the program of version 1 would have stored.
	run(`DELETE FROM event_key k USING term t WHERE t.id = k.term AND t.kind IN ('day', 'sources', 'status')`)
	run(`UPDATE event e SET terms = ARRAY(SELECT u.id FROM unnest(e.terms) WITH ORDINALITY AS u (id, n)
		JOIN term t ON t.id = u.id WHERE t.kind NOT IN ('day', 'sources', 'status') ORDER BY u.n)`)
	run(`DELETE FROM term WHERE kind IN ('day', 'sources', 'status')`)
	oldKeys, oldTerms := state()
	if len(oldKeys) >= len(keys) {
		t.Fatalf("%d keys of %d are left", len(oldKeys), len(keys))
	}
	same := func(what string, wantKeys, wantTerms []string) {
		t.Helper()
		gotKeys, gotTerms := state()
		for _, pair := range [][2][]string{{gotKeys, wantKeys}, {gotTerms, wantTerms}} {
			for i := range max(len(pair[0]), len(pair[1])) {
				if i >= len(pair[0]) || i >= len(pair[1]) || pair[0][i] != pair[1][i] {
					t.Fatalf("%s: row %d differs:\n%v\n%v", what, i, pair[0][i:min(i+1, len(pair[0]))], pair[1][i:min(i+1, len(pair[1]))])
				}
			}
		}
	}
	if err := postgres.Migrate(ctx, url); err != nil {
		t.Fatal(err)
	}
	same("migrated", keys, terms)
	run(file("000002_more_terms.down.sql"))
	same("and back", oldKeys, oldTerms)
	run(file("000002_more_terms.up.sql"))
	same("and again", keys, terms)
}
