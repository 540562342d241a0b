package timeline

import (
	"cmp"
	"iter"
	"slices"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// The rows of sums that a chart is made of, each with a cell for every bucket and one
// behind the last. certain and possible hold differences from bucket to bucket, so
// that an event which lies in a thousand buckets costs two additions. start and end
// hold how many events begin and end in the bucket; the rows of densities hold
// differences of how many begin and end on each day of it.
//
// What is expected by start is what begins in the bucket. By active it is what began
// up to its last day, less what ended before its first: the running sums of both.
const (
	rowCertain = iota
	rowPossible
	rowStart
	rowStartDensity
	rowEnd
	rowEndDensity
	rows
)

// addition is what an event adds to one cell.
type addition struct {
	cell   int
	amount fixed
}

// plotter finds what each event adds to the cells of a series.
type plotter struct {
	*ChartBuilder
	axis  chartAxis
	scale scale

	possible  []stretch // of the event at hand, in order and disjoint
	additions []addition
	members   []member
	weight    float64 // of the event before, and the same as a fixed number
	amount    fixed

	plotted int
	givenUp bool
}

// givesUp asks now and then whether to go on; each time for a set that happens on all of
// its members, which may cost as much as ten thousand other events.
func (p *plotter) givesUp(e *chartEvent) bool {
	const often = 64
	p.plotted++
	if !p.givenUp && p.query.GiveUp != nil && (e.form == allOf || p.plotted%often == 0) {
		p.givenUp = p.query.GiveUp()
	}
	return p.givenUp
}

// rank gives the groups that are shown, in their order, and whether there are others.
func (p *plotter) rank() (shown []uint32, other bool) {
	if len(p.values) == 0 {
		return nil, false
	}
	sums := make([]fixed, len(p.values))
	for e := range p.all() {
		buckets := 0
		for _, s := range p.reach(e) {
			buckets += s.last - s.first + 1
		}
		amount := p.weigh(e).times(uint64(buckets))
		for _, id := range p.groupsOf(e) {
			sums[id].add(&amount)
		}
	}
	for id := range p.values {
		shown = append(shown, uint32(id))
	}
	slices.SortFunc(shown, func(a, b uint32) int {
		switch {
		case sums[b].less(sums[a]):
			return -1
		case sums[a].less(sums[b]):
			return 1
		}
		return cmp.Compare(p.values[a], p.values[b])
	})
	return shown[:min(len(shown), MaxGroups)], len(shown) > MaxGroups
}

// all gives every event.
func (c *ChartBuilder) all() iter.Seq[*chartEvent] {
	return func(yield func(*chartEvent) bool) {
		for _, events := range c.events {
			for i := range events {
				if !yield(&events[i]) {
					return
				}
			}
		}
	}
}

func (c *ChartBuilder) groupsOf(e *chartEvent) []uint32 {
	return c.groups[e.group : e.group+uint32(e.groups)]
}

// spansOf gives the spans of an event. A date that is no set has one.
func (c *ChartBuilder) spansOf(e *chartEvent) []daySpan {
	if e.spans == 0 {
		return []daySpan{{lo: e.days[0], hi: e.days[1]}}
	}
	return c.spans[e.span : e.span+uint32(e.spans)]
}

func (p *plotter) weigh(e *chartEvent) fixed {
	if e.sum > 0 {
		return p.sums[e.sum-1]
	}
	if e.weight != p.weight {
		p.weight, p.amount = e.weight, p.scale.of(e.weight)
	}
	if e.times != 1 {
		return p.amount.times(uint64(e.times))
	}
	return p.amount
}

// series is the rows of all events, or of those of a group.
type series []fixed

func (s series) add(additions []addition) {
	for i := range additions {
		s[additions[i].cell].add(&additions[i].amount)
	}
}

// sum gives the total, the series of all events, those of the groups shown and, where
// asked for, that of the others.
func (p *plotter) sum(shown []uint32, other bool) (total fixed, sums []series) {
	place := make([]int, len(p.values))
	if other {
		for id := range place {
			place[id] = 1 + len(shown)
		}
	}
	for i, id := range shown {
		place[id] = 1 + i
	}
	sums = make([]series, 2+len(shown))
	for i := range sums {
		sums[i] = make(series, rows*(p.axis.buckets()+1))
	}
	for e := range p.all() {
		weight := p.weigh(e)
		total.add(&weight)
		if len(p.values) == 0 && p.addDay(sums[0], e, &weight) {
			continue
		}
		additions := p.plot(e)
		if len(additions) == 0 {
			continue
		}
		sums[0].add(additions)
		others := false
		for _, id := range p.groupsOf(e) {
			if place[id] == 1+len(shown) {
				others = true
				continue
			}
			sums[place[id]].add(additions)
		}
		if others {
			sums[1+len(shown)].add(additions)
		}
	}
	return total, sums
}

// addDay adds an event of one known day, which most are, as plot does, at a fraction of
// its cost: such an event is in one bucket. It gives false for others.
func (p *plotter) addDay(s series, e *chartEvent, weight *fixed) bool {
	if e.form != oneDay || e.spans != 0 || e.days[0] != e.days[1] || infinite(e.days[0]) {
		return false
	}
	n := p.axis.buckets()
	if n == 0 {
		return true
	}
	bucket := p.axis.at(e.days[0])
	if bucket < 0 || bucket == n || e.weight == 0 {
		return true
	}
	within := func(row int) {
		cells := s[row*(n+1)+bucket:]
		cells[0].add(weight)
		cells[1].sub(weight)
	}
	within(rowPossible)
	if !e.doubtful {
		within(rowCertain)
	}
	s[rowStart*(n+1)+bucket].add(weight)
	if p.query.By == ByActive {
		s[rowEnd*(n+1)+bucket].add(weight)
	}
	return true
}

// buckets finishes a series.
func (s series) buckets(p *plotter) []Bucket {
	n := p.axis.buckets()
	row := func(i int) series { return s[i*(n+1):] }
	list := make([]Bucket, n)
	var certain, possible, begin, finish, started, ended fixed
	for i := range list {
		start, next := p.axis.edges[i], p.axis.edges[i+1]
		days := uint64(next - start)
		certain.add(&row(rowCertain)[i])
		possible.add(&row(rowPossible)[i])
		begin.add(&row(rowStartDensity)[i])
		inside := begin.times(days)
		inside.add(&row(rowStart)[i])
		if p.query.By == ByActive {
			started.add(&inside)
			inside = started
			inside.sub(&ended)
			finish.add(&row(rowEndDensity)[i])
			over := finish.times(days)
			over.add(&row(rowEnd)[i])
			ended.add(&over)
		}
		b := Bucket{Start: start, End: next - 1, Certain: p.scale.float(certain), Possible: p.scale.float(possible)}
		// The sums keep this order by themselves but for measures so large that a
		// unit of the scale shows.
		b.Expected = min(max(p.scale.float(inside), b.Certain), b.Possible)
		list[i] = b
	}
	return list
}

// reach gives the buckets that the event possibly lies in.
func (p *plotter) reach(e *chartEvent) []stretch {
	p.possible = p.possible[:0]
	if p.axis.buckets() == 0 {
		return nil
	}
	switch e.form {
	case oneDay:
		for _, s := range p.spansOf(e) {
			p.possible = append(p.possible, p.axis.within(s.lo, s.hi))
		}
	case lasting:
		p.possible = append(p.possible, p.axis.within(e.days[0], e.days[3]))
	case allOf:
		for _, s := range p.spansOf(e) {
			if !s.isEnd {
				p.possible = append(p.possible, p.axis.within(s.lo, s.hi))
			}
		}
		slices.SortFunc(p.possible, func(a, b stretch) int { return cmp.Compare(a.first, b.first) })
	}
	kept, next := p.possible[:0], 0
	for _, s := range p.possible {
		if s.first = max(s.first, next); s.first <= s.last {
			kept = append(kept, s)
			next = s.last + 1
		}
	}
	p.possible = kept
	return kept
}

// plot gives what the event adds. The result is valid until the next call.
func (p *plotter) plot(e *chartEvent) []addition {
	p.additions = p.additions[:0]
	if p.givesUp(e) {
		return nil
	}
	if e.form == ended {
		p.end(e)
		return p.additions
	}
	possible := p.reach(e)
	if e.weight == 0 || len(possible) == 0 {
		return nil
	}
	weight := p.weigh(e)
	for _, s := range possible {
		p.count(rowPossible, s, weight)
	}
	switch e.form {
	case oneDay:
		spans := p.spansOf(e)
		lo, hi := spans[0].lo, spans[len(spans)-1].hi
		if s := p.inside(lo, hi); s.first <= s.last && !e.doubtful {
			p.count(rowCertain, s, weight)
		}
		if !infinite(lo) && !infinite(hi) {
			p.spread(rowStart, spans, weight)
			if p.query.By == ByActive {
				p.spread(rowEnd, spans, weight)
			}
		}
	case lasting:
		if s := p.axis.within(e.days[1], e.days[2]); s.first <= s.last && !e.doubtful {
			p.count(rowCertain, s, weight)
		}
		p.last(e.days, weight)
	case allOf:
		if !e.doubtful {
			p.countInside(p.spansOf(e), weight)
		}
		p.happen(p.spansOf(e), weight)
	}
	return p.additions
}

// end takes away, after the days on which they ended, what events that never end have
// added.
func (p *plotter) end(e *chartEvent) {
	n := p.axis.buckets()
	if n == 0 {
		return
	}
	weight := p.weigh(e)
	gone := weight.negated()
	p.put(rowPossible, min(p.axis.at(e.days[3])+1, n), gone)
	if !e.doubtful {
		p.put(rowCertain, min(p.axis.at(e.days[2])+1, n), gone)
	}
	p.spread(rowEnd, []daySpan{{lo: e.days[2], hi: e.days[3]}}, weight)
}

func (p *plotter) put(row, bucket int, amount fixed) {
	p.additions = append(p.additions, addition{row*(p.axis.buckets()+1) + bucket, amount})
}

// count adds to each of some buckets.
func (p *plotter) count(row int, s stretch, weight fixed) {
	p.put(row, s.first, weight)
	p.put(row, s.last+1, weight.negated())
}

// inside gives the one bucket that holds all of the days, if there is one.
func (p *plotter) inside(lo, hi edtf.Day) stretch {
	if i := p.axis.at(lo); i >= 0 && i < p.axis.buckets() && i == p.axis.at(hi) {
		return stretch{i, i}
	}
	return stretch{0, -1}
}

// countInside counts the buckets that hold a single member of an all-of set, or an end
// of a range, whole.
func (p *plotter) countInside(spans []daySpan, weight fixed) {
	from := len(p.additions)
	for _, span := range spans {
		s := p.inside(span.lo, span.hi)
		if span.isRange || s.first > s.last {
			continue
		}
		cell := rowCertain*(p.axis.buckets()+1) + s.first
		if !slices.ContainsFunc(p.additions[from:], func(a addition) bool { return a.cell == cell && !a.amount.negative() }) {
			p.count(rowCertain, s, weight)
		}
	}
}

// last places the start and the end of an event that lasts, each evenly over its
// days. An open end never comes and an open start lies before all days. Of an unknown
// one no more is taken to be known than it must be: that the event lasts for the day
// of its other end. What may lie beyond is possible only.
func (p *plotter) last(days [4]edtf.Day, weight fixed) {
	start, end := daySpan{lo: days[0], hi: days[1]}, daySpan{lo: days[2], hi: days[3]}
	known := func(s daySpan) bool { return !infinite(s.lo) && !infinite(s.hi) }
	switch {
	case known(start) && known(end):
	case known(start) && end.lo == plusInfinity: // open
		p.spread(rowStart, []daySpan{start}, weight)
		return
	case known(end) && start.hi == minusInfinity: // open
		p.before(rowStart, weight)
	case known(start):
		end = start
	case known(end):
		start = end
	default:
		return
	}
	if known(start) {
		p.spread(rowStart, []daySpan{start}, weight)
	}
	p.spread(rowEnd, []daySpan{end}, weight)
}

// spread spreads a weight evenly over the days of spans in order.
func (p *plotter) spread(row int, spans []daySpan, weight fixed) {
	lo, hi := spans[0].lo, spans[len(spans)-1].hi
	last := p.axis.at(hi)
	if p.axis.at(lo) == last {
		p.point(row, last, weight)
		return
	}
	days := uint64(0)
	for _, s := range spans {
		days += uint64(s.hi - s.lo + 1)
	}
	daily := weight.over(days)
	for _, s := range spans {
		p.ramp(row, s.lo, daily)
		p.ramp(row, s.hi+1, daily.negated())
	}
	all := daily.times(days)
	weight.sub(&all) // what the division dropped
	p.point(row, last, weight)
}

// point adds to one bucket, or to what lies before the first.
func (p *plotter) point(row, bucket int, amount fixed) {
	switch {
	case bucket < 0:
		p.before(row, amount)
	case bucket < p.axis.buckets():
		p.put(row, bucket, amount)
	}
}

// before notes what began or ended before the axis. It counts in the running sums of
// a chart by active alone.
func (p *plotter) before(row int, amount fixed) {
	if p.query.By != ByActive {
		return
	}
	if row == rowEnd {
		amount = amount.negated()
	}
	p.put(rowStart, 0, amount)
}

// ramp adds an amount for each day from a day on, without end.
func (p *plotter) ramp(row int, from edtf.Day, daily fixed) {
	bucket := p.axis.at(from)
	if bucket == p.axis.buckets() {
		return
	}
	next := p.axis.edges[bucket+1]
	p.point(row, bucket, daily.times(uint64(next-from)))
	p.put(row+1, bucket+1, daily)
}

// member is one member of an all-of set: it starts on one of some days, evenly, and
// ends on one of others.
type member struct {
	start, end daySpan
	buckets    stretch
}

// happen places an all-of set, which happens on each of its members: a date on one of
// its days, a range from its first end to its last; of a range open at one side the
// named end alone is known. In a bucket that several members may lie in, it is
// expected as one less the chance that none does, each member for itself.
func (p *plotter) happen(spans []daySpan, weight fixed) {
	p.findMembers(spans)
	apart := true
	for i := 1; i < len(p.members); i++ {
		apart = apart && p.members[i-1].buckets.last < p.members[i].buckets.first
	}
	if apart {
		for _, m := range p.members {
			p.spread(rowStart, []daySpan{m.start}, weight)
			p.spread(rowEnd, []daySpan{m.end}, weight)
		}
		return
	}
	last := -1
	for _, m := range p.members {
		for i := max(m.buckets.first, last+1); i <= m.buckets.last; i++ {
			amount, none := weight, p.noneIn(i, weight)
			amount.sub(&none)
			p.put(rowStart, i, amount)
			p.put(rowEnd, i, amount)
		}
		last = max(last, m.buckets.last)
	}
}

// findMembers fills members with those that reach into the axis, each once, by their
// first bucket.
func (p *plotter) findMembers(spans []daySpan) {
	p.members = p.members[:0]
	for i, s := range spans {
		if s.isEnd {
			continue
		}
		m := member{start: s, end: s}
		if s.isRange {
			m.start = spans[i+1]
			m.end = m.start
			if !infinite(s.lo) && !infinite(s.hi) {
				m.end = spans[i+2]
				m.start.hi, m.end.lo = min(m.start.hi, m.end.hi), max(m.end.lo, m.start.lo)
			}
		}
		m.start.isEnd, m.end.isEnd = false, false
		m.buckets = p.axis.within(m.start.lo, m.end.hi)
		if m.buckets.first <= m.buckets.last && !slices.Contains(p.members, m) {
			p.members = append(p.members, m)
		}
	}
	slices.SortStableFunc(p.members, func(a, b member) int { return cmp.Compare(a.buckets.first, b.buckets.first) })
}

// noneIn gives the share of a weight with which no member lies in a bucket: each
// starts after it or ends before it.
func (p *plotter) noneIn(bucket int, none fixed) fixed {
	first, last := p.axis.edges[bucket], p.axis.edges[bucket+1]-1
	for _, m := range p.members {
		starts, ends := m.start.hi-m.start.lo+1, m.end.hi-m.end.lo+1
		later := min(max(m.start.hi-last, 0), starts)
		before := min(max(first-m.end.lo, 0), ends)
		after := none.times(uint64(later)).over(uint64(starts))
		none = none.times(uint64(before)).over(uint64(ends))
		none.add(&after)
	}
	return none
}
