package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Bulk is an import of any size under one revision, in bounded memory. Everything that
// can be done before the transaction is done before it: the rows are made ready and
// lie in a temporary file, and what the database has of them is looked up. Other
// writers wait only while the rows are copied.
//
// Prepare (from any number of goroutines), Add in the order of the file, Check, Commit;
// Close in any case.
type Bulk struct {
	store   *Store
	dataset *timeline.Dataset
	dryRun  bool
	copied  func(int)
	known   []string // data sets
	fresh   bool     // the data set is to be made

	events    *spool
	keys      *keySorter
	ids       [idPartitions][]uint64 // hashes
	seed      maphash.Seed
	states    []bulkState // by ordinal, the order of Add
	updates   []bulkUpdate
	checkedAt int64 // the revision that the look-up saw
	spent     bool  // the events are copied and their file is gone: Commit cannot be repeated
	buffers   sync.Pool
}

// BulkOptions of an import.
type BulkOptions struct {
	Dataset *timeline.Dataset // made where it does not exist; nil: none
	DryRun  bool              // leave the database as it is
	Dir     string            // for temporary files; "": the system's
	// Copied, where it is set, is told now and then how many events Commit has copied.
	Copied func(events int)
}

// BulkEvent is an event with the place that it comes from.
type BulkEvent struct {
	Row, Line int64
	Event     *timeline.Event
}

// BulkFault is an event that cannot be let in.
type BulkFault struct {
	Row, Line int64
	Pointer   string
	Detail    string
}

// BulkBatch is what Prepare makes of events.
type BulkBatch struct {
	Faults  []BulkFault
	records []bulkRecord
	bytes   []byte // of all records
}

// bulkRecord is an event's hashed id, and where its records end.
type bulkRecord struct {
	hash             uint64
	eventEnd, keyEnd int
}

type bulkState uint8

const (
	stateCreate bulkState = iota
	stateRevive
	stateUpdate
	stateUnchanged
	stateRefused
	stateRepeated // the same event stood earlier in the file
)

// bulkUpdate is when an event that is replaced was created.
type bulkUpdate struct {
	ordinal uint32
	created int64 // microseconds since 1970
}

// idPartitions spread the hashes of ids over slices that are sorted one by one, so that
// none grows by copying all.
const idPartitions = 256

// NewBulk begins an import.
func (s *Store) NewBulk(ctx context.Context, o BulkOptions) (*Bulk, error) {
	datasets, err := s.datasets(ctx, onPrimary)
	if err != nil {
		return nil, err
	}
	b := &Bulk{store: s, dataset: o.Dataset, dryRun: o.DryRun, copied: o.Copied, seed: maphash.MakeSeed()}
	for _, d := range datasets {
		b.known = append(b.known, d.Slug)
	}
	if o.Dataset != nil && !slices.Contains(b.known, o.Dataset.Slug) {
		b.fresh = true
		b.known = append(b.known, o.Dataset.Slug)
	}
	if b.events, err = newSpool(o.Dir); err != nil {
		return nil, err
	}
	if b.keys, err = newKeySorter(o.Dir); err != nil {
		b.events.close()
		return nil, err
	}
	return b, nil
}

// Close removes the temporary files.
func (b *Bulk) Close() {
	b.events.close()
	b.keys.close()
}

// Prepare makes the rows of events ready. It is safe for concurrent use.
func (b *Bulk) Prepare(ctx context.Context, events []BulkEvent) (*BulkBatch, error) {
	batch := &BulkBatch{records: make([]bulkRecord, 0, len(events))}
	ready := make([]prepared, 0, len(events))
	places := make([]BulkEvent, 0, len(events))
	for _, e := range events {
		if !slices.Contains(b.known, e.Event.Dataset) {
			f := timeline.UnknownDataset(e.Event.Dataset, b.known)
			if f.Suggestion != "" {
				f.Detail += fmt.Sprintf(" (did you mean %s?)", f.Suggestion)
			}
			batch.Faults = append(batch.Faults, BulkFault{e.Row, e.Line, f.Pointer, fmt.Sprintf("%q %s", e.Event.Dataset, f.Detail)})
			continue
		}
		p := prepared{event: e.Event, index: e.Event.Derive()}
		ready, places = append(ready, p), append(places, e)
	}
	if err := b.setTerms(ctx, ready); err != nil {
		return nil, err
	}
	var body []byte
	batch.bytes = b.buffer()
	for i := range ready {
		p := &ready[i]
		body = p.event.AppendBody(body[:0])
		p.body = body
		r := bulkRecord{hash: maphash.String(b.seed, p.event.ID)}
		batch.bytes = p.appendRecord(batch.bytes, places[i])
		r.eventEnd = len(batch.bytes)
		batch.bytes = p.appendSortable(batch.bytes)
		r.keyEnd = len(batch.bytes)
		batch.records = append(batch.records, r)
	}
	return batch, nil
}

// buffer gives an empty buffer; Add gives those of its batches back. They are most of
// what an import would else leave to the collector of garbage.
func (b *Bulk) buffer() []byte {
	if buffer, ok := b.buffers.Get().(*[]byte); ok {
		return (*buffer)[:0]
	}
	return make([]byte, 0, 256<<10)
}

// setTerms sets the ids of the events' terms. Nearly all of them are known from the
// events before.
func (b *Bulk) setTerms(ctx context.Context, ready []prepared) error {
	var unknown []timeline.Term
	for i := range ready {
		p := &ready[i]
		p.terms = make([]int32, len(p.index.Terms))
		for n, t := range p.index.Terms {
			id, known := b.store.terms.get(t)
			if p.terms[n] = id; !known {
				unknown = append(unknown, t)
			}
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	var ids map[timeline.Term]int32
	err := patiently(ctx, func() (err error) {
		ids, err = b.store.termIDs(ctx, unknown, !b.dryRun)
		return err
	})
	if err != nil {
		return err
	}
	for i := range ready {
		p := &ready[i]
		for n, t := range p.index.Terms {
			if id, asked := ids[t]; asked {
				p.terms[n] = id
			}
		}
	}
	return nil
}

// bulkPatience is how long an import waits for a database that cannot be reached: what it
// has read, perhaps for minutes, would be lost.
const bulkPatience = 30 * time.Second

// patiently repeats do, which may be done twice, while the database cannot be reached.
func patiently(ctx context.Context, do func() error) error {
	until := time.Now().Add(bulkPatience)
	for {
		err := do()
		var known *timeline.Error
		if !errors.As(err, &known) || known.Kind != timeline.KindUnavailable || time.Now().After(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// reach waits for the database before what cannot be done twice.
func (b *Bulk) reach(ctx context.Context) error {
	return patiently(ctx, func() error { return b.store.queryRow(ctx, `SELECT 1`, nil, new(int)) })
}

// appendRecord appends what the spool keeps of an event.
func (p *prepared) appendRecord(b []byte, place BulkEvent) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(place.Row))
	b = binary.BigEndian.AppendUint64(b, uint64(place.Line))
	b = fieldText(fieldText(b, p.event.ID), p.event.Dataset)
	b = append(appendInt32(b, int32(len(p.body))), p.body...)
	return p.appendColumns(b)
}

// spooledEvent is a record of the spool, in its bytes.
type spooledEvent struct {
	row, line   int64
	id, dataset []byte
	body        []byte
	columns     []byte
}

func readRecord(b []byte) spooledEvent {
	sized := func() []byte {
		n := binary.BigEndian.Uint32(b)
		field := b[4 : 4+n]
		b = b[4+n:]
		return field
	}
	e := spooledEvent{row: int64(binary.BigEndian.Uint64(b)), line: int64(binary.BigEndian.Uint64(b[8:]))}
	b = b[16:]
	e.id, e.dataset, e.body = sized(), sized(), sized()
	e.columns = b
	return e
}

// Add spools a batch, in the order of the file.
func (b *Bulk) Add(batch *BulkBatch) error {
	begin := 0
	for _, r := range batch.records {
		ordinal := uint32(len(b.states))
		at := &b.ids[r.hash>>(64-8)]
		*at = append(*at, r.hash)
		b.states = append(b.states, stateCreate)
		if err := b.events.add(batch.bytes[begin:r.eventEnd]); err != nil {
			return err
		}
		if err := b.keys.add(batch.bytes[r.eventEnd:r.keyEnd], ordinal); err != nil {
			return err
		}
		begin = r.keyEnd
	}
	buffer := batch.bytes
	batch.bytes, batch.records = nil, nil
	b.buffers.Put(&buffer)
	return nil
}

// Len tells how many events were added.
func (b *Bulk) Len() int { return len(b.states) }

// Counts tells what Commit would do, after Check.
func (b *Bulk) Counts() (r ImportResult, repeated int) {
	r.Revision = b.checkedAt
	for _, state := range b.states {
		switch state {
		case stateCreate, stateRevive:
			r.Created++
		case stateUpdate:
			r.Updated++
		case stateUnchanged:
			r.Unchanged++
		case stateRepeated:
			repeated++
		case stateRefused:
		}
	}
	return r, repeated
}

// Commit brings the events in, all of them or none, under one revision. When nothing
// would change, or for a dry run, no revision is taken. After KindBusy, which says that
// another writer is at work, it can be called again; after any other error it cannot.
func (b *Bulk) Commit(ctx context.Context, by Author) (ImportResult, error) {
	result, _ := b.Counts()
	if b.dryRun || result.Created+result.Updated == 0 && !b.fresh {
		return result, nil
	}
	action := fmt.Sprintf("import %d events", result.Created+result.Updated)
	if b.dataset != nil {
		action += " into " + b.dataset.Slug
	}
	if err := b.reach(ctx); err != nil {
		return ImportResult{}, err
	}
	err := b.store.inRevision(ctx, by, action, func(ctx context.Context, tx pgx.Tx, at stamp) (bool, error) {
		// A large file is read for a while between two statements.
		patience := pgx.NamedArgs{"silent": strconv.FormatInt(importSilentAfter.Milliseconds(), 10), "name": importName}
		if _, err := tx.Exec(ctx, `SELECT set_config('idle_in_transaction_session_timeout', @silent, true), set_config('application_name', @name, true)`, patience); err != nil {
			return false, err
		}
		if at.revision != b.checkedAt+1 {
			if err := b.lookAgain(ctx, tx); err != nil {
				return false, err
			}
			result, _ = b.Counts()
		}
		result.Revision = at.revision
		if err := b.makeDataset(ctx, tx, at); err != nil {
			return false, err
		}
		if err := b.clearWay(ctx, tx, at); err != nil {
			return false, err
		}
		settle, err := gatherWords(ctx, tx)
		if err != nil {
			return false, err
		}
		if err := b.copyEvents(ctx, tx, at); err != nil {
			return false, err
		}
		// The disk need not hold the events twice while the keys are copied.
		b.spent = true
		b.events.close()
		if err := settle(); err != nil {
			return false, err
		}
		return true, b.copyKeys(ctx, tx)
	})
	var known *timeline.Error
	if b.spent && errors.As(err, &known) && known.Kind == timeline.KindBusy {
		err = &timeline.Error{Kind: timeline.KindUnavailable, Message: "Another write was in the way when the events were copied already. Nothing was imported; import the file again.", Cause: err}
	}
	if err == nil && result.Created+result.Updated >= tidiedEvents {
		b.store.tidy(ctx)
	}
	return result, err
}

// tidiedEvents is from where on an import leaves much for autovacuum, which would come
// a minute later.
const tidiedEvents = 10_000

// tidy marks the pages of the ordered index that everybody sees, so that lists need not
// look at the rows, and gathers the statistics that plans are made by. That it is left
// undone, as by a role that does not own the tables, is no fault: autovacuum does it.
func (s *Store) tidy(ctx context.Context) {
	_ = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		for _, sql := range []string{`VACUUM (ANALYZE, SKIP_LOCKED) event_key`, `ANALYZE (SKIP_LOCKED) event`} {
			if _, err := conn.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *Bulk) makeDataset(ctx context.Context, tx pgx.Tx, at stamp) error {
	if !b.fresh {
		return nil
	}
	_, err := insertDataset(ctx, tx, at, *b.dataset)
	return err
}

// clearWay moves what the import replaces and revives into the history.
func (b *Bulk) clearWay(ctx context.Context, tx pgx.Tx, at stamp) error {
	if !slices.ContainsFunc(b.states, func(s bulkState) bool { return s == stateUpdate || s == stateRevive }) {
		return nil
	}
	var superseded, revived []string
	flush := func() error {
		if err := supersede(ctx, tx, at, superseded); err != nil {
			return err
		}
		err := revive(ctx, tx, at, revived)
		superseded, revived = superseded[:0], revived[:0]
		return err
	}
	err := b.walk(func(ordinal uint32, e spooledEvent) error {
		switch b.states[ordinal] {
		case stateUpdate:
			superseded = append(superseded, string(e.id))
		case stateRevive:
			revived = append(revived, string(e.id))
		default:
			return nil
		}
		if len(superseded)+len(revived) < lookupEvents {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// gatherWords lets Postgres gather more of the new words before it sorts them into the
// index of words, which saves a quarter of the time. settle sorts the last ones in: they
// would else slow every search, and the next small write would have to do it. Both need
// the rights of the index's owner, which a program that migrates its schema has; where
// it has not, all stays as Postgres does it.
func gatherWords(ctx context.Context, tx pgx.Tx) (settle func() error, err error) {
	var may bool
	err = tx.QueryRow(ctx, `
		SELECT coalesce(bool_or(pg_has_role(relowner, 'USAGE')), false)
			AND to_regprocedure('pg_catalog.gin_clean_pending_list(regclass)') IS NOT NULL
		FROM pg_class WHERE oid = to_regclass('event_search')`).Scan(&may)
	if err != nil || !may {
		return func() error { return nil }, err
	}
	_, err = tx.Exec(ctx, `
		SELECT set_config('gin_pending_list_limit', '64MB', true), set_config('work_mem', '64MB', true),
			set_config('maintenance_work_mem', '64MB', true)`)
	return func() error {
		_, err := tx.Exec(ctx, `SELECT gin_clean_pending_list('event_search')`)
		return err
	}, err
}

func (b *Bulk) copyEvents(ctx context.Context, tx pgx.Tx, at stamp) error {
	records, err := b.events.rewind()
	if err != nil {
		return err
	}
	ordinal, update := -1, 0
	return copyRows(ctx, tx, "event", eventColumns, func(buffer []byte) ([]byte, error) {
		record, err := records.next()
		if err != nil {
			return buffer, err
		}
		ordinal++
		if b.copied != nil && ordinal%1_000 == 0 {
			b.copied(ordinal)
		}
		e := readRecord(record)
		switch b.states[ordinal] {
		case stateCreate, stateRevive:
			return appendRow(buffer, e.columns, e.body, at, timeline.OpCreate, at.at), nil
		case stateUpdate:
			u := b.updates[update]
			update++
			if int(u.ordinal) != ordinal {
				return buffer, fmt.Errorf("the import lost count of its updates at %d", ordinal)
			}
			return appendRow(buffer, e.columns, e.body, at, timeline.OpUpdate, time.UnixMicro(u.created).UTC()), nil
		case stateUnchanged, stateRefused, stateRepeated:
		}
		return buffer, nil
	})
}

func (b *Bulk) copyKeys(ctx context.Context, tx pgx.Tx) error {
	keys, err := b.keys.merge()
	if err != nil {
		return err
	}
	return copyRows(ctx, tx, "event_key", keyColumns, func(buffer []byte) ([]byte, error) {
		err := keys.next(func(record []byte) {
			if b.states[recordOrdinal(record)] <= stateUpdate {
				buffer = appendKey(buffer, record)
			}
		})
		return buffer, err
	})
}
