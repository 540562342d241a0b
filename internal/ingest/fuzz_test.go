package ingest_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/ingest"
)

// FuzzMapping reads any text as a mapping: it never panics, a refused one has faults
// with lines, and one that is taken can read a file.
func FuzzMapping(f *testing.F) {
	for _, name := range ingest.Names() {
		text, _ := ingest.Shipped(name)
		f.Add(text)
	}
	f.Add([]byte(mappingOfEveryRule))
	f.Add([]byte(plain))
	f.Add([]byte("a: &x [*x]\nformat: csv"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ingest.ParseMapping("fuzz.yaml", text)
		if err != nil {
			faults, ok := err.(*ingest.MappingError) //nolint:errorlint // it is never wrapped
			if !ok || len(faults.Faults) == 0 {
				t.Fatalf("%v", err)
			}
			for _, fault := range faults.Faults {
				if fault.Line < 1 || fault.Detail == "" {
					t.Errorf("%+v", fault)
				}
			}
			return
		}
		readAll(t, m, []byte("id,date,title\n1,2021,A\n"))
	})
}

// FuzzRows reads any bytes as files: it never panics, what it gives is fit to be
// stored and good UTF-8, and what it refuses has a row and a reason.
func FuzzRows(f *testing.F) {
	for i, seed := range []string{
		"id,date,title\n1,2021,A\n\"2\",\"2021-03\",\"B \"\"C\"\"\"\n",
		"id\tdate\ttitle\n1\t2021\tA\n",
		`{"id":1,"date":"2021","title":"A"}` + "\n",
		`[{"id":1,"date":"2021","title":"A"}]`,
		`{"features":[{"properties":{"id":1,"date":"2021","title":"A"},"geometry":{"type":"Point","coordinates":[1,2]}}]}`,
		"\xef\xbb\xbfid,date,title\n1,2021,\xe9\n",
		"\x1f\x8b\x08\x00",
		`{"id":"a","dataset":"x","type":"war","date":{"edtf":"2021"},"title":{"en":"A"},"sources":[{"title":"S","language":"en"}]}`,
	} {
		f.Add(byte(i), []byte(seed))
	}
	var mappings []*ingest.Mapping
	for _, format := range []string{"csv", "tsv", "ndjson", "json", "geojson"} {
		mappings = append(mappings, parse(f, strings.Replace(plain, "csv", format, 1)))
	}
	mappings = append(mappings, parse(f, plain+"encoding: windows-1252\nlines: cr\n"), parse(f, "format: events\n"))
	f.Fuzz(func(t *testing.T, which byte, file []byte) {
		for _, e := range readAll(t, mappings[int(which)%len(mappings)], file) {
			body := append(e.AppendBody(nil), '}')
			if !utf8.Valid(body) {
				t.Errorf("not UTF-8: %q", body)
			}
			again, faults, err := eventjson.Decode(body)
			if err != nil || len(faults) > 0 {
				t.Fatalf("%v %+v in %s", err, faults, body)
			}
			if back := append(again.AppendBody(nil), '}'); !bytes.Equal(back, body) {
				t.Errorf("%s\ncomes back as\n%s", body, back)
			}
		}
	})
}

func readAll(t *testing.T, m *ingest.Mapping, file []byte) []ingest.Event {
	t.Helper()
	var events []ingest.Event
	rows := 0
	same := func(_ context.Context, b *ingest.Batch) (*ingest.Batch, error) { return b, nil }
	err := ingest.Each(t.Context(), bytes.NewReader(file), m, ingest.Options{Workers: 1}, same, func(b *ingest.Batch) error {
		rows += b.Rows
		events = append(events, b.Events...)
		if slices.ContainsFunc(b.Refused, func(r ingest.Refusal) bool { return r.Row < 1 || r.Reason == "" }) || (b.Faulty == 0) != (len(b.Refused) == 0) {
			t.Errorf("%+v", b.Refused)
		}
		return nil
	})
	if err == nil && len(events) == 0 && rows > 0 {
		return nil
	}
	return events
}
