package pgembed

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"time"
)

// guardEnv marks the process that is to be the guard, and holds its order.
const guardEnv = "TARIKH_PGEMBED_GUARD"

// guardable says that MaybeRunGuard was called. Without it, a guard would be the
// whole program once more, which would start a guard, and so on without end.
var guardable bool

// order is what a guard is told.
type order struct {
	DataDir  string
	BinDir   string
	Major    int
	UID, GID int
	Other    bool // UID is not the guard's own account
	Settings map[string]string
	Unsafe   bool
}

// The files that a guard is given beside the standard streams.
const (
	guardLockFile = 3 // guard.lock, locked already
	reportFile    = 4 // where the guard says what became of the start
)

// reportReady begins the line that says where the server's socket is; any other
// line is why there is no server.
const reportReady = "ready "

// startGuard finds Postgres and has a guard run it. The lock passes to the guard:
// it stays locked while either of the two processes has it open.
func (h house) startGuard(ctx context.Context, o Options, lock *lockFile) (socketDir string, err error) {
	a, err := serverAccount(h.cluster())
	if err != nil {
		return "", err
	}
	found, err := h.findBinaries(ctx, a, o.Logf)
	if err != nil {
		return "", err
	}
	if !isDir(h.cluster()) {
		o.Logf("making a database in %s, with Postgres %d of %s", h.dir, found.major, found.dir)
	}
	text, err := json.Marshal(order{
		DataDir: h.dir, BinDir: found.dir, Major: found.major,
		UID: a.uid, GID: a.gid, Other: a.other,
		Settings: o.Settings, Unsafe: o.Unsafe,
	})
	if err != nil {
		return "", err
	}
	self, err := selfPath()
	if err != nil {
		return "", fmt.Errorf("the program's own file is not found: %w", err)
	}
	log, err := h.openLog()
	if err != nil {
		return "", err
	}
	defer log.Close()
	report, write, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer report.Close()
	// The guard outlives this call, and this process.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), self)
	cmd.Args = []string{"tarikh-guard", h.dir}
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), guardEnv+"="+string(text))
	cmd.Stderr = log // the last words of a guard that fails; a file, not a pipe to us
	cmd.ExtraFiles = []*os.File{lock.file, write}
	cmd.SysProcAttr = attributes(account{}, 0)
	err = cmd.Start()
	_ = write.Close()
	if err != nil {
		return "", fmt.Errorf("the guard of the server cannot be started: %w", err)
	}
	go func() { _ = cmd.Wait() }() // collects it when it ends before this process
	return readReport(ctx, report, h)
}

func readReport(ctx context.Context, report *os.File, h house) (socketDir string, err error) {
	stop := context.AfterFunc(ctx, func() { _ = report.SetReadDeadline(time.Now()) })
	defer stop()
	text, err := io.ReadAll(bufio.NewReader(report))
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", err
	}
	line := strings.TrimSpace(string(text))
	if dir, ok := strings.CutPrefix(line, reportReady); ok {
		return dir, nil
	}
	if line == "" {
		return "", fmt.Errorf("the guard of the server ended without a word: see %s", h.log())
	}
	return "", errors.New(line)
}

// MaybeRunGuard must be the first line of main, and of a TestMain: where this process
// was started to be a guard, it is one, and exits.
func MaybeRunGuard() {
	guardable = true
	text, is := os.LookupEnv(guardEnv)
	if !is {
		return
	}
	// The server is sent a signal when the thread that started it ends: this one
	// lives as long as the process.
	runtime.LockOSThread()
	_ = os.Unsetenv(guardEnv)
	nameProcess("tarikh-guard")
	// None of these ends it. At the end of the system's day programs are sent SIGTERM
	// and end, and their guard ends after them. (To ignore them would make the server
	// ignore them too.)
	signal.Notify(make(chan os.Signal, 1), signalFastStop, signalHangUp, signalPipe, signalTerminate)
	lock := inherited(guardLockFile, "guard.lock")
	report := inherited(reportFile, "report")
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		fmt.Fprintln(report, "the guard cannot read its order:", err)
		os.Exit(1)
	}
	g := guard{
		order: o, house: house{dir: o.DataDir}, report: report,
		account: account{uid: o.UID, gid: o.GID, name: nameOf(o.UID), other: o.Other},
	}
	err := g.run()
	if err != nil {
		g.say(strings.ReplaceAll(err.Error(), "\n", " "))
		fmt.Fprintln(os.Stderr, "guard:", err)
	}
	runtime.KeepAlive(lock)
	if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// guard is the process that runs the server and ends it.
type guard struct {
	order
	house
	account
	report *os.File // nil when all is said
	socket string
}

// say tells the process that started this one, once. That it has ended in the
// meantime is no fault.
func (g *guard) say(line string) {
	if g.report == nil {
		return
	}
	fmt.Fprintln(g.report, line)
	_ = g.report.Close()
	g.report = nil
}

// run keeps the server running until the last user has gone.
func (g *guard) run() error {
	users, err := g.usersLock()
	if err != nil {
		return err
	}
	ctx, lastGone := context.WithCancel(context.Background())
	go func() {
		if err := users.waitExclusive(); err != nil {
			fmt.Fprintln(os.Stderr, "guard:", err)
		}
		lastGone()
	}()
	// From here on the last user can go at any time; then ctx ends, and each step
	// undoes what it has begun.
	if err = g.serve(ctx); ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil // nobody is left to wait for the start that was broken off
	}
	if g.socket != "" {
		_ = os.RemoveAll(g.socket)
		_ = os.Remove(g.house.socket())
	}
	runtime.KeepAlive(users) // locked until the process ends: whoever comes now waits
	return err
}

// serve starts the server, and again when it was killed, until ctx ends. A server
// that somebody stopped stays stopped.
func (g *guard) serve(ctx context.Context) error {
	if err := g.endOldServer(ctx); err != nil {
		return err
	}
	if err := g.makeCluster(ctx); err != nil {
		return err
	}
	var err error
	if g.socket, err = g.socketDir(g.account); err != nil {
		return err
	}
	for early := 0; ; early++ {
		began := time.Now()
		p, err := g.startServer(ctx)
		switch {
		case err != nil && (early == 0 || ctx.Err() != nil):
			return err
		case err != nil: // as while the disk is full; nobody but the guard would start it later
			fmt.Fprintln(os.Stderr, "guard: the server cannot be started again yet:", err)
		default:
			g.say(reportReady + g.socket)
			if p.watch(ctx) {
				return p.stop()
			}
			if p.stopped() {
				return errors.New("the server was stopped by somebody else")
			}
			fmt.Fprintln(os.Stderr, "guard: the server was killed and is started again:", p.err)
			if time.Since(began) > time.Minute {
				early = 0
			}
		}
		if early >= 3 || err != nil { // it seems to die of something that starting again does not mend
			if err := sleep(ctx, 5*time.Second); err != nil {
				return err
			}
		}
		if err := g.endOldServer(ctx); err != nil {
			return err
		}
	}
}
