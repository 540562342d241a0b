package httpapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/fold"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func (a *api) getTimeline(r *request) (*answer, error) {
	f, err := a.filter(r)
	if err != nil {
		return nil, err
	}
	q := timeline.ChartQuery{
		Filter: f.Filter, Interval: timeline.Interval(r.query.text("interval")), By: r.query.text("by"),
		Measure: r.query.text("measure"), GroupBy: r.query.text("group_by"),
	}
	if err := a.checkMeasure(r, q.Measure); err != nil {
		return nil, err
	}
	if err := r.query.err(); err != nil {
		return nil, err
	}
	named := q.GroupBy == timeline.GroupDataset
	given := f.label(r.op.id, fmt.Sprintf("interval=%s&by=%s&measure=%q&group_by=%s", q.Interval, q.By, q.Measure, q.GroupBy), named)
	given.make = func(r *request) (made, error) {
		chart, err := a.chart(r, q)
		if err != nil {
			return made{}, err
		}
		if named {
			titles, err := a.datasetTitles(r)
			if err != nil {
				return made{}, err
			}
			chart.Name(titles)
		}
		return made{body: chart.AppendJSON(nil, f.revision), rows: len(chart.Buckets)}, nil
	}
	return given, nil
}

func (a *api) chart(r *request, q timeline.ChartQuery) (timeline.Chart, error) {
	defer r.timed()()
	return a.Store.Chart(r.ctx, q)
}

// label is the answer to what depends on the filter and on more. What shows the names
// that data sets have now, named, is not for ever: they have no past.
func (f *asked) label(operation, more string, named bool) *answer {
	m := f.moment
	if named {
		m.revision = f.newest
		if m.cache == immutable {
			m.cache = revalidated
		}
	}
	return m.answer(operation, f.Key()+more)
}

// checkMeasure notes a measure that no event carries, and a measure that was given
// to by.
func (a *api) checkMeasure(r *request, measure string) error {
	stop := r.timed()
	defer stop()
	if measure != timeline.MeasureEvents && measure != "" {
		has, err := a.Store.HasMeasure(r.ctx, measure)
		if err != nil {
			return err
		}
		if !has {
			names, err := a.Store.Measures(r.ctx)
			if err != nil {
				return err
			}
			fault := r.query.fault("measure", "has no measure %q that any event carries", clip(measure))
			fault.Allowed = append([]string{timeline.MeasureEvents}, names...)
			fault.Suggestion = timeline.Nearest(clip(measure), fault.Allowed)
		}
	}
	i := slices.IndexFunc(r.query.faults, func(f timeline.Fault) bool { return f.Parameter == "by" })
	if i < 0 {
		return nil
	}
	given := r.target.URL.Query().Get("by")
	if given == "" || !printable(given) {
		return nil
	}
	has, err := a.Store.HasMeasure(r.ctx, given)
	if has {
		r.query.faults[i].Detail += "; to add up a measure write measure=" + clip(given)
		r.query.faults[i].Suggestion = "measure=" + clip(given)
	}
	return err
}

// datasetTitles gives the titles of the data sets by slug.
func (a *api) datasetTitles(r *request) (map[string]timeline.Text, error) {
	stop := r.timed()
	known, err := a.Store.Datasets(r.ctx)
	stop()
	titles := map[string]timeline.Text{}
	for _, d := range known {
		titles[d.Slug] = d.Title
	}
	return titles, err
}

func (a *api) getFacets(r *request) (*answer, error) {
	f, err := a.filter(r)
	if err != nil {
		return nil, err
	}
	if err := r.query.err(); err != nil {
		return nil, err
	}
	bys := r.query.list("by")
	if len(bys) == 0 {
		bys = timeline.FacetBys
	}
	limit := r.query.number("limit")
	given := f.label(r.op.id, fmt.Sprintf("by=%s&limit=%d", strings.Join(bys, ","), limit), slices.Contains(bys, timeline.GroupDataset))
	given.make = func(r *request) (made, error) {
		facets, err := a.countFacets(r, f.Filter, bys, limit)
		if err != nil {
			return made{}, err
		}
		values := 0
		for i := range facets {
			values += len(facets[i].Values)
		}
		return made{body: timeline.AppendFacets(nil, facets, f.revision), rows: values}, nil
	}
	return given, nil
}

// countFacets counts facets and names their values.
func (a *api) countFacets(r *request, f timeline.Filter, bys []string, limit int) ([]timeline.Facet, error) {
	defer r.timed()()
	facets, err := a.Store.Facets(r.ctx, f, bys, limit)
	if err != nil {
		return nil, err
	}
	for i := range facets {
		if err := a.nameFacet(r, f.AsOf, &facets[i]); err != nil {
			return nil, err
		}
	}
	return facets, nil
}

// nameFacet gives data sets their titles and actors their names.
func (a *api) nameFacet(r *request, asOf *int64, facet *timeline.Facet) error {
	var names map[string]timeline.Text
	var err error
	switch facet.By {
	case timeline.GroupDataset:
		names, err = a.datasetTitles(r)
	case timeline.GroupActor:
		names, err = a.actorNames(r, asOf, facet.Values)
	}
	facet.Name(names)
	return err
}

// actorNames reads the names of actors, which facets know folded, from an event of each.
func (a *api) actorNames(r *request, asOf *int64, values []timeline.FacetValue) (map[string]timeline.Text, error) {
	if len(values) == 0 {
		return nil, nil
	}
	f := timeline.Filter{AsOf: asOf}
	for _, v := range values {
		f.IDs = append(f.IDs, v.Example)
	}
	names := map[string]timeline.Text{}
	err := a.Store.Export(r.ctx, f, timeline.Ascending, func(doc []byte) error {
		var event struct {
			Actors []struct{ Name timeline.Text }
		}
		if err := json.Unmarshal(doc, &event); err != nil {
			return fmt.Errorf("reading a stored document: %w", err)
		}
		for _, actor := range event.Actors {
			for _, name := range actor.Name {
				names[fold.Text(name)] = actor.Name
			}
		}
		return nil
	})
	return names, err
}
