package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// exportBatch is how many documents an export reads at a time: keyset pages keep
// memory flat and hold no snapshot and no connection for the length of a slow
// download.
const exportBatch = 500

// Export hands every document that the filter keeps to each, in page order, in
// constant memory; a document is valid until each returns. Like a walk of the pages
// it gives each event that exists throughout once, even while others are written;
// with AsOf it is one snapshot.
//
// While each takes the documents of one page, the next is read.
func (s *Store) Export(ctx context.Context, f timeline.Filter, order timeline.Order, each func(doc []byte) error) error {
	p, err := s.planScan(ctx, &f)
	if err != nil || p != nil && p.empty {
		return err
	}
	reading, stop := context.WithCancel(ctx)
	pages, free := make(chan *documents), make(chan *documents, 2)
	free <- &documents{}
	free <- &documents{}
	var failure error // to be looked at when pages is closed
	go func() {
		defer close(pages)
		failure = s.exportPages(reading, p, &f, order, free, pages)
	}()
	defer func() {
		stop()
		for range pages { // until the reader has ended
		}
	}()
	for page := range pages {
		if err := page.each(each); err != nil {
			return err
		}
		free <- page
	}
	return failure
}

// exportPages reads page after page into what is free.
func (s *Store) exportPages(ctx context.Context, p *scan, f *timeline.Filter, order timeline.Order, free <-chan *documents, pages chan<- *documents) error {
	var after *timeline.Position
	for {
		var page *documents
		select {
		case page = <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
		args := pgx.NamedArgs{"limit": exportBatch}
		sql := selectSQL(p, `e.sort_day - DATE '1970-01-01', e.id, e.doc`, f, order, after, "limit", args)
		last, err := s.exportPage(ctx, sql, args, page)
		if err != nil {
			return err
		}
		full := len(page.ends) == exportBatch
		select {
		case pages <- page:
		case <-ctx.Done():
			return ctx.Err()
		}
		if !full {
			return nil
		}
		after = &last
	}
}

// exportPage reads one page, and gives the place of its last event.
func (s *Store) exportPage(ctx context.Context, sql string, args pgx.NamedArgs, page *documents) (timeline.Position, error) {
	page.bytes, page.ends = page.bytes[:0], page.ends[:0]
	var last timeline.Position
	err := s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, sql, args)
		if err != nil {
			return err
		}
		var day int32
		var doc pgtype.DriverBytes // not copied: valid until the next row
		_, err = pgx.ForEachRow(rows, []any{&day, &last.ID, &doc}, func() error {
			page.bytes = append(page.bytes, doc...)
			page.ends = append(page.ends, len(page.bytes))
			last.Day = edtf.Day(day)
			return nil
		})
		return err
	})
	return last, err
}

// documents are those of a page, one behind the other in memory that is used again.
type documents struct {
	bytes []byte
	ends  []int
}

func (d *documents) each(do func(doc []byte) error) error {
	start := 0
	for _, end := range d.ends {
		if err := do(d.bytes[start:end:end]); err != nil {
			return err
		}
		start = end
	}
	return nil
}
