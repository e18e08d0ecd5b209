package reductionlist

import (
	"strings"

	"qingkong/reductionlist/internal/text"
)

// Names of the sheets of the workbook, and of what stands in several of them.
const (
	SheetHead       = "基本情况"
	SheetRecipients = "减排对象"
	SheetLines      = "生产线"
	SheetMeasures   = "减排措施"
	SheetUnits      = "机组"
	SheetFurnaces   = "焚烧炉"
	SheetPits       = "垃圾池"

	ColumnOwner = "对象编号" // whose row it is; in every sheet but 减排对象
	ColumnNote  = "备注"
	// ColumnQuantityKind is our own: it says what 数值 means where the action leaves a choice.
	ColumnQuantityKind = "数值含义"
)

// Keys of 基本情况 that every list has, and the header of its table.
const (
	KeyName       = "清单名称"
	KeyRegion     = "区域代码"
	KeyFrom       = "生效日期"
	KeyTo         = "失效日期"
	KeyCompiledBy = "编制单位"
	// KeyBox says within which longitudes and latitudes the district lies: four numbers, west, south, east, north. It is
	// our own, and a list may lack it.
	KeyBox = "经纬度范围"

	TablePollutant = "污染物"
	TableEmission  = "全社会日排放量(吨/日)"
)

// HeadKeys are the keys that 基本情况 has in every list.
var HeadKeys = []string{KeyName, KeyRegion, KeyFrom, KeyTo, KeyCompiledBy}

// Form is what the cells of a column hold.
type Form int

// The forms of columns.
const (
	Free     Form = iota // text
	Code                 // a code that others assign
	Identity             // an id that stands in subjects and keys
	USCC                 // GB 32100
	Phone
	Day // 2006-01-02
	Number
	Word     // of a closed vocabulary
	Composed // made together with other cells of the row
)

// Plain is a text of that form as a list keeps it, whatever people write around it. A text that has not the form stays
// as it is: an empty day, for one, means something else.
func (f Form) Plain(cell string) string {
	switch f {
	case Code:
		cell, _ = text.WholeCode(text.Narrow(cell))
	case Identity:
		return text.Narrow(cell)
	case USCC:
		return strings.ToUpper(text.Fold(cell)) // the form of GB 32100-2015: capital letters, no spaces
	case Phone:
		return PlainPhones(cell)
	case Day:
		if day, ok := text.Day(cell); ok {
			return day
		}
	}
	return cell
}

// Big is the bound of quantities that have no natural one; it catches a telephone number in the wrong column.
const Big = 1e9

// Column is one column of a sheet whose rows are T. It has the one of Text, Number and Word that its form needs.
type Column[T any] struct {
	Header    string
	Form      Form
	Needed    bool // every row has it
	Optional  bool // the sheet may lack it
	Low, High float64
	Text      func(*T) *string
	Number    func(*T) *float64
	Word      *Choice[T]
	// Value is the cell as it is written: a text, a number, or nil for an empty one.
	Value func(*T) any
}

// Choice is a word of a vocabulary in a row.
type Choice[T any] struct {
	Words []string
	Code  func(*T) string            // empty for none
	Known func(*T) bool              // the code is one of the vocabulary
	Set   func(*T, string) (ok bool) // takes a word
}

// Sheet is one kind of rows: the columns in the order in which they are written, and where a row keeps its notes.
type Sheet[T any] struct {
	Name    string
	Columns []Column[T]
	Notes   func(*T) *Notes
}

// The sheets of a recipient and of its rows. [ColumnOwner] stands before the columns of each but the first.
var (
	RecipientSheet = Sheet[Recipient]{SheetRecipients, recipientColumns, func(r *Recipient) *Notes { return &r.Notes }}
	LineSheet      = Sheet[Line]{SheetLines, lineColumns, func(r *Line) *Notes { return &r.Notes }}
	MeasureSheet   = Sheet[Measure]{SheetMeasures, measureColumns, func(r *Measure) *Notes { return &r.Notes }}
	UnitSheet      = Sheet[Unit]{SheetUnits, unitColumns, func(r *Unit) *Notes { return &r.Notes }}
	FurnaceSheet   = Sheet[Furnace]{SheetFurnaces, furnaceColumns, func(r *Furnace) *Notes { return &r.Notes }}
	PitSheet       = Sheet[Pit]{SheetPits, pitColumns, func(r *Pit) *Notes { return &r.Notes }}
)

func ofText[T any](form Form, header string, field func(*T) *string) Column[T] {
	return Column[T]{Header: header, Form: form, Text: field, Value: func(row *T) any { return *field(row) }}
}

func free[T any](header string, field func(*T) *string) Column[T] { return ofText(Free, header, field) }

func code[T any](header string, field func(*T) *string) Column[T] { return ofText(Code, header, field) }

func date[T any](header string, field func(*T) *string) Column[T] { return ofText(Day, header, field) }

func required[T any](header string, field func(*T) *string) Column[T] {
	return needed(ofText(Free, header, field))
}

func identity[T any](header string, field func(*T) *string) Column[T] {
	return needed(ofText(Identity, header, field))
}

func needed[T any](c Column[T]) Column[T] {
	c.Needed = true
	return c
}

func optional[T any](c Column[T]) Column[T] {
	c.Optional = true
	return c
}

// number is a column of numbers in [low, high]; an empty cell is 0 unless it is needed.
func number[T any](header string, needed bool, low, high float64, field func(*T) *float64) Column[T] {
	return Column[T]{Header: header, Form: Number, Needed: needed, Low: low, High: high, Number: field,
		Value: func(row *T) any {
			if v := text.Round12(*field(row)); v != 0 || needed {
				return v
			}
			return nil
		}}
}

// unbounded is a column of numbers that have no natural bound and may be left out.
func unbounded[T any](header string, field func(*T) *float64) Column[T] {
	return number(header, false, 0, Big, field)
}

func word[T any, E ~string](header string, needed bool, v Vocabulary[E], field func(*T) *E) Column[T] {
	return Column[T]{Header: header, Form: Word, Needed: needed,
		Word: &Choice[T]{
			Words: v.Words,
			Code:  func(row *T) string { return string(*field(row)) },
			Known: func(row *T) bool { return v.Has(*field(row)) },
			Set: func(row *T, word string) bool {
				code, ok := v.Code(word)
				if ok {
					*field(row) = code
				}
				return ok
			},
		},
		Value: func(row *T) any { return v.Word(*field(row)) }}
}

func composed[T any](header string, value func(*T) any) Column[T] {
	return Column[T]{Header: header, Form: Composed, Value: value}
}

var recipientColumns = []Column[Recipient]{
	identity("编号", func(r *Recipient) *string { return &r.ID }),
	word("类型", true, TypeWords, func(r *Recipient) *Type { return &r.Type }),
	required("名称", func(r *Recipient) *string { return &r.Name }),
	ofText(USCC, "统一社会信用代码", func(r *Recipient) *string { return &r.USCC }),
	code("排污许可证编号", func(r *Recipient) *string { return &r.Permit }),
	free("街镇", func(r *Recipient) *string { return &r.Town }),
	free("地址", func(r *Recipient) *string { return &r.Address }),
	number("经度", false, 73, 136, func(r *Recipient) *float64 { return &r.Lon }),
	number("纬度", false, 3, 54, func(r *Recipient) *float64 { return &r.Lat }),
	code("行业代码", func(r *Recipient) *string { return &r.Industry }),
	word("绩效分级", false, GradeWords, func(r *Recipient) *Grade { return &r.Grade }),
	word("管控类别", false, CategoryWords, func(r *Recipient) *Category { return &r.Category }),
	free("最大允许生产负荷", func(r *Recipient) *string { return &r.MaxLoad }),
	ofContact(Free, "联系人", func(c *Contact) *string { return &c.Name }),
	ofContact(Phone, "手机", func(c *Contact) *string { return &c.Phone }),
	ofContact(Free, "备用联系人", func(c *Contact) *string { return &c.BackupName }),
	ofContact(Phone, "备用手机", func(c *Contact) *string { return &c.BackupPhone }),
	code("监测站点MN", func(r *Recipient) *string { return &r.StationMN }),
	code("电表编号", func(r *Recipient) *string { return &r.MeterID }),
}

// ofContact is a column of the contact. Its Text makes one where there is none; an empty one is dropped when the row is
// read.
func ofContact(form Form, header string, field func(*Contact) *string) Column[Recipient] {
	return Column[Recipient]{Header: header, Form: form,
		Text: func(r *Recipient) *string {
			if r.Contact == nil {
				r.Contact = &Contact{}
			}
			return field(r.Contact)
		},
		Value: func(r *Recipient) any {
			if r.Contact == nil {
				return ""
			}
			return *field(r.Contact)
		}}
}

var lineColumns = []Column[Line]{
	required("编号", func(r *Line) *string { return &r.ID }),
	required("名称", func(r *Line) *string { return &r.Name }),
	free("产能", func(r *Line) *string { return &r.Capacity }),
	unbounded("SO2日排放(吨)", func(r *Line) *float64 { return &r.Emission.SO2 }),
	unbounded("NOx日排放(吨)", func(r *Line) *float64 { return &r.Emission.NOx }),
	unbounded("PM日排放(吨)", func(r *Line) *float64 { return &r.Emission.PM }),
	unbounded("VOCs日排放(吨)", func(r *Line) *float64 { return &r.Emission.VOCs }),
	number("安全停产时间(小时)", false, 0, 720, func(r *Line) *float64 { return &r.SafeStopH }),
	composed("长期停运", func(r *Line) any {
		if r.Idle {
			return "是"
		}
		return "否"
	}),
	code("分表编号", func(r *Line) *string { return &r.MeterID }),
}

var measureColumns = []Column[Measure]{
	identity("措施编号", func(r *Measure) *string { return &r.ID }),
	needed(composed("级别", func(r *Measure) any { return LevelWords.Join(r.Levels) })),
	free("生产线或设备", func(r *Measure) *string { return &r.Unit }),
	word("动作", true, ActionWords, func(r *Measure) *Action { return &r.Action }),
	required("措施内容", func(r *Measure) *string { return &r.Text }),
	composed("数值", func(r *Measure) any {
		if r.Quantity == nil {
			return ""
		}
		return text.Number(r.Quantity.Value)
	}),
	composed("单位", func(r *Measure) any {
		if r.Quantity == nil {
			return ""
		}
		return r.Quantity.Unit
	}),
	number("完成时限(小时)", true, 0, 720, func(r *Measure) *float64 { return &r.CompleteWithinH }),
	required("责任人", func(r *Measure) *string { return &r.Responsible }),
	needed(composed("监测方式", func(r *Measure) any {
		sources := make([]Source, len(r.Monitors))
		for i := range r.Monitors {
			sources[i] = r.Monitors[i].Source
		}
		return SourceWords.Join(sources)
	})),
	composed("监测标识", func(r *Measure) any { return r.eachMonitor(func(m *Monitor) string { return m.Ref }) }),
	composed("监测因子", func(r *Measure) any { return r.eachMonitor(func(m *Monitor) string { return m.Factor }) }),
	composed("判定条件",
		func(r *Measure) any { return r.eachMonitor(func(m *Monitor) string { return m.Criterion.String() }) }),
	needed(composed("核查材料", func(r *Measure) any { return strings.Join(r.Evidence, "；") })),
	unbounded("SO2日减排(吨)", func(r *Measure) *float64 { return &r.Reduction.SO2 }),
	unbounded("NOx日减排(吨)", func(r *Measure) *float64 { return &r.Reduction.NOx }),
	unbounded("PM日减排(吨)", func(r *Measure) *float64 { return &r.Reduction.PM }),
	unbounded("VOCs日减排(吨)", func(r *Measure) *float64 { return &r.Reduction.VOCs }),
	optional(composed(ColumnQuantityKind, func(r *Measure) any {
		if r.Quantity == nil {
			return ""
		}
		if kind, _ := KindOf(r.Action); r.Quantity.Kind != kind {
			return KindWords.Word(r.Quantity.Kind)
		}
		return ""
	})),
}

// eachMonitor is a cell with one entry for each way of monitoring; empty where none has any.
func (m *Measure) eachMonitor(part func(*Monitor) string) string {
	parts := make([]string, len(m.Monitors))
	filled := false
	for i := range m.Monitors {
		parts[i] = part(&m.Monitors[i])
		filled = filled || parts[i] != ""
	}
	if !filled {
		return ""
	}
	return strings.Join(parts, "；")
}

var unitColumns = []Column[Unit]{
	required("名称", func(r *Unit) *string { return &r.Name }),
	date("自", func(r *Unit) *string { return &r.From }),
	date("至", func(r *Unit) *string { return &r.To }),
	number("最小负荷(MW)", true, 0, 2000, func(r *Unit) *float64 { return &r.MinMW }),
	number("最大负荷(MW)", true, 0, 2000, func(r *Unit) *float64 { return &r.MaxMW }),
	number("最小运行(小时)", false, 0, 720, func(r *Unit) *float64 { return &r.MinUpH }),
	number("最小停运(小时)", false, 0, 720, func(r *Unit) *float64 { return &r.MinDownH }),
	unbounded("启动耗煤(吨)", func(r *Unit) *float64 { return &r.StartCoalT }),
	number("煤耗常数(吨/小时)", true, 0, Big, func(r *Unit) *float64 { return &r.Coal.Constant }),
	number("煤耗每MW", true, 0, Big, func(r *Unit) *float64 { return &r.Coal.PerMW }),
	unbounded("煤耗每MW²", func(r *Unit) *float64 { return &r.Coal.PerMW2 }),
	unbounded("煤耗每GJ", func(r *Unit) *float64 { return &r.Coal.PerGJ }),
	unbounded("最大供热(GJ/小时)", func(r *Unit) *float64 { return &r.MaxHeatGJH }),
	unbounded("供热减出力(MW每GJ/小时)", func(r *Unit) *float64 { return &r.MWLostPerGJH }),
	unbounded("SO2(kg/吨煤)", func(r *Unit) *float64 { return &r.Emission.SO2 }),
	unbounded("NOx(kg/吨煤)", func(r *Unit) *float64 { return &r.Emission.NOx }),
	unbounded("PM(kg/吨煤)", func(r *Unit) *float64 { return &r.Emission.PM }),
	number("低负荷(MW)", false, 0, 2000, func(r *Unit) *float64 { return &r.LowLoadMW }),
	number("低负荷NOx倍数", false, 0, 100, func(r *Unit) *float64 { return &r.LowLoadNOx }),
}

var furnaceColumns = []Column[Furnace]{
	required("名称", func(r *Furnace) *string { return &r.Name }),
	date("自", func(r *Furnace) *string { return &r.From }),
	date("至", func(r *Furnace) *string { return &r.To }),
	number("最小(吨/小时)", true, 0, 1000, func(r *Furnace) *float64 { return &r.MinTH }),
	number("最大(吨/小时)", true, 0, 1000, func(r *Furnace) *float64 { return &r.MaxTH }),
	number("最小运行(小时)", false, 0, 720, func(r *Furnace) *float64 { return &r.MinUpH }),
	number("最小停运(小时)", false, 0, 720, func(r *Furnace) *float64 { return &r.MinDownH }),
	unbounded("SO2(kg/吨)", func(r *Furnace) *float64 { return &r.Emission.SO2 }),
	unbounded("NOx(kg/吨)", func(r *Furnace) *float64 { return &r.Emission.NOx }),
	unbounded("PM(kg/吨)", func(r *Furnace) *float64 { return &r.Emission.PM }),
	unbounded("HCl(kg/吨)", func(r *Furnace) *float64 { return &r.Emission.HCl }),
	unbounded("启炉SO2(kg)", func(r *Furnace) *float64 { return &r.StartEmission.SO2 }),
	unbounded("启炉NOx(kg)", func(r *Furnace) *float64 { return &r.StartEmission.NOx }),
}

var pitColumns = []Column[Pit]{
	number("最低(吨)", true, 0, Big, func(r *Pit) *float64 { return &r.MinT }),
	number("最高(吨)", true, 0, Big, func(r *Pit) *float64 { return &r.MaxT }),
	unbounded("期末最高(吨)", func(r *Pit) *float64 { return &r.EndMaxT }),
	unbounded("外运上限(吨/小时)", func(r *Pit) *float64 { return &r.DivertMaxTH }),
	unbounded("外运总量(吨)", func(r *Pit) *float64 { return &r.DivertTotalT }),
	unbounded("外运NOx(kg/吨)", func(r *Pit) *float64 { return &r.DivertNOx }),
	unbounded("每吨蒸汽(吨)", func(r *Pit) *float64 { return &r.SteamPerT }),
}
