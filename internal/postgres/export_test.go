package postgres

import (
	"context"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// PagesOfAtMost sets how many bytes a page may have.
func (s *Store) PagesOfAtMost(bytes int) { s.pageBytes = bytes }

// CatchUpAtMost sets how many changes memory applies one by one.
func (s *Store) CatchUpAtMost(n int) { s.memory.catchUp = n }

// HoldAtMost sets how many bytes memory takes.
func (s *Store) HoldAtMost(n int) { s.memory.most = n }

// OccupyMemory does as if somebody applied changes, until release is called.
func (s *Store) OccupyMemory() (release func()) {
	s.memory.updating <- struct{}{}
	return func() { <-s.memory.updating }
}

// OccupyTurns takes every place for costly questions, until release is called.
func (s *Store) OccupyTurns() (release func()) {
	var held []chan struct{}
	for _, places := range []chan struct{}{s.memory.computing, s.scanning} {
		for range cap(places) {
			places <- struct{}{}
			held = append(held, places)
		}
	}
	return func() {
		for _, places := range held {
			<-places
		}
	}
}

// TooCostly is what becomes of the error of a chart.
func TooCostly(ctx context.Context, err error) error { return tooCostly(ctx, errChartTooCostly, err) }

// InMemory gives the revision of the copy in memory, -1 where there is none.
func (s *Store) InMemory() int64 {
	if table := s.memory.table.Load(); table != nil {
		return table.Revision()
	}
	return -1
}

// BytesInMemory is what the copy takes.
func (s *Store) BytesInMemory() int { return s.memory.table.Load().Bytes() }

// UsageOfRows is Usage without memory.
func (s *Store) UsageOfRows(ctx context.Context, kind string) (map[string]timeline.Usage, error) {
	return s.readUsage(ctx, kind)
}

// EndSilent sets after what silence a session is ended that holds a lock.
func (s *Store) EndSilent(after time.Duration) { s.silent.most = after }
