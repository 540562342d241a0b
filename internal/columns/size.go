package columns

import "unsafe"

// Bytes is about the memory that the table holds: its lists and maps, also the room
// that they have in reserve, and not the letters of the words, which are few.
func (t *Table) Bytes() int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	const perPlace = 16 * 8 / 7 // a map of 64-bit hashes to places is at most 7/8 full
	n := room(t.records) + room(t.free) + room(t.pairs) + room(t.tags) + room(t.spans) + int64(len(t.places))*perPlace
	for _, spans := range t.spans {
		n += room(spans)
	}
	for _, column := range t.measures {
		n += room(column)
	}
	return n
}

// room is the memory of a list.
func room[T any](list []T) int64 {
	var one T
	return int64(cap(list)) * int64(unsafe.Sizeof(one))
}
