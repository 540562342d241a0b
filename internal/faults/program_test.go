package faults_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/programtest"
)

// command is the program with args, which begins with the data set that ships.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	return programtest.Command(t, append([]string{"TARIKH_SEED=sahel"}, env...), args...)
}

// service is a program that is killed and started again, at an address that changes.
type service struct {
	env    []string
	key    string
	base   atomic.Value // string: http://host:port
	client *http.Client
	cmd    *exec.Cmd
	out    *programtest.Output
	errs   *programtest.Output
	ended  chan struct{}
}

// newService starts a program and makes a key for its writers.
func newService(t *testing.T, env ...string) *service {
	t.Helper()
	s := &service{env: env, client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}}
	t.Cleanup(func() { s.end(t) })
	s.start(t)
	key := command(t, env, "keys", "create", "--name", "faults", "--scope", "write")
	out, err := key.Output()
	if err != nil {
		t.Fatalf("no key: %v: %s", err, out)
	}
	s.key = strings.TrimSpace(string(out))
	return s
}

var greeting = regexp.MustCompile(`(?s)^Tarikh serves at (\S+)\n`)

func (s *service) start(t *testing.T) {
	t.Helper()
	s.launch(t)
	if err := s.hear(); err != nil {
		t.Fatal(err)
	}
}

func (s *service) launch(t *testing.T) {
	t.Helper()
	cmd := command(t, s.env)
	ended := make(chan struct{})
	s.cmd, s.out, s.errs, s.ended = cmd, &programtest.Output{}, &programtest.Output{Most: 1 << 20}, ended
	cmd.Stdout, cmd.Stderr = s.out, s.errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // its state tells
		close(ended)
	}()
}

// hear waits until it says where it serves.
func (s *service) hear() error {
	for began := time.Now(); time.Since(began) < patience; time.Sleep(2 * time.Millisecond) {
		if match := greeting.FindStringSubmatch(s.out.String()); match != nil {
			s.base.Store(match[1])
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("it ended with %v:\n%s", s.cmd.ProcessState, s.errs.Tail())
		default:
		}
	}
	return errors.New("it does not serve: " + s.errs.Tail())
}

func (s *service) pid() int { return s.cmd.Process.Pid }

// kill ends it as the kernel does when memory is short.
func (s *service) kill() {
	_ = s.cmd.Process.Signal(syscall.SIGKILL)
	<-s.ended
	s.client.CloseIdleConnections()
}

// end tells it to end, in order.
func (s *service) end(t *testing.T) {
	t.Helper()
	s.client.CloseIdleConnections()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(patience):
		_ = s.cmd.Process.Signal(syscall.SIGKILL)
		<-s.ended
		t.Error("the program did not end when it was told to")
	}
}

// running fails the test where the program has ended by itself.
func (s *service) running(t *testing.T) {
	t.Helper()
	select {
	case <-s.ended:
		t.Fatalf("the program ended by itself with %v:\n%s", s.cmd.ProcessState, s.errs.Tail())
	default:
	}
}

// reply is an answer that was read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// send makes a request. Its error says that the answer did not come whole. A header is
// given as "Name: value".
func (s *service) send(ctx context.Context, method, path string, body []byte, headers ...string) (reply, error) {
	base, _ := s.base.Load().(string)
	request, err := http.NewRequestWithContext(ctx, method, base+path, bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	request.GetBody = nil // a transport that sends it again by itself would hide what is looked for
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, text}, err
}

func (s *service) get(ctx context.Context, path string) (reply, error) {
	return s.send(ctx, http.MethodGet, path, nil)
}

// must is get for what must be answered with 200.
func (s *service) must(t *testing.T, path string) []byte {
	t.Helper()
	r, err := s.get(t.Context(), path)
	if err != nil || r.status != http.StatusOK {
		t.Fatalf("%s: %v, %d %s", path, err, r.status, r.body)
	}
	return r.body
}

// serving waits until reads are answered again, and gives how long that took.
func (s *service) serving(t *testing.T, since time.Time) time.Duration {
	t.Helper()
	for time.Since(since) < patience {
		s.running(t)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		r, err := s.get(ctx, "/v1/events?limit=1")
		cancel()
		if err == nil && r.status == http.StatusOK {
			return time.Since(since)
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("it does not serve again; it said\n%s", s.errs.Tail())
	return 0
}

// children gives the processes that a process has started.
func children(pid int) []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	var found []int
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// 17 (name with spaces) S 1 …
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) && child > 1 {
			found = append(found, child)
		}
	}
	slices.Sort(found)
	return found
}
