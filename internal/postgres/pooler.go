package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// poolerBudget bounds the look for a transaction pooler: a start must not wait for it.
const poolerBudget = 2 * time.Second

// throughPooler tells that a connection leads through a transaction pooler that cannot
// keep prepared statements. One that was prepared there is missing as soon as another
// server connection is given out, which is at once under load and hardly ever when a
// program is tried out alone.
//
// It errs on the side of silence: a pooler that cannot be told from a server, or whose
// connections are all in use, is none.
func throughPooler(ctx context.Context, conn *pgx.Conn) bool {
	ctx, cancel := context.WithTimeout(ctx, poolerBudget)
	defer cancel()
	// A pooler gives its clients numbers of its own in the place of the process's.
	var process uint32
	err := conn.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&process)
	if err != nil || process == conn.PgConn().PID() {
		return false
	}
	config := conn.Config()
	one, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false
	}
	defer closeSoon(one)
	const name = "tarikh_pooler"
	if _, err := one.PgConn().Prepare(ctx, name, `SELECT 1`, nil); err != nil {
		return false
	}
	// Another client takes the server connection that the statement was prepared on, and
	// keeps it: then the statement's client gets another one. Poolers give out the one
	// that was used last, or the next in turn, so it is tried with several.
	for range 3 {
		other, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return false
		}
		defer closeSoon(other)
		if _, err := other.Exec(ctx, `BEGIN`); err != nil {
			return false
		}
		if _, err = one.PgConn().ExecPrepared(ctx, name, nil, nil, nil).Close(); err != nil {
			return missingStatement(err)
		}
	}
	return false
}

// missingStatement tells that a prepared statement is not there, or is there already:
// the two faces of a transaction pooler.
func missingStatement(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "26000" || pg.Code == "42P05")
}
