package postgres

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

const (
	// maxRaised leaves as many revisions again to those who write later, before the largest
	// whole number that JSON clients keep exactly.
	maxRaised = 1 << 52
	// raisePerSecond is more revisions than one second can hold: each is a commit that
	// the next one waits for.
	raisePerSecond = 10_000
	// raiseRound makes a revision after a restore easy to tell from those before it.
	raiseRound = 1_000_000
)

// RaiseRevision makes the newest revision larger than any that was acknowledged before a
// backup was restored, so that no validator, cursor or as_of of a lost revision counts
// again. The events stay as they are. 0 chooses the number: above all that could have
// been taken since the newest revision of the backup. An error is one line that says what
// to do.
func (s *Store) RaiseRevision(ctx context.Context, to int64, by Author) (from, raised int64, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		limit := strconv.FormatInt(lockBudget.Milliseconds(), 10)
		if _, err := tx.Exec(ctx, limitLocks, pgx.NamedArgs{"limit": limit}); err != nil {
			return err
		}
		var at time.Time
		if err := tx.QueryRow(ctx, `SELECT revision, at FROM revision FOR UPDATE`).Scan(&from, &at); err != nil {
			return err
		}
		now := s.now().UTC().Truncate(time.Microsecond)
		if raised = to; raised == 0 {
			raised = beyondAll(from, now.Sub(at))
		}
		if raised <= from || raised > maxRaised {
			return &timeline.Error{Kind: timeline.KindInvalidParameter, Message: fmt.Sprintf("the newest revision is %d: it can be raised to a number above that, up to %d", from, int64(maxRaised))}
		}
		if now.Before(at) {
			now = at // revision times never go back
		}
		args := pgx.NamedArgs{"revision": raised, "at": now, "by": by.Name, "action": fmt.Sprintf("raise from %d", from)}
		if _, err := tx.Exec(ctx, `UPDATE revision SET revision = @revision, at = @at`, args); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO revision_log (revision, at, key_name, action) VALUES (@revision, @at, @by, @action)`, args)
		return err
	})
	return from, raised, translate(ctx, err)
}

// beyondAll gives a number above every revision that can have been taken in a time.
func beyondAll(from int64, since time.Duration) int64 {
	taken := int64(max(0, since.Seconds())+1) * raisePerSecond
	return (from+taken)/raiseRound*raiseRound + raiseRound
}

// RevisionLost tells whether a revision was taken by nobody: it was lost when a backup
// was restored, and the revision raised over it. Those that are still ahead are not.
// Whoever has reached the revision is asked, once for each that was taken.
func (s *Store) RevisionLost(ctx context.Context, revision int64) (bool, error) {
	if revision <= 0 || s.taken.has(revision) {
		return false, nil
	}
	var passed, taken bool
	err := s.queryRowAt(ctx, s.needed(&revision), `
		SELECT @revision::bigint < r.revision, EXISTS (SELECT FROM revision_log l WHERE l.revision = @revision::bigint)
		FROM revision r`, pgx.NamedArgs{"revision": revision}, &passed, &taken)
	if err != nil {
		return false, err
	}
	if taken {
		s.taken.add(revision)
	}
	return passed && !taken, nil
}

// takenRevisions remembers revisions that are known to have been taken: what was answered
// as of one of them and kept is given again also while nobody answers.
type takenRevisions struct {
	mu   sync.RWMutex
	seen map[int64]struct{}
}

// maxTaken bounds the revisions that are remembered to less than 1 MB.
const maxTaken = 10_000

func (t *takenRevisions) has(revision int64) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	_, there := t.seen[revision]
	return there
}

func (t *takenRevisions) add(revision int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen == nil || len(t.seen) >= maxTaken {
		t.seen = map[int64]struct{}{}
	}
	t.seen[revision] = struct{}{}
}

func (t *takenRevisions) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen = nil
}
