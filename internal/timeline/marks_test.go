package timeline_test

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// marked is what is counted of the marks of events, and those without marks that are in
// the window.
type marked struct {
	times map[timeline.Mark]uint32
	sums  map[timeline.Mark]*timeline.MeasureSum
	whole []timeline.Sample
}

func marksOf(list []timeline.Event, q timeline.ChartQuery) marked {
	found := marked{times: map[timeline.Mark]uint32{}, sums: map[timeline.Mark]*timeline.MeasureSum{}}
	for i := range list {
		e := &list[i]
		whole := sampleOf(e, q.Measure)
		marks, n := timeline.MarksOf(&whole)
		amount := timeline.AmountOf(whole.Measure)
		for _, m := range marks[:n] {
			if found.times[m]++; found.sums[m] == nil {
				found.sums[m] = &timeline.MeasureSum{}
			}
			found.sums[m].Add(&amount, 1)
		}
		if n == 0 && reference.Keeps(&timeline.Filter{Window: q.Window}, e) {
			found.whole = append(found.whole, whole)
		}
	}
	return found
}

// monthChart makes a chart of the marks of events, each mark once with its number.
func monthChart(list []timeline.Event, q timeline.ChartQuery) (timeline.Chart, bool) {
	c, ok := timeline.NewMonthChart(q)
	if !ok {
		return timeline.Chart{}, false
	}
	all := marksOf(list, q)
	var added []timeline.Mark // those that are needed
	for m, n := range all.times {
		if c.Add(m, n) {
			added = append(added, m)
		}
	}
	for i := range all.whole {
		whole := all.whole[i]
		whole.HasMeasure = false
		c.AddWhole(&whole, 1)
	}
	if q.Measure != timeline.MeasureEvents {
		for m, sum := range all.sums {
			c.AddSum(m, sum)
		}
		for i := range all.whole {
			if all.whole[i].HasMeasure {
				c.AddWholeMeasure(&all.whole[i], 1)
			}
		}
	}
	if q.GroupBy == timeline.GroupNone {
		return c.Chart()
	}
	reach, ok := c.Reach()
	if !ok {
		return timeline.Chart{}, false
	}
	having := func(keep func(values []string) bool) []uint32 { // how often each was added by those kept
		var some []timeline.Event
		for i := range list {
			s := sampleOf(&list[i], "")
			if keep(s.Groups(q.GroupBy)) {
				some = append(some, list[i])
			}
		}
		of := marksOf(some, q)
		times := make([]uint32, len(reach))
		for i, m := range added {
			times[i] = of.times[m]
		}
		for i := range all.whole {
			if keep(all.whole[i].Groups(q.GroupBy)) {
				times[len(added)+i] = 1
			}
		}
		return times
	}
	sums := map[string]int64{}
	for i := range list {
		if s := sampleOf(&list[i], ""); reference.Keeps(&timeline.Filter{Window: q.Window}, &list[i]) {
			for _, value := range s.Groups(q.GroupBy) {
				sums[value] = 0
			}
		}
	}
	for value := range sums {
		for i, times := range having(func(values []string) bool { return slices.Contains(values, value) }) {
			sums[value] += int64(times) * int64(reach[i])
		}
	}
	values := slices.SortedFunc(maps.Keys(sums), func(a, b string) int { return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b)) })
	shown := values[:min(len(values), timeline.MaxGroups)]
	groups, err := c.Groups(shown, len(values) > len(shown))
	if err != nil {
		return timeline.Chart{}, false
	}
	times := make([][]uint32, len(reach))
	for _, value := range shown {
		for i, n := range having(func(values []string) bool { return slices.Contains(values, value) }) {
			times[i] = append(times[i], n)
		}
	}
	others := having(func(values []string) bool {
		return slices.ContainsFunc(values, func(value string) bool { return !slices.Contains(shown, value) })
	})
	for i, n := range others {
		groups.Add(i, append(times[i], n))
	}
	chart, err := groups.Chart()
	for i := range chart.Groups {
		chart.Groups[i].Label = nil
		chart.Groups[i].Buckets = nilIfEmpty(chart.Groups[i].Buckets)
	}
	return chart, err == nil
}

func nilIfEmpty[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// monthQuery draws a chart that is made of marks, most often over a window.
func monthQuery(t *rapid.T) timeline.ChartQuery {
	q := timeline.ChartQuery{
		Interval: timeline.Interval(rapid.SampledFrom([]string{"auto", "month", "month", "month", "quarter", "year", "year", "decade", "century"}).Draw(t, "interval")),
		By:       rapid.SampledFrom(timeline.ChartBys).Draw(t, "by"),
		Measure:  rapid.SampledFrom([]string{"events", "events", "deaths"}).Draw(t, "measure"), GroupBy: "none",
	}
	if q.Measure == "events" {
		q.GroupBy = rapid.SampledFrom(append([]string{"none", "none"}, timeline.ChartGroups...)).Draw(t, "group_by")
	}
	if rapid.IntRange(0, 2).Draw(t, "has a window") == 0 {
		return q
	}
	day := func(label string) (int, int) {
		year := rapid.SampledFrom(append([]int{-4712, -700, 0, 1, 1914, 1985, 1999, 9999}, nearYears...)).Draw(t, label+" year")
		return year, rapid.SampledFrom([]int{1, 1, 2, 3, 6, 7, 11, 12}).Draw(t, label+" month")
	}
	if rapid.IntRange(0, 3).Draw(t, "from is open") > 0 {
		year, month := day("from")
		q.Window.From = edtf.At(edtf.DayOf(year, month, 1))
	}
	if year, month := day("to"); rapid.IntRange(0, 3).Draw(t, "to is open") > 0 {
		if month++; month == 13 {
			year, month = year+1, 1
		}
		if to := edtf.DayOf(year, month, 1) - 1; !q.Window.From.Known || to > q.Window.From.Day {
			q.Window.To = edtf.At(to)
		}
	}
	return q
}

// TestMonthChartAgainstReference: charts of marks are the charts of the events, over any
// window of whole months.
func TestMonthChartAgainstReference(t *testing.T) {
	t.Parallel()
	made := 0
	for _, near := range []bool{true, true, true, false} {
		rapid.Check(t, func(t *rapid.T) {
			list := chartEvents(t, 30, near)
			for _, e := range list {
				if e.Measures["deaths"] >= timeline.MostSummed {
					e.Measures["deaths"] = timeline.MostSummed - 0.5
				}
			}
			q := monthQuery(t)
			got, ok := monthChart(list, q)
			want, fits := reference.Chart(list, q)
			if !ok {
				return
			}
			made++
			got.Buckets = nilIfEmpty(got.Buckets)
			for i := range want.Groups {
				want.Groups[i].Buckets = nilIfEmpty(want.Groups[i].Buckets)
			}
			if !fits || !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v of%s\nis %s\nnot %s", q, describe(list), got.AppendJSON(nil, 0), want.AppendJSON(nil, 0))
			}
		})
	}
	if made < 150 {
		t.Errorf("only %d charts were made of marks", made)
	}
}

// TestWhatMarksCannotTell: charts that need the days themselves are refused.
func TestWhatMarksCannotTell(t *testing.T) {
	t.Parallel()
	window := func(from, to string) timeline.Filter {
		return timeline.Filter{Window: edtf.Window{From: dated(from).StartEarliest, To: dated(to).EndLatest}}
	}
	certain := window("2021", "2021")
	certain.Match = edtf.ModeCertain
	for name, q := range map[string]timeline.ChartQuery{
		"days":                    {Interval: timeline.IntervalDay},
		"weeks":                   {Interval: timeline.IntervalWeek},
		"a measure in groups":     {Measure: "deaths", GroupBy: timeline.GroupType},
		"a window within a month": {Filter: window("2021-01-02", "2021")},
		"a window to a day":       {Filter: window("2021-01", "2021-03-30")},
		"another match":           {Filter: certain},
	} {
		if _, ok := timeline.NewMonthChart(q); ok {
			t.Errorf("%s: a chart of marks", name)
		}
	}
	if _, ok := monthChart([]timeline.Event{{Date: dated("2021-03-01")}, {Date: dated("2021-03-02")}}, timeline.ChartQuery{}); ok {
		t.Error("auto of two days is made of marks")
	}
}

// TestEventsAddedTogether: an event added so many times is so many events.
func TestEventsAddedTogether(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := chartQuery(t, nil)
		one, together := timeline.NewChartBuilder(q), timeline.NewChartBuilder(q)
		for _, e := range chartEvents(t, 10, true) {
			s := sampleOf(&e, q.Measure)
			times := rapid.Uint32Range(1, 5).Draw(t, "times")
			together.AddTimes(&s, times)
			for range times {
				one.Add(&s)
			}
		}
		a, err := one.Chart()
		b, err2 := together.Chart()
		if (err == nil) != (err2 == nil) || !reflect.DeepEqual(a, b) {
			t.Fatalf("%v %v\n%s\n%s", err, err2, a.AppendJSON(nil, 0), b.AppendJSON(nil, 0))
		}
	})
}
