package edtf_test

import (
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// refused are expressions outside the profile, each with a piece of what must be
// said of it. That the reason says what to write, all are checked for.
var refused = []struct{ expr, why string }{
	{"", "empty"},
	{"Y170000002", "with Y"}, {"Y-170000002", "with Y"}, {"Y-17E7", "with Y"}, {"Y171010000S3", "with Y"}, {"Y3388E2S3", "with Y"},
	{"1950S2", "S are not accepted: write X"}, {"17E3", "E are not accepted"}, {"1950s", "write X"},
	{" 2021", "spaces"}, {"2021 ", "spaces"}, {"2021 / 2022", "spaces"}, {"[1667, 1668]", "spaces"}, {"2021\u00a0", "spaces"}, {"2021\n", "spaces"},
	{"19", "write 19XX"}, {"198", "write 198X"}, {"19/20", "write 19XX"}, {"[198]", "write 198X"}, {"-198", "write -0198"}, {"19..20", "write 19XX"},
	{"../..", "at least one date"}, {"/", "at least one date"}, {"/..", "at least one date"}, {"../", "at least one date"}, {"..", "two points"},
	{"[..]", "open at both ends"}, {"{..}", "open at both ends"}, {"[..1985,1990..]", "open at both ends"}, {"{1990..,..1985}", "open at both ends"},
	{"[..1985,1987,1990..]", "open at both ends"}, {"[1984,..]", "open at both ends"},
	{"[]", "empty set"}, {"{}", "empty set"}, {"[,]", "empty member"}, {"[1984,]", "empty member"}, {"{,1984}", "empty member"},
	{"[", "not closed"}, {"{1984", "not closed"}, {"[1984}", "not closed"}, {"1984]", "not opened"}, {"1984,1985}", "not opened"}, {"]", "write"},
	{"[1984]?", "no qualifier"}, {"{1984,1985}~", "no qualifier"}, {"?[1984]", "stands alone"}, {"[1984]/1990", "stands alone"}, {"1980/[1984,1985]", "stands alone"},
	{"[[1984],1985]", "inside a set"}, {"[{1984},1985]", "inside a set"}, {"[1984/1985]", "write a range"}, {"1984,1985", "write [1984,1985]"},
	{"1984..1985", "write an interval 1984/1985"}, {"1984...1985", "too many points"}, {"[1984..1985..1986]", "two ends"},
	{"-0000", "write 0000"}, {"-0000-01-01", "write 0000"}, {"-0000/0001", "write 0000"}, {"[-0000]", "write 0000"},
	{"-004X", "interval of years"}, {"-00XX", "interval of years"}, {"-XXXX", "interval of years"}, {"-012X-06", "interval of years"}, {"[..-004X]", "interval of years"},
	{"2022/2021", "write the earlier date first, 2021/2022"}, {"2021-02/2021-01", "before it can begin"}, {"2021-02-02/2021-02-01", "before it can begin"},
	{"199X/198X", "before it can begin"}, {"2001-22/2001-21", "before it can begin"}, {"0000/-0001", "before it can begin"},
	{"[2022..2021]", "write the earlier date first, 2021..2022"}, {"{2022..2021}", "before it can begin"}, {"[2020,2022..2021]", "before it can begin"},
	{"1985-04-12T23:20:30/1986", "in an interval: write the day alone"}, {"1985/1985-04-12T23:20:30Z", "in an interval"}, {"../1985-04-12T23:20:30", "in an interval"},
	{"[1985-04-12T23:20:30]", "in a set"}, {"{1985,1985-04-12T23:20:30..}", "in a set"},
	{"1900-02-29", "1900-02-28"}, {"2100-02-29", "2100-02-28"}, {"2021-02-30", "2021-02-28"}, {"2021-04-31", "2021-04-30"}, {"-0001-02-29", "-0001-02-28"},
	{"2021-13", "no month 13"}, {"2021-00", "no month 00"}, {"2021-20", "no month 20"}, {"2021-42", "no month 42"}, {"2021-99", "no month 99"},
	{"2021-01-00", "no day 00"}, {"2021-01-32", "no day 32"}, {"2021-21-01", "season has no days"}, {"2021-21-XX", "season has no days"},
	{"2004-02-3X", "no day is like that"}, {"XXXX-02-30", "no day is like that"}, {"200X-02-3X", "no day is like that"}, {"XXXX-04-31", "no day is like that"},
	{"1900-02-29~", "1900-02-28"}, {"2004-2X", "no month begins with 2"}, {"2004-01-4X", "no day begins with 4"},
	{"20X4", "at the right"}, {"X004", "at the right"}, {"2004-X1", "at the right"}, {"2004-06-X1", "at the right"},
	{"1985-04-12T24:00:00", "no hour 24"}, {"1985-04-12T23:60:00", "no such time"}, {"1985-04-12T25:00:00", "no such time"},
	{"1985-04-12T23:20:30.5", "fractions"}, {"1985-04-12T23:20:30,5Z", "fractions"}, {"1985-04-12T23:20", "hh:mm:ss"}, {"1985-04-12T", "hh:mm:ss"},
	{"1985-04T10:00:00", "whole day"}, {"1985T10:00:00", "whole day"}, {"1985-04-XXT10:00:00", "whole day"}, {"2001-21T10:00:00", "whole day"},
	{"1985-04-12?T10:00:00", "no qualifier"}, {"1985-04-12T10:00:00~", "no qualifier"}, {"1985-04-12T10:00:00Z%", "no qualifier"},
	{"1985-04-12T10:00:00+24", "no such time shift"}, {"1985-04-12T10:00:00+0430", "a time shift"}, {"1985-04-12T10:00:00z", "upper case"}, {"1985-04-12t10:00:00", "upper case"},
	{"198x", "upper-case X"}, {"1985-xx", "upper-case X"}, {"198u", "upper-case X"},
	{"١٩٨٥", "ASCII ones"}, {"1985-٠٤", "ASCII ones"}, {"２０２１", "ASCII ones"}, {"1985–1986", "hyphen"}, {"−0043", "hyphen"}, {"2023年", "ASCII"}, {"2023\u200f", "ASCII"}, {"20\xff3", "UTF-8"},
	{"-4713", "-4712 to 9999"}, {"-9999-01-01", "-4712 to 9999"}, {"10000", "-4712 to 9999"}, {"-4713/..", "-4712 to 9999"}, {"[..-4713]", "-4712 to 9999"},
	{"-4713-24", "-4712 to 9999"}, {"9999-24", "9999-12-31"}, {"9999-28", "9999-12-31"}, {"9999-30", "9999-12-31"}, {"999X-24", "9999-12-31"}, {"../9999-24", "9999-12-31"}, {"[9999-24]", "9999-12-31"},
	{"2004??", "write %"}, {"2004?~", "write %"}, {"2004-06~?", "write %"}, {"?~2004", "qualifier without a date"}, {"2020/?", "write a year"}, {"2004-06-?", "two digits"},
	{"2020/2021/2022", "more than one slash"}, {"//", "more than one slash"}, {"1/2/2021", "hyphens"}, {"12-05-2021", "year comes first"}, {"12.05.2021", "year comes first"}, {"2021.05.12", "hyphens"},
	{"20210512", "write 2021-05-12"}, {"202105", "write 2021-05"}, {"2021-1", "two digits"}, {"2021-01-1", "two digits"}, {"2021-132", "two digits"}, {"2021-W05", "words"},
	{"2021-", "two digits"}, {"2021--01", "two digits"}, {"+2021", "not a date"}, {"2021+", "write 2021 alone"}, {"2021-01-01-01", "alone"},
	{"about 2021", "words"}, {"1985/open", "2023/.."}, {"unknown/1985", "/2023"}, {"null", "words"}, {"2021\x00", "alone"},
	{"[" + strings.Repeat("1984,", 50) + "1984]", "255 characters"},
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range refused {
		t.Run(c.expr, func(t *testing.T) {
			t.Parallel()
			d, err := edtf.Parse(c.expr)
			if err == nil {
				t.Fatalf("accepted: %+v", d)
			}
			if reason := checkRefusal(t, c.expr, err); !strings.Contains(reason, c.why) {
				t.Errorf("%q, want %q in it", reason, c.why)
			}
		})
	}
}

// A length is counted in characters: 255 are accepted.
func TestLongest(t *testing.T) {
	t.Parallel()
	expr := "[" + strings.Repeat("1984,", 49) // 246 characters
	if _, err := edtf.Parse(expr + "?1984-01]"); err != nil {
		t.Error(err)
	}
	if _, err := edtf.Parse(expr + "?1984-01?]"); err == nil || !strings.Contains(err.Error(), "255 characters") {
		t.Errorf("256 characters: %v", err)
	}
	if _, err := edtf.Parse(strings.Repeat("é", 1<<20)); err == nil || len(err.Error()) > 2000 {
		t.Error("the message repeats a megabyte")
	}
}

// TestFourDays holds each form against the table of the design. A dash is open.
func TestFourDays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		expr      string
		level     int
		precision edtf.Precision
		days      string
	}{
		{"1985-04-12", 0, "day", "1985-04-12 1985-04-12 1985-04-12 1985-04-12"},
		{"1985-04", 0, "month", "1985-04-01 1985-04-30 1985-04-01 1985-04-30"},
		{"1985", 0, "year", "1985-01-01 1985-12-31 1985-01-01 1985-12-31"},
		{"0000", 0, "year", "0000-01-01 0000-12-31 0000-01-01 0000-12-31"},
		{"0000-02-29", 0, "day", "0000-02-29 0000-02-29 0000-02-29 0000-02-29"},
		{"-0004-02", 1, "month", "-0004-02-01 -0004-02-29 -0004-02-01 -0004-02-29"},
		{"-4712", 1, "year", "-4712-01-01 -4712-12-31 -4712-01-01 -4712-12-31"},
		{"9999-12-31", 0, "day", "9999-12-31 9999-12-31 9999-12-31 9999-12-31"},
		{"1985-04-12T23:20:30-04", 0, "day", "1985-04-12 1985-04-12 1985-04-12 1985-04-12"},
		{"1985-04-12T00:00:00+14:00", 0, "day", "1985-04-12 1985-04-12 1985-04-12 1985-04-12"},

		{"201X", 1, "decade", "2010-01-01 2019-12-31 2010-01-01 2019-12-31"},
		{"20XX", 1, "century", "2000-01-01 2099-12-31 2000-01-01 2099-12-31"},
		{"1XXX", 2, "century", "1000-01-01 1999-12-31 1000-01-01 1999-12-31"},
		{"XXXX", 2, "century", "0000-01-01 9999-12-31 0000-01-01 9999-12-31"},
		{"2004-XX", 1, "year", "2004-01-01 2004-12-31 2004-01-01 2004-12-31"},
		{"2021-XX-XX", 1, "year", "2021-01-01 2021-12-31 2021-01-01 2021-12-31"},
		{"1985-04-XX", 1, "month", "1985-04-01 1985-04-30 1985-04-01 1985-04-30"},
		{"1900-02-XX", 1, "month", "1900-02-01 1900-02-28 1900-02-01 1900-02-28"},
		{"1984-1X", 2, "year", "1984-10-01 1984-12-31 1984-10-01 1984-12-31"},
		{"1984-0X", 2, "year", "1984-01-01 1984-09-30 1984-01-01 1984-09-30"},
		{"2004-XX-31", 2, "year", "2004-01-31 2004-12-31 2004-01-31 2004-12-31"},
		{"2004-1X-3X", 2, "year", "2004-10-30 2004-12-31 2004-10-30 2004-12-31"},
		{"2004-0X-31", 2, "year", "2004-01-31 2004-08-31 2004-01-31 2004-08-31"},
		{"2003-02-2X", 2, "month", "2003-02-20 2003-02-28 2003-02-20 2003-02-28"},
		{"2004-04-3X", 2, "month", "2004-04-30 2004-04-30 2004-04-30 2004-04-30"},
		{"2004-01-0X", 2, "month", "2004-01-01 2004-01-09 2004-01-01 2004-01-09"},
		{"156X-12-25", 2, "decade", "1560-12-25 1569-12-25 1560-12-25 1569-12-25"},
		{"15XX-12-25", 2, "century", "1500-12-25 1599-12-25 1500-12-25 1599-12-25"},
		{"XXXX-12-XX", 2, "century", "0000-12-01 9999-12-31 0000-12-01 9999-12-31"},
		{"190X-02-29", 2, "decade", "1904-02-29 1908-02-29 1904-02-29 1908-02-29"},
		{"19XX-02-29", 2, "century", "1904-02-29 1996-02-29 1904-02-29 1996-02-29"},
		{"198X-1X-XX", 2, "decade", "1980-10-01 1989-12-31 1980-10-01 1989-12-31"},
		{"-0043-XX", 1, "year", "-0043-01-01 -0043-12-31 -0043-01-01 -0043-12-31"},

		{"2001-21", 1, "season", "2001-03-01 2001-05-31 2001-03-01 2001-05-31"},
		{"2001-24", 1, "season", "2001-12-01 2002-02-28 2001-12-01 2002-02-28"},
		{"2003-24", 1, "season", "2003-12-01 2004-02-29 2003-12-01 2004-02-29"},
		{"2001-28", 2, "season", "2001-12-01 2002-02-28 2001-12-01 2002-02-28"},
		{"2001-29", 2, "season", "2001-09-01 2001-11-30 2001-09-01 2001-11-30"},
		{"2001-30", 2, "season", "2001-12-01 2002-02-28 2001-12-01 2002-02-28"},
		{"2001-32", 2, "season", "2001-06-01 2001-08-31 2001-06-01 2001-08-31"},
		{"2001-36", 2, "season", "2001-10-01 2001-12-31 2001-10-01 2001-12-31"},
		{"2001-38", 2, "season", "2001-05-01 2001-08-31 2001-05-01 2001-08-31"},
		{"2001-41", 2, "season", "2001-07-01 2001-12-31 2001-07-01 2001-12-31"},
		{"198X-24", 2, "decade", "1980-12-01 1990-02-28 1980-12-01 1990-02-28"},
		{"9998-24", 1, "season", "9998-12-01 9999-02-28 9998-12-01 9999-02-28"},

		{"1984?", 1, "year", "1984-01-01 1984-12-31 1984-01-01 1984-12-31"},
		{"?1984", 2, "year", "1984-01-01 1984-12-31 1984-01-01 1984-12-31"},
		{"2004-06-11%", 1, "day", "2004-06-11 2004-06-11 2004-06-11 2004-06-11"},
		{"2004-06~-11", 2, "day", "2004-06-11 2004-06-11 2004-06-11 2004-06-11"},
		{"2004-%06", 2, "month", "2004-06-01 2004-06-30 2004-06-01 2004-06-30"},

		{"1964/2008", 0, "interval", "1964-01-01 1964-12-31 2008-01-01 2008-12-31"},
		{"2004-02-01/2005-02", 0, "interval", "2004-02-01 2004-02-01 2005-02-01 2005-02-28"},
		{"2021/2021", 0, "interval", "2021-01-01 2021-12-31 2021-01-01 2021-12-31"},
		{"2021/2021-05", 0, "interval", "2021-01-01 2021-05-31 2021-05-01 2021-05-31"},
		{"2021-05/2021", 0, "interval", "2021-05-01 2021-05-31 2021-05-01 2021-12-31"},
		{"198X/1985", 2, "interval", "1980-01-01 1985-12-31 1985-01-01 1985-12-31"},
		{"2001-24/2002-01", 2, "interval", "2001-12-01 2002-01-31 2002-01-01 2002-01-31"},
		{"-0043/0014", 1, "interval", "-0043-01-01 -0043-12-31 0014-01-01 0014-12-31"},
		{"1985-04/..", 1, "interval", "1985-04-01 1985-04-30 - -"},
		{"../1985-04", 1, "interval", "- - 1985-04-01 1985-04-30"},
		{"1985-04/", 1, "interval", "1985-04-01 1985-04-30 1985-04-01 -"},
		{"/1985-04", 1, "interval", "- 1985-04-30 1985-04-01 1985-04-30"},
		{"2004-06-~01/2004-06-~20", 2, "interval", "2004-06-01 2004-06-01 2004-06-20 2004-06-20"},
		{"2004-06-XX/2004-07-03", 2, "interval", "2004-06-01 2004-06-30 2004-07-03 2004-07-03"},

		{"[1667,1668,1670..1672]", 2, "set", "1667-01-01 1672-12-31 1667-01-01 1672-12-31"},
		{"[1760-12..]", 2, "set", "1760-12-01 - 1760-12-01 -"},
		{"[..1760-12-03]", 2, "set", "- 1760-12-03 - 1760-12-03"},
		{"[..1760,1770]", 2, "set", "- 1770-12-31 - 1770-12-31"},
		{"[1750,1760..]", 2, "set", "1750-01-01 - 1750-01-01 -"},
		{"{1960,1961-12}", 2, "set", "1960-01-01 1961-12-31 1960-01-01 1961-12-31"},
		{"{1961-12,1960}", 2, "set", "1960-01-01 1961-12-31 1960-01-01 1961-12-31"},
		{"{..1984}", 2, "set", "- 1984-12-31 - 1984-12-31"},
		{"{1984..}", 2, "set", "1984-01-01 - 1984-01-01 -"},
	} {
		t.Run(c.expr, func(t *testing.T) {
			t.Parallel()
			d, err := edtf.Parse(c.expr)
			if err != nil {
				t.Fatal(err)
			}
			days := make([]string, 0, 4)
			for _, b := range []edtf.Bound{d.StartEarliest, d.StartLatest, d.EndEarliest, d.EndLatest} {
				if !b.Known {
					days = append(days, "-")
					continue
				}
				days = append(days, b.String())
			}
			if got := strings.Join(days, " "); got != c.days || d.Level != c.level || d.Precision != c.precision {
				t.Errorf("level %d, %s, %s; want level %d, %s, %s", d.Level, d.Precision, got, c.level, c.precision, c.days)
			}
			checkFourDays(t, d)
		})
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string][2]bool{ // uncertain, approximate
		"2021": {false, false}, "2021?": {true, false}, "2021~": {false, true}, "2021%": {true, true},
		"?2004-06-~11": {true, true}, "2004-%06-11": {true, true}, "2020?/2021": {true, false}, "../2021~": {false, true},
		"[1984,1985?]": {true, false}, "{1984..1985~}": {false, true}, "[1984..1986]": {false, false},
	} {
		d, err := edtf.Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		if d.Uncertain != want[0] || d.Approximate != want[1] {
			t.Errorf("%s: uncertain %v, approximate %v", expr, d.Uncertain, d.Approximate)
		}
	}
}

// TestLimits reads what the parameters from, to and date take.
func TestLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ expr, from, to string }{ // "" is refused
		{"2021", "2021-01-01", "2021-12-31"},
		{"2024-02", "2024-02-01", "2024-02-29"},
		{"2021-07-26", "2021-07-26", "2021-07-26"},
		{"-0043", "-0043-01-01", "-0043-12-31"},
		{"0000-02", "0000-02-01", "0000-02-29"},
		{"202X", "", ""}, {"2021-XX", "", ""}, {"2021-21", "", ""}, {"2021?", "", ""}, {"~2021", "", ""}, {"2021/2022", "", ""}, {"[2021]", "", ""},
		{"2021-07-26T00:00:00", "", ""}, {"2021-13", "", ""}, {"", "", ""}, {"21", "", ""}, {"٢٠٢١", "", ""}, {"2021-02-30", "", ""},
	} {
		t.Run(c.expr, func(t *testing.T) {
			t.Parallel()
			from, err := edtf.ParseFrom(c.expr)
			to, err2 := edtf.ParseTo(c.expr)
			if c.from == "" {
				checkRefusal(t, c.expr, err)
				checkRefusal(t, c.expr, err2)
				return
			}
			if err != nil || err2 != nil || from.String() != c.from || to.String() != c.to {
				t.Errorf("%v %v, %v %v", from, err, to, err2)
			}
		})
	}
}

func TestWindows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ expr, from, to string }{ // "" is open, "refused" refused
		{"2021", "2021-01-01", "2021-12-31"},
		{"2021-07-26", "2021-07-26", "2021-07-26"},
		{"2021-24", "2021-12-01", "2022-02-28"},
		{"202X", "2020-01-01", "2029-12-31"},
		{"19XX", "1900-01-01", "1999-12-31"},
		{"2021-XX-XX", "2021-01-01", "2021-12-31"},
		{"2021-1X", "2021-10-01", "2021-12-31"},
		{"2023-02-2X", "2023-02-20", "2023-02-28"},
		{"2020/2023", "2020-01-01", "2023-12-31"},
		{"2020-03/2020-03-04", "2020-03-01", "2020-03-04"},
		{"202X/203X", "2020-01-01", "2039-12-31"},
		{"2020/..", "2020-01-01", ""},
		{"../2023-06", "", "2023-06-30"},
		{"2020/", "refused", ""}, {"/2020", "refused", ""}, {"[2020,2021]", "refused", ""}, {"2020?", "refused", ""}, {"2020/2021~", "refused", ""},
		{"202X-12-25", "refused", ""}, {"202X-12", "refused", ""}, {"202X-21", "refused", ""}, {"2020-XX-31", "refused", ""}, {"2020-1X-3X", "refused", ""},
		{"2020-01-01T00:00:00", "refused", ""}, {"../..", "refused", ""},
	} {
		t.Run(c.expr, func(t *testing.T) {
			t.Parallel()
			w, err := edtf.ParseWindow(c.expr)
			if c.from == "refused" {
				checkRefusal(t, c.expr, err)
				return
			}
			if err != nil || w.From.String() != c.from || w.To.String() != c.to {
				t.Errorf("%v to %v, %v", w.From, w.To, err)
			}
		})
	}
}

// TestAllocations runs alone: others would be counted.
func TestAllocations(t *testing.T) {
	for _, expr := range []string{
		"1985-04-12", "2004-06~-11", "156X-12-25", "2001-24", "1964/2008", "1985-04-12/..", "1985-04-12T23:20:30-04",
		"[1667,1668,1670..1672]", "{1960,1961-12}", "[..1984]",
	} {
		most := 0.0
		if expr[0] == '[' || expr[0] == '{' {
			most = 1
		}
		if got := testing.AllocsPerRun(100, func() { _, _ = edtf.Parse(expr) }); got > most {
			t.Errorf("%s: %v allocations, want at most %v", expr, got, most)
		}
	}
}
