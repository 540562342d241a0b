package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// memoryLimit makes the collector work before the program takes twice what it holds,
// as it would otherwise: above the copy of the events, whose size is known, and the
// answers kept, there is room for requests. Nearly all that is held has no pointers, so
// that collecting often costs little. The limit is a soft one.
type memoryLimit struct {
	cacheBytes int64
	events     atomic.Int64 // bytes of their copy
}

// newMemoryLimit sets the limit; nil, which limits nothing, where GOMEMLIMIT is set: who
// sets that decides.
func newMemoryLimit(cacheBytes int64) *memoryLimit {
	if os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	m := &memoryLimit{cacheBytes: cacheBytes}
	m.set()
	return m
}

// hold tells the bytes of the copy of the events.
func (m *memoryLimit) hold(events int) {
	if m != nil {
		m.events.Store(int64(events))
		m.set()
	}
}

// limitEvery is how often it is looked at what is held.
const limitEvery = time.Second

// follow gives way, until ctx ends, while requests hold more than there is room for: imports
// and large pages, or many clients that read slowly. With a limit below what is held, the
// collector would do nothing but run, on half of the processors.
func (m *memoryLimit) follow(ctx context.Context) {
	if m != nil {
		every(ctx, limitEvery, m.set)
	}
}

func (m *memoryLimit) set() {
	held := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(held)
	debug.SetMemoryLimit(memoryLimitFor(m.events.Load(), m.cacheBytes, int64(held[0].Value.Uint64())))
}

// memoryLimitFor gives the limit for the bytes of the events, of the cache, and of all
// that was held when the collector ran last.
func memoryLimitFor(events, cache, held int64) int64 {
	const forRequests, atLeast = 24 << 20, 8 << 20
	return max(events+cache+forRequests, held+held/16+atLeast)
}
