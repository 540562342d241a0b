package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// translate is the one place where the database's errors become the domain's.
// They are told apart by SQLSTATE, never by a constraint's name, which does not
// arrive from distributed tables.
func translate(ctx context.Context, err error) error {
	var known *timeline.Error
	var pg *pgconn.PgError
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case ctx.Err() != nil:
		return ctx.Err() // the client went away, or the server stops: nobody is told
	case errors.Is(err, pgx.ErrNoRows):
		return &timeline.Error{Kind: timeline.KindNotFound, Message: "There is no such thing.", Cause: err}
	case errors.As(err, &pg):
		return translateState(pg, err)
	case connectionLost(err):
		return unavailable(err)
	}
	return &timeline.Error{Kind: timeline.KindInternal, Message: "The database could not answer.", Cause: err}
}

func translateState(pg *pgconn.PgError, err error) error {
	switch {
	case lockTimedOut(err):
		return anotherWrite(err)
	case pg.Code == "40001", pg.Code == "40P01": // serialization failure, deadlock
		return &timeline.Error{Kind: timeline.KindBusy, Message: "Another write was in the way; try again.", RetryAfter: time.Second, Cause: err}
	case pg.Code == "53100": // disk full
		return &timeline.Error{Kind: timeline.KindUnavailable, Message: "The database's disk is full; make room and try again. Nothing of this was stored.", RetryAfter: time.Second, Cause: err}
	case strings.HasPrefix(pg.Code, "08"), // connection
		strings.HasPrefix(pg.Code, "57P"), // shut down, crashed, starting, database dropped
		pg.Code == "25P03",                // a transaction that was silent for too long, see lostAfter
		pg.Code == "53300",                // too many connections
		pg.Code == "53200",                // out of memory
		pg.Code == "25006":                // read-only: a standby, or a primary that is no more
		return unavailable(err)
	case missingStatement(err):
		err = fmt.Errorf("DATABASE_URL seems to lead through a transaction pooler: set TARIKH_DB_EXEC_MODE=exec (%w)", err)
	}
	return &timeline.Error{Kind: timeline.KindInternal, Message: "The database could not answer.", Cause: err}
}

// anotherWrite is the error of a write that has waited for as long as it may.
func anotherWrite(err error) error {
	return &timeline.Error{Kind: timeline.KindBusy, Message: "Another write is taking long; try again shortly.", RetryAfter: time.Second, Cause: err}
}

// noLongerPrimary tells that a server was demoted (25006: read-only), or stops or
// starts.
func noLongerPrimary(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "25006", "57P01", "57P02", "57P03":
		return true
	}
	return false
}

// lostCommit is the error of a commit that failed. Where the server did not say that it
// undid the transaction, nobody knows what has become of it: the connection broke, or the
// server stopped while it waited for its standby.
func lostCommit(ctx context.Context, err error) error {
	var pg *pgconn.PgError
	if ctx.Err() != nil || errors.As(err, &pg) && !strings.HasPrefix(pg.Code, "57") && !strings.HasPrefix(pg.Code, "08") {
		return err
	}
	return &timeline.Error{
		Kind: timeline.KindUnavailable, RetryAfter: time.Second, Cause: err,
		Message: "The database was lost at the end of this write. Whether it was stored is not known: look before you send it again.",
	}
}

func unavailable(err error) error {
	return &timeline.Error{Kind: timeline.KindUnavailable, Message: "The database cannot be reached; try again shortly.", RetryAfter: time.Second, Cause: err}
}

// unreachable makes a failure to get a connection a matter of availability,
// whatever its form (refused, time out, no such socket), unless the caller left. That the
// caller's own time is up is no other matter: nothing was asked of the database yet.
func unreachable(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return unavailable(err)
}

func connectionLost(err error) bool {
	var network net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.As(err, &network) ||
		strings.Contains(err.Error(), "conn closed")
}

func isUnavailable(err error) bool {
	var e *timeline.Error
	return errors.As(err, &e) && e.Kind == timeline.KindUnavailable
}
