package postgres

import (
	"math"
	"time"
)

// Stats are figures for operators. Reading them asks nothing of the database.
type Stats struct {
	Acquired, Idle, Connecting, Most int32 // connections of the pool

	Acquires int64         // times that a connection was asked for and had
	Waits    int64         // of them, those that had to wait for one
	Waited   time.Duration // by them all
	GivenUp  int64         // times that a connection was asked for in vain

	Revision  int64         // the newest that is known; 0: none yet
	Confirmed time.Duration // since that was the newest for sure; Unconfirmed: it never was

	Replicas, Answering int // the replicas, and those of them that take part

	Schema int64 // version that Ready found last; 0: none

	MemoryOn       bool // there is a copy of the events in memory
	MemoryEvents   int
	MemoryBytes    int64
	MemoryRevision int64
}

// Unconfirmed is longer than any program runs.
const Unconfirmed = time.Duration(math.MaxInt64)

// Stats gives the figures of now.
func (s *Store) Stats() Stats {
	pool := s.pool.Stat()
	stats := Stats{
		Acquired: pool.AcquiredConns(), Idle: pool.IdleConns(), Connecting: pool.ConstructingConns(), Most: pool.MaxConns(),
		Acquires: pool.AcquireCount(), Waits: pool.EmptyAcquireCount(), Waited: pool.EmptyAcquireWaitTime(), GivenUp: pool.CanceledAcquireCount(),
		Confirmed: Unconfirmed, Schema: s.schema.Load(),
		Replicas: len(s.replicas.all), Answering: s.replicas.answering(),
	}
	if known := s.watch.now.Load(); known != nil {
		stats.Revision = known.revision
		since := known.confirmed
		if since.IsZero() { // somebody saw a newer one, which nobody has read yet
			since = known.learnt
		}
		stats.Confirmed = time.Since(since)
	}
	if table := s.memory.table.Load(); table != nil {
		stats.MemoryOn, stats.MemoryEvents, stats.MemoryBytes, stats.MemoryRevision = true, table.Len(), int64(table.Bytes()), table.Revision()
	}
	return stats
}
