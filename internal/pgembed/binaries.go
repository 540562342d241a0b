package pgembed

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// oldestMajor is the first version whose SQL the program can rely on.
const oldestMajor = 14

// binaries is a folder that holds postgres and initdb.
type binaries struct {
	dir   string
	major int
}

// findBinaries gives the first Postgres that runs here, from PG_BINDIR, PATH,
// pg_config, the usual folders and npm, in this order. Where there are data already,
// only their version will do.
func (h house) findBinaries(ctx context.Context, a account, logf func(string, ...any)) (binaries, error) {
	need, err := h.version()
	if err != nil {
		return binaries{}, err
	}
	var seen []string
	fits := func(b binaries) bool {
		if need == 0 && b.major >= oldestMajor || need != 0 && b.major == need {
			return true
		}
		seen = append(seen, fmt.Sprintf("%d in %s", b.major, b.dir))
		return false
	}
	if dir := os.Getenv("PG_BINDIR"); dir != "" {
		b, err := inspect(ctx, dir, a)
		if err != nil {
			return binaries{}, fmt.Errorf("PG_BINDIR is no folder with the programs of a Postgres: %w: correct it, or leave it unset to have one searched for", err)
		}
		if fits(b) {
			return b, nil
		}
		logf("PG_BINDIR holds Postgres %d, which does not fit the data in %s: searching another one", b.major, h.dir)
	}
	looked := map[string]bool{}
	for dir := range candidates(ctx) {
		if looked[dir] {
			continue
		}
		looked[dir] = true
		b, err := inspect(ctx, dir, a)
		if err == nil && fits(b) {
			return b, nil
		}
	}
	var npmErr error
	if need == 0 || need == npmMajor {
		b, err := fromNPM(ctx, a, logf)
		if err == nil && fits(b) {
			return b, nil
		}
		if ctx.Err() != nil {
			return binaries{}, ctx.Err()
		}
		npmErr = err
	}
	return binaries{}, notFound(need, h, seen, npmErr)
}

// version gives the major version that wrote the data, 0 where there are none.
func (h house) version() (int, error) {
	text, err := os.ReadFile(filepath.Join(h.cluster(), "PG_VERSION"))
	switch {
	case os.IsNotExist(err) && !isDir(h.cluster()):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("%s does not hold the data of a Postgres: %w: restore it, or set TARIKH_DATA_DIR to another folder", h.cluster(), err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%s: PG_VERSION is damaged: %w", h.cluster(), err)
	}
	return major, nil
}

// usualFolders are where packages put Postgres.
var usualFolders = []string{
	"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
	"/usr/pgsql-*/bin",          // RHEL, Fedora: packages of the Postgres project
	"/usr/libexec/postgresql*",  // Alpine
	"/usr/lib/postgresql*/bin",  // SUSE
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
	"/usr/local/pgsql/bin", // built by hand
}

// candidates are the folders in which Postgres may be, those that the user chose first.
func candidates(ctx context.Context) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
			program := filepath.Join(dir, "postgres")
			if _, err := os.Stat(program); err != nil {
				continue
			}
			// A link leads to the folder of all the programs; a script stays where it is.
			if file, err := filepath.EvalSymlinks(program); err == nil {
				if _, err := os.Stat(filepath.Join(filepath.Dir(file), "initdb")); err == nil {
					dir = filepath.Dir(file)
				}
			}
			if !yield(dir) {
				return
			}
		}
		if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
			if !yield(strings.TrimSpace(string(out))) {
				return
			}
		}
		for _, pattern := range usualFolders {
			dirs, _ := filepath.Glob(pattern)
			slices.SortFunc(dirs, func(a, b string) int { return cmp.Compare(numberIn(b), numberIn(a)) })
			for _, dir := range dirs {
				if !yield(dir) {
					return
				}
			}
		}
	}
}

var firstNumber = regexp.MustCompile(`[0-9]+`)

// numberIn gives the first number in a path: the version, in the folders above.
func numberIn(path string) int {
	n, _ := strconv.Atoi(firstNumber.FindString(path))
	return n
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) ([0-9]+)`)

// inspect asks the postgres in a folder for its version, in the account that it will
// run in: what that account may not read does not run.
func inspect(ctx context.Context, dir string, a account) (binaries, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return binaries{}, err
	}
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return binaries{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version")
	cmd.Dir = "/"
	cmd.Env = serverEnv()
	cmd.SysProcAttr = attributes(a, signalKill)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		if said := lastLines(string(out), 2); said != "" {
			err = fmt.Errorf("%w: %s", err, said)
		}
		return binaries{}, fmt.Errorf("%s does not run as the user %s: %w", filepath.Join(dir, "postgres"), a.name, err)
	}
	match := versionLine.FindStringSubmatch(string(out))
	if match == nil {
		return binaries{}, fmt.Errorf("%s is no Postgres: it says %q", filepath.Join(dir, "postgres"), lastLines(string(out), 1))
	}
	major, err := strconv.Atoi(match[1])
	return binaries{dir, major}, err
}
