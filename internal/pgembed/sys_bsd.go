//go:build unix && !linux && !solaris && !illumos && !aix

package pgembed

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

func selfPath() (string, error) { return os.Executable() }

func nameProcess(string) {}

// setDeathSignal does nothing: here a server whose guard was killed stays, until the
// next start finds it.
func setDeathSignal(*syscall.SysProcAttr, syscall.Signal) {}

// passFolder has no counterpart here: a folder cannot be entered by an open file.
func passFolder(int) (string, bool) { return "", false }

// servesFolder says whether the process is a Postgres. Which folder it works in is
// not to be had here; that its number stands in the folder's postmaster.pid must do.
func servesFolder(pid int, _ string) bool {
	out, err := exec.CommandContext(context.Background(), "ps", "-p", strconv.Itoa(pid), "-o", "comm=").Output()
	return err == nil && strings.Contains(string(out), "postgres")
}

// serversOf is not to be had here; Postgres itself waits for the processes of a
// server before it to end.
func serversOf(string) []int { return nil }
