package main

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/programtest"
)

// patience is how long a test waits for what must happen; it measures nothing.
const patience = 2 * time.Minute

func TestMain(m *testing.M) { pgtest.Main(m, programtest.Remove) }

// command is the program with args, see programtest.Command.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	// A machine that is busy with other tests is no database that is away.
	return programtest.Command(t, append([]string{"TARIKH_DB_CONNECT_TIME=30s"}, env...), args...)
}

// result is what an ended program said.
type result struct {
	out, errs string
	code      int
}

// runProgram runs it to its end.
func runProgram(t *testing.T, env []string, args ...string) result {
	t.Helper()
	return launch(t, command(t, env, args...)).wait(t)
}

// refuses expects a program that starts nothing: one message, and exit code 1.
func refuses(t *testing.T, message string, env []string, args ...string) {
	t.Helper()
	got := runProgram(t, env, args...)
	if want := (result{errs: "api: " + message + "\n", code: 1}); got != want {
		t.Errorf("%q: got %+v\nwant %+v", args, got, want)
	}
}

// instance is a running program.
type instance struct {
	cmd       *exec.Cmd
	out, errs programtest.Output
	base      string // http://host:port
	ended     chan struct{}
}

// launch starts it and does not wait.
func launch(t *testing.T, cmd *exec.Cmd) *instance {
	t.Helper()
	p := &instance{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.out, &p.errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // its state tells
		close(p.ended)
	}()
	t.Cleanup(func() {
		// Not killed at first: then it waits for its server, which works in a folder
		// that is removed after this.
		p.signal(syscall.SIGTERM)
		select {
		case <-p.ended:
		case <-time.After(patience):
			p.signal(syscall.SIGKILL)
			<-p.ended
			t.Error("the program did not end when it was told to")
		}
	})
	return p
}

var greeting = regexp.MustCompile(`(?s)^Tarikh serves at (\S+)\n.*stop .*\n\n$`)

// serve starts a program and waits until it says where it serves.
func startServing(t *testing.T, env []string, args ...string) *instance {
	t.Helper()
	p := launch(t, command(t, env, args...))
	p.hear(t)
	return p
}

func (p *instance) hear(t *testing.T) {
	t.Helper()
	eventually(t, "it serves", func() bool {
		if match := greeting.FindStringSubmatch(p.out.String()); match != nil {
			p.base = match[1]
			return true
		}
		select {
		case <-p.ended:
			t.Fatalf("it ended with %v:\n%s", p.cmd.ProcessState, p.errs.String())
		default:
		}
		return false
	})
}

func (p *instance) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// wait waits for its end.
func (p *instance) wait(t *testing.T) result {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("it does not end; it said\n%s%s", p.out.String(), p.errs.String())
	}
	return result{p.out.String(), p.errs.String(), p.cmd.ProcessState.ExitCode()}
}

// stop tells it to end, which it must do in order.
func (p *instance) stop(t *testing.T, s syscall.Signal) {
	t.Helper()
	p.signal(s)
	if got := p.wait(t); got.code != 0 {
		t.Errorf("after %v the exit code was %d:\n%s", s, got.code, got.errs)
	}
}

// reply is an answer that was read whole.
type reply struct {
	status int
	header http.Header
	body   string
}

var client = &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}

// get asks an instance for a path. A header is given as "Name: value".
func (p *instance) get(t *testing.T, path string, headers ...string) reply {
	t.Helper()
	r, err := p.try(path, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (p *instance) try(path string, headers ...string) (reply, error) {
	request, err := http.NewRequest(http.MethodGet, p.base+path, http.NoBody)
	if err != nil {
		return reply{}, err
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	return answered(request)
}

// answered sends a request and reads its answer whole.
func answered(request *http.Request) (reply, error) {
	response, err := client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(body)}, err
}

// everything is all that an instance serves, as bytes to compare.
func (p *instance) everything(t *testing.T) string {
	t.Helper()
	events, datasets := p.get(t, "/v1/events?limit=500"), p.get(t, "/v1/datasets")
	if events.status != http.StatusOK || datasets.status != http.StatusOK {
		t.Fatalf("%+v, %+v", events, datasets)
	}
	return events.body + datasets.body
}

// postmaster gives the process of the server that works in a data folder.
func postmaster(t *testing.T, data string) int {
	t.Helper()
	pid := programtest.Postmaster(data)
	if pid == 0 {
		t.Fatalf("no server works in %s", data)
	}
	return pid
}

// gone waits until a server has ended and has put its data in order.
func gone(t *testing.T, data string, pid int) {
	t.Helper()
	eventually(t, "the server goes", func() bool {
		_, err := os.Stat(filepath.Join(data, "postgres", "postmaster.pid"))
		return errors.Is(err, fs.ErrNotExist) && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
	})
}

func absent(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s was made: %v", path, err)
	}
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for began := time.Now(); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
