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
	counted := map[string]valueCounts{} // under one filter all are counted together
	for i, by := range bys {
		counter := timeline.NewFacetCounter(by)
		if err := t.countFacet(timeline.FacetFilter(f, by), by, counted, counter, giveUp); err != nil {
			return nil, err
		}
		facets[i] = counter.Facet(limit)
	}
	return facets, nil
}

// countFacet counts a facet of the events that its filter keeps.
func (t *Table) countFacet(f timeline.Filter, by string, known map[string]valueCounts, counter *timeline.FacetCounter, giveUp func() bool) error {
	if f.Key() == "" {
		t.countAll(by, counter)
		return nil
	}
	counted, err := t.valuesUnder(&f, known, giveUp)
	if err != nil {
		return err
	}
	for n, events := range counted[by] {
		if events > 0 {
			counter.AddValue(t.valueNames(by)[n], events)
		}
	}
	return nil
}

// valuesUnder gives how many events of a filter have each value.
func (t *Table) valuesUnder(f *timeline.Filter, known map[string]valueCounts, giveUp func() bool) (valueCounts, error) {
	key := f.Key()
	if counted, ok := known[key]; ok {
		return counted, nil
	}
	var err error
	if hasDays(f) {
		known[key], err = t.countValues(t.compile(f, giveUp))
	} else {
		known[key], err = viewed(t, f, ofValues, giveUp, t.countValues)
	}
	return known[key], err
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
