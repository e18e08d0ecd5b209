package plant

import (
	"time"

	"qingkong/reductionlist"
)

// Demands is what an order asks of its plant: its measures as they stand without a plan, each from when its order
// takes effect.
type Demands []DemandedMeasure

// DemandedMeasure is one measure. It has to be carried out its CompleteWithinH hours after From; nothing is demanded of
// the hours before.
type DemandedMeasure struct {
	reductionlist.Measure
	From time.Time
}

// due is when a measure has to be carried out by.
func (m *DemandedMeasure) due() time.Time {
	return m.From.Add(time.Duration(m.CompleteWithinH * float64(time.Hour)))
}

// Digest stands for what is demanded: the marks of a plan that was made for something else do not hold.
func (d Demands) Digest() string {
	type row struct {
		From    string                `json:"from"`
		Measure reductionlist.Measure `json:"measure"`
	}
	rows := make([]row, len(d))
	for i := range d {
		rows[i] = row{d[i].From.UTC().Format(time.RFC3339Nano), d[i].Measure}
	}
	return hashOf(rows)
}
