package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tarikh-timeline/tarikh/bench/load"
	"github.com/tarikh-timeline/tarikh/bench/synthetic"
)

// uncached and statement are names of what cold reads compare.
const (
	uncached  = "the program, nothing cached"
	statement = "pgbench, the same prepared statement"
)

// questionsASecond is more than any target answers.
const questionsASecond = 12_000

// cold compares questions that never repeat with the bare statement and with the rivals.
func cold(ctx context.Context, b *bench, p *part) error {
	captured, err := b.capture(ctx)
	if err != nil {
		p.Notes = append(p.Notes, fmt.Sprintf("pgbench was not measured: %v.", err))
		b.say("pgbench is not measured: %v", err)
	}
	own, err := b.start(ctx, serving{database: b.url("tarikh", "cold"), cache: "0"})
	if err != nil {
		return err
	}
	defer own.stop()
	asker := synthetic.NewAsker(seed)
	rivals, stop := b.startRivals(ctx, p, own, asker.Ask(20))
	defer stop()
	b.say("the program reads its copy of the events")
	b.settle(ctx, 3*time.Minute, own.pid())

	questions := b.ask(asker)
	targets := []load.Target{b.asking(uncached, own, questions, variant{line: ownPath})}
	var names []string
	if captured != nil {
		clients, err := b.bestClients(ctx, captured)
		if err != nil {
			return err
		}
		p.Notes = append(p.Notes, fmt.Sprintf("pgbench has %d clients, with which it is fastest here. The statement has %d parameters, and its connections the program's settings: `%s`.", clients, len(captured.parameters), strings.Join(captured.settings, "`, `")))
		targets = append(targets, load.Target{Name: statement, Run: func(ctx context.Context, round int) (load.Sample, error) {
			return b.pgbench(captured, clients, b.lengthOf(round)).Run(ctx)
		}})
	}
	for _, r := range rivals {
		names = append(names, r.title)
		targets = append(targets, b.asking(r.title, r.process, questions, r.variant))
	}
	m := b.compare(ctx, p, targets)
	p.aim(m, "cold read", "0.85 of pgbench with the same statement", uncached, statement, 0.85)
	if best := m.best(names); best != "" {
		p.aim(m, "cold read", "4 times the best rival", uncached, best, 4)
		p.Notes = append(p.Notes, "The best rival is "+best+".")
	}
	if captured == nil {
		return errors.Join(m.oneFailed(uncached), errors.New("pgbench was not measured"))
	}
	return m.oneFailed(uncached, statement)
}

// ask gives the questions of each round, those of the warm-up first.
func (b *bench) ask(asker *synthetic.Asker) [][]synthetic.Question {
	questions := [][]synthetic.Question{asker.Ask(questionsASecond)}
	for range b.rounds {
		questions = append(questions, asker.Ask(questionsASecond*b.seconds))
	}
	return questions
}

// asking makes a target that asks each round's questions.
func (b *bench) asking(name string, p *process, questions [][]synthetic.Question, v variant) load.Target {
	return load.Target{Name: name, PID: p.pid(), Run: func(ctx context.Context, round int) (load.Sample, error) {
		of := questions[round-warmUp]
		lines := make([]string, len(of))
		for i, q := range of {
			lines[i] = v.line(q)
		}
		h := load.HTTP{URL: p.address, Lines: lines, Post: v.post, Connections: connections, Length: b.lengthOf(round), Dir: b.work}
		if v.post != "" {
			h.Headers = []string{"Content-Type: application/json"}
		}
		return h.Run(ctx)
	}}
}

// pgbench makes a load of the captured statement.
func (b *bench) pgbench(c *captured, clients int, length time.Duration) load.SQL {
	return load.SQL{URL: b.url("tarikh", "pgbench"), Script: c.script(), Connections: clients, Length: length, Options: c.options(), Dir: b.work}
}

// bestClients tries how many clients give pgbench the most.
func (b *bench) bestClients(ctx context.Context, c *captured) (int, error) {
	best, most := 0, 0.0
	if b.trial() {
		return 8, nil
	}
	for _, clients := range []int{4, 8, connections} {
		s, err := b.pgbench(c, clients, time.Second).Run(ctx)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", statement, err)
		}
		if b.say("pgbench with %d clients: %s a second", clients, figure(s.Rate())); s.Rate() > most {
			best, most = clients, s.Rate()
		}
	}
	return best, nil
}
