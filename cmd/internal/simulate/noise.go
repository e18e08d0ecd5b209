package simulate

import "hash/fnv"

// Everything that looks like chance is a hash of a seed, a name and a time. So a value depends on nothing but when
// it is of: what is asked for later, after a restart or in another order is what was sent.

// stream is a source of chance with a name.
type stream uint64

// of is the stream of a name below a seed.
func of(seed uint64, name string) stream {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash takes everything
	return stream(mix(seed ^ mix(h.Sum64())))
}

// mix is the finaliser of splitmix64: each bit of x changes half of the bits that come out.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// bits are those of one number.
func (s stream) bits(k int64) uint64 { return mix(uint64(s) ^ mix(uint64(k))) }

// unit is between 0 and 1, and never 1.
func (s stream) unit(k int64) float64 { return float64(s.bits(k)>>11) / (1 << 53) }

// swing is between -1 and 1.
func (s stream) swing(k int64) float64 { return 2*s.unit(k) - 1 }

// smooth is between -1 and 1 and moves from one value to the next within every seconds.
func (s stream) smooth(at, every int64) float64 {
	k, rest := divide(at, every)
	f := float64(rest) / float64(every)
	a, b := s.swing(k), s.swing(k+1)
	return a + (b-a)*f*f*(3-2*f)
}

// divide rounds down, and so rest is never negative.
func divide(a, b int64) (quotient, rest int64) {
	quotient, rest = a/b, a%b
	if rest < 0 {
		quotient, rest = quotient-1, rest+b
	}
	return quotient, rest
}
