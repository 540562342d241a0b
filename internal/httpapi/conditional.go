package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// listETag is the weak validator of a list: the revision it was answered from, and
// a digest of the operation and its canonical query.
func listETag(revision int64, operation, query string) string {
	return fmt.Sprintf(`W/"%d-%s"`, revision, digest(operation+"?"+query))
}

// eventETag is the strong validator of an event: its own revision.
func eventETag(revision int64) string { return fmt.Sprintf(`"%d"`, revision) }

// digest gives 72 bits of SHA-256 in letters that fit a tag or an address.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// unchanged gives the answer that the client's copy still stands, or nil.
func (r *request) unchanged(etag, cache string) *answer {
	if tag := heldTag(r.ifNoneMatch, etag); tag != "" {
		return &answer{status: http.StatusNotModified, etag: tag, cache: cache}
	}
	return nil
}

// heldTag gives the tag of an If-None-Match that is etag, in the form that the client
// has it; "" when none is. Tags are compared weakly, as If-None-Match asks.
func heldTag(ifNoneMatch, etag string) string {
	for tag := range strings.SplitSeq(ifNoneMatch, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" {
			return etag
		}
		if sameTag(tag, etag) {
			return tag
		}
	}
	return ""
}

// newestNamed gives the newest revision that an If-None-Match tells of; 0: none.
func newestNamed(ifNoneMatch string) int64 {
	if ifNoneMatch == "" {
		return 0
	}
	var newest int64
	for tag := range strings.SplitSeq(ifNoneMatch, ",") {
		digits, _, _ := strings.Cut(opaque(strings.TrimSpace(tag)), "-")
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
			newest = max(newest, n)
		}
	}
	return newest
}

// entityTag is how a tag is written in If-Match.
var entityTag = regexp.MustCompile(`^(W/)?"[!#-~]*"$`)

// precondition reads what the client demands of the event's present state. Tags are
// compared without W/ and the suffix of an encoding: what was read compressed can be
// written.
func (r *request) precondition() timeline.Precondition {
	var p timeline.Precondition
	// An empty header is a fault, not none: its client meant to be careful.
	if headers := r.target.Header.Values("If-Match"); len(headers) == 1 && strings.TrimSpace(headers[0]) == "*" {
		p.Exists = true
	} else if len(headers) > 0 {
		p.Revisions = r.revisions(strings.Join(headers, ","))
	}
	if r.op.method == http.MethodPut && len(r.target.Header.Values("If-None-Match")) > 0 {
		if p.Absent = strings.TrimSpace(r.ifNoneMatch) == "*"; !p.Absent {
			r.query.fault("If-None-Match", "cannot be %q; here it takes * alone, to make an event only where there is none", clip(r.ifNoneMatch))
		}
	}
	return p
}

func (r *request) revisions(header string) []int64 {
	var revisions []int64
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimSpace(tag)
		if !entityTag.MatchString(tag) {
			r.query.fault("If-Match", "cannot have %q; write the event's ETag with its quotes, such as \"17\", or *", clip(tag))
			continue
		}
		n, err := strconv.ParseInt(opaque(tag), 10, 64)
		if err != nil || opaque(tag) != strconv.FormatInt(n, 10) {
			n = -1 // the tag of something else: it matches no event
		}
		revisions = append(revisions, n)
	}
	return revisions
}

// errNoMatch is for operations that change nothing unseen.
func errNoMatch() error {
	return timeline.Errorf(timeline.KindPreconditionRequired, "This needs If-Match: send the ETag of the event as you read it, so that nobody's change is lost; or * to do it whatever the event is now.")
}

// sameTag compares two tags without W/ and without what compression appends.
func sameTag(a, b string) bool { return a != "" && opaque(a) == opaque(b) }

func opaque(tag string) string {
	tag = strings.Trim(strings.TrimPrefix(tag, "W/"), `"`)
	return strings.TrimSuffix(strings.TrimSuffix(tag, gzipSuffix), zstdSuffix)
}
