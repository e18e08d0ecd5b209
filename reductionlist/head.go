package reductionlist

import (
	"regexp"
	"slices"
	"strings"

	"qingkong/alerts/refusal"
)

// part is one pollutant of Amounts with the name the workbook gives it.
type part struct {
	name  string
	value *float64
}

func (a *Amounts) parts() []part {
	return []part{{"SO2", &a.SO2}, {"NOx", &a.NOx}, {"PM", &a.PM}, {"VOCs", &a.VOCs}}
}

var regionForm = regexp.MustCompile(`^[0-9]{6}$`)

// headKeys are the keys that 基本情况 has in every list.
var headKeys = []string{"清单名称", "区域代码", "生效日期", "失效日期", "编制单位"}

func isHeadKey(text string) bool { return slices.Contains(headKeys, foldKey(text)) }

// foldKey is a key of 基本情况 without what people do to it, when it is one that has a meaning.
func foldKey(text string) string {
	folded := strings.TrimSuffix(foldHeader(text), ":")
	if folded == tablePollutant || folded == columnNote || slices.Contains(headKeys, folded) || new(Amounts).part(folded) != nil {
		return folded
	}
	return text
}

// headReader is 基本情况 while it is read.
type headReader struct {
	*reader
	sheet   string
	rowOf   map[string]int
	inTable bool
}

// readHead reads 基本情况: keys and values, then the table of pollutants.
func (rd *reader) readHead(s source) error {
	h := &headReader{reader: rd, sheet: s.name(), rowOf: map[string]int{}}
	if err := s.rows(h.row); err != nil {
		return err
	}
	for _, key := range headKeys {
		if h.rowOf[key] == 0 {
			rd.report(place{h.sheet, 0}, key, &problem{rule: "list.no_key", args: refusal.Args{"key": key}})
		}
	}
	if !h.inTable {
		rd.report(place{h.sheet, 0}, tableEmission, &problem{rule: "list.no_table"})
		return nil
	}
	for _, p := range rd.list.Emission.parts() {
		if h.rowOf[p.name] == 0 {
			rd.report(place{h.sheet, 0}, tableEmission, &problem{rule: "list.no_pollutant", args: refusal.Args{"pollutant": p.name}})
		}
	}
	return nil
}

func (h *headReader) row(r *row) {
	if r.empty() {
		return
	}
	at := place{h.sheet, r.n}
	key, value := foldKey(r.cell(0)), ""
	for i := 1; i < len(r.cells) && value == ""; i++ { // of a merged key the value stands further to the right
		value = r.cells[i]
	}
	pollutant := h.inTable && h.list.Emission.part(key) != nil
	if value == "" && len(r.marks) == 0 && !pollutant && key != tablePollutant && key != columnNote && !slices.Contains(headKeys, key) {
		if len(h.rowOf) > 0 { // above the first key stands a title
			h.warn(at, "", "list.stray_row", refusal.Args{"value": clip(key)})
		}
		return
	}
	if first := h.rowOf[key]; first != 0 {
		h.report(at, key, &problem{rule: "list.duplicate", args: refusal.Args{"value": key, "sheet": h.sheet, "first": first}})
		return
	}
	h.rowOf[key] = r.n
	if r.hidden {
		h.warn(at, "", "list.hidden_row", refusal.Args{"last": r.n})
	}
	column := key
	if pollutant {
		column = tableEmission
	}
	for _, m := range r.marks {
		h.mark(at, column, m)
	}
	switch {
	case key == tablePollutant && foldHeader(value) == tableEmission:
		h.inTable = true
	case pollutant:
		h.readEmission(at, key, value)
	default:
		h.readKey(at, key, value)
	}
}

func (a *Amounts) part(name string) *float64 {
	parts := a.parts()
	i := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
	if i < 0 {
		return nil
	}
	return parts[i].value
}

func (rd *reader) readEmission(at place, pollutant, value string) {
	if value == "" {
		rd.report(at, tableEmission, &problem{rule: "list.required"})
		return
	}
	v, p := parseNumber(value, 0, big)
	if p != nil {
		rd.report(at, tableEmission, p)
		return
	}
	*rd.list.Emission.part(pollutant) = v
}

func (rd *reader) readKey(at place, key, value string) {
	l := rd.list
	if free := !slices.Contains([]string{"区域代码", "生效日期", "失效日期"}, key); free && phoneInText.MatchString(key+" "+value) {
		rd.report(at, MaskPhones(key), &problem{rule: "list.phone_in_record"})
	}
	wrong := func(rule string) {
		rd.report(at, key, &problem{rule: rule, args: refusal.Args{"value": value}})
	}
	switch {
	case key == "区域代码":
		value = narrow(value)
	case rd.date1904 && (key == "生效日期" || key == "失效日期"):
		value = since1904(value)
	}
	switch key {
	case "清单名称":
		l.Name = value
	case "编制单位":
		l.CompiledBy = value
	case "区域代码":
		l.Region = value
		if value != "" && !regionForm.MatchString(value) {
			wrong("list.region")
		}
	case "生效日期", "失效日期":
		day, ok := parseDate(value)
		if !ok {
			wrong("list.date")
		}
		if key == "生效日期" {
			l.EffectiveFrom = day
		} else {
			l.EffectiveTo = day
		}
		if l.EffectiveFrom != "" && l.EffectiveTo != "" && l.EffectiveTo < l.EffectiveFrom {
			wrong("list.dates_reversed")
		}
	case columnNote:
		l.Note = value
	case "":
		wrong("list.no_name")
	default:
		if l.Extra == nil {
			l.Extra = map[string]string{}
		}
		l.Extra[key] = value
	}
	if value == "" && slices.Contains([]string{"清单名称", "区域代码", "生效日期"}, key) {
		wrong("list.required")
	}
}
