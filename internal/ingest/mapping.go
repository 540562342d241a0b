package ingest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Mapping says how the rows of a file become events. ParseMapping makes one; it is
// never changed afterwards and may be used by many goroutines.
type Mapping struct {
	Name    string
	About   string
	Dataset timeline.Dataset // Slug is empty where the events name their data sets

	format     string
	encoding   string
	loneReturn bool     // lines end in a bare carriage return
	noQuotes   bool     // quotes are letters like others
	skipRows   int      // rows after the heading that are no data
	records    []string // the keys that lead to a JSON file's array of records

	columns   []column
	id        template
	kind      wordRule
	status    wordRule
	dates     []dateRule
	title     textRule
	summary   textRule
	countries []countryRule
	actors    []actorRule
	location  *locationRule
	measures  []measureRule
	tags      []template
	sources   []sourceRule
	links     []linkRule
	attrs     []attributeRule
}

// The formats of files.
const (
	formatCSV     = "csv"
	formatTSV     = "tsv"
	formatNDJSON  = "ndjson"
	formatJSON    = "json"
	formatGeoJSON = "geojson"
	formatEvents  = "events" // NDJSON whose records are events already
)

var formats = []string{formatCSV, formatTSV, formatNDJSON, formatJSON, formatGeoJSON, formatEvents}

var encodings = []string{encodingUTF8, encodingWindows1252, encodingLatin1}

// column is a name that the mapping uses, and the names that it may have in a file.
type column struct {
	name    string
	names   []string
	mayLack bool
}

// col is a column's place in Mapping.columns, or one of the values below.
type col int

const (
	noCol      col = -1
	rowCol     col = -2 // #row: the number of the row
	segmentCol col = -3 // #segment: which of the row's date rules this event is of
	typeCol    col = -4 // #type: the event's type, named in the language of the text
	countryCol col = -5 // #country: its first country, likewise
)

// wordRule gives a word: always the same, or by a column's value.
type wordRule struct {
	constant  string
	column    col
	values    map[string]string // by the whole value
	patterns  []patternWord     // by the beginning and the end of it, in order
	otherwise string
}

// patternWord is the word of the values that match a pattern with a * in it.
type patternWord struct{ pattern, word string }

func (w wordRule) given() bool { return w.constant != "" || w.values != nil }

// textRule gives a translated text.
type textRule []struct {
	language string
	words    template
}

// countryRule gives the countries of one column.
type countryRule struct {
	column     col
	system     string
	role       string
	split      string
	values     map[string]string
	skip       []string // texts, or beginnings and ends around a *
	unresolved string   // "omit", else refuse
}

var systems = []string{"iso", "name", "cow", "gw"}

type actorRule struct {
	name       textRule
	split      string
	kind, role wordRule
	country    *countryRule
}

type locationRule struct {
	name                textRule
	latitude, longitude col
	precision           wordRule
}

type measureRule struct {
	name      string
	column    col
	unknown   []string
	thousands string
}

type sourceRule struct {
	title, publisher, url, published, quote template
	language                                string
	supports                                []string
}

type linkRule struct {
	relation string
	event    template
}

type attributeRule struct {
	name string
	text template
}

// MappingFault is one thing that is wrong in a mapping file.
type MappingFault struct {
	Line   int
	Detail string
}

// MappingError tells everything that is wrong in a mapping file.
type MappingError struct {
	Name   string
	Faults []MappingFault
}

func (e *MappingError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the mapping %s cannot be used:", e.Name)
	for _, f := range e.Faults {
		fmt.Fprintf(&b, "\n  line %d: %s", f.Line, f.Detail)
	}
	return b.String()
}

// isEvents tells whether the records are events already.
func (m *Mapping) isEvents() bool { return m.format == formatEvents }

// tabular tells whether the file has a heading.
func (m *Mapping) tabular() bool { return m.format == formatCSV || m.format == formatTSV }

// columnName names a column for people: as the mapping does, with the names that it
// may have in the file.
func (m *Mapping) columnName(c col) string {
	switch c {
	case noCol, rowCol, segmentCol, typeCol, countryCol:
		return ""
	}
	return m.columns[c].name
}

// skips tells whether a text of a country column is one to pass over.
func (r *countryRule) skips(text string) bool {
	return slices.ContainsFunc(r.skip, func(pattern string) bool { return matches(pattern, text) })
}

// matches tells whether a text is the pattern, whose * stands for anything.
func matches(pattern, text string) bool {
	before, after, wild := strings.Cut(pattern, "*")
	if !wild {
		return text == pattern
	}
	return len(text) >= len(before)+len(after) && strings.HasPrefix(text, before) && strings.HasSuffix(text, after)
}

// splitOutside splits a text at a separator, but not within brackets: the name of an
// entity in brackets may hold the separator.
func splitOutside(text, separator string) []string {
	var items []string
	depth, begin := 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth <= 0 && i >= begin && strings.HasPrefix(text[i:], separator):
			items = append(items, text[begin:i])
			begin = i + len(separator)
		}
	}
	return append(items, text[begin:])
}
