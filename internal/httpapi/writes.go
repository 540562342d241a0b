package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// author is who the revision log names.
func (r *request) author() timeline.Author { return timeline.Author{Name: r.key.Name} }

func (a *api) createEvent(r *request) (*answer, error) {
	r.checkIdempotencyKey()
	if err := r.query.err(); err != nil {
		return nil, err
	}
	body, err := r.readBody()
	if err != nil {
		return nil, err
	}
	e, err := a.decode(r, "", body)
	if err != nil {
		return nil, err
	}
	return a.once(r, body, func() (*answer, error) {
		stop := r.timed()
		w, err := a.Store.Create(r.ctx, e, r.author())
		stop()
		if err != nil {
			return nil, err
		}
		id, err := idOf(w.Doc)
		if err != nil {
			return nil, err
		}
		given := a.wrote(r, w)
		given.status, given.location = http.StatusCreated, "/v1/events/"+id
		return given, nil
	})
}

func (a *api) putEvent(r *request) (*answer, error) {
	if err := r.checkPathID(); err != nil {
		return nil, err
	}
	pre := r.precondition()
	if err := r.query.err(); err != nil {
		return nil, err
	}
	body, err := r.readBody()
	if err != nil {
		return nil, err
	}
	e, err := a.decode(r, r.pathID, body)
	if err != nil {
		return nil, err
	}
	stop := r.timed()
	w, err := a.Store.Put(r.ctx, e, pre, r.author())
	stop()
	if err != nil {
		return nil, absentFailed(err, pre)
	}
	return a.wrote(r, w), nil
}

// absentFailed names If-None-Match where that is what failed, and not If-Match.
func absentFailed(err error, pre timeline.Precondition) error {
	var e *timeline.Error
	if !pre.Absent || !errors.As(err, &e) || e.Kind != timeline.KindPreconditionFailed {
		return err
	}
	named := *e
	named.Faults = []timeline.Fault{{Parameter: "If-None-Match", Detail: e.Message}}
	return &named
}

// patchTries is how often a patch with If-Match: * is made anew on an event that
// somebody else changes at the same time, on another instance or with another method:
// those of one instance go one after the other.
const patchTries = 50

func (a *api) patchEvent(r *request) (*answer, error) {
	if err := r.checkPathID(); err != nil {
		return nil, err
	}
	pre := r.precondition()
	if err := r.query.err(); err != nil {
		return nil, err
	}
	if !pre.Exists && len(pre.Revisions) == 0 {
		return nil, errNoMatch()
	}
	body, err := r.readBody()
	if err != nil {
		return nil, err
	}
	patch, err := eventjson.ParsePatch(body)
	if err != nil {
		return nil, err
	}
	defer r.timed()()
	if pre.Exists {
		done, err := a.patches.take(r.ctx, r.pathID)
		if err != nil {
			return nil, err
		}
		defer done()
	}
	for range patchTries {
		w, err := a.patch(r, patch, pre)
		var e *timeline.Error
		if pre.Exists && errors.As(err, &e) && e.Kind == timeline.KindPreconditionFailed {
			continue
		}
		if err != nil {
			return nil, err
		}
		return a.wrote(r, w), nil
	}
	return nil, &timeline.Error{Kind: timeline.KindBusy, Message: "Others keep changing this event; try again.", RetryAfter: time.Second}
}

// patch applies a patch to the event as it is now, and stores it unless the event has
// changed in between.
func (a *api) patch(r *request, patch eventjson.Patch, pre timeline.Precondition) (timeline.Written, error) {
	var none timeline.Written
	// What another instance wrote a moment ago is seen: no replica that lacks it will do.
	if _, _, err := a.Store.ReadRevision(r.ctx); err != nil {
		return none, err
	}
	doc, revision, err := a.Store.Event(r.ctx, r.pathID, nil)
	if err != nil {
		return none, notMoved(err)
	}
	if err := pre.Check(r.pathID, true, revision); err != nil {
		return none, err
	}
	patched, err := patch.Apply(doc)
	if err != nil {
		return none, err
	}
	e, err := a.decode(r, r.pathID, patched)
	if err != nil {
		return none, err
	}
	return a.Store.Put(r.ctx, e, timeline.Precondition{Revisions: []int64{revision}}, r.author())
}

// notMoved makes a merged event one that is gone: a write that was sent on to another
// event would change what its writer has never read.
func notMoved(err error) error {
	var e *timeline.Error
	if errors.As(err, &e) && e.Kind == timeline.KindMoved {
		return timeline.Errorf(timeline.KindGone, "This event was merged into %q; read that one, and write to it. PUT would bring this one back.", e.Target)
	}
	return err
}

func (a *api) deleteEvent(r *request) (*answer, error) {
	if err := r.checkPathID(); err != nil {
		return nil, err
	}
	reason, into := r.query.text("reason"), r.query.text("merged_into")
	if into != "" && !eventjson.ValidID(into) {
		r.query.fault("merged_into", "cannot be %q; it must be the id of another event", clip(into))
	}
	if why := eventjson.Unfit(reason); why != "" {
		r.query.fault("reason", "%s", why)
	}
	pre := r.precondition()
	if err := r.query.err(); err != nil {
		return nil, err
	}
	if !pre.Exists && len(pre.Revisions) == 0 {
		return nil, errNoMatch()
	}
	stop := r.timed()
	change, err := a.Store.Delete(r.ctx, r.pathID, strings.TrimSpace(reason), into, pre, r.author())
	stop()
	if err != nil {
		return nil, err
	}
	a.feed.wake()
	r.served.rows = 1
	return &answer{body: timeline.AppendChange(nil, &change)}, nil
}

// decode reads the event of a body, which has the id of the path where that is given.
func (a *api) decode(r *request, id string, body []byte) (timeline.Event, error) {
	e, faults, err := eventjson.DecodeAs(id, body)
	if err != nil || len(faults) == 0 {
		return e, err // whether the data set exists is for the store to say
	}
	known, err := a.datasetSlugs(r)
	if err != nil {
		return e, err
	}
	if f, ok := unknownDataset(e, known); ok {
		faults = append(faults, f)
	}
	message := "The event has a fault: " + describe(faults[0]) + "."
	if len(faults) > 1 {
		message = "The event has " + strconv.Itoa(len(faults)) + " faults; errors tells what to do about each."
	}
	return e, &timeline.Error{Kind: timeline.KindInvalidEvent, Message: message, Faults: faults}
}

// describe gives a fault in one sentence.
func describe(f timeline.Fault) string {
	if f.Pointer == "" {
		return "the body " + f.Detail
	}
	return f.Pointer + " " + f.Detail
}

func (a *api) datasetSlugs(r *request) ([]string, error) {
	sets, err := a.Store.Datasets(r.ctx)
	slugs := make([]string, len(sets))
	for i, d := range sets {
		slugs[i] = d.Slug
	}
	return slugs, err
}

// unknownDataset tells of a data set that does not exist, so that it is told with the
// other faults of the event and not after them.
func unknownDataset(e timeline.Event, known []string) (timeline.Fault, bool) {
	if !eventjson.ValidSlug(e.Dataset) || slices.Contains(known, e.Dataset) {
		return timeline.Fault{}, false
	}
	return timeline.UnknownDataset(e.Dataset, known), true
}

// wrote is the answer to a write: the event as it is now.
func (a *api) wrote(r *request, w timeline.Written) *answer {
	r.served.rows = 1
	given := &answer{body: w.Doc, etag: eventETag(w.Revision)}
	if w.Created {
		given.status = http.StatusCreated
	}
	if w.Changed {
		a.feed.wake()
	}
	return given
}

// idOf reads the id of a stored document.
func idOf(doc []byte) (string, error) {
	var e struct{ ID string }
	err := json.Unmarshal(doc, &e)
	return e.ID, err
}
