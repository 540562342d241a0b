package postgres

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// usageCache keeps the newest revision's answer of each kind: counting reads
// every posting of the kind.
type usageCache struct {
	mu     sync.Mutex
	counts map[string]usageAt
}

type usageAt struct {
	revision int64
	values   map[string]timeline.Usage
}

func (c *usageCache) get(kind string, revision int64) (map[string]timeline.Usage, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u, ok := c.counts[kind]
	return u.values, ok && u.revision == revision
}

func (c *usageCache) put(kind string, u usageAt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]usageAt{}
	}
	c.counts[kind] = u
}

func (c *usageCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.counts)
}

// Usage gives, for each value of a kind of term that some event has, the number of
// its events and their first and last day (see timeline.Usage). Callers must not
// change the map.
func (s *Store) Usage(ctx context.Context, kind string) (map[string]timeline.Usage, error) {
	if table := s.recent(ctx, &timeline.Filter{}); table != nil {
		if values, ok := table.Usage(kind); ok {
			return values, nil
		}
	}
	return s.readUsage(ctx, kind)
}

// readUsage counts the ordered index, once for each revision.
func (s *Store) readUsage(ctx context.Context, kind string) (map[string]timeline.Usage, error) {
	revision, _, err := s.Revision(ctx)
	if err != nil {
		return nil, err
	}
	if values, ok := s.usage.get(kind, revision); ok {
		return values, nil
	}
	values := map[string]timeline.Usage{}
	err = s.readWithinAt(ctx, s.needed(nil), errChartTooCostly, func(ctx context.Context, conn *pgxpool.Conn) error {
		clear(values)
		var value string
		var u timeline.Usage
		var first, last *int32
		return replanned(ctx, conn, `
			SELECT t.value, count(*),
			       min(k.sort_day) - DATE '1970-01-01',
			       max(greatest(k.last_day, k.sort_day)) - DATE '1970-01-01'
			FROM term t JOIN event_key k ON k.term = t.id
			WHERE t.kind = @kind
			GROUP BY t.value`, pgx.NamedArgs{"kind": kind}, []any{&value, &u.Events, &first, &last}, func() error {
			u.FirstDay, u.LastDay = bound(first), bound(last)
			values[value] = u
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	s.usage.put(kind, usageAt{revision, values})
	return values, nil
}

// bound makes a day of a nullable number of days since 1970-01-01.
func bound(day *int32) edtf.Bound {
	if day == nil {
		return edtf.Open
	}
	return edtf.At(edtf.Day(*day))
}

// HasMeasure tells whether some event carries a measure.
func (s *Store) HasMeasure(ctx context.Context, name string) (bool, error) {
	if table := s.recent(ctx, &timeline.Filter{}); table != nil {
		return table.HasMeasure(name), nil
	}
	var has bool
	err := s.readWithinAt(ctx, s.needed(nil), errChartTooCostly, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM event WHERE measures ? @name)`, pgx.NamedArgs{"name": name}).Scan(&has)
	})
	return has, err
}

// Measures gives the names of the measures that some event carries, sorted. Where
// memory does not know them, it reads every event.
func (s *Store) Measures(ctx context.Context) ([]string, error) {
	if table := s.recent(ctx, &timeline.Filter{}); table != nil {
		return table.Measures(), nil
	}
	var names []string
	err := s.readWithinAt(ctx, s.needed(nil), errChartTooCostly, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `
			SELECT DISTINCT m.name COLLATE "C" FROM event e, jsonb_object_keys(e.measures) AS m(name)
			WHERE e.measures <> '{}' ORDER BY 1`)
		if err != nil {
			return err
		}
		names, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return names, err
}

// Datasets gives every data set, by slug.
func (s *Store) Datasets(ctx context.Context) ([]timeline.Dataset, error) {
	return s.datasets(ctx, s.needed(nil))
}

// datasets gives them as they are where a revision was reached. Whoever writes asks the
// primary: what another instance has just made must be there.
func (s *Store) datasets(ctx context.Context, needed int64) ([]timeline.Dataset, error) {
	var list []timeline.Dataset
	err := s.readWithinAt(ctx, needed, errNoAnswer, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `
			SELECT slug, title, description, coalesce(licence, ''), coalesce(citation, ''), coalesce(url, ''), revision
			FROM dataset ORDER BY slug`)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d timeline.Dataset, err error) {
			err = row.Scan(&d.Slug, &d.Title, &d.Description, &d.Licence, &d.Citation, &d.URL, &d.Revision)
			return d, err
		})
		return err
	})
	return list, err
}
