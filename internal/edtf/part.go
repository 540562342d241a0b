package edtf

// qualifier holds the flags that stand on a component.
type qualifier uint8

const (
	uncertain   qualifier = 1 // ?
	approximate qualifier = 2 // ~
)

// part is one written date: a year, a month or a season of a year, or a day,
// where digits from the right of each component may be X.
type part struct {
	lo, hi Day // the first and last day that it can be

	year       int16 // its written digits, with 0 for X
	month, day uint8 // a month of 21 to 41 is a season
	has        uint8 // components: 0 none, 1 year, 2 and month, 3 and day

	yearX, monthX, dayX uint8 // digits that are X

	before, after [3]qualifier // as written around year, month, day
}

func (c *part) season() bool { return c.month >= 21 }

func (c *part) masked() bool { return c.yearX|c.monthX|c.dayX != 0 }

func (c *part) qualified() bool { return c.anyQualifier() != 0 }

func (c *part) anyQualifier() (q qualifier) {
	for i := range 3 {
		q |= c.before[i] | c.after[i]
	}
	return q
}

// qualifiers gives what holds for year, month and day: a qualifier before a
// component is for it alone, one after it also for all components to its left.
func (c *part) qualifiers() (q [3]qualifier) {
	for i := range 3 {
		q[i] = c.before[i]
		for _, after := range c.after[i:] {
			q[i] |= after
		}
	}
	return q
}

// level gives the lowest level of EDTF that admits the part.
func (c *part) level() int {
	level := 0
	if c.year < 0 || c.qualified() || c.season() || c.masked() {
		level = 1
	}
	for i := range 3 {
		if c.before[i] != 0 || c.after[i] != 0 && i+1 < int(c.has) {
			return 2 // on a component, not on the whole
		}
	}
	if c.month > 24 || c.masked() && !c.simpleMask() {
		return 2
	}
	return level
}

// simpleMask tells whether the mask is one of level 1: 201X, 20XX, 2004-XX,
// 1985-04-XX, 1985-XX-XX.
func (c *part) simpleMask() bool {
	switch {
	case c.yearX > 0:
		return c.has == 1 && c.yearX <= 2
	case c.monthX > 0:
		return c.monthX == 2 && (c.has == 2 || c.dayX == 2)
	}
	return c.dayX == 2
}

// levelInInterval: seasons and masks stand in intervals from level 2 on.
func (c *part) levelInInterval() int {
	if c.season() || c.masked() {
		return 2
	}
	return c.level()
}

// precision gives the unit of the last written component before the first X;
// where the whole year is X, nothing is known of it, and the coarsest unit says so.
func (c *part) precision() Precision {
	switch {
	case c.yearX == 1:
		return PrecisionDecade
	case c.yearX > 1:
		return PrecisionCentury
	case c.has == 1 || c.monthX > 0:
		return PrecisionYear
	case c.season():
		return PrecisionSeason
	case c.has == 2 || c.dayX > 0:
		return PrecisionMonth
	}
	return PrecisionDay
}

// maskRange gives the numbers that a component with X digits can be.
func maskRange(value int, x uint8) (lo, hi int) {
	tens := [...]int{1, 10, 100, 1000, 10000}[x]
	return value, value + tens - 1
}

func (c *part) years() (lo, hi int) { return maskRange(int(c.year), c.yearX) }

func (c *part) months() (lo, hi int) {
	if c.has < 2 {
		return 1, 12
	}
	lo, hi = maskRange(int(c.month), c.monthX)
	if c.monthX > 0 {
		lo, hi = max(lo, 1), min(hi, 12)
	}
	return lo, hi
}

func (c *part) days() (lo, hi int) {
	if c.has < 3 {
		return 1, 31
	}
	lo, hi = maskRange(int(c.day), c.dayX)
	if c.dayX > 0 {
		lo, hi = max(lo, 1), min(hi, 31)
	}
	return lo, hi
}

// bound finds the first and the last day that exist, or tells that none does.
func (c *part) bound() bool {
	y0, y1 := c.years()
	if c.season() {
		s := seasons[c.month-21]
		c.lo, _ = s.days(y0)
		_, c.hi = s.days(y1)
		return true
	}
	m0, m1 := c.months()
	d0, d1 := c.days()
	if m0 > m1 || d0 > d1 {
		return false
	}
	found := false
	for y := y0; y <= y1 && !found; y++ {
		for m := m0; m <= m1 && !found; m++ {
			if found = d0 <= daysIn(y, m); found {
				c.lo = DayOf(y, m, d0)
			}
		}
	}
	if !found {
		return false
	}
	for y := y1; ; y-- { // ends: it finds c.lo's month at the latest
		for m := m1; m >= m0; m-- {
			if n := daysIn(y, m); d0 <= n {
				c.hi = DayOf(y, m, min(d1, n))
				return true
			}
		}
	}
}
