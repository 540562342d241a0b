package postgres

import (
	"context"
	"errors"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/trace"
)

// tracer makes a span of each statement. Statements are literal text, so a span tells
// what was asked and never for what; an error is told by its SQLSTATE, since Postgres'
// text can repeat a value. What runs outside a traced request makes no span.
type tracer struct{ *otelpgx.Tracer }

func newTracer(provider trace.TracerProvider) tracer {
	return tracer{otelpgx.NewTracer(otelpgx.WithTracerProvider(provider), otelpgx.WithDisableConnectionDetailsInAttributes())}
}

// TraceQueryEnd ends the span of a statement.
func (t tracer) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	data.Err = withoutText(data.Err)
	t.Tracer.TraceQueryEnd(ctx, conn, data)
}

// TraceCopyFromEnd ends the span of a COPY.
func (t tracer) TraceCopyFromEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceCopyFromEndData) {
	data.Err = withoutText(data.Err)
	t.Tracer.TraceCopyFromEnd(ctx, conn, data)
}

// TraceBatchQuery tells of one statement of a batch.
func (t tracer) TraceBatchQuery(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchQueryData) {
	data.Err = withoutText(data.Err)
	t.Tracer.TraceBatchQuery(ctx, conn, data)
}

// TraceBatchEnd ends the span of a batch.
func (t tracer) TraceBatchEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchEndData) {
	data.Err = withoutText(data.Err)
	t.Tracer.TraceBatchEnd(ctx, conn, data)
}

// TracePrepareEnd ends the span of a statement's preparation.
func (t tracer) TracePrepareEnd(ctx context.Context, conn *pgx.Conn, data pgx.TracePrepareEndData) {
	data.Err = withoutText(data.Err)
	t.Tracer.TracePrepareEnd(ctx, conn, data)
}

// withoutText gives an error of the server that tells its kind alone.
func withoutText(err error) error {
	var refused *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, pgx.ErrNoRows):
		return err
	case errors.As(err, &refused):
		return &pgconn.PgError{Severity: refused.Severity, Code: refused.Code, Message: "refused by the database"}
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	}
	return errors.New("the statement failed")
}
