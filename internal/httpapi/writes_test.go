package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/pgtest"
	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// newsroom is a service with a key of each scope, "key-of-" and the scope.
func newsroom(t testing.TB, change ...func(*httpapi.Options)) service {
	t.Helper()
	s := serve(t, change...)
	for _, scope := range timeline.Scopes {
		if _, err := s.store.CreateKey(t.Context(), scope+"r", []string{scope}, "key-of-"+scope); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// write sends a body with the key of a writer, as the type that its method takes.
// Headers that are given go before those.
func (s service) write(t testing.TB, method, target, body string, headers ...string) result {
	t.Helper()
	given := strings.Join(headers, "\n")
	if !strings.Contains(given, "Authorization\n") {
		headers = append(headers, "Authorization", "Bearer key-of-write")
	}
	if body != "" && !strings.Contains(given, "Content-Type\n") {
		mediaType := "application/json"
		if method == http.MethodPatch {
			mediaType = "application/merge-patch+json"
		}
		headers = append(headers, "Content-Type", mediaType)
	}
	return s.send(t, method, target, body, headers...)
}

// small is the least that an event needs.
func small(id, date string) string {
	return fmt.Sprintf(`{"id":%q,"dataset":"sahel","type":"other","date":{"edtf":%q},"title":{"en":"Event %s"},"sources":[{"title":"A source","language":"en"}]}`, id, date, id)
}

func (r result) want(t testing.TB, status int) result {
	t.Helper()
	if r.status != status {
		t.Fatalf("%d, want %d: %s", r.status, status, r.body)
	}
	return r
}

func (r result) etag() string { return r.header.Get("ETag") }

func TestAnEventsLife(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	const path = "/v1/events/a"
	created := s.write(t, "POST", "/v1/events", small("a", "2021")).want(t, 201)
	if created.header.Get("Location") != path || created.etag() != `"2"` || created.header.Get("Cache-Control") != "no-store" {
		t.Errorf("created: %v", created.header)
	}
	read := s.get(t, path).want(t, 200)
	if !bytes.Equal(read.body, created.body) || read.etag() != created.etag() {
		t.Errorf("what was created is\n%s\nwhat is read is\n%s", created.body, read.body)
	}
	if again := s.write(t, "POST", "/v1/events", small("a", "2022")).want(t, 409).problem(t); again.Code != "conflict" {
		t.Errorf("created again: %+v", again)
	}

	// An event that was read can be put back, and that takes no revision.
	back := s.write(t, "PUT", path, string(read.body), "If-Match", read.etag()).want(t, 200)
	if !bytes.Equal(back.body, read.body) || back.etag() != read.etag() || s.revision(t) != 2 {
		t.Errorf("put back: revision %d, %v %s", s.revision(t), back.header, back.body)
	}

	// If-Match.
	s.write(t, "PUT", path, small("a", "2022"), "If-Match", `"1"`).want(t, 412)
	s.write(t, "PUT", path, small("a", "2022"), "If-None-Match", "*").want(t, 412)
	s.write(t, "PUT", path, small("a", "2022"), "If-Match", `W/"7-abcdef"`).want(t, 412)
	replaced := s.write(t, "PUT", path, small("a", "2022"), "If-Match", `"1", W/"2-gzip"`).want(t, 200)
	if replaced.etag() != `"3"` {
		t.Errorf("replaced: %v", replaced.header)
	}
	if p := s.write(t, "PATCH", path, `{"tags":["x"]}`).want(t, 428).problem(t); p.Code != "precondition_required" {
		t.Errorf("%+v", p)
	}
	if p := s.write(t, "PATCH", path, `{"tags":["x"]}`, "If-Match", created.etag()).want(t, 412).problem(t); p.Code != "precondition_failed" || !strings.Contains(p.Detail, "revision 3") {
		t.Errorf("%+v", p)
	}
	patched := s.write(t, "PATCH", path, `{"date":{"edtf":"2022-05"},"title":{"en":null,"fr":"Événement"},"location":{"name":{"en":"Niamey"},"latitude":13.51,"longitude":2.11,"precision":"city"}}`, "If-Match", `"3-zstd"`).want(t, 200)
	var e struct {
		Date     struct{ EDTF, Latest string }
		Title    map[string]string
		Location *struct{ Latitude float64 }
	}
	if err := json.Unmarshal(patched.body, &e); err != nil || e.Date.Latest != "2022-05-31" || len(e.Title) != 1 || e.Title["fr"] != "Événement" || e.Location == nil || e.Location.Latitude != 13.51 {
		t.Errorf("patched: %v %s", err, patched.body)
	}
	if same := s.write(t, "PATCH", path, `{"location":{"latitude":13.510}}`, "If-Match", "*").want(t, 200); same.etag() != patched.etag() || s.revision(t) != 4 {
		t.Errorf("a patch that changes nothing: %v", same.header)
	}

	// Deleting.
	list := s.get(t, "/v1/events?id=a").etag()
	s.write(t, "DELETE", path+"?reason=a+hoax", "").want(t, 428)
	s.write(t, "DELETE", path+"?reason=a+hoax", "", "If-Match", `"3"`).want(t, 412)
	deleted := s.write(t, "DELETE", path+"?reason=a+hoax", "", "If-Match", patched.etag()).want(t, 200)
	if want := `{"revision":5,"op":"delete","event_id":"a","at":"2026-11-24T09:00:00.000000Z","reason":"a hoax","merged_into":null,"event":null}`; string(deleted.body) != want {
		t.Errorf("deleted:\n%s\nwant\n%s", deleted.body, want)
	}
	if gone := s.get(t, path).want(t, 410).problem(t); !strings.Contains(gone.Detail, "a hoax") {
		t.Errorf("%+v", gone)
	}
	if after := s.get(t, "/v1/events?id=a", "If-None-Match", list).want(t, 200); len(after.page(t).Data) != 0 {
		t.Errorf("the list after the deletion: %s", after.body)
	}
	s.write(t, "DELETE", path+"?reason=x", "", "If-Match", "*").want(t, 410)
	s.write(t, "PATCH", path, `{}`, "If-Match", "*").want(t, 410)
	s.write(t, "PUT", path, small("a", "2023"), "If-Match", patched.etag()).want(t, 412)

	// Coming back, and merging.
	s.write(t, "POST", "/v1/events", small("b", "2023")).want(t, 201)
	revived := s.write(t, "PUT", path, small("", "2023"), "If-None-Match", "*")
	if revived.want(t, 422); len(revived.problem(t).Errors) != 1 {
		t.Errorf("an empty id: %s", revived.body)
	}
	revived = s.write(t, "PUT", path, strings.Replace(small("a", "2023"), `"id":"a",`, "", 1), "If-None-Match", "*").want(t, 201)
	merged := s.write(t, "DELETE", path+"?reason=the+same&merged_into=b", "", "If-Match", revived.etag()).want(t, 200)
	if !strings.Contains(string(merged.body), `"op":"merge","event_id":"a"`) || !strings.Contains(string(merged.body), `"merged_into":"b"`) {
		t.Errorf("merged: %s", merged.body)
	}
	if to := s.get(t, path).want(t, 301).header.Get("Location"); to != "/v1/events/b" {
		t.Errorf("merged into %q", to)
	}
	if p := s.write(t, "PATCH", path, `{}`, "If-Match", "*").want(t, 410).problem(t); !strings.Contains(p.Detail, `"b"`) {
		t.Errorf("a patch of a merged event: %+v", p)
	}
	s.write(t, "POST", "/v1/events", small("a", "2023")).want(t, 201)
	s.get(t, path).want(t, 200)

	var history struct{ Data []struct{ Op string } }
	if err := json.Unmarshal(s.get(t, path+"/history").body, &history); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(history.Data); got != "[{create} {merge} {create} {delete} {update} {update} {create}]" {
		t.Errorf("the history is %s", got)
	}
}

// TestCreatedWithoutAnID: the server makes one.
func TestCreatedWithoutAnID(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	created := s.write(t, "POST", "/v1/events", strings.Replace(small("a", "2021"), `"id":"a",`, "", 1)).want(t, 201)
	path := created.header.Get("Location")
	if read := s.get(t, path).want(t, 200); !bytes.Equal(read.body, created.body) || len(path) != len("/v1/events/")+36 {
		t.Errorf("%s: %s", path, read.body)
	}
}

// TestEveryStoredEventCanBePutBack: those of the data set that ships, as they are read.
func TestEveryStoredEventCanBePutBack(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	before := s.revision(t)
	var all struct{ Data []json.RawMessage }
	if err := json.Unmarshal(s.get(t, "/v1/events?limit=500").body, &all); err != nil || len(all.Data) < 14 {
		t.Fatalf("%d events, %v", len(all.Data), err)
	}
	for _, doc := range all.Data {
		var e struct{ ID string }
		if err := json.Unmarshal(doc, &e); err != nil {
			t.Fatal(err)
		}
		if put := s.write(t, "PUT", "/v1/events/"+e.ID, string(doc)).want(t, 200); !bytes.Equal(put.body, doc) {
			t.Errorf("%s is\n%s\nand was\n%s", e.ID, put.body, doc)
		}
	}
	array, err := json.Marshal(all.Data)
	if err != nil {
		t.Fatal(err)
	}
	imported := s.write(t, "POST", "/v1/imports", string(array)).want(t, 200)
	if want := fmt.Sprintf(`{"revision":%d,"created":0,"updated":0,"unchanged":%d,"dry_run":false}`, before, len(all.Data)); string(imported.body) != want {
		t.Errorf("%s, want %s", imported.body, want)
	}
	if now := s.revision(t); now != before {
		t.Errorf("revision %d became %d", before, now)
	}
}

// TestBadWrites: each fault gets a problem with its place, and nothing is written.
func TestBadWrites(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	before := s.revision(t)
	zip := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
		return b.String()
	}
	const post, put, patch, remove = "POST /v1/events", "PUT /v1/events/ml-coup-2021", "PATCH /v1/events/ml-coup-2021", "DELETE /v1/events/ml-coup-2021"
	good := small("x", "2021")
	huge := `{"id":"x","attributes":{"a":"` + strings.Repeat("a", 1<<20) + `"}}`
	t.Run("each", func(t *testing.T) {
		for name, c := range map[string]struct {
			ask     string
			body    string
			headers []string
			status  int
			code    string
			places  string // pointers, else parameters, of the faults
		}{
			"no key":                       {post, good, []string{"Authorization", ""}, 401, "unauthorized", "Authorization"},
			"an unknown key":               {post, good, []string{"Authorization", "Bearer nobody"}, 401, "unauthorized", "Authorization"},
			"another scheme":               {post, good, []string{"Authorization", "Basic key-of-write"}, 401, "unauthorized", "Authorization"},
			"a reader's key":               {post, good, []string{"Authorization", "Bearer key-of-read"}, 403, "forbidden", "Authorization"},
			"a reader deletes":             {remove + "?reason=x", "", []string{"Authorization", "Bearer key-of-read", "If-Match", "*"}, 403, "forbidden", "Authorization"},
			"a reader imports":             {"POST /v1/imports", "[]", []string{"Authorization", "Bearer key-of-read"}, 403, "forbidden", "Authorization"},
			"a form":                       {post, good, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported_media_type", "Content-Type"},
			"another charset":              {post, good, []string{"Content-Type", "application/json; charset=latin1"}, 415, "unsupported_media_type", "Content-Type"},
			"a wrong type":                 {post, good, []string{"Content-Type", "json"}, 415, "unsupported_media_type", "Content-Type"},
			"JSON for a patch":             {patch, "{}", []string{"Content-Type", "application/json", "If-Match", "*"}, 415, "unsupported_media_type", "Content-Type"},
			"a zstd body":                  {post, good, []string{"Content-Encoding", "zstd"}, 415, "unsupported_media_type", "Content-Encoding"},
			"no gzip":                      {post, good, []string{"Content-Encoding", "gzip"}, 400, "malformed_body", ""},
			"gzip cut short":               {post, zip(good)[:20], []string{"Content-Encoding", "gzip"}, 400, "malformed_body", ""},
			"a gzip bomb":                  {post, zip(strings.Repeat(" ", 30<<20)), []string{"Content-Encoding", "gzip"}, 413, "body_too_large", ""},
			"too large":                    {post, huge, nil, 413, "body_too_large", ""},
			"too large for a patch":        {patch, huge, []string{"If-Match", "*"}, 413, "body_too_large", ""},
			"too large for an import":      {"POST /v1/imports", strings.Repeat(" ", 32<<20+1), nil, 413, "body_too_large", ""},
			"empty":                        {post, "", []string{"Content-Type", "application/json"}, 400, "malformed_body", ""},
			"blank":                        {post, "  \n", nil, 400, "malformed_body", ""},
			"no JSON":                      {post, "{", nil, 400, "malformed_body", ""},
			"two values":                   {post, good + good, nil, 400, "malformed_body", ""},
			"a duplicate key":              {post, `{"id":"x","date":{"edtf":"2021","edtf":"2022"}}`, nil, 400, "malformed_body", "/date/edtf"},
			"a duplicate key in a patch":   {patch, `{"title":{"en":"a","en":"b"}}`, []string{"If-Match", "*"}, 400, "malformed_body", "/title/en"},
			"not UTF-8":                    {post, "{\"id\":\"\xff\"}", nil, 400, "malformed_body", "/id"},
			"a deep body":                  {post, strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000), nil, 400, "malformed_body", "…"},
			"a deep patch":                 {patch, strings.Repeat(`{"a":`, 9_000) + "1" + strings.Repeat("}", 9_000), []string{"If-Match", "*"}, 422, "invalid_event", "/a"},
			"an array":                     {post, "[]", nil, 422, "invalid_event", ""},
			"null":                         {post, "null", nil, 422, "invalid_event", ""},
			"nothing in it":                {post, "{}", nil, 422, "invalid_event", "/dataset /type /date /title /sources"},
			"all faults at once":           {post, `{"id":"X","dataset":"nowhere","type":"cuop","status":"maybe","date":{"edtf":"2021-13"},"title":{},"sources":[],"x":1}`, nil, 422, "invalid_event", "/id /type /status /date/edtf /title /sources /x /dataset"},
			"an unknown data set":          {post, strings.Replace(good, "sahel", "sahell", 1), nil, 422, "invalid_event", "/dataset"},
			"another id than the path's":   {put, good, nil, 422, "invalid_event", "/id"},
			"a link to itself":             {put, strings.Replace(good, `"id":"x",`, `"links":[{"relation":"follows","event":"ml-coup-2021"}],`, 1), nil, 422, "invalid_event", "/links/0/event"},
			"another id in a patch":        {patch, `{"id":"x"}`, []string{"If-Match", "*"}, 422, "invalid_event", "/id"},
			"a patch that is no object":    {patch, `[]`, []string{"If-Match", "*"}, 422, "invalid_event", ""},
			"a patch that takes too much":  {patch, `{"date":null,"sources":[],"type":null}`, []string{"If-Match", "*"}, 422, "invalid_event", "/sources /type /date"},
			"a patch without If-Match":     {patch, `{}`, nil, 428, "precondition_required", "If-Match"},
			"a patch of nobody":            {"PATCH /v1/events/nobody", `{}`, []string{"If-Match", "*"}, 404, "not_found", ""},
			"a put where nothing is":       {"PUT /v1/events/x", good, []string{"If-Match", "*"}, 412, "precondition_failed", "If-Match"},
			"a tag without quotes":         {put, good, []string{"If-Match", "1"}, 400, "invalid_parameter", "If-Match"},
			"an empty If-Match":            {put, good, []string{"If-Match", ""}, 400, "invalid_parameter", "If-Match"},
			"an empty If-None-Match":       {put, good, []string{"If-None-Match", " "}, 400, "invalid_parameter", "If-None-Match"},
			"another number's tag":         {put, strings.Replace(good, `"id":"x",`, "", 1), []string{"If-Match", `"01", "+1"`}, 412, "precondition_failed", "If-Match"},
			"half a tag":                   {patch, "{}", []string{"If-Match", `"1`}, 400, "invalid_parameter", "If-Match"},
			"If-None-Match with a tag":     {put, good, []string{"If-None-Match", `"1"`}, 400, "invalid_parameter", "If-None-Match"},
			"a wrong id in the path":       {"PUT /v1/events/X", good, nil, 400, "invalid_parameter", "id"},
			"a parameter that is none":     {post + "?x=1", good, nil, 400, "invalid_parameter", "x"},
			"deleting without a reason":    {remove, "", []string{"If-Match", "*"}, 400, "invalid_parameter", "reason"},
			"deleting with a blank reason": {remove + "?reason=+", "", []string{"If-Match", "*"}, 400, "invalid_parameter", "reason"},
			"deleting without If-Match":    {remove + "?reason=x", "", nil, 428, "precondition_required", "If-Match"},
			"deleting nobody":              {"DELETE /v1/events/nobody?reason=x", "", []string{"If-Match", "*"}, 404, "not_found", ""},
			"merged into nobody":           {remove + "?reason=x&merged_into=nobody", "", []string{"If-Match", "*"}, 400, "invalid_parameter", "merged_into"},
			"merged into itself":           {remove + "?reason=x&merged_into=ml-coup-2021", "", []string{"If-Match", "*"}, 400, "invalid_parameter", "merged_into"},
			"merged into no id":            {remove + "?reason=x&merged_into=A%2FB", "", []string{"If-Match", "*"}, 400, "invalid_parameter", "merged_into"},
			"a wrong idempotency key":      {post, good, []string{"Idempotency-Key", "a b"}, 400, "invalid_parameter", "Idempotency-Key"},
			"an empty idempotency key":     {post, good, []string{"Idempotency-Key", ""}, 400, "invalid_parameter", "Idempotency-Key"},
			"Accept that excludes JSON":    {post, good, []string{"Accept", "text/html"}, 406, "not_acceptable", "Accept"},
			"dry_run=maybe":                {"POST /v1/imports?dry_run=maybe", "[]", nil, 400, "invalid_parameter", "dry_run"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				method, target, _ := strings.Cut(c.ask, " ")
				answer := s.write(t, method, target, c.body, c.headers...)
				p := answer.problem(t)
				if answer.status != c.status || p.Code != c.code {
					t.Fatalf("%d %s, want %d %s: %.500s", answer.status, p.Code, c.status, c.code, answer.body)
				}
				var places []string
				for _, e := range p.Errors {
					switch {
					case e.Pointer != nil:
						places = append(places, *e.Pointer)
					case e.Parameter != nil:
						places = append(places, *e.Parameter)
					}
					if e.Detail == "" {
						t.Errorf("a fault without a word: %s", answer.body)
					}
				}
				if got := strings.Join(places, " "); got != c.places && c.places != "…" {
					t.Errorf("points at %q, want %q: %.1000s", got, c.places, answer.body)
				}
				if answer.status == 401 && answer.header.Get("WWW-Authenticate") == "" {
					t.Error("a 401 without WWW-Authenticate")
				}
			})
		}
	})
	if now := s.revision(t); now != before {
		t.Errorf("revision %d became %d", before, now)
	}
}

func TestKeysEnd(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	s.write(t, "POST", "/v1/events", small("a", "2021"), "Authorization", "Bearer key-of-admin").want(t, 201)
	s.write(t, "POST", "/v1/events", small("b", "2021")).want(t, 201)
	keys, err := s.store.Keys(t.Context())
	if err != nil || len(keys) != 3 {
		t.Fatalf("%+v %v", keys, err)
	}
	for _, k := range keys {
		if used := k.LastUsed != nil; used != (k.Name != "readr") {
			t.Errorf("%s was used: %v", k.Name, k.LastUsed)
		}
		if k.Name == "writer" {
			if _, err := s.store.RevokeKey(t.Context(), k.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.write(t, "POST", "/v1/events", small("c", "2021")).want(t, 401)
}

// TestCompressedBodies: a body may come with gzip, within the limit of its contents.
func TestCompressedBodies(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(small("a", "2021"))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s.write(t, "POST", "/v1/events", b.String(), "Content-Encoding", "gzip").want(t, 201)
	s.get(t, "/v1/events/a").want(t, 200)
}

// TestPatchesThatMeet: with If-Match: * each patch is done on what the others left.
func TestPatchesThatMeet(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	s.write(t, "POST", "/v1/events", small("a", "2021")).want(t, 201)
	const patches = 6
	var group sync.WaitGroup
	for i := range patches {
		group.Go(func() {
			if got := s.write(t, "PATCH", "/v1/events/a", fmt.Sprintf(`{"attributes":{"k%d":"v"}}`, i), "If-Match", "*"); got.status != 200 {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
	group.Wait()
	var e struct{ Attributes map[string]string }
	if err := json.Unmarshal(s.get(t, "/v1/events/a").body, &e); err != nil || len(e.Attributes) != patches {
		t.Errorf("%v %v", e.Attributes, err)
	}
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	first := s.write(t, "POST", "/v1/events", small("a", "2021"), "Idempotency-Key", "k1").want(t, 201)
	again := s.write(t, "POST", "/v1/events", small("a", "2021"), "Idempotency-Key", "k1").want(t, 201)
	if !bytes.Equal(first.body, again.body) || first.etag() != again.etag() || first.header.Get("Location") != again.header.Get("Location") {
		t.Errorf("the same again is %v %s, was %v %s", again.header, again.body, first.header, first.body)
	}
	if p := s.write(t, "POST", "/v1/events", small("b", "2021"), "Idempotency-Key", "k1").want(t, 422).problem(t); p.Code != "idempotency_mismatch" {
		t.Errorf("%+v", p)
	}
	s.write(t, "POST", "/v1/imports", small("a", "2021"), "Idempotency-Key", "k1", "Content-Type", "application/x-ndjson").want(t, 422)
	s.write(t, "POST", "/v1/events", small("c", "2021"), "Idempotency-Key", "k1", "Authorization", "Bearer key-of-admin").want(t, 201) // another's key
	// What failed can be tried again.
	s.write(t, "POST", "/v1/events", small("a", "2022"), "Idempotency-Key", "k2").want(t, 409)
	s.write(t, "DELETE", "/v1/events/a?reason=x", "", "If-Match", "*").want(t, 200)
	s.write(t, "POST", "/v1/events", small("a", "2022"), "Idempotency-Key", "k2").want(t, 201)

	dry := s.write(t, "POST", "/v1/imports?dry_run=true", "["+small("d", "2021")+"]", "Idempotency-Key", "k3").want(t, 200)
	s.write(t, "POST", "/v1/imports", "["+small("d", "2021")+"]", "Idempotency-Key", "k3").want(t, 422) // not what was asked before
	real := s.write(t, "POST", "/v1/imports", "["+small("d", "2021")+"]", "Idempotency-Key", "k4").want(t, 200)
	twice := s.write(t, "POST", "/v1/imports", "["+small("d", "2021")+"]", "Idempotency-Key", "k4").want(t, 200)
	if !bytes.Equal(real.body, twice.body) || bytes.Equal(real.body, dry.body) || !strings.Contains(string(real.body), `"created":1`) {
		t.Errorf("%s, %s, %s", dry.body, real.body, twice.body)
	}

	// Together, it is done once.
	before := s.revision(t)
	var group sync.WaitGroup
	locations := make([]string, 4)
	for i := range locations {
		group.Go(func() {
			locations[i] = s.write(t, "POST", "/v1/events", strings.Replace(small("", "2021"), `"id":"",`, "", 1), "Idempotency-Key", "k5").header.Get("Location")
		})
	}
	group.Wait()
	for _, l := range locations {
		if l == "" || l != locations[0] {
			t.Errorf("%v", locations)
		}
	}
	if now := s.revision(t); now != before+1 {
		t.Errorf("revision %d became %d", before, now)
	}
}

// TestBrowsersOfOtherOriginsRead: they are told that they may read, never that they may
// write.
func TestBrowsersOfOtherOriginsRead(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	for target, want := range map[string]string{"/v1/events": "GET, HEAD", "/v1/events/a": "GET, HEAD", "/v1/imports": "", "/v1/changes/stream": "GET, HEAD"} {
		pre := s.do(t, http.MethodOptions, target, "Origin", "https://charts.example", "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "authorization")
		if got := pre.header.Get("Access-Control-Allow-Methods"); got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
		if pre.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: with credentials", target)
		}
	}
	if allow := s.do(t, "BREW", "/v1/events/a").want(t, 405).header.Get("Allow"); allow != "GET, HEAD, PUT, PATCH, DELETE, OPTIONS" && !strings.Contains(allow, "PATCH") {
		t.Errorf("Allow %q", allow)
	}
}

// TestAPatchReadsWhatIsNew: not what a replica has, which lacks what another instance
// wrote a moment ago.
func TestAPatchReadsWhatIsNew(t *testing.T) {
	t.Parallel()
	url, copied := pgtest.New(t), pgtest.New(t)
	primary, replica := serveAt(t, url), serveAt(t, copied) // a replica that has what the test writes there
	if _, err := primary.store.CreateKey(t.Context(), "writer", []string{timeline.ScopeWrite}, "key-of-write"); err != nil {
		t.Fatal(err)
	}
	store, err := postgres.Open(t.Context(), postgres.Options{URL: url, ReplicaURLs: []string{copied}, MaxConns: 4, Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	s := service{handlerOf(t, store, func(o *httpapi.Options) { o.Cache = nil }), store}
	e := event(t, "a", "2021")
	primary.put(t, e)
	e.Title["en"] = "Of the replica"
	replica.put(t, e)
	eventually(t, func() bool { return strings.Contains(string(s.get(t, "/v1/events/a").body), "Of the replica") })
	e.Title["en"] = "Newer than that"
	tag := fmt.Sprintf(`"%d"`, primary.put(t, e).Revision)
	if got := s.write(t, "PATCH", "/v1/events/a", `{"tags":["patched"]}`, "If-Match", tag).want(t, 200); !strings.Contains(string(got.body), "Newer than that") {
		t.Errorf("%s", got.body)
	}
}
