package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

var (
	errQueryTooCostly = &timeline.Error{
		Kind:       timeline.KindTooCostly,
		Message:    "This query took longer than its time budget of 2 s. Narrow it: a window (from, to), a country, a type or a dataset lets the index answer.",
		RetryAfter: 5 * time.Second,
	}
	errCountTooCostly = &timeline.Error{
		Kind:       timeline.KindCountTooCostly,
		Message:    "Counting these events took longer than its time budget of 2 s. Ask for count=capped, or narrow the filters.",
		RetryAfter: 5 * time.Second,
	}
)

// versionColumns are the columns that the conditions and readers of rows use, in
// event and in event_history alike.
const versionColumns = `id, start_earliest, start_latest, end_earliest, end_latest, sort_day, span, approximate, uncertain,
	set_kind, set_lo, set_hi, set_use, dataset, type, status, countries, country_roles, region_roles, tags, actors,
	latitude, longitude, measures, sources, link_targets, search, doc`

// versions gives the relation that holds the events as they stood at a revision:
// the table itself for the newest.
func versions(asOf *int64, args pgx.NamedArgs) string {
	if asOf == nil {
		return `event`
	}
	args["as_of"] = *asOf
	return `(SELECT ` + versionColumns + ` FROM event WHERE revision <= @as_of
		UNION ALL
		SELECT ` + versionColumns + ` FROM event_history WHERE revision_from <= @as_of AND revision_to > @as_of AND doc IS NOT NULL)`
}

// selectSQL gives a statement of the columns (of alias e) of the events that the
// filter keeps, in page order, at most so many as the argument limit.
func selectSQL(p *scan, columns string, f *timeline.Filter, order timeline.Order, after *timeline.Position, args pgx.NamedArgs) string {
	direction := ""
	if order == timeline.Descending {
		direction = " DESC"
	}
	if p != nil && f.AsOf == nil {
		page, from := pageSQL(p, f, order, after, args)
		return "WITH " + page + "\nSELECT " + columns + " FROM " + from + " ORDER BY p.sort_day" + direction + ", p.id" + direction
	}
	c := rowConditions(f, args, false)
	c.after(order, after)
	inOrder := " ORDER BY e.sort_day" + direction + ", e.id" + direction + " LIMIT @limit"
	if p == nil {
		return "SELECT " + columns + " FROM " + versions(f.AsOf, args) + " e WHERE " + c.where() + inOrder
	}
	// What has not changed since then is read as of today. What has changed is sorted.
	args["as_of"] = *f.AsOf
	changed := "SELECT e.sort_day, e.id, e.doc FROM event_history e WHERE e.revision_from <= @as_of AND e.revision_to > @as_of AND e.doc IS NOT NULL\n  AND " +
		c.where() + inOrder
	if p.empty {
		return "SELECT " + columns + " FROM (" + changed + ") e" + inOrder
	}
	page, from := pageSQL(p, f, order, after, args)
	return "WITH " + page + "\nSELECT " + columns + " FROM ((SELECT e.sort_day, e.id, e.doc FROM " + from + ")\nUNION ALL\n(" + changed + ")) e" + inOrder
}

// pageSQL gives the query of a WITH clause that finds a page's keys, and what its events,
// with their documents, are selected from as p and e. A plan that serves every limit is
// made for a tenth of all rows, which would rather be sorted; so the limit also stands
// there as a number, rounded up, that statements may be the same.
func pageSQL(p *scan, f *timeline.Filter, order timeline.Order, after *timeline.Position, args pgx.NamedArgs) (page, from string) {
	limit, _ := args["limit"].(int)
	keys, docs := orderedSQL(p, f, order, after, args, true)
	from = "page p JOIN event e ON e.id = p.id"
	if docs {
		from = "page p, LATERAL (SELECT p.sort_day, p.id, p.doc) e"
	}
	return "page AS MATERIALIZED (SELECT * FROM (\n" + keys + fmt.Sprintf("\nLIMIT %d) page LIMIT @limit)", 1<<bits.Len(uint(limit))), from
}

// maxPageBytes bounds what one answer holds in memory: a page ends with the event that
// reaches it, and has at least one.
const maxPageBytes = 16 << 20

// listColumns are what a page is read from.
const listColumns = `e.sort_day - DATE '1970-01-01', e.id, e.doc`

// ListEvents gives one page of documents. It ends before its limit where more would
// take more than 16 MB.
func (s *Store) ListEvents(ctx context.Context, q timeline.ListQuery) (timeline.Page, error) {
	page := timeline.NewPage(q.Into)
	p, err := s.planPage(ctx, &q.Filter)
	if err != nil {
		return page, err
	}
	if p != nil && p.empty && q.AsOf == nil {
		if q.Count != timeline.CountNone && q.Count != "" {
			page.Count = &timeline.Count{Relation: "eq"}
		}
		return page, nil
	}
	args := pgx.NamedArgs{"limit": q.Limit + 1} // one more tells whether there is a next page
	sql := selectSQL(p, listColumns, &q.Filter, q.Order, q.After, args)
	var last timeline.Position
	err = s.readWithinAt(ctx, s.needed(q.AsOf), errQueryTooCostly, func(ctx context.Context, conn *pgxpool.Conn) error {
		size := 0
		page = timeline.NewPage(q.Into)
		var day int32
		var id string
		var doc pgtype.DriverBytes // not copied: valid until the next row
		read := readUntil
		if p == nil {
			read = replanned
		}
		return read(ctx, conn, sql, args, []any{&day, &id, &doc}, func() error {
			size += len(doc)
			switch {
			case page.Len() == q.Limit: // this row is the last
				page.Next = &last
				return nil
			case page.Len() > 0 && size > s.pageBytes:
				page.Next = &last
				return errEnough
			}
			page.Append(doc)
			last = timeline.Position{Day: edtf.Day(day), ID: id}
			return nil
		})
	})
	if err != nil {
		return timeline.Page{}, err
	}
	if page.Count, err = s.count(ctx, &q.Filter, q.Count); err != nil {
		return timeline.Page{}, err
	}
	return page, nil
}

// errEnough ends the reading of rows before their end.
var errEnough = errors.New("enough was read")

// readUntil hands the rows of a statement to each until it gives errEnough, which is no
// fault. Then the connection is given up: that costs less than to take and throw away
// what the server would still send, and a cancellation that comes late meets the
// connection's next statement.
func readUntil(ctx context.Context, conn *pgxpool.Conn, sql string, args pgx.NamedArgs, into []any, each func() error) error {
	rows, err := conn.Query(ctx, sql, remembered(args))
	if err != nil {
		return err
	}
	return eachUntil(ctx, conn, rows, into, each)
}

// replanned is readUntil with a plan of its own for these arguments, where the one plan
// for all of them, which the store's connections are set to, would be a poor one. It
// takes one round trip, and the setting ends with it.
func replanned(ctx context.Context, conn *pgxpool.Conn, sql string, args pgx.NamedArgs, into []any, each func() error) error {
	batch := &pgx.Batch{}
	batch.Queue(`SELECT set_config('plan_cache_mode', 'force_custom_plan', true)`)
	batch.Queue(sql, remembered(args))
	results := conn.SendBatch(ctx, batch)
	defer results.Close()
	if _, err := results.Exec(); err != nil {
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	return eachUntil(ctx, conn, rows, into, each)
}

func eachUntil(ctx context.Context, conn *pgxpool.Conn, rows pgx.Rows, into []any, each func() error) error {
	_, err := pgx.ForEachRow(rows, into, func() error {
		err := each()
		if errors.Is(err, errEnough) {
			_ = conn.Conn().PgConn().Conn().Close() // what waits to be read is not waited for
		}
		return err
	})
	if errors.Is(err, errEnough) {
		_ = conn.Conn().Close(ctx) // the pool is told
		return nil
	}
	return err
}

// count counts what a filter keeps, nil when it was not asked for.
func (s *Store) count(ctx context.Context, f *timeline.Filter, mode timeline.CountMode) (*timeline.Count, error) {
	args := pgx.NamedArgs{}
	limited := ""
	switch mode {
	case timeline.CountExact:
		if table := s.recent(ctx, f); table != nil {
			counted := timeline.Count{Relation: "eq"}
			err := s.compute(ctx, errCountTooCostly, func(giveUp func() bool) (err error) {
				counted.Value, err = table.Count(f, giveUp)
				return err
			})
			return &counted, err
		}
	case timeline.CountCapped:
		args["cap"] = timeline.CountCap + 1
		limited = " LIMIT @cap"
	default:
		return nil, nil
	}
	p, err := s.planScan(ctx, f)
	if err != nil {
		return nil, err
	}
	var keys string
	switch {
	case p != nil && p.empty:
		return &timeline.Count{Relation: "eq"}, nil
	case p != nil:
		keys = keysSQL(p, f, timeline.Ascending, nil, args)
	default:
		keys = "SELECT e.id FROM " + versions(f.AsOf, args) + " e WHERE " + rowConditions(f, args, false).where()
	}
	c := &timeline.Count{Relation: "eq"}
	err = s.readWithinAt(ctx, s.needed(f.AsOf), errCountTooCostly, func(ctx context.Context, conn *pgxpool.Conn) error {
		return replanned(ctx, conn, "SELECT count(*) FROM (\n"+keys+limited+"\n) counted", args, []any{&c.Value}, func() error { return nil })
	})
	if err != nil {
		return nil, err
	}
	if mode == timeline.CountCapped && c.Value > timeline.CountCap {
		c.Value, c.Relation = timeline.CountCap, "gte"
	}
	return c, nil
}

// Event gives an event's document and its own revision, now or as of a revision.
// It is KindNotFound, KindGone with the reason, or KindMoved with the target.
func (s *Store) Event(ctx context.Context, id string, asOf *int64) ([]byte, int64, error) {
	args := pgx.NamedArgs{"id": id, "as_of": int64(1<<63 - 1)}
	if asOf != nil {
		args["as_of"] = *asOf
	}
	var revision int64
	var op, reason, into string
	var doc []byte
	err := s.queryRowAt(ctx, s.needed(asOf), `
		SELECT v.revision, v.op, v.reason, v.merged_into, v.doc FROM (
			SELECT revision, op, '' AS reason, '' AS merged_into, doc FROM event
			WHERE id = @id AND revision <= @as_of
			UNION ALL
			SELECT revision, op, reason, coalesce(merged_into, ''), NULL FROM event_tombstone
			WHERE id = @id AND revision <= @as_of
			UNION ALL
			SELECT revision_from, op, coalesce(reason, ''), coalesce(merged_into, ''), doc FROM event_history
			WHERE id = @id AND revision_from <= @as_of AND revision_to > @as_of
		) v ORDER BY v.revision DESC LIMIT 1`, args, &revision, &op, &reason, &into, &doc)
	var e *timeline.Error
	switch {
	case errors.As(err, &e) && e.Kind == timeline.KindNotFound:
		return nil, 0, timeline.Errorf(timeline.KindNotFound, "There is no event with the id %q.", id)
	case err != nil:
		return nil, 0, err
	case op == timeline.OpMerge:
		return nil, 0, &timeline.Error{Kind: timeline.KindMoved, Message: "This event was merged into " + into + ": " + reason, Target: into}
	case op == timeline.OpDelete:
		return nil, 0, &timeline.Error{Kind: timeline.KindGone, Message: "This event was deleted: " + reason}
	}
	s.watch.exceeds(revision)
	return doc, revision, nil
}
