package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

var author = postgres.Author{Name: "bench"}

// batch is how many events an import takes.
const batch = 10_000

// storeEvents stores events that are always the same, some of them in a data set of
// their own that is called few.
func storeEvents(ctx context.Context, store *postgres.Store, events, few int) error {
	for _, slug := range []string{"few", "many"} {
		if _, err := store.CreateDataset(ctx, timeline.Dataset{Slug: slug, Title: timeline.Text{"en": slug}}, nil, author); err != nil {
			return err
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for from := 0; from < events; from += batch {
		list := make([]timeline.Event, 0, batch)
		for i := from; i < min(events, from+batch); i++ {
			e, err := makeEvent(random, i)
			if err != nil {
				return err
			}
			if e.Dataset = "many"; i < few {
				e.Dataset = "few"
			}
			list = append(list, e)
		}
		if _, err := store.Import(ctx, list, false, author); err != nil {
			return err
		}
	}
	return nil
}

var (
	codes = []string{"MLI", "NER", "BFA", "FRA", "NGA", "TCD", "RUS", "DZA", "MRT", "SEN"}
	types = []string{"coup", "attack", "protest", "treaty", "election", "battle"}
	words = strings.Fields("the army takes power in and a meeting of ministers was held at about of peace after attack on مالي والنيجر وبوركينا فاسو انقلاب في عام اتفاق بين le gouvernement annonce une élection à")
)

// makeEvent makes an event of about the size of those of news data sets: two
// languages, a summary and a quote.
func makeEvent(random *rand.Rand, i int) (timeline.Event, error) {
	year, month, day := 1950+random.IntN(75), 1+random.IntN(12), 1+random.IntN(28)
	form := []string{"%04[1]d-%02[2]d-%02[3]d", "%04[1]d-%02[2]d-%02[3]d", "%04[1]d-%02[2]d", "%04[1]d"}[random.IntN(4)]
	expression := fmt.Sprintf(form+"%[4]s", year, month, day, "")
	date, err := edtf.Parse(expression)
	if err != nil {
		return timeline.Event{}, err
	}
	text := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = words[random.IntN(len(words))]
		}
		return strings.Join(list, " ")
	}
	country := codes[random.IntN(len(codes))]
	return timeline.Event{
		ID: fmt.Sprintf("event-%07d", i), Type: types[random.IntN(len(types))], Status: "occurred", Date: date,
		Title: timeline.Text{"en": text(8), "ar": text(8)}, Summary: timeline.Text{"en": text(40), "fr": text(40)},
		Countries:  []timeline.CountryRole{{Code: country, Role: "location"}, {Code: codes[random.IntN(len(codes))], Role: "participant"}},
		Actors:     []timeline.Actor{{Name: timeline.Text{"en": text(2)}, Kind: "organisation", Role: "initiator", Country: country}},
		Location:   &timeline.Location{Name: timeline.Text{"en": text(1)}, Latitude: float64(random.IntN(3000)) / 100, Longitude: float64(random.IntN(4000))/100 - 20, Precision: "city"},
		Measures:   map[string]float64{"deaths": float64(random.IntN(50))},
		Tags:       []string{words[random.IntN(len(words))]},
		Sources:    []timeline.Source{{Title: text(6), URL: fmt.Sprintf("https://example.org/%d", i), Language: "en", Quote: text(30), Supports: []string{"date", "title"}}},
		Attributes: map[string]string{"row": fmt.Sprint(i)},
	}, nil
}
