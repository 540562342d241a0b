package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// bulk spools events, each from the row of its place in the list.
func bulk(t testing.TB, s *postgres.Store, o postgres.BulkOptions, events ...timeline.Event) *postgres.Bulk {
	t.Helper()
	b, err := s.NewBulk(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	for begin := 0; begin < len(events); begin += 500 {
		var part []postgres.BulkEvent
		for i := begin; i < min(begin+500, len(events)); i++ {
			part = append(part, postgres.BulkEvent{Row: int64(i + 1), Line: int64(i + 2), Event: &events[i]})
		}
		batch, err := b.Prepare(t.Context(), part)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch.Faults) > 0 {
			t.Fatalf("%+v", batch.Faults)
		}
		if err := b.Add(batch); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func check(t testing.TB, b *postgres.Bulk) []postgres.BulkFault {
	t.Helper()
	var faults []postgres.BulkFault
	if err := b.Check(t.Context(), func(f postgres.BulkFault) { faults = append(faults, f) }); err != nil {
		t.Fatal(err)
	}
	return faults
}

// importBulk brings events in, expecting no faults.
func importBulk(t testing.TB, s *postgres.Store, events ...timeline.Event) postgres.ImportResult {
	t.Helper()
	b := bulk(t, s, postgres.BulkOptions{}, events...)
	if faults := check(t, b); len(faults) > 0 {
		t.Fatalf("%+v", faults)
	}
	result, err := b.Commit(t.Context(), author)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// dump gives all that a database holds of events, as text. The numbers of terms are
// given by chance, so their words stand in their place.
func dump(t testing.TB, url string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var b strings.Builder
	for _, sql := range []string{
		`SELECT to_jsonb(e) - 'terms' || jsonb_build_object('terms', (SELECT jsonb_agg(t.kind || ':' || t.value ORDER BY t.kind, t.value)
			FROM unnest(e.terms) AS n(id) JOIN term t USING (id))) FROM event e ORDER BY id`,
		`SELECT to_jsonb(k) - 'term' || jsonb_build_object('term', t.kind || ':' || t.value) FROM event_key k JOIN term t ON t.id = k.term ORDER BY k.id, t.kind, t.value`,
		`SELECT to_jsonb(h) FROM event_history h ORDER BY id, revision_from`,
		`SELECT to_jsonb(t) FROM event_tombstone t ORDER BY id`,
		`SELECT to_jsonb(r) FROM revision r`,
		`SELECT to_jsonb(l) - 'action' FROM revision_log l ORDER BY revision`,
		`SELECT to_jsonb(d) FROM dataset d ORDER BY slug`,
	} {
		rows, err := conn.Query(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[json.RawMessage])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%d rows\n", len(list))
		for _, row := range list {
			b.Write(row)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func sameDump(t testing.TB, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("%s: line %d differs:\n%s\nwant\n%s", what, i, g[i], w[i])
		}
	}
	t.Fatalf("%s: %d lines, want %d", what, len(g), len(w))
}

// TestBulkStoresWhatImportStores lets the big import and the small one do the same to
// two databases: create, change, leave unchanged and revive.
func TestBulkStoresWhatImportStores(t *testing.T) {
	t.Parallel()
	urls := [2]string{pgtest.New(t), pgtest.New(t)}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := func() time.Time { return now } // both stores are told the same times
	stores := [2]*postgres.Store{openAt(t, urls[0], clock), openAt(t, urls[1], clock)}
	events := reference.Events(7, 300)
	for i := range events {
		events[i].Dataset = "test"
	}
	step := func(name string, list []timeline.Event, want postgres.ImportResult) {
		t.Helper()
		now = now.Add(time.Hour)
		got := importBulk(t, stores[0], list...)
		small, err := stores[1].Import(t.Context(), list, false, author)
		if err != nil {
			t.Fatal(err)
		}
		if got != small || got != want {
			t.Errorf("%s: %+v, the small import %+v, want %+v", name, got, small, want)
		}
		sameDump(t, name, dump(t, urls[0]), dump(t, urls[1]))
	}
	step("create", events[:200], postgres.ImportResult{Revision: 2, Created: 200})
	step("the same again", events[:200], postgres.ImportResult{Revision: 2, Unchanged: 200})
	for _, s := range stores {
		for _, i := range []int{3, 50} {
			if _, err := s.Delete(t.Context(), events[i].ID, "a mistake", "", postgres.Precondition{}, author); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := 40; i < 60; i++ {
		events[i].Title = timeline.Text{"en": "Changed", "ar": "تغيير"}
		events[i].Tags = append(events[i].Tags, "changed")
	}
	step("change, revive and add", events, postgres.ImportResult{Revision: 5, Created: 102, Updated: 19, Unchanged: 179})
}

func TestBulkOfMoreThanOneLookup(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	events := make([]timeline.Event, 12_345)
	for i := range events {
		events[i] = event(t, fmt.Sprintf("e%05d", i), "2021")
	}
	importBulk(t, s, events...)
	for i := 0; i < len(events); i += 2 {
		events[i].Summary = timeline.Text{"en": "Changed"}
	}
	want := postgres.ImportResult{Revision: 3, Updated: 6173, Unchanged: 6172}
	if got := importBulk(t, s, events...); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestTheSameRowTwice(t *testing.T) {
	t.Parallel()
	s, url := open(t)
	b := bulk(t, s, postgres.BulkOptions{},
		event(t, "a", "2021"), event(t, "b", "2021"), event(t, "a", "2021"), event(t, "c", "2021"), event(t, "c", "2022"), event(t, "c", "2021"))
	faults := check(t, b)
	if len(faults) != 3 {
		t.Fatalf("%+v", faults)
	}
	for i, want := range []string{"in row 5, 6, with", "in row 4, 6, with", "in row 4, 5, with"} {
		f := faults[i]
		if f.Row != int64(4+i) || f.Line != int64(5+i) || f.Pointer != "/id" || !strings.Contains(f.Detail, want) {
			t.Errorf("%+v, want %q", f, want)
		}
	}
	result, repeated := b.Counts()
	if result.Created != 2 || repeated != 1 {
		t.Errorf("%+v, %d repeated", result, repeated)
	}
	if got, err := b.Commit(t.Context(), author); err != nil || got.Created != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if d := dump(t, url); !strings.HasPrefix(d, "2 rows") || strings.Contains(d, `"id": "c"`) {
		t.Error(d)
	}
}

func TestAnIDOfAnotherDataset(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	put(t, s, event(t, "shared", "2021"))
	mine := event(t, "shared", "2021")
	other := event(t, "own", "2021")
	mine.Dataset, other.Dataset = "second", "second"
	b := bulk(t, s, postgres.BulkOptions{Dataset: &timeline.Dataset{Slug: "second", Title: timeline.Text{"en": "Second"}}}, mine, other)
	faults := check(t, b)
	if len(faults) != 1 || faults[0].Row != 1 || !strings.Contains(faults[0].Detail, `the id "shared" is that of an event of the data set "test"`) {
		t.Fatalf("%+v", faults)
	}
	if got, err := b.Commit(t.Context(), author); err != nil || got.Created != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestAnImportOutlivesAnOutage: what it has read is not lost because the database is away
// for a while, before each of its steps.
func TestAnImportOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	_, url := open(t)
	wire := pgtest.NewWire(t, url)
	s, err := postgres.Open(t.Context(), postgres.Options{URL: wire.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	b, err := s.NewBulk(t.Context(), postgres.BulkOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	during := func(step func() error) {
		t.Helper()
		wire.Cut()
		var mending sync.WaitGroup
		mending.Go(func() {
			time.Sleep(500 * time.Millisecond)
			wire.Mend(t)
		})
		if err := step(); err != nil {
			t.Fatal(err)
		}
		mending.Wait()
	}
	e := event(t, "a", "2021")
	e.Tags = []string{"a tag that is new"}
	during(func() error {
		batch, err := b.Prepare(t.Context(), []postgres.BulkEvent{{Row: 1, Line: 1, Event: &e}})
		if err != nil {
			return err
		}
		return b.Add(batch)
	})
	during(func() error {
		return b.Check(t.Context(), func(f postgres.BulkFault) { t.Errorf("%+v", f) })
	})
	during(func() error {
		result, err := b.Commit(t.Context(), author)
		if result.Created != 1 {
			t.Errorf("%+v", result)
		}
		return err
	})
}

func TestAnUnknownDataset(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	b, err := s.NewBulk(t.Context(), postgres.BulkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	e := event(t, "a", "2021")
	e.Dataset = "tset"
	batch, err := b.Prepare(t.Context(), []postgres.BulkEvent{{Row: 9, Line: 10, Event: &e}})
	if err != nil {
		t.Fatal(err)
	}
	if len(batch.Faults) != 1 || batch.Faults[0].Row != 9 || !strings.Contains(batch.Faults[0].Detail, "did you mean test?") {
		t.Errorf("%+v", batch.Faults)
	}
}

func TestADryRunLeavesNoTrace(t *testing.T) {
	t.Parallel()
	s, url := open(t)
	put(t, s, event(t, "a", "2021"))
	before := dump(t, url) + terms(t, url)
	e := event(t, "b", "2021")
	e.Tags, e.Dataset = []string{"a tag that is new"}, "new"
	b := bulk(t, s, postgres.BulkOptions{DryRun: true, Dataset: &timeline.Dataset{Slug: "new", Title: timeline.Text{"en": "New"}}}, e)
	check(t, b)
	got, err := b.Commit(t.Context(), author)
	if want := (postgres.ImportResult{Revision: 2, Created: 1}); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	sameDump(t, "after", dump(t, url)+terms(t, url), before)
}

func terms(t testing.TB, url string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var n int
	if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM term`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d terms\n", n)
}

// TestOthersWriteBetween writes between the look-up and the transaction: what changed
// is looked up again, and an id that another data set took ends the import.
func TestOthersWriteBetween(t *testing.T) {
	t.Parallel()
	s, url := open(t)
	changed, gone, same := event(t, "changed", "2021"), event(t, "gone", "2021"), event(t, "same", "2021")
	put(t, s, gone)
	put(t, s, same)
	b := bulk(t, s, postgres.BulkOptions{}, changed, gone, same, event(t, "new", "2021"))
	check(t, b)
	before := changed
	before.Title = timeline.Text{"en": "Theirs"}
	put(t, s, before)
	if _, err := s.Delete(t.Context(), "gone", "a mistake", "", postgres.Precondition{}, author); err != nil {
		t.Fatal(err)
	}
	got, err := b.Commit(t.Context(), author)
	if want := (postgres.ImportResult{Revision: 6, Created: 2, Updated: 1, Unchanged: 1}); err != nil || got != want {
		t.Fatalf("%+v, %v; want %+v", got, err, want)
	}
	history, err := s.History(t.Context(), "changed", 0, 10)
	if err != nil || len(history.Changes) != 2 || history.Changes[0].Op != timeline.OpUpdate {
		t.Errorf("%+v, %v", history, err)
	}
	if history, err = s.History(t.Context(), "gone", 0, 10); err != nil || len(history.Changes) != 3 {
		t.Errorf("%+v, %v", history, err)
	}

	if _, err := s.CreateDataset(t.Context(), timeline.Dataset{Slug: "theirs", Title: timeline.Text{"en": "Theirs"}}, nil, author); err != nil {
		t.Fatal(err)
	}
	b = bulk(t, s, postgres.BulkOptions{}, event(t, "taken", "2021"), event(t, "free", "2021"))
	check(t, b)
	theirs := event(t, "taken", "2021")
	theirs.Dataset = "theirs"
	put(t, s, theirs)
	state := dump(t, url)
	if _, err := b.Commit(t.Context(), author); kindOf(err) != timeline.KindConflict || !strings.Contains(err.Error(), `"taken"`) {
		t.Errorf("%v", err)
	}
	sameDump(t, "after the conflict", dump(t, url), state)
}

// TestACancelledImport ends an import within its COPY: nothing of it is there, the next
// one works, and other writers go on.
func TestACancelledImport(t *testing.T) {
	t.Parallel()
	s, url := open(t)
	put(t, s, event(t, "before", "2021"))
	events := make([]timeline.Event, 5_000)
	for i := range events {
		events[i] = event(t, fmt.Sprintf("e%04d", i), "2021")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := bulk(t, s, postgres.BulkOptions{
		Dataset: &timeline.Dataset{Slug: "new", Title: timeline.Text{"en": "New"}},
		Copied: func(n int) {
			if n >= 2_000 {
				cancel()
			}
		},
	}, events...)
	check(t, b)
	before := dump(t, url)
	if _, err := b.Commit(ctx, author); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	sameDump(t, "after", dump(t, url), before)
	put(t, s, event(t, "after", "2021"))
	if got := importBulk(t, s, events...); got.Created != len(events) {
		t.Errorf("%+v", got)
	}
}

// TestReadersDuringAnImport reads while rows are being copied: readers see all of an
// import or none.
func TestReadersDuringAnImport(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	put(t, s, event(t, "before", "2021"))
	events := make([]timeline.Event, 3_000)
	for i := range events {
		events[i] = event(t, fmt.Sprintf("e%04d", i), "2021")
	}
	seen := 0
	b := bulk(t, s, postgres.BulkOptions{Copied: func(int) {
		page, err := s.ListEvents(t.Context(), timeline.ListQuery{Limit: 10, Order: timeline.Ascending})
		if err != nil || len(page.Docs()) != 1 {
			t.Errorf("%d events, %v", len(page.Docs()), err)
		}
		seen++
	}}, events...)
	check(t, b)
	if _, err := b.Commit(t.Context(), author); err != nil {
		t.Fatal(err)
	}
	if seen == 0 {
		t.Error("nothing was read")
	}
}

// TestAFullDiskForTheSpool puts the temporary files on a file system of a megabyte.
func TestAFullDiskForTheSpool(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, "1m")
	s, url := open(t)
	before := dump(t, url)
	b, err := s.NewBulk(t.Context(), postgres.BulkOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for i := range 100_000 {
		e := event(t, fmt.Sprintf("e%d", i), "2021")
		e.Summary = timeline.Text{"en": strings.Repeat("word ", 1000)}
		batch, err := b.Prepare(t.Context(), []postgres.BulkEvent{{Row: int64(i), Event: &e}})
		if err != nil {
			t.Fatal(err)
		}
		if err = b.Add(batch); err != nil {
			if !strings.Contains(err.Error(), "The disk is full") || !strings.Contains(err.Error(), "Nothing was imported") {
				t.Errorf("%v", err)
			}
			sameDump(t, "after", dump(t, url), before)
			return
		}
	}
	t.Error("a disk of a megabyte took it all")
}

// TestAFullDiskOfTheDatabase moves a table to a tablespace on a small file system.
func TestAFullDiskOfTheDatabase(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, "8m")
	s, url := open(t)
	put(t, s, event(t, "before", "2021"))
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	space := "full_" + filepath.Base(dir)
	own(t, conn, dir)
	exec(t, conn, `CREATE TABLESPACE `+pgx.Identifier{space}.Sanitize()+` LOCATION '`+dir+`'`)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close(ctx)
		exec(t, conn, `ALTER TABLE event SET TABLESPACE pg_default`)
		exec(t, conn, `DROP TABLESPACE `+pgx.Identifier{space}.Sanitize())
	})
	exec(t, conn, `ALTER TABLE event SET TABLESPACE `+pgx.Identifier{space}.Sanitize())
	before := dump(t, url)
	events := make([]timeline.Event, 4_000)
	for i := range events {
		events[i] = event(t, fmt.Sprintf("e%d", i), "2021")
		events[i].Summary = timeline.Text{"en": strings.Repeat("word ", 800)}
	}
	b := bulk(t, s, postgres.BulkOptions{}, events...)
	check(t, b)
	if _, err := b.Commit(t.Context(), author); kindOf(err) != timeline.KindUnavailable || !strings.Contains(err.Error(), "disk") {
		t.Errorf("%v", err)
	}
	sameDump(t, "after", dump(t, url), before)
	put(t, s, event(t, "after", "2021"))
}

func exec(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(context.WithoutCancel(t.Context()), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// smallDisk gives a folder on a file system of that size, which the system must let a
// test mount.
func smallDisk(t testing.TB, size string) string {
	t.Helper()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("NOT CHECKED: a full disk; only root on Linux can make a small one")
	}
	dir, err := os.MkdirTemp("", "tarikh-full-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(dir) })
	if out, err := osexec.Command("mount", "-t", "tmpfs", "-o", "mode=755,size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("NOT CHECKED: a full disk; no file system can be mounted here: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := osexec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

// own gives a folder to the account that the server runs as.
func own(t testing.TB, conn *pgx.Conn, dir string) {
	t.Helper()
	var data string
	if err := conn.QueryRow(t.Context(), `SHOW data_directory`).Scan(&data); err != nil {
		t.Fatal(err)
	}
	if out, err := osexec.Command("chown", "--reference="+data, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

// TestAnImportDuringOtherWrites lets eight writers go on while an import comes in. Each
// write either counts or is told to come again, and the feed has every change once.
func TestAnImportDuringOtherWrites(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	events := make([]timeline.Event, 3_000)
	for i := range events {
		events[i] = event(t, fmt.Sprintf("e%04d", i), "2021")
	}
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var written atomic.Int64
	for w := range 8 {
		group.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				_, err := s.Put(t.Context(), event(t, fmt.Sprintf("w%d-%d", w, n), "2022"), postgres.Precondition{}, author)
				if err == nil {
					written.Add(1)
				} else if kindOf(err) != timeline.KindBusy {
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
		})
	}
	for written.Load() < 8 { // they are under way
		runtime.Gosched()
	}
	b := bulk(t, s, postgres.BulkOptions{}, events...)
	check(t, b)
	result, err := b.Commit(t.Context(), author)
	if err != nil || result.Created != len(events) {
		t.Errorf("%+v, %v", result, err)
	}
	stop()
	group.Wait()
	seen, after := map[string]bool{}, timeline.ChangePosition{}
	for {
		page, err := s.Changes(t.Context(), after, 1_000)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Changes {
			if seen[c.EventID] {
				t.Errorf("%s comes twice", c.EventID)
			}
			if imported := strings.HasPrefix(c.EventID, "e"); imported != (c.Revision == result.Revision) {
				t.Errorf("%s has revision %d; the import took %d", c.EventID, c.Revision, result.Revision)
			}
			seen[c.EventID] = true
		}
		if page.Next == nil {
			break
		}
		after = *page.Next
	}
	if want := len(events) + int(written.Load()); len(seen) != want {
		t.Errorf("%d changes, want %d", len(seen), want)
	}
}

func TestBulkInExecMode(t *testing.T) {
	t.Parallel()
	_, url := open(t)
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url, ExecMode: "exec"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	a, b := event(t, "a", "2021"), event(t, "b", "[2021-03-04..2021-03-09]")
	importBulk(t, s, a, b)
	b.Measures = map[string]float64{"deaths": 1e-7, "wounded": 3}
	want := postgres.ImportResult{Revision: 3, Updated: 1, Unchanged: 1}
	if got := importBulk(t, s, a, b); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// holding begins a transaction of somebody else, which holds what sql takes until release.
func holding(t *testing.T, url, sql string) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	exec(t, conn, `BEGIN`)
	exec(t, conn, sql)
	return func() {
		t.Helper()
		exec(t, conn, `ROLLBACK`)
	}
}

// TestABusyImportCanGoOn meets another writer that holds the revision, and is committed
// when that one has gone.
func TestABusyImportCanGoOn(t *testing.T) {
	t.Parallel()
	s, url := open(t)
	b := bulk(t, s, postgres.BulkOptions{}, event(t, "a", "2021"), event(t, "b", "2021"))
	check(t, b)
	release := holding(t, url, `UPDATE revision SET revision = revision + 1`)
	if _, err := b.Commit(t.Context(), author); kindOf(err) != timeline.KindBusy {
		t.Errorf("%v", err)
	}
	release()
	if got, err := b.Commit(t.Context(), author); err != nil || got.Created != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestAnImportThatIsStoppedLateIsNotRepeated meets a lock when the events are copied, and
// what they were copied from is gone.
func TestAnImportThatIsStoppedLateIsNotRepeated(t *testing.T) {
	t.Parallel()
	s, url := open(t)
	b := bulk(t, s, postgres.BulkOptions{}, event(t, "a", "2021"), event(t, "b", "2021"))
	check(t, b)
	release := holding(t, url, `LOCK TABLE event_key IN SHARE MODE`)
	if _, err := b.Commit(t.Context(), author); kindOf(err) != timeline.KindUnavailable || !strings.Contains(err.Error(), "import the file again") {
		t.Errorf("%v", err)
	}
	release()
	if page, err := s.ListEvents(t.Context(), timeline.ListQuery{Limit: 10}); err != nil || page.Len() != 0 {
		t.Errorf("%d events of an import that failed, %v", page.Len(), err)
	}
	b = bulk(t, s, postgres.BulkOptions{}, event(t, "a", "2021"), event(t, "b", "2021"))
	check(t, b)
	if got, err := b.Commit(t.Context(), author); err != nil || got.Created != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}
