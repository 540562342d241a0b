package timeline

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/country"
)

// FacetBys are what facets can be counted by.
var FacetBys = []string{GroupCountry, GroupType, GroupStatus, GroupDataset, GroupActor, GroupTag}

// How many values a facet shows.
const (
	FacetLimit    = 20 // where the request says nothing
	MaxFacetLimit = 200
)

// FacetFilter gives the filter that a facet is counted under: the request's without
// the facet's own parts, so that it shows what else could be chosen.
func FacetFilter(f Filter, by string) Filter {
	switch by {
	case GroupCountry:
		f.Countries, f.CountryMatch, f.Roles, f.Regions = nil, "", nil, nil
	case GroupType:
		f.Types = nil
	case GroupStatus:
		f.Statuses = nil
	case GroupDataset:
		f.Datasets = nil
	case GroupActor:
		f.Actor = ""
	case GroupTag:
		f.Tags = nil
	}
	return f
}

// Facet is how many events have each value, the most frequent first, then by value.
// A value is what the filter of the same name takes, and Count is how many events that
// filter would give: a type counts its children too, and an actor is counted under
// each of its names, folded.
type Facet struct {
	By     string
	Values []FacetValue
	More   bool // there are values beyond the limit
}

// FacetValue is a value with the number of events that have it. Example is the id of
// one of them, the first by bytes, from which an actor's name can be read.
type FacetValue struct {
	Value   string
	Label   Text
	Count   int64
	Example string
}

// FacetCounter counts the events of a facet, which come one by one in any order.
type FacetCounter struct {
	by      string
	counts  map[string]*tally
	parents map[string][]string // of types
}

type tally struct {
	count   int64
	example string
}

// NewFacetCounter makes a counter of one facet.
func NewFacetCounter(by string) *FacetCounter {
	return &FacetCounter{by: by, counts: map[string]*tally{}, parents: map[string][]string{}}
}

// Add counts an event. The sample is not used after the call.
func (c *FacetCounter) Add(s *Sample) { c.AddTimes(s, 1) }

// AddTimes counts so many events of the same values. Their ids are not told apart.
func (c *FacetCounter) AddTimes(s *Sample, times int64) {
	switch c.by {
	case GroupCountry:
		c.count(s, times, s.Countries...)
	case GroupType:
		chain, ok := c.parents[s.Type]
		if !ok {
			chain = TypeWithParents(s.Type)
			c.parents[strings.Clone(s.Type)] = chain
		}
		c.count(s, times, chain...)
	case GroupStatus:
		c.count(s, times, s.Status)
	case GroupDataset:
		c.count(s, times, s.Dataset)
	case GroupActor:
		c.count(s, times, s.ActorKeys...)
	case GroupTag:
		c.count(s, times, s.Tags...)
	}
}

// AddValue counts so many events of one value of the facet, and of the types above it.
func (c *FacetCounter) AddValue(value string, times int64) {
	values := []string{value}
	if c.by == GroupType {
		values = TypeWithParents(value)
	}
	c.count(&Sample{}, times, values...)
}

func (c *FacetCounter) count(s *Sample, times int64, values ...string) {
	for _, v := range values {
		n := c.counts[v]
		if n == nil {
			n = &tally{example: strings.Clone(s.ID)}
			c.counts[strings.Clone(v)] = n
		}
		n.count += times
		if s.ID < n.example {
			n.example = strings.Clone(s.ID)
		}
	}
}

// Facet gives the values with the highest counts, at most limit of them.
func (c *FacetCounter) Facet(limit int) Facet {
	f := Facet{By: c.by}
	for v, n := range c.counts {
		f.Values = append(f.Values, FacetValue{Value: v, Count: n.count, Example: n.example})
	}
	slices.SortFunc(f.Values, func(a, b FacetValue) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	f.More = len(f.Values) > limit
	f.Values = slices.Clone(f.Values[:min(len(f.Values), limit)])
	for i := range f.Values {
		f.Values[i].Label = labelOf(c.by, f.Values[i].Value)
	}
	return f
}

// Name gives the values their labels from a map, where it has them: the titles of
// data sets, the names of actors by their folded keys.
func (f *Facet) Name(names map[string]Text) {
	for i := range f.Values {
		if name, ok := names[f.Values[i].Value]; ok {
			f.Values[i].Label = inThree(name, f.Values[i].Value)
		}
	}
}

// Name gives the groups their labels from a map, where it has them: the titles of
// data sets.
func (c *Chart) Name(names map[string]Text) {
	for i := range c.Groups {
		if name, ok := names[c.Groups[i].Value]; ok && i < MaxGroups { // GroupOther stands behind them
			c.Groups[i].Label = inThree(name, c.Groups[i].Value)
		}
	}
}

// labelOf names a value in all three languages: tags, actors and data sets, which no
// vocabulary knows, by the value itself.
func labelOf(by, value string) Text {
	switch by {
	case GroupCountry:
		if c, ok := country.Lookup(value); ok {
			return labels(c.Names.AR, c.Names.EN, c.Names.FR)
		}
	case GroupType:
		if t, ok := TypeByCode(value); ok {
			return t.Label
		}
	case GroupStatus:
		if label, ok := StatusLabels[value]; ok {
			return label
		}
	}
	return labels(value, value, value)
}

func labels(ar, en, fr string) Text { return Text{"ar": ar, "en": en, "fr": fr} }

// inThree gives a text in the three languages of labels. A language that is missing
// has the words of English, else of French, of Arabic, of the first of the others.
func inThree(t Text, value string) Text {
	words := cmp.Or(t["en"], t["fr"], t["ar"])
	if words == "" {
		words = value
		first := ""
		for tag, w := range t {
			if w != "" && (first == "" || tag < first) {
				first, words = tag, w
			}
		}
	}
	return labels(cmp.Or(t["ar"], words), cmp.Or(t["en"], words), cmp.Or(t["fr"], words))
}

// AppendFacets appends the answer with the revision that it is of.
func AppendFacets(b []byte, facets []Facet, revision int64) []byte {
	b = append(b, `{"facets":`...)
	b = appendList(b, facets, appendFacet)
	b = append(b, `,"revision":`...)
	b = strconv.AppendInt(b, revision, 10)
	return append(b, '}')
}

func appendFacet(b []byte, f Facet) []byte {
	b = append(b, `{"by":`...)
	b = AppendString(b, f.By)
	b = append(b, `,"values":`...)
	b = appendList(b, f.Values, appendFacetValue)
	b = append(b, `,"more":`...)
	b = strconv.AppendBool(b, f.More)
	return append(b, '}')
}

func appendFacetValue(b []byte, v FacetValue) []byte {
	b = append(b, `{"value":`...)
	b = AppendString(b, v.Value)
	b = append(b, `,"label":`...)
	b = AppendText(b, v.Label)
	b = append(b, `,"count":`...)
	b = strconv.AppendInt(b, v.Count, 10)
	return append(b, '}')
}
