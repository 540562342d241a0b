package eventjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// maxBatchFaults bounds the faults that are told of a whole batch.
const maxBatchFaults = 10_000

// Batch is several events of one body, each with an id of its own.
type Batch struct {
	Events []timeline.Event
	Lines  []int64 // of each event its line, counted from 1; nil for an array
}

// Locate gives a fault of the event at an index its place in the body: its line, or
// the index at the front of its pointer.
func (b Batch) Locate(index int, f timeline.Fault) timeline.Fault {
	if b.Lines != nil {
		f.Line = b.Lines[index]
	} else {
		f.Pointer = fmt.Sprintf("/%d%s", index, f.Pointer)
	}
	return f
}

// batchReader collects the events and faults of a batch.
type batchReader struct {
	Batch
	most      int
	faults    []timeline.Fault
	malformed bool           // some fault is of unreadable JSON
	seen      map[string]int // id to index
}

// add decodes the next event. It gives false when no more can be taken.
func (b *batchReader) add(data []byte) bool {
	i := len(b.Events)
	var e timeline.Event
	var faults []timeline.Fault
	if len(data) > MaxBytes {
		faults = []timeline.Fault{{Detail: fmt.Sprintf("has %d bytes; at most %d are allowed for an event", len(data), MaxBytes)}}
	} else {
		var err error
		e, faults, err = Decode(data)
		var unreadable *timeline.Error
		if errors.As(err, &unreadable) {
			faults, b.malformed = unreadable.Faults, true
		} else {
			faults = append(faults, b.checkID(i, e.ID, faults)...)
		}
	}
	b.Events = append(b.Events, e)
	for _, f := range faults {
		if len(b.faults) == maxBatchFaults {
			return false
		}
		b.faults = append(b.faults, b.Locate(i, f))
	}
	return len(b.Events) <= b.most
}

// checkID demands an id, which makes it harmless to repeat an import, and each once.
func (b *batchReader) checkID(i int, id string, faults []timeline.Fault) []timeline.Fault {
	for _, f := range faults {
		if f.Pointer == "/id" || f.Pointer == "" {
			return nil // told already, or there is no object that could have one
		}
	}
	if id == "" {
		return []timeline.Fault{{Pointer: "/id", Detail: "is required in an import: by its id an event is known again"}}
	}
	if first, again := b.seen[id]; again {
		where := fmt.Sprintf("/%d", first)
		if b.Lines != nil {
			where = fmt.Sprintf("line %d", b.Lines[first])
		}
		return []timeline.Fault{{Pointer: "/id", Detail: "repeats the id of " + where + "; give each event once"}}
	}
	b.seen[id] = i
	return nil
}

// result gives the events, or every fault as a *timeline.Error: KindTooLarge,
// KindMalformedBody where something is no JSON, else KindInvalidEvent.
func (b *batchReader) result() (Batch, error) {
	switch {
	case len(b.Events) > b.most:
		return b.Batch, timeline.Errorf(timeline.KindTooLarge, "The body has more than %d events; send them in several imports, or with `api import`.", b.most)
	case len(b.faults) == 0:
		return b.Batch, nil
	}
	kind, message := timeline.KindInvalidEvent, "Some events are wrong; nothing was stored. errors tells what to do about each."
	if b.malformed {
		kind, message = timeline.KindMalformedBody, "Some events are not readable JSON; nothing was stored. errors tells which."
	}
	if len(b.faults) == maxBatchFaults {
		message += fmt.Sprintf(" There may be more faults than these %d.", maxBatchFaults)
	}
	return b.Batch, &timeline.Error{Kind: kind, Message: message, Faults: b.faults}
}

// DecodeLines reads a body of one event a line (NDJSON), at most most of them. Blank
// lines are passed over. The batch holds what could be read also when there is an
// error, which tells every fault with its line.
func DecodeLines(data []byte, most int) (Batch, error) {
	b := &batchReader{most: most, seen: map[string]int{}, Batch: Batch{Lines: []int64{}}}
	line := int64(0)
	for text := range bytes.Lines(data) {
		line++
		if text = bytes.Trim(text, " \t\r\n"); len(text) == 0 {
			continue
		}
		b.Lines = append(b.Lines, line)
		if !b.add(text) {
			break
		}
	}
	if len(b.Events) == 0 {
		return b.Batch, timeline.Errorf(timeline.KindMalformedBody, "The body is empty; send one event a line.")
	}
	return b.result()
}

// DecodeArray reads a body that is one JSON array of events, at most most of them; see
// DecodeLines. Where the array itself is no JSON, nothing after that place is read.
func DecodeArray(data []byte, most int) (Batch, error) {
	b := &batchReader{most: most, seen: map[string]int{}}
	dec := jsontext.NewDecoder(bytes.NewBuffer(data))
	if dec.PeekKind() != '[' {
		if _, err := parseValue(data); err != nil {
			return b.Batch, malformed(err)
		}
		return b.Batch, &timeline.Error{
			Kind: timeline.KindInvalidEvent, Message: "The body is not an array of events.",
			Faults: []timeline.Fault{{Detail: "must be an array of events; send one event alone to /v1/events"}},
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return b.Batch, malformed(err)
	}
	for dec.PeekKind() != ']' {
		text, err := dec.ReadValue()
		if err != nil {
			return b.Batch, b.broken(err)
		}
		if !b.add(text) {
			return b.result()
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return b.Batch, b.broken(err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errMore
		}
		return b.Batch, b.broken(err)
	}
	return b.result()
}

// broken gives the faults up to the place where the array cannot be read.
func (b *batchReader) broken(err error) error {
	f := unreadable(err)
	return &timeline.Error{
		Kind: timeline.KindMalformedBody, Message: "The body " + f.Detail + ".", Faults: append(b.faults, f), Cause: err,
	}
}
