package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// generator makes events like those of a data set of conflicts: most known to the day,
// one to three countries, titles in up to three languages, words from a vocabulary
// with the skew of a language.
type generator struct {
	random *rand.Rand
	words  []string
	zipf   *rand.Zipf
	codes  []string
}

func newGenerator() *generator {
	g := &generator{random: rand.New(rand.NewPCG(1, 2))}
	letters := "abcdefghijklmnoprstuvwyz"
	for range 20_000 {
		var w strings.Builder
		for range 3 + g.random.IntN(8) {
			w.WriteByte(letters[g.random.IntN(len(letters))])
		}
		g.words = append(g.words, w.String())
	}
	g.zipf = rand.NewZipf(g.random, 1.1, 8, uint64(len(g.words)-1))
	for _, c := range country.All() {
		if !c.Ended() {
			g.codes = append(g.codes, c.Alpha3)
		}
	}
	return g
}

func (g *generator) text(words int) string {
	var b strings.Builder
	for i := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(g.words[g.zipf.Uint64()])
	}
	return b.String()
}

func (g *generator) event(n int) timeline.Event {
	r := g.random
	year, month, day := 1900+r.IntN(125), 1+r.IntN(12), 1+r.IntN(28)
	expr := fmt.Sprintf("%04d-%02d-%02d", year, month, day)
	switch r.IntN(20) {
	case 0:
		expr = fmt.Sprintf("%04d", year)
	case 1:
		expr = fmt.Sprintf("%04d-%02d", year, month)
	case 2:
		expr = fmt.Sprintf("%04d-%02d-%02d/%04d", year, month, day, year+1+r.IntN(5))
	case 3:
		expr = fmt.Sprintf("[%04d-%02d-%02d..%04d-%02d-28]", year, month, day, year, month)
	}
	date, err := edtf.Parse(expr)
	if err != nil {
		panic(err)
	}
	title := g.text(6)
	e := timeline.Event{
		ID: fmt.Sprintf("bench-%08d", n), Dataset: "bench", Type: timeline.TypeCodes[r.IntN(len(timeline.TypeCodes))], Status: "occurred",
		Date: date, Title: timeline.Text{"en": title}, Summary: timeline.Text{"en": g.text(20)},
		Measures: map[string]float64{"deaths": float64(r.IntN(100)), "deaths_low": 0, "deaths_high": float64(100 + r.IntN(100))},
		Sources: []timeline.Source{{
			Title: g.text(5), Publisher: "Bench", Language: "en", Quote: g.text(15), Supports: []string{"date", "countries"},
		}},
		Attributes: map[string]string{"source_id": fmt.Sprint(n), "region": g.text(2)},
	}
	if r.IntN(3) == 0 {
		e.Title["fr"] = g.text(6)
	}
	for i := range 1 + r.IntN(100)/70 + r.IntN(100)/90 {
		e.Countries = append(e.Countries, timeline.CountryRole{Code: g.codes[min(int(r.ExpFloat64()*30), len(g.codes)-1)], Role: timeline.Roles[i]})
	}
	if r.IntN(2) == 0 {
		e.Location = &timeline.Location{Name: timeline.Text{"en": g.text(2)}, Latitude: float64(r.IntN(180_000)-90_000) / 1000, Longitude: float64(r.IntN(360_000)-180_000) / 1000, Precision: "city"}
	}
	return e
}

// writeEvents writes so many events as NDJSON and gives the file's size.
func writeEvents(path string, events int) (int64, error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	out := bufio.NewWriterSize(file, 1<<20)
	g := newGenerator()
	var line []byte
	for n := range events {
		e := g.event(n)
		line = append(e.AppendBody(line[:0]), '}', '\n')
		if _, err := out.Write(line); err != nil {
			return 0, err
		}
	}
	if err := out.Flush(); err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), file.Close()
}
