package main

import (
	"os"
	"runtime/debug"
)

// limitMemory makes the collector work before the program takes twice what it holds,
// as it would otherwise: above the copy of the events, whose size is known, and the
// answers kept, there is room for requests. Nearly all that is held has no pointers, so
// that collecting often costs little. The limit is a soft one. Who sets GOMEMLIMIT
// decides.
func limitMemory(eventsInMemory int, cacheBytes int64) {
	const forRequests = 24 << 20
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(eventsInMemory) + cacheBytes + forRequests)
	}
}
