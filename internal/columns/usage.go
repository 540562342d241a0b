package columns

import (
	"math"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Usage gives what events there are of each value of a kind of term that some event
// has. It gives false for the kinds that are not counted: tags and actors.
func (t *Table) Usage(kind string) (map[string]timeline.Usage, bool) {
	t.mu.RLock()
	values, ok, stale := t.usage(kind)
	t.mu.RUnlock()
	if !stale {
		return values, ok
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.findDays()
	values, ok, _ = t.usage(kind)
	return values, ok
}

func (t *Table) usage(kind string) (values map[string]timeline.Usage, ok, stale bool) {
	values = map[string]timeline.Usage{}
	add := func(value string, y *tally) {
		if y.events == 0 {
			return
		}
		stale = stale || y.stale
		u := timeline.Usage{Events: y.events, FirstDay: edtf.At(y.first), LastDay: edtf.At(y.last)}
		if before, ok := values[value]; ok { // of another child of a type
			u.Events += before.Events
			u.FirstDay.Day, u.LastDay.Day = min(u.FirstDay.Day, before.FirstDay.Day), max(u.LastDay.Day, before.LastDay.Day)
		}
		values[value] = u
	}
	ok = t.eachValue(kind, func(value string, y *tally) {
		if kind != timeline.TermType {
			add(value, y)
			return
		}
		for _, code := range timeline.TypeWithParents(value) {
			add(code, y)
		}
	})
	return values, ok, stale
}

// eachValue gives the values of a kind of term that are counted, and those of types
// without their parents. It gives false for the kinds that are not counted.
func (t *Table) eachValue(kind string, do func(value string, y *tally)) bool {
	words := t.valueNames(kind)
	tallies, ok := t.terms.of(kind)
	switch kind {
	case timeline.TermAll:
		words, tallies, ok = []string{""}, []*tally{&t.terms.all}, true
	case timeline.TermRegion:
		words, tallies, ok = atlas.codes, t.terms.regions, true
	}
	if !ok {
		return false
	}
	for n, y := range tallies {
		do(words[n], y)
	}
	return true
}

// findDays finds the first and last days of the tallies that have lost theirs.
func (t *Table) findDays() {
	t.settle()
	looking := map[*tally]bool{}
	for _, list := range [][]*tally{{&t.terms.all}, t.terms.types, t.terms.statuses, t.terms.datasets, t.terms.countries, t.terms.regions} {
		for _, y := range list {
			if y.stale {
				looking[y] = true
				y.first, y.last, y.stale = math.MaxInt32, math.MinInt32, false
			}
		}
	}
	if len(looking) == 0 {
		return
	}
	for i := range t.live.n {
		t.eachTally(t.live.at(i), func(y *tally, first, last edtf.Day) {
			if looking[y] {
				y.first, y.last = min(y.first, first), max(y.last, last)
			}
		})
	}
}
