package allocate

import "math"

// pwl is a convex piecewise linear function on a closed interval: its value at the left end, and pieces of growing
// slope.
type pwl struct {
	x, y   float64
	pieces []piece
}

type piece struct{ long, slope float64 }

// end is the right end of the interval.
func (f *pwl) end() float64 {
	x := f.x
	for _, p := range f.pieces {
		x += p.long
	}
	return x
}

// flat is nothing on the interval of f.
func (f *pwl) flat() pwl { return nothing(f.x, f.end()) }

// nothing is zero on an interval.
func nothing(low, high float64) pwl { return pwl{x: low, pieces: []piece{{high - low, 0}}} }

// fuzz is what a level of that size may be off by.
func fuzz(level float64) float64 { return 1e-9 + 1e-15*math.Abs(level) }

// at is the value at x, and +Inf outside.
func (f *pwl) at(x float64) float64 {
	fuzz := fuzz(x)
	if x < f.x-fuzz {
		return math.Inf(1)
	}
	at, y := f.x, f.y
	for _, p := range f.pieces {
		if x <= at+p.long {
			return y + max(0, x-at)*p.slope
		}
		at, y = at+p.long, y+p.long*p.slope
	}
	if x > at+fuzz {
		return math.Inf(1)
	}
	return y
}

// add appends a piece, joined to the last one of the same slope.
func (f *pwl) add(long, slope float64) {
	if long <= 0 {
		return
	}
	if n := len(f.pieces); n > 0 && f.pieces[n-1].slope == slope {
		f.pieces[n-1].long += long
		return
	}
	f.pieces = append(f.pieces, piece{long, slope})
}

// plus is the least sum f(u) + g(x−u): their pieces in order of slope (the infimal convolution).
func (f *pwl) plus(g *pwl) pwl {
	out := pwl{x: f.x + g.x, y: f.y + g.y, pieces: make([]piece, 0, len(f.pieces)+len(g.pieces))}
	if len(f.pieces)+len(g.pieces) == 0 {
		return out
	}
	i, j := 0, 0
	for i < len(f.pieces) || j < len(g.pieces) {
		if j == len(g.pieces) || i < len(f.pieces) && f.pieces[i].slope <= g.pieces[j].slope {
			out.add(f.pieces[i].long, f.pieces[i].slope)
			i++
		} else {
			out.add(g.pieces[j].long, g.pieces[j].slope)
			j++
		}
	}
	return out
}

// clip narrows the interval, in place. It reports whether anything is left.
func (f *pwl) clip(low, high float64) bool {
	end := f.end()
	if end < low-fuzz(low) || f.x > high+fuzz(high) {
		return false
	}
	for len(f.pieces) > 0 && f.x < low {
		p := &f.pieces[0]
		cut := min(p.long, low-f.x)
		f.x, f.y, p.long = f.x+cut, f.y+cut*p.slope, p.long-cut
		if p.long > 0 {
			break
		}
		f.pieces = f.pieces[1:]
	}
	for n := len(f.pieces); n > 0 && end > high; n-- {
		p := &f.pieces[n-1]
		cut := min(p.long, end-high)
		end, p.long = end-cut, p.long-cut
		if p.long > 0 {
			break
		}
		f.pieces = f.pieces[:n-1]
	}
	return true
}

// atMost clips the interval to where f is at most v, in place. It reports whether anything is left.
func (f *pwl) atMost(v float64) bool {
	x, y, low, high := f.x, f.y, math.Inf(1), math.Inf(-1)
	see := func(x float64) { low, high = min(low, x), max(high, x) }
	if y <= v {
		see(x)
	}
	for _, p := range f.pieces {
		next := y + p.long*p.slope
		if (y < v) != (next < v) {
			see(x + (v-y)/p.slope)
		}
		if x, y = x+p.long, next; y <= v {
			see(x)
		}
	}
	return low <= high && f.clip(low, high)
}

// leastSum is the least of f + g where both are, and where it lies.
func leastSum(f, g *pwl) (x, y float64) {
	x, y = math.NaN(), math.Inf(1)
	low, high := max(f.x, g.x), min(f.end(), g.end())
	if low > high+fuzz(high) {
		return x, y
	}
	a, b := walk{f: f, x: f.x, y: f.y}, walk{f: g, x: g.x, y: g.y}
	a.to(low)
	b.to(low)
	for x, y = low, a.y+b.y; x < high; {
		da, sa := a.ahead()
		db, sb := b.ahead()
		if sa+sb >= 0 {
			return x, y
		}
		step := min(da, db, high-x)
		x += step
		a.to(x)
		b.to(x)
		y = a.y + b.y
		if step <= 0 {
			return x, y
		}
	}
	return x, y
}

// walk goes along a function from left to right.
type walk struct {
	f    *pwl
	i    int
	from float64 // how far into piece i
	x, y float64
}

// ahead is how far the piece goes on from here, and its slope.
func (w *walk) ahead() (long, slope float64) {
	for w.i < len(w.f.pieces) {
		if p := w.f.pieces[w.i]; p.long-w.from > 1e-9+1e-14*math.Abs(w.x) { // a step that x can tell
			return p.long - w.from, p.slope
		}
		w.y += (w.f.pieces[w.i].long - w.from) * w.f.pieces[w.i].slope
		w.i, w.from = w.i+1, 0
	}
	return math.Inf(1), 0
}

func (w *walk) to(x float64) {
	for w.x < x && w.i < len(w.f.pieces) {
		p := w.f.pieces[w.i]
		step := min(p.long-w.from, x-w.x)
		w.x, w.y, w.from = w.x+step, w.y+step*p.slope, w.from+step
		if w.from < p.long {
			break
		}
		w.i, w.from = w.i+1, 0
	}
	w.x = max(w.x, x)
}

// below says what is left of g's interval where f is above g, or not defined, between low and high; low > high says
// that f is nowhere above g.
func (f *pwl) below(g *pwl) (low, high float64) {
	low, high = g.x, g.end()
	if high-low < 1e-9 {
		if f.at(low) <= g.y+tiny(g.y) {
			return math.Inf(1), math.Inf(-1)
		}
		return low, low + 1e-9
	}
	end := f.end()
	if f.x <= low+1e-9 { // f covers the left end
		low = cross(f, g, low, min(high, end), false)
	}
	if end >= high-1e-9 && low < high {
		high = cross(f, g, high, max(low, f.x), true)
	}
	if low >= high {
		return math.Inf(1), math.Inf(-1)
	}
	return low, high
}

func tiny(v float64) float64 { return 1e-12 * (1 + math.Abs(v)) }

// cross goes from one end of an interval to the other as long as f is not above g, and says how far.
func cross(f, g *pwl, from, to float64, leftward bool) float64 {
	d := func(x float64) float64 { return f.at(x) - g.at(x) }
	slack := tiny(g.y)
	if !(d(from) <= slack) {
		return from
	}
	at, diff := from, d(from)
	for {
		next := to
		for _, h := range []*pwl{f, g} {
			x := h.x
			for i := 0; i <= len(h.pieces); i++ {
				if leftward && x < at && x > next || !leftward && x > at && x < next {
					next = x
				}
				if i < len(h.pieces) {
					x += h.pieces[i].long
				}
			}
		}
		nd := d(next)
		if !(nd <= slack) {
			if math.IsInf(nd, 1) || nd == diff {
				return at
			}
			return at + (next-at)*min(1, max(0, (slack-diff)/(nd-diff)))
		}
		if next == to {
			return to
		}
		at, diff = next, nd
	}
}
