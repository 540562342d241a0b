package httpapi

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	// streamIdle is how long a client may take for one piece of a stream. The
	// deadline moves with each piece: a slow client that reads is not cut, one that
	// is gone is.
	streamIdle  = 60 * time.Second
	streamPiece = 64 << 10
)

// stream sends an answer while it is made. A failure before its first piece is a
// problem, like any other; one behind it cuts the connection, so that no client
// takes a part for the whole.
func (a *api) stream(c *gin.Context, op operation, given *answer) {
	begin := func() {
		a.setHeaders(c, op, given)
		h := c.Writer.Header()
		h.Set("Content-Type", given.contentType)
		h.Set("Content-Disposition", `attachment; filename="`+given.file+`"`)
		c.Status(http.StatusOK)
	}
	if c.Request.Method == http.MethodHead {
		begin()
		c.Writer.WriteHeaderNow()
		return
	}
	to := &movingWriter{to: c.Writer, control: http.NewResponseController(c.Writer), begin: begin}
	pieces := bufio.NewWriterSize(to, streamPiece)
	err := given.stream(pieces)
	if err == nil {
		err = pieces.Flush()
	}
	if err == nil && !to.begun { // an export of nothing that is no byte long
		begin()
		c.Writer.WriteHeaderNow()
	}
	if err == nil {
		return
	}
	if !to.begun {
		a.fail(c, err)
		return
	}
	if to.err == nil && !errors.Is(err, context.Canceled) { // it is not the client that went
		servedOf(c).cause = err
	}
	panic(http.ErrAbortHandler)
}

// movingWriter begins the answer with its first piece, and gives the client time
// anew for each.
type movingWriter struct {
	to      gin.ResponseWriter
	control *http.ResponseController
	begin   func()
	begun   bool
	err     error // of writing
}

func (m *movingWriter) Write(piece []byte) (int, error) {
	if !m.begun {
		m.begun = true
		m.begin()
		// The server's limit for reading a request would end the stream too: behind
		// the request it waits for the client to hang up. Where there is no connection
		// (in tests) there is no deadline either.
		_ = m.control.SetReadDeadline(time.Time{})
	}
	_ = m.control.SetWriteDeadline(time.Now().Add(streamIdle))
	n, err := m.to.Write(piece)
	m.err = err
	return n, err
}
