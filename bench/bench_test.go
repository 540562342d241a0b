package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/tarikh-timeline/tarikh/bench/synthetic"
)

// builtBench is the command, to be run at the project's root with temporary folders of
// its own, of which nothing may be left.
func builtBench(t *testing.T, args ...string) (command *exec.Cmd, out, temporary string) {
	t.Helper()
	for _, name := range []string{"wrk", "pgbench"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("NOT TESTED: %s is absent (apt-get install wrk postgresql)", name)
		}
	}
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("NOT TESTED: this system has no /proc")
	}
	program := filepath.Join(t.TempDir(), "bench")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	temporary, err := os.MkdirTemp("", "bench-test-") // not that of the test, which Postgres' account cannot enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(temporary) })
	if err := os.Chmod(temporary, 0o755); err != nil {
		t.Fatal(err)
	}
	out = t.TempDir()
	command = exec.Command(program, append(args, "-events", "2000", "-rounds", "1", "-out", filepath.Join(out, "RESULTS.md"))...)
	command.Dir = ".."
	command.Env = append(os.Environ(), "TMPDIR="+temporary)
	return command, out, temporary
}

func nothingIsLeft(t *testing.T, temporary string) {
	t.Helper()
	left, err := os.ReadDir(temporary)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		if strings.HasPrefix(entry.Name(), "go-build") {
			continue // of a compiler that was interrupted
		}
		t.Errorf("%s is left", entry.Name())
	}
}

// Everything is measured, on few events and too short for figures. Two halves run at
// once, since each has to wait for its loads.
func TestTheWholeCommand(t *testing.T) {
	t.Parallel()
	halves := [][]string{{"hot", "filters", "start", "import"}, {"cold", "charts", "memory", "export", "small", "slow"}}
	if all := slices.Concat(halves...); len(all) != len(parts) {
		t.Errorf("%d of %d parts are tried: %v", len(all), len(parts), all)
	}
	for _, names := range halves {
		t.Run(names[0], func(t *testing.T) {
			t.Parallel()
			command, out, temporary := builtBench(t, "-seconds", "1", "-rivals", "gin", "-only", strings.Join(names, ","))
			if told, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, told)
			}
			nothingIsLeft(t, temporary)
			r, err := readResults(filepath.Join(out, "results.json"))
			if err != nil {
				t.Fatal(err)
			}
			found := r.of(2000).Parts
			if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, slices.Sorted(slices.Values(names))) {
				t.Errorf("the results have %v", got)
			}
			page, err := os.ReadFile(filepath.Join(out, "RESULTS.md"))
			if err != nil {
				t.Fatal(err)
			}
			for name, p := range found {
				if p.Failed != "" || len(p.Tables)+len(p.Notes) == 0 {
					t.Errorf("%s: %+v", name, p)
				}
				if len(p.Goals) == 0 && name != "slow" && name != "small" { // no rival is there
					t.Errorf("%s: no goal was looked at", name)
				}
				for _, g := range p.Goals {
					if !bytes.Contains(page, []byte("| "+g.Axis+" | "+g.Goal+" |")) {
						t.Errorf("the page lacks the goal %q", g.Goal)
					}
				}
				for _, table := range p.Tables {
					for _, row := range table.Rows {
						if slices.Contains(row, "–") && !strings.Contains(row[0], "SQL") && !strings.Contains(row[0], "pgbench") {
							t.Errorf("%s: not all was measured: %v", name, row)
						}
					}
				}
			}
		})
	}
}

func TestItEndsWithCtrlC(t *testing.T) {
	t.Parallel()
	command, out, temporary := builtBench(t, "-seconds", "30", "-rivals", "-", "-only", "hot")
	told, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for lines := bufio.NewScanner(told); lines.Scan(); {
		all.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "every target is warmed up") {
			if err := command.Process.Signal(syscall.SIGINT); err != nil {
				t.Error(err)
			}
		}
	}
	if err := command.Wait(); err == nil || !strings.Contains(all.String(), "bench: interrupted") {
		t.Errorf("%v after\n%s", err, all.String())
	}
	nothingIsLeft(t, temporary)
	if files, err := os.ReadDir(out); err != nil || len(files) > 0 {
		t.Errorf("what was not measured to its end is kept: %v, %v", files, err)
	}
}

func TestWrongOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"a part that is none":  {[]string{"-only", "hot,warm"}, `there is no part "warm"`},
		"a rival that is none": {[]string{"-rivals", "nginx"}, `there is no rival "nginx"`},
		"too few events":       {[]string{"-events", "10"}, "-events must be at least 1000"},
		"an argument":          {[]string{"hot"}, `"hot" is no flag`},
	} {
		if _, err := readOptions(c.args); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o, err := readOptions([]string{"-only", "hot,cold", "-events", "5000", "-out", "x/y.md"})
	if err != nil || o.typed != "go run ./bench -events 5000 -only hot,cold" || !o.asked(parts[0]) || o.asked(parts[2]) {
		t.Errorf("%+v, %v", o, err)
	}
	many, err := readOptions([]string{"-events", "10000000"})
	for _, p := range parts {
		if err != nil || many.asked(p) == slices.Contains([]string{"import", "export", "small"}, p.name) {
			t.Errorf("with ten million events %s is asked for: %t", p.name, many.asked(p))
		}
	}
}

// The page that is kept is that of the figures and words that are kept.
func TestThePageIsOfTheResults(t *testing.T) {
	t.Parallel()
	r, err := readResults("results.json")
	if err != nil {
		t.Fatal(err)
	}
	notes, err := readNotes("notes.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range notes {
		if name != "first" && name != "last" && !slices.ContainsFunc(parts, func(k kind) bool { return k.name == name }) {
			t.Errorf("notes.md has a chapter %q, which is no part", name)
		}
	}
	page, err := os.ReadFile("RESULTS.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := r.page(notes); string(page) != want {
		t.Errorf("RESULTS.md is not what results.json and notes.md give: type go run ./bench -page")
	}
}

func TestGoalsOfTwoSizes(t *testing.T) {
	t.Parallel()
	at := func(events int, value float64) *run {
		return &run{Events: events, Parts: map[string]*part{"charts": {Goals: []goal{
			{Axis: "a", Goal: "ratio", Value: value, AtLeast: 0.9},
			{Axis: "a", Goal: "small", Value: value, AtMost: 2, Upto: 1_000_000},
			{Axis: "a", Goal: "same", Value: value, Unit: " ms", AtMost: 1.3, Same: true},
		}}, "hot": {Failed: "no luck"}}}
	}
	r := &results{Runs: map[string]*run{"1000000": at(1_000_000, 1), "10000000": at(10_000_000, 1.5)}}
	page := r.page(map[string]string{"hot": "What stands between.", "last": "The end."})
	for _, want := range []string{
		"| axis | goal | 1,000,000 events | | 10,000,000 events | |\n",
		"| a | ratio | 1.00 | met | 1.50 | met |\n",
		"| a | small | 1.00 | met | 1.50 | – |\n",
		"| a | same | 1.00 ms | – | 1.50 ms, 1.50 times | **not met** |\n",
		"Of 1,000,000 events the part `hot` failed: no luck\n",
		"\nWhat stands between.\n", "\n**Failed**: no luck\n", "\nThe end.\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

func TestResultsAreMerged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, page := filepath.Join(dir, "results.json"), filepath.Join(dir, "RESULTS.md")
	for _, events := range []int{1000, 2000, 1000} {
		r, err := readResults(file)
		if err != nil {
			t.Fatal(err)
		}
		name := []string{"hot", "cold"}[len(r.Runs)/2]
		r.of(events).Parts[name] = &part{Date: "2026-01-01", Tables: []table{{Columns: []string{"a"}, Rows: [][]string{{"b"}}}}}
		if err := r.write(file, page, filepath.Join(dir, "notes.md")); err != nil {
			t.Fatal(err)
		}
	}
	r, err := readResults(file)
	if err != nil || len(r.Runs) != 2 || len(r.of(1000).Parts) != 2 || len(r.of(2000).Parts) != 1 {
		text, _ := json.Marshal(r)
		t.Errorf("%s, %v", text, err)
	}
}

func TestTheLogOfPostgresIsRead(t *testing.T) {
	t.Parallel()
	const log = `2026-11-25 00:00:00.121 UTC [77] capture LOG:  duration: 0.1 ms  execute <unnamed>: SELECT set_config('jit', 'off', false),
			set_config('plan_cache_mode', 'force_generic_plan', false)
2026-11-25 00:00:00.122 UTC [77] capture LOG:  duration: 0.1 ms  execute <unnamed>: SELECT set_config('plan_cache_mode', 'auto', true)
2026-11-25 00:00:00.123 UTC [77] capture LOG:  duration: 0.512 ms  execute stmtcache_1: SELECT revision, at FROM revision
2026-11-25 00:00:00.124 UTC [77] capture LOG:  duration: 1.512 ms  execute stmtcache_2: SELECT k.id
	FROM event_key k WHERE k.term = $1 AND k.sort_day <= DATE '1970-01-01' + $2::int
	LIMIT $3
2026-11-25 00:00:00.124 UTC [77] capture DETAIL:  parameters: $1 = '42', $2 = '9000', $3 = 'it''s'
2026-11-25 00:00:00.125 UTC [78] cold LOG:  duration: 61.5 ms  plan:
	Query Text: SELECT 1
	  FROM event
	Seq Scan on event  (cost=0.00..1.00 rows=1 width=4)
2026-11-25 00:00:00.126 UTC [78] cold LOG:  duration: 99.25 ms  plan:
	Query Text: SELECT 1 FROM event
	Seq Scan on event  (cost=0.00..1.00 rows=1 width=4)
2026-11-25 00:00:00.126 UTC [78] [unknown] LOG:  connection received
`
	records := parseLog(log)
	text, arguments := longest(records)
	if want := "SELECT k.id\nFROM event_key k WHERE k.term = $1 AND k.sort_day <= DATE '1970-01-01' + $2::int\nLIMIT $3"; text != want || !slices.Equal(arguments, []string{"'42'", "'9000'", "'it''s'"}) {
		t.Errorf("%q, %q", text, arguments)
	}
	if got := settingsOf(records); !slices.Equal(got, []string{"jit=off", "plan_cache_mode=force_generic_plan"}) {
		t.Errorf("%q", got)
	}
	if got, want := slowStatements(records), []slowStatement{{"cold", "SELECT 1 FROM event", 2, 99.25}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestParametersAreExplained(t *testing.T) {
	t.Parallel()
	terms := make([]int64, synthetic.Countries)
	for i := range terms {
		terms[i] = int64(1000 - i)
	}
	questions := synthetic.NewAsker(1).Ask(6)
	var samples []sampled
	for _, q := range questions {
		quoted := func(n int64) string { return "'" + figureless(n) + "'" }
		samples = append(samples, sampled{q, []string{"'51'", quoted(terms[q.Rank]), quoted(daysOf(q.To)), quoted(daysOf(q.From) - 366), "NULL"}})
	}
	got, err := explain(samples, terms)
	want := []parameter{{"constant", "'51'", 0}, {"term", "", 0}, {"to", "", 0}, {"from", "", -366}, {"constant", "NULL", 0}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	samples[3].arguments[1] = "'7'"
	if _, err := explain(samples, terms); err == nil {
		t.Error("a parameter of unknown meaning is passed over")
	}
	c := &captured{text: "SELECT id::text FROM k WHERE term = $2 AND day <= $3::int LIMIT $1;", parameters: want[:3], terms: terms[:3], settings: []string{"jit=off", "plan_cache_mode=force_generic_plan"}}
	if want := " -c jit=off -c plan_cache_mode=force_generic_plan"; c.options() != want {
		t.Errorf("pgbench gets %q", c.options())
	}
	script := c.script()
	for _, part := range []string{
		"\\set term case when :rank < 2 then 1000 else case when :rank < 3 then 999 else 998 end end\n",
		"\\set p1 51\n", "\\set p2 :term + (0)\n", "\\set p3 :to + (0)\n",
		"SELECT id::text FROM k WHERE term = :p2 AND day <= :p3::int LIMIT :p1;\n",
	} {
		if !strings.Contains(script, part) {
			t.Errorf("the script lacks %q:\n%s", part, script)
		}
	}
}

func figureless(n int64) string {
	text, _ := json.Marshal(n)
	return string(text)
}
