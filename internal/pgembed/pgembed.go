// Package pgembed is the embedded default: it finds a Postgres on this machine,
// makes it a data folder, and runs it for as long as a process uses it. It must
// know nothing of what is stored: no schema, no SQL, no other package of the project.
//
// Three kinds of process take part. Users hold a shared lock on a file in the data
// folder, from Start to Stop or to their end, however it comes. The guard, which is
// the same program started once more, is the server's parent: it waits for the
// exclusive lock on that file, which it gets when the last user has gone, and then
// stops the server. The guard itself holds a second lock for all its life, so that
// of several processes that start at once exactly one makes a guard.
package pgembed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options tell where the data are and how they are served.
type Options struct {
	// DataDir is the folder that everything is kept in; "" takes the system's place
	// for such data.
	DataDir string
	// Logf, if set, is told what takes long or will be wanted later.
	Logf func(format string, args ...any)
	// Unsafe trades the safety of the data for speed: for tests alone.
	Unsafe bool
	// Settings are further settings of the server, by name. They count for the
	// process that starts it; the others find it as it is.
	Settings map[string]string
}

// ErrVersion says that the data were written by another major version of Postgres
// than those found on this machine.
var ErrVersion = errors.New("another version of Postgres is needed")

// role and database are what a program connects as and to. The socket lies in a
// folder that only the server's account enters, so no password is needed.
const (
	role     = "tarikh"
	database = "tarikh"
)

// Server is one process's use of the running server.
type Server struct {
	house house
	url   string
	users *lockFile
}

// held keeps the locks of this process reachable: a Server that its owner forgot
// would be collected, its file closed, and the database stopped under the program.
var held sync.Map

// URL is the connection string: over a unix socket, as the database's owner.
func (s *Server) URL() string { return s.url }

// DataDir is the folder that the data are kept in.
func (s *Server) DataDir() string { return s.house.dir }

// pollEvery is how often a state that has no notification is looked at.
const pollEvery = 2 * time.Millisecond

// Start gives a running server, starting one where none runs. Until Stop, or the end
// of the process, the server keeps running. If ctx ends first, nothing is left running.
func Start(ctx context.Context, o Options) (*Server, error) {
	if !guardable {
		return nil, errors.New("pgembed: this program's main (or TestMain) does not call pgembed.MaybeRunGuard first")
	}
	if !supported {
		return nil, errors.New("a Postgres of its own is not to be had on this system: set DATABASE_URL to the address of a Postgres (14 or later)")
	}
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	dir, err := dataDir(o.DataDir)
	if err != nil {
		return nil, err
	}
	h := house{dir: dir}
	if err := h.open(); err != nil {
		return nil, err
	}
	s := &Server{house: h}
	if s.users, err = h.usersLock(); err != nil {
		return nil, err
	}
	// Whoever holds this exclusively is a guard that stops its server. It ends
	// soon, and a new one is started then.
	if err := s.users.pollShared(ctx); err != nil {
		s.users.close()
		return nil, err
	}
	held.Store(s, s.users)
	socket, err := h.join(ctx, o)
	if err != nil {
		held.Delete(s)
		s.users.close()
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		_ = h.waitForGuard(wait)
		return nil, err
	}
	s.url = connectionString(socket)
	return s, nil
}

// Stop ends this process's use. When it was the last one, Stop waits until the
// server has stopped, or ctx ends; the server stops in any case.
func (s *Server) Stop(ctx context.Context) error {
	if _, mine := held.LoadAndDelete(s); !mine {
		return nil
	}
	s.users.close()
	return s.house.waitForGuard(ctx)
}

func connectionString(socketDir string) string {
	q := url.Values{"host": {socketDir}, "port": {socketPort}, "sslmode": {"disable"}}
	u := url.URL{Scheme: "postgres", User: url.User(role), Path: "/" + database, RawQuery: q.Encode()}
	return u.String()
}

// join waits for the server that a guard runs, or becomes the one to start a guard.
// It gives the folder of the server's socket.
func (h house) join(ctx context.Context, o Options) (socketDir string, err error) {
	guard, err := h.guardLock()
	if err != nil {
		return "", err
	}
	defer guard.close() // a guard has its own copy, which keeps the lock
	var unreachable time.Time
	for {
		mine, err := guard.tryExclusive()
		if err != nil {
			return "", err
		}
		if mine {
			return h.startGuard(ctx, o, guard)
		}
		p, err := readPIDFile(h.cluster())
		if err == nil && p.ready {
			if answers(ctx, p.socketDir) {
				return p.socketDir, nil
			}
			// A server that says it is ready and cannot be reached for long runs where
			// this process cannot see its socket.
			if unreachable.IsZero() {
				unreachable = time.Now()
			} else if time.Since(unreachable) > 20*time.Second {
				return "", fmt.Errorf("a server in another container uses the data in %s: stop it, or set TARIKH_DATA_DIR to another folder", h.dir)
			}
		} else {
			unreachable = time.Time{}
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return "", err
		}
	}
}

// answers asks a server whether it speaks TLS: the shortest question of the protocol.
// That the socket accepts a connection proves nothing of a server that has just been
// killed.
func answers(ctx context.Context, socketDir string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(socketDir, socketName))
	if err != nil {
		return false
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return false
	}
	if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil {
		return false
	}
	_, err = conn.Read(make([]byte, 1))
	return err == nil
}

// waitForGuard returns when the guard has ended, or when another process uses the
// server, so that the guard will not end.
func (h house) waitForGuard(ctx context.Context) error {
	for others := 0; others < 3; {
		running, err := h.guardRuns()
		if err != nil || !running {
			return err
		}
		// The probe of another process that asks the same looks like a user for a
		// moment: believe it the third time.
		used, err := h.inUse()
		if err != nil {
			return err
		}
		if used {
			others++
		} else {
			others = 0
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return fmt.Errorf("the server in %s has not stopped yet: %w", h.dir, err)
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// isDir says whether path is a folder.
func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
