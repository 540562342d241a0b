package reference

import (
	"slices"
	"strings"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/fold"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Keeps tells whether the filter keeps the event. It leaves AsOf aside: the caller
// hands over the events as they stood.
func Keeps(f *timeline.Filter, e *timeline.Event) bool {
	return e.Date.Match(f.Window, f.Match) &&
		keepsOn(f, e) &&
		(len(f.IDs) == 0 || slices.Contains(f.IDs, e.ID)) &&
		keepsCountries(f, e) &&
		keepsRoles(f, e) &&
		keepsRegions(f, e) &&
		keepsTypes(f, e) &&
		(len(f.Statuses) == 0 || slices.Contains(f.Statuses, e.Status)) &&
		(len(f.Datasets) == 0 || slices.Contains(f.Datasets, e.Dataset)) &&
		keepsTags(f, e) &&
		keepsActor(f, e) &&
		keepsWords(f, e) &&
		keepsBBox(f, e) &&
		len(e.Sources) >= f.MinSources
}

// keepsOn: the event began on one known day, and that is the day of a year asked for.
func keepsOn(f *timeline.Filter, e *timeline.Event) bool {
	if f.On == (timeline.MonthDay{}) {
		return true
	}
	first, last := e.Date.StartEarliest, e.Date.StartLatest
	if !first.Known || !last.Known || first.Day != last.Day {
		return false
	}
	_, month, day := first.Day.Civil()
	return month == f.On.Month && day == f.On.Day
}

// asked tells whether a role counts: all do where none is asked for.
func asked(f *timeline.Filter, role string) bool {
	return len(f.Roles) == 0 || slices.Contains(f.Roles, role)
}

// countriesInAskedRoles gives the codes of the event's countries in the asked roles.
func countriesInAskedRoles(f *timeline.Filter, e *timeline.Event) []string {
	var codes []string
	for _, c := range e.Countries {
		if asked(f, c.Role) {
			codes = append(codes, c.Code)
		}
	}
	return codes
}

func keepsCountries(f *timeline.Filter, e *timeline.Event) bool {
	if len(f.Countries) == 0 {
		return true
	}
	present := countriesInAskedRoles(f, e)
	found, missing, foreign := 0, 0, 0
	for _, listed := range f.Countries { // a country, or it and its predecessors
		if slices.ContainsFunc(listed, func(code string) bool { return slices.Contains(present, code) }) {
			found++
		} else {
			missing++
		}
	}
	for _, code := range present {
		if !slices.ContainsFunc(f.Countries, func(listed []string) bool { return slices.Contains(listed, code) }) {
			foreign++
		}
	}
	switch f.CountryMatch {
	case timeline.CountryAll:
		return missing == 0
	case timeline.CountryOnly:
		return found > 0 && foreign == 0
	default:
		return found > 0
	}
}

// keepsRoles: a role that is asked for without a country is played by any country.
func keepsRoles(f *timeline.Filter, e *timeline.Event) bool {
	return len(f.Roles) == 0 || len(countriesInAskedRoles(f, e)) > 0
}

func keepsRegions(f *timeline.Filter, e *timeline.Event) bool {
	if len(f.Regions) == 0 {
		return true
	}
	for _, code := range countriesInAskedRoles(f, e) {
		for _, r := range country.Regions() {
			if !slices.Contains(f.Regions, r.Code) {
				continue
			}
			for _, m := range r.Members {
				if m.Country == code && (r.Kind == "m49" || overlaps(m, e)) {
					return true
				}
			}
		}
	}
	return false
}

// overlaps tells whether a membership, last day inclusive, overlaps the days that
// the event can touch.
func overlaps(m country.Membership, e *timeline.Event) bool {
	beganTooLate := m.From != "" && e.Date.EndLatest.Known && day(m.From) > e.Date.EndLatest.Day
	endedTooEarly := m.To != "" && e.Date.StartEarliest.Known && day(m.To) < e.Date.StartEarliest.Day
	return !beganTooLate && !endedTooEarly
}

func day(s string) edtf.Day {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic("reference: " + err.Error()) // a fault of the tables of countries
	}
	return edtf.DayOf(t.Year(), int(t.Month()), t.Day())
}

// keepsTypes: a type, or the one above it, is asked for.
func keepsTypes(f *timeline.Filter, e *timeline.Event) bool {
	if len(f.Types) == 0 || slices.Contains(f.Types, e.Type) {
		return true
	}
	for _, t := range timeline.Types {
		if t.Code == e.Type && t.Parent != "" && slices.Contains(f.Types, t.Parent) {
			return true
		}
	}
	return false
}

func keepsTags(f *timeline.Filter, e *timeline.Event) bool {
	return len(f.Tags) == 0 || slices.ContainsFunc(e.Tags, func(tag string) bool { return slices.Contains(f.Tags, tag) })
}

func keepsActor(f *timeline.Filter, e *timeline.Event) bool {
	if f.Actor == "" {
		return true
	}
	for _, a := range e.Actors {
		for _, name := range a.Name {
			if fold.Text(name) == f.Actor {
				return true
			}
		}
	}
	return false
}

func keepsWords(f *timeline.Filter, e *timeline.Event) bool {
	for _, word := range f.Words {
		if !mentions(e, word) {
			return false
		}
	}
	return true
}

// mentions tells whether a searched text of the event has the word.
func mentions(e *timeline.Event, word string) bool {
	texts := []timeline.Text{e.Title, e.Summary}
	for _, a := range e.Actors {
		texts = append(texts, a.Name)
	}
	if e.Location != nil {
		texts = append(texts, e.Location.Name)
	}
	for _, s := range e.Sources {
		texts = append(texts, timeline.Text{s.Language: s.Quote})
	}
	for _, text := range texts {
		for _, words := range text {
			for _, w := range fold.Words(words) {
				if isFoundAs(w, word) {
					return true
				}
			}
		}
	}
	return false
}

// isFoundAs tells whether a word of a text is found by a word of a question: whole,
// by its beginning of three letters and more, or, where it is Arabic, so without the
// particles and the article that are written together with it.
func isFoundAs(word, asked string) bool {
	if word == asked || len([]rune(asked)) >= 3 && strings.HasPrefix(word, asked) {
		return true
	}
	for _, particle := range []string{"و", "ف", "ب", "ك", "ل", "ال", "لل"} {
		rest, ok := strings.CutPrefix(word, particle)
		if ok && len([]rune(rest)) >= 2 && isFoundAs(rest, asked) {
			return true
		}
	}
	return false
}

func keepsBBox(f *timeline.Filter, e *timeline.Event) bool {
	b := f.BBox
	if b == nil {
		return true
	}
	if e.Location == nil || e.Location.Latitude < b.South || e.Location.Latitude > b.North {
		return false
	}
	if b.West > b.East { // across the 180th meridian
		return e.Location.Longitude >= b.West || e.Location.Longitude <= b.East
	}
	return e.Location.Longitude >= b.West && e.Location.Longitude <= b.East
}
