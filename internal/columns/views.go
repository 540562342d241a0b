package columns

import (
	"math"
	"sync"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// maxViews bounds how many views each change has to be tried on.
const maxViews = 64

// maxAsked bounds how many questions are remembered that were asked once.
const maxAsked = 128

// viewsShare is which part of what the events take the views take at most.
const viewsShare = 8

// lately is among how many of the last uses of views one is used lately, see viewedSparing;
// later is after how many it is tried again to keep what had no room beside those.
const (
	lately = 32
	later  = 256
)

// views are what was counted for the filters that were asked last. Whoever moves a window,
// or asks again after something was written, does not wait for another scan: what a view
// tells takes as long however many events there are.
type views struct {
	mu    sync.Mutex // of the map, of what views are made of and of their last use
	by    map[viewKey]*view
	asked map[viewKey]int // what was asked for once, and from which use on it is worth counting
	uses  int
	bytes int // of all
	least int // bytes that are allowed however few the events are
}

// view is what is counted of the events that a filter keeps, with every change.
type view struct {
	counts
	filter     timeline.Filter // says nothing of days
	conditions *conditions
	words      int // how many there were when the conditions were made, see wordsOf
	used       int // when, as views.uses
}

// bytes is about what the view takes of memory: its conditions have up to 60 for each
// country in a role.
func (v *view) bytes(t *Table) int {
	n := v.counts.bytes() + 500
	if len(v.filter.Countries)+len(v.filter.Roles)+len(v.filter.Regions) > 0 {
		n += 60 * len(t.pairInfo)
	}
	return n
}

// viewKey tells views apart.
type viewKey struct{ filter, of string }

// What a view counts.
const (
	ofMarks  = "marks"  // see tally: for whole months
	ofShapes = "shapes" // for any days, of which there are more
	ofValues = "values" // for facets

	ofMarksBy    = "marks by "     // of the events of each value, for facets in whole months and for groups
	ofMeasure    = "sums of "      // of a measure, by mark
	ofOthersThan = "others than: " // marks of the events that have a country besides those that follow
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
	return viewedSparing(t, f, of, 0, giveUp, count)
}

// viewedAgain is viewed for what can be had in another way: it gives false where the filter
// comes for the first time, or could not be kept before. spare is of viewedSparing.
func viewedAgain[C counts](t *Table, f *timeline.Filter, of string, spare int, giveUp func() bool, count func(*query) (C, error)) (c C, ok bool, err error) {
	if !t.views.again(f, of) {
		return c, false, nil
	}
	c, err = viewedSparing(t, f, of, spare, giveUp, count)
	return c, err == nil, err
}

// viewedSparing is viewed, and keeps what it has counted where none of those that are among
// so many of the last uses has to be forgotten for it: what can be had in another way that
// takes hardly longer must not push out what cannot. What was given up is not tried again
// soon: it may be had in the other way within the time there is.
func viewedSparing[C counts](t *Table, f *timeline.Filter, of string, spare int, giveUp func() bool, count func(*query) (C, error)) (C, error) {
	always := timeless(f)
	key := viewKey{always.Key(), of}
	if known, ok := t.views.find(key).(C); ok {
		return known, nil
	}
	made, err := count(t.compile(&always, giveUp)) // others may count the same meanwhile
	if err != nil {
		t.views.tryLater(key)
		return made, err
	}
	t.views.keep(t, key, &view{counts: made, filter: always}, spare)
	return made, nil
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

// tryLater notes that a view is not worth counting for a while.
func (v *views) tryLater(key viewKey) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.note(key, v.uses+later)
}

// has tells whether there is a view of a filter.
func (v *views) has(f *timeline.Filter, of string) bool {
	always := timeless(f)
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.by[viewKey{always.Key(), of}] != nil
}

// again tells whether a view of a filter is there, or was asked for before and can be
// kept.
func (v *views) again(f *timeline.Filter, of string) bool {
	always := timeless(f)
	key := viewKey{always.Key(), of}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.by[key] != nil {
		return true
	}
	v.uses++
	from, known := v.asked[key]
	if !known {
		v.note(key, v.uses)
	}
	return known && v.uses >= from
}

// note remembers that a question was asked, and from which use on it is worth counting what
// it takes; mu is held.
func (v *views) note(key viewKey, from int) {
	if v.asked == nil || len(v.asked) >= maxAsked {
		v.asked = map[viewKey]int{}
	}
	v.asked[key] = from
}

// most is how many bytes all may take.
func (v *views) most(t *Table) int { return max(v.least, t.eventBytes()/viewsShare) }

// keep keeps a view, and forgets those that were used longest ago for it, but for those of
// so many of the last uses as are to be spared. One that there is no room for is not kept.
func (v *views) keep(t *Table, key viewKey, one *view, spare int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.by[key] != nil {
		return
	}
	v.uses++
	spared := 0
	for _, other := range v.by {
		if other.used > v.uses-spare {
			spared += other.bytes(t)
		}
	}
	size, most := one.bytes(t), v.most(t)
	switch {
	case size > most:
		v.note(key, math.MaxInt)
		return
	case size+spared > most:
		v.note(key, v.uses+later)
		return
	}
	if v.by == nil {
		v.by = map[viewKey]*view{}
	}
	v.forget(t, maxViews-1, most-size)
	one.used = v.uses
	v.by[key] = one
	v.bytes += size
}

// forget forgets those that were used longest ago, until there are no more than so many
// and they take no more than so many bytes.
func (v *views) forget(t *Table, number, bytes int) {
	for len(v.by) > number || len(v.by) > 0 && v.bytes > bytes {
		var oldest viewKey
		first := -1
		for key, one := range v.by {
			if first < 0 || one.used < first {
				oldest, first = key, one.used
			}
		}
		v.bytes -= v.by[oldest].bytes(t)
		delete(v.by, oldest)
	}
}

// change brings the views to what came and went; the table is written to.
func (v *views) change(t *Table, come, gone []record) (ok bool) {
	ok = true
	v.bytes = 0
	for _, one := range v.by {
		if words := t.wordsOf(&one.filter); one.conditions == nil || one.words < words {
			one.conditions, one.words = t.conditions(&one.filter), words
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
		v.bytes += one.bytes(t)
	}
	v.forget(t, maxViews, v.most(t))
	return ok
}

// markCounts counts the marks of events.
type markCounts struct{ tally }

func (m *markCounts) add(t *Table, r record, by int) bool { return t.addShape(&m.tally, r.shape, by) }

func (m *markCounts) bytes() int { return m.tally.bytes() }

// addShape adds events of a shape to a tally, or takes them away, without their days. It
// gives false where less than nothing would be left.
func (t *Table) addShape(y *tally, shape uint32, by int) bool {
	ok := true
	for _, mark := range t.shapeMarks[shape] {
		if mark != 0 {
			ok = y.add(mark, by) && ok
		}
	}
	y.events += int64(by)
	return ok
}

// countMarks counts the marks of the events that a query keeps.
func (t *Table) countMarks(q *query) (*markCounts, error) {
	shapes, err := t.shapesOf(q)
	if err != nil {
		return nil, err
	}
	m := &markCounts{}
	for n, times := range shapes {
		if times > 0 {
			t.addShape(&m.tally, uint32(n), int(times))
		}
	}
	return m, nil
}

// shapeCounts counts the shapes of events, by their number.
type shapeCounts struct{ times []int32 }

func (s *shapeCounts) add(_ *Table, r record, by int) bool {
	if int(r.shape) >= len(s.times) {
		s.times = append(s.times, make([]int32, int(r.shape)+1-len(s.times))...)
	}
	s.times[r.shape] += int32(by)
	return s.times[r.shape] >= 0
}

func (s *shapeCounts) bytes() int { return 4 * cap(s.times) }

// countShapes counts the shapes of the events that a query keeps.
func (t *Table) countShapes(q *query) (*shapeCounts, error) {
	times, err := t.shapesOf(q)
	return &shapeCounts{times}, err
}

// kept gives the shapes that are there and that a filter's days keep, and how often.
func (s *shapeCounts) kept(t *Table, f *timeline.Filter, do func(text []byte, times uint32)) {
	keep := shapeTest(f)
	for n, times := range s.times {
		if times == 0 {
			continue
		}
		if text := t.shapes.at(uint32(n)); keep(text) {
			do(text, uint32(times))
		}
	}
}

// shapesOf counts by their number the shapes of the events that a query keeps.
func (t *Table) shapesOf(q *query) ([]int32, error) {
	counts := make([]int32, t.shapes.len())
	err := t.scan(q, func(c *chunk, places []uint16, sign int) { count(counts, c.shape, places, sign) })
	return counts, err
}
