package pgtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Wire is another address of a database, whose network a test breaks.
//
// It is written here: toxiproxy cannot lead to a Unix socket, and would bring a dozen
// modules into the program's go.mod.
type Wire struct {
	url   string
	place string // host:port, which stays

	delay       atomic.Int64 // of each piece, in nanoseconds
	lostCommits atomic.Int64
	vanishAt    atomic.Pointer[string]

	silent   sync.RWMutex // locked while nothing goes through
	mu       sync.Mutex
	server   string       // the server's socket
	listener net.Listener // nil while it is cut
	links    map[*link]bool
	vanished bool // new links are dead, too
}

// link is one connection through a wire.
type link struct {
	client, server net.Conn
	dead           atomic.Bool   // what is sent is swallowed, either way, and nobody hears of an end
	lost           atomic.Bool   // a COMMIT went through, and its answer does not
	over           chan struct{} // closed when the wire ends it
}

// NewWire gives a way to the database at an address of this package.
func NewWire(t testing.TB, address string) *Wire {
	t.Helper()
	w := &Wire{place: "127.0.0.1:0", links: map[*link]bool{}}
	w.Lead(t, address)
	w.Mend(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.RawQuery = w.place, "sslmode=disable"
	w.url = u.String()
	t.Cleanup(w.Cut)
	return w
}

// Lead sends new connections to the database at another address of this package, such
// as that of a server which was started again.
func (w *Wire) Lead(t testing.TB, address string) {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.server = filepath.Join(config.Host, ".s.PGSQL.5432")
}

// URL is its address.
func (w *Wire) URL() string { return w.url }

// Place is its host and port.
func (w *Wire) Place() string { return w.place }

// Silence lets nothing through: connections are taken, and nothing is heard of them.
func (w *Wire) Silence() { w.silent.Lock() }

// Speak ends the silence; what was sent in it arrives.
func (w *Wire) Speak() { w.silent.Unlock() }

// Vanish swallows all that is sent from now on, as where a machine or a router on the way
// has gone without a word: connections that are there, and those that are taken until
// Return, stay open for ever, and neither end hears anything of the other again.
func (w *Wire) Vanish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.vanished = true
	for l := range w.links {
		l.dead.Store(true)
	}
}

// VanishBehind lets the next connection through which a text is sent to the server vanish
// behind that piece of what is sent; others stay good.
func (w *Wire) VanishBehind(text string) { w.vanishAt.Store(&text) }

// Return makes new connections good; those that Vanish took stay dead.
func (w *Wire) Return() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.vanished = false
}

// Dead is the number of connections that Vanish took and nothing has ended.
func (w *Wire) Dead() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for l := range w.links {
		if l.dead.Load() {
			n++
		}
	}
	return n
}

// Delay holds up each piece of what goes through.
func (w *Wire) Delay(by time.Duration) { w.delay.Store(int64(by)) }

// LoseCommits cuts so many connections behind a COMMIT: Postgres does it, and nobody
// hears. Lost tells how many are still to come.
func (w *Wire) LoseCommits(n int64) { w.lostCommits.Store(n) }

// Lost is the number of commits whose answers are still to be lost.
func (w *Wire) Lost() int64 { return w.lostCommits.Load() }

// Reset ends every connection, and new ones are taken.
func (w *Wire) Reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for l := range w.links {
		if tcp, is := l.client.(*net.TCPConn); is {
			_ = tcp.SetLinger(0)
		}
	}
	w.endAll()
}

// Cut ends every connection; nobody listens any more.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.listener != nil {
		_ = w.listener.Close()
		w.listener = nil
	}
	w.endAll()
}

// endAll ends every connection; mu is held.
func (w *Wire) endAll() {
	for l := range w.links {
		_ = l.client.Close()
		_ = l.server.Close()
		close(l.over)
	}
	clear(w.links)
}

// Mend listens again.
func (w *Wire) Mend(t testing.TB) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", w.place)
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.place, w.listener = listener.Addr().String(), listener
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go w.forward(listener, conn)
		}
	}()
}

// forward hands a connection's bytes on, in both directions.
func (w *Wire) forward(of net.Listener, client net.Conn) {
	defer client.Close()
	w.mu.Lock()
	socket := w.server
	w.mu.Unlock()
	server, err := (&net.Dialer{}).DialContext(context.Background(), "unix", socket)
	if err != nil {
		return
	}
	defer server.Close()
	l := &link{client: client, server: server, over: make(chan struct{})}
	if !w.keep(of, l) {
		return
	}
	defer w.forget(l)
	go func() {
		_, _ = io.Copy(client, wireEnd{server, w, l, false})
		l.swallow(server)
		_ = client.Close()
	}()
	_, _ = io.Copy(server, wireEnd{client, w, l, true})
	l.swallow(client)
}

// swallow takes what still comes from an end of a dead connection, until the wire ends it.
func (l *link) swallow(from io.Reader) {
	if l.dead.Load() {
		_, _ = io.Copy(io.Discard, from)
		<-l.over
	}
}

// keep notes a connection, unless the wire was cut meanwhile.
func (w *Wire) keep(of net.Listener, l *link) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.listener != of {
		return false
	}
	l.dead.Store(w.vanished)
	w.links[l] = true
	return true
}

func (w *Wire) forget(l *link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.links[l] {
		close(l.over)
		delete(w.links, l)
	}
}

// wireEnd hands on what it reads as the wire's state lets it.
type wireEnd struct {
	io.Reader
	of       *Wire
	link     *link
	toServer bool
}

func (e wireEnd) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	e.of.silent.RLock()
	defer e.of.silent.RUnlock()
	time.Sleep(time.Duration(e.of.delay.Load()))
	if e.link.dead.Load() {
		return 0, errDead
	}
	if e.toServer && bytes.Contains(p[:n], []byte("commit\x00")) && e.of.loseCommit() {
		e.link.lost.Store(true) // before Postgres can answer
		return n, errLost       // io.Copy hands on what was read
	}
	if !e.toServer && e.link.lost.Load() {
		return 0, errLost
	}
	if text := e.of.vanishAt.Load(); e.toServer && text != nil && bytes.Contains(p[:n], []byte(*text)) && e.of.vanishAt.CompareAndSwap(text, nil) {
		e.link.dead.Store(true)
		return n, errDead
	}
	return n, err
}

var (
	errLost = errors.New("cut behind a COMMIT")
	errDead = errors.New("swallowed")
)

func (w *Wire) loseCommit() bool {
	for {
		left := w.lostCommits.Load()
		if left <= 0 {
			return false
		}
		if w.lostCommits.CompareAndSwap(left, left-1) {
			return true
		}
	}
}

// ReplaceHosts gives an address whose hosts are those of wires, in their order, for
// tests of addresses with several hosts.
func ReplaceHosts(t testing.TB, address string, wires ...*Wire) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	places := make([]string, len(wires))
	for i, w := range wires {
		places[i] = w.place
	}
	u.Host = strings.Join(places, ",")
	return u.String()
}
