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
// bounded memory; a document is valid until each returns. Like a walk of the pages
// it gives each event that exists throughout once, even while others are written;
// with AsOf it is one snapshot.
//
// While each takes the documents of one page, the next is read.
func (s *Store) Export(ctx context.Context, f timeline.Filter, order timeline.Order, each func(doc []byte) error) error {
	p, err := s.planExport(ctx, &f)
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
				if err := s.handOverAll(ctx, f, batch, free, pages); err != nil {
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
		sql := selectSQL(p, listColumns, f, order, after, args)
		last, more, err := s.handOver(ctx, f, sql, args, free, pages)
		if err != nil || !more {
			return err
		}
		after = &last
	}
}

// exportIDs gives the next ids in page order, at most sortedBatch, and the last place.
func (s *Store) exportIDs(ctx context.Context, f *timeline.Filter, order timeline.Order, after *timeline.Position) (ids []string, last timeline.Position, err error) {
	args := pgx.NamedArgs{"limit": sortedBatch}
	sql := selectSQL(nil, `e.sort_day - DATE '1970-01-01', e.id`, f, order, after, args)
	err = s.readPiece(ctx, f, func(ctx context.Context, conn *pgxpool.Conn) error {
		ids = nil
		var day int32
		return replanned(ctx, conn, sql, args, []any{&day, &last.ID}, func() error {
			ids, last.Day = append(ids, last.ID), edtf.Day(day)
			return nil
		})
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

// handOverAll passes on the documents of ids.
func (s *Store) handOverAll(ctx context.Context, f *timeline.Filter, ids []string, free <-chan *documents, pages chan<- *documents) error {
	for len(ids) > 0 {
		sql, args := documentsSQL(f, ids)
		last, more, err := s.handOver(ctx, f, sql, args, free, pages)
		if err != nil || !more {
			return err
		}
		ids = ids[slices.Index(ids, last.ID)+1:]
	}
	return nil
}

// handOver reads a page into what is free, passes it on, and gives the place of its
// last event, and whether there may be more behind it.
func (s *Store) handOver(ctx context.Context, f *timeline.Filter, sql string, args pgx.NamedArgs, free <-chan *documents, pages chan<- *documents) (last timeline.Position, more bool, err error) {
	var page *documents
	select {
	case page = <-free:
	case <-ctx.Done():
		return last, false, ctx.Err()
	}
	if last, more, err = s.exportPage(ctx, f, sql, args, page); err != nil {
		return last, false, err
	}
	select {
	case pages <- page:
		return last, more, nil
	case <-ctx.Done():
		return last, false, ctx.Err()
	}
}

// exportPage reads one page, of so many documents or of so many bytes. It gives the
// place of its last event, and whether there may be more behind it.
func (s *Store) exportPage(ctx context.Context, f *timeline.Filter, sql string, args pgx.NamedArgs, page *documents) (last timeline.Position, more bool, err error) {
	err = s.readPiece(ctx, f, func(ctx context.Context, conn *pgxpool.Conn) error {
		page.bytes, page.ends, more = page.bytes[:0], page.ends[:0], false
		var day int32
		var id string
		var doc pgtype.DriverBytes // not copied: valid until the next row
		return readUntil(ctx, conn, sql, args, []any{&day, &id, &doc}, func() error {
			if len(page.ends) > 0 && len(page.bytes)+len(doc) > s.pageBytes {
				more = true
				return errEnough
			}
			page.bytes = append(page.bytes, doc...)
			page.ends = append(page.ends, len(page.bytes))
			last = timeline.Position{Day: edtf.Day(day), ID: id}
			return nil
		})
	})
	return last, more || len(page.ends) == exportBatch, err
}

// readPiece runs do, which reads a piece of an export, on a connection of those that all
// exports may have together: half of the pool's. They can wait; who reads lists cannot.
func (s *Store) readPiece(ctx context.Context, f *timeline.Filter, do func(ctx context.Context, conn *pgxpool.Conn) error) error {
	select {
	case s.exporting <- struct{}{}:
		defer func() { <-s.exporting }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.readAt(ctx, s.needed(f.AsOf), do)
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
