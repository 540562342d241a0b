package httpapi_test

import (
	"fmt"
	"os"

	"go.uber.org/goleak"
)

// noLeaks fails when a test has left a goroutine behind. What waits for the shared
// server's guard lives as long as the process.
func noLeaks() {
	if err := goleak.Find(goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait")); err != nil {
		fmt.Fprintln(os.Stderr, "goroutines are left behind:", err)
		os.Exit(1)
	}
}
