package workbook

import (
	"slices"
	"strings"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// cellReporter says what is wrong in a column of the row at hand.
type cellReporter func(column string, p *problem)

// assemble makes quantity and monitors out of cells that mean something only together.
func assemble(m *list.Measure, cell func(header string) numberCell, rep cellReporter) {
	m.Quantity = quantity(m.Action, cell, rep)
	m.Monitors = monitors(func(header string) string { return cell(header).text }, rep)
}

func quantity(a list.Action, cell func(string) numberCell, rep cellReporter) *list.Quantity {
	unit, named := text.Narrow(cell("单位").text), text.Narrow(cell(list.ColumnQuantityKind).text)
	kind, _ := list.KindOf(a)
	if named != "" {
		code, ok := list.KindWords.Code(named)
		if ok {
			kind = code
		} else {
			rep(list.ColumnQuantityKind, unknownWord(named, list.KindWords.Words))
		}
	}
	value := cell("数值")
	if value.text == "" {
		return nil
	}
	value.unit = value.unit || strings.HasSuffix(text.Narrow(value.text), "%") // which people type too
	if value.unit && unit == "" {
		_, unit = value.split()
	}
	v, p := value.read(unit)
	if p != nil {
		rep("数值", p)
		return nil
	}
	return &list.Quantity{Kind: kind, Value: v, Unit: unit}
}

// monitors pairs sources with their refs, factors and criteria. 监测标识, 监测因子 and 判定条件 hold either one
// entry, which serves every source but video, or as many entries separated by "；" or a line break as there are sources.
func monitors(cell func(string) string, rep cellReporter) []list.Monitor {
	sources, p := words(cell("监测方式"), list.SourceWords)
	if p != nil {
		rep("监测方式", p)
	}
	if len(sources) == 0 {
		for _, said := range entries(cell("判定条件"), "；;\n") { // which can be read whatever is measured
			criterion(said, rep)
		}
		return nil
	}
	refs := spread("监测标识", cell("监测标识"), sources, rep)
	factors := spread("监测因子", cell("监测因子"), sources, rep)
	criteria := spread("判定条件", cell("判定条件"), sources, rep)
	ms := make([]list.Monitor, len(sources))
	for i, s := range sources {
		ms[i] = list.Monitor{Source: s, Ref: refs[i], Factor: factors[i], Criterion: criterion(criteria[i], rep)}
	}
	return ms
}

// criterion reads one entry of 判定条件, and reports one that is none.
func criterion(said string, rep cellReporter) (c list.Criterion) {
	if said == "" {
		return c
	}
	c, err := list.ParseCriterion(shareOf(said))
	if err != nil {
		rep("判定条件", &problem{rule: "list.criterion", args: refusal.Args{"value": said}})
		return list.Criterion{}
	}
	return c
}

// shareOf writes the percentage that people give for a share of the baseline as that share: 50% as 0.5.
func shareOf(criterion string) string {
	kind, said, _ := strings.Cut(criterion, " ")
	given, percent := strings.CutSuffix(text.Squeeze(said), "%")
	if kind != string(list.FractionOfBaseline) || !percent {
		return criterion
	}
	v, p := parseNumber(given)
	if p != nil {
		return criterion
	}
	return kind + " " + text.Number(text.Round12(v/100))
}

// entries are the parts of a cell between any of the marks; one that is empty is one too.
func entries(cell, marks string) []string {
	cell = strings.Map(func(r rune) rune {
		if strings.ContainsRune(marks, r) {
			return '；'
		}
		return r
	}, cell)
	parts := strings.Split(cell, "；")
	for i := range parts {
		parts[i] = text.Narrow(text.Trim(parts[i]))
	}
	return parts
}

func spread(column, cell string, codes []list.Source, rep cellReporter) []string {
	parts := entries(cell, "；;\n")
	if more := entries(cell, "、"); len(parts) == 1 && len(more) == len(codes) {
		parts = more
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
		if s != list.Video || !slices.ContainsFunc(codes, func(s list.Source) bool { return s != list.Video }) {
			all[i] = parts[0]
		}
	}
	return all
}
