package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/tarikh-timeline/tarikh/internal/ingest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

type importCmd struct {
	databaseSettings `embed:""`

	File       string `arg:"" help:"The file, which may be gzipped; - for standard input."`
	Mapping    string `required:"" placeholder:"NAME" help:"How its rows become events: a mapping that ships ('api mappings' lists them), or a .yaml file (docs/mappings.md)."`
	Dataset    string `placeholder:"SLUG" help:"The data set to import into, made when it is new. Absent: the mapping's."`
	DryRun     bool   `help:"Read and check everything, and store nothing."`
	Report     string `placeholder:"FILE" help:"Write the refused rows to this CSV file, each with its row, line, column and reason."`
	OpsListen  string `default:"off" placeholder:"off" help:"Address for operators that tells how far it is, at /metrics, or 'off'. A flag alone: TARIKH_OPS_LISTEN is that of 'api serve'."`
	MaxRefused int    `default:"0" placeholder:"0" help:"Import the rest when no more than so many are refused."`
}

// tooManyRefused is the exit code when rows are refused and therefore nothing was
// imported.
const tooManyRefused exitCode = 2

// Run imports a file.
func (c importCmd) Run(ctx context.Context, s streams) error {
	if faults := c.faults(); len(faults) > 0 {
		return fmt.Errorf("these settings are wrong:\n%w", errors.Join(faults...))
	}
	if c.MaxRefused < 0 {
		return fmt.Errorf("--max-refused must be 0 or more")
	}
	mapping, err := ingest.Load(c.Mapping)
	if err != nil {
		return err
	}
	dataset, err := c.dataset(mapping)
	if err != nil {
		return err
	}
	in, size, err := c.open(s)
	if err != nil {
		return err
	}
	defer in.Close()
	if sameFile(c.Report, c.File) || sameFile(c.Report, c.Mapping) {
		return fmt.Errorf("--report would be written over %s: name another file", c.Report)
	}
	report, err := newRefusals(c.Report)
	if err != nil {
		return err
	}
	d, err := openDatabase(ctx, c.databaseSettings, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return errors.Join(err, report.close())
	}
	defer d.close()
	store, err := d.openStore(ctx, c.databaseSettings)
	if err != nil {
		return errors.Join(err, report.close())
	}
	defer store.Close()
	spareMemory()
	i := &importing{command: c, streams: s, store: store, mapping: mapping, dataset: dataset, refusals: report, progress: newProgress(s.err).reading(size)}
	stop, err := i.tellOperators(ctx, c.OpsListen)
	if err != nil {
		i.progress.end()
		return errors.Join(err, report.close())
	}
	defer stop()
	err = i.run(ctx, in)
	i.progress.end()
	if ctx.Err() != nil {
		err = fmt.Errorf("interrupted; nothing was imported")
	}
	return errors.Join(err, report.close())
}

// sameFile tells whether two names are those of one file, also by a link.
func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && first.Mode().IsRegular() && os.SameFile(first, second)
}

// spareMemory collects garbage in time: an import makes much that is soon forgotten, and
// more of it would pile up where other programs want the processors. The limit is soft:
// with more in use it only collects more often. Who sets GOMEMLIMIT decides.
func spareMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(32 << 20)
	}
}

// dataset gives the data set to import into; nil where the events name theirs.
func (c importCmd) dataset(m *ingest.Mapping) (*timeline.Dataset, error) {
	d := m.Dataset
	if c.Dataset != "" {
		if !ingest.ValidSlug(c.Dataset) {
			return nil, fmt.Errorf("--dataset must be 1 to 64 of a-z, 0-9 and -, not beginning with -")
		}
		d.Slug = c.Dataset
	}
	if d.Slug == "" {
		return nil, nil
	}
	if d.Title == nil {
		d.Title = timeline.Text{"en": d.Slug}
	}
	return &d, nil
}

// open gives the file and its size, 0 where it is not known.
func (c importCmd) open(s streams) (io.ReadCloser, int64, error) {
	if c.File == "-" {
		return io.NopCloser(s.in), 0, nil
	}
	file, err := os.Open(c.File)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, 0, errors.Join(err, file.Close())
	case info.IsDir():
		return nil, 0, errors.Join(fmt.Errorf("%s is a folder: name a file in it", c.File), file.Close())
	case !info.Mode().IsRegular():
		return file, 0, nil
	}
	return file, info.Size(), nil
}

// importing is one import under way.
type importing struct {
	command  importCmd
	streams  streams
	store    *postgres.Store
	mapping  *ingest.Mapping
	dataset  *timeline.Dataset
	refusals *refusals
	progress *progress
	rows     int
	refused  int
	figures  importFigures
}

// prepared is a batch on its way from the file to the spool.
type prepared struct {
	read *ingest.Batch
	rows *postgres.BulkBatch
}

func (i *importing) run(ctx context.Context, in io.Reader) error {
	bulk, err := i.store.NewBulk(ctx, postgres.BulkOptions{Dataset: i.dataset, DryRun: i.command.DryRun, Copied: func(n int) { i.figures.stored.Store(int64(n)); i.progress.counted(int64(n)) }})
	if err != nil {
		return err
	}
	defer bulk.Close()
	if err := i.read(ctx, in, bulk); err != nil {
		return err
	}
	i.progress.stage("checking")
	err = bulk.Check(ctx, func(f postgres.BulkFault) {
		i.refused++
		i.figures.refused.Store(int64(i.refused))
		i.refusals.add(f.Row, f.Line, f.Pointer, f.Detail)
	})
	if err != nil {
		return err
	}
	counts, repeated := bulk.Counts()
	tooMany := i.refused > i.command.MaxRefused
	if !tooMany && !i.command.DryRun {
		i.progress.counting("copying", int64(bulk.Len()))
		if counts, err = i.commit(ctx, bulk); err != nil {
			return err
		}
	}
	i.progress.end()
	return i.summary(counts, repeated, tooMany)
}

// commitTries is how often an import that meets another writer tries again, each time for
// as long as any write waits.
const commitTries = 60

// commit brings the events in. A write over HTTP that meets a busy database is told to
// come again; an import has read its file already, so it waits.
func (i *importing) commit(ctx context.Context, bulk *postgres.Bulk) (postgres.ImportResult, error) {
	for try := 1; ; try++ {
		counts, err := bulk.Commit(ctx, postgres.Author{Name: "api import"})
		var busy *timeline.Error
		if !errors.As(err, &busy) || busy.Kind != timeline.KindBusy || try == commitTries {
			return counts, err
		}
		i.progress.stage("waiting for another write")
	}
}

// read spools the events of the file.
func (i *importing) read(ctx context.Context, in io.Reader, bulk *postgres.Bulk) error {
	prepare := func(ctx context.Context, b *ingest.Batch) (prepared, error) {
		events := make([]postgres.BulkEvent, len(b.Events))
		for n := range b.Events {
			e := &b.Events[n]
			events[n] = postgres.BulkEvent{Row: e.Row, Line: e.Line, Event: &e.Event}
		}
		rows, err := bulk.Prepare(ctx, events)
		b.Events = nil // the rows are all that is needed
		return prepared{b, rows}, err
	}
	options := ingest.Options{}
	if i.dataset != nil {
		options.Dataset = i.dataset.Slug
	}
	return ingest.Each(ctx, i.progress.reader(in), i.mapping, options, prepare, func(p prepared) error {
		i.rows += p.read.Rows
		i.refused += p.read.Faulty + len(p.rows.Faults)
		for _, r := range p.read.Refused {
			i.refusals.add(r.Row, r.Line, r.Column, r.Reason)
		}
		for _, f := range p.rows.Faults {
			i.refusals.add(f.Row, f.Line, f.Pointer, f.Detail)
		}
		i.figures.read.Store(int64(i.rows))
		i.figures.refused.Store(int64(i.refused))
		i.progress.rows(i.rows)
		return bulk.Add(p.rows)
	})
}

// summary tells what was done. The numbers go to standard output, as lines that a
// program can read; the reasons to standard error.
func (i *importing) summary(counts postgres.ImportResult, repeated int, tooMany bool) error {
	out := i.streams.out
	if tooMany {
		counts = postgres.ImportResult{}
	}
	fmt.Fprintf(out, "read %d rows\ncreated %d\nupdated %d\nunchanged %d\nrepeated %d\nrefused %d\n",
		i.rows, counts.Created, counts.Updated, counts.Unchanged, repeated, i.refused)
	i.refusals.summary(i.streams.err)
	switch {
	case tooMany:
		fmt.Fprintf(i.streams.err, "nothing was imported: %d refused, and --max-refused is %d (%d lets the rest in)", i.refused, i.command.MaxRefused, i.refused)
		if i.command.Report != "" {
			fmt.Fprintf(i.streams.err, "; %s has them all", i.command.Report)
		} else {
			fmt.Fprint(i.streams.err, "; --report FILE writes them all")
		}
		fmt.Fprintln(i.streams.err)
		return tooManyRefused
	case i.command.DryRun:
		fmt.Fprintln(out, "dry run: nothing was stored")
	default:
		fmt.Fprintf(out, "revision %d\n", counts.Revision)
	}
	return nil
}
