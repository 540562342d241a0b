package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/bench/load"
	"github.com/tarikh-timeline/tarikh/bench/synthetic"
	"github.com/tarikh-timeline/tarikh/internal/render"
)

// exportRounds is how often whole exports are read where there are many events.
const exportRounds = 3

// exporting compares the NDJSON export with pgx and COPY, and tells how fast the other
// formats are and what memory they take.
func exporting(ctx context.Context, b *bench, p *part) error {
	own, err := b.start(ctx, serving{database: b.url("tarikh", "export")})
	if err != nil {
		return err
	}
	defer own.stop()
	b.say("the program reads its copy of the events")
	b.settle(ctx, 5*time.Minute, own.pid())
	rounds := b.rounds
	if b.events >= manyEvents {
		rounds = min(rounds, exportRounds)
	}
	ways := []struct {
		name string
		read func(context.Context) (int64, error)
	}{
		{"`.ndjson` over HTTP", func(ctx context.Context) (int64, error) { return own.download(ctx, "ndjson", "") }},
		{"the documents in page order with pgx alone", b.readWithPgx},
		{"`COPY … TO STDOUT (FORMAT csv)`, ordered", b.readWithCopy},
	}
	took, size := make([][]time.Duration, len(ways)), make([]int64, len(ways))
	for round := range rounds {
		for i := range ways {
			way := (i + round) % len(ways)
			begun := time.Now()
			if size[way], err = ways[way].read(ctx); err != nil {
				return fmt.Errorf("%s: %w", ways[way].name, err)
			}
			took[way] = append(took[way], time.Since(begun))
			b.say("round %d, %s: %.1f s", round+1, ways[way].name, time.Since(begun).Seconds())
		}
	}
	if size[0] != size[1] {
		return fmt.Errorf("pgx reads %d bytes, the export has %d", size[1], size[0])
	}
	t := table{Columns: []string{"", "MB", "median", "min", "max", "MB/s"}}
	for i, way := range ways {
		slices.Sort(took[i])
		m := load.Median(took[i])
		t.Rows = append(t.Rows, []string{way.name, megabytes(size[i]), span(m), span(took[i][0]), span(took[i][rounds-1]), figure(float64(size[i]) / 1e6 / m.Seconds())})
	}
	p.Tables = append(p.Tables, t)
	against := func(way int) float64 { return load.Median(took[way]).Seconds() / load.Median(took[0]).Seconds() }
	p.Goals = append(p.Goals,
		goal{Axis: "export over HTTP", Goal: "0.8 of pgx reading the documents", Value: against(1), AtLeast: 0.8},
		goal{Axis: "export over HTTP", Goal: "3 times `COPY … csv` ordered", Value: against(2), AtLeast: 3})
	return b.formats(ctx, p, own)
}

// formats reads every format of few events and of many.
func (b *bench) formats(ctx context.Context, p *part, own *process) error {
	codes := synthetic.CountryCodes()
	few, many := "?country="+codes[150], "?country="+codes[2]
	t := table{
		Title:   "Every format, of the third most frequent country; the peak is that of the process since the download began, beside that of a country with few events:",
		Columns: []string{"", "MB", "s", "MB/s", "peak of few, MB", "peak of many, MB", "growth, MB"},
	}
	peakOf := func(format, query string) (size, peak int64, took time.Duration, err error) {
		_ = load.ForgetPeak(own.pid()) // where that is not possible, the peak is that of before
		begun := time.Now()
		if size, err = own.download(ctx, format, query); err != nil {
			return 0, 0, 0, fmt.Errorf(".%s: %w", format, err)
		}
		took = time.Since(begun)
		_, peak = load.Memory(own.pid())
		return size, peak, took, nil
	}
	small := map[string]int64{}
	for _, f := range render.Formats {
		_, peak, _, err := peakOf(f.Name, few)
		if err != nil {
			return err
		}
		small[f.Name] = peak
	}
	for _, f := range render.Formats {
		size, peak, took, err := peakOf(f.Name, many)
		if err != nil {
			return err
		}
		b.say(".%s: %s MB in %s", f.Name, megabytes(size), span(took))
		growth := float64(peak-small[f.Name]) / 1e6
		t.Rows = append(t.Rows, []string{"`." + f.Name + "`", megabytes(size), fmt.Sprintf("%.2f", took.Seconds()), figure(float64(size) / 1e6 / took.Seconds()), megabytes(small[f.Name]), megabytes(peak), fmt.Sprintf("%.1f", growth)})
		if f.Name == "ndjson" {
			p.Goals = append(p.Goals, goal{Axis: "export over HTTP", Goal: "memory grows by at most 8 MB for `.ndjson`", Value: max(0, growth), Unit: " MB", AtMost: 8})
		}
	}
	p.Tables = append(p.Tables, t)
	return nil
}

// download reads an export to its end and gives its size.
func (p *process) download(ctx context.Context, format, query string) (int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address+"/v1/events."+format+query, nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Accept-Encoding", "identity")
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, errors.New(response.Status)
	}
	return io.CopyBuffer(struct{ io.Writer }{io.Discard}, response.Body, make([]byte, 64<<10))
}

// readWithPgx reads all documents in page order over one connection, the least that any
// export can do, and gives their size with a line break each.
func (b *bench) readWithPgx(ctx context.Context) (size int64, err error) {
	err = b.withConn(ctx, "tarikh", func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT doc FROM event ORDER BY sort_day, id`)
		if err != nil {
			return err
		}
		var doc []byte
		_, err = pgx.ForEachRow(rows, []any{&doc}, func() error {
			size += int64(len(doc)) + 1
			return nil
		})
		return err
	})
	return size, err
}

// readWithCopy reads the documents as CSV, as Postgres makes it.
func (b *bench) readWithCopy(ctx context.Context) (size int64, err error) {
	err = b.withConn(ctx, "tarikh", func(conn *pgx.Conn) error {
		counted := &counter{}
		_, err := conn.PgConn().CopyTo(ctx, counted, `COPY (SELECT convert_from(doc, 'UTF8') FROM event ORDER BY sort_day, id) TO STDOUT (FORMAT csv)`)
		size = counted.bytes
		return err
	})
	return size, err
}

type counter struct{ bytes int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	return len(p), nil
}
