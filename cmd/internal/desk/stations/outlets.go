package stations

import (
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
)

// oxygenWord begins the part of an outlet's line that says the reference oxygen.
const oxygenWord = "O2="

// outletsText is what a station looks at, a line for each outlet: 1#烟囱：a19001，a21026 mg/m3；O2=6.
func outletsText(all []calls.StationOutlet) string {
	lines := make([]string, len(all))
	for i, o := range all {
		factors := make([]string, len(o.Factors))
		for j, f := range o.Factors {
			factors[j] = strings.TrimSpace(f.Code + " " + f.Unit)
		}
		lines[i] = o.Name + "：" + strings.Join(factors, "，")
		if o.O2 != nil {
			lines[i] += "；" + oxygenWord + strconv.FormatFloat(*o.O2, 'f', -1, 64)
		}
	}
	return strings.Join(lines, "\n")
}

// parseOutlets reads such lines, with Chinese or English marks. It refuses the first line that it cannot read, by its
// number; what codes and units are worth is for the register to say. It gives no outlets for no lines, and never nil.
func parseOutlets(text string) ([]calls.OutletText, error) {
	out := []calls.OutletText{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		o, ok := parseOutlet(line)
		if !ok {
			return nil, refusal.Wrong("outlets", "desk.form.outlet_line",
				refusal.Args{"line": i + 1, "value": refusal.Shown(line)})
		}
		out = append(out, o)
	}
	return out, nil
}

func parseOutlet(line string) (o calls.OutletText, ok bool) {
	at := strings.LastIndexAny(line, ":：")
	if at <= 0 {
		return o, false
	}
	rest := strings.TrimLeft(line[at:], ":：")
	o.Name = strings.TrimSpace(line[:at])
	for part := range strings.FieldsFuncSeq(rest, func(r rune) bool { return slices.Contains([]rune(",，、;；"), r) }) {
		part = strings.TrimSpace(part)
		if len(part) >= len(oxygenWord) && strings.EqualFold(part[:len(oxygenWord)], oxygenWord) {
			text := strings.TrimSpace(strings.TrimSuffix(part[len(oxygenWord):], "%"))
			v, err := strconv.ParseFloat(text, 64)
			if err != nil || o.O2 != nil {
				return o, false
			}
			o.O2 = &v
			continue
		}
		code, unit, _ := strings.Cut(part, " ")
		if code != "" {
			o.Factors = append(o.Factors, calls.FactorText{Code: code, Unit: strings.TrimSpace(unit)})
		}
	}
	return o, o.Name != ""
}
