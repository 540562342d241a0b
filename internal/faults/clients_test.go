package faults_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// dial opens a connection to the service, for clients that misbehave.
func (s *service) dial(t *testing.T) net.Conn {
	t.Helper()
	base, _ := s.base.Load().(string)
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// files counts the program's open files, connections among them.
func (s *service) files(t *testing.T) int {
	t.Helper()
	names, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", s.pid()))
	if err != nil || len(names) == 0 {
		t.Fatalf("the program's files cannot be counted: %v", err)
	}
	return len(names)
}

// fillWith imports so many events.
func (s *service) fillWith(t *testing.T, events int) {
	t.Helper()
	const size = 1_000
	for n := 0; n < events; n += size {
		var lines bytes.Buffer
		for i := range min(size, events-n) {
			lines.Write(append(request(fmt.Sprintf("filler-%d", n+i), bodyOf(sample(n+i, fmt.Sprintf("filler.%d", n+i)))), '\n'))
		}
		r, err := s.send(t.Context(), http.MethodPost, "/v1/imports", lines.Bytes(), "Content-Type: application/x-ndjson", "Authorization: Bearer "+s.key)
		if err != nil || r.status != http.StatusOK {
			t.Fatalf("%v %d %s", err, r.status, r.body)
		}
	}
}

// TestClientsMisbehave: clients that send their headers or bodies a byte at a time, read
// a byte at a time, read nothing, or hang up, hold nothing for long, and keep nobody else
// from being served.
func TestClientsMisbehave(t *testing.T) {
	t.Parallel()
	onItsOwn(t)
	address := ownPostgres(t, nil).URL()
	s := newService(t, "DATABASE_URL="+address)
	s.fillWith(t, 12_000) // an export is larger than what the kernel takes off the program's hands
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	s.client.CloseIdleConnections()
	before := s.files(t)

	const export = "GET /v1/events.ndjson HTTP/1.1\r\nHost: a\r\n\r\n"
	trickle := func(conn net.Conn, stop <-chan struct{}, move func([]byte) (int, error)) {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				if _, err := move([]byte("a")); err != nil {
					return
				}
			}
		}
	}
	kinds := map[string]func(conn net.Conn, stop <-chan struct{}){
		"headers, a byte a second": func(conn net.Conn, stop <-chan struct{}) {
			_, _ = io.WriteString(conn, "GET /v1/events HTTP/1.1\r\nHost: a\r\nX-Slow: ")
			trickle(conn, stop, conn.Write)
		},
		"a body, a byte a second": func(conn net.Conn, stop <-chan struct{}) {
			_, _ = io.WriteString(conn, "POST /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "+s.key+"\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
			trickle(conn, stop, conn.Write)
		},
		"reads a byte a second": func(conn net.Conn, stop <-chan struct{}) {
			_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
			_, _ = io.WriteString(conn, export)
			trickle(conn, stop, conn.Read)
		},
		"follows the changes and reads nothing": func(conn net.Conn, stop <-chan struct{}) {
			_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
			_, _ = io.WriteString(conn, "GET /v1/changes/stream HTTP/1.1\r\nHost: a\r\n\r\n")
			<-stop
		},
		"hangs up in an export": func(conn net.Conn, _ <-chan struct{}) {
			_, _ = io.WriteString(conn, export)
			_, _ = io.ReadFull(conn, make([]byte, 1_000))
			_ = conn.(*net.TCPConn).SetLinger(0)
		},
		"hangs up in a list": func(conn net.Conn, _ <-chan struct{}) {
			_, _ = io.WriteString(conn, "GET /v1/events?q=coup&limit=500&count=exact HTTP/1.1\r\nHost: a\r\n\r\n")
			_ = conn.(*net.TCPConn).SetLinger(0)
		},
	}
	stop := make(chan struct{})
	var clients sync.WaitGroup
	count := times(100)
	for _, behave := range kinds {
		for range count {
			conn := s.dial(t)
			clients.Go(func() {
				defer conn.Close()
				behave(conn, stop)
			})
		}
	}
	// One whose headers do not come is cut by the server, which this one waits for.
	slow := s.dial(t)
	_, _ = io.WriteString(slow, "GET /v1/events HTTP/1.1\r\nHost: a\r\nX-Slow: ")
	cut := make(chan error, 1)
	go func() {
		_, err := io.ReadAll(slow)
		cut <- err
	}()
	began, asked := time.Now(), 0
	for waiting := true; waiting; asked++ {
		if r, err := s.get(t.Context(), "/v1/events?limit=50"); err != nil || r.status != http.StatusOK {
			t.Fatalf("another client is answered with %v %d %s", err, r.status, r.body)
		}
		select {
		case <-cut:
			waiting = false
		case <-time.After(10 * time.Millisecond):
			if time.Since(began) > patience {
				t.Fatal("the server waits for headers without an end")
			}
		}
	}
	if soaking() {
		time.Sleep(70 * time.Second) // the limits for bodies and for reading are longer
	}
	close(stop)
	clients.Wait()
	_ = slow.Close()
	ended := time.Now()
	s.client.CloseIdleConnections()
	after := 0
	for ; time.Since(ended) < patience; time.Sleep(20 * time.Millisecond) {
		// The pool may have grown to its size, of 4 or the number of processors.
		if after = s.files(t); after <= before+16 {
			break
		}
	}
	if after > before+16 {
		t.Errorf("the program had %d files open, and has %d since its clients have gone", before, after)
	}
	await(t, "no query goes on for a client that has gone", conn, `
		SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid())`)
	f := figures{fault: fmt.Sprintf("clients of %d kinds misbehave", len(kinds)), injected: count * len(kinds), requests: asked + count*len(kinds)}
	f.recoveries = []time.Duration{time.Since(ended)}
	record(t, f)
}
