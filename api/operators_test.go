package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	neturl "net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/tarikh-timeline/tarikh/internal/pgtest"
)

// forOperators serves with an address for operators, which it gives.
func forOperators(t *testing.T, env ...string) (*instance, *instance) {
	t.Helper()
	p := startServing(t, append(env, "TARIKH_OPS_LISTEN=127.0.0.1:0"))
	address := regexp.MustCompile(`\n  ops    (\S+)/metrics\n`).FindStringSubmatch(p.out.String())
	if address == nil {
		t.Fatalf("it does not say where operators look:\n%s", p.out.String())
	}
	return p, &instance{base: address[1]}
}

func TestTheAddressForOperators(t *testing.T) {
	t.Parallel()
	p, ops := forOperators(t, "DATABASE_URL="+pgtest.New(t), "TARIKH_SEED=sahel")
	p.get(t, "/v1/events?country=ML")
	var metrics reply
	eventually(t, "the request is counted, which is after its client has the answer", func() bool {
		metrics = ops.get(t, "/metrics")
		return strings.Contains(metrics.body, "\ntarikh_http_requests_total{")
	})
	if metrics.status != http.StatusOK || !strings.HasPrefix(metrics.header.Get("Content-Type"), "text/plain") {
		t.Errorf("%+v", metrics)
	}
	for _, line := range []string{
		`tarikh_http_requests_total{code="200",method="GET",route="/v1/events"} 1`, `tarikh_ready{check="database"} 1`, `tarikh_ready{check="schema"} 1`,
		`tarikh_ready{check="revision"} 1`, `tarikh_revision 1`, `tarikh_replicas 0`, `tarikh_build_info{go_version="go`,
	} {
		if !strings.Contains(metrics.body, "\n"+line) {
			t.Errorf("%s is not in\n%s", line, metrics.body)
		}
	}
	for path, want := range map[string]int{
		"/livez": 200, "/readyz": 200, "/debug/pprof/": 200, "/debug/pprof/heap": 200, "/debug/pprof/profile?seconds=1": 200,
		"/debug/pprof/cmdline": 404, "/v1/events": 404,
	} {
		if got := ops.get(t, path); got.status != want {
			t.Errorf("%s is answered with %+v", path, got)
		}
	}
	if public, own := p.get(t, "/readyz"), ops.get(t, "/readyz"); public.body != own.body {
		t.Errorf("readiness is %s, for operators %s", public.body, own.body)
	}
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/vars"} {
		got := p.get(t, path)
		if got.status != http.StatusNotFound || got.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(got.body, `"code":"not_found"`) {
			t.Errorf("%s is answered at the public address with %+v", path, got)
		}
	}
	p.stop(t, syscall.SIGTERM)
	if _, err := ops.try("/livez"); err == nil {
		t.Error("the server for operators has not ended")
	}
}

func TestTheAddressForOperatorsIsInUse(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	refuses(t, fmt.Sprintf("the address %s is in use: end the program that uses it, or set TARIKH_OPS_LISTEN to another one, such as 127.0.0.1:0 for any free port", taken.Addr()),
		[]string{"TARIKH_OPS_LISTEN=" + taken.Addr().String(), "TARIKH_DATA_DIR=" + t.TempDir() + "/none"})
}

// TestReadinessTellsThePart: of a database that goes, and one that has another schema.
func TestReadinessTellsThePart(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmpty(t)
	p, ops := forOperators(t, "DATABASE_URL="+url)
	execute(t, url, `UPDATE schema_migrations SET version = version + 1`)
	if got := ops.get(t, "/readyz"); got.status != http.StatusServiceUnavailable || !regexp.MustCompile(`"detail":"schema: is at version \d+, this program needs \d+"`).MatchString(got.body) || strings.Contains(got.body, "database:") {
		t.Errorf("%+v", got)
	}
	execute(t, url, `UPDATE schema_migrations SET version = version - 1, dirty = true`)
	if got := p.get(t, "/readyz"); got.status != http.StatusServiceUnavailable || !regexp.MustCompile(`"schema: migration \d+ failed half-way"`).MatchString(got.body) {
		t.Errorf("%+v", got)
	}
	execute(t, url, `UPDATE schema_migrations SET dirty = false`)
	execute(t, url, `ALTER TABLE revision RENAME TO elsewhere`)
	if got := p.get(t, "/readyz"); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, `"revision: cannot be read"`) || strings.Contains(got.body, "schema:") {
		t.Errorf("%+v", got)
	}
	eventually(t, "the metrics tell the part", func() bool {
		body := ops.get(t, "/metrics").body
		return strings.Contains(body, `tarikh_ready{check="revision"} 0`) && strings.Contains(body, `tarikh_ready{check="database"} 1`)
	})
	if got := ops.get(t, "/livez"); got.status != http.StatusOK {
		t.Errorf("%+v", got)
	}
	execute(t, url, `ALTER TABLE elsewhere RENAME TO revision`)
	if got := p.get(t, "/readyz"); got.status != http.StatusOK {
		t.Errorf("%+v", got)
	}

	address, err := neturl.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(address.Path, "/")
	address.Path = "/postgres"
	execute(t, address.String(), `ALTER DATABASE "`+name+`" ALLOW_CONNECTIONS false`, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '`+name+`'`)
	got := ops.get(t, "/readyz")
	execute(t, address.String(), `ALTER DATABASE "`+name+`" ALLOW_CONNECTIONS true`)
	for _, part := range []string{`"database: does not answer"`, `"schema: unknown: the database does not answer"`, `"revision: cannot be read: the database does not answer"`} {
		if got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, part) {
			t.Errorf("%s is not in %+v", part, got)
		}
	}
	eventually(t, "it is ready again", func() bool { return p.get(t, "/readyz").status == http.StatusOK })
}

// receiver is a collector of spans, by OTLP over HTTP.
type receiver struct {
	mu    sync.Mutex
	spans []*spans.Span
	about []string // the resources, as text
	raw   []byte
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	var sent collector.ExportTraceServiceRequest
	if err != nil || request.URL.Path != "/v1/traces" || proto.Unmarshal(body, &sent) != nil {
		http.Error(w, "no spans", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw = append(r.raw, body...)
	for _, resource := range sent.ResourceSpans {
		about, _ := protojson.Marshal(resource.Resource)
		r.about = append(r.about, string(about))
		for _, scope := range resource.ScopeSpans {
			r.spans = append(r.spans, scope.Spans...)
		}
	}
}

// of gives the spans of a trace.
func (r *receiver) of(trace string) []*spans.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.spans), func(s *spans.Span) bool { return hex.EncodeToString(s.TraceId) != trace })
}

// TestTracesOfARequest: the client's trace goes on in the request and in its SQL, the log
// names it, and no span has what the client wrote.
func TestTracesOfARequest(t *testing.T) {
	t.Parallel()
	var got receiver
	server := httptest.NewServer(&got)
	defer server.Close()
	url := pgtest.New(t)
	p := startServing(t, []string{"DATABASE_URL=" + url, "TARIKH_SEED=sahel", "OTEL_EXPORTER_OTLP_ENDPOINT=" + server.URL, "OTEL_BSP_SCHEDULE_DELAY=50", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment=test"})
	const trace, parent, secret = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "s3cr3t"
	if r := p.get(t, "/v1/events?q="+secret+"&actor="+secret+"&tag="+secret, "Traceparent: 00-"+trace+"-"+parent+"-01", "Authorization: Bearer tarikh_"+secret); r.status != http.StatusOK {
		t.Fatalf("%+v", r)
	}
	if r := p.get(t, "/v1/events?q="+secret+"&as_of=1", "Traceparent: 00-"+trace+"-"+parent+"-01"); r.status != http.StatusOK {
		t.Fatalf("%+v", r)
	}
	p.stop(t, syscall.SIGTERM) // sends the last
	all := got.of(trace)
	byID := map[string]*spans.Span{}
	for _, s := range all {
		byID[string(s.SpanId)] = s
	}
	requests, statements := 0, 0
	for _, s := range all {
		if s.Kind == spans.Span_SPAN_KIND_SERVER {
			requests++
			if hex.EncodeToString(s.ParentSpanId) != parent || s.Name != "GET /v1/events" || attribute(s, "http.route") != "/v1/events" {
				t.Errorf("the span of the request is %v", s)
			}
			continue
		}
		if text := attribute(s, "db.query.text"); strings.Contains(text, "FROM") {
			statements++
			above := s
			for above != nil && above.Kind != spans.Span_SPAN_KIND_SERVER {
				above = byID[string(above.ParentSpanId)]
			}
			if above == nil {
				t.Errorf("the statement is not below a request: %v", s)
			}
		}
	}
	if requests != 2 || statements < 2 {
		t.Errorf("%d requests and %d statements in %v", requests, statements, all)
	}
	if n := strings.Count(p.errs.String(), `"trace_id":"`+trace+`"`); n != 2 {
		t.Errorf("the log names the trace %d times:\n%s", n, p.errs.String())
	}
	for _, text := range []string{string(got.raw), p.errs.String()} {
		if strings.Contains(text, secret) {
			t.Errorf("what a client wrote is told: %q", text)
		}
	}
	if len(got.about) == 0 || !strings.Contains(got.about[0], `"tarikh"`) || !strings.Contains(got.about[0], `"deployment.environment"`) {
		t.Errorf("the spans are those of %v", got.about)
	}
}

func attribute(s *spans.Span, name string) string {
	for _, a := range s.Attributes {
		if a.Key == name {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

// TestWrongTraceSettings are told with the other faults.
func TestWrongTraceSettings(t *testing.T) {
	t.Parallel()
	refuses(t, "these settings are wrong:\n  TARIKH_REQUIRE_KEY is \"all\": it must be 'write' or 'read'\n  OTEL_TRACES_EXPORTER is \"zipkin\": it must be 'otlp' or 'none'",
		[]string{"OTEL_TRACES_EXPORTER=zipkin", "TARIKH_REQUIRE_KEY=all"})
}
