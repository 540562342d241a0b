package faults_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestThePromisesHaveTheirTests: every test that docs/reliability.md names exists, and
// so does every test of this folder there.
func TestThePromisesHaveTheirTests(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9_]+)\(`)
	here := map[string]bool{}
	err = filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git" || entry.Name() == ".cache") {
			if err == nil {
				err = filepath.SkipDir
			}
			return err
		}
		if entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		for _, match := range function.FindAllSubmatch(source, -1) {
			declared[string(match[1])] = true
			if filepath.Dir(path) == "../../internal/faults" {
				here[string(match[1])] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, match := range regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`").FindAllStringSubmatch(string(text), -1) {
		named[match[1]] = true
		if !declared[match[1]] {
			t.Errorf("docs/reliability.md names %s, which does not exist", match[1])
		}
	}
	if len(named) < 30 {
		t.Errorf("only %d tests are named", len(named))
	}
	for name := range here {
		switch name {
		case "TestMain", "TestSamplesAreCanonical", "TestThePromisesHaveTheirTests": // of the tests themselves
		default:
			if !named[name] {
				t.Errorf("%s is not in docs/reliability.md", name)
			}
		}
	}
	for name := range declared {
		if strings.HasPrefix(name, "Fuzz") && !named[name] {
			t.Errorf("%s is not in docs/reliability.md", name)
		}
	}
}
