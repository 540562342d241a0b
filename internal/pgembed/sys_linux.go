package pgembed

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// selfPath is this program, even after `go run` has removed its file.
func selfPath() (string, error) { return "/proc/self/exe", nil }

// nameProcess renames this process, so that a `killall` of the program's name does
// not take the guard with it.
func nameProcess(name string) { _ = os.WriteFile("/proc/self/comm", []byte(name), 0) }

// setDeathSignal has the system signal the child when the thread that starts it ends.
func setDeathSignal(attr *syscall.SysProcAttr, s syscall.Signal) { attr.Pdeathsig = s }

// passFolder names a folder by an open file, for an account that cannot walk down
// to it: the n-th file passed on to a process has the number 3+n there.
func passFolder(n int) (string, bool) { return "/proc/self/fd/" + strconv.Itoa(3+n), true }

// servesFolder says whether the process is a Postgres at work in the folder.
func servesFolder(pid int, cluster string) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	comm, err := os.ReadFile(filepath.Join(proc, "comm"))
	if err != nil || !strings.HasPrefix(string(comm), "postgres") && !strings.HasPrefix(string(comm), "postmaster") {
		return false
	}
	if stat, err := os.ReadFile(filepath.Join(proc, "stat")); err != nil || strings.Contains(string(stat), ") Z ") {
		return false // ended already, and only not yet collected by its parent
	}
	account, _, _ := ownerOf(proc)
	if owner, _, ok := ownerOf(cluster); !ok || owner != account {
		return false // Postgres works in no folder that is not its account's
	}
	theirs, err := os.Stat(filepath.Join(proc, "cwd"))
	if err != nil {
		return !os.IsNotExist(err) // alive and not to be looked into: be careful
	}
	ours, err := os.Stat(cluster)
	return err == nil && os.SameFile(theirs, ours)
}

// serversOf lists the processes of Postgres at work in the folder.
func serversOf(cluster string) []int {
	var pids []int
	names, _ := filepath.Glob("/proc/[0-9]*/cwd")
	ours, err := os.Stat(cluster)
	if err != nil {
		return nil
	}
	for _, name := range names {
		theirs, err := os.Stat(name)
		if err != nil || !os.SameFile(theirs, ours) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil && servesFolder(pid, cluster) {
			pids = append(pids, pid)
		}
	}
	return pids
}
