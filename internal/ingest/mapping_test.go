package ingest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/ingest"
)

// plain is the least that a mapping needs, to which tests add.
const plain = `dataset: {slug: test, title: {en: Test}}
format: csv
id: t-{id}
type: war
date: {column: date, layout: edtf}
title: {en: "{title}"}
sources: [{title: Test, language: en}]
`

func parse(t testing.TB, text string) *ingest.Mapping {
	t.Helper()
	m, err := ingest.ParseMapping("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestShippedMappings(t *testing.T) {
	t.Parallel()
	want := "cline-cdp-coups cow-wars events noaa-earthquakes pax-agreements powell-thyne-coups ucdp-ged ucdp-ged-geojson ucdp-ged-hdx ucdp-prio-conflicts wikidata-events"
	if got := strings.Join(ingest.Names(), " "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, name := range ingest.Names() {
		m, err := ingest.Load(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m.About == "" {
			t.Errorf("%s does not say what it is about", name)
		}
		if d := m.Dataset; name != "events" && (d.Licence == "" || d.Citation == "" || d.Title["en"] == "") {
			t.Errorf("%s: the data set lacks its title, licence or citation: %+v", name, d)
		}
	}
}

func TestUnknownMapping(t *testing.T) {
	t.Parallel()
	if _, err := ingest.Load("ucdp-gde"); err == nil || !strings.Contains(err.Error(), `no mapping "ucdp-gde" (did you mean ucdp-ged?)`) {
		t.Errorf("%v", err)
	}
	if _, err := ingest.Load("absent.yaml"); err == nil || !strings.Contains(err.Error(), "absent.yaml") {
		t.Errorf("%v", err)
	}
}

// TestEveryFaultOfAMapping tells all of them at once, each with its line.
func TestEveryFaultOfAMapping(t *testing.T) {
	t.Parallel()
	text := `abuot: a typing error
dataset:
  slug: Not A Slug
  title: {e: Test}
  licens: none
format: cvs
encoding: ascii
id: "t-{id"
type: {column: kind, values: {a: war, b: wra}}
status: happened
date:
  start: {column: from, layout: YYYY-MM-DD}
  end: {year: until, day: d}
title: {en: "{title|slgu}"}
countries:
  - {column: country, system: iso2, role: location, values: {X: ZZZ}}
  - {system: cow, role: place}
actors: {name: {en: "{who}"}, kind: gang, role: initiator}
location: {latitude: lat}
measures: {"Deaths!": deaths, dead: {column: d, unknwon: -9}}
sources:
  - {publisher: "", language: english, supports: [dates]}
links: [{relation: after, event: "{other}"}]
columns: {nobody: [a, b]}
may_lack: [nothing]
`
	_, err := ingest.ParseMapping("test.yaml", []byte(text))
	var faults *ingest.MappingError
	if !errors.As(err, &faults) {
		t.Fatalf("%v", err)
	}
	got := strings.Split(faults.Error(), "\n  ")[1:]
	wanted := []string{
		`line 1: the mapping has no key "abuot" (did you mean about?); there are about, `,
		`line 3: slug must be 1 to 64 of a-z, 0-9 and -`,
		`line 4: title: "e" is not a language tag`,
		`line 5: dataset has no key "licens" (did you mean licence?)`,
		`line 6: format cannot be "cvs" (did you mean csv?); there are csv, tsv, `,
		`line 7: encoding cannot be "ascii"`,
		`line 8: id has a { without its }`,
		`line 9: type cannot be "wra" (did you mean war?)`,
		`line 10: status cannot be "happened"`,
		`line 13: end has day without month`,
		`say as: duration when the event lasts from one to the other`,
		`line 14: title has the filter "slgu" (did you mean slug?)`,
		`line 16: system cannot be "iso2" (did you mean iso?)`,
		`line 16: values: "ZZZ" is not a country code`,
		`line 17: countries lacks the key column`,
		`line 17: role cannot be "place"`,
		`line 18: kind cannot be "gang"`,
		`line 19: location lacks the key name`,
		`line 19: location lacks the key longitude`,
		`line 19: location lacks the key precision`,
		`line 20: the name of a measure must be`,
		`line 20: measures has no key "unknwon" (did you mean unknown?)`,
		`line 22: publisher must not be empty`,
		`line 22: supports cannot be "dates" (did you mean date?)`,
		`line 23: relation cannot be "after"`,
		`line 24: columns: "nobody" is used nowhere`,
		`line 25: may_lack: "nothing" is used nowhere`,
	}
	for _, want := range wanted {
		found := false
		for _, line := range got {
			found = found || strings.Contains(line, want)
		}
		if !found {
			t.Errorf("it does not say %q", want)
		}
	}
	if len(got) != len(wanted) {
		t.Errorf("%d faults, want %d", len(got), len(wanted))
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestWrongMappings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"empty":                    {"", "line 1: must be one YAML document"},
		"no YAML":                  {"format: [csv", "is not valid YAML"},
		"a list":                   {"- a\n", "the mapping must have keys and values"},
		"two documents":            {plain + "---\n" + plain, "must be one YAML document"},
		"a key twice":              {plain + "format: tsv\n", "line 8: is not valid YAML: mapping key \"format\" already defined"},
		"brackets without end":     {"id: " + strings.Repeat("[{a: ", 10_000), "more than 100 deep"},
		"lists without end":        {strings.Repeat("- ", 30_000), "more than 100 deep"},
		"an alias":                 {strings.Replace(plain, "t-{id}", "&a t-{id}", 1), "id must be a text"},
		"nothing but a format":     {"format: csv\n", "the mapping lacks the key dataset"},
		"events with columns":      {"format: events\nid: t-{id}\n", "format events reads events as they are"},
		"records of a table":       {plain + "records: a.b\n", "records is for format json only"},
		"skip_rows of JSON":        {strings.Replace(plain, "csv", "json", 1) + "skip_rows: 1\n", "skip_rows, lines and quotes are for formats csv and tsv only"},
		"an encoding of JSON":      {strings.Replace(plain, "csv", "json", 1) + "encoding: iso-8859-1\n", "JSON is always utf-8"},
		"two forms of a date":      {strings.Replace(plain, "layout: edtf", "layout: edtf, year: y", 1), "keep one form"},
		"a date without layout":    {strings.Replace(plain, ", layout: edtf", "", 1), "needs layout beside column"},
		"precision of EDTF":        {strings.Replace(plain, "layout: edtf", "layout: edtf, precision: day", 1), "does not go with layout edtf"},
		"a start without an end":   {strings.Replace(plain, "{column: date, layout: edtf}", "{start: {year: y}}", 1), "both start and end"},
		"a source without content": {strings.Replace(plain, "title: Test, ", "", 2), "a source needs a title"},
		"too large":                {plain + "# " + strings.Repeat("x", 64<<10), "larger than 64 kB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ingest.ParseMapping("test.yaml", []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
