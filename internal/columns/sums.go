package columns

import "github.com/tarikh-timeline/tarikh/internal/timeline"

// measureSums are a measure of the events that a filter keeps, added up by mark.
type measureSums struct {
	name  uint32                         // of the measure
	marks map[uint32]timeline.MeasureSum // by number of the mark; not those of nothing
	whole map[wholeValue]int32           // of the events without marks: how many carry each value
	large map[uint32]int32               // by shape: how many carry more than can be added up
}

// wholeValue is what events have in common that are added to a chart together where they
// have no marks: the number that stands for their shape, and what they carry.
type wholeValue struct {
	mark  uint32
	value float64
}

func (m *measureSums) add(t *Table, r record, by int) bool {
	for b := t.measures.at(r.measures); len(b) > 0; b = b[measureSize:] {
		name, value := readMeasure(b)
		if name != m.name {
			continue
		}
		if apart, ok := m.addApart(t, r.shape, value, by); apart {
			return ok
		}
		amount := timeline.AmountOf(value)
		for _, mark := range t.shapeMarks[r.shape] {
			if mark == 0 {
				continue
			}
			sum := m.marks[mark]
			sum.Add(&amount, by)
			if m.marks[mark] = sum; sum.Events == 0 {
				delete(m.marks, mark)
			}
			if sum.Events < 0 {
				return false
			}
		}
	}
	return true
}

// addApart counts a value that is not added up by mark; apart is false for others, and ok
// where less than nothing would be left.
func (m *measureSums) addApart(t *Table, shapeNumber uint32, value float64, by int) (apart, ok bool) {
	if value >= timeline.MostSummed {
		return true, addCount(m.large, shapeNumber, by)
	}
	mark := t.shapeMarks[shapeNumber][0]
	if timeline.MarkKind(t.marks.at(mark)[0]) != whole {
		return false, true
	}
	return true, addCount(m.whole, wholeValue{mark, value}, by)
}

// addCount adds to a count, of which none is kept that is nothing. It gives false where less
// than nothing is left.
func addCount[K comparable](counts map[K]int32, key K, by int) bool {
	left := counts[key] + int32(by)
	if left == 0 {
		delete(counts, key)
	} else {
		counts[key] = left
	}
	return left >= 0
}

func (m *measureSums) bytes() int { return 80*len(m.marks) + 50*len(m.whole) + 20*len(m.large) }

// sumMarks adds up a measure of the events that a query keeps.
func (t *Table) sumMarks(q *query, measure string) (*measureSums, error) {
	m := &measureSums{
		name: t.measureNames.ids[measure], marks: map[uint32]timeline.MeasureSum{},
		whole: map[wholeValue]int32{}, large: map[uint32]int32{},
	}
	values := t.measureValues(measure)
	amounts := make([]timeline.Amount, len(values.list))
	for i, value := range values.list {
		if value < timeline.MostSummed {
			amounts[i] = timeline.AmountOf(value)
		}
	}
	sums := make([]timeline.MeasureSum, t.marks.len())
	err := t.scan(q, func(c *chunk, places []uint16, sign int) {
		for _, p := range places {
			n := values.of[c.measures.at(p)]
			if n == 0 {
				continue
			}
			if apart, _ := m.addApart(t, c.shape[p], values.list[n], sign); apart {
				continue
			}
			for _, mark := range t.shapeMarks[c.shape[p]] {
				if mark != 0 {
					sums[mark].Add(&amounts[n], sign)
				}
			}
		}
	})
	for mark, sum := range sums {
		if sum.Events > 0 {
			m.marks[uint32(mark)] = sum
		}
	}
	return m, err
}

// chartOfSums makes a chart of a measure of what is added up for its filter. It gives false
// where that does not tell what the chart needs, or is not counted.
func (t *Table) chartOfSums(q timeline.ChartQuery) (made timeline.Chart, ok bool, err error) {
	f := &q.Filter
	chart, ok := timeline.NewMonthChart(q)
	const perMark = 8 // cells that a sum takes
	if _, known := t.measureNames.ids[q.Measure]; !ok || !known || perMark*t.marks.len() > t.maxCells {
		return made, false, nil
	}
	sums, ok, err := viewedAgain(t, f, ofMeasure+q.Measure, 0, q.GiveUp, func(all *query) (*measureSums, error) { return t.sumMarks(all, q.Measure) })
	if !ok || sums.anyLarge(t, f) {
		return made, false, err
	}
	all, err := t.talliesOfAll(f, q.GiveUp)
	if err != nil {
		return made, false, err
	}
	weights := t.markWeights(f)
	t.addMarks(chart, all, weights)
	var s shape
	for n, sum := range sums.marks {
		chart.AddSum(readMark(t.marks.at(n)), &sum)
	}
	for key, times := range sums.whole {
		if weights[key.mark] != 0 {
			t.markOr(key.mark, &s)
			sample := s.sample()
			sample.Measure, sample.HasMeasure = key.value, true
			chart.AddWholeMeasure(&sample, uint32(times))
		}
	}
	made, ok = chart.Chart()
	return made, ok, nil
}

// anyLarge tells whether the window keeps an event that carries more than can be added up.
func (m *measureSums) anyLarge(t *Table, f *timeline.Filter) bool {
	inWindow := windowTest(f)
	var s shape
	for n := range m.large {
		if readShape(t.shapes.at(n), &s); !f.HasWindow() || inWindow(&s) {
			return true
		}
	}
	return false
}
