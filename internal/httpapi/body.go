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

	"github.com/gin-gonic/gin"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Media types of bodies that are sent.
const (
	typeMergePatch = "application/merge-patch+json"
	typeLines      = "application/x-ndjson"
)

// Limits of bodies, in bytes, also after they are decompressed. An import is read whole
// before it is stored, so its limit and maxImports bound the memory that imports take.
const (
	eventLimit  = eventjson.MaxBytes
	importLimit = 32 << 20
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
		status: http.StatusUnsupportedMediaType, code: "unsupported_media_type",
		detail: fmt.Sprintf("This operation takes %s in UTF-8, and %s; send it with that Content-Type.", strings.Join(op.takes, " or "), given),
	}
}

// readBody reads the whole body, decompressed, within the operation's limit.
func (r *request) readBody() ([]byte, error) {
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
			status: http.StatusUnsupportedMediaType, code: "unsupported_media_type",
			detail: fmt.Sprintf("The body is encoded as %q; send it as it is, or with Content-Encoding: gzip.", clip(encoding)),
		}
	}
	var b bytes.Buffer
	if n := r.target.ContentLength; n > op.limit {
		return nil, bodyError(errTooLarge, op)
	} else if n > 0 {
		b.Grow(int(n) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(source); err != nil {
		return nil, bodyError(err, op)
	}
	if b.Len() == 0 {
		return nil, timeline.Errorf(timeline.KindMalformedBody, "The body is empty; send %s.", strings.Join(op.takes, " or "))
	}
	return b.Bytes(), nil
}

func bodyError(err error, op operation) error {
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
