// Command columns measures the copy of all events in memory (internal/columns) by
// itself, without a database: its size, the time to load and to change it, and the time
// of charts, facets and counts.
//
//	go run ./bench/columns -events 1000000
//
// Events are of the shape of the benchmark: 1 to 4 of 200 countries by Zipf's law,
// dates 1900 to 2026 skewed to recent, 62 % days, 20 % months, 10 % years, the rest
// decades and intervals. Times are CPU time of the process (user and system), so that
// they mean something on a machine that others use too.
package main

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/columns"
	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func main() {
	events := flag.Int("events", 1_000_000, "how many events")
	flag.Parse()
	g := newGenerator()
	fmt.Printf("resident before: %.1f MB\n", resident("VmRSS"))
	table := columns.New()
	var row columns.Row
	making := measure(1, func() {
		for range *events {
			g.event(&row)
		}
	})
	g = newGenerator()
	loading := measure(1, func() {
		for range *events {
			g.event(&row)
			table.Load(&row)
		}
	})
	table.Loaded(1)
	fmt.Printf("loading: %v of CPU, peak %.1f MB\n", loading-making, resident("VmHWM"))
	debug.FreeOSMemory()
	fmt.Printf("%.1f bytes an event; resident after: %.1f MB\n", float64(table.Bytes())/float64(*events), resident("VmRSS"))

	year := func(y int) edtf.Window {
		return edtf.Window{From: edtf.At(edtf.DayOf(y, 1, 1)), To: edtf.At(edtf.DayOf(y+9, 12, 31))}
	}
	uneven := edtf.Window{From: edtf.At(edtf.DayOf(1990, 1, 2)), To: edtf.At(edtf.DayOf(1999, 12, 30))}
	first := [][]string{{g.codes[0]}}
	for _, c := range []struct {
		name  string
		query timeline.ChartQuery
	}{
		{"a country by month", timeline.ChartQuery{Filter: timeline.Filter{Countries: first}, Interval: "month"}},
		{"a country by month, active", timeline.ChartQuery{Filter: timeline.Filter{Countries: first}, Interval: "month", By: "active"}},
		{"a country by month, ten years", timeline.ChartQuery{Filter: timeline.Filter{Countries: first, Window: year(1990)}, Interval: "month"}},
		{"a group by year", timeline.ChartQuery{Filter: timeline.Filter{Regions: []string{"ecowas"}}, Interval: "year"}},
		{"all by month", timeline.ChartQuery{Interval: "month"}},
		{"all by week, ten years, scanned", timeline.ChartQuery{Filter: timeline.Filter{Window: year(1990)}, Interval: "week"}},
		{"a country by month, uneven window, scanned", timeline.ChartQuery{Filter: timeline.Filter{Countries: first, Window: uneven}, Interval: "month"}},
		{"two countries by month, scanned", timeline.ChartQuery{Filter: timeline.Filter{Countries: [][]string{{g.codes[0]}, {g.codes[5]}}}, Interval: "month"}},
		{"all by year and type, scanned", timeline.ChartQuery{Interval: "year", GroupBy: "type"}},
		{"all by year and country, scanned", timeline.ChartQuery{Interval: "year", GroupBy: "country"}},
	} {
		fmt.Printf("%-45s %v\n", c.name, measure(5, func() {
			if _, err := table.Chart(c.query); err != nil {
				panic(err)
			}
		}))
	}
	bys := []string{"country", "type", "status", "dataset", "tag"}
	fmt.Printf("%-45s %v\n", "five facets of all", measure(5, func() { table.Facets(timeline.Filter{}, bys, 20) }))
	fmt.Printf("%-45s %v\n", "five facets of a country", measure(5, func() { table.Facets(timeline.Filter{Countries: first}, bys, 20) }))
	fmt.Printf("%-45s %v\n", "count of a country and a window", measure(5, func() { table.Count(&timeline.Filter{Countries: first, Window: uneven}) }))
	fmt.Printf("%-45s %v\n", "usage of countries", measure(5, func() { table.Usage(timeline.TermCountry) }))

	const changes = 20_000
	old, changed := newGenerator(), newGenerator()
	for range 100_000 {
		changed.event(&row)
	}
	revision := int64(1)
	updating := measure(1, func() {
		for range changes {
			var before, after columns.Row
			old.event(&before)
			changed.event(&after)
			revision++
			if err := table.Update(revision, []columns.Row{before}, []columns.Row{after}); err != nil {
				panic(err)
			}
		}
	})
	fmt.Printf("%-45s %v\n", "a change, with its share of settling", updating/changes)
	runtime.KeepAlive(table)
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

// generator makes the same events each time.
type generator struct {
	random    *rand.Rand
	countries *rand.Zipf
	codes     []string
	roles     []string
}

func newGenerator() *generator {
	random := rand.New(rand.NewPCG(1, 2))
	g := &generator{random: random, countries: rand.NewZipf(random, 1.1, 1, 199)}
	for _, c := range country.All() {
		g.codes = append(g.codes, c.Alpha3)
	}
	for _, code := range g.codes[:200] {
		g.roles = append(g.roles, "location:"+code, "participant:"+code)
	}
	return g
}

func (g *generator) event(r *columns.Row) {
	r.Type = timeline.Types[g.random.IntN(len(timeline.Types))].Code
	r.Status, r.Dataset = timeline.Statuses[g.random.IntN(2)], "synthetic"
	r.Sources = 1 + g.random.IntN(3)
	r.CountryRoles = r.CountryRoles[:0]
	for i := range 1 + g.random.IntN(4) {
		r.CountryRoles = append(r.CountryRoles, g.roles[2*int(g.countries.Uint64())+min(i, 1)])
	}
	const days = 127 * 365
	u := g.random.Float64()
	day := edtf.DayOf(2026, 12, 1) - edtf.Day(days*u*u)
	y, m, _ := day.Civil()
	lo, hi := day, day
	switch p := g.random.IntN(100); {
	case p < 62:
	case p < 82:
		lo, hi = edtf.DayOf(y, m, 1), edtf.DayOf(y, m, 28)
	case p < 92:
		lo, hi = edtf.DayOf(y, 1, 1), edtf.DayOf(y, 12, 31)
	case p < 95:
		lo, hi = edtf.DayOf(y/10*10, 1, 1), edtf.DayOf(y/10*10+9, 12, 31)
	default:
		end := edtf.At(day + 1 + edtf.Day(g.random.IntN(3000)))
		r.Bounds = edtf.Bounds{StartEarliest: edtf.At(day), StartLatest: edtf.At(day), EndEarliest: end, EndLatest: end}
		return
	}
	r.Bounds = edtf.Bounds{StartEarliest: edtf.At(lo), StartLatest: edtf.At(hi), EndEarliest: edtf.At(lo), EndLatest: edtf.At(hi)}
}
