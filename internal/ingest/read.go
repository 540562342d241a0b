package ingest

import (
	"context"
	"errors"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Batch is what some rows that follow each other have become.
type Batch struct {
	Rows    int // that were read
	Events  []Event
	Refused []Refusal
	Faulty  int // rows, or events of a row that makes several, that are refused
}

// Event is an event with the place that it comes from.
type Event struct {
	Row, Line int64
	timeline.Event
}

// Options of reading.
type Options struct {
	Dataset string // that events go into; "": the mapping's, or the events' own
	Workers int    // 0: one for each core
}

// batchBytes is the text of one batch: small, for several are under way at once.
const batchBytes = 64 << 10

// reader gives records one after the other, and io.EOF at the end.
type reader interface{ next() (rawRow, error) }

// columns takes the mapping's columns out of records; safe for concurrent use.
type columns interface {
	values(raw *rawRow) []string
	missing() error
}

// Each reads a file as the mapping says. prepare works on batches on all cores; take
// gets what it made in the order of the file. The error tells why the file could not
// be read to its end; what is wrong with single rows is in the batches.
func Each[T any](ctx context.Context, in io.Reader, m *Mapping, o Options, prepare func(context.Context, *Batch) (T, error), take func(T) error) error {
	rows, values, err := m.open(in)
	if err != nil {
		return err
	}
	if o.Dataset == "" {
		o.Dataset = m.Dataset.Slug
	}
	workers := o.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	type job struct {
		rows []rawRow
		done chan T
	}
	group, ctx := errgroup.WithContext(ctx)
	jobs, ordered := make(chan job), make(chan job, workers)
	group.Go(func() error {
		defer close(jobs)
		defer close(ordered)
		return readBatches(ctx, rows, func(batch []rawRow) error {
			j := job{batch, make(chan T, 1)}
			for _, to := range []chan job{ordered, jobs} {
				select {
				case to <- j:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	})
	for range workers {
		group.Go(func() error {
			for j := range jobs {
				prepared, err := prepare(ctx, m.batch(j.rows, values, o.Dataset))
				if err != nil {
					return err
				}
				j.done <- prepared
			}
			return nil
		})
	}
	read := false
	group.Go(func() error {
		for j := range ordered {
			select {
			case prepared := <-j.done:
				read = true
				if err := take(prepared); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if values != nil && read {
		return values.missing()
	}
	return nil
}

// open begins to read. columns is nil where the records are events.
func (m *Mapping) open(in io.Reader) (reader, columns, error) {
	text, skipped, err := openText(in)
	if err != nil {
		return nil, nil, err
	}
	switch m.format {
	case formatCSV, formatTSV:
		t, err := newTableReader(m, text, skipped)
		return t, t, err
	case formatEvents:
		return newLineReader(text, skipped), nil, nil
	case formatNDJSON:
		return newLineReader(text, skipped), newFlattener(m), nil
	}
	path := m.records
	if m.format == formatGeoJSON {
		path = []string{"features"}
	}
	a, err := newArrayReader(text, skipped, path)
	return a, newFlattener(m), err
}

func readBatches(ctx context.Context, rows reader, give func([]rawRow) error) error {
	var batch []rawRow
	size := 0
	for {
		raw, err := rows.next()
		if errors.Is(err, io.EOF) {
			if len(batch) > 0 {
				return give(batch)
			}
			return nil
		}
		if err != nil {
			return err
		}
		batch = append(batch, raw)
		size += len(raw.value)
		for _, cell := range raw.cells {
			size += len(cell) + 8
		}
		if size >= batchBytes {
			if err := give(batch); err != nil {
				return err
			}
			batch, size = nil, 0
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// batch makes the events of rows.
func (m *Mapping) batch(rows []rawRow, values columns, dataset string) *Batch {
	b := &Batch{Rows: len(rows), Events: make([]Event, 0, len(rows))}
	for i := range rows {
		raw := &rows[i]
		var events []timeline.Event
		var refused []Refusal
		faulty := 0
		switch {
		case raw.reason != "":
		case values == nil:
			events, refused = decodeEvent(raw, dataset)
		default:
			r := row{number: raw.number, line: raw.line, values: values.values(raw)}
			if raw.reason == "" {
				events, refused = m.build(&r, dataset)
				faulty = r.faulty
			}
		}
		if raw.reason != "" {
			refused = []Refusal{{Row: raw.number, Line: raw.line, Column: raw.column, Reason: raw.reason}}
		}
		if len(refused) > 0 {
			b.Faulty += max(1, faulty)
		}
		for _, e := range events {
			b.Events = append(b.Events, Event{Row: raw.number, Line: raw.line, Event: e})
		}
		b.Refused = append(b.Refused, refused...)
	}
	return b
}

// decodeEvent reads a record that is an event already.
func decodeEvent(raw *rawRow, dataset string) ([]timeline.Event, []Refusal) {
	refuse := func(column, reason string) Refusal {
		return Refusal{Row: raw.number, Line: raw.line, Column: column, Reason: reason}
	}
	e, faults, err := eventjson.Decode(raw.value)
	if err != nil {
		var known *timeline.Error
		if errors.As(err, &known) {
			return nil, []Refusal{refuse("", known.Message)}
		}
		return nil, []Refusal{refuse("", err.Error())}
	}
	var refused []Refusal
	for _, f := range faults {
		if f.Pointer == "/dataset" && dataset != "" && e.Dataset == "" {
			continue // the one that it goes into is named outside
		}
		refused = append(refused, refuse(f.Pointer, describe(f)))
	}
	if e.ID == "" && len(refused) == 0 {
		refused = append(refused, refuse("/id", "is required in an import: without an id the same event would come in anew each time"))
	}
	if len(refused) > 0 {
		return nil, refused
	}
	if dataset != "" {
		e.Dataset = dataset
	}
	return []timeline.Event{e}, nil
}
