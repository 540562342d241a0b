package columns

import "github.com/tarikh-timeline/tarikh/internal/timeline"

// eachValueOf gives the numbers of the values that an event has of a facet.
func (t *Table) eachValueOf(by string, r record, do func(value uint32)) {
	switch by {
	case timeline.GroupCountry:
		roles := t.roles.at(r.roles)
		for i := range len(roles) / 2 {
			if country := t.pairInfo[number(roles, i)].country; !t.hasCountry(roles[:2*i], country) {
				do(country)
			}
		}
	case timeline.GroupTag:
		for b := t.tags.at(r.tags); len(b) > 0; b = b[4:] {
			do(number4(b))
		}
	case timeline.GroupType:
		do(readClass(t.classes.at(r.class)).kind)
	case timeline.GroupStatus:
		do(readClass(t.classes.at(r.class)).status)
	case timeline.GroupDataset:
		do(readClass(t.classes.at(r.class)).dataset)
	}
}

// valueNames gives the values of a facet by their numbers.
func (t *Table) valueNames(by string) []string {
	switch by {
	case timeline.GroupCountry:
		return t.terms.countryWords.list
	case timeline.GroupTag:
		return t.tagWords.list
	case timeline.GroupType:
		return t.types.list
	case timeline.GroupStatus:
		return t.statuses.list
	}
	return t.datasets.list
}

// valueCounts counts events by the values of every facet.
type valueCounts map[string][]int64 // by facet and number of the value

func (v valueCounts) add(t *Table, r record, by int) bool {
	for facet, list := range v {
		t.eachValueOf(facet, r, func(value uint32) { addTo(&list, value, by) })
		v[facet] = list
	}
	return true
}

func (v valueCounts) bytes() int {
	n := 0
	for _, list := range v {
		n += 8*cap(list) + 64
	}
	return n
}

// allFacets are those that a table knows.
var allFacets = []string{timeline.GroupCountry, timeline.GroupType, timeline.GroupStatus, timeline.GroupDataset, timeline.GroupTag}

func (t *Table) countAllValues(q *query) (valueCounts, error) { return t.countValues(q, allFacets) }

// countValues counts the values that the events which a query keeps have of facets, each
// list of countries and so on once.
func (t *Table) countValues(q *query, bys []string) (valueCounts, error) {
	var roles, classes, tags []int32 // those that are needed
	for _, by := range bys {
		switch by {
		case timeline.GroupCountry:
			roles = make([]int32, t.roles.len())
		case timeline.GroupTag:
			tags = make([]int32, t.tags.len())
		default:
			classes = make([]int32, t.classes.len())
		}
	}
	err := t.scan(q, func(k *chunk, places []uint16, sign int) {
		if roles != nil {
			count(roles, k.roles, places, sign)
		}
		if classes != nil {
			k.class.count(classes, places, sign)
		}
		if tags != nil {
			k.tags.count(tags, places, sign)
		}
	})
	if err != nil {
		return nil, err
	}
	v := valueCounts{}
	for _, by := range bys {
		counts, of := classes, func(n uint32) record { return record{class: n} }
		switch by {
		case timeline.GroupCountry:
			counts, of = roles, func(n uint32) record { return record{roles: n} }
		case timeline.GroupTag:
			counts, of = tags, func(n uint32) record { return record{tags: n} }
		}
		var list []int64
		var now int
		add := func(value uint32) { addTo(&list, value, now) }
		for n, times := range counts {
			if now = int(times); now > 0 {
				t.eachValueOf(by, of(uint32(n)), add)
			}
		}
		v[by] = list
	}
	return v, nil
}
