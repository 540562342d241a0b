package edtf

// Mode says how a date must lie to a window to match it.
type Mode string

// The modes. "" is possible.
const (
	ModePossible Mode = "possible" // some part of it may lie in the window
	ModeCertain  Mode = "certain"  // some part of it surely does
	ModeWithin   Mode = "within"   // it lies wholly inside, whatever the day was
	ModeStarts   Mode = "starts"   // it may have begun in the window
)

// Window is a stretch of days, both ends inclusive. An open side is no limit; both
// open are no window.
type Window struct{ From, To Bound }

// Match tells whether the date matches the window. Without a window every date
// does, in every mode; an unknown mode matches nothing else.
//
// A set compares by its members. A mask such as 156X-12-25 compares by the first
// and the last day it can be, which gives more possible matches than are true.
func (d Date) Match(w Window, m Mode) bool {
	if !w.From.Known && !w.To.Known {
		return true
	}
	switch m {
	case ModePossible, "":
		if d.Set == NotSet {
			return d.possible(w)
		}
		return d.anyMember(func(m *Member) bool { return m.possible(w) })
	case ModeCertain:
		return !d.Uncertain && !d.Approximate && d.certainDays(w)
	case ModeWithin:
		return d.within(w)
	case ModeStarts:
		switch d.Set {
		case OneOf:
			return d.anyMember(func(m *Member) bool { return m.starts(w) })
		case AllOf:
			return d.Members[d.earliestMember()].starts(w)
		}
		return d.starts(w)
	}
	return false
}

func (d Date) anyMember(match func(*Member) bool) bool {
	for i := range d.Members {
		if match(&d.Members[i]) {
			return true
		}
	}
	return false
}

func (d Date) certainDays(w Window) bool {
	switch d.Set {
	case OneOf:
		return !d.anyMember(func(m *Member) bool { return !m.certain(w) })
	case AllOf:
		return d.anyMember(func(m *Member) bool {
			if !m.Range {
				return m.certain(w)
			}
			return m.form != formOpenStart && w.holds(m.First) || m.form != formOpenEnd && w.holds(m.Last)
		})
	}
	return d.certain(w)
}

// earliestMember finds the member with the smallest StartEarliest, then the
// smallest StartLatest.
func (d Date) earliestMember() int {
	best := 0
	for i := range d.Members {
		a, b, _, _ := d.Members[i].signed()
		x, y, _, _ := d.Members[best].signed()
		if a < x || a == x && b < y {
			best = i
		}
	}
	return best
}

// limits gives the first and the last day of the window.
func (w Window) limits() (from, to Day) { return w.From.or(minusInfinity), w.To.or(plusInfinity) }

// holds tells whether every day of the span lies in the window.
func (w Window) holds(s Span) bool {
	from, to := w.limits()
	return s.Lo.or(minusInfinity) >= from && s.Hi.or(plusInfinity) <= to
}

func (b *Bounds) possible(w Window) bool {
	from, to := w.limits()
	startEarliest, _, _, endLatest := b.signed()
	return startEarliest <= to && endLatest >= from
}

func (b *Bounds) certain(w Window) bool {
	from, to := w.limits()
	_, startLatest, endEarliest, _ := b.signed()
	return startLatest <= to && endEarliest >= from
}

func (b *Bounds) within(w Window) bool {
	from, to := w.limits()
	startEarliest, _, _, endLatest := b.signed()
	return startEarliest >= from && endLatest <= to
}

func (b *Bounds) starts(w Window) bool {
	from, to := w.limits()
	startEarliest, startLatest, _, _ := b.signed()
	return startEarliest <= to && startLatest >= from
}

// MatchSpan is a stretch of days that a set is matched by, plain data for a
// storage layer. A set date is
//
//   - possible when any span flagged Possible overlaps the window;
//   - certain, flags aside, when every (one-of) or any (all-of) span flagged
//     Certain lies inside the window;
//   - starting when any span flagged Starts overlaps the window.
//
// Within needs the four days alone. Lo open is minus, Hi open plus infinity: an
// open side lies inside a window only where the window has no limit there.
type MatchSpan struct {
	Lo, Hi                    Bound
	Possible, Certain, Starts bool
}

// MatchSpans gives the spans of a set; nil for other dates.
func (d Date) MatchSpans() []MatchSpan {
	if d.Set == NotSet {
		return nil
	}
	earliest := d.earliestMember()
	spans := make([]MatchSpan, 0, len(d.Members))
	for i := range d.Members {
		m := &d.Members[i]
		namedEnds := d.Set == AllOf && m.Range
		spans = append(spans, MatchSpan{
			Lo: m.StartEarliest, Hi: m.EndLatest,
			Possible: true, Certain: !namedEnds, Starts: d.Set == OneOf || i == earliest,
		})
		if namedEnds && m.form != formOpenStart {
			spans = append(spans, MatchSpan{Lo: m.First.Lo, Hi: m.First.Hi, Certain: true})
		}
		if namedEnds && m.form != formOpenEnd {
			spans = append(spans, MatchSpan{Lo: m.Last.Lo, Hi: m.Last.Hi, Certain: true})
		}
	}
	return spans
}
