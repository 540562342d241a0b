package postgres

import (
	"context"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
)

// cancelledKey is where a connection remembers whether a statement of it was cancelled.
const cancelledKey = "tarikh.cancelled"

// cancelling cancels, on the server, a query whose client hung up or whose budget is
// spent. Postgres delivers a cancellation some time after it was asked to, and may find
// the connection's next statement, that of somebody else; so the connection is not used
// again, see giveUpCancelled.
type cancelling struct {
	*pgconn.CancelRequestContextWatcherHandler
	happened *atomic.Bool
}

func (c cancelling) HandleCancel(ctx context.Context) {
	c.happened.Store(true)
	c.CancelRequestContextWatcherHandler.HandleCancel(ctx)
}

// giveUpCancelled makes a pool's connections cancel their queries on the server, once.
func giveUpCancelled(config *pgxpool.Config) {
	config.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		happened := &atomic.Bool{}
		conn.CustomData()[cancelledKey] = happened
		return cancelling{&pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: cancelBudget}, happened}
	}
	config.AfterRelease = func(conn *pgx.Conn) bool {
		happened, known := conn.PgConn().CustomData()[cancelledKey].(*atomic.Bool)
		return !known || !happened.Load()
	}
}
