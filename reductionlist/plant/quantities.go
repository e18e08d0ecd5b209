package plant

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// QuantityDay is how much on one day in Shanghai; From and To are given where only a part of the day is meant.
type QuantityDay struct {
	Date  string     `json:"date"`
	Value float64    `json:"value"`
	From  *time.Time `json:"from,omitempty"`
	To    *time.Time `json:"to,omitempty"`
}

// Measures are the measures of an order with the plan's quantities, criteria, words and daily reductions in those that
// it rewrites, and the days of each of these by its id: none where no measure takes any. The measures that were handed
// in stay as they are.
func (p *OperatingPlan) Measures(listed []reductionlist.Measure) (ms []reductionlist.Measure,
	days map[string][]QuantityDay) {
	days = map[string][]QuantityDay{}
	ms = slices.Clone(listed)
	for i := range ms {
		m := &ms[i]
		names := p.rewrites(m)
		if len(names) == 0 {
			continue
		}
		days[m.ID] = p.quantity(names)
		p.measure(m, names, days[m.ID])
		if r := p.ReductionOf(m.ID); r != nil && r.Reduction != nil {
			m.Reduction = *r.Reduction
		}
	}
	return ms, days
}

// Rewrites reports whether the plan gives the quantity of any of these measures.
func (p *OperatingPlan) Rewrites(ms []reductionlist.Measure) bool {
	return slices.ContainsFunc(ms, func(m reductionlist.Measure) bool { return len(p.rewrites(&m)) > 0 })
}

// rewrites are the plan's machines that a measure names, whose quantity the plan gives; none where it leaves the
// measure as it is.
func (p *OperatingPlan) rewrites(m *reductionlist.Measure) []string {
	if m.Action != p.Kind.Action() {
		return nil
	}
	return p.Kind.Named(p.machines(), m.Unit)
}

// quantity is what machines may burn on each day: the plan's tonnes, rounded up to a tenth so that the plan itself
// keeps to it.
func (p *OperatingPlan) quantity(names []string) (days []QuantityDay) {
	for i := range p.Days {
		d := &p.Days[i]
		sum := 0.0
		for _, u := range d.Units {
			if slices.Contains(names, u.Name) {
				sum += u.T
			}
		}
		days = append(days, QuantityDay{Date: d.Date, Value: math.Ceil(sum*10-1e-4) / 10, From: d.From, To: d.To})
	}
	return days
}

// measure rewrites one measure. The monitors keep whatever they watch beside the day's tonnes, except an hourly mass
// that the plan itself exceeds where a unit runs in the place of another: that limit is raised as far as the plan
// needs.
func (p *OperatingPlan) measure(m *reductionlist.Measure, names []string, days []QuantityDay) {
	largest := 0.0
	for _, d := range days {
		largest = max(largest, d.Value)
	}
	m.Quantity = &reductionlist.Quantity{Kind: reductionlist.AtMost, Value: largest, Unit: "t/d"}
	day := reductionlist.Criterion{Kind: reductionlist.DayTotalAtMost, Limit: largest, Unit: "t"}
	watched, raised := false, false
	m.Monitors = slices.Clone(m.Monitors)
	for i := range m.Monitors {
		c := &m.Monitors[i].Criterion
		switch c.Kind {
		case reductionlist.DayTotalAtMost:
			*c, watched = day, true
		case reductionlist.HourMassAtMost:
			if peak := p.peak(names, m.Monitors[i].Factor, c.Unit); peak > c.Limit {
				c.Limit, raised = math.Ceil(peak*10-1e-6)/10, true
			}
		}
	}
	if !watched {
		source := reductionlist.DCS
		if p.Kind == Waste {
			source = reductionlist.Weighing
		}
		m.Monitors = append(m.Monitors, reductionlist.Monitor{Source: source, Criterion: day})
	}
	m.Text = p.text(m.Unit, days, raised)
}

// pollutantOf names the pollutant of an HJ 212 factor.
var pollutantOf = map[string]string{"a21026": "so2", "a21002": "nox", "a34013": "pm", "a21024": "hcl"}

// peak is the largest hourly emission of machines together that a step of the plan can have, in a criterion's unit.
func (p *OperatingPlan) peak(names []string, factor, unit string) (sum float64) {
	for _, u := range p.Units {
		if slices.Contains(names, u.Name) {
			sum += u.PeakKgH[pollutantOf[factor]]
		}
	}
	switch unit {
	case "g/h":
		return sum * 1000
	case "t/h":
		return sum / 1000
	}
	return sum
}

// text reads a measure's days out, whole days of the same amount together.
func (p *OperatingPlan) text(unit string, days []QuantityDay, raised bool) string {
	what := "耗煤量"
	if p.Kind == Waste {
		what = "入炉量"
	}
	var b strings.Builder
	b.WriteString(unit + "按已接受的运行方案执行，" + what + "：")
	for i := 0; i < len(days); {
		d, last := days[i], i
		for last+1 < len(days) && d.From == nil && days[last+1].From == nil && days[last+1].Value == d.Value {
			last++
		}
		if i > 0 {
			b.WriteString("，")
		}
		b.WriteString(dayWords(d))
		if last > i {
			b.WriteString("至" + dayWords(days[last]) + "每日")
		}
		if d.Value == 0 {
			b.WriteString("停运")
		} else {
			b.WriteString("不超过" + strconv.FormatFloat(d.Value, 'f', -1, 64) + "吨")
		}
		i = last + 1
	}
	if raised {
		b.WriteString("；小时排放量上限随方案调整")
	}
	b.WriteString("；其余监测要求不变，方案期以外按清单执行")
	return b.String()
}

// dayWords are a day as an order has it, and the hours of it that are meant.
func dayWords(d QuantityDay) string {
	date, _ := alerts.ParseDate(d.Date)
	day := date.Start()
	s := strconv.Itoa(int(day.Month())) + "月" + strconv.Itoa(day.Day()) + "日"
	if d.From == nil || d.To == nil {
		return s
	}
	to := d.To.In(alerts.Shanghai()).Hour()
	if to == 0 {
		to = 24
	}
	return s + strconv.Itoa(d.From.In(alerts.Shanghai()).Hour()) + "时至" + strconv.Itoa(to) + "时"
}
