package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// request is what a handler gets: parsed parameters, and what conditions the
// client sets.
type request struct {
	ctx         context.Context
	op          operation
	target      *http.Request
	pathID      string          // the path's {id}, "" where it has none
	mediaType   string          // of the body, "" where the operation takes none
	key         timeline.APIKey // that was shown; its zero value where none was asked for
	query       *query
	ifNoneMatch string
	asked       time.Duration // spent in the store
	served      *served
	era         uint64 // of the data, read before any of them
	deprecated  bool   // it asks with something that will go

	base   context.Context // ctx without the limit of its time
	api    *api
	leave  func()              // gives the turn back; nil: there is none
	cancel context.CancelFunc  // ends ctx; nil: it has no end of its own
	held   heldBody            // the memory that the body takes
	writer http.ResponseWriter // for its deadlines
}

// timed adds the time until the returned function is called to the store's share.
func (r *request) timed() func() {
	start := time.Now()
	return func() { r.asked += time.Since(start) }
}

// answer is what a handler gives.
type answer struct {
	status   int // 0: 200
	body     []byte
	etag     string
	cache    string // Cache-Control; "": notCached
	next     string // address of the next page
	location string // address of what was made

	// An answer that can be kept has these in the place of body and next: whenever query
	// is the same, and newest, the newest revision, so is the answer. query is canonical.
	query  string
	newest int64
	make   func(r *request) (made, error) // on the context of the request it is given
	kept   *kept

	// stream writes the body of an export, in the place of body. It fails with its
	// writer's error, or for a reason of its own.
	stream      func(w io.Writer) error
	contentType string // of a stream, with its parameters
	file        string // name to save a stream under

	// push sends the body piece by piece for as long as the client and the server want;
	// each piece is on its way when send returns.
	push func(send func(piece []byte) error) error
}

// writeBudget is less than the server gives to an answer: a write that meets a silent
// database is told so while its client can still hear it.
const writeBudget = 30 * time.Second

// The values of Cache-Control.
const (
	notCached = "no-store"
	// revalidated: caches keep it, ask whether it still stands, and may serve it a
	// little longer while they ask or while nobody answers.
	revalidated = "max-age=0, stale-while-revalidate=5, stale-if-error=600"
	immutable   = "max-age=31536000, immutable"
	// pageRevalidated: a page names the files of its version, so it is asked for anew
	// each time.
	pageRevalidated = "no-cache"
)

// serve is the way that every operation shares: limits, Accept, parameters, key,
// handler, and out.
func (a *api) serve(op operation) gin.HandlerFunc {
	return func(c *gin.Context) {
		r := &request{ctx: c.Request.Context(), base: c.Request.Context(), api: a, op: op, target: c.Request, pathID: c.Param("id"), ifNoneMatch: c.GetHeader("If-None-Match"), served: servedOf(c), writer: c.Writer}
		r.deprecated = op.deprecated.announce(c.Writer.Header())
		_, r.era, _ = a.Store.Known()
		given, err := a.run(c, op, r)
		switch {
		case r.served.cache == cacheHit && err == nil:
			c.Writer.Header()["Server-Timing"] = timingOfHits
		case r.asked > 0:
			c.Header("Server-Timing", fmt.Sprintf("db;dur=%.1f", float64(r.asked.Microseconds())/1000))
		}
		if err != nil {
			a.fail(c, err)
			return
		}
		a.write(c, op, given)
	}
}

func (a *api) run(c *gin.Context, op operation, r *request) (*answer, error) {
	defer r.end() // before the answer is sent, which may take as long as the client likes
	given, err := a.ask(c, op, r)
	if err == nil && given.make != nil {
		return a.complete(r, given)
	}
	return given, err
}

func (a *api) ask(c *gin.Context, op operation, r *request) (*answer, error) {
	if !op.public {
		if err := a.admit(c.Writer.Header(), c.Request); err != nil {
			return nil, err
		}
	}
	if !accepts(c.Request.Header.Values("Accept"), op.gives) {
		return nil, &httpError{status: http.StatusNotAcceptable, code: "not_acceptable", place: "Accept", detail: "This operation gives " + op.gives + " alone; ask with that in Accept, or with */*."}
	}
	scope := op.scope
	if err := r.enter(a.gates.of(op), a.timeOf(op)); err != nil {
		return nil, err
	}
	if scope == "" && a.ReadNeedsKey && !op.public {
		scope = timeline.ScopeRead
	}
	if scope != "" {
		if err := a.authorize(r, scope); err != nil {
			return nil, err
		}
		if err := a.keys.take(r.key.ID, a.Now(), c.Writer.Header()); err != nil {
			return nil, err
		}
	}
	if len(op.takes) > 0 {
		var err error
		if r.mediaType, err = a.checkBody(c, op); err != nil {
			return nil, err
		}
	}
	r.query = parseQuery(c.Request.URL.RawQuery, op.parameters)
	if r.query.announce(c.Writer.Header()) {
		r.deprecated = true
	}
	if len(op.parameters) == 0 { // nothing else will look at the faults
		if err := r.query.err(); err != nil {
			return nil, err
		}
	}
	return op.handle(a, r)
}

// timeOf gives the time that an operation has for its answer; 0: as long as it takes.
func (a *api) timeOf(op operation) time.Duration {
	switch {
	case op.endless:
		return 0
	case op.scope != "":
		return a.WriteBudget
	}
	return a.Limits.ReadTime
}

// write sends an answer, or that the client's copy of it still stands.
func (a *api) write(c *gin.Context, op operation, given *answer) {
	if given.stream != nil {
		a.stream(c, op, given)
		return
	}
	if given.push != nil {
		a.push(c, op, given)
		return
	}
	if given.kept != nil {
		given.kept.send(c.Writer, c.Request.Method, linkTo(given.next))
		return
	}
	a.setHeaders(c, op, given)
	status := given.status
	if status == 0 {
		status = http.StatusOK
	}
	if status == http.StatusNotModified {
		for _, name := range protecting {
			delete(c.Writer.Header(), name)
		}
		c.Status(status)
		c.Writer.WriteHeaderNow()
		return
	}
	c.Writer.Header()["Content-Length"] = []string{strconv.Itoa(len(given.body))}
	c.Data(status, op.gives, given.body)
}

// setHeaders sets what answers of every kind carry.
func (a *api) setHeaders(c *gin.Context, op operation, given *answer) {
	h := c.Writer.Header()
	h.Set("Cache-Control", a.cacheControl(given.cache, op.public))
	if given.etag != "" {
		h.Set("ETag", given.etag)
	}
	if given.next != "" {
		addLink(h, linkTo(given.next))
	}
	if given.location != "" {
		h.Set("Location", given.location)
	}
}

func (a *api) cacheControl(cache string, public bool) string {
	switch {
	case cache == "" || cache == notCached:
		return notCached
	case a.ReadNeedsKey && !public:
		return "private, " + cache
	}
	return "public, " + cache
}

// authorize demands a key with a scope.
func (a *api) authorize(r *request, scope string) error {
	shown, ok := bearer(r.target.Header.Get("Authorization"))
	if !ok {
		return timeline.Errorf(timeline.KindUnauthorized, "This needs a key with the scope %s: send it as Authorization: Bearer KEY. `api keys create` makes one.", scope)
	}
	stop := r.timed()
	key, err := a.Store.Authenticate(r.ctx, shown)
	stop()
	if err != nil {
		return err
	}
	r.key = key
	if !includes(key.Scopes, scope) {
		return timeline.Errorf(timeline.KindForbidden, "This key does not have the scope %s.", scope)
	}
	return nil
}

// encode gives v as JSON without HTML escaping, as all other documents are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding an answer: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
