package timeline

import (
	"strconv"
	"time"
)

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

// ChangePosition is a place in the order of changes, by (revision, id). Without an id
// it stands behind the whole of its revision.
type ChangePosition struct {
	Revision int64
	ID       string
}

// Before tells whether p comes before other.
func (p ChangePosition) Before(other ChangePosition) bool {
	if p.Revision != other.Revision || p.ID == other.ID {
		return p.Revision < other.Revision
	}
	return p.ID != "" && (other.ID == "" || p.ID < other.ID)
}

// ChangePage is one page of changes. Next is set when there are more. Revision is the
// newest one at the moment that the page was read.
type ChangePage struct {
	Changes  []Change
	Next     *ChangePosition
	Revision int64
}

// AppendChange appends the JSON of a change, its event as it is stored.
func AppendChange(b []byte, c *Change) []byte {
	b = append(b, `{"revision":`...)
	b = strconv.AppendInt(b, c.Revision, 10)
	b = append(b, `,"op":`...)
	b = AppendString(b, c.Op)
	b = append(b, `,"event_id":`...)
	b = AppendString(b, c.EventID)
	b = append(b, `,"at":"`...)
	b = c.At.UTC().AppendFormat(b, TimeLayout)
	b = append(b, `","reason":`...)
	b = appendNullable(b, c.Reason)
	b = append(b, `,"merged_into":`...)
	b = appendNullable(b, c.MergedInto)
	b = append(b, `,"event":`...)
	if c.Doc == nil {
		b = append(b, "null"...)
	} else {
		b = append(b, c.Doc...)
	}
	return append(b, '}')
}
