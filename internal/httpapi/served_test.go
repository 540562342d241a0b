package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/contracttest"
	"github.com/tarikh-timeline/tarikh/internal/httpapi"
	"github.com/tarikh-timeline/tarikh/internal/programtest"
	"github.com/tarikh-timeline/tarikh/internal/telemetry"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// logged is a service whose log is read. Its streams end at once.
func logged(t *testing.T, change ...func(*httpapi.Options)) (service, *programtest.Output) {
	t.Helper()
	var log programtest.Output
	stopped := make(chan struct{})
	close(stopped)
	return serve(t, append(change, func(o *httpapi.Options) {
		o.Log, o.Stop = slog.New(slog.NewJSONHandler(&log, nil)), stopped
	})...), &log
}

// lines are the log's, without what differs from run to run.
func lines(t *testing.T, log *programtest.Output) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.Lines(log.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if ms, ok := fields["ms"].(float64); !ok || ms < 0 {
			t.Errorf("no time in %s", line)
		}
		delete(fields, "ms")
		delete(fields, "time")
		found = append(found, fields)
	}
	return found
}

func TestTheLogLineOfARequest(t *testing.T) {
	t.Parallel()
	s, log := logged(t)
	const trace = "0af7651916cd43dd8448eb211c80319c"
	write := []string{"Authorization", "Bearer " + s.key(t, timeline.ScopeWrite), "Content-Type", "application/json"}
	event := `{"dataset":"sahel","type":"other","date":{"edtf":"2020"},"title":{"en":"x"},"sources":[{"publisher":"x","language":"en"}]}`
	for _, ask := range []struct {
		method, target, body string
		headers              []string
		want                 map[string]any
	}{
		{method: "GET", target: "/v1/events?limit=3", want: map[string]any{"method": "GET", "route": "/v1/events", "status": 200.0, "rows": 3.0}},
		{method: "GET", target: "/v1/events?limit=3", want: map[string]any{"method": "GET", "route": "/v1/events", "status": 200.0, "rows": 3.0, "cache": "hit"}},
		{method: "HEAD", target: "/v1/events/ml-coup-2021", headers: []string{"Traceparent", "00-" + trace + "-b7ad6b7169203331-01"}, want: map[string]any{"method": "HEAD", "route": "/v1/events/:id", "status": 200.0, "rows": 1.0, "trace_id": trace}},
		{method: "GET", target: "/v1/events/nothing", want: map[string]any{"method": "GET", "route": "/v1/events/:id", "status": 404.0, "rows": 0.0}},
		{method: "GET", target: "/v1/events.ndjson?id=ml-coup-2021,ne-coup-2023-07", want: map[string]any{"method": "GET", "route": "/v1/events.ndjson", "status": 200.0}},
		{method: "GET", target: "/v1/changes?limit=5", want: map[string]any{"method": "GET", "route": "/v1/changes", "status": 200.0, "rows": 5.0}},
		{method: "GET", target: "/v1/timeline?date=2021&interval=month", want: map[string]any{"method": "GET", "route": "/v1/timeline", "status": 200.0}},
		{method: "GET", target: "/v1/types", want: map[string]any{"method": "GET", "route": "/v1/types", "status": 200.0, "rows": float64(len(timeline.Types))}},
		{method: "PUT", target: "/v1/events/new", body: event, headers: write, want: map[string]any{"method": "PUT", "route": "/v1/events/:id", "status": 201.0, "rows": 1.0}},
		{method: "POST", target: "/v1/imports", body: `[{"id":"a",` + event[1:] + `,{"id":"b",` + event[1:] + `]`, headers: write, want: map[string]any{"method": "POST", "route": "/v1/imports", "status": 200.0, "rows": 2.0}},
		{method: "BREW", target: "/v1/events", want: map[string]any{"method": "other", "route": "none", "status": 405.0, "rows": 0.0}},
		{method: "GET", target: "/v1/events", headers: []string{"If-None-Match", "*"}, want: map[string]any{"method": "GET", "route": "/v1/events", "status": 304.0, "rows": 0.0}},
		{method: "GET", target: "/nothing", want: map[string]any{"method": "GET", "route": "none", "status": 404.0, "rows": 0.0}},
		{method: "GET", target: "/docs", want: map[string]any{"method": "GET", "route": "/docs", "status": 200.0, "rows": 0.0}},
	} {
		before := len(lines(t, log))
		_, response, body := s.ask(t, ask.method, ask.target, ask.body, append(ask.headers, "X-Request-Id", "id-7")...)
		all := lines(t, log)
		if len(all) != before+1 {
			t.Fatalf("%s: %d lines were written", ask.target, len(all)-before)
		}
		got, want := all[before], map[string]any{"level": "INFO", "msg": "request", "request_id": "id-7", "cache": got(all[before], "cache"), "bytes": float64(len(body)), "rows": got(all[before], "rows")}
		maps.Copy(want, ask.want)
		if response.Header.Get("Content-Encoding") != "" || ask.target == "/docs" {
			want["bytes"] = got["bytes"]
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s %s: the log has\n%v\nnot\n%v", ask.method, ask.target, got, want)
		}
		if cache := got["cache"]; cache != "none" && cache != "hit" && cache != "miss" && cache != "joined" {
			t.Errorf("the cache was a %v", cache)
		}
	}
}

func got(fields map[string]any, name string) any { return fields[name] }

// TestTheLogTellsNoSecret sends secrets wherever a request has room for them, through
// every operation, well and badly, and also when the database is gone, so that causes
// are logged too.
func TestTheLogTellsNoSecret(t *testing.T) {
	t.Parallel()
	s, log := logged(t, readNeedsKey)
	const secret = "s3cr3t"
	key := s.key(t, timeline.ScopeAdmin)
	ask := func() {
		for path, item := range contracttest.Load(t).Model.Paths.PathItems.FromOldest() {
			for method := range item.GetOperations().FromOldest() {
				for _, authorization := range []string{"Bearer " + key, "Bearer " + secret, "Basic " + secret, secret} {
					for _, body := range []string{secret, `{"title":{"en":"` + secret + `"},"` + secret + `":1}`, `[{"id":"` + secret + `"}]`} {
						for _, query := range []string{"?q=" + secret, "?" + secret + "=" + secret, "?reason=" + secret + "&merged_into=" + secret, "?as_of=" + secret + ";" + secret, "?%zz" + secret} {
							path := strings.ReplaceAll(path, "{id}", secret)
							s.ask(t, strings.ToUpper(method), path+query, body, oddHeaders(secret, authorization)...)
						}
					}
				}
			}
		}
		for _, target := range []string{"/" + secret, "/v1/events/" + secret + "/" + secret, "/v1/events." + secret, "/assets/" + secret} {
			s.ask(t, http.MethodGet, target, "", oddHeaders(secret, "")...)
			s.ask(t, strings.ToUpper(secret), target, "", oddHeaders(secret, "")...)
		}
	}
	ask()
	well := len(lines(t, log))
	s.store.Close()
	ask()
	text := log.String()
	for _, word := range []string{secret, strings.ToUpper(secret), key, key[7:20]} {
		if i := strings.Index(text, word); i >= 0 {
			t.Errorf("the log has %q: …%s…", word, text[max(0, i-300):min(len(text), i+100)])
		}
	}
	failed := 0
	for _, line := range lines(t, log)[well:] {
		if line["cause"] != nil {
			failed++
		}
	}
	if well < 500 || failed < 100 {
		t.Errorf("only %d requests, and %d causes, were looked at", well, failed)
	}
}

// oddHeaders hold a secret in every header that clients send, and in some that they
// should not.
func oddHeaders(secret, authorization string) []string {
	headers := []string{
		"Authorization", authorization, "Content-Type", "application/json",
		"X-Request-Id", secret + " with a blank", "Traceparent", "00-" + secret, "Tracestate", "a=" + secret, "Baggage", "a=" + secret,
	}
	for _, name := range []string{
		"Cookie", "X-Api-Key", "Proxy-Authorization", "User-Agent", "Referer", "Origin", "X-Forwarded-For", "X-Real-Ip", "Forwarded",
		"If-Match", "If-None-Match", "If-Modified-Since", "Last-Event-Id", "Idempotency-Key", "Accept-Language", "From", "X-" + secret,
	} {
		headers = append(headers, name, secret)
	}
	return headers
}

// TestMetricsAreBounded: what a client invents makes no new series.
func TestMetricsAreBounded(t *testing.T) {
	t.Parallel()
	metrics := telemetry.NewMetrics("test")
	s := serve(t, func(o *httpapi.Options) { o.Metrics = metrics })
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test's
	invent := func(letters string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = letters[random.IntN(len(letters))]
		}
		return string(b)
	}
	const few = "abcdefghijklmnopqrstuvwxyz0123456789"
	ask := func(n int) {
		for range n {
			method := invent("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 1+random.IntN(8))
			if random.IntN(2) == 0 {
				method = http.MethodGet
			}
			path := "/" + []string{"", "v1/", "v1/events/", "v1/events.", "assets/", "debug/pprof/", "v1/events/x/"}[random.IntN(7)] + invent(few, 1+random.IntN(30))
			s.ask(t, method, path+"?"+invent(few, 5)+"="+invent(few, 5), "")
		}
	}
	ask(200)
	first := scraped(t, metrics)
	ask(1500)
	second := scraped(t, metrics)
	routes := map[string]bool{"none": true}
	for path := range contracttest.Load(t).Model.Paths.PathItems.KeysFromOldest() {
		routes[strings.ReplaceAll(path, "{id}", ":id")] = true
	}
	for _, page := range []string{"/", "/embed", "/docs", "/favicon.svg", "/licences.txt", "/assets/:name"} {
		routes[page] = true
	}
	for _, line := range second {
		for _, label := range regexp.MustCompile(`route="([^"]*)"`).FindAllStringSubmatch(line, -1) {
			if !routes[label[1]] {
				t.Errorf("a client made the series %s", line)
			}
		}
	}
	if len(second) > len(first)+60 {
		t.Errorf("%d series became %d", len(first), len(second))
	}
	if !slices.ContainsFunc(second, func(l string) bool {
		return strings.HasPrefix(l, `tarikh_http_requests_total{code="400",method="GET",route="/v1/events/:id"}`)
	}) || !slices.ContainsFunc(second, func(l string) bool {
		return strings.HasPrefix(l, `tarikh_http_requests_total{code="404",method="other",route="none"}`)
	}) {
		t.Error("what was asked is not counted:\n" + strings.Join(second, "\n"))
	}
}

// scraped gives the lines of the program's own metrics.
func scraped(t *testing.T, m *telemetry.Metrics) []string {
	t.Helper()
	recorder := httptest.NewRecorder()
	telemetry.NewOpsServer(m, http.NotFoundHandler(), slog.New(slog.DiscardHandler)).Handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	body, err := io.ReadAll(recorder.Result().Body)
	if err != nil || recorder.Code != http.StatusOK {
		t.Fatalf("%d, %v", recorder.Code, err)
	}
	var found []string
	for line := range bytes.Lines(body) {
		if bytes.HasPrefix(line, []byte("tarikh_")) {
			found = append(found, string(bytes.TrimSpace(line)))
		}
	}
	return found
}

// TestWhatGoesOnIsMeasured: followers, refusals and what was turned away.
func TestWhatGoesOnIsMeasured(t *testing.T) {
	t.Parallel()
	metrics := telemetry.NewMetrics("test")
	s := serve(t, func(o *httpapi.Options) { o.Metrics, o.RateLimit = metrics, 1 })
	for range 5 {
		s.get(t, "/v1/types")
	}
	all := strings.Join(scraped(t, metrics), "\n") + "\n"
	for _, line := range []string{
		`tarikh_http_problems_total{code="rate_limited"} 4`, `tarikh_http_requests_total{code="429",method="GET",route="/v1/types"} 4`,
		`tarikh_http_request_duration_seconds_count{method="GET",route="/v1/types"} 5`, `tarikh_http_requests_in_flight 0`,
		`tarikh_changes_followers 0`, `tarikh_exports_running 0`, `tarikh_imports_running 0`, `tarikh_imports_rows_total 0`,
	} {
		if !strings.Contains(all, line+"\n") {
			t.Errorf("%s is not in\n%s", line, all)
		}
	}
}

// key makes a key with a scope.
func (s service) key(t *testing.T, scope string) string {
	t.Helper()
	const key = "tarikh_0123456789abcdefghijklmnopqrstuvwxyz-ABCDEF"
	if _, err := s.store.CreateKey(t.Context(), "tester", []string{scope}, key); err != nil {
		t.Fatal(err)
	}
	return key
}

// TestHowMuchAnOperatorMinds: what the program or its database fails at is an error, what
// was refused so that the rest is served a warning, and a client that left neither.
func TestHowMuchAnOperatorMinds(t *testing.T) {
	t.Parallel()
	open := serve(t)
	for _, c := range []struct {
		name, want string
		fails      error
		leaves     bool
	}{
		{name: "the client left", want: "INFO", fails: context.Canceled, leaves: true},
		{name: "too much at once", want: "WARN", fails: &timeline.Error{Kind: timeline.KindBusy, Message: "Busy."}},
		// The store ends the statements on a database that is no primary any more.
		{name: "a failover", want: "ERROR", fails: &timeline.Error{Kind: timeline.KindUnavailable, Message: "Away.", Cause: context.Canceled}},
		{name: "a fault of the program", want: "ERROR", fails: errors.New("unforeseen")},
	} {
		var log programtest.Output
		store := &counting{Store: open.store}
		s := service{handlerOf(t, store, func(o *httpapi.Options) { o.Log = slog.New(slog.NewJSONHandler(&log, nil)) }), open.store}
		ctx, leave := context.WithCancel(t.Context())
		store.onList = func(context.Context) error {
			if c.leaves {
				leave()
			}
			return c.fails
		}
		s.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/events", nil))
		leave()
		if found := lines(t, &log); len(found) != 1 || found[0]["level"] != c.want {
			t.Errorf("%s is logged as %v", c.name, found)
		}
	}
}
