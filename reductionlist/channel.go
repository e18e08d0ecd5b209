package reductionlist

import (
	"strings"

	"qingkong/reductionlist/internal/text"
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

// countedThing is what a unit counts; the empty one is "something else".
type countedThing string

const (
	mass     countedThing = "mass"
	energy   countedThing = "energy"
	vehicles countedThing = "vehicles"
)

// readByUnit says for the forms whose unit is free which sources count in it.
var readByUnit = map[CriterionKind]map[countedThing][]Source{
	AtLeastRate:    {mass: {DCS, Weighing}, energy: {Power, DCS}, vehicles: {Gate}},
	DayTotalAtMost: {mass: {Weighing, DCS, CEMS}, energy: {Power, DCS}, vehicles: {Gate}},
}

// ReadBy lists the sources that c can be evaluated against.
func (c Criterion) ReadBy() []Source {
	if from, ok := readByUnit[c.Kind][thingOf(c.Unit)]; ok {
		return from
	}
	return readBy[c.Kind]
}

// thingOf is what a unit like t, kg/h, 辆次 or kWh counts.
func thingOf(unit string) countedThing {
	thing, _, _ := strings.Cut(PlainUnit(unit), "/")
	switch strings.TrimPrefix(thing, "万") {
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
var unitWords = strings.NewReplacer("千瓦时", "kwh", "千瓦", "kw", "兆瓦", "mw", "度", "kwh", "吉焦", "gj",
	"毫克", "mg", "千克", "kg", "公斤", "kg", "吨煤", "t", "吨", "t", "克", "g",
	"立方米", "m3", "m³", "m3", "倍数", "倍", "hours", "h", "hour", "h", "小时", "h", "时", "h", "天", "d", "日", "d", "每", "/",
	" ", "")

// PlainUnit writes a unit in small Latin letters: 吨/日 and t/d are the same then. 万吨 stays another one than 吨.
func PlainUnit(unit string) string {
	return strings.ReplaceAll(unitWords.Replace(strings.ToLower(text.Fold(unit))), "//", "/")
}

// Stations are the MNs of a recipient: 监测站点MN holds several separated by "、" (also ";" or "/").
func (r *Recipient) Stations() []string { return text.Codes(r.StationMN) }

// Meters are the numbers of a recipient's own meters, without those of its lines.
func (r *Recipient) Meters() []string { return text.Codes(r.MeterID) }
