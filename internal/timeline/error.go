package timeline

import (
	"fmt"
	"strings"
	"time"
)

// Kind is what went wrong, in the terms of the domain. The HTTP layer alone turns
// it into a status number.
type Kind string

// The kinds of error. Their texts are the `code` of a problem.
const (
	KindInvalidParameter     Kind = "invalid_parameter"     // a parameter is wrong: Faults name it
	KindMalformedBody        Kind = "malformed_body"        // the body cannot be read at all
	KindInvalidEvent         Kind = "invalid_event"         // the body can be read, its contents are wrong: Faults point at them
	KindTooLarge             Kind = "body_too_large"        // the body is larger, or has more events, than is taken
	KindNotFound             Kind = "not_found"             //
	KindGone                 Kind = "gone"                  // the event was deleted: Message tells why
	KindMoved                Kind = "moved"                 // the event was merged into Target
	KindConflict             Kind = "conflict"              // the id exists already
	KindPreconditionFailed   Kind = "precondition_failed"   // If-Match is stale
	KindPreconditionRequired Kind = "precondition_required" // If-Match is missing
	KindIdempotencyMismatch  Kind = "idempotency_mismatch"  // the same Idempotency-Key with another body
	KindUnauthorized         Kind = "unauthorized"          // no key, or one that is not known
	KindForbidden            Kind = "forbidden"             // the key lacks the scope
	KindTooCostly            Kind = "query_too_costly"      // over its time budget: Message names the filter that would help
	KindCountTooCostly       Kind = "count_too_costly"      // the exact count is over its time budget
	KindBusy                 Kind = "busy"                  // another writer holds the revision for too long
	KindUnavailable          Kind = "unavailable"           // the database cannot be reached
	KindInternal             Kind = "internal"              // our fault
)

// Error is the one error type of the domain. Message is for the user and says
// what to do next; Cause is for the log and never leaves the program.
type Error struct {
	Kind       Kind
	Message    string
	Faults     []Fault
	Target     string        // KindMoved: the id that it was merged into
	RetryAfter time.Duration // KindBusy, KindUnavailable and the costly ones
	Cause      error
}

// Fault is one thing that is wrong in a request: in a parameter, or at an RFC 6901
// pointer into the body. Line is the line of an import, counted from 1, else 0.
type Fault struct {
	Parameter  string
	Pointer    string
	Line       int64
	Detail     string
	Allowed    []string
	Suggestion string
}

// Error gives the message, the faults and the cause, for logs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for _, f := range e.Faults {
		b.WriteString("; ")
		if f.Line > 0 {
			fmt.Fprintf(&b, "line %d: ", f.Line)
		}
		if f.Parameter+f.Pointer != "" {
			b.WriteString(f.Parameter + f.Pointer + ": ")
		}
		b.WriteString(f.Detail)
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	return b.String()
}

// Unwrap gives the private cause.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an error of a kind with a public message.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}
