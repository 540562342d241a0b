package postgres_test

import (
	"fmt"
	"os"

	"go.uber.org/goleak"
)

// noLeaks fails when a test has left a goroutine behind. What waits for the shared
// server's guard lives as long as the process; golang-migrate leaves the reader of the
// file behind the one that failed, after which a program ends.
func noLeaks() {
	if err := goleak.Find(goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"), goleak.IgnoreAnyFunction("github.com/golang-migrate/migrate/v4.(*Migration).Buffer")); err != nil {
		fmt.Fprintln(os.Stderr, "goroutines are left behind:", err)
		os.Exit(1)
	}
}
