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
	counted := map[string]*valueCounts{} // under one filter all are counted together
	for i, by := range bys {
		counter := timeline.NewFacetCounter(by)
		with := timeline.FacetFilter(f, by)
		switch key := with.Key(); {
		case key == "":
			t.countAll(by, counter)
		case counted[key] == nil:
			var err error
			if hasDays(&with) {
				counted[key], err = t.countValues(t.compile(&with, giveUp))
			} else {
				counted[key], err = viewed(t, &with, ofValues, giveUp, t.countValues)
			}
			if err != nil {
				return nil, err
			}
			fallthrough
		default:
			counted[key].facet(t, by, counter)
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
