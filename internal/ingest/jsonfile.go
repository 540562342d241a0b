package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// lineReader reads NDJSON: one JSON value a line, empty lines passed over.
type lineReader struct {
	in           *bufio.Reader
	offset       int64
	number, line int64
}

func newLineReader(in io.Reader, skipped int64) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(in, 256<<10), offset: skipped}
}

func (l *lineReader) next() (rawRow, error) {
	for {
		var line []byte
		for {
			part, err := l.in.ReadSlice('\n')
			line = append(line, part...)
			if len(line) > maxRecordBytes {
				return rawRow{}, fmt.Errorf("line %d is longer than %d MB; NDJSON has one event a line", l.line+1, maxRecordBytes>>20)
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
				return rawRow{}, err
			}
			break
		}
		begin := l.offset
		l.offset += int64(len(line))
		l.line++
		value := bytes.TrimSpace(line)
		if len(value) == 0 {
			continue
		}
		l.number++
		raw := rawRow{number: l.number, line: l.line, value: value}
		raw.reason = wrongUTF8(line, begin)
		return raw, nil
	}
}

// wrongUTF8 gives the reason why bytes that begin at an offset are refused, or "".
func wrongUTF8(b []byte, offset int64) string {
	if utf8.Valid(b) {
		return ""
	}
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return wrongByte(offset+int64(i), b[i], encodingUTF8)
		}
		i += size
	}
	return ""
}

// arrayReader reads the items of an array in a JSON document, as a stream.
type arrayReader struct {
	dec     *jsontext.Decoder
	text    *textReader
	skipped int64
	path    []string
	number  int64
}

func newArrayReader(in io.Reader, skipped int64, path []string) (*arrayReader, error) {
	a := &arrayReader{skipped: skipped, path: path}
	// The encoding is checked item by item, to name the row.
	a.text = &textReader{in: in, encoding: encodingUTF8, offset: skipped, from: -1}
	a.dec = jsontext.NewDecoder(a.text, jsontext.AllowInvalidUTF8(true))
	for _, key := range path {
		if err := a.enter(key); err != nil {
			return nil, err
		}
	}
	if a.dec.PeekKind() != '[' {
		if _, err := a.dec.ReadToken(); err != nil {
			return nil, a.unreadable(err)
		}
		where := "the file"
		if len(path) > 0 {
			where = strings.Join(path, ".")
		}
		return nil, fmt.Errorf("%s is not an array of records; say with the mapping's format and records where they are", where)
	}
	_, err := a.dec.ReadToken()
	a.text.from = a.end()
	return a, err
}

// enter goes into an object as far as the value of a key.
func (a *arrayReader) enter(key string) error {
	missing := fmt.Errorf("the file has no array at %s, where the mapping looks for its records", strings.Join(a.path, "."))
	if a.dec.PeekKind() != '{' {
		if _, err := a.dec.ReadToken(); err != nil {
			return a.unreadable(err)
		}
		return missing
	}
	if _, err := a.dec.ReadToken(); err != nil {
		return a.unreadable(err)
	}
	for {
		name, err := a.dec.ReadToken()
		switch {
		case err != nil:
			return a.unreadable(err)
		case name.Kind() == '}':
			return missing
		case name.String() == key:
			return nil
		}
		if err := a.dec.SkipValue(); err != nil {
			return a.unreadable(err)
		}
	}
}

func (a *arrayReader) end() int64 { return a.skipped + a.dec.InputOffset() }

func (a *arrayReader) unreadable(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntax) && errors.Is(syntax.Err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("row %d: the file ends before its JSON does", a.number+1)
	case errors.As(err, &syntax):
		return fmt.Errorf("row %d: the file is not valid JSON: %w, at byte %d", a.number+1, syntax.Err, a.skipped+syntax.ByteOffset+1)
	}
	return fmt.Errorf("row %d cannot be read: %w", a.number+1, err)
}

func (a *arrayReader) next() (rawRow, error) {
	if a.dec.PeekKind() == ']' {
		return rawRow{}, a.finish()
	}
	value, err := a.dec.ReadValue()
	if err != nil {
		return rawRow{}, a.unreadable(err)
	}
	a.number++
	raw := rawRow{number: a.number, value: bytes.Clone(value)}
	raw.reason = a.text.record(a.end())
	return raw, nil
}

// finish reads what follows the array, so that a file that is cut off is told.
func (a *arrayReader) finish() error {
	a.text.from = -1
	for {
		if _, err := a.dec.ReadToken(); err != nil {
			if errors.Is(err, io.EOF) && a.dec.StackDepth() == 0 {
				return io.EOF
			}
			return a.unreadable(err)
		}
		if a.dec.StackDepth() == 0 {
			if _, err := a.dec.ReadToken(); !errors.Is(err, io.EOF) {
				return fmt.Errorf("something follows the JSON document at byte %d", a.end())
			}
			return io.EOF
		}
	}
}

// flattener takes the values of the mapping's columns out of JSON records. A column is
// named by the keys that lead to it, joined by points; an item of an array by its
// number from 0.
type flattener struct {
	m      *Mapping
	wanted map[string]bool
	seen   []atomic.Bool // by column: some record had it
	geo    bool
}

func newFlattener(m *Mapping) *flattener {
	f := &flattener{m: m, wanted: map[string]bool{}, seen: make([]atomic.Bool, len(m.columns)), geo: m.format == formatGeoJSON}
	for _, c := range m.columns {
		for _, name := range c.names {
			f.wanted[name] = true
		}
	}
	return f
}

// values gives the mapping's columns of a record.
func (f *flattener) values(raw *rawRow) []string {
	found := map[string]string{}
	if err := f.flatten(jsontext.NewDecoder(bytes.NewBuffer(raw.value)), "", found); err != nil {
		raw.reason = "is not valid JSON: " + err.Error()
		return nil
	}
	if f.geo {
		if found["geometry.type"] == "Point" {
			found["geometry.longitude"], found["geometry.latitude"] = found["geometry.coordinates.0"], found["geometry.coordinates.1"]
		}
	}
	values := make([]string, len(f.m.columns))
	for i, c := range f.m.columns {
		for _, name := range c.names {
			text, there := found[name]
			if there {
				f.seen[i].Store(true)
			}
			if values[i] == "" {
				values[i] = text
			}
		}
	}
	return values
}

func (f *flattener) wants(path string) bool {
	return f.wanted[path] || f.geo && strings.HasPrefix(path, "geometry.")
}

func (f *flattener) flatten(dec *jsontext.Decoder, path string, found map[string]string) error {
	t, err := dec.ReadToken()
	if err != nil {
		return err
	}
	join := func(name string) string {
		switch {
		case path == "", f.geo && path == "properties": // a feature's properties are its columns
			return name
		}
		return path + "." + name
	}
	switch t.Kind() {
	case '{':
		for dec.PeekKind() != '}' {
			name, err := dec.ReadToken()
			if err != nil {
				return err
			}
			inner := join(name.String())
			if f.geo && path == "" && name.String() == "id" {
				inner = "feature.id"
			}
			if err := f.flatten(dec, inner, found); err != nil {
				return err
			}
		}
		_, err = dec.ReadToken()
		return err
	case '[':
		for i := 0; dec.PeekKind() != ']'; i++ {
			if err := f.flatten(dec, join(strconv.Itoa(i)), found); err != nil {
				return err
			}
		}
		_, err = dec.ReadToken()
		return err
	}
	if f.wants(path) {
		found[path] = ""
		if t.Kind() != 'n' {
			found[path] = t.String()
		}
	}
	return nil
}

// missing tells the columns that no record had.
func (f *flattener) missing() error {
	var names []string
	for i, c := range f.m.columns {
		if !f.seen[i].Load() && !c.mayLack {
			names = append(names, strconv.Quote(strings.Join(c.names, " or ")))
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("the mapping %s does not fit the file: no record has %s", f.m.Name, strings.Join(names, ", "))
}
