package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgembed"
	"github.com/tarikh-timeline/tarikh/internal/pgtest"
)

// TestBackupAndRestore does what docs/operations.md says, for real: a database that was
// filled over HTTP is dumped, restored into another server, and answers with the same
// bytes. Then the revision is raised over those that were lost.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	env := []string{"DATABASE_URL=" + url, "TARIKH_SEED=sahel"}
	source := startServing(t, env)
	writer, other := newKeyFor(t, env, "writer"), newKeyFor(t, env, "other")
	ids := fill(t, source, writer)
	backedUp := source.contents(t, ids)
	dump := dumped(t, url)

	// What comes now is in no backup.
	lost := source.mustWrite(t, writer, http.MethodPut, "/v1/events/"+ids[0], eventBody(ids[0], "2001-02-03", "lost"))
	for i := range 5 {
		source.mustWrite(t, writer, http.MethodPut, "/v1/events/lost-"+strconv.Itoa(i), eventBody("", "2001", "lost"))
	}
	newest := source.get(t, "/v1/events")
	last := revisionOf(t, newest.body)
	if r := runProgram(t, env, "keys", "revoke", "2"); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	source.stop(t, syscall.SIGTERM)

	restored := []string{"DATABASE_URL=" + restoredFrom(t, dump)}
	target := startServing(t, restored)
	same(t, "restored", target.contents(t, ids), backedUp)
	target.stop(t, syscall.SIGTERM)

	raised := raise(t, restored, last)
	target = startServing(t, restored)
	after := target.contents(t, ids)
	for path, answer := range after {
		before := backedUp[path]
		event := strings.HasPrefix(path, "/v1/events/") && strings.Count(path, "/") == 3
		if etag := answer.header.Get("ETag"); (etag == before.header.Get("ETag")) != (event || strings.Contains(path, "as_of=")) {
			t.Errorf("%s: the ETag was %s and is %s", path, before.header.Get("ETag"), etag)
		}
		if unlabelled(answer.body) != unlabelled(before.body) {
			t.Errorf("%s: after the revision was raised it is\n%s\nnot\n%s", path, answer.body, before.body)
		}
	}
	target.hasLost(t, ids[0], last, newest.header.Get("ETag"))
	refusedPlace := fmt.Sprintf("is revision %d, but the newest is %d", raised+1, raised)
	if r := target.get(t, fmt.Sprintf("/v1/changes?after=%d", raised+1)); r.status != http.StatusBadRequest || !strings.Contains(r.body, refusedPlace) {
		t.Errorf("%+v", r)
	}
	if r := target.get(t, fmt.Sprintf("/v1/changes?after=%d", raised)); r.status != http.StatusOK || !strings.Contains(r.body, `{"data":[],`) {
		t.Errorf("%+v", r)
	}
	// Keys are those of the backup: one that was revoked since is in force again.
	for _, key := range []string{writer, other} {
		r := target.mustWrite(t, key, http.MethodPut, "/v1/events/after", eventBody("", "2002", "of "+key[7:12]))
		raised++
		if etag := `"` + strconv.FormatInt(raised, 10) + `"`; r.header.Get("ETag") != etag {
			t.Errorf("the next write has %s, not %s", r.header.Get("ETag"), etag)
		}
	}
	// A client that had the lost version of an event may not write over what it has not seen.
	if r := target.send(t, writer, http.MethodPatch, "/v1/events/"+ids[0], `{"tags":["x"]}`, "If-Match: "+lost.header.Get("ETag")); r.status != http.StatusPreconditionFailed {
		t.Errorf("%+v", r)
	}
}

// hasLost checks that whoever knows revisions that were lost is told so, everywhere.
func (p *instance) hasLost(t *testing.T, id string, revision int64, etag string) {
	t.Helper()
	for place, header := range map[string]string{
		"/v1/changes?after=%d": "", "/v1/changes/stream?after=%d": "", "/v1/events?as_of=%d": "", "/v1/events/" + id + "?as_of=%d": "",
		"/v1/events.csv?as_of=%d": "", "/v1/timeline?as_of=%d": "", "/v1/facets?as_of=%d": "", "/v1/events/" + id + "/chain?as_of=%d": "",
		"/v1/changes/stream": "Last-Event-ID: %d",
	} {
		for _, r := range []int64{revision, revision - 1} {
			path, headers := place, []string{}
			if header != "" {
				headers = append(headers, fmt.Sprintf(header, r))
			} else {
				path = fmt.Sprintf(place, r)
			}
			got := p.get(t, path, headers...)
			if want := fmt.Sprintf("is revision %d, which was lost when a backup was restored", r); got.status != http.StatusBadRequest || !strings.Contains(got.body, want) {
				t.Errorf("%s %v is answered with %+v", path, headers, got)
			}
		}
	}
	if got := p.get(t, "/v1/events", "If-None-Match: "+etag); got.status != http.StatusOK {
		t.Errorf("a list that was lost still stands: %+v", got)
	}
}

// raise raises the revision, by default to a number that the program chooses: above all
// that were told.
func raise(t *testing.T, env []string, told int64) int64 {
	t.Helper()
	refuses(t, "--to cannot be 1: the newest revision is "+strconv.FormatInt(told-6, 10)+": it can be raised to a number above that, up to 9007199254740991", env, "revision", "raise", "--to=1")
	refuses(t, "--to must be a revision above the newest one", env, "revision", "raise", "--to=-1")
	said := runProgram(t, env, "revision", "raise")
	match := regexp.MustCompile(`^raised the revision from (\d+) to (\d+)\n$`).FindStringSubmatch(said.out)
	if match == nil || said.code != 0 || said.errs != "" || match[1] != strconv.FormatInt(told-6, 10) {
		t.Fatalf("%+v", said)
	}
	chosen, err := strconv.ParseInt(match[2], 10, 64)
	if err != nil || chosen <= told {
		t.Fatalf("%d of %d, %v", chosen, told, err)
	}
	to := chosen + 17
	says(t, fmt.Sprintf("raised the revision from %d to %d", chosen, to), env, "revision", "raise", fmt.Sprintf("--to=%d", to))
	return to
}

// TestTheFolderIsABackup: that of the server of its own, copied while nothing runs.
func TestTheFolderIsABackup(t *testing.T) {
	t.Parallel()
	data, copied := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "data")
	env := []string{"TARIKH_DATA_DIR=" + data, "TARIKH_SEED=sahel"}
	p := startServing(t, env)
	key, ids := newKeyFor(t, env, "writer"), []string{"one", "two"}
	for n, id := range append(ids, ids[0]) { // one of them has a past
		p.mustWrite(t, key, http.MethodPut, "/v1/events/"+id, eventBody(id, "2021-05?", fmt.Sprintf("version %d", n)))
	}
	want := p.contents(t, ids)
	pid := postmaster(t, data)
	p.stop(t, syscall.SIGTERM)
	gone(t, data, pid)
	if out, err := exec.Command("cp", "-a", data, copied).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p = startServing(t, []string{"TARIKH_DATA_DIR=" + copied})
	same(t, "copied", p.contents(t, ids), want)
	pid = postmaster(t, copied)
	p.stop(t, syscall.SIGTERM)
	gone(t, copied, pid)
}

// newKeyFor makes a key that may write.
func newKeyFor(t *testing.T, env []string, name string) string {
	t.Helper()
	r := runProgram(t, env, "keys", "create", "--name", name, "--scope", "write")
	if r.code != 0 {
		t.Fatalf("%+v", r)
	}
	return strings.TrimSpace(r.out)
}

func eventBody(id, date, title string) string {
	if id != "" {
		id = `"id":"` + id + `",`
	}
	return `{` + id + `"dataset":"sahel","type":"statement","date":{"edtf":"` + date + `"},"title":{"en":"` + title + `","ar":"حدث"},` +
		`"countries":[{"code":"MLI","role":"location"}],"measures":{"deaths":3},"tags":["t"],"sources":[{"publisher":"x","language":"en","quote":"<&>"}]}`
}

// fill writes, changes, deletes, merges and imports events at random, and gives the ids
// of all that ever were.
func fill(t *testing.T, p *instance, key string) []string {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 7))
	dates := []string{"2021", "2021-05", "2021-05-17", "../1990", "2020~/2023-07?", "[1667,1668..1670]", "{-0043,2021-05}", "156X-12-25", "2023-07-26/.."}
	date := func() string { return dates[random.IntN(len(dates))] }
	ids := []string{}
	for i := range 40 {
		id := fmt.Sprintf("restored-%02d", i)
		ids = append(ids, id)
		p.mustWrite(t, key, http.MethodPost, "/v1/events", eventBody(id, date(), "first"), "Idempotency-Key: "+id)
	}
	imported := make([]string, 50)
	for i := range imported {
		id := fmt.Sprintf("imported-%02d", i)
		ids = append(ids, id)
		imported[i] = eventBody(id, date(), "imported")
	}
	p.mustWrite(t, key, http.MethodPost, "/v1/imports", "["+strings.Join(imported, ",")+"]")
	for range 60 {
		id := ids[random.IntN(len(ids))]
		switch random.IntN(5) {
		case 0:
			p.send(t, key, http.MethodPatch, "/v1/events/"+id, fmt.Sprintf(`{"title":{"fr":"version %d"}}`, random.IntN(1000)), "If-Match: *")
		case 1:
			p.send(t, key, http.MethodDelete, "/v1/events/"+id+"?reason=wrong", "", "If-Match: *")
		case 2:
			p.send(t, key, http.MethodDelete, "/v1/events/"+id+"?reason=twice&merged_into="+ids[random.IntN(len(ids))], "", "If-Match: *")
		default:
			p.mustWrite(t, key, http.MethodPut, "/v1/events/"+id, eventBody(id, date(), fmt.Sprintf("version %d", random.IntN(1000))))
		}
	}
	p.mustWrite(t, key, http.MethodPut, "/v1/events/"+ids[0], eventBody(ids[0], date(), "last"))
	return ids
}

// mustWrite is send that must come through.
func (p *instance) mustWrite(t *testing.T, key, method, path, body string, headers ...string) reply {
	t.Helper()
	r := p.send(t, key, method, path, body, headers...)
	if r.status/100 != 2 {
		t.Fatalf("%s %s: %+v", method, path, r)
	}
	return r
}

func (p *instance) send(t *testing.T, key, method, path, body string, headers ...string) reply {
	t.Helper()
	request, err := http.NewRequest(method, p.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(got)}
}

// contents are the answers that together tell all that a database holds of events: now,
// in the past, and how they came about.
func (p *instance) contents(t *testing.T, ids []string) map[string]reply {
	t.Helper()
	paths := []string{
		"/v1/events.ndjson", "/v1/events.csv", "/v1/events?limit=500&count=exact", "/v1/timeline?group_by=dataset", "/v1/facets", "/v1/datasets", "/v1/countries", "/v1/types",
		"/v1/events.ndjson?as_of=1", "/v1/events.ndjson?as_of=2",
	}
	if len(ids) > 10 {
		paths = append(paths, "/v1/events.ndjson?as_of=20", "/v1/events.ndjson?as_of=60")
	}
	for _, id := range ids {
		paths = append(paths, "/v1/events/"+id, "/v1/events/"+id+"/history")
	}
	found := map[string]reply{}
	for _, path := range paths {
		r := p.get(t, path)
		if r.status >= 500 || r.status == http.StatusBadRequest {
			t.Fatalf("%s: %+v", path, r)
		}
		found[path] = r
	}
	for next := "/v1/changes?after=0&limit=30"; next != ""; {
		r := p.get(t, next)
		if r.status != http.StatusOK {
			t.Fatalf("%s: %+v", next, r)
		}
		found[next] = r
		match := regexp.MustCompile(`<([^>]*)>; rel="next"`).FindStringSubmatch(strings.Join(r.header.Values("Link"), ","))
		next = ""
		if match != nil {
			next = match[1]
		}
	}
	return found
}

// same expects the same statuses, validators and bytes.
func same(t *testing.T, what string, got, want map[string]reply) {
	t.Helper()
	if gotPaths, wantPaths := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(gotPaths, wantPaths) {
		t.Errorf("%s: other pages: %q, not %q", what, gotPaths, wantPaths)
	}
	for path, w := range want {
		if g := got[path]; g.status != w.status || g.header.Get("ETag") != w.header.Get("ETag") || g.body != w.body && !strings.Contains(w.body, "request id") {
			t.Errorf("%s: %s is %d %s\n%s\nnot %d %s\n%s", what, path, g.status, g.header.Get("ETag"), g.body, w.status, w.header.Get("ETag"), w.body)
		}
	}
}

var label = regexp.MustCompile(`"revision":\d+\}$`)

// unlabelled is a body without the revision that it was answered at.
func unlabelled(body string) string { return label.ReplaceAllString(body, "") }

func revisionOf(t *testing.T, body string) int64 {
	t.Helper()
	var page struct{ Revision int64 }
	if err := json.Unmarshal([]byte(body), &page); err != nil {
		t.Fatal(err)
	}
	return page.Revision
}

// tool finds a program of the Postgres that a database runs on.
func tool(t *testing.T, url, name string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var dir string
	if err := conn.QueryRow(t.Context(), `SELECT setting FROM pg_config WHERE name = 'BINDIR'`).Scan(&dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		t.Skipf("NOT TESTED: this Postgres came without %s", name)
	}
	return path
}

// dumped makes a backup of a database.
func dumped(t *testing.T, url string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tarikh.dump")
	if out, err := exec.Command(tool(t, url, "pg_dump"), "--format=custom", "--no-owner", "--file="+file, url).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

// restoredFrom restores a backup into the empty database of a server of its own.
func restoredFrom(t *testing.T, dump string) (url string) {
	t.Helper()
	server, err := pgembed.Start(t.Context(), pgembed.Options{DataDir: filepath.Join(t.TempDir(), "data"), Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if out, err := exec.Command(tool(t, server.URL(), "pg_restore"), "--no-owner", "--exit-on-error", "--single-transaction", "--dbname="+server.URL(), dump).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return server.URL()
}
