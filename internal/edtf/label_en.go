package edtf

import "strings"

type english struct{}

var englishMonths = [...]string{"", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}

var englishSeasons = [...]string{"spring", "summer", "autumn", "winter"}

// englishPeriods are the groupings 33 to 41.
var englishPeriods = [...]string{
	"first quarter", "second quarter", "third quarter", "fourth quarter",
	"first four months", "middle four months", "last four months", "first half", "second half",
}

func (english) year(y int) string {
	switch {
	case y <= 0:
		return number(1-y) + " BC"
	case y < 100:
		return "AD " + number(y)
	}
	return number(y)
}

// span names consecutive years, with their era once where it is the same.
func (l english) span(first, last int) string {
	switch {
	case first == last:
		return l.year(first)
	case last <= 0:
		return number(1-first) + "–" + l.year(last)
	case first > 0:
		return l.year(first) + "–" + number(last)
	}
	return l.year(first) + "–" + l.year(last)
}

// years names a year or the years that a mask can be.
func (l english) years(c *part) string {
	lo, hi := c.years()
	switch {
	case c.yearX == 0:
		return l.year(lo)
	case c.yearX == 1 && plainDecade(lo):
		return "the " + number(lo) + "s"
	case c.yearX == 1:
		return "the decade " + l.span(lo, hi)
	case c.plainCentury():
		return "the " + number(lo) + "s"
	case c.yearX == 4:
		return "an unknown year"
	}
	return "the years " + l.year(lo) + " to " + l.year(hi)
}

// plainCentury tells whether "the 1900s" says it: not for 2000 to 2099, which
// could be a decade or a thousand years.
func (c *part) plainCentury() bool { return c.yearX == 2 && c.year >= 100 && c.year%1000 != 0 }

// ofYear names the year after a month or a day.
func (l english) ofYear(c *part) string {
	switch {
	case c.yearX == 0:
		return " " + l.years(c)
	case c.yearX == 4:
		return " of " + l.years(c)
	case c.yearX == 1 || c.plainCentury():
		return " of some year in " + l.years(c)
	}
	lo, hi := c.years()
	return " of some year from " + l.year(lo) + " to " + l.year(hi)
}

func (l english) date(c *part) phrase {
	switch {
	case c.has == 1:
		return phrase{text: l.years(c)}
	case c.season():
		return phrase{text: l.season(c)}
	case c.has == 2:
		if c.monthX == 0 {
			return phrase{text: englishMonths[c.month] + l.ofYear(c)}
		}
		return phrase{text: l.someMonth(c)}
	}
	return phrase{text: l.day(c)}
}

func (l english) season(c *part) string {
	switch {
	case c.month <= 32:
	case c.yearX == 0:
		return "the " + englishPeriods[c.month-33] + " of " + l.years(c)
	default:
		return "the " + englishPeriods[c.month-33] + l.ofYear(c)
	}
	name := englishSeasons[(c.month-21)%4]
	if c.northern() {
		name = "northern " + name
	}
	if c.southern() {
		name = "southern " + name
	}
	if c.yearX == 0 {
		return name + " " + l.span(c.seasonYears())
	}
	return name + l.ofYear(c)
}

func (l english) someMonth(c *part) string {
	if c.monthX == 2 {
		return "some month in " + l.years(c)
	}
	return "some month from " + l.monthsOf(c)
}

// monthsOf names the months that 0X or 1X can be, and their year.
func (l english) monthsOf(c *part) string {
	lo, hi := c.months()
	return englishMonths[lo] + " to " + englishMonths[hi] + l.ofYear(c)
}

func (l english) day(c *part) string {
	first, last := c.daysThatExist()
	if c.monthX == 0 {
		month := englishMonths[c.month] + l.ofYear(c)
		switch {
		case c.dayX == 2:
			return "some day in " + month
		case last-first > 1:
			return "some day from " + number(first) + " to " + number(last) + " " + month
		case last > first:
			return number(first) + " or " + number(last) + " " + month
		}
		return number(first) + " " + month
	}
	switch {
	case c.dayX == 2 && c.monthX == 2:
		return "some day in " + l.years(c)
	case c.dayX == 2:
		return "some day from " + l.monthsOf(c)
	case last-first > 1:
		return "some day from the " + ordinal(first) + " to the " + ordinal(last) + " of " + l.someMonth(c)
	case last > first:
		return "the " + ordinal(first) + " or " + ordinal(last) + " of " + l.someMonth(c)
	}
	return "the " + ordinal(first) + " of " + l.someMonth(c)
}

// ordinal writes a day of the month.
func ordinal(n int) string {
	suffix := "th"
	if n < 10 || n > 20 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return number(n) + suffix
}

func (english) withTime(date, clock string) string { return date + ", " + clock }

func (english) alone(p phrase) string {
	if p.about {
		return "about " + p.text + p.remarks
	}
	return p.text + p.remarks
}

func (l english) interval(f form, a, b phrase) string {
	switch f {
	case formOpenEnd:
		return "since " + l.alone(a)
	case formOpenStart:
		return "until " + l.alone(b)
	case formUnknownEnd:
		return "from " + l.alone(a) + ", end unknown"
	case formUnknownStart:
		return "until " + l.alone(b) + ", start unknown"
	}
	return l.alone(a) + " to " + l.alone(b)
}

func (l english) anyOf(f form, a, b phrase) string {
	switch f {
	case formOpenEnd:
		return "on or after " + l.alone(a)
	case formOpenStart:
		return "by " + l.alone(b)
	}
	return "between " + l.alone(a) + " and " + l.alone(b)
}

func (l english) allOf(f form, a, b phrase) string {
	switch f {
	case formOpenEnd:
		return "all dates from " + l.alone(a) + " on"
	case formOpenStart:
		return "all dates until " + l.alone(b)
	}
	return l.alone(a) + " to " + l.alone(b)
}

func (english) list(kind SetKind, m []string) string {
	if kind == OneOf {
		return commas(m, " or ")
	}
	return commas(m, " and ")
}

// commas joins with commas, and with last before the last.
func commas(m []string, last string) string {
	n := len(m) - 1
	if n == 0 {
		return m[0]
	}
	return strings.Join(m[:n], ", ") + last + m[n]
}

func (english) note(flag qualifier, nouns []noun) string {
	word := [...]string{uncertain: "uncertain", approximate: "approximate", uncertain | approximate: "uncertain and approximate"}[flag]
	if nouns == nil {
		return word
	}
	names := make([]string, len(nouns))
	for i, n := range nouns {
		names[i] = [...]string{"year", "month", "day", "season", "period"}[n]
	}
	return commas(names, " and ") + " " + word
}

func (english) notes(n []string) string { return " (" + strings.Join(n, "; ") + ")" }
