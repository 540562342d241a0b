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
// place of the last item that was given, and a checksum of all that. It holds no
// secret: whoever forges one begins a page at another place.
const (
	eventCursor  = 1 // the place is a day and an id
	changeCursor = 2 // the place is a revision and, within a revision, an id

	cursorDigest   = 8
	cursorChecksum = 8
)

var cursorEncoding = base64.RawURLEncoding.Strict()

const alteredCursor = "was altered, or is none of this operation; take page.next_cursor as it is"

// encodeCursor makes the cursor that continues a query behind a position.
func encodeCursor(p timeline.Position, query string) string {
	return sealCursor(eventCursor, query, binary.BigEndian.AppendUint32(nil, uint32(p.Day)), p.ID)
}

// decodeCursor gives the position, or what is wrong with the cursor.
func decodeCursor(cursor, query string) (p timeline.Position, fault string) {
	place, fault := openCursor(eventCursor, cursor, query)
	if fault != "" {
		return p, fault
	}
	if len(place) < 4 {
		return p, alteredCursor
	}
	p = timeline.Position{Day: edtf.Day(int32(binary.BigEndian.Uint32(place))), ID: string(place[4:])}
	if !eventjson.ValidID(p.ID) || p.Day < edtf.MinDay || p.Day > edtf.MaxDay {
		return p, alteredCursor
	}
	return p, ""
}

// encodeChangeCursor is encodeCursor for changes.
func encodeChangeCursor(p timeline.ChangePosition, query string) string {
	return sealCursor(changeCursor, query, binary.BigEndian.AppendUint64(nil, uint64(p.Revision)), p.ID)
}

// decodeChangeCursor is decodeCursor for changes.
func decodeChangeCursor(cursor, query string) (p timeline.ChangePosition, fault string) {
	place, fault := openCursor(changeCursor, cursor, query)
	if fault != "" {
		return p, fault
	}
	if len(place) < 8 {
		return p, alteredCursor
	}
	p = timeline.ChangePosition{Revision: int64(binary.BigEndian.Uint64(place)), ID: string(place[8:])}
	if p.ID != "" && !eventjson.ValidID(p.ID) || p.Revision < 0 {
		return p, alteredCursor
	}
	return p, ""
}

func sealCursor(version byte, query string, place []byte, id string) string {
	b := append([]byte{version}, queryDigest(query)...)
	b = append(append(b, place...), id...)
	return cursorEncoding.EncodeToString(append(b, checksum(b)...))
}

// openCursor gives the place that a cursor holds, or what is wrong with it.
func openCursor(version byte, cursor, query string) (place []byte, fault string) {
	b, err := cursorEncoding.DecodeString(cursor)
	if err == nil && cursorEncoding.EncodeToString(b) != cursor {
		return nil, alteredCursor // the decoder passes over line ends
	}
	if err != nil || len(b) < 1+cursorDigest+cursorChecksum || b[0] != version {
		return nil, alteredCursor
	}
	body, sum := b[:len(b)-cursorChecksum], b[len(b)-cursorChecksum:]
	if string(sum) != string(checksum(body)) {
		return nil, alteredCursor
	}
	if string(body[1:1+cursorDigest]) != string(queryDigest(query)) {
		return nil, "belongs to another query; use it with the filters, order and as_of it came from, or begin without it"
	}
	return body[1+cursorDigest:], ""
}

func queryDigest(query string) []byte {
	sum := sha256.Sum256([]byte(query))
	return sum[:cursorDigest]
}

func checksum(b []byte) []byte {
	sum := sha256.Sum256(append([]byte("tarikh cursor "), b...))
	return sum[:cursorChecksum]
}
