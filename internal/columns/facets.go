package columns

import "github.com/tarikh-timeline/tarikh/internal/timeline"

// Facets counts facets of the events that a filter keeps, one that Answers, each under
// all filters but its own. It knows all of timeline.FacetBys but actors, and gives no
// examples.
func (t *Table) Facets(f timeline.Filter, bys []string, limit int) []timeline.Facet {
	t.mu.RLock()
	defer t.mu.RUnlock()
	facets := make([]timeline.Facet, len(bys))
	counted := map[string]*facetCounts{} // under one filter all are counted together
	for i, by := range bys {
		with := timeline.FacetFilter(f, by)
		key := with.Key()
		counts := counted[key]
		if counts == nil {
			counts = t.countFacets(&with)
			counted[key] = counts
		}
		counter := timeline.NewFacetCounter(by)
		var s timeline.Sample
		for n, times := range counts.of(by) {
			if times > 0 {
				t.name(&s, by, uint32(n))
				counter.AddTimes(&s, int64(times))
			}
		}
		facets[i] = counter.Facet(limit)
	}
	return facets
}

// facetCounts is how many events have each number of a dictionary.
type facetCounts struct{ roles, classes, tags []int32 }

func (c *facetCounts) of(by string) []int32 {
	switch by {
	case timeline.GroupCountry:
		return c.roles
	case timeline.GroupTag:
		return c.tags
	}
	return c.classes
}

func (t *Table) countFacets(f *timeline.Filter) *facetCounts {
	c := &facetCounts{make([]int32, t.roles.len()), make([]int32, t.classes.len()), make([]int32, t.tags.len())}
	if f.Key() == "" { // all events: the dictionaries have counted them
		t.roles.count(c.roles)
		t.classes.count(c.classes)
		t.tags.count(c.tags)
		for i := range t.gone.n { // which holds twice what is there no more
			r := t.gone.at(i)
			c.roles[r.roles] -= 2
			c.classes[r.class] -= 2
			c.tags[r.tags] -= 2
		}
		return c
	}
	t.scan(t.compile(f), func(k *chunk, places []uint16, sign int) {
		count(c.roles, k.roles, places, sign)
		k.class.count(c.classes, places, sign)
		k.tags.count(c.tags, places, sign)
	})
	return c
}
