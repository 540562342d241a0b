package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/tarikh-timeline/tarikh/bench/load"
)

// starts is how often the program is started for a figure, but for a trial of all this.
const starts, fewStarts = 10, 3

// starting tells how long the program takes from its start to its first answer.
func starting(ctx context.Context, b *bench, p *part) error {
	t := table{Columns: []string{"", "median", "min", "max"}}
	p.Tables = append(p.Tables, t)
	given, err := b.timeStarts(ctx, serving{database: b.url("tarikh", "start")})
	if err != nil {
		return fmt.Errorf("with DATABASE_URL: %w", err)
	}
	add := func(name string, times []time.Duration) {
		p.Tables[0].Rows = append(p.Tables[0].Rows, []string{name, span(load.Median(times)), span(times[0]), span(times[len(times)-1])})
		p.Goals = append(p.Goals, goal{Axis: "start to the first answer", Goal: "at most 100 ms, " + name, Value: float64(load.Median(times).Microseconds()) / 1000, Unit: " ms", AtMost: 100})
	}
	add("with `DATABASE_URL`", given)
	// A database of its own: the start of Postgres is part of it.
	own := serving{folder: filepath.Join(b.work, "own")}
	b.say("an embedded server of the program's own is made")
	first, err := b.start(ctx, own)
	if err != nil {
		return fmt.Errorf("with the embedded server: %w", err)
	}
	first.stop()
	embedded, err := b.timeStarts(ctx, own)
	if err != nil {
		return fmt.Errorf("with the embedded server: %w", err)
	}
	add("with the embedded server, whose start is part of it", embedded)
	return nil
}

// timeStarts starts the program again and again, and gives the sorted times.
func (b *bench) timeStarts(ctx context.Context, s serving) ([]time.Duration, error) {
	var times []time.Duration
	tries := starts
	if b.trial() {
		tries = fewStarts
	}
	for range tries {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		begun := time.Now()
		server, err := b.start(ctx, s)
		if err != nil {
			return nil, err
		}
		err = server.waitUntil(ctx, "/v1/events")
		took := time.Since(begun)
		server.stop()
		if err != nil {
			return nil, err
		}
		b.say("started in %s", span(took))
		times = append(times, took)
	}
	slices.Sort(times)
	return times, nil
}
