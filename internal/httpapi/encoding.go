package httpapi

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// encoding is how the body of a kept answer is sent.
type encoding uint8

const (
	identity encoding = iota
	gzipped
	zstandard
)

// The names of encodings, and what they append to a tag.
var (
	encodingNames    = [...]string{identity: "", gzipped: "gzip", zstandard: "zstd"}
	encodingSuffixes = [...]string{identity: "", gzipped: gzipSuffix, zstandard: zstdSuffix}
)

// minCompressed is the smallest body that is worth compressing.
const minCompressed = 1 << 10

// encodingOf chooses the encoding of the answer to a request by the same rules as the
// compressor of all other answers: zstd before gzip, and the bare body for HEAD.
func encodingOf(r *http.Request) encoding {
	values := r.Header["Accept-Encoding"]
	if len(values) == 0 || values[0] == "" || r.Method == http.MethodHead {
		return identity
	}
	var gzipQ, zstdQ float64
	var gzipSeen, zstdSeen bool
	for item := range strings.SplitSeq(values[0], ",") {
		name, quality := coding(item)
		switch {
		case !gzipSeen && strings.EqualFold(name, "gzip"):
			gzipQ, gzipSeen = quality, true
		case !zstdSeen && strings.EqualFold(name, "zstd"):
			zstdQ, zstdSeen = quality, true
		}
	}
	switch {
	case zstdQ > 0 && zstdQ >= gzipQ:
		return zstandard
	case gzipQ > 0:
		return gzipped
	}
	return identity
}

// coding reads an item of Accept-Encoding.
func coding(item string) (name string, quality float64) {
	name, parameters, _ := strings.Cut(item, ";")
	quality = 1
	for parameter := range strings.SplitSeq(parameters, ";") {
		parameter = strings.TrimSpace(parameter)
		if len(parameter) >= 2 && strings.EqualFold(parameter[:2], "q=") {
			quality, _ = strconv.ParseFloat(parameter[2:], 64) // 0 for what is no number
			quality = min(max(quality, 0), 1)
		}
	}
	return strings.TrimSpace(name), quality
}

var (
	gzipWriters = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}
	// zstdEncoder makes frames that need little memory to make and to read.
	zstdEncoder = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(2), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
	})
)

// compress gives a body in an encoding.
func compress(body []byte, as encoding) ([]byte, error) {
	switch as {
	case gzipped:
		to := bytes.NewBuffer(make([]byte, 0, len(body)/4))
		w, _ := gzipWriters.Get().(*gzip.Writer)
		defer gzipWriters.Put(w)
		w.Reset(to)
		if _, err := w.Write(body); err != nil {
			return nil, fmt.Errorf("compressing an answer: %w", err)
		}
		if err := w.Close(); err != nil {
			return nil, fmt.Errorf("compressing an answer: %w", err)
		}
		return bytes.Clone(to.Bytes()), nil
	case zstandard:
		e, err := zstdEncoder()
		if err != nil {
			return nil, fmt.Errorf("compressing an answer: %w", err)
		}
		return bytes.Clone(e.EncodeAll(body, make([]byte, 0, len(body)/4))), nil
	}
	return body, nil
}
