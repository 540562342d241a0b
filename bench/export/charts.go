package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
)

// chartCases are what a chart asks for, and the SQL that counts the first days alone: it
// tells neither what is certain nor what is to be expected.
var chartCases = []struct{ name, query, sql string }{
	{"one country by month", "?country=MLI&interval=month", `SELECT date_trunc('month', start_earliest), count(*) FROM event WHERE 'MLI' = ANY(countries) GROUP BY 1`},
	{"one country by year", "?country=MLI&interval=year", `SELECT date_trunc('year', start_earliest), count(*) FROM event WHERE 'MLI' = ANY(countries) GROUP BY 1`},
	{"all by month", "?interval=month", `SELECT date_trunc('month', start_earliest), count(*) FROM event GROUP BY 1`},
	{"all by year and country", "?interval=year&group_by=country", `SELECT date_trunc('year', start_earliest), c, count(*) FROM event, unnest(countries) AS c GROUP BY 1, 2`},
}

// charts compares timelines over HTTP with the GROUP BY of SQL on the same rows.
func charts(ctx context.Context, report *bytes.Buffer, program, url string, rounds int) error {
	server, err := start(ctx, program, url)
	if err != nil {
		return err
	}
	defer server.stop()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `VACUUM ANALYZE event`); err != nil {
		return err
	}
	time.Sleep(untilLoaded)
	fmt.Fprintf(report, "\n| timeline | over HTTP, ms | GROUP BY in SQL, ms | times as fast |\n|---|--:|--:|--:|\n")
	for _, c := range chartCases {
		var api, sql []time.Duration
		for range rounds {
			begun := time.Now()
			if err := server.read(ctx, "/v1/timeline"+c.query); err != nil {
				return err
			}
			api = append(api, time.Since(begun))
			begun = time.Now()
			rows, err := conn.Query(ctx, c.sql)
			if err != nil {
				return err
			}
			for rows.Next() { // nothing is kept: only the time counts
			}
			if rows.Close(); rows.Err() != nil {
				return rows.Err()
			}
			sql = append(sql, time.Since(begun))
		}
		a, s := median(api), median(sql)
		fmt.Fprintf(report, "| %s | %.1f | %.1f | %.1f |\n", c.name, a.Seconds()*1000, s.Seconds()*1000, s.Seconds()/a.Seconds())
	}
	return nil
}

// read asks for a path and reads the answer to its end.
func (s *server) read(ctx context.Context, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", path, response.Status)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
