package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// A cursor is, in base64url: a version, the digest of the query it belongs to, the
// day and the id of the last event that was given, and a checksum of all that. It
// holds no secret: whoever forges one begins a page at another place.
const (
	cursorVersion  = 1
	cursorDigest   = 8
	cursorChecksum = 8
	cursorHead     = 1 + cursorDigest + 4
)

var cursorEncoding = base64.RawURLEncoding.Strict()

// encodeCursor makes the cursor that continues a query behind a position.
func encodeCursor(p timeline.Position, query string) string {
	b := make([]byte, 0, cursorHead+len(p.ID)+cursorChecksum)
	b = append(b, cursorVersion)
	b = append(b, queryDigest(query)...)
	b = binary.BigEndian.AppendUint32(b, uint32(p.Day))
	b = append(b, p.ID...)
	return cursorEncoding.EncodeToString(append(b, checksum(b)...))
}

// decodeCursor gives the position, or what is wrong with the cursor.
func decodeCursor(cursor, query string) (p timeline.Position, fault string) {
	const altered = "was altered, or is none of this API; take page.next_cursor as it is"
	b, err := cursorEncoding.DecodeString(cursor)
	if err != nil || len(b) <= cursorHead+cursorChecksum || b[0] != cursorVersion {
		return p, altered
	}
	body, sum := b[:len(b)-cursorChecksum], b[len(b)-cursorChecksum:]
	if string(sum) != string(checksum(body)) {
		return p, altered
	}
	if string(body[1:1+cursorDigest]) != string(queryDigest(query)) {
		return p, "belongs to another query; use it with the filters, order and as_of it came from, or begin without it"
	}
	p = timeline.Position{Day: edtf.Day(int32(binary.BigEndian.Uint32(body[1+cursorDigest:]))), ID: string(body[cursorHead:])}
	if !eventjson.ValidID(p.ID) || p.Day < edtf.MinDay || p.Day > edtf.MaxDay {
		return p, altered
	}
	return p, ""
}

func queryDigest(query string) []byte {
	sum := sha256.Sum256([]byte(query))
	return sum[:cursorDigest]
}

func checksum(b []byte) []byte {
	sum := sha256.Sum256(append([]byte("tarikh cursor "), b...))
	return sum[:cursorChecksum]
}
