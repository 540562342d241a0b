package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestProgressWithoutATerminal tells a line when it has told nothing for a while.
func TestProgressWithoutATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := newProgress(&out).reading(1000)
	for _, tell := range []func(){
		func() { _, _ = p.reader(strings.NewReader("12345")).Read(make([]byte, 5)); p.rows(1234) },
		func() { p.stage("checking") },
		func() { p.counting("copying", 2000); p.counted(1500) },
		func() { p.counting("exporting", 0); p.counted(3) },
	} {
		tell()
		p.said = time.Now().Add(-betweenLines)
		tell()
	}
	p.end()
	want := "reading: 1,234 rows, 1 %\nchecking\ncopying: 1,500 of 2,000 events\nexporting: 3 events\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
