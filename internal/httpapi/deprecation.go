package httpapi

import (
	"net/http"
	"strconv"
	"time"
)

// deprecation says that an operation or a parameter will go. It stands in the tables of
// operations and parameters, and answers carry it; openapi.yaml says `deprecated: true`
// for exactly those. docs/stability.md has what is promised about the time between.
type deprecation struct {
	since  time.Time // from when it should not be used
	sunset time.Time // from when it may not be there; zero: not known yet
	about  string    // address of the page that says what to use instead
}

// announce tells a client that what it asked with will go: in Deprecation (RFC 9745),
// Sunset (RFC 8594) and a link. Of several, the first that goes is told with its dates,
// and each with its link. It gives false where there is
// nothing to tell.
func (d *deprecation) announce(h http.Header) bool {
	if d == nil {
		return false
	}
	h.Add("Link", "<"+d.about+`>; rel="deprecation"; type="text/html"`)
	if told := h.Get("Deprecation"); told == "" || d.since.Unix() < deprecatedSince(told) {
		h.Set("Deprecation", "@"+strconv.FormatInt(d.since.Unix(), 10))
	}
	if d.sunset.IsZero() {
		return true
	}
	if told, err := http.ParseTime(h.Get("Sunset")); err != nil || d.sunset.Before(told) {
		h.Set("Sunset", d.sunset.UTC().Format(http.TimeFormat))
	}
	return true
}

// deprecatedSince reads what announce wrote.
func deprecatedSince(told string) int64 {
	seconds, _ := strconv.ParseInt(told[1:], 10, 64)
	return seconds
}

// announce tells of the parameters that a request has and that will go.
func (q *query) announce(h http.Header) (told bool) {
	for i := range q.known {
		if p := &q.known[i]; p.deprecated != nil && len(q.values[p.name]) > 0 {
			told = p.deprecated.announce(h)
		}
	}
	return told
}
