package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"qingkong/cmd/internal/simulate"
	"qingkong/reductionlist"
)

// How the plants hear of orders.
const (
	ordersEvery = 10 * time.Second
	ordersLast  = 365 * 24 * time.Hour // until they are told that one has ended
)

// order is what a plant reads of an order: what the service tells its recipient (contract.md §3).
type order struct {
	ID            string                  `json:"id"`
	State         string                  `json:"state"`
	EffectiveFrom time.Time               `json:"effective_from"`
	Measures      []reductionlist.Measure `json:"measures"`
}

// obey has the plants follow the orders of their recipients, of which they heard once, until ctx ends.
func (p Program) obey(ctx context.Context, all []*site) {
	tick := time.NewTicker(ordersEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		p.hearAll(ctx, all)
	}
}

// hearAll gives the plants the orders that are open now.
func (p Program) hearAll(ctx context.Context, all []*site) {
	for _, s := range all {
		if err := p.hear(s, p.Service.J.Wall()); err != nil && ctx.Err() == nil {
			p.Log.Warn("a simulated plant cannot read its orders; it is tried again", "recipient", s.recipient, "err", err)
		}
	}
}

// hear gives a site's plants the orders that are open now.
func (p Program) hear(s *site, now time.Time) error {
	text, err := p.Service.Pending(s.recipient, false)
	if err != nil {
		return err
	}
	var pending struct {
		Orders []order `json:"orders"`
	}
	if err := json.Unmarshal(text, &pending); err != nil {
		return err
	}
	return s.follow(pending.Orders, now)
}

// follow begins with what is ordered and ends what is not any more.
func (s *site) follow(orders []order, now time.Time) error {
	open := map[string]bool{}
	for i := range orders {
		o := &orders[i]
		if o.State != "open" {
			continue
		}
		for j := range o.Measures {
			m := &o.Measures[j]
			id := o.ID + " " + m.ID
			if open[id] = true; s.given[id] {
				continue
			}
			if err := s.order(id, o.EffectiveFrom, m); err != nil {
				return fmt.Errorf("measure %s of order %s: %w", m.ID, o.ID, err)
			}
			s.given[id] = true
		}
	}
	for id := range s.given {
		if !open[id] {
			for _, w := range s.all {
				w.End(id, now)
			}
			delete(s.given, id)
		}
	}
	return nil
}

// order gives a measure to each plant that one of its instruments watches.
func (s *site) order(id string, from time.Time, m *reductionlist.Measure) error {
	leaves := map[*works]float64{}
	for _, o := range m.Monitors {
		if w := s.behind[o.Ref]; w != nil {
			before, there := leaves[w]
			leaves[w] = w.allowed(o.Factor, o.Criterion)
			if there {
				leaves[w] = min(leaves[w], before)
			}
		}
	}
	for w, fraction := range leaves {
		err := w.Order(simulate.Order{ID: id, From: from, To: from.Add(ordersLast), Fraction: fraction,
			Within: time.Duration(m.CompleteWithinH * float64(time.Hour))})
		if err != nil {
			return err
		}
	}
	return nil
}

// allowed is the fraction of the usual load at which a criterion is kept. What does not depend on the load, like trucks
// and the treatment, is followed without lowering it.
func (w *works) allowed(factor string, c reductionlist.Criterion) float64 {
	fraction := 1.0
	switch c.Kind {
	case reductionlist.Stopped:
		fraction = 0
	case reductionlist.FractionOfBaseline:
		fraction = c.Limit - idleShare
	case reductionlist.HourMassAtMost:
		if full := w.mass[factor]; full > 0 {
			fraction = keepUnder * kgPerHour(c) / (full * peakLoad)
		}
	case reductionlist.DayTotalAtMost:
		if w.day > 0 {
			fraction = dayUnder * c.Limit / w.day
		}
	}
	return min(max(fraction, 0), 1)
}
