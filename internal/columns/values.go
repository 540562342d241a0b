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

// countValues counts the values of the events that a query keeps, each list of countries
// and so on once.
func (t *Table) countValues(q *query) (valueCounts, error) {
	roles, classes, tags := make([]int32, t.roles.len()), make([]int32, t.classes.len()), make([]int32, t.tags.len())
	err := t.scan(q, func(k *chunk, places []uint16, sign int) {
		count(roles, k.roles, places, sign)
		k.class.count(classes, places, sign)
		k.tags.count(tags, places, sign)
	})
	if err != nil {
		return nil, err
	}
	v := valueCounts{}
	collect := func(by string, counts []int32, of func(n uint32) record) {
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
	collect(timeline.GroupCountry, roles, func(n uint32) record { return record{roles: n} })
	collect(timeline.GroupTag, tags, func(n uint32) record { return record{tags: n} })
	for _, by := range []string{timeline.GroupType, timeline.GroupStatus, timeline.GroupDataset} {
		collect(by, classes, func(n uint32) record { return record{class: n} })
	}
	return v, nil
}
