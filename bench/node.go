package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// The Node that rivals run on where the machine's is older: PostGraphile needs 22, and
// an older one would be no fair comparison. It comes from npm, into the user's cache.
const (
	nodeMajor   = 22
	nodePackage = "22.21.1"
)

// cacheFolder is where what npm brings stays for the next run.
func cacheFolder() (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "tarikh-bench"), err
}

// node finds a Node that is recent enough, once.
func (b *bench) node(ctx context.Context) (string, error) {
	if b.nodeProgram != "" {
		return b.nodeProgram, nil
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return "", fmt.Errorf("npm is absent: apt-get install nodejs npm")
	}
	folder, err := cacheFolder()
	if err != nil {
		return "", err
	}
	folder = filepath.Join(folder, "node-"+nodePackage)
	name := "node-linux-" + map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	brought := filepath.Join(folder, "node_modules", name, "bin", "node")
	for _, program := range []string{"node", brought} {
		if b.recentNode(ctx, program) {
			return b.nodeProgram, nil
		}
	}
	b.say("npm install %s@%s", name, nodePackage)
	limited, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(limited, "npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, name+"@"+nodePackage).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("the machine's Node is older than %d, and npm brings none: %w: %.300s", nodeMajor, err, out)
	}
	if !b.recentNode(ctx, brought) {
		return "", fmt.Errorf("the machine's Node is older than %d, and the one that npm brought does not run", nodeMajor)
	}
	return b.nodeProgram, nil
}

// recentNode tries a Node, and keeps it where it is recent enough.
func (b *bench) recentNode(ctx context.Context, program string) bool {
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	version := strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
	var major int
	if _, scan := fmt.Sscanf(version, "%d.", &major); err != nil || scan != nil || major < nodeMajor {
		return false
	}
	b.nodeProgram, b.machine.Node = program, version
	return true
}
