package pgembed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// lockFile is an open file for flock. The system drops the lock when the last copy
// of the file is closed, thus also when its process is killed.
type lockFile struct{ file *os.File }

// errLocked says that another process holds a lock.
var errLocked = errors.New("locked")

// openLock opens a lock file, making it where it is missing. Lock files are never
// removed: whoever waited for a removed one would hold a lock that nobody else sees.
func openLock(path string) (*lockFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the data folder cannot be locked: %w", err)
	}
	// What root makes in the folder of another user must stay usable for that user.
	if os.Geteuid() == 0 {
		if uid, gid, ok := ownerOf(filepath.Dir(path)); ok {
			_ = f.Chown(uid, gid)
		}
	}
	return &lockFile{f}, nil
}

func (l *lockFile) close() { _ = l.file.Close() } // nothing was written to it

func (l *lockFile) tryExclusive() (bool, error) { return l.try(lockExclusive | lockNoWait) }
func (l *lockFile) tryShared() (bool, error)    { return l.try(lockShared | lockNoWait) }

func (l *lockFile) try(how int) (bool, error) {
	switch err := flock(l.file, how); {
	case err == nil:
		return true, nil
	case errors.Is(err, errLocked):
		return false, nil
	default:
		return false, fmt.Errorf("the data folder cannot be locked: %s: %w", l.file.Name(), err)
	}
}

// waitExclusive blocks until nobody else holds the lock.
func (l *lockFile) waitExclusive() error { return flock(l.file, lockExclusive) }

// pollShared waits for a shared lock. It polls, because a process that waits inside
// flock cannot be told that its context has ended.
func (l *lockFile) pollShared(ctx context.Context) error {
	for {
		if got, err := l.tryShared(); got || err != nil {
			return err
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// usersLock is the lock that users share.
func (h house) usersLock() (*lockFile, error) { return openLock(filepath.Join(h.dir, "users.lock")) }

// guardLock is the lock that the guard holds.
func (h house) guardLock() (*lockFile, error) { return openLock(filepath.Join(h.dir, "guard.lock")) }

// guardRuns says whether a guard lives.
func (h house) guardRuns() (bool, error) {
	guard, err := h.guardLock()
	if errors.Is(err, os.ErrNotExist) { // somebody removed the whole folder
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer guard.close()
	free, err := guard.tryShared()
	return !free, err
}

// inUse says whether a process shares the users' lock, rather than nobody or the
// guard alone.
func (h house) inUse() (bool, error) {
	users, err := h.usersLock()
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer users.close()
	if free, err := users.tryExclusive(); free || err != nil {
		return false, err
	}
	shared, err := users.tryShared()
	return shared, err
}
