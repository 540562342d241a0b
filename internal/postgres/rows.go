package postgres

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Bits of event.set_use.
const (
	usePossible = 1
	useCertain  = 2
	useStarts   = 4
)

// prepared is an event that is ready to be stored but for its revision.
type prepared struct {
	event *timeline.Event
	index timeline.Index
	body  []byte // the document up to its revision
	terms []int32
	doc   []byte // set by upsert
}

// prepare derives everything that can be derived outside the transaction, and
// checks that the events' data sets exist.
func (s *Store) prepare(ctx context.Context, events []timeline.Event) ([]prepared, error) {
	return s.prepareFor(ctx, events, "")
}

// prepareFor is prepare with one data set that is about to be made.
func (s *Store) prepareFor(ctx context.Context, events []timeline.Event, newDataset string) ([]prepared, error) {
	known, err := s.datasets(ctx, onPrimary)
	if err != nil {
		return nil, err
	}
	slugs := make([]string, len(known))
	for i, d := range known {
		slugs[i] = d.Slug
	}
	var faults []timeline.Fault
	batch := make([]prepared, len(events))
	var terms []timeline.Term
	for i := range events {
		e := &events[i]
		if e.Dataset != newDataset && !slices.Contains(slugs, e.Dataset) {
			f := timeline.UnknownDataset(e.Dataset, slugs)
			if len(events) > 1 {
				f.Line = int64(i + 1)
			}
			faults = append(faults, f)
		}
		batch[i] = prepared{event: e, index: e.Derive(), body: e.AppendBody(nil)}
		terms = append(terms, batch[i].index.Terms...)
	}
	if len(faults) > 0 {
		return nil, &timeline.Error{Kind: timeline.KindInvalidEvent, Message: "The event names a data set that does not exist.", Faults: faults}
	}
	ids, err := s.termIDs(ctx, terms, true)
	if err != nil {
		return nil, err
	}
	for i := range batch {
		for _, t := range batch[i].index.Terms {
			batch[i].terms = append(batch[i].terms, ids[t])
		}
	}
	return batch, nil
}

// upsert stores the events of a batch that differ from their current versions.
func upsert(ctx context.Context, tx pgx.Tx, at stamp, batch []prepared, current map[string]version) (ImportResult, error) {
	var result ImportResult
	var fresh []*prepared
	var superseded, revived []string
	ops := map[string]string{}
	created := map[string]time.Time{}
	for i := range batch {
		p := &batch[i]
		id := p.event.ID
		if ops[id] != "" {
			return result, fmt.Errorf("the batch has the id %q twice", id)
		}
		before := current[id]
		switch {
		case before.live() && before.same(p.body):
			p.doc = before.doc
			ops[id] = "unchanged"
			result.Unchanged++
			continue
		case before.live():
			superseded = append(superseded, id)
			ops[id], created[id] = timeline.OpUpdate, before.created
			result.Updated++
		default:
			if before.op != "" {
				revived = append(revived, id)
			}
			ops[id], created[id] = timeline.OpCreate, at.at
			result.Created++
		}
		p.doc = timeline.AppendStamp(slices.Clip(p.body), at.revision, created[id], at.at)
		fresh = append(fresh, p)
	}
	if err := supersede(ctx, tx, at, superseded); err != nil {
		return result, err
	}
	if err := revive(ctx, tx, at, revived); err != nil {
		return result, err
	}
	columns, keys := fresh, fresh
	var columnsOf []byte
	err := copyRows(ctx, tx, "event", eventColumns, func(b []byte) ([]byte, error) {
		if len(columns) == 0 {
			return b, io.EOF
		}
		p := columns[0]
		columns = columns[1:]
		columnsOf = p.appendColumns(columnsOf[:0])
		return appendRow(b, columnsOf, p.body, at, ops[p.event.ID], created[p.event.ID]), nil
	})
	if err != nil {
		return result, err
	}
	return result, copyRows(ctx, tx, "event_key", keyColumns, func(b []byte) ([]byte, error) {
		if len(keys) == 0 {
			return b, io.EOF
		}
		b = keys[0].appendKeys(b)
		keys = keys[1:]
		return b, nil
	})
}

// supersede moves the present versions of events into their history.
func supersede(ctx context.Context, tx pgx.Tx, at stamp, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	args := pgx.NamedArgs{"ids": ids, "revision": at.revision}
	for _, sql := range []string{
		`INSERT INTO event_history (id, revision_from, revision_to, op,
			start_earliest, start_latest, end_earliest, end_latest, sort_day, span, precision, approximate, uncertain,
			set_kind, set_lo, set_hi, set_use, dataset, type, status, countries, country_roles, region_roles, tags, actors,
			latitude, longitude, measures, sources, link_targets, search, created_at, updated_at, doc)
		 SELECT id, revision, @revision, op,
			start_earliest, start_latest, end_earliest, end_latest, sort_day, span, precision, approximate, uncertain,
			set_kind, set_lo, set_hi, set_use, dataset, type, status, countries, country_roles, region_roles, tags, actors,
			latitude, longitude, measures, sources, link_targets, search, created_at, updated_at, doc
		 FROM event WHERE id = ANY(@ids::text[])`,
		`DELETE FROM event_key k USING event e, unnest(e.terms) AS t(id)
		 WHERE e.id = ANY(@ids::text[]) AND k.term = t.id AND k.span = e.span AND k.sort_day = e.sort_day AND k.id = e.id`,
		`DELETE FROM event WHERE id = ANY(@ids::text[])`,
	} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return err
		}
	}
	return nil
}

// revive moves the tombstones of events that come back into their history.
func revive(ctx context.Context, tx pgx.Tx, at stamp, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	args := pgx.NamedArgs{"ids": ids, "revision": at.revision}
	for _, sql := range []string{
		`INSERT INTO event_history (id, revision_from, revision_to, op, reason, merged_into, updated_at)
		 SELECT id, revision, @revision, op, reason, merged_into, at FROM event_tombstone WHERE id = ANY(@ids::text[])`,
		`DELETE FROM event_tombstone WHERE id = ANY(@ids::text[])`,
	} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return err
		}
	}
	return nil
}
