package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strings"
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
	datasets, err := s.Datasets(ctx)
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
	var terms []timeline.Term
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
		terms = append(terms, p.index.Terms...)
		ready, places = append(ready, p), append(places, e)
	}
	ids, err := b.store.termIDs(ctx, terms, !b.dryRun)
	if err != nil {
		return nil, err
	}
	var body []byte
	batch.bytes = make([]byte, 0, len(ready)*recordBytes)
	for i := range ready {
		p := &ready[i]
		p.terms = make([]int32, len(p.index.Terms))
		for n, t := range p.index.Terms {
			p.terms[n] = ids[t]
		}
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

// recordBytes is about what an event takes in the spools.
const recordBytes = 3 << 10

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
	return nil
}

// Len tells how many events were added.
func (b *Bulk) Len() int { return len(b.states) }

// Check finds what no event can tell alone: ids that stand twice in the file with
// different contents (each of them is refused; what is repeated unchanged counts
// once), and ids that belong to another data set. The faulty events stay out; Commit
// brings in the others.
func (b *Bulk) Check(ctx context.Context) ([]BulkFault, error) {
	faults, err := b.checkRepeated()
	if err != nil {
		return nil, err
	}
	taken, err := b.lookUp(ctx)
	return append(faults, taken...), err
}

// checkRepeated finds the ids that stand in the file more than once.
func (b *Bulk) checkRepeated() ([]BulkFault, error) {
	suspects := map[uint64]bool{}
	for i, part := range b.ids {
		slices.Sort(part)
		for j := 1; j < len(part); j++ {
			if part[j] == part[j-1] {
				suspects[part[j]] = true
			}
		}
		b.ids[i] = nil
	}
	if len(suspects) == 0 {
		return nil, nil
	}
	type place struct {
		ordinal   uint32
		row, line int64
		body      [sha256.Size]byte
	}
	found := map[string][]place{}
	err := b.walk(func(ordinal uint32, e spooledEvent) error {
		if suspects[maphash.Bytes(b.seed, e.id)] {
			found[string(e.id)] = append(found[string(e.id)], place{ordinal, e.row, e.line, sha256.Sum256(e.body)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var faults []BulkFault
	for id, places := range found {
		same := !slices.ContainsFunc(places, func(p place) bool { return p.body != places[0].body })
		for i, p := range places {
			switch {
			case same && i > 0:
				b.states[p.ordinal] = stateRepeated
			case !same:
				b.states[p.ordinal] = stateRefused
				var others []string
				for j, other := range places {
					if j != i && len(others) < 5 {
						others = append(others, fmt.Sprint(other.row))
					}
				}
				faults = append(faults, BulkFault{p.row, p.line, "/id", fmt.Sprintf(
					"the id %q stands also in row %s, with other contents: correct the rows, or let the mapping's id tell them apart", id, strings.Join(others, ", "))})
			}
		}
	}
	slices.SortFunc(faults, func(x, y BulkFault) int { return int(x.Row - y.Row) })
	return faults, nil
}

// walk hands every spooled event to do, in order.
func (b *Bulk) walk(do func(ordinal uint32, e spooledEvent) error) error {
	records, err := b.events.rewind()
	if err != nil {
		return err
	}
	for ordinal := uint32(0); ; ordinal++ {
		record, err := records.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := do(ordinal, readRecord(record)); err != nil {
			return err
		}
	}
}

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// lookUp tells new events from changed and unchanged ones, and refuses ids that are
// another data set's. It runs before the transaction, and remembers the revision that
// it began at.
func (b *Bulk) lookUp(ctx context.Context) ([]BulkFault, error) {
	var faults []BulkFault
	err := b.store.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		if err := conn.QueryRow(ctx, `SELECT revision FROM revision`).Scan(&b.checkedAt); err != nil {
			return err
		}
		var any bool
		if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM event) OR EXISTS (SELECT FROM event_tombstone)`).Scan(&any); err != nil || !any {
			return err
		}
		l := lookup{bulk: b, faults: &faults}
		err := b.walk(func(ordinal uint32, e spooledEvent) error {
			if b.states[ordinal] >= stateRefused {
				return nil
			}
			return l.add(ctx, conn, ordinal, e)
		})
		if err == nil {
			err = l.flush(ctx, conn)
		}
		b.updates = l.updates
		return err
	})
	return faults, err
}

// lookup asks the database for many events at once.
type lookup struct {
	bulk    *Bulk
	faults  *[]BulkFault
	pending []pendingEvent
	updates []bulkUpdate
}

type pendingEvent struct {
	ordinal     uint32
	row, line   int64
	id, dataset string
	length      int32
	hash        [sha256.Size]byte
}

// lookupEvents bounds one statement.
const lookupEvents = 5_000

func (l *lookup) add(ctx context.Context, q querier, ordinal uint32, e spooledEvent) error {
	l.pending = append(l.pending, pendingEvent{ordinal, e.row, e.line, string(e.id), string(e.dataset), int32(len(e.body)), sha256.Sum256(e.body)})
	if len(l.pending) < lookupEvents {
		return nil
	}
	return l.flush(ctx, q)
}

func (l *lookup) flush(ctx context.Context, q querier) error {
	ids := make([]string, len(l.pending))
	lengths := make([]int32, len(l.pending))
	for i, p := range l.pending {
		ids[i], lengths[i] = p.id, p.length
	}
	// The document is the event's body, then `,"revision":` and the rest of the stamp.
	rows, err := q.Query(ctx, `
		SELECT n.at, true, e.dataset, e.created_at, sha256(substring(e.doc FROM 1 FOR n.length)),
			substring(e.doc FROM n.length + 1 FOR 12) = convert_to(',"revision":', 'UTF8')
		FROM unnest(@ids::text[], @lengths::int[]) WITH ORDINALITY AS n(id, length, at) JOIN event e ON e.id = n.id
		UNION ALL
		SELECT n.at, false, '', t.at, NULL, false
		FROM unnest(@ids::text[]) WITH ORDINALITY AS n(id, at) JOIN event_tombstone t ON t.id = n.id
		ORDER BY 1`, pgx.NamedArgs{"ids": ids, "lengths": lengths})
	if err != nil {
		return err
	}
	var at int64
	var live, ends bool
	var dataset string
	var created time.Time
	var hash []byte
	_, err = pgx.ForEachRow(rows, []any{&at, &live, &dataset, &created, &hash, &ends}, func() error {
		p := &l.pending[at-1]
		state := &l.bulk.states[p.ordinal]
		switch {
		case !live:
			*state = stateRevive
		case dataset != p.dataset:
			*state = stateRefused
			*l.faults = append(*l.faults, BulkFault{p.row, p.line, "/id", fmt.Sprintf(
				"the id %q is that of an event of the data set %q: two data sets cannot share an id, so begin the mapping's id with a prefix of its own", p.id, dataset)})
		case ends && bytes.Equal(hash, p.hash[:]):
			*state = stateUnchanged
		default:
			*state = stateUpdate
			l.updates = append(l.updates, bulkUpdate{p.ordinal, created.UnixMicro()})
		}
		return nil
	})
	l.pending = l.pending[:0]
	return err
}

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

// maxLookAgain bounds the events that are looked up anew within the transaction,
// because others changed them after Check.
const maxLookAgain = 10_000

// Commit brings the events in, all of them or none, under one revision. When nothing
// would change, or for a dry run, no revision is taken.
func (b *Bulk) Commit(ctx context.Context, by Author) (ImportResult, error) {
	result, _ := b.Counts()
	if b.dryRun || result.Created+result.Updated == 0 && !b.fresh {
		return result, nil
	}
	action := fmt.Sprintf("import %d events", result.Created+result.Updated)
	if b.dataset != nil {
		action += " into " + b.dataset.Slug
	}
	err := b.store.inRevision(ctx, by, action, func(ctx context.Context, tx pgx.Tx, at stamp) (bool, error) {
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
		if err := settle(); err != nil {
			return false, err
		}
		return true, b.copyKeys(ctx, tx)
	})
	return result, err
}

// lookAgain looks up the events that others wrote after Check.
func (b *Bulk) lookAgain(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `
		SELECT id FROM event WHERE revision > @since
		UNION ALL SELECT id FROM event_tombstone WHERE revision > @since
		LIMIT @most`, pgx.NamedArgs{"since": b.checkedAt, "most": maxLookAgain + 1})
	if err != nil {
		return err
	}
	changed := map[string]bool{}
	var id string
	if _, err := pgx.ForEachRow(rows, []any{&id}, func() error {
		changed[id] = true
		return nil
	}); err != nil {
		return err
	}
	if len(changed) == 0 {
		return nil
	}
	if len(changed) > maxLookAgain {
		return timeline.Errorf(timeline.KindBusy, "More than %d events were written by others while this import was read; run it again.", maxLookAgain)
	}
	var faults []BulkFault
	again := map[uint32]bool{}
	l := lookup{bulk: b, faults: &faults}
	err = b.walk(func(ordinal uint32, e spooledEvent) error {
		if b.states[ordinal] >= stateRefused || !changed[string(e.id)] {
			return nil
		}
		again[ordinal] = true
		b.states[ordinal] = stateCreate
		return l.add(ctx, tx, ordinal, e)
	})
	if err == nil {
		err = l.flush(ctx, tx)
	}
	if err == nil && len(faults) > 0 {
		err = timeline.Errorf(timeline.KindConflict, "While this import was read, another writer took an id of it (row %d: %s); nothing was imported.", faults[0].Row, faults[0].Detail)
	}
	b.updates = append(slices.DeleteFunc(b.updates, func(u bulkUpdate) bool { return again[u.ordinal] }), l.updates...)
	slices.SortFunc(b.updates, func(x, y bulkUpdate) int { return int(x.ordinal) - int(y.ordinal) })
	return err
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
