package edtf

import "fmt"

// scanner reads one part from s. Where it fails, reason says why.
type scanner struct {
	s      string
	at     int
	reason string
}

func (p *scanner) refuse(reason string) bool {
	p.reason = reason
	return false
}

// peek gives the next byte, or 0 at the end.
func (p *scanner) peek() byte {
	if p.at < len(p.s) {
		return p.s[p.at]
	}
	return 0
}

func (p *scanner) qualifier() (q qualifier) {
	switch p.peek() {
	case '?':
		q = uncertain
	case '~':
		q = approximate
	case '%':
		q = uncertain | approximate
	default:
		return 0
	}
	p.at++
	return q
}

// part reads a date. What follows it is left for the caller.
func (p *scanner) part() (c part, ok bool) {
	c.before[0] = p.qualifier()
	if !p.year(&c) || !p.after(&c, 0) {
		return c, false
	}
	if p.peek() == '-' {
		if !p.month(&c) || !p.after(&c, 1) {
			return c, false
		}
		if p.peek() == '-' {
			if c.season() {
				return c, p.refuse("a season has no days: write the season alone, or a month and a day")
			}
			if !p.day(&c) || !p.after(&c, 2) {
				return c, false
			}
		}
	}
	if !c.bound() {
		return c, p.refuse(impossible(&c))
	}
	if c.lo < MinDay {
		return c, p.refuse(yearsAllowed)
	}
	if c.hi > MaxDay {
		return c, p.refuse("it runs beyond 9999-12-31, the last day allowed: write an earlier date")
	}
	return c, true
}

func (p *scanner) after(c *part, i int) bool {
	c.after[i] = p.qualifier()
	if c.after[i] != 0 && p.qualifier() != 0 {
		return p.refuse("two qualifiers in one place: write % for uncertain and approximate, else a single ? or ~")
	}
	return true
}

// digits reads up to most digits, X where it stands, and gives the value with 0
// for X, the number of characters and of X, and whether all X are at the right.
func (p *scanner) digits(most int) (value, n int, x uint8, right bool) {
	right = true
	for ; n < most && p.at < len(p.s); n++ {
		b := p.s[p.at]
		switch {
		case b == 'X':
			x++
			value *= 10
		case b >= '0' && b <= '9':
			if x > 0 {
				right = false
			}
			value = value*10 + int(b-'0')
		default:
			return value, n, x, right
		}
		p.at++
	}
	return value, n, x, right
}

const yearsAllowed = "the year is outside -4712 to 9999: write a year within them"

const maskRight = "X may only stand at the right of a year, a month or a day: write 19XX, 198X, 1984-1X or 1984-12-XX"

func (p *scanner) year(c *part) bool {
	start := p.at
	negative := p.peek() == '-'
	if negative {
		p.at++
	}
	value, n, x, right := p.digits(10)
	text := p.s[start:p.at]
	switch {
	case n == 0:
		return p.refuse(noYear(p.s, p.at))
	case !right:
		return p.refuse(maskRight)
	case n != 4:
		return p.refuse(yearLength(text, negative, n, x, p.s[p.at:]))
	case negative && x > 0:
		return p.refuse("a year before 0000 may not have X: write the interval of years, such as -0049/-0040")
	case negative && value == 0:
		return p.refuse("there is no year -0000: write 0000, which is 1 BC")
	case negative && -value < minYear:
		return p.refuse(yearsAllowed)
	}
	if negative {
		value = -value
	}
	c.year, c.yearX, c.has = int16(value), x, 1
	return true
}

func (p *scanner) month(c *part) bool {
	p.at++ // the dash
	c.before[1] = p.qualifier()
	start := p.at
	value, n, x, right := p.digits(3)
	text := p.s[start:p.at]
	switch {
	case n != 2:
		return p.refuse("a month has two digits: write 07 for July, as in 2023-07")
	case !right:
		return p.refuse(maskRight)
	case x == 0 && (value < 1 || value > 12 && value < 21 || value > 41):
		return p.refuse("there is no month " + text + ": write 01 to 12, or 21 to 41 for a season or a part of the year")
	case x == 1 && value > 10:
		return p.refuse("no month begins with " + text[:1] + ": write 0X, 1X or XX")
	}
	c.month, c.monthX, c.has = uint8(value), x, 2
	return true
}

func (p *scanner) day(c *part) bool {
	p.at++ // the dash
	c.before[2] = p.qualifier()
	start := p.at
	value, n, x, right := p.digits(3)
	text := p.s[start:p.at]
	switch {
	case n != 2:
		return p.refuse("a day has two digits: write 01 for the first, as in 2023-07-01")
	case !right:
		return p.refuse(maskRight)
	case x == 0 && (value < 1 || value > 31):
		return p.refuse("there is no day " + text + ": write 01 to 31")
	case x == 1 && value > 30:
		return p.refuse("no day begins with " + text[:1] + ": write 0X, 1X, 2X, 3X or XX")
	}
	c.day, c.dayX, c.has = uint8(value), x, 3
	return true
}

// impossible says why no such day exists.
func impossible(c *part) string {
	if c.masked() {
		return "no day is like that: write digits that a day of the calendar can have"
	}
	y, m := int(c.year), int(c.month)
	month := DayOf(y, m, 1).String()
	month = month[:len(month)-3]
	return fmt.Sprintf("there is no such day: %s has %d days; write %s-%d at most, or %s for the month", month, daysIn(y, m), month, daysIn(y, m), month)
}
