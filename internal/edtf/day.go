package edtf

import (
	"errors"
	"fmt"
)

// Day counts days since 1970-01-01 in the proleptic Gregorian calendar with
// astronomical year numbering: year 0 is 1 BC, year -43 is 44 BC.
type Day int32

// The first and the last day that a date may touch: -4712-01-01 and 9999-12-31.
const (
	MinDay Day = -2440550
	MaxDay Day = 2932896
)

const (
	minYear = -4712
	maxYear = 9999
)

// DayOf gives the day of a civil date. It does not validate: a month must be 1 to
// 12, and a day beyond its month's end runs on into the next month.
func DayOf(year, month, day int) Day {
	// Years begin in March here, so that the leap day is the last of its year.
	if month <= 2 {
		year--
		month += 12
	}
	era := floorDiv(year, 400)
	yearOfEra := year - era*400
	dayOfYear := (153*(month-3)+2)/5 + day - 1
	return Day(era*146097 + yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear - 719468)
}

// Civil gives the year, the month (1 to 12) and the day (1 to 31).
func (d Day) Civil() (year, month, day int) {
	z := int(d) + 719468
	era := floorDiv(z, 146097)
	dayOfEra := z - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	shifted := (5*dayOfYear + 2) / 153
	day = dayOfYear - (153*shifted+2)/5 + 1
	month, year = shifted+3, yearOfEra+era*400
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// String writes "2023-07-01", and "-0043-03-15" before year 0.
func (d Day) String() string { return string(d.AppendTo(make([]byte, 0, 12))) }

// AppendTo appends what String gives.
func (d Day) AppendTo(b []byte) []byte {
	year, month, day := d.Civil()
	if year < 0 {
		b, year = append(b, '-'), -year
	}
	if year > 9999 { // beyond MaxDay: only arithmetic gets there
		b = append(b, fmt.Sprint(year/10000)...)
		year %= 10000
	}
	return append(b, byte('0'+year/1000), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10),
		'-', byte('0'+month/10), byte('0'+month%10), '-', byte('0'+day/10), byte('0'+day%10))
}

// ParseDay reads exactly what String writes for a day from MinDay to MaxDay.
func ParseDay(s string) (Day, error) {
	p := scanner{s: s}
	c, ok := p.part()
	if !ok {
		return 0, fail(s, p.reason)
	}
	if p.at != len(s) || c.has != 3 || c.masked() || c.qualified() {
		return 0, fail(s, "not a day: write it as YYYY-MM-DD")
	}
	return DayOf(int(c.year), int(c.month), int(c.day)), nil
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func isLeap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func daysIn(year, month int) int {
	switch month {
	case 2:
		if isLeap(year) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// Bound is a day, or open: no day. Its zero value is open. The sign of an open
// bound follows from its place, see Bounds.
type Bound struct {
	Day   Day
	Known bool
}

// Open is the bound without a day.
var Open = Bound{}

// At is the bound at a day.
func At(d Day) Bound { return Bound{d, true} }

// String writes the day, or "" when open.
func (b Bound) String() string {
	if !b.Known {
		return ""
	}
	return b.Day.String()
}

// MarshalJSON writes "YYYY-MM-DD" (with a sign before year 0), or null when open.
func (b Bound) MarshalJSON() ([]byte, error) {
	if !b.Known {
		return []byte("null"), nil
	}
	return append(b.Day.AppendTo(append(make([]byte, 0, 13), '"')), '"'), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (b *Bound) UnmarshalJSON(data []byte) error {
	s := string(data)
	if s == "null" {
		*b = Open
		return nil
	}
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return errors.New("edtf: a day must be a string YYYY-MM-DD or null")
	}
	d, err := ParseDay(s[1 : len(s)-1])
	if err != nil {
		return err
	}
	*b = At(d)
	return nil
}
