package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// filters runs the program in bench/filters on the events: it prints Markdown.
func filters(ctx context.Context, b *bench, p *part) error {
	if _, err := os.Stat(filepath.Join("bench", "filters", "main.go")); err != nil {
		return fmt.Errorf("bench/filters is absent")
	}
	program := filepath.Join(b.work, "filters")
	if err := b.goBuild(ctx, program, "./bench/filters"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, program)
	command.Env = append(os.Environ(), "DATABASE_URL="+b.url("tarikh", "filters"))
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 10 * time.Second
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil {
		return fmt.Errorf("bench/filters: %w: %.300s", err, strings.TrimSpace(errs.String()))
	}
	p.Notes = append(p.Notes, strings.TrimSpace(out.String()))
	return nil
}
