package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// TestKeySorter sorts more than fits into one run: every key comes out once, in the
// order of the index, with what it was given.
func TestKeySorter(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	k, err := newKeySorter(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer k.close()
	type key struct {
		term int32
		span int16
		day  edtf.Day
	}
	want := map[string]int{}
	days := []edtf.Day{edtf.MinDay, -1, 0, edtf.MaxDay}
	for ordinal := range uint32(40_000) {
		p := prepared{event: &timeline.Event{ID: fmt.Sprintf("e%d", ordinal)}, index: timeline.Index{Span: random.IntN(6)}}
		day := days[random.IntN(len(days))]
		if random.IntN(2) == 0 {
			day = edtf.Day(random.IntN(40_000) - 20_000)
		}
		p.event.Date.StartEarliest = edtf.At(day)
		if random.IntN(3) > 0 {
			p.event.Date.EndLatest = edtf.At(day + 3)
		}
		if random.IntN(4) == 0 {
			p.event.Date.Set = edtf.OneOf
		}
		for range 1 + random.IntN(4) {
			p.terms = append(p.terms, []int32{1, 2, 1 << 20, 1<<31 - 1}[random.IntN(4)])
		}
		if err := k.add(p.appendSortable(nil), ordinal); err != nil {
			t.Fatal(err)
		}
		row := p.appendKeys(nil)
		for n := len(row) / len(p.terms); len(row) > 0; row = row[n:] {
			want[fmt.Sprintf("%d %x", ordinal, row[:n])]++
		}
	}
	m, err := k.merge()
	if err != nil {
		t.Fatal(err)
	}
	if len(k.runs) < 2 {
		t.Fatalf("%d runs", len(k.runs))
	}
	var last key
	first := true
	for {
		err := m.next(func(record []byte) {
			var now key
			now.term, now.span, now.day = rankParts(keyRankOf(record))
			if !first && cmp.Or(cmp.Compare(last.term, now.term), cmp.Compare(last.span, now.span), cmp.Compare(last.day, now.day)) > 0 {
				t.Fatalf("%+v comes after %+v", now, last)
			}
			last, first = now, false
			want[fmt.Sprintf("%d %x", recordOrdinal(record), appendKey(nil, record))]--
		})
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for row, n := range want {
		if n != 0 {
			t.Fatalf("%s came %d times too few", row, n)
		}
	}
}
