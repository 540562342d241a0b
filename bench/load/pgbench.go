package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SQL is a load of statements.
type SQL struct {
	URL         string
	Script      string // of pgbench
	Connections int
	Length      time.Duration
	Options     string // PGOPTIONS
	Dir         string // for files
}

// Run makes the load with pgbench: prepared statements, one thread.
func (s SQL) Run(ctx context.Context) (Sample, error) {
	dir, err := os.MkdirTemp(s.Dir, "pgbench-")
	if err != nil {
		return Sample{}, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "script.sql")
	if err := os.WriteFile(file, []byte(s.Script), 0o600); err != nil {
		return Sample{}, err
	}
	env := append(os.Environ(), "PGOPTIONS="+s.Options, "PGAPPNAME=pgbench")
	out, err := output(ctx, s.Length+5*time.Minute, env, "pgbench", "-n", "-M", "prepared", "-j", "1", "-c", strconv.Itoa(s.Connections),
		"-T", strconv.Itoa(max(1, int(s.Length.Seconds()))), "-f", file, "--log", "--log-prefix", filepath.Join(dir, "times"), s.URL)
	if err != nil {
		return Sample{}, err
	}
	sample, err := parsePgbench(out)
	if err != nil {
		return Sample{}, err
	}
	logs, err := filepath.Glob(filepath.Join(dir, "times.*"))
	if err != nil {
		return Sample{}, err
	}
	var times []time.Duration
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil {
			return Sample{}, err
		}
		of, err := parseTimes(string(text))
		if err != nil {
			return Sample{}, err
		}
		times = append(times, of...)
	}
	sample.P50, sample.P99 = percentile(times, 50), percentile(times, 99)
	return sample, nil
}

var (
	processed = regexp.MustCompile(`(?m)^number of transactions actually processed: (\d+)`)
	failed    = regexp.MustCompile(`(?m)^number of failed transactions: (\d+)`)
	tps       = regexp.MustCompile(`(?m)^tps = ([\d.]+) \(without initial connection time\)`)
)

// parsePgbench reads the summary of pgbench. The time is that without connecting.
func parsePgbench(out string) (Sample, error) {
	count, rate := processed.FindStringSubmatch(out), tps.FindStringSubmatch(out)
	if count == nil || rate == nil {
		return Sample{}, fmt.Errorf("pgbench tells no result in %q", out)
	}
	var s Sample
	s.Requests, _ = strconv.Atoi(count[1])
	perSecond, err := strconv.ParseFloat(rate[1], 64)
	if err != nil || s.Requests == 0 || perSecond == 0 {
		return Sample{}, errors.New("pgbench processed nothing")
	}
	s.Took = time.Duration(float64(s.Requests) / perSecond * float64(time.Second))
	if f := failed.FindStringSubmatch(out); f != nil && f[1] != "0" {
		return Sample{}, fmt.Errorf("pgbench tells of %s failed transactions", f[1])
	}
	return s, nil
}

// parseTimes reads the log of transactions: client, number, microseconds, script, and when.
func parseTimes(log string) ([]time.Duration, error) {
	var times []time.Duration
	for lines := bufio.NewScanner(strings.NewReader(log)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 6 {
			return nil, fmt.Errorf("pgbench logs %q", lines.Text())
		}
		micros, err := strconv.Atoi(fields[2])
		if err != nil {
			return nil, fmt.Errorf("pgbench logs %q", lines.Text())
		}
		times = append(times, time.Duration(micros)*time.Microsecond)
	}
	return times, nil
}

// percentile gives the smallest time that so many in a hundred do not exceed; 0 of none.
func percentile(times []time.Duration, percent int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[max(0, (len(times)*percent+99)/100-1)]
}
