package postgres_test

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Behind a transaction pooler pgx guesses each argument's type from its Go type: every
// kind of statement must come through that, with the same answers.
func TestExecModeDoesTheSame(t *testing.T) {
	t.Parallel()
	did := map[string][]any{}
	for _, mode := range []string{"prepared", "exec"} {
		// A pool's size in the address is the pool's business.
		s, err := postgres.Open(t.Context(), postgres.Options{URL: pgtest.New(t) + "&pool_max_conns=4", ExecMode: mode, Now: fixed})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		did[mode] = everyStatement(t, s)
	}
	for i, want := range did["prepared"] {
		if got := did["exec"][i]; !reflect.DeepEqual(got, want) {
			t.Errorf("answer %d is %v, and %v when prepared", i, got, want)
		}
	}
}

func fixed() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// told makes what holds pointers fit to be compared and printed.
func told(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func everyStatement(t *testing.T, s *postgres.Store) (did []any) {
	t.Helper()
	ctx := t.Context()
	note := func(err error, values ...any) {
		t.Helper()
		if err != nil {
			t.Fatalf("%v: %v", values, err)
		}
		did = append(did, values...)
	}
	text := timeline.Text{"ar": "مالي", "en": "Test"}
	created, err := s.CreateDataset(ctx, timeline.Dataset{Slug: "test", Title: text, Description: text, URL: "https://a.example"}, nil, author)
	note(err, created)
	one, set := event(t, "one", "2021/.."), event(t, "set", "{-0043,2021-05}")
	one.Measures, one.Tags = map[string]float64{"deaths": 12}, []string{"a", "b"}
	one.Links = []timeline.Link{{Relation: "follows", Event: "set"}}
	imported, err := s.Import(ctx, []timeline.Event{one, set}, false, author)
	note(err, imported)
	one.Title = text
	written, err := s.Put(ctx, one, postgres.Precondition{Revisions: []int64{2}}, author)
	note(err, string(written.Doc), written.Changed)
	deleted, err := s.Delete(ctx, "set", "wrong", "one", postgres.Precondition{}, author)
	note(err, deleted)
	written, err = s.Put(ctx, set, postgres.Precondition{}, author)
	note(err, written.Revision, written.Created)

	asOf := int64(2)
	window := edtf.Window{From: edtf.At(edtf.MinDay), To: edtf.At(20_000)}
	for _, f := range []timeline.Filter{
		{},
		{Window: window, Countries: [][]string{{"MLI", "NER"}}, Types: []string{"coup"}, Datasets: []string{"test"}},
		{Countries: [][]string{{"MLI"}}, Roles: []string{"location"}, Statuses: []string{"occurred"}, MinSources: 1},
		{IDs: []string{"one", "none"}, Tags: []string{"a"}},
		{Window: window, AsOf: &asOf},
	} {
		page, err := s.ListEvents(ctx, timeline.ListQuery{Filter: f, Order: timeline.Descending, Limit: 1, Count: timeline.CountExact})
		note(err, page.Count.Value, len(page.Docs()), told(t, page.Next))
		page, err = s.ListEvents(ctx, timeline.ListQuery{Filter: f, Limit: 5, After: &timeline.Position{Day: edtf.MinDay, ID: "a"}})
		note(err, told(t, page.Docs()))
		n := 0
		note(s.Samples(ctx, f, timeline.SampleNeeds{Measure: "deaths"}, func(*timeline.Sample) error { n++; return nil }), n)
		note(s.Export(ctx, f, timeline.Ascending, func(doc []byte) error { did = append(did, string(doc)); return nil }))
	}
	docs, more, err := s.Chain(ctx, "one", 2, nil)
	note(err, told(t, docs), more)
	datasets, err := s.Datasets(ctx)
	note(err, datasets)
	usage, err := s.Usage(ctx, timeline.TermCountry)
	note(err, usage)
	measures, err := s.Measures(ctx)
	note(err, measures)
	has, err := s.HasMeasure(ctx, "deaths")
	note(err, has)
	at, err := s.RevisionAt(ctx, fixed())
	note(err, at)

	changes, err := s.Changes(ctx, timeline.ChangePosition{}, 10)
	note(err, told(t, changes))
	history, err := s.History(ctx, "set", 1<<62, 10)
	note(err, told(t, history))

	id, err := s.CreateKey(ctx, "k", []string{"read", "write"}, "secret")
	note(err, id)
	key, err := s.Authenticate(ctx, "secret")
	note(err, key.Scopes)
	for range 2 {
		answer, err := s.Once(ctx, id, "key", []byte("hash"), func(context.Context) (postgres.Answer, error) {
			return postgres.Answer{Status: 201, Headers: map[string]string{"Location": "/x"}, Body: []byte(`{}`)}, nil
		})
		note(err, answer)
	}
	note(s.ForgetAnswers(ctx))
	name, err := s.RevokeKey(ctx, id)
	note(err, name)
	return did
}
