package postgres_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// plenty fills a store with events of many kinds, spread over 125 years, and gathers
// their statistics, as an import does.
func plenty(t *testing.T, events int) (s *postgres.Store, vacuum func()) {
	t.Helper()
	s, url := open(t)
	random := rand.New(rand.NewPCG(1, 2))
	rare := func(n int) bool { return random.IntN(n) == 0 }
	batch := make([]timeline.Event, events)
	for i := range batch {
		first := edtf.DayOf(1900, 1, 1) + edtf.Day(random.IntN(45_000))
		expression := first.String()
		switch random.IntN(10) {
		case 0, 1:
			expression = expression[:7]
		case 2:
			expression = expression[:4]
		case 3:
			expression += "/" + (first + edtf.Day(random.IntN(2_000))).String()
		case 4:
			if rare(20) {
				expression += "/.."
			}
		}
		e := event(t, fmt.Sprintf("e%05d", i), expression)
		e.Countries = []timeline.CountryRole{{Code: []string{"MLI", "NER", "BFA", "FRA"}[random.IntN(4)], Role: "location"}}
		other := fmt.Sprintf(" w%d", random.IntN(300)) // of fewer words the planner believes nothing
		e.Title = timeline.Text{"en": "common" + other}
		if rare(1_000) {
			e.Countries = append(e.Countries, timeline.CountryRole{Code: "TCD", Role: "mediator"})
			e.Title = timeline.Text{"en": "common scarce" + other}
			e.Tags = []string{"scarce"}
		}
		e.Type = []string{"coup", "attack", "treaty"}[random.IntN(3)]
		if rare(100) {
			e.Status = "alleged"
		}
		if rare(50) {
			e.Sources = append(e.Sources, timeline.Source{Title: "another", Language: "en"})
		}
		batch[i] = e
	}
	for part := range slices.Chunk(batch, 5_000) {
		if _, err := s.Import(t.Context(), part, false, author); err != nil {
			t.Fatal(err)
		}
	}
	run := func(statements ...string) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		for _, sql := range statements {
			if _, err := conn.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
	}
	run(`ANALYZE`)
	return s, func() {
		t.Helper()
		// The tests' server writes its log behind, and what is not written stays unmarked.
		run(`SET synchronous_commit = on`, `UPDATE revision SET at = at`, `VACUUM event_key, event`)
	}
}

// TestPagesReadLittle: however many events there are, a page reads a bounded number of
// blocks. A scan of the table would read twenty times as many.
func TestPagesReadLittle(t *testing.T) {
	t.Parallel()
	const events = 50_000
	s, vacuum := plenty(t, events)
	for mode, want := range map[timeline.CountMode]timeline.Count{
		timeline.CountCapped: {Value: timeline.CountCap, Relation: "gte"}, timeline.CountExact: {Value: events, Relation: "eq"},
	} {
		if page, err := s.ListEvents(t.Context(), timeline.ListQuery{Limit: 1, Count: mode}); err != nil || *page.Count != want {
			t.Errorf("count=%s gives %+v, %v; want %+v", mode, deref(page.Count), err, want)
		}
	}
	now, _, err := s.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The past has no index of its own and is read in more than one stretch of ids.
	for _, order := range []timeline.Order{timeline.Ascending, timeline.Descending} {
		newest, past := exported(t, s, timeline.Filter{}, order), exported(t, s, timeline.Filter{AsOf: &now}, order)
		if len(past) != events || !slices.Equal(newest, past) {
			t.Errorf("%s: %d events of %d in the past as of now, %d now", order, len(past), events, len(newest))
		}
	}
	year := edtf.Window{From: edtf.At(edtf.DayOf(1990, 1, 1)), To: edtf.At(edtf.DayOf(1990, 12, 31))}
	before := now - 1
	type limited struct {
		timeline.Filter
		most int64
	}
	cases := map[string]limited{
		"no filter":              {timeline.Filter{}, 300},
		"a country":              {timeline.Filter{Countries: [][]string{{"MLI"}}}, 300},
		"a rare country":         {timeline.Filter{Countries: [][]string{{"TCD"}}}, 300},
		"any of four countries":  {timeline.Filter{Countries: [][]string{{"MLI"}, {"NER"}, {"BFA"}, {"TCD"}}}, 300},
		"a region":               {timeline.Filter{Regions: []string{"011"}}, 300},
		"a type":                 {timeline.Filter{Types: []string{"coup"}}, 300},
		"a data set":             {timeline.Filter{Datasets: []string{"test"}}, 300},
		"a tag":                  {timeline.Filter{Tags: []string{"scarce"}}, 300},
		"a day of a year":        {timeline.Filter{On: timeline.MonthDay{Month: 9, Day: 16}}, 300},
		"two sources":            {timeline.Filter{MinSources: 2}, 300},
		"a rare status":          {timeline.Filter{Statuses: []string{"alleged"}}, 300},
		"a frequent status":      {timeline.Filter{Statuses: []string{"occurred"}}, 600},
		"within":                 {timeline.Filter{Match: edtf.ModeWithin}, 300},
		"a frequent word":        {timeline.Filter{Words: []string{"common"}}, 600},
		"a rare word":            {timeline.Filter{Words: []string{"scarce"}}, 300},
		"a country in a role":    {timeline.Filter{Countries: [][]string{{"TCD"}}, Roles: []string{"mediator"}}, 600},
		"a country and a type":   {timeline.Filter{Countries: [][]string{{"MLI"}}, Types: []string{"coup"}}, 1_200},
		"a rare and a frequent":  {timeline.Filter{Countries: [][]string{{"MLI"}}, Statuses: []string{"alleged"}}, 1_200},
		"as of now":              {timeline.Filter{AsOf: &now}, 600},
		"as of shortly before":   {timeline.Filter{AsOf: &before}, 600},
		"a country, before":      {timeline.Filter{Countries: [][]string{{"MLI"}}, AsOf: &before}, 600},
		"three sources and more": {timeline.Filter{MinSources: 3}, 6_000}, // none: every event with two is looked at
	}
	check := func(name string, q timeline.ListQuery, most int64) {
		t.Helper()
		told, err := s.Explain(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d blocks for %d rows", name, told.Buffers, told.Rows)
		if told.Buffers > most || told.Buffers == 0 || readsWhole(t, told.Plan) {
			t.Errorf("%s: %d blocks for %d rows, at most %d:\n%s\n%s", name, told.Buffers, told.Rows, most, told.SQL, told.Plan)
		}
	}
	// Until vacuum has been there, a page looks at the rows of its keys, and reads no more
	// than these.
	check("all, before vacuum", timeline.ListQuery{Limit: 50}, 400)
	check("any of four countries, before vacuum", timeline.ListQuery{Filter: cases["any of four countries"].Filter, Limit: 50}, 500)
	vacuum()
	for name, c := range cases {
		for place, after := range map[string]*timeline.Position{"first page": nil, "from the middle": {Day: edtf.DayOf(1960, 1, 1), ID: "e0"}} {
			for when, window := range map[string]edtf.Window{"all years": {}, "a year": year} {
				for _, order := range []timeline.Order{timeline.Ascending, timeline.Descending} {
					q := timeline.ListQuery{Filter: c.Filter, Order: order, After: after, Limit: 50}
					q.Window = window
					check(strings.Join([]string{name, place, when, string(order)}, ", "), q, c.most)
				}
			}
		}
	}
}

// readsWhole tells whether a plan scans a table of events from end to end; that of
// superseded versions is empty here.
func readsWhole(t *testing.T, plan json.RawMessage) bool {
	t.Helper()
	type node struct {
		Kind     string `json:"Node Type"`
		Relation string `json:"Relation Name"`
		Plans    []json.RawMessage
		Plan     json.RawMessage // of the outermost
	}
	var found node
	if strings.HasPrefix(string(plan), "[") {
		var outer []node
		if err := json.Unmarshal(plan, &outer); err != nil || len(outer) != 1 {
			t.Fatalf("%v: %s", err, plan)
		}
		return readsWhole(t, outer[0].Plan)
	}
	if err := json.Unmarshal(plan, &found); err != nil || found.Kind == "" {
		t.Fatalf("%v: %s", err, plan)
	}
	return found.Kind == "Seq Scan" && found.Relation != "event_history" ||
		slices.ContainsFunc(found.Plans, func(p json.RawMessage) bool { return readsWhole(t, p) })
}
