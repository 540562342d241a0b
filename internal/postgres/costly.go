package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Questions that look at every event are answered a few at a time, however many ask: in
// memory as many as there are processors, from the rows on half of the connections. So
// neither memory nor the time of others' answers depends on how many different ones are
// sent at once, also by clients who hang up before they have their answer.

// errManyCostly is told to those who waited for their turn in vain.
var errManyCostly = &timeline.Error{
	Kind: timeline.KindBusy, Message: "Many charts, facets and counts are being made; try again shortly.", RetryAfter: time.Second,
}

// turn waits for a place among costly questions, for as long as one of them may take.
func (s *Store) turn(ctx context.Context, places chan struct{}) (leave func(), err error) {
	full := *errManyCostly
	return await(ctx, places, s.statementTime, &full)
}

// compute runs do, which asks the copy in memory, when its turn has come. It is told to
// give up, which it does with timeline.ErrGivenUp, when nobody waits any more or its
// budget is spent; then the error is spent.
func (s *Store) compute(ctx context.Context, spent *timeline.Error, do func(giveUp func() bool) error) error {
	leave, err := s.turn(ctx, s.memory.computing)
	if err != nil {
		return err
	}
	defer leave()
	limited, cancel := context.WithTimeout(ctx, s.statementTime)
	defer cancel()
	return tooCostly(ctx, spent, do(func() bool { return limited.Err() != nil }))
}

// tooCostly tells why something was given up.
func tooCostly(ctx context.Context, spent *timeline.Error, err error) error {
	if !errors.Is(err, timeline.ErrGivenUp) {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	told := *spent
	told.Cause = err
	return &told
}
