// Package columns keeps in memory, at 30 to 40 bytes an event, what charts, facets and
// counts need of every event as it is now. Reading a million documents' rows from the
// database takes seconds; here the charts that are drawn most are counted already.
//
// A table is a copy that follows the revision and is never the record: whoever asks
// says first whether it is recent enough (Revision), and asks the database where it
// is not, or where a filter needs what the table does not keep (Answers). It knows
// neither SQL nor HTTP.
//
// An event is a record of five numbers (rows.go), each of a string of bytes in a
// dictionary (dictionary.go, encode.go): its date, its words, its countries with their
// roles, its tags and its measures. A filter is tried on each string once and gives
// sets of numbers (filter.go), a scan looks the numbers of each record up in the sets
// (scan.go). Of each country, region, type and so on it is counted beside, with every
// change, which marks its events leave in a chart by months (tally.go), so that these
// charts cost the same however many events there are (chart.go), in groups too
// (group_marks.go), and so do facets in windows of whole months (facets.go). Of the filters
// that were asked last the same is counted by and by (views.go), and what their events
// carry of a measure (sums.go).
package columns

import (
	"errors"
	"slices"
	"sync"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Row is one event as the database gives it. Measures may be put in another order.
type Row struct {
	edtf.Bounds
	Approximate, Uncertain bool
	Set                    edtf.SetKind
	Spans                  []edtf.MatchSpan // of set dates
	Type, Status, Dataset  string
	CountryRoles           []string // "role:CODE"
	Tags                   []string
	Sources                int
	Measures               []Measure
}

// Measure is a number that an event carries.
type Measure struct {
	Name  string
	Value float64
}

// Clone gives a row that shares nothing with r but strings.
func (r *Row) Clone() Row {
	c := *r
	c.Spans, c.CountryRoles, c.Tags, c.Measures = slices.Clone(r.Spans), slices.Clone(r.CountryRoles), slices.Clone(r.Tags), slices.Clone(r.Measures)
	return c
}

// ErrNotThere says that an event was to be taken away that the table does not have:
// it is of no use any more and must be loaded anew.
var ErrNotThere = errors.New("columns: an event to take away is not there")

// Table is safe for concurrent use. A reader sees one revision.
type Table struct {
	mu       sync.RWMutex
	revision int64

	// What is taken away is at first only noted, and counted as less than nothing: two
	// events that are the same to all questions need not be told apart, so that no index
	// of ids is kept. See settle.
	live, gone  rows
	settleAfter int  // see New
	maxCells    int  // of the list in which marks are counted by value, see countMarksBy
	broken      bool // something was to be taken away that is not there

	shapes, classes, roles, tags, measures dictionary
	types, statuses, datasets              words
	tagWords, measureNames                 words
	pairs                                  words // "role:CODE"
	pairInfo                               []pairInfo
	measured, tagged                       []int64 // events by measure, and by tag

	marks      dictionary  // see tally
	shapeMarks [][2]uint32 // by shape
	terms      terms
	views      views
	encoder    encoder
}

// pairInfo is what a country in a role is a part of.
type pairInfo struct {
	role, code string
	country    uint32 // in terms.countries
	regions    []membership
}

// New makes an empty table of revision 0.
func New() *Table {
	// Each scan reads again what is gone, and settling it reads all: it is put off until
	// there are so many, and a share of the events.
	const settleAfter = 1024
	const maxCells = 1 << 22 // 16 MB
	return &Table{
		settleAfter: settleAfter, maxCells: maxCells,
		shapes: newDictionary(), classes: newDictionary(), roles: newDictionary(), tags: newDictionary(), measures: newDictionary(),
		views: views{least: 1 << 20},
		marks: newDictionary(), shapeMarks: make([][2]uint32, 1), terms: newTerms(),
	}
}

// Revision tells what state of the data the table holds.
func (t *Table) Revision() int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.revision
}

// Len is the number of events.
func (t *Table) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.live.n - t.gone.n
}

// Bytes is about what the table takes of memory.
func (t *Table) Bytes() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	t.views.mu.Lock()
	defer t.views.mu.Unlock()
	return t.eventBytes() + t.views.bytes
}

// EventBytes is what the table takes but for what it has counted for filters, which is at
// most an eighth of that, or 1 MB.
func (t *Table) EventBytes() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.eventBytes()
}

func (t *Table) eventBytes() int {
	n := t.live.bytes() + t.gone.bytes() + 8*cap(t.shapeMarks) + t.terms.bytes()
	for _, d := range t.dictionaries() {
		n += d.bytes()
	}
	for _, w := range []*words{&t.types, &t.statuses, &t.datasets, &t.tagWords, &t.measureNames, &t.pairs} {
		n += w.bytes()
	}
	return n + 8*(cap(t.measured)+cap(t.tagged))
}

// Update brings the table to a revision. Of the events that were written since its own,
// gone are as they were at the table's revision, and come as they are now; an event
// that was changed is in both. Nothing is done where the table is there already. After
// ErrNotThere the table is of no use.
func (t *Table) Update(revision int64, gone, come []Row) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if revision > t.revision {
		t.revision = revision
		var came, went []record
		for i := range come { // first, so that what both have in common is kept
			came = append(came, t.put(&come[i]))
		}
		for i := range gone {
			if r, ok := t.take(&gone[i]); ok {
				went = append(went, r)
			}
		}
		t.broken = !t.views.change(t, came, went) || t.broken
		if t.gone.n > t.settleAfter+t.live.n/64 {
			t.settle()
		}
	}
	if t.broken {
		return ErrNotThere
	}
	return nil
}

// Load adds an event to a table that nobody else has yet.
func (t *Table) Load(row *Row) { t.put(row) }

// Loaded ends the loading.
func (t *Table) Loaded(revision int64) {
	t.revision = revision
	for _, d := range t.dictionaries() {
		d.trim()
	}
	t.shapeMarks = slices.Clone(t.shapeMarks)
}

func (t *Table) dictionaries() []*dictionary {
	return []*dictionary{&t.shapes, &t.classes, &t.roles, &t.tags, &t.measures, &t.marks}
}

func (t *Table) put(row *Row) (r record) {
	e := t.encode(row)
	var isNew bool
	if r.shape, isNew = t.shapes.hold(e.shape); isNew {
		t.holdMarks(r.shape)
	}
	r.class, _ = t.classes.hold(e.class)
	r.roles, _ = t.roles.hold(e.roles)
	r.tags, _ = t.tags.hold(e.tags)
	r.measures, _ = t.measures.hold(e.measures)
	t.live.add(r)
	t.count(r, 1)
	return r
}

// take notes that an event is gone. It gives false where the event is not there.
func (t *Table) take(row *Row) (r record, ok bool) {
	e := t.encode(row)
	for _, part := range []struct {
		number     *uint32
		dictionary *dictionary
		text       []byte
	}{
		{&r.shape, &t.shapes, e.shape}, {&r.class, &t.classes, e.class}, {&r.roles, &t.roles, e.roles},
		{&r.tags, &t.tags, e.tags}, {&r.measures, &t.measures, e.measures},
	} {
		var ok bool
		if *part.number, ok = part.dictionary.find(part.text); !ok {
			t.broken = true
			return r, false
		}
	}
	t.shapes.again(r.shape)
	t.classes.again(r.class)
	t.roles.again(r.roles)
	t.tags.again(r.tags)
	t.measures.again(r.measures)
	t.gone.add(r)
	t.count(r, -1)
	return r, true
}

// settle takes the records that are gone out of the others.
func (t *Table) settle() {
	left := map[record]int{}
	shapes := newBits(t.shapes.len())
	for i := range t.gone.n {
		r := t.gone.at(i)
		left[r]++
		shapes.set(int(r.shape))
	}
	n := t.gone.n
	t.gone = rows{}
	for i := 0; n > 0 && i < t.live.n; {
		if !shapes.has(t.live.chunks[i/chunkSize].shape[i%chunkSize]) {
			i++
			continue
		}
		r := t.live.at(i)
		if left[r] == 0 {
			i++
			continue
		}
		left[r]--
		n--
		t.live.set(i, t.live.at(t.live.n-1))
		t.live.cut()
		for range 2 { // for itself, and for having been noted
			t.drop(r)
		}
	}
	t.broken = t.broken || n > 0
}

func (t *Table) drop(r record) {
	marks := t.shapeMarks[r.shape]
	if t.shapes.drop(r.shape) {
		for _, m := range marks {
			if m != 0 {
				t.marks.drop(m)
			}
		}
	}
	t.classes.drop(r.class)
	t.roles.drop(r.roles)
	t.tags.drop(r.tags)
	t.measures.drop(r.measures)
}

// HasMeasure tells whether some event carries a measure.
func (t *Table) HasMeasure(name string) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	id, ok := t.measureNames.ids[name]
	return ok && int(id) < len(t.measured) && t.measured[id] > 0
}

// Measures gives the names of the measures that some event carries, sorted by bytes.
func (t *Table) Measures() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var names []string
	for id, n := range t.measured {
		if n > 0 {
			names = append(names, t.measureNames.list[id])
		}
	}
	slices.Sort(names)
	return names
}

// sample gives what charts need of a shape. Its spans are those of s.
func (s *shape) sample() timeline.Sample {
	v := timeline.Sample{Bounds: s.bounds(), Approximate: s.flags&approximate != 0, Uncertain: s.flags&uncertain != 0, Set: s.set}
	if s.set != edtf.NotSet {
		v.Spans = s.spans
	}
	return v
}
