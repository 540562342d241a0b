package reference

import (
	"flag"
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

var randomQueries = flag.Int("queries", 0, "random queries that are held against the reference, where a test asks them; 0: some thousand, or 500,000 where TARIKH_SOAK=1")

// Ask asks the random questions from 1 on, in four goroutines, until one of them has
// failed the test: so many as the flag -queries says, else 500,000 where TARIKH_SOAK=1,
// else fewer. It gives how many.
func Ask(t *testing.T, fewer int, ask func(n int)) int {
	t.Helper()
	queries := *randomQueries
	switch {
	case queries > 0:
	case os.Getenv("TARIKH_SOAK") == "1":
		queries = 500_000
	default:
		queries = fewer
	}
	var asked atomic.Int64
	var askers sync.WaitGroup
	for range 4 {
		askers.Go(func() {
			for !t.Failed() {
				n := asked.Add(1)
				if n > int64(queries) {
					return
				}
				ask(int(n))
			}
		})
	}
	askers.Wait()
	return queries
}
