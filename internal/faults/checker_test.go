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
	l.checkNameless(t, state)
	l.checkBatches(t, state)
	l.checkRevisions(t, newest)
	if len(l.byID) == 0 || l.acknowledged == 0 {
		t.Errorf("the load did nothing: %d acknowledged", l.acknowledged)
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

// checkNameless: a creation whose id nobody was told is there at most once, and whole.
// A repetition that was acknowledged took its id to byID, so a second one would be left.
func (l *load) checkNameless(t *testing.T, state map[string]change) {
	t.Helper()
	for _, w := range l.nameless {
		found := 0
		for id, c := range state {
			if c.Event != nil && bytes.Contains(c.Event, fmt.Appendf(nil, `"en":%q`, w.marker)) {
				if found++; !w.makes(&c) || found > 1 {
					t.Errorf("the creation %q made %d events, now %s", w.marker, found, c.Event)
				}
				delete(state, id)
			}
		}
	}
}

// checkBatches: an import is there whole, under one revision, or not at all.
func (l *load) checkBatches(t *testing.T, state map[string]change) {
	t.Helper()
	for _, b := range l.batches {
		revisions := map[int64]int{}
		for id, body := range b.events {
			c, there := state[id]
			if !there {
				continue
			}
			w := write{body: body}
			if !w.makes(&c) {
				t.Errorf("of the import %q, %s is %s", b.marker, id, c.Event)
			}
			revisions[c.Revision]++
			delete(state, id)
		}
		whole := len(revisions) == 1 && slices.Collect(maps.Values(revisions))[0] == len(b.events)
		if b.sure && revisions[b.revision] != len(b.events) || len(revisions) > 0 && !whole {
			t.Errorf("the import %q of %d events (acknowledged: %v, at %d) is there with %v", b.marker, len(b.events), b.sure, b.revision, revisions)
		}
		if whole && !b.sure {
			b.revision = slices.Collect(maps.Keys(revisions))[0]
		}
	}
	for id, c := range state {
		if !strings.HasPrefix(string(c.Event), `{"id":"`+id+`","dataset":"sahel"`) || strings.HasPrefix(id, "w") || strings.HasPrefix(id, "i") {
			continue // looked at below
		}
		delete(state, id) // the data set that ships
	}
	for id, c := range state {
		t.Errorf("nobody wrote %s: %.300s", id, c.Event)
	}
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
