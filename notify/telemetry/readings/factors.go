package readings

import (
	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
)

// Sort is what kind of quantity a factor is.
type Sort string

// The sorts.
const (
	Concentration Sort = "concentration"
	Flow          Sort = "flow"
	Temperature   Sort = "temperature"
	Humidity      Sort = "humidity"
	Oxygen        Sort = "oxygen"
	Pressure      Sort = "pressure"
	Speed         Sort = "speed"
	Direction     Sort = "direction" // degrees, of which no mean is made
	Area          Sort = "area"
	Power         Sort = "power"  // kW, and energy in kWh
	Weight        Sort = "weight" // of what is fed or weighed: t/h, kg/h, t
	Current       Sort = "current"
	Count         Sort = "count" // of vehicles
	State         Sort = "state" // a number that names a state, of which no mean is made
	RunTime       Sort = "run_time"
	Other         Sort = "other"
)

// Known is what is known of a factor by its code.
type Known struct {
	Code string // of g-codes the first four characters, behind which stands the number of the device
	Name refusal.Worded
	Unit string // usual one, in which its readings are; empty where the register says it
	Sort Sort
	zs   bool // it is converted to the reference oxygen
	gram bool // the standard's table has its amounts in grams, beside ng/m³
}

// known are the factors of HJ 212-2017, tables B.2 and B.7, of stacks and what treats their gas. a05024 is not among
// them and is used all the same. Of a21001, a34001, a34002, a34004 and a20058 the table has ng/m³, and amounts in g;
// devices send mg/m³, of dust in the open µg/m³.
var known = func() map[string]*Known {
	out := map[string]*Known{}
	for _, k := range []Known{
		{"a00000", refusal.Worded{ZH: "废气流量", EN: "flue gas flow"}, "m3/s", Flow, false, false},
		{"a01001", refusal.Worded{ZH: "温度", EN: "temperature"}, "℃", Temperature, false, false},
		{"a01002", refusal.Worded{ZH: "湿度", EN: "humidity"}, "%", Humidity, false, false},
		{"a01006", refusal.Worded{ZH: "气压", EN: "air pressure"}, "kPa", Pressure, false, false},
		{"a01007", refusal.Worded{ZH: "风速", EN: "wind speed"}, "m/s", Speed, false, false},
		{"a01008", refusal.Worded{ZH: "风向", EN: "wind direction"}, "°", Direction, false, false},
		{"a01011", refusal.Worded{ZH: "烟气流速", EN: "flue gas velocity"}, "m/s", Speed, false, false},
		{"a01012", refusal.Worded{ZH: "烟气温度", EN: "flue gas temperature"}, "℃", Temperature, false, false},
		{"a01013", refusal.Worded{ZH: "烟气压力", EN: "flue gas pressure"}, "kPa", Pressure, false, false},
		{"a01014", refusal.Worded{ZH: "烟气湿度", EN: "flue gas humidity"}, "%", Humidity, false, false},
		{"a01016", refusal.Worded{ZH: "烟道截面积", EN: "cross-section of the duct"}, "m2", Area, false, false},
		{"a01017", refusal.Worded{ZH: "烟气动压", EN: "dynamic pressure of flue gas"}, "kPa", Pressure, false, false},
		{"a01901", refusal.Worded{ZH: "炉膛温度", EN: "furnace temperature"}, "℃", Temperature, false, false},
		{"a01902", refusal.Worded{ZH: "炉膛温度（控制系统）", EN: "furnace temperature by the control system"}, "℃",
			Temperature, false, false},
		{"a05001", refusal.Worded{ZH: "二氧化碳", EN: "carbon dioxide"}, "mg/m3", Concentration, false, false},
		{"a05002", refusal.Worded{ZH: "甲烷", EN: "methane"}, "mg/m3", Concentration, true, true},
		{"a05024", refusal.Worded{ZH: "臭氧", EN: "ozone"}, "µg/m3", Concentration, false, false},
		{"a19001", refusal.Worded{ZH: "氧含量", EN: "oxygen"}, "%", Oxygen, false, false},
		{"a20057", refusal.Worded{ZH: "汞及其化合物", EN: "mercury and compounds"}, "mg/m3", Concentration, true, false},
		{"a20058", refusal.Worded{ZH: "汞", EN: "mercury"}, "mg/m3", Concentration, true, true},
		{"a21001", refusal.Worded{ZH: "氨", EN: "ammonia"}, "mg/m3", Concentration, true, true},
		{"a21002", refusal.Worded{ZH: "氮氧化物", EN: "nitrogen oxides"}, "mg/m3", Concentration, true, false},
		{"a21003", refusal.Worded{ZH: "一氧化氮", EN: "nitric oxide"}, "mg/m3", Concentration, true, false},
		{"a21004", refusal.Worded{ZH: "二氧化氮", EN: "nitrogen dioxide"}, "mg/m3", Concentration, true, false},
		{"a21005", refusal.Worded{ZH: "一氧化碳", EN: "carbon monoxide"}, "mg/m3", Concentration, true, false},
		{"a21018", refusal.Worded{ZH: "氟化物", EN: "fluorides"}, "mg/m3", Concentration, true, false},
		{"a21022", refusal.Worded{ZH: "氯气", EN: "chlorine"}, "mg/m3", Concentration, true, false},
		{"a21024", refusal.Worded{ZH: "氯化氢", EN: "hydrogen chloride"}, "mg/m3", Concentration, true, false},
		{"a21026", refusal.Worded{ZH: "二氧化硫", EN: "sulphur dioxide"}, "mg/m3", Concentration, true, false},
		{"a21028", refusal.Worded{ZH: "硫化氢", EN: "hydrogen sulphide"}, "mg/m3", Concentration, true, false},
		{"a24087", refusal.Worded{ZH: "总烃", EN: "total hydrocarbons"}, "mg/m3", Concentration, true, false},
		{"a24088", refusal.Worded{ZH: "非甲烷总烃", EN: "non-methane hydrocarbons"}, "mg/m3", Concentration, true, false},
		{"a25002", refusal.Worded{ZH: "苯", EN: "benzene"}, "mg/m3", Concentration, true, false},
		{"a25003", refusal.Worded{ZH: "甲苯", EN: "toluene"}, "mg/m3", Concentration, true, false},
		{"a25005", refusal.Worded{ZH: "二甲苯", EN: "xylenes"}, "mg/m3", Concentration, true, false},
		{"a34001", refusal.Worded{ZH: "总悬浮颗粒物", EN: "total suspended particles"}, "µg/m3", Concentration, false, true},
		{"a34002", refusal.Worded{ZH: "可吸入颗粒物", EN: "PM10"}, "µg/m3", Concentration, false, true},
		{"a34004", refusal.Worded{ZH: "细颗粒物", EN: "PM2.5"}, "µg/m3", Concentration, false, true},
		{"a34013", refusal.Worded{ZH: "烟尘", EN: "dust of flue gas"}, "mg/m3", Concentration, true, false},
		{"g101", refusal.Worded{ZH: "增压风机状态", EN: "booster fan, state"}, "", State, false, false},
		{"g102", refusal.Worded{ZH: "增压风机电流", EN: "booster fan, current"}, "A", Current, false, false},
		{"g103", refusal.Worded{ZH: "浆液循环泵状态", EN: "slurry pump, state"}, "", State, false, false},
		{"g104", refusal.Worded{ZH: "浆液循环泵电流", EN: "slurry pump, current"}, "A", Current, false, false},
		{"g116", refusal.Worded{ZH: "旁路挡板门开度", EN: "bypass damper, opening"}, "", Other, false, false},
		{"g119", refusal.Worded{ZH: "脱硫率", EN: "share of sulphur removed"}, "", Other, false, false},
		{"g127", refusal.Worded{ZH: "出口二氧化硫", EN: "sulphur dioxide at the outlet"}, "mg/m3", Concentration, false,
			false},
		{"g128", refusal.Worded{ZH: "出口氮氧化物", EN: "nitrogen oxides at the outlet"}, "mg/m3", Concentration, false,
			false},
		{"g132", refusal.Worded{ZH: "出口烟尘", EN: "dust at the outlet"}, "mg/m3", Concentration, false, false},
		{"g203", refusal.Worded{ZH: "给煤机称重信号", EN: "coal feeder, weight"}, "", Weight, false, false},
		{"g301", refusal.Worded{ZH: "氨喷射系统电流", EN: "ammonia injection, current"}, "A", Current, false, false},
		{"g306", refusal.Worded{ZH: "旁路挡板状态", EN: "bypass damper, state"}, "", State, false, false},
	} {
		out[k.Code] = &k
	}
	return out
}()

// Lookup is what is known of a factor, also of a facility (SB1) and of its hours a day (SB1-RT); nil where nothing is.
func Lookup(code string) *Known {
	if k := known[code]; k != nil {
		return k
	}
	switch {
	case len(code) == 6 && code[0] == 'g':
		return known[code[:4]]
	case len(code) > 2 && len(code) <= 8 && code[:2] == "SB":
		if facility, is := cutRunTime(code); is {
			return &Known{Code: code, Name: refusal.Worded{ZH: "设施" + facility + "运行时间",
				EN: "run time of facility " + facility},
				Unit: "h", Sort: RunTime}
		}
		return &Known{Code: code, Name: refusal.Worded{ZH: "设施" + code + "状态", EN: "state of facility " + code},
			Sort: State}
	}
	return nil
}

// runTime is what stands behind a facility's code in the point of its run time; its state has the code alone.
const runTime = "-RT"

func cutRunTime(code string) (facility string, is bool) {
	n := len(code) - len(runTime)
	if n > 2 && code[n:] == runTime {
		return code[:n], true
	}
	return code, false
}

// The states of a facility (HJ 212-2017, -RS).
const (
	Off         = 0
	Runs        = 1
	Calibrates  = 2
	Maintained  = 3
	Alarms      = 4
	Purges      = 5
	unknownTill = 6 // numbers from here on name no state
)

// StateWords is a state of a facility in words.
func StateWords(state int) refusal.Worded {
	switch state {
	case Off:
		return refusal.Words("readings.state.off", nil)
	case Runs:
		return refusal.Words("readings.state.runs", nil)
	case Calibrates:
		return refusal.Words("readings.state.calibrates", nil)
	case Maintained:
		return refusal.Words("readings.state.maintained", nil)
	case Alarms:
		return refusal.Words("readings.state.alarms", nil)
	case Purges:
		return refusal.Words("readings.state.purges", nil)
	}
	return refusal.Words("readings.state.unknown", refusal.Args{"value": state})
}

// UnitOf is the unit that the readings of a factor of a station are in: the usual one of its code, or else the own unit of
// the quantity that the register names, or else of what was sent: kW for MW and t/h for kg/h, so that it stays what it is
// while the same is measured. It is empty where nothing says it, as in a frame. A point without a factor is that of the only one the
// register names.
func UnitOf(st *telemetry.Station, factor, sent string) string {
	if k := Lookup(factor); k != nil && k.Unit != "" {
		return k.Unit
	}
	if f := named(st, factor); f != nil && f.Unit != "" {
		return ownOf(f.Unit)
	}
	return ownOf(sent)
}

// ownOf is the own unit of what a unit measures, and a word for a unit as it is.
func ownOf(unit string) string {
	if u, ok := ParseUnit(unit); ok {
		return own[u.of]
	}
	return Usual(unit)
}

// SentAsKept reports whether a device sends a factor in the unit that its readings are in, so that they are the same numbers
// as before the register said so.
func SentAsKept(st *telemetry.Station, factor string) bool {
	f := named(st, factor)
	return f != nil && Usual(f.Unit) == UnitOf(st, factor, "")
}

func named(st *telemetry.Station, factor string) *telemetry.Factor {
	if factor == "" && len(st.Outlets) == 1 && len(st.Outlets[0].Factors) == 1 {
		return &st.Outlets[0].Factors[0]
	}
	f, _ := st.Factor(factor)
	return f
}

// UnitFits reports whether a register may say that a device sends a factor in a unit: it measures the same as the usual
// one of its code. Of a code that is not known, or an empty unit, anything fits.
func UnitFits(code, unit string) bool {
	k := Lookup(code)
	if k == nil || k.Unit == "" || unit == "" {
		return true
	}
	_, ok := Convert(1, unit, k.Unit)
	return ok
}

// SortOf is what kind of quantity a point is, by its code or else by its unit.
func SortOf(factor, unit string) Sort {
	if k := Lookup(factor); k != nil {
		return k.Sort
	}
	u, _ := ParseUnit(unit)
	switch u.of {
	case concentration:
		return Concentration
	case flow, volume:
		return Flow
	case temperature:
		return Temperature
	case pressure:
		return Pressure
	case speed:
		return Speed
	case power, energy:
		return Power
	case feed, mass:
		return Weight
	case current:
		return Current
	case passes:
		return Count
	case area:
		return Area
	}
	return Other
}
