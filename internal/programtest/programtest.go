// Package programtest is for tests of the built program: it builds it once, starts it in
// an environment of its own, and reads what it says while it runs. Only tests import it;
// what a test does with a running program is its own.
package programtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Built gives the path of the program, which is built once, when the first test asks.
var Built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tarikh-program-*")
	if err != nil {
		return "", err
	}
	builtIn = dir
	path := filepath.Join(dir, "api")
	cmd := exec.CommandContext(context.Background(), "go", "build", "-buildvcs=false", "-o", path, "github.com/tarikh-timeline/tarikh/api")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// builtIn is set with Built, for Remove.
var builtIn string

// Remove deletes what was built. A package's TestMain calls it at its end.
func Remove() {
	if builtIn != "" {
		_ = os.RemoveAll(builtIn)
	}
}

// Command is the program with args, in an environment that has nothing but what is
// given, a home, and where programs are found. It serves on any free port.
func Command(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := Built()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...) //nolint:noctx // each test ends it in its own way
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"HOME=" + cmd.Dir, "TARIKH_LISTEN=127.0.0.1:0"}, env...)
	for _, name := range []string{"PATH", "TMPDIR", "PG_BINDIR"} {
		if value, is := os.LookupEnv(name); is {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as a shell does
	return cmd
}

// Postmaster gives the process of the server that works in a data folder; 0: none.
func Postmaster(data string) int {
	text, err := os.ReadFile(filepath.Join(data, "postgres", "postmaster.pid"))
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil || pid <= 1 {
		return 0
	}
	return pid
}

// FreeAddress gives a host:port of this machine that nobody listens at now.
func FreeAddress(t testing.TB) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// Output is read while somebody still writes it.
type Output struct {
	Most int // bytes of the end that are kept at least; 0: all are

	mu   sync.Mutex
	text []byte
}

// Write takes what is said.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	if o.Most > 0 && len(o.text) > 2*o.Most {
		o.text = append([]byte(nil), o.text[len(o.text)-o.Most:]...)
	}
	return len(p), nil
}

// String gives all that is kept.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}

// Tail gives the last words.
func (o *Output) Tail() string {
	text := o.String()
	return text[max(0, len(text)-3000):]
}
