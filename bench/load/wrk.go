package load

import (
	"context"
	_ "embed" // the script
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

//go:embed wrk.lua
var script string

// HTTP is a load of HTTP requests.
type HTTP struct {
	URL         string // asked again and again; where there are lines, scheme and host alone count
	Lines       []string
	Post        string // path that the lines are posted to as bodies; "": they are paths
	Headers     []string
	Connections int
	Length      time.Duration
	Dir         string // for files
}

// Run makes the load with wrk, in one thread.
func (h HTTP) Run(ctx context.Context) (Sample, error) {
	lua := filepath.Join(h.Dir, "wrk.lua")
	if err := os.WriteFile(lua, []byte(script), 0o600); err != nil {
		return Sample{}, err
	}
	env := os.Environ()
	if len(h.Lines) > 0 {
		name := filepath.Join(h.Dir, "lines")
		file, err := os.Create(name)
		if err != nil {
			return Sample{}, err
		}
		if err := errors.Join(writeLines(file, h.Lines), file.Close()); err != nil {
			return Sample{}, err
		}
		defer os.Remove(name)
		env = append(env, "LOAD_LINES="+name)
		if h.Post != "" {
			env = append(env, "LOAD_PATH="+h.Post)
		}
	}
	args := []string{"-t1", fmt.Sprint("-c", h.Connections), fmt.Sprintf("-d%ds", max(1, int(h.Length.Seconds()))), "--timeout", "20s", "-s", lua}
	for _, header := range h.Headers {
		args = append(args, "-H", header)
	}
	out, err := output(ctx, h.Length+60*time.Second, env, "wrk", append(args, h.URL)...)
	if err != nil {
		return Sample{}, err
	}
	return parseWrk(out)
}

// parseWrk reads the line that the script ends with.
func parseWrk(out string) (Sample, error) {
	var told struct{ Requests, Micros, P50, P99, Unanswered, Refused, Repeated int }
	line := lastLine(out)
	if err := json.Unmarshal([]byte(line), &told); err != nil {
		return Sample{}, fmt.Errorf("wrk ended with %q, which is not what its script prints: %w", line, err)
	}
	micros := func(n int) time.Duration { return time.Duration(n) * time.Microsecond }
	s := Sample{
		Requests: told.Requests, Took: micros(told.Micros), P50: micros(told.P50), P99: micros(told.P99),
		Faults: told.Unanswered + told.Refused, Repeated: told.Repeated,
	}
	switch {
	case s.Requests == 0:
		return s, errors.New("wrk got no answer at all")
	case s.Faults > 0:
		return s, fmt.Errorf("of %d requests %d were not answered and %d were answered with an error", told.Requests, told.Unanswered, told.Refused)
	}
	return s, nil
}

// Line makes one line of a body.
func Line(body string) string { return strings.Join(strings.Fields(body), " ") }
