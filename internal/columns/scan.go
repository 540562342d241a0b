package columns

import "github.com/tarikh-timeline/tarikh/internal/timeline"

// scan hands to each, chunk by chunk, the places of the records that a query keeps.
// The sign is -1 for what is counted as taken away. The places are valid during the
// call. The error is timeline.ErrGivenUp, where the query was told to.
func (t *Table) scan(q *query, each func(c *chunk, places []uint16, sign int)) error {
	var places [chunkSize]uint16
	for _, part := range []struct {
		rows *rows
		sign int
	}{{&t.live, 1}, {&t.gone, -1}} {
		for _, c := range part.rows.chunks {
			if q.giveUp != nil && q.giveUp() {
				return timeline.ErrGivenUp
			}
			if kept := t.pick(q, c, places[:]); len(kept) > 0 {
				each(c, kept, part.sign)
			}
		}
	}
	return nil
}

// pick puts into places those of a chunk's records that the query keeps, column by
// column: what one condition leaves is looked at by the next.
func (t *Table) pick(q *query, c *chunk, places []uint16) []uint16 {
	places = places[:len(c.shape)]
	for i := range places {
		places[i] = uint16(i)
	}
	places = among(places, c.roles, q.roles)
	places = c.class.among(places, q.classes)
	places = among(places, c.shape, q.shapes)
	places = c.tags.among(places, q.tags)
	if q.sometimes == nil {
		return places
	}
	n := 0
	for _, p := range places {
		if !q.sometimes.has(c.roles[p]) || t.onTheDay(q.periods, c.roles[p], c.shape[p]) {
			places[n] = p
			n++
		}
	}
	return places[:n]
}

// Count counts the events that a filter keeps, one that Answers. giveUp, unless it is
// nil, is asked now and then whether to end with timeline.ErrGivenUp.
func (t *Table) Count(f *timeline.Filter, giveUp func() bool) (int64, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.countOfView(f, giveUp)
}
