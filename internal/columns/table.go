// Package columns keeps in memory, about 70 bytes an event, what charts, facets and
// exact counts need of every event as it is now. Reading a million documents' rows
// from the database takes seconds; reading them here takes a fraction of one.
//
// A table is a copy that follows the revision and is never the record: whoever asks
// says first whether it is recent enough (Revision), and asks the database where it
// is not, or where a filter needs what the table does not keep (Answers). It knows
// neither SQL nor HTTP.
package columns

import (
	"hash/maphash"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Row is one event as the database gives it. The Measure of the Sample is not used.
type Row struct {
	timeline.Sample
	CountryRoles []string // "role:CODE"
	Sources      int
	Measures     map[string]float64
}

// Clone gives a row that shares nothing with r but strings.
func (r *Row) Clone() Row {
	c := *r
	c.Spans, c.CountryRoles, c.Tags = slices.Clone(r.Spans), slices.Clone(r.CountryRoles), slices.Clone(r.Tags)
	return c
}

// Table is safe for concurrent use. A reader sees one revision.
type Table struct {
	mu       sync.RWMutex
	revision int64

	records  []record
	free     []uint32          // places of events that are gone
	places   map[uint64]uint32 // of events, by the hash of their id
	hash     maphash.Seed
	pairs    []uint16 // of all records: indexes of roles
	tags     []uint32 // of all records: indexes of tagWords
	spans    [][]edtf.MatchSpan
	measures map[string][]float64 // by place; NaN where an event lacks it
	garbage  int                  // entries of the lists that belong to no event any more

	types, statuses, datasets, tagWords, roles words
}

// record is what is kept of an event; with its places in the lists it is 48 bytes.
type record struct {
	days      [4]edtf.Day // open where it is the smallest number
	pairs     uint32      // the first in Table.pairs
	tags      uint32      // the first in Table.tags
	spans     uint32      // in Table.spans, of a set
	dataset   uint32
	sources   uint16
	pairCount uint16
	tagCount  uint16
	kind      uint8
	status    uint8
	set       edtf.SetKind
	flags     uint8
}

const (
	live uint8 = 1 << iota
	approximate
	uncertain
)

const open edtf.Day = math.MinInt32

// words numbers words as they are met.
type words struct {
	list []string
	ids  map[string]uint32
}

func (w *words) id(word string) uint32 {
	id, ok := w.ids[word]
	if !ok {
		if w.ids == nil {
			w.ids = map[string]uint32{}
		}
		id, word = uint32(len(w.list)), strings.Clone(word)
		w.list, w.ids[word] = append(w.list, word), id
	}
	return id
}

// New makes an empty table of revision 0.
func New() *Table {
	return &Table{places: map[uint64]uint32{}, hash: maphash.MakeSeed(), measures: map[string][]float64{}}
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
	return len(t.places)
}

// Update brings the table to a revision: rows were written since its own, and the ids
// in gone were deleted. Nothing is done where the table is there already.
func (t *Table) Update(revision int64, rows []Row, gone []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if revision <= t.revision {
		return
	}
	for _, id := range gone {
		t.remove(id)
	}
	for i := range rows {
		t.put(&rows[i])
	}
	t.revision = revision
}

// Load adds events to a table that nobody else has yet.
func (t *Table) Load(row *Row) { t.put(row) }

// Loaded ends the loading.
func (t *Table) Loaded(revision int64) { t.revision = revision }

// key stands for an id: 64 bits under a seed of this table, so that the ids need not be
// kept. Two of a million ids have the same with a probability of 10^-8.
func (t *Table) key(id string) uint64 { return maphash.String(t.hash, id) }

func (t *Table) remove(id string) {
	key := t.key(id)
	place, ok := t.places[key]
	if !ok {
		return
	}
	delete(t.places, key)
	t.discard(place)
	t.free = append(t.free, place)
	t.compact()
}

// discard gives up what a record has in the lists.
func (t *Table) discard(place uint32) {
	r := &t.records[place]
	t.garbage += int(r.pairCount) + int(r.tagCount)
	if r.set != edtf.NotSet {
		t.garbage++
	}
	*r = record{}
	t.measure(place, nil)
}

func (t *Table) put(row *Row) {
	key := t.key(row.ID)
	place, known := t.places[key]
	switch n := len(t.free); {
	case known:
		t.discard(place)
	case n > 0:
		place, t.free = t.free[n-1], t.free[:n-1]
	default:
		place = uint32(len(t.records))
		t.records = append(t.records, record{})
	}
	t.places[key] = place
	r := record{
		days:    [4]edtf.Day{day(row.StartEarliest), day(row.StartLatest), day(row.EndEarliest), day(row.EndLatest)},
		kind:    uint8(t.types.id(row.Type)),
		status:  uint8(t.statuses.id(row.Status)),
		dataset: t.datasets.id(row.Dataset),
		sources: uint16(min(row.Sources, math.MaxUint16)),
		set:     row.Set,
		flags:   live,
		pairs:   uint32(len(t.pairs)), pairCount: uint16(len(row.CountryRoles)),
		tags: uint32(len(t.tags)), tagCount: uint16(len(row.Tags)),
	}
	if row.Approximate {
		r.flags |= approximate
	}
	if row.Uncertain {
		r.flags |= uncertain
	}
	if row.Set != edtf.NotSet {
		r.spans = uint32(len(t.spans))
		t.spans = append(t.spans, slices.Clone(row.Spans))
	}
	for _, pair := range row.CountryRoles {
		t.pairs = append(t.pairs, uint16(t.roles.id(pair)))
	}
	for _, tag := range row.Tags {
		t.tags = append(t.tags, t.tagWords.id(tag))
	}
	t.records[place] = r
	t.measure(place, row.Measures)
	t.compact()
}

func (t *Table) measure(place uint32, values map[string]float64) {
	for name := range values {
		if t.measures[name] == nil {
			t.measures[strings.Clone(name)] = []float64{}
		}
	}
	for name, column := range t.measures {
		value, ok := values[name]
		if !ok {
			value = math.NaN()
		}
		for len(column) <= int(place) {
			if !ok {
				break // what lies beyond the end of a column is not there
			}
			column = append(column, math.NaN())
		}
		if int(place) < len(column) {
			column[place] = value
		}
		t.measures[name] = column
	}
}

// compact makes the lists anew when more than half of them is garbage.
func (t *Table) compact() {
	const worthIt = 1 << 16
	if t.garbage < worthIt || 2*t.garbage < len(t.pairs)+len(t.tags)+len(t.spans) {
		return
	}
	pairs, tags, spans := make([]uint16, 0, len(t.pairs)/2), make([]uint32, 0, len(t.tags)/2), make([][]edtf.MatchSpan, 0, len(t.spans)/2)
	for i := range t.records {
		r := &t.records[i]
		if r.flags&live == 0 {
			continue
		}
		from := r.pairs
		r.pairs = uint32(len(pairs))
		pairs = append(pairs, t.pairs[from:from+uint32(r.pairCount)]...)
		from = r.tags
		r.tags = uint32(len(tags))
		tags = append(tags, t.tags[from:from+uint32(r.tagCount)]...)
		if r.set != edtf.NotSet {
			spans = append(spans, t.spans[r.spans])
			r.spans = uint32(len(spans) - 1)
		}
	}
	t.pairs, t.tags, t.spans, t.garbage = pairs, tags, spans, 0
}

func day(b edtf.Bound) edtf.Day {
	if !b.Known {
		return open
	}
	return b.Day
}

func bound(d edtf.Day) edtf.Bound {
	if d == open {
		return edtf.Open
	}
	return edtf.At(d)
}
