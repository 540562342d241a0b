package edtf

import "strings"

// ParseFrom reads a year, a month or a day and gives its first day.
func ParseFrom(s string) (Day, error) {
	c, err := parsePlain(s)
	return c.lo, err
}

// ParseTo reads a year, a month or a day and gives its last day.
func ParseTo(s string) (Day, error) {
	c, err := parsePlain(s)
	return c.hi, err
}

func parsePlain(s string) (part, error) {
	const form = "not a year, a month or a day: write it as 2023, 2023-07 or 2023-07-26"
	d, err := Parse(s)
	switch {
	case err != nil:
		return part{}, err
	case d.Precision == PrecisionInterval || d.Set != NotSet || d.clock != "" || d.a.masked() || d.a.season():
		return part{}, &Error{s, form}
	case d.a.qualified():
		return part{}, &Error{s, "a limit takes no qualifier: write it without ?, ~ and %"}
	}
	return d.a, nil
}

// ParseWindow reads a window in one word: a year, a month, a day, a season, a
// mask that leaves no gaps such as 202X, or an interval of such, open at one end or
// not. Sets, qualifiers, unknown ends and times are refused with a reason.
func ParseWindow(s string) (Window, error) {
	d, err := Parse(s)
	if err != nil {
		return Window{}, err
	}
	reason := ""
	switch {
	case d.Set != NotSet:
		reason = "a window is one stretch of days, not a set: write an interval such as 2020/2023"
	case d.Uncertain || d.Approximate:
		reason = "a window takes no qualifier: write it without ?, ~ and %"
	case d.form == formUnknownEnd:
		reason = "a window cannot end on an unknown day: write " + s + ".. for no end"
	case d.form == formUnknownStart:
		reason = "a window cannot begin on an unknown day: write .." + s + " for no beginning"
	case d.clock != "":
		reason = "a window is made of whole days: write " + s[:strings.IndexByte(s, 'T')]
	case d.a.gaps() || d.b.gaps():
		reason = "the days of this mask do not follow each other: write an interval such as 2020/2023, or X at the end only, as in 202X"
	}
	if reason != "" {
		return Window{}, &Error{s, reason}
	}
	switch d.form {
	case formOpenEnd:
		return Window{From: At(d.a.lo)}, nil
	case formOpenStart:
		return Window{To: At(d.b.hi)}, nil
	}
	return Window{d.StartEarliest, d.EndLatest}, nil
}

// gaps tells whether the part can be some days but not all between its first and last.
func (c *part) gaps() bool {
	return c.yearX > 0 && c.has > 1 && c.monthX != 2 || (c.yearX > 0 || c.monthX > 0) && c.has > 2 && c.dayX != 2
}
