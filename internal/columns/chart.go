package columns

import (
	"slices"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Chart makes a chart of the events that its filter keeps, one that Answers. Its error
// is a *timeline.Error: the interval makes too many buckets.
func (t *Table) Chart(q timeline.ChartQuery) (timeline.Chart, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if chart, ok := t.chartOfMarks(q); ok {
		return chart, nil
	}
	builder := timeline.NewChartBuilder(q)
	if (q.GroupBy == "" || q.GroupBy == timeline.GroupNone) && (q.Measure == "" || q.Measure == timeline.MeasureEvents) {
		t.addShapes(&q.Filter, builder)
	} else {
		t.addKinds(q, builder)
	}
	return builder.Chart()
}

// tallies gives those that together have counted each event that the filter keeps
// once, but for its window: where one country or region is asked for, or any number
// of types, of statuses or of data sets, of which an event has one.
func (t *Table) tallies(f *timeline.Filter) (list []*tally, ok bool) {
	if f.On != (timeline.MonthDay{}) || len(f.Tags)+len(f.Roles)+f.MinSources > 0 {
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
		for id, is := range w.among(asked) {
			if is && id < len(from) {
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

// chartOfMarks makes a chart of what is counted already, where that is enough.
func (t *Table) chartOfMarks(q timeline.ChartQuery) (timeline.Chart, bool) {
	tallies, ok := t.tallies(&q.Filter)
	if !ok {
		return timeline.Chart{}, false
	}
	chart, ok := timeline.NewMonthChart(q)
	if !ok {
		return timeline.Chart{}, false
	}
	inWindow := windowTest(&q.Filter)
	var s shape
	for _, y := range tallies {
		y.each(func(mark, times uint32) {
			text := t.marks.at(mark)
			if timeline.MarkKind(text[0]) != whole {
				chart.Add(readMark(text), times)
				return
			}
			if readShape(text[1:], &s); !q.HasWindow() || inWindow(&s) {
				sample := s.sample()
				chart.AddWhole(&sample, times)
			}
		})
	}
	return chart.Chart()
}

// addShapes counts the shapes of the events that are kept and adds each once.
func (t *Table) addShapes(f *timeline.Filter, builder *timeline.ChartBuilder) {
	counts := make([]int32, t.shapes.len())
	t.scan(t.compile(f), func(c *chunk, places []uint16, sign int) { perNumber(counts, c.shape, places, sign) })
	var s shape
	for n, times := range counts {
		if times > 0 {
			readShape(t.shapes.at(uint32(n)), &s)
			sample := s.sample()
			builder.AddTimes(&sample, uint32(times))
		}
	}
}

// addKinds adds the events that are kept, those together that have their shape, their
// group and their measure in common.
func (t *Table) addKinds(q timeline.ChartQuery, builder *timeline.ChartBuilder) {
	grouped := func(c *chunk) []uint32 {
		switch q.GroupBy {
		case timeline.GroupCountry:
			return c.roles
		case timeline.GroupType, timeline.GroupStatus, timeline.GroupDataset:
			return c.class
		}
		return nil
	}
	values := t.measureValues(q.Measure)
	kinds := newKinds()
	t.scan(t.compile(&q.Filter), func(c *chunk, places []uint16, sign int) {
		groups := grouped(c)
		for _, p := range places {
			k := kind{shape: c.shape[p]}
			if groups != nil {
				k.group = groups[p]
			}
			if values != nil && c.measures != nil {
				k.measure = values.of[c.measures[p]]
			}
			kinds.add(k, sign)
		}
	})
	var s shape
	var sample timeline.Sample
	for i, k := range kinds.list {
		if kinds.times[i] <= 0 {
			continue
		}
		readShape(t.shapes.at(k.shape), &s)
		countries := sample.Countries[:0]
		sample = s.sample()
		sample.Countries = countries
		t.name(&sample, q.GroupBy, k.group)
		if k.measure > 0 {
			sample.Measure, sample.HasMeasure = values.list[k.measure], true
		}
		builder.AddTimes(&sample, uint32(kinds.times[i]))
	}
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

// measureValues are the different values of a measure; of gives the place in the list
// of that of a number of measures: 0 where there is none.
type measureValues struct {
	list []float64
	of   []uint32
}

func (t *Table) measureValues(measure string) *measureValues {
	name, ok := t.measureNames.ids[measure]
	if !ok || measure == timeline.MeasureEvents {
		return nil
	}
	v := &measureValues{list: make([]float64, 1), of: make([]uint32, t.measures.len())}
	places := map[float64]uint32{}
	for n := range v.of {
		for b := t.measures.at(uint32(n)); len(b) > 0; b = b[measureSize:] {
			if id, value := readMeasure(b); id == name {
				place, ok := places[value]
				if !ok {
					place = uint32(len(v.list))
					v.list, places[value] = append(v.list, value), place
				}
				v.of[n] = place
			}
		}
	}
	return v
}

// kind is what events have in common that are added to a chart together.
type kind struct{ shape, group, measure uint32 }

// kinds counts kinds.
type kinds struct {
	list  []kind
	times []int32
	slots slots
}

func newKinds() *kinds { return &kinds{list: make([]kind, 1), times: make([]int32, 1)} }

func (k *kinds) hash(v kind) uint64 {
	h := (uint64(v.shape)<<32 | uint64(v.group)) * 0x9E3779B97F4A7C15
	h = (h ^ h>>29 ^ uint64(v.measure)) * 0xBF58476D1CE4E5B9
	return h ^ h>>32
}

func (k *kinds) add(v kind, sign int) {
	n, ok := k.slots.find(k.hash(v), func(n uint32) bool { return k.list[n] == v })
	if !ok {
		n = uint32(len(k.list))
		k.list, k.times = append(k.list, v), append(k.times, 0)
		k.slots.insert(n, func(n uint32) uint64 { return k.hash(k.list[n]) })
	}
	k.times[n] += int32(sign)
}
