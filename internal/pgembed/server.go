package pgembed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// logLimit bounds server.log: a statement that fails is a line in it.
const logLimit = 8 << 20

// postmaster is the running server, a child of the guard.
type postmaster struct {
	house
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // why it ended, once ended is closed
}

// settings are the server's, by name. They are given on the command line, over those
// of the cluster's own files.
func (g *guard) settings() []string {
	s := map[string]string{
		"listen_addresses":                "",
		"unix_socket_directories":         g.socket,
		"port":                            socketPort,
		"shared_buffers":                  "128MB",
		"max_connections":                 "200",
		"max_parallel_workers_per_gather": "0", // measured: it slows the ordered scans
		"jit":                             "off",
		"timezone":                        "UTC",
		"log_timezone":                    "UTC",
		"logging_collector":               "off", // the guard keeps the file
		"log_destination":                 "stderr",
		"log_checkpoints":                 "off",
		"fsync":                           "on",
		"full_page_writes":                "on",
		"synchronous_commit":              "on",
	}
	if g.Unsafe {
		s["fsync"], s["full_page_writes"], s["synchronous_commit"] = "off", "off", "off"
	}
	maps.Copy(s, g.Settings)
	var args []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		args = append(args, "-c", name+"="+s[name])
	}
	return args
}

// openLog opens server.log to append. What is above the limit is kept as one older file.
func (h house) openLog() (*os.File, error) {
	if info, err := os.Stat(h.log()); err == nil && info.Size() > logLimit {
		_ = os.Rename(h.log(), h.log()+".old")
	}
	f, err := os.OpenFile(h.log(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the server's log cannot be written: %w", err)
	}
	return f, nil
}

// startServer starts the server and returns when it takes connections. What a killed
// server left may keep it from starting for a moment, so it tries for a while.
func (g *guard) startServer(ctx context.Context) (*postmaster, error) {
	log, err := g.openLog()
	if err != nil {
		return nil, err
	}
	defer log.Close()
	for giveUp := time.Now().Add(15 * time.Second); ; {
		before, _ := log.Seek(0, io.SeekEnd)
		p, err := g.tryServer(ctx, log)
		if err == nil || ctx.Err() != nil {
			return p, err
		}
		said := readFrom(g.log(), before)
		if time.Now().After(giveUp) || !leftBehind(said) {
			return nil, fmt.Errorf("the server in %s did not start (%w): %s; more is in %s", g.dir, err, lastLines(said, 3), g.log())
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// tryServer starts the server once. Readiness is the eighth line of postmaster.pid;
// recovery after a crash may take its time, so nothing but ctx limits the wait.
func (g *guard) tryServer(ctx context.Context, log *os.File) (*postmaster, error) {
	// Its end is the guard's to choose, not the context's, which would kill it.
	cmd, done, err := g.command(context.WithoutCancel(ctx), g.cluster(), "postgres", g.settings()...)
	if err != nil {
		return nil, err
	}
	defer done()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &postmaster{house: g.house, cmd: cmd, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	for {
		f, err := readPIDFile(g.cluster())
		if err == nil && f.ready && f.pid == cmd.Process.Pid {
			return p, nil
		}
		select {
		case <-p.ended:
			if p.err == nil {
				p.err = errors.New("it was stopped")
			}
			return nil, p.err
		case <-ctx.Done():
			_ = p.stop()
			return nil, ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// watch waits for the last user to go (true) or the server to end (false), and keeps
// the log within its bound.
func (p *postmaster) watch(ctx context.Context) bool {
	look := time.NewTicker(time.Minute)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return true
		case <-p.ended:
			return ctx.Err() != nil
		case <-look.C:
			if info, err := os.Stat(p.log()); err == nil && info.Size() > logLimit {
				_ = os.Truncate(p.log(), 0) // the server appends, so it goes on at the start
			}
		}
	}
}

// stop ends the server: clients are cut off, and all is written to the data files.
// A server that does not manage that is ended at once, which loses nothing either.
func (p *postmaster) stop() error {
	for _, way := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{signalFastStop, 2 * time.Minute}, {signalAtOnceStop, 20 * time.Second}, {signalKill, 20 * time.Second}} {
		_ = p.cmd.Process.Signal(way.signal)
		select {
		case <-p.ended:
			return nil
		case <-time.After(way.wait):
		}
	}
	return errors.New("the server does not end")
}

// stopped says whether the ended server was stopped in order.
func (p *postmaster) stopped() bool { return p.err == nil }

// endOldServer ends what is left of a server whose guard was killed, or of a server
// that was killed itself.
func (g *guard) endOldServer(ctx context.Context) error {
	f, err := readPIDFile(g.cluster())
	if err != nil {
		return nil //nolint:nilerr // no file, no server; a broken one is Postgres' to judge
	}
	pid := max(f.pid, -f.pid) // negative: a single-user Postgres
	known, _ := os.ReadFile(g.house.socket())
	if servesFolder(pid, g.cluster()) {
		if f.pid > 0 && f.socketDir != string(known) {
			return fmt.Errorf("a server that somebody else started (process %d) works on %s: type kill -INT %d to stop it", pid, g.cluster(), pid)
		}
		signalProcess(pid, signalFastStop)
	} else if alive(pid) {
		if err := f.disown(g.cluster()); err != nil {
			return err
		}
	}
	// The children of a killed server notice within moments; one that is in the
	// middle of a long statement is told. None may outlive the next server's start.
	for began := time.Now(); ; {
		left := serversOf(g.cluster())
		if servesFolder(pid, g.cluster()) {
			left = append(left, pid)
		}
		if len(left) == 0 {
			return nil
		}
		for _, child := range left {
			switch waited := time.Since(began); {
			case waited > 60*time.Second:
				signalProcess(child, signalKill)
			case waited > 30*time.Second, child != pid && waited > 100*time.Millisecond:
				signalProcess(child, signalAtOnceStop)
			}
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

// leftBehind says whether a start failed because processes of a server before still
// hold the data.
func leftBehind(said string) bool {
	for _, sign := range []string{"still in use", "lock file \"postmaster.pid\" already exists"} {
		if strings.Contains(said, sign) {
			return true
		}
	}
	return false
}

// readFrom gives a file's text from an offset on.
func readFrom(path string, offset int64) string {
	text, err := os.ReadFile(path)
	if err != nil || offset > int64(len(text)) {
		return ""
	}
	return string(text[offset:])
}
