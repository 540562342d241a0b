package timeline

import "time"

// The operations that a change can be.
const (
	OpCreate = "create"
	OpUpdate = "update"
	OpDelete = "delete"
	OpMerge  = "merge"
)

// Change is one event's state since a revision: its document, or the reason why
// it is gone.
type Change struct {
	Revision   int64
	Op         string
	EventID    string
	At         time.Time
	Reason     string // "": null
	MergedInto string // "": null
	Doc        []byte // nil: null
}

// ChangePosition is a place in the order of changes.
type ChangePosition struct {
	Revision int64
	ID       string
}

// ChangePage is one page of changes. Next is set when there are more.
type ChangePage struct {
	Changes []Change
	Next    *ChangePosition
}
