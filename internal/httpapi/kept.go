package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// made is what the handler of an answer that can be kept computes.
type made struct {
	body []byte
	next string // cursor of the next page
	etag string // where it is not known before
	rows int    // events or other items that it has
}

// timingOfHits stands in the place of the database's share.
var timingOfHits = []string{"cache;desc=hit"}

// complete gives an answer its body, or tells that the client's copy of it still stands.
func (a *api) complete(r *request, given *answer) (*answer, error) {
	if given.etag != "" && !strings.Contains(r.ifNoneMatch, "*") { // any answer, if there is one
		if same := r.unchanged(given.etag, given.cache); same != nil {
			a.remember(r, given, nil)
			return same, nil
		}
	}
	k, err := a.find(r, given)
	if err != nil {
		return nil, err
	}
	given.etag, given.next = k.etag, ""
	r.served.rows = k.rows
	if k.next != "" {
		given.next = nextAddress(r, k.next)
	}
	a.remember(r, given, k)
	if same := r.unchanged(k.etag, given.cache); same != nil {
		r.served.rows = 0
		return same, nil
	}
	if given.body = k.body; a.Cache != nil {
		given.kept = k
	}
	return given, nil
}

// find gives an answer from the cache, from whoever is computing it, or computes it.
func (a *api) find(r *request, given *answer) (*kept, error) {
	if a.Cache == nil {
		return a.compute(r, given)
	}
	now := given.stamp(r)
	key := cacheKey{given.key(), encodingOf(r.target)}
	if k := a.Cache.answer(key, now); k != nil {
		a.Cache.hits.Add(1)
		r.served.cache = cacheHit
		return k, nil
	}
	r.pause() // whoever computes it takes a turn, and those who wait for the same none
	a.Cache.waiting.Add(1)
	defer a.Cache.waiting.Add(-1)
	came, joined, err := a.Cache.flights.do(r.ctx, flightKey{key, now}, func(ctx context.Context) (*kept, time.Duration, error) {
		return a.keepNew(ctx, r, given, key, now)
	})
	if joined {
		r.served.cache = cacheJoined
		a.Cache.joined.Add(1)
	} else {
		r.served.cache = cacheMiss
		a.Cache.misses.Add(1)
	}
	if came != nil {
		r.asked += came.asked
	}
	if err != nil {
		return nil, err
	}
	return came.kept, nil
}

// keepNew computes an answer, and keeps it as it is and in the encoding of the key. It
// runs on a context of its own, and must not touch what belongs to the request alone.
func (a *api) keepNew(ctx context.Context, r *request, given *answer, key cacheKey, now stamp) (*kept, time.Duration, error) {
	bare := cacheKey{key.query, identity}
	plain := a.Cache.answer(bare, now)
	var asked time.Duration
	switch {
	case plain != nil:
	case key.encoding == identity:
		leave, err := a.gates.reading.enter(ctx)
		if err != nil {
			return nil, 0, err
		}
		defer leave()
		own := &request{ctx: ctx, op: r.op, target: r.target, pathID: r.pathID, query: r.query}
		k, err := a.compute(own, given)
		if err != nil {
			return nil, own.asked, err
		}
		k.stamp = now
		a.Cache.keep(bare, k)
		return k, own.asked, nil
	default: // clients of other encodings may wait for the same
		came, _, err := a.Cache.flights.do(ctx, flightKey{bare, now}, func(ctx context.Context) (*kept, time.Duration, error) {
			return a.keepNew(ctx, r, given, bare, now)
		})
		if came != nil {
			plain, asked = came.kept, came.asked
		}
		if err != nil {
			return nil, asked, err
		}
	}
	packed, err := plain.packed(key.encoding)
	if err != nil {
		return nil, asked, err
	}
	a.Cache.keep(key, packed)
	return packed, asked, nil
}

// compute makes an answer.
func (a *api) compute(r *request, given *answer) (*kept, error) {
	m, err := given.make(r)
	if err != nil {
		return nil, err
	}
	k := &kept{body: m.body, next: m.next, etag: given.etag, rows: m.rows}
	if m.etag != "" {
		k.etag = m.etag
	}
	if a.Cache == nil {
		return k, nil
	}
	if len(k.body) < cap(k.body)-cap(k.body)/8 {
		k.body = slices.Clone(k.body)
	}
	k.contentType, k.cacheControl = []string{r.op.gives}, []string{a.cacheControl(given.cache, r.op.public)}
	k.contentLength, k.etags = []string{strconv.Itoa(len(k.body))}, []string{k.etag}
	return k, nil
}

// packed gives the answer in an encoding: itself, where that is not worth it.
func (k *kept) packed(as encoding) (*kept, error) {
	if len(k.body) < minCompressed {
		return k, nil
	}
	body, err := compress(k.body, as)
	if err != nil {
		return nil, err
	}
	p := *k
	p.body, p.contentLength = body, []string{strconv.Itoa(len(body))}
	p.contentEncoding = []string{encodingNames[as]}
	p.etags = []string{strings.TrimSuffix(k.etag, `"`) + encodingSuffixes[as] + `"`}
	return &p, nil
}

// send writes the answer.
func (k *kept) send(w http.ResponseWriter, method string, link []string) {
	h := w.Header()
	h["Content-Type"], h["Content-Length"] = k.contentType, k.contentLength
	h["Cache-Control"], h["Etag"] = k.cacheControl, k.etags
	if k.contentEncoding != nil {
		h["Content-Encoding"] = k.contentEncoding
	}
	addLink(h, link)
	w.WriteHeader(http.StatusOK)
	if method != http.MethodHead {
		_, _ = w.Write(k.body) // a client that is gone is no fault
	}
}

// addLink adds a link to those that are told already. What is shared is not changed.
func addLink(h http.Header, link []string) {
	switch told := h["Link"]; {
	case link == nil:
	case told == nil:
		h["Link"] = link
	default:
		h["Link"] = slices.Concat(told, link)
	}
}

// linkTo gives the header Link to the next page.
func linkTo(next string) []string {
	if next == "" {
		return nil
	}
	return []string{"<" + next + `>; rel="next"`}
}

// stamp tells for which data the answer stands.
func (g *answer) stamp(r *request) stamp {
	return stamp{era: r.era, revision: g.newest, forever: g.cache == immutable}
}

// key is the answer's name in the cache. The same data are kept for ever where a
// revision was asked for, and not where it was a time.
func (g *answer) key() string { return g.cache + " " + g.query }

// remember notes what the request's target stands for, so that hot can answer when it
// comes again. Without k only that the client's copy still stands is known.
func (a *api) remember(r *request, given *answer, k *kept) {
	if a.Cache == nil || a.ReadNeedsKey || r.deprecated { // hot tells of no deprecation
		return
	}
	known := &alias{
		stamp: given.stamp(r), query: given.key(), etag: given.etag, whole: k != nil,
		route: r.op.path, gives: r.op.gives,
		link: linkTo(given.next), cacheControl: []string{a.cacheControl(given.cache, r.op.public)},
	}
	a.Cache.remember(r.target.RequestURI, known)
}
