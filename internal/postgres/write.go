package postgres

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// What the domain says of writes, by the names that the store's callers use.
type (
	Precondition = timeline.Precondition
	Written      = timeline.Written
	ImportResult = timeline.ImportResult
	Author       = timeline.Author
)

// Create stores a new event, and makes an id (UUIDv7) where none is given. It is
// KindConflict when the id exists; a deleted id is revived.
func (s *Store) Create(ctx context.Context, e timeline.Event, by Author) (Written, error) {
	if e.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return Written{}, &timeline.Error{Kind: timeline.KindInternal, Message: "No id could be made.", Cause: err}
		}
		e.ID = id.String()
	}
	return s.writeOne(ctx, e, by, func(current version) error {
		if current.live() {
			return timeline.Errorf(timeline.KindConflict, "There is an event with the id %q already; PUT replaces it.", e.ID)
		}
		return nil
	})
}

// Put creates or replaces an event.
func (s *Store) Put(ctx context.Context, e timeline.Event, pre Precondition, by Author) (Written, error) {
	return s.writeOne(ctx, e, by, func(current version) error { return pre.Check(e.ID, current.live(), current.revision) })
}

func (s *Store) writeOne(ctx context.Context, e timeline.Event, by Author, allowed func(version) error) (Written, error) {
	batch, err := s.prepare(ctx, []timeline.Event{e})
	if err != nil {
		return Written{}, err
	}
	var w Written
	err = s.inRevision(ctx, by, "write "+e.ID, func(ctx context.Context, tx pgx.Tx, at stamp) (bool, error) {
		current, err := currentVersions(ctx, tx, []string{e.ID})
		if err != nil {
			return false, err
		}
		before := current[e.ID]
		if err := allowed(before); err != nil {
			return false, err
		}
		if before.live() && before.same(batch[0].body) {
			w = Written{Doc: before.doc, Revision: before.revision}
			return false, nil
		}
		result, err := upsert(ctx, tx, at, batch, current)
		if err != nil {
			return false, err
		}
		w = Written{Doc: batch[0].doc, Revision: at.revision, Created: result.Created == 1, Changed: true}
		return true, nil
	})
	return w, err
}

// Delete takes an event out; its history stays. mergedInto names the event that
// stands in its place, or is empty. It is KindGone when the event was deleted or
// merged before.
func (s *Store) Delete(ctx context.Context, id, reason, mergedInto string, pre Precondition, by Author) (timeline.Change, error) {
	var change timeline.Change
	err := s.inRevision(ctx, by, "delete "+id, func(ctx context.Context, tx pgx.Tx, at stamp) (bool, error) {
		ids := []string{id}
		if mergedInto != "" {
			ids = append(ids, mergedInto)
		}
		current, err := currentVersions(ctx, tx, ids)
		if err != nil {
			return false, err
		}
		switch before := current[id]; {
		case before.op == "":
			return false, timeline.Errorf(timeline.KindNotFound, "There is no event with the id %q.", id)
		case !before.live():
			return false, timeline.Errorf(timeline.KindGone, "This event was deleted already.")
		default:
			if err := pre.Check(id, before.live(), before.revision); err != nil {
				return false, err
			}
		}
		op := timeline.OpDelete
		if mergedInto != "" {
			op = timeline.OpMerge
			if mergedInto == id || !current[mergedInto].live() {
				return false, &timeline.Error{
					Kind: timeline.KindInvalidParameter, Message: "merged_into must name another event that exists.",
					Faults: []timeline.Fault{{Parameter: "merged_into", Detail: "must name another event that exists"}},
				}
			}
		}
		if err := supersede(ctx, tx, at, []string{id}); err != nil {
			return false, err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO event_tombstone (id, op, reason, merged_into, revision, at)
			VALUES (@id, @op, @reason, nullif(@into, ''), @revision, @at)`,
			pgx.NamedArgs{"id": id, "op": op, "reason": reason, "into": mergedInto, "revision": at.revision, "at": at.at})
		change = timeline.Change{Revision: at.revision, Op: op, EventID: id, At: at.at, Reason: reason, MergedInto: mergedInto}
		return err == nil, err
	})
	return change, err
}

// Import stores events, each id at most once, all of them or none, under one
// revision. With dryRun it does everything but commit.
func (s *Store) Import(ctx context.Context, events []timeline.Event, dryRun bool, by Author) (ImportResult, error) {
	batch, err := s.prepare(ctx, events)
	if err != nil {
		return ImportResult{}, err
	}
	var result ImportResult
	err = s.inRevision(ctx, by, fmt.Sprintf("import %d events", len(events)), func(ctx context.Context, tx pgx.Tx, at stamp) (bool, error) {
		ids := make([]string, len(batch))
		for i, p := range batch {
			ids[i] = p.event.ID
		}
		current, err := currentVersions(ctx, tx, ids)
		if err != nil {
			return false, err
		}
		result, err = upsert(ctx, tx, at, batch, current)
		changed := err == nil && result.Created+result.Updated > 0
		result.Revision = at.revision
		if !changed || dryRun {
			result.Revision = at.revision - 1
		}
		return changed && !dryRun, err
	})
	return result, err
}

// CreateDataset makes a data set and its first events under one revision, unless
// it exists: then it does nothing and gives false.
func (s *Store) CreateDataset(ctx context.Context, d timeline.Dataset, events []timeline.Event, by Author) (bool, error) {
	batch, err := s.prepareFor(ctx, events, d.Slug)
	if err != nil {
		return false, err
	}
	created := false
	err = s.inRevision(ctx, by, "create dataset "+d.Slug, func(ctx context.Context, tx pgx.Tx, at stamp) (bool, error) {
		fresh, err := insertDataset(ctx, tx, at, d)
		if err != nil || !fresh {
			return false, err
		}
		ids := make([]string, len(batch))
		for i, p := range batch {
			ids[i] = p.event.ID
		}
		current, err := currentVersions(ctx, tx, ids)
		if err != nil {
			return false, err
		}
		created = true
		_, err = upsert(ctx, tx, at, batch, current)
		return err == nil, err
	})
	return created && err == nil, err
}

// insertDataset makes a data set, or gives false where it exists.
func insertDataset(ctx context.Context, tx pgx.Tx, at stamp, d timeline.Dataset) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO dataset (slug, title, description, licence, citation, url, revision, created_at)
		VALUES (@slug, @title, @description, nullif(@licence, ''), nullif(@citation, ''), nullif(@url, ''), @revision, @at)
		ON CONFLICT (slug) DO NOTHING`,
		pgx.NamedArgs{
			"slug": d.Slug, "title": d.Title, "description": nullable(d.Description), "licence": d.Licence,
			"citation": d.Citation, "url": d.URL, "revision": at.revision, "at": at.at,
		})
	return err == nil && tag.RowsAffected() == 1, err
}

func nullable(t timeline.Text) any {
	if t == nil {
		return nil
	}
	return t
}

// version is the present state of an id. The zero value: it never was.
type version struct {
	op       string
	revision int64
	created  time.Time
	doc      []byte
}

func (v version) live() bool { return v.op == timeline.OpCreate || v.op == timeline.OpUpdate }

// same tells whether the version's document has the body.
func (v version) same(body []byte) bool {
	return bytes.HasPrefix(v.doc, body) && bytes.HasPrefix(v.doc[len(body):], []byte(`,"revision":`))
}

func currentVersions(ctx context.Context, tx pgx.Tx, ids []string) (map[string]version, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, op, revision, created_at, doc FROM event WHERE id = ANY(@ids::text[])
		UNION ALL
		SELECT id, op, revision, at, NULL FROM event_tombstone WHERE id = ANY(@ids::text[])`, pgx.NamedArgs{"ids": ids})
	if err != nil {
		return nil, err
	}
	found := map[string]version{}
	var id string
	var v version
	_, err = pgx.ForEachRow(rows, []any{&id, &v.op, &v.revision, &v.created, &v.doc}, func() error {
		v.created = v.created.UTC()
		found[id] = v
		v.doc = nil
		return nil
	})
	return found, err
}
