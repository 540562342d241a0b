package columns

import (
	"cmp"
	"slices"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// groups gives the column that events are grouped by, one without numbers for none.
func (c *chunk) groups(by string) column {
	switch by {
	case timeline.GroupCountry:
		return column{wide: c.roles}
	case timeline.GroupType, timeline.GroupStatus, timeline.GroupDataset:
		return c.class
	}
	return column{}
}

// groupsOf is the number above all numbers of that column.
func (t *Table) groupsOf(by string) int {
	switch by {
	case timeline.GroupCountry:
		return t.roles.len()
	case timeline.GroupType, timeline.GroupStatus, timeline.GroupDataset:
		return t.classes.len()
	}
	return 1
}

// maxShapes is how many shapes are told apart by group in one scan: with the most
// groups, these are 11 MB.
const maxShapes = 1 << 17

// chartOfGroups reads the records first for the axis, then to rank the groups, then to
// count each shape in those that are shown.
func (t *Table) chartOfGroups(q timeline.ChartQuery, compiled *query) (timeline.Chart, error) {
	builder := timeline.NewChartBuilder(q)
	added, err := t.addShapes(compiled, builder)
	if err != nil {
		return timeline.Chart{}, err
	}
	reach, err := builder.Reach()
	if err != nil {
		return timeline.Chart{}, err
	}
	shown, slots, err := t.rank(q.GroupBy, compiled, added, reach)
	if err != nil {
		return timeline.Chart{}, err
	}
	other := len(shown) > timeline.MaxGroups
	shown = shown[:min(len(shown), timeline.MaxGroups)]
	groups, err := builder.Groups(shown, other)
	if err != nil {
		return timeline.Chart{}, err
	}
	width := uint32(len(shown) + 1)
	counts := make([]uint32, int(width)*min(t.shapes.len(), maxShapes))
	for from, next := uint32(0), 0; next < len(added); from += maxShapes {
		clear(counts)
		err := t.scan(compiled, func(c *chunk, places []uint16, sign int) {
			column := c.groups(q.GroupBy)
			for _, p := range places {
				if n := c.shape[p] - from; n < maxShapes {
					for _, slot := range slots.of(column.at(p)) {
						counts[n*width+uint32(slot)] += uint32(sign) // right in the end
					}
				}
			}
		})
		if err != nil {
			return timeline.Chart{}, err
		}
		for ; next < len(added) && added[next]-from < maxShapes; next++ {
			at := (added[next] - from) * width
			groups.Add(next, counts[at:at+width])
		}
	}
	return groups.Chart()
}

// numberLists are a short list for each number of a column.
type numberLists[T any] struct {
	from []uint32
	list []T
}

// newNumberLists makes room for the lists of so many numbers, which come one after the
// other: add adds to the list of the next one, and next ends it.
func newNumberLists[T any](n int) *numberLists[T] {
	return &numberLists[T]{from: append(make([]uint32, 0, n+1), 0)}
}

func (l *numberLists[T]) add(one T) { l.list = append(l.list, one) }

func (l *numberLists[T]) next() { l.from = append(l.from, uint32(len(l.list))) }

func (l *numberLists[T]) of(n uint32) []T { return l.list[l.from[n]:l.from[n+1]] }

// rank gives the values of the groups, those first whose events possibly lie in the
// most buckets, and for each number of the column the places of its groups in the chart:
// those that are shown, and once the one behind for all others.
func (t *Table) rank(by string, q *query, added []uint32, reach []int32) (values []string, places *numberLists[uint8], err error) {
	buckets := make([]int32, t.shapes.len())
	for i, n := range added {
		buckets[n] = reach[i]
	}
	sums, seen := make([]int64, t.groupsOf(by)), make([]int32, t.groupsOf(by))
	err = t.scan(q, func(c *chunk, places []uint16, sign int) {
		column := c.groups(by)
		for _, p := range places {
			n := column.at(p)
			sums[n] += int64(sign) * int64(buckets[c.shape[p]])
			seen[n] += int32(sign)
		}
	})
	if err != nil {
		return nil, nil, err
	}
	byValue := map[string]int64{}
	var s timeline.Sample
	for n := range sums {
		if seen[n] > 0 {
			t.name(&s, by, uint32(n))
			for _, value := range s.Groups(by) {
				byValue[value] += sums[n]
			}
		}
	}
	for value := range byValue {
		values = append(values, value)
	}
	slices.SortFunc(values, func(a, b string) int {
		return cmp.Or(cmp.Compare(byValue[b], byValue[a]), cmp.Compare(a, b))
	})
	shown := map[string]uint8{}
	for i, value := range values[:min(len(values), timeline.MaxGroups)] {
		shown[value] = uint8(i)
	}
	places = newNumberLists[uint8](len(sums))
	for n := range sums {
		if seen[n] > 0 {
			t.name(&s, by, uint32(n))
			others := false
			for _, value := range s.Groups(by) {
				if slot, ok := shown[value]; ok {
					places.add(slot)
				} else if !others {
					others = true
					places.add(uint8(len(shown)))
				}
			}
		}
		places.next()
	}
	return values, places, nil
}
