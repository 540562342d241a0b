package pgembed_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgembed"
)

// programEnv turns this test binary into a program that uses the package.
const programEnv = "PGEMBED_TEST_PROGRAM"

// patience is how long a test waits for what must happen; it measures nothing.
const patience = 2 * time.Minute

func TestMain(m *testing.M) {
	pgembed.MaybeRunGuard()
	if text, is := os.LookupEnv(programEnv); is {
		_ = os.Unsetenv(programEnv)
		os.Exit(program(text))
	}
	os.Exit(m.Run())
}

// task is what the program is told, and answer what it says.
type task struct {
	DataDir          string
	NothingInstalled string // the cache of root, on a machine without Postgres
}

type answer struct {
	URL, DataDir, Error string
	Took                time.Duration
	Logs                []string
}

// program starts the server, says so, and stops it at SIGINT, SIGTERM, or the end of
// its input.
func program(text string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var do task
	if err := json.Unmarshal([]byte(text), &do); err != nil {
		panic(err)
	}
	if do.NothingInstalled != "" {
		pgembed.NothingInstalled(do.NothingInstalled)
	}
	var a answer
	began := time.Now()
	s, err := pgembed.Start(ctx, pgembed.Options{DataDir: do.DataDir, Logf: func(format string, args ...any) {
		a.Logs = append(a.Logs, fmt.Sprintf(format, args...))
	}})
	a.Took = time.Since(began)
	if err != nil {
		a.Error = err.Error()
		_ = json.NewEncoder(os.Stdout).Encode(a)
		return 1
	}
	a.URL, a.DataDir = s.URL(), s.DataDir()
	_ = json.NewEncoder(os.Stdout).Encode(a)
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	select {
	case <-ctx.Done():
	case <-ended:
	}
	wait, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Stop(wait); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return 0
}

// someone is an account that programs of the tests run in.
type someone struct {
	name     string
	uid, gid int
	other    bool
	home     string // a folder of its own, all may enter
	binary   string // this test binary, where it can be read
}

// accounts are root and an ordinary user where the tests run as root, else the user
// that they run as.
func accounts(t *testing.T) []someone {
	t.Helper()
	if os.Geteuid() != 0 {
		return []someone{newSomeone(t, "user", os.Getuid(), os.Getgid(), false)}
	}
	list := []someone{newSomeone(t, "root", 0, 0, false)}
	if u, err := user.Lookup("nobody"); err == nil {
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		return append(list, newSomeone(t, "ordinary user", uid, gid, true))
	}
	t.Log("NOT CHECKED: an ordinary user, because there is no user nobody here")
	return list
}

func newSomeone(t *testing.T, name string, uid, gid int, other bool) someone {
	t.Helper()
	who := someone{name: name, uid: uid, gid: gid, other: other}
	who.home = folder(t)
	who.binary = filepath.Join(who.home, "program")
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		path, exeErr := os.Executable()
		if exeErr != nil {
			t.Fatal(exeErr)
		}
		if self, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(who.binary, self, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(who.home, uid, gid); err != nil {
		t.Fatal(err)
	}
	return who
}

// folder makes a folder that all may enter; those of t.TempDir are private. It is
// removed when the servers in it are gone.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgembed-test-*")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// forEachAccount runs a test as root and as an ordinary user.
func forEachAccount(t *testing.T, test func(t *testing.T, who someone)) {
	t.Helper()
	for _, who := range accounts(t) {
		t.Run(who.name, func(t *testing.T) { test(t, who) })
	}
}

// running is a program that a test has started.
type running struct {
	answer
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Reader
	ended chan error
}

// start starts a program in a process group of its own, as a shell does, and waits
// for its answer.
func (who someone) start(t *testing.T, do task, env ...string) *running {
	t.Helper()
	p := who.launch(t, do, env...)
	p.hear(t)
	if p.Error != "" {
		t.Fatalf("the program did not start: %s\n%s", p.Error, logOf(do.DataDir))
	}
	return p
}

// launch starts a program and does not wait.
func (who someone) launch(t *testing.T, do task, env ...string) *running {
	t.Helper()
	text, err := json.Marshal(do)
	if err != nil {
		t.Fatal(err)
	}
	p := &running{cmd: exec.Command(who.binary), ended: make(chan error, 1)}
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + who.home, programEnv + "=" + string(text)}, env...)
	p.cmd.Dir = who.home
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if who.other {
		p.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(who.uid), Gid: uint32(who.gid)}
	}
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.end(t, syscall.SIGKILL) })
	return p
}

// hear waits for the program's answer.
func (p *running) hear(t *testing.T) {
	t.Helper()
	line, err := p.lines.ReadBytes('\n')
	if err != nil {
		t.Fatalf("the program ended without an answer: %v", err)
	}
	if err := json.Unmarshal(line, &p.answer); err != nil {
		t.Fatal(err)
	}
}

// end sends the program's group a signal (0: ends its input) and waits for its end.
func (p *running) end(t *testing.T, s syscall.Signal) {
	t.Helper()
	if p.cmd.ProcessState != nil {
		return
	}
	if s == 0 {
		_ = p.in.Close()
	} else {
		_ = syscall.Kill(-p.cmd.Process.Pid, s)
	}
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	err := p.cmd.Wait()
	if !late.Stop() {
		t.Errorf("the program did not end for %s", patience)
	}
	if s != syscall.SIGKILL && err != nil {
		t.Errorf("the program ended with %v", err)
	}
}

// nothingLeft waits until neither a server nor a guard is left, nor the socket's folder.
func nothingLeft(t *testing.T, dir string, of ...*running) {
	t.Helper()
	eventually(t, "the server goes", func() bool {
		guard, err := pgembed.GuardRuns(dir)
		if err != nil {
			t.Fatal(err)
		}
		return !guard && len(pgembed.ServersOf(dir)) == 0
	})
	for _, p := range of {
		socket := p.socket(t)
		if _, err := os.Stat(socket); !os.IsNotExist(err) {
			t.Errorf("the socket's folder %s is left", socket)
		}
	}
}

func (p *running) socket(t *testing.T) string {
	t.Helper()
	config, err := pgx.ParseConfig(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	return config.Host
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for began := time.Now(); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func logOf(dir string) string {
	text, _ := os.ReadFile(filepath.Join(dir, "server.log"))
	return strings.TrimSpace(string(text))
}

// sql runs statements, each committed on its own.
func sql(t *testing.T, url string, statements ...string) {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// count gives the number of rows that the tests have written.
func count(t *testing.T, url string) (n int) {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM kept`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Statements for a table whose rows are counted.
const (
	makeTable = `CREATE TABLE kept (n int)`
	oneRow    = `INSERT INTO kept VALUES (1)`
)
