package columns_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/columns"
	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// rowOf gives an event as the database would.
func rowOf(e *timeline.Event) columns.Row {
	row := columns.Row{
		Bounds: e.Date.Bounds, Approximate: e.Date.Approximate, Uncertain: e.Date.Uncertain, Set: e.Date.Set, Spans: e.Date.MatchSpans(),
		Type: e.Type, Status: e.Status, Dataset: e.Dataset, CountryRoles: e.Derive().CountryRoles, Tags: e.Tags, Sources: len(e.Sources),
	}
	for name, value := range e.Measures {
		row.Measures = append(row.Measures, columns.Measure{Name: name, Value: value})
	}
	return row
}

// state is a table and the events that it should hold.
type state struct {
	table    *columns.Table
	events   map[string]timeline.Event
	revision int64
	filters  []timeline.Filter // that are asked for again and again, in other windows
	smaller  bool              // no measure is too large to be added up
}

// named gives an event another id.
func (s *state) named(e timeline.Event, id string) timeline.Event {
	e.ID = id
	e.Measures = maps.Clone(e.Measures)
	for name, value := range e.Measures {
		if s.smaller && value >= timeline.MostSummed {
			e.Measures[name] = timeline.MostSummed - 0.5
		}
	}
	return e
}

// pool are events to write, some of which differ in little.
var pool = sync.OnceValue(func() []timeline.Event { return reference.Events(7, 150) })

func newState(t *rapid.T) *state {
	s := &state{table: columns.New(), events: map[string]timeline.Event{}, revision: 1}
	s.smaller = rapid.Bool().Draw(t, "smaller measures")
	s.table.SettleAfter(rapid.SampledFrom([]int{0, 3, 1000}).Draw(t, "settle after"))
	s.table.CellsOfAtMost(rapid.SampledFrom([]int{1, 5000, 1 << 22}).Draw(t, "cells"))
	for i := range rapid.IntRange(0, 60).Draw(t, "loaded") {
		e := rapid.SampledFrom(pool()).Draw(t, "event")
		e = s.named(e, fmt.Sprint("e", i))
		s.events[e.ID] = e
		row := rowOf(&e)
		s.table.Load(&row)
	}
	s.table.Loaded(s.revision)
	s.table.ViewsOfAtMost(rapid.SampledFrom([]int{0, 10_000, 1 << 20}).Draw(t, "bytes of views"))
	for range 3 {
		s.filters = append(s.filters, filter(t))
	}
	return s
}

// write changes, makes, deletes and brings back some events in one revision.
func (s *state) write(t *rapid.T) {
	var gone, come []columns.Row
	written := map[string]bool{}
	for range rapid.IntRange(1, 6).Draw(t, "writes") {
		id := fmt.Sprint("e", rapid.IntRange(0, 80).Draw(t, "id"))
		if written[id] {
			continue
		}
		written[id] = true
		if before, ok := s.events[id]; ok {
			gone = append(gone, rowOf(&before))
			delete(s.events, id)
		}
		if rapid.IntRange(0, 2).Draw(t, "delete") > 0 {
			e := s.named(rapid.SampledFrom(pool()).Draw(t, "event"), id)
			s.events[id] = e
			come = append(come, rowOf(&e))
		}
	}
	s.revision++
	if err := s.table.Update(s.revision, gone, come); err != nil {
		t.Fatal(err)
	}
}

func (s *state) list() []timeline.Event {
	var list []timeline.Event
	for _, e := range s.events {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b timeline.Event) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// filter draws what the table answers: often one term alone, which is counted already.
func filter(t *rapid.T) timeline.Filter {
	f := reference.Filter().Filter(func(f timeline.Filter) bool { return columns.Answers(&f) }).Draw(t, "filter")
	single := timeline.Filter{}
	switch rapid.IntRange(0, 9).Draw(t, "one term") {
	case 0:
	case 1:
		single.Countries = [][]string{{rapid.SampledFrom([]string{"MLI", "NER", "SUN", "FRA"}).Draw(t, "country")}}
	case 2:
		single.Regions = []string{rapid.SampledFrom([]string{"011", "002", "ecowas", "aes", "eu", "cis"}).Draw(t, "region")}
	case 3:
		single.Types = rapid.SampledFrom([][]string{{"coup"}, {"politics"}, {"politics", "coup", "disaster"}}).Draw(t, "types")
	case 4:
		single.Statuses = rapid.SampledFrom([][]string{{"occurred"}, {"planned", "alleged"}}).Draw(t, "statuses")
	case 5:
		single.Datasets = rapid.SampledFrom([][]string{{"alpha"}, {"beta", "gamma", "none"}}).Draw(t, "datasets")
	default:
		return f
	}
	if single.Window = f.Window; rapid.Bool().Draw(t, "whole years") && single.HasWindow() {
		if w := &single.Window.From; w.Known {
			year, _, _ := w.Day.Civil()
			w.Day = edtf.DayOf(year, 1, 1)
		}
		if w := &single.Window.To; w.Known {
			year, _, _ := w.Day.Civil()
			w.Day = edtf.DayOf(year, 12, 31)
		}
	}
	return single
}

// ask holds answers against those of the reference.
func (s *state) ask(t *rapid.T) {
	list := s.list()
	f := filter(t)
	if rapid.IntRange(0, 3).Draw(t, "ask again") > 0 {
		again := rapid.SampledFrom(s.filters).Draw(t, "filter")
		again.Window, again.Match, again.On = f.Window, f.Match, f.On
		f = again
	}
	want := len(reference.All(list, &f, timeline.Ascending))
	if n, err := s.table.Count(&f, nil); err != nil || n != int64(want) {
		t.Fatalf("%s counts %d, %v; want %d", f.Key(), n, err, want)
	}

	s.chart(t, timeline.ChartQuery{
		Filter:   f,
		Interval: timeline.Interval(rapid.SampledFrom(append([]string{"month", "year", "year", "year"}, timeline.Intervals...)).Draw(t, "interval")),
		By:       rapid.SampledFrom(timeline.ChartBys).Draw(t, "by"),
		Measure:  rapid.SampledFrom([]string{"events", "events", "deaths", "magnitude", "none"}).Draw(t, "measure"),
		GroupBy:  rapid.SampledFrom(append([]string{"none", "none", "none"}, timeline.ChartGroups...)).Draw(t, "group_by"),
	})

	by := rapid.SampledFrom([]string{"country", "type", "status", "dataset", "tag"}).Draw(t, "facet")
	limit := rapid.SampledFrom([]int{1, 5, 20, 200}).Draw(t, "limit")
	facets, err := s.table.Facets(f, []string{by}, limit, nil)
	if err != nil {
		t.Fatal(err)
	}
	facet := facets[0]
	wantedFacet := reference.Facet(list, f, by, limit)
	for i := range facet.Values {
		facet.Values[i].Label = nil
	}
	for i := range wantedFacet.Values {
		wantedFacet.Values[i].Example = ""
	}
	if facet.Values = nilIfEmpty(facet.Values); !reflect.DeepEqual(facet, wantedFacet) {
		t.Fatalf("%s\n%+v\nwant %+v", f.Key(), facet, wantedFacet)
	}
}

// chart holds a chart against that of the reference.
func (s *state) chart(t *rapid.T, q timeline.ChartQuery) {
	chart, err := s.table.Chart(q)
	wanted, fits := reference.Chart(s.list(), q)
	if (err == nil) != fits {
		t.Fatalf("%v; the reference says that it fits: %v", err, fits)
	}
	if err != nil {
		return
	}
	chart.Buckets = nilIfEmpty(chart.Buckets)
	for i := range chart.Groups {
		chart.Groups[i].Label = nil
		chart.Groups[i].Buckets = nilIfEmpty(chart.Groups[i].Buckets)
	}
	for i := range wanted.Groups {
		wanted.Groups[i].Buckets = nilIfEmpty(wanted.Groups[i].Buckets)
	}
	if !reflect.DeepEqual(chart, wanted) {
		t.Fatalf("%+v\nis  %s\nnot %s", q, chart.AppendJSON(nil, 0), wanted.AppendJSON(nil, 0))
	}
}

func nilIfEmpty[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// TestTableAgainstTheReference: whatever was written, in whatever order, a table
// answers as the plain reference does.
func TestTableAgainstTheReference(t *testing.T) {
	t.Parallel()
	for range 5 {
		rapid.Check(t, func(t *rapid.T) {
			s := newState(t)
			for range rapid.IntRange(0, 4).Draw(t, "revisions") {
				s.write(t)
				if rapid.Bool().Draw(t, "ask") {
					s.ask(t)
				}
			}
			for range 3 {
				s.ask(t)
			}
		})
	}
}

// TestMoreGroupsThanAreShown: where there are more countries than a chart shows, and
// events of several, charts are those of the plain reference, in any window and whatever
// was written since.
func TestMoreGroupsThanAreShown(t *testing.T) {
	t.Parallel()
	var codes []string
	for _, c := range country.All() {
		codes = append(codes, c.Alpha3)
	}
	const more = 45 // those from the 40th on come later
	rapid.Check(t, func(t *rapid.T) {
		s := newState(t)
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		someCountry := func(most int) timeline.CountryRole {
			return timeline.CountryRole{Code: codes[min(random.IntN(most), random.IntN(most))], Role: timeline.Roles[random.IntN(2)]}
		}
		change := func(e timeline.Event) {
			before := s.events[e.ID]
			s.revision++
			if err := s.table.Update(s.revision, []columns.Row{rowOf(&before)}, []columns.Row{rowOf(&e)}); err != nil {
				t.Fatal(err)
			}
			s.events[e.ID] = e
		}
		for _, e := range s.list() {
			e.Countries = nil
			for range random.IntN(4) {
				e.Countries = append(e.Countries, someCountry(40))
			}
			change(e)
		}
		for range 3 {
			q := timeline.ChartQuery{
				Filter: filter(t), Interval: timeline.Interval(rapid.SampledFrom([]string{"month", "year", "decade"}).Draw(t, "interval")),
				By: rapid.SampledFrom(timeline.ChartBys).Draw(t, "by"), Measure: "events", GroupBy: timeline.GroupCountry,
			}
			switch rapid.IntRange(0, 2).Draw(t, "everything") {
			case 0:
				q.Filter = timeline.Filter{}
			case 1: // as good as
				q.Filter = timeline.Filter{Statuses: timeline.Statuses, Roles: timeline.Roles}
			}
			for range 3 { // the first time it is not worth counting
				s.chart(t, q)
				if len(s.events) == 0 {
					continue
				}
				e := rapid.SampledFrom(s.list()).Draw(t, "event")
				switch rapid.IntRange(0, 2).Draw(t, "change") {
				case 0: // of the same countries, so that the same are shown
					e.Date = rapid.SampledFrom(pool()).Draw(t, "date").Date
				case 1:
					e.Countries = append(slices.Clone(e.Countries), someCountry(more))
				default:
					e.Countries = e.Countries[:len(e.Countries)/2]
				}
				change(e)
			}
		}
	})
}

// TestMeasuresTooLargeToAddUp: a chart is right while an event carries more than can be
// added up ahead, and after it has gone.
func TestMeasuresTooLargeToAddUp(t *testing.T) {
	t.Parallel()
	table := columns.New()
	row := func(deaths float64) columns.Row {
		e := pool()[0]
		r := rowOf(&e)
		r.Measures = []columns.Measure{{Name: "deaths", Value: deaths}}
		return r
	}
	total := func(revision int64, gone, come []columns.Row, want float64, scanned bool) {
		t.Helper()
		if err := table.Update(revision, gone, come); err != nil {
			t.Fatal(err)
		}
		asked := 0
		for range 3 {
			asked = 0
			chart, err := table.Chart(timeline.ChartQuery{Measure: "deaths", Interval: timeline.IntervalCentury, GiveUp: func() bool { asked++; return false }})
			if err != nil || chart.Total != want {
				t.Errorf("revision %d: %v, %v; want %v", revision, chart.Total, err, want)
			}
		}
		if (asked > 0) != scanned {
			t.Errorf("revision %d is scanned: %v", revision, asked > 0)
		}
	}
	total(1, nil, []columns.Row{row(7), row(0.25)}, 7.25, false)
	total(2, nil, []columns.Row{row(timeline.MostSummed)}, timeline.MostSummed+7.25, true)
	total(3, nil, []columns.Row{row(1e30), row(1)}, 1e30, true)
	total(4, []columns.Row{row(1e30), row(timeline.MostSummed)}, nil, 8.25, false)
	total(5, []columns.Row{row(7), row(0.25), row(1)}, nil, 0, false)
}

// TestTableIsThatOfAFreshLoad: nothing is left of what has gone: neither in what is
// counted nor in what is held.
func TestTableIsThatOfAFreshLoad(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := newState(t)
		for range rapid.IntRange(0, 30).Draw(t, "revisions") {
			s.write(t)
			if rapid.IntRange(0, 3).Draw(t, "usage") == 0 {
				s.table.Usage(timeline.TermCountry)
			}
		}
		fresh := columns.New()
		for _, e := range s.list() {
			row := rowOf(&e)
			fresh.Load(&row)
		}
		if got, want := s.table.Dump(), fresh.Dump(); !slices.Equal(got, want) {
			t.Fatalf("%q\nwant\n%q", got, want)
		}
		if s.table.Len() != len(s.events) || s.table.Revision() != s.revision {
			t.Fatalf("%d events of revision %d", s.table.Len(), s.table.Revision())
		}
	})
}

// TestManyRecords: chunks that fill up, shrink and fill again lose nothing.
func TestManyRecords(t *testing.T) {
	t.Parallel()
	table := columns.New()
	const events = 150_000 // many chunks, and more measures than two bytes can number
	row := func(i int) columns.Row {
		r := columns.Row{Bounds: edtf.Bounds{StartEarliest: edtf.At(edtf.Day(i % 20_000))}, Type: "coup", Status: "occurred", Dataset: "alpha", Sources: i % 3}
		r.StartLatest, r.EndEarliest, r.EndLatest = r.StartEarliest, r.StartEarliest, r.StartEarliest
		if i%1000 == 0 {
			r.Tags = []string{fmt.Sprint(i)}
		}
		if i%2 == 0 {
			r.Measures = []columns.Measure{{Name: "deaths", Value: float64(i)}}
		}
		return r
	}
	for i := range events {
		r := row(i)
		table.Load(&r)
	}
	table.Loaded(1)
	check := func(from int) {
		t.Helper()
		deaths := 0.0
		for i := from; i < events; i++ {
			if i%2 == 0 {
				deaths += float64(i)
			}
		}
		chart, err := table.Chart(timeline.ChartQuery{Measure: "deaths", Interval: timeline.IntervalYear})
		if err != nil || chart.Total != deaths || table.Len() != events-from {
			t.Errorf("%d events with %v deaths, %v; want %d with %v", table.Len(), chart.Total, err, events-from, deaths)
		}
		if n, err := table.Count(&timeline.Filter{MinSources: 1}, nil); err != nil || n != int64((events-from)*2/3) && n != int64((events-from)*2/3+1) {
			t.Errorf("%d events have a source", n)
		}
		if n, err := table.Count(&timeline.Filter{Tags: []string{"149000"}}, nil); err != nil || n != 1 {
			t.Errorf("%d events have the last tag", n)
		}
	}
	check(0)
	var rows []columns.Row
	for i := range 120_000 {
		rows = append(rows, row(i))
	}
	if err := table.Update(2, rows, nil); err != nil {
		t.Fatal(err)
	}
	check(120_000)
	if err := table.Update(3, nil, rows); err != nil {
		t.Fatal(err)
	}
	check(0)
	if per := float64(table.Bytes()) / events; per > 60 {
		t.Errorf("%.1f bytes an event", per)
	}
}

// TestAllWordsAreCounted: what writers call their tags and measures takes memory, also
// when no event has it any more.
func TestAllWordsAreCounted(t *testing.T) {
	t.Parallel()
	const events, words, length = 100, 100, 400
	for name, row := range map[string]func(i, j int, r *columns.Row){
		"tags": func(i, j int, r *columns.Row) { r.Tags = append(r.Tags, fmt.Sprintf("%0*d", length, words*i+j)) },
		"measures": func(i, j int, r *columns.Row) {
			r.Measures = append(r.Measures, columns.Measure{Name: fmt.Sprintf("%0*d", length, words*i+j), Value: 1})
		},
	} {
		table := columns.New()
		var rows []columns.Row
		for i := range events {
			r := columns.Row{Bounds: edtf.Bounds{StartEarliest: edtf.At(1), StartLatest: edtf.At(1), EndEarliest: edtf.At(1), EndLatest: edtf.At(1)}, Type: "coup", Status: "occurred", Dataset: "alpha"}
			for j := range words {
				row(i, j, &r)
			}
			rows = append(rows, r)
			table.Load(&r)
		}
		table.Loaded(1)
		if n := table.Bytes(); n < events*words*length {
			t.Errorf("%s of %d bytes count as %d", name, events*words*length, n)
		}
		if err := table.Update(2, rows, nil); err != nil {
			t.Fatal(err)
		}
		if n := table.Bytes(); n < events*words*length {
			t.Errorf("%s of events that are gone count as %d bytes", name, n)
		}
	}
}

// TestWhatIsNotThereCannotGo: a table that has lost its way says so, and goes on saying
// it.
func TestWhatIsNotThereCannotGo(t *testing.T) {
	t.Parallel()
	here, other := pool()[0], pool()[1]
	load := func() *columns.Table {
		table := columns.New()
		table.SettleAfter(0)
		row := rowOf(&here)
		table.Load(&row)
		table.Loaded(1)
		return table
	}
	for name, gone := range map[string][]columns.Row{
		"another event": {rowOf(&other)}, "the same twice": {rowOf(&here), rowOf(&here)},
	} {
		table := load()
		for revision := int64(2); revision < 4; revision++ {
			if err := table.Update(revision, gone, nil); !errors.Is(err, columns.ErrNotThere) {
				t.Errorf("%s: %v", name, err)
			}
			gone = nil
		}
	}
}

// TestGivingUp: whoever scans the records stops when nobody waits for the answer.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	fill := func() *columns.Table {
		table := columns.New()
		for _, e := range pool()[:20] {
			row := rowOf(&e)
			table.Load(&row)
		}
		table.Loaded(1)
		return table
	}
	filter := timeline.Filter{MinSources: 1}
	for name, ask := range map[string]func(table *columns.Table, giveUp func() bool) error{
		"a count": func(table *columns.Table, giveUp func() bool) error {
			_, err := table.Count(&filter, giveUp)
			return err
		},
		"a facet": func(table *columns.Table, giveUp func() bool) error {
			_, err := table.Facets(filter, []string{timeline.GroupTag}, 1, giveUp)
			return err
		},
		"a chart": func(table *columns.Table, giveUp func() bool) error {
			_, err := table.Chart(timeline.ChartQuery{Filter: filter, GiveUp: giveUp})
			return err
		},
		"a chart of a measure": func(table *columns.Table, giveUp func() bool) error {
			for range 2 {
				if _, err := table.Chart(timeline.ChartQuery{Measure: "deaths", GiveUp: giveUp}); err != nil {
					return err
				}
			}
			return nil
		},
		"a chart of groups": func(table *columns.Table, giveUp func() bool) error {
			for range 2 {
				if _, err := table.Chart(timeline.ChartQuery{Filter: filter, GroupBy: timeline.GroupCountry, GiveUp: giveUp}); err != nil {
					return err
				}
			}
			return nil
		},
		"a chart of groups by days": func(table *columns.Table, giveUp func() bool) error {
			days := filter
			days.Match = edtf.ModeCertain
			_, err := table.Chart(timeline.ChartQuery{Filter: days, GroupBy: timeline.GroupCountry, GiveUp: giveUp})
			return err
		},
		"a facet of a window": func(table *columns.Table, giveUp func() bool) error {
			window := filter
			window.Window.From = edtf.At(edtf.DayOf(1990, 1, 1))
			for range 2 {
				if _, err := table.Facets(window, []string{timeline.GroupCountry}, 1, giveUp); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		for after := range 10 { // a chart of groups scans three times, and then some to count ahead
			asked := 0
			err := ask(fill(), func() bool { asked++; return asked > after })
			if asked > after && !errors.Is(err, timeline.ErrGivenUp) {
				t.Errorf("%s, told to give up when asking for the %d. time: %v", name, after+1, err)
			}
			if after == 0 && asked == 0 {
				t.Errorf("%s does not ask whether to go on", name)
			}
		}
		if err := ask(fill(), func() bool { return false }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAFilterIsCountedOnce: another window, another kind of question and what is written
// meanwhile take no further scan, for as long as not too many other filters are asked for.
func TestAFilterIsCountedOnce(t *testing.T) {
	t.Parallel()
	table := columns.New()
	for _, e := range pool()[:20] {
		row := rowOf(&e)
		row.Measures = []columns.Measure{{Name: "deaths", Value: 12}} // not one too large to be added up
		table.Load(&row)
	}
	table.Loaded(1)
	never := func() bool { return false }
	at := func(sources, year int) timeline.Filter {
		return timeline.Filter{MinSources: sources, Window: edtf.Window{From: edtf.At(edtf.DayOf(year, 1, 1))}}
	}
	scanned := func(ask func(giveUp func() bool) error) bool {
		t.Helper()
		err := ask(func() bool { return true })
		if err != nil && !errors.Is(err, timeline.ErrGivenUp) {
			t.Fatal(err)
		}
		return err != nil
	}
	asks := map[string]func(sources, year int, giveUp func() bool) error{
		"a count": func(sources, year int, giveUp func() bool) error {
			f := at(sources, year)
			_, err := table.Count(&f, giveUp)
			return err
		},
		"a count of days": func(sources, year int, giveUp func() bool) error {
			f := at(sources, year)
			f.Window.From.Day += 5
			_, err := table.Count(&f, giveUp)
			return err
		},
		"a chart of years": func(sources, year int, giveUp func() bool) error {
			_, err := table.Chart(timeline.ChartQuery{Filter: at(sources, year), Interval: timeline.IntervalDecade, GiveUp: giveUp})
			return err
		},
		"a chart of what is certain": func(sources, year int, giveUp func() bool) error {
			f := at(sources, year)
			f.Match = edtf.ModeCertain
			_, err := table.Chart(timeline.ChartQuery{Filter: f, Interval: timeline.IntervalDecade, GiveUp: giveUp})
			return err
		},
		"a chart in groups": func(sources, year int, giveUp func() bool) error {
			_, err := table.Chart(timeline.ChartQuery{Filter: at(sources, year), Interval: timeline.IntervalDecade, GroupBy: timeline.GroupCountry, GiveUp: giveUp})
			return err
		},
		"a chart of a measure": func(sources, year int, giveUp func() bool) error {
			_, err := table.Chart(timeline.ChartQuery{Filter: at(sources, year), Interval: timeline.IntervalDecade, Measure: "deaths", GiveUp: giveUp})
			return err
		},
		"facets of a window": func(sources, year int, giveUp func() bool) error {
			_, err := table.Facets(at(sources, year), []string{timeline.GroupCountry, timeline.GroupType, timeline.GroupStatus, timeline.GroupDataset}, 1, giveUp)
			return err
		},
		"a facet": func(sources, _ int, giveUp func() bool) error {
			_, err := table.Facets(timeline.Filter{MinSources: sources}, []string{timeline.GroupTag}, 1, giveUp)
			return err
		},
	}
	for name, ask := range asks {
		for year := range 6 { // most are kept when they are asked for again, and of the facets one each time
			if err := ask(1, 1999+year, never); err != nil {
				t.Fatal(name, err)
			}
		}
	}
	e := rowOf(&pool()[30])
	if err := table.Update(2, nil, []columns.Row{e}); err != nil {
		t.Fatal(err)
	}
	for name, ask := range asks {
		if scanned(func(giveUp func() bool) error { return ask(1, 2001, giveUp) }) {
			t.Errorf("%s is scanned for again", name)
		}
	}
	for sources := range 100 {
		for name, ask := range asks {
			for range 2 {
				if err := ask(sources+2, 2000, never); err != nil {
					t.Fatal(name, err)
				}
			}
		}
	}
	for name, ask := range asks {
		if !scanned(func(giveUp func() bool) error { return ask(1, 2001, giveUp) }) {
			t.Errorf("%s is kept for ever", name)
		}
	}
}

// TestFacetsPushNothingOut: facets of windows, for which a scan does as well, are counted
// ahead only where what is used meanwhile need not be forgotten for it.
func TestFacetsPushNothingOut(t *testing.T) {
	t.Parallel()
	for room, kept := range map[int]bool{1500: false, 1 << 20: true} {
		table := columns.New()
		for _, e := range pool() {
			row := rowOf(&e)
			table.Load(&row)
		}
		table.Loaded(1)
		table.ViewsOfAtMost(room)
		scans := func(ask func(giveUp func() bool) error) bool {
			t.Helper()
			asked := 0
			if err := ask(func() bool { asked++; return false }); err != nil {
				t.Fatal(err)
			}
			return asked > 0
		}
		count := func(giveUp func() bool) error {
			_, err := table.Count(&timeline.Filter{Types: []string{"coup"}, MinSources: 1}, giveUp)
			return err
		}
		facet := func(giveUp func() bool) error {
			f := timeline.Filter{MinSources: 1, Window: edtf.Window{From: edtf.At(edtf.DayOf(2000, 1, 1))}}
			_, err := table.Facets(f, []string{timeline.GroupCountry, timeline.GroupType}, 5, giveUp)
			return err
		}
		if !scans(count) {
			t.Fatal("nothing was scanned for")
		}
		for i := range 6 {
			if scanned := scans(facet); i > 3 && scanned == kept {
				t.Errorf("with %d bytes the facets are scanned for: %v", room, scanned)
			}
			if scans(count) {
				t.Errorf("with %d bytes, a count is scanned for again after facets", room)
			}
		}
	}
}

// TestReadersSeeOneRevision: while all events are changed again and again, no answer is
// of half a change.
func TestReadersSeeOneRevision(t *testing.T) {
	t.Parallel()
	const events, revisions = 50, 300
	types := []string{"coup", "treaty"}
	table := columns.New()
	table.SettleAfter(60)
	state := func(revision int) (rows []columns.Row) {
		for i := range events {
			e := pool()[i]
			e.Type = types[revision%2]
			rows = append(rows, rowOf(&e))
		}
		return rows
	}
	for _, row := range state(0) {
		table.Load(&row)
	}
	table.Loaded(0)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				facets, err := table.Facets(timeline.Filter{}, []string{timeline.GroupType}, 20, nil)
				if err != nil {
					t.Error(err)
					return
				}
				facet := facets[0]
				if len(facet.Values) != 2 || facet.Values[0].Count != events { // a type and its parent
					t.Errorf("half a change: %+v", facet.Values)
					return
				}
				chart, err := table.Chart(timeline.ChartQuery{Interval: timeline.IntervalCentury, GroupBy: timeline.GroupType})
				if err != nil || len(chart.Groups) != 1 || chart.Total != events {
					t.Errorf("half a change: %d groups of %v, %v", len(chart.Groups), chart.Total, err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for revision := 1; revision <= revisions; revision++ {
		if err := table.Update(int64(revision), state(revision-1), state(revision)); err != nil {
			t.Error(err)
		}
	}
	close(done)
	readers.Wait()
}
