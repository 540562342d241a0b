// Command filters tells what pages cost the database, for every filter and the usual
// combinations, with windows of every length, as first pages and from the middle, in
// both orders: the shared blocks that the very statements of the program read, by
// EXPLAIN. It reads the database of DATABASE_URL, which must hold events and their
// statistics, writes nothing but the table, in Markdown, and asks nothing that takes
// longer than three seconds to the end.
//
//	DATABASE_URL=postgres://... go run ./bench/filters
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	if err := Table(ctx, os.Getenv("DATABASE_URL"), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "filters:", err)
		stop()
		os.Exit(1)
	}
	stop()
}

const (
	// goal is the most blocks that a page of one term should read, with a million events.
	goal = 300
	// longest is how long a page is waited for; the program gives up after two seconds.
	longest = 3 * time.Second
	limit   = 50
)

// window is a column of the table, and where its page from the middle begins.
type window struct {
	name   string
	window edtf.Window
	middle edtf.Day
}

func windows() []window {
	first := func(year int) edtf.Day { return edtf.DayOf(year, 1, 1) }
	between := func(from, to edtf.Day) edtf.Window { return edtf.Window{From: edtf.At(from), To: edtf.At(to)} }
	return []window{
		{"no window", edtf.Window{}, first(2000)},
		{"a day", between(edtf.DayOf(2010, 7, 1), edtf.DayOf(2010, 7, 1)), edtf.DayOf(2010, 7, 1)},
		{"a month", between(edtf.DayOf(2010, 7, 1), edtf.DayOf(2010, 7, 31)), edtf.DayOf(2010, 7, 16)},
		{"a year", between(first(2010), first(2011)-1), edtf.DayOf(2010, 7, 1)},
		{"a decade", between(first(1990), first(2000)-1), first(1995)},
		{"until 1950", edtf.Window{To: edtf.At(first(1951) - 1)}, first(1930)},
		{"since 2015", edtf.Window{From: edtf.At(first(2015))}, first(2019)},
	}
}

// cost is the dearest of a cell's pages: both orders.
type cost struct {
	buffers int64
	rows    int64
	millis  float64
	late    bool
}

// Table writes the table of the database's events.
func Table(ctx context.Context, databaseURL string, out io.Writer) error {
	store, err := postgres.Open(ctx, postgres.Options{URL: databaseURL})
	if err != nil {
		return err
	}
	defer store.Close()
	cases, events, err := choose(ctx, databaseURL, store)
	if err != nil {
		return err
	}
	columns := windows()
	fmt.Fprintf(out, "Shared blocks that a page of %d reads, of %d events: the first page / one from the middle, the dearer of both orders. Above %d also its milliseconds and, in brackets, its events.\n\n", limit, events, goal)
	fmt.Fprint(out, "| filter |")
	for _, w := range columns {
		fmt.Fprintf(out, " %s |", w.name)
	}
	fmt.Fprintln(out, "\n|---|"+strings.Repeat("---|", len(columns)))
	worst := map[bool]cost{} // of what has a goal, and the others
	for _, c := range cases {
		fmt.Fprintf(out, "| %s |", c.name)
		for _, w := range columns {
			var cells []string
			for _, after := range []*timeline.Position{nil, {Day: w.middle}} {
				found, err := dearest(ctx, store, c.filter, w.window, after)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", c.name, w.name, err)
				}
				if found.late || found.buffers > worst[c.goal].buffers && !worst[c.goal].late {
					worst[c.goal] = found
				}
				cells = append(cells, found.String())
			}
			fmt.Fprintf(out, " %s |", strings.Join(cells, " / "))
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "\nThe dearest page of one term, or of any of four countries: %s (goal: at most %d with a million events, three times that with ten). The dearest of the others, which have a time budget of 2 s instead: %s.\n", worst[true], goal, worst[false])
	return nil
}

func (c cost) String() string {
	switch {
	case c.late:
		return "**over its budget: 503**"
	case c.buffers > goal:
		return fmt.Sprintf("**%d**, %.1f ms (%d)", c.buffers, c.millis, c.rows)
	}
	return fmt.Sprint(c.buffers)
}

// dearest asks for a page in both orders. What an empty answer is known to be without a
// look costs nothing.
func dearest(ctx context.Context, store *postgres.Store, f timeline.Filter, w edtf.Window, after *timeline.Position) (cost, error) {
	var worst cost
	for _, order := range []timeline.Order{timeline.Ascending, timeline.Descending} {
		q := timeline.ListQuery{Filter: f, Order: order, After: after, Limit: limit}
		q.Window = w
		limited, cancel := context.WithTimeout(ctx, longest)
		told, err := store.Explain(limited, q)
		late := limited.Err() != nil && ctx.Err() == nil
		cancel()
		if late || errors.Is(err, context.DeadlineExceeded) {
			return cost{late: true}, nil
		}
		if err != nil {
			return cost{}, err
		}
		if told.Buffers > worst.buffers {
			worst = cost{told.Buffers, told.Rows, told.Millis, told.Millis > 2_000}
		}
	}
	return worst, nil
}
