package timeline

import "github.com/tarikh-timeline/tarikh/internal/edtf"

// Sample is what charts and facets need of an event: its days and the words it is
// grouped by. A Sample handed to a function is valid during the call only.
type Sample struct {
	ID string
	edtf.Bounds
	Approximate bool
	Uncertain   bool
	Set         edtf.SetKind
	Spans       []edtf.MatchSpan // of set dates; nil for others

	Type      string
	Status    string
	Dataset   string
	Countries []string // distinct codes
	Tags      []string
	ActorKeys []string // folded names, each once

	Measure    float64 // the measure that was asked for
	HasMeasure bool
}

// Groups gives the values that an event is grouped by in a chart. A word that is
// empty is none.
func (s *Sample) Groups(by string) []string {
	var word string
	switch by {
	case GroupCountry:
		return s.Countries
	case GroupType:
		word = s.Type
	case GroupStatus:
		word = s.Status
	case GroupDataset:
		word = s.Dataset
	}
	if word == "" {
		return nil
	}
	return []string{word}
}

// SampleNeeds says what a reader of samples looks at beside the days, the words and
// the tags: what is not needed may be left empty.
type SampleNeeds struct {
	Measure string // the name of the measure to read; "": none
	IDs     bool
	Actors  bool
}
