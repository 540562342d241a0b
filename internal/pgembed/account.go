package pgembed

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// account is whom the server runs as. Postgres refuses to run as root.
type account struct {
	uid, gid int
	name     string
	other    bool // not the account of this process, which is root
}

// serverAccount is this process's account, or for root the owner of the data, or
// else the account that a packaged Postgres has, or else nobody's.
func serverAccount(cluster string) (account, error) {
	me := os.Geteuid()
	owner, group, exists := ownerOf(cluster)
	if me != 0 {
		if exists && owner != me {
			return account{}, fmt.Errorf("the data in %s belong to the user %s: start the program as that user, or set TARIKH_DATA_DIR to another folder", cluster, nameOf(owner))
		}
		return account{uid: me, gid: os.Getegid(), name: nameOf(me)}, nil
	}
	if exists {
		if owner == 0 {
			return account{}, fmt.Errorf("the data in %s belong to root, as whom Postgres does not run: type chown -R postgres %s (or nobody, where there is no postgres)", cluster, cluster)
		}
		return account{uid: owner, gid: group, name: nameOf(owner), other: true}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return account{uid: uid, gid: gid, name: name, other: true}, nil
		}
	}
	return account{}, errors.New("this is root, as whom Postgres does not run, and there is neither a user postgres nor nobody: make one, or start the program as another user")
}

func nameOf(uid int) string {
	id := strconv.Itoa(uid)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}

// own gives a file to the account.
func (a account) own(path string) error {
	if !a.other {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// reaches says whether the account can walk down to path, by the mode bits of the
// folders above it.
func (a account) reaches(path string) bool {
	if !a.other {
		return true
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		resolved, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return false
		}
		if resolved != dir {
			return a.reaches(filepath.Join(resolved, "x"))
		}
		info, err := os.Stat(dir)
		uid, gid, ok := ownerOf(dir)
		if err != nil || !ok {
			return false
		}
		bit := os.FileMode(0o001)
		switch {
		case uid == a.uid:
			bit = 0o100
		case gid == a.gid:
			bit = 0o010
		}
		if info.Mode().Perm()&bit == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}
