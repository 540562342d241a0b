package telemetry

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Route counts the requests of one route template. What it counts in is looked up once
// for each method and status and kept, so that a request costs a few atomic additions
// and no memory. A nil *Route counts nothing.
type Route struct {
	metrics *Metrics
	name    string
	bytes   prometheus.Counter
	counts  [len(methods) + 1][statusPlaces]atomic.Pointer[prometheus.Counter]
	seconds [len(methods) + 1]atomic.Pointer[prometheus.Observer]
}

// methods are those that get a label of their own; whatever else a client invents
// shares one, since each label is kept for as long as the program runs.
var methods = [...]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

const otherMethod = "other"

// Of each hundred statuses the first 32 are in use (431 is the highest); the place
// behind them all is for any other.
const (
	perHundred   = 32
	otherStatus  = 5 * perHundred
	statusPlaces = otherStatus + 1
)

func statusIndex(status int) int {
	hundred, rest := status/100-1, status%100
	if hundred < 0 || hundred >= 5 || rest >= perHundred {
		return otherStatus
	}
	return hundred*perHundred + rest
}

func statusName(i int) string {
	if i == otherStatus {
		return "other"
	}
	return strconv.Itoa((i/perHundred+1)*100 + i%perHundred)
}

// Route gives the counters of a route. It is for the program's start: the template must
// come from the program, never from a request.
func (m *Metrics) Route(template string) *Route {
	if m == nil {
		return nil
	}
	return &Route{metrics: m, name: template, bytes: m.bytes.WithLabelValues(template)}
}

// Begin counts a request that has arrived.
func (r *Route) Begin() {
	if r != nil {
		r.metrics.inFlight.Inc()
	}
}

// Done counts a request that was begun and has been answered: with a status, a time,
// and bytes of a body.
func (r *Route) Done(method string, status int, took time.Duration, bytes int64) {
	if r == nil {
		return
	}
	r.metrics.inFlight.Dec()
	m := methodIndex(method)
	r.count(m, status).Inc()
	r.duration(m).Observe(took.Seconds())
	r.bytes.Add(float64(max(0, bytes)))
}

func methodIndex(method string) int {
	for i, known := range methods {
		if method == known {
			return i
		}
	}
	return len(methods)
}

// Method gives a request's method, or "other" for one that HTTP does not know: what a
// client invents is neither counted under a name of its own nor logged.
func Method(method string) string { return methodName(methodIndex(method)) }

func methodName(i int) string {
	if i == len(methods) {
		return otherMethod
	}
	return methods[i]
}

func (r *Route) count(method, status int) prometheus.Counter {
	place := &r.counts[method][statusIndex(status)]
	if known := place.Load(); known != nil {
		return *known
	}
	c := r.metrics.requests.WithLabelValues(r.name, methodName(method), statusName(statusIndex(status)))
	place.Store(&c) // twice at worst, with the same counter
	return c
}

func (r *Route) duration(method int) prometheus.Observer {
	place := &r.seconds[method]
	if known := place.Load(); known != nil {
		return *known
	}
	o := r.metrics.seconds.WithLabelValues(r.name, methodName(method))
	place.Store(&o)
	return o
}
