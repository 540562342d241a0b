package httpapi

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"
)

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
			servedOf(c).cause = err
			panic(http.ErrAbortHandler)
		}
		a.fail(c, err)
		c.Abort()
	}()
	c.Next()
}

// begin sets what every answer carries beside the request's id.
func (a *api) begin(c *gin.Context) {
	h := c.Writer.Header()
	h["Vary"] = append(h["Vary"], a.vary[1:]...) // the compressor has set the first
	a.headers(h, c.Request)
}

// varies lists what answers depend on beside their target.
func varies(o *Options) []string {
	list := []string{"Accept-Encoding"}
	if o.ReadNeedsKey {
		list = append(list, "Authorization")
	}
	if !slices.Contains(o.CORSOrigins, "*") {
		list = append(list, "Origin")
	}
	return slices.Clip(list)
}

// Values of headers that are the same in every answer, as net/http takes them. Nobody
// changes them: what is added to one is added to a copy.
var (
	noSniffing    = []string{"nosniff"}
	noReferrer    = []string{"no-referrer"}
	noFrames      = []string{"DENY"} // for browsers that do not know frame-ancestors
	nothingLoaded = []string{"default-src 'none'; frame-ancestors 'none'"}
	crossOrigin   = []string{"cross-origin"}
	anyOrigin     = []string{"*"}
	exposed       = []string{"Deprecation, ETag, Link, RateLimit, RateLimit-Policy, Retry-After, Server-Timing, Sunset, X-Request-Id"}
)

// headers sets protection for browsers, and CORS.
func (a *api) headers(h http.Header, r *http.Request) {
	h["X-Content-Type-Options"] = noSniffing
	h["Referrer-Policy"] = noReferrer
	h["X-Frame-Options"] = noFrames
	h["Content-Security-Policy"] = nothingLoaded
	h["Cross-Origin-Resource-Policy"] = crossOrigin
	if a.origins(h, r) {
		h["Access-Control-Expose-Headers"] = exposed
	}
}

// protecting are the headers that a 304 leaves out: they stand in the copy that the
// client has, and RFC 9110 wants none but those that tell whether it still stands.
var protecting = []string{
	"X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options", "Content-Security-Policy", "Cross-Origin-Resource-Policy",
	"Access-Control-Expose-Headers",
}

// origins tells a browser whether pages of the request's origin may read the answer.
func (a *api) origins(h http.Header, r *http.Request) bool {
	origin := r.Header["Origin"]
	switch {
	case slices.Contains(a.CORSOrigins, "*"):
		h["Access-Control-Allow-Origin"] = anyOrigin
	case len(origin) > 0 && slices.Contains(a.CORSOrigins, origin[0]):
		h["Access-Control-Allow-Origin"] = origin[:1:1]
	default:
		return false
	}
	return true
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
