package reference

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Chart counts the events bucket by bucket and day by day, in fractions. It gives no
// labels, and false where the interval makes too many buckets. What the filter says
// of the past (AsOf) is left to the caller, as in Keeps.
func Chart(events []timeline.Event, q timeline.ChartQuery) (timeline.Chart, bool) {
	kept := All(events, &q.Filter, timeline.Ascending)
	c := timeline.Chart{By: q.By, Measure: q.Measure, GroupBy: q.GroupBy}
	var ok bool
	var axis []timeline.Bucket
	if c.Interval, axis, ok = chooseAxis(kept, q); !ok {
		return c, false
	}
	total := new(big.Rat)
	for i := range kept {
		total.Add(total, weight(&kept[i], q.Measure))
	}
	c.Total = rounded(total)
	all := sums{axis: axis}
	grouped := map[string]*sums{}
	for i := range kept {
		e := &kept[i]
		parts := contribution(e, q, axis)
		all.add(parts)
		for _, v := range groupValues(e, q.GroupBy) {
			if grouped[v] == nil {
				grouped[v] = &sums{axis: axis}
			}
			grouped[v].add(parts)
		}
	}
	c.Buckets = all.buckets()

	var values []string
	for v := range grouped {
		values = append(values, v)
	}
	slices.SortFunc(values, func(a, b string) int {
		if byPossible := grouped[b].possible().Cmp(grouped[a].possible()); byPossible != 0 {
			return byPossible
		}
		return strings.Compare(a, b)
	})
	shown := values[:min(len(values), 20)]
	for _, v := range shown {
		c.Groups = append(c.Groups, timeline.Group{Value: v, Buckets: grouped[v].buckets()})
	}
	if len(values) > 20 {
		others := sums{axis: axis}
		for i := range kept {
			if slices.ContainsFunc(groupValues(&kept[i], q.GroupBy), func(v string) bool { return !slices.Contains(shown, v) }) {
				others.add(contribution(&kept[i], q, axis))
			}
		}
		c.Groups = append(c.Groups, timeline.Group{Value: "other", Buckets: others.buckets()})
	}
	return c, true
}

// share is what an event adds to one bucket.
type share struct{ certain, possible, expected *big.Rat }

// sums adds up shares, bucket by bucket.
type sums struct {
	axis []timeline.Bucket
	list []share
}

func (s *sums) add(parts []share) {
	if s.list == nil {
		for range s.axis {
			s.list = append(s.list, share{new(big.Rat), new(big.Rat), new(big.Rat)})
		}
	}
	for i, p := range parts {
		if p.possible.Sign() == 0 {
			continue
		}
		t := s.list[i]
		t.certain.Add(t.certain, p.certain)
		t.possible.Add(t.possible, p.possible)
		t.expected.Add(t.expected, p.expected)
	}
}

func (s *sums) possible() *big.Rat {
	all := new(big.Rat)
	for _, t := range s.list {
		all.Add(all, t.possible)
	}
	return all
}

func (s *sums) buckets() []timeline.Bucket {
	s.add(nil)
	list := slices.Clone(s.axis)
	for i := range list {
		t := s.list[i]
		list[i].Certain, list[i].Possible, list[i].Expected = rounded(t.certain), rounded(t.possible), rounded(t.expected)
	}
	return list
}

// rounded gives six decimals, halves up.
func rounded(r *big.Rat) float64 {
	million := big.NewRat(1_000_000, 1)
	n := new(big.Rat).Add(new(big.Rat).Mul(r, million), big.NewRat(1, 2))
	whole := new(big.Int).Quo(n.Num(), n.Denom()) // not negative
	f, _ := new(big.Rat).Quo(new(big.Rat).SetInt(whole), million).Float64()
	return f
}

// weight gives what an event counts: of a measure the decimal number that was written, of
// which the nearest binary one may lie just below a half that is to be rounded up.
func weight(e *timeline.Event, measure string) *big.Rat {
	if measure == "events" {
		return big.NewRat(1, 1)
	}
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(e.Measures[measure], 'g', -1, 64))
	if !ok {
		panic("reference: no number: " + measure)
	}
	return r
}

func groupValues(e *timeline.Event, by string) []string {
	switch by {
	case "country":
		var codes []string
		for _, c := range e.Countries {
			if !slices.Contains(codes, c.Code) {
				codes = append(codes, c.Code)
			}
		}
		return codes
	case "type":
		return []string{e.Type}
	case "status":
		return []string{e.Status}
	case "dataset":
		return []string{e.Dataset}
	}
	return nil
}

// chooseAxis cuts the known days of the events to the window, and lays buckets over
// them that do not leave the window.
func chooseAxis(events []timeline.Event, q timeline.ChartQuery) (timeline.Interval, []timeline.Bucket, bool) {
	var known []edtf.Day
	for _, e := range events {
		days := []edtf.Bound{e.Date.StartEarliest, e.Date.StartLatest, e.Date.EndEarliest, e.Date.EndLatest}
		for _, m := range e.Date.Members {
			days = append(days, m.StartEarliest, m.EndLatest)
			if e.Date.Set == edtf.AllOf && m.Range {
				days = append(days, m.First.Lo, m.First.Hi, m.Last.Lo, m.Last.Hi)
			}
		}
		for _, b := range days {
			if b.Known {
				known = append(known, b.Day)
			}
		}
	}
	from, to := edtf.MinDay, edtf.MaxDay
	if q.Window.From.Known {
		from = q.Window.From.Day
	}
	if q.Window.To.Known {
		to = q.Window.To.Day
	}
	candidates := []timeline.Interval{q.Interval}
	if q.Interval == "auto" {
		candidates = []timeline.Interval{"day", "week", "month", "quarter", "year", "decade", "century"}
	}
	if len(known) == 0 || max(from, slices.Min(known)) > min(to, slices.Max(known)) {
		return candidates[0], nil, true
	}
	first, last := max(from, slices.Min(known)), min(to, slices.Max(known))
	for _, interval := range candidates {
		most := 2000
		if q.Interval == "auto" {
			most = 200
		}
		if axis, ok := lay(interval, first, last, most); ok {
			// The first and the last reach to the ends of their week, month or whatever.
			for axis[0].Start > from && !begins(interval, axis[0].Start) {
				axis[0].Start--
			}
			for end := &axis[len(axis)-1].End; *end < to && !begins(interval, *end+1); {
				*end++
			}
			return interval, axis, true
		}
	}
	return "", nil, false
}

// lay walks the days and begins a bucket where the interval does.
func lay(interval timeline.Interval, first, last edtf.Day, most int) ([]timeline.Bucket, bool) {
	axis := []timeline.Bucket{{Start: first}}
	for d := first; d <= last; d++ {
		if d > first && begins(interval, d) {
			if len(axis) == most {
				return nil, false
			}
			axis = append(axis, timeline.Bucket{Start: d})
		}
		axis[len(axis)-1].End = d
	}
	return axis, true
}

// begins tells whether a bucket of the interval begins on the day.
func begins(interval timeline.Interval, d edtf.Day) bool {
	year, month, day := d.Civil()
	switch interval {
	case "day":
		return true
	case "week":
		return time.Unix(int64(d)*86_400, 0).UTC().Weekday() == time.Monday
	case "month":
		return day == 1
	case "quarter":
		return day == 1 && (month == 1 || month == 4 || month == 7 || month == 10)
	case "year":
		return day == 1 && month == 1
	case "decade":
		return day == 1 && month == 1 && year%10 == 0
	}
	return day == 1 && month == 1 && year%100 == 0
}

// contribution gives what an event adds to each bucket.
func contribution(e *timeline.Event, q timeline.ChartQuery, axis []timeline.Bucket) []share {
	if q.By == "active" {
		return lasting(e, weight(e, q.Measure), axis)
	}
	return starting(e, weight(e, q.Measure), axis)
}

func window(b timeline.Bucket) edtf.Window {
	return edtf.Window{From: edtf.At(b.Start), To: edtf.At(b.End)}
}

func oneIf(condition bool) *big.Rat {
	if condition {
		return big.NewRat(1, 1)
	}
	return new(big.Rat)
}

func (s share) times(w *big.Rat) share {
	return share{new(big.Rat).Mul(s.certain, w), new(big.Rat).Mul(s.possible, w), new(big.Rat).Mul(s.expected, w)}
}

// starting looks at every day on which the event may have begun.
func starting(e *timeline.Event, w *big.Rat, axis []timeline.Bucket) []share {
	days := map[int]int64{} // bucket -> days in it
	total := int64(0)
	if StartIsBounded(e.Date) {
		for d := e.Date.StartEarliest.Day; d <= lastStart(e.Date); d++ {
			if !e.Date.Match(edtf.Window{From: edtf.At(d), To: edtf.At(d)}, edtf.ModeStarts) {
				continue
			}
			total++
			if i, ok := slices.BinarySearchFunc(axis, d, func(b timeline.Bucket, d edtf.Day) int {
				switch {
				case b.End < d:
					return -1
				case b.Start > d:
					return 1
				}
				return 0
			}); ok {
				days[i]++
			}
		}
	}
	parts := make([]share, len(axis))
	for i, b := range axis {
		s := share{new(big.Rat), oneIf(e.Date.Match(window(b), edtf.ModeStarts)), new(big.Rat)}
		if total > 0 {
			s.certain = oneIf(days[i] == total && !e.Date.Uncertain && !e.Date.Approximate)
			s.expected = big.NewRat(days[i], total)
		}
		parts[i] = s.times(w)
	}
	return parts
}

// StartIsBounded tells whether all days on which the date may have begun lie in the
// years that there are.
func StartIsBounded(d edtf.Date) bool {
	return !d.Match(edtf.Window{To: edtf.At(edtf.MinDay - 1)}, edtf.ModeStarts) &&
		!d.Match(edtf.Window{From: edtf.At(edtf.MaxDay + 1)}, edtf.ModeStarts)
}

// lastStart gives a day after which a bounded date does not begin.
func lastStart(d edtf.Date) edtf.Day {
	if d.StartLatest.Known {
		return d.StartLatest.Day
	}
	return edtf.MaxDay
}

// spread is days that something happens on, evenly; open is not one of them.
type spread struct{ first, last edtf.Bound }

func (s spread) known() bool { return s.first.Known && s.last.Known }

// in gives the share of the days that lie from a day to a day.
func (s spread) in(from, to edtf.Day) *big.Rat {
	days := max(0, int64(min(to, s.last.Day))-int64(max(from, s.first.Day))+1)
	return big.NewRat(days, int64(s.last.Day-s.first.Day)+1)
}

// activeIn is 1 - P(start after the bucket) - P(end before it).
func activeIn(b timeline.Bucket, start, end spread) *big.Rat {
	p := big.NewRat(1, 1)
	p.Sub(p, start.in(b.End+1, edtf.MaxDay+1))
	return p.Sub(p, end.in(edtf.MinDay-1, b.Start-1))
}

// lasting asks of every bucket whether the event lasts through some of it.
func lasting(e *timeline.Event, w *big.Rat, axis []timeline.Bucket) []share {
	parts := make([]share, len(axis))
	for i, b := range axis {
		s := share{
			certain:  oneIf(e.Date.Match(window(b), edtf.ModeCertain)),
			possible: oneIf(e.Date.Match(window(b), edtf.ModePossible)),
			expected: new(big.Rat),
		}
		if s.possible.Sign() > 0 {
			s.expected = expectedIn(e.Date, b)
		}
		parts[i] = s.times(w)
	}
	return parts
}

func expectedIn(d edtf.Date, b timeline.Bucket) *big.Rat {
	switch d.Set {
	case edtf.OneOf: // one unknown day of its members'
		in, all := int64(0), int64(0)
		for _, s := range d.StartSpans() {
			if !s.Lo.Known || !s.Hi.Known {
				return new(big.Rat)
			}
			all += int64(s.Hi.Day-s.Lo.Day) + 1
			in += max(0, int64(min(s.Hi.Day, b.End))-int64(max(s.Lo.Day, b.Start))+1)
		}
		return big.NewRat(in, all)
	case edtf.AllOf: // on each member, each for itself
		none := big.NewRat(1, 1)
		var seen [][2]spread
		for _, m := range d.Members {
			start, end := spread{m.First.Lo, m.First.Hi}, spread{m.Last.Lo, m.Last.Hi}
			switch {
			case !end.known():
				end = start
			case !start.known():
				start = end
			default: // a range
				start.last.Day = min(start.last.Day, end.last.Day)
				end.first.Day = max(start.first.Day, end.first.Day)
			}
			if slices.Contains(seen, [2]spread{start, end}) {
				continue // said twice
			}
			seen = append(seen, [2]spread{start, end})
			none.Mul(none, new(big.Rat).Sub(big.NewRat(1, 1), activeIn(b, start, end)))
		}
		return none.Sub(big.NewRat(1, 1), none)
	}
	start, end := spread{d.StartEarliest, d.StartLatest}, spread{d.EndEarliest, d.EndLatest}
	goesOn := !d.EndEarliest.Known && !d.EndLatest.Known
	beganBefore := !d.StartEarliest.Known && !d.StartLatest.Known
	switch {
	case goesOn: // it never ends
		end = spread{edtf.At(edtf.MaxDay + 1), edtf.At(edtf.MaxDay + 1)}
	case beganBefore:
		start = spread{edtf.At(edtf.MinDay - 1), edtf.At(edtf.MinDay - 1)}
	case !end.known(): // nothing is known of it but that it was there on the day it began
		end = start
	case !start.known():
		start = end
	}
	return activeIn(b, start, end)
}
