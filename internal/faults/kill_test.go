package faults_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/pgembed"
	"github.com/tarikh-timeline/tarikh/internal/programtest"
)

// ownPostgres gives the address of a Postgres that the test has for itself, as safe as
// the program's own one.
func ownPostgres(t *testing.T, settings map[string]string) *pgembed.Server {
	t.Helper()
	server, err := pgembed.Start(t.Context(), pgembed.Options{DataDir: filepath.Join(t.TempDir(), "data"), Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience) // the test's own has ended
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return server
}

// some waits a random part of a second, in which the load goes on.
func some(most time.Duration) { time.Sleep(most/10 + rand.N(most)) }

// TestTheProgramIsKilled kills the program during writes and imports, with a Postgres
// of its own, which ends with it, and beside one that stays.
func TestTheProgramIsKilled(t *testing.T) {
	t.Parallel()
	onItsOwn(t)
	for _, c := range []struct {
		name  string
		count int
		env   func(t *testing.T) string
	}{
		{"with a Postgres of its own", times(50) / 2, func(t *testing.T) string { return "TARIKH_DATA_DIR=" + filepath.Join(t.TempDir(), "data") }},
		{"beside a Postgres that stays", times(50) - times(50)/2, func(t *testing.T) string { return "DATABASE_URL=" + ownPostgres(t, nil).URL() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, c.env(t))
			l := startLoad(t, s, 4, 1, 400)
			f := s.follow(t.Context())
			l.injecting("the program is killed, " + c.name)
			f.began(t) // the first kill must cut it
			for range c.count {
				some(600 * time.Millisecond)
				s.kill()
				began := time.Now()
				s.start(t)
				l.recovered(s.serving(t, began))
			}
			some(300 * time.Millisecond)
			l.halt()
			l.check(t)
			f.check(t)
			if f.resumed == 0 {
				t.Error("the follower was not cut, so nothing shows that it resumes")
			}
			record(t, l.figures)
		})
	}
}

// injecting names the fault that is injected.
func (l *load) injecting(name string) { l.figures.fault = name }

func (l *load) recovered(after time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.injected++
	l.recoveries = append(l.recoveries, after)
}

// refusals are the writes that were not acknowledged.
func (l *load) refusals() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused + l.unknown
}

// writing waits until a write is acknowledged again.
func (l *load) writing(t *testing.T, since time.Time) time.Duration {
	t.Helper()
	for before := l.sure(); time.Since(since) < patience; time.Sleep(5 * time.Millisecond) {
		l.running(t)
		if fault := l.firstFault(); fault != "" {
			t.Fatal(fault)
		}
		if l.sure() > before {
			return time.Since(since)
		}
	}
	t.Fatalf("no write is acknowledged any more; it said\n%s", l.errs.Tail())
	return 0
}

// back waits until reads and writes are served again.
func (l *load) back(t *testing.T, since time.Time) {
	t.Helper()
	l.serving(t, since)
	l.recovered(l.writing(t, since))
}

// TestPostgresIsKilled kills the program's own Postgres, or parts of it, under load. The
// program goes on and serves again by itself.
func TestPostgresIsKilled(t *testing.T) {
	t.Parallel()
	onItsOwn(t)
	data := filepath.Join(t.TempDir(), "data")
	s := newService(t, "TARIKH_DATA_DIR="+data)
	l := startLoad(t, s, 4, 1, 400)
	f := s.follow(t.Context())
	l.injecting("Postgres is killed")
	for i := range times(20) {
		some(600 * time.Millisecond)
		server := programtest.Postmaster(data)
		if server == 0 {
			t.Fatal("there is no server to kill")
		}
		began := time.Now()
		victims := children(server)
		switch i % 3 {
		case 0: // all of it at once
			victims = append(victims, server)
		case 1: // one of its processes, upon which Postgres ends the others
			victims = victims[len(victims)-1:]
		case 2: // the first one alone
			victims = []int{server}
		}
		for _, pid := range victims {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		l.back(t, began)
	}
	some(300 * time.Millisecond)
	l.halt()
	l.check(t)
	f.check(t)
	if r, err := s.get(t.Context(), "/readyz"); err != nil || r.status != http.StatusOK {
		t.Errorf("%v %s", err, r.body)
	}
	record(t, l.figures)
}
