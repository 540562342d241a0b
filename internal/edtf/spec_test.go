package edtf_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// sharedRows reads a table of ../shared/data beside the project, the header left
// out. Where it is absent the test is skipped, and says what was not checked.
func sharedRows(t testing.TB, path ...string) [][]string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	name := filepath.Join(append([]string{dir, "..", "shared", "data"}, path...)...)
	f, err := os.Open(name)
	if os.IsNotExist(err) {
		t.Skipf("NOT CHECKED: %s is absent", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows [][]string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		rows = append(rows, strings.Split(lines.Text(), "\t"))
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func TestLibraryExamples(t *testing.T) {
	t.Parallel()
	rows := sharedRows(t, "edtf", "loc-spec.tsv")
	if len(rows) != 63 {
		t.Fatalf("%d examples, want 63", len(rows))
	}
	for _, row := range rows {
		t.Run(row[0], func(t *testing.T) {
			t.Parallel()
			d, err := edtf.Parse(row[0])
			if strings.ContainsAny(row[0], "YES") {
				if err == nil || !strings.Contains(err.Error(), "write ") {
					t.Fatalf("outside the profile: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want, _ := strconv.Atoi(row[2]); d.Level != want {
				t.Errorf("level %d, want %d", d.Level, want)
			}
			if row[3] != "" && (d.StartEarliest.String() != row[3] || d.EndLatest.String() != row[4]) {
				t.Errorf("%v to %v, want %s to %s", d.StartEarliest, d.EndLatest, row[3], row[4])
			}
		})
	}
}

func TestWorkedCases(t *testing.T) {
	t.Parallel()
	rows := sharedRows(t, "edtf", "overlap-truth-table.tsv")
	for _, row := range rows {
		t.Run(row[0]+" "+row[1], func(t *testing.T) {
			t.Parallel()
			d, err := edtf.Parse(row[1])
			if err != nil {
				t.Fatal(err)
			}
			from, err := edtf.ParseFrom(row[2])
			if err != nil {
				t.Fatal(err)
			}
			to, err := edtf.ParseTo(row[3])
			if err != nil {
				t.Fatal(err)
			}
			w := edtf.Window{From: edtf.At(from), To: edtf.At(to)}
			if got := d.Match(w, edtf.ModePossible); got != (row[4] == "yes") {
				t.Errorf("possible: %v, want %s", got, row[4])
			}
			if got := d.Match(w, edtf.ModeCertain); got != (row[5] == "yes") {
				t.Errorf("certain: %v, want %s", got, row[5])
			}
			for i, b := range []edtf.Bound{d.StartEarliest, d.StartLatest, d.EndEarliest, d.EndLatest} {
				want := row[6+i]
				if strings.HasSuffix(want, "inf") {
					want = ""
				}
				if b.String() != want {
					t.Errorf("day %d: %q, want %q", i, b, want)
				}
			}
		})
	}
}

func TestDerivedEvents(t *testing.T) {
	t.Parallel()
	refused := 0
	seen := map[string]bool{}
	for _, row := range sharedRows(t, "derived", "events_edtf.tsv") {
		expr := row[5]
		if seen[expr] || expr == "" {
			continue
		}
		seen[expr] = true
		d, err := edtf.Parse(expr)
		if err != nil {
			refused++
			if !strings.Contains(err.Error(), "outside -4712 to 9999") {
				t.Errorf("%s: %v", expr, err)
			}
			continue
		}
		for i, b := range []edtf.Bound{d.StartEarliest, d.StartLatest, d.EndEarliest, d.EndLatest} {
			want := row[6+i]
			if strings.HasSuffix(want, "inf") {
				want = ""
			}
			if b.String() != want {
				t.Errorf("%s day %d: %q, want %q", expr, i, b, want)
			}
		}
	}
	if refused != 2 {
		t.Errorf("%d refused, want the two before -4712", refused)
	}
}

func BenchmarkParse(b *testing.B) {
	seen := map[string]bool{}
	var exprs []string
	for _, row := range sharedRows(b, "derived", "events_edtf.tsv") {
		if !seen[row[5]] {
			seen[row[5]] = true
			if _, err := edtf.Parse(row[5]); err == nil {
				exprs = append(exprs, row[5])
			}
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := edtf.Parse(exprs[i%len(exprs)]); err != nil {
			b.Fatal(err)
		}
	}
}
