package reductionlist

import (
	"slices"
	"strings"

	"qingkong/alerts/refusal"
)

// monitorCells are the cells of a measure that mean something only together.
type monitorCells struct {
	value, unit, kind                string
	sources, refs, factors, criteria string
}

// report says what is wrong in a column of the row at hand.
type report func(column string, p *problem)

// assemble makes quantity and monitors out of the cells.
func (r *measureRow) assemble(rep report) {
	r.Quantity = r.cells.quantity(r.Action, rep)
	r.Monitors = r.cells.monitors(rep)
}

func (c *monitorCells) quantity(a Action, rep report) *Quantity {
	c.unit, c.kind = narrow(c.unit), narrow(c.kind)
	kind, free := kindOf(a)
	if c.kind != "" {
		named, ok := quantityKinds.code(c.kind)
		switch {
		case !ok:
			rep(columnQuantityKind, unknownWord(c.kind, quantityKinds.words))
		case named != kind && !free:
			rep(columnQuantityKind, &problem{rule: "list.quantity_kind", args: refusal.Args{"action": a.Label(), "want": quantityKinds.word(kind)}})
		default:
			kind = named
		}
	}
	if c.value == "" {
		if p := missingQuantity(a); p != nil {
			rep("数值", p)
		}
		return nil
	}
	v, p := parseNumber(c.value, 0, big)
	if p != nil {
		rep("数值", p)
		return nil
	}
	switch {
	case c.unit == "":
		rep("单位", &problem{rule: "list.no_unit"})
	case a == Limit && c.unit != "%":
		rep("单位", &problem{rule: "list.percent_unit", args: refusal.Args{"value": c.unit}})
	case c.unit == "%" && v > 100:
		rep("数值", &problem{rule: "list.number_range", args: refusal.Args{"value": c.value, "low": "0", "high": "100"}})
	case a == Limit && v > 0 && v < 1:
		rep("数值", &problem{rule: "list.percent_small", severity: SeverityWarning, args: refusal.Args{"value": c.value}})
	}
	return &Quantity{Kind: kind, Value: v, Unit: c.unit}
}

// missingQuantity says how bad it is that a measure has no number: a stop needs none, a limit is not operable without.
func missingQuantity(a Action) *problem {
	switch a {
	case Stop, StopVehicles, StopWork, "":
		return nil
	case Limit, ReduceCoal, AllocateWaste:
		return &problem{rule: "list.no_quantity", args: refusal.Args{"action": a.Label()}}
	default:
		return &problem{rule: "list.no_quantity", severity: SeverityWarning, args: refusal.Args{"action": a.Label()}}
	}
}

// monitors pairs sources with their refs, factors and criteria. 监测标识, 监测因子 and 判定条件 hold either one
// entry, which serves every source but video, or as many entries separated by "；" as there are sources.
func (c *monitorCells) monitors(rep report) []Monitor {
	if c.sources == "" {
		rep("监测方式", &problem{rule: "list.no_monitor"})
		return nil
	}
	codes, p := words(c.sources, sources)
	if p != nil {
		rep("监测方式", p)
		return nil
	}
	refs := spread("监测标识", c.refs, codes, rep)
	factors := spread("监测因子", c.factors, codes, rep)
	criteria := spread("判定条件", c.criteria, codes, rep)
	ms := make([]Monitor, len(codes))
	for i, s := range codes {
		ms[i] = Monitor{Source: s, Ref: refs[i], Factor: factors[i]}
		if criteria[i] == "" {
			if s != Video {
				rep("判定条件", &problem{rule: "list.no_criterion", args: refusal.Args{"source": s.Label()}})
			}
			continue
		}
		crit, err := ParseCriterion(criteria[i])
		if err != nil {
			rep("判定条件", &problem{rule: "list.criterion", args: refusal.Args{"value": criteria[i]}})
			continue
		}
		ms[i].Criterion = crit
	}
	return ms
}

func spread(column, cell string, codes []Source, rep report) []string {
	parts := strings.Split(cell, "；")
	for i := range parts {
		parts[i] = narrow(strings.TrimSpace(parts[i]))
	}
	if len(parts) == len(codes) {
		return parts
	}
	all := make([]string, len(codes))
	if len(parts) > 1 {
		rep(column, &problem{rule: "list.pairing", args: refusal.Args{"have": len(parts), "want": len(codes)}})
		return all
	}
	for i, s := range codes {
		if s != Video || !slices.ContainsFunc(codes, func(s Source) bool { return s != Video }) {
			all[i] = parts[0]
		}
	}
	return all
}

// disassemble is the way back, for writing.
func (r *measureRow) disassemble() {
	c := &r.cells
	if q := r.Quantity; q != nil {
		c.value, c.unit = plain(q.Value), q.Unit
		if kind, _ := kindOf(r.Action); q.Kind != kind {
			c.kind = quantityKinds.word(q.Kind)
		}
	}
	var codes []Source
	for _, m := range r.Monitors {
		codes = append(codes, m.Source)
	}
	c.sources = joined(codes, sources)
	c.refs = r.column(func(m Monitor) string { return m.Ref })
	c.factors = r.column(func(m Monitor) string { return m.Factor })
	c.criteria = r.column(func(m Monitor) string { return m.Criterion.String() })
}

func (r *measureRow) column(part func(Monitor) string) string {
	parts := make([]string, len(r.Monitors))
	filled := false
	for i, m := range r.Monitors {
		parts[i] = part(m)
		filled = filled || parts[i] != ""
	}
	if !filled {
		return ""
	}
	return strings.Join(parts, "；")
}
