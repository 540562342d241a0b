package httpapi

import (
	"context"
	"crypto/sha256"
	"net/http"
	"regexp"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

var goodIdempotencyKey = regexp.MustCompile(`^[!-~]{1,255}$`)

// checkIdempotencyKey notes a key that cannot be one. An empty one is a fault, not none:
// its client meant to be careful.
func (r *request) checkIdempotencyKey() {
	keys := r.target.Header.Values("Idempotency-Key")
	switch {
	case len(keys) > 1:
		r.query.fault("Idempotency-Key", "is given %d times; give it once", len(keys))
	case len(keys) == 1 && !goodIdempotencyKey.MatchString(keys[0]):
		r.query.fault("Idempotency-Key", "must be 1 to 255 visible ASCII characters, such as a UUID")
	}
}

// once does what was asked, or gives the answer that the same request with the same
// Idempotency-Key got before. What failed is not kept, so it can be tried again.
func (a *api) once(r *request, body []byte, do func() (*answer, error)) (*answer, error) {
	key := r.target.Header.Get("Idempotency-Key")
	if key == "" {
		return do()
	}
	// It is done to its end even when the client hangs up: clients that repeat a request
	// are those that hung up, and its answer must have been kept by then.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), a.WriteBudget)
	defer cancel()
	r.ctx = ctx
	hash := sha256.New()
	hash.Write([]byte(r.op.id + "?dry_run=" + r.query.text("dry_run") + "\n"))
	hash.Write(body)
	kept, err := a.Store.Once(ctx, r.key.ID, key, hash.Sum(nil), func(ctx context.Context) (timeline.Answer, error) {
		r.ctx = ctx // what is written with it and the answer are kept together
		given, err := do()
		if err != nil {
			return timeline.Answer{}, err
		}
		status := given.status
		if status == 0 {
			status = http.StatusOK
		}
		headers := map[string]string{}
		for name, value := range map[string]string{"ETag": given.etag, "Location": given.location} {
			if value != "" {
				headers[name] = value
			}
		}
		return timeline.Answer{Status: status, Headers: headers, Body: given.body}, nil
	})
	if err != nil {
		return nil, err
	}
	a.feed.wake() // only now others see what was written
	return &answer{status: kept.Status, etag: kept.Headers["ETag"], location: kept.Headers["Location"], body: kept.Body}, nil
}
