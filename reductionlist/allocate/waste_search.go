package allocate

import (
	"cmp"
	"math"
	"slices"
)

// wasteLabel is the beginning of a plan: the furnaces on after a step, for how many more steps each has to stay so, and
// for every guide the least cost by pit level.
type wasteLabel struct {
	state
	cost   []pwl
	least  float64 // of the whole plan, by the guide that proves most
	by     int     // that guide
	parent int32
}

// wasteSearch looks for the row of sets of furnaces that is best.
type wasteSearch struct {
	p       *Waste
	st      states
	tie     float64 // what a start counts beside its emission
	guides  []*guide
	changes []map[set]*pwl // by guide and step: the stage of a set, nil where its steam does not reach
	by      patience
	room    float64 // while no plan is known: how far from the best, in parts of it, a choice is followed

	row    []set
	course course
	price  float64 // of diverting, of that course
	cost   float64
	bound  float64
	tried  map[string]bool // rows already played
}

func (p *Waste) search(tie float64, by patience) *wasteSearch {
	s := &wasteSearch{p: p, st: p.states(), tie: tie, by: by, cost: math.Inf(1), bound: math.Inf(-1), tried: map[string]bool{}}
	first := newGuide(p, scale{kg: 1}, tie)
	first.propose()
	s.bound = first.ascend(150, math.Inf(1), p.quota(), func(row []set) bool { s.try(row); return false }, by)
	if math.IsInf(s.bound, 1) {
		return s
	}
	s.add(first)
	if s.row == nil && s.anyPlan() == impossible {
		s.bound = math.Inf(1)
		return s
	}
	for wide := 16; !s.done() && !by.late(); {
		if s.room = float64(wide) / 800; s.room > 10 {
			s.room = math.Inf(1)
		}
		complete, closest, reached := s.layers(wide)
		if s.row == nil && !by.over() && p.prefix(reached+1).impossible(by) {
			s.bound = math.Inf(1)
			return s
		}
		switch sharper := !s.done() && s.sharpen(closest); {
		case s.done() || sharper:
		case !complete:
			wide *= 4
			for _, g := range s.guides { // a plan is known by now: a goal to move the prices to
				if g.by.kg > 0 && s.row != nil {
					s.bound = max(s.bound, g.ascend(100, s.cost, false, nil, by))
				}
			}
		default: // nothing that would prove more: rounding
			return s
		}
	}
	return s
}

// anyPlan looks for a plan to begin with, whatever it emits.
func (s *wasteSearch) anyPlan() verdict {
	none, row, guide := s.p.disprove(s.by)
	if none {
		return impossible
	}
	for wide := 32; row == nil && wide <= 512 && !s.by.late(); wide *= 4 {
		r := newReach(s.p, guide, s.by)
		switch r.along(wide) {
		case impossible:
			return impossible
		case possible:
			row = r.row()
		}
	}
	if row == nil {
		return unknown
	}
	s.try(row)
	return possible
}

func (s *wasteSearch) done() bool { return s.cost <= s.bound+wasteRounding*math.Abs(s.bound) }

// wasteRounding is the relative error that sums over levels are allowed; a gap below it is none.
const wasteRounding = 1e-10

func (s *wasteSearch) limit() float64 {
	if s.row == nil {
		return math.Inf(1)
	}
	return s.cost - wasteRounding*math.Abs(s.cost)
}

func (s *wasteSearch) add(g *guide) {
	s.guides = append(s.guides, g)
	for range s.p.steps {
		s.changes = append(s.changes, map[set]*pwl{})
	}
}

// change is the stage of a set in a step at the scale of a guide.
func (s *wasteSearch) change(k, t int, x set) *pwl {
	known := s.changes[k*s.p.steps+t]
	f, has := known[x]
	if !has {
		if st, ok := s.p.furnaceStage(t, x, s.guides[k].by); ok {
			c := st.change()
			f = &c
		}
		known[x] = f
	}
	return f
}

// rowKey names a row.
func rowKey(row []set) string {
	key := make([]byte, 0, 2*len(row))
	for _, x := range row {
		key = append(key, byte(x), byte(x>>8))
	}
	return string(key)
}

// try plays a row at its best and keeps it if it is the best yet.
func (s *wasteSearch) try(row []set) {
	key := rowKey(row)
	if s.tried[key] {
		return
	}
	s.tried[key] = true
	c, price, ok := s.p.best(row)
	if !ok {
		return
	}
	if cost := c.cost + s.starts(row); cost < s.cost {
		s.row, s.course, s.price, s.cost = slices.Clone(row), c, price, cost
	}
}

// starts is what the starts of a row count.
func (s *wasteSearch) starts(row []set) (sum float64) {
	at := s.st.first
	for t, x := range row {
		for i := range (x &^ at).each {
			sum += s.p.stepWeight[t]*s.p.furnaces[i].startCosts + s.tie
		}
		at = x
	}
	return sum
}

func (p *Waste) states() states {
	var ms []machine
	for i := range p.furnaces {
		ms = append(ms, p.furnaces[i].machine)
	}
	return newStates(ms, p.steps)
}

// sharpen adds a guide at the price of diverting that the row closest to the bound has at its best, or one that
// counts diverted tonnes alone where the row cannot keep to their total. It reports whether that is new.
func (s *wasteSearch) sharpen(row []set) bool {
	if row == nil {
		return false
	}
	by := scale{price: 1}
	if _, price, ok := s.p.best(row); ok {
		by = scale{kg: 1, price: price}
	}
	if slices.ContainsFunc(s.guides, func(g *guide) bool { return g.by == by }) {
		return false
	}
	g := newGuide(s.p, by, s.tie*by.kg)
	if by.kg > 0 {
		copy(g.rho, s.guides[0].rho)
	} else {
		g.propose()
	}
	if value := g.ascend(100, s.cost*by.kg, false, nil, s.by); by.kg > 0 {
		s.bound = max(s.bound, value)
	} else if value > 1e-6 {
		s.bound = math.Inf(1) // more has to be diverted than may be
	}
	s.add(g)
	return true
}

// worth turns what a guide proves of the whole plan into a bound of its cost.
func (g *guide) worth(value float64) float64 {
	if g.by.kg > 0 {
		return value
	}
	if value > 1e-6 {
		return math.Inf(1)
	}
	return math.Inf(-1)
}

// layers goes through the states step by step. It reports whether nothing was left out for want of room, and then the
// row closest to the bound that it proves. reached is how many steps it came.
func (s *wasteSearch) layers(wide int) (complete bool, closest []set, reached int) {
	begin := wasteLabel{state: s.st.begin(), parent: -1}
	for range s.guides {
		begin.cost = append(begin.cost, pwl{x: s.p.level})
	}
	s.value(0, &begin)
	dropped := math.Inf(1)
	layers := [][]wasteLabel{{begin}}
	for t := range s.p.steps {
		if s.by.ends(s.row != nil) {
			return false, nil, t
		}
		next := s.expand(t, layers[t], wide, &dropped)
		layers = append(layers, next)
		if len(next) == 0 {
			break
		}
	}
	least := math.Inf(1)
	if len(layers) > s.p.steps {
		ends := layers[s.p.steps]
		for j := range ends[:min(len(ends), 8)] {
			row := trace(layers, j)
			if j == 0 {
				closest, least = row, ends[0].least
			}
			s.try(row)
		}
	}
	s.bound = max(s.bound, min(s.cost, dropped, least))
	reached = len(layers) - 1 - b2i(len(layers[len(layers)-1]) == 0)
	return math.IsInf(dropped, 1) || dropped >= s.limit(), closest, reached
}

func trace(layers [][]wasteLabel, j int) []set {
	row := make([]set, len(layers)-1)
	for t := len(row); t > 0; t-- {
		l := &layers[t][j]
		row[t-1], j = l.x, int(l.parent)
	}
	return row
}

// value bounds the whole plan of a label after t steps. It reports whether the label is still worth anything.
func (s *wasteSearch) value(t int, l *wasteLabel) bool {
	l.least, l.by = math.Inf(-1), 0
	for k, g := range s.guides {
		if v := s.valueBy(k, t, l); g.worth(v) > l.least {
			l.least, l.by = g.worth(v), k
		}
	}
	return l.least < s.limit()
}

func (s *wasteSearch) valueBy(k, t int, l *wasteLabel) float64 {
	g := s.guides[k]
	_, v := leastSum(&l.cost[k], &g.pit[t])
	return restOf(v, g.alone, t, &l.state) - g.by.price*s.p.divertTotal
}

// way is a way on from a label, with a bound that takes no look at the pit.
type way struct {
	from  int32
	x     set
	least float64
}

// expand makes the labels after step t out of those before it.
func (s *wasteSearch) expand(t int, from []wasteLabel, wide int, dropped *float64) []wasteLabel {
	var steps []way
	for j := range from {
		if j%64 == 63 && s.by.ends(s.row != nil) {
			*dropped = min(*dropped, from[j].least) // they come in order of it
			break
		}
		steps = s.ways(t, &from[j], int32(j), steps, dropped)
	}
	slices.SortFunc(steps, func(a, b way) int {
		return cmp.Or(cmp.Compare(a.least, b.least), cmp.Compare(a.from, b.from), cmp.Compare(a.x, b.x))
	})
	if most := 6 * wide; len(steps) > most {
		*dropped = min(*dropped, steps[most].least)
		steps = steps[:most]
	}
	var out []wasteLabel
	for i, st := range steps {
		if i%256 == 255 && s.by.ends(s.row != nil) {
			*dropped = min(*dropped, st.least)
			break
		}
		if l, ok := s.child(t, &from[st.from], st); ok {
			out = append(out, l)
		}
	}
	return s.keep(t+1, out, wide, dropped)
}

// ways lists where a label can go. The bound of a way adds up what each furnace's choice costs more than its best one,
// by the guide that proved most of the label. While no plan is known, choices far from the best are left out.
func (s *wasteSearch) ways(t int, l *wasteLabel, j int32, out []way, dropped *float64) []way {
	g, n := s.guides[l.by], len(s.p.furnaces)
	room := s.limit() - l.least
	if s.row == nil {
		room = s.room * (math.Abs(l.least) + 1)
	}
	var extra [maxUnits][2]float64
	for i := range n {
		extra[i] = s.regrets(g, i, t, l)
	}
	var walk func(i int, x set, sum float64)
	walk = func(i int, x set, sum float64) {
		if sum >= room {
			if s.row == nil {
				*dropped = min(*dropped, l.least+sum)
			}
			return
		}
		if i == n {
			out = append(out, way{j, x, l.least + sum})
			return
		}
		walk(i+1, x, sum+extra[i][0])
		walk(i+1, x|1<<i, sum+extra[i][1])
	}
	walk(0, 0, 0)
	return out
}

// regrets are what it costs more than the best if furnace i is off or on in step t.
func (s *wasteSearch) regrets(g *guide, i, t int, l *wasteLabel) [2]float64 {
	f, on, lock := &s.p.furnaces[i], l.x.has(i), int(l.lock[i])
	now := g.alone[i].rest(t, on, lock)
	var after [2]float64
	after[0] = g.alone[i].rest(t+1, false, max(0, lock-1))
	after[1] = g.run[i][t] + g.alone[i].rest(t+1, true, max(0, lock-1))
	switch {
	case on:
		after[0] = g.alone[i].rest(t+1, false, f.minDown-1)
	default:
		after[1] = g.startAt(i, t) + g.run[i][t] + g.alone[i].rest(t+1, true, f.minUp-1)
	}
	if lock > 0 {
		after[1-b2i(on)] = math.Inf(1)
	}
	if !f.available[t] {
		after[1] = math.Inf(1)
	}
	return [2]float64{max(0, after[0]-now), max(0, after[1]-now)}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// child goes one way on.
func (s *wasteSearch) child(t int, l *wasteLabel, st way) (wasteLabel, bool) {
	n := wasteLabel{state: s.st.after(&l.state, t, st.x), parent: st.from, cost: make([]pwl, len(s.guides))}
	low, high := s.p.levels(t + 1)
	for k, g := range s.guides {
		change := s.change(k, t, n.x)
		if change == nil {
			return n, false
		}
		f := l.cost[k].plus(change)
		for i := range (n.x &^ l.x).each {
			f.y += g.startAt(i, t)
		}
		if !f.clip(low, high) {
			return n, false
		}
		n.cost[k] = f
	}
	return n, s.value(t+1, &n)
}

// keep leaves out of each label the levels at which another one is superior by every guide, with the same furnaces on
// and none of them bound longer, the label itself where none are left, and of the rest those beyond wide with the worst
// bound.
func (s *wasteSearch) keep(t int, ls []wasteLabel, wide int, dropped *float64) []wasteLabel {
	slices.SortFunc(ls, func(a, b wasteLabel) int {
		return cmp.Or(cmp.Compare(a.least, b.least), cmp.Compare(a.x, b.x), slices.Compare(a.lock[:], b.lock[:]),
			cmp.Compare(a.parent, b.parent))
	})
	byX, out := map[set][]int{}, ls[:0]
	for i, l := range ls {
		if i%64 == 63 && s.by.ends(s.row != nil) {
			*dropped = min(*dropped, l.least)
			break
		}
		if l.least >= s.limit() || !s.narrow(t, &l, out, byX[l.x]) {
			continue
		}
		if len(out) == wide {
			*dropped = min(*dropped, l.least)
			break
		}
		byX[l.x] = append(byX[l.x], len(out))
		out = append(out, l)
	}
	// A narrowed label may have fallen behind; the ends are read in order of their bound.
	slices.SortStableFunc(out, func(a, b wasteLabel) int { return cmp.Compare(a.least, b.least) })
	return out
}

// narrow takes from l the levels that others cover, and reports whether any are left that are worth something.
func (s *wasteSearch) narrow(t int, l *wasteLabel, out []wasteLabel, others []int) bool {
	changed := false
	for _, j := range others {
		o := &out[j]
		if !o.lock.within(&l.lock, len(s.p.furnaces)) {
			continue
		}
		low, high := math.Inf(1), math.Inf(-1)
		for k := range s.guides {
			a, b := o.cost[k].below(&l.cost[k])
			low, high = min(low, a), max(high, b)
		}
		if low >= high {
			return false
		}
		if f := &l.cost[0]; low > f.x+1e-7 || high < f.end()-1e-7 {
			changed = true
			for k := range s.guides {
				f := &l.cost[k]
				f.pieces = slices.Clone(f.pieces)
				if !f.clip(low, high) {
					return false
				}
			}
		}
	}
	return !changed || s.value(t, l)
}
