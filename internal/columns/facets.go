package columns

import "github.com/tarikh-timeline/tarikh/internal/timeline"

// Facets counts facets of the events that a filter keeps, one that Answers, each under
// all filters but its own. It knows all of timeline.FacetBys but actors, and gives no
// examples. giveUp, unless it is nil, is asked now and then whether to end with
// timeline.ErrGivenUp.
func (t *Table) Facets(f timeline.Filter, bys []string, limit int, giveUp func() bool) ([]timeline.Facet, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	facets := make([]timeline.Facet, len(bys))
	counted := map[string]*facetCounts{} // under one filter all are counted together
	for i, by := range bys {
		counter := timeline.NewFacetCounter(by)
		with := timeline.FacetFilter(f, by)
		if key := with.Key(); key == "" {
			t.countAll(by, counter)
		} else {
			if counted[key] == nil {
				var err error
				if counted[key], err = t.countFacets(&with, giveUp); err != nil {
					return nil, err
				}
			}
			var s timeline.Sample
			for n, times := range counted[key].of(by) {
				if times > 0 {
					t.name(&s, by, uint32(n))
					counter.AddTimes(&s, int64(times))
				}
			}
		}
		facets[i] = counter.Facet(limit)
	}
	return facets, nil
}

// countAll counts a facet of all events, of what is counted already.
func (t *Table) countAll(by string, counter *timeline.FacetCounter) {
	add := func(value string, events int64) {
		if events > 0 {
			counter.AddValue(value, events)
		}
	}
	if by == timeline.GroupTag {
		for n, events := range t.tagged {
			add(t.tagWords.list[n], events)
		}
		return
	}
	t.eachValue(by, func(value string, y *tally) { add(value, y.events) })
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

func (t *Table) countFacets(f *timeline.Filter, giveUp func() bool) (*facetCounts, error) {
	c := &facetCounts{make([]int32, t.roles.len()), make([]int32, t.classes.len()), make([]int32, t.tags.len())}
	err := t.scan(t.compile(f, giveUp), func(k *chunk, places []uint16, sign int) {
		count(c.roles, k.roles, places, sign)
		k.class.count(c.classes, places, sign)
		k.tags.count(c.tags, places, sign)
	})
	return c, err
}
