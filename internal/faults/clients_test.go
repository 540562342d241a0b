package faults_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
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

// Kinds of clients that the server must cut.
const (
	slowHeaders = "headers, a byte a second"
	slowBody    = "a body, a byte a second"
	slowReader  = "reads a byte a second"
	noReader    = "follows the changes and reads nothing"
)

// ending is how a client ended.
type ending string

const (
	cut        ending = "cut by the server"
	kept       ending = "kept until it was to stop"
	turnedAway ending = "turned away"
	itsOwn     ending = "hung up"
)

// oneByte sends one more byte.
func oneByte(conn net.Conn) (move func() error) {
	return func() error { _, err := conn.Write([]byte("a")); return err }
}

// trickle makes a move a second. Whoever is ended long before the limit was not cut
// because of it.
func trickle(stop <-chan struct{}, limit time.Duration, move func() error) ending {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for began := time.Now(); ; {
		select {
		case <-stop:
			return kept
		case <-tick.C:
		}
		if err := move(); err != nil && time.Since(began) < limit*4/5 {
			return turnedAway
		} else if err != nil {
			return cut
		}
	}
}

// endingOf tells how a client ended that reads too slowly to see that it was cut: the
// kernel still has of the answer what it took. got is what was read of it.
func (s *service) endingOf(t *testing.T, conn net.Conn, got io.Reader) ending {
	held := s.holds(t, conn)
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	status := make([]byte, len("HTTP/1.1 200"))
	_, err := io.ReadFull(io.MultiReader(got, conn), status)
	switch {
	case err != nil || string(status) != "HTTP/1.1 200":
		return turnedAway
	case held:
		return kept
	}
	return cut
}

// holds tells whether the program has its end of a connection open. One that it has closed
// is nobody's, as long as the kernel still sends.
func (s *service) holds(t *testing.T, conn net.Conn) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", s.pid()))
	if err != nil {
		t.Error(err)
	}
	from := fmt.Sprintf(":%04X", conn.LocalAddr().(*net.TCPAddr).Port)
	for line := range strings.Lines(string(text)) {
		// sl local_address rem_address st queues tr tm->when retrnsmt uid timeout inode
		fields := strings.Fields(line)
		if len(fields) > 9 && strings.HasSuffix(fields[2], from) && fields[9] != "0" {
			return true
		}
	}
	return false
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
	kinds := map[string]func(conn net.Conn, stop <-chan struct{}) ending{
		slowHeaders: func(conn net.Conn, stop <-chan struct{}) ending {
			_, _ = io.WriteString(conn, "GET /v1/events HTTP/1.1\r\nHost: a\r\nX-Slow: ")
			return trickle(stop, 10*time.Second, oneByte(conn))
		},
		slowBody: func(conn net.Conn, stop <-chan struct{}) ending {
			_, _ = io.WriteString(conn, "POST /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "+s.key+"\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
			return trickle(stop, time.Minute, oneByte(conn))
		},
		slowReader: func(conn net.Conn, stop <-chan struct{}) ending {
			_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
			_, _ = io.WriteString(conn, export)
			var got bytes.Buffer
			trickle(stop, time.Minute, func() error { _, err := io.CopyN(&got, conn, 1); return err })
			return s.endingOf(t, conn, &got)
		},
		noReader: func(conn net.Conn, stop <-chan struct{}) ending {
			_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
			_, _ = io.WriteString(conn, "GET /v1/changes/stream HTTP/1.1\r\nHost: a\r\n\r\n")
			<-stop
			return s.endingOf(t, conn, strings.NewReader(""))
		},
		"hangs up in an export": func(conn net.Conn, _ <-chan struct{}) ending {
			_, _ = io.WriteString(conn, export)
			_, _ = io.ReadFull(conn, make([]byte, 1_000))
			_ = conn.(*net.TCPConn).SetLinger(0)
			return itsOwn
		},
		"hangs up in a list": func(conn net.Conn, _ <-chan struct{}) ending {
			_, _ = io.WriteString(conn, "GET /v1/events?q=coup&limit=500&count=exact HTTP/1.1\r\nHost: a\r\n\r\n")
			_ = conn.(*net.TCPConn).SetLinger(0)
			return itsOwn
		},
	}
	stop := make(chan struct{})
	var clients sync.WaitGroup
	var mu sync.Mutex
	ended := map[string]map[ending]int{}
	count := times(100)
	for kind, behave := range kinds {
		ended[kind] = map[ending]int{}
		for range count {
			conn := s.dial(t)
			clients.Go(func() {
				defer conn.Close()
				end := behave(conn, stop)
				mu.Lock()
				defer mu.Unlock()
				ended[kind][end]++
			})
		}
	}
	// One whose headers do not come is cut by the server, which this one waits for.
	slow := s.dial(t)
	_, _ = io.WriteString(slow, "GET /v1/events HTTP/1.1\r\nHost: a\r\nX-Slow: ")
	hungUp := make(chan error, 1)
	go func() {
		_, err := io.ReadAll(slow)
		hungUp <- err
	}()
	began, asked := time.Now(), 0
	for waiting := true; waiting; asked++ {
		if r, err := s.get(t.Context(), "/v1/events?limit=50"); err != nil || r.status != http.StatusOK {
			t.Fatalf("another client is answered with %v %d %s", err, r.status, r.body)
		}
		select {
		case <-hungUp:
			waiting = false
		case <-time.After(10 * time.Millisecond):
			if time.Since(began) > patience {
				t.Fatal("the server waits for headers without an end")
			}
		}
	}
	if soaking() {
		time.Sleep(70 * time.Second) // the limits for bodies and for reading are of 60 s
	}
	close(stop)
	clients.Wait()
	_ = slow.Close()
	left := time.Now()
	s.client.CloseIdleConnections()
	after := 0
	for ; time.Since(left) < patience; time.Sleep(20 * time.Millisecond) {
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
	t.Logf("how the clients ended: %v", ended)
	if soaking() {
		// Of exports and streams a bounded number is served at once, and the others are refused.
		for kind, all := range map[string]bool{slowHeaders: true, slowBody: true, slowReader: false, noReader: false} {
			if got := ended[kind]; got[cut] == 0 || got[kept] > 0 || all && got[cut] < count {
				t.Errorf("of %d clients of the kind %q the server was to cut every one that it served; they ended so: %v", count, kind, got)
			}
		}
	}
	f := figures{fault: fmt.Sprintf("clients of %d kinds misbehave", len(kinds)), injected: count * len(kinds), requests: asked + count*len(kinds)}
	f.recoveries = []time.Duration{time.Since(left)}
	record(t, f)
}
