package columns

import "github.com/tarikh-timeline/tarikh/internal/timeline"

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
// whatever it says of days. It gives false where they are not counted, and not worth it or
// too many. spare is of viewedSparing. The error is timeline.ErrGivenUp.
func (t *Table) talliesBy(f *timeline.Filter, by string, spare int, giveUp func() bool) (list []*tally, ok bool, err error) {
	list, isTerm := t.terms.of(by)
	if !isTerm || isAll(f) {
		return list, isTerm, nil
	}
	atOnce := max(1, t.maxCells/t.marks.len())
	if (len(list)+atOnce-1)/atOnce > maxPasses && !t.views.has(f, ofMarksBy+by) {
		return nil, false, nil
	}
	v, ok, err := viewedAgain(t, f, ofMarksBy+by, spare, giveUp, func(q *query) (*valueTallies, error) { return t.countMarksBy(q, by) })
	if !ok {
		return nil, false, err
	}
	return v.list, true, nil
}

// isAll tells that a filter keeps all events, but for its days.
func isAll(f *timeline.Filter) bool {
	always := timeless(f)
	return always.Key() == ""
}

// maxPasses is how often the records are read at most to count marks by value, each time
// for as many values as there are cells for: as often as a chart in groups reads them
// otherwise.
const maxPasses = 3

// countMarksBy counts the marks of the events that a query keeps by the values of a facet,
// in a cell for each mark of each value.
func (t *Table) countMarksBy(q *query, by string) (*valueTallies, error) {
	marks, terms := t.marks.len(), len(t.valueNames(by))
	atOnce := min(max(1, t.maxCells/marks), terms)
	cells := make([]int32, atOnce*marks)
	events := make([]int64, terms)
	values := t.valuesOf(by)
	v := &valueTallies{by: by}
	for from := 0; from < terms; from += atOnce {
		clear(cells)
		err := t.scan(q, func(c *chunk, places []uint16, sign int) {
			column := c.groups(by)
			for _, p := range places {
				marksOf := t.shapeMarks[c.shape[p]]
				for _, value := range values.of(column.at(p)) {
					place := int(value) - from
					if place < 0 || place >= atOnce {
						continue
					}
					events[value] += int64(sign)
					cells[place*marks+int(marksOf[0])] += int32(sign)
					if marksOf[1] != 0 {
						cells[place*marks+int(marksOf[1])] += int32(sign)
					}
				}
			}
		})
		if err != nil {
			return nil, err
		}
		for place := range min(atOnce, terms-from) {
			y := tallyOf(cells[place*marks : (place+1)*marks])
			y.events = events[from+place]
			v.list = append(v.list, y)
		}
	}
	return v, nil
}

// valuesOf gives the values of each number of the column that a facet is of; it is not for
// tags.
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

// markOr gives the mark of a number, or the shape that it stands for.
func (t *Table) markOr(n uint32, s *shape) (m timeline.Mark, ok bool) {
	text := t.marks.at(n)
	if timeline.MarkKind(text[0]) != whole {
		return readMark(text), true
	}
	readShape(text[1:], s)
	return m, false
}

// markWeights says of each mark, by its number, what it counts within a filter's window:
// see timeline.MonthCount. It is nil where marks do not tell which events the window keeps.
func (t *Table) markWeights(f *timeline.Filter) []int8 {
	count, ok := timeline.NewMonthCount(f)
	if !ok {
		return nil
	}
	inWindow := windowTest(f)
	var s shape
	weights := make([]int8, t.marks.len())
	for n := 1; n < len(weights); n++ {
		if len(t.marks.at(uint32(n))) == 0 { // given up
			continue
		}
		if m, ok := t.markOr(uint32(n), &s); ok {
			weights[n] = count.Weight(m)
		} else if !f.HasWindow() || inWindow(&s) {
			weights[n] = 1
		}
	}
	return weights
}

// inWindow gives how many of its events the window keeps that weights are of.
func (y *tally) inWindow(weights []int8) (n int64) {
	for _, m := range y.list {
		n += int64(weights[m>>32]) * int64(uint32(m))
	}
	return n
}
