package faults_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// load is what goes on while faults are injected.
type load struct {
	*service
	*ledger
	ctx    context.Context
	stop   context.CancelFunc
	paused sync.WaitGroup
}

// startLoad notes what is there, and lets so many writers and importers write until halt.
func startLoad(t *testing.T, s *service, writers, importers, batchSize int) *load {
	t.Helper()
	l := &load{service: s, ledger: newLedger()}
	for doc := range strings.Lines(string(s.must(t, "/v1/events.ndjson"))) {
		doc = strings.TrimSuffix(doc, "\n")
		id, _ := identity([]byte(doc))
		l.shipped[id] = doc
	}
	l.ctx, l.stop = context.WithCancel(t.Context())
	for i := range writers {
		w := &writer{load: l, name: fmt.Sprintf("w%d", i), random: rand.New(rand.NewPCG(uint64(i), 1))}
		l.paused.Go(w.run)
	}
	for i := range importers {
		w := &writer{load: l, name: fmt.Sprintf("i%d", i), random: rand.New(rand.NewPCG(uint64(i), 2))}
		l.paused.Go(func() { w.importing(batchSize) })
	}
	return l
}

// halt lets every writer end what it has begun.
func (l *load) halt() {
	l.stop()
	l.paused.Wait()
}

// writer writes to events of its own, one request after the other, so that it knows
// what each of them must be.
type writer struct {
	*load
	name   string
	random *rand.Rand
	n      int
	mine   []string // ids that it has written to
}

func (w *writer) running() bool { return w.ctx.Err() == nil }

func (w *writer) run() {
	for w.running() {
		w.n++
		marker := fmt.Sprintf("%s.%d", w.name, w.n)
		if len(w.mine) < 3 || w.random.IntN(4) == 0 {
			w.create(marker)
			continue
		}
		w.change(w.mine[w.random.IntN(len(w.mine))], marker)
	}
}

// create makes an event, with an id of its own or one of the program's, and sends it
// again, with its Idempotency-Key, until the outcome is known or the load ends.
func (w *writer) create(marker string) {
	e := sample(w.random.Int(), marker)
	one := &write{kind: "create", marker: marker, body: bodyOf(e)}
	id := ""
	if w.random.IntN(2) == 0 {
		id = fmt.Sprintf("%s-%d", w.name, w.n)
		w.add(id, one)
	}
	r, o := w.repeat(http.MethodPost, "/v1/events", request(id, one.body), http.StatusCreated, "Content-Type: application/json", "Idempotency-Key: "+marker)
	w.mu.Lock()
	defer w.mu.Unlock()
	if o != acknowledged {
		if id == "" && o == unknown {
			w.nameless = append(w.nameless, one)
		}
		return
	}
	made, revision := identity(r.body)
	one.acknowledge(r, revision)
	if id == "" {
		w.byID[made] = append(w.byID[made], one)
	}
	w.mine = append(w.mine, made)
}

func (one *write) acknowledge(r reply, revision int64) {
	one.sure, one.revision, one.doc, one.etag = true, revision, r.body, r.header.Get("ETag")
}

// change writes to an event that is there, or was.
func (w *writer) change(id, marker string) {
	w.mu.Lock()
	writes := w.byID[id]
	w.mu.Unlock()
	last := writes[len(writes)-1]
	kind := w.random.IntN(3)
	if !last.sure || last.body == nil {
		kind = 0 // whatever it is now, a PUT settles it
	}
	one := &write{marker: marker}
	var r reply
	var o outcome
	switch kind {
	case 0:
		one.kind, one.body = "put", bodyOf(sample(w.random.Int(), marker))
		w.add(id, one)
		r, o = w.once(http.MethodPut, "/v1/events/"+id, request(id, one.body), 0, "Content-Type: application/json")
	case 1:
		one.kind = "patch"
		// The title is written as the marker's own text: both have no letter to escape.
		one.body = bytes.Replace(last.body, fmt.Appendf(nil, `"en":%q`, last.marker), fmt.Appendf(nil, `"en":%q`, marker), 1)
		w.add(id, one)
		r, o = w.once(http.MethodPatch, "/v1/events/"+id, fmt.Appendf(nil, `{"title":{"en":%q}}`, marker), http.StatusOK, "Content-Type: application/merge-patch+json", "If-Match: "+last.etag)
	case 2:
		one.kind = "delete"
		w.add(id, one)
		r, o = w.once(http.MethodDelete, "/v1/events/"+id+"?reason="+marker, nil, http.StatusOK, "If-Match: "+last.etag)
	}
	if o != acknowledged {
		return
	}
	_, revision := identity(r.body)
	w.mu.Lock()
	defer w.mu.Unlock()
	if one.acknowledge(r, revision); one.body == nil {
		one.doc = nil
	}
}

// importing sends imports of new events, one after the other.
func (w *writer) importing(size int) {
	for w.running() {
		w.n++
		b := &batch{write: write{kind: "import", marker: fmt.Sprintf("%s.%d", w.name, w.n)}, events: map[string][]byte{}}
		var lines bytes.Buffer
		for i := range size {
			id := fmt.Sprintf("%s-%d-%d", w.name, w.n, i)
			b.events[id] = bodyOf(sample(w.n*size+i, b.marker))
			lines.Write(append(request(id, b.events[id]), '\n'))
		}
		w.mu.Lock()
		w.batches = append(w.batches, b)
		w.mu.Unlock()
		r, o := w.repeat(http.MethodPost, "/v1/imports", lines.Bytes(), http.StatusOK, "Content-Type: application/x-ndjson", "Idempotency-Key: "+b.marker)
		if o != acknowledged {
			continue
		}
		var result struct{ Revision, Created int64 }
		if err := json.Unmarshal(r.body, &result); err != nil || result.Created != int64(size) {
			w.fault("the import %q of %d events was answered with %s", b.marker, size, r.body)
		}
		w.mu.Lock()
		b.sure, b.revision = true, result.Revision
		w.mu.Unlock()
	}
}

// repeat sends a request with an Idempotency-Key until its outcome is known, or for as
// long as the load goes on.
func (w *writer) repeat(method, path string, body []byte, want int, headers ...string) (reply, outcome) {
	before := refused
	for {
		r, o := w.once(method, path, body, want, headers...)
		if o == acknowledged {
			return r, o
		}
		before = max(before, o) // a refused repetition says nothing of the time before
		if !w.running() {
			return r, before
		}
		w.rest()
	}
}

// rest waits a moment, as clients do that were refused.
func (w *writer) rest() {
	select {
	case <-w.ctx.Done():
	case <-time.After(20 * time.Millisecond):
	}
}

// once sends a write and judges its answer; want 0 is 200 or 201.
func (w *writer) once(method, path string, body []byte, want int, headers ...string) (reply, outcome) {
	// What has begun is ended: the load's own end would make more outcomes unknown.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), time.Minute)
	defer cancel()
	r, err := w.send(ctx, method, path, body, append(headers, "Authorization: Bearer "+w.key)...)
	o := unknown
	switch {
	case errors.Is(err, syscall.ECONNREFUSED): // nobody was there
		o = refused
	case err != nil:
	case r.status == want, want == 0 && (r.status == http.StatusOK || r.status == http.StatusCreated):
		o = acknowledged
	case r.status == http.StatusTooManyRequests, r.status == http.StatusServiceUnavailable:
		var p struct{ Code string }
		if json.Unmarshal(r.body, &p) != nil || r.header.Get("Retry-After") == "" || p.Code == "" {
			w.fault("%s %s was refused with %d %q and %s", method, path, r.status, r.header.Get("Retry-After"), r.body)
		}
		if p.Code != string(timeline.KindUnavailable) {
			o = refused
		}
	default:
		w.fault("%s %s was answered with %d %s", method, path, r.status, r.body)
	}
	w.count(o)
	if o != acknowledged {
		w.rest()
	}
	return r, o
}

// identity reads the id and the revision of a document or a change.
func identity(doc []byte) (id string, revision int64) {
	var e struct {
		ID       string
		Revision int64
	}
	_ = json.Unmarshal(doc, &e) // what is no document matches nothing later
	return e.ID, e.Revision
}
