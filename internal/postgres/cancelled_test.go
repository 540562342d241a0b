package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
)

// A connection whose statement was cancelled is nobody else's: the cancellation may come
// late.
func TestACancelledConnectionIsGivenUp(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{URL: pgtest.New(t), MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	process := func(ctx context.Context, sql string) (id uint32, err error) {
		err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
			id = conn.Conn().PgConn().PID()
			_, err := conn.Exec(ctx, sql)
			return err
		})
		return id, err
	}
	before, err := process(t.Context(), `SELECT 1`)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := process(t.Context(), `SELECT 1`); err != nil || again != before {
		t.Errorf("a connection was given up for nothing: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := process(ctx, `SELECT pg_sleep(60)`); err == nil {
		t.Error("it was not cancelled")
	}
	if after, err := process(t.Context(), `SELECT 1`); err != nil || after == before {
		t.Errorf("process %d is used on, %v", after, err)
	}
}
