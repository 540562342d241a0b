package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
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
