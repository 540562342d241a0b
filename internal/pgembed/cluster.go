package pgembed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// makeCluster runs initdb where there is no cluster yet. It works under another name
// until the cluster is whole, so that an interrupted one is never taken for a cluster.
func (g *guard) makeCluster(ctx context.Context) error {
	left, _ := filepath.Glob(filepath.Join(g.dir, newCluster))
	for _, dir := range left { // nobody works in them: this guard has the lock
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("what an interrupted start left cannot be removed: %w", err)
		}
	}
	if isDir(g.cluster()) {
		return nil
	}
	var faults []error
	for _, locale := range g.locales() {
		err := g.tryLocale(ctx, locale)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		faults = append(faults, err)
		if !strings.Contains(err.Error(), "locale") {
			break
		}
	}
	return faults[0]
}

// locales are the ways to ask for UTF-8 whose letters include every script and whose
// order is that of bytes, the best first. Not every system knows C.UTF-8.
func (g *guard) locales() [][]string {
	ways := [][]string{{"--locale=C.UTF-8"}}
	if g.Major >= 17 {
		ways = append(ways, []string{"--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"})
	}
	return append(ways, []string{"--locale=C", "--lc-ctype=en_US.UTF-8"}, []string{"--locale=C", "--lc-ctype=UTF-8"})
}

func (g *guard) tryLocale(ctx context.Context, locale []string) (err error) {
	dir, err := os.MkdirTemp(g.dir, newCluster)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	if err := g.own(dir); err != nil {
		return fmt.Errorf("the data folder cannot be given to the user %s: %w", g.name, err)
	}
	args := append([]string{"--username=" + role, "--auth=trust", "--encoding=UTF8", "--no-instructions"}, locale...)
	if g.Unsafe {
		args = append(args, "--no-sync")
	}
	if err := g.once(ctx, dir, nil, "initdb", args...); err != nil {
		return err
	}
	create := []byte("CREATE DATABASE " + database + ";\n")
	single := []string{"--single", "-c", "log_checkpoints=off"}
	if g.Unsafe {
		single = append(single, "-F")
	}
	if err := g.once(ctx, dir, create, "postgres", append(single, "postgres")...); err != nil {
		return err
	}
	if err := os.Rename(dir, g.cluster()); err != nil {
		return err
	}
	return syncDir(g.dir)
}

// once runs a program of Postgres on the cluster in dir, to its end.
func (g *guard) once(ctx context.Context, dir string, input []byte, program string, args ...string) error {
	cmd, done, err := g.command(ctx, dir, program, args...)
	if err != nil {
		return err
	}
	defer done()
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &out
	cmd.WaitDelay = 5 * time.Second
	err = cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil && !strings.Contains(out.String(), "FATAL:") && !strings.Contains(out.String(), "ERROR:") {
		return nil
	}
	if err == nil { // the single-user Postgres reports an error in what it prints alone
		err = errors.New("it failed")
	}
	if program == "initdb" && strings.Contains(out.String(), "could not look up effective user ID") {
		return fmt.Errorf("this user has no name on this system (its number is %d), and Postgres' initdb asks for one: start the program as a user of /etc/passwd, or set DATABASE_URL", g.uid)
	}
	return fmt.Errorf("%s in %s failed (%w): %s", program, g.dir, err, lastLines(out.String(), 3))
}

// command prepares a program of Postgres to work on the cluster in dir. The guard's
// death takes it along, where the system can do that.
func (g *guard) command(ctx context.Context, dir, program string, args ...string) (*exec.Cmd, func(), error) {
	cmd := exec.CommandContext(ctx, filepath.Join(g.BinDir, program))
	done := func() {}
	// The account of the server may be kept from walking down to the folder, as it
	// is below root's home: then root, who can, opens it and passes it on.
	if !g.reaches(dir) {
		folder, err := os.Open(dir)
		if err != nil {
			return nil, nil, err
		}
		name, can := passFolder(0)
		if !can {
			_ = folder.Close()
			return nil, nil, fmt.Errorf("the user %s, as whom Postgres runs, cannot reach %s: set TARIKH_DATA_DIR to a folder whose parents all may enter", g.name, g.dir)
		}
		cmd.ExtraFiles = []*os.File{folder}
		done = func() { _ = folder.Close() }
		dir = name
	}
	position := 0
	if len(args) > 0 && args[0] == "--single" {
		position = 1 // must stay the first
	}
	cmd.Args = append(cmd.Args, args[:position]...)
	cmd.Args = append(cmd.Args, "-D", dir)
	cmd.Args = append(cmd.Args, args[position:]...)
	cmd.Dir = "/"
	cmd.Env = serverEnv()
	kill := signalKill
	if program == "postgres" && position == 0 {
		kill = signalFastStop
	}
	cmd.SysProcAttr = attributes(g.account, kill)
	return cmd, done, nil
}

// serverEnv is the environment of Postgres' programs: little, so that what the
// user's shell sets for other servers does not reach this one.
func serverEnv() []string {
	env := []string{"LC_ALL=C", "TZ=UTC"}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR"} {
		if value, is := os.LookupEnv(name); is {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// syncDir makes the names in a folder last through a power failure.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// lastLines gives the last n lines of a text, as one.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}
