// Load fills a data folder for the browser tests: so many made-up events, and the
// odd ones that a page must survive.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/pgembed"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

const batch = 10_000

func main() {
	pgembed.MaybeRunGuard()
	data := flag.String("data", "", "the data folder")
	events := flag.Int("events", 0, "how many events to make up")
	odd := flag.Bool("odd", false, "add the odd events")
	key := flag.String("key", "", "store this key, which may read and write")
	flag.Parse()
	if err := run(*data, *events, *odd, *key); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(data string, events int, odd bool, key string) (err error) {
	ctx := context.Background()
	server, err := pgembed.Start(ctx, pgembed.Options{DataDir: data, Logf: func(string, ...any) {}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop(ctx)) }()
	if err := postgres.Migrate(ctx, server.URL()); err != nil {
		return err
	}
	store, err := postgres.Open(ctx, postgres.Options{URL: server.URL()})
	if err != nil {
		return err
	}
	defer store.Close()
	by := postgres.Author{Name: "load"}
	if key != "" {
		if _, err := store.CreateKey(ctx, "browser tests", []string{"read", "write"}, key); err != nil {
			return err
		}
	}
	if odd {
		dataset := timeline.Dataset{Slug: "odd", Title: timeline.Text{"en": "Odd events"}}
		if _, err := store.CreateDataset(ctx, dataset, oddEvents(), by); err != nil {
			return err
		}
	}
	if events == 0 {
		return nil
	}
	if _, err := store.CreateDataset(ctx, timeline.Dataset{Slug: "made-up", Title: timeline.Text{"en": "Made-up events"}}, nil, by); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(5, 7))
	for from := 0; from < events; from += batch {
		list := make([]timeline.Event, 0, batch)
		for i := from; i < min(events, from+batch); i++ {
			list = append(list, made(random, i))
		}
		if _, err := store.Import(ctx, list, false, by); err != nil {
			return err
		}
	}
	return nil
}

var places = strings.Fields("MLI NER BFA TCD NGA SEN FRA USA RUS CHN GBR DEU EGY SAU TUN DZA MAR LBY SDN ETH KEN ZAF IND PAK IRN IRQ TUR UKR BRA ARG MEX JPN")

// made gives one event between 1900 and 2025, more of them late than early, dated
// to the day, the month, the year, or as an interval.
func made(random *rand.Rand, i int) timeline.Event {
	year := 2025 - int(125*random.Float64()*random.Float64())
	month, day := 1+random.IntN(12), 1+random.IntN(28)
	expression := fmt.Sprintf("%04d-%02d-%02d", year, month, day)
	switch random.IntN(10) {
	case 0:
		expression = fmt.Sprintf("%04d", year)
	case 1, 2:
		expression = fmt.Sprintf("%04d-%02d", year, month)
	case 3:
		expression = fmt.Sprintf("%04d-%02d-%02d/%04d", year, month, day, year+1+random.IntN(2))
	}
	e := event("made-up", fmt.Sprintf("made-%06d", i), expression)
	e.Type = timeline.TypeCodes[random.IntN(len(timeline.TypeCodes))]
	e.Title = timeline.Text{"en": fmt.Sprintf("Made-up event %d", i), "ar": fmt.Sprintf("حدث مختلق %d", i), "fr": fmt.Sprintf("Événement inventé %d", i)}
	e.Countries = []timeline.CountryRole{{Code: places[int(float64(len(places))*random.Float64()*random.Float64())], Role: "location"}}
	return e
}

func event(dataset, id, expression string) timeline.Event {
	d, err := edtf.Parse(expression)
	if err != nil {
		panic(err)
	}
	return timeline.Event{
		ID: id, Dataset: dataset, Type: "other", Status: "occurred", Date: d, Title: timeline.Text{"en": id},
		Sources: []timeline.Source{{Title: "A source", Language: "en", Supports: []string{}}},
	}
}

func oddEvents() []timeline.Event {
	html := event("odd", "odd-html", "2023-05-01")
	html.Title = timeline.Text{"en": `<img src=x onerror="document.title='broken'"><b>Bold</b> & "quoted"`}
	html.Sources[0].URL = "https://example.org/?a=<b>"
	html.Sources[0].Quote = "<script>document.title='broken'</script>"
	long := event("odd", "odd-long", "2023-06")
	long.Title = timeline.Text{"en": strings.TrimSpace(strings.Repeat("a very long title ", 23))[:400]}
	many := event("odd", "odd-countries", "2023-07-07")
	many.Title = timeline.Text{"en": "Thirty-nine countries take part"}
	for _, code := range strings.Fields("MLI NER BFA TCD NGA SEN FRA USA RUS CHN GBR DEU EGY SAU TUN DZA MAR LBY SDN ETH KEN ZAF IND PAK IRN IRQ TUR UKR BRA ARG MEX JPN ITA ESP PRT POL GRC SWE NOR") {
		many.Countries = append(many.Countries, timeline.CountryRole{Code: code, Role: "participant"})
	}
	old := event("odd", "odd-old", "-4359")
	old.Title = timeline.Text{"en": "Something of 4360 BC"}
	doubtful := event("odd", "odd-doubtful", "2023-08-08?")
	doubtful.Title = timeline.Text{"en": "A day that is doubted"}
	return []timeline.Event{html, long, many, old, doubtful}
}
