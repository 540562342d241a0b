package ingest_test

import (
	"strings"
	"testing"
)

// dated is a mapping with this date rule, for files with the columns id and those named.
func dated(rule string) string {
	return strings.NewReplacer("{column: date, layout: edtf}", rule, "{title}", "A").Replace(plain)
}

func TestDateRules(t *testing.T) {
	t.Parallel()
	const (
		parts    = "{year: y, month: m, day: d, unknown: [\"-9\", \"?\"], none: [\"-8\"], open: [\"-7\"]}"
		span     = "{start: {year: y, month: m, day: d}, end: {year: y2, month: m2, day: d2}, as: duration, unknown: [\"-9\"], none: [\"-8\"], open: [\"-7\"]}"
		history  = "{year: y, month: m, day: d, no_year_zero: true, unknown: [\"-9\"]}"
		one      = "{start: {column: a, layout: YYYY-MM-DD}, end: {column: b, layout: YYYY-MM-DD}, as: one_day}"
		duration = "{start: {column: a, layout: YYYY-MM-DD}, end: {column: b, layout: YYYY-MM-DD}, as: duration, open: [now]}"
		code     = "{column: a, layout: YYYY-MM-DD, precision: {column: p, values: {\"1\": day, \"2\": day~, \"3\": month, \"5\": year, \"7\": year?}}}"
		year     = "{start: {column: a, layout: YYYY-MM-DD}, end: {column: b, layout: YYYY-MM-DD}, as: duration, within_year: y}"
	)
	for _, c := range []struct{ rule, heading, row, want string }{
		{parts, "y,m,d", "1963,3,10", "1963-03-10"},
		{parts, "y,m,d", "1963.0,3.0,9.0", "1963-03-09"},
		{parts, "y,m,d", "1963,3,", "1963-03"},
		{parts, "y,m,d", "1963,,", "1963"},
		{parts, "y,m,d", "1963,-9,-9", "1963-XX-XX"},
		{parts, "y,m,d", "1963,3,?", "1963-03-XX"},
		{parts, "y,m,d", "1963,-9,12", "1963-XX-12"},
		{parts, "y,m,d", "63,3,10", "0063-03-10"},
		{parts, "y,m,d", "-232,3,10", "-0232-03-10"},
		{parts, "y,m,d", "0,3,10", "0000-03-10"},
		{parts, "y,m,d", "1963,,10", "m: there is a day without a month"},
		{parts, "y,m,d", "1963,13,10", `y: "1963-13-10" is no date: there is no month 13: write 01 to 12, or 21 to 41 for a season or a part of the year`},
		{parts, "y,m,d", "1963,March,10", `m: "March" is not a month or a day`},
		{parts, "y,m,d", "MCMLXIII,3,10", `y: "MCMLXIII" is not a year`},
		{parts, "y,m,d", "-9,3,10", "y: the year is not known, so the event has no date"},
		{parts, "y,m,d", ",3,10", "y: the year is not known, so the event has no date"},
		{parts, "y,m,d", "-8,-8,-8", "y: the row has no date"},
		{parts, "y,m,d", ",,", "y: the row has no date"},
		{history, "y,m,d", "-2150,,", "-2149"},
		{history, "y,m,d", "-1,5,", "0000-05"},
		{history, "y,m,d", "1,5,", "0001-05"},
		{history, "y,m,d", "-50,-9,-9", "-0049"},
		{history, "y,m,d", "0,,", "y: there is no year 0 in this data set's count"},
		{span, "y,m,d,y2,m2,d2", "1914,7,28,1918,11,11", "1914-07-28/1918-11-11"},
		{span, "y,m,d,y2,m2,d2", "1818,6,10,1822,-9,-9", "1818-06-10/1822-XX-XX"},
		{span, "y,m,d,y2,m2,d2", "1989,8,19,-7,-7,-7", "1989-08-19/.."},
		{span, "y,m,d,y2,m2,d2", "1866,10,-9,,10,-91866", "1866-10-XX/"},
		{span, "y,m,d,y2,m2,d2", "-9,-9,-9,1822,3,1", "/1822-03-01"},
		{span, "y,m,d,y2,m2,d2", "-9,-9,-9,-9,-9,-9", "y: neither the start nor the end is known, so the event has no date"},
		{span, "y,m,d,y2,m2,d2", "-8,-8,-8,-8,-8,-8", "y: the row has no date"},
		{span, "y,m,d,y2,m2,d2", "1918,1,1,1914,1,1", `y: "1918-01-01/1914-01-01" is no date: it ends before it can begin: write the earlier date first, 1914-01-01/1918-01-01`},
		{one, "a,b", "2016-03-04,2016-03-04", "2016-03-04"},
		{one, "a,b", "2016-03-04,2016-03-09", "[2016-03-04..2016-03-09]"},
		{one, "a,b", "2014-01-22 00:00:00.000,2014-01-23T00:00:00Z", "[2014-01-22..2014-01-23]"},
		{one, "a,b", "2016-03-04,", "b: one of the two dates that bound the day is not known"},
		{one, "a,b", "2016-03-09,2016-03-04", `a: "[2016-03-09..2016-03-04]" is no date: the range 2016-03-09..2016-03-04 ends before it can begin: write the earlier date first, 2016-03-04..2016-03-09`},
		{duration, "a,b", "2016-03-04,2016-03-09", "2016-03-04/2016-03-09"},
		{duration, "a,b", "2016-03-04,2016-03-04", "2016-03-04/2016-03-04"},
		{duration, "a,b", "2016-03-04,now", "2016-03-04/.."},
		{duration, "a,b", "2016-03-04,", "2016-03-04/"},
		{duration, "a,b", ",2016-03-04", "/2016-03-04"},
		{duration, "a,b", "4 March,2016", `a: "4 March" is not a date of the form YYYY-MM-DD`},
		{code, "a,p", "1997-05-29,1", "1997-05-29"},
		{code, "a,p", "1997-05-29,2", "1997-05-29~"},
		{code, "a,p", "1997-05-31,3", "1997-05"},
		{code, "a,p", "1997-12-31,5", "1997"},
		{code, "a,p", "1997-12-31,7", "1997?"},
		{code, "a,p", "1997-12-31,9", `p: "9" is not among the mapping's values`},
		{year, "a,b,y", "2012-11-15,2012-12-21,2012", "2012-11-15/2012-12-21"},
		{year, "a,b,y", "2012-11-15,,2012", "2012-11-15/2012"},
		{year, "a,b,y", "2012-11-15,,2013", "2013"},
		{year, "a,b,y", "2012-11-15,2014-02-01,2014", "2014/2014-02-01"},
		{year, "a,b,y", "2012-11-15,2014-02-01,2015", "y: the year 2015 lies outside the dates of the row"},
		{"{column: a, layout: DD/MM/YYYY}", "a", "1/2/1990", "1990-02-01"},
		{"{column: a, layout: MM/DD/YYYY}", "a", "1/2/1990", "1990-01-02"},
		{"{column: a, layout: DD.MM.YYYY}", "a", "01.02.1990", "1990-02-01"},
		{"{column: a, layout: YYYYMMDD}", "a", "19900201", "1990-02-01"},
		{"{column: a, layout: YYYY}", "a", "1990", "1990"},
		{"{column: a, layout: edtf}", "a", "198X", "198X"},
		{"{column: a, layout: edtf}", "a", "1980s", `a: "1980s" is no date: years with significant digits S are not accepted: write X for the digits that are not known, as in 19XX`},
		{"{column: a, layout: DD/MM/YYYY}", "a", "1/2/90", `a: "1/2/90" is not a date of the form DD/MM/YYYY`},
		{"{column: a, layout: YYYY-MM-DD}", "a", "-0232-03-01T00:00:00Z", "-0232-03-01"},
		{"{column: a, layout: YYYY-MM-DD, january_1_is_the_year: true}", "a", "1918-01-01T00:00:00Z", "1918"},
		{"{column: a, layout: YYYY-MM-DD, january_1_is_the_year: true}", "a", "1918-01-02T00:00:00Z", "1918-01-02"},
	} {
		t.Run(c.heading+" "+c.row, func(t *testing.T) {
			t.Parallel()
			r := readWith(t, parse(t, dated(c.rule)), []byte("id,"+c.heading+"\n1,"+c.row+"\n"))
			if r.err != nil {
				t.Fatal(r.err)
			}
			got := ""
			if len(r.events) == 1 {
				got = r.events[0].Date.Expr
			} else if len(r.refused) == 1 {
				got = r.refused[0].Column + ": " + r.refused[0].Reason
			}
			if got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

func TestSeveralDates(t *testing.T) {
	t.Parallel()
	m := parse(t, strings.Replace(dated("[{year: y}, {year: y2}]"), "t-{id}", "t-{id}-{#row}-{#segment}", 1))
	r := readWith(t, m, []byte("id,y,y2\nwar,1914,1939\nother,,1950\nnone,,\nbad,1900,x\n"))
	if got := strings.Join(r.ids(), " "); got != "t-war-1-1 t-war-1-2 t-other-2-2 t-bad-4-1" || r.faulty != 2 || r.rows != 4 {
		t.Errorf("%s, %d refused, %d rows", got, r.faulty, r.rows)
	}
}

func TestWikidataWars(t *testing.T) {
	t.Parallel()
	binding := func(members string) string {
		return `{"event":{"type":"uri","value":"http://www.wikidata.org/entity/Q1"},"eventLabel":{"value":"A war"}` + members + `}`
	}
	r := read(t, "wikidata-events", []byte("["+strings.Join([]string{
		binding(`,"startDate":{"value":"1947-11-30T00:00:00Z"},"endDate":{"value":"1949-01-01T00:00:00Z"},"countryLabel":{"value":"Republic of Haiti (1859–1957)"}`),
		binding(`,"startDate":{"value":"-0232-01-01T00:00:00Z"}`),
		binding(`,"startDate":{"value":"1190-01-01T00:00:00Z"},"endDate":{"value":"1101-01-01T00:00:00Z"}`),
	}, ",")+"]"))
	if r.err != nil || len(r.events) != 2 || r.events[0].Date.Expr != "1947-11-30/1949" || r.events[1].Date.Expr != "-0232/" {
		t.Errorf("%+v, %v", r.events, r.err)
	}
	if got := strings.Join(r.ids(), " "); got != "wd-q1-1947-11-30-republic-of-haiti-1859-1957 wd-q1--0232-01-01" {
		t.Error(got)
	}
	if len(r.refused) != 1 || r.refused[0].Row != 3 || !strings.Contains(r.refused[0].Reason, "ends before it can begin") {
		t.Errorf("%v", r.told())
	}
}
