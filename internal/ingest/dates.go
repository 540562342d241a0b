package ingest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// dateRule makes an EDTF expression of columns.
type dateRule struct {
	start, end point
	hasEnd     bool
	oneDay     bool // start and end bound one unknown day: [a..b]; else a duration a/b
	unknown    []string
	open       []string
	none       []string
	noYearZero bool // years before 1 are counted -1 = 1 BC
	lostPrec   bool // 1 January stands for the whole year
	within     col  // the year that the row is about: the date is cut to it
}

// point is one date: of one column, or of a column for each part.
type point struct {
	column           col
	layout           string
	year, month, day col
	precision        wordRule
}

const layoutEDTF = "edtf"

var layouts = []string{"YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY", "DD.MM.YYYY", "YYYYMMDD", "YYYY", layoutEDTF}

// precisions are what a precision code can stand for: the unit that is known, and
// whether it is approximate or uncertain.
var precisions = []string{"day", "day~", "day?", "day%", "month", "month~", "month?", "month%", "year", "year~", "year?", "year%"}

// moment is what a point gives: a date known as far as its unit, or none.
type moment struct {
	state     momentState
	expr      string // EDTF
	year      int
	hasYear   bool
	qualified string
}

type momentState uint8

const (
	momentKnown   momentState = iota
	momentUnknown             // it has a date that is not known
	momentOpen                // it goes on
	momentAbsent              // the row has no such date
)

// dateFault is a date that cannot be read, with the column to look at.
type dateFault struct {
	column col
	reason string
}

func (f *dateFault) Error() string { return f.reason }

// expression gives the EDTF expression, or "" where the row has no such date.
func (d *dateRule) expression(r *row) (string, error) {
	start, err := d.moment(&d.start, r)
	if err != nil {
		return "", err
	}
	if !d.hasEnd {
		switch start.state {
		case momentAbsent:
			return "", nil
		case momentUnknown, momentOpen:
			return "", &dateFault{d.start.anyColumn(), "the year is not known, so the event has no date"}
		}
		return start.expr, nil
	}
	end, err := d.moment(&d.end, r)
	if err != nil {
		return "", err
	}
	if start.state == momentAbsent && end.state == momentAbsent {
		return "", nil
	}
	if d.within != noCol {
		if start, end, err = d.cut(start, end, r); err != nil {
			return "", err
		}
		if start.expr == end.expr {
			return start.expr, nil
		}
	}
	return d.join(start, end)
}

// join writes start and end as one expression.
func (d *dateRule) join(start, end moment) (string, error) {
	if start.state == momentAbsent {
		start.state = momentUnknown
	}
	if end.state == momentAbsent {
		end.state = momentUnknown
	}
	switch {
	case d.oneDay && start.state == momentKnown && end.state == momentKnown:
		if start.expr == end.expr {
			return start.expr, nil
		}
		return "[" + start.expr + ".." + end.expr + "]", nil
	case d.oneDay:
		return "", &dateFault{d.end.anyColumn(), "one of the two dates that bound the day is not known"}
	case start.state == momentUnknown && end.state == momentUnknown:
		return "", &dateFault{d.start.anyColumn(), "neither the start nor the end is known, so the event has no date"}
	}
	ends := map[momentState]string{momentUnknown: "", momentOpen: ".."}
	from, to := start.expr, end.expr
	if start.state != momentKnown {
		from = ends[start.state]
	}
	if end.state != momentKnown {
		to = ends[end.state]
	}
	return from + "/" + to, nil
}

// cut keeps what lies in the row's year: an end beyond it, or one that is not known,
// becomes that year.
func (d *dateRule) cut(start, end moment, r *row) (moment, moment, error) {
	text := r.get(d.within)
	year, ok := wholeNumber(text)
	if !ok {
		return start, end, &dateFault{d.within, fmt.Sprintf("%q is not a year", text)}
	}
	whole := moment{expr: yearText(year), year: year, hasYear: true}
	if !start.hasYear || start.year < year {
		start = whole
	}
	if !end.hasYear || end.year > year {
		end = whole
	}
	if start.year > year || end.year < year {
		return start, end, &dateFault{d.within, fmt.Sprintf("the year %d lies outside the dates of the row", year)}
	}
	return start, end, nil
}

func (d *dateRule) moment(p *point, r *row) (moment, error) {
	var m moment
	var err error
	if p.column != noCol {
		m, err = d.ofText(p, r)
	} else {
		m, err = d.ofParts(p, r)
	}
	if err != nil || m.state != momentKnown {
		return m, err
	}
	m.expr += m.qualified
	parsed, err := edtf.Parse(m.expr)
	if err != nil {
		return m, &dateFault{p.anyColumn(), fmt.Sprintf("%q is no date: %s", m.expr, reasonOf(err))}
	}
	if parsed.StartEarliest.Known {
		year, _, _ := parsed.StartEarliest.Day.Civil()
		m.year, m.hasYear = year, true
	}
	return m, nil
}

// ofText reads a date that stands in one column.
func (d *dateRule) ofText(p *point, r *row) (moment, error) {
	text := r.get(p.column)
	switch {
	case slices.Contains(d.none, text) || text == "":
		return moment{state: momentAbsent}, nil
	case slices.Contains(d.open, text):
		return moment{state: momentOpen}, nil
	case slices.Contains(d.unknown, text):
		return moment{state: momentUnknown}, nil
	case p.layout == layoutEDTF:
		return moment{expr: text}, nil
	}
	year, month, day, ok := readLayout(text, p.layout)
	if !ok {
		return moment{}, &dateFault{p.column, fmt.Sprintf("%q is not a date of the form %s", text, p.layout)}
	}
	n, err := strconv.Atoi(year)
	if err != nil {
		return moment{}, &dateFault{p.column, fmt.Sprintf("%q is not a date of the form %s", text, p.layout)}
	}
	if n, err = d.astronomical(n); err != nil {
		return moment{}, &dateFault{p.column, err.Error()}
	}
	parts := []string{yearText(n), month, day}
	if p.layout == "YYYY" {
		parts = parts[:1]
	} else if d.lostPrec && month == "01" && day == "01" {
		parts = parts[:1]
	}
	return d.reduce(p, r, parts)
}

// ofParts reads a date that stands in a column for each part. A part that is empty is
// left out; one with a code for "unknown" is written XX, for its place is known.
func (d *dateRule) ofParts(p *point, r *row) (moment, error) {
	text := r.get(p.year)
	switch {
	case slices.Contains(d.none, text):
		return moment{state: momentAbsent}, nil
	case slices.Contains(d.open, text):
		return moment{state: momentOpen}, nil
	case slices.Contains(d.unknown, text):
		return moment{state: momentUnknown}, nil
	case text == "" && p.isEmpty(r):
		return moment{state: momentAbsent}, nil
	case text == "": // what stands in the other parts means nothing without a year
		return moment{state: momentUnknown}, nil
	}
	year, ok := wholeNumber(text)
	if !ok {
		return moment{}, &dateFault{p.year, fmt.Sprintf("%q is not a year", text)}
	}
	year, err := d.astronomical(year)
	if err != nil {
		return moment{}, &dateFault{p.year, err.Error()}
	}
	parts := []string{yearText(year)}
	for _, c := range []col{p.month, p.day} {
		text := r.get(c)
		if slices.Contains(d.unknown, text) && text != "" {
			if year < 0 { // no masks before the year 0
				break
			}
			parts = append(parts, "XX")
			continue
		}
		if text == "" {
			if c == p.month && r.get(p.day) != "" {
				return moment{}, &dateFault{p.month, "there is a day without a month"}
			}
			break
		}
		n, ok := wholeNumber(text)
		if !ok || n < 1 || n > 99 {
			return moment{}, &dateFault{c, fmt.Sprintf("%q is not a month or a day", text)}
		}
		parts = append(parts, fmt.Sprintf("%02d", n))
	}
	return d.reduce(p, r, parts)
}

// reduce cuts a date to the unit that its precision code says is known.
func (d *dateRule) reduce(p *point, r *row, parts []string) (moment, error) {
	m := moment{}
	if p.precision.given() {
		word, err := p.precision.word(r)
		if err != nil {
			return m, err
		}
		unit := strings.TrimRight(word, "~?%")
		m.qualified = word[len(unit):]
		parts = parts[:min(len(parts), map[string]int{"year": 1, "month": 2, "day": 3}[unit])]
	}
	m.expr = strings.Join(parts, "-")
	return m, nil
}

// astronomical makes EDTF's year of a data set's: 1 BC is the year 0.
func (d *dateRule) astronomical(year int) (int, error) {
	switch {
	case !d.noYearZero || year > 0:
		return year, nil
	case year == 0:
		return 0, fmt.Errorf("there is no year 0 in this data set's count")
	}
	return year + 1, nil
}

// isEmpty tells whether none of the point's columns has a value.
func (p *point) isEmpty(r *row) bool {
	return r.get(p.column) == "" && r.get(p.year) == "" && r.get(p.month) == "" && r.get(p.day) == ""
}

func (p *point) anyColumn() col {
	if p.column != noCol {
		return p.column
	}
	return p.year
}

// readLayout takes a date apart. A time of day behind it is left out: the day is the
// one that is written.
func readLayout(text, layout string) (year, month, day string, ok bool) {
	parts := func(separator string) []string {
		parts := strings.Split(dayOfTime(text), separator)
		if len(parts) != 3 {
			return nil
		}
		return parts
	}
	var p []string
	switch layout {
	case "YYYY":
		return text, "", "", text != ""
	case "YYYYMMDD":
		if t := dayOfTime(text); len(t) == 8 {
			p = []string{t[:4], t[4:6], t[6:]}
		}
	case "YYYY-MM-DD":
		sign := ""
		if rest, negative := strings.CutPrefix(text, "-"); negative {
			text, sign = rest, "-"
		}
		if p = parts("-"); p != nil {
			p[0] = sign + p[0]
		}
	case "DD/MM/YYYY", "DD.MM.YYYY":
		if p = parts(layout[2:3]); p != nil {
			p[0], p[2] = p[2], p[0]
		}
	case "MM/DD/YYYY":
		if p = parts("/"); p != nil {
			p[0], p[1], p[2] = p[2], p[0], p[1]
		}
	}
	if p == nil || len(strings.TrimPrefix(p[0], "-")) < 4 || !twoDigits(&p[1]) || !twoDigits(&p[2]) {
		return "", "", "", false
	}
	return p[0], p[1], p[2], true
}

// twoDigits brings a month or a day to two digits.
func twoDigits(s *string) bool {
	if len(*s) == 1 {
		*s = "0" + *s
	}
	return len(*s) == 2 && (*s)[0] >= '0' && (*s)[0] <= '9' && (*s)[1] >= '0' && (*s)[1] <= '9'
}

// wholeNumber reads a whole number, also one that a spreadsheet gave a ".0".
func wholeNumber(s string) (int, bool) {
	for _, tail := range []string{".0", ".00"} {
		s = strings.TrimSuffix(s, tail)
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// yearText writes a year as EDTF does.
func yearText(year int) string {
	if year < 0 {
		return fmt.Sprintf("-%04d", -year)
	}
	return fmt.Sprintf("%04d", year)
}
