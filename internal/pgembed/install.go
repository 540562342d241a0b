package pgembed

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// notFound is the one error for a machine without a Postgres that fits. It gives the
// line to type on this system.
func notFound(need int, h house, seen []string, npmErr error) error {
	why := ""
	if len(seen) > 0 {
		why = " (there is " + strings.Join(seen, ", ") + ")"
	}
	if npmErr != nil && !errors.Is(npmErr, exec.ErrNotFound) {
		why += fmt.Sprintf(" (npm could not give one: %v)", npmErr)
	}
	line := installLine(distribution(), need)
	if os.Geteuid() != 0 && runtime.GOOS != "darwin" {
		line = "sudo " + strings.ReplaceAll(line, "&& ", "&& sudo ")
	}
	const otherwise = "or set PG_BINDIR to the folder of its programs, or DATABASE_URL to the address of a running one"
	if need != 0 {
		return fmt.Errorf("%w: the data in %s are of Postgres %d, which is not found here%s: type `%s`, %s", ErrVersion, h.dir, need, why, line, otherwise)
	}
	return fmt.Errorf("no Postgres (%d or later) is found here%s: type `%s`, %s", oldestMajor, why, line, otherwise)
}

// distribution names the family of this system by what it installs with.
func distribution() string {
	if runtime.GOOS == "darwin" {
		return "brew"
	}
	f, err := os.Open("/etc/os-release")
	if err != nil {
		return ""
	}
	defer f.Close()
	var ids string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		if name == "ID" || name == "ID_LIKE" {
			ids += " " + strings.Trim(value, `"'`)
		}
	}
	for _, family := range []struct{ id, tool string }{
		{"debian", "apt-get"}, {"ubuntu", "apt-get"}, {"alpine", "apk"}, {"rhel", "dnf"}, {"fedora", "dnf"},
		{"centos", "dnf"}, {"suse", "zypper"}, {"arch", "pacman"},
	} {
		if strings.Contains(ids, family.id) {
			return family.tool
		}
	}
	return ""
}

// installLine is what installs Postgres with a tool; need is a version or 0 for any.
func installLine(tool string, need int) string {
	version := func(separator string) string {
		if need == 0 {
			return ""
		}
		return fmt.Sprint(separator, need)
	}
	switch tool {
	case "apt-get":
		return "apt-get update && apt-get install -y postgresql" + version("-")
	case "apk":
		return "apk add postgresql" + fmt.Sprint(cmp.Or(need, 17)) // its packages have a version always
	case "dnf":
		if need == 0 {
			return "dnf install -y postgresql-server"
		}
		return fmt.Sprintf("dnf install -y postgresql%d-server", need)
	case "zypper":
		return "zypper install -y postgresql" + version("") + "-server"
	case "pacman":
		return "pacman -S postgresql"
	case "brew":
		return "brew install postgresql@" + fmt.Sprint(cmp.Or(need, 17))
	}
	return "install the package postgresql" + version(" ")
}
