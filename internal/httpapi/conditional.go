package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
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

// unchanged gives the answer that the client's copy still stands, or nil. Tags are
// compared weakly, as If-None-Match asks.
func (r *request) unchanged(etag, cache string) *answer {
	for tag := range strings.SplitSeq(r.ifNoneMatch, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || sameTag(tag, etag) {
			if tag == "*" {
				tag = etag
			}
			return &answer{status: http.StatusNotModified, etag: tag, cache: cache}
		}
	}
	return nil
}

// sameTag compares two tags without W/ and without what compression appends.
func sameTag(a, b string) bool { return a != "" && opaque(a) == opaque(b) }

func opaque(tag string) string {
	tag = strings.Trim(strings.TrimPrefix(tag, "W/"), `"`)
	return strings.TrimSuffix(strings.TrimSuffix(tag, gzipSuffix), zstdSuffix)
}
