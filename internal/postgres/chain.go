package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// ChainLimit is the most events that a chain holds; it stops growing there.
const ChainLimit = 1_000

// Chain gives the documents of the events that an event is linked with, in both
// directions, over at most depth links, in page order, without the event itself.
// Links that dangle are skipped. more tells that the chain was cut at ChainLimit, or
// where its documents take more than 16 MB.
func (s *Store) Chain(ctx context.Context, id string, depth int, asOf *int64) (docs [][]byte, more bool, err error) {
	if _, _, err := s.Event(ctx, id, asOf); err != nil {
		return nil, false, err
	}
	seen := map[string]bool{id: true}
	frontier := []string{id}
	// One level at a time: a recursive query does not run on distributed tables.
	for level := 0; level < depth && len(frontier) > 0 && !more; level++ {
		neighbours, err := s.neighbours(ctx, frontier, asOf)
		if err != nil {
			return nil, false, err
		}
		frontier = frontier[:0:0]
		for _, n := range neighbours {
			if seen[n] {
				continue
			}
			if len(seen) > ChainLimit {
				more = true
				break
			}
			seen[n] = true
			frontier = append(frontier, n)
		}
	}
	delete(seen, id)
	if len(seen) == 0 {
		return nil, false, nil
	}
	f := timeline.Filter{AsOf: asOf}
	for n := range seen {
		f.IDs = append(f.IDs, n)
	}
	size := 0
	err = s.Export(ctx, f, timeline.Ascending, func(doc []byte) error {
		if size += len(doc); size > s.pageBytes && len(docs) > 0 {
			return errEnough
		}
		docs = append(docs, slices.Clone(doc))
		return nil
	})
	if errors.Is(err, errEnough) {
		return docs, true, nil
	}
	return docs, more, err
}

// neighbours gives the ids of the events that events point to and of those that
// point to them, sorted, so that a chain that is cut is cut the same way each time.
// What does not exist is none: two events are not linked by dangling at one id.
func (s *Store) neighbours(ctx context.Context, ids []string, asOf *int64) ([]string, error) {
	args := pgx.NamedArgs{"ids": ids}
	relation := versions(asOf, args)
	var found []string
	err := s.readWithinAt(ctx, s.needed(asOf), errQueryTooCostly, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `
			SELECT t.id FROM `+relation+` e, unnest(e.link_targets) AS t(id) WHERE e.id = ANY(@ids::text[])
				AND EXISTS (SELECT FROM `+relation+` v WHERE v.id = t.id)
			UNION
			SELECT e.id FROM `+relation+` e WHERE e.link_targets && @ids::text[]
			ORDER BY 1`, args)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	slices.Sort(found)
	return found, err
}
