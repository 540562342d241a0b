package eventjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// whole is an event that uses every part of the shape.
const whole = `{
	"id": "ne-coup-2023-07", "dataset": "sahel", "type": "coup", "status": "occurred",
	"date": {"edtf": "2023-07", "earliest": "1999-01-01", "start_latest": null, "end_earliest": null, "latest": null,
		"precision": "year", "approximate": true, "uncertain": true, "label": {"en": "wrong, and ignored"}},
	"title": {"fr": "L’armée prend le pouvoir", "ar": "الجيش يستولي على السلطة", "en": "The army takes power"},
	"summary": {"en": "Line one\nline \"two\" \\ <b>"},
	"countries": [{"code": "NER", "role": "location"}, {"code": "NER", "role": "affected"}, {"code": "SUN", "role": "target"}],
	"actors": [{"name": {"en": "Army of Niger"}, "kind": "organisation", "role": "initiator", "country": "NER"},
		{"name": {"en": "Nobody"}, "kind": "person", "role": "target", "country": null}],
	"location": {"name": {"en": "Niamey"}, "latitude": 13.51, "longitude": -0.0, "precision": "city"},
	"measures": {"deaths": 12, "deaths_low": 1e-7, "deaths_high": 1E21},
	"tags": ["b", "a", "الساحل"],
	"sources": [{"title": "Headline", "publisher": null, "url": "https://example.org/a?b=c&d", "language": "ar", "published": "2023-09",
		"quote": "في تموز/يوليو", "supports": ["date", "type"]}, {"language": "pt-BR", "quote": "x"}],
	"links": [{"relation": "follows", "event": "bf-coup-2022"}],
	"attributes": {"b": "", "a": "\u00e9"},
	"revision": 17, "created_at": "anything", "updated_at": {"is": "ignored"}
}`

// least has only what is required.
const least = `{"dataset": "d", "type": "coup", "date": {"edtf": "2021"}, "title": {"en": "x"}, "sources": [{"language": "en", "title": "y"}]}`

func TestAnEventIsRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{
		"whole": {whole, `{"id":"ne-coup-2023-07","dataset":"sahel","type":"coup","status":"occurred",` +
			`"date":{"edtf":"2023-07","earliest":"2023-07-01","start_latest":"2023-07-31","end_earliest":"2023-07-01","latest":"2023-07-31","precision":"month",` +
			`"approximate":false,"uncertain":false,"label":{"ar":"يوليو 2023","en":"July 2023","fr":"juillet 2023"}},` +
			`"title":{"ar":"الجيش يستولي على السلطة","en":"The army takes power","fr":"L’armée prend le pouvoir"},"summary":{"en":"Line one\nline \"two\" \\ <b>"},` +
			`"countries":[{"code":"NER","role":"location"},{"code":"NER","role":"affected"},{"code":"SUN","role":"target"}],` +
			`"actors":[{"name":{"en":"Army of Niger"},"kind":"organisation","role":"initiator","country":"NER"},{"name":{"en":"Nobody"},"kind":"person","role":"target","country":null}],` +
			`"location":{"name":{"en":"Niamey"},"latitude":13.51,"longitude":0,"precision":"city"},` +
			`"measures":{"deaths":12,"deaths_high":1e+21,"deaths_low":1e-07},"tags":["b","a","الساحل"],` +
			`"sources":[{"title":"Headline","publisher":null,"url":"https://example.org/a?b=c&d","language":"ar","published":"2023-09","quote":"في تموز/يوليو","supports":["date","type"]},` +
			`{"title":null,"publisher":null,"url":null,"language":"pt-BR","published":null,"quote":"x","supports":[]}],` +
			`"links":[{"relation":"follows","event":"bf-coup-2022"}],"attributes":{"a":"é","b":""}`},
		"least": {least, `{"id":"","dataset":"d","type":"coup","status":"occurred",` +
			`"date":{"edtf":"2021","earliest":"2021-01-01","start_latest":"2021-12-31","end_earliest":"2021-01-01","latest":"2021-12-31","precision":"year",` +
			`"approximate":false,"uncertain":false,"label":{"ar":"2021","en":"2021","fr":"2021"}},` +
			`"title":{"en":"x"},"summary":null,"countries":[],"actors":[],"location":null,"measures":{},"tags":[],` +
			`"sources":[{"title":"y","publisher":null,"url":null,"language":"en","published":null,"quote":null,"supports":[]}],"links":[],"attributes":{}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, faults, err := eventjson.Decode([]byte(c[0]))
			if err != nil || len(faults) > 0 {
				t.Fatal(err, faults)
			}
			if got := string(e.AppendBody(nil)); got != c[1] {
				t.Errorf("it became\n%s; want\n%s", got, c[1])
			}
		})
	}
}

func TestBodiesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{
		"nothing":              {"", "ends before"},
		"blanks":               {" \n", "ends before"},
		"half an object":       {`{"id": "a"`, "ends before"},
		"half a string":        {`{"id": "a`, "ends before"},
		"no JSON":              {"id: a", "not valid JSON"},
		"a comma too many":     {`{"id": "a",}`, "not valid JSON"},
		"a duplicate key":      {`{"id": "a", "id": "b"}`, "duplicate key at /id"},
		"a deep duplicate key": {`{"title": {"en": "a", "en": "b"}}`, "duplicate key at /title/en"},
		"two values":           {least + least, ""},
		"text behind":          {least + "x", ""},
		"bytes not of UTF-8":   {"{\"id\": \"\xff\"}", "not valid JSON"},
		"half a surrogate":     {`{"id": "\ud800"}`, "not valid JSON"},
		"a number like 01":     {`{"measures": {"a": 01}}`, "not valid JSON"},
		"NaN":                  {`{"measures": {"a": NaN}}`, "not valid JSON"},
		"a byte order mark":    {"\ufeff" + least, "not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, faults, err := eventjson.Decode([]byte(c[0]))
			var e *timeline.Error
			if !errors.As(err, &e) || e.Kind != timeline.KindMalformedBody || faults != nil {
				t.Fatalf("gives %v, %v", err, faults)
			}
			if !strings.Contains(e.Message, c[1]) {
				t.Errorf("tells %q; want %q in it", e.Message, c[1])
			}
		})
	}
}

// with gives the least event with a member set to raw JSON; "" takes it out.
func with(t *testing.T, member, raw string) []byte {
	t.Helper()
	var event map[string]json.RawMessage
	if err := json.Unmarshal([]byte(least), &event); err != nil {
		t.Fatal(err)
	}
	event[member] = json.RawMessage(raw)
	if raw == "" {
		delete(event, member)
	}
	body, err := json.Marshal(event)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return body
}

func repeat(n int, item func(i int) string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = item(i)
	}
	return strings.Join(items, ",")
}

// quoted gives a JSON string of n letters.
func quoted(n int) string { return `"` + strings.Repeat("é", n) + `"` }

func TestFaults(t *testing.T) {
	t.Parallel()
	link := func(i int) string { return fmt.Sprintf(`{"relation": "follows", "event": "e%d"}`, i) }
	source := func(more string) string { return `[{"language": "en", "title": "t"` + more + `}]` }
	for _, c := range []struct {
		name, member, raw, pointer, detail string
	}{
		{"an id in capitals", "id", `"A"`, "/id", "lower-case"},
		{"an empty id", "id", `""`, "/id", "1 to 128"},
		{"a long id", "id", `"` + strings.Repeat("a", 129) + `"`, "/id", "1 to 128"},
		{"an id that begins with a dot", "id", `".a"`, "/id", "lower-case"},
		{"an id that is a number", "id", `7`, "/id", "must be a string"},
		{"an id that is null", "id", `null`, "/id", "must be a string"},
		{"no data set", "dataset", "", "/dataset", "is required"},
		{"a data set with a dot", "dataset", `"a.b"`, "/dataset", "slug"},
		{"a data set of 65 letters", "dataset", `"` + strings.Repeat("a", 65) + `"`, "/dataset", "slug"},
		{"no type", "type", "", "/type", "is required"},
		{"an unknown type", "type", `"coop"`, "/type", "allowed words"},
		{"an unknown status", "status", `"happened"`, "/status", "allowed words"},
		{"a status that is null", "status", `null`, "/status", "must be a string"},
		{"no date", "date", "", "/date", "is required"},
		{"a date that is a string", "date", `"2021"`, "/date", "must be an object"},
		{"a date without an expression", "date", `{}`, "/date/edtf", "is required"},
		{"an expression that is refused", "date", `{"edtf": "1900-02-29"}`, "/date/edtf", ""},
		{"an expression that is a number", "date", `{"edtf": 2021}`, "/date/edtf", "must be a string"},
		{"an unknown part of a date", "date", `{"edtf": "2021", "edft": "2021"}`, "/date/edft", "not a property"},
		{"no title", "title", "", "/title", "is required"},
		{"a title that is null", "title", `null`, "/title", "must be an object"},
		{"a title in no language", "title", `{}`, "/title", "at least one language"},
		{"a title in no known form of language", "title", `{"english language": "x"}`, "/title/english language", "BCP 47"},
		{"a title of blanks", "title", `{"en": " \n"}`, "/title/en", "must not be empty"},
		{"a long title", "title", `{"en": ` + quoted(1_001) + `}`, "/title/en", "at most 1000"},
		{"a title that is a number", "title", `{"en": 1}`, "/title/en", "must be a string"},
		{"a title with a control character", "title", `{"en": "a\u0000b"}`, "/title/en", "U+0000"},
		{"a title with a delete character", "title", `{"en": "a\u007f"}`, "/title/en", "U+007F"},
		{"a title in 51 languages", "title", `{` + repeat(51, func(i int) string { return fmt.Sprintf(`"en-%d": "x"`, i) }) + `}`, "/title", "at most 50"},
		{"a summary in no language", "summary", `{}`, "/summary", "at least one language"},
		{"a long summary", "summary", `{"en": ` + quoted(10_001) + `}`, "/summary/en", "at most 10000"},
		{"countries that are null", "countries", `null`, "/countries", "must be an array"},
		{"a country that is a string", "countries", `["NER"]`, "/countries/0", "must be an object"},
		{"a country without a code", "countries", `[{"role": "location"}]`, "/countries/0/code", "is required"},
		{"a country without a role", "countries", `[{"code": "NER"}]`, "/countries/0/role", "is required"},
		{"a country by its alpha-2 code", "countries", `[{"code": "NE", "role": "location"}]`, "/countries/0/code", "alpha-3"},
		{"a country in small letters", "countries", `[{"code": "ner", "role": "location"}]`, "/countries/0/code", "alpha-3"},
		{"an unknown role", "countries", `[{"code": "NER", "role": "victim"}]`, "/countries/0/role", "allowed words"},
		{"an unknown part of a country", "countries", `[{"code": "NER", "role": "location", "name": "Niger"}]`, "/countries/0/name", "not a property"},
		{"a country twice in a role", "countries", `[{"code": "NER", "role": "location"}, {"code": "NER", "role": "location"}]`, "/countries/1", "repeats"},
		{"301 countries", "countries", `[` + repeat(301, func(i int) string { return `{"code": "NER", "role": "location"}` }) + `]`, "/countries", "at most 300"},
		{"an actor without a name", "actors", `[{"kind": "person", "role": "target"}]`, "/actors/0/name", "is required"},
		{"an actor without a kind", "actors", `[{"name": {"en": "x"}, "role": "target"}]`, "/actors/0/kind", "is required"},
		{"an actor without a role", "actors", `[{"name": {"en": "x"}, "kind": "person"}]`, "/actors/0/role", "is required"},
		{"an actor of an unknown kind", "actors", `[{"name": {"en": "x"}, "kind": "organization", "role": "target"}]`, "/actors/0/kind", "allowed words"},
		{"an actor in an unknown role", "actors", `[{"name": {"en": "x"}, "kind": "person", "role": "x"}]`, "/actors/0/role", "allowed words"},
		{"an actor of no country", "actors", `[{"name": {"en": "x"}, "kind": "person", "role": "target", "country": "ZZZ"}]`, "/actors/0/country", "alpha-3"},
		{"an actor with a long name", "actors", `[{"name": {"en": ` + quoted(301) + `}, "kind": "person", "role": "target"}]`, "/actors/0/name/en", "at most 300"},
		{"an unknown part of an actor", "actors", `[{"name": {"en": "x"}, "kind": "person", "role": "target", "x": 1}]`, "/actors/0/x", "not a property"},
		{"201 actors", "actors", `[` + repeat(201, func(int) string { return `{"name": {"en": "x"}, "kind": "person", "role": "target"}` }) + `]`, "/actors", "at most 200"},
		{"a location without a name", "location", `{"latitude": 0, "longitude": 0, "precision": "city"}`, "/location/name", "is required"},
		{"a location without a latitude", "location", `{"name": {"en": "x"}, "longitude": 0, "precision": "city"}`, "/location/latitude", "is required"},
		{"a location without a longitude", "location", `{"name": {"en": "x"}, "latitude": 0, "precision": "city"}`, "/location/longitude", "is required"},
		{"a location without a precision", "location", `{"name": {"en": "x"}, "latitude": 0, "longitude": 0}`, "/location/precision", "is required"},
		{"a latitude beyond the pole", "location", `{"name": {"en": "x"}, "latitude": 90.1, "longitude": 0, "precision": "city"}`, "/location/latitude", "between -90 and 90"},
		{"a longitude beyond the meridian", "location", `{"name": {"en": "x"}, "latitude": 0, "longitude": -181, "precision": "city"}`, "/location/longitude", "between -180 and 180"},
		{"a latitude that is a string", "location", `{"name": {"en": "x"}, "latitude": "0", "longitude": 0, "precision": "city"}`, "/location/latitude", "must be a number"},
		{"an unknown precision", "location", `{"name": {"en": "x"}, "latitude": 0, "longitude": 0, "precision": "town"}`, "/location/precision", "allowed words"},
		{"an unknown part of a location", "location", `{"name": {"en": "x"}, "latitude": 0, "longitude": 0, "precision": "city", "lat": 0}`, "/location/lat", "not a property"},
		{"a location that is an array", "location", `[]`, "/location", "must be an object"},
		{"measures that are null", "measures", `null`, "/measures", "must be an object"},
		{"a measure below 0", "measures", `{"deaths": -1}`, "/measures/deaths", "must be 0 or more"},
		{"a measure that is null", "measures", `{"deaths": null}`, "/measures/deaths", "must be a number"},
		{"a measure beyond all numbers", "measures", `{"deaths": 1e999}`, "/measures/deaths", "64-bit"},
		{"a measure named in capitals", "measures", `{"Deaths": 1}`, "/measures/Deaths", "name of a measure"},
		{"a measure named with a slash", "measures", `{"a/b~c": 1}`, "/measures/a~1b~0c", "name of a measure"},
		{"101 measures", "measures", `{` + repeat(101, func(i int) string { return fmt.Sprintf(`"m%d": 1`, i) }) + `}`, "/measures", "at most 100"},
		{"tags that are a string", "tags", `"a"`, "/tags", "must be an array"},
		{"a tag that is a number", "tags", `[1]`, "/tags/0", "must be a string"},
		{"an empty tag", "tags", `[""]`, "/tags/0", "must not be empty"},
		{"a long tag", "tags", `[` + quoted(101) + `]`, "/tags/0", "at most 100"},
		{"a tag twice", "tags", `["a", "b", "a"]`, "/tags/2", "repeats"},
		{"101 tags", "tags", `[` + repeat(101, func(i int) string { return fmt.Sprintf(`"t%d"`, i) }) + `]`, "/tags", "at most 100"},
		{"no sources", "sources", "", "/sources", "is required"},
		{"an empty list of sources", "sources", `[]`, "/sources", "at least one source"},
		{"sources that are null", "sources", `null`, "/sources", "must be an array"},
		{"a source without a language", "sources", `[{"title": "t"}]`, "/sources/0/language", "is required"},
		{"a source of no known form of language", "sources", `[{"title": "t", "language": "a"}]`, "/sources/0/language", "BCP 47"},
		{"a source that says nothing", "sources", `[{"language": "en", "published": "2021"}]`, "/sources/0", "needs a title"},
		{"a source that is a string", "sources", `["x"]`, "/sources/0", "must be an object"},
		{"an empty headline", "sources", `[{"language": "en", "quote": "q", "title": ""}]`, "/sources/0/title", "must not be empty"},
		{"a long publisher", "sources", source(`, "publisher": ` + quoted(301)), "/sources/0/publisher", "at most 300"},
		{"a long quote", "sources", source(`, "quote": ` + quoted(20_001)), "/sources/0/quote", "at most 20000"},
		{"an address without a scheme", "sources", source(`, "url": "example.org"`), "/sources/0/url", "absolute"},
		{"an address that runs", "sources", source(`, "url": "javascript:alert(1)"`), "/sources/0/url", "absolute"},
		{"a long address", "sources", source(`, "url": "https://example.org/` + strings.Repeat("a", 2_000) + `"`), "/sources/0/url", "at most 2000"},
		{"a source published never", "sources", source(`, "published": "soon"`), "/sources/0/published", ""},
		{"a source that supports no field", "sources", source(`, "supports": ["place"]`), "/sources/0/supports/0", "allowed words"},
		{"a source that supports a field twice", "sources", source(`, "supports": ["date", "date"]`), "/sources/0/supports/1", "repeats"},
		{"supports that are null", "sources", source(`, "supports": null`), "/sources/0/supports", "must be an array"},
		{"an unknown part of a source", "sources", source(`, "author": "x"`), "/sources/0/author", "not a property"},
		{"201 sources", "sources", `[` + repeat(201, func(int) string { return `{"language": "en", "title": "t"}` }) + `]`, "/sources", "at most 200"},
		{"a link without a relation", "links", `[{"event": "a"}]`, "/links/0/relation", "is required"},
		{"a link to nothing", "links", `[{"relation": "follows"}]`, "/links/0/event", "is required"},
		{"a link of an unknown relation", "links", `[{"relation": "causes", "event": "a"}]`, "/links/0/relation", "allowed words"},
		{"a link to what is no id", "links", `[{"relation": "follows", "event": "A b"}]`, "/links/0/event", "lower-case"},
		{"a link twice", "links", `[` + link(1) + `,` + link(1) + `]`, "/links/1", "repeats"},
		{"an unknown part of a link", "links", `[{"relation": "follows", "event": "a", "x": 1}]`, "/links/0/x", "not a property"},
		{"201 links", "links", `[` + repeat(201, link) + `]`, "/links", "at most 200"},
		{"an attribute that is a number", "attributes", `{"a": 1}`, "/attributes/a", "must be a string"},
		{"an attribute that is null", "attributes", `{"a": null}`, "/attributes/a", "must be a string"},
		{"an attribute without a name", "attributes", `{"": "x"}`, "/attributes/", "name of an attribute"},
		{"an attribute with a long name", "attributes", `{"` + strings.Repeat("a", 101) + `": "x"}`, "/attributes/" + strings.Repeat("a", 101), "name of an attribute"},
		{"a long attribute", "attributes", `{"a": ` + quoted(10_001) + `}`, "/attributes/a", "at most 10000"},
		{"201 attributes", "attributes", `{` + repeat(201, func(i int) string { return fmt.Sprintf(`"a%d": ""`, i) }) + `}`, "/attributes", "at most 200"},
		{"an unknown part of an event", "name", `"x"`, "/name", "not a property"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, faults, err := eventjson.Decode(with(t, c.member, c.raw))
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(faults, func(f timeline.Fault) bool { return f.Pointer == c.pointer })
			if i < 0 || !strings.Contains(faults[i].Detail, c.detail) || faults[i].Detail == "" {
				t.Fatalf("gives %+v; want %q at %s", faults, c.detail, c.pointer)
			}
			// Those that list too many items repeat one that may not be repeated.
			if len(faults) > 1 && c.name != "301 countries" {
				t.Errorf("gives more faults than one: %+v", faults)
			}
		})
	}
}

func TestALinkToTheEventItself(t *testing.T) {
	t.Parallel()
	body := `{"links": [{"relation": "follows", "event": "me"}], "id": "me",` + least[1:]
	_, faults, err := eventjson.Decode([]byte(body))
	if err != nil || len(faults) != 1 || faults[0].Pointer != "/links/0/event" {
		t.Errorf("gives %+v, %v", faults, err)
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	t.Parallel()
	body := `{"id": "A", "type": "coop", "date": {"edtf": "soon"}, "title": {}, "countries": [{"code": "Niger"}], "sources": [], "x": 1}`
	_, faults, err := eventjson.Decode([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	var pointers []string
	for _, f := range faults {
		pointers = append(pointers, f.Pointer)
	}
	slices.Sort(pointers)
	want := []string{"/countries/0/code", "/countries/0/role", "/dataset", "/date/edtf", "/id", "/sources", "/title", "/type", "/x"}
	if !slices.Equal(pointers, want) {
		t.Errorf("faults at %v; want %v", pointers, want)
	}
}

func TestFaultsSuggestWhatWasMeant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ member, raw, suggestion string }{
		{"type", `"coop"`, "coup"},
		{"status", `"occured"`, "occurred"},
		{"countries", `[{"code": "NE", "role": "location"}]`, "NER"},
		{"countries", `[{"code": "Côte d’Ivoire", "role": "location"}]`, "CIV"},
		{"countries", `[{"code": "Congo", "role": "location"}]`, ""},
		{"countries", `[{"code": "NER", "role": "locations"}]`, "location"},
		{"tittle", `{}`, "title"},
	} {
		_, faults, err := eventjson.Decode(with(t, c.member, c.raw))
		if err != nil || len(faults) != 1 || faults[0].Suggestion != c.suggestion {
			t.Errorf("%s gives %+v, %v; want the suggestion %q", c.raw, faults, err, c.suggestion)
		}
	}
}

func TestValidNames(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"a": true, "0": true, "a.b_c~d-e": true, "": false, "-a": false, "A": false, "a b": false, "é": false, strings.Repeat("a", 128): true} {
		if got := eventjson.ValidID(s); got != want {
			t.Errorf("%q is an id: %v", s, got)
		}
	}
	for s, want := range map[string]bool{"a-b": true, "a_b": false, "a.b": false, "a~b": false, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false} {
		if got := eventjson.ValidSlug(s); got != want {
			t.Errorf("%q is a slug: %v", s, got)
		}
	}
	for s, want := range map[string]bool{"deaths_low": true, "a1": true, "": false, "1a": false, "_a": false, "a-b": false, strings.Repeat("a", 65): false} {
		if got := eventjson.ValidMeasure(s); got != want {
			t.Errorf("%q is a measure: %v", s, got)
		}
	}
}

// FuzzDecode: nothing makes it panic; what is accepted is written in canonical JSON
// that reads back as the same event; faults name a pointer and say something.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		whole, least, "", "{}", "[]", "null", `{"title": {"en": "a\u0000"}}`, `{"measures": {"a": -0, "b": 5e-324, "c": 1e999}}`, "\xff",
		strings.Replace(least, `"2021"`, `"[..1984-02~,1990%]"`, 1), strings.Replace(least, `"x"`, `"\u2028\ud83d\ude00\t"`, 1),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, faults, err := eventjson.Decode(data)
		for _, fault := range faults {
			if fault.Detail == "" || fault.Pointer != "" && fault.Pointer[0] != '/' {
				t.Fatalf("%q has the fault %+v", data, fault)
			}
		}
		if err != nil || len(faults) > 0 {
			return
		}
		if e.ID == "" {
			e.ID = "made-by-the-store"
		}
		body := e.AppendBody(nil)
		again, faults, err := eventjson.Decode(append(slices.Clone(body), '}'))
		if err != nil || len(faults) > 0 {
			t.Fatalf("%q became %s, which is refused: %v %+v", data, body, err, faults)
		}
		if twice := again.AppendBody(nil); string(twice) != string(body) {
			t.Fatalf("%q became %s, and that %s", data, body, twice)
		}
		if !json.Valid(append(body, '}')) {
			t.Fatalf("%q became %s, which is not JSON", data, body)
		}
	})
}
