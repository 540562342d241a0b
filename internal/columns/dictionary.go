package columns

import (
	"bytes"
	"hash/maphash"
	"slices"
)

// dictionary numbers strings of bytes, each as long as something holds it. Number 0 is
// the empty string, which is always there. There are no pointers in it for the
// collector to follow: a string costs about 20 bytes beside its own.
type dictionary struct {
	seed    maphash.Seed
	arena   []byte
	entries []entry
	free    []uint32 // numbers of entries that are given up
	slots   slots
	garbage int // bytes of the arena that belong to no entry
}

type entry struct{ from, size, holders uint32 }

func newDictionary() dictionary {
	return dictionary{seed: maphash.MakeSeed(), entries: make([]entry, 1)}
}

// len is the number above all numbers of entries.
func (d *dictionary) len() int { return len(d.entries) }

// at gives the string of a number, valid until the dictionary changes.
func (d *dictionary) at(n uint32) []byte {
	e := &d.entries[n]
	return d.arena[e.from : e.from+e.size]
}

func (d *dictionary) hash(b []byte) uint64 { return maphash.Bytes(d.seed, b) }

func (d *dictionary) hashOf(n uint32) uint64 { return d.hash(d.at(n)) }

// find gives the number of a string that is there.
func (d *dictionary) find(b []byte) (uint32, bool) {
	if len(b) == 0 {
		return 0, true
	}
	return d.slots.find(d.hash(b), func(n uint32) bool { return bytes.Equal(d.at(n), b) })
}

// hold gives the number of a string, which has one holder more. It tells whether the
// string is new.
func (d *dictionary) hold(b []byte) (n uint32, isNew bool) {
	if n, ok := d.find(b); ok {
		d.entries[n].holders++
		return n, false
	}
	e := entry{from: uint32(len(d.arena)), size: uint32(len(b)), holders: 1}
	d.arena = append(d.arena, b...)
	if last := len(d.free) - 1; last >= 0 {
		n, d.free = d.free[last], d.free[:last]
		d.entries[n] = e
	} else {
		n = uint32(len(d.entries))
		d.entries = append(d.entries, e)
	}
	d.slots.insert(n, d.hashOf)
	return n, true
}

// again adds a holder of a string by its number.
func (d *dictionary) again(n uint32) { d.entries[n].holders++ }

// drop takes a holder away. Without any the string is given up, which is told.
func (d *dictionary) drop(n uint32) (gone bool) {
	d.entries[n].holders--
	if n == 0 || d.entries[n].holders > 0 {
		return false
	}
	d.slots.remove(n, d.hashOf)
	d.garbage += int(d.entries[n].size)
	d.entries[n] = entry{}
	d.free = append(d.free, n)
	const worthIt = 1 << 16
	if d.garbage > worthIt && 2*d.garbage > len(d.arena) {
		d.compact()
	}
	return true
}

func (d *dictionary) compact() {
	arena := make([]byte, 0, len(d.arena)-d.garbage)
	for n := range d.entries {
		e := &d.entries[n]
		from := uint32(len(arena))
		arena = append(arena, d.arena[e.from:e.from+e.size]...)
		e.from = from
	}
	d.arena, d.garbage = arena, 0
}

// trim gives back room that was kept for more.
func (d *dictionary) trim() {
	d.arena, d.entries = slices.Clone(d.arena), slices.Clone(d.entries)
	if size := d.slots.used + d.slots.used/3; size < len(d.slots.list) {
		d.slots.resize(max(size, 16), d.hashOf)
	}
}

// bytes is what the dictionary takes of memory.
func (d *dictionary) bytes() int {
	return cap(d.arena) + 12*cap(d.entries) + 4*cap(d.free) + 4*cap(d.slots.list)
}
