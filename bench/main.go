// Command bench measures the program beside its limits and its rivals, and writes
// bench/RESULTS.md:
//
//	go run ./bench                          # a million events
//	go run ./bench -events 10000000         # ten million: fewer parts, 74 GB of disk
//	go run ./bench -only hot,cold -seconds 5
//	go run ./bench -list                    # the parts
//	go run ./bench -page                    # RESULTS.md anew, after notes.md was edited
//
// It makes events, imports them with the built program into a Postgres of its own in a
// temporary folder, and takes what it compares in turns within one run. A part that
// fails is told as failed, and the others go on. What was measured on another number of
// events, or by parts that are not run, stays: -data FOLDER keeps the database, so that
// parts can be measured anew without another import.
//
// It needs wrk and pgbench, for the rivals Node and npm, and Linux for CPU times and
// memory. Nothing but loopback is used.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/pgembed"
)

func main() {
	pgembed.MaybeRunGuard()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	err := benchmark(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are what can be asked for.
type options struct {
	events, rounds int
	seconds        int
	only, rivals   []string
	data, out      string
	page           bool
	typed          string // the command, for whoever wants the same figures
}

func readOptions(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.events, "events", 1_000_000, "how many events")
	flags.IntVar(&o.rounds, "rounds", 3, "interleaved rounds, of which the median counts")
	flags.IntVar(&o.seconds, "seconds", 3, "length of each load")
	only := flags.String("only", "", "parts to run, comma-separated; absent: all that suit the number of events")
	rivals := flags.String("rivals", strings.Join(rivalNames(), ","), "rivals to compare with, comma-separated; - for none")
	flags.StringVar(&o.data, "data", "", "folder to keep the database in; a later run with it need not import. Absent: a temporary one")
	flags.StringVar(&o.out, "out", filepath.Join("bench", "RESULTS.md"), "page to write; the figures are kept beside it, in results.json")
	flags.BoolVar(&o.page, "page", false, "measure nothing: write the page anew, from results.json and bench/notes.md")
	list := flags.Bool("list", false, "list the parts and end")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if *list {
		for _, p := range parts {
			fmt.Printf("%-9s %s\n", p.name, p.title)
		}
		return o, flag.ErrHelp
	}
	o.only, o.rivals = items(*only), items(*rivals)
	o.typed = strings.TrimSpace("go run ./bench " + strings.Join(asTyped(flags), " "))
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is no flag: type go run ./bench -h", flags.Arg(0))
	case o.events < 1000 || o.rounds < 1 || o.seconds < 1:
		return o, errors.New("-events must be at least 1000, -rounds and -seconds at least 1")
	}
	for _, name := range o.only {
		if !slices.ContainsFunc(parts, func(p kind) bool { return p.name == name }) {
			return o, fmt.Errorf("-only: there is no part %q: go run ./bench -list names them", name)
		}
	}
	for _, name := range o.rivals {
		if name != "-" && !slices.Contains(rivalNames(), name) {
			return o, fmt.Errorf("-rivals: there is no rival %q, but %s", name, strings.Join(rivalNames(), ", "))
		}
	}
	return o, nil
}

// asTyped gives the flags that figures depend on.
func asTyped(flags *flag.FlagSet) []string {
	var typed []string
	flags.Visit(func(f *flag.Flag) {
		if f.Name != "out" && f.Name != "data" {
			typed = append(typed, "-"+f.Name, f.Value.String())
		}
	})
	return typed
}

func items(list string) []string {
	return slices.DeleteFunc(strings.Split(list, ","), func(s string) bool { return s == "" })
}

// asked tells whether a part is to run.
func (o options) asked(p kind) bool {
	if len(o.only) > 0 {
		return slices.Contains(o.only, p.name)
	}
	return p.most == 0 || o.events <= p.most
}

func benchmark(ctx context.Context, args []string) error {
	o, err := readOptions(args)
	if err != nil {
		return err
	}
	kept := filepath.Join(filepath.Dir(o.out), "results.json")
	all, err := readResults(kept)
	if err != nil {
		return fmt.Errorf("%s: %w", kept, err)
	}
	notes := filepath.Join("bench", "notes.md")
	if o.page {
		return all.write(kept, o.out, notes)
	}
	b, err := prepare(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	var failed []string
	of := all.of(o.events)
	for _, k := range parts {
		if !o.asked(k) {
			continue
		}
		if ctx.Err() != nil {
			return errors.New("interrupted; the parts that were measured are kept")
		}
		found := b.runPart(ctx, k)
		if ctx.Err() != nil { // what a part had measured until then is no figure
			continue
		}
		of.Parts[k.name] = found
		if found.Failed != "" {
			failed = append(failed, k.name)
		}
		if err := all.write(kept, o.out, notes); err != nil {
			return err
		}
	}
	b.say("written: %s and %s", o.out, kept)
	if ctx.Err() != nil {
		return errors.New("interrupted; the parts that were measured are kept")
	}
	if len(failed) > 0 {
		return fmt.Errorf("these parts failed, for reasons that %s names: %s", o.out, strings.Join(failed, ", "))
	}
	return nil
}

// partLimit is how long a part may take.
const partLimit = 15 * time.Minute

// runPart runs a part, whose panic is a failure like others.
func (b *bench) runPart(ctx context.Context, k kind) (found *part) {
	begun := time.Now()
	found = &part{Date: begun.UTC().Format("2006-01-02 15:04 UTC"), Command: b.typed, Machine: b.machine}
	b.current = k.name
	b.say("begins: %s", k.title)
	defer func() {
		if fault := recover(); fault != nil {
			found.Failed = fmt.Sprint(fault)
		}
		found.Machine = b.machine // Node may have been looked for
		found.Failed = b.withoutFolders(found.Failed)
		for i := range found.Notes {
			found.Notes[i] = b.withoutFolders(found.Notes[i])
		}
		found.Seconds = float64(time.Since(begun).Milliseconds()) / 1000
		if found.Failed != "" {
			b.say("FAILED after %.0f s: %s", found.Seconds, found.Failed)
		} else {
			b.say("done in %.0f s", found.Seconds)
		}
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, partLimit, fmt.Errorf("it took longer than %s", partLimit))
	defer cancel()
	if err := k.run(ctx, b, found); err != nil {
		if found.Failed = err.Error(); ctx.Err() != nil {
			found.Failed = context.Cause(ctx).Error() + ": " + found.Failed
		}
	}
	return found
}
