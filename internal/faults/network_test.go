package faults_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// network stands between the program and Postgres, and can be broken.
//
// It is written here: toxiproxy cannot lead to a Unix socket, and would bring a dozen
// modules into the program's go.mod.
type network struct {
	listener net.Listener
	socket   string
	delay    atomic.Int64 // of each piece, in nanoseconds
	refusing atomic.Bool
	// dropsCommits cuts a connection behind a COMMIT: Postgres does it, and nobody hears.
	dropsCommits atomic.Int64

	silent sync.RWMutex // locked while nothing passes, and nobody is told
	mu     sync.Mutex
	conns  map[net.Conn]bool
}

func newNetwork(t *testing.T, address string) *network {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	n := &network{socket: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432"), conns: map[net.Conn]bool{}}
	if n.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = n.listener.Close()
		n.cut()
	})
	go n.accept()
	return n
}

// url is the address of the database behind it.
func (n *network) url() string {
	return "postgres://tarikh@" + n.listener.Addr().String() + "/tarikh?sslmode=disable"
}

func (n *network) accept() {
	for {
		client, err := n.listener.Accept()
		if err != nil {
			return
		}
		if n.refusing.Load() {
			_ = client.Close()
			continue
		}
		go n.connect(client)
	}
}

func (n *network) connect(client net.Conn) {
	server, err := net.Dial("unix", n.socket)
	if err != nil {
		_ = client.Close()
		return
	}
	n.mu.Lock()
	n.conns[client], n.conns[server] = true, true
	n.mu.Unlock()
	end := func() {
		_ = client.Close()
		_ = server.Close()
		n.mu.Lock()
		delete(n.conns, client)
		delete(n.conns, server)
		n.mu.Unlock()
	}
	go func() {
		defer end()
		_ = n.copy(client, server, false)
	}()
	defer end()
	_ = n.copy(server, client, true)
}

var errCut = errors.New("cut")

// copy passes on what comes, as the network's state lets it.
func (n *network) copy(to io.Writer, from io.Reader, toServer bool) error {
	piece := make([]byte, 32<<10)
	for {
		size, err := from.Read(piece)
		if size > 0 {
			n.pass()
			time.Sleep(time.Duration(n.delay.Load()))
			if _, err := to.Write(piece[:size]); err != nil {
				return err
			}
			if toServer && bytes.Contains(piece[:size], []byte("commit\x00")) && n.takeDrop() {
				return errCut
			}
		}
		if err != nil {
			return err
		}
	}
}

// pass waits while the network is silent.
func (n *network) pass() {
	n.silent.RLock()
	defer n.silent.RUnlock()
}

func (n *network) takeDrop() bool {
	for {
		left := n.dropsCommits.Load()
		if left <= 0 {
			return false
		}
		if n.dropsCommits.CompareAndSwap(left, left-1) {
			return true
		}
	}
}

// cut ends every connection, with a reset.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for conn := range n.conns {
		if tcp, is := conn.(*net.TCPConn); is {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
}

// TestTheNetworkFails cuts, delays and silences the connections between the program and
// its database, and loses the answer to COMMIT, under load.
func TestTheNetworkFails(t *testing.T) {
	t.Parallel()
	onItsOwn(t)
	for name, fault := range map[string]func(n *network){
		"connections are cut":       func(n *network) { n.cut() },
		"connections are refused":   func(n *network) { n.refusing.Store(true); n.cut(); some(time.Second); n.refusing.Store(false) },
		"connections are delayed":   func(n *network) { n.delay.Store(int64(30 * time.Millisecond)); some(time.Second); n.delay.Store(0) },
		"connections are half-open": func(n *network) { n.silent.Lock(); some(3 * time.Second); n.silent.Unlock() },
		"the answer to COMMIT is lost": func(n *network) {
			n.dropsCommits.Store(3)
			for began := time.Now(); n.dropsCommits.Load() > 0 && time.Since(began) < patience; {
				time.Sleep(time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, ownPostgres(t, nil).URL())
			s := newService(t, "DATABASE_URL="+n.url())
			l := startLoad(t.Context(), s, 4, 1, 200)
			f := s.follow(t.Context())
			l.injecting(name)
			for range times(20) {
				some(400 * time.Millisecond)
				fault(n)
				l.back(t, time.Now())
			}
			some(300 * time.Millisecond)
			l.halt()
			l.check(t)
			f.check(t)
			record(t, l.figures)
		})
	}
}
