package ingest

import (
	"strconv"
	"strings"
)

// row is one record of a file, with the values of the columns that the mapping uses.
type row struct {
	number  int64 // counted from 1, without headings
	line    int64 // the line that it begins on; 0 in formats without lines
	values  []string
	segment int // which of the date rules
	faulty  int // events of it that are refused
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
	}
	return strings.TrimSpace(r.values[c])
}

// Refusal is one fault of a row that is not let in.
type Refusal struct {
	Row    int64  // counted from 1, without headings
	Line   int64  // 0 in formats without lines
	Column string // the file's column, or a JSON pointer into the event, or ""
	Reason string
}
