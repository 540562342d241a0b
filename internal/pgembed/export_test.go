package pgembed

import (
	"context"
	"os"
	"strings"
)

// ServersOf lists the processes of the server of a data folder.
func ServersOf(dir string) []int { return serversOf(house{dir}.cluster()) }

// GuardRuns says whether a data folder has a guard.
func GuardRuns(dir string) (bool, error) { return house{dir}.guardRuns() }

// ServerPID gives the server's process, 0 for none.
func ServerPID(dir string) int {
	f, err := readPIDFile(house{dir}.cluster())
	if err != nil {
		return 0
	}
	return f.pid
}

// NothingInstalled hides the usual folders, as on a machine without Postgres, and
// puts root's cache elsewhere.
func NothingInstalled(cache string) {
	usualFolders = nil
	cacheOfRoot = cache
}

// Find says which Postgres would be taken for a data folder.
func Find(ctx context.Context, dir string) (string, error) {
	h := house{dir: dir}
	a, err := serverAccount(h.cluster())
	if err != nil {
		return "", err
	}
	b, err := h.findBinaries(ctx, a, func(string, ...any) {})
	return b.dir, err
}

// Candidates lists the folders that are looked into.
func Candidates(ctx context.Context) []string {
	var dirs []string
	for dir := range candidates(ctx) {
		dirs = append(dirs, dir)
	}
	return dirs
}

// ServerCommand gives how postgres is called by hand on a data folder, and its environment.
func ServerCommand(ctx context.Context, dir string) (args []string, uid, gid int, err error) {
	h := house{dir: dir}
	a, err := serverAccount(h.cluster())
	if err != nil {
		return nil, 0, 0, err
	}
	b, err := h.findBinaries(ctx, a, func(string, ...any) {})
	return []string{b.dir + "/postgres", "-D", h.cluster()}, a.uid, a.gid, err
}

// Locales gives the ways to name the locale for a version.
func Locales(major int) []string {
	var ways []string
	for _, way := range (&guard{order: order{Major: major}}).locales() {
		ways = append(ways, strings.Join(way, " "))
	}
	return ways
}

// Variables of the functions that tests ask directly.
var (
	InstallLine = installLine
	DataDir     = dataDir
	CacheDir    = cacheDir
	CheckSHA512 = checkSHA512
	Distro      = distribution
)

// Interrupted makes what an interrupted initdb leaves.
func Interrupted(dir string) (string, error) { return os.MkdirTemp(dir, newCluster) }
