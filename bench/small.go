package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/tarikh-timeline/tarikh/bench/load"
	"github.com/tarikh-timeline/tarikh/bench/synthetic"
)

// smallEvents is how many events the small case has.
const smallEvents = 2_000

// small compares with json-server, which keeps a file of JSON in memory.
func small(ctx context.Context, b *bench, p *part) error {
	return b.scratch(ctx, "bench_small", "template1", func() error {
		if _, err := b.load(ctx, "bench_small", smallEvents, asFile); err != nil {
			return err
		}
		cached, err := b.start(ctx, serving{database: b.url("bench_small", "small")})
		if err != nil {
			return err
		}
		defer cached.stop()
		bare, err := b.start(ctx, serving{database: b.url("bench_small", "small"), cache: "0"})
		if err != nil {
			return err
		}
		defer bare.stop()
		b.settle(ctx, time.Minute, cached.pid(), bare.pid())
		questions := b.ask(synthetic.NewAsker(seed + 3))
		page := synthetic.Question{Country: synthetic.CountryCodes()[0], From: "1800-01-01", To: "2200-12-31"}
		targets := []load.Target{
			b.again("the program, one page", cached.pid(), cached.address+ownPath(page)),
			b.asking("the program, distinct questions, nothing cached", bare, questions, variant{line: ownPath}),
		}
		rival, err := b.startJSONServer(ctx, page)
		if err != nil {
			p.Notes = append(p.Notes, fmt.Sprintf("Absent: %s (%v).", jsonServer, err))
			b.say("%s is absent: %v", jsonServer, err)
		} else {
			defer rival.stop()
			targets = append(targets,
				b.again("json-server, one page", rival.pid(), rival.address+jsonPath(page)),
				b.asking("json-server, distinct questions", rival, questions, variant{line: jsonPath}))
		}
		m := b.compare(ctx, p, targets)
		p.aim(m, "the small case", "25 times json-server, one page", "the program, one page", "json-server, one page", 25)
		p.aim(m, "the small case", "4 times json-server, distinct questions", "the program, distinct questions, nothing cached", "json-server, distinct questions", 4)
		return m.oneFailed("the program, one page", "the program, distinct questions, nothing cached")
	})
}

// jsonPath asks json-server a question.
func jsonPath(q synthetic.Question) string {
	return "/events?countries_like=" + q.Country + "&from_lte=" + q.To + "&to_gte=" + q.From + "&_sort=from&_limit=50"
}

// startJSONServer starts json-server on the same events, with columns to filter by.
func (b *bench) startJSONServer(ctx context.Context, page synthetic.Question) (*process, error) {
	if !slices.Contains(b.rivals, jsonServer) {
		return nil, fmt.Errorf("not asked for")
	}
	folder, err := b.npmInstall(ctx, jsonServer)
	if err != nil {
		return nil, err
	}
	type row struct {
		ID        string          `json:"id"`
		From      string          `json:"from"`
		To        string          `json:"to"`
		Countries []string        `json:"countries"`
		Event     json.RawMessage `json:"event"`
	}
	rows := make([]row, 0, smallEvents)
	g := synthetic.New(seed)
	for range smallEvents {
		e := g.Event()
		r := row{ID: e.ID, From: "0000-01-01", To: "9999-12-31", Event: append(bytes.Clone(e.AppendBody(nil)), '}')}
		if e.Date.StartEarliest.Known {
			r.From = e.Date.StartEarliest.Day.String()
		}
		if e.Date.EndLatest.Known {
			r.To = e.Date.EndLatest.Day.String()
		}
		for _, c := range e.Countries {
			r.Countries = append(r.Countries, c.Code)
		}
		rows = append(rows, r)
	}
	text, err := json.Marshal(map[string]any{"events": rows})
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.work, "small.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	node, err := b.node(ctx)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(context.WithoutCancel(ctx), node, filepath.Join("node_modules", "json-server", "lib", "cli", "bin.js"), file, "--host", "127.0.0.1", "--port", port, "--quiet")
	command.Dir, command.Env = folder, append(os.Environ(), "NODE_ENV=production")
	p, err := launch(command, filepath.Join(b.work, "json-server.log"))
	if err != nil {
		return nil, err
	}
	p.address = "http://127.0.0.1:" + port
	if _, err := p.check(ctx, variant{line: jsonPath}, page); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}
