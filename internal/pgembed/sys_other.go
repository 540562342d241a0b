//go:build !unix || solaris || illumos || aix

package pgembed

import (
	"errors"
	"os"
	"syscall"
)

// supported is false where there is no flock, on which the whole package stands.
// Start says so; nothing below is reached.
const supported = false

var errUnsupported = errors.New("not to be had on this system")

const (
	lockShared = 1 << iota
	lockExclusive
	lockNoWait
)

const (
	signalKill       = syscall.SIGKILL
	signalFastStop   = syscall.SIGINT
	signalAtOnceStop = syscall.SIGQUIT
	signalTerminate  = syscall.SIGTERM
	signalHangUp     = syscall.SIGHUP
	signalPipe       = syscall.SIGPIPE
)

func flock(*os.File, int) error                               { return errUnsupported }
func ownerOf(string) (uid, gid int, ok bool)                  { return 0, 0, false }
func attributes(account, syscall.Signal) *syscall.SysProcAttr { return nil }
func inherited(fd uintptr, name string) *os.File              { return os.NewFile(fd, name) }
func alive(int) bool                                          { return false }
func signalProcess(int, syscall.Signal)                       {}
func selfPath() (string, error)                               { return os.Executable() }
func nameProcess(string)                                      {}
func passFolder(int) (string, bool)                           { return "", false }
func servesFolder(int, string) bool                           { return false }
func serversOf(string) []int                                  { return nil }
