package columns

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// The strings of the dictionaries. Whatever has no order, or one that says nothing, is
// sorted, so that events which do not differ in what is asked have the same.

const (
	approximate uint8 = 1 << iota
	uncertain
	setShift = 2 // the kind of set stands in the bits above

	open      edtf.Day = math.MinInt32
	shapeSize          = 17 // flags and four days; the spans of a set follow
	spanSize           = 9  // two days, and what the span is for
)

// shape is a date as charts and windows look at it.
type shape struct {
	days  [4]edtf.Day // open where it is the smallest number
	flags uint8
	set   edtf.SetKind
	spans []edtf.MatchSpan
}

func (s *shape) doubtful() bool { return s.flags&(approximate|uncertain) != 0 }

func (s *shape) bounds() edtf.Bounds {
	return edtf.Bounds{StartEarliest: bound(s.days[0]), StartLatest: bound(s.days[1]), EndEarliest: bound(s.days[2]), EndLatest: bound(s.days[3])}
}

func appendShape(b []byte, r *Row) []byte {
	flags := uint8(r.Set) << setShift
	if r.Approximate {
		flags |= approximate
	}
	if r.Uncertain {
		flags |= uncertain
	}
	b = append(b, flags)
	for _, d := range []edtf.Bound{r.StartEarliest, r.StartLatest, r.EndEarliest, r.EndLatest} {
		b = appendDay(b, d)
	}
	if r.Set == edtf.NotSet {
		return b
	}
	for _, s := range r.Spans {
		b = appendDay(appendDay(b, s.Lo), s.Hi)
		use := uint8(0)
		for i, is := range []bool{s.Possible, s.Certain, s.Starts} {
			if is {
				use |= 1 << i
			}
		}
		b = append(b, use)
	}
	return b
}

// readShape reads a shape into s, whose spans are used again.
func readShape(b []byte, s *shape) {
	s.flags, s.set = b[0], edtf.SetKind(b[0]>>setShift)
	for i := range s.days {
		s.days[i] = readDay(b[1+4*i:])
	}
	s.spans = s.spans[:0]
	for b = b[shapeSize:]; len(b) > 0; b = b[spanSize:] {
		s.spans = append(s.spans, edtf.MatchSpan{
			Lo: bound(readDay(b)), Hi: bound(readDay(b[4:])), Possible: b[8]&1 != 0, Certain: b[8]&2 != 0, Starts: b[8]&4 != 0,
		})
	}
}

func appendDay(b []byte, d edtf.Bound) []byte {
	day := open
	if d.Known {
		day = d.Day
	}
	return binary.LittleEndian.AppendUint32(b, uint32(day))
}

func readDay(b []byte) edtf.Day { return edtf.Day(binary.LittleEndian.Uint32(b)) }

func bound(d edtf.Day) edtf.Bound {
	if d == open {
		return edtf.Open
	}
	return edtf.At(d)
}

// class is the words that an event has one each of.
type class struct{ kind, status, dataset, sources uint32 }

func (c class) append(b []byte) []byte {
	for _, n := range []uint32{c.kind, c.status, c.dataset, c.sources} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}

func readClass(b []byte) class {
	n := func(i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }
	return class{n(0), n(1), n(2), n(3)}
}

// number gives the i-th of some numbers of two bytes.
func number(b []byte, i int) int { return int(binary.LittleEndian.Uint16(b[2*i:])) }

const measureSize = 12 // the number of its name, and its value

func readMeasure(b []byte) (name uint32, value float64) {
	return binary.LittleEndian.Uint32(b), math.Float64frombits(binary.LittleEndian.Uint64(b[4:]))
}

// mark is a timeline.Mark in 17 bytes; of a shape that has no marks the kind whole
// comes before it.
const whole timeline.MarkKind = 1 << 6

func appendMark(b []byte, m timeline.Mark) []byte {
	kind := uint8(m.Kind) << 1
	if m.Doubtful {
		kind |= 1
	}
	b = appendDay(appendDay(append(b, kind), edtf.At(m.Lo)), edtf.At(m.Hi))
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, uint32(m.FirstMonth)), uint32(m.LastMonth))
}

func readMark(b []byte) timeline.Mark {
	month := func(b []byte) int32 { return int32(binary.LittleEndian.Uint32(b)) }
	return timeline.Mark{
		Kind: timeline.MarkKind(b[0] >> 1), Doubtful: b[0]&1 != 0, Lo: readDay(b[1:]), Hi: readDay(b[5:]),
		FirstMonth: month(b[9:]), LastMonth: month(b[13:]),
	}
}

// words numbers words as they are met. One that no event has any more stays, until the
// table is loaded anew.
type words struct {
	list []string
	ids  map[string]uint32
	text int // bytes of them all
}

func (w *words) id(word string) uint32 {
	id, ok := w.ids[word]
	if !ok {
		if w.ids == nil {
			w.ids = map[string]uint32{}
		}
		id, word = uint32(len(w.list)), strings.Clone(word)
		w.list, w.ids[word] = append(w.list, word), id
		w.text += len(word)
	}
	return id
}

// bytes is about what the words take of memory, each with its place in the map.
func (w *words) bytes() int {
	const word = 80
	return word*len(w.list) + w.text
}

// numbers gives those of the known words that are asked for, each once.
func (w *words) numbers(asked []string) []uint32 {
	var list []uint32
	for _, word := range asked {
		if id, ok := w.ids[word]; ok && !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}

// encoder makes of rows the strings of the dictionaries.
type encoder struct {
	shape, class, roles, tags, measures []byte
	pairs                               []uint16
	numbers                             []uint32
}

func (t *Table) encode(r *Row) *encoder {
	e := &t.encoder
	e.shape = appendShape(e.shape[:0], r)
	e.class = class{t.types.id(r.Type), t.statuses.id(r.Status), t.datasets.id(r.Dataset), uint32(max(0, r.Sources))}.append(e.class[:0])

	e.pairs = e.pairs[:0]
	for _, pair := range r.CountryRoles {
		e.pairs = append(e.pairs, uint16(t.pair(pair)))
	}
	slices.Sort(e.pairs)
	e.roles = e.roles[:0]
	for _, pair := range slices.Compact(e.pairs) {
		e.roles = binary.LittleEndian.AppendUint16(e.roles, pair)
	}

	e.numbers = e.numbers[:0]
	for _, tag := range r.Tags {
		e.numbers = append(e.numbers, t.tagWords.id(tag))
	}
	slices.Sort(e.numbers)
	e.tags = e.tags[:0]
	for _, tag := range slices.Compact(e.numbers) {
		e.tags = binary.LittleEndian.AppendUint32(e.tags, tag)
	}

	e.measures = e.measures[:0]
	if len(r.Measures) > 0 {
		slices.SortFunc(r.Measures, func(a, b Measure) int { return strings.Compare(a.Name, b.Name) })
	}
	for _, m := range r.Measures {
		e.measures = binary.LittleEndian.AppendUint32(e.measures, t.measureNames.id(m.Name))
		e.measures = binary.LittleEndian.AppendUint64(e.measures, math.Float64bits(m.Value))
	}
	return e
}

// number4 gives the first of some numbers of four bytes.
func number4(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
