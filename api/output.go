package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"
)

// output is where an export goes: standard output, or a file that gets its name
// when it is whole.
type output struct {
	buffer *bufio.Writer
	bytes  int64
	file   *os.File // nil: standard output
	name   string   // that the file shall have; "": it has it
}

// openOutput opens a file beside the one that is asked for. What is there and is no
// file (a pipe, a device) is written to as it is.
func openOutput(name string, stdout io.Writer) (*output, error) {
	if name == "-" {
		return &output{buffer: bufio.NewWriterSize(stdout, 1<<20)}, nil
	}
	o := &output{name: name}
	path := name + "." + uuid.NewString()[:8] + ".part"
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return nil, fmt.Errorf("%s is a folder; name a file in it", name)
		}
		o.name, path = "", name
	}
	mode := os.O_WRONLY
	if o.name != "" {
		mode |= os.O_CREATE | os.O_EXCL
	}
	var err error
	if o.file, err = os.OpenFile(path, mode, 0o666); err != nil {
		return nil, err
	}
	o.buffer = bufio.NewWriterSize(o.file, 1<<20)
	return o, nil
}

// Write counts what is written.
func (o *output) Write(b []byte) (int, error) {
	n, err := o.buffer.Write(b)
	o.bytes += int64(n)
	return n, err
}

// keep gives a whole file its name.
func (o *output) keep() error {
	if o.file == nil {
		return nil
	}
	part := o.file.Name()
	err := o.file.Close()
	if err == nil && o.name != "" {
		err = os.Rename(part, o.name)
	}
	if err != nil && o.name != "" {
		err = errors.Join(err, os.Remove(part))
	}
	return err
}

// discard takes a part away.
func (o *output) discard() error {
	if o.file == nil {
		return nil
	}
	err := o.file.Close()
	if o.name != "" {
		err = errors.Join(err, os.Remove(o.file.Name()))
	}
	return err
}
