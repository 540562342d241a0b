package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"

	"github.com/tarikh-timeline/tarikh/internal/telemetry"
)

// served is what is told of a request when it is over, in the log and in the metrics.
// Nothing that a client writes stands in it but the two ids, which are checked: no body,
// no query, no path, no key.
type served struct {
	requestID string
	traceID   string // "" without one
	method    string
	route     string // the template; noRoute where there is none
	meter     *telemetry.Route
	status    int
	bytes     int64 // of the body, before compression
	rows      int   // events or other items that were sent or written
	cache     cacheUse
	took      time.Duration
	problem   string // its code, where the answer was one
	cause     any    // of a failure of the server; nil: none
}

// cacheUse tells what the cache of answers had to do with a request.
type cacheUse string

const (
	cacheNone cacheUse = "none" // it was not asked
	cacheHit  cacheUse = "hit"
	cacheMiss cacheUse = "miss"
)

// noRoute stands for the template of what leads nowhere.
const noRoute = "none"

const servedKey = "served"

var (
	goodRequestID = regexp.MustCompile(`^[A-Za-z0-9._~+/=-]{1,128}$`)
	traceParent   = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}`)
)

// observe keeps an account of a request, and tells it when it is over: also that of a
// stream that is cut, which leaves by a panic.
func (a *api) observe(c *gin.Context) {
	start := time.Now()
	s := a.begin(c.Request, c.FullPath())
	c.Set(servedKey, s)
	c.Header("X-Request-Id", s.requestID)
	defer func() {
		s.status, s.bytes, s.took = c.Writer.Status(), int64(c.Writer.Size()), time.Since(start)
		a.tell(c, s)
	}()
	c.Next()
}

// begin opens the account of a request: it takes the client's request id, or makes one.
// Each account that is opened must be told.
func (a *api) begin(r *http.Request, route string) *served {
	if route == "" {
		route = noRoute
	}
	s := &served{requestID: r.Header.Get("X-Request-Id"), method: telemetry.Method(r.Method), route: route, cache: cacheNone, meter: a.meters[route]}
	if !goodRequestID.MatchString(s.requestID) {
		s.requestID = uuid.NewString()
	}
	if span := trace.SpanContextFromContext(r.Context()); span.HasTraceID() {
		s.traceID = span.TraceID().String()
	} else if parent := traceParent.FindStringSubmatch(r.Header.Get("Traceparent")); parent != nil {
		s.traceID = parent[1]
	}
	s.meter.Begin()
	return s
}

// tell writes the one line that the log has of a request, and counts it.
func (a *api) tell(ctx context.Context, s *served) {
	s.meter.Done(s.method, s.status, s.took, s.bytes)
	if s.problem != "" {
		a.Metrics.Problem(s.problem)
	}
	level := slog.LevelInfo
	if s.cause != nil {
		level = slog.LevelError
	}
	if !a.Log.Enabled(ctx, level) {
		return
	}
	fields := make([]slog.Attr, 0, 11)
	fields = append(fields,
		slog.String("request_id", s.requestID), slog.String("method", s.method), slog.String("route", s.route), slog.Int("status", s.status),
		slog.Float64("ms", float64(s.took.Microseconds())/1000), slog.Int64("bytes", max(0, s.bytes)), slog.Int("rows", s.rows), slog.String("cache", string(s.cache)),
	)
	if s.traceID != "" {
		fields = append(fields, slog.String("trace_id", s.traceID))
	}
	if s.cause != nil {
		fields = append(fields, slog.String("cause", fmt.Sprint(s.cause)))
	}
	a.Log.LogAttrs(ctx, level, "request", fields...)
}

// servedOf gives the account of the request.
func servedOf(c *gin.Context) *served {
	if s, ok := c.Value(servedKey).(*served); ok {
		return s
	}
	return &served{} // nobody keeps one
}

func requestID(c *gin.Context) string { return servedOf(c).requestID }

// measure begins to count, and tells what goes on here.
func (a *api) measure(operations []operation) {
	a.meters = map[string]*telemetry.Route{noRoute: a.Metrics.Route(noRoute)}
	for _, op := range operations {
		if a.meters[op.path] == nil { // several methods share a path
			a.meters[op.path] = a.Metrics.Route(op.path)
		}
	}
	for _, p := range pages {
		a.meters[p.path] = a.Metrics.Route(p.path)
	}
	a.Metrics.Gauge("tarikh_changes_followers", "Clients that follow the stream of changes.", func() float64 { return float64(a.feed.followed()) })
	a.Metrics.Gauge("tarikh_exports_running", "Exports that are being sent.", func() float64 { return float64(len(a.exports)) })
	a.Metrics.Gauge("tarikh_exports_max", "Exports that may be sent at once.", func() float64 { return maxExports })
	a.Metrics.Gauge("tarikh_imports_running", "Imports over HTTP that are being done.", func() float64 { return float64(len(a.imports)) })
	a.Metrics.Counter("tarikh_imports_rows_total", "Events that imports over HTTP brought, also those that were there already.", func() float64 { return float64(a.imported.Load()) })
}
