package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestPagesAreBoundedInBytes: a page of large events ends early, has at least one, and
// the walk of all pages is whole.
func TestPagesAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, _ := open(t)
	const events = 12
	var batch []timeline.Event
	var want []string
	for i := range events {
		e := event(t, fmt.Sprintf("e%02d", i), "2021-05-03")
		e.Title = timeline.Text{"en": strings.Repeat("x", 100_000*(1+i%3))}
		batch, want = append(batch, e), append(want, e.ID)
	}
	first, err := s.Import(ctx, batch[:6], false, author)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(ctx, batch[6:], false, author); err != nil {
		t.Fatal(err)
	}
	for most, pages := range map[int]int{100: events, 1 << 20: 3, 1 << 30: 1} {
		s.PagesOfAtMost(most)
		for name, f := range map[string]timeline.Filter{"the keys": {}, "the rows": {IDs: want}} {
			var walked []string
			n := 0
			for q := (timeline.ListQuery{Filter: f, Limit: 100}); ; n++ {
				page, err := s.ListEvents(ctx, q)
				if err != nil {
					t.Fatal(err)
				}
				walked = append(walked, ids(t, page)...)
				size := 0
				for _, doc := range page.Docs() {
					size += len(doc)
				}
				if size > most && len(page.Docs()) > 1 {
					t.Errorf("%s: a page of %d events has %d bytes, at most %d", name, len(page.Docs()), size, most)
				}
				if q.After = page.Next; q.After == nil {
					break
				}
			}
			if !slices.Equal(walked, want) || n+1 > pages+pages/2 || n+1 < pages/2+1 {
				t.Errorf("%s, %d bytes: %d pages, about %d were wanted: %v", name, most, n+1, pages, walked)
			}
		}
		if docs := exported(t, s, timeline.Filter{}, timeline.Ascending); len(docs) != events {
			t.Errorf("%d bytes: %d events are exported", most, len(docs))
		}
		if docs := exported(t, s, timeline.Filter{IDs: want}, timeline.Ascending); len(docs) != events {
			t.Errorf("%d bytes: %d of the listed events are exported", most, len(docs))
		}
		var changed []string
		for after := (timeline.ChangePosition{}); ; {
			page, err := s.Changes(ctx, after, 100)
			if err != nil {
				t.Fatal(err)
			}
			// A page ends with a revision, unless it has no room for one.
			if page.Next != nil && page.Next.ID == "" && page.Next.Revision != first.Revision {
				t.Errorf("%d bytes: a page ends behind revision %d", most, page.Next.Revision)
			}
			for _, c := range page.Changes {
				changed = append(changed, c.EventID)
			}
			if page.Next == nil {
				break
			}
			if page.Next.Revision < after.Revision || *page.Next == after {
				t.Fatalf("%d bytes: the walk stands still at %+v", most, after)
			}
			after = *page.Next
		}
		if !slices.Equal(changed, want) {
			t.Errorf("%d bytes: the changes are %v", most, changed)
		}
	}
}

// TestChainsAndHistoriesAreBoundedInBytes too.
func TestChainsAndHistoriesAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, _ := open(t)
	var batch []timeline.Event
	for i := range 10 {
		e := event(t, fmt.Sprintf("e%d", i), "2021-05-03")
		if i > 0 {
			e.Links = []timeline.Link{{Relation: "follows", Event: "e0"}}
		}
		batch = append(batch, e)
	}
	for i := range 5 {
		batch[0].Title = timeline.Text{"en": fmt.Sprint("version ", i)}
		if _, err := s.Import(ctx, batch, false, author); err != nil {
			t.Fatal(err)
		}
	}
	s.PagesOfAtMost(1_500)
	docs, more, err := s.Chain(ctx, "e0", 1, nil)
	if err != nil || !more || len(docs) == 0 || len(docs) > 4 {
		t.Errorf("a chain of %d events, more: %v, %v", len(docs), more, err)
	}
	seen := 0
	for before := int64(0); ; {
		page, err := s.History(ctx, "e0", before, 100)
		if err != nil || len(page.Changes) == 0 || len(page.Changes) > 3 {
			t.Fatalf("%d changes, %v", len(page.Changes), err)
		}
		if seen += len(page.Changes); page.Next == nil {
			break
		}
		before = page.Next.Revision
	}
	if seen != 5 {
		t.Errorf("the history has %d changes", seen)
	}
}
