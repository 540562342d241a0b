package faults_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestTheImportCommandIsKilled kills `api import` at any moment: its file is there whole,
// under one revision, or not at all, and it can be given again.
func TestTheImportCommandIsKilled(t *testing.T) {
	t.Parallel()
	onItsOwn(t)
	const size = 3_000
	address := ownPostgres(t, nil).URL()
	s := newService(t, "DATABASE_URL="+address)
	f := figures{fault: "the import command is killed"}
	whole := time.Duration(0) // how long an import takes that is left alone, as the first is
	for n := 0; f.injected < times(50); n++ {
		if n > 50*times(50) {
			t.Fatalf("only %d of %d imports were met by a kill", f.injected, n)
		}
		var lines bytes.Buffer
		for i := range size {
			lines.Write(append(request(fmt.Sprintf("file-%d-%d", n, i), bodyOf(sample(i, fmt.Sprintf("file.%d", n)))), '\n'))
		}
		path := filepath.Join(t.TempDir(), "events.ndjson")
		if err := os.WriteFile(path, lines.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := command(t, s.env, "import", path, "--mapping", "events")
		var errs bytes.Buffer
		cmd.Stderr = &errs
		began := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if whole > 0 {
			time.AfterFunc(rand.N(whole), func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
		}
		err := cmd.Wait()
		f.requests++
		there := s.counted(t, fmt.Sprintf("file.%d", n))
		status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if status.Signaled() {
			f.injected++
		}
		switch {
		case err == nil && there != size, there != 0 && there != size:
			t.Errorf("import %d ended with %v, and %d events of %d are there", n, err, there, size)
		case err == nil:
			whole = time.Since(began)
			f.acknowledged++
		case !status.Signaled():
			t.Fatalf("import %d: %v %s", n, err, errs.String())
		default:
			f.unknown++
		}
	}
	record(t, f)
}

// counted gives how many events have a word as their title.
func (s *service) counted(t *testing.T, word string) int {
	t.Helper()
	n := 0
	for line := range bytes.Lines(s.must(t, "/v1/events.ndjson")) {
		var e struct{ Title map[string]string }
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if e.Title["en"] == word {
			n++
		}
	}
	return n
}
