package timeline

import (
	"slices"
	"time"
)

// Precondition is what a writer demands of the event's present state. The zero
// value demands nothing.
type Precondition struct {
	Revisions []int64 // If-Match: the event's revision is one of these
	Exists    bool    // If-Match: *
	Absent    bool    // If-None-Match: *
}

// Check is KindPreconditionFailed when the event, which exists or not and is at a
// revision, is not as demanded.
func (p Precondition) Check(id string, exists bool, revision int64) error {
	switch {
	case p.Absent && exists:
		return Errorf(KindPreconditionFailed, "There is an event with the id %q already.", id)
	case (p.Exists || len(p.Revisions) > 0) && !exists:
		return Errorf(KindPreconditionFailed, "There is no event with the id %q to match.", id)
	case len(p.Revisions) > 0 && !slices.Contains(p.Revisions, revision):
		return Errorf(KindPreconditionFailed, "The event was changed meanwhile: it is at revision %d. Read it again and repeat your change on what it is now.", revision)
	}
	return nil
}

// Written is an event after a write.
type Written struct {
	Doc      []byte
	Revision int64
	Created  bool // it was not there before
	Changed  bool // false: the write changed nothing and took no revision
}

// ImportResult tells what an import did. Revision is the one it took, or the
// newest when it changed nothing.
type ImportResult struct {
	Revision  int64
	Created   int
	Updated   int
	Unchanged int
}

// Author tells who writes, for the revision log: the name of a key, or a command.
type Author struct{ Name string }

// APIKey is a key as it is stored: everything but the key itself.
type APIKey struct {
	ID        int64
	Name      string
	Scopes    []string
	CreatedAt time.Time
	LastUsed  *time.Time // to the minute
	RevokedAt *time.Time
}

// Scopes are what a key can be good for; each includes those before it.
var Scopes = []string{ScopeRead, ScopeWrite, ScopeAdmin}

// The scopes of keys.
const (
	ScopeRead  = "read"
	ScopeWrite = "write"
	ScopeAdmin = "admin"
)

// Answer is what a request with an Idempotency-Key was answered.
type Answer struct {
	Status  int
	Headers map[string]string
	Body    []byte
}

// UnknownDataset is the fault of an event whose data set does not exist.
func UnknownDataset(slug string, known []string) Fault {
	return Fault{
		Pointer: "/dataset", Detail: "is not a data set; make it first with `api import --dataset`, or name one that exists",
		Allowed: known, Suggestion: Nearest(slug, known),
	}
}
