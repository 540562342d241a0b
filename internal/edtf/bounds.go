package edtf

// Bounds are the four days of a date. Known ones keep StartEarliest <=
// StartLatest, EndEarliest <= EndLatest, StartEarliest <= EndEarliest and
// StartLatest <= EndLatest; at least one is known.
//
// The sign of an open one follows from its place. StartEarliest is minus
// infinity, EndLatest plus infinity; StartLatest is minus infinity where
// StartEarliest is open, else plus infinity; EndEarliest is plus infinity where
// EndLatest is open, else minus infinity.
type Bounds struct {
	StartEarliest, StartLatest, EndEarliest, EndLatest Bound
}

// SortDay is the day that lists are ordered by: the first possible day of the
// start, or the last of the end where the start is open.
func (b Bounds) SortDay() Day {
	if b.StartEarliest.Known {
		return b.StartEarliest.Day
	}
	return b.EndLatest.Day
}

// Span is a stretch of days, both ends inclusive. An open Lo is minus infinity,
// an open Hi plus infinity.
type Span struct{ Lo, Hi Bound }

func days(lo, hi Day) Span { return Span{At(lo), At(hi)} }

// some gives the four days of something on one unknown day of the span.
func (s Span) some() Bounds { return Bounds{s.Lo, s.Hi, s.Lo, s.Hi} }

// Days beyond every real one stand for infinities while bounds are compared.
const (
	minusInfinity Day = -1 << 31
	plusInfinity  Day = 1<<31 - 1
)

func (b Bound) or(infinity Day) Day {
	if b.Known {
		return b.Day
	}
	return infinity
}

func bound(d Day) Bound {
	if d == minusInfinity || d == plusInfinity {
		return Open
	}
	return At(d)
}

// signed gives the four days with infinities in the place of open ones.
func (b Bounds) signed() (startEarliest, startLatest, endEarliest, endLatest Day) {
	startOpen, endOpen := plusInfinity, minusInfinity
	if !b.StartEarliest.Known {
		startOpen = minusInfinity
	}
	if !b.EndLatest.Known {
		endOpen = plusInfinity
	}
	return b.StartEarliest.or(minusInfinity), b.StartLatest.or(startOpen), b.EndEarliest.or(endOpen), b.EndLatest.or(plusInfinity)
}

// hull gives the earliest of the earliest and the latest of the latest days. It
// must not span from minus to plus infinity, which no four days can say.
func hull(members []Member) Bounds {
	a, b, c, d := members[0].signed()
	for i := range members[1:] {
		e, f, g, h := members[i+1].signed()
		a, b, c, d = min(a, e), max(b, f), min(c, g), max(d, h)
	}
	return Bounds{bound(a), bound(b), bound(c), bound(d)}
}
