package allocate

import (
	"math"
	"math/bits"
	"slices"
)

// commitment is the question which units are on when, apart from what a set of units costs in a step: that is asked of
// costs. It is common to searching for the least cost and for any plan at all.
type commitment struct {
	states
	costs     *stepCosts
	class     []int // of a step: the table of costs that holds
	startCost []float64

	starts []float64 // by set: what starting all of them costs

	// The Lagrangian of bound. Both parts know the best completion of a plan that is known up to a step.
	price [][]float64 // by step and unit
	joint [][]float64 // by step+1 and set
	alone []alone     // by unit: what its prices make of it, no cost and no start counted
}

// classes puts each step into the class of its demand, and returns the demand of each class.
func (c *commitment) classes(of func(t int) demand) (wants []demand) {
	for t := range c.steps {
		d := of(t)
		k := slices.Index(wants, d)
		if k < 0 {
			k, wants = len(wants), append(wants, d)
		}
		c.class = append(c.class, k)
	}
	return wants
}

func (c *commitment) prepare() {
	c.starts = make([]float64, 1<<c.n)
	for x := 1; x < len(c.starts); x++ {
		c.starts[x] = c.starts[x&(x-1)] + c.startCost[bits.TrailingZeros(uint(x))]
	}
	c.price, c.joint = make([][]float64, c.steps), make([][]float64, c.steps+1)
	for t := range c.price {
		c.price[t] = make([]float64, c.n)
	}
	for t := range c.joint {
		c.joint[t] = make([]float64, 1<<c.n)
	}
	c.alone = make([]alone, c.n)
	for i := range c.n {
		c.alone[i] = newAlone(c.steps, &c.machines[i], func(t int) float64 { return -c.price[t][i] },
			func(int) float64 { return 0 })
	}
}

// step is a set's cost in a step and the prices of its units.
func (c *commitment) jointStep(t int, values []float64) {
	cost, next := c.costs.cost[c.class[t]], c.joint[t+1]
	prices := c.price[t]
	values[0] = 0
	for x := 1; x < len(values); x++ {
		values[x] = values[x&(x-1)] + prices[bits.TrailingZeros(uint(x))]
	}
	shut := ^c.allowed(t)
	for x := range values {
		if set(x)&shut != 0 {
			values[x] = math.Inf(1)
			continue
		}
		values[x] += cost[x] + next[x]
	}
}

// bound is a lower bound of every plan. The plan is thought of twice: once as one row of sets that knows the cost of
// every step and start but no minimum times, once as one row of states for each unit alone that knows the minimum times
// and no cost. The two need not be the same: each difference is paid for by price. Each part is solved exactly by going
// backwards over the steps, and the values on the way bound what is still to come from any state on (rest).
func (c *commitment) bound() float64 {
	for t := c.steps - 1; t >= 0; t-- {
		v := c.joint[t]
		c.jointStep(t, v)
		for i := range c.n { // from a set after a step to one in the next: each unit may start, or stop for nothing
			bit, start := 1<<i, c.startCost[i]
			for x := range v {
				if x&bit == 0 {
					off, on := v[x], v[x|bit]
					v[x] = min(off, on+start)
					v[x|bit] = min(off, on)
				}
			}
		}
	}
	sum := c.joint[0][c.first]
	for i := range c.n {
		sum += c.alone[i].value()
	}
	return sum
}

// follow goes along the row of sets that bound found least, and makes the cost of its steps exact. It reports how many
// were not: when none, bound is exact for the row.
func (c *commitment) follow(row []set) (changed int) {
	at := c.first
	v := make([]float64, 1<<c.n)
	for t := range c.steps {
		c.jointStep(t, v)
		best, least := set(0), math.Inf(1)
		for x := range v {
			if w := v[x] + c.starts[set(x)&^at]; w < least {
				best, least = set(x), w
			}
		}
		k := c.class[t]
		if !c.costs.exact[k][best] {
			changed++
			c.costs.of(k, best)
		}
		row[t], at = best, best
	}
	return changed
}

// followUnits goes along the rows of the units alone.
func (c *commitment) followUnits(row []set) {
	clear(row)
	for i := range c.n {
		c.alone[i].follow(func(t int) { row[t] |= 1 << i })
	}
}

// row reports what a row of sets costs, or +Inf where it breaks a minimum time.
func (c *commitment) row(row []set) (sum float64) {
	at := c.begin()
	for t, x := range row {
		next, may := c.next(&at, t, x)
		if x&^c.allowed(t) != 0 || !may {
			return math.Inf(1)
		}
		sum += c.starts[x&^at.x] + c.costs.of(c.class[t], x)
		at = next
	}
	return sum
}

// separates tries to prove that there is no row of the first steps at all: with every cost nothing, a bound above
// nothing says so. The prices are moved as a perceptron's, one for each difference of the two halves. plan is a row
// that came out of it on the way.
func (c *commitment) separates(steps, rounds int, by patience) (impossible bool, plan []set) {
	z := &commitment{states: c.states, class: c.class, startCost: make([]float64, c.n), costs: c.costs.free()}
	z.steps = steps
	z.prepare()
	rows, units := make([]set, steps), make([]set, steps)
	for range rounds {
		if by.over() {
			return false, nil
		}
		if z.bound() > 1e-9 {
			return true, nil
		}
		z.follow(rows)
		z.followUnits(units)
		same := true
		for t := range rows {
			for i := range c.n {
				switch a, b := rows[t].has(i), units[t].has(i); {
				case a && !b:
					z.price[t][i]++
					same = false
				case b && !a:
					z.price[t][i]--
					same = false
				}
			}
		}
		if same || !math.IsInf(z.row(rows), 1) {
			return false, rows
		}
		if !math.IsInf(z.row(units), 1) {
			return false, units
		}
	}
	return false, nil
}

// free are the same tables with every cost zero, except for sets that cannot meet their demand.
func (s *stepCosts) free() *stepCosts {
	f := &stepCosts{wants: s.wants}
	for k := range s.cost {
		cost, exact := make([]float64, len(s.cost[k])), make([]bool, len(s.cost[k]))
		for x, v := range s.cost[k] {
			exact[x] = true
			if math.IsInf(v, 1) {
				cost[x] = v
			}
		}
		f.cost, f.exact = append(f.cost, cost), append(f.exact, exact)
	}
	return f
}
