package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/bench/load"
	"github.com/tarikh-timeline/tarikh/bench/synthetic"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
)

// copied is what two bare COPYs took.
type copied struct{ took, serving time.Duration }

// manyEvents is from how many events on imports and COPYs are measured once: the
// import that filled the database is the one that counts.
const manyEvents = 500_000

// copiedTables are in the order in which they are copied; each is unloaded in the order that its
// indexes take it fastest.
var copiedTables = []struct{ name, order string }{{"event", "id"}, {"event_key", "term, span, sort_day, id"}}

// importing compares the import with two bare COPYs, and counts single writes.
func importing(ctx context.Context, b *bench, p *part) error {
	if err := b.unload(ctx); err != nil {
		return err
	}
	rounds := b.rounds
	if b.events >= manyEvents {
		rounds = 1
	}
	var imports []importCost
	var copies []copied
	for round := range rounds {
		b.say("round %d: import", round+1)
		err := b.scratch(ctx, "bench_import", "template1", func() error {
			cost, err := b.load(ctx, "bench_import", b.events, asFile)
			imports = append(imports, cost)
			return err
		})
		if err != nil {
			return err
		}
		b.say("round %d: two bare COPYs", round+1)
		err = b.scratch(ctx, "bench_copy", "template1", func() error {
			cost, err := b.timeCopies(ctx)
			copies = append(copies, cost)
			return err
		})
		if err != nil {
			return err
		}
		b.say("round %d: copied in %.1f s", round+1, copies[round].took.Seconds())
	}
	b.reportImports(p, imports, copies)
	return b.singleWrites(ctx, p)
}

func (b *bench) reportImports(p *part, imports []importCost, copies []copied) {
	t := table{Columns: []string{"round", "import, s", "events/s", "CPU of the program + of Postgres, s", "peak of the program, MB", "two bare COPYs, s", "events/s", "CPU of Postgres, s", "ratio"}}
	var ratios []float64
	for i := range imports {
		im, c := imports[i], copies[i]
		ratios = append(ratios, c.took.Seconds()/im.took.Seconds())
		t.Rows = append(t.Rows, []string{
			fmt.Sprint(i + 1), figure(im.took.Seconds()), figure(float64(b.events) / im.took.Seconds()),
			figure(im.cpu.Seconds()) + " + " + figure(im.serving.Seconds()), megabytes(im.peak),
			figure(c.took.Seconds()), figure(float64(b.events) / c.took.Seconds()), figure(c.serving.Seconds()), figure(ratios[i]),
		})
	}
	slices.Sort(ratios)
	p.Tables = append(p.Tables, t)
	p.Goals = append(p.Goals, goal{Axis: "import", Goal: "0.7 of two bare COPYs in one transaction", Value: load.Median(ratios), AtLeast: 0.7})
}

// unload writes the rows into files, so that COPY stores the very same.
func (b *bench) unload(ctx context.Context) error {
	return b.withConn(ctx, "tarikh", func(conn *pgx.Conn) error {
		for _, t := range copiedTables {
			b.say("%s is written to a file", t.name)
			file, err := os.Create(b.copyFile(t.name))
			if err != nil {
				return err
			}
			_, err = conn.PgConn().CopyTo(ctx, file, "COPY (SELECT * FROM "+t.name+" ORDER BY "+t.order+") TO STDOUT (FORMAT binary)")
			if err := errors.Join(err, file.Close()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bench) copyFile(table string) string { return filepath.Join(b.work, table+".copy") }

// timeCopies stores the rows in the empty tables of a scratch database.
func (b *bench) timeCopies(ctx context.Context) (c copied, err error) {
	if err := postgres.Migrate(ctx, b.url("bench_copy", "bench")); err != nil {
		return c, err
	}
	err = b.withConn(ctx, "bench_copy", func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, `CHECKPOINT`); err != nil {
			return err
		}
		serving, begun := load.CPU(b.postmaster, true), time.Now()
		tx, err := conn.Begin(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
		for _, t := range copiedTables {
			file, err := os.Open(b.copyFile(t.name))
			if err != nil {
				return err
			}
			_, err = conn.PgConn().CopyFrom(ctx, file, "COPY "+t.name+" FROM STDIN (FORMAT binary)")
			if err := errors.Join(err, file.Close()); err != nil {
				return err
			}
		}
		if err := tx.Commit(ctx); err != nil {
			return err
		}
		c = copied{time.Since(begun), load.CPU(b.postmaster, true) - serving}
		return nil
	})
	return c, err
}

// singleWrites counts writes of one event, each its own revision.
func (b *bench) singleWrites(ctx context.Context, p *part) error {
	return b.scratch(ctx, "bench_writes", "template1", func() error {
		if err := b.createSchema(ctx, "bench_writes"); err != nil {
			return err
		}
		store, err := postgres.Open(ctx, postgres.Options{URL: b.url("bench_writes", "writes"), MaxConns: 20})
		if err != nil {
			return err
		}
		defer store.Close()
		t := table{Title: "Single writes, each its own revision, through the store:", Columns: []string{"writers", "writes/s"}}
		g := synthetic.New(seed)
		var mu sync.Mutex
		for _, writers := range []int{1, 16} {
			limited, cancel := context.WithTimeout(ctx, b.length())
			var written atomic.Int64
			var group sync.WaitGroup
			faults := make(chan error, writers)
			begun := time.Now()
			for range writers {
				group.Go(func() {
					for limited.Err() == nil {
						mu.Lock()
						e := g.Event()
						mu.Unlock()
						if _, err := store.Put(limited, e, postgres.Precondition{}, postgres.Author{Name: "bench"}); err != nil {
							if limited.Err() == nil {
								faults <- err
							}
							return
						}
						written.Add(1)
					}
				})
			}
			group.Wait()
			cancel()
			select {
			case err := <-faults:
				return err
			default:
			}
			rate := float64(written.Load()) / time.Since(begun).Seconds()
			b.say("%d writers: %s writes a second", writers, figure(rate))
			t.Rows = append(t.Rows, []string{fmt.Sprint(writers), figure(rate)})
		}
		p.Tables = append(p.Tables, t)
		return nil
	})
}
