package columns

import (
	"sync"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Facets counts facets of the events that a filter keeps, one that Answers, each under
// all filters but its own. It knows all of timeline.FacetBys but actors, and gives no
// examples. giveUp, unless it is nil, is asked now and then whether to end with
// timeline.ErrGivenUp.
func (t *Table) Facets(f timeline.Filter, bys []string, limit int, giveUp func() bool) ([]timeline.Facet, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	counts := make([][]int64, len(bys)) // by number of the value
	known := facetsKnown{t: t, giveUp: giveUp, weights: sync.OnceValue(func() []int8 { return t.markWeights(&f) })}
	scanned := map[string][]int{} // under one filter all are counted together
	for i, by := range bys {
		under := timeline.FacetFilter(f, by)
		var ok bool
		var err error
		if counts[i], ok, err = known.count(&under, by); err != nil {
			return nil, err
		}
		if !ok {
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

// facetsKnown counts the facets of a question of what is counted already or will be used
// again.
type facetsKnown struct {
	t       *Table
	giveUp  func() bool
	weights func() []int8 // of the window, see markWeights
	spent   bool          // one facet was counted ahead, which is enough for one question
}

// count counts a facet of the events that its filter keeps. It gives false where a scan is
// needed.
func (k *facetsKnown) count(f *timeline.Filter, by string) (counts []int64, ok bool, err error) {
	t := k.t
	switch _, isTerm := t.terms.of(by); {
	case f.Key() == "":
		return t.countAll(by), true, nil
	case !hasDays(f):
		values, err := viewed(t, f, ofValues, k.giveUp, t.countAllValues)
		return values[by], err == nil, err
	case !isTerm || k.weights() == nil:
		return nil, false, nil
	}
	there := isAll(f) || t.views.has(f, ofMarksBy+by)
	if !there && k.spent {
		return nil, false, nil
	}
	tallies, ok, err := t.talliesBy(f, by, lately, k.giveUp)
	if !ok {
		return nil, false, err
	}
	k.spent = k.spent || !there
	for _, y := range tallies {
		counts = append(counts, y.inWindow(k.weights()))
	}
	return counts, true, nil
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
