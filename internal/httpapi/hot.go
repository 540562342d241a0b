package httpapi

import (
	"net/http"
	"strings"
	"time"
)

// hot answers a request whose target came before in the same words, if its answer still
// stands: without the database, the router and the query's parser. It gives false where
// it does not know, and has written nothing then. Everything that can be seen of an
// answer is as on the long way; a test compares them.
func (a *api) hot(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || len(r.RequestURI) > maxAlias {
		return false
	}
	known, there := a.Cache.aliases.GetIfPresent(r.RequestURI)
	if !there {
		return false
	}
	start := time.Now()
	revision, era, fresh := a.Store.Known()
	now := stamp{era: era, revision: revision}
	if !known.stands(now) || !fresh && !known.forever || !acceptsAtOnce(r.Header["Accept"], known.gives) {
		return false
	}
	held := ""
	if tags := r.Header["If-None-Match"]; len(tags) > 0 {
		held = heldTag(tags[0], known.etag)
		if held == "" && !known.forever && newestNamed(tags[0]) > revision {
			return false // the client has been told of more than is known here
		}
	}
	var k *kept
	if held == "" {
		if !known.whole {
			return false
		}
		if k = a.Cache.answer(cacheKey{known.query, encodingOf(r)}, now); k == nil {
			return false
		}
	}
	h := w.Header()
	if a.admit(h, r) != nil {
		return false // the long way tells
	}
	a.Cache.hits.Add(1)
	h["Vary"] = a.vary
	s := a.open(h, r, known.route)
	h["Server-Timing"] = timingOfHits
	s.status, s.cache = http.StatusOK, cacheHit
	if k != nil {
		a.headers(h, r)
		k.send(w, r.Method, known.link)
		s.rows = k.rows
		if r.Method != http.MethodHead {
			s.bytes = int64(len(k.body))
		}
	} else {
		a.origins(h, r)
		s.status = http.StatusNotModified
		h["Cache-Control"], h["Etag"] = known.cacheControl, []string{held}
		w.WriteHeader(s.status)
	}
	s.took = time.Since(start)
	a.tell(r.Context(), &s)
	return true
}

// acceptsAtOnce tells whether the Accept headers surely admit a media type: whatever
// has qualities is left to accepts.
func acceptsAtOnce(headers []string, mediaType string) bool {
	if len(headers) == 0 {
		return true
	}
	if len(headers) > 1 || strings.Contains(headers[0], ";") {
		return accepts(headers, mediaType)
	}
	kind, _, _ := strings.Cut(mediaType, "/")
	for item := range strings.SplitSeq(headers[0], ",") {
		item = strings.TrimSpace(item)
		if item == "*/*" || item == mediaType {
			return true
		}
		if main, any, _ := strings.Cut(item, "/"); any == "*" && main == kind {
			return true
		}
	}
	return accepts(headers, mediaType)
}
