package faults_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// changesPage is a page of the feed or of a history.
type changesPage struct {
	Data []change
	Page struct {
		NextCursor string `json:"next_cursor"`
	}
	Revision int64
}

func (s *service) pages(t *testing.T, path string) (all []change, newest int64) {
	t.Helper()
	for next := ""; ; {
		var p changesPage
		if err := json.Unmarshal(s.must(t, path+next), &p); err != nil {
			t.Fatal(err)
		}
		all, newest = append(all, p.Data...), p.Revision
		if p.Page.NextCursor == "" {
			return all, newest
		}
		next = "&cursor=" + p.Page.NextCursor
	}
}

// check holds all that the service serves against the ledger. The load has ended, and
// the service must be whole again.
func (l *load) check(t *testing.T) {
	t.Helper()
	for _, fault := range l.faults {
		t.Error(fault)
	}
	feed, newest := l.pages(t, "/v1/changes?limit=500")
	state := map[string]change{}
	at := ""
	for i := range feed {
		c := feed[i]
		if _, twice := state[c.EventID]; twice {
			t.Errorf("the feed tells %s twice", c.EventID)
		}
		if c.At < at {
			t.Errorf("revision %d is of %s, and the one before of %s", c.Revision, c.At, at)
		}
		state[c.EventID], at = c, c.At
	}
	l.checkExport(t, state)
	l.checkEvents(t, state)
	for _, fault := range l.unexplained(state) {
		t.Error(fault)
	}
	l.checkRevisions(t, newest)
	if len(l.byID) == 0 || l.acknowledged == 0 {
		t.Errorf("the load did nothing: %d acknowledged", l.acknowledged)
	}
	if len(l.shipped) == 0 {
		t.Error("nothing was there before the load, so nothing could be lost of it")
	}
}

// checkExport: the feed's replay and the export are the same bytes, and the counts in
// memory and in the list agree with them.
func (l *load) checkExport(t *testing.T, state map[string]change) {
	t.Helper()
	replayed := []string{}
	for _, c := range state {
		if c.Event != nil {
			replayed = append(replayed, string(c.Event))
		}
	}
	exported := strings.Split(strings.TrimSuffix(string(l.must(t, "/v1/events.ndjson")), "\n"), "\n")
	slices.Sort(replayed)
	slices.Sort(exported)
	if !slices.Equal(replayed, exported) {
		t.Errorf("the feed gives %d events, the export %d, and they differ", len(replayed), len(exported))
	}
	var page struct {
		Count struct{ Value int }
	}
	if err := json.Unmarshal(l.must(t, "/v1/events?limit=1&count=exact"), &page); err != nil || page.Count.Value != len(exported) {
		t.Errorf("%d events are counted, %d exported (%v)", page.Count.Value, len(exported), err)
	}
}

// checkEvents: each event's history is what was written to it, and the feed has its end.
func (l *load) checkEvents(t *testing.T, state map[string]change) {
	t.Helper()
	for id, writes := range l.byID {
		sure := slices.ContainsFunc(writes, func(w *write) bool { return w.sure })
		last, there := state[id]
		if !there {
			if sure {
				t.Errorf("%s is not in the feed, and was acknowledged", id)
			}
			continue
		}
		history, _ := l.pages(t, "/v1/events/"+id+"/history?limit=500")
		slices.Reverse(history)
		if fault := matchHistory(writes, history); fault != "" {
			t.Errorf("%s: %s", id, fault)
		}
		if end := history[len(history)-1]; end.Revision != last.Revision || !bytes.Equal(end.Event, last.Event) || end.Op != last.Op {
			t.Errorf("%s: the history ends with %+v, the feed has %+v", id, end, last)
		}
		delete(state, id)
	}
}

// unexplained takes away from the feed's end what the ledger accounts for besides the
// events that checkEvents has looked at, and tells what it finds wrong.
func (l *ledger) unexplained(state map[string]change) (faults []string) {
	faults = append(faults, l.matchNameless(state)...)
	faults = append(faults, l.matchBatches(state)...)
	faults = append(faults, l.matchShipped(state)...)
	for id, c := range state {
		faults = append(faults, fmt.Sprintf("nobody wrote %s: %.300s", id, c.Event))
	}
	return faults
}

// matchNameless: a creation whose id nobody was told is there at most once, and whole.
// A repetition that was acknowledged took its id to byID, so a second one is left.
func (l *ledger) matchNameless(state map[string]change) (faults []string) {
	for _, w := range l.nameless {
		found := 0
		for id, c := range state {
			if c.Event != nil && bytes.Contains(c.Event, fmt.Appendf(nil, `"en":%q`, w.marker)) {
				if found++; !w.makes(&c) || found > 1 {
					faults = append(faults, fmt.Sprintf("the creation %q made %d events, now %s", w.marker, found, c.Event))
				}
				delete(state, id)
			}
		}
	}
	return faults
}

// matchBatches: an import is there whole, under one revision, or not at all.
func (l *ledger) matchBatches(state map[string]change) (faults []string) {
	for _, b := range l.batches {
		revisions := map[int64]int{}
		for id, body := range b.events {
			c, there := state[id]
			if !there {
				continue
			}
			w := write{body: body}
			if !w.makes(&c) {
				faults = append(faults, fmt.Sprintf("of the import %q, %s is %s", b.marker, id, c.Event))
			}
			revisions[c.Revision]++
			delete(state, id)
		}
		whole := len(revisions) == 1 && slices.Collect(maps.Values(revisions))[0] == len(b.events)
		if b.sure && revisions[b.revision] != len(b.events) || len(revisions) > 0 && !whole {
			faults = append(faults, fmt.Sprintf("the import %q of %d events (acknowledged: %v, at %d) is there with %v", b.marker, len(b.events), b.sure, b.revision, revisions))
		}
		if whole && !b.sure {
			b.revision = slices.Collect(maps.Keys(revisions))[0]
		}
	}
	return faults
}

// matchShipped: what was there before the load is there still, byte for byte.
func (l *ledger) matchShipped(state map[string]change) (faults []string) {
	for id, doc := range l.shipped {
		c, there := state[id]
		switch {
		case !there:
			faults = append(faults, fmt.Sprintf("%s was there before the load, and is gone", id))
		case string(c.Event) != doc:
			faults = append(faults, fmt.Sprintf("%s was there before the load, and is now %s%s; it was %s", id, c.Op, c.Event, doc))
		}
		delete(state, id)
	}
	return faults
}

// checkRevisions: each revision is of one write.
func (l *load) checkRevisions(t *testing.T, newest int64) {
	t.Helper()
	of := map[int64]string{}
	note := func(w *write) {
		if !w.sure {
			return
		}
		if other, taken := of[w.revision]; taken || w.revision > newest {
			t.Errorf("revision %s is of %q and of %q; the newest is %d", strconv.FormatInt(w.revision, 10), other, w.marker, newest)
		}
		of[w.revision] = w.marker
	}
	for _, writes := range l.byID {
		for _, w := range writes {
			note(w)
		}
	}
	for _, b := range l.batches {
		note(&b.write)
	}
}
