package columns

import (
	"math"
	"strings"

	"github.com/tarikh-timeline/tarikh/internal/edtf"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Answers tells whether the table keeps all that a filter and its answer need: not
// words, actors, places, ids nor the past.
func Answers(f *timeline.Filter, needs timeline.SampleNeeds) bool {
	return !needs.IDs && !needs.Actors &&
		len(f.IDs) == 0 && f.Actor == "" && len(f.Words) == 0 && f.BBox == nil && f.AsOf == nil
}

// Samples hands each event that the filter keeps to each, in no promised order, and
// stops at its first error. The filter must be one that Answers. A sample has neither
// id nor actors.
func (t *Table) Samples(f *timeline.Filter, measure string, each func(*timeline.Sample) error) error {
	t.mu.RLock()
	defer t.mu.RUnlock()
	keeps := t.compile(f)
	column := t.measures[measure]
	var s timeline.Sample
	for place := range t.records {
		r := &t.records[place]
		if r.flags&live == 0 || !keeps(r) {
			continue
		}
		s.Bounds = edtf.Bounds{StartEarliest: bound(r.days[0]), StartLatest: bound(r.days[1]), EndEarliest: bound(r.days[2]), EndLatest: bound(r.days[3])}
		s.Approximate, s.Uncertain, s.Set = r.flags&approximate != 0, r.flags&uncertain != 0, r.set
		s.Spans = t.spansOf(r)
		s.Type, s.Status, s.Dataset = t.types.list[r.kind], t.statuses.list[r.status], t.datasets.list[r.dataset]
		s.Countries, s.Tags = s.Countries[:0], s.Tags[:0]
		for _, pair := range t.pairsOf(r) {
			_, code, _ := strings.Cut(t.roles.list[pair], ":")
			s.Countries = addDistinct(s.Countries, code)
		}
		for _, tag := range t.tags[r.tags : r.tags+uint32(r.tagCount)] {
			s.Tags = append(s.Tags, t.tagWords.list[tag])
		}
		s.Measure, s.HasMeasure = 0, false
		if place < len(column) && !math.IsNaN(column[place]) {
			s.Measure, s.HasMeasure = column[place], true
		}
		if err := each(&s); err != nil {
			return err
		}
	}
	return nil
}

// Count counts the events that a filter keeps, one that Answers.
func (t *Table) Count(f *timeline.Filter) int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	keeps := t.compile(f)
	n := int64(0)
	for i := range t.records {
		if r := &t.records[i]; r.flags&live != 0 && keeps(r) {
			n++
		}
	}
	return n
}

func (t *Table) pairsOf(r *record) []uint16 { return t.pairs[r.pairs : r.pairs+uint32(r.pairCount)] }

func (t *Table) spansOf(r *record) []edtf.MatchSpan {
	if r.set == edtf.NotSet {
		return nil
	}
	return t.spans[r.spans]
}

func addDistinct(list []string, v string) []string {
	for _, w := range list {
		if w == v {
			return list
		}
	}
	return append(list, v)
}
