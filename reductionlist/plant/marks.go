package plant

import (
	"math"
	"slices"
	"time"

	"qingkong/reductionlist"
)

// Verdict says whether a plan keeps what is demanded.
type Verdict string

// The verdicts.
const (
	Kept        Verdict = "kept"
	NotKept     Verdict = "not_kept"
	NotCompared Verdict = "not_compared" // Why says what keeps it from being compared
)

// Why says why a demand is not compared with a plan.
type Why string

// The reasons.
const (
	WhyNoPart    Why = "no_part"    // no plan says anything of this
	WhyNoMachine Why = "no_machine" // 生产线或设备 names none of the plan's units or furnaces
	WhyUnit      Why = "unit"       // a plan has no amount of that unit or factor
	WhyNoUsual   Why = "no_usual"   // less than usual, and the usual load was not given
	WhyNotDue    Why = "not_due"    // the measure is to be carried out when the plan is over
)

// PlanMarks are what one measure demands, each with what the plan does in the same hours. Verdict is not kept where any
// of them is not, and kept where at least one is compared.
type PlanMarks struct {
	MeasureID string               `json:"measure_id"`
	Unit      string               `json:"unit"` // 生产线或设备
	Action    reductionlist.Action `json:"action"`
	From      time.Time            `json:"from"` // it has to be carried out from then on
	Verdict   Verdict              `json:"verdict"`
	Demands   []DemandMark         `json:"demands"`
}

// DemandMark is one demand: the quantity of a measure, or what one of its monitors must show. A demand by the day is
// one of its hours, too: of a day of which the plan covers a part it demands that part of it.
type DemandMark struct {
	Source    DemandSource               `json:"source"`
	Kind      reductionlist.QuantityKind `json:"kind,omitempty"` // empty for a criterion that sets no amount
	Value     float64                    `json:"value"`
	Unit      string                     `json:"unit"`
	Factor    string                     `json:"factor,omitempty"`    // HJ 212, of a criterion
	Criterion string                     `json:"criterion,omitempty"` // as the list has it
	Verdict   Verdict                    `json:"verdict"`
	Why       Why                        `json:"why,omitempty"`
	// in Unit and of Kind: the farthest from what is demanded
	Planned *float64    `json:"planned,omitempty"`
	At      *time.Time  `json:"at,omitempty"`     // the day or step of that begins then
	Of      int         `json:"of,omitempty"`     // days or steps that are compared
	Broken  int         `json:"broken,omitempty"` // those in which it is not kept
	Days    []DemandDay `json:"days,omitempty"`   // of a demand by the day; not recorded
}

// DemandSource is where a measure says what it demands.
type DemandSource string

// The sources.
const (
	FromQuantity  DemandSource = "quantity"  // 数值
	FromCriterion DemandSource = "criterion" // 判定条件
	FromAction    DemandSource = "action"    // a stop without a quantity
)

// DemandDay is one day in Shanghai: Hours of it are planned and under the demand, and Demanded and Planned are amounts
// of these hours, of tonnes or MWh, or of how much less than usual.
type DemandDay struct {
	Date     string  `json:"date"`
	Hours    float64 `json:"hours"`
	Demanded float64 `json:"demanded"`
	Planned  float64 `json:"planned"`
	Verdict  Verdict `json:"verdict"`
}

// Broken are the measures of marks that are not kept.
func Broken(marks []PlanMarks) (out []PlanMarks) {
	for _, m := range marks {
		if m.Verdict == NotKept {
			out = append(out, m)
		}
	}
	return out
}

// WithoutDays are marks as an order's plan records them; the marks that were handed in stay as they are.
func WithoutDays(marks []PlanMarks) []PlanMarks {
	marks = slices.Clone(marks)
	for i := range marks {
		marks[i].Demands = slices.Clone(marks[i].Demands)
		for k := range marks[i].Demands {
			marks[i].Demands[k].Days = nil
		}
	}
	return marks
}

// marks compares the plan, whose steps are not rounded yet, with every measure.
func (p *OperatingPlan) marks(demanded Demands) []PlanMarks {
	out := []PlanMarks{}
	for i := range demanded {
		m := &demanded[i]
		c := p.against(m)
		v := PlanMarks{MeasureID: m.ID, Unit: m.Unit, Action: m.Action, From: c.due, Verdict: NotCompared,
			Demands: []DemandMark{}}
		if m.Quantity != nil {
			v.Demands = append(v.Demands, c.quantity(*m.Quantity))
		} else if m.Action == reductionlist.Stop {
			v.Demands = append(v.Demands, c.stop(DemandMark{Source: FromAction}))
		}
		for _, o := range m.Monitors {
			if o.Criterion != (reductionlist.Criterion{}) {
				v.Demands = append(v.Demands, c.criterion(o))
			}
		}
		for k := range v.Demands {
			switch d := &v.Demands[k]; {
			case d.Verdict == NotKept:
				v.Verdict = NotKept
			case d.Verdict == Kept && v.Verdict != NotKept:
				v.Verdict = Kept
			}
		}
		out = append(out, v)
	}
	return out
}

// against compares the plan with the demands of a measure.
func (p *OperatingPlan) against(m *DemandedMeasure) demandComparer {
	c := demandComparer{plan: p, due: m.due(), action: m.Action}
	if c.plans() {
		c.names = p.Kind.Named(p.stepNames(), m.Unit)
	}
	return c
}

// stepNames are the machines of the plan as its first step has them.
func (p *OperatingPlan) stepNames() (names []string) {
	if len(p.Steps) > 0 {
		for _, u := range p.Steps[0].Units {
			names = append(names, u.Name)
		}
	}
	return names
}

// within reports whether v is no more than limit, apart from what floating point loses.
func within(v, limit float64) bool { return v <= limit+1e-6*max(1, math.Abs(limit)) }
