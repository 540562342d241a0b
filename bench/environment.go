package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/bench/load"
	"github.com/tarikh-timeline/tarikh/internal/pgembed"
)

// bench is one run: its folders, its database, and what it is to do.
type bench struct {
	options
	begun   time.Time
	current string // the part that runs
	work    string // temporary folder
	program string // the built program
	machine machine

	server     *pgembed.Server
	postmaster int // the process that all of Postgres' others are children of
	slow       *slowLog
	rows       rivalRows

	nodeProgram string // "" until it is looked for
}

// slowOver is what auto_explain tells of.
const slowOver = 50 * time.Millisecond

// prepare builds the program, starts Postgres, and imports the events.
func prepare(ctx context.Context, o options) (_ *bench, err error) {
	b := &bench{options: o, begun: time.Now(), current: "prepare"}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	for _, name := range []string{"wrk", "pgbench"} {
		if _, err := exec.LookPath(name); err != nil {
			b.say("%s is absent, and with it what it measures: apt-get install wrk postgresql", name)
		}
	}
	if b.work, err = os.MkdirTemp("", "tarikh-bench-"); err != nil {
		return nil, err
	}
	if err := os.Chmod(b.work, 0o755); err != nil { // Postgres runs in another account
		return nil, err
	}
	if b.data == "" {
		b.data = filepath.Join(b.work, "data")
	}
	if b.data, err = filepath.Abs(b.data); err != nil {
		return nil, err
	}
	if err := b.build(ctx); err != nil {
		return nil, err
	}
	if err := b.startPostgres(ctx); err != nil {
		return nil, err
	}
	return b, b.ensureLoaded(ctx)
}

// close stops what was started and removes what is temporary.
func (b *bench) close() {
	if b.slow != nil {
		b.slow.stop()
	}
	if b.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		if err := b.server.Stop(ctx); err != nil {
			b.say("%v", err)
		}
	}
	if b.work != "" {
		if err := os.RemoveAll(b.work); err != nil {
			b.say("%v", err)
		}
	}
}

// say tells how far the run is.
func (b *bench) say(format string, args ...any) {
	since := time.Since(b.begun).Round(time.Second)
	fmt.Fprintf(os.Stderr, "%02d:%02d %-9s %s\n", int(since.Minutes()), int(since.Seconds())%60, b.current, fmt.Sprintf(format, args...))
}

// withoutFolders takes this machine's folders out of what is written.
func (b *bench) withoutFolders(text string) string {
	here, _ := os.Getwd()
	home, _ := os.UserHomeDir()
	for _, folder := range []string{b.work, b.data, here, home} {
		if len(folder) > 1 {
			text = strings.ReplaceAll(text, folder, "…")
		}
	}
	return text
}

// build compiles the program: `go run` would hide its process behind another.
func (b *bench) build(ctx context.Context) error {
	b.program = filepath.Join(b.work, "api")
	return b.goBuild(ctx, b.program, "./api")
}

func (b *bench) goBuild(ctx context.Context, out, from string) error {
	b.say("go build %s", from)
	if told, err := exec.CommandContext(ctx, "go", "build", "-o", out, from).CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w: %s", from, err, strings.TrimSpace(string(told)))
	}
	return nil
}

// startPostgres starts the embedded server with its own settings, and auto_explain.
func (b *bench) startPostgres(ctx context.Context) (err error) {
	b.server, err = pgembed.Start(ctx, pgembed.Options{
		DataDir: b.data,
		Logf:    func(format string, args ...any) { b.say(format, args...) },
		Settings: map[string]string{
			"session_preload_libraries":          "auto_explain",
			"auto_explain.log_min_duration":      fmt.Sprint(slowOver.Milliseconds()),
			"auto_explain.log_nested_statements": "off",
			"log_line_prefix":                    logPrefix,
		},
	})
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, b.url("tarikh", "bench"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var version, prefix string
	if err := conn.QueryRow(ctx, `SELECT split_part(current_setting('server_version'), ' ', 1), current_setting('log_line_prefix')`).Scan(&version, &prefix); err != nil {
		return err
	}
	if prefix != logPrefix {
		return fmt.Errorf("another program runs the Postgres in %s: stop it, or name another folder", b.data)
	}
	var backend int
	if err := conn.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&backend); err != nil {
		return err
	}
	b.postmaster = load.Parent(backend)
	b.machine = thisMachine(ctx, version)
	b.slow = followLog(filepath.Join(b.data, "server.log"))
	b.say("Postgres %s runs", version)
	return nil
}

// url is the address of a database, for a user that Postgres' log shall name.
func (b *bench) url(database, user string) string {
	u, err := url.Parse(b.server.URL())
	if err != nil {
		panic(err)
	}
	u.Path = "/" + database
	q := u.Query()
	q.Set("application_name", user)
	u.RawQuery = q.Encode()
	return u.String()
}

// socket is the folder of Postgres' socket.
func (b *bench) socket() string {
	u, err := url.Parse(b.server.URL())
	if err != nil {
		panic(err)
	}
	return u.Query().Get("host")
}

// withConn runs do on a connection of the benchmark's own.
func (b *bench) withConn(ctx context.Context, database string, do func(conn *pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, b.url(database, "bench"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return do(conn)
}

// scratch runs do with a database of its own, a copy of template, which is dropped then.
func (b *bench) scratch(ctx context.Context, name, template string, do func() error) (err error) {
	drop := func(ctx context.Context) error {
		return b.withConn(ctx, "tarikh", func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
			return err
		})
	}
	if err := drop(ctx); err != nil {
		return err
	}
	err = b.withConn(ctx, "tarikh", func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `CREATE DATABASE `+name+` TEMPLATE `+template)
		return err
	})
	if err != nil {
		return err
	}
	defer func() {
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		err = errors.Join(err, drop(after))
	}()
	return do()
}

// length is that of each load.
func (b *bench) length() time.Duration { return time.Duration(b.seconds) * time.Second }

// settle waits until processes have nothing more to do, such as reading their copy of
// the events, for at most so long.
func (b *bench) settle(ctx context.Context, atMost time.Duration, pids ...int) {
	used := func() (sum time.Duration) {
		for _, pid := range slices.Concat(pids, []int{b.postmaster}) {
			sum += load.CPU(pid, pid == b.postmaster)
		}
		return sum
	}
	const step = 300 * time.Millisecond
	last, quiet := used(), 0
	for begun := time.Now(); quiet < 3 && time.Since(begun) < atMost; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(step):
		}
		now := used()
		if quiet++; now-last > step/10 {
			quiet = 0
		}
		last = now
	}
}
