package httpapi

import (
	"context"
	"hash/maphash"
)

// turns let those who change the same event go one after the other, so that they need
// not try anew each time another one was faster. Events share a few locks: two that meet
// in one wait for each other without need, and no more than that.
type turns struct {
	seed  maphash.Seed
	locks [64]chan struct{}
}

func newTurns() *turns {
	t := &turns{seed: maphash.MakeSeed()}
	for i := range t.locks {
		t.locks[i] = make(chan struct{}, 1)
	}
	return t
}

// take waits for the turn of an event, which done ends.
func (t *turns) take(ctx context.Context, id string) (done func(), err error) {
	lock := t.locks[maphash.String(t.seed, id)%uint64(len(t.locks))]
	select {
	case lock <- struct{}{}:
		return func() { <-lock }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
