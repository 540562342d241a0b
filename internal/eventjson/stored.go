package eventjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// stampMark begins what the store appends to an event's own members.
var stampMark = []byte(`,"revision":`)

// DecodeStored reads an event's document as the store keeps it, with the revision
// and the times that Decode passes over.
func DecodeStored(doc []byte) (timeline.Event, error) {
	e, faults, err := decode(&reader{stored: true}, doc)
	if err != nil {
		return e, err
	}
	if len(faults) > 0 {
		return e, &timeline.Error{Kind: timeline.KindInternal, Message: "the stored event " + e.ID + " is not as it should be", Faults: faults}
	}
	// The stamp is the document's end, and nothing in it can look like its beginning.
	at := bytes.LastIndex(doc, stampMark)
	if at < 0 {
		return e, errors.New("the stored event " + e.ID + " has no revision")
	}
	var stamp struct {
		Revision  int64     `json:"revision"`
		CreatedAt time.Time `json:"created_at"`
		UpdatedAt time.Time `json:"updated_at"`
	}
	tail := append([]byte{'{'}, doc[at+1:]...)
	if err := json.Unmarshal(tail, &stamp); err != nil {
		return e, err
	}
	e.Revision, e.CreatedAt, e.UpdatedAt = stamp.Revision, stamp.CreatedAt.UTC(), stamp.UpdatedAt.UTC()
	return e, nil
}
