package timeline_test

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func date(t testing.TB, expression string) edtf.Date {
	t.Helper()
	d, err := edtf.Parse(expression)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAppendJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 4, 4, 5, 600_000, time.FixedZone("", 3600))
	e := timeline.Event{
		ID: "a", Dataset: "d", Type: "coup", Status: "ongoing", Date: date(t, "-0043-03/.."),
		Title: timeline.Text{"fr": "é", "ar": "م", "en": "<&>"}, Revision: 7, CreatedAt: at, UpdatedAt: at,
	}
	want := `{"id":"a","dataset":"d","type":"coup","status":"ongoing","date":{"edtf":"-0043-03/..","earliest":"-0043-03-01","start_latest":"-0043-03-31",` +
		`"end_earliest":null,"latest":null,"precision":"interval","approximate":false,"uncertain":false,` +
		`"label":{"ar":"` + e.Date.Label("ar") + `","en":"` + e.Date.Label("en") + `","fr":"` + e.Date.Label("fr") + `"}},"title":{"ar":"م","en":"<&>","fr":"é"},` +
		`"summary":null,"countries":[],"actors":[],"location":null,"measures":{},"tags":[],"sources":[],"links":[],"attributes":{},` +
		`"revision":7,"created_at":"2026-01-02T03:04:05.000600Z","updated_at":"2026-01-02T03:04:05.000600Z"}`
	if got := string(e.AppendJSON(nil)); got != want {
		t.Errorf("%s; want\n%s", got, want)
	}
}

// TestDocumentsAreJSON: every random event's document is what encoding/json reads
// and, but for the order of keys, would write.
func TestDocumentsAreJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := reference.Event("e1").Draw(t, "event")
		doc := e.AppendJSON([]byte("before"))[len("before"):]
		var members map[string]json.RawMessage
		if err := json.Unmarshal(doc, &members); err != nil || len(members) != 18 {
			t.Fatalf("%d members, %v: %s", len(members), err, doc)
		}
		var b strings.Builder
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(e.Title); err != nil || strings.TrimSpace(b.String()) != string(members["title"]) {
			t.Fatalf("the title is %s; encoding/json has %s", members["title"], b.String())
		}
	})
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "a\"b\\c\n\r\t\x01\x1f\x7f", "مالي", "\u2028<&>", "\xff\xc3", "\U0001F600"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var read string
		written := timeline.AppendString(nil, s)
		if err := json.Unmarshal(written, &read); err != nil || read != strings.ToValidUTF8(string([]rune(s)), "\uFFFD") || !utf8.Valid(written) {
			t.Fatalf("%q became %s, read as %q: %v", s, written, read, err)
		}
	})
}

func TestAppendNumber(t *testing.T) {
	t.Parallel()
	check := func(t interface{ Errorf(string, ...any) }, f float64) {
		want, err := json.Marshal(f)
		if err != nil {
			t.Errorf("%v", err)
		}
		var got, read float64
		text := timeline.AppendNumber(nil, f)
		if err := json.Unmarshal(text, &got); err != nil || got != f {
			t.Errorf("%v became %s: %v", f, text, err)
		}
		if err := json.Unmarshal(want, &read); err != nil || len(text) > len(want)+1 { // e-07 where encoding/json has e-7
			t.Errorf("%v became %s; encoding/json has %s", f, text, want)
		}
	}
	for _, f := range []float64{0, 1, -1, 0.1, 1e20, 1e21, 1e-6, 1e-7, math.MaxFloat64, math.SmallestNonzeroFloat64, 12.5} {
		check(t, f)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.Float64().Draw(t, "number")) })
	// What was rounded to six decimals, as in charts, is written as strconv would.
	rapid.Check(t, func(t *rapid.T) {
		f := float64(rapid.Int64Range(-1<<52, 1<<52).Draw(t, "millionths")>>rapid.IntRange(0, 52).Draw(t, "smaller")) / 1e6
		if got, want := string(timeline.AppendNumber(nil, f)), strconv.FormatFloat(f, 'f', -1, 64); got != want {
			t.Fatalf("%s became %s", want, got)
		}
	})
}
