package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tarikh-timeline/tarikh/bench/load"
	"github.com/tarikh-timeline/tarikh/bench/synthetic"
)

// chartCase is a question of charts, and the SQL that a developer would write for it.
type chartCase struct {
	name, path, sql string
	country         bool     // a monthly timeline of one country, which goals are set for
	others          []string // paths that are asked in turn in the place of the one
}

func chartCases() []chartCase {
	large, middling := synthetic.CountryCodes()[0], synthetic.CountryCodes()[19]
	monthly := func(code string) chartCase {
		return chartCase{
			path: "/v1/timeline?interval=month&country=" + code, country: true,
			sql: `SELECT date_trunc('month', sort_date), count(*) FROM rival.event_country WHERE country = '` + code + `' GROUP BY 1`,
		}
	}
	// What was counted for a filter is kept: of these it is forgotten before they come again.
	var pairs []string
	codes := synthetic.CountryCodes()
	for i, one := range codes[:10] {
		for _, other := range codes[i+1:] {
			pairs = append(pairs, "/v1/timeline?interval=month&country="+one+","+other)
		}
	}
	two := `SELECT date_trunc('month', sort_date), count(DISTINCT event_id) FROM rival.event_country WHERE country IN ('` + large + `', '` + middling + `') GROUP BY 1`
	a, c := monthly(large), monthly(middling)
	a.name, c.name = "the most frequent country by month", "the 20th country by month"
	return []chartCase{
		a, c,
		{name: "all by month", path: "/v1/timeline?interval=month", sql: `SELECT date_trunc('month', sort_day), count(*) FROM event GROUP BY 1`},
		{name: "facets of a country by type", path: "/v1/facets?by=type&country=" + large, sql: `SELECT e.type, count(*) FROM rival.event_country c JOIN event e ON e.id = c.event_id WHERE c.country = '` + large + `' GROUP BY 1 ORDER BY 2 DESC LIMIT 20`},
		{name: "facets of all by country", path: "/v1/facets?by=country", sql: `SELECT country, count(*) FROM rival.event_country GROUP BY 1 ORDER BY 2 DESC LIMIT 20`},
		{name: "two countries by month", path: "/v1/timeline?interval=month&country=" + large + "," + middling, sql: two},
		{name: "two countries by month, always another two", path: pairs[0], sql: two, others: pairs},
		{name: "the most frequent country by week of ten years", path: "/v1/timeline?interval=week&from=1990&to=1999&country=" + large, sql: `SELECT date_trunc('week', sort_date), count(*) FROM rival.event_country WHERE country = '` + large + `' AND sort_date <= '1999-12-31' AND end_date >= '1990-01-01' GROUP BY 1`},
		{name: "deaths of a country by month", path: "/v1/timeline?interval=month&measure=deaths&country=" + large, sql: `SELECT date_trunc('month', c.sort_date), sum((e.measures ->> 'deaths')::float8) FROM rival.event_country c JOIN event e ON e.id = c.event_id WHERE c.country = '` + large + `' GROUP BY 1`},
		{name: "all by year and type", path: "/v1/timeline?interval=year&group_by=type", sql: `SELECT date_trunc('year', sort_day), type, count(*) FROM event GROUP BY 1, 2`},
		{name: "all by year and country", path: "/v1/timeline?interval=year&group_by=country", sql: `SELECT date_trunc('year', sort_date), country, count(*) FROM rival.event_country GROUP BY 1, 2`},
		{name: "facets of ten years by country", path: "/v1/facets?by=country&from=1990&to=1999", sql: `SELECT country, count(*) FROM rival.event_country WHERE sort_date <= '1999-12-31' AND end_date >= '1990-01-01' GROUP BY 1 ORDER BY 2 DESC LIMIT 20`},
		{name: "exact count of a country in ten years", path: "/v1/events?limit=1&count=exact&from=1990&to=1999&country=" + large, sql: `SELECT count(*) FROM rival.event_country WHERE country = '` + large + `' AND sort_date <= '1999-12-31' AND end_date >= '1990-01-01'`},
	}
}

// charts compares timelines, facets and counts with SQL on the same rows: each made anew,
// and those that goals are set for also as visitors get them, from the answers kept.
func charts(ctx context.Context, b *bench, p *part) error {
	if err := b.fillCountries(ctx); err != nil {
		return err
	}
	own, err := b.start(ctx, serving{database: b.url("tarikh", "charts"), cache: "0"})
	if err != nil {
		return err
	}
	defer own.stop()
	b.say("the program reads its copy of the events")
	begun := time.Now()
	b.settle(ctx, 5*time.Minute, own.pid())
	p.Notes = append(p.Notes, fmt.Sprintf("After its start the program was busy for %.0f s, reading its copy of the events; until then SQL answers.", time.Since(begun).Seconds()))
	keeping, err := b.start(ctx, serving{database: b.url("tarikh", "charts")})
	if err != nil {
		return err
	}
	defer keeping.stop()
	b.settle(ctx, 5*time.Minute, keeping.pid())
	var targets []load.Target
	var cases []chartCase
	for _, c := range chartCases() {
		if _, _, err := get(ctx, own.address+c.path, nil); err != nil {
			p.Notes = append(p.Notes, fmt.Sprintf("%s was not measured: %v.", c.name, err))
			continue
		}
		cases = append(cases, c)
		targets = append(targets,
			load.Target{Name: c.name, PID: own.pid(), Run: func(ctx context.Context, round int) (load.Sample, error) {
				return load.HTTP{URL: own.address + c.path, Lines: c.others, Connections: 1, Length: b.lengthOf(round), Dir: b.work}.Run(ctx)
			}},
			load.Target{Name: c.name + ", SQL", Run: func(ctx context.Context, round int) (load.Sample, error) {
				return load.SQL{URL: b.url("tarikh", "groupby"), Script: c.sql + ";\n", Connections: 1, Length: b.lengthOf(round), Dir: b.work}.Run(ctx)
			}})
		if c.country {
			targets = append(targets, load.Target{Name: c.name + ", kept", PID: keeping.pid(), Run: func(ctx context.Context, round int) (load.Sample, error) {
				return load.HTTP{URL: keeping.address + c.path, Connections: 1, Length: b.lengthOf(round), Dir: b.work}.Run(ctx)
			}})
		}
	}
	m := b.compare(ctx, p, targets)
	ratios := table{Title: "How many times as fast as SQL:", Columns: []string{"", "times"}}
	lowest, slowest := math.Inf(1), 0.0
	var names []string
	for _, c := range cases {
		ratio, ok := m.ratio(c.name, c.name+", SQL")
		names = append(names, c.name)
		if !ok {
			continue
		}
		ratios.Rows = append(ratios.Rows, []string{c.name, figure(ratio)})
		if c.country {
			if kept, ok := m.ratio(c.name+", kept", c.name+", SQL"); ok {
				ratios.Rows = append(ratios.Rows, []string{c.name + ", kept", figure(kept)})
			}
			lowest = min(lowest, ratio)
			slowest = max(slowest, float64(load.Median(m[c.name].P50s).Microseconds())/1000)
		}
	}
	p.Tables = append(p.Tables, ratios)
	if slowest > 0 {
		p.Goals = append(p.Goals,
			goal{Axis: "monthly timeline of one country", Goal: "100 times the live GROUP BY (the lower of the two countries)", Value: lowest, AtLeast: 100},
			goal{Axis: "monthly timeline of one country", Goal: "equal at 10M within 1.3 (median of the slower country)", Value: slowest, Unit: " ms", AtMost: 1.3, Same: true})
	}
	return m.oneFailed(names...)
}
