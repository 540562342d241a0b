package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Changes gives the latest state of each event that changed after a position, once,
// ordered by (revision, id). A position without an id stands behind the whole of
// its revision. A page ends between revisions unless one revision alone is larger.
func (s *Store) Changes(ctx context.Context, after timeline.ChangePosition, limit int) (timeline.ChangePage, error) {
	args := pgx.NamedArgs{"revision": after.Revision, "id": after.ID, "limit": limit + 1}
	later := `revision > @revision`
	if after.ID != "" {
		later = `(revision, id) > (@revision, @id::text COLLATE "C")`
	}
	changes, err := s.collectChanges(ctx, `
		SELECT c.revision, c.op, c.id, c.at, c.reason, c.merged_into, c.doc FROM (
			(SELECT revision, op, id, updated_at AS at, '' AS reason, '' AS merged_into, doc
			 FROM event WHERE `+later+` ORDER BY revision, id LIMIT @limit)
			UNION ALL
			(SELECT revision, op, id, at, reason, coalesce(merged_into, ''), NULL
			 FROM event_tombstone WHERE `+later+` ORDER BY revision, id LIMIT @limit)
		) c ORDER BY c.revision, c.id LIMIT @limit`, args)
	if err != nil {
		return timeline.ChangePage{}, err
	}
	return cutBetweenRevisions(changes, limit), nil
}

// cutBetweenRevisions makes a page of at most limit changes out of one more.
func cutBetweenRevisions(changes []timeline.Change, limit int) timeline.ChangePage {
	if len(changes) <= limit {
		return timeline.ChangePage{Changes: changes}
	}
	end := limit
	for end > 0 && changes[end-1].Revision == changes[limit].Revision {
		end--
	}
	if end == 0 { // one revision is larger than the page
		last := changes[limit-1]
		return timeline.ChangePage{Changes: changes[:limit], Next: &timeline.ChangePosition{Revision: last.Revision, ID: last.EventID}}
	}
	return timeline.ChangePage{Changes: changes[:end], Next: &timeline.ChangePosition{Revision: changes[end-1].Revision}}
}

// History gives the revisions of one event, newest first, those before a revision
// when before is not 0. Deleted and merged events have a history too; an id that
// never was has none and is KindNotFound.
func (s *Store) History(ctx context.Context, id string, before int64, limit int) (timeline.ChangePage, error) {
	args := pgx.NamedArgs{"id": id, "before": before, "limit": limit + 1}
	if before == 0 {
		args["before"] = int64(1<<63 - 1)
	}
	changes, err := s.collectChanges(ctx, `
		SELECT c.revision, c.op, c.id, c.at, c.reason, c.merged_into, c.doc FROM (
			SELECT revision, op, id, updated_at AS at, '' AS reason, '' AS merged_into, doc
			FROM event WHERE id = @id
			UNION ALL
			SELECT revision, op, id, at, reason, coalesce(merged_into, ''), NULL
			FROM event_tombstone WHERE id = @id
			UNION ALL
			SELECT revision_from, op, id, updated_at, coalesce(reason, ''), coalesce(merged_into, ''), doc
			FROM event_history WHERE id = @id
		) c WHERE c.revision < @before ORDER BY c.revision DESC LIMIT @limit`, args)
	if err != nil {
		return timeline.ChangePage{}, err
	}
	if len(changes) == 0 && before == 0 {
		return timeline.ChangePage{}, timeline.Errorf(timeline.KindNotFound, "There is no event with the id %q, and never was.", id)
	}
	page := timeline.ChangePage{Changes: changes}
	if len(changes) > limit {
		page.Changes = changes[:limit]
		page.Next = &timeline.ChangePosition{Revision: changes[limit-1].Revision, ID: id}
	}
	return page, nil
}

func (s *Store) collectChanges(ctx context.Context, sql string, args pgx.NamedArgs) ([]timeline.Change, error) {
	var changes []timeline.Change
	err := s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, sql, args)
		if err != nil {
			return err
		}
		changes, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c timeline.Change, err error) {
			err = row.Scan(&c.Revision, &c.Op, &c.EventID, &c.At, &c.Reason, &c.MergedInto, &c.Doc)
			c.At = c.At.UTC()
			return c, err
		})
		return err
	})
	var e *timeline.Error
	if errors.As(err, &e) && e.Kind == timeline.KindNotFound {
		return nil, nil
	}
	return changes, err
}
