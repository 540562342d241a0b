package reference

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/fold"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Datasets are those that random events belong to.
var Datasets = []string{"alpha", "beta", "gamma"}

// What random events are made of. The lists are short, so that filters made of the
// same words find something.
var (
	someCodes = []string{
		"MLI", "MLI", "NER", "NER", "BFA", "BFA", "NGA", "FRA", "MRT", "TCD", "RUS", "UKR", "GBR", "MAR", "RWA", "UZB", "YEM",
		"SUN", "YUG", "SCG", "SRB", "CSK", "CZE", "DDR", "DEU", "YMD", "VDR", "VNM", "ANT", "XKX", "ATA",
	}
	someRegions = []string{
		"002", "011", "202", "150", "151", "039", "142", "145", "ecowas", "uemoa", "g5-sahel", "aes", "african-union", "eccas",
		"arab-league", "eu", "nato", "cis", "csto",
	}
	someTypes = []string{"politics", "coup", "coup_attempt", "election", "diplomacy", "treaty", "withdrawal", "security", "attack", "disaster", "earthquake", "other"}
	someTags  = []string{"a", "b", "état", "الساحل", "two words", "O'Brien", `back\slash`, "100%"}
	someNames = []timeline.Text{
		{"ar": "أسيمي جويتا", "en": "Assimi Goïta", "fr": "Assimi Goïta"},
		{"ar": "إبراهيم تراوري", "en": "Ibrahim Traoré"},
		{"ar": "الاتحاد السوفيتي", "fr": "Union soviétique"},
		{"en": "Wagner Group", "ar": "مجموعة فاغنر"},
		{"fr": "Côte d’Ivoire"},
	}
	someSentences = []string{
		"مالي والنيجر وبوركينا فاسو", "للنيجر وفي مالى", "وبالساحل كانت القوّة", "فالاتفاق كالميثاق", "لل وال", "انقلاب في 2021",
		"Coup in Mali", "The coup’s leaders, in Bamako", "Élection à Niamey", "Le Niger et la Côte d'Ivoire", "don't 3.14 a/b", "Straße Œuvre",
	}
	someWords = []string{
		"mali", "mal", "ma", "coup", "cou", "co", "niger", "nig", "election", "elec", "cote", "ivoire", "d", "bamako", "2021", "202", "20", "strasse", "oeuvre",
		"مالي", "مال", "النيجر", "نيجر", "نيج", "ني", "والنيجر", "بوركينا", "الساحل", "ساحل", "ميثاق", "ال", "قوه", "جويتا", "فاغنر", "traore", "soviet", "zzz",
	}
	somePlaces = []timeline.Location{
		{Name: timeline.Text{"en": "Niamey", "ar": "نيامي"}, Latitude: 13.51, Longitude: 2.11, Precision: "city"},
		{Name: timeline.Text{"fr": "Bamako"}, Latitude: 12.65, Longitude: -8, Precision: "exact"},
		{Name: timeline.Text{"en": "Suva"}, Latitude: -18.14, Longitude: 178.44, Precision: "city"},
		{Name: timeline.Text{"en": "Apia"}, Latitude: -13.83, Longitude: -171.76, Precision: "city"},
		{Name: timeline.Text{"en": "Nowhere"}, Latitude: 0, Longitude: 180, Precision: "region"},
		{Name: timeline.Text{"en": "South Pole"}, Latitude: -90, Longitude: -180, Precision: "exact"},
	}
	someLatitudes  = []float64{-90, -18.14, -13.83, 0, 12.65, 13, 13.51, 90}
	someLongitudes = []float64{-180, -171.76, -8, 0, 2.11, 100, 178.44, 180}
)

// chance draws true once in so many times. (rapid's integers lean to small ones.)
func chance(t *rapid.T, once int, label string) bool {
	return index(t, once, label) == 0
}

// index draws 0 to n-1, each as often.
func index(t *rapid.T, n int, label string) int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return rapid.SampledFrom(list).Draw(t, label)
}

// some draws from 0 to most different items of a list.
func some[T comparable](t *rapid.T, from []T, most int, label string) []T {
	list := []T{}
	for range index(t, most+1, "number of "+label) {
		v := rapid.SampledFrom(from).Draw(t, label)
		repeated := false
		for _, before := range list {
			repeated = repeated || before == v
		}
		if !repeated {
			list = append(list, v)
		}
	}
	return list
}

// Date makes expressions of every form that is accepted: of any precision, masked
// and qualified ones, intervals open, unknown or bounded, and sets.
func Date() *rapid.Generator[edtf.Date] {
	return rapid.Custom(func(t *rapid.T) edtf.Date {
		a, b := simple(t), simple(t)
		first, last := a, b
		if x, y := lowest(a), lowest(b); x > y {
			first, last = b, a
		}
		forms := []string{
			a, a, a, a, a, a, first + "/" + last, first + "/" + last, a + "/..", a + "/..", "../" + a, a + "/", "/" + a,
			"[" + a + "," + b + "]", "[" + first + ".." + last + "]", "[.." + a + "]", "[" + a + "..]", "[.." + first + "," + last + "]", "[" + b + "," + a + "..]",
			"{" + a + "," + b + "}", "{" + first + ".." + last + "}", "{.." + first + "," + last + "}", "{" + b + "," + a + "..}",
			a + "T10:30:00Z",
		}
		d, err := edtf.Parse(rapid.SampledFrom(forms).Draw(t, "expression"))
		if err != nil { // a mask of an interval may end before it begins, a year takes no time
			d, err = edtf.Parse(a)
		}
		if err != nil {
			t.Fatalf("the generator made a date that is refused: %v", err)
		}
		return d
	})
}

func lowest(expression string) edtf.Day {
	d, err := edtf.Parse(expression)
	if err != nil || !d.StartEarliest.Known {
		return edtf.MinDay
	}
	return d.StartEarliest.Day
}

// year draws one, most often of the years that the filters ask for.
func year(t *rapid.T) int {
	return rapid.SampledFrom([]int{
		2021, 2021, 2022, 2022, 2023, 2023, 2023, 2024, 2020, 2019, 2014, 2012, 2009, 2003, 2000, 1999, 1994, 1992, 1991, 1990, 1985, 1984, 1970, 1960, 1945, 1914,
		1900, 1582, 1000, 476, 1, 0, -1, -43, -752, -4712, 9999,
	}).Draw(t, "year")
}

func years(y int) string {
	if y < 0 {
		return fmt.Sprintf("-%04d", -y)
	}
	return fmt.Sprintf("%04d", y)
}

// edges are the first and last days of memberships that someCodes have, and the
// days beside them.
var edges = []string{
	"2025-01-28", "2025-01-29", "2022-05-15", "2022-05-16", "2023-09-15", "2023-09-16", "2020-01-31", "2020-02-01", "2012-12-19", "2012-12-20",
	"2018-05-19", "2018-05-20", "2000-12-31", "2001-01-01", "1990-05-21", "1990-05-22", "1984-11-12", "1984-11-13", "2017-01-30", "2004-05-01",
}

// simple draws the expression of one date.
func simple(t *rapid.T) string {
	y := year(t)
	month := 1 + index(t, 12, "month")
	lastDay := edtf.DayOf(y, month+1, 1) - edtf.DayOf(y, month, 1)
	if month == 12 {
		lastDay = 31
	}
	d := rapid.SampledFrom([]int{1, 2, 9, 10, 15, 26, 28, 29, 30, 31}).Draw(t, "day")
	d = min(d, int(lastDay))
	day := fmt.Sprintf("%s-%02d-%02d", years(y), month, d)
	toMonth := fmt.Sprintf("%s-%02d", years(y), month)
	forms := []string{
		day, day, day, day, toMonth, toMonth, years(y), years(y),
		fmt.Sprintf("%s-%02d", years(y), 21+index(t, 21, "season")),
	}
	if y >= 0 { // masks stand in years from 0 on only
		text := years(y)
		forms = append(forms, text[:3]+"X", text[:2]+"XX", text[:1]+"XXX", text+"-XX", toMonth+"-XX", text+"-XX-XX", text[:3]+"X-12-25", text[:2]+"XX-12", "XXXX-12-XX", text+"-1X")
	}
	expression := rapid.SampledFrom(forms).Draw(t, "date")
	if chance(t, 12, "edge") {
		expression = rapid.SampledFrom(edges).Draw(t, "edge")
	}
	switch index(t, 12, "qualifier") {
	case 0:
		expression += "?"
	case 1:
		expression += "~"
	case 2:
		expression += "%"
	case 3:
		if at := strings.LastIndexByte(expression, '-'); at > 0 {
			expression = expression[:at+1] + "~" + expression[at+1:]
		}
	case 4:
		if at := strings.LastIndexByte(expression, '-'); at > 0 {
			expression = expression[:at] + "?" + expression[at:]
		}
	}
	if _, err := edtf.Parse(expression); err != nil {
		return day
	}
	return expression
}

// Event makes whole events, as a writer sends them, with the id given.
func Event(id string) *rapid.Generator[timeline.Event] {
	return rapid.Custom(func(t *rapid.T) timeline.Event {
		e := timeline.Event{
			ID:         id,
			Dataset:    rapid.SampledFrom(Datasets).Draw(t, "dataset"),
			Type:       rapid.SampledFrom(someTypes).Draw(t, "type"),
			Status:     rapid.SampledFrom(timeline.Statuses).Draw(t, "status"),
			Date:       Date().Draw(t, "date"),
			Title:      text(t, "title"),
			Countries:  []timeline.CountryRole{},
			Actors:     []timeline.Actor{},
			Measures:   map[string]float64{},
			Tags:       some(t, someTags, 3, "tag"),
			Sources:    []timeline.Source{},
			Links:      []timeline.Link{},
			Attributes: map[string]string{},
		}
		if chance(t, 2, "summary") {
			e.Summary = text(t, "summary")
		}
		for _, code := range some(t, someCodes, 4, "country") {
			for _, role := range some(t, timeline.Roles[:3], 2, "role") {
				e.Countries = append(e.Countries, timeline.CountryRole{Code: code, Role: role})
			}
		}
		for range index(t, 3, "actors") {
			e.Actors = append(e.Actors, actor(t))
		}
		if chance(t, 2, "location") {
			place := rapid.SampledFrom(somePlaces).Draw(t, "place")
			e.Location = &place
		}
		for _, name := range some(t, []string{"deaths", "deaths_low", "magnitude"}, 3, "measure") {
			// No sum of the last one is half of a sixth decimal: charts round such a sum up
			// though binary has it just below, which an exact reference does not.
			e.Measures[name] = rapid.SampledFrom([]float64{0, 1, 12, 0.5, 1e6, 7.8, 1e21, 1.7e-8}).Draw(t, "value")
		}
		for range 1 + index(t, 3, "sources") {
			e.Sources = append(e.Sources, source(t))
		}
		for _, relation := range some(t, timeline.Relations, 2, "link") {
			target := fmt.Sprintf("e%d", index(t, 40, "target"))
			if target != id {
				e.Links = append(e.Links, timeline.Link{Relation: relation, Event: target})
			}
		}
		if chance(t, 3, "attribute") {
			e.Attributes["note"] = rapid.SampledFrom(someSentences).Draw(t, "note")
		}
		return e
	})
}

func text(t *rapid.T, label string) timeline.Text {
	words := timeline.Text{"en": rapid.SampledFrom(someSentences).Draw(t, label)}
	for _, language := range some(t, []string{"ar", "fr", "pt-BR"}, 3, "language") {
		words[language] = rapid.SampledFrom(someSentences).Draw(t, label)
	}
	return words
}

func actor(t *rapid.T) timeline.Actor {
	a := timeline.Actor{
		Name: rapid.SampledFrom(someNames).Draw(t, "actor"),
		Kind: rapid.SampledFrom(timeline.ActorKinds).Draw(t, "kind"),
		Role: rapid.SampledFrom(timeline.Roles).Draw(t, "role"),
	}
	if chance(t, 2, "has a country") {
		a.Country = rapid.SampledFrom(someCodes).Draw(t, "country")
	}
	return a
}

func source(t *rapid.T) timeline.Source {
	s := timeline.Source{
		Title:    rapid.SampledFrom([]string{"Headline", "عنوان", `"quoted" \ <b>`}).Draw(t, "headline"),
		Language: rapid.SampledFrom([]string{"ar", "en", "fr"}).Draw(t, "language"),
		Supports: some(t, timeline.Supportable, 3, "supports"),
	}
	if chance(t, 2, "quote") {
		s.Quote = rapid.SampledFrom(someSentences).Draw(t, "quote")
	}
	if chance(t, 3, "url") {
		s.URL, s.Publisher, s.Published = "https://example.org/a?b=c&d", "A publisher", "2023-09"
	}
	return s
}

// Events makes n events, e0 and so on. Equal seeds give equal events.
func Events(seed, n int) []timeline.Event {
	list := make([]timeline.Event, n)
	for i := range list {
		list[i] = Event(fmt.Sprintf("e%d", i)).Example(seed + i)
	}
	return list
}

// Window makes windows open at one end or none, never empty.
func Window() *rapid.Generator[edtf.Window] {
	return rapid.Custom(func(t *rapid.T) edtf.Window {
		// Events are dated by months, seasons and years: their ends are where a window
		// that is cut a day short goes wrong.
		month := rapid.SampledFrom([]int{1, 1, 2, 3, 6, 7, 9, 12, 12, 13}).Draw(t, "month")
		day := rapid.SampledFrom([]int{-1, 0, 0, 1, 1, 2, 15, 28}).Draw(t, "day")
		y := year(t)
		if month == 13 {
			y, month = y+1, 1
		}
		from := edtf.DayOf(y, month, 1) + edtf.Day(day-1)
		length := rapid.SampledFrom([]edtf.Day{0, 1, 6, 30, 364, 365, 400, 3652, 3660, 40_000, 1_000_000}).Draw(t, "length")
		w := edtf.Window{From: edtf.At(max(edtf.MinDay, from)), To: edtf.At(min(edtf.MaxDay, from+length))}
		switch index(t, 4, "open end") {
		case 0:
			w.From = edtf.Open
		case 1:
			w.To = edtf.Open
		}
		return w
	})
}

// Filter makes filters of a few conditions, of every kind that the contract has but
// AsOf.
func Filter() *rapid.Generator[timeline.Filter] {
	return rapid.Custom(func(t *rapid.T) timeline.Filter {
		var f timeline.Filter
		if chance(t, 2, "has a window") {
			f.Window = Window().Draw(t, "window")
			f.Match = rapid.SampledFrom([]edtf.Mode{"", edtf.ModePossible, edtf.ModeCertain, edtf.ModeWithin, edtf.ModeStarts}).Draw(t, "match")
		}
		for range 1 + index(t, 3, "conditions") {
			condition(t, &f)
		}
		return f
	})
}

func condition(t *rapid.T, f *timeline.Filter) {
	switch index(t, 16, "condition") {
	case 0:
		f.On = timeline.MonthDay{Month: 1 + index(t, 12, "month"), Day: rapid.SampledFrom([]int{1, 2, 9, 10, 15, 26, 28, 29}).Draw(t, "day")}
	case 1:
		for range 1 + index(t, 20, "ids") {
			f.IDs = append(f.IDs, fmt.Sprintf("e%d", index(t, 400, "id")))
		}
	case 2, 3, 4:
		f.Countries = nil
		for range 1 + index(t, 3, "countries") {
			codes := []string{rapid.SampledFrom(someCodes).Draw(t, "country")}
			if chance(t, 3, "predecessors") {
				codes = country.WithPredecessors(codes[0])
			}
			f.Countries = append(f.Countries, codes)
		}
		f.CountryMatch = rapid.SampledFrom([]timeline.CountryMatch{"", timeline.CountryAny, timeline.CountryAll, timeline.CountryOnly}).Draw(t, "country_match")
	case 5:
		f.Roles = append(some(t, timeline.Roles, 2, "role"), "location")
	case 6, 7:
		f.Regions = append(some(t, someRegions, 2, "region"), rapid.SampledFrom(someRegions).Draw(t, "region"))
	case 8, 9:
		f.Types = append(some(t, someTypes, 2, "type"), rapid.SampledFrom(someTypes).Draw(t, "type"))
	case 10:
		f.Statuses = append(some(t, timeline.Statuses, 2, "status"), rapid.SampledFrom(timeline.Statuses).Draw(t, "status"))
	case 11:
		f.Datasets = append(some(t, Datasets, 1, "dataset"), rapid.SampledFrom(Datasets).Draw(t, "dataset"))
	case 12:
		f.Tags = append(some(t, someTags, 2, "tag"), rapid.SampledFrom(someTags).Draw(t, "tag"))
	case 13:
		name := rapid.SampledFrom(someNames).Draw(t, "actor")
		for _, language := range timeline.Languages {
			if words := name[language]; words != "" && (f.Actor == "" || chance(t, 2, "language")) {
				f.Actor = fold.Text(words)
			}
		}
	case 14:
		f.Words = append(some(t, someWords, 2, "word"), rapid.SampledFrom(someWords).Draw(t, "word"))
	case 15:
		if chance(t, 2, "sources") {
			f.MinSources = 1 + index(t, 3, "min_sources")
			return
		}
		b := timeline.BBox{
			West: rapid.SampledFrom(someLongitudes).Draw(t, "west"), East: rapid.SampledFrom(someLongitudes).Draw(t, "east"),
			South: rapid.SampledFrom(someLatitudes).Draw(t, "south"), North: rapid.SampledFrom(someLatitudes).Draw(t, "north"),
		}
		b.South, b.North = min(b.South, b.North), max(b.South, b.North)
		f.BBox = &b
	}
}
