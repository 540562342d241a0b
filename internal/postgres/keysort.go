package postgres

import (
	"bufio"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
)

// keySorter brings an import's rows of event_key into the order of their index, in
// bounded memory: runs that are sorted one by one lie in a temporary file and are
// merged when they are copied. Copied in order, the index grows page after page; in
// the order of the file each row would touch another page, which takes three times as
// long with a hundred thousand events, and more with more.
type keySorter struct {
	spool   *spool
	runs    []int64 // where each begins
	written int64
	buffer  []byte
	order   []keyPlace
}

// keyPlace is a record in the buffer. rank orders by term, span and sort day; the ids
// of one day stay in the order of the file, which is near enough.
type keyPlace struct {
	rank uint64
	at   uint32
}

// runBytes is the size of one run, and bounds the memory of sorting.
const runBytes = 2 << 20

// A key's record: rank, ordinal of the event, last day, whether it is a set, id.
const (
	keyHead    = 8 + 4 + 4 + 1 + 1
	openDay    = math.MinInt32
	rankDayLow = int64(edtf.MinDay)
)

func newKeySorter(dir string) (*keySorter, error) {
	s, err := newSpool(dir)
	if err != nil {
		return nil, err
	}
	return &keySorter{spool: s}, nil
}

func (k *keySorter) close() { k.spool.close() }

// keyRank packs a row's place in the index: 32 bits of term, 3 of span, 23 of the day.
func keyRank(term int32, span int, day edtf.Day) uint64 {
	return uint64(uint32(term))<<26 | uint64(span)<<23 | uint64(int64(day)-rankDayLow)
}

func rankParts(rank uint64) (term int32, span int16, day edtf.Day) {
	return int32(rank >> 26), int16(rank >> 23 & 7), edtf.Day(int64(rank&(1<<23-1)) + rankDayLow)
}

// appendSortable appends the records of an event's keys; the ordinal is set by add.
func (p *prepared) appendSortable(b []byte) []byte {
	d := &p.event.Date
	last := int32(openDay)
	if d.EndLatest.Known {
		last = int32(d.EndLatest.Day)
	}
	gaps := byte(0)
	if d.Set != edtf.NotSet {
		gaps = 1
	}
	for _, term := range p.terms {
		b = binary.BigEndian.AppendUint64(b, keyRank(term, p.index.Span, d.SortDay()))
		b = appendInt32(appendInt32(b, 0), last)
		b = append(b, gaps, byte(len(p.event.ID)))
		b = append(b, p.event.ID...)
	}
	return b
}

// add takes the records of one event.
func (k *keySorter) add(records []byte, ordinal uint32) error {
	if len(k.buffer)+len(records) > runBytes {
		if err := k.flush(); err != nil {
			return err
		}
	}
	if k.buffer == nil {
		k.buffer, k.order = make([]byte, 0, runBytes), make([]keyPlace, 0, runBytes/(keyHead+8))
	}
	for len(records) > 0 {
		n := keyHead + int(records[keyHead-1])
		binary.BigEndian.PutUint32(records[8:], ordinal)
		k.order = append(k.order, keyPlace{binary.BigEndian.Uint64(records), uint32(len(k.buffer))})
		k.buffer = append(k.buffer, records[:n]...)
		records = records[n:]
	}
	return nil
}

// flush writes a run.
func (k *keySorter) flush() error {
	if len(k.order) == 0 {
		return nil
	}
	slices.SortFunc(k.order, func(x, y keyPlace) int {
		if c := cmp.Compare(x.rank, y.rank); c != 0 {
			return c
		}
		return cmp.Compare(x.at, y.at)
	})
	k.runs = append(k.runs, k.written)
	for _, place := range k.order {
		n := keyHead + int(k.buffer[place.at+keyHead-1])
		if _, err := k.spool.out.Write(k.buffer[place.at : int(place.at)+n]); err != nil {
			return spoolError(err)
		}
		k.written += int64(n)
	}
	k.buffer, k.order = k.buffer[:0], k.order[:0]
	return nil
}

// merge gives the records of all runs in order.
func (k *keySorter) merge() (*keyMerge, error) {
	if err := k.flush(); err != nil {
		return nil, err
	}
	if err := k.spool.out.Flush(); err != nil {
		return nil, spoolError(err)
	}
	k.buffer, k.order = nil, nil
	m := &keyMerge{}
	for i, begin := range k.runs {
		end := k.written
		if i+1 < len(k.runs) {
			end = k.runs[i+1]
		}
		run := &keyRun{number: i, in: bufio.NewReaderSize(io.NewSectionReader(k.spool.file, begin, end-begin), 16<<10)}
		switch err := run.read(); {
		case err == nil:
			m.runs = append(m.runs, run)
		case !errors.Is(err, io.EOF):
			return nil, err
		}
	}
	heap.Init(&m.runs)
	return m, nil
}

// keyMerge merges runs.
type keyMerge struct{ runs runHeap }

// keyRun is a run with its first record that was not taken.
type keyRun struct {
	number int
	in     *bufio.Reader
	rank   uint64
	record []byte
}

func (r *keyRun) read() error {
	head, err := r.in.Peek(keyHead)
	if err != nil {
		if errors.Is(err, io.EOF) && len(head) == 0 {
			return io.EOF
		}
		return spoolError(err)
	}
	n := keyHead + int(head[keyHead-1])
	r.record = slices.Grow(r.record[:0], n)[:n]
	if _, err := io.ReadFull(r.in, r.record); err != nil {
		return spoolError(err)
	}
	r.rank = binary.BigEndian.Uint64(r.record)
	return nil
}

// next hands the next record to use, or gives io.EOF.
func (m *keyMerge) next(use func(record []byte)) error {
	if len(m.runs) == 0 {
		return io.EOF
	}
	first := m.runs[0]
	use(first.record)
	switch err := first.read(); {
	case err == nil:
		heap.Fix(&m.runs, 0)
	case errors.Is(err, io.EOF):
		heap.Pop(&m.runs)
	default:
		return err
	}
	return nil
}

type runHeap []*keyRun

func (h runHeap) Len() int { return len(h) }
func (h runHeap) Less(i, j int) bool {
	return h[i].rank < h[j].rank || h[i].rank == h[j].rank && h[i].number < h[j].number
}
func (h runHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *runHeap) Push(x any)   { *h = append(*h, x.(*keyRun)) }
func (h *runHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// appendKey appends the row of event_key that a record stands for.
func appendKey(b, record []byte) []byte {
	term, span, day := rankParts(keyRankOf(record))
	last := edtf.Open
	if n := int32(binary.BigEndian.Uint32(record[12:])); n != openDay {
		last = edtf.At(edtf.Day(n))
	}
	b = appendInt16(b, int16(len(keyColumns)))
	b = fieldInt16(fieldInt32(b, term), span)
	b = fieldDate(b, edtf.At(day))
	id := record[keyHead:]
	b = append(appendInt32(b, int32(len(id))), id...)
	return fieldBool(fieldDate(b, last), record[16] == 1)
}

func recordOrdinal(record []byte) uint32 { return binary.BigEndian.Uint32(record[8:]) }

func keyRankOf(record []byte) uint64 { return binary.BigEndian.Uint64(record) }
