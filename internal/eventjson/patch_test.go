package eventjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func apply(t testing.TB, doc, patch string) string {
	t.Helper()
	p, err := eventjson.ParsePatch([]byte(patch))
	if err != nil {
		t.Fatalf("%s: %v", patch, err)
	}
	got, err := p.Apply([]byte(doc))
	if err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return string(got)
}

// TestPatchesOfTheRFC is the table of RFC 7396's appendix A, and what libraries get wrong.
func TestPatchesOfTheRFC(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ doc, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{`{}`, `{"a":[{"b":null},null]}`, `{"a":[{"b":null},null]}`},
		{`{"n":1}`, `{"n":12345678901234567890.10}`, `{"n":12345678901234567890.10}`},
		{`{"a":1,"b":2,"c":3}`, `{"b":null,"c":4,"a":{"x":1}}`, `{"a":{"x":1},"c":4}`},
		{`{"a<b":"c&d"}`, `{"é\n":"<"}`, `{"a<b":"c&d","é\n":"<"}`},
	} {
		if got := apply(t, c.doc, c.patch); got != c.want {
			t.Errorf("%s with %s: %s, want %s", c.doc, c.patch, got, c.want)
		}
	}
	for _, bad := range []string{"", "{", `{"a":1,"a":2}`, `{"a":{"b":1,"b":2}}`, `{} {}`, "\"\xff\"", `{"a":01}`} {
		_, err := eventjson.ParsePatch([]byte(bad))
		var e *timeline.Error
		if !errors.As(err, &e) || e.Kind != timeline.KindMalformedBody || len(e.Faults) != 1 {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// plainMerge is the RFC's pseudocode on decoded values.
func plainMerge(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	merged, ok := target.(map[string]any)
	if !ok {
		merged = map[string]any{}
	}
	for name, v := range changes {
		if v == nil {
			delete(merged, name)
		} else {
			merged[name] = plainMerge(merged[name], v)
		}
	}
	return merged
}

func jsonValue() *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		switch rapid.IntRange(0, 6).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Float64Range(-1e6, 1e6).Draw(t, "number")
		case 2:
			return rapid.StringN(0, 3, 12).Draw(t, "string")
		case 3:
			return rapid.SliceOfN(rapid.Just[any](nil), 0, 2).Draw(t, "array")
		}
		return rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c", "é"}), rapid.Deferred(jsonValue), 0, 3).Draw(t, "object")
	})
}

func TestPatchesAreThoseOfThePlainMerge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		doc, patch := jsonValue().Draw(rt, "doc"), jsonValue().Draw(rt, "patch")
		docText, err := json.Marshal(doc)
		if err != nil {
			rt.Fatal(err)
		}
		patchText, err := json.Marshal(patch)
		if err != nil {
			rt.Fatal(err)
		}
		var got any
		if err := json.Unmarshal([]byte(apply(t, string(docText), string(patchText))), &got); err != nil {
			rt.Fatal(err)
		}
		if want := plainMerge(doc, patch); !reflect.DeepEqual(got, want) {
			rt.Fatalf("%s with %s: %v, want %v", docText, patchText, got, want)
		}
	})
}

// TestDeepPatchesCostWhatTheyAreLong: what a level costs must not grow with its depth.
// 17 MB were 3 GB when it did, and a minute for one request.
func TestDeepPatchesCostWhatTheyAreLong(t *testing.T) {
	const depth, times = 9_990, 100 // not parallel: what is allocated is of all tests
	deep := strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
	whole := "{"
	for i := range 17 {
		whole += fmt.Sprintf(`"%d":%s,`, i, deep)
	}
	for name, text := range map[string]string{
		"closed": whole + `"z":1}`,
		"cut":    strings.Repeat(`{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":`, depth),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		patch, err := eventjson.ParsePatch([]byte(text))
		if name == "closed" {
			if err != nil {
				t.Fatal(err)
			}
			_, err = patch.Apply([]byte(`{"0":{"a":{}}}`))
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; (err != nil) != (name == "cut") || used > uint64(times*len(text)) {
			t.Errorf("%s: %v, with %d bytes of memory for %d; at most %d times as many may be used", name, err, used, len(text), times)
		}
	}
}

// FuzzPatch: no patch makes it panic; what comes out is JSON, and the same patch again
// changes nothing more.
func FuzzPatch(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"title":{"en":null,"fr":"x"}}`, `[]`, `null`, `{"a":{"b":{"c":null}},"sources":[{"title":null}]}`, `{"a":1,"a":2}`, `{"n":1e999}`, "{\"\xff\":1}",
	} {
		f.Add(seed)
	}
	const doc = `{"id":"a","title":{"en":"x"},"sources":[{"title":"s","language":"en"}],"location":null}`
	f.Fuzz(func(t *testing.T, text string) {
		patch, err := eventjson.ParsePatch([]byte(text))
		if err != nil {
			var e *timeline.Error
			if !errors.As(err, &e) || e.Message == "" || !utf8.ValidString(e.Message) || len(e.Message) > 1_000 {
				t.Fatalf("%q is refused with %v", text, err)
			}
			return
		}
		once, err := patch.Apply([]byte(doc))
		if err != nil || !json.Valid(once) {
			t.Fatalf("%v %s", err, once)
		}
		twice, err := patch.Apply(once)
		if err != nil || string(twice) != string(once) {
			t.Fatalf("%v: %s became %s", err, once, twice)
		}
		if _, _, err := eventjson.Decode(once); err != nil {
			t.Fatalf("%v in %s", err, once)
		}
	})
}
