package tarikh_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// declaredTests gives the folder of each test and fuzz target of the project, by name.
func declaredTests(t *testing.T) map[string]string {
	t.Helper()
	folders := map[string]string{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".") && path != ".") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if f, is := d.(*ast.FuncDecl); is && f.Recv == nil && (strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz")) {
				folders[f.Name.Name] = filepath.Dir(path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return folders
}

// namedTests gives the tests that a document names, which must be so many at least, and
// all exist.
func namedTests(t *testing.T, document string, atLeast int, declared map[string]string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, match := range regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w*)`").FindAllStringSubmatch(string(text), -1) {
		named[match[1]] = true
		if _, there := declared[match[1]]; !there {
			t.Errorf("%s names %s, which does not exist", document, match[1])
		}
	}
	if len(named) < atLeast {
		t.Errorf("%s names only %d tests", document, len(named))
	}
	return named
}

// TestSecurityDocument: every test that SECURITY.md names exists.
func TestSecurityDocument(t *testing.T) {
	t.Parallel()
	namedTests(t, "SECURITY.md", 50, declaredTests(t))
}

// TestThePromisesHaveTheirTests: every test that docs/reliability.md names exists, and
// every test of faults and every fuzz target is there.
func TestThePromisesHaveTheirTests(t *testing.T) {
	t.Parallel()
	declared := declaredTests(t)
	named := namedTests(t, "docs/reliability.md", 30, declared)
	for name, folder := range declared {
		switch {
		case name == "TestMain", name == "TestSamplesAreCanonical": // of the tests themselves
		case named[name]:
		case folder == "internal/faults", strings.HasPrefix(name, "Fuzz"):
			t.Errorf("%s is not in docs/reliability.md", name)
		}
	}
}
