package faults_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestTheImportCommandIsKilled kills `api import` at any moment: its file is there whole,
// under one revision, or not at all, and it can be given again.
func TestTheImportCommandIsKilled(t *testing.T) {
	t.Parallel()
	onItsOwn(t)
	const size = 3_000
	address := ownPostgres(t, nil).URL()
	s := newService(t, "DATABASE_URL="+address)
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	stored := func(n int) (events, revisions int) {
		t.Helper()
		err := conn.QueryRow(t.Context(), `SELECT count(*), count(DISTINCT revision) FROM event WHERE id LIKE $1`, fmt.Sprintf("file-%d-%%", n)).Scan(&events, &revisions)
		if err != nil {
			t.Fatal(err)
		}
		return events, revisions
	}
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
		there, revisions := stored(n)
		status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if status.Signaled() {
			f.injected++
		}
		switch {
		case err == nil && there != size, there != 0 && there != size, revisions > 1:
			t.Errorf("import %d ended with %v, and %d events of %d are there, under %d revisions", n, err, there, size, revisions)
		case err == nil:
			whole = time.Since(began)
			f.acknowledged++
		case !status.Signaled():
			t.Fatalf("import %d: %v %s", n, err, errs.String())
		default:
			f.unknown++
		}
	}
	// A COMMIT whose client was killed goes on to its end.
	await(t, "no import goes on", conn, `
		SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid())`)
	served := map[string]int{} // events by their title, which is that of their import
	for line := range bytes.Lines(s.must(t, "/v1/events.ndjson")) {
		var e struct{ Title map[string]string }
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		served[e.Title["en"]]++
	}
	for n := range f.requests {
		there, revisions := stored(n)
		if got := served[fmt.Sprintf("file.%d", n)]; got != there || there != 0 && there != size || revisions > 1 {
			t.Errorf("import %d: %d events of %d are stored, under %d revisions, and %d served", n, there, size, revisions, got)
		}
	}
	record(t, f)
}
