package httpapi

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/fold"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// asked is a filter with what its answer is labelled by.
type asked struct {
	timeline.Filter
	moment
}

// filter reads the filters of a request. The newest revision is read before any
// data, so that an answer never lacks what its label promises. Faults stay in the
// query, for a handler to add its own and tell all of them.
func (a *api) filter(r *request) (asked, error) {
	q := r.query
	f := asked{Filter: timeline.Filter{
		Match: edtf.Mode(q.text("match")), CountryMatch: timeline.CountryMatch(q.text("country_match")),
		Roles: q.list("country_role"), Types: q.list("type"), Statuses: q.list("status"), Tags: q.list("tag"),
		IDs:        q.list("id"),
		MinSources: q.number("min_sources"),
	}}
	f.Window = q.window()
	f.On = q.monthDay()
	f.Countries = q.countries()
	f.Regions = q.regions()
	f.BBox = q.bbox()
	if actor := q.text("actor"); actor != "" {
		if f.Actor = fold.Text(actor); f.Actor == "" {
			q.fault("actor", "has no letters; write an actor's whole name")
		}
	}
	if words := q.text("q"); words != "" {
		if f.Words = fold.Words(words); len(f.Words) == 0 {
			q.fault("q", "has no letters or digits; write the words to look for")
		}
	}
	var err error
	if f.Datasets, err = a.datasets(r); err != nil {
		return f, err
	}
	f.moment, err = a.asOf(r)
	f.AsOf = f.filter
	return f, err
}

// window reads from and to, or date.
func (q *query) window() edtf.Window {
	var w edtf.Window
	from, to, date := q.text("from"), q.text("to"), q.text("date")
	if date != "" && (len(q.values["from"]) > 0 || len(q.values["to"]) > 0) {
		q.fault("date", "does not go together with from and to; give the window once")
		return w
	}
	if date != "" {
		window, err := edtf.ParseWindow(date)
		if err != nil {
			q.fault("date", "cannot be %q: %s", clip(date), reason(err))
		}
		return window
	}
	if from != "" {
		w.From = q.limit("from", from, edtf.ParseFrom)
	}
	if to != "" {
		w.To = q.limit("to", to, edtf.ParseTo)
	}
	if w.From.Known && w.To.Known && w.From.Day > w.To.Day {
		q.fault("from", "begins after to ends; exchange them")
		q.fault("to", "ends before from begins; exchange them")
	}
	return w
}

func (q *query) limit(name, value string, parse func(string) (edtf.Day, error)) edtf.Bound {
	day, err := parse(value)
	if err != nil {
		q.fault(name, "cannot be %q: %s", clip(value), reason(err))
		return edtf.Open
	}
	return edtf.At(day)
}

// reason gives an EDTF error without the expression, which is told already.
func reason(err error) string {
	var refused *edtf.Error
	if errors.As(err, &refused) {
		return refused.Reason
	}
	return err.Error()
}

func (q *query) monthDay() timeline.MonthDay {
	value := q.text("on")
	if value == "" {
		return timeline.MonthDay{}
	}
	day, err := time.Parse("2006-01-02", "2000-"+value) // a leap year: 02-29 is a day of some years
	if err != nil || len(value) != 5 {
		q.fault("on", "cannot be %q; it must be a month and a day that exist, MM-DD such as 08-10", clip(value))
		return timeline.MonthDay{}
	}
	return timeline.MonthDay{Month: int(day.Month()), Day: day.Day()}
}

// countries gives, for each listed country, the codes that stand for it.
func (q *query) countries() [][]string {
	var sets [][]string
	for _, text := range q.list("country") {
		found := country.Resolve(text)
		switch len(found) {
		case 1:
			codes := []string{found[0].Alpha3}
			if q.text("predecessors") == "true" {
				codes = country.WithPredecessors(codes[0])
			}
			if !slices.ContainsFunc(sets, func(s []string) bool { return slices.Equal(s, codes) }) {
				sets = append(sets, codes)
			}
		case 0:
			f := q.fault("country", "has no country %q; write an ISO 3166-1 code (ML, MLI, 466) or a name in Arabic, English or French; /v1/countries lists them", clip(text))
			f.Suggestion = country.Suggest(text)
		default:
			var codes, names []string
			for _, c := range found {
				codes = append(codes, c.Alpha3)
				names = append(names, c.Alpha3+" ("+c.Names.EN+")")
			}
			f := q.fault("country", "has %q, a name of several countries; write the code of the one that is meant: %s", clip(text), strings.Join(names, " or "))
			f.Allowed = codes
		}
	}
	return sets
}

func (q *query) regions() []string {
	var codes []string
	for _, text := range q.list("region") {
		region, ok := country.LookupRegion(text)
		if !ok {
			f := q.fault("region", "has no region %q; write a UN M49 code such as 011, or a group such as ecowas; /v1/regions lists them", clip(text))
			f.Suggestion = country.SuggestRegion(text)
			continue
		}
		if !slices.Contains(codes, region.Code) {
			codes = append(codes, region.Code)
		}
	}
	return codes
}

// bbox reads west, south, east and north.
func (q *query) bbox() *timeline.BBox {
	items := q.list("bbox")
	if len(items) == 0 {
		return nil
	}
	var n [4]float64
	for i, item := range items {
		v, err := strconv.ParseFloat(item, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			q.fault("bbox", "cannot have %q; it must be four numbers: west,south,east,north in degrees", clip(item))
			return nil
		}
		n[i] = v
	}
	b := &timeline.BBox{West: n[0], South: n[1], East: n[2], North: n[3]}
	switch {
	case max(b.West, b.East) > 180 || min(b.West, b.East) < -180:
		q.fault("bbox", "has a longitude outside -180 to 180; write west,south,east,north")
	case max(b.South, b.North) > 90 || min(b.South, b.North) < -90:
		q.fault("bbox", "has a latitude outside -90 to 90; write west,south,east,north")
	case b.South > b.North:
		q.fault("bbox", "has its south above its north; write west,south,east,north")
	}
	return b
}

// datasets reads the filter by data sets, closed words that the store knows.
func (a *api) datasets(r *request) ([]string, error) {
	slugs := r.query.list("dataset")
	if len(slugs) == 0 {
		return nil, nil
	}
	stop := r.timed()
	known, err := a.Store.Datasets(r.ctx)
	stop()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, d := range known {
		names = append(names, d.Slug)
	}
	for _, slug := range slugs {
		if !slices.Contains(names, slug) {
			f := r.query.fault("dataset", "has no data set %q; /v1/datasets lists them", clip(slug))
			f.Allowed = names
			f.Suggestion = timeline.Nearest(clip(slug), names)
		}
	}
	return slugs, nil
}

// moment is the state of the data that a request asks for.
type moment struct {
	filter   *int64 // nil: as they are now
	revision int64  // that is answered
	newest   int64  // that there is; the same without as_of
	cache    string // Cache-Control of the answer
}

// current is the moment of the newest revision.
func current(newest int64) moment {
	return moment{revision: newest, newest: newest, cache: revalidated}
}

// answer is one that stands as long as the data of the moment do. query is canonical.
func (m *moment) answer(operation, query string) *answer {
	return &answer{etag: listETag(m.revision, operation, query), cache: m.cache, query: operation + "?" + query, newest: m.newest}
}

// key is the moment's part of a canonical query.
func (m *moment) key() string {
	asked := timeline.Filter{AsOf: m.filter}
	return asked.Key()
}

// newest gives the newest revision: that which is known here, unless the client holds an
// answer of a newer one, which another instance gave it a moment ago.
func (a *api) newest(r *request) (int64, error) {
	defer r.timed()()
	newest, _, err := a.Store.Revision(r.ctx)
	if err == nil && newestNamed(r.ifNoneMatch) > newest {
		newest, _, err = a.Store.ReadRevision(r.ctx)
	}
	return newest, err
}

// asOf gives the revision that is answered: the newest, or what as_of names.
func (a *api) asOf(r *request) (moment, error) {
	value := r.query.text("as_of")
	asked, parseErr := strconv.ParseInt(value, 10, 64)
	isRevision := parseErr == nil && value == strconv.FormatInt(asked, 10)
	// What a revision shows never changes: it is answered also while nobody can tell the
	// newest.
	if reached := a.Store.Reached(); isRevision && asked >= 0 && asked <= reached {
		newest, _, _ := a.Store.Known()
		return moment{&asked, asked, newest, immutable}, a.checkAsOf(r, asked, reached)
	}
	newest, err := a.newest(r)
	now := current(newest)
	if err != nil || value == "" {
		return now, err
	}
	if n := asked; isRevision {
		if n > newest { // another instance may have told the client of it just now
			stop := r.timed()
			newest, _, err = a.Store.ReadRevision(r.ctx)
			stop()
			if err != nil {
				return now, err
			}
		}
		if n < 0 || n > newest {
			r.query.fault("as_of", "is revision %d, but the revisions go from 0 to %d", n, newest)
		}
		return moment{&n, n, newest, immutable}, a.checkAsOf(r, n, newest)
	}
	// A plus sign that nobody escaped has become a space.
	at, parseErr := time.Parse(time.RFC3339, strings.ReplaceAll(value, " ", "+"))
	if parseErr != nil {
		r.query.fault("as_of", "cannot be %q; it must be a revision such as 17, or a time such as 2026-01-31T12:00:00Z", clip(value))
		return now, nil //nolint:nilerr // it is told as a fault
	}
	if at.After(a.Now()) {
		r.query.fault("as_of", "lies ahead: it is %s now", a.Now().UTC().Format(time.RFC3339))
		return now, nil
	}
	stop := r.timed()
	n, err := a.Store.RevisionAt(r.ctx, at)
	stop()
	return moment{&n, n, newest, revalidated}, err
}

// checkAsOf notes a revision that was lost when a backup was restored: what stood then is
// not known, and must not be told from what stands now.
func (a *api) checkAsOf(r *request, revision, newest int64) error {
	if revision <= 0 || revision >= newest {
		return nil
	}
	stop := r.timed()
	lost, err := a.Store.RevisionLost(r.ctx, revision)
	stop()
	if lost {
		r.query.fault("as_of", "is revision %d, which was lost when a backup was restored; ask as of a time, or without as_of", revision)
	}
	return err
}
