package load

import (
	"context"
	"slices"
	"time"
)

// Target is something that is measured beside others.
type Target struct {
	Name string
	Run  func(ctx context.Context, round int) (Sample, error)
	PID  int // of the server whose CPU time and memory count; 0: none
}

// Measured is what all rounds tell of a target. Of each list the rounds' values are sorted.
type Measured struct {
	Name               string
	Rates              []float64
	P50s, P99s         []time.Duration
	CPU, Postgres      []time.Duration // for each request
	Requests, Repeated int
	Resident, Peak     int64 // bytes, of the server after the last round
	Err                error // why it was given up; the rounds before it count
}

// Rounds measures the targets in turns: every round begins with another one. Who fails
// is given up, and the others go on. database is the process that Postgres' others
// are children of, 0 for none. told hears of every step.
func Rounds(ctx context.Context, rounds int, targets []Target, database int, told func(target string, round int, s Sample, err error)) []Measured {
	all := make([]Measured, len(targets))
	for i := range targets {
		all[i].Name = targets[i].Name
	}
	for round := range rounds {
		for i := range targets {
			at := (i + round) % len(targets)
			if ctx.Err() != nil && all[at].Err == nil {
				all[at].Err = context.Cause(ctx)
			}
			if all[at].Err != nil {
				continue
			}
			s, err := all[at].measure(ctx, targets[at], round, database)
			told(targets[at].Name, round, s, err)
		}
	}
	for i := range all {
		m := &all[i]
		slices.Sort(m.Rates)
		for _, list := range [][]time.Duration{m.P50s, m.P99s, m.CPU, m.Postgres} {
			slices.Sort(list)
		}
	}
	return all
}

// measure makes one load and adds what it tells.
func (m *Measured) measure(ctx context.Context, t Target, round, database int) (Sample, error) {
	cpu := func() (own, postgres time.Duration) {
		if t.PID != 0 {
			own = CPU(t.PID, false)
		}
		if database != 0 {
			postgres = CPU(database, true)
		}
		return own, postgres
	}
	own, postgres := cpu()
	s, err := t.Run(ctx, round)
	if err != nil {
		m.Err = err
		return s, err
	}
	ownAfter, postgresAfter := cpu()
	m.Rates = append(m.Rates, s.Rate())
	m.P50s, m.P99s = append(m.P50s, s.P50), append(m.P99s, s.P99)
	m.CPU = append(m.CPU, (ownAfter-own)/time.Duration(s.Requests))
	m.Postgres = append(m.Postgres, max(0, postgresAfter-postgres)/time.Duration(s.Requests))
	m.Requests += s.Requests
	m.Repeated += s.Repeated
	if t.PID != 0 {
		m.Resident, m.Peak = Memory(t.PID)
	}
	return s, nil
}

// Median gives the middle of a sorted list, the lower of two; the zero value of none.
func Median[T any](sorted []T) T {
	var none T
	if len(sorted) == 0 {
		return none
	}
	return sorted[(len(sorted)-1)/2]
}
