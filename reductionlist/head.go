package reductionlist

import (
	"regexp"
	"slices"

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

// readHead reads 基本情况: keys and values, then the table of pollutants.
func (rd *reader) readHead(sheet string) error {
	l := rd.list
	rowOf := map[string]int{}
	inTable := false
	err := rd.rows(sheet, func(n int, cells []string) {
		key, value := cell(cells, 0), cell(cells, 1)
		if rowOf[key] != 0 {
			rd.report(place{sheet, n}, key, &problem{rule: "list.duplicate", args: refusal.Args{"value": key, "sheet": sheet, "first": rowOf[key]}})
			return
		}
		rowOf[key] = n
		switch {
		case key == tablePollutant && value == tableEmission:
			inTable = true
		case inTable && l.Emission.part(key) != nil:
			rd.readEmission(place{sheet, n}, key, value)
		default:
			rd.readKey(place{sheet, n}, key, value)
		}
	})
	if err != nil {
		return err
	}
	for _, key := range []string{"清单名称", "区域代码", "生效日期", "失效日期", "编制单位"} {
		if rowOf[key] == 0 {
			rd.report(place{sheet, 0}, key, &problem{rule: "list.no_key", args: refusal.Args{"key": key}})
		}
	}
	if !inTable {
		rd.report(place{sheet, 0}, tableEmission, &problem{rule: "list.no_table"})
		return nil
	}
	for _, p := range l.Emission.parts() {
		if rowOf[p.name] == 0 {
			rd.report(place{sheet, 0}, tableEmission, &problem{rule: "list.no_pollutant", args: refusal.Args{"pollutant": p.name}})
		}
	}
	return nil
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
