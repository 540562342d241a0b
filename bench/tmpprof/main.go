package main

import (
	"context"
	"fmt"
	"os"
	"runtime/pprof"
	"syscall"

	"github.com/tarikh-timeline/tarikh/internal/ingest"
	"github.com/tarikh-timeline/tarikh/internal/pgembed"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func must(err error) { if err != nil { panic(err) } }

func cpu() float64 { var u syscall.Rusage; syscall.Getrusage(0, &u); return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9 }

func main() {
	pgembed.MaybeRunGuard()
	ctx := context.Background()
	srv, err := pgembed.Start(ctx, pgembed.Options{DataDir: os.Args[2]})
	must(err)
	must(postgres.Migrate(ctx, srv.URL()))
	st, err := postgres.Open(ctx, postgres.Options{URL: srv.URL()})
	must(err)
	m, err := ingest.Load("events")
	must(err)
	d := timeline.Dataset{Slug: "bench", Title: timeline.Text{"en": "x"}}
	p, _ := os.Create("/tmp/impbench/read.prof")
	pprof.StartCPUProfile(p)
	for range 2 {
	f, _ := os.Open(os.Args[1])
	b, err := st.NewBulk(ctx, postgres.BulkOptions{Dataset: &d, DryRun: true})
	must(err)
	t := cpu()
	must(ingest.Each(ctx, f, m, ingest.Options{Dataset: d.Slug}, func(ctx context.Context, bt *ingest.Batch) (*postgres.BulkBatch, error) {
		ev := make([]postgres.BulkEvent, len(bt.Events))
		for i := range bt.Events {
			ev[i] = postgres.BulkEvent{Row: bt.Events[i].Row, Event: &bt.Events[i].Event}
		}
		return b.Prepare(ctx, ev)
	}, func(x *postgres.BulkBatch) error { return b.Add(x) }))
	fmt.Println("read cpu", cpu()-t)
	b.Close()
	}
	pprof.StopCPUProfile()
}
