package main

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgembed"
	"github.com/tarikh-timeline/tarikh/internal/pgtest"
)

// node is a Postgres of the test's own, in a folder of its own, and the way to it, whose
// address stays. It can be stopped and started again, or be made to say nothing.
type node struct {
	dir    string
	server *pgembed.Server
	wire   *pgtest.Wire
}

// replicating are the settings of a server that streams. Its data may be lost, as in all
// tests, when the machine goes down; not when the server does.
var replicating = map[string]string{
	"wal_level": "replica", "max_wal_senders": "8", "hot_standby": "on", "synchronous_commit": "on", "full_page_writes": "on",
	"max_wal_size": "256MB", "shared_buffers": "32MB",
}

func newNode(t *testing.T) *node {
	t.Helper()
	dir, err := os.MkdirTemp("", "tarikh-node-*") // not TempDir: another account enters it
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	n := &node{dir: dir}
	t.Cleanup(func() {
		n.stop(t)
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return n
}

func (n *node) start(t *testing.T) {
	t.Helper()
	var err error
	n.server, err = pgembed.Start(t.Context(), pgembed.Options{DataDir: n.dir, Unsafe: true, Settings: replicating})
	if err != nil {
		t.Fatal(err)
	}
	if n.wire == nil {
		n.wire = pgtest.NewWire(t, n.server.URL())
		return
	}
	n.wire.Lead(t, n.server.URL())
	n.wire.Mend(t)
}

// stop ends the server, which tells its clients, and then nobody listens.
func (n *node) stop(t *testing.T) {
	t.Helper()
	if n.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience) // also at the test's end
	defer cancel()
	if err := n.server.Stop(ctx); err != nil {
		t.Error(err)
	}
	n.server = nil
	n.wire.Cut()
}

// run runs a statement on a node, past its wire.
func (n *node) run(t *testing.T, sql string) {
	t.Helper()
	withConn(t, n.server.URL(), func(conn *pgx.Conn) {
		if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	})
}
