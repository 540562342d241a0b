package columns

import "math"

// column is the numbers of a dictionary that is small as a rule, two bytes each until
// one comes that needs four. Where all are 0 it is empty.
type column struct {
	narrow []uint16
	wide   []uint32
}

// none tells that all numbers are 0.
func (c *column) none() bool { return c.narrow == nil && c.wide == nil }

func (c *column) at(i uint16) uint32 {
	switch {
	case c.narrow != nil:
		return uint32(c.narrow[i])
	case c.wide != nil:
		return c.wide[i]
	}
	return 0
}

// reserve makes the column, which has n numbers, able to hold a number.
func (c *column) reserve(number uint32, n int) {
	switch {
	case c.none() && number != 0:
		c.narrow = make([]uint16, n, room(n))
		c.reserve(number, n)
	case c.narrow != nil && number > math.MaxUint16:
		c.wide = make([]uint32, n, room(n))
		for i, v := range c.narrow {
			c.wide[i] = uint32(v)
		}
		c.narrow = nil
	}
}

// add adds a number behind the n that are there.
func (c *column) add(number uint32, n int) {
	c.reserve(number, n)
	switch {
	case c.narrow != nil:
		c.narrow = append(c.narrow, uint16(number))
	case c.wide != nil:
		c.wide = append(c.wide, number)
	}
}

// set sets one of the n numbers that are there.
func (c *column) set(i int, number uint32, n int) {
	c.reserve(number, n)
	switch {
	case c.narrow != nil:
		c.narrow[i] = uint16(number)
	case c.wide != nil:
		c.wide[i] = number
	}
}

// cut takes the last of n numbers away.
func (c *column) cut(n int) {
	switch {
	case c.narrow != nil:
		c.narrow = c.narrow[:n-1]
	case c.wide != nil:
		c.wide = c.wide[:n-1]
	}
}

func (c *column) bytes() int { return 2*cap(c.narrow) + 4*cap(c.wide) }

// among leaves the places whose number is in the set.
func (c *column) among(places []uint16, set bits) []uint16 {
	switch {
	case set == nil:
		return places
	case c.narrow != nil:
		return among(places, c.narrow, set)
	case c.wide != nil:
		return among(places, c.wide, set)
	case set.has(0):
		return places
	}
	return nil
}

func among[T uint16 | uint32](places []uint16, numbers []T, set bits) []uint16 {
	if set == nil {
		return places
	}
	n := 0
	for _, p := range places {
		number := numbers[p]
		places[n] = p
		n += int(set[number/64] >> (number % 64) & 1)
	}
	return places[:n]
}

// count adds the sign to the count of each number at some places.
func (c *column) count(counts []int32, places []uint16, sign int) {
	switch {
	case c.narrow != nil:
		count(counts, c.narrow, places, sign)
	case c.wide != nil:
		count(counts, c.wide, places, sign)
	default:
		counts[0] += int32(sign * len(places))
	}
}

func count[T uint16 | uint32](counts []int32, numbers []T, places []uint16, sign int) {
	for _, p := range places {
		counts[numbers[p]] += int32(sign)
	}
}

// room is how much a new column of n numbers is made for.
func room(n int) int { return min(max(2*n, 16), chunkSize) }
