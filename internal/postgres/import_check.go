package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
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

// Check finds what no event can tell alone: ids that stand twice in the file with
// different contents (each of them is refused; what is repeated unchanged counts
// once), and ids that belong to another data set. report is told each fault. The faulty
// events stay out; Commit brings in the others.
func (b *Bulk) Check(ctx context.Context, report func(BulkFault)) error {
	if err := b.checkRepeated(report); err != nil {
		return err
	}
	return b.lookUp(ctx, report)
}

// checkRepeated finds the ids that stand in the file more than once.
func (b *Bulk) checkRepeated(report func(BulkFault)) error {
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
		return nil
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
		return err
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
	for _, f := range faults {
		report(f)
	}
	return nil
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
func (b *Bulk) lookUp(ctx context.Context, report func(BulkFault)) error {
	if err := b.reach(ctx); err != nil {
		return err
	}
	return b.store.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		if err := conn.QueryRow(ctx, `SELECT revision FROM revision`).Scan(&b.checkedAt); err != nil {
			return err
		}
		var any bool
		if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM event) OR EXISTS (SELECT FROM event_tombstone)`).Scan(&any); err != nil || !any {
			return err
		}
		l := lookup{bulk: b, report: report}
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
}

// lookup asks the database for many events at once.
type lookup struct {
	bulk    *Bulk
	report  func(BulkFault)
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
			l.report(BulkFault{p.row, p.line, "/id", fmt.Sprintf(
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

// maxLookAgain bounds the events that are looked up anew within the transaction,
// because others changed them after Check.
const maxLookAgain = 10_000

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
		return timeline.Errorf(timeline.KindConflict, "More than %d events were written by others while this import was read; run it again.", maxLookAgain)
	}
	var faults []BulkFault
	again := map[uint32]bool{}
	l := lookup{bulk: b, report: func(f BulkFault) { faults = append(faults, f) }}
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
