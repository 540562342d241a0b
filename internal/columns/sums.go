package columns

import "github.com/tarikh-timeline/tarikh/internal/timeline"

// measureSums are a measure of the events that a filter keeps, added up by mark.
type measureSums struct {
	name  uint32                // of the measure
	list  []timeline.MeasureSum // by number of the mark
	whole map[wholeValue]int32  // of the events without marks: how many carry each value
	large int                   // events that carry more than can be added up
}

// wholeValue is a value of events without marks, which are alike but for what a chart does
// not need.
type wholeValue struct {
	mark  uint32
	value float64
}

func (m *measureSums) add(t *Table, r record, by int) bool {
	for b := t.measures.at(r.measures); len(b) > 0; b = b[measureSize:] {
		if name, value := readMeasure(b); name == m.name {
			amount := timeline.AmountOf(value)
			return m.addValue(t, r.shape, value, &amount, by)
		}
	}
	return true
}

// addValue adds the value of an event, or takes it away.
func (m *measureSums) addValue(t *Table, shape uint32, value float64, amount *timeline.Amount, by int) bool {
	if value >= timeline.MostSummed {
		m.large += by
		return m.large >= 0
	}
	marks := t.shapeMarks[shape]
	if timeline.MarkKind(t.marks.at(marks[0])[0]) == whole {
		key := wholeValue{marks[0], value}
		left := m.whole[key] + int32(by)
		if m.whole[key] = left; left == 0 {
			delete(m.whole, key)
		}
		return left >= 0
	}
	ok := true
	for _, mark := range marks {
		if mark == 0 {
			continue
		}
		if int(mark) >= len(m.list) {
			m.list = append(m.list, make([]timeline.MeasureSum, int(mark)+1-len(m.list))...)
		}
		if by > 0 {
			m.list[mark].Add(amount)
		} else {
			m.list[mark].Take(amount)
		}
		ok = ok && m.list[mark].Events >= 0
	}
	return ok
}

func (m *measureSums) bytes() int { return 32*cap(m.list) + 40*len(m.whole) }

// sumMarks adds up a measure of the events that a query keeps.
func (t *Table) sumMarks(q *query, measure string) (*measureSums, error) {
	m := &measureSums{name: t.measureNames.ids[measure], list: make([]timeline.MeasureSum, t.marks.len()), whole: map[wholeValue]int32{}}
	values := t.measureValues(measure)
	amounts := make([]timeline.Amount, len(values.list))
	for i, value := range values.list {
		if value < timeline.MostSummed {
			amounts[i] = timeline.AmountOf(value)
		}
	}
	err := t.scan(q, func(c *chunk, places []uint16, sign int) {
		for _, p := range places {
			if n := values.of[c.measures.at(p)]; n != 0 {
				m.addValue(t, c.shape[p], values.list[n], &amounts[n], sign)
			}
		}
	})
	return m, err
}

// chartOfSums makes a chart of a measure of what is added up for its filter. It gives false
// where that does not tell what the chart needs.
func (t *Table) chartOfSums(q timeline.ChartQuery) (made timeline.Chart, ok bool, err error) {
	f := &q.Filter
	counts := t.countsOfMarks(f)
	chart, ok := timeline.NewMonthChart(q)
	if _, known := t.measureNames.ids[q.Measure]; counts == nil || !ok || !known {
		return made, false, nil
	}
	all, err := t.talliesOfAll(f, q.GiveUp)
	if err != nil {
		return made, false, err
	}
	sums, err := viewed(t, f, ofMeasure+q.Measure, q.GiveUp, func(q2 *query) (*measureSums, error) { return t.sumMarks(q2, q.Measure) })
	if err != nil {
		return made, false, err
	}
	if sums.large > 0 {
		return made, false, nil
	}
	t.addMarks(chart, all, counts)
	for n := range sums.list {
		if sum := &sums.list[n]; sum.Events > 0 {
			chart.AddSum(readMark(t.marks.at(uint32(n))), sum)
		}
	}
	var s shape
	for key, times := range sums.whole {
		if counts[key.mark] != 0 {
			readShape(t.marks.at(key.mark)[1:], &s)
			sample := s.sample()
			sample.Measure, sample.HasMeasure = key.value, true
			chart.AddWholeMeasure(&sample, uint32(times))
		}
	}
	made, ok = chart.Chart()
	return made, ok, nil
}
