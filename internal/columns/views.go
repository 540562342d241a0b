package columns

import (
	"sync"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// maxViews bounds how many views each change has to be tried on.
const maxViews = 64

// viewsShare is which part of what the events take the views take at most.
const viewsShare = 8

// views are what was counted for the filters that were asked last. Whoever moves a window,
// or asks again after something was written, does not wait for another scan: what a view
// tells takes as long however many events there are.
type views struct {
	mu    sync.Mutex // of the map, of what views are made of and of their last use
	by    map[viewKey]*view
	uses  int
	bytes int // of all
	least int // bytes that are allowed however few the events are
}

// view is what is counted of the events that a filter keeps, with every change.
type view struct {
	counts
	filter     timeline.Filter // says nothing of days
	conditions *conditions
	words      int // how many there were when the conditions were made
	pairs      int // that the conditions are about, each in some 60 bytes
	used       int // when, as views.uses
}

func (v *view) bytes() int { return v.counts.bytes() + 60*v.pairs + 200 }

// viewKey tells views apart.
type viewKey struct{ filter, of string }

// What a view counts.
const (
	ofMarks  = "marks"  // see tally: for whole months
	ofShapes = "shapes" // for any days, of which there are more
	ofValues = "values" // for facets
)

// counts is what one kind of view counts.
type counts interface {
	add(t *Table, r record, by int) bool // false where less than nothing would be left
	bytes() int
}

// timeless gives a filter without what it says of days.
func timeless(f *timeline.Filter) timeline.Filter {
	always := *f
	always.Window, always.Match, always.On = edtf.Window{}, "", timeline.MonthDay{}
	return always
}

// hasDays tells whether a filter says something of days.
func hasDays(f *timeline.Filter) bool { return f.HasWindow() || f.On != (timeline.MonthDay{}) }

// viewed gives what is counted for a filter, whatever it says of days, and counts it where
// it was not asked for lately. The table is read. The error is timeline.ErrGivenUp.
func viewed[C counts](t *Table, f *timeline.Filter, of string, giveUp func() bool, count func(*query) (C, error)) (C, error) {
	always := timeless(f)
	key := viewKey{always.Key(), of}
	if known, ok := t.views.find(key).(C); ok {
		return known, nil
	}
	counted, err := count(t.compile(&always, giveUp)) // others may count the same meanwhile
	if err != nil {
		return counted, err
	}
	t.views.keep(key, &view{counts: counted, filter: always, pairs: len(t.pairInfo)}, max(t.views.least, t.eventBytes()/viewsShare))
	return counted, nil
}

// find gives what a view has counted; nil where there is none.
func (v *views) find(key viewKey) counts {
	v.mu.Lock()
	defer v.mu.Unlock()
	known := v.by[key]
	if known == nil {
		return nil
	}
	v.uses++
	known.used = v.uses
	return known.counts
}

// keep keeps a view, and forgets those that were used longest ago for it. One that is too
// large for itself alone is not kept.
func (v *views) keep(key viewKey, one *view, most int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	size := one.bytes()
	if size > most || v.by[key] != nil {
		return
	}
	if v.by == nil {
		v.by = map[viewKey]*view{}
	}
	for len(v.by) >= maxViews || v.bytes+size > most {
		var oldest viewKey
		first := -1
		for key, other := range v.by {
			if first < 0 || other.used < first {
				oldest, first = key, other.used
			}
		}
		v.bytes -= v.by[oldest].bytes()
		delete(v.by, oldest)
	}
	v.uses++
	one.used = v.uses
	v.by[key] = one
	v.bytes += size
}

// change brings the views to what came and went; the table is written to. What has grown
// too large is forgotten when the next one is kept.
func (v *views) change(t *Table, come, gone []record) (ok bool) {
	ok = true
	v.bytes = 0
	words := len(t.pairInfo) + len(t.types.list) + len(t.statuses.list) + len(t.datasets.list) + len(t.tagWords.list)
	for _, one := range v.by {
		if one.conditions == nil || one.words < words {
			one.conditions, one.words, one.pairs = t.conditions(&one.filter), words, len(t.pairInfo)
		}
		for _, part := range []struct {
			records []record
			by      int
		}{{come, 1}, {gone, -1}} {
			for _, r := range part.records {
				if t.keeps(one.conditions, r) {
					ok = one.add(t, r, part.by) && ok
				}
			}
		}
		v.bytes += one.bytes()
	}
	return ok
}

// markCounts counts the marks of events.
type markCounts struct{ tally }

func (m *markCounts) add(t *Table, r record, by int) bool {
	ok := true
	for _, mark := range t.shapeMarks[r.shape] {
		if mark != 0 {
			ok = m.tally.add(mark, by) && ok
		}
	}
	m.events += int64(by)
	return ok
}

func (m *markCounts) bytes() int { return 8*cap(m.list) + 64 }

// countMarks counts the marks of the events that a query keeps.
func (t *Table) countMarks(q *query) (*markCounts, error) {
	shapes, err := t.shapesOf(q)
	if err != nil {
		return nil, err
	}
	m := &markCounts{}
	for n, times := range shapes {
		if times > 0 {
			for _, mark := range t.shapeMarks[n] {
				if mark != 0 {
					m.tally.add(mark, int(times))
				}
			}
			m.events += int64(times)
		}
	}
	return m, nil
}

// shapeCounts counts the shapes of events.
type shapeCounts struct{ tally }

func (s *shapeCounts) add(_ *Table, r record, by int) bool {
	s.events += int64(by)
	return s.tally.add(r.shape, by)
}

func (s *shapeCounts) bytes() int { return 8*cap(s.list) + 64 }

// countShapes counts the shapes of the events that a query keeps.
func (t *Table) countShapes(q *query) (*shapeCounts, error) {
	shapes, err := t.shapesOf(q)
	if err != nil {
		return nil, err
	}
	s := &shapeCounts{}
	for n, times := range shapes {
		if times > 0 {
			s.tally.add(uint32(n), int(times))
			s.events += int64(times)
		}
	}
	return s, nil
}

// kept gives the shapes that a filter's days keep and how often they are there.
func (s *shapeCounts) kept(t *Table, f *timeline.Filter, do func(text []byte, times uint32)) {
	keep := shapeTest(f)
	s.each(func(n, times uint32) {
		if text := t.shapes.at(n); keep(text) {
			do(text, times)
		}
	})
}

// shapesOf counts by their number the shapes of the events that a query keeps.
func (t *Table) shapesOf(q *query) ([]int32, error) {
	counts := make([]int32, t.shapes.len())
	err := t.scan(q, func(c *chunk, places []uint16, sign int) { count(counts, c.shape, places, sign) })
	return counts, err
}

// valueCounts counts the values of events for facets, by the numbers of words.
type valueCounts struct{ countries, types, statuses, datasets, tags []int64 }

func (v *valueCounts) add(t *Table, r record, by int) bool {
	v.addRoles(t, r.roles, by)
	v.addClass(t, r.class, by)
	v.addTags(t, r.tags, by)
	return true
}

func (v *valueCounts) addRoles(t *Table, n uint32, times int) {
	roles := t.roles.at(n)
	for i := range len(roles) / 2 {
		if code := t.pairInfo[number(roles, i)].country; !t.hasCountry(roles[:2*i], code) {
			addTo(&v.countries, code, times)
		}
	}
}

func (v *valueCounts) addClass(t *Table, n uint32, times int) {
	c := readClass(t.classes.at(n))
	addTo(&v.types, c.kind, times)
	addTo(&v.statuses, c.status, times)
	addTo(&v.datasets, c.dataset, times)
}

func (v *valueCounts) addTags(t *Table, n uint32, times int) {
	for b := t.tags.at(n); len(b) > 0; b = b[4:] {
		addTo(&v.tags, number4(b), times)
	}
}

func (v *valueCounts) bytes() int {
	return 8*(cap(v.countries)+cap(v.types)+cap(v.statuses)+cap(v.datasets)+cap(v.tags)) + 256
}

// countValues counts the values of the events that a query keeps.
func (t *Table) countValues(q *query) (*valueCounts, error) {
	roles, classes, tags := make([]int32, t.roles.len()), make([]int32, t.classes.len()), make([]int32, t.tags.len())
	err := t.scan(q, func(k *chunk, places []uint16, sign int) {
		count(roles, k.roles, places, sign)
		k.class.count(classes, places, sign)
		k.tags.count(tags, places, sign)
	})
	v := &valueCounts{}
	for _, part := range []struct {
		counts []int32
		add    func(t *Table, n uint32, times int)
	}{{roles, v.addRoles}, {classes, v.addClass}, {tags, v.addTags}} {
		for n, times := range part.counts {
			if times > 0 {
				part.add(t, uint32(n), int(times))
			}
		}
	}
	return v, err
}

// facet counts a facet of what is counted.
func (v *valueCounts) facet(t *Table, by string, counter *timeline.FacetCounter) {
	list, names := v.tags, t.tagWords.list
	switch by {
	case timeline.GroupCountry:
		list, names = v.countries, t.terms.countryWords.list
	case timeline.GroupType:
		list, names = v.types, t.types.list
	case timeline.GroupStatus:
		list, names = v.statuses, t.statuses.list
	case timeline.GroupDataset:
		list, names = v.datasets, t.datasets.list
	}
	for n, events := range list {
		if events > 0 {
			counter.AddValue(names[n], events)
		}
	}
}
