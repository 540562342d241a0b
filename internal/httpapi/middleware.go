package httpapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/klauspost/compress/gzhttp"
)

// Keys of what middleware keeps in the gin context.
const (
	requestIDKey = "request_id"
	causeKey     = "cause"
)

var (
	goodRequestID = regexp.MustCompile(`^[A-Za-z0-9._~+/=-]{1,128}$`)
	traceParent   = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}`)
)

// identify takes the client's request id, or makes one, and gives it back.
func (a *api) identify(c *gin.Context) {
	id := c.GetHeader("X-Request-Id")
	if !goodRequestID.MatchString(id) {
		id = uuid.NewString()
	}
	c.Set(requestIDKey, id)
	c.Header("X-Request-Id", id)
}

func requestID(c *gin.Context) string { return c.GetString(requestIDKey) }

// log writes one line for each request: never its body, its query or a key.
func (a *api) log(c *gin.Context) {
	start := time.Now()
	defer a.logLine(c, start) // also of a stream that is cut, which leaves by a panic
	c.Next()
}

func (a *api) logLine(c *gin.Context, start time.Time) {
	route := c.FullPath()
	if route == "" {
		route = "none"
	}
	fields := []any{
		"request_id", requestID(c), "method", clip(c.Request.Method), "route", route, "status", c.Writer.Status(),
		"ms", float64(time.Since(start).Microseconds()) / 1000, "bytes", max(0, c.Writer.Size()),
	}
	if trace := traceParent.FindStringSubmatch(c.GetHeader("Traceparent")); trace != nil {
		fields = append(fields, "trace_id", trace[1])
	}
	level := slog.LevelInfo
	if cause, ok := c.Get(causeKey); ok {
		level = slog.LevelError
		fields = append(fields, "cause", fmt.Sprint(cause))
	}
	a.Log.Log(c, level, "request", fields...)
}

// recover turns a panic into a problem and keeps the stack for the log.
func (a *api) recover(c *gin.Context) {
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		if fault == http.ErrAbortHandler { //nolint:errorlint // a value that is panicked with, not an error that is passed on
			panic(fault)
		}
		err := fmt.Errorf("panic: %v\n%s", fault, debug.Stack())
		if c.Writer.Written() { // a part must not look like the whole
			c.Set(causeKey, err)
			panic(http.ErrAbortHandler)
		}
		a.fail(c, err)
		c.Abort()
	}()
	c.Next()
}

// headers sets what every answer carries: protection for browsers, and CORS.
func (a *api) headers(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if a.ReadNeedsKey {
		h.Add("Vary", "Authorization")
	}
	any := slices.Contains(a.CORSOrigins, "*")
	if !any {
		h.Add("Vary", "Origin")
	}
	origin := c.GetHeader("Origin")
	switch {
	case any:
		h.Set("Access-Control-Allow-Origin", "*")
	case slices.Contains(a.CORSOrigins, origin):
		h.Set("Access-Control-Allow-Origin", origin)
	default:
		return
	}
	h.Set("Access-Control-Expose-Headers", "ETag, Link, RateLimit, RateLimit-Policy, Retry-After, Server-Timing, X-Request-Id")
}

// preflight answers a browser's question what it may send from another origin: it may
// read. Pages of the API's own origin are not asked about, and may write.
func (a *api) preflight(c *gin.Context) {
	if c.Writer.Header().Get("Access-Control-Allow-Origin") == "" {
		return
	}
	var reading []string
	for method := range strings.SplitSeq(c.Writer.Header().Get("Allow"), ", ") {
		if method == http.MethodGet || method == http.MethodHead {
			reading = append(reading, method)
		}
	}
	if len(reading) == 0 {
		return
	}
	c.Header("Access-Control-Allow-Methods", strings.Join(reading, ", "))
	c.Header("Access-Control-Allow-Headers", "Accept, Authorization, If-None-Match, Last-Event-ID, Traceparent, Tracestate, X-Request-Id")
	c.Header("Access-Control-Max-Age", "86400")
}

// targetLength refuses what no operation needs. The server's limit of the header lies
// above it, so that a longer target is answered with a problem.
func (a *api) targetLength(c *gin.Context) {
	if len(c.Request.RequestURI) > a.Limits.Target {
		a.fail(c, &httpError{status: http.StatusRequestURITooLong, code: "uri_too_long", detail: fmt.Sprintf("The path and query have %d bytes; at most %d are read. Ask in several requests.", len(c.Request.RequestURI), a.Limits.Target)})
		c.Abort()
	}
}

// compressed compresses bodies over 1 kB by Accept-Encoding. A compressed body's
// ETag ends in -gzip or -zstd; sameTag takes it off again.
func compressed(h http.Handler) (http.Handler, error) {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.SuffixETag(gzipSuffix), gzhttp.ContentTypeFilter(worthCompressing))
	if err != nil {
		return nil, err
	}
	return wrap(h), nil
}

// worthCompressing leaves out what is compressed already.
func worthCompressing(contentType string) bool {
	return !strings.HasPrefix(contentType, "application/vnd.apache.parquet") && gzhttp.DefaultContentTypeFilter(contentType)
}

const gzipSuffix, zstdSuffix = "-gzip", "-zstd"

// clip makes a client's text fit to be repeated: valid and short.
func clip(s string) string {
	const most = 200
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= most {
		return s
	}
	end := most
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
