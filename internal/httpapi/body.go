package httpapi

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/semaphore"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Media types of bodies that are sent.
const (
	typeMergePatch = "application/merge-patch+json"
	typeLines      = "application/x-ndjson"
)

// errTooLarge is found by a reader that has reached its limit.
var errTooLarge = errors.New("the body is larger than its limit")

// checkBody finds what type the body has, and refuses what the operation does not take.
func (a *api) checkBody(c *gin.Context, op operation) (mediaType string, err error) {
	header := c.GetHeader("Content-Type")
	mediaType, parameters, err := mime.ParseMediaType(header)
	charset := parameters["charset"]
	for _, taken := range op.takes {
		if err == nil && mediaType == taken && (charset == "" || strings.EqualFold(charset, "utf-8")) {
			return mediaType, nil
		}
	}
	if op.method == http.MethodPatch {
		c.Header("Accept-Patch", strings.Join(op.takes, ", "))
	}
	given := "no Content-Type was given"
	if header != "" {
		given = fmt.Sprintf("not %q", clip(header))
	}
	return "", &httpError{
		status: http.StatusUnsupportedMediaType, code: "unsupported_media_type", place: "Content-Type",
		detail: fmt.Sprintf("This operation takes %s in UTF-8, and %s; send it with that Content-Type.", strings.Join(op.takes, " or "), given),
	}
}

// readBody reads the whole body, decompressed, within the operation's limit. Meanwhile
// the request has no turn: a client that sends slowly keeps nobody waiting. Its time
// begins when the body is there.
func (r *request) readBody() ([]byte, error) {
	r.pause()
	body, err := r.receive()
	if err != nil {
		return nil, err
	}
	a, g := r.api, r.api.gates.of(r.op)
	if r.op.id == "importEvents" { // they also hold what they have decoded
		g = a.gates.importing
	}
	// The server's limit for the answer began with the head of the request. Where there
	// is no connection (in tests) there is no limit either.
	_ = http.NewResponseController(r.writer).SetWriteDeadline(time.Now().Add(2 * a.timeOf(r.op)))
	return body, r.enter(g, a.timeOf(r.op))
}

func (r *request) receive() ([]byte, error) {
	op := r.op
	body := &limitedReader{reader: r.target.Body, left: op.limit}
	source := io.Reader(body)
	switch encoding := r.target.Header.Get("Content-Encoding"); {
	case encoding == "" || strings.EqualFold(encoding, "identity"):
	case strings.EqualFold(encoding, "gzip"):
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return nil, bodyError(err, op)
		}
		source = &limitedReader{reader: unpacked, left: op.limit}
	default:
		return nil, &httpError{
			status: http.StatusUnsupportedMediaType, code: "unsupported_media_type", place: "Content-Encoding",
			detail: fmt.Sprintf("The body is encoded as %q; send it as it is, or with Content-Encoding: gzip.", clip(encoding)),
		}
	}
	var b bytes.Buffer
	if n := r.target.ContentLength; n > op.limit {
		return nil, bodyError(errTooLarge, op)
	} else if n > 0 { // not more than a little for a mere promise
		b.Grow(int(min(n, 64<<10)) + bytes.MinRead)
	}
	r.held.of = r.api.bodies
	if _, err := b.ReadFrom(&heldReader{source, &r.held}); err != nil {
		return nil, bodyError(err, op)
	}
	if b.Len() == 0 {
		return nil, timeline.Errorf(timeline.KindMalformedBody, "The body is empty; send %s.", strings.Join(op.takes, " or "))
	}
	return b.Bytes(), nil
}

// heldBody is the share of one body in the memory that all bodies may take.
type heldBody struct {
	of   *semaphore.Weighted
	size int64
}

func (h *heldBody) release() {
	if h.size > 0 {
		h.of.Release(h.size)
		h.size = 0
	}
}

// heldReader takes memory for what has been read, not for what was promised: a client
// that sends nothing takes none.
type heldReader struct {
	reader io.Reader
	held   *heldBody
}

func (h *heldReader) Read(p []byte) (int, error) {
	n, err := h.reader.Read(p)
	if !h.held.of.TryAcquire(int64(n)) {
		return 0, errBodies
	}
	h.held.size += int64(n)
	return n, err
}

// errBodies is what becomes of a body for which there is no memory.
var errBodies = &timeline.Error{
	Kind: timeline.KindBusy, Message: "Many large bodies are arriving at once; nothing of this one was stored: send it again shortly.", RetryAfter: 5 * time.Second,
}

func bodyError(err error, op operation) error {
	if errors.Is(err, errBodies) {
		return errBodies
	}
	if errors.Is(err, errTooLarge) {
		return &timeline.Error{
			Kind: timeline.KindTooLarge, Cause: err,
			Message: fmt.Sprintf("The body has more than the %d bytes that this operation takes (counted after decompression).", op.limit),
		}
	}
	return &timeline.Error{
		Kind: timeline.KindMalformedBody, Message: "The body could not be read to its end: it was cut short, came too slowly, or is not the gzip that Content-Encoding promises.", Cause: err,
	}
}

// limitedReader reads at most so many bytes, and tells when there are more.
type limitedReader struct {
	reader io.Reader
	left   int64
}

// Read reads up to the limit, and one byte beyond it to see whether there is more.
func (l *limitedReader) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.reader.Read(p)
	if int64(n) > l.left {
		return int(l.left), errTooLarge
	}
	l.left -= int64(n)
	return n, err
}
