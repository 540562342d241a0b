//go:build unix && !solaris && !illumos && !aix

package pgembed

import (
	"errors"
	"os"
	"syscall"
)

// supported says whether this system has what the package is made of.
const supported = true

const (
	lockShared    = syscall.LOCK_SH
	lockExclusive = syscall.LOCK_EX
	lockNoWait    = syscall.LOCK_NB

	signalKill       = syscall.SIGKILL
	signalFastStop   = syscall.SIGINT  // clients are cut off, everything is written
	signalAtOnceStop = syscall.SIGQUIT // the next start recovers from the log
	signalTerminate  = syscall.SIGTERM
	signalHangUp     = syscall.SIGHUP
	signalPipe       = syscall.SIGPIPE
)

func flock(f *os.File, how int) error {
	for {
		switch err := syscall.Flock(int(f.Fd()), how); {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return errLocked
		default:
			return err
		}
	}
}

// ownerOf gives the owner of a file.
func ownerOf(path string) (uid, gid int, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(stat.Uid), int(stat.Gid), true
}

// attributes are those of a process in a session of its own, which the terminal's
// signals do not reach, in the account a.
func attributes(a account, whenParentDies syscall.Signal) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if a.other {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	if whenParentDies != 0 {
		setDeathSignal(attr, whenParentDies)
	}
	return attr
}

// inherited keeps a file that was passed to this process from being passed on.
func inherited(fd uintptr, name string) *os.File {
	syscall.CloseOnExec(int(fd))
	return os.NewFile(fd, name)
}

// alive says whether a process has this number.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

func signalProcess(pid int, s syscall.Signal) { _ = syscall.Kill(pid, s) }
