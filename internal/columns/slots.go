package columns

import mathbits "math/bits"

// slots find numbers by a hash of what they stand for: open addressing with linear
// probing. 0 marks an empty slot, so that no number is 0. Whoever has the slots knows
// what the numbers stand for; here they are 4 bytes each, at most four fifths of
// the slots full, and half more when they are.
type slots struct {
	list []uint32
	used int
}

// home is where a hash is looked for first: as far along as the hash is in all hashes,
// so that there may be any number of slots.
func (s *slots) home(hash uint64) int {
	i, _ := mathbits.Mul64(hash, uint64(len(s.list)))
	return int(i)
}

func (s *slots) after(i int) int {
	if i++; i == len(s.list) {
		return 0
	}
	return i
}

// find gives the number of hash that is the one looked for.
func (s *slots) find(hash uint64, is func(n uint32) bool) (uint32, bool) {
	if s.used == 0 {
		return 0, false
	}
	for i := s.home(hash); s.list[i] != 0; i = s.after(i) {
		if is(s.list[i]) {
			return s.list[i], true
		}
	}
	return 0, false
}

// insert adds a number that is not there.
func (s *slots) insert(n uint32, hashOf func(n uint32) uint64) {
	if 5*(s.used+1) > 4*len(s.list) {
		s.resize(max(16, len(s.list)+len(s.list)/2), hashOf)
	}
	s.place(n, hashOf(n))
	s.used++
}

func (s *slots) resize(size int, hashOf func(n uint32) uint64) {
	old := s.list
	s.list = make([]uint32, size)
	for _, n := range old {
		if n != 0 {
			s.place(n, hashOf(n))
		}
	}
}

func (s *slots) place(n uint32, hash uint64) {
	i := s.home(hash)
	for s.list[i] != 0 {
		i = s.after(i)
	}
	s.list[i] = n
}

// remove takes out a number that is there, and moves those behind it that would not
// be found any more.
func (s *slots) remove(n uint32, hashOf func(n uint32) uint64) {
	i := s.home(hashOf(n))
	for s.list[i] != n {
		i = s.after(i)
	}
	s.used--
	for hole := i; ; {
		s.list[hole] = 0
		for {
			if i = s.after(i); s.list[i] == 0 {
				return
			}
			// It may stand in the hole if its own place is not between the hole and it.
			if home := s.home(hashOf(s.list[i])); s.distance(home, i) >= s.distance(hole, i) {
				s.list[hole], hole = s.list[i], i
				break
			}
		}
	}
}

// distance is how many steps it is from a slot to another.
func (s *slots) distance(from, to int) int {
	if to < from {
		return to - from + len(s.list)
	}
	return to - from
}
