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
	*cancelled
}

// cancelled tells of one connection whether a statement of it was.
type cancelled struct {
	happened atomic.Bool
	pool     *closingOutside // of the connection's pool
}

// closingOutside counts the connections that were taken out of a pool to be closed.
type closingOutside struct {
	now  atomic.Int32
	most int32
}

func (c cancelling) HandleCancel(ctx context.Context) {
	c.happened.Store(true)
	c.CancelRequestContextWatcherHandler.HandleCancel(ctx)
}

// cancelOnServer makes a pool's connections cancel their queries on the server. What is
// not cancelled within budget is given up with its connection.
func cancelOnServer(config *pgxpool.Config, budget time.Duration) {
	pool := &closingOutside{most: (config.MaxConns + 1) / 2}
	config.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		own := &cancelled{pool: pool}
		conn.CustomData()[cancelledKey] = own
		return cancelling{&pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: budget}, own}
	}
}

// release gives a connection back to its pool, or gives it up where a statement of it was
// cancelled or it broke. The pool would keep its place until it is closed in order, for
// which it waits 15 s where the server's machine is gone; so it is taken out, and the
// place is free at once. As the server may still be busy with it, at most half as many as
// the pool has are closed so at a time.
func release(conn *pgxpool.Conn) {
	closing := conn.Conn()
	own, known := closing.PgConn().CustomData()[cancelledKey].(*cancelled)
	if !known || !own.happened.Load() && !closing.IsClosed() {
		conn.Release()
		return
	}
	free := func() { own.pool.now.Add(-1) }
	if own.pool.now.Add(1) > own.pool.most {
		free()
		free = conn.Release // the pool's place, once it is closed
	} else {
		conn.Hijack()
	}
	go func() {
		closeSoon(closing)
		<-closing.PgConn().CleanupDone()
		free()
	}()
}
