package timeline

import (
	"math"
	"math/big"
	"math/bits"
)

// fixed is a whole number of 192 bits in two's complement, lowest word first. It
// counts units of 2^-fraction, see scale. Sums of whole numbers do not depend on
// their order, so that a chart depends on the events alone and not on the order in
// which they were read; and what is added and taken away again leaves nothing, which
// the running sums of a chart rely on.
type fixed [3]uint64

func (a *fixed) add(b *fixed) {
	var carry uint64
	a[0], carry = bits.Add64(a[0], b[0], 0)
	a[1], carry = bits.Add64(a[1], b[1], carry)
	a[2], _ = bits.Add64(a[2], b[2], carry)
}

func (a *fixed) sub(b *fixed) {
	var borrow uint64
	a[0], borrow = bits.Sub64(a[0], b[0], 0)
	a[1], borrow = bits.Sub64(a[1], b[1], borrow)
	a[2], _ = bits.Sub64(a[2], b[2], borrow)
}

func (a fixed) negated() fixed {
	var zero fixed
	zero.sub(&a)
	return zero
}

// times multiplies; what does not fit is lost, as in all sums here that are right
// in the end whatever they were on the way.
func (a fixed) times(n uint64) fixed {
	h0, l0 := bits.Mul64(a[0], n)
	h1, l1 := bits.Mul64(a[1], n)
	var r fixed
	var carry uint64
	r[0] = l0
	r[1], carry = bits.Add64(l1, h0, 0)
	r[2] = a[2]*n + h1 + carry
	return r
}

// over divides a number that is not negative, and drops the rest.
func (a fixed) over(n uint64) fixed {
	var r fixed
	var rest uint64
	r[2], rest = bits.Div64(0, a[2], n)
	r[1], rest = bits.Div64(rest, a[1], n)
	r[0], _ = bits.Div64(rest, a[0], n)
	return r
}

// shifted moves a number that is not negative by so many bits to the left.
func (a fixed) shifted(n uint) fixed {
	words, n := n/64, n%64
	var r fixed
	for i := 2; i >= int(words); i-- {
		r[i] = a[i-int(words)] << n
		if i > int(words) && n > 0 {
			r[i] |= a[i-int(words)-1] >> (64 - n)
		}
	}
	return r
}

func (a fixed) negative() bool { return a[2]>>63 == 1 }

// less compares two numbers that are not negative.
func (a fixed) less(b fixed) bool {
	for i := 2; i >= 0; i-- {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// scale says how many bits of a fixed number stand for the fraction.
type scale struct{ fraction int }

// decimals is where sums are rounded: six digits after the point.
const decimals = 1_000_000

// factor is room for the factors that sums are multiplied by: that of the rounding,
// or as many days as there are in all years, 2^23.
const factor = 24

// scaleFor leaves room for the sum of so many numbers of at most largest. 96 bits of
// fraction, or 10^-29, are left for up to a million measures of 10^15. Beyond 10^30
// there are less than six decimals, which such numbers have not anyway.
func scaleFor(largest float64, numbers int) scale {
	_, exponent := math.Frexp(largest)
	whole := max(exponent, 0) + bits.Len(uint(numbers)) + factor
	return scale{min(96, 190-whole)}
}

// of converts a number that is not negative; what is smaller than a unit is dropped.
func (s scale) of(f float64) fixed {
	if f <= 0 {
		return fixed{}
	}
	mantissa, exponent := math.Frexp(f)
	whole := uint64(math.Ldexp(mantissa, 53))
	shift := exponent - 53 + s.fraction
	switch {
	case shift >= 0:
		return fixed{whole}.shifted(uint(shift))
	case shift > -64:
		return fixed{whole >> uint(-shift)}
	}
	return fixed{}
}

// float gives the number, rounded to six decimals, halves up. A number just below a
// half is taken for one: shares such as 1/640 end in a half but not in binary.
func (s scale) float(a fixed) float64 {
	if a.negative() { // less than a rounding below nothing
		return 0
	}
	if s.fraction < 48 { // see scaleFor
		f, _ := new(big.Float).SetMantExp(new(big.Float).SetInt(a.big()), -s.fraction).Float64()
		return min(f, math.MaxFloat64)
	}
	if whole, ok := a.whole(uint(s.fraction)); ok { // counts of events are
		return whole
	}
	n := a.times(decimals)
	half, almost := fixed{1}.shifted(uint(s.fraction-1)), fixed{1}.shifted(uint(s.fraction-20))
	n.add(&half)
	n.add(&almost)
	n = n.floor(uint(s.fraction))
	if n[1]|n[2] == 0 && n[0] < 1<<53 {
		return float64(n[0]) / decimals
	}
	f, _ := new(big.Rat).SetFrac(n.big(), big.NewInt(decimals)).Float64()
	return min(f, math.MaxFloat64)
}

// whole gives the number that is not negative where nothing is left of its fraction of 64
// to 127 bits, and it is no larger than a float can count to.
func (a fixed) whole(fraction uint) (f float64, ok bool) {
	n := fraction - 64
	if fraction < 64 || n > 63 || a[0] != 0 || a[1]<<(64-n) != 0 || a[2]>>n != 0 {
		return 0, false
	}
	whole := a[1]>>n | a[2]<<(64-n)
	return float64(whole), whole < 1<<53
}

// floor drops so many bits at the right of a number that is not negative.
func (a fixed) floor(n uint) fixed {
	words, n := n/64, n%64
	var r fixed
	for i := 0; i+int(words) < 3; i++ {
		r[i] = a[i+int(words)] >> n
		if i+int(words) < 2 && n > 0 {
			r[i] |= a[i+int(words)+1] << (64 - n)
		}
	}
	return r
}

func (a fixed) big() *big.Int {
	n := new(big.Int)
	for i := 2; i >= 0; i-- {
		n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(a[i]))
	}
	return n
}
