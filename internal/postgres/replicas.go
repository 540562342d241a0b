package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// A replica is asked for its revision this often: to see that it lives, and to learn
// that it has caught up with the newest revision soon after it has.
const (
	replicaEvery       = 200 * time.Millisecond
	replicaBehindEvery = 20 * time.Millisecond
	replicaOutEvery    = 500 * time.Millisecond
	// replicaSilence is how long a replica may take to tell its revision. Then it is left
	// out, and what it was asked for goes to the primary, which has budget left to answer.
	replicaSilence = 500 * time.Millisecond
	replicaAcquire = 500 * time.Millisecond // wait for a connection before the primary is asked
	replicaCancel  = 100 * time.Millisecond // cancelBudget of a replica
)

// replicas are the copies of the database that reads are spread over.
//
// One rule decides who may answer: a replica must have reached the revision that is
// asked for, which is known when the answer's label was read. So what it holds may be
// newer than the label and is never older. A replica is asked for its revision ahead, to
// be chosen, and once more on the very connection that reads: a name can stand for
// several servers, of which another one answered before.
type replicas struct {
	all []*replica

	stop    context.CancelFunc
	polling sync.WaitGroup
}

// replica is one of them.
type replica struct {
	name        string // for the log
	pool        *pgxpool.Pool
	connectTime time.Duration
	reached     atomic.Int64 // the revision it was seen at; out: it is not asked
	busy        atomic.Int32 // reads under way
	wakes       chan struct{}

	mu   sync.Mutex
	life context.Context // of what is read from it: ends when it is left out
	end  context.CancelFunc
}

// out is in the place of the revision of a replica that fails.
const out = -1

// errBehind is told by a connection to a replica that has not reached a revision.
var errBehind = errors.New("the replica has not reached the revision")

// openReplicas makes the pools and begins to ask the replicas where they are.
func (s *Store) openReplicas(ctx context.Context, o Options) error {
	all := &s.replicas
	for _, url := range o.ReplicaURLs {
		config, err := poolConfig(o, url)
		if err != nil {
			return fmt.Errorf("DATABASE_REPLICA_URL cannot be read: %w", err)
		}
		cancelOnServer(config, replicaCancel)
		pool, err := pgxpool.NewWithConfig(ctx, config)
		if err != nil {
			return fmt.Errorf("DATABASE_REPLICA_URL cannot be used: %w", err)
		}
		r := &replica{name: placeOf(config.ConnConfig), pool: pool, connectTime: o.connectTime(), wakes: make(chan struct{}, 1)}
		r.reached.Store(out)
		all.all = append(all.all, r)
	}
	polling, stop := context.WithCancel(context.WithoutCancel(ctx))
	all.stop = stop
	for _, r := range all.all {
		all.polling.Go(func() { r.follow(polling, s) })
	}
	return nil
}

func (all *replicas) close() {
	if all.stop != nil {
		all.stop()
	}
	all.polling.Wait()
	for _, r := range all.all {
		r.pool.Close()
	}
}

// lookSoon tells of a new revision, which the replicas will reach any moment.
func (all *replicas) lookSoon(revision int64) {
	for _, r := range all.all {
		if at := r.reached.Load(); at != out && at < revision {
			r.wake()
		}
	}
}

// needed gives the revision that an answer must hold: the one that is asked for, or the
// newest that is known, which is no older than the answer's label. Where none is known,
// onPrimary.
func (s *Store) needed(asOf *int64) int64 {
	if asOf != nil {
		return *asOf
	}
	if k := s.watch.now.Load(); k != nil {
		return k.revision
	}
	return onPrimary
}

// choose gives the replica with the least to do among those that have reached a
// revision; nil where there is none.
func (all *replicas) choose(needed int64) *replica {
	n := len(all.all)
	if n == 0 || needed < 0 {
		return nil
	}
	var best *replica
	first := rand.IntN(n)
	for i := range n {
		r := all.all[(first+i)%n]
		if r.reached.Load() >= needed && (best == nil || r.busy.Load() < best.busy.Load()) {
			best = r
		}
	}
	return best
}

// Reached gives the newest revision that this instance has seen in the database or on
// a replica, without asking; -1 where it has seen none. What stood at it or before can
// be answered from a replica while the primary is away.
func (s *Store) Reached() int64 {
	newest := s.needed(nil)
	for _, r := range s.replicas.all {
		newest = max(newest, r.reached.Load())
	}
	return newest
}

// readAt runs do on a replica that has reached a revision, or on the primary: where none
// has, and where the replica fails. So do may run twice, and begins anew each time.
func (s *Store) readAt(ctx context.Context, needed int64, do func(ctx context.Context, conn *pgxpool.Conn) error) error {
	r := s.replicas.choose(needed)
	if r == nil {
		return s.read(ctx, do)
	}
	left, err := r.read(ctx, needed, do)
	if left {
		s.logf("the replica %s is left out for now: %v", r.name, err)
	}
	var partly handedOnError
	switch {
	case err == nil, ctx.Err() != nil, !mayBeElsewhere(err):
		return translate(ctx, err)
	case errors.As(err, &partly):
		return unavailable(err)
	}
	return s.read(ctx, do)
}

// handedOnError is a failure after which a read cannot begin anew: part of the answer is
// with the caller already.
type handedOnError struct{ error }

func (e handedOnError) Unwrap() error { return e.error }

// mayBeElsewhere tells whether the primary may know better than a replica that failed.
func mayBeElsewhere(err error) bool {
	var told *timeline.Error
	return !errors.As(err, &told) && !errors.Is(err, pgx.ErrNoRows) && !errors.Is(err, errTooLarge)
}

// read runs do on the replica. left tells that it failed so that it is left out.
func (r *replica) read(ctx context.Context, needed int64, do func(ctx context.Context, conn *pgxpool.Conn) error) (left bool, err error) {
	r.busy.Add(1)
	defer r.busy.Add(-1)
	r.mu.Lock()
	life := r.life
	r.mu.Unlock()
	if life == nil {
		return false, errBehind // left out this very moment
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(life, stop)()
	waiting, cancel := context.WithTimeout(reading, replicaAcquire)
	conn, err := r.pool.Acquire(waiting)
	cancel()
	if err == nil {
		defer release(conn)
		if err = reachedBy(reading, conn, needed); err == nil {
			err = do(reading, conn)
		}
	}
	return err != nil && ctx.Err() == nil && isGone(err) && r.leave(), err
}

// reachedKey is where a connection remembers the revision that it was seen at.
const reachedKey = "tarikh.revision"

// reachedBy makes sure that the server at the other end of a connection has reached a
// revision. It never goes back there.
func reachedBy(ctx context.Context, conn *pgxpool.Conn, needed int64) error {
	seen := conn.Conn().PgConn().CustomData()
	if at, ok := seen[reachedKey].(int64); ok && at >= needed {
		return nil
	}
	var at int64
	if err := conn.QueryRow(ctx, `SELECT revision FROM revision`).Scan(&at); err != nil {
		return err
	}
	seen[reachedKey] = at
	if at < needed {
		return errBehind
	}
	return nil
}

// isGone tells a server that is away or goes from one that refused a statement. What
// only took long says nothing: whether the replica is silent is seen by asking it.
func isGone(err error) bool {
	if !mayBeElsewhere(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return isUnavailable(translateState(pg, err))
	}
	return connectionLost(err)
}

// join lets the replica answer.
func (r *replica) join(revision int64) (joined bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.life == nil {
		r.life, r.end = context.WithCancel(context.Background())
		joined = true
	}
	r.reached.Store(revision)
	return joined
}

// leave takes it out: nobody asks it any more, and what it was asked for goes elsewhere.
func (r *replica) leave() (left bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached.Store(out)
	if r.life == nil {
		return false
	}
	r.end()
	r.life, r.end = nil, nil
	r.pool.Reset() // its connections may be as dead and not know it
	r.wake()
	return true
}

func (r *replica) wake() {
	select {
	case r.wakes <- struct{}{}:
	default:
	}
}

// follow asks the replica for its revision until ctx ends, on a connection of its own:
// it must not wait where the readers wait.
func (r *replica) follow(ctx context.Context, s *Store) {
	var conn *pgx.Conn
	defer func() {
		r.leave()
		if conn != nil {
			closeSoon(conn)
		}
	}()
	first := true
	for {
		revision, err := r.ask(ctx, &conn)
		if ctx.Err() != nil {
			return
		}
		next := replicaEvery
		switch {
		case err != nil:
			next = replicaOutEvery
			if r.leave() || first {
				s.logf("the replica %s is left out: %v", r.name, err)
			}
		default:
			if r.join(revision) {
				s.logf("the replica %s answers reads, from revision %d on", r.name, revision)
			}
			if revision < s.needed(nil) {
				next = replicaBehindEvery
			}
		}
		first = false
		select {
		case <-ctx.Done():
			return
		case <-r.wakes:
		case <-time.After(next):
		}
	}
}

// ask gives the revision that the replica has reached.
func (r *replica) ask(ctx context.Context, conn **pgx.Conn) (revision int64, err error) {
	if *conn == nil {
		connecting, cancel := context.WithTimeout(ctx, r.connectTime)
		defer cancel()
		config := r.pool.Config().ConnConfig
		config.DefaultQueryExecMode = pgx.QueryExecModeExec // behind any pooler
		if *conn, err = pgx.ConnectConfig(connecting, config); err != nil {
			*conn = nil
			return 0, err
		}
	}
	limited, cancel := context.WithTimeout(ctx, replicaSilence)
	defer cancel()
	err = (*conn).QueryRow(limited, `SELECT revision FROM revision`).Scan(&revision)
	if err != nil {
		if limited.Err() != nil && ctx.Err() == nil {
			err = fmt.Errorf("it said nothing for %s", replicaSilence)
		}
		closeSoon(*conn)
		*conn = nil
	}
	return revision, err
}

// closeSoon closes a connection whose server may be silent.
func closeSoon(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), replicaCancel)
	defer cancel()
	_ = conn.Close(ctx)
}

// check tells how many replicas take part. None of them need: the primary answers.
func (all *replicas) check() timeline.Check {
	return timeline.Check{
		Name: "replicas", OK: true,
		Detail: fmt.Sprintf("%d of %d answer", all.answering(), len(all.all)), // their names are in the log alone
	}
}

// answering counts those that take part.
func (all *replicas) answering() (n int) {
	for _, r := range all.all {
		if r.reached.Load() != out {
			n++
		}
	}
	return n
}

// placeOf names a server without what an address can hold besides.
func placeOf(config *pgx.ConnConfig) string {
	if strings.HasPrefix(config.Host, "/") {
		return config.Host
	}
	return fmt.Sprintf("%s:%d", config.Host, config.Port)
}
