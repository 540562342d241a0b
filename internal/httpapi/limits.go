package httpapi

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Limits bound what one request, one client, and all of them together may take. A zero
// is the default. What openapi.yaml states to clients can be lowered, not raised.
type Limits struct {
	Target       int   // bytes of a path with its query; 32 KiB
	Event        int64 // bytes of the body of one event, decompressed; 1 MiB
	Import       int64 // bytes of the body of an import, decompressed; 32 MiB
	ImportEvents int   // events of an import; 10,000
	Page         int   // events of a page; 500
	Changes      int   // changes of a page; 1,000
	Bodies       int64 // bytes of all bodies that are held at once; 256 MiB

	Reads    int           // that are answered at once; 64
	Writes   int           // that are done at once; 64
	Waiting  int           // reads, and writes, that wait for their turn; 32 for each that is answered
	Patience time.Duration // of those that wait; 1 s, writes five times as long
	ReadTime time.Duration // of a read, from its turn to its answer; 30 s. Exports and streams have no end

	Imports int // that are done at once; 2
	Exports int // that are sent at once; 64
	Streams int // that are followed at once; 2,000

	KeyRate float64 // requests a second with each key; 0: no limit
}

// The most of what openapi.yaml states, which is also the default.
const (
	MaxTarget       = 32 << 10
	MaxEvent        = eventjson.MaxBytes
	MaxImport       = 32 << 20
	MaxImportEvents = 10_000
	MaxPage         = 500
	MaxChanges      = 1_000
)

// withDefaults gives the limits without any zero but that of KeyRate.
func (l Limits) withDefaults() Limits {
	l.Target = cmp.Or(l.Target, MaxTarget)
	l.Event = cmp.Or(l.Event, MaxEvent)
	l.Import = cmp.Or(l.Import, MaxImport)
	l.ImportEvents = cmp.Or(l.ImportEvents, MaxImportEvents)
	l.Page = cmp.Or(l.Page, MaxPage)
	l.Changes = cmp.Or(l.Changes, MaxChanges)
	l.Bodies = max(cmp.Or(l.Bodies, 256<<20), l.Import) // else no import could ever be sent
	l.Reads = cmp.Or(l.Reads, 64)
	l.Writes = cmp.Or(l.Writes, l.Reads)
	l.Waiting = cmp.Or(l.Waiting, 32*max(l.Reads, l.Writes))
	l.Patience = cmp.Or(l.Patience, time.Second)
	l.ReadTime = cmp.Or(l.ReadTime, 30*time.Second)
	l.Imports = cmp.Or(l.Imports, 2)
	l.Exports = cmp.Or(l.Exports, 64)
	l.Streams = cmp.Or(l.Streams, 2_000)
	return l
}

// bound gives an operation with the limits that hold here.
func (l Limits) bound(op operation) operation {
	switch {
	case op.id == "importEvents":
		op.limit = l.Import
	case len(op.takes) > 0:
		op.limit = l.Event
	}
	most := map[string]int{"listEvents": l.Page, "getEventHistory": l.Page, "listChanges": l.Changes}[op.id]
	if most == 0 {
		return op
	}
	parameters := make([]parameter, len(op.parameters))
	for i, p := range op.parameters {
		if p.name == "limit" && most < p.max {
			p.max = most
			if n, err := strconv.Atoi(p.byDefault); err == nil && n > most {
				p.byDefault = strconv.Itoa(most)
			}
		}
		parameters[i] = p
	}
	op.parameters = parameters
	return op
}

// gate lets so many through at once. A bounded number of others wait, for a bounded
// time; whoever comes beyond them is refused at once. So what is admitted is answered in
// time, and no queue grows, however many ask.
type gate struct {
	turns, waiting chan struct{}
	patience       time.Duration
	full           timeline.Error
}

func newGate(turns, waiting int, patience time.Duration, message string) *gate {
	return &gate{
		turns: make(chan struct{}, turns), waiting: make(chan struct{}, waiting), patience: patience,
		full: timeline.Error{Kind: timeline.KindBusy, Message: message, RetryAfter: max(time.Second, patience)},
	}
}

// enter waits for a turn, which leave ends. It is KindBusy where there is none to be had.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	select {
	case g.turns <- struct{}{}:
		return g.leave, nil
	default:
	}
	select {
	case g.waiting <- struct{}{}:
		defer func() { <-g.waiting }()
	default:
		return nil, g.refused()
	}
	patience := time.NewTimer(g.patience)
	defer patience.Stop()
	select {
	case g.turns <- struct{}{}:
		return g.leave, nil
	case <-patience.C:
		return nil, g.refused()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (g *gate) leave() { <-g.turns }

func (g *gate) refused() error {
	e := g.full
	return &e
}

// gates are those of one API: reads that pile up do not keep writes out, nor writes that
// wait for one another reads.
type gates struct{ reading, writing, importing *gate }

func newGates(l Limits) gates {
	const overloaded = "The server is doing as much as it can at once; try again shortly."
	return gates{
		reading:   newGate(l.Reads, l.Waiting, l.Patience, overloaded),
		writing:   newGate(l.Writes, l.Waiting, 5*l.Patience, overloaded),
		importing: newGate(l.Imports, 8*l.Imports, 5*l.Patience, "Other imports are being done; try again shortly."),
	}
}

// of gives the gate of an operation; nil: it has none.
func (g gates) of(op operation) *gate {
	switch {
	case op.public:
		return nil
	case op.scope == timeline.ScopeWrite:
		return g.writing
	}
	return g.reading
}

// enter passes a gate, and has the request's time begin: a request waits for its turn
// within the gate's patience, and for its answer within limit (0: it has no end).
func (r *request) enter(g *gate, limit time.Duration) error {
	r.pause()
	if g == nil {
		return nil
	}
	leave, err := g.enter(r.base)
	if err != nil {
		return err
	}
	r.leave = leave
	if r.cancel != nil {
		r.cancel()
		r.ctx, r.cancel = r.base, nil
	}
	if limit > 0 {
		r.ctx, r.cancel = context.WithTimeout(r.base, limit)
	}
	return nil
}

// pause gives the turn back: what the client takes to send a body, or to read an answer,
// and what others are computing for it, must not keep anybody waiting.
func (r *request) pause() {
	if r.leave != nil {
		r.leave()
		r.leave = nil
	}
}

// end gives back all that a request has taken.
func (r *request) end() {
	r.pause()
	if r.cancel != nil {
		r.cancel()
	}
	r.held.release()
}
