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
// answers kept, there is room for requests. Those two have no pointers, so that they cost
// the collector little; what it has to look through, the connections of clients above
// all, has twice its size, as Go gives to everything. The limit is a soft one.
type memoryLimit struct {
	cacheBytes int64
	kept       func() int64 // bytes of the cache that are in use
	events     atomic.Int64 // bytes of their copy
}

// newMemoryLimit sets the limit for a cache of so many bytes, of which kept tells how many
// are in use; nil, which limits nothing, where GOMEMLIMIT is set: who sets that decides.
func newMemoryLimit(cacheBytes int64, kept func() int64) *memoryLimit {
	if os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	m := &memoryLimit{cacheBytes: cacheBytes, kept: kept}
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
	u := memoryUse{events: m.events.Load(), cache: m.cacheBytes, kept: m.kept(), live: int64(now[0].Value.Uint64()), stacks: int64(now[1].Value.Uint64())}
	for _, other := range now[2:] {
		u.runtime += int64(other.Value.Uint64())
	}
	debug.SetMemoryLimit(u.limit())
}

// memoryUse is what the program holds, in bytes.
type memoryUse struct {
	events, cache, kept int64 // the copy of the events, what the cache may take, what it takes
	live                int64 // the heap when the collector ran last, with all of these
	stacks, runtime     int64 // beside it: of goroutines, and what Go itself needs
}

func (u memoryUse) limit() int64 {
	const forRequests, atLeast = 24 << 20, 8 << 20
	requests := max(0, u.live-u.events-u.kept)
	heap := max(u.events+u.cache+forRequests, u.live+u.live/16+atLeast, u.events+u.cache+2*requests)
	return heap + 2*u.stacks + u.runtime
}
