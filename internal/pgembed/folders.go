package pgembed

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
)

// house is the data folder, and says where in it everything lies.
type house struct{ dir string }

func (h house) cluster() string { return filepath.Join(h.dir, "postgres") }   // Postgres' own folder
func (h house) log() string     { return filepath.Join(h.dir, "server.log") } // what the server and its guard say
func (h house) socket() string  { return filepath.Join(h.dir, "socket") }     // names the socket's folder

// newCluster is the pattern of the folder that initdb works in, until it is whole.
const newCluster = "postgres.new-*"

// open makes the data folder where it is missing, and refuses one that is not ours.
func (h house) open() error {
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o755 // the server runs in another account
	}
	if err := os.MkdirAll(h.dir, mode); err != nil {
		return fmt.Errorf("the data folder cannot be made: %w: set TARIKH_DATA_DIR to a folder that can be written", err)
	}
	if _, err := os.Stat(filepath.Join(h.dir, "PG_VERSION")); err == nil {
		return fmt.Errorf("%s is the folder of another Postgres: set TARIKH_DATA_DIR to a folder of its own, or start that Postgres and set DATABASE_URL", h.dir)
	}
	probe, err := os.CreateTemp(h.dir, ".probe-*")
	if err != nil {
		return fmt.Errorf("the data folder %s cannot be written by this user: set TARIKH_DATA_DIR to one that can: %w", h.dir, err)
	}
	_ = probe.Close()
	return os.Remove(probe.Name())
}

// dataDir gives the absolute path of the data folder.
func dataDir(given string) (string, error) {
	if given != "" {
		return filepath.Abs(given)
	}
	if os.Geteuid() == 0 {
		return "/var/lib/tarikh", nil
	}
	// The XDG rules say that a relative path is to be ignored.
	if base := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(base) && runtime.GOOS != "darwin" {
		return filepath.Join(base, "tarikh"), nil
	}
	home, err := homeDir()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "tarikh"), nil
	}
	return filepath.Join(home, ".local", "share", "tarikh"), nil
}

// cacheOfRoot is root's: the account of the server cannot enter root's home.
var cacheOfRoot = "/var/cache/tarikh"

// cacheDir gives the folder for fetched programs: they can be fetched again, so
// they lie apart from the data.
func cacheDir() (string, error) {
	if os.Geteuid() == 0 {
		return cacheOfRoot, nil
	}
	if base := os.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(base) && runtime.GOOS != "darwin" {
		return filepath.Join(base, "tarikh"), nil
	}
	home, err := homeDir()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Caches", "tarikh"), nil
	}
	return filepath.Join(home, ".cache", "tarikh"), nil
}

func homeDir() (string, error) {
	if home, err := os.UserHomeDir(); err == nil && filepath.IsAbs(home) {
		return home, nil
	}
	if u, err := user.Current(); err == nil && filepath.IsAbs(u.HomeDir) {
		return u.HomeDir, nil
	}
	return "", errors.New("this user has no home folder: set TARIKH_DATA_DIR to the folder to keep the data in")
}

// The socket's name follows from the port, which is nothing but a part of it here.
const (
	socketPort = "5432"
	socketName = ".s.PGSQL." + socketPort
)

// socketPathLimit is the longest path of a socket on macOS, with its closing zero.
const socketPathLimit = 104

// socketDir makes the folder of the socket, which only the server's account (and
// root) may enter, in the temporary folder: data folders have paths too long for a
// socket. The folder of the server before is taken again, so that programs that
// still use its address find the new one.
func (h house) socketDir(a account) (string, error) {
	if old, err := os.ReadFile(h.socket()); err == nil && ours(string(old), a) {
		for _, name := range []string{socketName, socketName + ".lock"} {
			_ = os.Remove(filepath.Join(string(old), name))
		}
		return string(old), nil
	}
	var faults []error
	for _, base := range []string{os.TempDir(), "/tmp"} {
		const random = "tarikh-4294967295"
		if len(filepath.Join(base, random, socketName))+1 > socketPathLimit || strings.ContainsAny(base, `,"'@`) ||
			!a.reaches(filepath.Join(base, random)) {
			continue
		}
		dir, err := os.MkdirTemp(base, "tarikh-*") // 0700
		if err == nil {
			err = a.own(dir)
		}
		if err == nil {
			err = os.WriteFile(h.socket(), []byte(dir), 0o600)
		}
		if err == nil {
			return dir, nil
		}
		faults = append(faults, err)
	}
	return "", fmt.Errorf("no folder for the server's socket: set TMPDIR to a temporary folder with a short name: %w", errors.Join(faults...))
}

// ours says whether dir is a socket folder that this account owns alone.
func ours(dir string, a account) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 || !strings.HasPrefix(filepath.Base(dir), "tarikh-") {
		return false
	}
	uid, _, ok := ownerOf(dir)
	return ok && uid == a.uid
}
