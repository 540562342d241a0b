package ingest_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/ingest"
)

// TestDocumentedMappings reads the examples of the documentation, and holds the keys
// that it tells against those that there are.
func TestDocumentedMappings(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"README.md", "docs/mappings.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
		if len(examples) != 1 {
			t.Errorf("%s has %d examples", name, len(examples))
		}
		for _, e := range examples {
			m, err := ingest.ParseMapping(name, e[1])
			if err != nil {
				t.Error(err)
				continue
			}
			r := readWith(t, m, []byte("number,outcome,year,month,day,country,link\n1,failed,2021,5,24,Mali,https://example.org/\n2,?,2021,5,24,Mali,\n"))
			if len(r.events) != 1 || r.events[0].Type != "coup_attempt" || r.events[0].Countries[0].Code != "MLI" || len(r.refused) != 1 {
				t.Errorf("%s: %+v, %v, %v", name, r.events, r.told(), r.err)
			}
		}
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "mappings.md"))
	if err != nil {
		t.Fatal(err)
	}
	// A wrong key makes each part tell the keys that it has.
	parts := `x: 1
format: csv
dataset: {slug: a, title: {en: A}, x: 1}
date: {year: y, x: 1}
type: {column: c, values: {}, x: 1}
countries: [{column: c, system: iso, role: location, x: 1}]
actors: [{name: {en: A}, kind: state, role: target, x: 1}]
location: {name: {en: A}, latitude: a, longitude: b, precision: city, x: 1}
measures: {deaths: {column: c, x: 1}}
sources: [{title: A, language: en, x: 1}]
links: [{relation: follows, event: a, x: 1}]
`
	_, err = ingest.ParseMapping("parts.yaml", []byte(parts))
	var faults *ingest.MappingError
	if !errors.As(err, &faults) {
		t.Fatalf("%v", err)
	}
	keys := 0
	for _, f := range faults.Faults {
		_, list, told := strings.Cut(f.Detail, `has no key "x"; there are `)
		if !told {
			continue
		}
		for key := range strings.SplitSeq(list, ", ") {
			keys++
			if !regexp.MustCompile("`[^`]*\\b" + regexp.QuoteMeta(key) + "\\b[^`]*`").Match(text) {
				t.Errorf("docs/mappings.md does not tell of %s", key)
			}
		}
	}
	if keys < 60 {
		t.Errorf("only %d keys were looked at: %v", keys, err)
	}
}
