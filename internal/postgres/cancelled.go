package postgres

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
)

// cancelledKey is where a connection remembers whether a statement of it was cancelled.
const cancelledKey = "tarikh.cancelled"

// cancelling cancels, on the server, a query whose client hung up or whose budget is
// spent. Postgres delivers a cancellation some time after it was asked to, and may find
// the connection's next statement, that of somebody else; so the connection is not used
// again, see release.
type cancelling struct {
	*pgconn.CancelRequestContextWatcherHandler
	happened *atomic.Bool
}

func (c cancelling) HandleCancel(ctx context.Context) {
	c.happened.Store(true)
	c.CancelRequestContextWatcherHandler.HandleCancel(ctx)
}

// cancelOnServer makes a pool's connections cancel their queries on the server. What is
// not cancelled within budget is given up with its connection.
func cancelOnServer(config *pgxpool.Config, budget time.Duration) {
	config.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		happened := &atomic.Bool{}
		conn.CustomData()[cancelledKey] = happened
		return cancelling{&pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: budget}, happened}
	}
}

// release gives a connection back to its pool, or gives it up where a statement of it was
// cancelled or it broke. The pool would keep its place until it is closed in order, for
// which it waits 15 s where the server's machine is gone; so it is taken out, and the
// place is free at once.
func release(conn *pgxpool.Conn) {
	happened, known := conn.Conn().PgConn().CustomData()[cancelledKey].(*atomic.Bool)
	if conn.Conn().IsClosed() || known && happened.Load() {
		go closeSoon(conn.Hijack())
		return
	}
	conn.Release()
}
