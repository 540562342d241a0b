package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// dearest is what the program in bench/filters says of pages that have a goal.
var dearest = regexp.MustCompile(`The dearest page of one term, or of any of four countries: \**(\d+|over its budget)`)

// aimBuffers sets goals for what the dearest page reads.
func (p *part) aimBuffers(told string) error {
	const axis = "page of one term with any window, or of any 4 countries, first or deep"
	m := dearest.FindStringSubmatch(told)
	if m == nil {
		return errors.New("bench/filters does not tell the dearest page")
	}
	buffers, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return errors.New("a page that has a goal is over its time budget")
	}
	p.Goals = append(p.Goals,
		goal{Axis: axis, Goal: "at most 300 buffers at 1M", Value: buffers, Unit: " buffers", AtMost: 300, Upto: 1_000_000},
		goal{Axis: axis, Goal: "at most 3 times that at 10M", Value: buffers, Unit: " buffers", AtMost: 3, Same: true})
	return nil
}

// filters runs the program in bench/filters on the events: it prints Markdown. Up to
// asFile of them are copied, and some written a second time, so that there is a past to
// ask for.
func filters(ctx context.Context, b *bench, p *part) error {
	program := filepath.Join(b.work, "filters")
	if err := b.goBuild(ctx, program, "./bench/filters"); err != nil {
		return err
	}
	if b.events > asFile {
		p.Notes = append(p.Notes, "No event has a second version here.")
		return tableOfFilters(ctx, b, p, program, "tarikh")
	}
	return b.scratch(ctx, "past", "tarikh", func() error {
		if err := b.addPast(ctx, "past"); err != nil {
			return err
		}
		p.Notes = append(p.Notes, fmt.Sprintf("One event in %d was written a second time, by one import: before it lies the revision before the newest.", pastShare))
		return tableOfFilters(ctx, b, p, program, "past")
	})
}

func tableOfFilters(ctx context.Context, b *bench, p *part, program, database string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, program)
	command.Env = append(os.Environ(), "DATABASE_URL="+b.url(database, "filters"))
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 10 * time.Second
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil {
		return fmt.Errorf("bench/filters: %w: %.300s", err, strings.TrimSpace(errs.String()))
	}
	p.Notes = append(p.Notes, strings.TrimSpace(out.String()))
	return p.aimBuffers(out.String())
}
