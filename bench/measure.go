package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tarikh-timeline/tarikh/bench/load"
)

// connections is how many requests are under way at once, where it is not one.
const connections = 32

// warmUp is the round before the first, which is not measured.
const warmUp = -1

// trial tells of a run that is too short for figures: it leaves out what only they need.
func (b *bench) trial() bool { return b.seconds == 1 }

// lengthOf is how long a round's load is.
func (b *bench) lengthOf(round int) time.Duration {
	if round == warmUp {
		return time.Second
	}
	return b.length()
}

// measured are the results of a comparison, by the name of what was measured.
type measured map[string]load.Measured

// compare measures targets in interleaved rounds, and adds a table of them to the part.
// Who failed is in the table, with the reason below it.
func (b *bench) compare(ctx context.Context, p *part, targets []load.Target) measured {
	if !b.trial() { // what is compiled or cached by use is ready then
		b.say("every target is warmed up")
		for _, t := range targets {
			if _, err := t.Run(ctx, warmUp); err != nil {
				b.say("%s: %v", t.Name, err) // the rounds will tell
			}
		}
	}
	all := load.Rounds(ctx, b.rounds, targets, b.postmaster, func(target string, round int, s load.Sample, err error) {
		if err != nil {
			b.say("round %d, %s: FAILED: %v", round+1, target, err)
			return
		}
		b.say("round %d, %s: %s a second, p50 %s, p99 %s", round+1, target, figure(s.Rate()), span(s.P50), span(s.P99))
	})
	t := table{Columns: []string{"", "requests/s", "min", "max", "p50", "p99", "CPU a request, µs", "Postgres' CPU, µs", "resident, MB", "peak, MB"}}
	found := measured{}
	for _, m := range all {
		found[m.Name] = m
		t.Rows = append(t.Rows, rowOf(m))
		if m.Err != nil {
			p.Notes = append(p.Notes, fmt.Sprintf("%s: failed: %v.", m.Name, m.Err))
		}
		if m.Repeated > 0 {
			p.Notes = append(p.Notes, fmt.Sprintf("%s: %s of %s questions were asked twice, because the list was too short.", m.Name, count(m.Repeated), count(m.Requests)))
		}
	}
	p.Tables = append(p.Tables, t)
	return found
}

func rowOf(m load.Measured) []string {
	row := []string{m.Name}
	if len(m.Rates) == 0 {
		return append(row, slices.Repeat([]string{"–"}, 9)...)
	}
	row = append(row, figure(load.Median(m.Rates)), figure(m.Rates[0]), figure(m.Rates[len(m.Rates)-1]), span(load.Median(m.P50s)), span(load.Median(m.P99s)))
	micros := func(d time.Duration) string { return figure(float64(d.Nanoseconds()) / 1000) }
	row = append(row, "–", micros(load.Median(m.Postgres)), "–", "–")
	if m.Resident > 0 {
		row[6], row[8], row[9] = micros(load.Median(m.CPU)), megabytes(m.Resident), megabytes(m.Peak)
	}
	return row
}

func megabytes(bytes int64) string {
	if bytes < 10e6 {
		return fmt.Sprintf("%.1f", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%.0f", float64(bytes)/1e6)
}

// span writes a time with its unit.
func span(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%d µs", d.Microseconds())
}

// rate gives the median of a target, and whether there is one.
func (m measured) rate(name string) (float64, bool) {
	of := m[name]
	return load.Median(of.Rates), len(of.Rates) > 0
}

// ratio gives the rate of one against another's; false where one of them failed.
func (m measured) ratio(of, against string) (float64, bool) {
	a, measured := m.rate(of)
	b, too := m.rate(against)
	if !measured || !too || b == 0 {
		return 0, false
	}
	return a / b, true
}

// best gives the fastest of some targets, "" where all failed.
func (m measured) best(names []string) string {
	best := ""
	for _, name := range names {
		rate, ok := m.rate(name)
		if of, _ := m.rate(best); ok && (best == "" || rate > of) {
			best = name
		}
	}
	return best
}

// aim adds a goal for the ratio of two targets, where both were measured.
func (p *part) aim(m measured, axis, words, of, against string, atLeast float64) {
	if ratio, ok := m.ratio(of, against); ok {
		p.Goals = append(p.Goals, goal{Axis: axis, Goal: words, Value: ratio, AtLeast: atLeast})
	}
}

// oneFailed gives an error where a target failed that nothing can be said without.
func (m measured) oneFailed(names ...string) error {
	var faults []error
	for _, name := range names {
		if err := m[name].Err; err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(faults...)
}

// again makes a target that asks one address again and again.
func (b *bench) again(name string, pid int, url string, headers ...string) load.Target {
	return load.Target{Name: name, PID: pid, Run: func(ctx context.Context, round int) (load.Sample, error) {
		return load.HTTP{URL: url, Headers: headers, Connections: connections, Length: b.lengthOf(round), Dir: b.work}.Run(ctx)
	}}
}
