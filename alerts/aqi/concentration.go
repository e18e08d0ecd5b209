package aqi

import (
	"fmt"
	"math/big"
	"math/bits"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
)

// Concentration is an exact non-negative fraction, in µg/m³, of CO in mg/m³. The zero value is 0. Equal concentrations
// are == to each other.
type Concentration struct{ num, den int64 } // in lowest terms; 0 is {0, 0}

// The limits of what is read.
const (
	MaxConcentration = 100_000 // far above any dust storm, and below what a fault or a wrong unit sends
	MaxPlaces        = 6       // digits after the point that are kept
	micro            = 1_000_000
)

// ParseConcentration reads a plain decimal like 302 or 4.5: digits, and where there is a point, digits on both sides of
// it; no sign, exponent or blank. Digits behind MaxPlaces are rounded half to even: no instrument measures them, and
// they often come from a program's floating point. It refuses with the rules aqi.not_a_number, aqi.negative and
// aqi.too_large, whose argument is value.
func ParseConcentration(s string) (Concentration, error) {
	whole, frac, _ := strings.Cut(s, ".")
	switch {
	case strings.HasPrefix(s, "-") && plain(s[1:]):
		return Concentration{}, refuse("aqi.negative", s)
	case !plain(s):
		return Concentration{}, refuse("aqi.not_a_number", s)
	}
	tail := ""
	if len(frac) > MaxPlaces {
		frac, tail = frac[:MaxPlaces], strings.TrimRight(frac[MaxPlaces:], "0")
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > len(strconv.Itoa(MaxConcentration)) {
		return Concentration{}, refuse("aqi.too_large", s)
	}
	millionths, err := strconv.ParseInt(whole+frac+strings.Repeat("0", MaxPlaces-len(frac)), 10, 64)
	if tail > "5" || tail == "5" && millionths%2 == 1 {
		millionths++
	}
	if err != nil || millionths > MaxConcentration*micro {
		return Concentration{}, refuse("aqi.too_large", s)
	}
	return fraction(millionths, micro), nil
}

// plain reports whether s is a decimal, of any size.
func plain(s string) bool {
	whole, frac, point := strings.Cut(s, ".")
	return digits(whole) && (!point || digits(frac))
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// maxShown is how much of a wrong value an error repeats; whoever sends a megabyte does not get it back.
const maxShown = 40

func refuse(rule, value string) error {
	if r := []rune(value); len(r) > maxShown {
		value = string(r[:maxShown]) + "…"
	}
	return refusal.New(refusal.Invalid, rule, refusal.Args{"value": value, "largest": MaxConcentration})
}

// fraction is num/den in lowest terms.
func fraction(num, den int64) Concentration {
	if num == 0 {
		return Concentration{}
	}
	a, b := num, den
	for b != 0 {
		a, b = b, a%b
	}
	return Concentration{num / a, den / a}
}

// Mean is the exact mean; of none it is zero. Only where means of means have grown a fraction of more than 63 bits it
// is rounded, half to even, to the twelfth place.
func Mean(values []Concentration) Concentration {
	if len(values) == 0 {
		return Concentration{}
	}
	// A value that was read has at most six places, so millionths add up exactly, and no series is long enough to
	// overflow.
	sum := int64(0)
	for _, c := range values {
		den := max(c.den, 1)
		if micro%den != 0 {
			return meanOfFractions(values)
		}
		sum += c.num * (micro / den)
	}
	return fraction(sum, micro*int64(len(values)))
}

func meanOfFractions(values []Concentration) Concentration {
	sum := new(big.Rat)
	for _, c := range values {
		sum.Add(sum, c.rat())
	}
	sum.Quo(sum, big.NewRat(int64(len(values)), 1))
	if sum.Num().IsInt64() && sum.Denom().IsInt64() {
		return fraction(sum.Num().Int64(), sum.Denom().Int64())
	}
	const places = 1_000_000_000_000 // of MaxConcentration they make 10^17, which fits
	return fraction(roundRat(sum.Mul(sum, big.NewRat(places, 1))), places)
}

// roundRat rounds to a whole number, half to even.
func roundRat(r *big.Rat) int64 {
	q, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	n := q.Int64()
	if c := rest.Lsh(rest, 1).Cmp(r.Denom()); c > 0 || c == 0 && n%2 == 1 {
		n++
	}
	return n
}

func (c Concentration) rat() *big.Rat { return big.NewRat(c.num, max(c.den, 1)) }

// Cmp is -1, 0 or 1 as c is less than, equal to or greater than d.
func (c Concentration) Cmp(d Concentration) int {
	ch, cl := bits.Mul64(uint64(c.num), uint64(max(d.den, 1)))
	dh, dl := bits.Mul64(uint64(d.num), uint64(max(c.den, 1)))
	switch {
	case ch < dh || ch == dh && cl < dl:
		return -1
	case ch == dh && cl == dl:
		return 0
	default:
		return 1
	}
}

// round is the nearest whole number of units, perUnit of which make one; half to even (GB/T 8170).
func (c Concentration) round(perUnit int64) int64 {
	den := uint64(max(c.den, 1))
	hi, lo := bits.Mul64(uint64(c.num), uint64(perUnit))
	q, rest := bits.Div64(hi, lo, den) // fits: no concentration is above MaxConcentration
	if rest > den-rest || rest == den-rest && q%2 == 1 {
		q++
	}
	return int64(q)
}

// String is the shortest decimal that is exact, or the nearest of three places where there is none.
func (c Concentration) String() string {
	r := c.rat()
	if places, exact := r.FloatPrec(); exact {
		return r.FloatString(places)
	}
	return decimal(c, 3)
}

// decimal is the nearest decimal of some places, half to even, without trailing zeros.
func decimal(c Concentration, places int) string {
	unit := int64(1)
	for range places {
		unit *= 10
	}
	n := c.round(unit)
	s := strconv.FormatInt(n/unit, 10)
	if frac := strings.TrimRight(fmt.Sprintf("%0*d", places, n%unit), "0"); frac != "" {
		s += "." + frac
	}
	return s
}

// MarshalJSON writes a number of at most MaxPlaces, so that whatever was read is written exactly. A mean that needs
// more is rounded to them; make the index before writing it.
func (c Concentration) MarshalJSON() ([]byte, error) { return []byte(decimal(c, MaxPlaces)), nil }

// UnmarshalJSON reads a number as ParseConcentration does. Null is refused, for it would become a measured zero: leave
// out what was not measured.
func (c *Concentration) UnmarshalJSON(text []byte) error {
	got, err := ParseConcentration(string(text))
	if err == nil {
		*c = got
	}
	return err
}
