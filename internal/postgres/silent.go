package postgres

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// silentAfter is how long a session that holds the revision may say nothing in the
	// middle of a statement while others wait for it.
	silentAfter = 30 * time.Second
	// importSilentAfter is the same of an import, which reads on in its file where nothing
	// has changed, and of its silence between two statements.
	importSilentAfter = 10 * time.Minute
	// importName is the application_name of a session in which an import holds the revision.
	importName = "tarikh import"
)

// silent ends the sessions that hold the revision and whose client vanished without a
// word in the middle of a statement: within a COPY, or before the end of what it asks for.
// lostAfter counts only between two statements, and statement_timeout not while the
// server reads. Whoever has waited in vain looks who holds the revision, and ends what has
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
	Import         bool
}

// look notes who holds the revision and says nothing, and ends those who have for too
// long. That it cannot see or end them, as where they are another role's, is no fault:
// whoever waits was told that another write takes long.
func (s *silent) look(ctx context.Context, conn *pgxpool.Conn, logf func(format string, args ...any)) {
	if !s.mu.TryLock() {
		return // one look is enough for all
	}
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, undoBudget)
	defer cancel()
	rows, err := conn.Query(ctx, `
		SELECT a.pid, a.backend_start, a.query_start, coalesce(c.bytes_processed, 0), a.application_name = @import
		FROM pg_stat_activity a LEFT JOIN pg_stat_progress_copy c ON c.pid = a.pid
		WHERE a.datname = current_database() AND a.state = 'active' AND a.wait_event IN ('ClientRead', 'ClientWrite')
			AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.granted
				AND l.relation = to_regclass('revision') AND l.mode <> 'AccessShareLock')`, pgx.NamedArgs{"import": importName})
	if err != nil {
		return
	}
	holders, err := pgx.CollectRows(rows, pgx.RowToStructByPos[silentSession])
	if err != nil {
		return
	}
	now, seen := time.Now(), map[silentSession]time.Time{}
	for _, holder := range holders {
		first, known := s.seen[holder]
		if !known {
			first = now
		}
		seen[holder] = first
		most := cmp.Or(s.most, silentAfter)
		if holder.Import {
			most = importSilentAfter
		}
		if now.Sub(first) < most {
			continue
		}
		var ended bool
		err := conn.QueryRow(ctx, `
			SELECT coalesce(bool_or(pg_terminate_backend(pid)), false) FROM pg_stat_activity
			WHERE pid = @pid AND backend_start = @backend AND query_start = @began`,
			pgx.NamedArgs{"pid": holder.PID, "backend": holder.Backend, "began": holder.Began}).Scan(&ended)
		if err == nil && ended {
			logf("the session %d of Postgres was ended: it held the revision, which others wait for, and said nothing for %v", holder.PID, now.Sub(first).Round(time.Second))
		}
	}
	s.seen = seen
}

// lockTimedOut tells that a lock was waited for in vain.
func lockTimedOut(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "55P03"
}
