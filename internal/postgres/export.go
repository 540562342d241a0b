package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// exportBatch is how many documents an export reads at a time: keyset pages keep
// memory flat and hold no snapshot and no connection for the length of a slow
// download.
const exportBatch = 1_000

// sortedBatch is how many ids are read at a time where no index gives the order of the
// pages: to find the next ones, all that the filter keeps is sorted again.
const sortedBatch = 20 * exportBatch

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
		if p == nil {
			ids, last, err := s.exportIDs(ctx, f, order, after)
			if err != nil {
				return err
			}
			for batch := range slices.Chunk(ids, exportBatch) {
				sql, args := documentsSQL(f, batch)
				if _, _, err := s.handOver(ctx, f, sql, args, free, pages); err != nil {
					return err
				}
			}
			if len(ids) < sortedBatch {
				return nil
			}
			after = &last
			continue
		}
		args := pgx.NamedArgs{"limit": exportBatch}
		sql := selectSQL(p, `e.sort_day - DATE '1970-01-01', e.id, e.doc`, f, order, after, args)
		last, n, err := s.handOver(ctx, f, sql, args, free, pages)
		if err != nil || n < exportBatch {
			return err
		}
		after = &last
	}
}

// exportIDs gives the next ids in page order, at most sortedBatch, and the last place.
func (s *Store) exportIDs(ctx context.Context, f *timeline.Filter, order timeline.Order, after *timeline.Position) (ids []string, last timeline.Position, err error) {
	args := pgx.NamedArgs{"limit": sortedBatch}
	sql := selectSQL(nil, `e.sort_day - DATE '1970-01-01', e.id`, f, order, after, args)
	err = s.readAt(ctx, s.needed(f.AsOf), func(ctx context.Context, conn *pgxpool.Conn) error {
		ids = nil
		rows, err := conn.Query(ctx, sql, args)
		if err != nil {
			return err
		}
		var day int32
		_, err = pgx.ForEachRow(rows, []any{&day, &last.ID}, func() error {
			ids, last.Day = append(ids, last.ID), edtf.Day(day)
			return nil
		})
		return err
	})
	return ids, last, err
}

// documentsSQL reads the documents of ids in their order, of those that the filter
// still keeps.
func documentsSQL(f *timeline.Filter, ids []string) (string, pgx.NamedArgs) {
	args := pgx.NamedArgs{"batch": ids}
	return `SELECT e.sort_day - DATE '1970-01-01', e.id, e.doc
		FROM unnest(@batch::text[]) WITH ORDINALITY AS b(id, n) JOIN ` + versions(f.AsOf, args) + ` e ON e.id = b.id
		WHERE ` + rowConditions(f, args, false).where() + ` ORDER BY b.n`, args
}

// handOver reads a page into what is free, passes it on, and gives the place of its
// last event and how many it has.
func (s *Store) handOver(ctx context.Context, f *timeline.Filter, sql string, args pgx.NamedArgs, free <-chan *documents, pages chan<- *documents) (last timeline.Position, n int, err error) {
	var page *documents
	select {
	case page = <-free:
	case <-ctx.Done():
		return last, 0, ctx.Err()
	}
	if last, err = s.exportPage(ctx, f, sql, args, page); err != nil {
		return last, 0, err
	}
	n = len(page.ends)
	select {
	case pages <- page:
		return last, n, nil
	case <-ctx.Done():
		return last, n, ctx.Err()
	}
}

// exportPage reads one page, and gives the place of its last event.
func (s *Store) exportPage(ctx context.Context, f *timeline.Filter, sql string, args pgx.NamedArgs, page *documents) (timeline.Position, error) {
	var last timeline.Position
	err := s.readAt(ctx, s.needed(f.AsOf), func(ctx context.Context, conn *pgxpool.Conn) error {
		page.bytes, page.ends = page.bytes[:0], page.ends[:0]
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
