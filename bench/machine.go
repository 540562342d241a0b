package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// machine is what figures depend on.
type machine struct {
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	MemoryGB int    `json:"memory_gb"`
	Kernel   string `json:"kernel"`
	Go       string `json:"go"`
	Postgres string `json:"postgres"`
	Node     string `json:"node"`
	Commit   string `json:"commit"`
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %d GB of memory, %s; %s, Postgres %s, Node %s", m.CPU, m.Cores, m.MemoryGB, m.Kernel, m.Go, m.Postgres, m.Node)
}

// thisMachine tells what can be found out; what cannot is "unknown" or "absent".
func thisMachine(ctx context.Context, postgres string) machine {
	m := machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), Kernel: runtime.GOOS, Go: runtime.Version(), Postgres: postgres, Node: "absent", Commit: "unknown"}
	field := func(file, name string) string {
		text, _ := os.ReadFile(file)
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
				return strings.TrimSpace(value)
			}
		}
		return ""
	}
	if name := field("/proc/cpuinfo", "model name"); name != "" {
		m.CPU = name
	}
	var kilobytes int
	if _, err := fmt.Sscan(field("/proc/meminfo", "MemTotal"), &kilobytes); err == nil {
		m.MemoryGB = (kilobytes + 1<<19) >> 20
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = "Linux " + strings.TrimSpace(string(release))
	}
	said := func(name string, args ...string) (string, bool) {
		out, err := exec.CommandContext(ctx, name, args...).Output()
		return strings.TrimSpace(string(out)), err == nil
	}
	if version, ok := said("node", "--version"); ok {
		m.Node = strings.TrimPrefix(version, "v")
	}
	if commit, ok := said("git", "rev-parse", "--short", "HEAD"); ok {
		m.Commit = commit
		if changed, ok := said("git", "status", "--porcelain", "--untracked-files=no"); ok && changed != "" {
			m.Commit += " with changes"
		}
	}
	return m
}
