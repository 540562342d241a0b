// Command importing measures the import against what Postgres can do at all: the same
// rows as two bare COPYs one after the other, in one transaction on one connection with
// all indexes kept, and as one-row inserts in one transaction. The three take turns in
// one run, on the embedded server with its own settings. It also imports the table of
// derived dates and counts single writes. It prints a chapter for bench/RESULTS.md.
//
//	go run ./bench/importing -events 1000000 -rounds 2
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgembed"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func main() {
	pgembed.MaybeRunGuard()
	b := bench{out: os.Stdout}
	flag.IntVar(&b.events, "events", 200_000, "events of one import")
	flag.IntVar(&b.rounds, "rounds", 3, "rounds of import, bare COPYs and inserts")
	flag.IntVar(&b.inserts, "inserts", 0, "events of the one-row inserts; 0: a tenth of the events")
	flag.DurationVar(&b.writing, "writing", 5*time.Second, "how long single writes are counted")
	flag.Parse()
	if b.inserts == 0 {
		b.inserts = b.events / 10
	}
	if err := b.run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "importing:", err)
		os.Exit(1)
	}
}

type bench struct {
	events, rounds, inserts int
	writing                 time.Duration
	out                     io.Writer

	dir, program, url string
	conn              *pgx.Conn
}

func (b *bench) run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "tarikh-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b.dir, b.program = dir, filepath.Join(dir, "api")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.program, "./api").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	data := filepath.Join(dir, "data")
	server, err := pgembed.Start(ctx, pgembed.Options{DataDir: data})
	if err != nil {
		return err
	}
	defer func() { _ = server.Stop(context.Background()) }()
	b.url = server.URL()
	if err := postgres.Migrate(ctx, b.url); err != nil {
		return err
	}
	if b.conn, err = pgx.Connect(ctx, b.url); err != nil {
		return err
	}
	defer b.conn.Close(ctx)
	return b.measure(ctx)
}

func (b *bench) measure(ctx context.Context) error {
	file := filepath.Join(b.dir, "events.ndjson")
	size, err := writeEvents(file, b.events)
	if err != nil {
		return err
	}
	var version string
	if err := b.conn.QueryRow(ctx, `SHOW server_version`).Scan(&version); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "%d events, %d MB of NDJSON; %d cores, %s, Postgres %s\n\n", b.events, size>>20, runtime.NumCPU(), runtime.Version(), version)
	fmt.Fprint(b.out, "CPU is that of the program and, behind the +, of the server's process that served it: on a machine with other work it says more than the clock.\n\n")
	fmt.Fprint(b.out, "| round | import | CPU | two bare COPYs | CPU | ratio | one-row inserts | ratio | peak memory of the import |\n|---|---|---|---|---|---|---|---|---|\n")
	var toCopy, toInsert []float64
	for round := range b.rounds {
		imported, err := b.timeImport(ctx, file, "events", "bench")
		if err != nil {
			return err
		}
		keys, err := b.unload(ctx)
		if err != nil {
			return err
		}
		inserted, err := b.timeInserts(ctx)
		if err != nil {
			return err
		}
		before := b.ownCPU()
		copied, err := b.timeCopies(ctx)
		if err != nil {
			return err
		}
		copiedCPU := b.ownCPU() - before
		rate := func(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }
		i, c, o := rate(b.events, imported.took), rate(b.events, copied), rate(b.inserts, inserted)
		toCopy, toInsert = append(toCopy, i/c), append(toInsert, i/o)
		fmt.Fprintf(b.out, "| %d | %.1f s, %.0f/s | %.1f + %.1f s | %.1f s, %.0f/s | %.1f s | %.2f | %.1f s, %.0f/s | %.1f | %d MB |\n",
			round+1, imported.took.Seconds(), i, imported.programCPU, imported.serverCPU, copied.Seconds(), c, copiedCPU, i/c, inserted.Seconds(), o, i/o, imported.memory>>20)
		if round == b.rounds-1 {
			slices.Sort(toCopy)
			slices.Sort(toInsert)
			fmt.Fprintf(b.out, "\nMedian: %.2f of the bare COPYs (goal 0.7), %.1f times the one-row inserts (goal 5; measured on %d events into empty tables and scaled). %.1f keys an event.\n\n",
				toCopy[len(toCopy)/2], toInsert[len(toInsert)/2], b.inserts, float64(keys)/float64(b.events))
		}
	}
	if err := b.derived(ctx); err != nil {
		return err
	}
	return b.singleWrites(ctx)
}

// empty makes the tables as they were before any event.
func (b *bench) empty(ctx context.Context) error {
	for _, sql := range []string{
		`TRUNCATE event, event_key, event_history, event_tombstone, revision_log, dataset`,
		`UPDATE revision SET revision = 0, at = '1970-01-01 00:00:00+00'`,
		`CHECKPOINT`,
	} {
		if _, err := b.conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// importCost is what an import took.
type importCost struct {
	took                  time.Duration
	programCPU, serverCPU float64 // seconds
	memory                int64   // the most that the program had, in bytes
}

// timeImport runs the program's import.
func (b *bench) timeImport(ctx context.Context, file, mapping, dataset string) (c importCost, err error) {
	if err := b.empty(ctx); err != nil {
		return c, err
	}
	served := b.endedCPU()
	command := exec.CommandContext(ctx, b.program, "import", file, "--mapping", mapping, "--dataset", dataset, "--database-url", b.url)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	begin := time.Now()
	if err := command.Start(); err != nil {
		return c, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for {
		select {
		case err := <-ended:
			c.took = time.Since(begin)
			if err != nil {
				return c, fmt.Errorf("import: %w\n%s", err, out.String())
			}
			c.programCPU = (command.ProcessState.UserTime() + command.ProcessState.SystemTime()).Seconds()
			time.Sleep(200 * time.Millisecond) // the server's process ends a little later
			c.serverCPU = b.endedCPU() - served
			return c, nil
		case <-time.After(20 * time.Millisecond):
			// Not the rusage of the child: that begins with the memory of its parent.
			c.memory = max(c.memory, peakMemory(command.Process.Pid))
		}
	}
}

// cpu reads the seconds of a process: its own, or those of its children that have ended.
// Where the system does not tell, they are 0.
func cpu(pid int, ofChildren bool) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	first := 11
	if ofChildren {
		first = 13
	}
	var user, system float64
	if _, err := fmt.Sscan(fields[first]+" "+fields[first+1], &user, &system); err != nil {
		return 0
	}
	return (user + system) / 100
}

// ownCPU is that of the server's process for the benchmark's connection.
func (b *bench) ownCPU() float64 { return cpu(int(b.conn.PgConn().PID()), false) }

// endedCPU is that of all the server's processes that have ended.
func (b *bench) endedCPU() float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", b.conn.PgConn().PID()))
	if err != nil {
		return 0
	}
	var state string
	var parent int
	if _, err := fmt.Sscan(string(text[bytes.LastIndexByte(text, ')')+1:]), &state, &parent); err != nil {
		return 0
	}
	return cpu(parent, true)
}

// peakMemory gives the most memory that a process had so far, 0 where the system does
// not tell.
func peakMemory(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kilobytes int64
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		return 0
	}
	return kilobytes << 10
}

var tables = []string{"event", "event_key"}

// unload writes the imported rows into files, so that the others store the very same,
// and gives the number of keys. They are in the order of the events, as whoever copies
// them as he reads the file has them; the import's own order would already be a part of
// what makes it fast.
func (b *bench) unload(ctx context.Context) (keys int64, err error) {
	for _, table := range tables {
		file, err := os.Create(filepath.Join(b.dir, table+".copy"))
		if err != nil {
			return 0, err
		}
		tag, err := b.conn.PgConn().CopyTo(ctx, file, "COPY (SELECT * FROM "+table+" ORDER BY id) TO STDOUT (FORMAT binary)")
		if err != nil {
			return 0, err
		}
		if err := file.Close(); err != nil {
			return 0, err
		}
		keys = tag.RowsAffected()
	}
	return keys, nil
}

// timeCopies stores the rows by two bare COPYs in one transaction.
func (b *bench) timeCopies(ctx context.Context) (time.Duration, error) {
	if err := b.empty(ctx); err != nil {
		return 0, err
	}
	begin := time.Now()
	tx, err := b.conn.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	for _, table := range tables {
		file, err := os.Open(filepath.Join(b.dir, table+".copy"))
		if err != nil {
			return 0, err
		}
		if _, err := b.conn.PgConn().CopyFrom(ctx, file, "COPY "+table+" FROM STDIN (FORMAT binary)"); err != nil {
			return 0, err
		}
		if err := file.Close(); err != nil {
			return 0, err
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return 0, err
	}
	return time.Since(begin), nil
}

// timeInserts stores the first events and their keys row by row, with prepared
// statements and parameters that are ready in binary, in one transaction.
func (b *bench) timeInserts(ctx context.Context) (time.Duration, error) {
	events, err := b.rows(ctx, `SELECT * FROM event ORDER BY id LIMIT `+fmt.Sprint(b.inserts))
	if err != nil {
		return 0, err
	}
	keys, err := b.rows(ctx, `SELECT k.* FROM event_key k JOIN (SELECT id FROM event ORDER BY id LIMIT `+fmt.Sprint(b.inserts)+`) e USING (id) ORDER BY k.id, k.term`)
	if err != nil {
		return 0, err
	}
	if err := b.empty(ctx); err != nil {
		return 0, err
	}
	begin := time.Now()
	tx, err := b.conn.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	for i, rows := range [][][][]byte{events, keys} {
		var places []string
		for n := range rows[0] {
			places = append(places, fmt.Sprintf("$%d", n+1))
		}
		name := "insert_" + tables[i]
		if _, err := b.conn.PgConn().Prepare(ctx, name, "INSERT INTO "+tables[i]+" VALUES ("+strings.Join(places, ", ")+")", nil); err != nil {
			return 0, err
		}
		binary := []int16{pgx.BinaryFormatCode}
		for _, row := range rows {
			if r := b.conn.PgConn().ExecPrepared(ctx, name, row, slices.Repeat(binary, len(row)), nil).Read(); r.Err != nil {
				return 0, r.Err
			}
		}
		if err := b.conn.PgConn().Deallocate(ctx, name); err != nil {
			return 0, err
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return 0, err
	}
	return time.Since(begin), nil
}

// rows gives the rows of a query as binary fields.
func (b *bench) rows(ctx context.Context, sql string) ([][][]byte, error) {
	formats := []int16{pgx.BinaryFormatCode}
	result := b.conn.PgConn().ExecParams(ctx, sql, nil, nil, nil, formats)
	var rows [][][]byte
	for result.NextRow() {
		row := make([][]byte, len(result.Values()))
		for i, v := range result.Values() {
			row[i] = bytes.Clone(v)
		}
		rows = append(rows, row)
	}
	_, err := result.Close()
	return rows, err
}

// derived imports the table of derived dates, where it lies beside the project.
func (b *bench) derived(ctx context.Context) error {
	file := filepath.Join("..", "shared", "data", "derived", "events_edtf.tsv")
	if _, err := os.Stat(file); os.IsNotExist(err) {
		fmt.Fprintln(b.out, "NOT MEASURED: the table of derived dates is absent.")
		return nil
	}
	if err := b.empty(ctx); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, b.program, "import", file, "--mapping", "bench/importing/derived.yaml", "--database-url", b.url, "--max-refused", "2")
	begin := time.Now()
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("derived: %w\n%s", err, out)
	}
	took := time.Since(begin)
	fmt.Fprintf(b.out, "The table of derived dates in one import: %.1f s, the program's start included.\n\n```\n%s```\n\n", took.Seconds(), out)
	return nil
}

// singleWrites counts writes of one event, each its own revision.
func (b *bench) singleWrites(ctx context.Context) error {
	if err := b.empty(ctx); err != nil {
		return err
	}
	store, err := postgres.Open(ctx, postgres.Options{URL: b.url, MaxConns: 20})
	if err != nil {
		return err
	}
	defer store.Close()
	if _, err := store.CreateDataset(ctx, timeline.Dataset{Slug: "bench", Title: timeline.Text{"en": "Bench"}}, nil, postgres.Author{Name: "bench"}); err != nil {
		return err
	}
	g := newGenerator()
	events := make([]timeline.Event, 50_000)
	for n := range events {
		events[n] = g.event(n)
	}
	var next atomic.Int64
	for _, writers := range []int{1, 16} {
		ctx, cancel := context.WithTimeout(ctx, b.writing)
		first := next.Load()
		begin := time.Now()
		var group sync.WaitGroup
		for range writers {
			group.Go(func() {
				for ctx.Err() == nil {
					n := next.Add(1) - 1
					if _, err := store.Put(ctx, events[n%int64(len(events))], postgres.Precondition{}, postgres.Author{Name: "bench"}); err != nil && ctx.Err() == nil {
						fmt.Fprintln(os.Stderr, "write:", err)
						return
					}
				}
			})
		}
		group.Wait()
		cancel()
		fmt.Fprintf(b.out, "Single writes, %d writers: %.0f a second.\n", writers, float64(next.Load()-first)/time.Since(begin).Seconds())
	}
	return nil
}
