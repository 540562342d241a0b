package ingest

import (
	"strconv"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/country"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// row is one record of a file, with the values of the columns that the mapping uses.
type row struct {
	number  int64 // counted from 1, without headings
	line    int64 // the line that it begins on; 0 in formats without lines
	values  []string
	segment int // which of the date rules
	faulty  int // events of it that are refused

	// What is known of the event while its texts are made: its type, the code of its
	// first country, and the language of the text, "" where it has none.
	kind, country, language string
}

// get gives a column's value without blanks around it; "" where there is none.
func (r *row) get(c col) string {
	switch c {
	case noCol:
		return ""
	case rowCol:
		return strconv.FormatInt(r.number, 10)
	case segmentCol:
		return strconv.Itoa(r.segment)
	case typeCol:
		return typeName(r.kind, r.language)
	case countryCol:
		return countryName(r.country, r.language)
	}
	return strings.TrimSpace(r.values[c])
}

// typeName names a type in a language, "" where the type has no name in it. Without a
// language it is the code.
func typeName(code, language string) string {
	if language == "" {
		return code
	}
	kind, _ := timeline.TypeByCode(code)
	return kind.Label[language]
}

// countryName does the same for a country.
func countryName(code, language string) string {
	c, known := country.Lookup(code)
	switch {
	case !known:
		return ""
	case language == "":
		return code
	case language == "ar":
		return c.Names.AR
	case language == "en":
		return c.Names.EN
	case language == "fr":
		return c.Names.FR
	}
	return ""
}

// Refusal is one fault of a row that is not let in.
type Refusal struct {
	Row    int64  // counted from 1, without headings
	Line   int64  // 0 in formats without lines
	Column string // the file's column, or a JSON pointer into the event, or ""
	Reason string
}
