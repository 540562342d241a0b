package main

import (
	"context"
	"fmt"
	"time"

	"github.com/tarikh-timeline/tarikh/bench/load"
	"github.com/tarikh-timeline/tarikh/bench/synthetic"
)

// cacheLimit is the default of TARIKH_CACHE_BYTES.
const cacheLimit = 64e6

// memory tells what the program takes under load.
func memory(ctx context.Context, b *bench, p *part) error {
	own, err := b.start(ctx, serving{database: b.url("tarikh", "memory")})
	if err != nil {
		return err
	}
	defer own.stop()
	t := table{Columns: []string{"", "requests", "resident, MB", "peak since the start, MB"}}
	var most int64
	row := func(name string, requests int) {
		now, peak := load.Memory(own.pid())
		b.say("%s: %s MB resident, %s MB at most", name, megabytes(now), megabytes(peak))
		t.Rows = append(t.Rows, []string{name, count(requests), megabytes(now), megabytes(peak)})
		most = peak
	}
	row("just started", 0)
	b.settle(ctx, 5*time.Minute, own.pid())
	row("its copy of the events read", 0)
	hot := load.HTTP{URL: own.address + "/v1/events?country=" + synthetic.CountryCodes()[0], Connections: connections, Length: b.length(), Dir: b.work}
	s, err := hot.Run(ctx)
	if err != nil {
		return err
	}
	row("after hot reads", s.Requests)
	// Some thousand pages fill the cache; no fewer are asked where loads are short.
	questions := synthetic.NewAsker(seed + 2).Ask(questionsASecond * 2 * b.seconds)
	lines := make([]string, len(questions))
	for i, q := range questions {
		lines[i] = ownPath(q)
	}
	if s, err = (load.HTTP{URL: own.address, Lines: lines, Connections: connections, Length: 2 * b.length(), Dir: b.work}).Run(ctx); err != nil {
		return err
	}
	row("after cold reads", s.Requests)
	p.Tables = append(p.Tables, t)
	if most == 0 {
		return fmt.Errorf("this system does not tell the memory of a process")
	}
	p.Goals = append(p.Goals, goal{Axis: "memory under load", Goal: "at most 64 MB plus the cache's limit of 64 MB", Value: float64(most) / 1e6, Unit: " MB", AtMost: (64e6 + cacheLimit) / 1e6})
	return nil
}
