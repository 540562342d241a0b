package timeline

import (
	"math"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// MarkKind says what a Mark is of.
type MarkKind uint8

// The kinds of marks.
const (
	MarkOne   MarkKind = iota // an event on one unknown day of its days
	MarkFrom                  // the start of an event that also has a mark MarkTo
	MarkTo                    // the end of such an event
	MarkSince                 // an event that began on one of its days and goes on
	MarkUntil                 // an event that ended on one of its days and began before all days
)

// Mark is what an event leaves in a chart of whole months: one mark, or two of an event
// that lasts, its start and its end. There are as many kinds of marks as months, years
// and so on, however many events there are, so that a chart can be made of how often
// each occurs: all its sums but the total are sums over starts less sums over ends.
//
// Days that lie in one month stand at its first day: which of them it was makes no
// difference to whole months.
type Mark struct {
	Kind     MarkKind
	Doubtful bool // uncertain or approximate
	Lo, Hi   edtf.Day

	FirstMonth, LastMonth int32 // those of Lo and Hi: 12 times the year, plus 0 to 11
}

// MarksOf gives the marks of an event, and how many they are: none for the few that
// cannot be taken apart, whose ends are unknown or whose start may lie after their end,
// and for sets whose members lie in several months.
func MarksOf(s *Sample) (marks [2]Mark, n int) {
	b, doubtful := &s.Bounds, s.Uncertain || s.Approximate
	mark := func(kind MarkKind, lo, hi edtf.Bound) Mark {
		first, last := IntervalMonth.ordinal(lo.Day), IntervalMonth.ordinal(hi.Day)
		m := Mark{kind, doubtful, lo.Day, hi.Day, int32(first), int32(last)}
		if first == last {
			m.Lo = IntervalMonth.first(first)
			m.Hi = m.Lo
		}
		return m
	}
	start := b.StartEarliest.Known && b.StartLatest.Known
	end := b.EndEarliest.Known && b.EndLatest.Known
	noStart := !b.StartEarliest.Known && !b.StartLatest.Known
	noEnd := !b.EndEarliest.Known && !b.EndLatest.Known
	if s.Set != edtf.NotSet {
		// The hull is enough where it is one month, and of one range of which the event
		// is on some day.
		one := s.Set == edtf.OneOf && len(s.Spans) == 1
		for _, span := range s.Spans { // {2023..2023-01-02} names days behind its end, which the axis shows
			for _, d := range []edtf.Bound{span.Lo, span.Hi} {
				if d.Known && start && end && (d.Day < b.StartEarliest.Day || d.Day > b.EndLatest.Day) {
					return marks, 0
				}
			}
		}
		if start && end && (one || IntervalMonth.ordinal(b.StartEarliest.Day) == IntervalMonth.ordinal(b.EndLatest.Day)) {
			return [2]Mark{mark(MarkOne, b.StartEarliest, b.EndLatest)}, 1
		}
		return marks, 0
	}
	switch {
	case start && end && b.StartEarliest == b.EndEarliest && b.StartLatest == b.EndLatest:
		return [2]Mark{mark(MarkOne, b.StartEarliest, b.StartLatest)}, 1
	case start && end && b.StartLatest.Day <= b.EndEarliest.Day:
		return [2]Mark{mark(MarkFrom, b.StartEarliest, b.StartLatest), mark(MarkTo, b.EndEarliest, b.EndLatest)}, 2
	case start && noEnd:
		return [2]Mark{mark(MarkSince, b.StartEarliest, b.StartLatest)}, 1
	case noStart && end:
		return [2]Mark{mark(MarkUntil, b.EndEarliest, b.EndLatest)}, 1
	}
	return marks, 0
}

// MonthCount counts the events that possibly lie in a window of whole months by the
// marks of all events.
type MonthCount struct {
	from, to int // the months of the window's ends, or an infinity
	total    int64
}

// NewMonthCount gives false where marks cannot tell which events a filter's days keep: where
// the window cuts a month, where it keeps others than those that possibly lie in it, and
// where a day of the year is asked for.
func NewMonthCount(f *Filter) (c MonthCount, ok bool) {
	c = MonthCount{from: math.MinInt, to: math.MaxInt}
	if f.On != (MonthDay{}) || f.HasWindow() && f.Match != "" && f.Match != edtf.ModePossible {
		return c, false
	}
	if from := f.Window.From; from.Known {
		if c.from = IntervalMonth.ordinal(from.Day); IntervalMonth.first(c.from) != from.Day {
			return c, false
		}
	}
	if to := f.Window.To; to.Known {
		if c.to = IntervalMonth.ordinal(to.Day); IntervalMonth.first(c.to+1)-1 != to.Day {
			return c, false
		}
	}
	return c, true
}

// Weight says what a mark counts: 1, 0, or -1 for an end whose start was counted.
func (c *MonthCount) Weight(m Mark) int8 {
	begins, ends := int(m.FirstMonth) <= c.to, int(m.LastMonth) >= c.from
	switch m.Kind {
	case MarkOne:
		if begins && ends {
			return 1
		}
	case MarkFrom, MarkSince:
		if begins {
			return 1
		}
	case MarkTo:
		if !ends {
			return -1
		}
	case MarkUntil:
		if ends {
			return 1
		}
	}
	return 0
}

// Add takes so many marks that are the same, of all events whether or not they lie in
// the window.
func (c *MonthCount) Add(m Mark, times uint32) { c.total += int64(c.Weight(m)) * int64(times) }

// AddWhole takes so many events that have no marks and possibly lie in the window.
func (c *MonthCount) AddWhole(times uint32) { c.total += int64(times) }

// Total is how many events lie in the window.
func (c *MonthCount) Total() int64 { return c.total }

// MonthChart makes a chart of whole months, or of longer buckets, of the marks of
// events in the place of the events. Its charts are those that a ChartBuilder makes
// of the same events.
type MonthChart struct {
	builder ChartBuilder
	count   MonthCount

	// The axis begins with the window where some event of it has a known day by then,
	// else with the first known day after; it ends likewise.
	before, after int64
	first, last   int // months of known days within the window

	sum fixed // of the measure, over all events in the window
}

// NewMonthChart gives false where a chart cannot be made of marks: where buckets may
// be shorter than months or are cut by the window, where a measure is summed in groups, and
// where the window keeps others than those that possibly lie in it.
//
// A chart by groups is made in three steps: all marks are added, Reach tells how groups
// are ranked, and Groups begins the chart that shows some of them. For a chart of a
// measure all events are added, which make the axis, and then what they carry, by AddSum
// and AddWholeMeasure.
func NewMonthChart(q ChartQuery) (*MonthChart, bool) {
	count, ok := NewMonthCount(&q.Filter)
	if !ok {
		return nil, false
	}
	c := &MonthChart{builder: *NewChartBuilder(q), count: count, first: math.MaxInt, last: math.MinInt}
	q = c.builder.query
	if q.Interval == IntervalDay || q.Interval == IntervalWeek || q.GroupBy != GroupNone && q.Measure != MeasureEvents {
		return nil, false
	}
	if q.Interval.auto() && q.Window.From.Known && q.Window.To.Known && q.Window.To.Day-q.Window.From.Day <= shortestOfMarks {
		return nil, false // see known
	}
	c.builder.summing = q.Measure != MeasureEvents
	return c, true
}

// Add takes so many marks that are the same, of all events whether or not they lie in
// the window. It gives false for one that the chart does not need: Reach says nothing of
// it, and Groups does not count it.
func (c *MonthChart) Add(m Mark, times uint32) bool {
	n := int64(times)
	lo, hi := int(m.FirstMonth), int(m.LastMonth)
	c.count.Add(m, times)
	switch m.Kind {
	case MarkOne:
		c.begins(lo, n)
		c.ends(hi, n)
		c.over(hi, n)
		c.starts(lo, n)
	case MarkFrom, MarkSince:
		c.begins(lo, n)
		c.starts(lo, n)
		if m.Kind == MarkSince {
			c.ends(hi, n)
		}
	case MarkTo:
		c.ends(hi, n)
		c.over(hi, n)
	case MarkUntil:
		c.begins(lo, n)
		c.ends(hi, n)
		c.over(hi, n)
	}
	e, needed := c.eventOf(m)
	if !needed || c.builder.summing {
		return false
	}
	e.times, e.weight, c.builder.largest = times, 1, 1
	c.builder.keep(e)
	return true
}

// eventOf gives what stands for a mark among a builder's events, and false for the end of
// an event where that says nothing of its start.
func (c *MonthChart) eventOf(m Mark) (e chartEvent, needed bool) {
	e = chartEvent{doubtful: m.Doubtful}
	switch m.Kind {
	case MarkOne:
		e.days = [4]edtf.Day{m.Lo, m.Hi, m.Lo, m.Hi}
	case MarkFrom, MarkSince:
		e.days = [4]edtf.Day{m.Lo, m.Hi, plusInfinity, plusInfinity}
	case MarkTo:
		e.days, e.form = [4]edtf.Day{minusInfinity, minusInfinity, m.Lo, m.Hi}, ended
	case MarkUntil:
		e.days = [4]edtf.Day{minusInfinity, minusInfinity, m.Lo, m.Hi}
	}
	if c.builder.query.By == ByActive && e.form != ended {
		e.form = lasting
	}
	return e, c.builder.query.By == ByActive || e.form != ended
}

// AddWhole takes so many events that have no marks and possibly lie in the window.
func (c *MonthChart) AddWhole(s *Sample, times uint32) {
	known := ChartBuilder{first: plusInfinity, last: minusInfinity}
	known.extend(s.StartEarliest, s.StartLatest, s.EndEarliest, s.EndLatest)
	for _, span := range s.Spans {
		known.extend(span.Lo, span.Hi)
	}
	n := int64(times)
	c.count.AddWhole(times)
	c.begins(IntervalMonth.ordinal(known.first), n)
	c.ends(IntervalMonth.ordinal(known.last), n)
	c.builder.AddTimes(s, times)
}

// begins notes the first known day of events, over their last possible one, ends the
// last known one and starts the first possible one: of the events with a known day by
// the window's first month, those over before it are not in the window.
func (c *MonthChart) begins(month int, n int64) {
	if month <= c.count.from {
		c.before += n
	} else {
		c.first = min(c.first, month)
	}
}

func (c *MonthChart) over(month int, n int64) {
	if month < c.count.from {
		c.before -= n
	}
}

func (c *MonthChart) ends(month int, n int64) {
	if month >= c.count.to {
		c.after += n
	} else {
		c.last = max(c.last, month)
	}
}

func (c *MonthChart) starts(month int, n int64) {
	if month > c.count.to {
		c.after -= n
	}
}

// shortestOfMarks is up to how many days an axis has weeks, or less, where the interval is
// for us to choose.
const shortestOfMarks = 7 * (MaxAutoBuckets + 1)

// known finds the first and the last known day. It gives false where that takes the days
// of the events: the buckets may have to be shorter than months.
func (c *MonthChart) known() bool {
	first, last := c.first, c.last
	if c.before > 0 {
		first = c.count.from
	}
	if c.after > 0 {
		last = c.count.to
	}
	b := &c.builder
	b.first, b.last = plusInfinity, minusInfinity
	if first <= last && first != math.MaxInt && last != math.MinInt {
		b.first, b.last = IntervalMonth.first(first), IntervalMonth.first(last)
		if shortest := b.last - (IntervalMonth.first(first+1) - 1); b.query.Interval.auto() && shortest <= shortestOfMarks {
			return false
		}
	}
	return true
}

// Chart makes the chart. It gives false where that takes the days of the events: the
// buckets may have to be shorter than months, or they are too many, which is told
// with the first and the last day.
func (c *MonthChart) Chart() (Chart, bool) {
	if !c.known() {
		return Chart{}, false
	}
	chart, err := c.builder.Chart()
	if err != nil {
		return Chart{}, false
	}
	chart.Total = float64(c.count.total)
	if c.builder.summing {
		chart.Total = summed.float(c.sum)
	}
	return chart, true
}

// Reach gives for each mark and each event without marks that was added, in this order, the
// number of buckets that it possibly lies in; it is negative for an end, which takes away
// from what its start has. Groups are ranked by the sum of them. It gives false where Chart
// does.
func (c *MonthChart) Reach() ([]int32, bool) {
	if !c.known() {
		return nil, false
	}
	reach, err := c.builder.Reach()
	return reach, err == nil
}

// Groups begins a chart that shows groups of these values, in this order, and the others
// if there are any. It is for charts of which Reach gave true; its error is that of the
// builder's Groups.
func (c *MonthChart) Groups(shown []string, other bool) (*GroupChart, error) {
	g, err := c.builder.Groups(shown, other)
	if err == nil {
		g.months = &c.count
	}
	return g, err
}
