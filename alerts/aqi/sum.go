package aqi

import (
	"math/big"
	"math/bits"
)

// Sum adds concentrations up exactly. Sums of stretches are differences of two of them, so that a moving mean costs the
// same however long the series is: only the stretch, not what came before it, must fit.
type Sum struct{ units int64 } // wraps around; differences do not mind

// perSum is what a Sum counts in: millionths of what 1 to 16 values share, so that the mean of up to 16 stations, more
// than a district has, still adds up exactly. A day of MaxConcentration fits.
const perSum = 720_720 * micro

// Add is the sum with one more value. The mean of more than 16 is rounded, half to even, below the hundred-billionth.
func (s Sum) Add(c Concentration) Sum {
	den := max(c.den, 1)
	if perSum%den == 0 {
		return Sum{s.units + c.num*(perSum/den)}
	}
	return Sum{s.units + roundRat(new(big.Rat).Mul(c.rat(), big.NewRat(perSum, 1)))}
}

// Sub is what was added since before.
func (s Sum) Sub(before Sum) Sum { return Sum{s.units - before.units} }

// Over is the mean of n values that make the sum; n is at least 1.
func (s Sum) Over(n int) Concentration { return fraction(s.units, perSum*int64(n)) }

// Whole is n units, n being 0 or more.
func Whole(n int) Concentration { return fraction(int64(n), 1) }

// Ceil is the smallest whole number that is not less.
func (c Concentration) Ceil() int {
	q, rest := bits.Div64(0, uint64(c.num), uint64(max(c.den, 1)))
	if rest > 0 {
		q++
	}
	return int(q)
}
