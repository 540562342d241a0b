package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

var errChartTooCostly = &timeline.Error{
	Kind:       timeline.KindTooCostly,
	Message:    "Computing this took longer than its time budget. Narrow it: a window (from, to), a country, a type or a dataset helps most.",
	RetryAfter: 5 * time.Second,
}

// sampleColumns are what a timeline.Sample is read from. Days are days since
// 1970-01-01; the spans are those of set dates alone.
const sampleColumns = `e.id, e.start_earliest - DATE '1970-01-01', e.start_latest - DATE '1970-01-01',
	e.end_earliest - DATE '1970-01-01', e.end_latest - DATE '1970-01-01', e.approximate, e.uncertain, e.set_kind,
	CASE WHEN e.set_kind > 0 THEN ARRAY(SELECT d - DATE '1970-01-01' FROM unnest(e.set_lo) WITH ORDINALITY AS u(d, n) ORDER BY n) END,
	CASE WHEN e.set_kind > 0 THEN ARRAY(SELECT d - DATE '1970-01-01' FROM unnest(e.set_hi) WITH ORDINALITY AS u(d, n) ORDER BY n) END,
	e.set_use, e.type, e.status, e.dataset, e.countries, e.tags, e.actors, (e.measures ->> @measure)::float8`

// Samples hands each event that the filter keeps, in no promised order, to each.
// measure is the name of the measure to read, or "".
func (s *Store) Samples(ctx context.Context, f timeline.Filter, measure string, each func(*timeline.Sample) error) error {
	p, err := s.planScan(ctx, &f)
	if err != nil || p != nil && p.empty {
		return err
	}
	args := pgx.NamedArgs{"measure": measure}
	var from string
	if p != nil {
		from = "(\n" + keysSQL(p, &f, timeline.Ascending, nil, args) + "\n) p JOIN event e ON e.id = p.id"
		if unfiltered(&f) {
			from = "event e"
		}
	} else {
		from = versions(f.AsOf, args) + " e WHERE " + rowConditions(&f, args, false).where()
	}
	return s.readWithin(ctx, errChartTooCostly, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, "SELECT "+sampleColumns+" FROM "+from, args)
		if err != nil {
			return err
		}
		var v timeline.Sample
		var startEarliest, startLatest, endEarliest, endLatest *int32
		var set int16
		var lo, hi []*int32
		var use []int16
		var measured *float64
		into := []any{
			&v.ID, &startEarliest, &startLatest, &endEarliest, &endLatest, &v.Approximate, &v.Uncertain, &set, &lo, &hi, &use,
			&v.Type, &v.Status, &v.Dataset, &v.Countries, &v.Tags, &v.ActorKeys, &measured,
		}
		_, err = pgx.ForEachRow(rows, into, func() error {
			v.Bounds = edtf.Bounds{
				StartEarliest: bound(startEarliest), StartLatest: bound(startLatest),
				EndEarliest: bound(endEarliest), EndLatest: bound(endLatest),
			}
			v.Set = edtf.SetKind(set)
			v.Spans = v.Spans[:0]
			for i, u := range use {
				v.Spans = append(v.Spans, edtf.MatchSpan{
					Lo: bound(lo[i]), Hi: bound(hi[i]),
					Possible: u&usePossible != 0, Certain: u&useCertain != 0, Starts: u&useStarts != 0,
				})
			}
			v.Measure, v.HasMeasure = 0, measured != nil
			if measured != nil {
				v.Measure = *measured
			}
			return each(&v)
		})
		return err
	})
}

// unfiltered tells whether the filter keeps every event of today: then the table
// is read as it lies, without the detour over its index.
func unfiltered(f *timeline.Filter) bool { return f.Key() == "" }
