package workbook

import (
	"slices"
	"strings"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

func isHeadKey(key string) bool { return slices.Contains(list.HeadKeys, foldKey(key)) }

// foldKey is a key of 基本情况 without what people do to it, when it is one that has a meaning.
func foldKey(key string) string {
	folded := strings.TrimSuffix(text.Header(key), ":")
	if folded == list.TablePollutant || folded == list.ColumnNote || slices.Contains(list.HeadKeys, folded) ||
		partOf(new(list.Amounts), folded) != nil {
		return folded
	}
	return key
}

// headReader is 基本情况 while it is read.
type headReader struct {
	*reader
	inTable bool
}

// readHead reads 基本情况: keys and values, then the table of pollutants.
func (rd *reader) readHead(s rowSource) error {
	h := &headReader{reader: rd}
	rd.Head, rd.HeadSheet = map[string]int{}, s.name()
	if err := s.rows(h.row); err != nil {
		return err
	}
	for _, key := range list.HeadKeys {
		if h.Head[key] == 0 {
			rd.fail(list.Place{Sheet: h.HeadSheet}, key, "list.no_key", refusal.Args{"key": key})
		}
	}
	if !h.inTable {
		rd.fail(list.Place{Sheet: h.HeadSheet}, list.TableEmission, "list.no_table", nil)
		return nil
	}
	for _, p := range rd.List.Emission.Parts() {
		if h.Head[p.Name] == 0 {
			rd.fail(list.Place{Sheet: h.HeadSheet}, list.TableEmission, "list.no_pollutant", refusal.Args{"pollutant": p.Name})
		}
	}
	return nil
}

func (h *headReader) row(r *row) {
	if r.empty() {
		return
	}
	at := list.Place{Sheet: h.HeadSheet, Row: r.n}
	key, value := foldKey(r.cell(0)), ""
	for i := 1; i < len(r.cells) && value == ""; i++ { // of a merged key the value stands further to the right
		value = r.cells[i]
	}
	pollutant := h.inTable && partOf(&h.List.Emission, key) != nil
	if value == "" && len(r.marks) == 0 && !pollutant && key != list.TablePollutant && key != list.ColumnNote &&
		!slices.Contains(list.HeadKeys, key) {
		if len(h.Head) > 0 { // above the first key stands a title
			h.warn(at, "", "list.stray_row", refusal.Args{"value": text.Clip(key)})
		}
		return
	}
	if first := h.Head[key]; first != 0 {
		h.report(at, key, &problem{rule: "list.duplicate", typed: value,
			args:   refusal.Args{"value": key, "sheet": h.HeadSheet, "first": first},
			places: []list.Cell{{Place: list.Place{Sheet: h.HeadSheet, Row: first}, Column: key}, {Place: at, Column: key}}})
		return
	}
	h.Head[key] = r.n
	if r.hidden {
		h.warn(at, "", "list.hidden_row", refusal.Args{"last": r.n})
	}
	column := key
	if pollutant {
		column = list.TableEmission
	}
	for _, m := range r.marks {
		h.mark(at, column, m)
	}
	switch {
	case key == list.TablePollutant && text.Header(value) == list.TableEmission:
		h.inTable = true
	case pollutant:
		h.readEmission(at, key, h.valueCell(r, value))
	default:
		h.readKey(at, key, value)
	}
}

func partOf(a *list.Amounts, name string) *float64 {
	parts := a.Parts()
	i := slices.IndexFunc(parts, func(p list.Part) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return parts[i].Value
}

// valueCell is the cell of a row that holds the value.
func (h *headReader) valueCell(r *row, value string) numberCell {
	if i := slices.Index(r.cells[min(1, len(r.cells)):], value); i >= 0 {
		return r.numberCell(i + 1)
	}
	return numberCell{text: value}
}

func (rd *reader) readEmission(at list.Place, pollutant string, given numberCell) {
	value := given.text
	if value == "" {
		rd.blank(at, list.TableEmission)
		return
	}
	v, p := given.read(unitOf(list.TableEmission))
	if p == nil && (v < 0 || v > list.Big) {
		p = &problem{rule: "list.number_range",
			args: refusal.Args{"value": text.Narrow(value), "low": "0", "high": text.Number(list.Big)}}
	}
	if p != nil {
		p.typed = value
		rd.report(at, list.TableEmission, p)
		return
	}
	*partOf(&rd.List.Emission, pollutant) = v
}

func (rd *reader) readKey(at list.Place, key, value string) {
	l := rd.List
	wrong := func(rule string) {
		rd.fail(at, key, rule, refusal.Args{"value": value})
	}
	switch {
	case key == list.KeyRegion:
		value = text.Narrow(value)
	case rd.date1904 && (key == list.KeyFrom || key == list.KeyTo):
		value = text.Since1904(value)
	}
	switch key {
	case list.KeyName:
		l.Name = value
	case list.KeyCompiledBy:
		l.CompiledBy = value
	case list.KeyRegion:
		l.Region = value
	case list.KeyFrom, list.KeyTo:
		day, ok := text.Day(value)
		if !ok {
			wrong("list.date")
		}
		if key == list.KeyFrom {
			l.EffectiveFrom = day
		} else {
			l.EffectiveTo = day
		}
	case list.ColumnNote:
		l.Note = value
	case "":
		wrong("list.no_name")
	default:
		if l.Extra == nil {
			l.Extra = map[string]string{}
		}
		l.Extra[key] = value
	}
}
