package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
)

// newStandby makes a copy of a node that follows it, and without which it acknowledges no
// write from then on.
func newStandby(t *testing.T, of *node) *node {
	t.Helper()
	n := newNode(t)
	config, err := pgx.ParseConfig(of.server.URL())
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(of.dir, "postgres", "postmaster.opts")) // begins with the program
	if err != nil {
		t.Fatal(err)
	}
	postgres, _, _ := strings.Cut(string(text), " ")
	cmd := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(postgres), "pg_basebackup"),
		"--pgdata", filepath.Join(n.dir, "postgres"), "--host", config.Host, "--username", config.User,
		"--write-recovery-conf", "--checkpoint", "fast", "--no-sync")
	cmd.Dir = "/"
	asServer(t, cmd, config.Host, n.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v: %s", err, out)
	}
	n.start(t)
	of.run(t, `ALTER SYSTEM SET synchronous_standby_names = '*'`)
	of.run(t, `SELECT pg_reload_conf()`)
	withConn(t, of.server.URL(), func(conn *pgx.Conn) {
		eventually(t, "the standby is waited for", func() bool {
			var sync bool
			err := conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming')`).Scan(&sync)
			return err == nil && sync
		})
	})
	return n
}

// The phases of a failover.
const (
	before  = iota
	without // there is no primary
	after
)

// TestAStandbyTakesOver: the primary dies while requests run, and its synchronous standby
// is promoted. Nothing that was acknowledged is lost; what stood at a revision is answered
// all the time; the program goes on without a restart.
func TestAStandbyTakesOver(t *testing.T) {
	t.Parallel()
	for name, dies := range map[string]func(t *testing.T, primary *node){
		"it is stopped": func(t *testing.T, primary *node) {
			primary.stop(t)
		},
		// It is started again by its guard, where nobody reaches it: fenced, as it must be.
		"it crashes": func(t *testing.T, primary *node) {
			_ = syscall.Kill(postmaster(t, primary.dir), syscall.SIGKILL)
			primary.wire.Cut()
		},
		"its machine is gone": func(t *testing.T, primary *node) {
			primary.wire.Silence()
			t.Cleanup(primary.wire.Speak)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			takeOver(t, dies)
		})
	}
}

func takeOver(t *testing.T, dies func(t *testing.T, primary *node)) {
	t.Helper()
	a := newNode(t)
	a.start(t)
	p0 := startServing(t, []string{"DATABASE_URL=" + a.server.URL(), "TARIKH_SEED=sahel"})
	p0.stop(t, syscall.SIGTERM)
	b := newStandby(t, a)
	address := pgtest.ReplaceHosts(t, a.wire.URL(), a.wire, b.wire)
	env := []string{
		"DATABASE_URL=" + address + "&target_session_attrs=read-write", "TARIKH_DB_CONNECT_TIME=2s", "DATABASE_REPLICA_URL=" + b.wire.URL(), "TARIKH_LOG=json",
	}
	p := startServing(t, env)
	key := writingKey(t, env)
	eventually(t, "the standby answers", func() bool { return strings.Contains(p.get(t, "/readyz").body, `"1 of 1 answer"`) })
	past := p.get(t, "/v1/events?as_of=1&limit=500").body

	c := &checker{p: p, key: key, past: past}
	stop := c.run(t)
	eventually(t, "writes are acknowledged", func() bool { return c.acknowledged.Load() >= 30 })

	c.phase.Store(without)
	began := time.Now()
	dies(t, a)
	eventually(t, "the present is refused", func() bool {
		r := p.get(t, "/v1/events")
		if r.status != http.StatusOK {
			isUnavailable(t, r)
		}
		return r.status != http.StatusOK
	})
	if r := p.get(t, "/v1/events?as_of=1&limit=500"); r.status != http.StatusOK || r.body != past {
		t.Errorf("the past is answered with %d: %s", r.status, r.body)
	}
	n := c.pastRead.Load()
	eventually(t, "the past is read on", func() bool { return c.pastRead.Load() > n+20 })
	b.run(t, `SELECT pg_promote()`)
	promoted := time.Now()
	sofar := c.acknowledged.Load()
	eventually(t, "writes are acknowledged again", func() bool { return c.acknowledged.Load() > sofar+1 })
	t.Logf("writes went on %s after the promotion", time.Since(promoted).Round(time.Millisecond))
	eventually(t, "the present is answered again", func() bool { return p.get(t, "/v1/events").status == http.StatusOK })
	t.Logf("all went on %s after the promotion, %s after the primary died", time.Since(promoted).Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	c.phase.Store(after)
	sofar = c.acknowledged.Load()
	eventually(t, "it goes on", func() bool { return c.acknowledged.Load() > sofar+30 })
	stop()
	t.Logf("%d writes were acknowledged, %d requests were refused meanwhile, the past was read %d times", c.acknowledged.Load(), c.refused.Load(), c.pastRead.Load())
	c.check(t)
	p.stop(t, syscall.SIGTERM)
}

// checker writes and reads all the time, and remembers what it was promised.
type checker struct {
	p         *instance
	key, past string

	phase                           atomic.Int32
	acknowledged, refused, pastRead atomic.Int64
	mu                              sync.Mutex
	promised                        map[string]bool // ids
}

// run starts the clients, and gives what stops them.
func (c *checker) run(t *testing.T) (stop func()) {
	t.Helper()
	c.promised = map[string]bool{}
	var ended atomic.Bool
	var work sync.WaitGroup
	for w := range 4 {
		work.Go(func() {
			for n := 0; !ended.Load(); n++ {
				c.write(t, fmt.Sprintf("w%d-%d", w, n), w%2 == 0)
			}
		})
	}
	for _, read := range []func(*testing.T){c.readPast, c.readPast, c.readPresent, c.readPresent} {
		work.Go(func() {
			for !ended.Load() {
				read(t)
			}
		})
	}
	return func() { ended.Store(true); work.Wait() }
}

func (c *checker) write(t *testing.T, id string, idempotent bool) {
	phase := c.phase.Load()
	headers := []string{c.key}
	if idempotent {
		headers = append(headers, "Idempotency-Key: "+id)
	}
	r, err := c.p.ask(http.MethodPost, "/v1/events", written(id), headers...)
	switch {
	case err != nil:
		t.Errorf("writing: %v", err)
	case r.status == http.StatusCreated:
		c.mu.Lock()
		c.promised[id] = true
		c.mu.Unlock()
		c.acknowledged.Add(1)
	default:
		c.refusal(t, phase, "a write", r)
	}
}

// refusal must come while there is no primary, and be a 503.
func (c *checker) refusal(t *testing.T, began int32, what string, r reply) {
	t.Helper()
	if began == after || c.phase.Load() == before {
		t.Errorf("%s is refused while there is a primary: %+v", what, r)
	}
	if isUnavailable(t, r); t.Failed() {
		t.Log(r.body)
	}
	c.refused.Add(1)
	time.Sleep(20 * time.Millisecond)
}

func (c *checker) readPast(t *testing.T) {
	r, err := c.p.try("/v1/events?as_of=1&limit=500")
	if err != nil || r.status != http.StatusOK || r.body != c.past {
		t.Errorf("the past, in phase %d: %d %s, %v", c.phase.Load(), r.status, r.body[:min(300, len(r.body))], err)
	}
	c.pastRead.Add(1)
	time.Sleep(10 * time.Millisecond)
}

func (c *checker) readPresent(t *testing.T) {
	phase := c.phase.Load()
	if r, err := c.p.try("/v1/events?limit=5&order=desc"); err != nil {
		t.Errorf("reading: %v", err)
	} else if r.status != http.StatusOK {
		c.refusal(t, phase, "a read", r)
	}
}

// check finds each event that was promised, once, in the export and among the changes.
func (c *checker) check(t *testing.T) {
	t.Helper()
	export, changes := c.p.get(t, "/v1/events.ndjson").body, map[string]int{}
	for path := "/v1/changes?limit=1000"; path != ""; {
		r := c.p.get(t, path)
		for part := range strings.SplitSeq(r.body, `"event_id":"`) {
			id, _, _ := strings.Cut(part, `"`)
			changes[id]++
		}
		link := r.header.Get("Link")
		path, _, _ = strings.Cut(strings.TrimPrefix(link, "<"), ">")
	}
	if len(c.promised) == 0 {
		t.Error("nothing was promised")
	}
	for id := range c.promised {
		if n := strings.Count(export, `{"id":`+strconv.Quote(id)+`,`); n != 1 || changes[id] != 1 {
			t.Errorf("%s was acknowledged, and is there %d times, and %d times among the changes", id, n, changes[id])
		}
	}
}
