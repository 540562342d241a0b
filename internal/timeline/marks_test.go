package timeline_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// monthChart makes a chart of the marks of events, each mark once with its number.
func monthChart(list []timeline.Event, q timeline.ChartQuery) (timeline.Chart, bool) {
	c, ok := timeline.NewMonthChart(q)
	if !ok {
		return timeline.Chart{}, false
	}
	marks := map[timeline.Mark]uint32{}
	for i := range list {
		e := &list[i]
		whole := sampleOf(e, "")
		found, n := timeline.MarksOf(&whole)
		for _, m := range found[:n] {
			marks[m]++
		}
		if n == 0 && reference.Keeps(&timeline.Filter{Window: q.Window}, e) {
			c.AddWhole(&whole, 1)
		}
	}
	for m, n := range marks {
		c.Add(m, n)
	}
	return c.Chart()
}

// monthQuery draws a chart that is made of marks, most often over a window.
func monthQuery(t *rapid.T) timeline.ChartQuery {
	q := timeline.ChartQuery{
		Interval: timeline.Interval(rapid.SampledFrom([]string{"auto", "month", "month", "month", "quarter", "year", "year", "decade", "century"}).Draw(t, "interval")),
		By:       rapid.SampledFrom(timeline.ChartBys).Draw(t, "by"), Measure: "events", GroupBy: "none",
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
			q := monthQuery(t)
			got, ok := monthChart(list, q)
			want, fits := reference.Chart(list, q)
			if !ok {
				return
			}
			made++
			if len(got.Buckets) == 0 {
				got.Buckets = nil
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
		"a measure":               {Measure: "deaths"},
		"groups":                  {GroupBy: timeline.GroupType},
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
