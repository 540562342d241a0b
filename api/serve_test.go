package main

import (
	"bufio"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgembed"
	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/programtest"
	"github.com/tarikh-timeline/tarikh/internal/seed"
)

// One data folder lives through every way to end the program. It lies where root
// alone can walk, if these tests run as root.
func TestTheServerOfItsOwn(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	env := []string{"TARIKH_DATA_DIR=" + data}
	_, events, err := seed.Sahel()
	if err != nil {
		t.Fatal(err)
	}

	cmd := command(t, env) // builds the program
	began := time.Now()
	first := launch(t, cmd)
	first.hear(t)
	t.Logf("the first start took %s", time.Since(began).Round(time.Millisecond))
	told := fmt.Sprintf(`Tarikh serves at %[1]s

  try    curl '%[1]s/v1/events?country=ML&from=2020&to=2023'
  data   %[2]s
  stop   Ctrl-C

`, first.base, data)
	if out := first.out.String(); out != told {
		t.Errorf("it says\n%s\nnot\n%s", out, told)
	}
	if u, err := url.Parse(first.base); err != nil || u.Port() == "0" || u.Hostname() != "127.0.0.1" {
		t.Errorf("it serves at %s: %v", first.base, err)
	}
	example := regexp.MustCompile(`curl '` + regexp.QuoteMeta(first.base) + `(.*)'`).FindStringSubmatch(first.out.String())
	if r := first.get(t, example[1]); r.status != http.StatusOK || !strings.Contains(r.body, `"id":"ml-coup-2021"`) || !strings.HasSuffix(r.body, `"revision":1}`) {
		t.Errorf("the example is answered with %+v", r)
	}
	kept := first.everything(t)
	if n := strings.Count(kept, `"dataset":"sahel"`); n != len(events) {
		t.Errorf("%d of %d events are served", n, len(events))
	}

	running := first
	for i, how := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL} {
		pid := postmaster(t, data)
		addRow(t, data)
		if how == syscall.SIGKILL {
			running.signal(how)
			running.wait(t)
		} else {
			running.stop(t, how)
			if err := syscall.Kill(pid, 0); err == nil {
				t.Errorf("after %v the program did not wait for its server", how)
			}
		}
		gone(t, data, pid)
		if out := running.out.String(); strings.Count(out, "\n") != strings.Count(told, "\n") {
			t.Errorf("it says more than the block: %s", out)
		}
		began = time.Now()
		running = startServing(t, env)
		t.Logf("the start after %v took %s", how, time.Since(began).Round(time.Millisecond))
		if now := running.everything(t); now != kept {
			t.Errorf("after %v it serves\n%s\nnot\n%s", how, now, kept)
		}
		if n := rows(t, data); n != i+1 {
			t.Errorf("%d rows of %d are left after %v", n, i+1, how)
		}
	}
	serverKilled(t, running, data)
	if now := running.everything(t); now != kept {
		t.Errorf("after its server was killed it serves\n%s\nnot\n%s", now, kept)
	}
	if n := rows(t, data); n != 3 {
		t.Errorf("%d rows of 3 are left after the server was killed", n)
	}
	pid := postmaster(t, data)
	running.stop(t, syscall.SIGTERM)
	gone(t, data, pid)
}

// serverKilled kills the program's server. Until it runs again requests are refused in
// the documented form, and from then on none is.
func serverKilled(t *testing.T, p *instance, data string) {
	t.Helper()
	pid := postmaster(t, data)
	warmUp(t, p)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	refused := 0
	eventually(t, "the program serves again", func() bool {
		r := p.get(t, "/v1/events.ndjson?country=ML") // of which nothing is kept
		if r.status != http.StatusOK {
			refused++
			isUnavailable(t, r)
			return false
		}
		now := programtest.Postmaster(data) // none for a moment, while the next one starts
		return now != 0 && now != pid
	})
	t.Logf("%d requests were refused before the server was back", refused)
	for range 30 {
		if r := p.get(t, "/v1/events.ndjson?country=ML"); r.status != http.StatusOK {
			t.Errorf("a request after it was back is answered with %+v", r)
		}
	}
}

// warmUp has the program open several connections to the database.
func warmUp(t *testing.T, p *instance) {
	t.Helper()
	done := make(chan error)
	for range 16 {
		go func() {
			r, err := p.try("/v1/events.ndjson") // of which nothing is kept
			if err == nil && r.status != http.StatusOK {
				err = fmt.Errorf("%+v", r)
			}
			done <- err
		}()
	}
	for range 16 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// isUnavailable holds an answer to the form of a 503.
func isUnavailable(t *testing.T, r reply) {
	t.Helper()
	if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" ||
		r.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(r.body, `"code":"unavailable"`) {
		t.Errorf("answered with %+v", r)
	}
	for _, inside := range []string{"SQL", "pgx", "dial", "socket", "FATAL", "refused"} {
		if strings.Contains(r.body, inside) {
			t.Errorf("the body tells of the inside: %s", r.body)
		}
	}
}

// inOwnServer joins the server of a data folder.
func inOwnServer(t *testing.T, data string, do func(conn *pgx.Conn)) {
	t.Helper()
	server, err := pgembed.Start(t.Context(), pgembed.Options{DataDir: data})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	withConn(t, server.URL(), do)
}

func withConn(t *testing.T, url string, do func(conn *pgx.Conn)) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	do(conn)
}

// execute runs statements in a database.
func execute(t *testing.T, url string, statements ...string) {
	t.Helper()
	withConn(t, url, func(conn *pgx.Conn) {
		for _, s := range statements {
			if _, err := conn.Exec(t.Context(), s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	})
}

// addRow commits a row just before the program ends.
func addRow(t *testing.T, data string) {
	t.Helper()
	inOwnServer(t, data, func(conn *pgx.Conn) {
		if _, err := conn.Exec(t.Context(), `CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES (1)`); err != nil {
			t.Fatal(err)
		}
	})
}

func rows(t *testing.T, data string) (n int) {
	t.Helper()
	inOwnServer(t, data, func(conn *pgx.Conn) {
		if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM kept`).Scan(&n); err != nil {
			t.Fatal(err)
		}
	})
	return n
}

// Two programs on one data folder share its server, which outlives the first of them.
func TestTwoProgramsShareTheServerOfTheirOwn(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	env := []string{"TARIKH_DATA_DIR=" + data}
	one, two := launch(t, command(t, env)), launch(t, command(t, env))
	one.hear(t)
	two.hear(t)
	pid := postmaster(t, data)
	kept := one.everything(t)
	one.stop(t, syscall.SIGTERM)
	if now := two.everything(t); now != kept {
		t.Errorf("the other serves\n%s\nnot\n%s", now, kept)
	}
	two.stop(t, syscall.SIGTERM)
	gone(t, data, pid)
}

// A server that somebody stops stays stopped: requests are refused in the documented
// form, and the next program that starts brings the data back.
func TestTheServerOfItsOwnIsStopped(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	env := []string{"TARIKH_DATA_DIR=" + data}
	p := startServing(t, env)
	kept := p.everything(t)
	pid := postmaster(t, data)
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	gone(t, data, pid)
	for range 3 {
		isUnavailable(t, p.get(t, "/v1/events"))
	}
	next := startServing(t, env)
	if now := next.everything(t); now != kept {
		t.Errorf("the next program serves\n%s\nnot\n%s", now, kept)
	}
	next.stop(t, syscall.SIGTERM)
	p.stop(t, syscall.SIGTERM)
}

// Who stops the program while it starts is obeyed, in order.
func TestStoppedWhileItStarts(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := launch(t, command(t, []string{"TARIKH_DATA_DIR=" + data}))
	eventually(t, "initdb begins", func() bool {
		left, _ := filepath.Glob(filepath.Join(data, "postgres*"))
		return len(left) > 0
	})
	p.signal(syscall.SIGTERM)
	if got := p.wait(t); got.code != 0 || got.out != "" || strings.Contains(got.errs, "api:") {
		t.Errorf("%+v", got)
	}
	if left, _ := filepath.Glob(filepath.Join(data, "postgres*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestAnAddressInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	data := filepath.Join(t.TempDir(), "data")
	address := taken.Addr().String()
	refuses(t, "the address "+address+" is in use: end the program that uses it, or set TARIKH_LISTEN to another one, such as 127.0.0.1:0 for any free port",
		[]string{"TARIKH_DATA_DIR=" + data}, "--listen", address)
	refuses(t, "the address 192.0.2.1:0 cannot be listened at (cannot assign requested address): set TARIKH_LISTEN to another one",
		[]string{"TARIKH_DATA_DIR=" + data, "TARIKH_LISTEN=192.0.2.1:0"})
	absent(t, data)
}

// A machine on which neither Postgres nor npm is found: the program is alone in a
// root folder of its own.
func TestAMachineWithNothing(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("NOT CHECKED: the program on a machine without Postgres and npm, because only root can make it believe that")
	}
	path, err := programtest.Built()
	if err != nil {
		t.Fatal(err)
	}
	machine := t.TempDir()
	put := func(name string, text []byte) {
		if err := os.MkdirAll(filepath.Join(machine, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(machine, name), text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, from := range runtimeFiles(t, path) {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		put(name, text)
	}
	put("etc/os-release", []byte("ID=debian\n"))
	put("etc/passwd", []byte("root:x:0:0::/:/bin/sh\npostgres:x:26:26::/:/bin/sh\n"))
	put("tmp/none", nil)
	cmd := command(t, nil)
	cmd.Path, cmd.Args, cmd.Dir = "/api", []string{"api"}, "/"
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LD_LIBRARY_PATH=/lib", "TARIKH_LISTEN=127.0.0.1:0"}
	cmd.SysProcAttr.Chroot = machine
	const line = "api: no Postgres (14 or later) is found here: type `apt-get update && apt-get install -y postgresql`, or set PG_BINDIR to the folder of its programs, or DATABASE_URL to the address of a running one\n"
	if got, want := launch(t, cmd).wait(t), (result{errs: line, code: 1}); got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// runtimeFiles are what the program needs to run where nothing else is: itself, and
// the libraries of C where it was built with them.
func runtimeFiles(t *testing.T, program string) map[string]string {
	t.Helper()
	files := map[string]string{"api": program}
	for todo := []string{program}; len(todo) > 0; todo = todo[1:] {
		f, err := elf.Open(todo[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range f.Progs {
			if part.Type != elf.PT_INTERP {
				continue
			}
			loader, err := io.ReadAll(part.Open())
			if err != nil {
				t.Fatal(err)
			}
			name := strings.TrimRight(string(loader), "\x00")
			files[name] = name
		}
		names, err := f.ImportedLibraries()
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		for _, name := range names {
			if _, have := files["lib/"+name]; have {
				continue
			}
			found, _ := filepath.Glob("/lib*/" + name)
			deeper, _ := filepath.Glob("/lib/*/" + name)
			if found = append(found, deeper...); len(found) == 0 {
				t.Fatalf("%s is not found", name)
			}
			files["lib/"+name] = found[0]
			todo = append(todo, found[0])
		}
	}
	return files
}

// Data of a Postgres that is not here end the program with one message too, and stay.
func TestDataOfAnotherPostgres(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	env := []string{"TARIKH_DATA_DIR=" + data}
	startServing(t, env).stop(t, syscall.SIGTERM)
	version := filepath.Join(data, "postgres", "PG_VERSION")
	if err := os.WriteFile(version, []byte("98\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := runProgram(t, env)
	said, one := strings.CutPrefix(got.errs, "api: another version of Postgres is needed: the data in "+data+" are of Postgres 98, which is not found here")
	if !one || strings.Count(said, "\n") != 1 || got.out != "" || got.code != 1 {
		t.Errorf("%+v", got)
	}
	if text, err := os.ReadFile(version); err != nil || string(text) != "98\n" {
		t.Errorf("the data were touched: %q, %v", text, err)
	}
}

// held is a request that waits in the database for a lock that the test holds.
type held struct {
	conn   *pgx.Conn // has the lock
	watch  *pgx.Conn // looks on: a transaction sees who waits only as of its start
	answer chan reply
	failed chan error
	hangUp func()
}

const waiting = `
	SELECT count(*) FROM pg_stat_activity
	WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active' AND query LIKE '%doc%'`

// heldPath is of an export, which has no time budget.
const heldPath = "/v1/events.ndjson"

// hold asks for all events while nobody can read them. What follows the changes waits
// too, but asks for no documents.
func hold(t *testing.T, p *instance, url string) *held {
	t.Helper()
	connect := func() *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		return conn
	}
	h := &held{conn: connect(), watch: connect(), answer: make(chan reply, 1), failed: make(chan error, 1)}
	if _, err := h.conn.Exec(t.Context(), `BEGIN; LOCK TABLE event`); err != nil {
		t.Fatal(err)
	}
	wire, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	h.hangUp = func() { _ = wire.Close() }
	t.Cleanup(h.hangUp)
	go h.ask(wire)
	eventually(t, "the request waits in the database", func() bool { return h.waiting(t) == 1 })
	return h
}

func (h *held) waiting(t *testing.T) (n int) {
	t.Helper()
	if err := h.watch.QueryRow(t.Context(), waiting).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// release lets the request go on.
func (h *held) release(t *testing.T) {
	t.Helper()
	if _, err := h.conn.Exec(t.Context(), `COMMIT`); err != nil {
		t.Fatal(err)
	}
}

// ask speaks HTTP by hand, on a connection that the test can close.
func (h *held) ask(wire net.Conn) {
	if _, err := fmt.Fprint(wire, "GET "+heldPath+" HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"); err != nil {
		h.failed <- err
		return
	}
	response, err := http.ReadResponse(bufio.NewReader(wire), nil)
	if err != nil {
		h.failed <- err
		return
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		h.failed <- err
		return
	}
	h.answer <- reply{response.StatusCode, response.Header, string(body)}
}

// acceptsNoMore waits until a program that was told to end takes no connection.
func acceptsNoMore(t *testing.T, p *instance) {
	t.Helper()
	eventually(t, "it stops accepting", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
}

func TestWhatIsInFlightFinishes(t *testing.T) {
	t.Parallel()
	for _, how := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(how.String(), func(t *testing.T) {
			t.Parallel()
			url := pgtest.New(t)
			p := startServing(t, []string{"DATABASE_URL=" + url, "TARIKH_SEED=sahel"})
			want := p.get(t, heldPath)
			h := hold(t, p, url)
			p.signal(how)
			acceptsNoMore(t, p)
			h.release(t)
			select {
			case got := <-h.answer:
				if got.status != http.StatusOK || got.body != want.body {
					t.Errorf("it was answered with %+v", got)
				}
			case err := <-h.failed:
				t.Errorf("it was cut: %v", err)
			}
			if got := p.wait(t); got.code != 0 || strings.Contains(got.errs, "level\":\"WARN") {
				t.Errorf("%+v", got)
			}
		})
	}
}

// What does not finish in time is cut, and its query ends.
func TestWhatDoesNotFinishIsCut(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	p := startServing(t, []string{"DATABASE_URL=" + url, "TARIKH_SEED=sahel"})
	h := hold(t, p, url)
	p.signal(syscall.SIGTERM)
	if got := p.wait(t); got.code != 0 || strings.Count(got.errs, "requests were still running after 10 s and were cut") != 1 {
		t.Errorf("%+v", got)
	}
	select {
	case got := <-h.answer:
		if got.status < 500 {
			t.Errorf("it was answered with %+v", got)
		}
	case <-h.failed:
	}
	eventually(t, "its query ends", func() bool { return h.waiting(t) == 0 })
}

// Who does not want to wait for what is in flight says so again.
func TestASecondSignalEndsItAtOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	p := startServing(t, []string{"DATABASE_URL=" + url, "TARIKH_SEED=sahel"})
	hold(t, p, url)
	p.signal(syscall.SIGINT)
	acceptsNoMore(t, p)
	p.signal(syscall.SIGINT)
	p.wait(t)
	if state, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || state.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v", p.cmd.ProcessState)
	}
}

// A client that hangs up ends its query, although the lock it waits for is still held.
func TestAClientThatHangsUpEndsItsQuery(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	p := startServing(t, []string{"DATABASE_URL=" + url, "TARIKH_SEED=sahel"})
	h := hold(t, p, url)
	h.hangUp()
	eventually(t, "its query ends", func() bool { return h.waiting(t) == 0 })
	h.release(t)
	if r := p.get(t, heldPath); r.status != http.StatusOK {
		t.Errorf("the next one is answered with %+v", r)
	}
}
