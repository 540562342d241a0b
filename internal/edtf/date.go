package edtf

import (
	"strings"
	"unicode/utf8"
)

// Precision is the unit that is known of a date.
type Precision string

// The precisions. Season stands for all sub-year groupings, 21 to 41.
const (
	PrecisionDay      Precision = "day"
	PrecisionMonth    Precision = "month"
	PrecisionSeason   Precision = "season"
	PrecisionYear     Precision = "year"
	PrecisionDecade   Precision = "decade"
	PrecisionCentury  Precision = "century"
	PrecisionInterval Precision = "interval"
	PrecisionSet      Precision = "set"
)

// SetKind tells whether a date is a set, and which. Its numbers are stored.
type SetKind uint8

// The kinds of sets: [..] is one of its members, {..} all of them.
const (
	NotSet SetKind = 0
	OneOf  SetKind = 1
	AllOf  SetKind = 2
)

// Date is a parsed expression. Its zero value is no date: only Parse makes one.
type Date struct {
	Expr  string // as given
	Level int    // the lowest level of EDTF that admits the expression: 0, 1 or 2
	Bounds
	Precision   Precision
	Approximate bool // ~ or % stands somewhere in it
	Uncertain   bool // ? or % stands somewhere in it
	Set         SetKind
	Members     []Member // of a set, in the order written; else nil

	form  form
	a, b  part   // the written date, or the two ends of an interval
	clock string // of a date with a time: what follows the T
}

// Member is one member of a set: a date, or a range a..b of which it is one
// unknown day (in {..}: of which it is every unit).
type Member struct {
	Bounds
	Range bool
	// The named ends of a range, each with its first and last day; of an open
	// side the zero Span. For a single date First holds it, and Last is zero.
	First, Last Span

	form form
	a, b part
}

// form is the shape of an expression or of a member.
type form uint8

const (
	formDate         form = iota // a
	formBetween                  // a/b or a..b
	formOpenEnd                  // a/.. or a..
	formOpenStart                // ../b or ..b
	formUnknownEnd               // a/
	formUnknownStart             // /b
	formSet
)

const maxLength = 255

// String gives the expression as it was given.
func (d Date) String() string { return d.Expr }

// Parse reads an expression. Its error is an *Error that says why the expression
// is refused and what to write instead.
func Parse(s string) (Date, error) {
	d := Date{Expr: s}
	if len(s) > maxLength && utf8.RuneCountInString(s) > maxLength {
		return Date{}, &Error{s, "longer than 255 characters: write a shorter expression"}
	}
	if reason := d.parse(s); reason != "" {
		return Date{}, fail(s, reason)
	}
	return d, nil
}

// parse fills the date, or gives the reason why it cannot.
func (d *Date) parse(s string) string {
	if s == "" {
		return "empty: write a date such as 2023, 2023-07 or 2023-07-26"
	}
	if s[0] == '[' || s[0] == '{' {
		return d.parseSet(s)
	}
	if slash := strings.IndexByte(s, '/'); slash >= 0 {
		return d.parseInterval(s[:slash], s[slash+1:])
	}
	return d.parseSimple(s)
}

func (d *Date) parseSimple(s string) string {
	p := scanner{s: s}
	c, ok := p.part()
	if !ok {
		return p.reason
	}
	d.a = c
	if p.at < len(s) && s[p.at] == 'T' {
		if reason := checkTime(c, s[p.at+1:]); reason != "" {
			return reason
		}
		d.clock = s[p.at+1:]
	} else if p.at < len(s) {
		return trailing(s, p.at)
	}
	d.Bounds = days(c.lo, c.hi).some()
	d.Level, d.Precision = c.level(), c.precision()
	d.flag(c)
	return ""
}

func (d *Date) flag(c part) {
	q := c.anyQualifier()
	d.Uncertain = d.Uncertain || q&uncertain != 0
	d.Approximate = d.Approximate || q&approximate != 0
}

// wholePart reads a date that fills s: an end of an interval or of a range.
func wholePart(s, where string) (part, string) {
	p := scanner{s: s}
	c, ok := p.part()
	switch {
	case !ok:
		return c, p.reason
	case p.at == len(s):
		return c, ""
	case s[p.at] == 'T':
		return c, "a time of day may not stand in " + where + ": write the day alone, " + s[:p.at]
	}
	return c, trailing(s, p.at)
}

func (d *Date) parseInterval(a, b string) string {
	d.Precision = PrecisionInterval
	switch {
	case strings.IndexByte(b, '/') >= 0:
		return "more than one slash: write START/END for an interval, and hyphens within a date, as in 2023-07-26"
	case (a == "" || a == "..") && (b == "" || b == ".."):
		return "an interval needs at least one date: write START/.. when it goes on, START/ when its end is unknown, or ../END"
	}
	var reason string
	open := func(end string) bool { return end == "" || end == ".." }
	if !open(a) {
		if d.a, reason = wholePart(a, "an interval"); reason != "" {
			return reason
		}
		d.flag(d.a)
	}
	if !open(b) {
		if d.b, reason = wholePart(b, "an interval"); reason != "" {
			return reason
		}
		d.flag(d.b)
	}
	aLo, aHi, bLo, bHi := d.a.lo, d.a.hi, d.b.lo, d.b.hi
	switch {
	case b == "..":
		d.form, d.Bounds = formOpenEnd, Bounds{At(aLo), At(aHi), Open, Open}
	case b == "":
		d.form, d.Bounds = formUnknownEnd, Bounds{At(aLo), At(aHi), At(aLo), Open}
	case a == "..":
		d.form, d.Bounds = formOpenStart, Bounds{Open, Open, At(bLo), At(bHi)}
	case a == "":
		d.form, d.Bounds = formUnknownStart, Bounds{Open, At(bHi), At(bLo), At(bHi)}
	case bHi < aLo:
		return "it ends before it can begin: write the earlier date first, " + b + "/" + a
	default:
		d.form = formBetween
		d.Bounds = Bounds{At(aLo), At(min(aHi, bHi)), At(max(bLo, aLo)), At(bHi)}
	}
	d.Level = max(d.a.levelInInterval(), d.b.levelInInterval())
	if d.form != formBetween {
		d.Level = max(d.Level, 1)
	}
	return ""
}
