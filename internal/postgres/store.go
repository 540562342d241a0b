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
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/trace"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Options tell how to reach the database.
type Options struct {
	URL string // connection string for queries
	// ExecMode is "prepared" (default), or "exec" behind a transaction pooler,
	// which cannot keep prepared statements.
	ExecMode string
	// ReplicaURLs lead to copies that follow the database, one server each. They answer
	// reads that they have caught up with.
	ReplicaURLs []string
	MaxConns    int32                // of each pool; 0: the URL's pool_max_conns, else defaultConns
	ConnectTime time.Duration        // most time to get a connection, or to make one; 0: 2 s
	Now         func() time.Time     // nil: time.Now
	Traces      trace.TracerProvider // nil: no spans
	// Logf, if set, is told when a replica fails and when it is back, and when a session was
	// ended that held the revision and said nothing.
	Logf func(format string, args ...any)
}

// Budgets of what cannot be answered from the ordered index.
const (
	queryBudget   = 2 * time.Second
	connectBudget = 2 * time.Second        // unless Options say otherwise: a stopped database is told within 3 s
	pingBudget    = 500 * time.Millisecond // a connection that was idle is tried first
	undoBudget    = 2 * time.Second        // to roll back, and to look who is silent
	cancelBudget  = 500 * time.Millisecond // what is not cancelled by then is given up with its connection
	lockBudget    = 5 * time.Second        // a write's wait for the revision
)

// Store is the database of events. It is safe for concurrent use.
type Store struct {
	pool       *pgxpool.Pool
	primary    primary
	replicas   replicas
	now        func() time.Time
	logf       func(format string, args ...any)
	terms      *termCache
	statistics statistics
	usage      usageCache
	silent     silent
	taken      takenRevisions
	memory     memory
	watch      watch
	schema     atomic.Int64 // version that Ready found last
	pageBytes  int          // maxPageBytes, but for tests
	// writing bounds the writes under way, and once the requests with an Idempotency-Key:
	// each holds a connection while it waits, and together they leave some for readers.
	writing, once chan struct{}
	scanning      chan struct{} // holds one for each reading of all rows, see turn
	exporting     chan struct{} // holds one for each export that is reading, see readPiece
	// statementTime is queryBudget, or what LimitStatements set.
	statementTime time.Duration
	connectTime   time.Duration // of Options
}

// Open makes the pool. It does not connect yet: the first query, or Ready, does.
func Open(ctx context.Context, o Options) (*Store, error) {
	config, err := poolConfig(o, o.URL)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL cannot be read: %w", err)
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	writing, once := max(1, config.MaxConns/2), max(1, config.MaxConns/4)
	if o.ExecMode == "exec" {
		// Behind a pooler the connections to the server may be far fewer, and nobody tells
		// how many: those that wait for each other must not have all of them. Writes run
		// one after the other anyhow.
		writing, once = min(writing, 2), 1
	}
	s := &Store{
		now: now, logf: o.Logf, terms: &termCache{ids: map[timeline.Term]int32{}},
		memory: newMemory(), statementTime: queryBudget, connectTime: o.connectTime(), pageBytes: maxPageBytes,
		writing: make(chan struct{}, writing),
		once:    make(chan struct{}, once),

		scanning:  make(chan struct{}, max(1, config.MaxConns/2)),
		exporting: make(chan struct{}, max(1, config.MaxConns/2)),
	}
	if s.logf == nil {
		s.logf = func(string, ...any) {}
	}
	if s.primary.follows = hosts(config.ConnConfig) > 1; s.primary.follows {
		config.BeforeConnect = s.primary.prefer
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("DATABASE_URL cannot be used: %w", err)
	}
	if err := s.openReplicas(ctx, o); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (o Options) connectTime() time.Duration { return cmp.Or(o.ConnectTime, connectBudget) }

// poolConfig is how the connections to one server are made.
func poolConfig(o Options, url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if o.ExecMode == "exec" {
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
		config.ConnConfig.StatementCacheCapacity = 0
		config.ConnConfig.DescriptionCacheCapacity = 0
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error { return prepareConn(ctx, conn, o.ExecMode) }
	if err := setPool(config, o, url); err != nil {
		return nil, err
	}
	if o.Traces != nil {
		config.ConnConfig.Tracer = newTracer(o.Traces)
	}
	cancelOnServer(config, cancelBudget)
	return config, nil
}

// hosts counts the servers that an address names, of which the first that will do is
// taken. Each may stand there twice, with TLS and without.
func hosts(config *pgx.ConnConfig) int {
	type place struct {
		host string
		port uint16
	}
	places := map[place]bool{{config.Host, config.Port}: true}
	for _, other := range config.Fallbacks {
		places[place{other.Host, other.Port}] = true
	}
	return len(places)
}

// The pool's connections live long: each holds its prepared statements and their plans.
const (
	connLifetime  = time.Hour        // and up to a fifth more, so that not all end at once
	connIdleTime  = 15 * time.Minute // of those above idleConns
	idleConns     = 2                // are there before they are wanted
	connsPerCore  = 4                // a page waits for the database most of its time
	fewestConns   = 10
	mostConns     = 50 // a Postgres of its own takes 100, and may serve several programs
	statementsMax = 256
)

func defaultConns() int32 {
	return int32(min(max(fewestConns, connsPerCore*runtime.GOMAXPROCS(0)), mostConns))
}

// setPool sets how many connections there are and how long they live. What the URL
// says of its pool holds.
func setPool(config *pgxpool.Config, o Options, url string) error {
	said, err := pgconn.ParseConfig(url)
	if err != nil {
		return err
	}
	unset := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(name string) bool { _, set := said.RuntimeParams[name]; return set })
	}
	if unset("pool_max_conns") {
		config.MaxConns = defaultConns()
	}
	if o.MaxConns > 0 {
		config.MaxConns = o.MaxConns
	}
	if unset("pool_max_conn_lifetime") {
		config.MaxConnLifetime, config.MaxConnLifetimeJitter = connLifetime, connLifetime/5
	}
	if unset("pool_max_conn_idle_time") {
		config.MaxConnIdleTime = connIdleTime
	}
	if unset("pool_min_conns", "pool_min_idle_conns") {
		config.MinIdleConns = min(idleConns, config.MaxConns)
	}
	// Of several hosts each gets its share: a dead one must not use up the budget.
	config.ConnConfig.ConnectTimeout = o.connectTime() / time.Duration(hosts(config.ConnConfig))
	config.PingTimeout = min(pingBudget, o.connectTime()/4)
	if o.ExecMode != "exec" {
		config.ConnConfig.StatementCacheCapacity = statementsMax
	}
	return nil
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
	// The first two make the ordered scans slower: they read little, in an order that must
	// be kept. For the same reason a block in their way must not be thought four times as
	// dear as one among many: sorting all of a term would seem cheaper than that, as long
	// as vacuum has not been there. To plan them takes longer than to run them, so that is done once for all
	// arguments; where it must not, see replanned.
	_, err := conn.Exec(ctx, `
		SELECT set_config('max_parallel_workers_per_gather', '0', false), set_config('jit', 'off', false),
			set_config('random_page_cost', '1.1', false), set_config('plan_cache_mode', 'force_generic_plan', false)`)
	return err
}

// LimitStatements sets how long a statement that reads may take; those of exports have
// no limit. It is for the program's start, before anything is asked.
func (s *Store) LimitStatements(most time.Duration) { s.statementTime = most }

// Connections gives how many connections the pool has at most.
func (s *Store) Connections() int { return int(s.pool.Config().MaxConns) }

// Close gives every connection back, waiting for those in use.
func (s *Store) Close() {
	s.replicas.close()
	s.pool.Close()
}

// RevisionAt gives the last revision at or before a time: 0 before the first.
func (s *Store) RevisionAt(ctx context.Context, t time.Time) (int64, error) {
	var revision int64
	err := s.queryRowAt(ctx, s.needed(nil), `
		SELECT coalesce(max(revision), 0) FROM revision_log WHERE at <= @at`,
		pgx.NamedArgs{"at": t}, &revision)
	s.watch.exceeds(revision)
	return revision, err
}

// RevisionTime gives the time of a revision; of 0, before any, that of the newest.
func (s *Store) RevisionTime(ctx context.Context, revision int64) (time.Time, error) {
	var at time.Time
	err := s.queryRowAt(ctx, s.needed(&revision), `
		SELECT coalesce((SELECT at FROM revision_log WHERE revision = @revision), (SELECT at FROM revision))`,
		pgx.NamedArgs{"revision": revision}, &at)
	return at.UTC(), err
}

// errNoAnswer is what has become of a look-up that takes a moment or never ends: the
// database's machine is gone, and the network says nothing of it.
var errNoAnswer = &timeline.Error{
	Kind: timeline.KindUnavailable, Message: "The database does not answer; try again shortly.", RetryAfter: time.Second,
}

// queryRow runs a statement that looks up one row. What has no budget of its own begins
// with one, so that a database that has fallen silent is noticed.
func (s *Store) queryRow(ctx context.Context, sql string, args pgx.NamedArgs, into ...any) error {
	return s.queryRowAt(ctx, onPrimary, sql, args, into...)
}

// queryRowAt is queryRow on whoever has reached a revision.
func (s *Store) queryRowAt(ctx context.Context, needed int64, sql string, args pgx.NamedArgs, into ...any) error {
	return s.readWithinAt(ctx, needed, errNoAnswer, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, sql, args).Scan(into...)
	})
}

// acquire takes a connection to the primary out of the pool, for release.
func (s *Store) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	waiting, cancel := context.WithTimeout(ctx, s.connectTime)
	defer cancel()
	conn, err := s.pool.Acquire(waiting)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	return conn, nil
}

// read runs do on a connection to the primary, which must be had within its budget.
func (s *Store) read(ctx context.Context, do func(ctx context.Context, conn *pgxpool.Conn) error) error {
	conn, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer release(conn)
	reading, stop := s.primary.during(ctx, conn)
	defer stop()
	err = do(reading, conn)
	s.dropPrimary(err)
	return translate(ctx, movedAway(ctx, reading, err))
}

// dropPrimary gives up every connection to a server that says it is no primary any more,
// or that it stops: the next one is looked for among all hosts of the address, and no
// other request meets the same.
func (s *Store) dropPrimary(err error) {
	if noLongerPrimary(err) {
		s.pool.Reset()
	}
}

// readWithin is read with a time budget for the query itself. When it is spent,
// costly is the error, unless the watched revision shows that it is the database which
// does not answer.
func (s *Store) readWithin(ctx context.Context, costly *timeline.Error, do func(ctx context.Context, conn *pgxpool.Conn) error) error {
	return s.readWithinAt(ctx, onPrimary, costly, do)
}

// onPrimary is in the place of a revision that a read needs: a replica will not do.
const onPrimary = -1

// readWithinAt is readWithin on whoever has reached a revision. What a replica that
// failed has used of the budget is gone.
func (s *Store) readWithinAt(ctx context.Context, needed int64, costly *timeline.Error, do func(ctx context.Context, conn *pgxpool.Conn) error) error {
	var until time.Time
	return s.readAt(ctx, needed, func(ctx context.Context, conn *pgxpool.Conn) error {
		if until.IsZero() {
			until = time.Now().Add(s.statementTime)
		}
		limited, cancel := context.WithDeadline(ctx, until)
		defer cancel()
		err := do(limited, conn)
		if err != nil && ctx.Err() == nil && limited.Err() != nil {
			spent := *costly
			if s.watch.silent() { // not the query is to blame
				spent = *errNoAnswer
			}
			spent.Cause = err
			return &spent
		}
		return err
	})
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

func (c *termCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.ids)
}
