package httpapi

import (
	"fmt"
	"strconv"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func (a *api) getEventHistory(r *request) (*answer, error) {
	if err := r.checkPathID(); err != nil {
		return nil, err
	}
	walk := "history of " + r.pathID // what a cursor belongs to
	from := r.changeCursor(walk)
	if err := r.query.err(); err != nil {
		return nil, err
	}
	limit := r.query.number("limit")
	return a.changesAnswer(r, walk, limit, func(r *request) (timeline.ChangePage, error) {
		return a.Store.History(r.ctx, r.pathID, from.Revision, limit)
	})
}

func (a *api) listChanges(r *request) (*answer, error) {
	const walk = "changes"
	from := timeline.ChangePosition{Revision: r.after("after", r.query.text("after"))}
	if r.query.text("cursor") != "" {
		if len(r.query.values["after"]) > 0 {
			r.query.fault("after", "does not go together with cursor, which tells the place already; give one of them")
		}
		from = r.changeCursor(walk)
	}
	if err := r.query.err(); err != nil {
		return nil, err
	}
	limit := r.query.number("limit")
	return a.changesAnswer(r, walk, limit, func(r *request) (timeline.ChangePage, error) {
		page, err := a.Store.Changes(r.ctx, from, limit)
		if err == nil {
			err = a.checkPlace(r, "after", from, page.Revision)
		}
		return page, err
	})
}

// changesAnswer gives a page of changes, which is the same for all followers who are at
// the same place. walk is what its cursors belong to.
func (a *api) changesAnswer(r *request, walk string, limit int, read func(r *request) (timeline.ChangePage, error)) (*answer, error) {
	newest, err := a.newest(r)
	if err != nil {
		return nil, err
	}
	now := current(newest)
	query := fmt.Sprintf("%s&after=%s&limit=%d&cursor=%s", walk, r.query.text("after"), limit, r.query.text("cursor"))
	given := now.answer(r.op.id, query)
	given.make = func(r *request) (made, error) {
		stop := r.timed()
		page, err := read(r)
		stop()
		if err != nil {
			return made{}, err
		}
		next := ""
		if page.Next != nil {
			next = encodeChangeCursor(*page.Next, walk)
		}
		docs := make([][]byte, len(page.Changes))
		for i := range page.Changes {
			docs[i] = timeline.AppendChange(nil, &page.Changes[i])
		}
		// The page may be newer than what was known here.
		etag := listETag(page.Revision, r.op.id, query)
		return made{body: closePage(pageOf(docs), limit, next, nil, page.Revision), next: next, etag: etag, rows: len(docs)}, nil
	}
	return given, nil
}

// changeCursor reads the place where the page begins: the beginning without a cursor.
func (r *request) changeCursor(walk string) timeline.ChangePosition {
	cursor := r.query.text("cursor")
	if cursor == "" {
		return timeline.ChangePosition{}
	}
	from, fault := decodeChangeCursor(cursor, walk)
	if fault != "" {
		r.query.fault("cursor", "%s", fault)
	}
	return from
}

// after reads a revision behind which changes are asked for.
func (r *request) after(name, value string) int64 {
	n, err := strconv.ParseInt(value, 10, 64)
	if (err != nil || n < 0 || value != strconv.FormatInt(n, 10)) && value != "" {
		r.query.fault(name, "cannot be %q; it must be a revision, a whole number of 0 and more", clip(value))
	}
	return n
}

// checkPlace refuses a place that the data never had: one that no revision has reached,
// or that was lost when a backup was restored. Whoever is there follows other data, and
// would miss what became of them.
func (a *api) checkPlace(r *request, name string, from timeline.ChangePosition, newest int64) error {
	var asked query // and not the request's own: others may be waiting for the same answer
	if from.Revision > newest {
		asked.fault(name, "is revision %d, but the newest is %d; these are other data than those you followed: begin again with 0", from.Revision, newest)
		return asked.err()
	}
	if from.Revision == newest { // most followers: there is nothing to look up
		return nil
	}
	stop := r.timed()
	lost, err := a.Store.RevisionLost(r.ctx, from.Revision)
	stop()
	if err != nil {
		return err
	}
	if lost {
		asked.fault(name, "is revision %d, which was lost when a backup was restored: begin again with 0", from.Revision)
	}
	return asked.err()
}
