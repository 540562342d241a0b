package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// series gives what a metric has, as "label=value ..." to its value or, of a histogram,
// its count.
func series(t *testing.T, m *Metrics, name string) map[string]float64 {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, s := range family.GetMetric() {
			var labels []string
			for _, l := range s.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			found[strings.Join(labels, " ")] = value(s)
		}
	}
	return found
}

func value(s *dto.Metric) float64 {
	switch {
	case s.Counter != nil:
		return s.Counter.GetValue()
	case s.Gauge != nil:
		return s.Gauge.GetValue()
	}
	return float64(s.Histogram.GetSampleCount())
}

func TestARouteIsCounted(t *testing.T) {
	t.Parallel()
	m := NewMetrics("1.2.3")
	r := m.Route("/v1/things/:id")
	for _, done := range []struct {
		method string
		status int
	}{{"GET", 200}, {"GET", 200}, {"HEAD", 304}, {"PURGE", 405}, {"GET", 999}, {"GET", 451}, {"GET", 0}} {
		r.Begin()
		r.Done(done.method, done.status, time.Millisecond, 10)
	}
	r.Begin()
	for name, want := range map[string]map[string]float64{
		"tarikh_http_requests_total": {
			"code=200 method=GET route=/v1/things/:id": 2, "code=304 method=HEAD route=/v1/things/:id": 1,
			"code=405 method=other route=/v1/things/:id": 1, "code=other method=GET route=/v1/things/:id": 3,
		},
		"tarikh_http_request_duration_seconds": {"method=GET route=/v1/things/:id": 5, "method=HEAD route=/v1/things/:id": 1, "method=other route=/v1/things/:id": 1},
		"tarikh_http_response_bytes_total":     {"route=/v1/things/:id": 70},
		"tarikh_http_requests_in_flight":       {"": 1},
	} {
		if got := series(t, m, name); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s is %v, not %v", name, got, want)
		}
	}
}

// TestStatusesHaveAPlaceOfTheirOwn: no two share a counter but those without a name.
func TestStatusesHaveAPlaceOfTheirOwn(t *testing.T) {
	t.Parallel()
	for status := range 700 {
		name := statusName(statusIndex(status))
		if known := http.StatusText(status) != "" && status != http.StatusUnavailableForLegalReasons; name != fmt.Sprint(status) && (known || name != "other") {
			t.Errorf("%d counts as %s", status, name)
		}
	}
}

// TestCountingCostsNoMemory: it is done for every request.
func TestCountingCostsNoMemory(t *testing.T) { // not parallel: allocations are the process's
	r := NewMetrics("").Route("/")
	if n := testing.AllocsPerRun(100, func() {
		r.Begin()
		r.Done(http.MethodGet, http.StatusOK, time.Millisecond, 1000)
	}); n != 0 {
		t.Errorf("a request costs %g allocations", n)
	}
}

// TestNothingIsCountedForNobody: without an address for operators there are no metrics.
func TestNothingIsCountedForNobody(t *testing.T) {
	t.Parallel()
	var m *Metrics
	m.Gauge("a", "", nil)
	m.Counter("b", "", nil)
	m.Problem("busy")
	r := m.Route("/")
	r.Begin()
	r.Done(http.MethodGet, http.StatusOK, 0, 0)
	if r != nil {
		t.Error("a route is kept")
	}
}

func TestTheOpsServer(t *testing.T) {
	t.Parallel()
	m := NewMetrics("1.2.3")
	m.Gauge("test_gauge", "A figure.", func() float64 { return 7 }, "state", "idle")
	m.Gauge("test_gauge", "A figure.", func() float64 { return 8 }, "state", "busy")
	m.Counter("test_total", "Another.", func() float64 { return 9 })
	m.Problem("rate_limited")
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "api "+r.URL.Path) })
	server := NewOpsServer(m, api, slog.New(slog.DiscardHandler))
	ask := func(method, target string) (int, string) {
		recorder := httptest.NewRecorder()
		server.Handler.ServeHTTP(recorder, httptest.NewRequest(method, target, http.NoBody))
		body, _ := io.ReadAll(recorder.Result().Body)
		return recorder.Code, string(body)
	}
	_, metrics := ask("GET", "/metrics")
	for _, line := range []string{
		`test_gauge{state="idle"} 7`, `test_gauge{state="busy"} 8`, `test_total 9`, `tarikh_http_problems_total{code="rate_limited"} 1`,
		`go_goroutines `, `process_resident_memory_bytes `, `version="1.2.3"} 1`, `go_build_info{`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("%q is not in\n%s", line, metrics)
		}
	}
	for target, want := range map[string]string{"/livez": "200 api /livez", "/readyz": "200 api /readyz"} {
		if status, body := ask("GET", target); fmt.Sprint(status, " ", body) != want {
			t.Errorf("%s is answered with %d %s", target, status, body)
		}
	}
	for target, want := range map[string]int{
		"/debug/pprof/": 200, "/debug/pprof/heap?debug=1": 200, "/debug/pprof/goroutine?debug=1": 200, "/debug/pprof/symbol": 200,
		"/debug/pprof/cmdline": 404, "/v1/events": 404, "/": 404,
	} {
		if status, body := ask("GET", target); status != want {
			t.Errorf("%s is answered with %d %s", target, status, body)
		}
	}
	if status, _ := ask("POST", "/metrics"); status != http.StatusMethodNotAllowed {
		t.Errorf("metrics can be posted: %d", status)
	}
	if server.ReadHeaderTimeout == 0 || server.ReadTimeout == 0 || server.WriteTimeout == 0 || server.IdleTimeout == 0 {
		t.Errorf("a time limit is missing: %+v", server)
	}
}

// TestMethodsAreBounded: whatever a client invents is one label.
func TestMethodsAreBounded(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		seen[Method(fmt.Sprintf("M%d", rand.Int()))] = true
	}
	if len(seen) != 1 || !seen["other"] {
		t.Errorf("unknown methods are %v", seen)
	}
	for _, known := range methods {
		if Method(known) != known {
			t.Errorf("%s is %s", known, Method(known))
		}
	}
}

// TestTracesAreOffUntilAsked: by OTEL_* alone, and what cannot be done is told.
func TestTracesAreOffUntilAsked(t *testing.T) { // not parallel: it sets the environment
	for _, test := range []struct {
		name   string
		env    map[string]string
		wanted bool
		fault  string
	}{
		{"nothing is set", nil, false, ""},
		{"an endpoint", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, true, ""},
		{"an endpoint for traces", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, true, ""},
		{"the exporter", map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		{"no exporter", map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, false, ""},
		{"disabled", map[string]string{"OTEL_SDK_DISABLED": "TRUE", "OTEL_TRACES_EXPORTER": "otlp"}, false, ""},
		{"not disabled", map[string]string{"OTEL_SDK_DISABLED": "1", "OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		{"another exporter", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, false, `OTEL_TRACES_EXPORTER is "zipkin": it must be 'otlp' or 'none'`},
		{"another protocol", map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, `OTEL_EXPORTER_OTLP_PROTOCOL is "grpc": spans are sent by 'http/protobuf' alone`},
		{"the protocol", map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, name := range []string{
				"OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
				"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
			} {
				t.Setenv(name, test.env[name])
			}
			wanted, err := TracesWanted()
			fault := ""
			if err != nil {
				fault = err.Error()
			}
			if wanted != test.wanted || fault != test.fault {
				t.Errorf("wanted %t, %q", wanted, fault)
			}
		})
	}
	var none *Traces
	if none.Provider() != nil || none.Stop(t.Context()) != nil {
		t.Error("no traces are something")
	}
}
