// Package synthetic makes the events that the benchmarks run on, and the questions
// that are asked of them. The same seed gives the same events and questions. Their
// shape is that of data sets of political events: few countries have most of them,
// most are recent and known to the day, and texts are in three languages.
package synthetic

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// How many of each there are.
const (
	Countries = 200
	Datasets  = 40
	tags      = 2_000
	actors    = 20_000
	words     = 5_000 // of each language
)

// FirstYear and LastYear are those in which events begin.
const (
	FirstYear = 1900
	LastYear  = 2026
)

// zipf draws ranks 0, 1, … n-1 in proportion to 1, 1/2, … 1/n. (rand.Zipf takes no
// exponent of 1.)
type zipf struct{ upTo []float64 }

func newZipf(n int) *zipf {
	z := &zipf{upTo: make([]float64, n)}
	sum := 0.0
	for i := range n {
		sum += 1 / float64(i+1)
		z.upTo[i] = sum
	}
	return z
}

func (z *zipf) draw(r *rand.Rand) int {
	i, _ := slices.BinarySearch(z.upTo, r.Float64()*z.upTo[len(z.upTo)-1])
	return min(i, len(z.upTo)-1)
}

// CountryCodes lists the countries that events have, the most frequent first. Their
// order has no meaning, and is always the same.
var CountryCodes = sync.OnceValue(func() []string {
	var codes []string
	for _, c := range country.All() {
		if !c.Ended() {
			codes = append(codes, c.Alpha3)
		}
	}
	slices.Sort(codes)
	rand.New(rand.NewPCG(200, 1)).Shuffle(len(codes), func(i, k int) { codes[i], codes[k] = codes[k], codes[i] })
	return codes[:Countries]
})

// DatasetSlugs lists the data sets that events are in, the largest first.
var DatasetSlugs = sync.OnceValue(func() []string {
	slugs := make([]string, Datasets)
	for i := range slugs {
		slugs[i] = fmt.Sprintf("synthetic-%02d", i+1)
	}
	return slugs
})

// leaves are the types that events have, the most frequent first.
var leaves = []string{
	"attack", "protest", "battle", "statement", "meeting", "election", "agreement", "death", "threat", "leadership_change", "sanction", "earthquake",
	"deployment", "treaty", "withdrawal", "ceasefire", "coup_attempt", "coup", "other", "suspension", "eruption", "war", "alliance_founded", "independence",
}

// TypeCodes lists the types that events have, the most frequent first.
func TypeCodes() []string { return slices.Clone(leaves) }

// Generator makes events one after the other. It is not safe for concurrent use.
type Generator struct {
	random                                           *rand.Rand
	country, dataset, kind, tag, actor, word, source *zipf
	vocabulary                                       [3][]string // en, fr, ar
	actorNames                                       []timeline.Text
	next                                             int
}

// New gives a generator whose events depend on the seed alone.
func New(seed uint64) *Generator {
	g := &Generator{
		random:  rand.New(rand.NewPCG(seed, 1)),
		country: newZipf(Countries), dataset: newZipf(Datasets), kind: newZipf(len(leaves)), tag: newZipf(tags), actor: newZipf(actors), word: newZipf(words), source: newZipf(500),
	}
	for i, alphabet := range []string{"aabcdeeefghiiklmnnooprrssttuvwy", "aàbcçdeéèefghilmnnooôprrsstuuv", "اابتثجحخدرزسشصطعغفقكللمننهويي"} {
		letters := []rune(alphabet)
		for range words {
			var w strings.Builder
			for range 2 + g.random.IntN(7) {
				w.WriteRune(letters[g.random.IntN(len(letters))])
			}
			g.vocabulary[i] = append(g.vocabulary[i], w.String())
		}
	}
	for i := range actors {
		g.actorNames = append(g.actorNames, timeline.Text{"en": g.text(0, 14) + fmt.Sprint(" ", i)})
	}
	return g
}

// text gives words of a language, about so many bytes.
func (g *Generator) text(language, bytes int) string {
	var b strings.Builder
	for b.Len() < bytes {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(g.vocabulary[language][g.word.draw(g.random)])
	}
	return b.String()
}

// Event makes the next event.
func (g *Generator) Event() timeline.Event {
	r := g.random
	n := g.next
	g.next++
	e := timeline.Event{
		ID: fmt.Sprintf("s-%09d", n), Dataset: DatasetSlugs()[g.dataset.draw(r)], Type: leaves[g.kind.draw(r)], Status: g.status(), Date: g.date(),
		Title:      timeline.Text{"en": g.text(0, 30), "fr": g.text(1, 30), "ar": g.text(2, 35)},
		Summary:    timeline.Text{"en": g.text(0, 65), "fr": g.text(1, 65), "ar": g.text(2, 70)},
		Measures:   map[string]float64{},
		Attributes: map[string]string{"source_id": fmt.Sprint(n)},
	}
	g.addCountries(&e)
	for i := range []int{0, 0, 1, 1, 1, 2}[r.IntN(6)] {
		e.Actors = append(e.Actors, timeline.Actor{
			Name: g.actorNames[g.actor.draw(r)], Kind: timeline.ActorKinds[r.IntN(len(timeline.ActorKinds))], Role: timeline.Roles[1+i], Country: e.Countries[0].Code,
		})
	}
	if r.IntN(10) < 6 {
		e.Location = &timeline.Location{
			Name: timeline.Text{"en": g.text(0, 7)}, Latitude: round(r.Float64()*140 - 60), Longitude: round(r.Float64()*360 - 180),
			Precision: timeline.LocationPrecisions[r.IntN(len(timeline.LocationPrecisions))],
		}
	}
	if r.IntN(10) < 4 {
		e.Measures["deaths"] = math.Floor(r.ExpFloat64() * 12)
	}
	for range []int{0, 1, 1, 2, 3}[r.IntN(5)] {
		if tag := fmt.Sprintf("tag-%d", g.tag.draw(r)); !slices.Contains(e.Tags, tag) {
			e.Tags = append(e.Tags, tag)
		}
	}
	for range []int{1, 1, 1, 2, 3}[r.IntN(5)] {
		publisher := g.source.draw(r)
		e.Sources = append(e.Sources, timeline.Source{
			Publisher: fmt.Sprint("Publisher ", publisher), URL: fmt.Sprintf("https://example.org/%d/%d", publisher, n),
			Language: []string{"en", "fr", "ar"}[r.IntN(3)], Supports: []string{"date", "countries"},
		})
	}
	return e
}

func round(degrees float64) float64 { return math.Round(degrees*1000) / 1000 }

func (g *Generator) status() string {
	switch n := g.random.IntN(100); {
	case n < 92:
		return "occurred"
	case n < 96:
		return "alleged"
	case n < 98:
		return "ongoing"
	}
	return "planned"
}

func (g *Generator) addCountries(e *timeline.Event) {
	count := 1
	switch n := g.random.IntN(100); {
	case n >= 96:
		count = 4
	case n >= 88:
		count = 3
	case n >= 65:
		count = 2
	}
	for len(e.Countries) < count {
		code := CountryCodes()[g.country.draw(g.random)]
		if !slices.ContainsFunc(e.Countries, func(c timeline.CountryRole) bool { return c.Code == code }) {
			e.Countries = append(e.Countries, timeline.CountryRole{Code: code, Role: timeline.Roles[len(e.Countries)]})
		}
	}
}

// year is skewed to the recent: half lie in the last 32 of 127 years.
func year(r *rand.Rand) int {
	u := r.Float64()
	return LastYear - int(float64(LastYear-FirstYear+1)*u*u)
}

// date makes 62 % days, 20 % months, 10 % years, 3 % decades, 4 % intervals and 1 % sets.
// Some are uncertain or approximate.
func (g *Generator) date() edtf.Date {
	r := g.random
	y, m, d := year(r), 1+r.IntN(12), 1+r.IntN(28)
	day := fmt.Sprintf("%04d-%02d-%02d", y, m, d)
	var expression string
	switch n := r.IntN(1000); {
	case n < 620:
		expression = day
	case n < 820:
		expression = day[:7]
	case n < 920:
		expression = day[:4]
	case n < 950:
		return g.parse(day[:3] + "X")
	case n < 970:
		return g.parse(fmt.Sprintf("%s/%04d-%02d-28", day, y, m))
	case n < 980:
		return g.parse(fmt.Sprintf("%s/%04d-%02d", day[:7], y+1+r.IntN(6), m))
	case n < 986:
		return g.parse(day + "/..")
	case n < 989:
		return g.parse("../" + day)
	case n < 990:
		return g.parse(day[:7] + "/")
	case n < 995:
		return g.parse(fmt.Sprintf("[%s..%04d-%02d-28]", day, y, m))
	default:
		return g.parse(fmt.Sprintf("{%s,%04d-%02d}", day[:7], y+1, m))
	}
	switch n := r.IntN(100); {
	case n < 3:
		expression += "~"
	case n < 5:
		expression += "?"
	}
	return g.parse(expression)
}

// parse reads an expression of this package's making.
func (g *Generator) parse(expression string) edtf.Date {
	date, err := edtf.Parse(expression)
	if err != nil {
		panic(fmt.Sprintf("synthetic: %s: %v", expression, err))
	}
	return date
}

// Write writes the first events of a seed as NDJSON, as `api import` reads it, and
// tells, now and then, how many are written.
func Write(out io.Writer, seed uint64, events int, told func(written int)) error {
	buffered := bufio.NewWriterSize(out, 1<<20)
	g := New(seed)
	var line []byte
	for n := range events {
		e := g.Event()
		line = append(e.AppendBody(line[:0]), '}', '\n')
		if _, err := buffered.Write(line); err != nil {
			return err
		}
		if told != nil && n%100_000 == 99_999 {
			told(n + 1)
		}
	}
	return buffered.Flush()
}
