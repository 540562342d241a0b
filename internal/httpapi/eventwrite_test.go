package httpapi_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/contracttest"
	"github.com/tarikh-timeline/tarikh/internal/eventjson"
)

// full is an event with every property that a writer may send.
func full() map[string]any {
	var e map[string]any
	err := json.Unmarshal([]byte(`{
		"id": "full", "dataset": "sahel", "type": "coup", "status": "alleged", "date": {"edtf": "2021-05/2021-06"},
		"title": {"en": "A title"}, "summary": {"fr": "Un résumé"},
		"countries": [{"code": "MLI", "role": "location"}],
		"actors": [{"name": {"en": "An actor"}, "kind": "person", "role": "target", "country": null}],
		"location": {"name": {"en": "Bamako"}, "latitude": 12.6, "longitude": -8, "precision": "city"},
		"measures": {"deaths": 3}, "tags": ["a tag"],
		"sources": [{"title": "A source", "publisher": "P", "url": "https://example.org/a", "language": "en", "published": "2021", "quote": "Words", "supports": ["date"]}],
		"links": [{"relation": "follows", "event": "another"}], "attributes": {"a": "b"},
		"revision": 3, "created_at": "2026-11-24T09:00:00.000000Z", "updated_at": "2026-11-24T09:00:00.000000Z"
	}`), &e)
	if err != nil {
		panic(err)
	}
	return e
}

// with is an event with another value at a path of names and indices.
func with(v any, path ...any) map[string]any {
	e := full()
	var at any = e
	for _, step := range path[:len(path)-1] {
		switch s := step.(type) {
		case string:
			at = at.(map[string]any)[s]
		case int:
			at = at.([]any)[s]
		}
	}
	switch last := path[len(path)-1].(type) {
	case string:
		if v == nil {
			delete(at.(map[string]any), last)
		} else {
			at.(map[string]any)[last] = v
		}
	case int:
		at.([]any)[last] = v
	}
	return e
}

func texts(n int) map[string]any {
	m := map[string]any{}
	for i := range n {
		m[fmt.Sprintf("x%c%c", 'a'+i/26, 'a'+i%26)] = "text"
	}
	return m
}

func repeated(n int, item func(i int) any) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = item(i)
	}
	return list
}

// TestTheContractAndTheReaderAgree: what the schema EventWrite allows the reader takes,
// and what it forbids the reader refuses, on both sides of every limit.
func TestTheContractAndTheReaderAgree(t *testing.T) {
	t.Parallel()
	contract := contracttest.Load(t)
	letters := func(n int) string { return strings.Repeat("é", n) }
	type limit struct{ within, beyond map[string]any }
	cases := map[string]limit{}
	text := func(name string, least, most int, path ...any) {
		cases[name] = limit{with(letters(most), path...), with(letters(most+1), path...)}
		if least > 0 {
			cases[name+", empty"] = limit{with("x", path...), with("", path...)}
		}
	}
	text("title", 1, 1_000, "title", "en")
	text("summary", 1, 10_000, "summary", "fr")
	text("actor", 1, 300, "actors", 0, "name", "en")
	text("place", 1, 300, "location", "name", "en")
	text("tag", 1, 100, "tags", 0)
	text("source's title", 1, 1_000, "sources", 0, "title")
	text("publisher", 1, 300, "sources", 0, "publisher")
	text("quote", 1, 20_000, "sources", 0, "quote")
	text("attribute", 0, 10_000, "attributes", "a")
	address := func(n int) string { return "https://example.org/" + strings.Repeat("a", n-20) }
	cases["url"] = limit{with(address(2_000), "sources", 0, "url"), with(address(2_001), "sources", 0, "url")}
	count := func(name string, most int, list func(n int) any, path ...any) {
		cases["so many "+name] = limit{with(list(most), path...), with(list(most+1), path...)}
	}
	count("languages of a title", 50, func(n int) any { return texts(n) }, "title")
	count("languages of a summary", 50, func(n int) any { return texts(n) }, "summary")
	count("tags", 100, func(n int) any { return repeated(n, func(i int) any { return fmt.Sprint("t", i) }) }, "tags")
	count("actors", 200, func(n int) any { return repeated(n, func(int) any { return full()["actors"].([]any)[0] }) }, "actors")
	count("sources", 200, func(n int) any { return repeated(n, func(int) any { return full()["sources"].([]any)[0] }) }, "sources")
	count("links", 200, func(n int) any {
		return repeated(n, func(i int) any { return map[string]any{"relation": "follows", "event": fmt.Sprint("e", i)} })
	}, "links")
	count("measures", 100, func(n int) any {
		m := map[string]any{}
		for i := range n {
			m[fmt.Sprint("m", i)] = i
		}
		return m
	}, "measures")
	count("attributes", 200, func(n int) any { return texts(n) }, "attributes")
	for name, pair := range map[string][2]any{
		"no title":    {map[string]any{"en": "x"}, map[string]any{}},
		"one source":  {full()["sources"], []any{}},
		"null titles": {map[string]any{"en": "x"}, "x"},
	} {
		property := map[string]string{"no title": "title", "one source": "sources", "null titles": "title"}[name]
		cases[name] = limit{with(pair[0], property), with(pair[1], property)}
	}
	for _, property := range []string{"dataset", "type", "date", "title", "sources"} {
		cases[property+" is required"] = limit{full(), with(nil, property)}
	}
	for _, property := range []string{"id", "status", "summary", "countries", "actors", "location", "measures", "tags", "links", "attributes", "revision", "created_at", "updated_at"} {
		cases[property+" is not"] = limit{with(nil, property), with("x", "unknown")}
	}
	for _, property := range []string{"title", "publisher", "url", "published", "quote", "supports"} {
		cases["a source's "+property+" is not"] = limit{with(nil, "sources", 0, property), with(nil, "sources", 0, "language")}
	}
	for _, property := range []string{"name", "latitude", "longitude", "precision"} {
		cases["a place's "+property+" is"] = limit{full(), with(nil, "location", property)}
	}
	for _, property := range []string{"name", "kind", "role"} {
		cases["an actor's "+property+" is"] = limit{with(nil, "actors", 0, "country"), with(nil, "actors", 0, property)}
	}
	cases["latitude"] = limit{with(90, "location", "latitude"), with(90.1, "location", "latitude")}
	cases["longitude"] = limit{with(-180, "location", "longitude"), with(-180.1, "location", "longitude")}
	cases["measure"] = limit{with(0, "measures", "deaths"), with(-1, "measures", "deaths")}
	cases["a tag twice"] = limit{with([]any{"a", "b"}, "tags"), with([]any{"a", "a"}, "tags")}
	cases["a field twice"] = limit{with([]any{"date", "type"}, "sources", 0, "supports"), with([]any{"date", "date"}, "sources", 0, "supports")}
	cases["an empty date"] = limit{full(), with("", "date", "edtf")}
	cases["an id"] = limit{with(strings.Repeat("a", 128), "id"), with(strings.Repeat("a", 129), "id")}
	cases["a data set"] = limit{with(strings.Repeat("a", 64), "dataset"), with(strings.Repeat("a", 65), "dataset")}
	for name, c := range cases {
		for want, e := range map[bool]map[string]any{true: c.within, false: c.beyond} {
			body, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			_, faults, err := eventjson.Decode(body)
			if err != nil {
				t.Fatal(err)
			}
			if taken := len(faults) == 0; taken != want {
				t.Errorf("%s: the reader takes it: %v, want %v (%v)", name, taken, want, faults)
			}
			if allowed := contract.Allows(t, "EventWrite", body); allowed != want {
				t.Errorf("%s: the contract allows it: %v, want %v", name, allowed, want)
			}
		}
	}
}

// oddBodies are JSON values that nobody should send.
var oddBodies = []string{
	`null`, `true`, `0`, `-1`, `1e400`, `-0.0`, `1e-400`, `123456789012345678901234567890`, `""`, `" "`, `"\u0000"`, `"a\u0000b"`, `"\ud800"`, `"\udc00\ud800"`, `"\u202e"`, `"\ufeff"`,
	`"é"`, `"e\u0301"`, `"مالي"`, `"😀"`, `[]`, `[[]]`, `[null]`, `{}`, `{"":""}`, `{"en":null}`, `{"en":"\u0000"}`, `{"\u0000":"x"}`, `{"x y":"z"}`, `{"a/b~c":1}`, `"'; DROP TABLE event; --"`, `"$1 @id {}"`, `"<script>"`,
	`"2021-02-30"`, `"9999-12-31/.."`, `"Y-170000002"`, `"{2020,2021}"`, `"-4712"`, `"` + strings.Repeat("x", 3_000) + `"`, `[` + strings.Repeat(`"x",`, 400) + `"x"]`,
}

// TestNoWriteBreaksTheService sends right, odd and hostile bodies and headers to every
// operation that writes: there is no 5xx, and each answer is as the contract says.
func TestNoWriteBreaksTheService(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	seed := *walkSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("the requests are those of -walk=%d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	properties := []string{"id", "dataset", "type", "status", "date", "title", "summary", "countries", "actors", "location", "measures", "tags", "sources", "links", "attributes", "revision", "x"}
	inner := map[string][]string{
		"date": {"edtf", "label"}, "location": {"name", "latitude"}, "actors": {"name", "country"}, "sources": {"url", "quote", "published", "supports", "language"},
		"countries": {"code"}, "links": {"event"},
	}
	body := func() string {
		if random.IntN(8) == 0 {
			return pick(oddBodies...)
		}
		e := map[string]json.RawMessage{}
		for name, v := range full() {
			e[name], _ = json.Marshal(v)
		}
		e["id"] = json.RawMessage(`"` + pick("full", "a", "b") + `"`)
		for range max(0, random.IntN(5)-2) {
			name := pick(properties...)
			odd := pick(oddBodies...)
			if parts := inner[name]; parts != nil && random.IntN(3) > 0 {
				odd = `{"` + pick(parts...) + `":` + odd + `}`
				if name != "date" && name != "location" {
					odd = "[" + odd + "]"
				}
			}
			e[name] = json.RawMessage(odd)
		}
		var b strings.Builder
		for name, v := range e {
			fmt.Fprintf(&b, ",%q:%s", name, v)
		}
		return "{" + b.String()[1:] + "}"
	}
	statuses := map[int]int{}
	requests := max(1_000, *walkRequests/2) // fewer may by chance meet no event that is gone
	for range requests {
		method, target, sent := pick("POST", "PUT", "PATCH", "DELETE", "IMPORT"), "/v1/events", body()
		id := pick("full", "a", "b", "nobody", url.PathEscape(pick(oddValues...)))
		headers := []string{"If-Match", pick(`*`, `*`, `*`, `*`, `*`, `*`, `"1"`, `W/"2-gzip"`, `"`, `"a","b"`, `"9223372036854775808"`, "", `"1", *`)}
		if random.IntN(8) == 0 {
			headers = append(headers, "Idempotency-Key", pick("k1", "k2", "k3", strings.Repeat("k", 256), " ", "é"))
		}
		switch method {
		case "PUT", "PATCH":
			if target += "/" + id; method == "PUT" && random.IntN(2) == 0 {
				headers = headers[:0]
			}
		case "DELETE":
			sent, target = "", target+"/"+id+"?reason="+url.QueryEscape(pick(append(oddValues, "r", "r", "r", "r")...))
			if random.IntN(2) == 0 {
				target += "&merged_into=" + url.QueryEscape(pick(append(oddValues, "a", "b", "full")...))
			}
		case "IMPORT":
			method, target = "POST", "/v1/imports?dry_run="+pick("true", "false", "maybe")
			if random.IntN(2) == 0 {
				sent = "[" + sent + "," + body() + "]"
			} else {
				sent = sent + "\n" + body()
				headers = append(headers, "Content-Type", ndjson)
			}
		}
		answer := s.write(t, method, target, sent, headers...)
		statuses[answer.status]++
		if answer.status >= 500 || answer.header.Get("X-Injected") != "" {
			t.Fatalf("%s %s %v: %d %s\n%s", method, target, headers, answer.status, answer.body, sent)
		}
		if answer.status >= http.StatusBadRequest {
			answer.problem(t)
		}
		if t.Failed() {
			t.Fatalf("%s %s %v\n%s", method, target, headers, sent)
		}
	}
	if statuses[200]+statuses[201] < requests/25 || statuses[422] < requests/25 || statuses[412] == 0 || statuses[410] == 0 {
		t.Errorf("the walk is one-sided: %v", statuses)
	}
}
