package reductionlist

import (
	"regexp"
	"slices"
	"strings"
)

// A criterion can be evaluated only against a source that yields what it compares (domain.md §3.5 [D]): masses and
// concentrations come from CEMS, a share of the baseline from electricity, vehicles from a gate.
var readBy = map[CriterionKind][]Source{
	HourMassAtMost:          {CEMS},
	HourConcentrationAtMost: {CEMS},
	FractionOfBaseline:      {Power},
	Stopped:                 {CEMS, Power, DCS, Gate, Weighing},
	AtLeastRate:             {DCS, Weighing},
	FiveMinuteMeanAtLeast:   {CEMS, DCS}, // HJ 212-2025 CN 2111 sends it as a station does [S18]
	DayTotalAtMost:          {DCS, Weighing, Gate, Power},
	NoVehicleBelow:          {Gate},
}

// measured is what a unit counts; the empty one is "something else".
type measured string

const (
	mass     measured = "mass"
	energy   measured = "energy"
	vehicles measured = "vehicles"
)

// readByUnit says for the forms whose unit is free which sources count in it.
var readByUnit = map[CriterionKind]map[measured][]Source{
	AtLeastRate:    {mass: {DCS, Weighing}, energy: {Power, DCS}, vehicles: {Gate}},
	DayTotalAtMost: {mass: {Weighing, DCS, CEMS}, energy: {Power, DCS}, vehicles: {Gate}},
}

// ReadBy lists the sources that c can be evaluated against.
func (c Criterion) ReadBy() []Source {
	if from, ok := readByUnit[c.Kind][counted(c.Unit)]; ok {
		return from
	}
	return readBy[c.Kind]
}

// counted is what a unit like t, kg/h, 辆次 or kWh counts.
func counted(unit string) measured {
	thing, _, _ := strings.Cut(plainUnit(unit), "/")
	switch thing {
	case "t", "kg", "g":
		return mass
	case "kwh", "mwh", "gwh", "kw", "mw":
		return energy
	}
	if strings.ContainsAny(thing, "辆车") {
		return vehicles
	}
	return ""
}

// unitWords are the Chinese ways of writing a unit; the longer come first.
var unitWords = strings.NewReplacer("万千瓦时", "mwh", "千瓦时", "kwh", "千瓦", "kw", "兆瓦", "mw", "度", "kwh",
	"千克", "kg", "公斤", "kg", "万吨", "t", "吨煤", "t", "吨", "t", "克", "g",
	"小时", "h", "时", "h", "天", "d", "日", "d", "每", "/", " ", "")

// plainUnit writes a unit in small Latin letters: 吨/日 and t/d are the same then.
func plainUnit(unit string) string {
	return strings.ReplaceAll(strings.ToLower(unitWords.Replace(fold(unit))), "//", "/")
}

// massRate tells a mass per day or hour.
func massRate(unit string) bool {
	thing, per, _ := strings.Cut(plainUnit(unit), "/")
	return (thing == "t" || thing == "kg") && (per == "d" || per == "h")
}

// The forms of an HJ 212 factor: of 2017 and 2025 a letter and five digits, of 2005 two digits or S01, B02 [S16, S20].
var (
	factorForm = regexp.MustCompile(`^([a-z][0-9]{5}|[0-9]{2}|[SB][0-9]{2})$`)
	mnForm     = regexp.MustCompile(`^[0-9A-F]{24}$`)
)

// fitsFactor reports whether a criterion can be about a factor. Masses and concentrations are those of a pollutant (a2…,
// a3…, a05…; of 2005 the codes of two digits), furnace temperatures are a01901 and a01902.
func (c Criterion) fitsFactor(factor string) bool {
	if factor == "" || !factorForm.MatchString(factor) {
		return true // is told by another rule
	}
	switch c.Kind {
	case HourMassAtMost, HourConcentrationAtMost:
		return len(factor) == 2 || strings.HasPrefix(factor, "a2") || strings.HasPrefix(factor, "a3") || strings.HasPrefix(factor, "a05")
	case FiveMinuteMeanAtLeast:
		return factor == "a01901" || factor == "a01902"
	default:
		return true
	}
}

// needsFactor reports whether a channel means nothing without a factor: a station sends many under one MN.
func (m *Monitor) needsFactor() bool {
	return m.Source == CEMS || m.Source == DCS && mnForm.MatchString(m.Ref)
}

// Stations are the MNs of a recipient: 监测站点MN holds several separated by "、" (also ";" or "/").
func (r *Recipient) Stations() []string { return codes(r.StationMN) }

// Meters are the numbers of a recipient's own meters, without those of its lines.
func (r *Recipient) Meters() []string { return codes(r.MeterID) }

func codes(cell string) []string {
	if !strings.ContainsAny(cell, "；;、/") {
		if cell == "" {
			return nil
		}
		return []string{cell}
	}
	parts := strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune("；;、/", r) })
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return slices.DeleteFunc(parts, func(p string) bool { return p == "" })
}

// fold makes full-width letters, digits and signs half-width and drops spaces, so that ５＃ 机组 and 5#机组 are the same.
func fold(s string) string { return squeeze(narrow(s)) }
