package postgres

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// What Postgres' own statistics tell decides between ways to the same answer. They are
// old or absent now and then: then an answer takes longer, and is the same.

// statistics remember how frequent terms are.
type statistics struct {
	mu     sync.Mutex
	shares map[int32]float64 // never changed once there
	until  time.Time         // when they are read anew
}

// statisticsLast is how long the shares of terms are believed.
const statisticsLast = time.Minute

// termShares gives the share of the postings that frequent terms have; what is absent
// is rare. Where nothing is wanted, or known, it is empty.
func (s *Store) termShares(ctx context.Context, wanted bool) map[int32]float64 {
	if !wanted {
		return nil
	}
	s.statistics.mu.Lock()
	shares, fresh := s.statistics.shares, time.Now().Before(s.statistics.until)
	if !fresh {
		s.statistics.until = time.Now().Add(statisticsLast) // the others need not wait for this one
	}
	s.statistics.mu.Unlock()
	if fresh {
		return shares
	}
	read, err := s.readShares(ctx)
	s.statistics.mu.Lock()
	defer s.statistics.mu.Unlock()
	if err != nil {
		s.statistics.until = time.Time{}
		return shares
	}
	s.statistics.shares = read
	return read
}

func (s *Store) readShares(ctx context.Context) (map[int32]float64, error) {
	shares := map[int32]float64{}
	err := s.readWithinAt(ctx, s.needed(nil), errNoAnswer, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `
			SELECT m.term, m.share
			FROM pg_stats p, unnest(p.most_common_vals::text::int[], p.most_common_freqs) AS m(term, share)
			WHERE p.schemaname = ANY(current_schemas(false)) AND p.tablename = 'event_key' AND p.attname = 'term'`)
		if err != nil {
			return err
		}
		var term int32
		var share float32
		_, err = pgx.ForEachRow(rows, []any{&term, &share}, func() error {
			shares[term] = float64(share)
			return nil
		})
		return err
	})
	return shares, err
}

// manyEvents is from where on it is better to meet a page of the wanted events on the
// way along the ordered index than to fetch and sort all of them, with a million events
// and with ten.
const manyEvents = 10_000

// expectsMany tells whether the planner expects very many events that meet a condition.
// It knows how frequent a value is, which a statement that is planned once for all of
// them cannot take into account.
func (s *Store) expectsMany(ctx context.Context, condition string, args pgx.NamedArgs) (bool, error) {
	var told []byte
	if err := s.queryRowAt(ctx, s.needed(nil), `EXPLAIN (FORMAT JSON) SELECT FROM event e WHERE `+condition, args, &told); err != nil {
		return false, err
	}
	var plans []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal(told, &plans); err != nil || len(plans) == 0 {
		return false, &timeline.Error{Kind: timeline.KindInternal, Message: "The database's plan cannot be read.", Cause: err}
	}
	return plans[0].Plan.Rows >= manyEvents, nil
}
