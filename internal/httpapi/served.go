package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"

	"github.com/tarikh-timeline/tarikh/internal/telemetry"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
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
	bytes     int64  // of the body, before it is compressed on the way
	rows      int    // events or other items that were sent or written
	cache     string // what the cache of answers had
	took      time.Duration
	problem   string // its code, where the answer was one
	cause     any    // of a failure of the server; nil: none
}

// What the log says of the cache of answers.
const (
	cacheNone   = "none" // it was not asked
	cacheHit    = "hit"
	cacheMiss   = "miss"
	cacheJoined = "joined" // another request was computing it already
)

// noRoute stands for the template of what leads nowhere.
const noRoute = "none"

const servedKey = "served"

var traceParent = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}`)

// Ids of requests are made from random bytes that are read in stock.
func init() { uuid.EnableRandPool() }

// identify takes the client's request id, or makes one, and gives it back.
func identify(h http.Header, r *http.Request) string {
	if given := r.Header["X-Request-Id"]; len(given) > 0 && isRequestID(given[0]) {
		h["X-Request-Id"] = given[:1:1]
		return given[0]
	}
	id := uuid.NewString()
	h["X-Request-Id"] = []string{id}
	return id
}

// isRequestID tells whether an id can be logged and given back as it is.
func isRequestID(id string) bool {
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("._~+/=-", c) >= 0:
		default:
			return false
		}
	}
	return 0 < len(id) && len(id) <= 128
}

// observe keeps an account of a request, and tells it when it is over: also that of a
// stream that is cut, which leaves by a panic.
func (a *api) observe(c *gin.Context) {
	start := time.Now()
	account := a.open(c.Writer.Header(), c.Request, c.FullPath())
	s := &account
	c.Set(servedKey, s)
	defer func() {
		s.status, s.bytes, s.took = c.Writer.Status(), int64(c.Writer.Size()), time.Since(start)
		a.tell(c, s)
	}()
	c.Next()
}

// open opens the account of a request: it takes the client's request id, or makes one.
// Each account that is opened must be told.
func (a *api) open(h http.Header, r *http.Request, route string) served {
	if route == "" {
		route = noRoute
	}
	s := served{requestID: identify(h, r), method: telemetry.Method(r.Method), route: route, cache: cacheNone, meter: a.meters[route]}
	if a.Traces != nil {
		s.traceID = trace.SpanContextFromContext(r.Context()).TraceID().String()
	} else if given := r.Header["Traceparent"]; len(given) > 0 {
		if parent := traceParent.FindStringSubmatch(given[0]); parent != nil {
			s.traceID = parent[1]
		}
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
		level = s.severity()
	}
	if !a.Log.Enabled(ctx, level) {
		return
	}
	fields := make([]slog.Attr, 0, 11)
	fields = append(fields,
		slog.String("request_id", s.requestID), slog.String("method", s.method), slog.String("route", s.route), slog.Int("status", s.status),
		slog.Float64("ms", float64(s.took.Microseconds())/1000), slog.Int64("bytes", max(0, s.bytes)), slog.Int("rows", s.rows), slog.String("cache", s.cache),
	)
	if s.traceID != "" {
		fields = append(fields, slog.String("trace_id", s.traceID))
	}
	if s.cause != nil {
		fields = append(fields, slog.String("cause", fmt.Sprint(s.cause)))
	}
	a.Log.LogAttrs(ctx, level, "request", fields...)
}

// severity tells how much an operator should mind what went wrong.
func (s *served) severity() slog.Level {
	err, _ := s.cause.(error)
	var told *timeline.Error // the store's own word: it ends statements, too, when a database is left
	switch {
	case errors.Is(err, context.Canceled) && !errors.As(err, &told): // the client left
		return slog.LevelInfo
	case s.problem == string(timeline.KindBusy): // it is told to come again
		return slog.LevelWarn
	}
	return slog.LevelError
}

// servedOf gives the account of the request.
func servedOf(c *gin.Context) *served {
	if kept, ok := c.Get(servedKey); ok {
		if s, ok := kept.(*served); ok {
			return s
		}
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
	a.Metrics.Counter("tarikh_cache_hits_total", "Answers that were given from the cache.", func() float64 { return float64(a.Cache.Stats().Hits) })
	a.Metrics.Counter("tarikh_cache_misses_total", "Answers that were computed.", func() float64 { return float64(a.Cache.Stats().Misses) })
	a.Metrics.Counter("tarikh_cache_joined_total", "Answers that another request was computing already.", func() float64 { return float64(a.Cache.Stats().Joined) })
	a.Metrics.Counter("tarikh_cache_evictions_total", "Answers that made room for others.", func() float64 { return float64(a.Cache.Stats().Evictions) })
	a.Metrics.Gauge("tarikh_cache_entries", "Answers in the cache.", func() float64 { return float64(a.Cache.Stats().Answers) })
	a.Metrics.Gauge("tarikh_cache_bytes", "Memory of the cache.", func() float64 { return float64(a.Cache.Stats().Bytes) })
	a.Metrics.Gauge("tarikh_changes_followers", "Clients that follow the stream of changes.", func() float64 { return float64(a.feed.followed()) })
	a.Metrics.Gauge("tarikh_changes_followers_max", "Clients that may follow it at once.", func() float64 { return float64(a.Limits.Streams) })
	a.Metrics.Gauge("tarikh_exports_running", "Exports that are being sent.", func() float64 { return float64(len(a.exports)) })
	a.Metrics.Gauge("tarikh_exports_max", "Exports that may be sent at once.", func() float64 { return float64(cap(a.exports)) })
	a.Metrics.Gauge("tarikh_imports_running", "Imports over HTTP that are being done.", func() float64 { return float64(len(a.gates.importing.turns)) })
	a.Metrics.Counter("tarikh_imports_rows_total", "Events that imports over HTTP brought, also those that were there already.", func() float64 { return float64(a.imported.Load()) })
}
