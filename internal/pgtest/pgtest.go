// Package pgtest gives each test a Postgres database of its own. It must not know
// internal/postgres, whose tests use it; it knows the migrations, and nothing of
// what the tables mean.
//
// All test processes of a user share one server, without fsync, which ends with the
// last of them. Making and dropping a database for each test would take most of the
// tests' time, so databases are copies of a migrated template that are lent, emptied
// and lent again.
package pgtest

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgembed"
)

// patience bounds every step: above it something hangs.
const patience = 3 * time.Minute

// Main runs a package's tests: func TestMain(m *testing.M) { pgtest.Main(m) }. What
// the tests share besides is taken down by the functions in after.
func Main(m *testing.M, after ...func()) {
	pgembed.MaybeRunGuard()
	code := m.Run()
	for _, takeDown := range after {
		takeDown()
	}
	if err := release(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// New gives the URL of a migrated database that the test has for itself. It is taken
// back after the test and all its other cleanups; connections left open are cut off.
func New(t testing.TB) string {
	t.Helper()
	return borrow(t, (*cluster).lend, (*cluster).takeBack)
}

// NewEmpty gives the URL of a database without any schema, for tests of migrating.
// It is dropped after the test.
func NewEmpty(t testing.TB) string {
	t.Helper()
	return borrow(t, func(c *cluster, ctx context.Context) (lent, error) {
		return c.create(ctx, "", "template0")
	}, (*cluster).drop)
}

// borrow takes a database of the shared server for a test, and gives its URL.
func borrow(t testing.TB, take func(*cluster, context.Context) (lent, error), giveBack func(*cluster, context.Context, lent) error) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := shared()
	if err != nil {
		t.Fatalf("pgtest: no server for tests: %v", err)
	}
	d, err := take(c, ctx)
	if err != nil {
		t.Fatalf("pgtest: no database for the test: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := giveBack(c, ctx, d); err != nil {
			t.Errorf("pgtest: the database cannot be given back: %v", err)
		}
	})
	return c.url(d.name)
}

// connect opens a connection to one of the server's databases.
func (c *cluster) connect(ctx context.Context, name string) (*pgx.Conn, error) {
	return pgx.Connect(ctx, c.url(name))
}
