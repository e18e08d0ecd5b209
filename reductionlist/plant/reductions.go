package plant

import (
	"qingkong/reductionlist"
)

// PlanReduction is the daily reduction of a measure that a plan rewrites. Listed is that of the measure as it stands
// without a plan. Reduction is the plan's: of each pollutant the listed one times what the plan really cuts of what the
// measure asks to be cut, less than nothing where the plan burns more than usual. It is nil where nothing says what it
// becomes, so that a person must. Amounts are tonnes a day.
type PlanReduction struct {
	MeasureID string                 `json:"measure_id"`
	Unit      string                 `json:"unit"` // 生产线或设备
	Listed    reductionlist.Amounts  `json:"listed_t_per_day"`
	Reduction *reductionlist.Amounts `json:"reduction_t_per_day"`
}

// AskedReductions are the ids of the measures whose reduction a person has to say.
func AskedReductions(all []PlanReduction) (ids []string) {
	for i := range all {
		if all[i].Reduction == nil {
			ids = append(ids, all[i].MeasureID)
		}
	}
	return ids
}

// ReductionOf is what the plan says of the daily reduction of a measure; nil for nothing, as plans of older programs
// say of all.
func (p *OperatingPlan) ReductionOf(measure string) *PlanReduction {
	for i := range p.Reductions {
		if p.Reductions[i].MeasureID == measure {
			return &p.Reductions[i]
		}
	}
	return nil
}

// reductions are the daily reductions of the measures that the plan, whose steps are not rounded yet, rewrites.
func (p *OperatingPlan) reductions(demanded Demands) (out []PlanReduction) {
	for i := range demanded {
		m := &demanded[i]
		c := p.against(m)
		if m.Action != p.Kind.Action() || len(c.names) == 0 {
			continue
		}
		r := NewPlanReduction(&m.Measure)
		if share, known := c.share(m.Quantity); known && r.Reduction == nil {
			scaled := m.Reduction
			for _, part := range scaled.Parts() {
				if *part.Value = grams(*part.Value * share); *part.Value == 0 {
					*part.Value = 0 // and not -0
				}
			}
			r.Reduction = &scaled
		}
		out = append(out, r)
	}
	return out
}

// NewPlanReduction is the daily reduction of a measure of which nothing but the measure is known: nothing stays
// nothing, and anything else is asked.
func NewPlanReduction(m *reductionlist.Measure) PlanReduction {
	r := PlanReduction{MeasureID: m.ID, Unit: m.Unit, Listed: m.Reduction}
	if m.Reduction == (reductionlist.Amounts{}) {
		r.Reduction = new(reductionlist.Amounts)
	}
	return r
}

// share is what the plan cuts of what a quantity asks to be cut, over all its hours in which the measure is due. It is
// not known of a quantity that asks for no cut, or for one of what the plan or its baseline does not have.
func (c *demandComparer) share(q *reductionlist.Quantity) (share float64, known bool) {
	if q == nil || q.Kind != reductionlist.ReduceBy || q.Value <= 0 {
		return 0, false
	}
	a := c.amountOf(q.Unit)
	if a == nil || a.usual == nil || !c.usualKnown() {
		return 0, false
	}
	asked, cut := 0.0, 0.0
	for _, s := range c.stretches(a, true) {
		asked += s.asks(q.Value, reductionlist.PlainUnit(q.Unit) == "%", a.daily)
		cut += s.usual - s.planned
	}
	return cut / asked, asked > 0
}
