package postgres_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
	"github.com/tarikh-timeline/tarikh/migrations"
)

// schema is a database that is taken through its versions by hand.
type schema struct {
	*pgx.Conn
	t   *testing.T
	url string
	ups []string // files, the oldest first
}

func newSchema(t *testing.T) schema {
	t.Helper()
	ups, err := fs.Glob(migrations.FS, "*.up.sql")
	if err != nil || len(ups) != int(postgres.LatestVersion()) {
		t.Fatalf("%d migrations of %d: %v", len(ups), postgres.LatestVersion(), err)
	}
	slices.Sort(ups)
	url := pgtest.NewEmpty(t)
	if err := postgres.Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return schema{Conn: conn, t: t, url: url, ups: ups}
}

// run runs a migration's file, and notes the version that it leads to.
func (s schema) run(name string, version int) {
	s.t.Helper()
	text, err := fs.ReadFile(migrations.FS, name)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.Exec(s.t.Context(), string(text), pgx.QueryExecModeSimpleProtocol); err != nil {
		s.t.Fatalf("%s: %v", name, err)
	}
	if _, err := s.Exec(s.t.Context(), `UPDATE schema_migrations SET version = $1`, version); err != nil {
		s.t.Fatal(err)
	}
}

func (s schema) rows(sql string) []string {
	s.t.Helper()
	rows, err := s.Query(s.t.Context(), sql)
	if err != nil {
		s.t.Fatalf("%v: %s", err, sql)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		s.t.Fatalf("%v: %s", err, sql)
	}
	return list
}

// content gives every row of every table, by table. The numbers of terms are given by
// sequence, so a term stands as its words.
func (s schema) content() map[string][]string {
	s.t.Helper()
	all := map[string][]string{}
	for _, table := range s.rows(`SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'schema_migrations' ORDER BY 1`) {
		sql := `SELECT x::text FROM ` + table + ` x ORDER BY 1`
		switch table {
		case "term":
			sql = `SELECT kind || ':' || value FROM term t WHERE EXISTS (SELECT FROM event_key k WHERE k.term = t.id) ORDER BY 1` // of an event that is gone its words may stay
		case "event_key":
			sql = `SELECT (to_jsonb(x) - 'term' || jsonb_build_object('term', (SELECT kind || ':' || value FROM term WHERE id = x.term)))::text FROM event_key x ORDER BY 1`
		case "event":
			sql = `SELECT (to_jsonb(x) - 'terms' || jsonb_build_object('terms', (
				SELECT jsonb_agg(t.kind || ':' || t.value ORDER BY u.n) FROM unnest(x.terms) WITH ORDINALITY AS u (id, n) LEFT JOIN term t ON t.id = u.id)))::text FROM event x ORDER BY 1`
		}
		all[table] = s.rows(sql)
	}
	return all
}

// written is what people have written, whatever the version.
func (s schema) written() []string {
	s.t.Helper()
	return s.rows(`
		SELECT concat_ws('|', id, op, revision, updated_at, encode(doc, 'escape')) FROM event
		UNION ALL SELECT concat_ws('|', id, op, revision, at, reason, merged_into) FROM event_tombstone
		UNION ALL SELECT concat_ws('|', id, op, revision_from, revision_to, updated_at, reason, merged_into, encode(doc, 'escape')) FROM event_history
		UNION ALL SELECT l::text FROM revision_log l UNION ALL SELECT r::text FROM revision r
		UNION ALL SELECT concat_ws('|', slug, title, description, licence, citation, url, revision, created_at) FROM dataset
		UNION ALL SELECT concat_ws('|', name, scopes, hash, created_at, revoked_at) FROM api_key
		UNION ALL SELECT concat_ws('|', key_id, key, body_hash, status, headers, body, expires_at) FROM idempotency
		ORDER BY 1`)
}

func sameContent(t *testing.T, what string, got, want map[string][]string) {
	t.Helper()
	if names, wanted := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(names, wanted) {
		t.Fatalf("%s: the tables are %v, and were %v", what, names, wanted)
	}
	for table := range want {
		if !slices.Equal(got[table], want[table]) {
			t.Errorf("%s: %s has other rows:%s", what, table, firstRows(got[table], want[table]))
		}
	}
}

func firstRows(got, want []string) string {
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Sprintf("\n  %.500s\nnot\n  %.500s", strings.Join(got[i:min(i+1, len(got))], ""), strings.Join(want[i:min(i+1, len(want))], ""))
		}
	}
	return ""
}

// fillSchema writes something of every kind.
func fillSchema(t *testing.T, url string) {
	t.Helper()
	ctx := t.Context()
	s, err := postgres.Open(ctx, postgres.Options{URL: url, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, slug := range reference.Datasets {
		if _, err := s.CreateDataset(ctx, timeline.Dataset{Slug: slug, Title: timeline.Text{"en": slug, "ar": "بيانات"}, Licence: "CC0-1.0"}, nil, author); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Import(ctx, reference.Events(5, 300), false, author); err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		id := fmt.Sprintf("e%d", i)
		switch i % 4 {
		case 0:
			_, err = s.Put(ctx, reference.Event(id).Example(1_000+i), postgres.Precondition{}, author)
		case 1:
			_, err = s.Delete(ctx, id, "wrong", "", postgres.Precondition{}, author)
		case 2:
			_, err = s.Delete(ctx, id, "twice", "e200", postgres.Precondition{}, author)
		case 3:
			if _, err = s.Delete(ctx, id, "for now", "", postgres.Precondition{}, author); err == nil {
				_, err = s.Create(ctx, reference.Event(id).Example(2_000+i), author)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := s.CreateKey(ctx, "newsroom", []string{"write"}, "secret")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Once(ctx, key, "k", []byte("hash"), func(context.Context) (postgres.Answer, error) {
		return postgres.Answer{Status: 201, Headers: map[string]string{"ETag": `"7"`}, Body: []byte("body")}, nil
	}); err != nil {
		t.Fatal(err)
	}
}

// served is all that a store gives of the schema, to compare.
func served(t *testing.T, url string) []string {
	t.Helper()
	ctx := t.Context()
	s, err := postgres.Open(ctx, postgres.Options{URL: url, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var all []string
	for _, f := range []timeline.Filter{{}, {Statuses: []string{"occurred"}}, {MinSources: 2}, {On: timeline.MonthDay{Month: 2, Day: 28}}, {Window: edtf.Window{From: edtf.At(edtf.DayOf(2021, 1, 1))}}} {
		if err := s.Export(ctx, f, timeline.Ascending, func(doc []byte) error {
			all = append(all, string(doc))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		all = append(all, "that was "+f.Key())
	}
	changes, err := s.Changes(ctx, timeline.ChangePosition{}, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for i := range changes.Changes {
		all = append(all, string(timeline.AppendChange(nil, &changes.Changes[i])))
	}
	return all
}

// TestEveryMigrationUpAndDownOnData takes a database with data of every kind down, a
// version at a time, and up again. What people have written is in each version the same;
// each version has the same rows whichever way it was reached; and at the end the program
// serves what it served before. Behind the first version nothing is left.
func TestEveryMigrationUpAndDownOnData(t *testing.T) {
	t.Parallel()
	s := newSchema(t)
	fillSchema(t, s.url)
	before, written := served(t, s.url), s.written()
	at := map[int]map[string][]string{len(s.ups): s.content()}
	for version := len(s.ups) - 1; version >= 1; version-- {
		s.run(strings.Replace(s.ups[version], ".up.", ".down.", 1), version)
		at[version] = s.content()
		if now := s.written(); !slices.Equal(now, written) {
			t.Fatalf("down at version %d something is lost:%s", version, firstRows(now, written))
		}
	}
	for version := 2; version <= len(s.ups); version++ {
		s.run(s.ups[version-1], version)
		if now := s.written(); !slices.Equal(now, written) {
			t.Fatalf("up at version %d something is lost:%s", version, firstRows(now, written))
		}
		sameContent(t, fmt.Sprintf("up at version %d", version), s.content(), at[version])
	}
	if now := served(t, s.url); !slices.Equal(now, before) {
		t.Errorf("it serves something else:%s", firstRows(now, before))
	}
	for version := len(s.ups) - 1; version >= 0; version-- {
		s.run(strings.Replace(s.ups[version], ".up.", ".down.", 1), version)
	}
	if left := s.content(); len(left) > 0 {
		t.Errorf("behind the first version there are %v", slices.Sorted(maps.Keys(left)))
	}
}

// TestTheProgramMigratesEveryOlderVersion: whichever version a database with data is at,
// the program brings it up, and serves all of it.
func TestTheProgramMigratesEveryOlderVersion(t *testing.T) {
	t.Parallel()
	s := newSchema(t)
	fillSchema(t, s.url)
	before := served(t, s.url)
	for oldest := len(s.ups) - 1; oldest >= 1; oldest-- {
		for version := len(s.ups) - 1; version >= oldest; version-- {
			s.run(strings.Replace(s.ups[version], ".up.", ".down.", 1), version)
		}
		if err := postgres.Migrate(t.Context(), s.url); err != nil {
			t.Fatalf("from version %d: %v", oldest, err)
		}
		if now := served(t, s.url); !slices.Equal(now, before) {
			t.Errorf("from version %d it serves something else:%s", oldest, firstRows(now, before))
		}
	}
}

// TestAnOlderProgramMeetsANewerSchema: a program that runs while a newer one migrates
// says in its readiness that the schema is not its own, so that no more is sent to it;
// and it does not start on such a schema.
func TestAnOlderProgramMeetsANewerSchema(t *testing.T) {
	t.Parallel()
	s := newSchema(t)
	store, err := postgres.Open(t.Context(), postgres.Options{URL: s.url, MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	ready := func() (all bool, details string) {
		all = true
		for _, c := range store.Ready(t.Context()) {
			all = all && c.OK
			details += c.Name + " " + c.Detail + "\n"
		}
		return all, details
	}
	if ok, details := ready(); !ok {
		t.Fatal(details)
	}
	if _, err := s.Exec(t.Context(), `UPDATE schema_migrations SET version = version + 1`); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("is at version %d, this program needs %d", postgres.LatestVersion()+1, postgres.LatestVersion())
	if ok, details := ready(); ok || !strings.Contains(details, want) {
		t.Errorf("it is ready: %v: %s", ok, details)
	}
	if err := postgres.Migrate(t.Context(), s.url); err == nil || !strings.Contains(err.Error(), "run a newer program") {
		t.Errorf("it migrates with %v", err)
	}
	if _, err := store.ListEvents(t.Context(), timeline.ListQuery{Limit: 1, Count: timeline.CountExact}); err != nil {
		t.Errorf("it does not read on: %v", err)
	}
}
