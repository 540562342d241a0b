package columns

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// chartOfGroupMarks makes a chart in groups of what is counted for its filter by group. It
// gives false where marks do not tell what the chart needs, or are not counted.
func (t *Table) chartOfGroupMarks(q timeline.ChartQuery) (made timeline.Chart, ok bool, err error) {
	f := &q.Filter
	chart, ok := timeline.NewMonthChart(q)
	if !ok || t.marks.len()*(timeline.MaxGroups+1) > t.maxCells {
		return made, false, nil
	}
	values, ok, err := t.talliesBy(f, q.GroupBy, 0, q.GiveUp)
	if !ok {
		return made, false, err
	}
	all, err := t.talliesOfAll(f, q.GiveUp)
	if err != nil {
		return made, false, err
	}
	weights := t.markWeights(f)
	added := t.addMarks(chart, all, weights)
	reach, ok := chart.Reach()
	if !ok {
		return made, false, nil
	}
	order := t.rankMarks(q.GroupBy, values, weights, added, reach)
	shown := order[:min(len(order), timeline.MaxGroups)]
	names := make([]string, len(shown))
	parts := make([]groupPart, 0, len(order))
	for slot, value := range shown {
		names[slot] = t.valueNames(q.GroupBy)[value]
		parts = append(parts, groupPart{values[value], slot})
	}
	switch rest := order[len(shown):]; {
	case len(rest) == 0:
	case q.GroupBy == timeline.GroupCountry: // of which an event has several
		others, err := t.othersThan(f, names, q.GiveUp)
		if err != nil {
			return made, false, err
		}
		parts = append(parts, groupPart{others, len(shown)})
	default:
		for _, value := range rest {
			parts = append(parts, groupPart{values[value], len(shown)})
		}
	}
	groups, err := chart.Groups(names, len(order) > len(shown))
	if err != nil {
		return made, false, err
	}
	width := len(shown) + 1
	times := make([]uint32, len(reach)*width) // by mark that was added, and group
	for _, part := range parts {
		part.tally.each(func(mark, n uint32) {
			if i := added[mark]; i >= 0 {
				times[int(i)*width+part.slot] += n
			}
		})
	}
	for i := range reach {
		groups.Add(i, times[i*width:(i+1)*width])
	}
	made, err = groups.Chart()
	return made, err == nil, err
}

// groupPart is a tally that counts in a group of a chart, by its place; the one of all
// others is the last.
type groupPart struct {
	tally *tally
	slot  int
}

// addMarks adds the marks of tallies to a chart, and the events without marks that its
// window keeps. It says of each mark, by its number, the how many-th was added: -1 for those
// that were not.
func (t *Table) addMarks(chart *timeline.MonthChart, tallies []*tally, weights []int8) (added []int32) {
	times := make([]uint32, t.marks.len())
	for _, y := range tallies {
		y.each(func(mark, n uint32) { times[mark] += n })
	}
	added = make([]int32, len(times))
	number := int32(0)
	var s shape
	for n, times := range times {
		added[n] = -1
		if times == 0 {
			continue
		}
		var kept bool
		if m, ok := t.markOr(uint32(n), &s); ok {
			kept = chart.Add(m, times)
		} else if kept = weights[n] != 0; kept {
			sample := s.sample()
			chart.AddWhole(&sample, times)
		}
		if kept {
			added[n] = number
			number++
		}
	}
	return added
}

// rankMarks gives the values that some event in the window has, those first whose events
// possibly lie in the most buckets.
func (t *Table) rankMarks(by string, tallies []*tally, weights []int8, added, reach []int32) []uint32 {
	buckets := make([]int32, len(added))
	for n, i := range added {
		if i >= 0 {
			buckets[n] = reach[i]
		}
	}
	var values []uint32
	reached := make([]int64, len(tallies))
	for value, y := range tallies {
		if y.inWindow(weights) == 0 {
			continue
		}
		values = append(values, uint32(value))
		y.each(func(mark, n uint32) { reached[value] += int64(n) * int64(buckets[mark]) })
	}
	names := t.valueNames(by)
	slices.SortFunc(values, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(reached[b], reached[a]), cmp.Compare(names[a], names[b]))
	})
	return values
}

// othersThan gives the marks of the events that a filter keeps, whatever it says of days,
// and that have a country besides those named. Which countries a chart names depends on its
// window: the marks are kept when the same are named again.
func (t *Table) othersThan(f *timeline.Filter, named []string, giveUp func() bool) (*tally, error) {
	named = slices.Sorted(slices.Values(named))
	count := func(q *query) (*otherCounts, error) { return t.countOthers(q, named) }
	others, ok, err := viewedAgain(t, f, ofOthersThan+strings.Join(named, " "), lately, giveUp, count)
	if !ok && err == nil {
		always := timeless(f)
		others, err = count(t.compile(&always, giveUp))
	}
	if err != nil {
		return nil, err
	}
	return &others.tally, nil
}

// countOthers counts the marks of the events that a query keeps and that have a country
// besides those named.
func (t *Table) countOthers(q *query, named []string) (*otherCounts, error) {
	o := &otherCounts{named: t.terms.countryWords.numbers(named)}
	roles := newBits(t.roles.len())
	for n := range t.roles.len() {
		if q.roles.has(uint32(n)) && o.has(t, uint32(n)) {
			roles.set(n)
		}
	}
	q.roles = roles
	made, err := t.countMarks(q)
	if err != nil {
		return nil, err
	}
	o.markCounts = *made
	return o, nil
}

// otherCounts counts the marks of events that have a country besides those named.
type otherCounts struct {
	markCounts
	named []uint32
}

func (o *otherCounts) has(t *Table, roles uint32) bool {
	others := false
	t.eachValueOf(timeline.GroupCountry, record{roles: roles}, func(country uint32) {
		others = others || !slices.Contains(o.named, country)
	})
	return others
}

func (o *otherCounts) add(t *Table, r record, by int) bool {
	return !o.has(t, r.roles) || o.markCounts.add(t, r, by)
}
