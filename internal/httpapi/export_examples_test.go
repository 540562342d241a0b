package httpapi_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var textRequest = regexp.MustCompile(`^( *)x-request-text: (\S+)$`)

// TestTextExamplesOfTheContract asks for each example that is text and compares
// the whole answer, but for what a YAML document cannot hold: CR and the byte
// order mark.
func TestTextExamplesOfTheContract(t *testing.T) {
	t.Parallel()
	updating.Lock()
	defer updating.Unlock()
	s := serve(t)
	path := filepath.Join("..", "..", "openapi.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	seen := 0
	for at := 0; at < len(lines); at++ {
		m := textRequest.FindStringSubmatch(lines[at])
		if m == nil {
			continue
		}
		seen++
		indent := m[1]
		if lines[at+1] != indent+"value: |" {
			t.Fatalf("behind line %d stands %q, not a block of text", at+1, lines[at+1])
		}
		end := at + 2
		for end < len(lines) && strings.HasPrefix(lines[end], indent+"  ") {
			end++
		}
		body := strings.TrimPrefix(strings.ReplaceAll(string(s.get(t, m[2]).body), "\r\n", "\n"), "\uFEFF")
		var block []string
		for line := range strings.SplitSeq(strings.TrimSuffix(body, "\n"), "\n") {
			block = append(block, indent+"  "+line)
		}
		if *update {
			lines = append(append(append([]string{}, lines[:at+2]...), block...), lines[end:]...)
			continue
		}
		if got, want := strings.Join(block, "\n"), strings.Join(lines[at+2:end], "\n"); got != want {
			t.Errorf("the example of %s is not its answer:\n%s", m[2], body)
		}
	}
	if seen != 4 {
		t.Errorf("%d examples are text", seen)
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
