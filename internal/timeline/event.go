package timeline

import (
	"time"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// Text is a translated text: BCP 47 language tag to words. A nil Text is null.
type Text map[string]string

// Event is one dated event as it is stored. The zero value of a string that may
// be null in JSON (a source's title, an actor's country) stands for null.
type Event struct {
	ID         string
	Dataset    string
	Type       string
	Status     string
	Date       edtf.Date
	Title      Text
	Summary    Text // nil: null
	Countries  []CountryRole
	Actors     []Actor
	Location   *Location // nil: null
	Measures   map[string]float64
	Tags       []string
	Sources    []Source
	Links      []Link
	Attributes map[string]string

	// Revision, CreatedAt and UpdatedAt are set by the store, never by a writer.
	Revision  int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// CountryRole is a country (ISO 3166-1 alpha-3, or the code of a state that
// ended) and the part it played.
type CountryRole struct {
	Code string
	Role string
}

// Actor is a person, organisation, state or armed group that took part.
type Actor struct {
	Name    Text
	Kind    string
	Role    string
	Country string // "": null
}

// Location is a place in WGS 84 degrees.
type Location struct {
	Name      Text
	Latitude  float64 // -90 to 90
	Longitude float64 // -180 to 180
	Precision string
}

// Source is what an event is known from. Empty strings are null, but for Language.
type Source struct {
	Title     string
	Publisher string
	URL       string
	Language  string
	Published string // EDTF
	Quote     string
	Supports  []string // names of the event's fields that the quote is evidence for
}

// Link points to another event, which need not exist.
type Link struct {
	Relation string
	Event    string
}
