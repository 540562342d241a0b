package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/tarikh-timeline/tarikh/bench/load"
	"github.com/tarikh-timeline/tarikh/bench/synthetic"
)

// Names of what hot reads compare.
const (
	quiet    = "the program, log and metrics off"
	observed = "the program, log and metrics on"
	memory1  = "gin from memory"
)

// encodings are those that a page is asked in.
var encodings = []string{"identity", "gzip", "zstd"}

// hot compares pages that are asked again and again with gin and with the rivals.
func hot(ctx context.Context, b *bench, p *part) error {
	own, err := b.start(ctx, serving{database: b.url("tarikh", "hot")})
	if err != nil {
		return err
	}
	defer own.stop()
	watched, err := b.start(ctx, serving{database: b.url("tarikh", "hot"), observed: true})
	if err != nil {
		return err
	}
	defer watched.stop()
	q := synthetic.Question{Country: synthetic.CountryCodes()[0], From: "1800-01-01", To: "2200-12-31"}
	path := "/v1/events?country=" + q.Country + "&limit=50"
	memory, etag, err := b.startGin(ctx, own, path)
	if err != nil {
		return err
	}
	defer memory.stop()
	rivals, stop := b.startRivals(ctx, p, own, []synthetic.Question{q})
	defer stop()
	b.say("the programs read their copies of the events")
	b.settle(ctx, 3*time.Minute, own.pid(), watched.pid())

	var targets []load.Target
	for _, e := range encodings {
		targets = append(targets,
			b.again(quiet+", "+e, own.pid(), own.address+path, "Accept-Encoding: "+e),
			b.again(memory1+", "+e, memory.pid(), memory.address+"/page."+e))
	}
	targets = append(targets,
		b.again(observed+", identity", watched.pid(), watched.address+path, "Accept-Encoding: identity"),
		b.again(quiet+", 304", own.pid(), own.address+path, "Accept-Encoding: identity", "If-None-Match: "+etag),
		b.again("gin, an empty 304", memory.pid(), memory.address+"/304"))
	var names []string
	for _, r := range rivals {
		names = append(names, r.title)
		url, line := r.process.address, r.line(q)
		if r.post == "" {
			targets = append(targets, b.again(r.title, r.process.pid(), url+line))
			continue
		}
		targets = append(targets, load.Target{Name: r.title, PID: r.process.pid(), Run: func(ctx context.Context, round int) (load.Sample, error) {
			s, err := load.HTTP{URL: url, Lines: []string{line}, Post: r.post, Headers: []string{"Content-Type: application/json"}, Connections: connections, Length: b.lengthOf(round), Dir: b.work}.Run(ctx)
			s.Repeated = 0 // as is meant
			return s, err
		}})
	}
	m := b.compare(ctx, p, targets)

	const axis = "hot read"
	p.aim(m, axis, "0.9 of gin serving the same bytes, log and metrics off", quiet+", identity", memory1+", identity", 0.9)
	p.aim(m, axis, "0.75 of gin, both on", observed+", identity", memory1+", identity", 0.75)
	for _, e := range encodings[1:] {
		p.aim(m, axis, "0.9 of gin, "+e, quiet+", "+e, memory1+", "+e, 0.9)
	}
	p.aim(m, axis, "a 304 at 0.9 of an empty gin answer", quiet+", 304", "gin, an empty 304", 0.9)
	if best := m.best(names); best != "" {
		p.aim(m, axis, "25 times the best uncached rival", quiet+", identity", best, 25)
		p.Notes = append(p.Notes, "The best rival is "+best+".")
	}
	return m.oneFailed(quiet+", identity", memory1+", identity")
}

// startGin starts gin with the bytes that the program answers with in each encoding,
// and gives the answer's ETag too.
func (b *bench) startGin(ctx context.Context, own *process, path string) (*process, string, error) {
	folder := filepath.Join(b.work, "limits-pages")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, "", err
	}
	var etag string
	for _, e := range encodings {
		body, answer, err := get(ctx, own.address+path, http.Header{"Accept-Encoding": {e}})
		if err != nil {
			return nil, "", err
		}
		if told := answer.Get("Content-Encoding"); told != e && (e != "identity" || told != "") {
			return nil, "", fmt.Errorf("asked for %s the program answers with the encoding %q", e, told)
		}
		if err := os.WriteFile(filepath.Join(folder, "page."+e), body, 0o600); err != nil {
			return nil, "", err
		}
		if e == "identity" {
			etag = answer.Get("ETag")
		}
	}
	if etag == "" {
		return nil, "", errors.New("the program's page has no ETag")
	}
	program := filepath.Join(b.work, "limits")
	if err := b.goBuild(ctx, program, "./bench/limits"); err != nil {
		return nil, "", err
	}
	p, err := b.greeted(ctx, exec.CommandContext(context.WithoutCancel(ctx), program, folder))
	return p, etag, err
}
