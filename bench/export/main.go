// Command export measures the exports: NDJSON over HTTP against reading the same
// documents with pgx alone, the memory that the program takes while it exports many
// events and few, and timelines against the GROUP BY of SQL. It prints tables in
// Markdown and appends them to bench/RESULTS.md.
//
//	go run ./bench/export
//
// It starts a Postgres of its own in a temporary folder, or uses the empty database
// of DATABASE_URL. Peak memory is read from /proc, so it needs Linux.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/pgembed"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/render"
)

func main() {
	pgembed.MaybeRunGuard()
	events := flag.Int("events", 200_000, "how many events there are in all")
	few := flag.Int("few", 2_000, "how many of them the export has that the memory is compared with")
	rounds := flag.Int("rounds", 7, "interleaved rounds of which the median counts")
	results := flag.String("results", filepath.Join("bench", "RESULTS.md"), "file that the table is appended to; empty for none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, *events, *few, *rounds, *results)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "export:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, events, few, rounds int, results string) error {
	work, err := os.MkdirTemp("", "tarikh-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.Chmod(work, 0o755); err != nil { // the Postgres of its own runs as another user
		return err
	}
	url := os.Getenv("DATABASE_URL")
	if url == "" {
		server, err := pgembed.Start(ctx, pgembed.Options{DataDir: filepath.Join(work, "data")})
		if err != nil {
			return err
		}
		defer func() { _ = server.Stop(context.WithoutCancel(ctx)) }()
		url = server.URL()
	}
	if err := fill(ctx, url, events, few); err != nil {
		return err
	}
	program, err := build(ctx, work)
	if err != nil {
		return err
	}
	var report bytes.Buffer
	fmt.Fprintf(&report, "\n## Exports, %s\n\n`%s`, %d events (%d of them in the data set `few`), %d interleaved rounds of pgx and NDJSON, medians, one round of the other formats; %s, %d cores, Go %s.\n\n",
		time.Now().UTC().Format("2006-01-02"), command(), events, few, rounds, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	if err := speed(ctx, &report, program, url, rounds); err != nil {
		return err
	}
	if err := memory(ctx, &report, program, url); err != nil {
		return err
	}
	if err := charts(ctx, &report, program, url, rounds); err != nil {
		return err
	}
	if _, err := os.Stdout.Write(report.Bytes()); err != nil || results == "" {
		return err
	}
	file, err := os.OpenFile(results, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.Write(report.Bytes())
	return err
}

// command is what was typed, for whoever wants the same numbers.
func command() string {
	line := "go run ./bench/export"
	flag.Visit(func(f *flag.Flag) {
		if f.Name != "results" {
			line += " -" + f.Name + " " + f.Value.String()
		}
	})
	return line
}

// fill migrates and stores the events.
func fill(ctx context.Context, url string, events, few int) error {
	if err := postgres.Migrate(ctx, url); err != nil {
		return err
	}
	store, err := postgres.Open(ctx, postgres.Options{URL: url})
	if err != nil {
		return err
	}
	defer store.Close()
	return storeEvents(ctx, store, events, few)
}

// speed compares the NDJSON export with pgx, and tells how fast the other formats are.
func speed(ctx context.Context, report *bytes.Buffer, program, url string, rounds int) error {
	server, err := start(ctx, program, url)
	if err != nil {
		return err
	}
	defer server.stop()
	formats := make([]string, len(render.Formats))
	took := map[string][]time.Duration{}
	size := map[string]int64{}
	time.Sleep(untilLoaded)
	for i, f := range render.Formats {
		formats[i] = f.Name
	}
	for round := range rounds {
		begun := time.Now()
		size["pgx"], err = readWithPgx(ctx, url)
		if err != nil {
			return err
		}
		took["pgx"] = append(took["pgx"], time.Since(begun))
		for _, format := range formats {
			if format == "atom" || format != "ndjson" && round > 0 { // a hundred events; told for their order of size alone
				continue
			}
			begun := time.Now()
			if size[format], err = server.download(ctx, format, ""); err != nil {
				return err
			}
			took[format] = append(took[format], time.Since(begun))
		}
	}
	if size["pgx"] != size["ndjson"] {
		return fmt.Errorf("pgx reads %d bytes, the export has %d", size["pgx"], size["ndjson"])
	}
	fmt.Fprintf(report, "| | MB | s | MB/s | speed against pgx alone |\n|---|--:|--:|--:|--:|\n")
	base := median(took["pgx"])
	for _, name := range append([]string{"pgx"}, formats...) {
		if took[name] == nil {
			continue
		}
		m := median(took[name])
		label := "`." + name + "` over HTTP"
		if name == "pgx" {
			label = "the documents in page order with pgx alone"
		}
		fmt.Fprintf(report, "| %s | %.0f | %.2f | %.0f | %.2f |\n", label, mb(size[name]), m.Seconds(), mb(size[name])/m.Seconds(), base.Seconds()/m.Seconds())
	}
	fmt.Fprintf(report, "\nGoal: `.ndjson` at 0.8 of pgx or faster.\n\n")
	return nil
}

// memory compares the peaks of fresh processes that export few events and all.
func memory(ctx context.Context, report *bytes.Buffer, program, url string) error {
	fmt.Fprintf(report, "| peak memory of the process, MB | few events | all | growth |\n|---|--:|--:|--:|\n")
	for _, f := range render.Formats {
		var peaks [2][]float64
		tries := 1
		if f.Name == "ndjson" {
			tries = 3
		}
		for range tries {
			for i, query := range []string{"?dataset=few", ""} {
				peak, err := peakOf(ctx, program, url, f.Name, query)
				if err != nil {
					return err
				}
				peaks[i] = append(peaks[i], peak)
			}
		}
		few, all := middle(peaks[0]), middle(peaks[1])
		fmt.Fprintf(report, "| `.%s` | %.1f | %.1f | %.1f |\n", f.Name, few, all, all-few)
	}
	fmt.Fprintf(report, "\nGoal: growth of at most 8 MB for `.ndjson`.\n")
	return nil
}

// untilLoaded is how long the program may take to read its copy of all events into
// memory, which has no part in what is measured here.
const untilLoaded = 6 * time.Second

func peakOf(ctx context.Context, program, url, format, query string) (float64, error) {
	server, err := start(ctx, program, url)
	if err != nil {
		return 0, err
	}
	defer server.stop()
	time.Sleep(untilLoaded)
	if err := server.forgetPeak(); err != nil {
		return 0, err
	}
	if _, err := server.download(ctx, format, query); err != nil {
		return 0, err
	}
	return server.peak()
}

func mb(bytes int64) float64 { return float64(bytes) / 1e6 }

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}

func middle(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
