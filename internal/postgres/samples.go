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

// Samples reads the events that the filter keeps off the rows and hands them, in no
// promised order, to each.
func (s *Store) Samples(ctx context.Context, f timeline.Filter, needs timeline.SampleNeeds, each func(*timeline.Sample) error) error {
	p, err := s.planScan(ctx, &f)
	if err != nil || p != nil && p.empty {
		return err
	}
	leave, err := s.turn(ctx, s.scanning)
	if err != nil {
		return err
	}
	defer leave()
	args := pgx.NamedArgs{"measure": needs.Measure}
	var from string
	if p != nil {
		from = "(\n" + keysSQL(p, &f, timeline.Ascending, nil, args) + "\n) p JOIN event e ON e.id = p.id"
		if unfiltered(&f) {
			from = "event e"
		}
	} else {
		from = versions(f.AsOf, args) + " e WHERE " + rowConditions(&f, args, false).where()
	}
	return s.readWithinAt(ctx, s.needed(f.AsOf), errChartTooCostly, func(ctx context.Context, conn *pgxpool.Conn) error {
		var v timeline.Sample
		scanner := sampleScanner{sample: &v}
		handed := false
		err := replanned(ctx, conn, "SELECT "+sampleColumns+" FROM "+from, args, scanner.into(), func() error {
			handed = true
			scanner.read()
			return each(&v)
		})
		if err != nil && handed {
			return handedOnError{err}
		}
		return err
	})
}

// sampleScanner reads sampleColumns into a sample.
type sampleScanner struct {
	sample                                             *timeline.Sample
	startEarliest, startLatest, endEarliest, endLatest *int32
	set                                                int16
	lo, hi                                             []*int32
	use                                                []int16
	measured                                           *float64
}

func (s *sampleScanner) into() []any {
	v := s.sample
	return []any{
		&v.ID, &s.startEarliest, &s.startLatest, &s.endEarliest, &s.endLatest, &v.Approximate, &v.Uncertain, &s.set, &s.lo, &s.hi, &s.use,
		&v.Type, &v.Status, &v.Dataset, &v.Countries, &v.Tags, &v.ActorKeys, &s.measured,
	}
}

// read completes the sample after a row was scanned.
func (s *sampleScanner) read() {
	v := s.sample
	v.Bounds = edtf.Bounds{
		StartEarliest: bound(s.startEarliest), StartLatest: bound(s.startLatest),
		EndEarliest: bound(s.endEarliest), EndLatest: bound(s.endLatest),
	}
	v.Set = edtf.SetKind(s.set)
	v.Spans = v.Spans[:0]
	for i, u := range s.use {
		v.Spans = append(v.Spans, edtf.MatchSpan{
			Lo: bound(s.lo[i]), Hi: bound(s.hi[i]),
			Possible: u&usePossible != 0, Certain: u&useCertain != 0, Starts: u&useStarts != 0,
		})
	}
	v.Measure, v.HasMeasure = 0, s.measured != nil
	if s.measured != nil {
		v.Measure = *s.measured
	}
}

// unfiltered tells whether the filter keeps every event of today: then the table
// is read as it lies, without the detour over its index.
func unfiltered(f *timeline.Filter) bool { return f.Key() == "" }
