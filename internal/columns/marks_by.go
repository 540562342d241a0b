package columns

import (
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// valueTallies are the marks of the events that have each value of a facet: what facets in
// windows of whole months and charts in groups are made of.
type valueTallies struct {
	by   string
	list []*tally // by number of the value
}

func (v *valueTallies) add(t *Table, r record, by int) bool {
	ok := true
	t.eachValueOf(v.by, r, func(value uint32) {
		ok = t.addShape(of(&v.list, value), r.shape, by) && ok
	})
	return ok
}

func (v *valueTallies) bytes() int {
	n := 8 * cap(v.list)
	for _, y := range v.list {
		n += y.bytes()
	}
	return n
}

// talliesBy gives the marks of the events of each value of a facet that a filter keeps,
// whatever it says of days. The error is timeline.ErrGivenUp.
func (t *Table) talliesBy(f *timeline.Filter, by string, giveUp func() bool) ([]*tally, error) {
	if list, ok := t.terms.of(by); ok && isAll(f) {
		return list, nil
	}
	v, err := viewed(t, f, ofMarksBy+by, giveUp, t.countMarksBy(by))
	if err != nil {
		return nil, err
	}
	return v.list, nil
}

// talliesAgain is talliesBy where the marks are counted already, or their filter was asked
// for before.
func (t *Table) talliesAgain(f *timeline.Filter, by string, giveUp func() bool) (list []*tally, ok bool, err error) {
	list, isTerm := t.terms.of(by)
	if !isTerm || isAll(f) {
		return list, isTerm, nil
	}
	if !t.views.again(f, ofMarksBy+by) {
		return nil, false, nil
	}
	v, err := viewedAgain(t, f, ofMarksBy+by, giveUp, t.countMarksBy(by))
	if err != nil {
		return nil, false, err
	}
	return v.list, true, nil
}

// isAll tells that a filter keeps all events, but for its days.
func isAll(f *timeline.Filter) bool {
	always := timeless(f)
	return always.Key() == ""
}

// countMarksBy counts the marks of the events that a query keeps by the values of a facet:
// in a table of all marks for each value, unless it would be too large.
func (t *Table) countMarksBy(by string) func(q *query) (*valueTallies, error) {
	return func(q *query) (*valueTallies, error) {
		if t.marks.len()*len(t.valueNames(by)) <= t.maxCells {
			return t.countInCells(q, by)
		}
		v := &valueTallies{by: by}
		err := t.scan(q, func(c *chunk, places []uint16, sign int) {
			for _, p := range places {
				v.add(t, record{shape: c.shape[p], class: c.class.at(p), roles: c.roles[p], tags: c.tags.at(p)}, sign)
			}
		})
		return v, err
	}
}

func (t *Table) countInCells(q *query, by string) (*valueTallies, error) {
	marks := t.marks.len()
	events := make([]int64, len(t.valueNames(by)))
	cells := make([]int32, len(events)*marks)
	values := t.valuesOf(by)
	err := t.scan(q, func(c *chunk, places []uint16, sign int) {
		column := c.groups(by)
		for _, p := range places {
			marksOf := t.shapeMarks[c.shape[p]]
			for _, value := range values.of(column.at(p)) {
				events[value] += int64(sign)
				at := int(value) * marks
				cells[at+int(marksOf[0])] += int32(sign)
				if marksOf[1] != 0 {
					cells[at+int(marksOf[1])] += int32(sign)
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	v := &valueTallies{by: by}
	for value, n := range events {
		y := tallyOf(cells[value*marks : (value+1)*marks])
		y.events = n
		v.list = append(v.list, y)
	}
	return v, nil
}

// valuesOf gives the values of each number of the column that a facet is of.
func (t *Table) valuesOf(by string) *numberLists[uint32] {
	lists := newNumberLists[uint32](t.groupsOf(by))
	for n := range t.groupsOf(by) {
		r := record{class: uint32(n)}
		if by == timeline.GroupCountry {
			r = record{roles: uint32(n)}
		}
		if by == timeline.GroupCountry || len(t.classes.at(r.class)) > 0 { // not one that is given up
			t.eachValueOf(by, r, lists.add)
		}
		lists.next()
	}
	return lists
}

// countsOfMarks says of each mark, by its number, what it counts within a filter's window:
// see timeline.MonthCount. nil: marks do not tell which events the window keeps.
func (t *Table) countsOfMarks(f *timeline.Filter) []int8 {
	count, ok := timeline.NewMonthCount(f)
	if !ok || f.On != (timeline.MonthDay{}) {
		return nil
	}
	inWindow := windowTest(f)
	var s shape
	counts := make([]int8, t.marks.len())
	for n := 1; n < len(counts); n++ {
		switch text := t.marks.at(uint32(n)); {
		case len(text) == 0: // given up
		case timeline.MarkKind(text[0]) != whole:
			counts[n] = count.Of(readMark(text))
		default:
			if readShape(text[1:], &s); !f.HasWindow() || inWindow(&s) {
				counts[n] = 1
			}
		}
	}
	return counts
}

// sum adds up what the marks of a tally count.
func (y *tally) sum(of []int8) (n int64) {
	for _, m := range y.list {
		n += int64(of[m>>32]) * int64(uint32(m))
	}
	return n
}

// sums gives the sum of each tally.
func sums(tallies []*tally, of []int8) []int64 {
	list := make([]int64, len(tallies))
	for i, y := range tallies {
		list[i] = y.sum(of)
	}
	return list
}
