package timeline_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestKeysTellFiltersApart: filters that keep different events have different keys,
// and the order of lists does not matter.
func TestKeysTellFiltersApart(t *testing.T) {
	t.Parallel()
	events := reference.Events(7, 200)
	ids := func(f *timeline.Filter) []string {
		var list []string
		for _, e := range reference.All(events, f, timeline.Ascending) {
			list = append(list, e.ID)
		}
		return list
	}
	kept := map[string][]string{}
	rapid.Check(t, func(t *rapid.T) {
		f := reference.Filter().Draw(t, "filter")
		key, found := f.Key(), ids(&f)
		if before, ok := kept[key]; ok && !slices.Equal(before, found) {
			t.Fatalf("%s keeps %v and %v", key, before, found)
		}
		kept[key] = found
		turned := f
		for _, list := range []*[]string{&turned.IDs, &turned.Roles, &turned.Regions, &turned.Types, &turned.Statuses, &turned.Datasets, &turned.Tags, &turned.Words} {
			*list = slices.Clone(*list)
			slices.Reverse(*list)
		}
		turned.Countries = slices.Clone(f.Countries)
		slices.Reverse(turned.Countries)
		if turned.Key() != key {
			t.Fatalf("turned round, %s becomes %s", key, turned.Key())
		}
	})
	if f := (timeline.Filter{}); f.Key() != "" {
		t.Errorf("no filter has the key %q", f.Key())
	}
}

// TestKeysAreNotConfusedByWhatIsTyped: open words cannot make one list look like another.
func TestKeysAreNotConfusedByWhatIsTyped(t *testing.T) {
	t.Parallel()
	revision := int64(1)
	filters := []timeline.Filter{
		{Tags: []string{"a", "b"}}, {Tags: []string{"a,b"}}, {Tags: []string{`a"&tag="b`}}, {Tags: []string{"a"}, Actor: "b"}, {Tags: []string{`a"&actor="b`}},
		{IDs: []string{"a", "b"}}, {Words: []string{"a", "b"}}, {Countries: [][]string{{"RUS", "SUN"}}}, {Countries: [][]string{{"RUS"}, {"SUN"}}},
		{Countries: [][]string{{"RUS"}, {"SUN"}}, CountryMatch: timeline.CountryAll}, {AsOf: &revision}, {MinSources: 1},
		{BBox: &timeline.BBox{West: 1, South: 2, East: 3, North: 4}}, {BBox: &timeline.BBox{West: 12, South: 2, East: 3, North: 4}}, {On: timeline.MonthDay{Month: 1, Day: 12}},
		{On: timeline.MonthDay{Month: 11, Day: 2}},
	}
	seen := map[string]int{}
	for i, f := range filters {
		if before, ok := seen[f.Key()]; ok {
			t.Errorf("%+v and %+v have the key %s", filters[before], f, f.Key())
		}
		seen[f.Key()] = i
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	words := []string{"coup", "coup_attempt", "election", "treaty", "agreement"}
	for typed, want := range map[string]string{"coop": "coup", "cuop": "coup", "coups": "coup", "elections": "election", "treety": "treaty", "zzzz": "", "": "", "Agreement": "agreement"} {
		if got := timeline.Nearest(typed, words); got != want {
			t.Errorf("%q suggests %q; want %q", typed, got, want)
		}
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	if got := timeline.TypeWithParents("coup"); !slices.Equal(got, []string{"coup", "politics"}) {
		t.Errorf("above coup: %v", got)
	}
	if got := timeline.TypeWithChildren("disaster"); !slices.Equal(got, []string{"disaster", "earthquake", "eruption"}) {
		t.Errorf("below disaster: %v", got)
	}
	if got := timeline.TypeWithParents("nothing"); got != nil {
		t.Errorf("above nothing: %v", got)
	}
	for _, ty := range timeline.Types {
		for _, language := range timeline.Languages {
			if ty.Label[language] == "" {
				t.Errorf("%s has no label in %s", ty.Code, language)
			}
		}
		if _, ok := timeline.TypeByCode(ty.Parent); !ok && ty.Parent != "" {
			t.Errorf("%s has the unknown parent %s", ty.Code, ty.Parent)
		}
	}
	for _, status := range timeline.Statuses {
		if len(timeline.StatusLabels[status]) != 3 {
			t.Errorf("%s has no labels", status)
		}
	}
}
