package postgres

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// spool is a temporary file of records that are written once and then read in order.
type spool struct {
	file  *os.File
	out   *bufio.Writer
	named bool // it could not be removed while it is open
}

const spoolBuffer = 256 << 10

// newSpool makes the file in a folder; "" is that for temporary files. Where the system
// allows, the file has no name from the start, so that nothing is left behind however
// the program ends.
func newSpool(dir string) (*spool, error) {
	file, err := os.CreateTemp(dir, "tarikh-import-*")
	if err != nil {
		return nil, spoolError(err)
	}
	named := os.Remove(file.Name()) != nil
	return &spool{file: file, out: bufio.NewWriterSize(file, spoolBuffer), named: named}, nil
}

// add appends a record.
func (s *spool) add(record []byte) error {
	var size [4]byte
	binary.BigEndian.PutUint32(size[:], uint32(len(record)))
	if _, err := s.out.Write(size[:]); err != nil {
		return spoolError(err)
	}
	if _, err := s.out.Write(record); err != nil {
		return spoolError(err)
	}
	return nil
}

// rewind ends the writing and gives the records from the first.
func (s *spool) rewind() (*spoolReader, error) {
	if err := s.out.Flush(); err != nil {
		return nil, spoolError(err)
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return nil, spoolError(err)
	}
	return &spoolReader{in: bufio.NewReaderSize(s.file, spoolBuffer)}, nil
}

func (s *spool) close() {
	_ = s.file.Close()
	if s.named {
		_ = os.Remove(s.file.Name())
	}
}

// spoolReader reads records. What next gives is good until the next call.
type spoolReader struct {
	in     *bufio.Reader
	record []byte
}

// next gives a record, or io.EOF.
func (r *spoolReader) next() ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r.in, size[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, spoolError(err)
	}
	n := int(binary.BigEndian.Uint32(size[:]))
	if cap(r.record) < n {
		r.record = make([]byte, n+n/4)
	}
	r.record = r.record[:n]
	if _, err := io.ReadFull(r.in, r.record); err != nil {
		return nil, spoolError(err)
	}
	return r.record, nil
}

// spoolError words what went wrong with the temporary file; a full disk is the most
// likely, and the user can do something about it.
func spoolError(err error) error {
	e := &timeline.Error{Kind: timeline.KindInternal, Message: "The import's temporary file cannot be written or read.", Cause: err}
	if errors.Is(err, syscall.ENOSPC) {
		e.Message = fmt.Sprintf("The disk is full: the import's temporary file does not fit into %s. Make room, or set TMPDIR to another folder. Nothing was imported.", os.TempDir())
	}
	return e
}
