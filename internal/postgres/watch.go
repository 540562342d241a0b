package postgres

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

const (
	// watchEvery is how often Watch reads the revision.
	watchEvery = 200 * time.Millisecond
	// watchBudget bounds one reading, and connecting for it.
	watchBudget = time.Second
	// confirmedFor is how long what was read counts as the newest: a write of another
	// instance is seen no later than that.
	confirmedFor = time.Second
)

// watch is what this instance knows of the newest revision.
type watch struct {
	on  atomic.Bool // somebody keeps it confirmed
	now atomic.Pointer[known]

	mu      sync.Mutex // held while now is replaced
	doubted time.Time  // only readings that begin later are relied on
	heard   time.Time  // when a reading came last
}

// known is a revision that was the newest. Times are read from the monotonic clock.
type known struct {
	revision  int64
	at        time.Time
	era       uint64    // counts how often the database went back
	learnt    time.Time // when the revision was known here: what begins later sees it
	confirmed time.Time // since when it was the newest at least; zero: that is in doubt
}

func (k *known) fresh() bool { return k != nil && time.Since(k.confirmed) < confirmedFor }

// silent tells that the database has said nothing to who watches it.
func (w *watch) silent() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.on.Load() && !w.heard.IsZero() && time.Since(w.heard) >= confirmedFor
}

// saw notes what a reading gave that was sent at began. It gives true when the database
// went back, as after a backup was restored under a running program.
func (w *watch) saw(began time.Time, revision int64, at time.Time) (back bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = time.Now()
	old := w.now.Load()
	next := known{revision: revision, at: at, learnt: w.heard, confirmed: began}
	if !began.After(w.doubted) {
		next.confirmed = time.Time{}
	}
	if old != nil {
		next.era = old.era
		switch {
		case revision == old.revision:
			if !next.confirmed.After(old.confirmed) {
				return false
			}
			next.learnt = old.learnt
		case revision < old.revision && !began.After(old.learnt):
			return false // it was sent before the newer revision was there, and came late
		case revision < old.revision:
			next.era, back = old.era+1, true
		}
	}
	w.now.Store(&next)
	return back
}

// exceeds notes that somebody saw a revision. When it is newer than the known one, that
// one is not relied on any more: no list is older than what was told already.
func (w *watch) exceeds(revision int64) {
	if old := w.now.Load(); old == nil || old.revision < revision {
		w.doubt()
	}
}

// doubt makes the next reader ask the database. Readings that are on their way do not
// help: they may have been sent before what is to be seen was there.
func (w *watch) doubt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.doubted = time.Now()
	if old := w.now.Load(); old != nil {
		next := *old
		next.confirmed = time.Time{}
		w.now.Store(&next)
	}
}

// Watch reads the newest revision several times a second, until ctx ends, on a
// connection of its own: requests that wait for one of the pool do not hold it up.
// While it runs, Revision answers from what it read.
func (s *Store) Watch(ctx context.Context) {
	config := s.pool.Config().ConnConfig
	config.ConnectTimeout = watchBudget / time.Duration(hosts(config))
	// A silent connection is given up; nothing has to be cancelled on the server.
	config.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.DeadlineContextWatcherHandler{Conn: conn.Conn()}
	}
	var conn *pgx.Conn
	hangUp := func() {
		if conn != nil {
			leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), watchBudget)
			defer cancel()
			_ = conn.Close(leaving)
			conn = nil
		}
	}
	defer hangUp()
	s.watch.on.Store(true)
	defer s.watch.on.Store(false)
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		if err := s.look(ctx, config, &conn); err != nil {
			hangUp()
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look reads the revision once, on a new connection where there is none.
func (s *Store) look(ctx context.Context, config *pgx.ConnConfig, conn **pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, watchBudget)
	defer cancel()
	if *conn == nil {
		var err error
		if *conn, err = pgx.ConnectConfig(ctx, config); err != nil {
			*conn = nil
			return err
		}
		if s.primary.found(*conn) {
			s.pool.Reset()
		}
	}
	began := time.Now()
	var revision int64
	var at time.Time
	if err := (*conn).QueryRow(ctx, `SELECT revision, at FROM revision`).Scan(&revision, &at); err != nil {
		return err
	}
	s.sawRevision(began, revision, at.UTC())
	return nil
}

// sawRevision notes a reading, and forgets what was kept of data that are no more.
func (s *Store) sawRevision(began time.Time, revision int64, at time.Time) {
	back := s.watch.saw(began, revision, at)
	s.replicas.lookSoon(revision)
	if !back {
		return
	}
	s.terms.forget()
	s.taken.forget()
	s.usage.forget()
	s.taken.forget()
	s.memory.table.Store(nil)
}

// Known gives the newest revision without asking the database. It is fresh when it was
// the newest within the last second; it is never fresh where nobody watches. What was
// kept from an era says nothing of another one: revisions have begun to be used again.
func (s *Store) Known() (revision int64, era uint64, fresh bool) {
	k := s.watch.now.Load()
	if k == nil {
		return 0, 0, false
	}
	return k.revision, k.era, s.watch.on.Load() && k.fresh()
}

// Revision gives the newest revision and its time. While Watch runs that may be up to
// a second behind what another instance wrote, never behind a write of this one. It is
// KindUnavailable when the revision cannot be read for longer.
func (s *Store) Revision(ctx context.Context) (int64, time.Time, error) {
	if k := s.watch.now.Load(); s.watch.on.Load() && k.fresh() {
		return k.revision, k.at, nil
	}
	return s.ReadRevision(ctx)
}

// ReadRevision gives the newest revision and its time, from the database itself.
func (s *Store) ReadRevision(ctx context.Context) (int64, time.Time, error) {
	began := time.Now()
	var revision int64
	var at time.Time
	if err := s.queryRow(ctx, `SELECT revision, at FROM revision`, nil, &revision, &at); err != nil {
		return 0, time.Time{}, err
	}
	s.sawRevision(began, revision, at.UTC())
	return revision, at.UTC(), nil
}
