package allocate

import (
	"cmp"
	"math"
	"slices"
)

// A mode is one way in which a unit that is on may run: a range of load with one factor of emission. In a mode its
// power P and heat H are any point of the polygon lo ≤ P ≤ hi, 0 ≤ H ≤ heat, P + lost·H ≤ top, at the convex cost fixed
// + b·P + c·P² + d·H of one step.
type mode struct {
	lo, hi, top, lost, heat float64
	fixed, b, c, d          float64
}

func (m *mode) cost(p, h float64) float64 { return m.fixed + p*(m.b+p*m.c) + m.d*h }

// freeHeat is the heat that a unit gives at load p before it has to come down.
func (m *mode) freeHeat(p float64) float64 {
	if m.lost == 0 {
		return m.heat
	}
	return max(0, min(m.heat, (m.top-p)/m.lost))
}

// point is the dispatch of one step at one price of power: the cheapest P and H of every unit with the heat in balance.
type point struct {
	lambda, mu float64
	p, h       []float64
	power      float64 // ΣP
	cost       float64 // Σcost
}

func (x *point) copyFrom(y *point) {
	x.lambda, x.mu, x.power, x.cost = y.lambda, y.mu, y.power, y.cost
	x.p, x.h = append(x.p[:0], y.p...), append(x.h[:0], y.h...)
}

// dispatcher solves the convex dispatch of units in given modes. It holds the buffers of one solve.
type dispatcher struct {
	modes      []*mode
	load, free []float64 // the load that is best without heat, and the heat free at it
	m2, m2end  []float64 // marginal cost of heat beyond the free heat, at its beginning and end
	marks      []float64
	left, mid  point
	right      point
}

// reaches reports whether any dispatch of these modes meets the demand, and by how much heat and power fall short.
// Power costs never less than nothing, so only the least power can exceed the upper end of the window.
func (d *dispatcher) reaches(ms []*mode, want demand) bool {
	heat := 0.0
	for _, m := range ms {
		heat += m.heat
	}
	if leastPower(ms) > want.powerMax+slack(want.powerMax) || heat < want.heat-slack(want.heat) {
		return false
	}
	return mostPower(ms, want.heat) >= want.powerMin-slack(want.powerMin)
}

// shortOf is by how much a demand has to be less (or the most power more) in one of its parts for these modes to meet
// it, and whether they can meet the others at all.
func (d *dispatcher) shortOf(ms []*mode, want demand, part string) (short float64, can bool) {
	rest := want
	switch part {
	case "heat":
		rest.heat, short = 0, want.heat-mostHeat(ms, want.powerMin)
	case "power_min":
		rest.powerMin, short = 0, want.powerMin-mostPower(ms, want.heat)
	case "power_max":
		rest.powerMax, short = math.Inf(1), leastPower(ms)-want.powerMax
	}
	return short, d.reaches(ms, rest)
}

func leastPower(ms []*mode) (power float64) {
	for _, m := range ms {
		power += m.lo
	}
	return power
}

// mostHeat is the most heat beside this power, taken where it costs least power first.
func mostHeat(ms []*mode, power float64) (heat float64) {
	for _, m := range ms {
		power -= m.hi
		heat += m.freeHeat(m.hi)
	}
	dear := slices.Clone(ms)
	slices.SortFunc(dear, func(a, b *mode) int { return cmp.Compare(a.lost, b.lost) })
	for _, m := range dear {
		if more := m.heat - m.freeHeat(m.hi); more > 0 { // lost is above nothing
			more = min(more, max(0, -power)/m.lost)
			heat, power = heat+more, power+more*m.lost
		}
	}
	return heat
}

// slack is what rounding may do to a sum of loads.
func slack(v float64) float64 { return 1e-11 * (1 + math.Abs(v)) }

// mostPower is the largest power beside this heat.
func mostPower(ms []*mode, heat float64) (power float64) {
	for _, m := range ms {
		power += m.hi
		heat -= m.freeHeat(m.hi)
	}
	return power - powerLost(ms, heat)
}

// powerLost is what heat beyond the free heat costs in power, where it costs least first.
func powerLost(ms []*mode, heat float64) (loss float64) {
	for l := -1.0; heat > 0; {
		next := math.Inf(1)
		for _, m := range ms {
			if m.lost > l && m.lost < next && m.heat > m.freeHeat(m.hi) {
				next = m.lost
			}
		}
		if math.IsInf(next, 1) {
			return loss
		}
		for _, m := range ms {
			if m.lost == next {
				part := max(0, min(heat, m.heat-m.freeHeat(m.hi)))
				loss += part * next
				heat -= part
			}
		}
		l = next
	}
	return loss
}

// solve finds the cheapest dispatch that gives at least power and exactly heat; the caller knows that there is one. The
// price of power is the only thing to be searched for: at a price, the dispatch with the heat in balance is found
// exactly (balance), and the power it gives grows with the price. The search ends when the mix of the two dispatches
// left and right of the target costs what their duals prove to be least. The answer lies in d.mid, its cost is
// returned.
func (d *dispatcher) solve(ms []*mode, power, heat float64) float64 {
	d.modes = ms
	if len(ms) == 0 { // nothing runs, which is all there is where nothing is demanded
		d.mid.copyFrom(&point{})
		return 0
	}
	d.balance(0, heat, &d.left)
	if d.left.power >= power {
		d.mid.copyFrom(&d.left)
		return d.mid.cost
	}
	step := 1e-6
	for _, m := range ms {
		step = max(step, m.b+2*m.c*m.hi)
	}
	price := step
	for range 80 {
		d.balance(price, heat, &d.right)
		if d.right.power >= power {
			break
		}
		d.left, d.right = d.right, d.left
		price *= 2
	}
	if d.right.power < power { // the target is the very most that there is, up to rounding
		d.mid.copyFrom(&d.left)
		return d.mid.cost
	}
	for round := 0; round < 200 && !d.closed(power); round++ {
		price = d.tangents(power)
		if round%2 == 1 { // where cost is quadratic, the straight line between the powers hits at once
			price = d.left.lambda + (d.right.lambda-d.left.lambda)*(power-d.left.power)/(d.right.power-d.left.power)
		}
		if price <= d.left.lambda || price >= d.right.lambda {
			price = (d.left.lambda + d.right.lambda) / 2
			if price <= d.left.lambda || price >= d.right.lambda {
				break
			}
		}
		d.balance(price, heat, &d.mid)
		if d.mid.power < power {
			d.left, d.mid = d.mid, d.left
		} else {
			d.right, d.mid = d.mid, d.right
		}
	}
	return d.mix(power)
}

// dual is the lower bound that a point proves for the target.
func (x *point) dual(power float64) float64 { return x.cost + x.lambda*(power-x.power) }

// tangents is the price at which the two tangents of the dual meet.
func (d *dispatcher) tangents(power float64) float64 {
	l, r := &d.left, &d.right
	sl, sr := power-l.power, power-r.power
	if sl == sr {
		return math.NaN()
	}
	return (r.dual(power) - l.dual(power) + l.lambda*sl - r.lambda*sr) / (sl - sr)
}

// closed reports whether the mix of left and right is proved to be cheapest.
func (d *dispatcher) closed(power float64) bool {
	if d.right.power == power {
		return true
	}
	bound := max(d.left.dual(power), d.right.dual(power))
	return d.mix(power) <= bound+1e-13*(1+math.Abs(bound))
}

// mix puts the point between left and right that gives exactly the power into d.mid. Both balance the heat and lie in
// the convex polygons of their units, so it does as well.
func (d *dispatcher) mix(power float64) float64 {
	l, r := &d.left, &d.right
	x := 1.0
	if r.power > l.power {
		x = (power - l.power) / (r.power - l.power)
	}
	d.mid.copyFrom(r)
	if l.dual(power) > r.dual(power) {
		d.mid.lambda, d.mid.mu = l.lambda, l.mu
	}
	d.mid.cost, d.mid.power = 0, 0
	for i, m := range d.modes {
		p := l.p[i] + x*(r.p[i]-l.p[i])
		h := l.h[i] + x*(r.h[i]-l.h[i])
		p = min(max(p, m.lo), m.hi)
		d.mid.p[i], d.mid.h[i] = p, h
		d.mid.cost += m.cost(p, h)
		d.mid.power += p
	}
	return d.mid.cost
}

// balance finds the cheapest dispatch at a price of power with the heat in balance. At the price each unit has a best
// load; heat up to freeHeat costs d a GJ, and heat beyond it the power given up as well, which makes a marginal cost
// that is piecewise linear and never falls. So the marginal cost at which the units together give the heat is found by
// going through the ends of its pieces.
func (d *dispatcher) balance(lambda, heat float64, out *point) {
	n := len(d.modes)
	d.load, d.free, d.m2, d.m2end = grow(d.load, n), grow(d.free, n), grow(d.m2, n), grow(d.m2end, n)
	d.marks = d.marks[:0]
	for i, m := range d.modes {
		p := m.lo
		switch {
		case m.c > 0:
			p = min(max((lambda-m.b)/(2*m.c), m.lo), m.hi)
		case lambda > m.b:
			p = m.hi
		}
		d.load[i], d.free[i] = p, m.freeHeat(p)
		d.m2[i] = m.d + m.lost*(lambda-m.b-2*m.c*p)
		d.m2end[i] = m.d + m.lost*(lambda-m.b-2*m.c*(m.top-m.lost*m.heat))
		d.m2[i] = max(d.m2[i], m.d) // rounding
		d.m2end[i] = max(d.m2end[i], d.m2[i])
		d.marks = append(d.marks, m.d)
		if d.free[i] < m.heat {
			d.marks = append(d.marks, d.m2[i], d.m2end[i])
		}
	}
	slices.Sort(d.marks)
	mu := d.price(heat)
	out.lambda, out.mu = lambda, mu
	out.p, out.h = grow(out.p, n), grow(out.h, n)
	d.fill(mu, heat, out)
}

// price is the marginal cost of heat at which it balances.
func (d *dispatcher) price(heat float64) float64 {
	k, _ := slices.BinarySearchFunc(d.marks, heat, func(mu, heat float64) int {
		if d.heatAt(mu, true) >= heat {
			return 1
		}
		return -1
	})
	if k == len(d.marks) {
		return d.marks[k-1]
	}
	below := d.heatAt(d.marks[k], false)
	if below <= heat || k == 0 {
		return d.marks[k]
	}
	a, h := d.marks[k-1], d.heatAt(d.marks[k-1], true)
	if below <= h {
		return d.marks[k]
	}
	return a + (heat-h)/(below-h)*(d.marks[k]-a)
}

// heatAt is the least or most heat that is cheapest at a marginal cost.
func (d *dispatcher) heatAt(mu float64, most bool) (sum float64) {
	for i := range d.modes {
		sum += d.unitHeat(i, mu, most)
	}
	return sum
}

func (d *dispatcher) unitHeat(i int, mu float64, most bool) float64 {
	m := d.modes[i]
	switch {
	case mu < m.d || mu == m.d && !most:
		return 0
	case mu < d.m2[i] || mu == d.m2[i] && !most || d.free[i] >= m.heat:
		return d.free[i]
	case mu > d.m2end[i] || mu == d.m2end[i] && most:
		return m.heat
	case d.m2end[i] == d.m2[i]: // flat and not most
		return d.free[i]
	}
	return d.free[i] + (mu-d.m2[i])/(d.m2end[i]-d.m2[i])*(m.heat-d.free[i])
}

// fill gives each unit its heat at the marginal cost mu, and where several would take the same, the first ones the
// rest. The rest that rounding of the marginal cost leaves goes to units next to it in cost, and at last to any.
func (d *dispatcher) fill(mu, heat float64, out *point) {
	rest, n := heat, len(d.modes)
	for i := range d.modes {
		out.h[i] = d.unitHeat(i, mu, false)
		rest -= out.h[i]
	}
	move := func(i int, least, most float64) {
		h := min(max(out.h[i]+rest, least), most)
		rest -= h - out.h[i]
		out.h[i] = h
	}
	for i := 0; i < n && rest > 0; i++ {
		move(i, out.h[i], max(out.h[i], d.unitHeat(i, mu, true)))
	}
	near := 1e-9 * math.Abs(mu)
	for i, m := range d.modes {
		if rest != 0 && d.free[i] < m.heat && d.m2[i] <= mu+near && d.m2end[i] >= mu-near {
			move(i, min(out.h[i], d.free[i]), m.heat)
		}
	}
	for i := 0; i < n && rest != 0; i++ {
		move(i, 0, d.modes[i].heat)
	}
	out.power, out.cost = 0, 0
	for i, m := range d.modes {
		p := d.load[i]
		if out.h[i] > d.free[i] {
			p = max(m.lo, m.top-m.lost*out.h[i])
		}
		out.p[i] = p
		out.power += p
		out.cost += m.cost(p, out.h[i])
	}
}

func grow(v []float64, n int) []float64 {
	if cap(v) < n {
		return make([]float64, n)
	}
	return v[:n]
}
