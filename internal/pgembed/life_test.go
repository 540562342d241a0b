package pgembed_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgembed"
)

func TestHoweverTheProgramEndsNoServerIsLeftAndNoRowLost(t *testing.T) {
	t.Parallel()
	forEachAccount(t, func(t *testing.T, who someone) {
		do := task{DataDir: filepath.Join(who.home, "data")}
		if who.other {
			do.DataDir = "" // the default: below the user's home
		}
		rows := 0
		for i, end := range []syscall.Signal{0, syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL, 0} {
			p := who.start(t, do)
			t.Logf("start %d took %s", i+1, p.Took.Round(time.Millisecond))
			if want := filepath.Join(who.home, ".local", "share", "tarikh"); who.other && p.DataDir != want {
				t.Errorf("the data lie in %s, not in %s", p.DataDir, want)
			}
			if i == 0 {
				sql(t, p.URL, makeTable)
			}
			if n := count(t, p.URL); n != rows {
				t.Errorf("%d rows of %d are left before signal %v", n, rows, end)
			}
			sql(t, p.URL, oneRow, oneRow)
			rows += 2
			p.end(t, end)
			if running, err := pgembed.GuardRuns(p.DataDir); end != syscall.SIGKILL && (running || err != nil) {
				t.Errorf("after %v the program did not wait for the server: %v", end, err)
			}
			nothingLeft(t, p.DataDir, p)
		}
	})
}

func TestTheGuardOutlivesItsProgramsFile(t *testing.T) {
	t.Parallel()
	who := accounts(t)[0]
	do := task{DataDir: filepath.Join(who.home, "data")}
	p := who.start(t, do)
	if err := os.Remove(who.binary); err != nil { // as `go run` does
		t.Fatal(err)
	}
	sql(t, p.URL, makeTable)
	p.end(t, syscall.SIGKILL)
	nothingLeft(t, p.DataDir, p)
}

func TestManyProcessesShareOneServer(t *testing.T) {
	t.Parallel()
	forEachAccount(t, func(t *testing.T, who someone) {
		do := task{DataDir: filepath.Join(who.home, "data")}
		programs := make([]*running, 5)
		for i := range programs {
			programs[i] = who.launch(t, do)
		}
		for _, p := range programs {
			p.hear(t)
			if p.Error != "" || p.URL != programs[0].URL {
				t.Fatalf("%+v beside %+v", p.answer, programs[0].answer)
			}
			t.Logf("with five at once on an empty folder, a start took %s", p.Took.Round(time.Millisecond))
		}
		sql(t, programs[0].URL, makeTable)
		for i, p := range programs {
			sql(t, p.URL, oneRow)
			p.end(t, []syscall.Signal{syscall.SIGKILL, 0}[i%2])
		}
		nothingLeft(t, do.DataDir, programs...)
		p := who.start(t, do)
		if n := count(t, p.URL); n != len(programs) {
			t.Errorf("%d rows", n)
		}
		p.end(t, 0)
		nothingLeft(t, do.DataDir)
	})
}

// A process that comes while the server of the one before is being stopped must not
// be given that server.
func TestOneComesWhileTheOtherGoes(t *testing.T) {
	t.Parallel()
	who := accounts(t)[0]
	do := task{DataDir: filepath.Join(who.home, "data")}
	last := who.start(t, do)
	sql(t, last.URL, makeTable)
	const rounds = 12
	for i := range rounds {
		sql(t, last.URL, oneRow)
		var next *running
		if i%2 == 0 {
			next = who.launch(t, do)
			time.Sleep(time.Duration(i) * 3 * time.Millisecond)
			last.end(t, []syscall.Signal{0, syscall.SIGKILL}[i/2%2])
		} else {
			last.end(t, syscall.SIGKILL)
			time.Sleep(time.Duration(i) * 2 * time.Millisecond)
			next = who.launch(t, do)
		}
		next.hear(t)
		if next.Error != "" {
			t.Fatal(next.Error)
		}
		if n := count(t, next.URL); n != i+1 {
			t.Fatalf("%d rows of %d", n, i+1)
		}
		last = next
	}
	last.end(t, 0)
	nothingLeft(t, do.DataDir, last)
}

// killServer kills the server of a program that the test has started.
func killServer(t *testing.T, p *running) {
	t.Helper()
	pid := pgembed.ServerPID(p.DataDir)
	if pid <= 1 {
		t.Fatal("no server")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// guardOf finds the guard of a program that the test has started: the server's parent.
func guardOf(t *testing.T, p *running) int {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pgembed.ServerPID(p.DataDir)))
	if err != nil {
		t.Skipf("NOT CHECKED: the server's parent cannot be found here: %v", err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	guard, err := strconv.Atoi(strings.Fields(rest)[1])
	if err != nil || guard <= 1 {
		t.Fatalf("the guard is %d: %v", guard, err)
	}
	return guard
}

// killGuard kills the guard, and waits for its death alone.
func killGuard(t *testing.T, p *running) {
	t.Helper()
	_ = syscall.Kill(guardOf(t, p), syscall.SIGKILL)
	guardGone(t, p)
}

// guardGone waits for a killed guard's death: on a busy system it lives on for a
// moment, in which its server can still be joined.
func guardGone(t *testing.T, p *running) {
	t.Helper()
	eventually(t, "the guard is gone", func() bool {
		running, err := pgembed.GuardRuns(p.DataDir)
		return !running && err == nil
	})
}

func TestAKilledServerIsStartedAgain(t *testing.T) {
	t.Parallel()
	forEachAccount(t, func(t *testing.T, who someone) {
		p := who.start(t, task{DataDir: filepath.Join(who.home, "data")})
		sql(t, p.URL, makeTable, oneRow)
		// A session in the middle of a statement, which notices nothing.
		ctx := t.Context()
		busy, err := pgx.Connect(ctx, p.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer busy.Close(ctx)
		asked := make(chan error, 1)
		go func() {
			_, err := busy.Exec(ctx, `SELECT count(*) FROM generate_series(1, 100000000000)`)
			asked <- err
		}()
		time.Sleep(200 * time.Millisecond)
		killServer(t, p)
		if err := <-asked; err == nil {
			t.Error("the session of the killed server went on")
		}
		var n int
		eventually(t, "the server is back at the same address", func() bool {
			conn, err := pgx.Connect(ctx, p.URL)
			if err != nil {
				return false
			}
			defer conn.Close(ctx)
			return conn.QueryRow(ctx, `SELECT count(*) FROM kept`).Scan(&n) == nil
		})
		if n != 1 {
			t.Errorf("%d rows", n)
		}
		p.end(t, 0)
		nothingLeft(t, p.DataDir, p)
	})
}

// TestAKilledServerThatCannotBeStartedForAWhile: what keeps a server from starting again,
// as a full disk does, keeps it only for as long as it lasts.
func TestAKilledServerThatCannotBeStartedForAWhile(t *testing.T) {
	t.Parallel()
	who := accounts(t)[0]
	p := who.start(t, task{DataDir: filepath.Join(who.home, "data")})
	sql(t, p.URL, makeTable, oneRow)
	needed := filepath.Join(p.DataDir, "postgres", "global", "pg_control")
	if err := os.Rename(needed, needed+".away"); err != nil {
		t.Fatal(err)
	}
	killServer(t, p)
	eventually(t, "the guard cannot start it", func() bool {
		return strings.Contains(logOf(p.DataDir), "the server cannot be started again yet")
	})
	if err := os.Rename(needed+".away", needed); err != nil {
		t.Fatal(err)
	}
	var n int
	eventually(t, "the server is back", func() bool {
		conn, err := pgx.Connect(t.Context(), p.URL)
		if err != nil {
			return false
		}
		defer conn.Close(t.Context())
		return conn.QueryRow(t.Context(), `SELECT count(*) FROM kept`).Scan(&n) == nil
	})
	if n != 1 {
		t.Errorf("%d rows", n)
	}
	p.end(t, 0)
	nothingLeft(t, p.DataDir, p)
}

func TestTheNextStartWorksAfterEveryKilling(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		kill func(t *testing.T, p *running)
	}{
		{"server and program", func(t *testing.T, p *running) {
			killServer(t, p)
			p.end(t, syscall.SIGKILL)
		}},
		{"program, guard and server", func(t *testing.T, p *running) {
			_ = syscall.Kill(guardOf(t, p), syscall.SIGKILL)
			killServer(t, p)
			guardGone(t, p)
			p.end(t, syscall.SIGKILL)
		}},
		{"guard and program: the server ends too", func(t *testing.T, p *running) {
			guard := guardOf(t, p)
			p.end(t, syscall.SIGKILL)
			_ = syscall.Kill(guard, syscall.SIGKILL)
			nothingLeft(t, p.DataDir)
		}},
		{"guard and program, and no time to end", func(t *testing.T, p *running) {
			killGuard(t, p)
			p.end(t, syscall.SIGKILL)
		}},
		{"guard alone, while the program lives", func(t *testing.T, p *running) {
			killGuard(t, p)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			forEachAccount(t, func(t *testing.T, who someone) {
				do := task{DataDir: filepath.Join(who.home, "data")}
				p := who.start(t, do)
				sql(t, p.URL, makeTable, oneRow)
				c.kill(t, p)
				next := who.start(t, do)
				t.Logf("the next start took %s", next.Took.Round(time.Millisecond))
				if n := count(t, next.URL); n != 1 {
					t.Errorf("%d rows", n)
				}
				next.end(t, 0)
				p.end(t, syscall.SIGKILL)
				nothingLeft(t, do.DataDir, p, next)
			})
		})
	}
}

func TestAnInterruptedFirstStart(t *testing.T) {
	t.Parallel()
	forEachAccount(t, func(t *testing.T, who someone) {
		do := task{DataDir: filepath.Join(who.home, "data")}
		for i := range 6 {
			p := who.launch(t, do)
			eventually(t, "initdb begins", func() bool {
				left, _ := filepath.Glob(filepath.Join(do.DataDir, "postgres*"))
				return len(left) > 0
			})
			time.Sleep(time.Duration(i) * 150 * time.Millisecond)
			p.end(t, syscall.SIGKILL)
			nothingLeft(t, do.DataDir)
		}
		// What a machine that lost its power leaves.
		if err := os.RemoveAll(filepath.Join(do.DataDir, "postgres")); err != nil {
			t.Fatal(err)
		}
		left, err := pgembed.Interrupted(do.DataDir)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(left, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(left, who.uid, who.gid); err != nil {
			t.Fatal(err)
		}
		p := who.start(t, do)
		sql(t, p.URL, makeTable)
		if _, err := os.Stat(left); !os.IsNotExist(err) {
			t.Error("the leftover is still there")
		}
		p.end(t, 0)
		nothingLeft(t, do.DataDir, p)
	})
}

func TestAContextThatEndsLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for _, after := range []time.Duration{0, 20, 60, 200, 500, 800, 1000, 1200} {
		ctx, cancel := context.WithTimeout(t.Context(), after*time.Millisecond)
		s, err := pgembed.Start(ctx, pgembed.Options{DataDir: dir})
		cancel()
		if err == nil {
			if err := s.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %d ms: %v", after, err)
		}
		if running, err := pgembed.GuardRuns(dir); running || err != nil {
			t.Errorf("after %d ms a guard runs: %v", after, err)
		}
		if left := pgembed.ServersOf(dir); len(left) > 0 {
			t.Errorf("after %d ms servers are left: %v", after, left)
		}
	}
	s, err := pgembed.Start(t.Context(), pgembed.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	sql(t, s.URL(), makeTable)
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Errorf("stopping twice: %v", err)
	}
}

func TestUsesWithinOneProcess(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	servers := make([]*pgembed.Server, 4)
	var group sync.WaitGroup
	for i := range servers {
		group.Go(func() {
			var err error
			if servers[i], err = pgembed.Start(t.Context(), pgembed.Options{DataDir: dir, Unsafe: true, Settings: map[string]string{"max_connections": "33"}}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	sql(t, servers[0].URL(), makeTable)
	for i, s := range servers {
		sql(t, s.URL(), oneRow, `DO $$ BEGIN ASSERT current_setting('fsync') = 'off' AND current_setting('max_connections') = '33'; END $$`)
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		running, err := pgembed.GuardRuns(dir)
		if last := i == len(servers)-1; running == last || err != nil {
			t.Errorf("after stop %d a guard runs: %v, %v", i+1, running, err)
		}
	}
}

func TestAPIDFileThatNamesAnotherProcess(t *testing.T) {
	t.Parallel()
	forEachAccount(t, func(t *testing.T, who someone) {
		do := task{DataDir: filepath.Join(who.home, "data")}
		p := who.start(t, do)
		sql(t, p.URL, makeTable)
		pidFile := filepath.Join(do.DataDir, "postgres", "postmaster.pid")
		text, err := os.ReadFile(pidFile)
		if err != nil {
			t.Fatal(err)
		}
		p.end(t, 0)
		nothingLeft(t, do.DataDir, p)
		// A process of the same account, which Postgres would take for a server.
		foreign := exec.Command("sleep", "600")
		uid, gid := owner(t, filepath.Join(do.DataDir, "postgres"))
		if os.Geteuid() == 0 {
			foreign.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
		}
		if err := foreign.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = foreign.Process.Kill()
			_ = foreign.Wait()
		}()
		_, rest, _ := strings.Cut(string(text), "\n")
		for _, stale := range []string{
			fmt.Sprintf("%d\n%s", foreign.Process.Pid, rest), // ready, it says
			fmt.Sprintf("%d\n%s", -foreign.Process.Pid, rest),
			fmt.Sprintf("%d\n", foreign.Process.Pid),
		} {
			if err := os.WriteFile(pidFile, []byte(stale), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chown(pidFile, int(uid), int(gid)); err != nil {
				t.Fatal(err)
			}
			p = who.start(t, do)
			sql(t, p.URL, oneRow)
			p.end(t, 0)
			nothingLeft(t, do.DataDir, p)
		}
		if err := foreign.Process.Signal(syscall.Signal(0)); err != nil {
			t.Errorf("the other process was hurt: %v", err)
		}
	})
}

func owner(t *testing.T, path string) (uid, gid uint32) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	return stat.Uid, stat.Gid
}

func TestAServerThatSomebodyElseStartedIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s, err := pgembed.Start(t.Context(), pgembed.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	args, uid, gid, err := pgembed.ServerCommand(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	socket := folder(t)
	if err := os.Chown(socket, uid, gid); err != nil {
		t.Fatal(err)
	}
	hand := exec.Command(args[0], append(args[1:], "-k", socket, "-c", "listen_addresses=")...)
	if os.Geteuid() == 0 {
		hand.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	if err := hand.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- hand.Wait() }()
	eventually(t, "the server started by hand", func() bool {
		_, err := os.Stat(filepath.Join(socket, ".s.PGSQL.5432"))
		return err == nil && pgembed.ServerPID(dir) == hand.Process.Pid
	})
	if s, err := pgembed.Start(t.Context(), pgembed.Options{DataDir: dir}); err == nil {
		t.Error("it was taken over")
		_ = s.Stop(t.Context())
	} else {
		t.Log(err)
		if !strings.Contains(err.Error(), strconv.Itoa(hand.Process.Pid)) {
			t.Error("the error does not name the process")
		}
	}
	select {
	case err := <-ended:
		t.Errorf("it was ended: %v", err)
	default:
		_ = hand.Process.Signal(syscall.SIGINT)
		<-ended
	}
}
