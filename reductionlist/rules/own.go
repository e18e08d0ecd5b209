package rules

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// own finds what the rows of a recipient show each by itself.
func (c *checker) own(r *list.Recipient, rows *list.Rows) {
	if rows == nil || rows.Recipient != (list.Place{}) {
		c.row(r, list.SheetRecipients, 0, "", func(f *cellFaults) { ownRecipient(r, c.s, f, c.lost) })
	}
	for i := range r.Lines {
		l := &r.Lines[i]
		c.row(r, list.SheetLines, i, l.ID, func(f *cellFaults) { ownCells(list.LineSheet, l, f) })
	}
	for i := range r.Measures {
		m := &r.Measures[i]
		c.row(r, list.SheetMeasures, i, list.MeasureKey(m), func(f *cellFaults) { ownRow(m, c.s, f) })
	}
	for i := range r.Units {
		u := &r.Units[i]
		c.row(r, list.SheetUnits, i, u.Name, func(f *cellFaults) {
			ownMachine(list.UnitSheet, u, f, "最大负荷(MW)", u.MinMW, u.MaxMW, u.From, u.To)
		})
	}
	for i := range r.Furnaces {
		u := &r.Furnaces[i]
		c.row(r, list.SheetFurnaces, i, u.Name, func(f *cellFaults) {
			ownMachine(list.FurnaceSheet, u, f, "最大(吨/小时)", u.MinTH, u.MaxTH, u.From, u.To)
		})
	}
	if r.Pit != nil {
		c.row(r, list.SheetPits, 0, "", func(f *cellFaults) {
			ownCells(list.PitSheet, r.Pit, f)
			rising(f, "最高(吨)", r.Pit.MinT, r.Pit.MaxT)
		})
	}
}

// row finds what is wrong in one row. A warning about a cell that an error is about already is not told.
func (c *checker) row(r *list.Recipient, sheet string, i int, key string, find func(*cellFaults)) {
	c.found = c.found[:0]
	if sheet != list.SheetRecipients {
		owner(r.ID, &c.found)
	}
	c.here = rowRef{r: r, sheet: sheet, i: i}
	find(&c.found)
	var wrong []string
	for n := range c.found {
		f := &c.found[n]
		if f.grade() == mistake {
			if f.rule != "list.text_quantity" { // which is about the number, not about how the text says it
				wrong = append(wrong, f.column)
			}
		} else if slices.Contains(wrong, f.column) {
			continue
		}
		c.add(*f, c.here, key)
	}
}

// owner is the id that says whose a row is.
func owner(id string, found *cellFaults) {
	if id == "" {
		required(list.ColumnOwner, found)
	} else if !list.ValidID(id) {
		found.add(list.ColumnOwner, "list.id_form", refusal.Args{"value": id})
	}
}

// required is the one rule about what every row, or every row of its kind, has to have.
func required(column string, found *cellFaults) { found.add(column, "list.required", nil) }

// ownCells holds every cell of a row to the form of its column.
func ownCells[T any](sheet list.Sheet[T], row *T, found *cellFaults) {
	for i := range sheet.Columns {
		if c := &sheet.Columns[i]; c.Form != list.Composed {
			ownCell(c, row, found)
		}
	}
	ownNotes(sheet, row, found)
}

func ownCell[T any](c *list.Column[T], row *T, found *cellFaults) {
	value := ""
	switch c.Form {
	case list.Number:
		v := *c.Number(row)
		if (v != 0 || c.Needed) && !(v >= c.Low && v <= c.High) {
			found.add(c.Header, "list.number_range",
				refusal.Args{"value": text.Number(v), "low": text.Number(c.Low), "high": text.Number(c.High)})
		}
		return
	case list.Word:
		if value = c.Word.Code(row); value != "" && !c.Word.Known(row) {
			found.add(c.Header, "list.enum", refusal.Args{"value": value, "allowed": strings.Join(c.Word.Words, "、")})
		}
	default:
		value, _ = c.Value(row).(string) // which, unlike Text, makes nothing
	}
	if value == "" {
		if c.Needed {
			required(c.Header, found)
		}
		return
	}
	if longName(c.Header, value) {
		found.add(c.Header, "list.name_long", refusal.Args{"limit": longestName, "value": text.Clip(value)})
	}
	switch c.Form {
	case list.Code, list.Phone:
		if _, lost := text.WholeCode(value); lost {
			found.add(c.Header, "list.code_scientific", refusal.Args{"value": value})
		} else if c.Form == list.Phone && !list.ValidPhone(value) {
			found.add(c.Header, "list.phone", nil)
		}
	case list.Identity:
		if !list.ValidID(value) {
			found.add(c.Header, "list.id_form", refusal.Args{"value": value})
		}
	case list.USCC:
		if text.Scientific(value) {
			found.add(c.Header, "list.uscc_scientific", refusal.Args{"value": value})
		} else if !list.ValidUSCC(value) {
			found.add(c.Header, "list.uscc", refusal.Args{"value": value})
		}
	case list.Day:
		if !text.IsDay(value) {
			found.add(c.Header, "list.date", refusal.Args{"value": value})
		}
	}
}

// ownNotes finds telephone numbers in 备注 and the columns that have no meaning here, except those that hold numbers of
// things, and such columns under the name of one that has.
func ownNotes[T any](sheet list.Sheet[T], row *T, found *cellFaults) {
	n := sheet.Notes(row)
	if n.Note == "" && len(n.Extra) == 0 {
		return
	}
	noPhone(list.ColumnNote, n.Note, found)
	for _, column := range sortedKeys(n.Extra) {
		folded := text.Header(column)
		taken := folded == list.ColumnNote || folded == list.ColumnOwner && sheet.Name != list.SheetRecipients ||
			slices.ContainsFunc(sheet.Columns, func(c list.Column[T]) bool { return text.Header(c.Header) == folded })
		if taken {
			found.add(column, "list.column_twice", nil)
		}
		if !numberOfThing.MatchString(folded) {
			noPhone(column, n.Extra[column], found)
		}
	}
}

// numberOfThing is the header of a column that holds the numbers of things.
var numberOfThing = regexp.MustCompile(`(编号|[电水气分总]表号?|表号|户号|资产号|证号)$`)

// noPhone finds a telephone number in a text that would stay in the record.
func noPhone(column, said string, found *cellFaults) {
	if list.HoldsPhone(said) {
		found.add(column, "list.phone_in_record", nil)
	}
}

func rising(found *cellFaults, column string, low, high float64) {
	if low > high {
		found.add(column, "list.range_reversed", refusal.Args{"low": text.Number(low), "high": text.Number(high)})
	}
}

// ownMachine finds what is wrong in the row of a unit or furnace; column is the one of its highest load.
func ownMachine[T any](sheet list.Sheet[T], row *T, found *cellFaults, column string, low, high float64,
	from, to string) {
	ownCells(sheet, row, found)
	rising(found, column, low, high)
	if text.IsDay(from) && text.IsDay(to) && to < from {
		found.add("至", "list.dates_reversed", refusal.Args{"value": to})
	}
}

// ownRecipient finds what is wrong in a recipient's own row. lost says which cells could not be read; nil means none.
func ownRecipient(r *list.Recipient, s *Settings, found *cellFaults, lost func(column string) bool) {
	ownCells(list.RecipientSheet, r, found)
	if list.ReservedID(r.ID) {
		found.add("编号", "list.id_reserved", refusal.Args{"value": r.ID})
	}
	if s.Account != nil && r.ID != "" {
		if user := s.Account(r.ID); user != "" {
			found.add("编号", "list.id_account", refusal.Args{"value": r.ID, "user": user})
		}
	}
	// a number loses the 0 with which agriculture and mining begin
	if d := r.Industry; d != "" && len(d) < 4 && strings.Trim(d, "0123456789") == "" {
		found.add("行业代码", "list.code_short", refusal.Args{"value": d, "want": 4})
	} else if d != "" && !industries(d) && !text.Scientific(d) {
		found.add("行业代码", "list.industry", refusal.Args{"value": text.Clip(d)})
	}
	if r.Type == list.Enterprise {
		if r.Grade == "" {
			required("绩效分级", found)
		}
		if r.Category == "" {
			required("管控类别", found)
		}
		if r.USCC == "" {
			found.add("统一社会信用代码", "list.no_uscc", nil)
		}
		if r.Industry == "" {
			found.add("行业代码", "list.no_industry", nil)
		}
	}
	if r.Category == list.Safeguard && !strings.ContainsAny(r.MaxLoad, "0123456789") {
		found.add("最大允许生产负荷", "list.no_max_load", nil)
	}
	if r.Contact == nil || r.Contact.Phone == "" {
		found.add("手机", "list.no_phone", nil)
	}
	if (r.Lon == 0) != (r.Lat == 0) && !(lost != nil && (lost("经度") || lost("纬度"))) {
		found.add("经度", "list.half_position", nil)
	}
	noPhone("名称", r.Name, found)
	noPhone("地址", r.Address, found)
	noPhone("最大允许生产负荷", r.MaxLoad, found)
}

// ownRow finds what a measure's own row shows.
func ownRow(m *list.Measure, s *Settings, found *cellFaults) {
	ownCells(list.MeasureSheet, m, found)
	ownLevels(m, found)
	said := ownSaid(m, found)
	if m.Unit == "" {
		found.add("生产线或设备", "list.no_device", nil)
	}
	so := len(*found)
	ownQuantity(m, found)
	if said {
		ownAmount(m, (*found)[so:], found)
	}
	ownVague(m, found)
	if m.CompleteWithinH <= 0 {
		found.add("完成时限(小时)", "list.no_deadline", nil)
	}
	ownResponsible(m, s, found)
	if len(m.Monitors) == 0 {
		found.add("监测方式", "list.no_monitor", nil)
	}
	for i := range m.Monitors {
		ownChannel(m, i, found)
	}
	switch {
	case len(m.Evidence) == 0:
		found.add("核查材料", "list.no_evidence", nil)
	case !evidenceFits(m.Action, m.Evidence):
		found.add("核查材料", "list.evidence_unfit",
			refusal.Args{"action": m.Action.Label(), "value": strings.Join(m.Evidence, "；")})
	}
	noPhone("责任人", m.Responsible, found)
	noPhone("措施内容", m.Text, found)
	noPhone("生产线或设备", m.Unit, found)
	noPhone("核查材料", strings.Join(m.Evidence, "；"), found)
}

func ownLevels(m *list.Measure, found *cellFaults) {
	if len(m.Levels) == 0 {
		required("级别", found)
	}
	for i, l := range m.Levels {
		switch {
		case !list.LevelWords.Has(l):
			found.add("级别", "list.enum", refusal.Args{"value": string(l), "allowed": strings.Join(list.LevelWords.Words, "、")})
		case slices.Contains(m.Levels[:i], l):
			found.add("级别", "list.word_twice", refusal.Args{"value": list.LevelWords.Word(l)})
		}
	}
}

// ownQuantity finds what is wrong with the amount of a measure. A stop needs none, a limit is not operable without.
func ownQuantity(m *list.Measure, found *cellFaults) {
	q := m.Quantity
	if q == nil {
		switch m.Action {
		case list.Stop, list.StopVehicles, list.StopWork, "":
		case list.Limit, list.ReduceCoal, list.AllocateWaste:
			found.add("数值", "list.no_quantity", refusal.Args{"action": m.Action.Label()})
		default:
			found.eased("数值", "list.no_quantity", refusal.Args{"action": m.Action.Label()})
		}
		return
	}
	switch kind, free := list.KindOf(m.Action); {
	case !list.KindWords.Has(q.Kind):
		found.add(list.ColumnQuantityKind, "list.enum",
			refusal.Args{"value": string(q.Kind), "allowed": strings.Join(list.KindWords.Words, "、")})
	case q.Kind != kind && !free:
		found.add(list.ColumnQuantityKind, "list.quantity_kind",
			refusal.Args{"action": m.Action.Label(), "want": list.KindWords.Word(kind)})
	}
	inRange := func(high float64) {
		if !(q.Value >= 0 && q.Value <= high) {
			found.add("数值", "list.number_range",
				refusal.Args{"value": text.Number(q.Value), "low": "0", "high": text.Number(high)})
		}
	}
	switch {
	case q.Unit == "%":
		inRange(100)
		if m.Action == list.Limit && q.Value > 0 && q.Value <= 1 {
			found.add("数值", "list.percent_small", refusal.Args{"value": text.Number(q.Value)})
		}
	default:
		inRange(list.Big)
		if q.Unit == "" {
			found.add("单位", "list.no_unit", nil)
		}
	}
	ownUnit(m.Action, q.Unit, found)
}

// ownUnit finds the unit that an action does not take.
func ownUnit(a list.Action, unit string, found *cellFaults) {
	if unit == "" {
		return
	}
	if a == list.Limit && unit != "%" {
		found.add("单位", "list.percent_unit", refusal.Args{"value": unit})
	}
	if !unitFits(a, unit) {
		found.add("单位", "list.quantity_unit", refusal.Args{"action": a.Label(), "value": unit})
	}
}

// rowNumber is the row in which something stands: of a workbook as it stands there, else as it would be written by
// itself.
func rowNumber(at []list.Place, i int) int {
	if i < len(at) {
		return at[i].Row
	}
	return i + 2
}

func indexed(i int) string { return "[" + strconv.Itoa(i) + "]" }
