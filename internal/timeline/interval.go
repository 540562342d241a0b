package timeline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// Interval is the length of a chart's buckets.
type Interval string

// The intervals. Auto is the shortest that makes at most MaxAutoBuckets.
const (
	IntervalAuto    Interval = "auto"
	IntervalDay     Interval = "day"
	IntervalWeek    Interval = "week" // from Monday
	IntervalMonth   Interval = "month"
	IntervalQuarter Interval = "quarter"
	IntervalYear    Interval = "year"
	IntervalDecade  Interval = "decade"
	IntervalCentury Interval = "century"
)

// Intervals are the words of the parameter, auto first, then from short to long.
var Intervals = []string{"auto", "day", "week", "month", "quarter", "year", "decade", "century"}

// lengths are the intervals that buckets can have, from short to long.
var lengths = []Interval{
	IntervalDay, IntervalWeek, IntervalMonth, IntervalQuarter, IntervalYear, IntervalDecade, IntervalCentury,
}

// The most buckets of a chart: where the interval was left to us, and at all.
const (
	MaxAutoBuckets = 200
	MaxBuckets     = 2000
)

// ordinal numbers the buckets of an interval along all of time: the one that the
// day lies in. Decades and centuries are those of floor division: -0043 lies in
// -0050 to -0041.
func (v Interval) ordinal(d edtf.Day) int {
	switch v {
	case IntervalDay:
		return int(d)
	case IntervalWeek:
		return floorDiv(int(d)+3, 7) // day 0 was a Thursday
	}
	year, month, _ := d.Civil()
	switch v {
	case IntervalMonth:
		return year*12 + month - 1
	case IntervalQuarter:
		return year*4 + (month-1)/3
	case IntervalDecade:
		return floorDiv(year, 10)
	case IntervalCentury:
		return floorDiv(year, 100)
	}
	return year
}

// first gives the first day of a bucket. The last is the day before the next's.
func (v Interval) first(ordinal int) edtf.Day {
	switch v {
	case IntervalDay:
		return edtf.Day(ordinal)
	case IntervalWeek:
		return edtf.Day(ordinal*7 - 3)
	case IntervalMonth:
		return edtf.DayOf(floorDiv(ordinal, 12), ordinal-floorDiv(ordinal, 12)*12+1, 1)
	case IntervalQuarter:
		return edtf.DayOf(floorDiv(ordinal, 4), (ordinal-floorDiv(ordinal, 4)*4)*3+1, 1)
	case IntervalDecade:
		return edtf.DayOf(ordinal*10, 1, 1)
	case IntervalCentury:
		return edtf.DayOf(ordinal*100, 1, 1)
	}
	return edtf.DayOf(ordinal, 1, 1)
}

// buckets counts those that hold some day from first to last.
func (v Interval) buckets(first, last edtf.Day) int { return v.ordinal(last) - v.ordinal(first) + 1 }

// auto tells that the interval is for us to choose.
func (v Interval) auto() bool { return v == IntervalAuto || v == "" }

// fit gives the interval to use from first to last: the one asked for, or for auto
// the shortest with few buckets. Its error names the limit and what would fit.
func (v Interval) fit(first, last edtf.Day) (Interval, error) {
	shortest := func(most int) int {
		return slices.IndexFunc(lengths, func(l Interval) bool { return l.buckets(first, last) <= most })
	}
	if v.auto() {
		return lengths[shortest(MaxAutoBuckets)], nil
	}
	n := v.buckets(first, last)
	if n <= MaxBuckets {
		return v, nil
	}
	fits := shortest(MaxBuckets)
	fault := Fault{
		Parameter: "interval",
		Detail: fmt.Sprintf("cannot be %s: that makes %s buckets from %v to %v, and at most %s are allowed; write %s or longer, or auto, or narrow the window with from and to",
			v, thousands(n), first, last, thousands(MaxBuckets), lengths[fits]),
		Allowed:    []string{string(IntervalAuto)},
		Suggestion: string(lengths[fits]),
	}
	for _, l := range lengths[fits:] {
		fault.Allowed = append(fault.Allowed, string(l))
	}
	return "", &Error{Kind: KindInvalidParameter, Message: "The parameter interval " + fault.Detail + ".", Faults: []Fault{fault}}
}

// thousands writes a number with commas: 12,345.
func thousands(n int) string {
	s := strconv.Itoa(n)
	var b strings.Builder
	for i, c := range []byte(s) {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(c)
	}
	return b.String()
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
