package reductionlist

import (
	"slices"
	"strings"

	"qingkong/alerts/refusal"
)

// The sheets' columns, in the order in which they are written.

var recipientColumns = []column[Recipient]{
	recipientIdentity(),
	enumeration("类型", true, types, func(r *Recipient) *Type { return &r.Type }),
	required("名称", func(r *Recipient) *string { return &r.Name }),
	usccColumn(),
	code("排污许可证编号", func(r *Recipient) *string { return &r.Permit }),
	text("街镇", func(r *Recipient) *string { return &r.Town }),
	text("地址", func(r *Recipient) *string { return &r.Address }),
	number("经度", false, 73, 136, func(r *Recipient) *float64 { return &r.Lon }),
	number("纬度", false, 3, 54, func(r *Recipient) *float64 { return &r.Lat }),
	industryColumn(),
	enumeration("绩效分级", false, grades, func(r *Recipient) *Grade { return &r.Grade }),
	enumeration("管控类别", false, categories, func(r *Recipient) *Category { return &r.Category }),
	text("最大允许生产负荷", func(r *Recipient) *string { return &r.MaxLoad }),
	text("联系人", func(r *Recipient) *string { return &r.contact().Name }),
	phone("手机", func(r *Recipient) *string { return &r.contact().Phone }),
	text("备用联系人", func(r *Recipient) *string { return &r.contact().BackupName }),
	phone("备用手机", func(r *Recipient) *string { return &r.contact().BackupPhone }),
	code("监测站点MN", func(r *Recipient) *string { return &r.StationMN }),
	code("电表编号", func(r *Recipient) *string { return &r.MeterID }),
}

// contact is the contact to be filled; an empty one is dropped when the row is done.
func (r *Recipient) contact() *Contact {
	if r.Contact == nil {
		r.Contact = &Contact{}
	}
	return r.Contact
}

// recipientIdentity is the id of a recipient, which is also the name of its account.
func recipientIdentity() column[Recipient] {
	c := identity("编号", func(r *Recipient) *string { return &r.ID })
	read := c.read
	c.read = func(r *Recipient, cell string) *problem {
		p := read(r, cell)
		if p == nil && ReservedID(r.ID) {
			p = &problem{rule: "list.id_reserved", args: refusal.Args{"value": cell}}
		}
		return p
	}
	return c
}

func usccColumn() column[Recipient] {
	c := text("统一社会信用代码", func(r *Recipient) *string { return &r.USCC })
	c.read = func(r *Recipient, cell string) *problem {
		r.USCC = squeeze(narrow(cell))
		if scientific.MatchString(r.USCC) {
			return lostDigits("list.uscc_scientific", cell)
		}
		if cell != "" && !ValidUSCC(r.USCC) {
			return &problem{rule: "list.uscc", args: refusal.Args{"value": cell}}
		}
		return nil
	}
	return c
}

// industryColumn is the code of GB/T 4754: four digits for a class, before which the letter of its section may stand. A
// number loses the 0 with which agriculture and mining begin.
func industryColumn() column[Recipient] {
	c := code("行业代码", func(r *Recipient) *string { return &r.Industry })
	read := c.read
	c.read = func(r *Recipient, cell string) *problem {
		if p := read(r, cell); p != nil {
			return p
		}
		if digits := strings.Trim(r.Industry, "0123456789") == ""; digits && r.Industry != "" && len(r.Industry) < 4 {
			return &problem{rule: "list.code_short", severity: SeverityWarning, args: refusal.Args{"value": r.Industry, "want": 4}}
		}
		return nil
	}
	return c
}

var lineColumns = []column[lineRow]{
	identity(columnOwner, func(r *lineRow) *string { return &r.owner }),
	required("编号", func(r *lineRow) *string { return &r.ID }),
	required("名称", func(r *lineRow) *string { return &r.Name }),
	text("产能", func(r *lineRow) *string { return &r.Capacity }),
	number("SO2日排放(吨)", false, 0, big, func(r *lineRow) *float64 { return &r.Emission.SO2 }),
	number("NOx日排放(吨)", false, 0, big, func(r *lineRow) *float64 { return &r.Emission.NOx }),
	number("PM日排放(吨)", false, 0, big, func(r *lineRow) *float64 { return &r.Emission.PM }),
	number("VOCs日排放(吨)", false, 0, big, func(r *lineRow) *float64 { return &r.Emission.VOCs }),
	number("安全停产时间(小时)", false, 0, 720, func(r *lineRow) *float64 { return &r.SafeStopH }),
	{header: "长期停运",
		read: func(r *lineRow, cell string) *problem {
			if cell = narrow(cell); !slices.Contains([]string{"", "是", "否"}, cell) {
				return unknownWord(cell, []string{"是", "否"})
			}
			r.Idle = cell == "是"
			return nil
		},
		write: func(r *lineRow) any {
			if r.Idle {
				return "是"
			}
			return "否"
		}},
	code("分表编号", func(r *lineRow) *string { return &r.MeterID }),
}

var measureColumns = []column[measureRow]{
	identity(columnOwner, func(r *measureRow) *string { return &r.owner }),
	identity("措施编号", func(r *measureRow) *string { return &r.ID }),
	{header: "级别", need: true,
		read: func(r *measureRow, cell string) (p *problem) {
			r.Levels, p = words(cell, levels)
			return p
		},
		write: func(r *measureRow) any { return joined(r.Levels, levels) }},
	text("生产线或设备", func(r *measureRow) *string { return &r.Measure.Unit }),
	enumeration("动作", true, actions, func(r *measureRow) *Action { return &r.Action }),
	required("措施内容", func(r *measureRow) *string { return &r.Text }),
	text("数值", func(r *measureRow) *string { return &r.cells.value }),
	text("单位", func(r *measureRow) *string { return &r.cells.unit }),
	number("完成时限(小时)", true, 0, 720, func(r *measureRow) *float64 { return &r.CompleteWithinH }),
	required("责任人", func(r *measureRow) *string { return &r.Responsible }),
	needed(text("监测方式", func(r *measureRow) *string { return &r.cells.sources })),
	text("监测标识", func(r *measureRow) *string { return &r.cells.refs }),
	text("监测因子", func(r *measureRow) *string { return &r.cells.factors }),
	text("判定条件", func(r *measureRow) *string { return &r.cells.criteria }),
	{header: "核查材料", need: true,
		read: func(r *measureRow, cell string) *problem {
			r.Evidence = several(cell)
			if len(r.Evidence) == 0 {
				return &problem{rule: "list.no_evidence"}
			}
			return nil
		},
		write: func(r *measureRow) any { return strings.Join(r.Evidence, "；") }},
	number("SO2日减排(吨)", false, 0, big, func(r *measureRow) *float64 { return &r.Reduction.SO2 }),
	number("NOx日减排(吨)", false, 0, big, func(r *measureRow) *float64 { return &r.Reduction.NOx }),
	number("PM日减排(吨)", false, 0, big, func(r *measureRow) *float64 { return &r.Reduction.PM }),
	number("VOCs日减排(吨)", false, 0, big, func(r *measureRow) *float64 { return &r.Reduction.VOCs }),
	optional(text(columnQuantityKind, func(r *measureRow) *string { return &r.cells.kind })),
}

// columnQuantityKind is our own: it says what 数值 means where the action leaves a choice.
const columnQuantityKind = "数值含义"

func needed[T any](c column[T]) column[T] {
	c.need = true
	return c
}

func optional[T any](c column[T]) column[T] {
	c.optional = true
	return c
}

var unitColumns = []column[unitRow]{
	identity(columnOwner, func(r *unitRow) *string { return &r.owner }),
	required("名称", func(r *unitRow) *string { return &r.Name }),
	date("自", func(r *unitRow) *string { return &r.From }),
	date("至", func(r *unitRow) *string { return &r.To }),
	number("最小负荷(MW)", true, 0, 2000, func(r *unitRow) *float64 { return &r.MinMW }),
	number("最大负荷(MW)", true, 0, 2000, func(r *unitRow) *float64 { return &r.MaxMW }),
	number("最小运行(小时)", false, 0, 720, func(r *unitRow) *float64 { return &r.MinUpH }),
	number("最小停运(小时)", false, 0, 720, func(r *unitRow) *float64 { return &r.MinDownH }),
	number("启动耗煤(吨)", false, 0, big, func(r *unitRow) *float64 { return &r.StartCoalT }),
	number("煤耗常数(吨/小时)", true, 0, big, func(r *unitRow) *float64 { return &r.Coal.Constant }),
	number("煤耗每MW", true, 0, big, func(r *unitRow) *float64 { return &r.Coal.PerMW }),
	number("煤耗每MW²", false, 0, big, func(r *unitRow) *float64 { return &r.Coal.PerMW2 }),
	number("煤耗每GJ", false, 0, big, func(r *unitRow) *float64 { return &r.Coal.PerGJ }),
	number("最大供热(GJ/小时)", false, 0, big, func(r *unitRow) *float64 { return &r.MaxHeatGJH }),
	number("供热减出力(MW每GJ/小时)", false, 0, big, func(r *unitRow) *float64 { return &r.MWLostPerGJH }),
	number("SO2(kg/吨煤)", false, 0, big, func(r *unitRow) *float64 { return &r.Emission.SO2 }),
	number("NOx(kg/吨煤)", false, 0, big, func(r *unitRow) *float64 { return &r.Emission.NOx }),
	number("PM(kg/吨煤)", false, 0, big, func(r *unitRow) *float64 { return &r.Emission.PM }),
	number("低负荷(MW)", false, 0, 2000, func(r *unitRow) *float64 { return &r.LowLoadMW }),
	number("低负荷NOx倍数", false, 0, 100, func(r *unitRow) *float64 { return &r.LowLoadNOx }),
}

var furnaceColumns = []column[furnaceRow]{
	identity(columnOwner, func(r *furnaceRow) *string { return &r.owner }),
	required("名称", func(r *furnaceRow) *string { return &r.Name }),
	date("自", func(r *furnaceRow) *string { return &r.From }),
	date("至", func(r *furnaceRow) *string { return &r.To }),
	number("最小(吨/小时)", true, 0, 1000, func(r *furnaceRow) *float64 { return &r.MinTH }),
	number("最大(吨/小时)", true, 0, 1000, func(r *furnaceRow) *float64 { return &r.MaxTH }),
	number("最小运行(小时)", false, 0, 720, func(r *furnaceRow) *float64 { return &r.MinUpH }),
	number("最小停运(小时)", false, 0, 720, func(r *furnaceRow) *float64 { return &r.MinDownH }),
	number("SO2(kg/吨)", false, 0, big, func(r *furnaceRow) *float64 { return &r.Emission.SO2 }),
	number("NOx(kg/吨)", false, 0, big, func(r *furnaceRow) *float64 { return &r.Emission.NOx }),
	number("PM(kg/吨)", false, 0, big, func(r *furnaceRow) *float64 { return &r.Emission.PM }),
	number("HCl(kg/吨)", false, 0, big, func(r *furnaceRow) *float64 { return &r.Emission.HCl }),
	number("启炉SO2(kg)", false, 0, big, func(r *furnaceRow) *float64 { return &r.StartEmission.SO2 }),
	number("启炉NOx(kg)", false, 0, big, func(r *furnaceRow) *float64 { return &r.StartEmission.NOx }),
}

var pitColumns = []column[pitRow]{
	identity(columnOwner, func(r *pitRow) *string { return &r.owner }),
	number("最低(吨)", true, 0, big, func(r *pitRow) *float64 { return &r.MinT }),
	number("最高(吨)", true, 0, big, func(r *pitRow) *float64 { return &r.MaxT }),
	number("期末最高(吨)", false, 0, big, func(r *pitRow) *float64 { return &r.EndMaxT }),
	number("外运上限(吨/小时)", false, 0, big, func(r *pitRow) *float64 { return &r.DivertMaxTH }),
	number("外运总量(吨)", false, 0, big, func(r *pitRow) *float64 { return &r.DivertTotalT }),
	number("外运NOx(kg/吨)", false, 0, big, func(r *pitRow) *float64 { return &r.DivertNOx }),
	number("每吨蒸汽(吨)", false, 0, big, func(r *pitRow) *float64 { return &r.SteamPerT }),
}

// words reads several words of a vocabulary separated by "/".
func words[E ~string](cell string, v vocabulary[E]) ([]E, *problem) {
	if cell == "" {
		return nil, &problem{rule: "list.required"}
	}
	var codes []E
	for word := range strings.SplitSeq(narrow(cell), "/") {
		code, ok := v.code(strings.TrimSpace(word))
		if !ok {
			return nil, unknownWord(word, v.words)
		}
		if slices.Contains(codes, code) {
			return nil, &problem{rule: "list.word_twice", args: refusal.Args{"value": word}}
		}
		codes = append(codes, code)
	}
	return codes, nil
}

func joined[E ~string](codes []E, v vocabulary[E]) string {
	parts := make([]string, len(codes))
	for i, c := range codes {
		parts[i] = v.word(c)
	}
	return strings.Join(parts, "/")
}

// several splits at the full-width semicolon and drops empty parts.
func several(cell string) []string {
	var parts []string
	for part := range strings.SplitSeq(cell, "；") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
