package postgres

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// silentAfter is how long a session that holds a lock others wait for may say nothing in
// the middle of a statement.
const silentAfter = 30 * time.Second

// silent ends the sessions that hold a lock others wait for and whose client vanished
// without a word in the middle of a statement: within a COPY, or before the end of what it
// asks for. lostAfter counts only between two statements, and statement_timeout not while
// the server reads. Whoever has waited in vain looks who holds the lock, and ends what has
// not gone on since it was seen first.
//
// The zero value is ready to be used.
type silent struct {
	mu   sync.Mutex
	seen map[silentSession]time.Time // when first
	most time.Duration               // silentAfter where it is 0
}

// silentSession is a session of the server that waits for its client, at one place of one
// statement.
type silentSession struct {
	PID            int32
	Backend, Began time.Time // when the session began and the statement
	Copied         int64     // bytes of a COPY
}

// look notes who holds a lock and says nothing, and ends those who have for too long. That
// it cannot, as where they are another role's, is no fault: whoever waits was told so.
func (s *silent) look(ctx context.Context, conn *pgxpool.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, acquireBudget)
	defer cancel()
	rows, err := conn.Query(ctx, `
		SELECT a.pid, a.backend_start, a.query_start, coalesce(c.bytes_processed, 0)
		FROM pg_stat_activity a LEFT JOIN pg_stat_progress_copy c ON c.pid = a.pid
		WHERE a.datname = current_database() AND a.state = 'active' AND a.wait_event = 'ClientRead'
			AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.granted
				AND (l.locktype = 'advisory' OR l.relation = to_regclass('revision') AND l.mode <> 'AccessShareLock'))`)
	if err != nil {
		return
	}
	now, most := time.Now(), s.most
	if most == 0 {
		most = silentAfter
	}
	holders, err := pgx.CollectRows(rows, pgx.RowToStructByPos[silentSession])
	if err != nil {
		return
	}
	seen := map[silentSession]time.Time{}
	for _, holder := range holders {
		first, known := s.seen[holder]
		if !known {
			first = now
		}
		seen[holder] = first
		if now.Sub(first) < most {
			continue
		}
		_, _ = conn.Exec(ctx, `
			SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE pid = @pid AND backend_start = @backend AND query_start = @began`,
			pgx.NamedArgs{"pid": holder.PID, "backend": holder.Backend, "began": holder.Began})
	}
	s.seen = seen
}

// lockTimedOut tells that a lock was waited for in vain.
func lockTimedOut(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "55P03"
}
