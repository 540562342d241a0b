// Command series is the other design of bench/DESIGN.md, as small as it can be: the
// counts that charts are made of lie in Postgres, by term, and are updated with each
// write. It measures their bytes, what a write costs more and what a chart costs less.
//
//	go run ./bench/prototypes/series -events 200000
//
// The layouts are one array a term, of the months' counts, and one row a term and
// month. Both count starts by month alone, an eighth of what a chart needs (starts and
// ends, first and last possible days, certain and expected): what is measured here is
// the least that the design can cost. Times are CPU time of the server's process.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/bench/synthetic"
	"github.com/tarikh-timeline/tarikh/internal/pgembed"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

const months = (synthetic.LastYear - synthetic.FirstYear + 1) * 12

func main() {
	pgembed.MaybeRunGuard()
	events := flag.Int("events", 200_000, "how many events")
	writes := flag.Int("writes", 1_000, "how many writes of one event")
	flag.Parse()
	if err := run(context.Background(), *events, *writes); err != nil {
		fmt.Fprintln(os.Stderr, "series:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, events, writes int) error {
	dir, err := os.MkdirTemp("", "tarikh-series-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	server, err := pgembed.Start(ctx, pgembed.Options{DataDir: dir})
	if err != nil {
		return err
	}
	defer func() { _ = server.Stop(context.WithoutCancel(ctx)) }()
	conn, err := pgx.Connect(ctx, server.URL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)

	g := synthetic.New(1)
	counts := map[string][]int32{}
	for range events {
		terms, month := contribution(g)
		for _, term := range terms {
			if counts[term] == nil {
				counts[term] = make([]int32, months)
			}
			counts[term][month]++
		}
	}
	if _, err := conn.Exec(ctx, `
		CREATE TABLE by_array (term text PRIMARY KEY, counts int[] NOT NULL);
		CREATE TABLE by_row (term text, month int, n int NOT NULL, PRIMARY KEY (term, month)) WITH (fillfactor = 70)`); err != nil {
		return err
	}
	for term, list := range counts {
		if _, err := conn.Exec(ctx, `INSERT INTO by_array VALUES (@term, @counts)`, pgx.NamedArgs{"term": term, "counts": list}); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, `INSERT INTO by_row SELECT @term, m - 1, n FROM unnest(@counts::int[]) WITH ORDINALITY AS u(n, m) WHERE n > 0`,
			pgx.NamedArgs{"term": term, "counts": list}); err != nil {
			return err
		}
	}
	if _, err := conn.Exec(ctx, `VACUUM ANALYZE`); err != nil {
		return err
	}
	for _, layout := range []struct{ name, write, read string }{
		{
			"by_array", `UPDATE by_array SET counts[@month] = counts[@month] + 1 WHERE term = ANY(@terms)`,
			`SELECT counts FROM by_array WHERE term = @term`,
		},
		{
			"by_row", `INSERT INTO by_row SELECT t, @month, 1 FROM unnest(@terms::text[]) AS t ORDER BY t ON CONFLICT (term, month) DO UPDATE SET n = by_row.n + 1`,
			`SELECT array_agg(n ORDER BY month) FROM by_row WHERE term = @term`,
		},
	} {
		var size, wal int64
		if err := conn.QueryRow(ctx, `SELECT pg_total_relation_size($1::regclass), pg_current_wal_lsn() - '0/0'`, layout.name).Scan(&size, &wal); err != nil {
			return err
		}
		wrote, err := busy(conn, writes, func() error {
			terms, month := contribution(g)
			_, err := conn.Exec(ctx, layout.write, pgx.NamedArgs{"month": month + 1, "terms": terms})
			return err
		})
		if err != nil {
			return err
		}
		var after int64
		if err := conn.QueryRow(ctx, `SELECT pg_current_wal_lsn() - '0/0'`).Scan(&after); err != nil {
			return err
		}
		country := "country:" + synthetic.CountryCodes()[0]
		read, err := busy(conn, writes, func() error {
			var list []int32
			return conn.QueryRow(ctx, layout.read, pgx.NamedArgs{"term": country}).Scan(&list)
		})
		if err != nil {
			return err
		}
		fmt.Printf("%s: %d terms, %.1f MB; a write %.2f ms of CPU and %.1f kB of WAL; a chart of one country %.2f ms of CPU\n",
			layout.name, len(counts), float64(size)/1e6, wrote, float64(after-wal)/float64(writes)/1e3, read)
	}
	return nil
}

// contribution gives the next event's terms and the month of its sort day.
func contribution(g *synthetic.Generator) (terms []string, month int) {
	e := g.Event()
	for _, t := range e.Derive().Terms {
		switch t.Kind {
		case timeline.TermAll, timeline.TermCountry, timeline.TermRegion, timeline.TermType, timeline.TermDataset:
			terms = append(terms, t.Kind+":"+t.Value)
		}
	}
	y, m, _ := e.Date.SortDay().Civil()
	return terms, min(max(0, (y-synthetic.FirstYear)*12+m-1), months-1)
}

// busy gives the CPU time of the server's process for each of so many calls, in ms.
func busy(conn *pgx.Conn, times int, do func() error) (float64, error) {
	ticks := func() (int, error) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", conn.PgConn().PID()))
		if err != nil {
			return 0, err
		}
		fields := strings.Fields(string(stat)[strings.LastIndexByte(string(stat), ')')+2:])
		user, err := strconv.Atoi(fields[11])
		if err != nil {
			return 0, err
		}
		system, err := strconv.Atoi(fields[12])
		return user + system, err
	}
	before, err := ticks()
	if err != nil {
		return 0, err
	}
	for range times {
		if err := do(); err != nil {
			return 0, err
		}
	}
	after, err := ticks()
	const tick = 10 // ms, on Linux
	return float64(after-before) * tick / float64(times), err
}
