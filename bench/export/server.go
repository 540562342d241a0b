package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// build compiles the program: `go run` would hide its process behind another.
func build(ctx context.Context, work string) (string, error) {
	program := filepath.Join(work, "api")
	command := exec.CommandContext(ctx, "go", "build", "-o", program, "./api")
	command.Stderr = os.Stderr
	return program, command.Run()
}

// server is the program, serving at an address.
type server struct {
	process *exec.Cmd
	address string
}

var greeting = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// start runs the program and waits until it serves.
func start(ctx context.Context, program, url string) (*server, error) {
	command := exec.CommandContext(ctx, program)
	command.Env = append(os.Environ(), "DATABASE_URL="+url, "TARIKH_LISTEN=127.0.0.1:0", "TARIKH_SEED=none")
	command.Stderr = io.Discard
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	s := &server{process: command}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if s.address = greeting.FindString(lines.Text()); s.address != "" {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return s, nil
		}
	}
	s.stop()
	return nil, errors.New("the program did not start")
}

func (s *server) stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
}

// download reads an export to its end and gives its size.
func (s *server) download(ctx context.Context, format, query string) (int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address+"/v1/events."+format+query, nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Accept-Encoding", "identity")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s answers %s", request.URL, response.Status)
	}
	return io.CopyBuffer(struct{ io.Writer }{io.Discard}, response.Body, make([]byte, 64<<10))
}

// forgetPeak makes the kernel count the peak anew from here.
func (s *server) forgetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.process.Process.Pid), []byte("5"), 0)
}

var peakLine = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak gives the most memory that the process had resident since forgetPeak, in MB.
func (s *server) peak() (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	m := peakLine.FindSubmatch(status)
	if m == nil {
		return 0, errors.New("/proc tells no peak")
	}
	kilobytes, err := strconv.ParseFloat(string(m[1]), 64)
	return kilobytes * 1024 / 1e6, err
}

// readWithPgx reads all documents in page order over one connection, the least that
// any export can do, and gives their size with a line break each.
func readWithPgx(ctx context.Context, url string) (int64, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `SELECT doc FROM event ORDER BY sort_day, id`)
	if err != nil {
		return 0, err
	}
	size := int64(0)
	var doc []byte
	_, err = pgx.ForEachRow(rows, []any{&doc}, func() error {
		size += int64(len(doc)) + 1
		return nil
	})
	return size, err
}
