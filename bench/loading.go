package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/bench/load"
	"github.com/tarikh-timeline/tarikh/bench/synthetic"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

const (
	seed = 1
	// asFile is up to how many events the import reads a file that was written before. More
	// are piped into it while they are made, which costs it some of the processors.
	asFile = 2_000_000
	// bytesOfEvent is the room that an event takes in the database, with its keys, its part
	// of the indexes and of what rivals are given, and in files.
	bytesOfEvent = 6_000
	bytesOfMany  = 7_400 // of a large import: 3,900 of the database when its events are copied, 2,700 that it spools, and the log of Postgres; without rivals and the copies
)

// importCost is what an import took.
type importCost struct {
	events       int
	took         time.Duration
	cpu, serving time.Duration // of the program, and of Postgres
	peak         int64         // bytes, of the program
	piped        bool
}

// marker is how the database says what it was filled with.
func (b *bench) marker() string {
	return fmt.Sprintf("tarikh bench: %d events of seed %d, schema %d", b.events, seed, postgres.LatestVersion())
}

// ensureLoaded imports the events, unless the folder has them from an earlier run.
func (b *bench) ensureLoaded(ctx context.Context) error {
	var found string
	var stored bool
	err := b.withConn(ctx, "tarikh", func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT coalesce(shobj_description(oid, 'pg_database'), ''), to_regclass('event') IS NOT NULL FROM pg_database WHERE datname = 'tarikh'`).Scan(&found, &stored)
	})
	switch {
	case err != nil:
		return err
	case found == b.marker():
		b.say("the %s events of an earlier run are used", count(b.events))
		return nil
	case found != "":
		return fmt.Errorf("%s holds %q: name another folder with -data, or remove it", b.data, found)
	case stored:
		return fmt.Errorf("%s holds a database of something else, or of an import that was cut: name another folder with -data, or remove it", b.data)
	}
	if err := b.checkRoom(); err != nil {
		return err
	}
	if _, err := b.load(ctx, "tarikh", b.events, asFile); err != nil {
		return err
	}
	b.say("VACUUM ANALYZE")
	return b.withConn(ctx, "tarikh", func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, `VACUUM ANALYZE`); err != nil {
			return err
		}
		_, err := conn.Exec(ctx, `COMMENT ON DATABASE tarikh IS '`+b.marker()+`'`)
		return err
	})
}

// checkRoom refuses to fill a disk.
func (b *bench) checkRoom() error {
	each := int64(bytesOfEvent)
	if b.events > asFile {
		each = bytesOfMany
	}
	needed := each*int64(b.events) + 2<<30 // the log of Postgres, and files
	free, err := freeBytes(b.data)
	if err != nil {
		b.say("how much disk is free cannot be found out (%v); %d GB are needed", err, needed>>30+1)
		return nil
	}
	b.say("%d GB of disk are free, about %d GB are needed", free>>30, needed>>30+1)
	if free < needed {
		return fmt.Errorf("%d GB of disk are free, and %s events need about %d: ask for fewer events, or name another disk with -data and TMPDIR", free>>30, count(b.events), needed>>30+1)
	}
	return nil
}

// createSchema migrates a database and makes the data sets that events are in.
func (b *bench) createSchema(ctx context.Context, database string) error {
	url := b.url(database, "bench")
	if err := postgres.Migrate(ctx, url); err != nil {
		return err
	}
	store, err := postgres.Open(ctx, postgres.Options{URL: url})
	if err != nil {
		return err
	}
	defer store.Close()
	for _, slug := range synthetic.DatasetSlugs() {
		if _, err := store.CreateDataset(ctx, timeline.Dataset{Slug: slug, Title: timeline.Text{"en": slug}}, nil, postgres.Author{Name: "bench"}); err != nil {
			return err
		}
	}
	return nil
}

// load imports the first events into an empty database, by the program's own command.
func (b *bench) load(ctx context.Context, database string, events, inFile int) (importCost, error) {
	if err := b.createSchema(ctx, database); err != nil {
		return importCost{}, err
	}
	if events > inFile {
		b.say("%s events are made and imported", count(events))
		in, out := io.Pipe()
		go func() { out.CloseWithError(synthetic.Write(out, seed, events, b.tellMade)) }()
		defer in.Close() // ends the writer where the import ended before it
		return b.runImport(ctx, database, "created", events, in)
	}
	name, err := b.eventsFile(events)
	if err != nil {
		return importCost{}, err
	}
	file, err := os.Open(name)
	if err != nil {
		return importCost{}, err
	}
	defer file.Close()
	b.say("%s events are imported", count(events))
	return b.runImport(ctx, database, "created", events, file)
}

// eventsFile writes the first events as NDJSON, once.
func (b *bench) eventsFile(events int) (string, error) {
	name := filepath.Join(b.work, fmt.Sprintf("events-%d.ndjson", events))
	if _, err := os.Stat(name); err == nil {
		return name, nil
	}
	b.say("%s events are made", count(events))
	file, err := os.Create(name + ".new")
	if err != nil {
		return "", err
	}
	if err := errors.Join(synthetic.Write(file, seed, events, b.tellMade), file.Close()); err != nil {
		return "", err
	}
	return name, os.Rename(name+".new", name)
}

func (b *bench) tellMade(written int) {
	if written%500_000 == 0 {
		b.say("%s events are made", count(written))
	}
}

// runImport pipes events into `api import -`, which is to say that all are created or
// updated.
func (b *bench) runImport(ctx context.Context, database, done string, events int, in io.Reader) (c importCost, err error) {
	command := exec.CommandContext(ctx, b.program, "import", "-", "--mapping", "events", "--database-url", b.url(database, "import"))
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = in, &out, &out
	_, file := in.(*os.File)
	c.events, c.piped = events, !file
	serving := load.CPU(b.postmaster, true)
	begun := time.Now()
	if err := command.Start(); err != nil {
		return c, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for told := begun; ; {
		select {
		case err := <-ended:
			c.took = time.Since(begun)
			if err != nil {
				if ctx.Err() != nil {
					err = ctx.Err()
				}
				return c, fmt.Errorf("api import: %w: %s", err, strings.TrimSpace(out.String()))
			}
			if want := fmt.Sprintf("%s %d\n", done, events); !strings.Contains(out.String(), want) {
				return c, fmt.Errorf("api import does not say %q: %s", want, out.String())
			}
			c.cpu = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
			c.serving = load.CPU(b.postmaster, true) - serving
			b.say("imported in %.1f s, %s events a second", c.took.Seconds(), count(int(float64(events)/c.took.Seconds())))
			return c, nil
		case <-time.After(20 * time.Millisecond):
			// Not the rusage of the child: that begins with the memory of its parent.
			_, peak := load.Memory(command.Process.Pid)
			c.peak = max(c.peak, peak)
			if time.Since(told) > 15*time.Second {
				told = time.Now()
				b.say("the import runs for %.0f s", time.Since(begun).Seconds())
			}
		}
	}
}

// pastShare is one event of how many is written a second time.
const pastShare = 20

// addPast writes a second version of some of the events in a copy of the database.
func (b *bench) addPast(ctx context.Context, database string) error {
	events := b.events / pastShare
	name, err := b.eventsFile(events)
	if err != nil {
		return err
	}
	written, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	again := bytes.ReplaceAll(written, []byte(`"attributes":{`), []byte(`"attributes":{"written":"again",`))
	b.say("%s events are written a second time", count(events))
	if _, err := b.runImport(ctx, database, "updated", events, bytes.NewReader(again)); err != nil {
		return err
	}
	return b.withConn(ctx, database, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `VACUUM ANALYZE`)
		return err
	})
}
