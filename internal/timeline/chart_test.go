package timeline_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// sampleOf gives what the store would hand over of an event.
func sampleOf(e *timeline.Event, measure string) timeline.Sample {
	x := e.Derive()
	s := timeline.Sample{
		ID: e.ID, Bounds: e.Date.Bounds, Approximate: e.Date.Approximate, Uncertain: e.Date.Uncertain,
		Set: e.Date.Set, Spans: e.Date.MatchSpans(),
		Type: e.Type, Status: e.Status, Dataset: e.Dataset, Countries: x.Countries, Tags: e.Tags, ActorKeys: x.Actors,
	}
	s.Measure, s.HasMeasure = e.Measures[measure]
	return s
}

func build(events []timeline.Event, q timeline.ChartQuery) *timeline.ChartBuilder {
	builder := timeline.NewChartBuilder(q)
	for i := range events {
		s := sampleOf(&events[i], q.Measure)
		builder.Add(&s)
		clear(s.Spans) // the builder must have its own copy
		clear(s.Countries)
	}
	return builder
}

// nearYears keep days and weeks within the limit of buckets.
var nearYears = []int{2019, 2020, 2021, 2022, 2022, 2023, 2023}

// nearDate draws dates of every form within a few years, some of them before year 1.
func nearDate(t *rapid.T, era int) edtf.Date {
	simple := func() string {
		y := rapid.SampledFrom(nearYears).Draw(t, "year") + era
		sign := ""
		if y < 0 {
			sign, y = "-", -y
		}
		year := fmt.Sprintf("%s%04d", sign, y)
		month := fmt.Sprintf("%s-%02d", year, rapid.SampledFrom([]int{1, 2, 3, 6, 7, 12}).Draw(t, "month"))
		day := fmt.Sprintf("%s-%02d", month, rapid.SampledFrom([]int{1, 2, 15, 27, 28}).Draw(t, "day"))
		forms := []string{day, day, day, month, month, year, year + "-" + fmt.Sprint(rapid.IntRange(21, 41).Draw(t, "season"))}
		if sign == "" {
			forms = append(forms, year[:3]+"X", year+"-XX-15", month+"-1X", year+"-XX")
		}
		return rapid.SampledFrom(forms).Draw(t, "date") + rapid.SampledFrom([]string{"", "", "", "", "?", "~"}).Draw(t, "qualifier")
	}
	a, b, c := simple(), simple(), simple()
	x, y := a, b
	if dated(a).StartEarliest.Day > dated(b).StartEarliest.Day {
		x, y = b, a
	}
	d, err := edtf.Parse(rapid.SampledFrom([]string{
		a, a, a, x + "/" + y, x + "/" + y, a + "/..", "../" + a, a + "/", "/" + a,
		"[" + a + "," + b + "," + c + "]", "[" + x + ".." + y + "," + c + "]", "[.." + a + "]", "[" + a + "..]", "[.." + a + "," + b + "]", "[" + a + "," + b + "..]",
		"{" + a + "," + b + "," + c + "}", "{" + a + "," + b + "}", "{" + x + ".." + y + "}", "{" + x + ".." + y + "," + c + "}", "{.." + a + "," + b + "}", "{" + a + "," + b + "..}", "{" + a + "," + a + "}",
	}).Draw(t, "form"))
	if err != nil { // an interval of masks may end before it begins
		return dated(a)
	}
	return d
}

func dated(expr string) edtf.Date {
	d, err := edtf.Parse(expr)
	if err != nil {
		panic(err)
	}
	return d
}

var someCountries = []string{
	"MLI", "MLI", "NER", "BFA", "TCD", "NGA", "FRA", "SUN", "XKX", "ZAF", "AGO", "DZA", "EGY", "MAR", "TUN", "LBY", "SDN", "KEN", "UGA", "RWA", "BDI", "COD",
	"COG", "GAB", "CMR", "GHA", "TGO", "BEN", "CIV",
}

// chartEvents draws up to so many events; near ones lie within a few years.
func chartEvents(t *rapid.T, most int, near bool) []timeline.Event {
	era := rapid.SampledFrom([]int{0, 0, 0, -2021, -2064}).Draw(t, "era")
	list := make([]timeline.Event, rapid.IntRange(0, most).Draw(t, "events"))
	for i := range list {
		e := timeline.Event{
			ID:      fmt.Sprint(i),
			Dataset: rapid.SampledFrom([]string{"alpha", "beta", "other"}).Draw(t, "dataset"),
			Type:    rapid.SampledFrom(timeline.TypeCodes).Draw(t, "type"),
			Status:  rapid.SampledFrom(timeline.Statuses).Draw(t, "status"),
			Tags:    slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "é"}), 0, 3).Draw(t, "tags")))),
		}
		if near {
			e.Date = nearDate(t, era)
		} else {
			e.Date = reference.Date().Draw(t, "date")
		}
		for range rapid.IntRange(0, 3).Draw(t, "countries") {
			e.Countries = append(e.Countries, timeline.CountryRole{Code: rapid.SampledFrom(someCountries).Draw(t, "country"), Role: rapid.SampledFrom(timeline.Roles).Draw(t, "role")})
		}
		if rapid.Bool().Draw(t, "has deaths") {
			e.Measures = map[string]float64{"deaths": rapid.SampledFrom([]float64{0, 1, 12, 0.1, 0.2, 7.8, 1e-7, 1e13, 1e21}).Draw(t, "deaths")}
		}
		if rapid.Bool().Draw(t, "has an actor") {
			e.Actors = []timeline.Actor{{Name: rapid.SampledFrom([]timeline.Text{{"en": "ECOWAS", "fr": "CEDEAO"}, {"fr": "Cedeao"}, {"en": "Wagner"}}).Draw(t, "actor")}}
		}
		list[i] = e
	}
	return list
}

// chartQuery draws a chart to ask for, over a window near some event or none.
func chartQuery(t *rapid.T, list []timeline.Event) timeline.ChartQuery {
	q := timeline.ChartQuery{
		Interval: timeline.Interval(rapid.SampledFrom(timeline.Intervals).Draw(t, "interval")),
		By:       rapid.SampledFrom(timeline.ChartBys).Draw(t, "by"),
		Measure:  rapid.SampledFrom([]string{"events", "events", "deaths"}).Draw(t, "measure"),
		GroupBy:  rapid.SampledFrom(timeline.ChartGroups).Draw(t, "group_by"),
	}
	if len(list) > 0 && rapid.IntRange(0, 2).Draw(t, "has a window") > 0 {
		around := rapid.SampledFrom(list).Draw(t, "around").Date.SortDay()
		offset := func(label string) edtf.Day {
			return edtf.Day(rapid.SampledFrom([]int{-4000, -400, -32, -3, 0, 1, 20, 200, 1000}).Draw(t, label))
		}
		a, b := around+offset("from"), around+offset("to")
		a, b = min(max(edtf.MinDay, min(a, b)), edtf.MaxDay), max(edtf.MinDay, min(edtf.MaxDay, max(a, b)))
		if rapid.IntRange(0, 3).Draw(t, "from is open") > 0 {
			q.Window.From = edtf.At(a)
		}
		if rapid.IntRange(0, 3).Draw(t, "to is open") > 0 {
			q.Window.To = edtf.At(b)
		}
		q.Match = rapid.SampledFrom([]edtf.Mode{"", edtf.ModePossible, edtf.ModeCertain, edtf.ModeWithin, edtf.ModeStarts}).Draw(t, "match")
	}
	if rapid.IntRange(0, 3).Draw(t, "has a status") == 0 {
		q.Statuses = []string{"occurred", "ongoing"}
	}
	return q
}

func keptBy(list []timeline.Event, f timeline.Filter) []timeline.Event {
	return reference.All(list, &f, timeline.Ascending)
}

func describe(list []timeline.Event) string {
	var b strings.Builder
	for _, e := range list {
		fmt.Fprintf(&b, "\n  %s %v %v %s %s %s", e.Date, e.Measures, e.Countries, e.Type, e.Status, e.Dataset)
	}
	return b.String()
}

func checkAgainstReference(t *testing.T, most int, near bool) {
	rapid.Check(t, func(t *rapid.T) {
		list := chartEvents(t, most, near)
		q := chartQuery(t, list)
		matching := keptBy(list, q.Filter)
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0))
		random.Shuffle(len(matching), func(i, j int) { matching[i], matching[j] = matching[j], matching[i] })

		got, err := build(matching, q).Chart()
		want, fits := reference.Chart(list, q)
		if (err == nil) != fits {
			t.Fatalf("%v; the reference says that it fits: %v", err, fits)
		}
		if err != nil {
			return
		}
		for i := range got.Groups {
			got.Groups[i].Label = nil
		}
		if got.Buckets = slices.Clone(got.Buckets); len(got.Buckets) == 0 {
			got.Buckets = nil
		}
		if len(want.Buckets) == 0 {
			for i := range got.Groups {
				got.Groups[i].Buckets = nil
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v of%s\nis %s\nnot %s", q, describe(matching), got.AppendJSON(nil, 0), want.AppendJSON(nil, 0))
		}
	})
}

func TestChartAgainstReference(t *testing.T) {
	t.Parallel()
	t.Run("near", func(t *testing.T) { t.Parallel(); checkAgainstReference(t, 40, true) })
	t.Run("all eras", func(t *testing.T) { t.Parallel(); checkAgainstReference(t, 6, false) })
}

// TestChartIdentities holds what the contract promises of any chart.
func TestChartIdentities(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := chartEvents(t, 20, true)
		q := chartQuery(t, list)
		chart, err := build(keptBy(list, q.Filter), q).Chart()
		if err != nil {
			return
		}
		all := append([]timeline.Group{{Value: "all", Buckets: chart.Buckets}}, chart.Groups...)
		for _, g := range all {
			next := edtf.MinDay - 1
			for i, b := range g.Buckets {
				if b.Certain > b.Expected || b.Expected > b.Possible || b.Certain < 0 {
					t.Fatalf("%s: certain <= expected <= possible fails: %+v", g.Value, b)
				}
				if i > 0 && b.Start != next || b.End < b.Start {
					t.Fatalf("the buckets are not one after the other: %v", g.Buckets)
				}
				next = b.End + 1
				if from, to := q.Window.From, q.Window.To; from.Known && b.Start < from.Day || to.Known && b.End > to.Day {
					t.Fatalf("%+v leaves the window", b)
				}
			}
		}
		if chart.Measure != "events" {
			return
		}
		if chart.Total != float64(len(keptBy(list, q.Filter))) {
			t.Fatalf("a total of %v; %d events match", chart.Total, len(keptBy(list, q.Filter)))
		}
		if q.Match != "" && q.Match != edtf.ModePossible {
			return
		}
		count := func(b timeline.Bucket, m edtf.Mode) float64 {
			f := q.Filter
			f.Window, f.Match = edtf.Window{From: edtf.At(b.Start), To: edtf.At(b.End)}, m
			return float64(len(keptBy(list, f)))
		}
		for _, b := range chart.Buckets {
			if q.By == timeline.ByStart {
				if want := count(b, edtf.ModeStarts); b.Possible != want {
					t.Fatalf("%+v: match=starts finds %v", b, want)
				}
				continue
			}
			if certain, possible := count(b, edtf.ModeCertain), count(b, edtf.ModePossible); b.Certain != certain || b.Possible != possible {
				t.Fatalf("%+v: match finds %v certain, %v possible", b, certain, possible)
			}
		}
	})
}

func TestExpectedStartsAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := chartEvents(t, 20, rapid.Bool().Draw(t, "near"))
		chart, err := build(list, timeline.ChartQuery{}).Chart()
		if err != nil {
			t.Fatal(err)
		}
		sum, want := 0.0, 0.0
		for _, b := range chart.Buckets {
			sum += b.Expected
		}
		for _, e := range list {
			if reference.StartIsBounded(e.Date) {
				want++
			}
		}
		if tolerance := 1e-6 * float64(1+len(chart.Buckets)); sum < want-tolerance || sum > want+tolerance {
			t.Fatalf("%v are expected; %v events have a bounded start%s", sum, want, describe(list))
		}
	})
}

// TestChartOrder: an answer does not depend on the order of the rows.
func TestChartOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := chartEvents(t, 20, true)
		q := chartQuery(t, list)
		one, err := build(list, q).Chart()
		if err != nil {
			return
		}
		slices.Reverse(list)
		other, err := build(list, q).Chart()
		if a, b := one.AppendJSON(nil, 1), other.AppendJSON(nil, 1); string(a) != string(b) || err != nil {
			t.Fatalf("%v\n%s\n%s", err, a, b)
		}
	})
}

// series writes a chart's buckets: START certain/possible/expected.
func series(buckets []timeline.Bucket) string {
	var b strings.Builder
	for _, v := range buckets {
		fmt.Fprintf(&b, "%v %v/%v/%v; ", v.Start, v.Certain, v.Possible, v.Expected)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func TestCharts(t *testing.T) {
	t.Parallel()
	window := func(from, to string) timeline.Filter {
		f := timeline.Filter{}
		if from != "" {
			f.Window.From = dated(from).StartEarliest
		}
		if to != "" {
			f.Window.To = dated(to).EndLatest
		}
		return f
	}
	for name, c := range map[string]struct {
		query timeline.ChartQuery
		dates string
		want  string
	}{
		"nothing": {timeline.ChartQuery{}, "", ""},
		"a year spreads over its months": {
			timeline.ChartQuery{Interval: "quarter"}, "2023",
			"2023-01-01 0/1/0.246575; 2023-04-01 0/1/0.249315; 2023-07-01 0/1/0.252055; 2023-10-01 0/1/0.252055",
		},
		"empty buckets are filled": {timeline.ChartQuery{Interval: "year"}, "2020 2022~", "2020-01-01 1/1/1; 2021-01-01 0/0/0; 2022-01-01 0/1/1"},
		"weeks from Monday":        {timeline.ChartQuery{Interval: "week"}, "2023-01-01 2023-01-02", "2022-12-26 1/1/1; 2023-01-02 1/1/1"},
		"the window cuts the first week": {
			timeline.ChartQuery{Interval: "week", Filter: window("2023", "2023")}, "2023-01-01 2023-01-02", "2023-01-01 1/1/1; 2023-01-02 1/1/1",
		},
		"decades by floor division": {timeline.ChartQuery{Interval: "decade"}, "-0043 0001", "-0050-01-01 1/1/1; -0040-01-01 0/0/0; -0030-01-01 0/0/0; -0020-01-01 0/0/0; -0010-01-01 0/0/0; 0000-01-01 1/1/1"},
		"centuries by floor division": {
			timeline.ChartQuery{Interval: "century"}, "-0043 2000 2023",
			"-0100-01-01 1/1/1; 0000-01-01 0/0/0; 0100-01-01 0/0/0; 0200-01-01 0/0/0; 0300-01-01 0/0/0; 0400-01-01 0/0/0; 0500-01-01 0/0/0; 0600-01-01 0/0/0; 0700-01-01 0/0/0; 0800-01-01 0/0/0; 0900-01-01 0/0/0; " +
				"1000-01-01 0/0/0; 1100-01-01 0/0/0; 1200-01-01 0/0/0; 1300-01-01 0/0/0; 1400-01-01 0/0/0; 1500-01-01 0/0/0; 1600-01-01 0/0/0; 1700-01-01 0/0/0; 1800-01-01 0/0/0; 1900-01-01 0/0/0; 2000-01-01 2/2/2",
		},
		"the first decade begins where years do": {timeline.ChartQuery{Interval: "decade"}, "-4712", "-4712-01-01 1/1/1"},
		"a set spreads over its days":            {timeline.ChartQuery{Interval: "year"}, "[2020,2021,2021-12-31]", "2020-01-01 0/1/0.500684; 2021-01-01 0/1/0.499316"},
		"all of a set begins with its earliest":  {timeline.ChartQuery{Interval: "year"}, "{2021,2020}", "2020-01-01 1/1/1; 2021-01-01 0/0/0"},
		"open and unknown starts are possible": {
			timeline.ChartQuery{Interval: "year"}, "2020 2022 ../2021 /2021 [2021..] [..2021]",
			"2020-01-01 1/3/1; 2021-01-01 0/3/0; 2022-01-01 1/2/1",
		},
		"active: a war lasts": {
			timeline.ChartQuery{Interval: "year", By: "active"}, "1914-07-28/1918-11-11",
			"1914-01-01 1/1/1; 1915-01-01 1/1/1; 1916-01-01 1/1/1; 1917-01-01 1/1/1; 1918-01-01 1/1/1",
		},
		"active: the ends of an interval are spread": {
			timeline.ChartQuery{Interval: "month", By: "active"}, "2023-02-13/2023-03 [2023-01-31,2023-02-01]",
			"2023-01-01 0/1/0.5; 2023-02-01 1/2/1.5; 2023-03-01 1/1/1",
		},
		"active: an open end goes on": {
			timeline.ChartQuery{Interval: "year", By: "active"}, "2020-07/.. 2022-01-01", "2020-01-01 1/1/1; 2021-01-01 1/1/1; 2022-01-01 2/2/2",
		},
		"active: an unknown end is possible": {
			timeline.ChartQuery{Interval: "year", By: "active"}, "2020-07/ 2022-01-01", "2020-01-01 1/1/1; 2021-01-01 0/1/0; 2022-01-01 1/2/1",
		},
		"active: all of a set happens on each": {
			timeline.ChartQuery{Interval: "year", By: "active"}, "{2020,2022}", "2020-01-01 1/1/1; 2021-01-01 0/0/0; 2022-01-01 1/1/1",
		},
		"active: members that share buckets, each for itself": {
			timeline.ChartQuery{Interval: "quarter", By: "active"}, "{2023-40,2023-25,2023-10-02}",
			"2023-01-01 0/1/0.666647; 2023-04-01 0/1/0.832453; 2023-07-01 0/0/0; 2023-10-01 1/1/1",
		},
		"halves are rounded up":      {timeline.ChartQuery{Filter: window("2000-01-01", "2000-01-01")}, "[2000-01-01..2001-10-01]", "2000-01-01 0/1/0.001563"},
		"no known day in the window": {timeline.ChartQuery{Filter: window("2000", "2010"), By: "active"}, "1985/..", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var list []timeline.Event
			for expr := range strings.FieldsSeq(c.dates) {
				list = append(list, timeline.Event{Date: dated(expr)})
			}
			chart, err := build(list, c.query).Chart()
			if err != nil {
				t.Fatal(err)
			}
			if got := series(chart.Buckets); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestChartOfTooManyBuckets(t *testing.T) {
	t.Parallel()
	list := []timeline.Event{{Date: dated("2000-01-01")}, {Date: dated("2023-06-30")}}
	_, err := build(list, timeline.ChartQuery{Interval: "day"}).Chart()
	var e *timeline.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	want := &timeline.Error{
		Kind: timeline.KindInvalidParameter,
		Message: "The parameter interval cannot be day: that makes 8,582 buckets from 2000-01-01 to 2023-06-30, and at most 2,000 are allowed; " +
			"write week or longer, or auto, or narrow the window with from and to.",
		Faults: []timeline.Fault{{
			Parameter: "interval",
			Detail: "cannot be day: that makes 8,582 buckets from 2000-01-01 to 2023-06-30, and at most 2,000 are allowed; " +
				"write week or longer, or auto, or narrow the window with from and to",
			Allowed: []string{"auto", "week", "month", "quarter", "year", "decade", "century"}, Suggestion: "week",
		}},
	}
	if !reflect.DeepEqual(e, want) {
		t.Errorf("%+v\nwant %+v", e, want)
	}
	if chart, err := build(list, timeline.ChartQuery{}).Chart(); err != nil || chart.Interval != timeline.IntervalQuarter {
		t.Errorf("auto is %s, %v", chart.Interval, err)
	}
}

// TestAChartIsGivenUp: of sets that happen on all of many members, whichever way the chart
// is made, and of many others.
func TestAChartIsGivenUp(t *testing.T) {
	t.Parallel()
	set := []timeline.Event{{Type: "coup", Date: dated("{2021-01..2022-12,2021-02..2023-01,2021-03..2023-02}")}}
	var many []timeline.Event
	for range 100 {
		many = append(many, timeline.Event{Type: "coup", Date: dated("2021-01-01")})
	}
	for name, events := range map[string][]timeline.Event{"a set": set, "many": many} {
		asked := 0
		q := timeline.ChartQuery{By: timeline.ByActive, GiveUp: func() bool { asked++; return true }}
		if _, err := build(events, q).Chart(); !errors.Is(err, timeline.ErrGivenUp) || asked != 1 {
			t.Errorf("%s: %v, asked %d times", name, err, asked)
		}
		groups, err := build(events, q).Groups([]string{"coup"}, false)
		if err != nil {
			t.Fatal(err)
		}
		for i := range events {
			groups.Add(i, []uint32{1, 0})
		}
		if _, err := groups.Chart(); !errors.Is(err, timeline.ErrGivenUp) {
			t.Errorf("%s by groups: %v", name, err)
		}
		q.GiveUp = func() bool { return false }
		if _, err := build(events, q).Chart(); err != nil {
			t.Errorf("%s, with all the time: %v", name, err)
		}
	}
}

func TestChartJSON(t *testing.T) {
	t.Parallel()
	list := []timeline.Event{
		{Date: dated("2023-07-26"), Dataset: "sahel", Type: "coup", Measures: map[string]float64{"deaths": 0.1}},
		{Date: dated("2023-08"), Dataset: "sahel", Type: "other", Measures: map[string]float64{"deaths": 0.2}},
		{Date: dated("2023-08"), Dataset: "cow", Type: "other"},
	}
	chart, err := build(list, timeline.ChartQuery{Interval: "year", Measure: "deaths", GroupBy: "dataset"}).Chart()
	if err != nil {
		t.Fatal(err)
	}
	chart.Name(map[string]timeline.Text{"sahel": {"ar": "الساحل", "de": "Sahelzone"}})
	want := `{"interval":"year","by":"start","measure":"deaths","group_by":"dataset",` +
		`"buckets":[{"start":"2023-01-01","end":"2023-12-31","certain":0.3,"possible":0.3,"expected":0.3}],` +
		`"groups":[{"value":"sahel","label":{"ar":"الساحل","en":"الساحل","fr":"الساحل"},"buckets":[{"start":"2023-01-01","end":"2023-12-31","certain":0.3,"possible":0.3,"expected":0.3}]},` +
		`{"value":"cow","label":{"ar":"cow","en":"cow","fr":"cow"},"buckets":[{"start":"2023-01-01","end":"2023-12-31","certain":0,"possible":0,"expected":0}]}],` +
		`"total":0.3,"revision":17}`
	if got := string(chart.AppendJSON(nil, 17)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	empty, err := build(nil, timeline.ChartQuery{}).Chart()
	want = `{"interval":"day","by":"start","measure":"events","group_by":"none","buckets":[],"groups":[],"total":0,"revision":0}`
	if got := string(empty.AppendJSON(nil, 0)); got != want || err != nil {
		t.Errorf("%v: %s", err, got)
	}
}

// TestChartOfHugeMeasures: sums stay numbers that JSON has, in the promised order.
func TestChartOfHugeMeasures(t *testing.T) {
	t.Parallel()
	var list []timeline.Event
	for _, m := range []float64{1.7e308, 1.7e308, 5e-324, 1e40, 3} {
		for _, expr := range []string{"2021", "2021-02/2022", "{2021-02,2021-03}"} {
			list = append(list, timeline.Event{Date: dated(expr), Measures: map[string]float64{"m": m}})
		}
	}
	for _, by := range timeline.ChartBys {
		chart, err := build(list, timeline.ChartQuery{Measure: "m", By: by, Interval: "week"}).Chart()
		if err != nil || chart.Total > math.MaxFloat64 {
			t.Fatal(chart.Total, err)
		}
		for _, b := range chart.Buckets {
			if !(0 <= b.Certain && b.Certain <= b.Expected && b.Expected <= b.Possible && b.Possible <= math.MaxFloat64) {
				t.Errorf("%+v", b)
			}
		}
	}
}

// million makes samples like those of large data sets: most dated to the day, some
// to the month or year, some lasting, a few sets.
func million() []timeline.Sample {
	random := rand.New(rand.NewPCG(1, 2))
	list := make([]timeline.Sample, 1_000_000)
	for i := range list {
		y, m, d := 1900+random.IntN(125), 1+random.IntN(12), 1+random.IntN(28)
		expr := fmt.Sprintf("%d-%02d-%02d", y, m, d)
		switch k := random.IntN(20); {
		case k < 3:
			expr = expr[:7]
		case k < 6:
			expr = expr[:4]
		case k < 9:
			expr = fmt.Sprintf("%s/%d-%02d", expr, y+1+random.IntN(10), m)
		case k < 10:
			expr += "/.."
		case k < 11:
			expr = fmt.Sprintf("[%s,%d]", expr, y+2)
		}
		e := timeline.Event{
			Date: dated(expr), Type: timeline.TypeCodes[random.IntN(len(timeline.TypeCodes))], Status: "occurred", Dataset: "d",
			Countries: []timeline.CountryRole{{Code: someCountries[random.IntN(len(someCountries))]}, {Code: someCountries[random.IntN(len(someCountries))]}},
			Measures:  map[string]float64{"deaths": float64(random.IntN(1000)) / 8},
		}
		list[i] = sampleOf(&e, "deaths")
	}
	return list
}

func BenchmarkChart(b *testing.B) {
	samples := million()
	for _, q := range []timeline.ChartQuery{
		{Interval: "year"}, {Interval: "month"}, {Interval: "month", By: "active"}, {Interval: "month", Measure: "deaths"},
		{Interval: "month", GroupBy: "country"}, {Interval: "month", By: "active", GroupBy: "type", Measure: "deaths"},
	} {
		b.Run(fmt.Sprintf("%s,%s,%s,%s", q.Interval, q.By, q.Measure, q.GroupBy), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				builder := timeline.NewChartBuilder(q)
				for i := range samples {
					builder.Add(&samples[i])
				}
				if _, err := builder.Chart(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestHalvesThatAreWrittenAreRoundedUp: five times 0.0000001 is a half of the last decimal,
// although in binary it is a little less; in every way that a chart is made.
func TestHalvesThatAreWrittenAreRoundedUp(t *testing.T) {
	t.Parallel()
	var list []timeline.Event
	for range 5 {
		list = append(list, timeline.Event{Date: dated("2019-01-01"), Measures: map[string]float64{"deaths": 1e-7}})
	}
	q := timeline.ChartQuery{Interval: timeline.IntervalMonth, By: timeline.ByStart, Measure: "deaths", GroupBy: timeline.GroupNone}
	built, err := build(list, q).Chart()
	if err != nil {
		t.Fatal(err)
	}
	ofMarks, ok := monthChart(list, q)
	wanted, fits := reference.Chart(list, q)
	if built.Total != 1e-6 || !ok || ofMarks.Total != 1e-6 || !fits || wanted.Total != 1e-6 {
		t.Errorf("built %v, of marks %v, by the reference %v", built.Total, ofMarks.Total, wanted.Total)
	}
}
