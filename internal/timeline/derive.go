package timeline

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/fold"
)

// Span classes sort events by how long they can last, so that an overlap with a
// window becomes a few bounded scans. See MaxSpanDays.
const (
	SpanDay       = 0
	SpanOpenEnd   = 4 // longer than the others, or an open end
	SpanOpenStart = 5
)

// MaxSpanDays is the most days that lie between the first and the last day of an
// event of each class that has a limit.
var MaxSpanDays = [4]int{0, 30, 365, 3659}

// SpanClass gives the class that the four days belong to.
func SpanClass(b edtf.Bounds) int {
	switch {
	case !b.StartEarliest.Known:
		return SpanOpenStart
	case !b.EndLatest.Known:
		return SpanOpenEnd
	}
	days := int(b.EndLatest.Day - b.StartEarliest.Day)
	for class, most := range MaxSpanDays {
		if days <= most {
			return class
		}
	}
	return SpanOpenEnd
}

// Term is a word that events are found by in the ordered index.
type Term struct{ Kind, Value string }

// The kinds of terms.
const (
	TermAll     = "all"
	TermCountry = "country"
	TermRegion  = "region"
	TermType    = "type"
	TermDataset = "dataset"
	TermTag     = "tag"
	TermActor   = "actor"
	TermDay     = "day"     // MM-DD, of events that began on a known day
	TermSources = "sources" // "2": of events with two sources and more
	TermStatus  = "status"  // of events that have another status than the usual one
)

// TermedSources is the number of sources from which on an event has its term. Who asks
// for more of them looks at the row besides.
const TermedSources = 2

// UsualStatus is the one status without a term: nearly all events have it, and a list
// of them is read off the other terms.
const UsualStatus = "occurred"

// DayTerm gives the term of the events that began on a day of any year.
func DayTerm(on MonthDay) Term {
	return Term{TermDay, fmt.Sprintf("%02d-%02d", on.Month, on.Day)}
}

// SourcesTerm is that of the events with TermedSources sources and more.
func SourcesTerm() Term { return Term{TermSources, strconv.Itoa(TermedSources)} }

// Index holds what filters compare an event by, derived from it at each write.
type Index struct {
	Span         int
	Countries    []string // distinct codes
	CountryRoles []string // "role:CODE"
	RegionRoles  []string // "role:REGION"; membership of groups on the event's date
	Actors       []string // folded names
	Words        []string // folded words, with the Arabic stems
	LinkTargets  []string
	Terms        []Term
}

// Derive gives the index of an event.
func (e *Event) Derive() Index {
	x := Index{Span: SpanClass(e.Date.Bounds), Terms: append(make([]Term, 0, 16), Term{TermAll, ""})}
	earliest, latest := country.MinDay, country.MaxDay
	if e.Date.StartEarliest.Known {
		earliest = int32(e.Date.StartEarliest.Day)
	}
	if e.Date.EndLatest.Known {
		latest = int32(e.Date.EndLatest.Day)
	}
	var regions []string
	for _, c := range e.Countries {
		x.Countries = addDistinct(x.Countries, c.Code)
		x.CountryRoles = addDistinct(x.CountryRoles, c.Role+":"+c.Code)
		for _, r := range country.RegionsOf(c.Code, earliest, latest) {
			regions = addDistinct(regions, r)
			x.RegionRoles = addDistinct(x.RegionRoles, c.Role+":"+r)
		}
	}
	for _, a := range e.Actors {
		for _, name := range a.Name {
			x.Actors = addDistinct(x.Actors, fold.Text(name))
		}
	}
	slices.Sort(x.Actors)
	for _, l := range e.Links {
		x.LinkTargets = addDistinct(x.LinkTargets, l.Event)
	}
	x.Words = e.words()

	for _, c := range x.Countries {
		x.Terms = append(x.Terms, Term{TermCountry, c})
	}
	for _, r := range regions {
		x.Terms = append(x.Terms, Term{TermRegion, r})
	}
	for _, t := range TypeWithParents(e.Type) {
		x.Terms = append(x.Terms, Term{TermType, t})
	}
	x.Terms = append(x.Terms, Term{TermDataset, e.Dataset})
	for _, t := range e.Tags {
		x.Terms = append(x.Terms, Term{TermTag, t})
	}
	for _, a := range x.Actors {
		x.Terms = append(x.Terms, Term{TermActor, a})
	}
	if e.Date.StartEarliest.Known && e.Date.StartEarliest == e.Date.StartLatest {
		_, month, day := e.Date.StartEarliest.Day.Civil()
		x.Terms = append(x.Terms, DayTerm(MonthDay{Month: month, Day: day}))
	}
	if len(e.Sources) >= TermedSources {
		x.Terms = append(x.Terms, SourcesTerm())
	}
	if e.Status != UsualStatus {
		x.Terms = append(x.Terms, Term{TermStatus, e.Status})
	}
	return x
}

// words gives the folded words of title, summary, actors, places and quotes.
func (e *Event) words() []string {
	words := make([]string, 0, 64)
	add := func(text string) { words = append(words, fold.SearchWords(text)...) }
	addText := func(t Text) {
		for _, s := range t {
			add(s)
		}
	}
	addText(e.Title)
	addText(e.Summary)
	for _, a := range e.Actors {
		addText(a.Name)
	}
	if e.Location != nil {
		addText(e.Location.Name)
	}
	for _, s := range e.Sources {
		add(s.Quote)
	}
	for i, w := range words {
		words[i] = ClipWord(w)
	}
	slices.Sort(words)
	words = slices.Compact(words)
	size := 0
	for i, w := range words {
		if size += len(w) + 2; size > maxSearchBytes {
			return words[:i]
		}
	}
	return words
}

// maxSearchBytes bounds the words of one event below the 1 MB that a tsvector
// holds: what lies beyond, in an event of hundreds of long quotes, is not found.
const maxSearchBytes = 900_000

// maxWordBytes is the length that words are cut to on both sides of a search: no
// word of a language is longer, and Postgres' index entries are limited.
const maxWordBytes = 200

// ClipWord cuts a folded word to the length that the index keeps, at a letter.
func ClipWord(w string) string {
	if len(w) <= maxWordBytes {
		return w
	}
	end := maxWordBytes
	for end > 0 && w[end]&0xC0 == 0x80 {
		end--
	}
	return w[:end]
}

func addDistinct(list []string, v string) []string {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}
