package postgres

import (
	"context"
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
	most     int                           // maxInMemory, but for tests
}

func newMemory() memory {
	return memory{updating: make(chan struct{}, 1), catchUp: maxCatchUp, most: maxInMemory}
}

const (
	// maxInMemory bounds the memory: at about 70 bytes an event, some 300 MB.
	maxInMemory = 4_000_000
	// maxCatchUp is how many changes are applied one by one, also by a request before it
	// answers. After more of them everything is loaded anew, and the rows answer meanwhile.
	maxCatchUp = 5_000
	// followEvery is how often Follow looks for what other instances wrote.
	followEvery = time.Second
	// tooLargeEvery is how often it looks whether the data fit again: that counts them.
	tooLargeEvery = 10 * time.Minute
)

// Follow loads every event into memory and keeps up with what is written, until ctx
// ends. A fault of the database is tried again: nothing depends on the copy.
func (s *Store) Follow(ctx context.Context) {
	for ctx.Err() == nil {
		next := followEvery
		if upToDate, err := s.updateMemory(ctx); err == nil && !upToDate {
			if fits, err := s.loadMemory(ctx); err == nil && !fits {
				next = tooLargeEvery
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(next):
		}
	}
}

// recent gives the copy if it can answer and is not older than the newest revision
// now; else nil.
func (s *Store) recent(ctx context.Context, f *timeline.Filter, needs timeline.SampleNeeds) *columns.Table {
	table := s.memory.table.Load()
	if table == nil || !columns.Answers(f, needs) {
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

// memoryColumns are what a columns.Row is read from; the first are those of a sample.
const memoryColumns = sampleColumns + `, e.country_roles, e.sources, e.measures`

// loadMemory reads all events, as of one moment. Requests go on meanwhile, with what
// was there before or from the rows. It gives false where there are too many events.
func (s *Store) loadMemory(ctx context.Context) (fits bool, err error) {
	var table *columns.Table
	var events int64
	err = s.snapshot(ctx, s.needed(nil), func(ctx context.Context, tx pgx.Tx) error {
		table = columns.New()
		var revision int64
		if err := tx.QueryRow(ctx, `SELECT revision, (SELECT count(*) FROM (SELECT FROM event LIMIT @limit) e) FROM revision`,
			pgx.NamedArgs{"limit": s.memory.most + 1}).Scan(&revision, &events); err != nil || events > int64(s.memory.most) {
			return err
		}
		err := memoryRows(ctx, tx, `true`, pgx.NamedArgs{}, table.Load)
		table.Loaded(revision)
		return err
	})
	if err != nil {
		return false, err
	}
	s.memory.updating <- struct{}{} // held for no longer than a query's budget
	defer func() { <-s.memory.updating }()
	if events > int64(s.memory.most) {
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
	ctx, cancel := context.WithTimeout(ctx, queryBudget)
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
	if table.Len() > s.memory.most {
		s.memory.table.Store(nil)
		return false, err
	}
	return upToDate && err == nil, err
}

// applyChanges brings a table to the newest revision, unless that is too much.
func (s *Store) applyChanges(ctx context.Context, tx pgx.Tx, table *columns.Table) (upToDate bool, err error) {
	var revision, changes int64
	args := pgx.NamedArgs{"since": table.Revision(), "most": s.memory.catchUp}
	err = tx.QueryRow(ctx, `
		SELECT revision, CASE WHEN revision > @since THEN
			(SELECT count(*) FROM (SELECT FROM event WHERE revision > @since LIMIT @most::int + 1) e) ELSE 0 END
		FROM revision`, args).Scan(&revision, &changes)
	if err != nil || changes > int64(s.memory.catchUp) {
		return false, err
	}
	if revision == table.Revision() {
		return true, nil
	}
	var rows []columns.Row
	delete(args, "most")
	err = memoryRows(ctx, tx, `e.revision > @since`, args, func(row *columns.Row) { rows = append(rows, row.Clone()) })
	if err != nil {
		return false, err
	}
	found, err := tx.Query(ctx, `SELECT id FROM event_tombstone WHERE revision > @since`, args)
	if err != nil {
		return false, err
	}
	gone, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		return false, err
	}
	table.Update(revision, rows, gone)
	return true, nil
}

// snapshot runs do in a transaction that sees one state of the data, where a revision
// was reached. It may run twice.
func (s *Store) snapshot(ctx context.Context, needed int64, do func(ctx context.Context, tx pgx.Tx) error) error {
	return s.readAt(ctx, needed, func(ctx context.Context, conn *pgxpool.Conn) error {
		return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			return do(ctx, tx)
		})
	})
}

// memoryRows hands the events of a condition to each, which must not keep the row.
func memoryRows(ctx context.Context, tx pgx.Tx, condition string, args pgx.NamedArgs, each func(*columns.Row)) error {
	args["measure"] = ""
	rows, err := tx.Query(ctx, `SELECT `+memoryColumns+` FROM event e WHERE `+condition, args)
	if err != nil {
		return err
	}
	var row columns.Row
	scanner := sampleScanner{sample: &row.Sample}
	_, err = pgx.ForEachRow(rows, append(scanner.into(), &row.CountryRoles, &row.Sources, &row.Measures), func() error {
		scanner.read()
		each(&row)
		row.Measures = nil // a map is filled, not replaced
		return nil
	})
	return err
}
