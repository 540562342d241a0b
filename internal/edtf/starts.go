package edtf

import (
	"cmp"
	"slices"
)

// StartSpans gives the days on which the date may have begun, as disjoint spans in
// order that neither overlap nor touch: of [..] those of every member, of {..} those
// of its earliest member. It is nil for ../b, which began before any day.
func (d Date) StartSpans() []Span {
	switch d.Set {
	case OneOf:
		spans := make([]Span, len(d.Members))
		for i := range d.Members {
			spans[i] = Span{d.Members[i].StartEarliest, d.Members[i].StartLatest}
		}
		return merge(spans)
	case AllOf:
		m := d.Members[d.earliestMember()]
		return []Span{{m.StartEarliest, m.StartLatest}}
	}
	if d.form == formOpenStart {
		return nil
	}
	return []Span{{d.StartEarliest, d.StartLatest}}
}

// merge orders the spans and joins those that overlap or touch.
func merge(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int {
		return cmp.Compare(a.Lo.or(minusInfinity), b.Lo.or(minusInfinity))
	})
	merged := spans[:1]
	for _, s := range spans[1:] {
		last := &merged[len(merged)-1]
		end := last.Hi.or(plusInfinity)
		if end != plusInfinity && s.Lo.or(minusInfinity) > end+1 {
			merged = append(merged, s)
			continue
		}
		last.Hi = bound(max(end, s.Hi.or(plusInfinity)))
	}
	return merged
}
