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
	what  string
	total int64
	said  time.Time
}

// betweenLines is the least time between two plain lines.
const betweenLines = 5 * time.Second

func newProgress(out io.Writer) *progress { return &progress{out: out, said: time.Now()} }

// reading begins with a file of this size, 0 where it is not known.
func (p *progress) reading(size int64) *progress {
	p.size = size
	p.show("reading", size, progressbar.OptionShowBytes(true))
	return p
}

// show puts up a bar where there is a terminal. A total of 0 is not known.
func (p *progress) show(what string, total int64, unit progressbar.Option) {
	p.end()
	if !isTerminal(p.out) {
		return
	}
	if total == 0 {
		total = -1 // a spinner
	}
	p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(what), unit,
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
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

// counting begins what is counted in events; a total of 0 is not known.
func (p *progress) counting(what string, total int64) {
	p.what, p.total = what, total
	p.show(what, total, progressbar.OptionShowCount())
}

// counted tells how many events are done.
func (p *progress) counted(n int64) {
	switch {
	case p.bar != nil:
		_ = p.bar.Set64(n)
	case p.total > 0:
		p.line("%s: %s of %s events", p.what, humanize.Comma(n), humanize.Comma(p.total))
	default:
		p.line("%s: %s events", p.what, humanize.Comma(n))
	}
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
