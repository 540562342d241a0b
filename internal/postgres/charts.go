package postgres

import (
	"context"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Chart makes a chart, from memory where that is recent and keeps what is needed, else
// from the rows. Its error is an *Error: the interval makes too many buckets, or the
// rows took longer than their budget.
func (s *Store) Chart(ctx context.Context, q timeline.ChartQuery) (timeline.Chart, error) {
	if table := s.recent(ctx, &q.Filter); table != nil {
		var chart timeline.Chart
		err := s.compute(ctx, errChartTooCostly, func(giveUp func() bool) (err error) {
			q.GiveUp = giveUp
			chart, err = table.Chart(q)
			return err
		})
		return chart, err
	}
	var until time.Time
	q.GiveUp = func() bool { return ctx.Err() != nil || time.Now().After(until) }
	builder := timeline.NewChartBuilder(q)
	var needs timeline.SampleNeeds
	if q.Measure != timeline.MeasureEvents {
		needs.Measure = q.Measure
	}
	err := s.Samples(ctx, q.Filter, needs, func(v *timeline.Sample) error {
		builder.Add(v)
		return nil
	})
	if err != nil {
		return timeline.Chart{}, err
	}
	until = time.Now().Add(s.statementTime) // reading has had its own
	chart, err := builder.Chart()
	return chart, tooCostly(ctx, errChartTooCostly, err)
}

// Facets counts facets, each under all filters but its own, from memory or from the
// rows as Chart. Actors are read off the rows, and only their values have examples.
func (s *Store) Facets(ctx context.Context, f timeline.Filter, bys []string, limit int) ([]timeline.Facet, error) {
	facets := make([]timeline.Facet, len(bys))
	var inMemory []string
	var places []int
	together := map[string][]int{} // the facets that are counted under one filter, in one reading
	table := s.recent(ctx, &f)
	for i, by := range bys {
		with := timeline.FacetFilter(f, by)
		if key := with.Key(); by == timeline.GroupActor { // needs more of each event than the others
			together[key+by] = append(together[key+by], i)
		} else if table == nil {
			together[key] = append(together[key], i)
		} else {
			inMemory, places = append(inMemory, by), append(places, i)
		}
	}
	if len(inMemory) > 0 {
		err := s.compute(ctx, errChartTooCostly, func(giveUp func() bool) error {
			counted, err := table.Facets(f, inMemory, limit, giveUp)
			for i := range counted {
				facets[places[i]] = counted[i]
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for _, same := range together {
		if err := s.readFacets(ctx, f, bys, same, limit, facets); err != nil {
			return nil, err
		}
	}
	return facets, nil
}

// readFacets counts those facets that have the same filter off the rows.
func (s *Store) readFacets(ctx context.Context, f timeline.Filter, bys []string, same []int, limit int, facets []timeline.Facet) error {
	var counters []*timeline.FacetCounter
	for _, i := range same {
		counters = append(counters, timeline.NewFacetCounter(bys[i]))
	}
	actors := bys[same[0]] == timeline.GroupActor
	needs := timeline.SampleNeeds{IDs: actors, Actors: actors}
	err := s.Samples(ctx, timeline.FacetFilter(f, bys[same[0]]), needs, func(v *timeline.Sample) error {
		for _, c := range counters {
			c.Add(v)
		}
		return nil
	})
	for n, i := range same {
		facets[i] = counters[n].Facet(limit)
	}
	return err
}
