package compliance

import (
	"encoding/json"
	"fmt"

	"qingkong/alerts"
	"qingkong/notify"
	"qingkong/reductionlist/plant"
)

// ChainOf is what a recipient's orders under a warning demand, revision by revision.
func ChainOf(revisions []notify.Revision) (Chain, error) {
	c := make(Chain, 0, len(revisions))
	for i := range revisions {
		r := &revisions[i]
		o := Ordered{Order: r.ID, Advisory: r.Issued.Level == alerts.Advisory, IssuedAt: r.Issued.IssuedAt,
			EffectiveFrom: r.Issued.EffectiveFrom, Ended: r.EndedAt}
		var err error
		if o.Measures, err = demands(r.Issued.Measures); err != nil {
			return nil, fmt.Errorf("compliance: measures of order %s: %w", r.ID, err)
		}
		c = append(c, o)
	}
	return c, nil
}

// demands reads the measures of an order: as the list has them, and the days that a plan adds to their quantities.
func demands(measures json.RawMessage) (all []Demand, err error) {
	var days []struct {
		Quantity *struct{ Days []plant.QuantityDay }
	}
	if err := json.Unmarshal(measures, &days); err != nil {
		return nil, err
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(measures, &raw); err != nil {
		return nil, err
	}
	for i := range raw {
		d := Demand{}
		if err := json.Unmarshal(raw[i], &d.Measure); err != nil {
			return nil, err
		}
		if q := days[i].Quantity; q != nil {
			d.Days = q.Days
		}
		all = append(all, d)
	}
	return all, nil
}
