package columns

import "github.com/tarikh-timeline/tarikh/internal/timeline"

// measureValues are the different values of a measure; of gives the place in the list
// of that of a number of measures: 0 where there is none.
type measureValues struct {
	list []float64
	of   []uint32
}

func (t *Table) measureValues(measure string) *measureValues {
	name, ok := t.measureNames.ids[measure]
	if !ok || measure == timeline.MeasureEvents {
		return nil
	}
	v := &measureValues{list: make([]float64, 1), of: make([]uint32, t.measures.len())}
	places := map[float64]uint32{}
	for n := range v.of {
		for b := t.measures.at(uint32(n)); len(b) > 0; b = b[measureSize:] {
			if id, value := readMeasure(b); id == name {
				place, ok := places[value]
				if !ok {
					place = uint32(len(v.list))
					v.list, places[value] = append(v.list, value), place
				}
				v.of[n] = place
			}
		}
	}
	return v
}

// kind is what events have in common that are added to a chart together.
type kind struct{ shape, group, measure uint32 }

// kinds counts kinds.
type kinds struct {
	list  []kind
	times []int32
	slots slots
}

func newKinds() *kinds { return &kinds{list: make([]kind, 1), times: make([]int32, 1)} }

func (k *kinds) hash(v kind) uint64 {
	h := (uint64(v.shape)<<32 | uint64(v.group)) * 0x9E3779B97F4A7C15
	h = (h ^ h>>29 ^ uint64(v.measure)) * 0xBF58476D1CE4E5B9
	return h ^ h>>32
}

func (k *kinds) add(v kind, sign int) {
	n, ok := k.slots.find(k.hash(v), func(n uint32) bool { return k.list[n] == v })
	if !ok {
		n = uint32(len(k.list))
		k.list, k.times = append(k.list, v), append(k.times, 0)
		k.slots.insert(n, func(n uint32) uint64 { return k.hash(k.list[n]) })
	}
	k.times[n] += int32(sign)
}
