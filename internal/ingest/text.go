package ingest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

const (
	encodingUTF8        = "utf-8"
	encodingWindows1252 = "windows-1252"
	encodingLatin1      = "iso-8859-1"
)

// maxRecordBytes bounds one record, and with it the memory of an import: a quote that
// is never closed would else take the rest of the file into one cell.
const maxRecordBytes = 16 << 20

// openText unpacks gzip, which its first bytes tell for certain, and takes a UTF-8
// byte order mark off. skipped is the number of bytes of the mark.
func openText(in io.Reader) (text io.Reader, skipped int64, err error) {
	b := bufio.NewReaderSize(in, 256<<10)
	head, err := b.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	if bytes.Equal(head, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(b)
		if err != nil {
			return nil, 0, damaged(err)
		}
		b = bufio.NewReaderSize(gzipReader{unpacked}, 256<<10)
	}
	head, err = b.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return nil, 0, fmt.Errorf("the file is UTF-16: save it as UTF-8 and import that")
	case bytes.Equal(head, []byte{0xef, 0xbb, 0xbf}):
		_, err = b.Discard(3)
		return b, 3, err
	}
	return b, 0, nil
}

// gzipReader words the errors of damaged gzip data for people.
type gzipReader struct{ *gzip.Reader }

func (g gzipReader) Read(p []byte) (int, error) {
	n, err := g.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = damaged(err)
	}
	return n, err
}

func damaged(err error) error {
	return fmt.Errorf("the gzip data are damaged or cut short (%w): fetch the file again", err)
}

// textReader passes bytes on, notes where they are not of their encoding, and stops at
// records that are too long.
type textReader struct {
	in       io.Reader
	encoding string
	lone     bool  // lone carriage returns become line feeds, one for one
	offset   int64 // of the next byte, in the unpacked file
	from     int64 // where the current record begins; negative: no limit
	bad      []badByte
	rest     []byte // the beginning of a letter that the last read cut
}

type badByte struct {
	at    int64
	value byte
}

// maxBadBytes bounds the list: what lies beyond is still refused, without its place.
const maxBadBytes = 10_000

func (t *textReader) Read(p []byte) (int, error) {
	if t.from >= 0 && t.offset-t.from > maxRecordBytes {
		return 0, fmt.Errorf("the record that begins at byte %d is longer than %d MB; is a quote or bracket never closed?", t.from, maxRecordBytes>>20)
	}
	n, err := t.in.Read(p)
	t.check(p[:n], errors.Is(err, io.EOF))
	t.offset += int64(n)
	if t.lone {
		for i, c := range p[:n] {
			if c == '\r' {
				p[i] = '\n'
			}
		}
	}
	return n, err
}

// check notes the bytes that are not of the encoding.
func (t *textReader) check(p []byte, last bool) {
	at := t.offset
	switch t.encoding {
	case encodingWindows1252, encodingLatin1:
		for i, c := range p {
			if undefined(t.encoding, c) {
				t.note(at+int64(i), c)
			}
		}
		return
	}
	if len(t.rest) == 0 && utf8.Valid(p) {
		return
	}
	at -= int64(len(t.rest))
	p = append(slices.Clone(t.rest), p...)
	t.rest = t.rest[:0]
	for len(p) > 0 {
		if !last && !utf8.FullRune(p) {
			t.rest = append(t.rest, p...)
			return
		}
		r, size := utf8.DecodeRune(p)
		if r == utf8.RuneError && size == 1 {
			t.note(at, p[0])
		}
		p, at = p[size:], at+int64(size)
	}
}

func (t *textReader) note(at int64, value byte) {
	if len(t.bad) < maxBadBytes {
		t.bad = append(t.bad, badByte{at, value})
	}
}

// record gives the reason why the bytes from the last record's end to end are refused,
// or "".
func (t *textReader) record(end int64) string {
	t.from = end
	reason := ""
	for len(t.bad) > 0 && t.bad[0].at < end {
		if reason == "" {
			reason = wrongByte(t.bad[0].at, t.bad[0].value, t.encoding)
		}
		t.bad = t.bad[1:]
	}
	return reason
}

func wrongByte(at int64, value byte, encoding string) string {
	return fmt.Sprintf("byte %d of the file is 0x%02X, which is not %s: correct the file, or the mapping's encoding", at+1, value, encoding)
}

// undefined tells whether a single-byte encoding has no letter for a byte. The control
// characters of Latin-1 never stand in a text: a byte there means windows-1252.
func undefined(encoding string, c byte) bool {
	if encoding == encodingLatin1 {
		return 0x80 <= c && c <= 0x9f
	}
	return c == 0x81 || c == 0x8d || c == 0x8f || c == 0x90 || c == 0x9d
}

// decodeCell gives a cell's text in UTF-8, or the reason why it is refused. A cell of
// a single-byte encoding whose bytes are good UTF-8 was declared wrongly: no language
// writes such letters one after the other.
func decodeCell(cell, encoding string) (text, reason string) {
	if isASCII(cell) {
		return cell, ""
	}
	if encoding == encodingUTF8 {
		if !utf8.ValidString(cell) {
			return "", "holds bytes that are not utf-8: correct the file, or the mapping's encoding"
		}
		return cell, ""
	}
	if utf8.ValidString(cell) {
		return "", fmt.Sprintf("holds the bytes %q, which are utf-8 and not %s: correct the mapping's encoding", clip(cell), encoding)
	}
	table := charmap.Windows1252
	if encoding == encodingLatin1 {
		table = charmap.ISO8859_1
	}
	text, err := table.NewDecoder().String(cell)
	if err != nil {
		return "", "cannot be decoded: " + err.Error()
	}
	return text, ""
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func clip(s string) string {
	if letters := []rune(s); len(letters) > 40 {
		return string(letters[:40]) + "…"
	}
	return s
}
