package tarikh_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tarikh-timeline/tarikh"

// mayImport says which of the project's packages each package may import (tests
// aside), and which libraries are kept out. What is not listed may import no
// package of the project.
var mayImport = map[string][]string{
	"":                   {},
	"api":                {"*"},
	"migrations":         {},
	"internal/fold":      {},
	"internal/edtf":      {},
	"internal/country":   {"internal/fold"},
	"internal/timeline":  {"internal/edtf", "internal/country", "internal/fold"},
	"internal/eventjson": {"internal/edtf", "internal/country", "internal/timeline"},
	"internal/render":    {"internal/edtf", "internal/country", "internal/timeline", "internal/eventjson"},
	"internal/ingest":    {"internal/edtf", "internal/country", "internal/fold", "internal/timeline", "internal/eventjson"},
	"internal/seed":      {"internal/timeline", "internal/eventjson"},
	"internal/columns":   {"internal/edtf", "internal/country", "internal/timeline"},
	"internal/postgres":  {"internal/columns", "internal/edtf", "internal/timeline", "migrations"},
	"internal/httpapi": {
		"", "internal/edtf", "internal/country", "internal/fold", "internal/timeline", "internal/eventjson", "internal/render", "internal/explorer", "internal/telemetry",
	},
	"internal/pgembed":      {},
	"internal/explorer":     {},
	"internal/telemetry":    {},
	"internal/pgtest":       {"internal/pgembed", "migrations"},
	"internal/reference":    {"internal/edtf", "internal/country", "internal/fold", "internal/timeline"},
	"internal/contracttest": {""},
	"internal/badrequests":  {},
	"internal/programtest":  {},
	"internal/faults":       {},
	"bench":                 {"*"},
}

// keptOut says which libraries a package must not know.
var keptOut = map[string][]string{
	"internal/edtf":      {"."}, // nothing beyond the standard library
	"internal/timeline":  {"."},
	"internal/eventjson": {"gin-gonic/gin", "jackc/pgx"},
	"internal/columns":   {"gin-gonic/gin", "jackc/pgx"},
	"internal/render":    {"gin-gonic/gin", "jackc/pgx"},
	"internal/ingest":    {"gin-gonic/gin", "jackc/pgx"},
	"internal/httpapi":   {"jackc/pgx", "golang-migrate/migrate"},
	"internal/postgres":  {"gin-gonic/gin", "prometheus/client_golang"},
	"internal/telemetry": {"gin-gonic/gin", "jackc/pgx"},
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

// TestWhoImportsWhom keeps the table of the README's chapter on the layout.
func TestWhoImportsWhom(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for {
		var p goPackage
		if err := packages.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen++
		checkImports(t, p)
	}
	if seen < 10 {
		t.Errorf("only %d packages were looked at", seen)
	}
}

func checkImports(t *testing.T, p goPackage) {
	t.Helper()
	name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
	if strings.HasPrefix(name, "bench/") { // one benchmark each
		name = "bench"
	}
	allowed, known := mayImport[name]
	if !known {
		t.Errorf("%s is not in the table of this test: say what it may import", name)
		return
	}
	for _, path := range p.Imports {
		if inner, ours := strings.CutPrefix(path, module); ours {
			inner = strings.TrimPrefix(inner, "/")
			if !slices.Contains(allowed, inner) && !slices.Contains(allowed, "*") {
				t.Errorf("%s imports %s, which it must not know", name, inner)
			}
			continue
		}
		for _, library := range keptOut[name] {
			host, _, _ := strings.Cut(path, "/")
			if library == "." && strings.Contains(host, ".") || library != "." && strings.Contains(path, library) {
				t.Errorf("%s imports %s, which it must not know", name, path)
			}
		}
	}
}
