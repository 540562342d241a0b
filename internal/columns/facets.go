package columns

import "github.com/tarikh-timeline/tarikh/internal/timeline"

// Facets counts facets of the events that a filter keeps, one that Answers, each under
// all filters but its own. It knows all of timeline.FacetBys but actors, and gives no
// examples. giveUp, unless it is nil, is asked now and then whether to end with
// timeline.ErrGivenUp.
func (t *Table) Facets(f timeline.Filter, bys []string, limit int, giveUp func() bool) ([]timeline.Facet, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	counts := make([][]int64, len(bys)) // by number of the value
	scanned := map[string][]int{}       // under one filter all are counted together
	var inWindow []int8
	if hasDays(&f) {
		inWindow = t.countsOfMarks(&f)
	}
	for i, by := range bys {
		under := timeline.FacetFilter(f, by)
		var known bool
		var err error
		if counts[i], known, err = t.knownFacet(&under, by, inWindow, giveUp); err != nil {
			return nil, err
		}
		if !known {
			scanned[under.Key()] = append(scanned[under.Key()], i)
		}
	}
	for _, places := range scanned {
		under := timeline.FacetFilter(f, bys[places[0]])
		asked := make([]string, len(places))
		for i, place := range places {
			asked[i] = bys[place]
		}
		counted, err := t.countValues(t.compile(&under, giveUp), asked)
		if err != nil {
			return nil, err
		}
		for _, place := range places {
			counts[place] = counted[bys[place]]
		}
	}
	facets := make([]timeline.Facet, len(bys))
	for i, by := range bys {
		counter := timeline.NewFacetCounter(by)
		names := t.valueNames(by)
		for n, events := range counts[i] {
			if events > 0 {
				counter.AddValue(names[n], events)
			}
		}
		facets[i] = counter.Facet(limit)
	}
	return facets, nil
}

// knownFacet counts a facet of the events that its filter keeps, of what is counted already
// or will be used again; inWindow is nil where marks do not tell which events the window
// keeps.
func (t *Table) knownFacet(f *timeline.Filter, by string, inWindow []int8, giveUp func() bool) (counts []int64, known bool, err error) {
	switch {
	case f.Key() == "":
		return t.countAll(by), true, nil
	case !hasDays(f):
		counted, err := viewed(t, f, ofValues, giveUp, t.countAllValues)
		return counted[by], err == nil, err
	case inWindow == nil:
		return nil, false, nil
	}
	tallies, known, err := t.talliesAgain(f, by, giveUp)
	return sums(tallies, inWindow), known, err
}

// countAll gives a facet of all events, of what is counted already.
func (t *Table) countAll(by string) []int64 {
	if by == timeline.GroupTag {
		return t.tagged
	}
	var counts []int64
	tallies, _ := t.terms.of(by)
	for _, y := range tallies {
		counts = append(counts, y.events)
	}
	return counts
}
