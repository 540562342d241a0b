package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/programtest"
)

// program finds a program that a test needs and CI installs.
func program(t *testing.T, name, packaged string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path = filepath.Join("/usr/sbin", name) // not in everybody's PATH
		if _, err := os.Stat(path); err != nil {
			t.Skipf("NOT TESTED: there is no %s here; apt-get install %s brings it", name, packaged)
		}
	}
	return path
}

// serverConns is how many connections the pooler has to the server: far fewer than the
// clients of the tests.
const serverConns = 4

// pooled starts a PgBouncer in transaction mode before a database, and gives the address
// that leads through it.
func pooled(t *testing.T, address string) string {
	t.Helper()
	path := program(t, "pgbouncer", "pgbouncer")
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "tarikh-pgbouncer-*") // not TempDir: another account enters it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	place := programtest.FreeAddress(t)
	_, port, _ := strings.Cut(place, ":")
	ini := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf(`[databases]
%s = host=%s port=5432 user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = %d
max_client_conn = 500
ignore_startup_parameters = extra_float_digits
`, config.Database, config.Host, config.User, port, serverConns)
	if err := os.WriteFile(ini, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, ini)
	cmd.Dir = dir
	var said programtest.Output
	cmd.Stdout, cmd.Stderr = &said, &said
	asServer(t, cmd, config.Host, dir)
	startBeside(t, cmd)
	eventually(t, "the pooler takes connections", func() bool {
		if cmd.ProcessState != nil {
			t.Fatalf("pgbouncer ended: %s", said.String())
		}
		conn, err := net.Dial("tcp", place)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return (&url.URL{Scheme: "postgres", User: url.User(config.User), Host: place, Path: config.Database, RawQuery: "sslmode=disable"}).String()
}

// asServer makes a program run in the account of the database server, which alone enters
// the folder of its socket, and which owns the given folders then.
func asServer(t *testing.T, cmd *exec.Cmd, socket string, folders ...string) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	info, err := os.Stat(socket)
	if err != nil {
		t.Fatal(err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(owner.Uid) == os.Getuid() {
		return
	}
	for _, folder := range folders {
		if err := os.Chown(folder, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
}

// startBeside starts a program that ends with the test.
func startBeside(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second): // what it serves does not matter any more
			_ = cmd.Process.Kill()
			<-ended
		}
	})
}

// ask writes something to an instance.
func (p *instance) ask(method, path, body string, headers ...string) (reply, error) {
	request, err := http.NewRequest(method, p.base+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	return answered(request)
}

// written is an event's body.
func written(id string) string {
	return fmt.Sprintf(`{"id":%q,"dataset":"sahel","type":"coup","date":{"edtf":"2023-08-22"},"title":{"en":"Written"},`+
		`"countries":[{"code":"NER","role":"location"}],"sources":[{"title":"A source","language":"en"}]}`, id)
}

// writingKey makes a key.
func writingKey(t *testing.T, env []string) string {
	t.Helper()
	made := runProgram(t, env, "keys", "create", "--name", "test", "--scope", "write")
	if made.code != 0 {
		t.Fatalf("no key: %+v", made)
	}
	return "Authorization: Bearer " + strings.TrimSpace(made.out)
}

// TestBehindATransactionPooler: many requests of every kind, over few connections to the
// server, without a single error.
func TestBehindATransactionPooler(t *testing.T) {
	t.Parallel()
	direct := pgtest.NewEmpty(t)
	env := []string{
		"DATABASE_URL=" + pooled(t, direct) + "&pool_max_conns=16", "DATABASE_DIRECT_URL=" + direct,
		"TARIKH_DB_EXEC_MODE=exec", "TARIKH_SEED=sahel",
	}
	p := startServing(t, env)
	key := writingKey(t, env)

	stream := follow(t, p, "/v1/changes/stream?after=1")
	const writers, each = 8, 12
	var work sync.WaitGroup
	for w := range writers {
		work.Go(func() {
			for n := range each {
				id := fmt.Sprintf("w%d-%d", w, n)
				if r, err := p.ask(http.MethodPost, "/v1/events", written(id), key, "Idempotency-Key: "+id); err != nil || r.status != http.StatusCreated {
					t.Errorf("writing: %+v, %v", r, err)
				}
			}
		})
		work.Go(func() {
			for n := range each {
				for _, path := range []string{
					"/v1/events?limit=5", "/v1/events?country=ML&type=coup&from=2020&count=exact", "/v1/events?q=Mali", "/v1/events/ml-coup-2021",
					"/v1/timeline?country=NE", "/v1/facets?by=country,type", "/v1/countries", "/v1/datasets", "/v1/events?as_of=1",
					"/v1/events/aes-charter-2023-09-16/chain", "/v1/changes?after=1&limit=10", "/v1/events/ml-coup-2021/history", "/v1/events.ndjson?country=ML",
				} {
					if r, err := p.try(path); err != nil || r.status != http.StatusOK {
						t.Errorf("%d. %s: %+v, %v", n, path, r, err)
					}
				}
			}
		})
	}
	work.Go(func() {
		var b bytes.Buffer
		for n := range 500 {
			b.WriteString(written(fmt.Sprintf("imported-%d", n)) + "\n")
		}
		r, err := p.ask(http.MethodPost, "/v1/imports", b.String(), key, "Content-Type: application/x-ndjson")
		if err != nil || r.status != http.StatusOK {
			t.Errorf("importing: %+v, %v", r, err)
		}
	})
	work.Wait()
	if got := strings.Count(p.get(t, "/v1/events.ndjson").body, `"en":"Written"`); got != writers*each+500 {
		t.Errorf("%d events are there", got)
	}
	stream.await(t, writers*each+500)
	withConn(t, direct, func(conn *pgx.Conn) {
		var open int
		if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&open); err != nil {
			t.Fatal(err)
		}
		if open == 0 || open > serverConns {
			t.Errorf("the server has %d connections, and at most %d are allowed", open, serverConns)
		}
	})
	p.stop(t, syscall.SIGTERM)
	if errs := p.errs.String(); strings.Contains(errs, "ERROR") {
		t.Errorf("it logged\n%s", errs)
	}
	// And the program for files.
	exported := runProgram(t, env, "export", "--format", "ndjson")
	if exported.code != 0 || strings.Count(exported.out, `"en":"Written"`) != writers*each+500 {
		t.Errorf("exporting: code %d, %s", exported.code, exported.errs)
	}
}

// TestPreparedStatementsBehindAPooler are told of before they fail.
func TestPreparedStatementsBehindAPooler(t *testing.T) {
	t.Parallel()
	direct := pgtest.New(t)
	through := pooled(t, direct)
	refuses(t, "DATABASE_URL leads through a pooler that keeps no prepared statements: set TARIKH_DB_EXEC_MODE=exec",
		[]string{"DATABASE_URL=" + through, "DATABASE_DIRECT_URL=" + direct})
	const message = "DATABASE_URL leads through a transaction pooler, by which no schema can be migrated: " +
		"set DATABASE_DIRECT_URL to the database's own address, and TARIKH_DB_EXEC_MODE=exec"
	refuses(t, message, []string{"DATABASE_URL=" + through})
	refuses(t, message, []string{"DATABASE_URL=" + through}, "migrate", "up")
}

// following reads a stream of changes.
type following struct {
	mu   sync.Mutex
	seen map[string]int // how often an event was told of
}

func follow(t *testing.T, p *instance, path string) *following {
	t.Helper()
	response, err := (&http.Client{Transport: &http.Transport{}}).Get(p.base + path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	f := &following{seen: map[string]int{}}
	go func() {
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if _, rest, is := strings.Cut(lines.Text(), `"event_id":"`); is {
				id, _, _ := strings.Cut(rest, `"`)
				f.mu.Lock()
				f.seen[id]++
				f.mu.Unlock()
			}
		}
	}()
	return f
}

// has tells whether an event was told of.
func (f *following) has(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen[id] > 0
}

// await waits until so many events were told of, each once.
func (f *following) await(t *testing.T, n int) {
	t.Helper()
	eventually(t, "the stream tells of all", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.seen) >= n
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, times := range f.seen {
		if times != 1 {
			t.Errorf("the stream told of %s %d times", id, times)
		}
	}
}
