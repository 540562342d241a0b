// Package telemetry is what operators see of a running program: Prometheus metrics,
// OpenTelemetry traces, and the server of its own that shows them. It must know
// nothing of events, of the routes or of the database: whoever has a figure registers
// it here, and whoever serves a request counts it here.
package telemetry

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics are all figures of one program. A nil *Metrics takes everything and keeps
// nothing: where nobody looks, nothing is counted.
type Metrics struct {
	registry *prometheus.Registry

	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	bytes    *prometheus.CounterVec
	problems *prometheus.CounterVec
	inFlight prometheus.Gauge
}

// durations are the upper bounds of the histogram, in seconds: from an answer out of
// memory to the time limit of the server. Beyond lie streams.
var durations = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// NewMetrics begins with the figures of Go, of the process and of requests. version is
// the program's.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tarikh_http_requests_total", Help: "Requests that were answered, by route template, method and status.",
		}, []string{"route", "method", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tarikh_http_request_duration_seconds", Help: "Time from a request's header to the end of its answer.", Buckets: durations,
		}, []string{"route", "method"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tarikh_http_response_bytes_total", Help: "Bytes of the bodies of answers, before they are compressed on the way.",
		}, []string{"route"}),
		problems: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tarikh_http_problems_total", Help: "Requests that were answered with a problem, by its code: rate_limited, busy and unavailable are those that were turned away.",
		}, []string{"code"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tarikh_http_requests_in_flight", Help: "Requests that are being answered now, streams among them.",
		}),
	}
	built := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "tarikh_build_info", Help: "1, with the version of the program and of Go.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	})
	built.Set(1)
	m.registry.MustRegister(
		m.requests, m.seconds, m.bytes, m.problems, m.inFlight, built,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	)
	return m
}

// Gauge registers a figure that goes up and down, and is read when somebody looks. Its
// labels are name, value pairs. A name that is registered twice with the same labels is
// a fault of the program, and panics.
func (m *Metrics) Gauge(name, help string, read func() float64, labels ...string) {
	if m == nil {
		return
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: pairs(labels)}, read))
}

// Counter is Gauge for a figure that only grows.
func (m *Metrics) Counter(name, help string, read func() float64, labels ...string) {
	if m == nil {
		return
	}
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: pairs(labels)}, read))
}

func pairs(labels []string) prometheus.Labels {
	found := prometheus.Labels{}
	for i := 0; i+1 < len(labels); i += 2 {
		found[labels[i]] = labels[i+1]
	}
	return found
}

// Problem counts an answer that was a problem. Its codes must be a closed set.
func (m *Metrics) Problem(code string) {
	if m == nil {
		return
	}
	m.problems.WithLabelValues(code).Inc()
}
