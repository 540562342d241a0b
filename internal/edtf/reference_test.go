package edtf_test

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// A plain reference of what an expression means: it writes out the days of a
// calendar, finds by their text those that a date can be, and tries every pair of
// a first and a last day that an event may have had. It shares no code with the
// package, and takes the calendar from package time.

// calendar is a stretch of days. before and after it stand for the infinities.
type calendar struct {
	first, last int      // days since 1970-01-01
	text        []string // of each day, YYYY-MM-DD
}

var (
	calendarsMu sync.Mutex
	calendars   = map[[2]int]*calendar{}
)

// calendarAround gives so many years before a year, and as many after it.
func calendarAround(year, many int) *calendar {
	calendarsMu.Lock()
	defer calendarsMu.Unlock()
	key := [2]int{year, many}
	if c := calendars[key]; c != nil {
		return c
	}
	c := &calendar{}
	for t := time.Date(year-many, 1, 1, 0, 0, 0, 0, time.UTC); t.Year() <= year+many; t = t.AddDate(0, 0, 1) {
		if len(c.text) == 0 {
			c.first = int(t.Unix() / 86400)
		}
		c.text = append(c.text, fmt.Sprintf("%s-%02d-%02d", fourDigits(t.Year()), t.Month(), t.Day()))
	}
	c.last = c.first + len(c.text) - 1
	calendars[key] = c
	return c
}

func fourDigits(year int) string {
	if year < 0 {
		return fmt.Sprintf("-%04d", -year)
	}
	return fmt.Sprintf("%04d", year)
}

func (c *calendar) before() int { return c.first - 1 }
func (c *calendar) after() int  { return c.last + 1 }

// seasonMonths are the months of the groupings 21 to 41.
var seasonMonths = map[string]string{
	"21": "03 04 05", "22": "06 07 08", "23": "09 10 11", "24": "12 01 02",
	"25": "03 04 05", "26": "06 07 08", "27": "09 10 11", "28": "12 01 02",
	"29": "09 10 11", "30": "12 01 02", "31": "03 04 05", "32": "06 07 08",
	"33": "01 02 03", "34": "04 05 06", "35": "07 08 09", "36": "10 11 12",
	"37": "01 02 03 04", "38": "05 06 07 08", "39": "09 10 11 12",
	"40": "01 02 03 04 05 06", "41": "07 08 09 10 11 12",
}

// hull gives the first and the last day that a date can be, its qualifiers aside;
// false where it can be none.
func (c *calendar) hull(date string) (span [2]int, ok bool) {
	date = strings.NewReplacer("?", "", "~", "", "%", "").Replace(date)
	year, rest := date[:len(date)-len(strings.TrimLeft(date, "-"))+4], ""
	if len(date) > len(year) {
		rest = date[len(year)+1:]
	}
	months := seasonMonths[rest]
	for i, text := range c.text {
		if months != "" {
			month := text[len(text)-5 : len(text)-3]
			at := strings.Index(months, month)
			if at < 0 {
				continue
			}
			of, _ := strconv.Atoi(text[:len(text)-6])
			if months[0] == '1' && month[0] == '0' { // the winter of the year before
				of--
			}
			text = fourDigits(of) + "-" + rest
		}
		if like(text, date) {
			if !ok {
				span[0] = c.first + i
			}
			span[1], ok = c.first+i, true
		}
	}
	return span, ok
}

// like tells whether text begins as the pattern says, where X is any digit.
func like(text, pattern string) bool {
	for i := range len(pattern) {
		if i >= len(text) || pattern[i] != text[i] && (pattern[i] != 'X' || text[i] < '0') {
			return false
		}
	}
	return len(text) == len(pattern) || text[len(pattern)] == '-'
}

// meaning is what an expression says, days being those of a calendar.
type meaning struct {
	kind    edtf.SetKind
	members []meant
	barred  bool // a qualifier bars certain matches
}

// meant is what a date, an interval or a member of a set says.
type meant struct {
	starts, ends [2]int   // the days between which it began and ended
	same         bool     // on one day
	named        [][2]int // of a range in {..}: its named ends
}

// mean reads an expression that is well formed; false where it says nothing.
func (c *calendar) mean(expr string) (m meaning, ok bool) {
	m.barred = strings.ContainsAny(expr, "?~%")
	switch {
	case expr[0] == '[' || expr[0] == '{':
		m.kind = edtf.OneOf
		if expr[0] == '{' {
			m.kind = edtf.AllOf
		}
		openStart, openEnd := false, false
		for text := range strings.SplitSeq(expr[1:len(expr)-1], ",") {
			one, ok := c.meanMember(text, m.kind)
			if !ok {
				return m, false
			}
			openStart = openStart || one.starts[0] == c.before()
			openEnd = openEnd || one.ends[1] == c.after()
			m.members = append(m.members, one)
		}
		return m, !openStart || !openEnd
	case strings.Contains(expr, "/"):
		one, ok := c.meanInterval(expr)
		m.members = []meant{one}
		return m, ok
	}
	span, ok := c.hull(expr)
	m.members = []meant{{starts: span, ends: span, same: true}}
	return m, ok
}

func (c *calendar) meanMember(text string, kind edtf.SetKind) (m meant, ok bool) {
	a, b, ranged := strings.Cut(text, "..")
	if !ranged {
		span, ok := c.hull(text)
		return meant{starts: span, ends: span, same: true}, ok
	}
	span := [2]int{c.before(), c.after()}
	if a != "" {
		first, ok := c.hull(a)
		if !ok {
			return m, false
		}
		span[0] = first[0]
		m.named = append(m.named, first)
	}
	if b != "" {
		last, ok := c.hull(b)
		if !ok {
			return m, false
		}
		span[1] = last[1]
		m.named = append(m.named, last)
	}
	if kind == edtf.OneOf {
		m.named = nil
	}
	m.starts, m.ends, m.same = span, span, true
	return m, span[0] <= span[1]
}

func (c *calendar) meanInterval(text string) (m meant, ok bool) {
	a, b, _ := strings.Cut(text, "/")
	m = meant{starts: [2]int{c.before(), c.after()}, ends: [2]int{c.before(), c.after()}}
	if a == ".." {
		m.starts[1] = c.before()
	} else if a != "" {
		if m.starts, ok = c.hull(a); !ok {
			return m, false
		}
	}
	if b == ".." {
		m.ends[0] = c.after()
	} else if b != "" {
		if m.ends, ok = c.hull(b); !ok {
			return m, false
		}
	}
	return m, m.starts[0] <= m.ends[1]
}

// events gives every first and last day that the event may have had.
func (m meant) events() iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for start := m.starts[0]; start <= m.starts[1]; start++ {
			if m.same {
				if !yield(start, start) {
					return
				}
				continue
			}
			for end := max(start, m.ends[0]); end <= m.ends[1]; end++ {
				if !yield(start, end) {
					return
				}
			}
		}
	}
}

// answer holds what the four modes say.
type answer struct{ possible, certain, within, starts bool }

// matches tries every day, or pair of days, against the window. Its sides may be
// the infinities.
func (m meant) matches(from, to int) answer {
	a := answer{certain: true, within: true}
	for start, end := range m.events() {
		touches := start <= to && end >= from
		a.possible = a.possible || touches
		a.certain = a.certain && touches
		a.within = a.within && start >= from && end <= to
		a.starts = a.starts || start >= from && start <= to
	}
	if m.named != nil {
		a.certain = false
		for _, end := range m.named {
			whole := true
			for day := end[0]; day <= end[1]; day++ {
				whole = whole && day >= from && day <= to
			}
			a.certain = a.certain || whole
		}
	}
	return a
}

func (m meaning) matches(from, to int) answer {
	if m.kind == edtf.NotSet {
		a := m.members[0].matches(from, to)
		a.certain = a.certain && !m.barred
		return a
	}
	a := answer{certain: m.kind == edtf.OneOf, within: true}
	for _, member := range m.members {
		one := member.matches(from, to)
		a.possible = a.possible || one.possible
		a.within = a.within && one.within
		if m.kind == edtf.OneOf {
			a.certain = a.certain && one.certain
			a.starts = a.starts || one.starts
		} else {
			a.certain = a.certain || one.certain
		}
	}
	if m.kind == edtf.AllOf {
		a.starts = m.earliest().matches(from, to).starts
	}
	a.certain = a.certain && !m.barred
	return a
}

// earliest is the member that can begin first; of several the one that must.
func (m meaning) earliest() meant {
	best := m.members[0]
	for _, one := range m.members[1:] {
		if one.starts[0] < best.starts[0] || one.starts[0] == best.starts[0] && one.starts[1] < best.starts[1] {
			best = one
		}
	}
	return best
}

// begins gives the days of the calendar on which it may have begun.
func (m meaning) begins(c *calendar) map[int]bool {
	days := map[int]bool{}
	members := m.members
	if m.kind == edtf.AllOf {
		members = []meant{m.earliest()}
	}
	for _, one := range members {
		for start := range one.events() {
			if start >= c.first && start <= c.last {
				days[start] = true
			}
		}
	}
	return days
}
