package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress tells on standard error how far a long work is: as a bar on a terminal,
// elsewhere as a line now and then.
type progress struct {
	out   io.Writer
	size  int64 // of the file; 0: not known
	bytes atomic.Int64
	bar   *progressbar.ProgressBar // nil: plain lines
	total int
	said  time.Time
}

// betweenLines is the least time between two plain lines.
const betweenLines = 5 * time.Second

func newProgress(out io.Writer, size int64) *progress {
	p := &progress{out: out, size: size, said: time.Now()}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		if size == 0 {
			size = -1 // a spinner
		}
		p.bar = progressbar.NewOptions64(size, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription("reading"),
			progressbar.OptionShowBytes(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	return p
}

// reader counts the bytes that are read of the file.
func (p *progress) reader(in io.Reader) io.Reader { return &countingReader{in, &p.bytes} }

type countingReader struct {
	in    io.Reader
	bytes *atomic.Int64
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	c.bytes.Add(int64(n))
	return n, err
}

func (p *progress) line(format string, args ...any) {
	if time.Since(p.said) >= betweenLines {
		p.said = time.Now()
		fmt.Fprintf(p.out, format+"\n", args...)
	}
}

// rows tells how many rows were read.
func (p *progress) rows(n int) {
	switch {
	case p.bar != nil:
		_ = p.bar.Set64(p.bytes.Load())
	case p.size > 0:
		p.line("reading: %s rows, %d %%", humanize.Comma(int64(n)), 100*p.bytes.Load()/p.size)
	default:
		p.line("reading: %s rows", humanize.Comma(int64(n)))
	}
}

// stage names what comes next.
func (p *progress) stage(name string) {
	if p.bar != nil {
		p.bar.Describe(name)
		return
	}
	p.line("%s", name)
}

// copying begins the last part, of so many events.
func (p *progress) copying(total int) {
	p.total = total
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription("copying"),
			progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
}

// copied tells how many events were copied.
func (p *progress) copied(n int) {
	if p.bar != nil {
		_ = p.bar.Set(n)
		return
	}
	p.line("copying: %s of %s events", humanize.Comma(int64(n)), humanize.Comma(int64(p.total)))
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
