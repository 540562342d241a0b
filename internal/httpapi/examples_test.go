package httpapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
)

var update = flag.Bool("update", false, "write the examples of openapi.yaml and README.md anew")

// updating: two tests write openapi.yaml anew, and neither must undo the other.
var updating sync.Mutex

var (
	exampleRequest = regexp.MustCompile(`^( *)x-request: (\S+)$`)
	readmeRequest  = regexp.MustCompile(`^\$ curl '?http://127\.0\.0\.1:8080([^' ]+)'?$`)
)

// TestExamplesOfTheContract asks for each example of openapi.yaml that tells its
// request, on the data set that ships, and compares the whole answer.
func TestExamplesOfTheContract(t *testing.T) {
	t.Parallel()
	examples(t, "openapi.yaml", exampleRequest, 2, func(lines []string, at int, indent string) (from, to int) {
		for to = at + 2; to < len(lines) && strings.HasPrefix(lines[to], indent+" "); to++ {
		}
		return at + 1, to
	}, func(block []string, indent string) any {
		var v struct{ Value any }
		if err := yaml.Unmarshal([]byte(strings.Join(block, "\n")), &v); err != nil {
			t.Fatal(err)
		}
		return v.Value
	}, func(body []byte, indent string) []string {
		lines := strings.Split(indent+"value: "+pretty(t, body, indent), "\n")
		// In YAML the closing bracket, too, must stand deeper than its key: strict parsers refuse it elsewhere.
		lines[len(lines)-1] = "  " + lines[len(lines)-1]
		return lines
	})
}

// TestExamplesOfTheReadme does the same for every curl of README.md that shows an answer.
func TestExamplesOfTheReadme(t *testing.T) {
	t.Parallel()
	examples(t, "README.md", readmeRequest, 1, func(lines []string, at int, _ string) (from, to int) {
		for to = at + 1; to < len(lines) && !strings.HasPrefix(lines[to], "```"); to++ {
		}
		return at + 1, to
	}, func(block []string, _ string) any {
		var v any
		if err := json.Unmarshal([]byte(strings.Join(block, "\n")), &v); err != nil {
			t.Fatalf("%v in %s", err, strings.Join(block, "\n"))
		}
		return v
	}, func(body []byte, _ string) []string { return strings.Split(pretty(t, body, ""), "\n") })
}

// TestRequestsOfTheReadme asks for everything that README.md writes as a path alone:
// what a stranger types from it must be there.
func TestRequestsOfTheReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t)
	seen := 0
	for _, m := range regexp.MustCompile("`(/(?:v1/|openapi)[^`{…]*)`|-OJ '?http://127\\.0\\.0\\.1:8080([^' ]+)").FindAllStringSubmatch(string(text), -1) {
		seen++
		if a := s.get(t, m[1]+m[2]); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", m[0], a.status, a.body)
		}
	}
	if seen < 12 {
		t.Errorf("%d requests were found", seen)
	}
}

// examples walks a file's examples: where finds the lines of an answer behind its
// request, parse reads them, and write makes them anew.
func examples(
	t *testing.T, name string, request *regexp.Regexp, group int,
	where func(lines []string, at int, indent string) (from, to int),
	parse func(block []string, indent string) any,
	write func(body []byte, indent string) []string,
) {
	t.Helper()
	updating.Lock()
	defer updating.Unlock()
	s := serve(t)
	path := filepath.Join("..", "..", name)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	seen := 0
	for at := 0; at < len(lines); at++ {
		m := request.FindStringSubmatch(lines[at])
		if m == nil {
			continue
		}
		seen++
		indent := ""
		if group > 1 {
			indent = m[1]
		}
		answer := s.get(t, m[group])
		from, to := where(lines, at, indent)
		if *update {
			lines = append(append(append([]string{}, lines[:from]...), write(answer.body, indent)...), lines[to:]...)
			continue
		}
		var got any
		if err := json.Unmarshal(answer.body, &got); err != nil {
			t.Fatal(err)
		}
		if want := normal(t, parse(lines[from:to], indent)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the example of %s is not its answer:\n%s", name, m[group], answer.body)
		}
	}
	if seen < 3 {
		t.Errorf("%s has %d examples", name, seen)
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// normal makes of a value read from YAML what reading its JSON gives.
func normal(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var same any
	if err := json.Unmarshal(text, &same); err != nil {
		t.Fatal(err)
	}
	return same
}

func pretty(t *testing.T, body []byte, indent string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, body, indent, "  "); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
