package httpapi

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// flights are the computations under way. Requests that ask for the same thing at once
// wait for one of them. It runs on a context of its own: whoever began it may hang up,
// and the others still get their answer; when the last one has, it is given up.
//
// golang.org/x/sync/singleflight does not know who still waits, and ends the program
// when a computation panics.
type flights struct {
	mu    sync.Mutex
	under map[flightKey]*flight
}

type flightKey struct {
	cacheKey
	stamp stamp // a request that knows of a write does not join who began before it
}

type flight struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int

	// What came out, once done is closed.
	kept  *kept
	asked time.Duration // spent in the store
	err   error
}

// do gives what compute gives, or another call with the same key that is under way. ctx
// is the caller's, who stops to wait when it ends.
func (f *flights) do(ctx context.Context, key flightKey, compute func(ctx context.Context) (*kept, time.Duration, error)) (came *flight, joined bool, err error) {
	f.mu.Lock()
	one, joined := f.under[key]
	if !joined {
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		one = &flight{done: make(chan struct{}), cancel: cancel}
		if f.under == nil {
			f.under = map[flightKey]*flight{}
		}
		f.under[key] = one
		go f.run(own, key, one, compute)
	}
	one.waiting++
	f.mu.Unlock()
	select {
	case <-one.done:
		return one, joined, one.err
	case <-ctx.Done():
		f.leave(key, one)
		return nil, joined, ctx.Err()
	}
}

func (f *flights) run(ctx context.Context, key flightKey, one *flight, compute func(ctx context.Context) (*kept, time.Duration, error)) {
	defer func() {
		if fault := recover(); fault != nil {
			one.err = fmt.Errorf("panic: %v\n%s", fault, debug.Stack())
		}
		f.mu.Lock()
		if f.under[key] == one {
			delete(f.under, key)
		}
		f.mu.Unlock()
		one.cancel()
		close(one.done)
	}()
	one.kept, one.asked, one.err = compute(ctx)
}

// leave takes one that waited away. Nobody joins what has been given up.
func (f *flights) leave(key flightKey, one *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one.waiting--; one.waiting > 0 {
		return
	}
	one.cancel()
	if f.under[key] == one {
		delete(f.under, key)
	}
}
