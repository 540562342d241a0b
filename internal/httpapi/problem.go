package httpapi

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// statusOf is the only place where kinds of errors become status numbers.
var statusOf = map[timeline.Kind]int{
	timeline.KindInvalidParameter:     http.StatusBadRequest,
	timeline.KindMalformedBody:        http.StatusBadRequest,
	timeline.KindInvalidEvent:         http.StatusUnprocessableEntity,
	timeline.KindTooLarge:             http.StatusRequestEntityTooLarge,
	timeline.KindNotFound:             http.StatusNotFound,
	timeline.KindGone:                 http.StatusGone,
	timeline.KindMoved:                http.StatusMovedPermanently,
	timeline.KindConflict:             http.StatusConflict,
	timeline.KindPreconditionFailed:   http.StatusPreconditionFailed,
	timeline.KindPreconditionRequired: http.StatusPreconditionRequired,
	timeline.KindIdempotencyMismatch:  http.StatusUnprocessableEntity,
	timeline.KindUnauthorized:         http.StatusUnauthorized,
	timeline.KindForbidden:            http.StatusForbidden,
	timeline.KindTooCostly:            http.StatusServiceUnavailable,
	timeline.KindCountTooCostly:       http.StatusServiceUnavailable,
	timeline.KindBusy:                 http.StatusServiceUnavailable,
	timeline.KindUnavailable:          http.StatusServiceUnavailable,
	timeline.KindInternal:             http.StatusInternalServerError,
}

// placeOf is what is wrong where an error of a kind names nothing itself: the whole body,
// or a header.
var placeOf = map[timeline.Kind]timeline.Fault{
	timeline.KindMalformedBody:        {},
	timeline.KindTooLarge:             {},
	timeline.KindUnauthorized:         {Parameter: "Authorization"},
	timeline.KindForbidden:            {Parameter: "Authorization"},
	timeline.KindPreconditionRequired: {Parameter: "If-Match"},
	timeline.KindPreconditionFailed:   {Parameter: "If-Match"},
	timeline.KindIdempotencyMismatch:  {Parameter: "Idempotency-Key"},
}

// httpError is an error that HTTP alone knows: a path, a method, a header.
type httpError struct {
	status     int
	code       string
	detail     string
	place      string // the header that is wrong, where one is
	retryAfter time.Duration
}

// Error gives the public text.
func (e *httpError) Error() string { return e.detail }

// problem is an RFC 9457 problem as the contract shapes it.
type problem struct {
	Type     string  `json:"type"`
	Title    string  `json:"title"`
	Status   int     `json:"status"`
	Detail   string  `json:"detail"`
	Instance string  `json:"instance"`
	Code     string  `json:"code"`
	Errors   []fault `json:"errors"`
}

type fault struct {
	Parameter  *string  `json:"parameter"`
	Pointer    *string  `json:"pointer"`
	Line       *int64   `json:"line"`
	Detail     string   `json:"detail"`
	Allowed    []string `json:"allowed"`
	Suggestion *string  `json:"suggestion"`
}

// fail is the one way by which failures leave.
func (a *api) fail(c *gin.Context, err error) {
	if c.Writer.Written() {
		return // too late to say anything
	}
	var known *timeline.Error
	var http4xx *httpError
	p := problem{Type: "about:blank", Instance: clip(c.Request.URL.EscapedPath()), Errors: []fault{}}
	var retryAfter time.Duration
	switch {
	case errors.As(err, &known):
		p.Status, p.Code, p.Detail, retryAfter = statusOf[known.Kind], string(known.Kind), known.Message, known.RetryAfter
		if known.Kind == timeline.KindMoved {
			a.redirect(c, known.Target)
			return
		}
		for _, f := range known.Faults {
			p.Errors = append(p.Errors, faultOf(known.Kind, f))
		}
		if place, named := placeOf[known.Kind]; named && len(known.Faults) == 0 {
			place.Detail = known.Message
			p.Errors = append(p.Errors, faultOf(known.Kind, place))
		}
	case errors.As(err, &http4xx):
		p.Status, p.Code, p.Detail, retryAfter = http4xx.status, http4xx.code, http4xx.detail, http4xx.retryAfter
		if http4xx.place != "" {
			p.Errors = append(p.Errors, faultOf("", timeline.Fault{Parameter: http4xx.place, Detail: http4xx.detail}))
		}
	case errors.Is(err, context.Canceled):
		// The client is gone: nobody reads this, but the log tells it from success.
		p.Status, p.Code, p.Detail = http.StatusServiceUnavailable, string(timeline.KindUnavailable), "The request was cut short."
	case errors.Is(err, context.DeadlineExceeded) && (c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead):
		p.Status, p.Code, p.Detail = http.StatusServiceUnavailable, string(timeline.KindUnavailable), "This took longer than a request may; ask for less, or try again shortly."
		retryAfter = time.Second
	case errors.Is(err, context.DeadlineExceeded): // the budget of a write
		p.Status, p.Code, p.Detail = http.StatusServiceUnavailable, string(timeline.KindUnavailable), "The database did not answer in time. Whether this was stored is not known: look before you send it again."
		retryAfter = time.Second
	}
	if p.Status == 0 {
		p.Status, p.Code, p.Detail = http.StatusInternalServerError, string(timeline.KindInternal), "The server failed to answer."
	}
	p.Title = http.StatusText(p.Status)
	servedOf(c).problem = p.Code
	if p.Status >= 500 {
		servedOf(c).cause = err // for the log, never for the client
		p.Detail += " Request id: " + requestID(c) + "."
	}
	h := c.Writer.Header()
	h.Set("Cache-Control", notCached)
	if retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(retryAfter.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="tarikh"`)
	}
	body, err := encode(p)
	if err != nil {
		body = []byte(`{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"The server failed to answer.","instance":"","code":"internal","errors":[]}`)
	}
	c.Data(p.Status, "application/problem+json", body)
}

// redirect leads to the event that another one was merged into, or to what was asked
// about it. The merge can be undone, so caches ask again.
func (a *api) redirect(c *gin.Context, target string) {
	location := url.URL{Path: strings.Replace(c.FullPath(), ":id", target, 1), RawQuery: c.Request.URL.RawQuery}
	h := c.Writer.Header()
	h.Set("Location", location.String())
	h.Set("Cache-Control", a.cacheControl(revalidated, false))
	c.Status(http.StatusMovedPermanently)
	c.Writer.WriteHeaderNow()
}

func faultOf(kind timeline.Kind, f timeline.Fault) fault {
	given := fault{Detail: f.Detail, Allowed: f.Allowed, Parameter: nullable(f.Parameter), Suggestion: nullable(f.Suggestion)}
	if kind == timeline.KindInvalidEvent || kind == timeline.KindMalformedBody || kind == timeline.KindTooLarge {
		given.Pointer = &f.Pointer // "" points to the whole body
	}
	if f.Line > 0 {
		given.Line = &f.Line
	}
	if given.Allowed == nil {
		given.Allowed = []string{}
	}
	return given
}

func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (a *api) noRoute(c *gin.Context) {
	if err := unknownFormat(c.Request.URL.Path); err != nil {
		a.fail(c, err)
		return
	}
	a.fail(c, &httpError{status: http.StatusNotFound, code: "not_found", detail: "There is nothing at this path. /openapi.yaml lists all there is, /v1/events the events."})
}

// noMethod answers other methods on paths that exist: OPTIONS, of which CORS
// preflights are made, and those that are not allowed. gin has set Allow.
func (a *api) noMethod(c *gin.Context) {
	allowed := c.Writer.Header().Get("Allow")
	if allowed != "" {
		allowed += ", OPTIONS"
	}
	c.Header("Allow", allowed)
	if c.Request.Method == http.MethodOptions {
		a.preflight(c)
		c.Status(http.StatusNoContent)
		c.Writer.WriteHeaderNow()
		return
	}
	a.fail(c, &httpError{status: http.StatusMethodNotAllowed, code: "method_not_allowed", detail: "This path does not take " + clip(c.Request.Method) + "; it takes " + allowed + "."})
}
