package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Changes gives the latest state of each event that changed after a position, once,
// ordered by (revision, id). A position without an id stands behind the whole of
// its revision. A page ends between revisions unless one revision alone is larger. It
// ends before its limit where more would take more than 16 MB.
//
// The page's Revision and its changes are one snapshot: who has followed the pages to
// the end has the events as they stood at the last page's Revision, exactly.
func (s *Store) Changes(ctx context.Context, after timeline.ChangePosition, limit int) (timeline.ChangePage, error) {
	args := pgx.NamedArgs{"revision": after.Revision, "id": after.ID, "limit": limit + 1}
	later := `revision > @revision`
	if after.ID != "" {
		later = `(revision, id) > (@revision, @id::text COLLATE "C")`
	}
	// Who has followed further than this instance knows must not be sent back.
	needed := max(s.needed(nil), after.Revision)
	changes, fit, newest, err := s.collectChanges(ctx, needed, `
		SELECT r.revision, c.revision, c.op, c.id, c.at, c.reason, c.merged_into, c.doc FROM revision r LEFT JOIN (
			(SELECT revision, op, id, updated_at AS at, '' AS reason, '' AS merged_into, doc
			 FROM event WHERE `+later+` ORDER BY revision, id LIMIT @limit)
			UNION ALL
			(SELECT revision, op, id, at, reason, coalesce(merged_into, ''), NULL
			 FROM event_tombstone WHERE `+later+` ORDER BY revision, id LIMIT @limit)
		) c ON true ORDER BY c.revision, c.id LIMIT @limit`, args)
	if err != nil {
		return timeline.ChangePage{}, err
	}
	page := cutBetweenRevisions(changes, min(limit, fit))
	page.Revision = newest
	return page, nil
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
	changes, fit, newest, err := s.collectChanges(ctx, s.needed(nil), `
		SELECT r.revision, c.revision, c.op, c.id, c.at, c.reason, c.merged_into, c.doc FROM revision r LEFT JOIN (
			SELECT revision, op, id, updated_at AS at, '' AS reason, '' AS merged_into, doc
			FROM event WHERE id = @id
			UNION ALL
			SELECT revision, op, id, at, reason, coalesce(merged_into, ''), NULL
			FROM event_tombstone WHERE id = @id
			UNION ALL
			SELECT revision_from, op, id, updated_at, coalesce(reason, ''), coalesce(merged_into, ''), doc
			FROM event_history WHERE id = @id
		) c ON c.revision < @before ORDER BY c.revision DESC LIMIT @limit`, args)
	if err != nil {
		return timeline.ChangePage{}, err
	}
	if len(changes) == 0 && before == 0 {
		return timeline.ChangePage{}, timeline.Errorf(timeline.KindNotFound, "There is no event with the id %q, and never was.", id)
	}
	page := timeline.ChangePage{Changes: changes, Revision: newest}
	if end := min(limit, fit); len(changes) > end {
		page.Changes = changes[:end]
		page.Next = &timeline.ChangePosition{Revision: changes[end-1].Revision, ID: id}
	}
	return page, nil
}

// collectChanges reads the newest revision and the changes beside it; a row without a
// change tells the revision alone. fit is how many of them a page has room for: where
// it is not all, one more is there.
func (s *Store) collectChanges(ctx context.Context, needed int64, sql string, args pgx.NamedArgs) (changes []timeline.Change, fit int, newest int64, err error) {
	err = s.readWithinAt(ctx, needed, errNoAnswer, func(ctx context.Context, conn *pgxpool.Conn) error {
		size := 0
		changes, fit = nil, 0
		var revision *int64
		var op, id, reason, into *string
		var at *time.Time
		var doc []byte
		return readUntil(ctx, conn, sql, args, []any{&newest, &revision, &op, &id, &at, &reason, &into, &doc}, func() error {
			if revision == nil {
				return nil
			}
			changes = append(changes, timeline.Change{
				Revision: *revision, Op: *op, EventID: *id, At: at.UTC(), Reason: *reason, MergedInto: *into, Doc: doc,
			})
			if size += len(doc); size > s.pageBytes && fit > 0 {
				return errEnough
			}
			fit++
			doc = nil // the next row gets a slice of its own
			return nil
		})
	})
	s.watch.exceeds(newest)
	return changes, fit, newest, err
}
