// Package eventjson reads events from JSON as writers send them (EventWrite in
// openapi.yaml), reporting every fault at once with its RFC 6901 pointer. It knows
// the shape and the rules of an event, but neither HTTP nor the database: whether
// a data set exists is for the store to say.
package eventjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// MaxBytes is the most that an event may have, as it is sent and as it is stored: so
// each event that was read can be put back.
const MaxBytes = 1 << 20

// maxFaults bounds the faults that are told of one event.
const maxFaults = 1_000

// Decode reads one event. The error is a *timeline.Error of KindMalformedBody
// when data is not one readable JSON value (bad syntax, duplicate keys, bytes that
// are not UTF-8). Otherwise the faults tell all that is wrong with the event; it
// is fit to be stored when there are none. An absent id is left empty.
func Decode(data []byte) (timeline.Event, []timeline.Fault, error) { return DecodeAs("", data) }

// DecodeAs reads the event that is known to have an id: it may lack the id, but not
// have another one.
func DecodeAs(id string, data []byte) (timeline.Event, []timeline.Fault, error) {
	return decode(&reader{known: id}, data)
}

// decoders are reused: each has tables of the names it has met.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

func decode(r *reader, data []byte) (timeline.Event, []timeline.Fault, error) {
	r.dec = decoders.Get().(*jsontext.Decoder)
	r.dec.Reset(bytes.NewBuffer(data))
	defer func() {
		r.dec.Reset(nothing) // lets go of data, which may be part of a large batch
		decoders.Put(r.dec)
		r.dec = nil
	}()
	e := r.event()
	r.end()
	if r.err != nil {
		return timeline.Event{}, nil, malformed(r.err)
	}
	// What is sent can be shorter than what is stored, by properties that are null.
	if n := len(data); len(r.faults) == 0 && n > MaxBytes-(64<<10) {
		if n = len(e.AppendBody(nil)) + stampBytes; n > MaxBytes {
			r.faultAt("", "has %d bytes as it is stored; at most %d are allowed", n, MaxBytes)
		}
	}
	return e, r.faults, nil
}

var nothing = bytes.NewReader(nil)

// stampBytes is more than the store adds to an event's body.
const stampBytes = 160

// end sees to it that nothing follows the value that was read.
func (r *reader) end() {
	if r.err != nil {
		return
	}
	if _, err := r.dec.ReadToken(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errMore
		}
		r.err = err
	}
}

var errMore = errors.New("there is more after the value")

// malformed words an unreadable body for its writer.
func malformed(err error) error {
	f := unreadable(err)
	return &timeline.Error{
		Kind: timeline.KindMalformedBody, Message: "The body " + f.Detail + ".", Faults: []timeline.Fault{f}, Cause: err,
	}
}

// unreadable tells where and why JSON cannot be read.
func unreadable(err error) timeline.Fault {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, errMore):
		return timeline.Fault{Detail: "has more after the JSON value; write one value"}
	case errors.As(err, &syntax) && errors.Is(syntax.Err, jsontext.ErrDuplicateName):
		return timeline.Fault{
			Pointer: string(syntax.JSONPointer), Detail: fmt.Sprintf("has a duplicate key at %s; write each key once", syntax.JSONPointer),
		}
	case errors.As(err, &syntax) && errors.Is(syntax.Err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return timeline.Fault{Detail: "ends before the JSON value does"}
	case errors.As(err, &syntax):
		return timeline.Fault{
			Pointer: string(syntax.JSONPointer), Detail: fmt.Sprintf("is not valid JSON: %v, at byte %d", syntax.Err, syntax.ByteOffset),
		}
	}
	return timeline.Fault{Detail: "is not valid JSON"}
}

// reader walks the tokens of one event. After err is set it does nothing more.
type reader struct {
	dec    *jsontext.Decoder
	known  string // the event's id, "" where the event alone tells it
	stored bool   // it was stored: texts that are refused today are no faults
	faults []timeline.Fault
	err    error
}

// fault notes something wrong with the value that was read last.
func (r *reader) fault(detail string, args ...any) *timeline.Fault {
	return r.faultAt(r.here(), detail, args...)
}

// here is the pointer of the value that was read last. It is as long as the value is
// deep, and asked for where there is something to say alone.
func (r *reader) here() string { return string(r.dec.StackPointer()) }

func (r *reader) faultAt(pointer, detail string, args ...any) *timeline.Fault {
	switch len(r.faults) {
	case maxFaults:
		r.faults = append(r.faults, timeline.Fault{Detail: fmt.Sprintf("has more faults than these %d", maxFaults)})
		return &timeline.Fault{}
	case maxFaults + 1:
		return &timeline.Fault{} // told, and not kept
	}
	r.faults = append(r.faults, timeline.Fault{Pointer: pointer, Detail: fmt.Sprintf(detail, args...)})
	return &r.faults[len(r.faults)-1]
}

func (r *reader) token() jsontext.Token {
	if r.err != nil {
		return jsontext.Token{}
	}
	t, err := r.dec.ReadToken()
	if err != nil {
		r.err = err
		return jsontext.Token{}
	}
	return t
}

func (r *reader) skip() {
	if r.err == nil {
		r.err = r.dec.SkipValue()
	}
}

// null consumes the next value if it is null.
func (r *reader) null() bool {
	if r.err == nil && r.dec.PeekKind() == 'n' {
		r.token()
		return true
	}
	return false
}

// object reads an object and hands each member's name to member, which must read
// its value. It is false when there was no object.
func (r *reader) object(member func(name string)) bool {
	if r.err != nil {
		return false
	}
	if r.dec.PeekKind() != '{' {
		r.skip()
		if r.err == nil {
			r.fault("must be an object")
		}
		return false
	}
	r.members(member)
	return r.err == nil
}

// members reads the object that comes next.
func (r *reader) members(member func(name string)) {
	r.token()
	for r.err == nil && r.dec.PeekKind() != '}' {
		if name := r.token(); r.err == nil {
			member(name.String())
		}
	}
	r.token()
}

// array reads an array of at most most items, each by item.
func (r *reader) array(most int, item func(i int)) {
	if r.err != nil {
		return
	}
	if r.dec.PeekKind() != '[' {
		r.skip()
		if r.err == nil {
			r.fault("must be an array")
		}
		return
	}
	r.token()
	i := 0
	for r.err == nil && r.dec.PeekKind() != ']' {
		if i < most {
			item(i)
		} else {
			r.skip()
		}
		i++
	}
	r.token()
	if r.err == nil && i > most {
		r.fault("has %d items; at most %d are allowed", i, most)
	}
}

// unknown notes a member that the shape does not have.
func (r *reader) unknown(name string, known []string) {
	r.skip()
	if r.err != nil {
		return
	}
	f := r.fault("is not a property of this object; remove it or correct its name")
	if len(r.faults) <= maxFaults {
		f.Suggestion = timeline.Nearest(name, known)
	}
}

// required notes the members that are missing of the object that was read last.
func (r *reader) required(seen []string, names ...string) {
	for _, name := range names {
		if !slices.Contains(seen, name) {
			r.faultAt(r.here()+"/"+name, "is required")
		}
	}
}

var eventMembers = []string{
	"id", "dataset", "type", "status", "date", "title", "summary", "countries", "actors", "location", "measures",
	"tags", "sources", "links", "attributes", "revision", "created_at", "updated_at",
}

func (r *reader) event() timeline.Event {
	var e timeline.Event
	seen := make([]string, 0, 20) // with room enough, here and below, so that it stays on the stack
	ok := r.object(func(name string) {
		seen = append(seen, name)
		switch name {
		case "id":
			e.ID = r.id()
		case "dataset":
			e.Dataset = r.slug()
		case "type":
			e.Type = r.word(timeline.TypeCodes)
		case "status":
			e.Status = r.word(timeline.Statuses)
		case "date":
			e.Date = r.date()
		case "title":
			e.Title = r.text(maxTitle)
		case "summary":
			if !r.null() {
				e.Summary = r.text(maxSummary)
			}
		case "countries":
			e.Countries = r.countries()
		case "actors":
			e.Actors = r.actors()
		case "location":
			if !r.null() {
				e.Location = r.location()
			}
		case "measures":
			e.Measures = r.measures()
		case "tags":
			e.Tags = r.tags()
		case "sources":
			e.Sources = r.sources()
		case "links":
			e.Links = r.links()
		case "attributes":
			e.Attributes = r.attributes()
		case "revision", "created_at", "updated_at":
			r.skip() // set by the store; there when an event that was read is put back
		default:
			r.unknown(name, eventMembers)
		}
	})
	if !ok {
		return e
	}
	if !slices.Contains(seen, "status") {
		e.Status = "occurred"
	}
	r.required(seen, "dataset", "type", "date", "title", "sources")
	if r.known != "" {
		if e.ID != "" && e.ID != r.known {
			f := r.faultAt(r.here()+"/id", "is not the id of the address; leave it out, or write to its own address")
			f.Suggestion = r.known
		}
		e.ID = r.known
	}
	for i, l := range e.Links {
		if e.ID != "" && l.Event == e.ID {
			r.faultAt(fmt.Sprintf("/links/%d/event", i), "is the event itself; a link points to another event")
		}
	}
	return e
}

var dateMembers = []string{"edtf", "earliest", "start_latest", "end_earliest", "latest", "precision", "approximate", "uncertain", "label"}

func (r *reader) date() edtf.Date {
	var d edtf.Date
	seen := make([]string, 0, 1)
	ok := r.object(func(name string) {
		switch {
		case name == "edtf":
			seen = append(seen, name)
			d = r.edtf()
		case slices.Contains(dateMembers, name):
			r.skip() // derived from the expression
		default:
			r.unknown(name, dateMembers)
		}
	})
	if ok {
		r.required(seen, "edtf")
	}
	return d
}

func (r *reader) edtf() edtf.Date {
	s, ok := r.str()
	if !ok {
		return edtf.Date{}
	}
	d, err := edtf.Parse(s)
	if err != nil {
		r.fault("%s", edtfReason(err))
	}
	return d
}

func edtfReason(err error) string {
	var e *edtf.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return err.Error()
}

func (r *reader) id() string {
	s, ok := r.str()
	if ok && !ValidID(s) {
		r.fault("must be 1 to 128 characters: a lower-case letter or digit, then letters a-z, digits, and . _ ~ -")
		return ""
	}
	return s
}

// ValidID tells whether s can be the id of an event: [a-z0-9][a-z0-9._~-]{0,127}.
func ValidID(s string) bool {
	if len(s) == 0 || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		alphanumeric := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !alphanumeric && (i == 0 || !strings.ContainsRune("._~-", rune(c))) {
			return false
		}
	}
	return true
}

// ValidSlug tells whether s can name a data set: [a-z0-9][a-z0-9-]{0,63}.
func ValidSlug(s string) bool {
	return len(s) <= 64 && ValidID(s) && !strings.ContainsAny(s, "._~")
}

func (r *reader) slug() string {
	s, ok := r.str()
	if ok && !ValidSlug(s) {
		r.fault("must be the slug of a data set: 1 to 64 of a-z, 0-9 and -, not beginning with -")
	}
	return s
}
