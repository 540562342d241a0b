package faults_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/eventjson"
	"github.com/tarikh-timeline/tarikh/internal/reference"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// write is one write that was sent, and what is known of it.
type write struct {
	kind   string // create, put, patch, delete or import
	marker string // stands in the event's English title, or is the reason of a deletion
	body   []byte // the document that it must make, up to its revision, and without its id; nil of a deletion
	sure   bool   // it was acknowledged; else it may be there or not
	// Of an acknowledged write.
	revision int64
	doc      []byte // nil of a deletion, and of an import, whose answer has no documents
	etag     string
}

// makes says whether a change is what the write makes.
func (w *write) makes(c *change) bool {
	if w.body == nil {
		return c.Op == timeline.OpDelete && c.Reason == w.marker
	}
	if c.Event == nil || !bytes.HasPrefix(c.Event, fmt.Appendf(nil, `{"id":%q,%s,"revision":%d,`, c.EventID, w.body, c.Revision)) {
		return false
	}
	return !w.sure || w.revision == c.Revision && (w.doc == nil || bytes.Equal(w.doc, c.Event))
}

// batch is one import, whose events are written once and left alone.
type batch struct {
	write
	events map[string][]byte // by id: the body that it must have
}

// ledger is what the writers know.
type ledger struct {
	mu       sync.Mutex
	byID     map[string][]*write // in the order in which they were sent
	nameless []*write            // creations whose id nobody has been told
	batches  []*batch
	shipped  map[string]string // what was there before the load: documents by id
	faults   []string          // what was answered wrongly
	figures
}

func newLedger() *ledger { return &ledger{byID: map[string][]*write{}, shipped: map[string]string{}} }

func (l *ledger) add(id string, w *write) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.byID[id] = append(l.byID[id], w)
}

// fault notes an answer that must not be.
func (l *ledger) fault(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.faults) < 20 {
		l.faults = append(l.faults, fmt.Sprintf(format, args...))
	}
}

func (l *ledger) firstFault() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.faults) == 0 {
		return ""
	}
	return l.faults[0]
}

// outcome of a request.
type outcome int

const (
	acknowledged outcome = iota
	refused              // surely not done
	unknown              // done or not
)

func (l *ledger) count(o outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests++
	switch o {
	case acknowledged:
		l.acknowledged++
	case refused:
		l.refused++
	case unknown:
		l.unknown++
	}
}

func (l *ledger) sure() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acknowledged
}

// change is an item of the feed and of a history.
type change struct {
	Revision int64           `json:"revision"`
	Op       string          `json:"op"`
	EventID  string          `json:"event_id"`
	At       string          `json:"at"`
	Reason   string          `json:"reason"`
	Event    json.RawMessage `json:"event"`
}

// UnmarshalJSON makes null no document.
func (c *change) UnmarshalJSON(text []byte) error {
	type plain change
	if err := json.Unmarshal(text, (*plain)(c)); err != nil {
		return err
	}
	if string(c.Event) == "null" {
		c.Event = nil
	}
	return nil
}

// samples are events of every form to write.
var samples = sync.OnceValue(func() []timeline.Event { return reference.Events(7, 200) })

// sample gives the n-th event, with the marker as its title, in the data set that ships.
func sample(n int, marker string) timeline.Event {
	list := samples()
	e := list[n%len(list)]
	e.Dataset = "sahel"
	title := timeline.Text{}
	for language, words := range e.Title {
		title[language] = words
	}
	title["en"] = marker
	e.Title = title
	return e
}

// bodyOf gives an event's document up to its revision, without the id.
func bodyOf(e timeline.Event) []byte {
	e.ID = ""
	return bytes.TrimPrefix(e.AppendBody(nil), []byte(`{"id":"",`))
}

// request gives what a writer sends of a body.
func request(id string, body []byte) []byte {
	if id == "" {
		return fmt.Appendf(nil, `{%s}`, body)
	}
	return fmt.Appendf(nil, `{"id":%q,%s}`, id, body)
}

// TestSamplesAreCanonical: what the ledger expects to be stored is what the samples are
// sent as, byte for byte.
func TestSamplesAreCanonical(t *testing.T) {
	t.Parallel()
	for i := range samples() {
		body := bodyOf(sample(i, "marker"))
		e, faults, err := eventjson.Decode(request("a", body))
		if err != nil || len(faults) > 0 || !bytes.Equal(bodyOf(e), body) {
			t.Errorf("%s\nis read with %v %v as\n%s", body, err, faults, bodyOf(e))
		}
	}
}

// TestTheLedgerNoticesLosses: a checker that finds nothing wrong must be able to.
func TestTheLedgerNoticesLosses(t *testing.T) {
	t.Parallel()
	body := bodyOf(sample(1, "one"))
	doc := fmt.Appendf(nil, `{"id":"a",%s,"revision":4,"created_at":"x","updated_at":"x"}`, body)
	made := change{Revision: 4, Op: timeline.OpCreate, EventID: "a", Event: doc}
	other := change{Revision: 5, Op: timeline.OpUpdate, EventID: "a", Event: fmt.Appendf(nil, `{"id":"a",%s,"revision":5,"created_at":"x"}`, bodyOf(sample(1, "two")))}
	gone := change{Revision: 6, Op: timeline.OpDelete, EventID: "a", Reason: "three"}
	sure := func() *write { return &write{marker: "one", body: body, sure: true, revision: 4, doc: doc} }
	unsure := func() *write { return &write{marker: "two", body: bodyOf(sample(1, "two"))} }
	for name, c := range map[string]struct {
		writes  []*write
		changes []change
		good    bool
	}{
		"there":                           {[]*write{sure()}, []change{made}, true},
		"lost":                            {[]*write{sure()}, nil, false},
		"twice":                           {[]*write{sure()}, []change{made, made}, false},
		"another one's":                   {[]*write{sure()}, []change{made, other}, false},
		"unknown, there":                  {[]*write{sure(), unsure()}, []change{made, other}, true},
		"unknown, absent":                 {[]*write{sure(), unsure()}, []change{made}, true},
		"unknown, twice":                  {[]*write{sure(), unsure()}, []change{made, other, other}, false},
		"unknown, before what it follows": {[]*write{sure(), unsure()}, []change{other, made}, false},
		"deleted":                         {[]*write{sure(), {marker: "three", sure: true, revision: 6}}, []change{made, gone}, true},
		"not deleted":                     {[]*write{sure(), {marker: "three", sure: true, revision: 6}}, []change{made}, false},
		"another document":                {[]*write{{marker: "one", body: body, sure: true, revision: 4, doc: doc[1:]}}, []change{made}, false},
		"half a document":                 {[]*write{{marker: "one", body: append(bytes.Clone(body), 'x')}}, []change{made}, false},
	} {
		if fault := matchHistory(c.writes, c.changes); (fault == "") != c.good {
			t.Errorf("%s: %q", name, fault)
		}
	}
	t.Run("beside what is written by its id", noticesWhatIsLeft)
}

// noticesWhatIsLeft: of events that no writer knows by their ids, a ledger tells those
// that a creation or an import made, and those that were there before, from any other.
func noticesWhatIsLeft(t *testing.T) {
	t.Parallel()
	event := func(id string, revision int64, marker string) change {
		doc := fmt.Appendf(nil, `{"id":%q,%s,"revision":%d,"created_at":"x","updated_at":"x"}`, id, bodyOf(sample(1, marker)), revision)
		return change{Revision: revision, Op: timeline.OpCreate, EventID: id, Event: doc}
	}
	const byTheProgram, again = "0198f000-0000-7000-8000-000000000001", "0198f000-0000-7000-8000-000000000002"
	shipped := event("ml-coup-2021", 1, "the coup")
	known := map[string]string{"ml-coup-2021": string(shipped.Event)}
	acknowledged := &write{kind: "create", marker: "one", body: bodyOf(sample(1, "one")), sure: true, revision: 4}
	nameless := &write{kind: "create", marker: "two", body: bodyOf(sample(1, "two"))}
	imported := func(sure bool) *batch {
		return &batch{write: write{kind: "import", marker: "three", sure: sure, revision: 6}, events: map[string][]byte{
			"i0-1-0": bodyOf(sample(1, "three")), "i0-1-1": bodyOf(sample(1, "three")),
		}}
	}
	for name, c := range map[string]struct {
		ledger *ledger
		feed   []change // without the acknowledged creation, which its history was held against
		good   bool
	}{
		"what was there":                 {&ledger{}, []change{shipped}, true},
		"lost of what was there":         {&ledger{}, nil, false},
		"altered of what was there":      {&ledger{}, []change{event("ml-coup-2021", 1, "another")}, false},
		"written anew of what was there": {&ledger{}, []change{event("ml-coup-2021", 9, "the coup")}, false},
		"deleted of what was there":      {&ledger{}, []change{{Revision: 9, Op: timeline.OpDelete, EventID: "ml-coup-2021"}}, false},
		"nobody's, as what ships":        {&ledger{}, []change{shipped, event("ml-coup-2022", 5, "the next one")}, false},
		"doubled, id by the program":     {&ledger{byID: map[string][]*write{byTheProgram: {acknowledged}}}, []change{shipped, event(again, 5, "one")}, false},
		"doubled, id by the writer":      {&ledger{byID: map[string][]*write{"w0-1": {acknowledged}}}, []change{shipped, event(again, 5, "one")}, false},
		"unknown, id by the program":     {&ledger{nameless: []*write{nameless}}, []change{shipped, event(again, 5, "two")}, true},
		"unknown and absent":             {&ledger{nameless: []*write{nameless}}, []change{shipped}, true},
		"unknown and doubled":            {&ledger{nameless: []*write{nameless}}, []change{shipped, event(again, 5, "two"), event(byTheProgram, 4, "two")}, false},
		"an import":                      {&ledger{batches: []*batch{imported(true)}}, []change{shipped, event("i0-1-0", 6, "three"), event("i0-1-1", 6, "three")}, true},
		"an import in halves":            {&ledger{batches: []*batch{imported(false)}}, []change{shipped, event("i0-1-0", 6, "three"), event("i0-1-1", 7, "three")}, false},
		"half of an import":              {&ledger{batches: []*batch{imported(false)}}, []change{shipped, event("i0-1-0", 6, "three")}, false},
		"an import, lost":                {&ledger{batches: []*batch{imported(true)}}, []change{shipped}, false},
		"an import, unknown and absent":  {&ledger{batches: []*batch{imported(false)}}, []change{shipped}, true},
		"an import, under another id":    {&ledger{batches: []*batch{imported(false)}}, []change{shipped, event(again, 6, "three")}, false},
	} {
		state := map[string]change{}
		for _, change := range c.feed {
			state[change.EventID] = change
		}
		c.ledger.shipped = known
		if faults := c.ledger.unexplained(state); (len(faults) == 0) != c.good {
			t.Errorf("%s: %q", name, faults)
		}
	}
}

// matchHistory holds the revisions of an event, oldest first, against the writes to it.
func matchHistory(writes []*write, changes []change) (fault string) {
	at := 0
	for _, w := range writes {
		switch {
		case at < len(changes) && w.makes(&changes[at]):
			at++
		case w.sure:
			return fmt.Sprintf("the %s %q was acknowledged at revision %d and is not there", w.kind, w.marker, w.revision)
		}
	}
	if at < len(changes) {
		return fmt.Sprintf("nobody wrote revision %d, the %s: %s%.400s", changes[at].Revision, changes[at].Op, changes[at].Reason, changes[at].Event)
	}
	return ""
}
