package pgembed_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/pgembed"
)

func TestDataFoldersBelowFoldersOfRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("NOT CHECKED: data below folders of root, because the tests do not run as root")
	}
	for _, c := range []struct {
		name   string
		parent os.FileMode
	}{{"that all may enter", 0o755}, {"that only root may enter", 0o700}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			who := accounts(t)[0]
			parent := filepath.Join(who.home, "of root")
			if err := os.Mkdir(parent, c.parent); err != nil {
				t.Fatal(err)
			}
			do := task{DataDir: "of root/x/data"} // relative to the program's folder
			for range 2 {
				p := who.start(t, do)
				t.Logf("the start took %s", p.Took.Round(time.Millisecond))
				if want := filepath.Join(parent, "x", "data"); p.DataDir != want {
					t.Errorf("the data lie in %s, not in %s", p.DataDir, want)
				}
				sql(t, p.URL, `CREATE TABLE IF NOT EXISTS kept (n int)`, oneRow, `CHECKPOINT`)
				p.end(t, 0)
				nothingLeft(t, p.DataDir, p)
			}
			p := who.start(t, do)
			if n := count(t, p.URL); n != 2 {
				t.Errorf("%d rows", n)
			}
			killServer(t, p)
			eventually(t, "the killed server is back", func() bool {
				_, err := os.Stat(filepath.Join(p.socket(t), ".s.PGSQL.5432"))
				return err == nil && pgembed.ServerPID(p.DataDir) > 0
			})
			p.end(t, 0)
			nothingLeft(t, p.DataDir, p)
		})
	}
}

func TestALongTemporaryFolder(t *testing.T) {
	t.Parallel()
	forEachAccount(t, func(t *testing.T, who someone) {
		long := filepath.Join(who.home, strings.Repeat("long", 30))
		if err := os.Mkdir(long, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(long, who.uid, who.gid); err != nil {
			t.Fatal(err)
		}
		p := who.start(t, task{DataDir: filepath.Join(who.home, "data")}, "TMPDIR="+long)
		sql(t, p.URL, makeTable)
		if socket := p.socket(t); filepath.Dir(socket) != "/tmp" {
			t.Errorf("the socket lies in %s", socket)
		}
		info, err := os.Stat(p.socket(t))
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("others may enter the socket's folder: %v, %v", info, err)
		}
		p.end(t, 0)
		nothingLeft(t, p.DataDir, p)
	})
}

func TestFoldersThatCannotBe(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	if err := os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := pgembed.Start(t.Context(), pgembed.Options{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), "TARIKH_DATA_DIR") {
		t.Errorf("the folder of another Postgres: %v", err)
	}
	file := filepath.Join(dir, "PG_VERSION")
	if _, err := pgembed.Start(t.Context(), pgembed.Options{DataDir: filepath.Join(file, "x")}); err == nil || !strings.Contains(err.Error(), "TARIKH_DATA_DIR") {
		t.Errorf("a folder below a file: %v", err)
	}
	for _, who := range accounts(t) {
		if !who.other {
			continue
		}
		closed := folder(t)
		p := who.launch(t, task{DataDir: filepath.Join(closed, "data")})
		p.hear(t)
		if !strings.Contains(p.Error, "TARIKH_DATA_DIR") {
			t.Errorf("a folder of root, as an ordinary user: %+v", p.answer)
		}
		p = who.launch(t, task{}, "HOME=") // the last one counts; nobody's home is /nonexistent
		p.hear(t)
		if !strings.Contains(p.Error, "TARIKH_DATA_DIR") {
			t.Errorf("no home: %+v", p.answer)
		}
	}
}

func TestDefaultFolders(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	data, err := pgembed.DataDir("")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := pgembed.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if data != "/var/lib/tarikh" || cache != "/var/cache/tarikh" {
			t.Errorf("for root: %s and %s", data, cache)
		}
		return
	}
	if strings.HasPrefix(data, cache) || !strings.HasPrefix(data, home) || !strings.HasPrefix(cache, home) {
		t.Errorf("%s and %s", data, cache)
	}
}
