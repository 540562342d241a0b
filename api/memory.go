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
// that collecting often costs little; but the stacks of clients' connections have to be
// looked through each time, so there is as much room again as they take. The limit is a
// soft one.
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
	now := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"},
		{Name: "/memory/classes/metadata/mspan/inuse:bytes"}, {Name: "/memory/classes/metadata/other:bytes"},
		{Name: "/memory/classes/profiling/buckets:bytes"}, {Name: "/memory/classes/other:bytes"},
	}
	metrics.Read(now)
	u := memoryUse{events: m.events.Load(), cache: m.cacheBytes, held: int64(now[0].Value.Uint64()), stacks: int64(now[1].Value.Uint64())}
	for _, other := range now[2:] {
		u.runtime += int64(other.Value.Uint64())
	}
	debug.SetMemoryLimit(u.limit())
}

// memoryUse is what the program holds, in bytes.
type memoryUse struct {
	events, cache   int64 // their copy, and what the cache may take
	held            int64 // the heap when the collector ran last, with all of these
	stacks, runtime int64 // beside it: of goroutines, and what Go itself needs
}

func (u memoryUse) limit() int64 {
	const forRequests, atLeast = 24 << 20, 8 << 20
	return max(u.events+u.cache+forRequests, u.held+u.held/16+atLeast) + 2*u.stacks + u.runtime
}
