// Command columns measures the copy of all events in memory (internal/columns) by
// itself, without a database: its size, the time to load and to change it, and the time
// of charts, facets and counts.
//
//	go run ./bench/columns -events 1000000
//
// Events are those of bench/synthetic. Times are CPU time of the process (user and
// system), so that they mean something on a machine that others use too.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tarikh-timeline/tarikh/bench/synthetic"
	"github.com/tarikh-timeline/tarikh/internal/columns"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func main() {
	events := flag.Int("events", 1_000_000, "how many events")
	flag.Parse()
	g := newGenerator()
	fmt.Printf("resident before: %.1f MB\n", resident("VmRSS"))
	table := columns.New()
	rows := make([]columns.Row, 1000)
	var loading time.Duration
	for done := 0; done < *events; done += len(rows) {
		for i := range rows {
			g.event(&rows[i])
		}
		loading += measure(1, func() {
			for i := range rows {
				table.Load(&rows[i])
			}
		})
	}
	table.Loaded(1)
	fmt.Printf("loading: %v of CPU, peak with the generator's garbage %.1f MB\n", loading, resident("VmHWM"))
	debug.FreeOSMemory()
	fmt.Printf("%.1f bytes an event; resident after: %.1f MB\n", float64(table.Bytes())/float64(*events), resident("VmRSS"))

	fmt.Printf("%-45s %-12s %-12s %s\n", "", "first", "second", "then")
	tenYears := edtf.Window{From: edtf.At(edtf.DayOf(1990, 1, 1)), To: edtf.At(edtf.DayOf(1999, 12, 31))}
	uneven := edtf.Window{From: edtf.At(edtf.DayOf(1990, 1, 2)), To: edtf.At(edtf.DayOf(1999, 12, 30))}
	codes := synthetic.CountryCodes()
	first := [][]string{{codes[0]}}
	for _, c := range []struct {
		name  string
		query timeline.ChartQuery
	}{
		{"a country by month", timeline.ChartQuery{Filter: timeline.Filter{Countries: first}, Interval: "month"}},
		{"a country by month, active", timeline.ChartQuery{Filter: timeline.Filter{Countries: first}, Interval: "month", By: "active"}},
		{"a country by month, ten years", timeline.ChartQuery{Filter: timeline.Filter{Countries: first, Window: tenYears}, Interval: "month"}},
		{"a group by year", timeline.ChartQuery{Filter: timeline.Filter{Regions: []string{"ecowas"}}, Interval: "year"}},
		{"all by month", timeline.ChartQuery{Interval: "month"}},
		{"all by week, ten years", timeline.ChartQuery{Filter: timeline.Filter{Window: tenYears}, Interval: "week"}},
		{"a country by month, uneven window", timeline.ChartQuery{Filter: timeline.Filter{Countries: first, Window: uneven}, Interval: "month"}},
		{"two countries by month", timeline.ChartQuery{Filter: timeline.Filter{Countries: [][]string{{codes[0]}, {codes[5]}}}, Interval: "month"}},
		{"all by year and type", timeline.ChartQuery{Interval: "year", GroupBy: "type"}},
		{"ten years by month and type", timeline.ChartQuery{Filter: timeline.Filter{Window: tenYears}, Interval: "month", GroupBy: "type"}},
		{"two countries by year and type", timeline.ChartQuery{Filter: timeline.Filter{Countries: [][]string{{codes[0]}, {codes[5]}}}, Interval: "year", GroupBy: "type"}},
		{"what occurred, by year and country", timeline.ChartQuery{Filter: timeline.Filter{Statuses: []string{"occurred"}}, Interval: "year", GroupBy: "country"}},
		{"what occurred, by year and country, ten years", timeline.ChartQuery{Filter: timeline.Filter{Statuses: []string{"occurred"}, Window: tenYears}, Interval: "year", GroupBy: "country"}},
		{"deaths of a country by month", timeline.ChartQuery{Filter: timeline.Filter{Countries: first}, Interval: "month", Measure: "deaths"}},
		{"all by year and country", timeline.ChartQuery{Interval: "year", GroupBy: "country"}},
	} {
		ask(c.name, func() { must(table.Chart(c.query)) })
	}
	bys := []string{"country", "type", "status", "dataset", "tag"}
	ask("five facets of all", func() { must(table.Facets(timeline.Filter{}, bys, 20, nil)) })
	ask("five facets of a country", func() { must(table.Facets(timeline.Filter{Countries: first}, bys, 20, nil)) })
	ask("five facets of a country in ten years", func() { must(table.Facets(timeline.Filter{Countries: first, Window: tenYears}, bys, 20, nil)) })
	ask("five facets of what occurred in ten years", func() {
		must(table.Facets(timeline.Filter{Statuses: []string{"occurred"}, Window: tenYears}, bys, 20, nil))
	})
	ask("tags of ten years", func() { must(table.Facets(timeline.Filter{Window: tenYears}, bys[4:], 20, nil)) })
	ask("four facets of ten years", func() { must(table.Facets(timeline.Filter{Window: tenYears}, bys[:4], 20, nil)) })
	ask("five facets of ten years", func() { must(table.Facets(timeline.Filter{Window: tenYears}, bys, 20, nil)) })
	ask("count of a country in ten years", func() { must(table.Count(&timeline.Filter{Countries: first, Window: tenYears}, nil)) })
	ask("count of a country, uneven window", func() { must(table.Count(&timeline.Filter{Countries: first, Window: uneven}, nil)) })
	ask("usage of countries", func() { table.Usage(timeline.TermCountry) })

	const changes = 20_000
	old := newGenerator()
	var before [2 * changes]columns.Row
	for i := range before {
		old.event(&before[i])
		before[i] = before[i].Clone()
	}
	updating := measure(1, func() {
		for i := range changes {
			if err := table.Update(int64(i+2), before[i:i+1], before[i+changes:i+changes+1]); err != nil {
				panic(err)
			}
		}
	})
	fmt.Printf("%-45s %v\n", "a change, with its share of settling", updating/changes)
	runtime.KeepAlive(table)
}

// must ends the program where a question was not answered.
func must[T any](_ T, err error) {
	if err != nil {
		panic(err)
	}
}

// ask tells how long a question takes that was not asked before, the second time, and from
// then on: what was counted for it is kept.
func ask(name string, do func()) {
	first, second := measure(1, do), measure(1, do)
	fmt.Printf("%-45s %-12v %-12v %v\n", name, first, second, measure(5, do))
}

// measure gives the CPU time of a call, the median of so many.
func measure(times int, do func()) time.Duration {
	var taken []time.Duration
	for range times {
		before := cpu()
		do()
		taken = append(taken, cpu()-before)
	}
	slices.Sort(taken)
	return taken[len(taken)/2]
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident reads a line of /proc/self/status, in MB.
func resident(name string) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return math.NaN()
	}
	for line := range strings.Lines(string(status)) {
		var kB float64
		if _, err := fmt.Sscanf(line, name+": %f", &kB); err == nil {
			return kB / 1024
		}
	}
	return math.NaN()
}

// generator makes the same rows each time.
type generator struct {
	*synthetic.Generator
	words map[string]string // each role of a country once, as a reader of rows has it
}

func newGenerator() *generator { return &generator{synthetic.New(1), map[string]string{}} }

func (g *generator) event(r *columns.Row) {
	e := g.Event()
	r.Bounds, r.Approximate, r.Uncertain, r.Set, r.Spans = e.Date.Bounds, e.Date.Approximate, e.Date.Uncertain, e.Date.Set, e.Date.MatchSpans()
	r.Type, r.Status, r.Dataset, r.Sources, r.Tags = e.Type, e.Status, e.Dataset, len(e.Sources), e.Tags
	r.CountryRoles, r.Measures = r.CountryRoles[:0], r.Measures[:0]
	for _, c := range e.Countries {
		word := c.Role + ":" + c.Code
		if _, ok := g.words[word]; !ok {
			g.words[word] = word
		}
		r.CountryRoles = append(r.CountryRoles, g.words[word])
	}
	for name, value := range e.Measures {
		r.Measures = append(r.Measures, columns.Measure{Name: name, Value: value})
	}
}
