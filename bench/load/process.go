package load

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU time in /proc: USER_HZ is 100 on every Linux that runs Go.
const tick = 10 * time.Millisecond

// stat is what /proc tells of a process.
type stat struct {
	parent        int
	own, children time.Duration // CPU time: its own, and that of its children that have ended
}

// parseStat reads /proc/PID/stat. The name, in brackets, may hold anything.
func parseStat(text []byte) (stat, error) {
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 15 {
		return stat{}, fmt.Errorf("%q is no line of a process", text)
	}
	var n [5]int
	for i, at := range []int{1, 11, 12, 13, 14} {
		var err error
		if n[i], err = strconv.Atoi(fields[at]); err != nil {
			return stat{}, fmt.Errorf("%q is no line of a process", text)
		}
	}
	return stat{n[0], time.Duration(n[1]+n[2]) * tick, time.Duration(n[3]+n[4]) * tick}, nil
}

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	return parseStat(text)
}

// CPU gives the CPU time of a process so far, with its children that have ended and,
// with family, those that have not. It is 0 where the system does not tell.
func CPU(pid int, family bool) time.Duration {
	for try := 1; ; try++ {
		before, err := readStat(pid)
		if err != nil {
			return 0
		}
		if !family {
			return before.own + before.children
		}
		living := childrenCPU(pid)
		after, err := readStat(pid)
		if err != nil {
			return 0
		}
		// A child that ends in between is counted twice or not at all.
		if after.children == before.children || try == 20 {
			return after.own + after.children + living
		}
	}
}

// childrenCPU gives the CPU time of a process's children that have not ended, or whose
// end it has not taken note of yet.
func childrenCPU(pid int) (sum time.Duration) {
	names, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		if child, err := parseStat(text); err == nil && child.parent == pid {
			sum += child.own + child.children
		}
	}
	return sum
}

// Parent gives the parent of a process, 0 where there is none to be seen.
func Parent(pid int) int {
	s, err := readStat(pid)
	if err != nil {
		return 0
	}
	return s.parent
}

// Memory gives what of a process is resident now, and the most that was since it began
// or since ForgetPeak, in bytes. Both are 0 where the system does not tell.
func Memory(pid int) (now, peak int64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0
	}
	return parseMemory(string(text))
}

func parseMemory(status string) (now, peak int64) {
	for line := range strings.Lines(status) {
		name, value, _ := strings.Cut(line, ":")
		kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			now = kilobytes << 10
		case "VmHWM":
			peak = kilobytes << 10
		}
	}
	return now, peak
}

// ForgetPeak makes the peak of a process what it is now.
func ForgetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}
