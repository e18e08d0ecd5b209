package simulate

import (
	"fmt"
	"slices"
	"time"
)

// Behaviour is what a plant does about an order.
type Behaviour string

// The behaviours.
const (
	Obey   Behaviour = "obey"   // lowers its load to the fraction in time
	Half   Behaviour = "half"   // lowers it by half of what is asked
	Ignore Behaviour = "ignore" // goes on as usual
)

// Behaviours are those there are.
func Behaviours() []Behaviour { return []Behaviour{Obey, Half, Ignore} }

// Order asks a plant to run at a fraction of its usual load.
type Order struct {
	ID       string    // a later order with the same id takes its place
	From, To time.Time // it counts from From on and before To
	Fraction float64   // of the usual load at the same time of day, 0 to 1; 0 stops the plant
	Within   time.Duration
}

// rampUp is how long a plant takes back to its usual load once an order has ended. Coal units gain 1.5 to 2 % a minute
// (domain.md §4); what stands behind them takes longer.
const rampUp = 2 * time.Hour

// Order gives the plant an order, in the place of one with the same id. Load before From stays as it was.
func (p *Plant) Order(o Order) error {
	if o.Fraction < 0 || o.Fraction > 1 || !o.To.After(o.From) || o.Within < 0 {
		return fmt.Errorf("an order from %s to %s to %g of the load within %s: the fraction is from 0 to 1 and the end "+
			"behind the beginning", o.From.Format(time.RFC3339), o.To.Format(time.RFC3339), o.Fraction, o.Within)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	next := slices.DeleteFunc(slices.Clone(p.given()), func(other Order) bool { return other.ID == o.ID })
	next = append(next, o)
	p.orders.Store(&next)
	return nil
}

// End ends an order at a time before its own end.
func (p *Plant) End(id string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := slices.Clone(p.given())
	for i := range next {
		if next[i].ID == id && at.Before(next[i].To) {
			next[i].To = at
		}
	}
	p.orders.Store(&next)
}

func (p *Plant) given() []Order {
	if o := p.orders.Load(); o != nil {
		return *o
	}
	return nil
}

// ordered is what a plant leaves of its usual load at a time, 0 to 1: the least of what its orders have it do.
func (p *Plant) ordered(at int64) float64 {
	least := 1.0
	for _, o := range p.given() {
		least = min(least, o.leaves(at, p.Behaviour))
	}
	return least
}

// follows is how far a plant does what an order asks for beside its load, from 0 to 1, like more reagent.
func (p *Plant) follows(at int64) float64 {
	most := 0.0
	for _, o := range p.given() {
		o.Fraction = 0
		most = max(most, 1-o.leaves(at, p.Behaviour))
	}
	return most
}

// leaves is what one order leaves of the load.
func (o *Order) leaves(at int64, b Behaviour) float64 {
	from, to := o.From.Unix(), o.To.Unix()
	if at < from || b == Ignore {
		return 1
	}
	target := o.Fraction
	if b == Half {
		target = (1 + target) / 2
	}
	// It is done in four fifths of the time that was given: nobody aims at the last minute.
	down := max(o.Within.Seconds()*0.8, 60)
	reached := func(at int64) float64 { return 1 + (target-1)*min(float64(at-from)/down, 1) }
	if at < to {
		return reached(at)
	}
	last := reached(to)
	return min(last+(1-last)*float64(at-to)/rampUp.Seconds(), 1)
}
