package columns

// slots find numbers by a hash of what they stand for: open addressing with linear
// probing. 0 marks an empty slot, so that no number is 0. Whoever has the slots knows
// what the numbers stand for; here they are 4 bytes each, at most four fifths of
// the slots full.
type slots struct {
	list []uint32
	used int
}

// find gives the number of hash that is the one looked for.
func (s *slots) find(hash uint64, is func(n uint32) bool) (uint32, bool) {
	if s.used == 0 {
		return 0, false
	}
	mask := uint64(len(s.list) - 1)
	for i := hash & mask; s.list[i] != 0; i = (i + 1) & mask {
		if is(s.list[i]) {
			return s.list[i], true
		}
	}
	return 0, false
}

// insert adds a number that is not there.
func (s *slots) insert(n uint32, hashOf func(n uint32) uint64) {
	if 5*(s.used+1) > 4*len(s.list) {
		old := s.list
		s.list = make([]uint32, max(16, 2*len(old)))
		for _, m := range old {
			if m != 0 {
				s.place(m, hashOf(m))
			}
		}
	}
	s.place(n, hashOf(n))
	s.used++
}

func (s *slots) place(n uint32, hash uint64) {
	mask := uint64(len(s.list) - 1)
	i := hash & mask
	for s.list[i] != 0 {
		i = (i + 1) & mask
	}
	s.list[i] = n
}

// remove takes out a number that is there, and moves those behind it that would not
// be found any more.
func (s *slots) remove(n uint32, hashOf func(n uint32) uint64) {
	mask := uint64(len(s.list) - 1)
	i := hashOf(n) & mask
	for s.list[i] != n {
		i = (i + 1) & mask
	}
	for hole := i; ; {
		s.list[hole] = 0
		for {
			i = (i + 1) & mask
			if s.list[i] == 0 {
				s.used--
				return
			}
			// It may stand in the hole if its own place is not between the hole and it.
			if home := hashOf(s.list[i]) & mask; (i-home)&mask >= (i-hole)&mask {
				s.list[hole], hole = s.list[i], i
				break
			}
		}
	}
}
