package pgembed

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// pidFile is what a server says of itself in postmaster.pid.
type pidFile struct {
	pid       int
	socketDir string
	ready     bool
	lines     []string
}

func pidPath(cluster string) string { return filepath.Join(cluster, "postmaster.pid") }

// readPIDFile reads a cluster's postmaster.pid: its lines are the process, the data
// folder, the time of the start, the port, the socket's folder, the TCP address, the
// shared memory and the state. The file grows while the server starts.
func readPIDFile(cluster string) (pidFile, error) {
	text, err := os.ReadFile(pidPath(cluster))
	if err != nil {
		return pidFile{}, err
	}
	p := pidFile{lines: strings.Split(string(text), "\n")}
	if p.pid, err = strconv.Atoi(strings.TrimSpace(p.lines[0])); err != nil {
		return pidFile{}, fmt.Errorf("postmaster.pid does not begin with a number: %w", err)
	}
	if len(p.lines) >= 5 {
		p.socketDir = p.lines[4]
	}
	if len(p.lines) >= 8 {
		p.ready = strings.TrimSpace(p.lines[7]) == "ready"
	}
	return p, nil
}

// noProcess is a number that no process has: it is above every system's limit.
const noProcess = 1<<31 - 2

// disown takes from a left-behind postmaster.pid the number of its process, which
// another program has by now: Postgres would take that program for a server and
// refuse to start. The file is not removed, because Postgres sees by its other lines
// whether processes of the old server still use the data.
func (p pidFile) disown(cluster string) error {
	lines := append([]string{strconv.Itoa(noProcess)}, p.lines[1:]...)
	f, err := os.OpenFile(pidPath(cluster), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(strings.Join(lines, "\n"))
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
