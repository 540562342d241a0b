package httpapi

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func (a *api) listEvents(r *request) (*answer, error) {
	f, err := a.filter(r)
	if err != nil {
		return nil, err
	}
	q := timeline.ListQuery{
		Filter: f.Filter, Order: timeline.Order(r.query.text("order")), Limit: r.query.number("limit"),
		Count: timeline.CountMode(r.query.text("count")),
	}
	walk := fmt.Sprintf("%sorder=%s", f.Key(), q.Order) // what a cursor belongs to
	if cursor := r.query.text("cursor"); cursor != "" {
		position, fault := decodeCursor(cursor, walk)
		if fault != "" {
			r.query.fault("cursor", "%s", fault)
		}
		q.After = &position
	}
	if err := r.query.err(); err != nil {
		return nil, err
	}
	given := f.answer(r.op.id, fmt.Sprintf("%s&limit=%d&count=%s&cursor=%s", walk, q.Limit, q.Count, r.query.text("cursor")))
	given.make = func(r *request) (made, error) {
		asked := q
		asked.Into = openPage(a.pageSize.expected(q.Limit))
		stop := r.timed()
		page, err := a.Store.ListEvents(r.ctx, asked)
		stop()
		if err != nil {
			return made{}, err
		}
		next := ""
		if page.Next != nil {
			next = encodeCursor(*page.Next, walk)
		}
		a.pageSize.note(len(page.Data), page.Len())
		return made{body: closePage(page.Data, q.Limit, next, page.Count, f.revision), next: next, rows: page.Len()}, nil
	}
	return given, nil
}

// nextAddress gives the request's own address with another cursor. It is relative:
// behind a proxy the program does not know how it is called outside. The cursor of
// changes stands for after, too.
func nextAddress(r *request, cursor string) string {
	values := url.Values{} // not URL.Query(), which drops what has a semicolon in it
	for pair := range strings.SplitSeq(r.target.URL.RawQuery, "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, _ := url.QueryUnescape(rawName) // checked when the query was parsed
		value, _ := url.QueryUnescape(rawValue)
		if name != "" && name != "after" {
			values.Add(name, value)
		}
	}
	values.Set("cursor", cursor)
	return (&url.URL{Path: r.target.URL.Path, RawQuery: values.Encode()}).RequestURI()
}

// aroundPage is more than what stands around the documents of a page.
const aroundPage = 400

// documentSize is about how many bytes a document had lately, so that the documents of
// a page are copied once, into their place.
type documentSize struct{ bytes atomic.Int64 }

// expected gives the size of a page. One that may be larger than most grows.
func (d *documentSize) expected(limit int) int {
	const most = 128 << 10
	return aroundPage + min(limit*int(d.bytes.Load()), most)
}

func (d *documentSize) note(bytes, documents int) {
	if documents > 0 {
		mean := int64(bytes/documents) * 17 / 16 // a little more than enough
		d.bytes.Store((7*d.bytes.Load() + mean + 7) / 8)
	}
}

// openPage begins the one page shape, which documents follow with commas between them.
func openPage(size int) []byte { return append(make([]byte, 0, size), `{"data":[`...) }

// pageOf begins it with ready documents.
func pageOf(docs [][]byte) []byte {
	size := aroundPage
	for _, doc := range docs {
		size += len(doc) + 1
	}
	b := openPage(size)
	for i, doc := range docs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, doc...)
	}
	return b
}

// closePage ends it.
func closePage(b []byte, limit int, next string, count *timeline.Count, revision int64) []byte {
	b = append(b, `],"page":{"limit":`...)
	b = strconv.AppendInt(b, int64(limit), 10)
	b = append(b, `,"next_cursor":`...)
	if next == "" {
		b = append(b, "null"...)
	} else {
		b = timeline.AppendString(b, next)
	}
	b = append(b, `,"has_more":`...)
	b = strconv.AppendBool(b, next != "")
	b = append(b, `},"count":`...)
	if count == nil {
		b = append(b, "null"...)
	} else {
		b = fmt.Appendf(b, `{"value":%d,"relation":%q}`, count.Value, count.Relation)
	}
	b = append(b, `,"revision":`...)
	b = strconv.AppendInt(b, revision, 10)
	return append(b, '}')
}

func (a *api) getEvent(r *request) (*answer, error) {
	if err := r.checkPathID(); err != nil {
		return nil, err
	}
	at, err := a.asOf(r)
	if err != nil {
		return nil, err
	}
	if err := r.query.err(); err != nil {
		return nil, err
	}
	given := at.answer(r.op.id, fmt.Sprintf("%sid=%s", at.key(), r.pathID))
	given.etag = "" // it has one of its own
	given.make = func(r *request) (made, error) {
		stop := r.timed()
		doc, revision, err := a.Store.Event(r.ctx, r.pathID, at.filter)
		stop()
		return made{body: doc, etag: eventETag(revision), rows: 1}, err
	}
	return given, nil
}

// checkPathID refuses what cannot be an id, with all other faults.
func (r *request) checkPathID() error {
	if eventjson.ValidID(r.pathID) {
		return nil
	}
	r.query.fault("id", "cannot be %q; an id is 1 to 128 of a-z, 0-9 and . _ ~ -, and begins with a letter or digit", clip(r.pathID))
	return r.query.err()
}

func (a *api) getEventChain(r *request) (*answer, error) {
	if err := r.checkPathID(); err != nil {
		return nil, err
	}
	at, err := a.asOf(r)
	if err != nil {
		return nil, err
	}
	if err := r.query.err(); err != nil {
		return nil, err
	}
	depth := r.query.number("depth")
	given := at.answer(r.op.id, fmt.Sprintf("%sid=%s&depth=%d", at.key(), r.pathID, depth))
	given.make = func(r *request) (made, error) {
		stop := r.timed()
		docs, more, err := a.Store.Chain(r.ctx, r.pathID, depth, at.filter)
		stop()
		if err != nil {
			return made{}, err
		}
		count := timeline.Count{Value: int64(len(docs)), Relation: "eq"}
		if more {
			count.Relation = "gte"
		}
		return made{body: closePage(pageOf(docs), len(docs), "", &count, at.revision), rows: len(docs)}, nil
	}
	return given, nil
}
