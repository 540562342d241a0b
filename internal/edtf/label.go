package edtf

import (
	"slices"
	"strconv"
)

// Label gives the date in words: lang is "ar", "en" or "fr", anything else is
// taken as "en". It says what the expression says, never more: a year stays a
// year. Digits are Western in all three.
func (d Date) Label(lang string) string {
	var l language = english{}
	switch lang {
	case "ar":
		l = arabic{}
	case "fr":
		l = french{}
	}
	switch {
	case d.Set != NotSet:
		members := make([]string, len(d.Members))
		for i := range d.Members {
			m := &d.Members[i]
			members[i] = label(l, d.Set, m.form, &m.a, &m.b)
		}
		return l.list(d.Set, members)
	case d.clock != "":
		return l.withTime(l.date(&d.a).text, d.clock[:8]+shiftLabel(d.clock[8:]))
	}
	return label(l, NotSet, d.form, &d.a, &d.b)
}

// language writes the parts of a label.
type language interface {
	date(c *part) phrase                  // a date without its qualifiers
	withTime(date, clock string) string   // a day and its time
	alone(p phrase) string                // a date that stands alone
	interval(f form, a, b phrase) string  // of any form but formDate
	anyOf(f form, a, b phrase) string     // a range in [..]
	allOf(f form, a, b phrase) string     // a range in {..}
	list(kind SetKind, m []string) string // the members of a set
	note(flag qualifier, n []noun) string // which components are flagged; none: the whole
	notes(n []string) string              // as they follow a date
}

// phrase is a date in words, with what is needed to build it into a sentence.
type phrase struct {
	text    string
	class   class
	about   bool   // approximate as a whole
	remarks string // its other qualifiers, as they follow it
}

// class is how a date takes an article, in languages that need it.
type class uint8

const (
	classBare       class = iota // 2023, July 2023
	classDay                     // 26 July 2023
	classIndefinite              // some day of July 2023
	classMasculine               // a quarter
	classElided                  // a noun that begins with a vowel: French summer
	classFeminine                // a decade
	classPlural                  // the 1980s
)

// noun names a component that carries a qualifier.
type noun uint8

const (
	nounYear noun = iota
	nounMonth
	nounDay
	nounSeason
	nounPeriod
)

func label(l language, kind SetKind, f form, a, b *part) string {
	switch {
	case f == formDate:
		return l.alone(qualified(l, a))
	case kind == OneOf:
		return l.anyOf(f, qualified(l, a), qualified(l, b))
	case kind == AllOf:
		return l.allOf(f, qualified(l, a), qualified(l, b))
	}
	return l.interval(f, qualified(l, a), qualified(l, b))
}

// qualified gives the phrase of a part with its qualifiers; of no part none.
func qualified(l language, c *part) phrase {
	if c.has == 0 {
		return phrase{}
	}
	p := l.date(c)
	var notes []string
	doubtful, allDoubtful := c.flagged(uncertain)
	rough, allRough := c.flagged(approximate)
	var whole qualifier // what the remarks say of all components
	if allDoubtful {
		whole, doubtful = uncertain, nil
	}
	if allRough {
		rough = nil
		if p.about = !c.indefinite(); !p.about { // nothing is about some day
			whole |= approximate
		}
	}
	if whole != 0 {
		notes = append(notes, l.note(whole, nil))
	}
	if len(rough) > 0 && slices.Equal(doubtful, rough) {
		notes = append(notes, l.note(uncertain|approximate, rough))
		doubtful, rough = nil, nil
	}
	if len(doubtful) > 0 {
		notes = append(notes, l.note(uncertain, doubtful))
	}
	if len(rough) > 0 {
		notes = append(notes, l.note(approximate, rough))
	}
	if len(notes) > 0 {
		p.remarks = l.notes(notes)
	}
	return p
}

// indefinite tells whether the label is one of some day, of some month or of an
// unknown year.
func (c *part) indefinite() bool {
	if c.dayX > 0 {
		first, last := c.daysThatExist()
		return last-first > 1
	}
	return c.has == 2 && c.monthX > 0 || c.has == 1 && c.yearX == 4
}

// daysThatExist gives the days of the month that the part can be: of 2023-02-2X
// the 20th to the 28th, of 2023-04-3X the 30th.
func (c *part) daysThatExist() (first, last int) {
	first, last = c.days()
	switch {
	case c.monthX > 0: // a mask of months leaves one of 31 days
		return first, last
	case c.yearX > 0 && c.month == 2: // a mask of years leaves a leap year
		return first, min(last, 29)
	}
	return first, min(last, daysIn(int(c.year), int(c.month)))
}

// flagged gives the components that carry the flag, and whether all do.
func (c *part) flagged(flag qualifier) (nouns []noun, whole bool) {
	names := [3]noun{nounYear, nounMonth, nounDay}
	if c.season() {
		names[1] = nounSeason
		if c.month > 32 {
			names[1] = nounPeriod
		}
	}
	for i, q := range c.qualifiers() {
		if i < int(c.has) && q&flag != 0 {
			nouns = append(nouns, names[i])
		}
	}
	return nouns, len(nouns) == int(c.has)
}

// shiftLabel writes a time shift: " UTC", " UTC-04:30", "" for local time.
func shiftLabel(shift string) string {
	switch shift {
	case "":
		return ""
	case "Z":
		return " UTC"
	}
	return " UTC" + shift
}

// seasonYears gives the year of a season, and the next where it runs into that.
func (c *part) seasonYears() (first, last int) {
	y := int(c.year)
	if s := seasons[c.month-21]; s.first+s.months > 13 {
		return y, y + 1
	}
	return y, y
}

func number(n int) string { return strconv.Itoa(n) }

// plainDecade tells whether "the 1980s" says it: not for 1900 to 1909, which
// could be a century, nor for the first century, whose numbers are too short.
func plainDecade(lo int) bool { return lo >= 100 && lo%100 != 0 }

// northern tells whether the season names that hemisphere in its code.
func (c *part) northern() bool { return c.month >= 25 && c.month <= 28 }

// southern does so for the other one.
func (c *part) southern() bool { return c.month >= 29 && c.month <= 32 }
