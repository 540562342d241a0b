package columns

import (
	"slices"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Chart makes a chart of the events that its filter keeps, one that Answers. Its error
// is a *timeline.Error (the interval makes too many buckets) or timeline.ErrGivenUp.
func (t *Table) Chart(q timeline.ChartQuery) (timeline.Chart, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var chart timeline.Chart
	var ok bool
	var err error
	grouped := q.GroupBy != "" && q.GroupBy != timeline.GroupNone
	summed := q.Measure != "" && q.Measure != timeline.MeasureEvents
	switch {
	case summed && !grouped:
		chart, ok, err = t.chartOfSums(q)
	case grouped && !summed:
		chart, ok, err = t.chartOfGroupMarks(q)
	}
	switch {
	case ok || err != nil:
		return chart, err
	case summed:
		builder := timeline.NewChartBuilder(q)
		if err := t.addKinds(q, t.compile(&q.Filter, q.GiveUp), builder); err != nil {
			return timeline.Chart{}, err
		}
		return builder.Chart()
	case grouped:
		return t.chartOfGroups(q, t.compile(&q.Filter, q.GiveUp))
	}
	return t.chartOfView(q)
}

// chartOfView makes a chart of what is counted for its filter: of marks where they are
// enough, else of shapes, for which only the days that are asked for are scanned where the
// filter comes for the first time.
func (t *Table) chartOfView(q timeline.ChartQuery) (timeline.Chart, error) {
	if chart, ok := timeline.NewMonthChart(q); ok {
		all, err := t.talliesOfAll(&q.Filter, q.GiveUp)
		if err != nil {
			return timeline.Chart{}, err
		}
		if made, ok := t.monthChart(&q.Filter, chart, all); ok {
			return made, nil
		}
	}
	builder := timeline.NewChartBuilder(q)
	if !t.views.again(&q.Filter, ofShapes) {
		if _, err := t.addShapes(t.compile(&q.Filter, q.GiveUp), builder); err != nil {
			return timeline.Chart{}, err
		}
		return builder.Chart()
	}
	counted, err := viewed(t, &q.Filter, ofShapes, q.GiveUp, t.countShapes)
	if err != nil {
		return timeline.Chart{}, err
	}
	var s shape
	counted.kept(t, &q.Filter, func(text []byte, times uint32) {
		readShape(text, &s)
		sample := s.sample()
		builder.AddTimes(&sample, times)
	})
	return builder.Chart()
}

// tallies gives those that together have counted each event that the filter keeps
// once, whatever it says of days: where one country or region is asked for, or any number
// of types, of statuses or of data sets, of which an event has one.
func (t *Table) tallies(f *timeline.Filter) (list []*tally, ok bool) {
	if len(f.Tags)+len(f.Roles)+f.MinSources > 0 {
		return nil, false
	}
	asked := 0
	for _, n := range []int{len(f.Countries), len(f.Regions), len(f.Types), len(f.Statuses), len(f.Datasets)} {
		if n > 0 {
			asked++
		}
	}
	if asked == 0 {
		return []*tally{&t.terms.all}, true
	}
	if asked > 1 || len(f.Countries) > 1 || len(f.Regions) > 1 {
		return nil, false
	}
	pick := func(w *words, from []*tally, asked []string) {
		for _, id := range w.numbers(asked) {
			if int(id) < len(from) {
				list = append(list, from[id])
			}
		}
	}
	switch {
	case len(f.Countries) == 1:
		if len(f.Countries[0]) != 1 || f.CountryMatch == timeline.CountryOnly {
			return nil, false
		}
		pick(&t.terms.countryWords, t.terms.countries, f.Countries[0])
	case len(f.Regions) == 1:
		if i := slices.Index(atlas.codes, f.Regions[0]); i >= 0 {
			list = append(list, t.terms.regions[i])
		}
	case len(f.Types) > 0:
		var codes []string
		for _, code := range f.Types {
			codes = append(codes, timeline.TypeWithChildren(code)...)
		}
		pick(&t.types, t.terms.types, codes)
	case len(f.Statuses) > 0:
		pick(&t.statuses, t.terms.statuses, f.Statuses)
	default:
		pick(&t.datasets, t.terms.datasets, f.Datasets)
	}
	return list, true
}

// talliesOfAll gives those that together have counted each event once that a filter keeps,
// whatever it says of days.
func (t *Table) talliesOfAll(f *timeline.Filter, giveUp func() bool) ([]*tally, error) {
	if all, ok := t.tallies(f); ok {
		return all, nil
	}
	marks, err := viewed(t, f, ofMarks, giveUp, t.countMarks)
	if err != nil {
		return nil, err
	}
	return []*tally{&marks.tally}, nil
}

func (t *Table) monthChart(f *timeline.Filter, chart *timeline.MonthChart, tallies []*tally) (timeline.Chart, bool) {
	t.eachMark(f, tallies, func(m timeline.Mark, times uint32) { chart.Add(m, times) }, func(s *shape, times uint32) {
		sample := s.sample()
		chart.AddWhole(&sample, times)
	})
	return chart.Chart()
}

// eachMark hands over the marks of tallies, whether or not they lie in the window, and
// the shapes without marks that do, each with how often it is there.
func (t *Table) eachMark(f *timeline.Filter, tallies []*tally, mark func(m timeline.Mark, times uint32), without func(s *shape, times uint32)) {
	inWindow := windowTest(f)
	var s shape
	for _, y := range tallies {
		y.each(func(n, times uint32) {
			if m, ok := t.markOr(n, &s); ok {
				mark(m, times)
			} else if !f.HasWindow() || inWindow(&s) {
				without(&s, times)
			}
		})
	}
}

// countOfView counts events by what is counted for their filter, see chartOfView.
func (t *Table) countOfView(f *timeline.Filter, giveUp func() bool) (n int64, err error) {
	if count, ok := timeline.NewMonthCount(f); ok {
		all, err := t.talliesOfAll(f, giveUp)
		if err != nil {
			return 0, err
		}
		if f.HasWindow() {
			t.eachMark(f, all, count.Add, func(_ *shape, times uint32) { count.AddWhole(times) })
			return count.Total(), nil
		}
		for _, y := range all {
			n += y.events
		}
		return n, nil
	}
	if !t.views.again(f, ofShapes) {
		err := t.scan(t.compile(f, giveUp), func(_ *chunk, places []uint16, sign int) { n += int64(sign * len(places)) })
		return n, err
	}
	counted, err := viewed(t, f, ofShapes, giveUp, t.countShapes)
	if err != nil {
		return 0, err
	}
	counted.kept(t, f, func(_ []byte, times uint32) { n += int64(times) })
	return n, nil
}

// addShapes counts the shapes of the events that are kept and adds each once. It gives
// the shapes in the order in which they were added.
func (t *Table) addShapes(q *query, builder *timeline.ChartBuilder) (added []uint32, err error) {
	counts, err := t.shapesOf(q)
	if err != nil {
		return nil, err
	}
	var s shape
	for n, times := range counts {
		if times > 0 {
			readShape(t.shapes.at(uint32(n)), &s)
			sample := s.sample()
			builder.AddTimes(&sample, uint32(times))
			added = append(added, uint32(n))
		}
	}
	return added, nil
}

// addKinds adds the events that are kept: those that carry the measure by their shape,
// their group and its value, the others, which only make the axis longer, by their
// shape and their group each for itself.
func (t *Table) addKinds(q timeline.ChartQuery, compiled *query, builder *timeline.ChartBuilder) error {
	values := t.measureValues(q.Measure)
	shapes := make([]int32, t.shapes.len())
	groups := make([]int32, t.groupsOf(q.GroupBy))
	kinds := newKinds()
	err := t.scan(compiled, func(c *chunk, places []uint16, sign int) {
		column := c.groups(q.GroupBy)
		for _, p := range places {
			k := kind{shape: c.shape[p], group: column.at(p)}
			if values != nil {
				k.measure = values.of[c.measures.at(p)]
			}
			if k.measure != 0 {
				kinds.add(k, sign)
				continue
			}
			shapes[k.shape] += int32(sign)
			groups[k.group] += int32(sign)
		}
	})
	if err != nil {
		return err
	}
	var s shape
	var sample timeline.Sample
	add := func(k kind, times int32) {
		readShape(t.shapes.at(k.shape), &s)
		countries := sample.Countries[:0]
		sample = s.sample()
		sample.Countries = countries
		if k.measure != 0 {
			t.name(&sample, q.GroupBy, k.group)
			sample.Measure, sample.HasMeasure = values.list[k.measure], true
		}
		builder.AddTimes(&sample, uint32(times))
	}
	for i, k := range kinds.list {
		if kinds.times[i] > 0 {
			add(k, kinds.times[i])
		}
	}
	for n, times := range shapes {
		if times > 0 {
			add(kind{shape: uint32(n)}, times)
		}
	}
	for n, times := range groups {
		if times > 0 && n > 0 {
			t.name(&sample, q.GroupBy, uint32(n))
			builder.AddGroups(&sample)
		}
	}
	return nil
}

// name gives a sample the words of a group or facet: those of a number of roles, of a
// class or of tags.
func (t *Table) name(s *timeline.Sample, by string, number32 uint32) {
	switch by {
	case timeline.GroupCountry:
		s.Countries = s.Countries[:0]
		roles := t.roles.at(number32)
		for i := range len(roles) / 2 {
			if code := t.pairInfo[number(roles, i)].code; !slices.Contains(s.Countries, code) {
				s.Countries = append(s.Countries, code)
			}
		}
	case timeline.GroupTag:
		s.Tags = s.Tags[:0]
		for b := t.tags.at(number32); len(b) > 0; b = b[4:] {
			s.Tags = append(s.Tags, t.tagWords.list[number4(b)])
		}
	case timeline.GroupType, timeline.GroupStatus, timeline.GroupDataset:
		c := readClass(t.classes.at(number32))
		s.Type, s.Status, s.Dataset = t.types.list[c.kind], t.statuses.list[c.status], t.datasets.list[c.dataset]
	}
}
