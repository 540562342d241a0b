package reference

import (
	"slices"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/fold"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Facet counts a facet by asking, for every value that any event has, how many events
// the filter keeps with that value in the place of its own. It gives no labels.
func Facet(events []timeline.Event, f timeline.Filter, by string, limit int) timeline.Facet {
	var values []string
	for i := range events {
		e := &events[i]
		switch by {
		case "type":
			values = append(values, e.Type)
			for _, t := range timeline.Types {
				if t.Code == e.Type && t.Parent != "" {
					values = append(values, t.Parent)
				}
			}
		case "actor":
			for _, a := range e.Actors {
				for _, name := range a.Name {
					values = append(values, fold.Text(name))
				}
			}
		case "tag":
			values = append(values, e.Tags...)
		default:
			values = append(values, groupValues(e, by)...)
		}
	}
	slices.Sort(values)
	facet := timeline.Facet{By: by}
	for _, v := range slices.Compact(values) {
		with := f
		switch by {
		case "country":
			with.Countries, with.CountryMatch, with.Roles, with.Regions = [][]string{{v}}, "", nil, nil
		case "type":
			with.Types = []string{v}
		case "status":
			with.Statuses = []string{v}
		case "dataset":
			with.Datasets = []string{v}
		case "actor":
			with.Actor = v
		case "tag":
			with.Tags = []string{v}
		}
		if found := All(events, &with, timeline.Ascending); len(found) > 0 {
			example := found[0].ID
			for _, e := range found {
				example = min(example, e.ID)
			}
			facet.Values = append(facet.Values, timeline.FacetValue{Value: v, Count: int64(len(found)), Example: example})
		}
	}
	slices.SortFunc(facet.Values, func(a, b timeline.FacetValue) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return strings.Compare(a.Value, b.Value)
	})
	facet.More = len(facet.Values) > limit
	facet.Values = facet.Values[:min(len(facet.Values), limit)]
	return facet
}
