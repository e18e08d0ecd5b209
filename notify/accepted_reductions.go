package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// GivenReduction is what the one who accepts a plan says of the daily reduction of a measure, in tonnes a day.
type GivenReduction struct {
	MeasureID string
	Reduction reductionlist.Amounts
}

// settle completes the plan's daily reductions by what was said of those that do not follow from it, and returns what
// is still to be said and what was said wrongly. ms are the order's measures, demanded the same without a plan, and most
// is what the whole district emits in a day.
func (in AcceptPlan) settle(p *plant.OperatingPlan, ms []reductionlist.Measure, demanded plant.Demands,
	most reductionlist.Amounts) (wrong []refusal.Field) {
	all, asked, wanting := []plant.PlanReduction{}, []string{}, []string{}
	for i := range ms {
		if !p.Rewrites(ms[i : i+1]) {
			continue
		}
		r := plant.NewPlanReduction(&demanded[i].Measure)
		if known := p.ReductionOf(r.MeasureID); known != nil {
			r.Reduction = known.Reduction
		}
		if r.Reduction == nil {
			asked = append(asked, r.MeasureID)
			if r.Reduction = in.said(&ms[i]); r.Reduction == nil {
				wanting = append(wanting, measureName(r.MeasureID, r.Unit))
			}
		}
		all = append(all, r)
	}
	p.Reductions = all
	if len(wanting) > 0 {
		wrong = append(wrong, refusal.Field{Path: "reductions", Rule: "plan.reduction_asked",
			Args: refusal.Args{"measures": listed(wanting)}})
	}
	return append(wrong, in.misplaced(asked, most)...)
}

// said is what was said of the daily reduction of a measure; nil for nothing.
func (in AcceptPlan) said(m *reductionlist.Measure) *reductionlist.Amounts {
	for i := range in.Reductions {
		if in.Reductions[i].MeasureID == m.ID {
			return new(in.Reductions[i].Reduction)
		}
	}
	if slices.Contains(in.Stays, m.ID) {
		return new(m.Reduction)
	}
	return nil
}

// misplaced finds what was said twice, of a measure that was not asked about, or beyond what there can be.
func (in AcceptPlan) misplaced(asked []string, most reductionlist.Amounts) (wrong []refusal.Field) {
	var seen []string
	at := func(path, id string) {
		switch {
		case slices.Contains(seen, id):
			wrong = append(wrong, refusal.Field{Path: path, Rule: "plan.reduction_twice", Args: refusal.Args{"value": id}})
		case !slices.Contains(asked, id):
			wrong = append(wrong, refusal.Field{Path: path, Rule: "plan.reduction_not_asked", Args: refusal.Args{"value": id}})
		}
		seen = append(seen, id)
	}
	for i, g := range in.Reductions {
		path := fmt.Sprintf("reductions[%d]", i)
		at(path+".measure_id", g.MeasureID)
		bounds := most.Parts()
		for k, part := range g.Reduction.Parts() {
			high := *bounds[k].Value
			if high <= 0 {
				high = reductionlist.Big
			}
			if v := *part.Value; !(v >= 0 && v <= high) {
				wrong = append(wrong, refusal.Field{Path: path + ".reduction_t_per_day", Rule: "plan.reduction_range",
					Args: refusal.Args{"pollutant": part.Name, "value": v, "high": high}})
			}
		}
	}
	for i, id := range in.Stays {
		at(fmt.Sprintf("reduction_stays[%d]", i), id)
	}
	return wrong
}

// repeats reports whether a recorded plan is the one that is accepted, whatever it was marked by, with the daily
// reductions that are given.
func (in AcceptPlan) repeats(recorded json.RawMessage, p *plant.OperatingPlan) bool {
	was, err := plant.ParseOperatingPlan(recorded)
	if err != nil || was == nil || !bytes.Equal(bare(was), bare(p)) {
		return false
	}
	return !slices.ContainsFunc(in.Reductions, func(g GivenReduction) bool {
		r := was.ReductionOf(g.MeasureID)
		return r == nil || r.Reduction == nil || *r.Reduction != g.Reduction
	})
}

// bare is a plan without what it was held against.
func bare(p *plant.OperatingPlan) []byte {
	one := *p
	one.Marks, one.Demands, one.Reductions = nil, "", nil
	text, err := json.Marshal(&one)
	if err != nil {
		panic("notify: a plan: " + err.Error()) // finite numbers and times of this century
	}
	return text
}
