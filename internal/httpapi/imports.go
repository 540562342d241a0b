package httpapi

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

type importAnswer struct {
	Revision  int64 `json:"revision"`
	Created   int   `json:"created"`
	Updated   int   `json:"updated"`
	Unchanged int   `json:"unchanged"`
	DryRun    bool  `json:"dry_run"`
}

func (a *api) importEvents(r *request) (*answer, error) {
	dryRun := r.query.text("dry_run") == "true"
	r.checkIdempotencyKey()
	if err := r.query.err(); err != nil {
		return nil, err
	}
	body, err := r.readBody()
	if err != nil {
		return nil, err
	}
	batch, err := a.decodeBatch(r, body)
	if err != nil {
		return nil, err
	}
	return a.once(r, body, func() (*answer, error) {
		stop := r.timed()
		result, err := a.Store.Import(r.ctx, batch.Events, dryRun, r.author())
		stop()
		if err != nil {
			return nil, relocate(err, batch)
		}
		if result.Created+result.Updated > 0 && !dryRun {
			a.feed.wake()
		}
		r.served.rows = result.Created + result.Updated + result.Unchanged
		if !dryRun {
			a.imported.Add(int64(r.served.rows))
		}
		given, err := encode(importAnswer{result.Revision, result.Created, result.Updated, result.Unchanged, dryRun})
		return &answer{body: given}, err
	})
}

func (a *api) decodeBatch(r *request, body []byte) (eventjson.Batch, error) {
	decode := eventjson.DecodeArray
	if r.mediaType == typeLines {
		decode = eventjson.DecodeLines
	}
	batch, err := decode(body, a.Limits.ImportEvents)
	var e *timeline.Error
	if !errors.As(err, &e) || e.Kind == timeline.KindTooLarge {
		return batch, err
	}
	// The store says whether a data set exists; where it is not asked, it is told with
	// the other faults.
	known, err := a.datasetSlugs(r)
	if err != nil {
		return batch, err
	}
	for i, event := range batch.Events {
		if f, ok := unknownDataset(event, known); ok && len(e.Faults) < MaxImportEvents {
			e.Faults = append(e.Faults, batch.Locate(i, f))
		}
	}
	slices.SortStableFunc(e.Faults, func(x, y timeline.Fault) int { return cmp.Compare(place(x), place(y)) })
	return batch, e
}

// place gives the line or the index of the event that a fault is in. A fault of the
// whole array is where reading ended: behind all others.
func place(f timeline.Fault) int64 {
	switch {
	case f.Line > 0:
		return f.Line
	case f.Pointer == "":
		return math.MaxInt64
	}
	index, _, _ := strings.Cut(f.Pointer[1:], "/")
	n, _ := strconv.ParseInt(index, 10, 64) // an index: it was made by Locate
	return n
}

// relocate makes the store's faults, which count events from 1, those of the body.
func relocate(err error, batch eventjson.Batch) error {
	var e *timeline.Error
	if !errors.As(err, &e) || e.Kind != timeline.KindInvalidEvent {
		return err
	}
	moved := *e
	moved.Faults = make([]timeline.Fault, len(e.Faults))
	for i, f := range e.Faults {
		index := int(max(f.Line, 1)) - 1 // a single event has no number
		f.Line = 0
		moved.Faults[i] = batch.Locate(index, f)
	}
	return &moved
}
