package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestExportsEndWithTheirReader: wherever the reader of an export stops, the export
// ends with its error and gives its connections back. (Without that this test does
// not end: there are two connections.)
func TestExportsEndWithTheirReader(t *testing.T) {
	t.Parallel()
	store, err := postgres.Open(t.Context(), postgres.Options{URL: pgtest.New(t), MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	date, err := edtf.Parse("2021")
	if err != nil {
		t.Fatal(err)
	}
	var events []timeline.Event
	for i := range 2_100 {
		events = append(events, timeline.Event{
			ID: fmt.Sprintf("e%04d", i), Dataset: "d", Type: "other", Status: "occurred", Date: date,
			Title: timeline.Text{"en": "x"}, Sources: []timeline.Source{{Title: "s", Language: "en"}},
		})
	}
	if _, err := store.CreateDataset(t.Context(), timeline.Dataset{Slug: "d", Title: timeline.Text{"en": "d"}}, events, author); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	for _, stopAt := range []int{1, 499, 500, 501, 1000, 1001, 2099, 2100, 2101} {
		for _, hangUp := range []bool{false, true} {
			ctx, cancel := context.WithCancel(t.Context())
			seen := 0
			err := store.Export(ctx, timeline.Filter{}, timeline.Ascending, func(doc []byte) error {
				if want := fmt.Sprintf(`{"id":"e%04d"`, seen); string(doc[:len(want)]) != want {
					t.Fatalf("document %d is %s", seen, doc)
				}
				seen++
				if seen == stopAt && hangUp {
					cancel()
				} else if seen == stopAt {
					return enough
				}
				return ctx.Err()
			})
			cancel()
			want := enough
			if hangUp {
				want = context.Canceled
			}
			if stopAt > len(events) {
				want = nil
			}
			if !errors.Is(err, want) || seen != min(stopAt, len(events)) {
				t.Errorf("stopped at %d (hang up: %v): %d seen, %v", stopAt, hangUp, seen, err)
			}
		}
	}
}
