package allocate

import (
	"cmp"
	"math"
	"slices"
)

// A stage is what can leave the pit in one step and what that costs: a least amount, and parts that may follow,
// cheapest first.
type stage struct {
	in    float64 // t that come in
	base  float64 // t that leave at least
	cost  float64 // of those
	parts []part
}

// part is an amount that may leave at a cost a tonne. who is the furnace, or divertPart.
type part struct {
	long, cost float64
	who        int
}

const divertPart = -1

func (s *stage) sort() {
	slices.SortStableFunc(s.parts, func(a, b part) int { return cmp.Compare(a.cost, b.cost) })
}

// change is the cost as a function of how much the pit rises in the step.
func (s *stage) change() pwl {
	f := pwl{x: s.in - s.base, y: s.cost, pieces: make([]piece, 0, len(s.parts))}
	for i := len(s.parts) - 1; i >= 0; i-- {
		p := s.parts[i]
		f.x, f.y = f.x-p.long, f.y+p.long*p.cost
		f.add(p.long, -p.cost)
	}
	return f
}

// taken is the cost as a function of how much the pit falls.
func (s *stage) taken() pwl {
	f := pwl{x: s.base - s.in, y: s.cost, pieces: make([]piece, 0, len(s.parts))}
	for _, p := range s.parts {
		f.add(p.long, p.cost)
	}
	return f
}

// A scale says what counts: emission times kg, and every tonne diverted at price. kg is 0 where only the diverted
// tonnes count.
type scale struct{ kg, price float64 }

// furnaceStage is the stage of a set of furnaces, and whether their steam reaches.
func (p *Waste) furnaceStage(t int, x set, by scale) (stage, bool) {
	w := p.stepWeight[t] * by.kg
	s := stage{in: p.stepH * p.intake[t]}
	for i := range p.furnaces {
		if f := &p.furnaces[i]; x.has(i) {
			s.base += p.stepH * f.min
			s.cost += p.stepH * f.min * w * f.feedCounts
			s.parts = append(s.parts, part{p.stepH * (f.max - f.min), w * f.feedCounts, i})
		}
	}
	s.sort()
	needs := p.stepH * p.leastFeed[t]
	for i := range s.parts { // the steam takes the cheapest
		q := &s.parts[i]
		more := min(q.long, max(0, needs-s.base))
		s.base, s.cost, q.long = s.base+more, s.cost+more*q.cost, q.long-more
	}
	if s.base < needs*(1-1e-9) {
		return s, false
	}
	s.parts = append(s.parts, p.divertPart(t, by))
	s.sort()
	return s, true
}

func (p *Waste) divertPart(t int, by scale) part {
	return part{p.stepH * min(p.divertMax, p.intake[t]), p.stepWeight[t]*by.kg*p.divertCounts + by.price, divertPart}
}

// levels are the bounds of the pit after t steps.
func (p *Waste) levels(t int) (low, high float64) {
	if t == p.steps {
		return p.low[t], min(p.high[t], p.end)
	}
	return p.low[t], p.high[t]
}

// prefix is the problem of the first steps.
func (p *Waste) prefix(steps int) *Waste {
	if steps >= p.steps {
		return p
	}
	q := *p
	q.steps, q.end = steps, unbounded
	return &q
}

// quota reports whether the total that may be diverted can be reached at all.
func (p *Waste) quota() bool {
	sum := 0.0
	for t := range p.steps {
		sum += p.stepH * min(p.divertMax, p.intake[t])
	}
	return sum > p.divertTotal
}

// course is what a row of sets does at its best: the feed of every furnace and what is diverted (t) by step, and the
// levels.
type course struct {
	feed   [][]float64
	divert []float64
	level  []float64
	cost   float64 // emission alone
	total  float64 // diverted
}

func (p *Waste) course() course {
	return course{feed: make([][]float64, p.steps), divert: make([]float64, p.steps), level: make([]float64, p.steps)}
}

// play finds the best course of a row at a scale. Starts are not in its cost.
func (p *Waste) play(row []set, by scale) (course, bool) {
	f := pwl{x: p.level}
	before := make([]pwl, p.steps+1)
	before[0] = f
	stages := make([]stage, p.steps)
	for t, x := range row {
		s, ok := p.furnaceStage(t, x, by)
		if !ok {
			return course{}, false
		}
		change := s.change()
		g := before[t].plus(&change)
		if low, high := p.levels(t + 1); !g.clip(low, high) {
			return course{}, false
		}
		before[t+1], stages[t] = g, s
	}
	end := before[p.steps].flat()
	level, _ := leastSum(&before[p.steps], &end)
	c := p.course()
	for t := p.steps - 1; t >= 0; t-- {
		c.level[t] = level
		taken := stages[t].taken() // from a level before, how much it fell
		taken.x += level
		from, _ := leastSum(&before[t], &taken)
		if math.IsNaN(from) {
			return course{}, false
		}
		leaves := from + stages[t].in - level
		p.split(&c, t, row[t], &stages[t], beyondNoise(leaves-stages[t].base, math.Abs(from)+math.Abs(level)+stages[t].in))
		level = from
	}
	return c, true
}

// split gives what leaves the pit in a step beyond the least to furnaces and diversion, cheapest first.
func (p *Waste) split(c *course, t int, x set, s *stage, rest float64) {
	c.feed[t] = make([]float64, len(p.furnaces))
	for i := range p.furnaces {
		if x.has(i) {
			c.feed[t][i] = p.stepH * p.furnaces[i].max
		}
	}
	for _, q := range s.parts { // what was forced is what is left of the most once the parts are taken off
		if q.who != divertPart {
			c.feed[t][q.who] -= q.long
		}
	}
	for _, q := range s.parts {
		take := min(q.long, max(0, rest))
		rest -= take
		if q.who == divertPart {
			c.divert[t] = take
			c.total += take
		} else {
			c.feed[t][q.who] += take
		}
	}
	c.cost += p.stepWeight[t] * p.divertCounts * c.divert[t]
	for i := range p.furnaces {
		c.cost += p.stepWeight[t] * p.furnaces[i].feedCounts * c.feed[t][i]
	}
}

// mix is the course between two of the same row.
func (p *Waste) mix(a, b *course, x float64) course {
	c := p.course()
	mid := func(u, v float64) float64 { return u + x*(v-u) }
	for t := range p.steps {
		for i := range p.furnaces {
			c.feed[t] = append(c.feed[t], mid(a.feed[t][i], b.feed[t][i]))
		}
		c.divert[t], c.level[t] = mid(a.divert[t], b.divert[t]), mid(a.level[t], b.level[t])
	}
	c.cost, c.total = mid(a.cost, b.cost), mid(a.total, b.total)
	return c
}

// best is the best course of a row within the total that may be diverted, and the price of a diverted tonne that proves
// it: the dual of this one constraint is concave and piecewise linear, so the tangents at two prices meet above it, and
// where the dual reaches that point the courses of both prices are optimal there and so is the mix that uses the total
// exactly.
func (p *Waste) best(row []set) (c course, price float64, ok bool) {
	most := p.divertTotal + fuzz(p.divertTotal)
	left, ok := p.play(row, scale{kg: 1})
	if !ok || left.total <= most {
		return left, 0, ok
	}
	if least, ok := p.play(row, scale{price: 1}); !ok || least.total > most {
		return c, 0, false
	}
	a, b := 0.0, p.highestPrice()
	right, _ := p.play(row, scale{1, b})
	for range 200 {
		if right.total > most { // cannot be, but for rounding
			a, b, left = b, 2*b+1, right
			right, _ = p.play(row, scale{1, b})
			continue
		}
		if left.total-right.total < 1e-9 {
			break
		}
		next := (right.cost - left.cost) / (left.total - right.total)
		if !(next > a && next < b) {
			price = min(max(next, a), b)
			break
		}
		mid, _ := p.play(row, scale{1, next})
		meet := left.cost + next*left.total
		if price = next; mid.cost+next*mid.total >= meet-tiny(meet) {
			break
		}
		if mid.total > p.divertTotal {
			a, left = next, mid
		} else {
			b, right = next, mid
		}
	}
	x := 1.0
	if left.total > right.total {
		x = min(1, max(0, (left.total-p.divertTotal)/(left.total-right.total)))
	}
	return p.mix(&left, &right, x), price, true
}

// highestPrice is above what diverting a tonne can save.
func (p *Waste) highestPrice() (most float64) {
	for t := range p.steps {
		for i := range p.furnaces {
			most = max(most, p.stepWeight[t]*p.furnaces[i].feedCounts)
		}
	}
	return most*1.5 + 1e-3
}
