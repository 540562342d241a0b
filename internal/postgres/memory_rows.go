package postgres

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/columns"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// memoryColumns are what a columns.Row is read from. Days are days since 1970-01-01;
// the spans are those of set dates alone.
const memoryColumns = `e.start_earliest - DATE '1970-01-01', e.start_latest - DATE '1970-01-01',
	e.end_earliest - DATE '1970-01-01', e.end_latest - DATE '1970-01-01', e.approximate, e.uncertain, e.set_kind,
	CASE WHEN e.set_kind > 0 THEN ARRAY(SELECT d - DATE '1970-01-01' FROM unnest(e.set_lo) WITH ORDINALITY AS u(d, n) ORDER BY n) END,
	CASE WHEN e.set_kind > 0 THEN ARRAY(SELECT d - DATE '1970-01-01' FROM unnest(e.set_hi) WITH ORDINALITY AS u(d, n) ORDER BY n) END,
	e.set_use, e.type, e.status, e.dataset, e.country_roles, e.tags, e.sources, e.measures`

// memoryRows hands the events of a relation and a condition to each, which must not
// keep the row. It reads the bytes of Postgres' binary format as they came: a million
// rows scanned one value at a time would leave a gigabyte to collect.
func memoryRows(ctx context.Context, tx pgx.Tx, relation, condition string, args pgx.NamedArgs, each func(*columns.Row) error) error {
	rows, err := tx.Query(ctx, `SELECT `+memoryColumns+` FROM `+relation+` e WHERE `+condition,
		pgx.QueryResultFormats{pgx.BinaryFormatCode}, args)
	if err != nil {
		return err
	}
	scanner := memoryScanner{words: map[string]string{}}
	_, err = pgx.ForEachRow(rows, []any{&scanner}, func() error { return each(&scanner.row) })
	return err
}

// memoryScanner reads memoryColumns into a row, whose slices it uses again.
type memoryScanner struct {
	row    columns.Row
	words  map[string]string // the words that were met, so that each is made once
	lo, hi []edtf.Bound
	err    error
}

// maxWords bounds the words that a scanner keeps; there are few but tags.
const maxWords = 100_000

// ScanRow implements pgx.RowScanner.
func (s *memoryScanner) ScanRow(rows pgx.Rows) error {
	v := rows.RawValues()
	r := &s.row
	s.err = nil
	r.Bounds = edtf.Bounds{StartEarliest: s.day(v[0]), StartLatest: s.day(v[1]), EndEarliest: s.day(v[2]), EndLatest: s.day(v[3])}
	r.Approximate, r.Uncertain = s.number(v[4], 1) != 0, s.number(v[5], 1) != 0
	r.Set = edtf.SetKind(s.number(v[6], 2))
	s.readSpans(v[7], v[8], v[9])
	r.Type, r.Status, r.Dataset = s.word(v[10]), s.word(v[11]), s.word(v[12])
	r.CountryRoles = s.readWords(r.CountryRoles[:0], v[13])
	r.Tags = s.readWords(r.Tags[:0], v[14])
	r.Sources = int(s.number(v[15], 4))
	s.readMeasures(v[16])
	return s.err
}

var errFormat = errors.New("a value is not in the binary format that was asked for")

// number reads a whole number of so many bytes.
func (s *memoryScanner) number(b []byte, size int) int64 {
	if len(b) != size {
		s.err = errFormat
		return 0
	}
	switch size {
	case 1:
		return int64(b[0])
	case 2:
		return int64(int16(binary.BigEndian.Uint16(b)))
	}
	return int64(int32(binary.BigEndian.Uint32(b)))
}

// day reads a number of days, of which NULL is open.
func (s *memoryScanner) day(b []byte) edtf.Bound {
	if b == nil {
		return edtf.Open
	}
	return edtf.At(edtf.Day(s.number(b, 4)))
}

func (s *memoryScanner) word(b []byte) string {
	if w, ok := s.words[string(b)]; ok {
		return w
	}
	if len(s.words) >= maxWords {
		clear(s.words)
	}
	w := string(b)
	s.words[w] = w
	return w
}

// array hands each element of an array of one dimension over; nil is NULL.
func (s *memoryScanner) array(b []byte, each func(element []byte)) {
	const header, dimension = 12, 8
	if b == nil || len(b) == header && s.number(b[:4], 4) == 0 { // NULL or empty
		return
	}
	if len(b) < header+dimension || s.number(b[:4], 4) != 1 {
		s.err = errFormat
		return
	}
	n := int(s.number(b[header:header+4], 4))
	b = b[header+dimension:]
	for range n {
		if len(b) < 4 {
			s.err = errFormat
			return
		}
		size := int(s.number(b[:4], 4))
		b = b[4:]
		if size < 0 {
			each(nil)
			continue
		}
		if size > len(b) {
			s.err = errFormat
			return
		}
		each(b[:size])
		b = b[size:]
	}
}

func (s *memoryScanner) readWords(list []string, b []byte) []string {
	s.array(b, func(element []byte) { list = append(list, s.word(element)) })
	return list
}

func (s *memoryScanner) readSpans(lo, hi, use []byte) {
	s.lo, s.hi, s.row.Spans = s.lo[:0], s.hi[:0], s.row.Spans[:0]
	if use == nil {
		return
	}
	s.array(lo, func(element []byte) { s.lo = append(s.lo, s.day(element)) })
	s.array(hi, func(element []byte) { s.hi = append(s.hi, s.day(element)) })
	s.array(use, func(element []byte) {
		i, u := len(s.row.Spans), s.number(element, 2)
		if i >= len(s.lo) || i >= len(s.hi) {
			s.err = errFormat
			return
		}
		s.row.Spans = append(s.row.Spans, edtf.MatchSpan{
			Lo: s.lo[i], Hi: s.hi[i], Possible: u&usePossible != 0, Certain: u&useCertain != 0, Starts: u&useStarts != 0,
		})
	})
}

// readMeasures reads a jsonb value: the number of its version, then its text.
func (s *memoryScanner) readMeasures(b []byte) {
	s.row.Measures = s.row.Measures[:0]
	if len(b) < 1 || b[0] != 1 {
		s.err = errFormat
		return
	}
	if string(b[1:]) == "{}" {
		return
	}
	var measures map[string]float64
	if err := json.Unmarshal(b[1:], &measures); err != nil {
		s.err = fmt.Errorf("reading measures: %w", err)
		return
	}
	for name, value := range measures {
		s.row.Measures = append(s.row.Measures, columns.Measure{Name: s.word([]byte(name)), Value: value})
	}
}
