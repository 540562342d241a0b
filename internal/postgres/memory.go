package postgres

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/columns"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// memory is the store's copy of all events by column, which Follow keeps. It stays
// empty where nobody follows: then every answer comes from the rows.
type memory struct {
	table    atomic.Pointer[columns.Table] // nil until it is loaded, and where it is too large
	updating chan struct{}                 // holds one while changes are applied
	catchUp  int                           // maxCatchUp, but for tests
	most     int                           // bytes: maxInMemory, but for tests

	computing chan struct{} // holds one for each question that is being answered, see compute
}

func newMemory() memory {
	return memory{
		updating: make(chan struct{}, 1), catchUp: maxCatchUp, most: maxInMemory,
		computing: make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
}

const (
	// maxInMemory bounds the memory of the events in bytes: room for some twelve million, at
	// about 30 bytes each.
	maxInMemory = 384 << 20
	// leastEvent is what an event takes at least: when the table's size would be over the
	// bound for that alone, loading is not begun.
	leastEvent = 12
	// maxCatchUp is how many changes are applied one by one, also by a request before it
	// answers. After more of them everything is loaded anew, and the rows answer meanwhile.
	maxCatchUp = 5_000
	// followEvery is how often Follow looks for what other instances wrote.
	followEvery = time.Second
	// tooLargeEvery is how often it looks whether the data fit again: that reads them.
	tooLargeEvery = 10 * time.Minute
)

// Follow loads every event into memory and keeps up with what is written, until ctx
// ends. A fault of the database is tried again: nothing depends on the copy. Its size
// in bytes is told to sized when it was loaded, has grown or is there no more; smaller
// changes are not told.
func (s *Store) Follow(ctx context.Context, sized func(bytes int)) {
	told := 0
	for ctx.Err() == nil {
		next := followEvery
		if upToDate, err := s.updateMemory(ctx); err == nil && !upToDate {
			s.memory.table.Store(nil) // of no use any more, and there is room for one
			if fits, err := s.loadMemory(ctx); err == nil && !fits {
				next = tooLargeEvery
			}
		}
		if size := s.sizeOfMemory(); size > told+told/16 || size < told-told/4 {
			sized(size)
			told = size
		}
		select {
		case <-ctx.Done():
		case <-time.After(next):
		}
	}
}

// sizeOfMemory is the bytes of the copy; 0 where there is none.
func (s *Store) sizeOfMemory() int {
	if table := s.memory.table.Load(); table != nil {
		return table.Bytes()
	}
	return 0
}

// recent gives the copy if it can answer and is not older than the newest revision
// now; else nil.
func (s *Store) recent(ctx context.Context, f *timeline.Filter) *columns.Table {
	table := s.memory.table.Load()
	if table == nil || !columns.Answers(f) {
		return nil
	}
	revision, _, err := s.Revision(ctx)
	if err != nil {
		return nil // the rows will tell what is wrong
	}
	if table.Revision() < revision {
		if upToDate, err := s.updateMemory(ctx); err != nil || !upToDate {
			return nil
		}
		table = s.memory.table.Load() // it may have been loaded anew meanwhile
	}
	return table
}

// errTooLarge ends a loading that would take more memory than there is room for.
var errTooLarge = errors.New("the events do not fit into memory")

// loadMemory reads all events, as of one moment. Requests go on meanwhile, with what
// was there before or from the rows. It gives false where they do not fit.
func (s *Store) loadMemory(ctx context.Context) (fits bool, err error) {
	var table *columns.Table
	err = s.snapshot(ctx, s.needed(nil), func(ctx context.Context, tx pgx.Tx) error {
		table = columns.New()
		var revision int64
		var fits bool
		err := tx.QueryRow(ctx, `SELECT revision, (SELECT count(*) FROM (SELECT FROM event LIMIT @limit) e) < @limit FROM revision`,
			pgx.NamedArgs{"limit": s.memory.most/leastEvent + 1}).Scan(&revision, &fits)
		if err != nil {
			return err
		}
		if !fits {
			return errTooLarge
		}
		loaded := 0
		err = memoryRows(ctx, tx, `event`, `true`, nil, func(row *columns.Row) error {
			table.Load(row)
			if loaded++; loaded%10_000 == 0 && table.EventBytes() > s.memory.most {
				return errTooLarge
			}
			return nil
		})
		table.Loaded(revision)
		return err
	})
	tooLarge := errors.Is(err, errTooLarge) || err == nil && table.EventBytes() > s.memory.most
	if err != nil && !tooLarge {
		return false, err
	}
	s.memory.updating <- struct{}{} // held for no longer than a query's budget
	defer func() { <-s.memory.updating }()
	if tooLarge {
		s.memory.table.Store(nil)
		return false, nil
	}
	// A request may have brought the old one further than what was read here.
	if old := s.memory.table.Load(); old == nil || old.Revision() < table.Revision() {
		s.memory.table.Store(table)
	}
	return true, nil
}

// updateMemory applies what was written since the copy's revision. It gives false where
// that is too much or there is no copy. It takes no longer than a query may, also in
// waiting for another one: the rows can answer.
func (s *Store) updateMemory(ctx context.Context) (upToDate bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.statementTime)
	defer cancel()
	select {
	case s.memory.updating <- struct{}{}:
		defer func() { <-s.memory.updating }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	table := s.memory.table.Load()
	if table == nil {
		return false, nil
	}
	needed := max(s.needed(nil), table.Revision()) // never back
	err = s.snapshot(ctx, needed, func(ctx context.Context, tx pgx.Tx) error {
		var err error
		upToDate, err = s.applyChanges(ctx, tx, table)
		return err
	})
	if errors.Is(err, columns.ErrNotThere) || table.EventBytes() > s.memory.most {
		s.memory.table.Store(nil)
		return false, nil
	}
	return upToDate && err == nil, err
}

// applyChanges brings a table to the newest revision, unless that is too much.
func (s *Store) applyChanges(ctx context.Context, tx pgx.Tx, table *columns.Table) (upToDate bool, err error) {
	var revision, changes int64
	since := pgx.NamedArgs{"since": table.Revision()}
	err = tx.QueryRow(ctx, `
		SELECT revision, CASE WHEN revision > @since THEN
			(SELECT count(*) FROM (SELECT FROM event WHERE revision > @since LIMIT @most::int + 1) e) +
			(SELECT count(*) FROM (SELECT FROM event_tombstone WHERE revision > @since LIMIT @most::int + 1) e) ELSE 0 END
		FROM revision`, pgx.NamedArgs{"since": table.Revision(), "most": s.memory.catchUp}).Scan(&revision, &changes)
	if err != nil || changes > int64(s.memory.catchUp) {
		return false, err
	}
	if revision == table.Revision() {
		return true, nil
	}
	var come, gone []columns.Row
	err = memoryRows(ctx, tx, `event`, `e.revision > @since`, since, func(row *columns.Row) error {
		come = append(come, row.Clone())
		return nil
	})
	if err != nil {
		return false, err
	}
	// The versions that the table has: current then, and superseded since.
	err = memoryRows(ctx, tx, `event_history`, `e.revision_to > @since AND e.revision_from <= @since AND e.doc IS NOT NULL`, since, func(row *columns.Row) error {
		gone = append(gone, row.Clone())
		return nil
	})
	if err != nil {
		return false, err
	}
	return true, table.Update(revision, gone, come)
}

// snapshot runs do in a transaction that sees one state of the data, where a revision
// was reached. It may run twice.
func (s *Store) snapshot(ctx context.Context, needed int64, do func(ctx context.Context, tx pgx.Tx) error) error {
	return s.readAt(ctx, needed, func(ctx context.Context, conn *pgxpool.Conn) error {
		return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			// A few changes and all of them need two plans.
			if _, err := tx.Exec(ctx, `SELECT set_config('plan_cache_mode', 'auto', true)`); err != nil {
				return err
			}
			return do(ctx, tx)
		})
	})
}
