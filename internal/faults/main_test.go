package faults_test

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/programtest"
)

// patience is how long a test waits for what must happen; it measures nothing.
const patience = 2 * time.Minute

var percent = flag.Int("percent", 0, "how much of the whole run is done; 0: 10, or 100 where TARIKH_SOAK=1")

// soaking says whether the whole is asked for.
func soaking() bool { return os.Getenv("TARIKH_SOAK") == "1" }

// times gives how often a fault is injected that the whole run injects so often.
func times(whole int) int {
	share := *percent
	switch {
	case share > 0:
	case soaking():
		share = 100
	default:
		share = 10
	}
	return max(1, whole*share/100)
}

// seconds gives a duration, which TARIKH_SOAK_SECONDS sets.
func seconds(t *testing.T, inCI, whole time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv("TARIKH_SOAK_SECONDS")
	if text == "" && soaking() {
		return whole
	} else if text == "" {
		return inCI
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("TARIKH_SOAK_SECONDS is %q: it must be a number of seconds", text)
	}
	return time.Duration(n) * time.Second
}

func TestMain(m *testing.M) {
	pgtest.Main(m, programtest.Remove, printFigures)
}

// onItsOwn skips what tells nothing under the race detector, or in a short run.
func onItsOwn(t *testing.T) {
	t.Helper()
	if underRace {
		t.Skip("the program is a process of its own, of which the race detector sees nothing")
	}
	if testing.Short() {
		t.Skip("faults take their time")
	}
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("NOT CHECKED: what processes do is read in /proc, which this system lacks")
	}
}

// figures are what a test found, for docs/reliability.md.
type figures struct {
	fault                                    string
	injected                                 int
	requests, acknowledged, refused, unknown int
	recoveries                               []time.Duration
}

var (
	figuresMu  sync.Mutex
	allFigures []figures
)

func (f figures) row() string {
	recovery := "–"
	if len(f.recoveries) > 0 {
		var sum, most time.Duration
		for _, r := range f.recoveries {
			sum += r
			most = max(most, r)
		}
		recovery = fmt.Sprintf("%.1f s, %.1f s", (sum / time.Duration(len(f.recoveries))).Seconds(), most.Seconds())
	}
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %s |", f.fault, f.injected, f.requests, f.acknowledged, f.refused, f.unknown, recovery)
}

const figuresHead = `| fault | injected | requests | acknowledged writes | refused | outcome unknown | time to recovery (mean, longest) |
|---|---|---|---|---|---|---|`

func record(t *testing.T, f figures) {
	t.Helper()
	t.Log(f.row())
	figuresMu.Lock()
	defer figuresMu.Unlock()
	allFigures = append(allFigures, f)
}

// printFigures prints the table of docs/reliability.md.
func printFigures() {
	if !testing.Verbose() || len(allFigures) == 0 {
		return
	}
	var b strings.Builder
	b.WriteString(figuresHead + "\n")
	for _, f := range allFigures {
		b.WriteString(f.row() + "\n")
	}
	fmt.Print("\n" + b.String() + "\n")
}
