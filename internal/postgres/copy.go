package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// The rows of event and event_key are written for COPY in its binary form, by hand: a
// tenth of the work of a general encoder, and an import can make its rows before its
// transaction begins. What is not known before (op, revision, times, document) stands
// last in eventColumns.

var eventColumns = []string{
	"id", "start_earliest", "start_latest", "end_earliest", "end_latest", "sort_day", "span", "precision", "approximate", "uncertain",
	"set_kind", "set_lo", "set_hi", "set_use", "dataset", "type", "status", "countries", "country_roles", "region_roles", "tags", "actors",
	"latitude", "longitude", "measures", "sources", "link_targets", "search", "terms", "op", "revision", "created_at", "updated_at", "doc",
}

var keyColumns = []string{"term", "span", "sort_day", "id", "last_day", "gaps"}

const (
	copyHeader  = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	copyTrailer = "\xff\xff"
)

// Object ids of element types.
const (
	oidInt2 = 21
	oidInt4 = 23
	oidText = 25
	oidDate = 1082
)

// daysBefore2000 and microsBefore2000 lie between 1970 and Postgres' epoch.
const (
	daysBefore2000   = 10957
	microsBefore2000 = daysBefore2000 * 86400 * 1_000_000
)

func appendInt16(b []byte, n int16) []byte { return binary.BigEndian.AppendUint16(b, uint16(n)) }
func appendInt32(b []byte, n int32) []byte { return binary.BigEndian.AppendUint32(b, uint32(n)) }

func fieldInt16(b []byte, n int16) []byte { return appendInt16(appendInt32(b, 2), n) }
func fieldInt32(b []byte, n int32) []byte { return appendInt32(appendInt32(b, 4), n) }
func fieldInt64(b []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(appendInt32(b, 8), uint64(n))
}

func fieldText(b []byte, s string) []byte { return append(appendInt32(b, int32(len(s))), s...) }

func fieldBool(b []byte, v bool) []byte {
	b = appendInt32(b, 1)
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// fieldDate writes a day, NULL where it is open.
func fieldDate(b []byte, d edtf.Bound) []byte {
	if !d.Known {
		return appendInt32(b, -1)
	}
	return fieldInt32(b, int32(d.Day)-daysBefore2000)
}

func fieldTime(b []byte, t time.Time) []byte { return fieldInt64(b, t.UnixMicro()-microsBefore2000) }

func fieldFloat(b []byte, f float64) []byte { return fieldInt64(b, int64(math.Float64bits(f))) }

// fieldSized writes a field whose length is known only after it.
func fieldSized(b []byte, write func([]byte) []byte) []byte {
	at := len(b)
	b = write(append(b, 0, 0, 0, 0))
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}

// fieldArray writes an array; nil is an empty one.
func fieldArray[T any](b []byte, elements []T, oid int32, element func([]byte, T) []byte) []byte {
	return fieldSized(b, func(b []byte) []byte {
		if len(elements) == 0 {
			return appendInt32(appendInt32(appendInt32(b, 0), 0), oid)
		}
		b = appendInt32(b, 1) // dimensions
		b = appendInt32(b, 1) // there may be NULLs
		b = appendInt32(b, oid)
		b = appendInt32(b, int32(len(elements)))
		b = appendInt32(b, 1) // the first index
		for _, e := range elements {
			b = element(b, e)
		}
		return b
	})
}

// fieldWords writes a tsvector without positions.
func fieldWords(b []byte, words []string) []byte {
	return fieldSized(b, func(b []byte) []byte {
		b = appendInt32(b, int32(len(words)))
		for _, w := range words {
			b = append(append(b, w...), 0, 0, 0)
		}
		return b
	})
}

// appendColumns appends what is known of an event's row before its transaction: the
// fields of eventColumns up to op.
func (p *prepared) appendColumns(b []byte) []byte {
	e, x, d := p.event, &p.index, &p.event.Date
	b = fieldText(b, e.ID)
	for _, bound := range []edtf.Bound{d.StartEarliest, d.StartLatest, d.EndEarliest, d.EndLatest, edtf.At(d.SortDay())} {
		b = fieldDate(b, bound)
	}
	b = fieldInt16(b, int16(x.Span))
	b = fieldText(b, string(d.Precision))
	b = fieldBool(b, d.Approximate)
	b = fieldBool(b, d.Uncertain)
	b = fieldInt16(b, int16(d.Set))
	b = appendSet(b, d)
	b = fieldText(b, e.Dataset)
	b = fieldText(b, e.Type)
	b = fieldText(b, e.Status)
	for _, texts := range [][]string{x.Countries, x.CountryRoles, x.RegionRoles, e.Tags, x.Actors} {
		b = fieldArray(b, texts, oidText, fieldText)
	}
	if e.Location != nil {
		b = fieldFloat(fieldFloat(b, e.Location.Latitude), e.Location.Longitude)
	} else {
		b = appendInt32(appendInt32(b, -1), -1)
	}
	b = fieldSized(b, func(b []byte) []byte { return appendMeasures(append(b, 1), e.Measures) }) // jsonb, version 1
	b = fieldInt32(b, int32(len(e.Sources)))
	b = fieldArray(b, x.LinkTargets, oidText, fieldText)
	b = fieldWords(b, x.Words)
	return fieldArray(b, p.terms, oidInt4, fieldInt32)
}

// appendMeasures appends the measures as JSON, in any order: jsonb has its own.
func appendMeasures(b []byte, measures map[string]float64) []byte {
	b = append(b, '{')
	first := true
	for name, value := range measures {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = timeline.AppendNumber(append(timeline.AppendString(b, name), ':'), value)
	}
	return append(b, '}')
}

// appendSet appends set_lo, set_hi and set_use, NULL where the date is no set.
func appendSet(b []byte, d *edtf.Date) []byte {
	if d.Set == edtf.NotSet {
		return appendInt32(appendInt32(appendInt32(b, -1), -1), -1)
	}
	spans := d.MatchSpans()
	b = fieldArray(b, spans, oidDate, func(b []byte, s edtf.MatchSpan) []byte { return fieldDate(b, s.Lo) })
	b = fieldArray(b, spans, oidDate, func(b []byte, s edtf.MatchSpan) []byte { return fieldDate(b, s.Hi) })
	return fieldArray(b, spans, oidInt2, func(b []byte, s edtf.MatchSpan) []byte {
		bits := int16(0)
		for bit, set := range map[int16]bool{usePossible: s.Possible, useCertain: s.Certain, useStarts: s.Starts} {
			if set {
				bits |= bit
			}
		}
		return fieldInt16(b, bits)
	})
}

// appendRow appends a whole row of event: the columns that appendColumns made, and the
// document that is the body with its stamp.
func appendRow(b, columns, body []byte, at stamp, op string, created time.Time) []byte {
	b = append(appendInt16(b, int16(len(eventColumns))), columns...)
	b = fieldText(b, op)
	b = fieldInt64(b, at.revision)
	b = fieldTime(fieldTime(b, created), at.at)
	return fieldSized(b, func(b []byte) []byte {
		return timeline.AppendStamp(append(b, body...), at.revision, created, at.at)
	})
}

// appendKeys appends the event's rows of event_key: one for each term.
func (p *prepared) appendKeys(b []byte) []byte {
	d := &p.event.Date
	for _, term := range p.terms {
		b = appendInt16(b, int16(len(keyColumns)))
		b = fieldInt16(fieldInt32(b, term), int16(p.index.Span))
		b = fieldText(fieldDate(b, edtf.At(d.SortDay())), p.event.ID)
		b = fieldBool(fieldDate(b, d.EndLatest), d.Set != edtf.NotSet)
	}
	return b
}

// copyRows copies into a table what next appends, until it gives io.EOF.
func copyRows(ctx context.Context, tx pgx.Tx, table string, columns []string, next func([]byte) ([]byte, error)) error {
	stream := &rowStream{next: next, buffer: []byte(copyHeader)}
	_, err := tx.Conn().PgConn().CopyFrom(ctx, stream, "COPY "+table+" ("+strings.Join(columns, ", ")+") FROM STDIN (FORMAT binary)")
	if stream.err != nil { // the server gives only its text back
		return stream.err
	}
	return err
}

// rowStream is the reader that COPY takes its bytes from.
type rowStream struct {
	next   func([]byte) ([]byte, error)
	buffer []byte
	at     int
	done   bool
	err    error
}

// streamBytes is what is made ready at once.
const streamBytes = 64 << 10

// fill makes the next rows ready.
func (s *rowStream) fill() error {
	for !s.done && len(s.buffer) < streamBytes {
		var err error
		s.buffer, err = s.next(s.buffer)
		switch {
		case errors.Is(err, io.EOF):
			s.done = true
			s.buffer = append(s.buffer, copyTrailer...)
		case err != nil:
			return err
		}
	}
	return nil
}

func (s *rowStream) Read(p []byte) (int, error) {
	if s.at == len(s.buffer) {
		if s.done {
			return 0, io.EOF
		}
		s.buffer, s.at = s.buffer[:0], 0
		if err := s.fill(); err != nil {
			s.err = err
			return 0, err
		}
	}
	n := copy(p, s.buffer[s.at:])
	s.at += n
	return n, nil
}
