// Package postgres keeps the events: every line of SQL stands here, and every
// SQLSTATE is turned into a timeline.Error here. It knows the schema that the
// migrations make, and neither HTTP nor any file format: documents come in and go
// out as bytes.
//
// Reads follow one rule: whoever labels an answer with a revision reads the
// revision first and the data after it, so that an answer may hold newer rows but
// never lacks older ones.
package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Options tell how to reach the database.
type Options struct {
	URL       string // connection string for queries
	DirectURL string // for migrations, where URL is a pooler; "": URL
	// ExecMode is "prepared" (default), or "exec" behind a transaction pooler,
	// which cannot keep prepared statements.
	ExecMode string
	MaxConns int32            // 0: pgxpool's default
	Now      func() time.Time // nil: time.Now
}

// Budgets of what cannot be answered from the ordered index.
const (
	queryBudget   = 2 * time.Second
	acquireBudget = 2 * time.Second        // also to connect: a stopped database is told within 3 s
	pingBudget    = acquireBudget / 4      // a connection that was idle is tried first
	cancelBudget  = 500 * time.Millisecond // what is not cancelled by then is given up with its connection
	lockBudget    = 5 * time.Second        // a write's wait for the revision
)

// Store is the database of events. It is safe for concurrent use.
type Store struct {
	pool   *pgxpool.Pool
	now    func() time.Time
	terms  *termCache
	usage  usageCache
	memory memory
	// writing bounds the writes under way, and once the requests with an Idempotency-Key:
	// each holds a connection while it waits, and together they leave some for readers.
	writing, once chan struct{}
	// statementTime is queryBudget, or what LimitStatements set.
	statementTime time.Duration
}

// Open makes the pool. It does not connect yet: the first query, or Ready, does.
func Open(ctx context.Context, o Options) (*Store, error) {
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL cannot be read: %w", err)
	}
	if o.ExecMode == "exec" {
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
		config.ConnConfig.StatementCacheCapacity = 0
		config.ConnConfig.DescriptionCacheCapacity = 0
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error { return prepareConn(ctx, conn, o.ExecMode) }
	if o.MaxConns > 0 {
		config.MaxConns = o.MaxConns
	}
	config.ConnConfig.ConnectTimeout = acquireBudget
	config.PingTimeout = pingBudget
	// A query whose client hung up, or whose budget is spent, is cancelled on the server.
	config.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: cancelBudget}
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL cannot be used: %w", err)
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	return &Store{
		pool: pool, now: now, terms: &termCache{ids: map[timeline.Term]int32{}},
		memory:        newMemory(),
		statementTime: queryBudget,
		writing:       make(chan struct{}, max(1, config.MaxConns/2)),
		once:          make(chan struct{}, max(1, config.MaxConns/4)),
	}, nil
}

// prepareConn makes a new connection ready.
func prepareConn(ctx context.Context, conn *pgx.Conn, execMode string) error {
	// In exec mode pgx sends an argument as the type that its Go type stands for, and
	// knows none for maps.
	conn.TypeMap().RegisterDefaultPgType(timeline.Text{}, "jsonb")
	conn.TypeMap().RegisterDefaultPgType(map[string]string{}, "jsonb")
	if execMode == "exec" {
		return nil // what is set through a transaction pooler stays on somebody else's connection
	}
	// Both make the ordered scans slower: they read little, in an order that must be kept.
	_, err := conn.Exec(ctx, `SELECT set_config('max_parallel_workers_per_gather', '0', false), set_config('jit', 'off', false)`)
	return err
}

// LimitStatements sets how long a statement that reads may take; those of exports have
// no limit. It is for the program's start, before anything is asked.
func (s *Store) LimitStatements(most time.Duration) { s.statementTime = most }

// Connections gives how many connections the pool has at most.
func (s *Store) Connections() int { return int(s.pool.Config().MaxConns) }

// Close gives every connection back, waiting for those in use.
func (s *Store) Close() { s.pool.Close() }

// Revision gives the newest revision and its time.
func (s *Store) Revision(ctx context.Context) (int64, time.Time, error) {
	var revision int64
	var at time.Time
	err := s.queryRow(ctx, `SELECT revision, at FROM revision`, nil, &revision, &at)
	return revision, at.UTC(), err
}

// RevisionAt gives the last revision at or before a time: 0 before the first.
func (s *Store) RevisionAt(ctx context.Context, t time.Time) (int64, error) {
	var revision int64
	err := s.queryRow(ctx, `
		SELECT coalesce(max(revision), 0) FROM revision_log WHERE at <= @at`,
		pgx.NamedArgs{"at": t}, &revision)
	return revision, err
}

// RevisionTime gives the time of a revision; of 0, before any, that of the newest.
func (s *Store) RevisionTime(ctx context.Context, revision int64) (time.Time, error) {
	var at time.Time
	err := s.queryRow(ctx, `
		SELECT coalesce((SELECT at FROM revision_log WHERE revision = @revision), (SELECT at FROM revision))`,
		pgx.NamedArgs{"revision": revision}, &at)
	return at.UTC(), err
}

// errNoAnswer is what has become of a look-up that takes a moment or never ends: the
// database's machine is gone, and the network says nothing of it.
var errNoAnswer = &timeline.Error{
	Kind: timeline.KindUnavailable, Message: "The database does not answer; try again shortly.", RetryAfter: time.Second,
}

// queryRow runs a statement that looks up one row. Every answer begins with one, that
// of the revision, so a database that has fallen silent is noticed by all of them.
func (s *Store) queryRow(ctx context.Context, sql string, args pgx.NamedArgs, into ...any) error {
	return s.readWithin(ctx, errNoAnswer, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, sql, args).Scan(into...)
	})
}

// read runs do on a connection, which must be had within its budget.
func (s *Store) read(ctx context.Context, do func(ctx context.Context, conn *pgxpool.Conn) error) error {
	waiting, cancel := context.WithTimeout(ctx, acquireBudget)
	conn, err := s.pool.Acquire(waiting)
	cancel()
	if err != nil {
		return translate(ctx, unreachable(ctx, err))
	}
	defer conn.Release()
	return translate(ctx, do(ctx, conn))
}

// readWithin is read with a time budget for the query itself. When it is spent,
// costly is the error.
func (s *Store) readWithin(ctx context.Context, costly *timeline.Error, do func(ctx context.Context, conn *pgxpool.Conn) error) error {
	return s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		limited, cancel := context.WithTimeout(ctx, s.statementTime)
		defer cancel()
		err := do(limited, conn)
		if err != nil && ctx.Err() == nil && limited.Err() != nil {
			spent := *costly
			spent.Cause = err
			return &spent
		}
		return err
	})
}

// Ready tells, part by part, whether the store can serve.
func (s *Store) Ready(ctx context.Context) []timeline.Check {
	database := timeline.Check{Name: "database", OK: true, Detail: "answers"}
	schema := timeline.Check{Name: "schema", Detail: "unknown: the database does not answer"}
	var version int64
	var dirty bool
	err := s.queryRow(ctx, `SELECT version, dirty FROM schema_migrations`, nil, &version, &dirty)
	switch {
	case isUnavailable(err):
		database.OK, database.Detail = false, "does not answer"
	case err != nil:
		schema.Detail = "no migration has run"
	case dirty:
		schema.Detail = fmt.Sprintf("migration %d failed half-way", version)
	case version != LatestVersion():
		schema.Detail = fmt.Sprintf("is at version %d, this program needs %d", version, LatestVersion())
	default:
		schema.OK, schema.Detail = true, fmt.Sprintf("version %d", version)
	}
	return []timeline.Check{database, schema}
}

// termCache remembers the ids of terms, which never change. There are as many as
// actors and tags, so it is emptied when it is full.
type termCache struct {
	mu  sync.RWMutex
	ids map[timeline.Term]int32
}

// maxTerms bounds the cache to some 10 MB.
const maxTerms = 100_000

func (c *termCache) get(t timeline.Term) (int32, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	id, ok := c.ids[t]
	return id, ok
}

func (c *termCache) put(t timeline.Term, id int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ids) >= maxTerms {
		clear(c.ids)
	}
	c.ids[t] = id
}
