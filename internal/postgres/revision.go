package postgres

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// stamp is the revision that a write transaction holds.
type stamp struct {
	revision int64
	at       time.Time
}

// inRevision runs do in a transaction that holds the next revision until it
// commits, so that revisions become visible in their order. When do changes
// nothing, the transaction is rolled back and no revision is taken.
//
// Times come from the program, not the database, and never go back. It is KindBusy
// when other writes take longer than lockBudget.
func (s *Store) inRevision(ctx context.Context, by Author, action string, do func(ctx context.Context, tx pgx.Tx, at stamp) (changed bool, err error)) error {
	until := time.Now().Add(lockBudget)
	leave, err := await(ctx, s.writing, lockBudget, anotherWrite(nil))
	if err != nil {
		return err
	}
	defer leave()
	if outer, is := ctx.Value(onceKey{}).(*onceTx); is {
		return outer.inside(ctx, func(ctx context.Context, tx pgx.Tx) (at stamp, changed bool, err error) {
			return s.takeRevision(ctx, tx, until, by, action, do)
		})
	}
	return s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
		at, changed, err := s.takeRevision(ctx, tx, until, by, action, do)
		if err != nil || !changed {
			return err
		}
		return s.commitRevision(ctx, tx, at)
	})
}

// commitRevision commits what was written under a revision, and lets it be known.
func (s *Store) commitRevision(ctx context.Context, tx pgx.Tx, at stamp) error {
	began := time.Now() // it is the newest for as long as this transaction holds it
	if err := tx.Commit(ctx); err != nil {
		s.watch.doubt() // it may have been committed all the same
		return lostCommit(ctx, err)
	}
	if at.revision > 0 {
		s.sawRevision(began, at.revision, at.at)
	}
	return nil
}

// lostAfter is after what silence between two statements the server ends a transaction that
// holds a lock others wait for: of a client that vanished without a word it would hear
// nothing, and no write would come through any more. In the middle of a statement it does
// not count, see silent.
const lostAfter = "10s"

// limitLocks begins a transaction that takes a lock others wait for: how long it waits
// itself, in milliseconds, and lostAfter. set_config, not SET: it takes an argument. Both
// end with the transaction, and work behind a transaction pooler.
const limitLocks = `SELECT set_config('lock_timeout', @limit, true), set_config('idle_in_transaction_session_timeout', '` + lostAfter + `', true)`

// inTransaction runs do on the primary, in a transaction that do commits; else it is
// rolled back.
func (s *Store) inTransaction(ctx context.Context, do func(ctx context.Context, tx pgx.Tx) error) error {
	conn, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer release(conn)
	writing, stop := s.primary.during(ctx, conn)
	defer stop()
	tx, err := conn.Begin(writing)
	if err == nil {
		defer rollBack(ctx, tx)
		if err = do(writing, tx); lockTimedOut(err) {
			rollBack(ctx, tx)
			s.silent.look(writing, conn, s.logf)
		}
	}
	s.dropPrimary(err)
	return translate(ctx, movedAway(ctx, writing, err))
}

// rollBack must reach the server even when the client is gone. After a commit it does
// nothing.
func rollBack(ctx context.Context, tx pgx.Tx) {
	undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoBudget)
	defer cancel()
	_ = tx.Rollback(undo)
}

// await takes one of a bounded number of places, which leave gives back. Where none is to
// be had within patience, the error is full.
func await(ctx context.Context, places chan struct{}, patience time.Duration, full error) (leave func(), err error) {
	waiting := time.NewTimer(patience)
	defer waiting.Stop()
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-waiting.C:
		return nil, full
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Store) takeRevision(ctx context.Context, tx pgx.Tx, until time.Time, by Author, action string, do func(context.Context, pgx.Tx, stamp) (bool, error)) (at stamp, changed bool, err error) {
	// 0 would be no limit. A statement for one event and for thousands needs two plans.
	limit := max(1, time.Until(until).Milliseconds())
	if _, err := tx.Exec(ctx, limitLocks+`, set_config('plan_cache_mode', 'auto', true)`, pgx.NamedArgs{"limit": strconv.FormatInt(limit, 10)}); err != nil {
		return at, false, err
	}
	err = tx.QueryRow(ctx, `
		UPDATE revision SET revision = revision + 1, at = greatest(at, @now)
		RETURNING revision, at`, pgx.NamedArgs{"now": s.now().UTC().Truncate(time.Microsecond)}).Scan(&at.revision, &at.at)
	if err != nil {
		return at, false, err
	}
	at.at = at.at.UTC()
	s.watch.exceeds(at.revision - 1) // what is told of a write that changes nothing
	if changed, err = do(ctx, tx, at); err != nil || !changed {
		return at, false, err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO revision_log (revision, at, key_name, action) VALUES (@revision, @at, @by, @action)`,
		pgx.NamedArgs{"revision": at.revision, "at": at.at, "by": by.Name, "action": action})
	return at, err == nil, err
}
