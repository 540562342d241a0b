package edtf_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// eras are the years that expressions are drawn around: of today, of a century
// without a leap day, and on both sides of the year 0.
var eras = []int{2001, 1899, 3, -46}

func drawQualifier(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "", "", "", "", "", "?", "~", "%"}).Draw(t, "qualifier")
}

// drawDate draws a date of any form; long allows those of ten years and more.
// Years are few, so that dates often meet.
func drawDate(t *rapid.T, era int, long bool) string {
	n := era + rapid.SampledFrom([]int{0, 0, 0, 1, 1, -1, 2, -3, 3}).Draw(t, "year")
	year := fourDigits(n)
	last := 9
	if long && n >= 0 {
		last = 11
	}
	kind := rapid.IntRange(0, last).Draw(t, "kind")
	month := rapid.SampledFrom([]string{"01", "02", "02", "04", "09", "11", "12"}).Draw(t, "month")
	day := rapid.SampledFrom([]string{"01", "15", "28", "29", "30", "31"}).Draw(t, "day")
	monthMask := rapid.SampledFrom([]string{"0X", "1X", "XX"}).Draw(t, "months")
	dayMask := rapid.SampledFrom([]string{"0X", "1X", "2X", "3X", "XX"}).Draw(t, "days")
	parts := []string{year}
	switch kind {
	case 0:
	case 1:
		parts = append(parts, month)
	case 2, 3:
		parts = append(parts, month, day)
	case 4:
		parts = append(parts, monthMask)
	case 5:
		parts = append(parts, month, dayMask)
	case 6:
		parts = append(parts, monthMask, day)
	case 7:
		parts = append(parts, monthMask, dayMask)
	case 8, 9:
		parts = append(parts, rapid.SampledFrom([]string{
			"21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32", "33", "34", "35", "36", "37", "38", "39", "40", "41",
		}).Draw(t, "season"))
	default:
		masks := rapid.IntRange(1, 2).Draw(t, "masked digits")
		parts[0] = year[:4-masks] + "XX"[:masks]
		switch kind {
		case 11:
			parts = append(parts, month, day)
		case 10:
			if rapid.Bool().Draw(t, "with a season") {
				parts = append(parts, "24")
			}
		}
	}
	text := ""
	for i, part := range parts {
		if i > 0 {
			text += "-"
		}
		text += drawQualifier(t) + part + drawQualifier(t)
	}
	return text
}

func drawMember(t *rapid.T, era int) string {
	switch rapid.IntRange(0, 6).Draw(t, "member") {
	case 0:
		return ".." + drawDate(t, era, true)
	case 1:
		return drawDate(t, era, true) + ".."
	case 2, 3:
		return drawDate(t, era, true) + ".." + drawDate(t, era, true)
	}
	return drawDate(t, era, true)
}

// The forms of expressions that are drawn; some say nothing possible.
func drawSimple(t *rapid.T, era int) string { return drawDate(t, era, true) }

func drawInterval(t *rapid.T, era int) string {
	switch rapid.IntRange(0, 7).Draw(t, "open end") {
	case 0:
		return drawDate(t, era, true) + "/.."
	case 1:
		return "../" + drawDate(t, era, true)
	case 2:
		return drawDate(t, era, false) + "/"
	case 3:
		return "/" + drawDate(t, era, false)
	}
	return drawDate(t, era, false) + "/" + drawDate(t, era, false)
}

func drawSet(t *rapid.T, era int) string {
	open, closing := "[", "]"
	if rapid.Bool().Draw(t, "all of") {
		open, closing = "{", "}"
	}
	text := open + drawMember(t, era)
	for range rapid.IntRange(0, 3).Draw(t, "more members") {
		text += "," + drawMember(t, era)
	}
	return text + closing
}

// drawWindow draws a window, often with an end at one of the date's turning days.
// It gives the days that stand for its sides too.
func drawWindow(t *rapid.T, c *calendar, m meaning, era int) (w edtf.Window, from, to int) {
	turns := []int{}
	for _, one := range m.members {
		for _, span := range append([][2]int{one.starts, one.ends}, one.named...) {
			for _, day := range span {
				if day >= c.first && day <= c.last {
					turns = append(turns, day-1, day, day+1)
				}
			}
		}
	}
	side := func(name string) int {
		if rapid.Bool().Draw(t, name+" at a turn") {
			return rapid.SampledFrom(turns).Draw(t, name)
		}
		return int(edtf.DayOf(era, 7, 2)) + rapid.IntRange(-2200, 2200).Draw(t, name)
	}
	from, to = side("from"), side("to")
	if from > to {
		from, to = to, from
	}
	w = edtf.Window{From: edtf.At(edtf.Day(from)), To: edtf.At(edtf.Day(to))}
	switch rapid.IntRange(0, 7).Draw(t, "open side") {
	case 0:
		w.From, from = edtf.Open, c.before()
	case 1:
		w.To, to = edtf.Open, c.after()
	}
	return w, from, to
}

// TestMatchAgainstEveryDay holds matching against the reference.
func TestMatchAgainstEveryDay(t *testing.T) {
	t.Parallel()
	for name, draw := range map[string]func(*rapid.T, int) string{"date": drawSimple, "interval": drawInterval, "set": drawSet} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				era := rapid.SampledFrom(eras).Draw(t, "era")
				checkAgainstEveryDay(t, era, draw(t, era))
			})
		})
	}
}

func checkAgainstEveryDay(t *rapid.T, era int, expr string) {
	c := calendarAround(era, 105)
	if strings.HasPrefix(expr, "/") || strings.HasSuffix(expr, "/") {
		c = calendarAround(era, 12) // each day to the end of the calendar is tried
	}
	m, ok := c.mean(expr)
	d, err := edtf.Parse(expr)
	if ok != (err == nil) {
		t.Fatalf("%s: the reference says %v, Parse %v", expr, ok, err)
	}
	if !ok {
		return
	}
	checkFourDays(t, d)
	for range 6 {
		w, from, to := drawWindow(t, c, m, era)
		want := m.matches(from, to)
		got := answer{d.Match(w, edtf.ModePossible), d.Match(w, edtf.ModeCertain), d.Match(w, edtf.ModeWithin), d.Match(w, edtf.ModeStarts)}
		if got != want {
			t.Fatalf("%s in %v..%v: got %+v, want %+v", expr, w.From, w.To, got, want)
		}
		if got.certain && !got.possible {
			t.Fatalf("%s in %v..%v: certain, not possible", expr, w.From, w.To)
		}
		if d.Set != edtf.NotSet {
			stored := bySpans(d, w)
			stored.within = want.within // of the four days
			if stored != want {
				t.Fatalf("%s in %v..%v: by spans %+v, want %+v", expr, w.From, w.To, stored, want)
			}
		}
	}
	checkStartSpans(t, c, d, m.begins(c))
}

// bySpans matches as a store does that has the spans of a set alone.
func bySpans(d edtf.Date, w edtf.Window) answer {
	a := answer{certain: d.Set == edtf.OneOf}
	for _, s := range d.MatchSpans() {
		overlaps := (!s.Lo.Known || !w.To.Known || s.Lo.Day <= w.To.Day) && (!s.Hi.Known || !w.From.Known || s.Hi.Day >= w.From.Day)
		inside := (!w.From.Known || s.Lo.Known && s.Lo.Day >= w.From.Day) && (!w.To.Known || s.Hi.Known && s.Hi.Day <= w.To.Day)
		a.possible = a.possible || s.Possible && overlaps
		a.starts = a.starts || s.Starts && overlaps
		switch {
		case !s.Certain:
		case d.Set == edtf.OneOf:
			a.certain = a.certain && inside
		default:
			a.certain = a.certain || inside
		}
	}
	a.certain = a.certain && !d.Uncertain && !d.Approximate
	return a
}

func checkStartSpans(t *rapid.T, c *calendar, d edtf.Date, want map[int]bool) {
	found := 0
	var end edtf.Bound
	for i, s := range d.StartSpans() {
		if i > 0 && (!end.Known || !s.Lo.Known || s.Lo.Day <= end.Day+1) {
			t.Fatalf("%s: the span that begins on %v is not apart from the one before", d, s.Lo)
		}
		lo, hi := c.first, c.last
		if s.Lo.Known {
			lo = int(s.Lo.Day)
		}
		if s.Hi.Known {
			hi = int(s.Hi.Day)
		}
		for day := lo; day <= hi; day++ {
			if !want[day] {
				t.Fatalf("%s: it cannot have begun on %v", d, edtf.Day(day))
			}
			found++
		}
		end = s.Hi
	}
	if found != len(want) {
		t.Fatalf("%s: %d days of beginning, want %d", d, found, len(want))
	}
}

func TestNoWindowMatchesAll(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{"2021", "2021?", "../1985", "[..1984]", "{1960,1961-12~}"} {
		d, err := edtf.Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		for _, mode := range []edtf.Mode{"", edtf.ModePossible, edtf.ModeCertain, edtf.ModeWithin, edtf.ModeStarts} {
			if !d.Match(edtf.Window{}, mode) {
				t.Errorf("%s does not match %q without a window", expr, mode)
			}
		}
	}
}

// TestStartSpans has the cases that random dates seldom meet.
func TestStartSpans(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		"2021":                         "2021-01-01..2021-12-31",
		"2021-03/2022":                 "2021-03-01..2021-03-31",
		"2021/2021-03":                 "2021-01-01..2021-03-31",
		"2021/..":                      "2021-01-01..2021-12-31",
		"/2021":                        "..2021-12-31",
		"../2021":                      "",
		"[2022,2021]":                  "2021-01-01..2022-12-31",
		"[2021-12-31,2022-01-01]":      "2021-12-31..2022-01-01",
		"[2021,2023]":                  "2021-01-01..2021-12-31 2023-01-01..2023-12-31",
		"[2021-05,2021]":               "2021-01-01..2021-12-31",
		"[..1984,1986]":                "..1984-12-31 1986-01-01..1986-12-31",
		"[1984,1986..]":                "1984-01-01..1984-12-31 1986-01-01..",
		"[1990,1984..]":                "1984-01-01..",
		"{2023,2021..2022}":            "2021-01-01..2022-12-31",
		"{2021,2021-01-01,2021-01-02}": "2021-01-01..2021-01-01",
	} {
		d, err := edtf.Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range d.StartSpans() {
			got = append(got, s.Lo.String()+".."+s.Hi.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", expr, got, want)
		}
	}
}
