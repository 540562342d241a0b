package ingest

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// rawRow is a record before the mapping looks at it: the cells of a table, or a JSON
// value. A reason refuses it.
type rawRow struct {
	number, line int64
	cells        []string
	value        []byte
	column       string
	reason       string
}

// recordReader is a csv.Reader, or what reads tables without quotes.
type recordReader interface {
	Read() ([]string, error)
	InputOffset() int64
	FieldPos(field int) (line, column int)
}

// tableReader reads CSV and TSV.
type tableReader struct {
	m       *Mapping
	text    *textReader
	csv     recordReader
	skipped int64
	width   int
	heading []string
	places  []int // column of the mapping -> cell, -1: the file lacks it
	number  int64
}

func newTableReader(m *Mapping, in io.Reader, skipped int64) (*tableReader, error) {
	t := &tableReader{m: m, skipped: skipped}
	t.text = &textReader{in: in, encoding: m.encoding, lone: m.loneReturn, offset: skipped}
	comma := ','
	if m.format == formatTSV {
		comma = '\t'
	}
	if m.noQuotes {
		t.csv = &plainReader{in: bufio.NewReaderSize(t.text, 64<<10), comma: string(comma)}
	} else {
		quoted := csv.NewReader(t.text)
		quoted.FieldsPerRecord, quoted.Comma = -1, comma // the width is told with the row's number, below
		t.csv = quoted
	}
	heading, err := t.record()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("the file is empty: it lacks even a heading")
	}
	if err != nil {
		return nil, err
	}
	if reason := t.text.record(t.end()); reason != "" {
		return nil, fmt.Errorf("the heading cannot be read: %s", reason)
	}
	for _, name := range heading {
		name, _ = decodeCell(name, m.encoding)
		t.heading = append(t.heading, strings.TrimSpace(name))
	}
	t.width = len(heading)
	if err := t.place(); err != nil {
		return nil, err
	}
	for range m.skipRows {
		if _, err := t.record(); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		t.text.record(t.end())
	}
	return t, nil
}

func (t *tableReader) end() int64 { return t.skipped + t.csv.InputOffset() }

// place finds the mapping's columns in the heading and tells all that are missing.
func (t *tableReader) place() error {
	var faults []string
	t.places = make([]int, len(t.m.columns))
	for i, c := range t.m.columns {
		t.places[i] = -1
		for _, name := range c.names {
			at := slices.Index(t.heading, name)
			if at < 0 {
				continue
			}
			if slices.Contains(t.heading[at+1:], name) {
				faults = append(faults, fmt.Sprintf("the file has two columns %q", name))
			}
			t.places[i] = at
			break
		}
		if t.places[i] < 0 && !c.mayLack {
			hint := ""
			if near := timeline.Nearest(c.names[0], t.heading); near != "" {
				hint = fmt.Sprintf(" (did you mean %q?)", near)
			}
			faults = append(faults, fmt.Sprintf("the file has no column %q%s", strings.Join(c.names, " or "), hint))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	hint := ""
	if slices.ContainsFunc(t.heading, func(name string) bool { return strings.Contains(name, "\r") }) {
		return fmt.Errorf("the mapping %s does not fit the file: the heading holds carriage returns: say `lines: cr` in the mapping", t.m.Name)
	}
	if t.width == 1 {
		hint = "\n  the heading has one column: is the format of the mapping right?"
	}
	return fmt.Errorf("the mapping %s does not fit the file:\n  %s%s\n  its columns are %s",
		t.m.Name, strings.Join(faults, "\n  "), hint, clipList(t.heading))
}

func clipList(names []string) string {
	if len(names) > 60 {
		names = append(slices.Clone(names[:60]), "…")
	}
	return strings.Join(names, ", ")
}

// record reads one record; an error that is not io.EOF makes the rest unreadable.
func (t *tableReader) record() ([]string, error) {
	cells, err := t.csv.Read()
	if err == nil || errors.Is(err, io.EOF) {
		return cells, err
	}
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		switch {
		case errors.Is(syntax.Err, csv.ErrQuote), errors.Is(syntax.Err, csv.ErrBareQuote):
			return nil, fmt.Errorf("row %d, which begins at line %d: a quote stands where none belongs, or is never closed (noticed at line %d, byte %d); what follows cannot be told apart",
				t.number+1, syntax.StartLine, syntax.Line, syntax.Column)
		}
		err = syntax.Err
	}
	return nil, fmt.Errorf("row %d cannot be read: %w", t.number+1, err)
}

func (t *tableReader) next() (rawRow, error) {
	cells, err := t.record()
	if err != nil {
		return rawRow{}, err
	}
	t.number++
	line, _ := t.csv.FieldPos(0)
	raw := rawRow{number: t.number, line: int64(line), cells: cells}
	raw.reason = t.text.record(t.end())
	if raw.reason == "" && len(cells) != t.width {
		raw.reason = fmt.Sprintf("the row has %d cells; the heading has %d", len(cells), t.width)
	}
	return raw, nil
}

// plainReader reads tables in which a line is a record and a quote a letter.
type plainReader struct {
	in     *bufio.Reader
	comma  string
	offset int64
	line   int
}

func (p *plainReader) Read() ([]string, error) {
	for {
		text, err := p.in.ReadString('\n')
		p.offset += int64(len(text))
		if err != nil && (!errors.Is(err, io.EOF) || text == "") {
			return nil, err
		}
		p.line++
		text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
		if text != "" {
			return strings.Split(text, p.comma), nil
		}
	}
}

func (p *plainReader) InputOffset() int64              { return p.offset }
func (p *plainReader) FieldPos(int) (line, column int) { return p.line, 1 }

// values gives the cells of the mapping's columns in UTF-8.
func (t *tableReader) values(raw *rawRow) []string {
	values := make([]string, len(t.places))
	for i, at := range t.places {
		if at < 0 {
			continue
		}
		text, reason := decodeCell(raw.cells[at], t.m.encoding)
		if reason != "" && raw.reason == "" {
			raw.column, raw.reason = t.heading[at], reason
		}
		values[i] = text
	}
	return values
}

// missing gives nothing: the heading has told.
func (t *tableReader) missing() error { return nil }
