package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

const (
	// heartbeat keeps proxies from taking an idle stream for a dead one.
	heartbeat = 15 * time.Second
	// sendTimeout is how long a client may take for one piece. It is dropped then, and
	// resumes where it was.
	sendTimeout = 30 * time.Second
)

// errClientLeft ends a stream that nobody reads any more.
var errClientLeft = errors.New("the client left, or was too slow")

// push sends an answer that has no end piece by piece. The server's time limits are for answers that
// have an end, so each piece gets its own.
func (a *api) push(c *gin.Context, op operation, given *answer) {
	a.setHeaders(c, op, given)
	h := c.Writer.Header()
	h.Set("Content-Type", op.gives)
	if c.Request.Method == http.MethodHead {
		c.Status(http.StatusOK)
		c.Writer.WriteHeaderNow()
		return
	}
	h.Set("X-Accel-Buffering", "no")              // nginx would wait for more
	h.Set(gzhttp.HeaderNoCompression, "a stream") // and so would a compressor; it is not sent
	control := http.NewResponseController(c.Writer)
	_ = control.SetReadDeadline(time.Time{}) // else it ends the request's context
	err := given.push(func(piece []byte) error {
		_ = control.SetWriteDeadline(time.Now().Add(sendTimeout))
		if _, err := c.Writer.Write(piece); err != nil {
			return errClientLeft
		}
		if err := control.Flush(); err != nil {
			return errClientLeft
		}
		return nil
	})
	if err != nil && !errors.Is(err, errClientLeft) && c.Request.Context().Err() == nil {
		servedOf(c).cause = err
	}
}

func (a *api) streamChanges(r *request) (*answer, error) {
	name, value := "after", r.query.text("after")
	if last := r.target.Header.Get("Last-Event-ID"); last != "" { // the client has been here before
		name, value = "Last-Event-ID", last
	}
	from := timeline.ChangePosition{Revision: r.after(name, value)}
	if err := r.query.err(); err != nil {
		return nil, err
	}
	// The first page is read here, where a failure can still be told as a problem.
	stop := r.timed()
	first, err := a.feed.page(r.ctx, from)
	stop()
	if err != nil {
		return nil, err
	}
	if err := a.checkPlace(r, name, from, first.Revision); err != nil {
		return nil, err
	}
	if r.target.Method == http.MethodHead {
		return &answer{push: func(func([]byte) error) error { return nil }}, nil
	}
	batches, leave, err := a.feed.follow(r.ctx)
	if err != nil {
		return nil, err
	}
	f := &follower{api: a, request: r, position: from, batches: batches, leave: leave}
	return &answer{push: func(send func([]byte) error) error { return f.run(r.target.Context(), first, send) }}, nil
}

// follower is one client of the stream.
type follower struct {
	api      *api
	request  *request
	position timeline.ChangePosition // it has everything up to here
	batches  <-chan batch
	leave    func()
}

// run sends changes until the client leaves or the server stops. A slow client is taken
// out of the feed, and catches up by itself.
func (f *follower) run(ctx context.Context, first timeline.ChangePage, send func([]byte) error) error {
	defer func() { f.leave() }()
	beat := time.NewTicker(f.api.Heartbeat)
	defer beat.Stop()
	// retry is how long browsers wait before they connect again. It is also what makes
	// the headers leave.
	if err := send([]byte(": the changes of events\nretry: 2000\n\n")); err != nil {
		return err
	}
	if err := f.send(newBatch(f.position, first), send); err != nil {
		return err
	}
	for {
		if err := f.catchUp(ctx, send); err != nil {
			return err
		}
		if err := f.listen(ctx, beat.C, send); !errors.Is(err, errBehind) {
			return err
		}
		f.leave()
		var err error
		if f.batches, f.leave, err = f.api.feed.follow(ctx); err != nil {
			f.leave = func() {}
			return err
		}
	}
}

var errBehind = errors.New("the follower is behind the feed")

// catchUp reads the store up to the newest change.
func (f *follower) catchUp(ctx context.Context, send func([]byte) error) error {
	for {
		select {
		case <-f.api.Stop:
			return nil
		default:
		}
		page, err := f.api.feed.page(ctx, f.position)
		if err != nil {
			return err
		}
		if err := f.send(newBatch(f.position, page), send); err != nil || page.Next == nil {
			return err
		}
	}
}

// listen sends what the feed hands out.
func (f *follower) listen(ctx context.Context, beat <-chan time.Time, send func([]byte) error) error {
	for {
		select {
		case b, ok := <-f.batches:
			// What it read itself may have come from a replica that had not reached what the
			// others had been given.
			if !ok || f.position.Before(b.from) {
				return errBehind
			}
			if err := f.send(b, send); err != nil {
				return err
			}
		case <-beat:
			if !f.mayRead() {
				return nil
			}
			if err := send([]byte(":\n\n")); err != nil {
				return err
			}
		case <-f.api.Stop:
			return nil
		case <-ctx.Done():
			return errClientLeft
		}
	}
}

// send sends what the client does not have of a batch.
func (f *follower) send(b batch, send func([]byte) error) error {
	if text, messages := b.after(f.position); messages > 0 {
		f.request.served.rows += messages
		if err := send(text); err != nil {
			return err
		}
	}
	if f.position.Before(b.to) {
		f.position = b.to
	}
	return nil
}

// mayRead tells whether the key that the stream began with is still in force.
func (f *follower) mayRead() bool {
	if !f.api.ReadNeedsKey {
		return true
	}
	var e *timeline.Error
	err := f.api.authorize(f.request, timeline.ScopeRead)
	return !errors.As(err, &e) || e.Kind != timeline.KindUnauthorized && e.Kind != timeline.KindForbidden
}
