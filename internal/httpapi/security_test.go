package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// everyRequest asks for each operation, as its client would.
func everyRequest() []struct{ method, target, body string } {
	event := small("everywhere", "2021")
	list := []struct{ method, target, body string }{
		{"POST", "/v1/events", event}, {"PUT", "/v1/events/everywhere", event},
		{"PATCH", "/v1/events/ml-coup-2021", `{"tags":["x"]}`}, {"DELETE", "/v1/events/ml-coup-2021?reason=x", ""},
		{"POST", "/v1/imports", "[" + event + "]"},
	}
	for _, target := range []string{
		"/v1/events?q=coup", "/v1/events?count=exact&country=ML", "/v1/events?as_of=1&dataset=sahel", "/v1/events?as_of=2026-01-01T00:00:00Z", "/v1/events/ml-coup-2021", "/v1/events/ml-coup-2021/history",
		"/v1/events/ml-coup-2021/chain", "/v1/changes", "/v1/changes/stream", "/v1/timeline", "/v1/timeline?measure=x", "/v1/facets", "/v1/countries", "/v1/regions",
		"/v1/types", "/v1/datasets", "/v1/events.ndjson", "/v1/events.csv?q=coup", "/v1/events.geojson", "/v1/events.ics", "/v1/events.atom",
		"/v1/events.parquet", "/v1/events.timelinejs.json", "/v1/events.vis.json", "/readyz",
	} {
		list = append(list, struct{ method, target, body string }{"GET", target, ""})
	}
	return list
}

// askEverything asks for everything with a writer's key, and fails where an answer tells
// of the inside. It gives how many were 5xx.
func (s service) askEverything(t *testing.T, name string) (failed int) {
	t.Helper()
	for _, r := range everyRequest() {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		request := httptest.NewRequestWithContext(ctx, r.method, r.target, strings.NewReader(r.body))
		request.Header.Set("Authorization", "Bearer key-of-write")
		request.Header.Set("If-Match", "*")
		if r.method == "PUT" {
			request.Header.Del("If-Match")
		}
		request.Header.Set("Content-Type", "application/json")
		if r.method == "PATCH" {
			request.Header.Set("Content-Type", "application/merge-patch+json")
		}
		recorder := httptest.NewRecorder()
		if r.target == "/v1/changes/stream" {
			cancel() // it would not end
		}
		s.handler.ServeHTTP(recorder, request)
		cancel()
		if recorder.Code >= 500 {
			failed++
			if recorder.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %s %s: %d as %q", name, r.method, r.target, recorder.Code, recorder.Header().Get("Content-Type"))
			}
		}
		if told := inside(recorder.Body.Bytes()); told != "" && recorder.Code >= 400 {
			t.Errorf("%s: %s %s tells of the inside (%s): %s", name, r.method, r.target, told, recorder.Body)
		}
		for header, values := range recorder.Header() {
			if told := inside([]byte(strings.Join(values, " "))); told != "" {
				t.Errorf("%s: %s %s tells of the inside (%s) in %s", name, r.method, r.target, told, header)
			}
		}
	}
	return failed
}

// empty is a store that has no method: each panics, as a fault of ours would.
type empty struct{ httpapi.Store }

// TestNoFaultTellsOfTheInside: panics, tables that are gone, a column that is gone, and a
// pool that is closed, in every operation.
func TestNoFaultTellsOfTheInside(t *testing.T) {
	t.Parallel()
	if failed := (service{handlerOf(t, empty{}), nil}).askEverything(t, "panics"); failed < 25 {
		t.Errorf("only %d of the requests met the panic", failed)
	}
	for name, sql := range map[string]string{
		"events gone":       `ALTER TABLE event RENAME TO elsewhere`,
		"a column gone":     `ALTER TABLE event RENAME COLUMN doc TO elsewhere`,
		"the revision gone": `DELETE FROM revision`,
		"keys gone":         `ALTER TABLE api_key RENAME TO elsewhere`,
		"terms gone":        `ALTER TABLE term RENAME TO elsewhere`,
		"history gone":      `ALTER TABLE event_history RENAME TO elsewhere`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, address := newsroomAt(t)
			conn, err := pgx.Connect(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			if _, err := conn.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
			if s.askEverything(t, name) == 0 {
				t.Error("nothing failed")
			}
		})
	}
	t.Run("a closed pool", func(t *testing.T) {
		t.Parallel()
		s, _ := newsroomAt(t)
		s.store.Close()
		if s.askEverything(t, "closed") == 0 {
			t.Error("nothing failed")
		}
	})
}

// TestNothingIsFetched: addresses in events and data sets are data. A listener that is
// named in every one of them is never called.
func TestNothingIsFetched(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var calls atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			calls.Add(1)
			_ = conn.Close()
		}
	}()
	address := "http://" + listener.Addr().String() + "/x"
	s := newsroom(t)
	if _, err := s.store.CreateDataset(t.Context(), timeline.Dataset{Slug: "linked", Title: timeline.Text{"en": "Linked"}, URL: address}, nil, author); err != nil {
		t.Fatal(err)
	}
	linked := strings.Replace(strings.Replace(small("linked", "2021-05-01"), "sahel", "linked", 1), `"title":"A source"`, `"title":"A source","url":"`+address+`"`, 1)
	s.write(t, "POST", "/v1/events", linked).want(t, 201)
	s.write(t, "PUT", "/v1/events/linked", linked).want(t, 200)
	s.write(t, "PATCH", "/v1/events/linked", `{"attributes":{"image":"`+address+`"}}`, "If-Match", "*").want(t, 200)
	s.write(t, "POST", "/v1/imports", "["+strings.Replace(linked, `"linked"`, `"linked-2"`, 1)+"]").want(t, 200)
	s.write(t, "DELETE", "/v1/events/linked-2?reason="+url.QueryEscape(address)+"&merged_into="+url.QueryEscape(address), "", "If-Match", "*").want(t, 400)
	s.write(t, "DELETE", "/v1/events/linked-2?reason="+url.QueryEscape(address), "", "If-Match", "*").want(t, 200)
	s.askEverything(t, "linked")
	if n := calls.Load(); n != 0 {
		t.Errorf("the server called an address of its data %d times", n)
	}
}

// TestKeysAndBodiesAreNotLogged, wherever a client puts them.
func TestKeysAndBodiesAreNotLogged(t *testing.T) {
	t.Parallel()
	open := newsroom(t)
	var lines bytes.Buffer
	s := service{handlerOf(t, open.store, func(o *httpapi.Options) {
		o.Log = slog.New(slog.NewJSONHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}), open.store}
	s.write(t, "POST", "/v1/events", small("secret-id", "2021"), "Idempotency-Key", "secret-idempotency").want(t, 201)
	s.write(t, "POST", "/v1/events", "{", "Authorization", "Bearer secret-key").want(t, 401)
	s.write(t, "DELETE", "/v1/events/secret-id?reason=secret-reason", "", "If-Match", "*").want(t, 200)
	s.get(t, "/v1/events?api_key=secret-query&q=secret-words").want(t, 400)
	s.get(t, "/v1/secret-path", "Cookie", "secret-cookie", "Referer", "https://example.org/secret-referer").want(t, 404)
	service{handlerOf(t, empty{}, func(o *httpapi.Options) { o.Log = slog.New(slog.NewJSONHandler(&lines, nil)) }), nil}.askEverything(t, "panics")
	text := lines.String()
	if !strings.Contains(text, `"route":"/v1/events"`) || strings.Contains(text, "key-of-write") || strings.Contains(text, "secret-") {
		t.Errorf("the log is\n%.3000s", text)
	}
}

// TestSecurityHeaders: on answers, problems and redirects; pages have their own policy.
func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	s.put(t, event(t, "twice", "2021"))
	s.put(t, event(t, "once", "2021"))
	s.write(t, "DELETE", "/v1/events/twice?reason=x&merged_into=once", "", "If-Match", "*").want(t, 200)
	for target, status := range map[string]int{
		"/v1/events": 200, "/v1/events/nobody": 404, "/v1/events?x=1": 400, "/nowhere": 404, "/openapi.yaml": 200, "/livez": 200, "/v1/events.csv": 200,
		"/v1/events/twice": 301,
	} {
		answer := s.get(t, target)
		h := answer.header
		if answer.status != status {
			t.Errorf("%s: %d, want %d", target, answer.status, status)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Server": "", "X-Powered-By": "", "Set-Cookie": "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", target, name, got, want)
			}
		}
		if status >= 400 && h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: a problem may be kept: %q", target, h.Get("Cache-Control"))
		}
	}
	for target, framed := range map[string]bool{"/": false, "/docs": false, "/embed": true} {
		_, response, _ := s.ask(t, "GET", target, "")
		h := response.Header
		policy := h.Get("Content-Security-Policy")
		if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "require-trusted-types-for 'script'") ||
			(h.Get("X-Frame-Options") == "") != framed || strings.HasSuffix(policy, "frame-ancestors *") != framed {
			t.Errorf("%s: %v", target, h)
		}
	}
}

// rawAsk sends bytes over a connection and gives the answer's head and body.
func rawAsk(t *testing.T, address, text string) (*http.Response, string) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	return response, string(body)
}

// TestPathAndHostTricks: no form of a target leads to a file or another host, and no
// answer repeats the Host that a client made up.
func TestPathAndHostTricks(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	s.put(t, event(t, "twice", "2021"))
	s.put(t, event(t, "once", "2021"))
	s.write(t, "DELETE", "/v1/events/twice?reason=x&merged_into=once", "", "If-Match", "*").want(t, 200)
	address := httptestServer(t, s.handler)
	for _, c := range []struct {
		line, headers string
		statuses      string
	}{
		{"GET http://evil.example/v1/types HTTP/1.1", "Host: evil.example", "200"},
		{"GET http://evil.example:22/v1/events?limit=1 HTTP/1.1", "Host: a.example", "200"},
		{"GET //evil.example/v1/types HTTP/1.1", "Host: x", "404"},
		{"GET /v1/events?limit=1 HTTP/1.1", "Host: evil.example\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: gopher\r\nForwarded: host=evil.example", "200"},
		{"GET /v1/events/twice HTTP/1.1", "Host: evil.example\r\nX-Original-URL: /admin\r\nX-Rewrite-URL: /admin", "301"},
		{"GET /../../../../etc/passwd HTTP/1.1", "Host: x", "404 400"},
		{"GET /assets/../../../../etc/passwd HTTP/1.1", "Host: x", "404"},
		{"GET /assets/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1", "Host: x", "404"},
		{"GET /assets/..%252f..%252fetc%252fpasswd HTTP/1.1", "Host: x", "404"},
		{"GET /assets/%2e%2e/%2e%2e/etc/passwd HTTP/1.1", "Host: x", "404"},
		{"GET /assets/..\\..\\etc\\passwd HTTP/1.1", "Host: x", "404"},
		{"GET /assets/%00 HTTP/1.1", "Host: x", "404"},
		{"GET /v1/events/..%2f..%2fopenapi.yaml HTTP/1.1", "Host: x", "400"},
		{"GET /v1/events/%2e%2e HTTP/1.1", "Host: x", "400"},
		{"GET file:///etc/passwd HTTP/1.1", "Host: x", "404"},
		{"CONNECT 127.0.0.1:22 HTTP/1.1", "Host: 127.0.0.1:22", "404 405 400"},
		{"TRACE /v1/types HTTP/1.1", "Host: x\r\nCookie: secret-cookie", "405"},
		{"GET /v1/types HTTP/1.1", "Host: x\r\nX-HTTP-Method-Override: DELETE\r\nX-Method-Override: DELETE", "200"},
		{"OPTIONS * HTTP/1.1", "Host: x", "200 404"},
	} {
		response, body := rawAsk(t, address, c.line+"\r\n"+c.headers+"\r\nConnection: close\r\n\r\n")
		if !strings.Contains(c.statuses, fmt.Sprint(response.StatusCode)) {
			t.Errorf("%s: %d, want %s: %.200s", c.line, response.StatusCode, c.statuses, body)
		}
		if to := response.Header.Get("Location"); response.StatusCode == http.StatusMovedPermanently && to != "/v1/events/once" {
			t.Errorf("%s leads to %q", c.line, to)
		}
		all := fmt.Sprint(response.Header) + body
		for _, word := range []string{"evil.example", "root:", "secret-cookie", "gopher"} {
			if strings.HasPrefix(c.line, "GET //") { // the path is told, as the place that is not there
				all = fmt.Sprint(response.Header)
			}
			if strings.Contains(all, word) {
				t.Errorf("%s: %q comes back: %.500s", c.line, word, all)
			}
		}
	}
}

// TestHeadersCannotBeInjected: what a client sends, and a header of the answer repeats,
// brings no line of its own.
func TestHeadersCannotBeInjected(t *testing.T) {
	t.Parallel()
	s := newsroom(t)
	const lines = "%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a<script>"
	s.write(t, "POST", "/v1/events", small("from", "2021")).want(t, 201)
	s.write(t, "POST", "/v1/events", small("to", "2021")).want(t, 201)
	s.write(t, "DELETE", "/v1/events/from?reason=x&merged_into=to", "", "If-Match", "*").want(t, 200)
	address := httptestServer(t, s.handler)
	for _, target := range []string{
		"/v1/events/from?as_of=" + lines, "/v1/events/from?x=" + lines, "/v1/events/" + lines, "/v1/events?limit=1&q=coup" + lines, "/v1/events?limit=1&tag=" + lines,
		"/v1/events.csv?q=" + lines, "/v1/" + lines, "/v1/events/from/chain?depth=" + lines, "/assets/" + lines,
	} {
		response, _ := rawAsk(t, address, "GET "+target+" HTTP/1.1\r\nHost: x\r\nX-Request-Id: a%0d%0ab\r\nOrigin: http://a%0d%0ab\r\nConnection: close\r\n\r\n")
		if response.Header.Get("Set-Cookie") != "" || strings.ContainsAny(fmt.Sprint(response.Header), "\r\n") {
			t.Errorf("%s: %v", target, response.Header)
		}
	}
	for _, id := range []string{"a b", "a\tb", "é", strings.Repeat("a", 129), "<script>", "a;b", `"a"`} {
		if got := s.get(t, "/livez", "X-Request-Id", id).header.Get("X-Request-Id"); got == id || got == "" {
			t.Errorf("the request id %q is taken", id)
		}
	}
	moved := s.get(t, "/v1/events/from").header.Get("Location")
	if moved != "/v1/events/to" {
		t.Errorf("the address of the merged event is %q", moved)
	}
}

// TestJSONBombs: what a body costs is in proportion to its length, however it is built.
func TestJSONBombs(t *testing.T) {
	s := newsroom(t) // not parallel: what is allocated is of all tests
	var keys strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&keys, `"k%d":1,`, i)
	}
	for name, body := range map[string]string{
		"objects within objects":  strings.Repeat(`{"a":`, 150_000) + "1" + strings.Repeat("}", 150_000),
		"arrays within arrays":    strings.Repeat("[", 500_000) + strings.Repeat("]", 500_000),
		"depth in a known member": `{"created_at":` + strings.Repeat(`{"a":`, 9_000) + "1" + strings.Repeat("}", 9_000) + "}",
		"many keys":               "{" + keys.String() + `"z":1}`,
		"one key many times":      "{" + strings.Repeat(`"a":1,`, 150_000) + `"a":1}`,
		"10,000 digits":           `{"measures":{"a":` + strings.Repeat("9", 10_000) + `}}`,
		"a million digits":        `{"measures":{"a":` + strings.Repeat("9", 1_000_000) + `}}`,
		"a huge exponent":         `{"measures":{"a":1e` + strings.Repeat("9", 1_000) + `}}`,
		"a small exponent":        `{"measures":{"a":1e-` + strings.Repeat("9", 100_000) + `}}`,
		"a huge string":           `{"title":{"en":"` + strings.Repeat("a", 1_000_000) + `"}}`,
		"a huge key":              `{"` + strings.Repeat("a", 1_000_000) + `":1}`,
		"escapes":                 `{"title":{"en":"` + strings.Repeat(`\u0061`, 150_000) + `"}}`,
		"empty objects":           `{"countries":[` + strings.Repeat("{},", 300_000) + "{}]}",
		"blanks":                  strings.Repeat(" \n", 500_000) + "{}",
	} {
		for _, method := range []string{"POST", "PATCH"} {
			target := "/v1/events"
			headers := []string{"Authorization", "Bearer key-of-write", "Content-Type", "application/json"}
			if method == "PATCH" {
				target, headers[3] = "/v1/events/ml-coup-2021", "application/merge-patch+json"
				headers = append(headers, "If-Match", "*")
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, response, got := s.ask(t, method, target, body, headers...)
			runtime.ReadMemStats(&after)
			spent := after.TotalAlloc - before.TotalAlloc
			if response.StatusCode >= 500 { // some are no fault: what is not read, an empty patch
				t.Errorf("%s %s: %d %.300s", method, name, response.StatusCode, got)
			}
			if most := uint64(1<<20 + 200*len(body)); spent > most {
				t.Errorf("%s %s: %d bytes are allocated for a body of %d", method, name, spent, len(body))
			}
			if len(got) > 3<<20 {
				t.Errorf("%s %s: the answer has %d bytes", method, name, len(got))
			}
		}
	}
}

// TestManyAskForReadiness: however many ask at once, the database is asked a few times, and
// all are answered.
func TestManyAskForReadiness(t *testing.T) {
	t.Parallel()
	open := serve(t)
	store := &slowlyReady{Store: open.store}
	s := service{handlerOf(t, store), open.store}
	var asked sync.WaitGroup
	for range 200 {
		asked.Go(func() {
			if got := s.get(t, "/readyz"); got.status != http.StatusOK || !strings.Contains(string(got.body), `"schema"`) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
	asked.Wait()
	if n := store.looks.Load(); n > 20 {
		t.Errorf("it was looked %d times", n)
	}
}

// slowlyReady takes a while to tell whether it can serve.
type slowlyReady struct {
	httpapi.Store
	looks atomic.Int64
}

func (s *slowlyReady) Ready(ctx context.Context) []timeline.Check {
	s.looks.Add(1)
	time.Sleep(200 * time.Millisecond)
	return s.Store.Ready(ctx)
}

// TestInjectionOfSQL puts what attackers try into every text that reaches SQL, reading and
// writing: it is text, finds nothing, breaks nothing and comes back as it was.
func TestInjectionOfSQL(t *testing.T) {
	t.Parallel()
	s := serve(t)
	before := s.get(t, "/v1/events?limit=500&count=exact").body
	tries := []string{
		`'`, `''; DROP TABLE event;--`, `' OR '1'='1`, `1; SELECT pg_sleep(10)`, `' UNION SELECT version()--`, `$1`, `@revision`, `\'; --`, `%27%20OR%201=1`,
		`"; DELETE FROM event;`, `$$; DROP TABLE event; $$`, `E'\x27'`, `/**/OR/**/1=1`, `:'a'`, `{{1}}`,
	}
	for _, try := range tries {
		for _, name := range []string{"q", "country", "type", "dataset", "tag", "actor", "status", "region", "cursor", "as_of", "from", "on", "bbox", "order", "limit"} {
			got := s.get(t, "/v1/events?"+url.Values{name: {try}}.Encode())
			if got.status != http.StatusOK && got.status != http.StatusBadRequest {
				t.Errorf("%s=%s is answered with %d %s", name, try, got.status, got.body)
			}
		}
		for _, path := range []string{"/v1/events/" + url.PathEscape(try), "/v1/timeline?" + url.Values{"measure": {try}}.Encode(), "/v1/facets?" + url.Values{"by": {try}}.Encode(), "/v1/changes?" + url.Values{"after": {try}}.Encode()} {
			if got := s.get(t, path); got.status != http.StatusBadRequest && got.status != http.StatusNotFound {
				t.Errorf("%s is answered with %d %s", path, got.status, got.body)
			}
		}
	}
	if after := s.get(t, "/v1/events?limit=500&count=exact").body; !bytes.Equal(before, after) {
		t.Error("reading has changed the events")
	}
	for i, try := range tries {
		e := event(t, fmt.Sprintf("sql-%d", i), "2021")
		e.Title["en"], e.Tags, e.Attributes = try, []string{try}, map[string]string{try: try}
		e.Sources[0].Quote = try
		s.put(t, e)
		read, faults, err := eventjson.Decode(s.get(t, "/v1/events/"+e.ID).body)
		if err != nil || len(faults) > 0 {
			t.Fatal(err, faults)
		}
		if read.Title["en"] != try || !slices.Equal(read.Tags, []string{try}) || read.Attributes[try] != try || read.Sources[0].Quote != try {
			t.Errorf("%s came back as %+v", try, read)
		}
		if found := s.get(t, "/v1/events?"+url.Values{"tag": {try}}.Encode()).page(t); len(found.Data) != 1 {
			t.Errorf("%d events have the tag %s", len(found.Data), try)
		}
	}
}
