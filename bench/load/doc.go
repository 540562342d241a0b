// Package load makes load with programs that are made for it, wrk and pgbench, each a
// process of its own, and watches what it costs: the rate, how long requests take, and
// the CPU time and memory of the processes that answer. It knows nothing of events.
package load

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Sample is what one load measured.
type Sample struct {
	Requests int
	Took     time.Duration
	P50, P99 time.Duration
	Faults   int // requests without an answer, or with one that is none of 2xx and 3xx
	Repeated int // questions that were asked again, because the list was at its end
}

// Rate gives the requests a second.
func (s Sample) Rate() float64 {
	if s.Took <= 0 {
		return 0
	}
	return float64(s.Requests) / s.Took.Seconds()
}

// output runs a program to its end, which comes early with ctx, and gives what it
// printed. Its error holds the last words.
func output(ctx context.Context, patience time.Duration, env []string, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Env = env
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 5 * time.Second
	var out, errs strings.Builder
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return "", fmt.Errorf("%s: %w: %s", name, err, lastLine(errs.String()+out.String()))
	}
	return out.String(), nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// writeLines writes each line, ended.
func writeLines(out io.Writer, lines []string) error {
	for _, line := range lines {
		if _, err := io.WriteString(out, line+"\n"); err != nil {
			return err
		}
	}
	return nil
}
