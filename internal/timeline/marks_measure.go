package timeline

// MostSummed is above every value of a measure that can be added up before it is known
// what for: sums keep 96 bits of fraction, and so does each chart of such values, see
// scaleFor.
const MostSummed = 1 << 40

// summed is the scale of such sums.
var summed = scale{96}

// Amount is a value of a measure, below MostSummed, to add up.
type Amount struct{ fixed }

// AmountOf gives the amount of a value.
func AmountOf(value float64) Amount { return Amount{summed.of(value)} }

// MeasureSum is a measure added up over events that leave the same mark.
type MeasureSum struct {
	Events int64 // that carry the measure
	sum    fixed
}

// Add adds the value of one event, or takes it away where by is -1.
func (s *MeasureSum) Add(a *Amount, by int) {
	s.Events += int64(by)
	if by < 0 {
		s.sum.sub(&a.fixed)
	} else {
		s.sum.add(&a.fixed)
	}
}

// scale is that of a chart's sums.
func (c *ChartBuilder) scale() scale {
	if c.summing {
		return summed
	}
	return scaleFor(c.largest, c.number)
}

// AddSum takes what all events that leave a mark carry of the measure, whether or not they
// lie in the window.
func (c *MonthChart) AddSum(m Mark, s *MeasureSum) {
	switch c.count.Weight(m) {
	case 1:
		c.sum.add(&s.sum)
	case -1:
		c.sum.sub(&s.sum)
	}
	e, needed := c.eventOf(m)
	if !needed || s.sum == (fixed{}) {
		return
	}
	b := &c.builder
	b.sums = append(b.sums, s.sum)
	e.times, e.weight, e.sum = 1, 1, uint32(len(b.sums))
	b.keep(e)
}

// AddWholeMeasure takes what so many events that have no marks, and possibly lie in the
// window, carry of the measure each.
func (c *MonthChart) AddWholeMeasure(s *Sample, times uint32) {
	amount := summed.of(s.Measure).times(uint64(times))
	c.sum.add(&amount)
	c.builder.AddTimes(s, times)
}
