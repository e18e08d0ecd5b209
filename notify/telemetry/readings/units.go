package readings

import (
	"math"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"qingkong/alerts/refusal"
)

// Unit is a unit that is known, by its usual spelling: mg/m3, µg/m3, m3/s, ℃, kW. The zero value is none.
type Unit struct {
	Name string
	of   measure
	size float64 // how many of the measure's own unit it is
	from float64 // what 0 is in the measure's own unit
}

// measure is what units can be turned into each other.
type measure uint8

const (
	concentration measure = iota + 1 // mg/m3
	flow                             // m3/s
	volume                           // m3
	temperature                      // ℃
	share                            // %
	pressure                         // kPa
	speed                            // m/s
	power                            // kW
	energy                           // kWh
	feed                             // t/h
	mass                             // t
	heating                          // GJ/h
	heat                             // GJ
	frequency                        // Hz
	current                          // A
	voltage                          // V
	area                             // m2
	angle                            // degrees
	turning                          // r/min
	duration                         // h
	passes                           // 辆次
	conductivity                     // µS/cm
	turbidity                        // NTU
	loudness                         // dB
	plain                            // no dimension
)

// amounts tells of a rate what it adds up to, and over how many hours.
var amounts = map[measure]struct {
	of    measure
	hours float64 // one of the rate's unit over so many hours is one of the amount's
}{flow: {volume, 1.0 / 3600}, power: {energy, 1}, feed: {mass, 1}, heating: {heat, 1}}

// units are the spellings of each unit, in the form of spelled; the first is the usual one, as it is written.
var units = table([]struct {
	of    measure
	size  float64
	names string
}{
	{concentration, 1, "mg/m3 mg/nm3 毫克/立方米 毫克/标立方米 ug/l 微克/升"},
	{concentration, 1e-3, "µg/m3 ug/m3 ug/nm3 mcg/m3 微克/立方米"},
	{concentration, 1e-6, "ng/m3 ng/nm3 纳克/立方米"},
	{concentration, 1e3, "g/m3 g/nm3 克/立方米 mg/l 毫克/升"},
	{concentration, 1e6, "kg/m3 千克/立方米 g/l 克/升"},
	{flow, 1, "m3/s nm3/s 立方米/秒 标立方米/秒"},
	{flow, 1.0 / 60, "m3/min nm3/min 立方米/分 立方米/分钟"},
	{flow, 1.0 / 3600, "m3/h nm3/h 立方米/小时 立方米/时 标立方米/小时"},
	{flow, 10000.0 / 3600, "万m3/h 万nm3/h 万立方米/小时"},
	{flow, 1e-3, "L/s 升/秒"},
	{flow, 1.0 / 86400, "m3/d 立方米/日 立方米/天"},
	{volume, 1, "m3 nm3 立方米 标立方米 立方 方"},
	{volume, 1e4, "万m3 万nm3 万立方米"},
	{volume, 1e-3, "L 升"},
	{temperature, 1, "℃ °c 摄氏度 degc c 度c"},
	{share, 1, "% 百分比 percent pct %vol vol% %rh"},
	{pressure, 1, "kPa 千帕"},
	{pressure, 1e-3, "Pa 帕"},
	{pressure, 1e3, "MPa 兆帕"},
	{pressure, 0.1, "hPa 百帕 mbar 毫巴"},
	{speed, 1, "m/s 米/秒"},
	{power, 1, "kW 千瓦"},
	{power, 1e-3, "W 瓦"},
	{power, 1e3, "MW 兆瓦"},
	{power, 1e4, "万kW 万千瓦"},
	{energy, 1, "kWh kw.h kw*h 千瓦时 千瓦小时 度 度电"},
	{energy, 1e3, "MWh mw.h mw*h 兆瓦时"},
	{energy, 1e4, "万kWh 万千瓦时 万度"},
	{energy, 1e-3, "Wh 瓦时"},
	{feed, 1, "t/h 吨/小时 吨/时"},
	{feed, 1e-3, "kg/h 千克/小时 公斤/小时 千克/时"},
	{feed, 1e-6, "g/h 克/小时"},
	{feed, 1.0 / 24, "t/d 吨/日 吨/天"},
	{feed, 3.6, "kg/s 千克/秒"},
	{mass, 1, "t 吨"},
	{mass, 1e-3, "kg 千克 公斤"},
	{mass, 1e-6, "g 克"},
	{mass, 1e4, "万t 万吨"},
	{heating, 1, "GJ/h 吉焦/小时"},
	{heat, 1, "GJ 吉焦"},
	{frequency, 1, "Hz 赫兹 赫"},
	{current, 1, "A 安 安培"},
	{current, 1e-3, "mA 毫安"},
	{voltage, 1, "V 伏 伏特"},
	{voltage, 1e3, "kV 千伏"},
	{voltage, 1e-3, "mV 毫伏"},
	{area, 1, "m2 平方米"},
	{angle, 1, "° 角度 deg 度角"},
	{turning, 1, "r/min rpm 转/分 转/分钟"},
	{duration, 1, "h 小时 时"},
	{duration, 1.0 / 60, "min 分钟 分"},
	{passes, 1, "辆次 辆 车次 辆车 台次"},
	{conductivity, 1, "µS/cm us/cm 微西/厘米 微西门子/厘米"},
	{turbidity, 1, "NTU"},
	{loudness, 1, "dB db(a) 分贝"},
	{plain, 1, "1 无量纲 无 -"},
})

func table(rows []struct {
	of    measure
	size  float64
	names string
}) map[string]Unit {
	out := map[string]Unit{"k": {"K", temperature, 1, -273.15}}
	for _, row := range rows {
		names := strings.Fields(row.names)
		for _, name := range names {
			u := Unit{Name: names[0], of: row.of, size: row.size}
			out[name], out[spelled(name)] = u, u
		}
	}
	return out
}

// own are the units that measures are in by themselves.
var own = func() map[measure]string {
	out := map[measure]string{}
	for _, u := range units {
		if u.size == 1 && u.from == 0 {
			out[u.of] = u.Name
		}
	}
	return out
}()

// spellings are replaced in a unit that is otherwise plain.
var spellings = strings.NewReplacer("μ", "u", "m^3", "m3", "m^2", "m2", "每", "/", "(标)", "", "(标态)", "", "\\", "/")

// spelled brings the spellings of a unit together. No two units that are known differ by case alone.
func spelled(s string) string {
	if len(s) > maxUnit {
		return ""
	}
	s = strings.ToLower(strings.ReplaceAll(refusal.Plainly(s), " ", ""))
	if s == "℃" || s == "°" || s == "°c" {
		return s
	}
	return spellings.Replace(norm.NFKC.String(s))
}

// maxUnit is longer than any unit, in bytes.
const maxUnit = 40

// ParseUnit reads a unit as devices and people write it: mg/m3, mg/m³, MG/Nm3, 毫克/立方米. It is false for what is not
// known, which is no fault by itself: things are counted in words of all kinds.
func ParseUnit(s string) (Unit, bool) {
	u, ok := units[s]
	if !ok {
		u, ok = units[spelled(s)]
	}
	return u, ok
}

// Usual is the usual spelling of a unit, and the text itself where it is not known.
func Usual(unit string) string {
	if u, ok := ParseUnit(unit); ok {
		return u.Name
	}
	return strings.TrimSpace(unit)
}

// Convert turns a number of one unit into another. It is false where they do not measure the same.
func Convert(x float64, from, to string) (float64, bool) {
	a, ok := ParseUnit(from)
	b, known := ParseUnit(to)
	if !ok || !known {
		return x, from != "" && strings.TrimSpace(from) == strings.TrimSpace(to)
	}
	return a.to(x, b)
}

func (u Unit) to(x float64, other Unit) (float64, bool) {
	switch {
	case u.of != other.of:
		return 0, false
	case u.size == other.size && u.from == other.from:
		return x, true
	}
	return tidy((x*u.size + u.from - other.from) / other.size), true
}

// over turns a rate into the amount of so many hours, or an amount into the mean rate of them, or converts.
func (u Unit) over(x, hours float64, other Unit) (float64, bool) {
	if v, ok := u.to(x, other); ok {
		return v, true
	}
	if hours <= 0 {
		return 0, false
	}
	if a, ok := amounts[u.of]; ok && a.of == other.of {
		return tidy(x * u.size * (hours / a.hours) / other.size), true
	}
	if a, ok := amounts[other.of]; ok && a.of == u.of {
		return tidy(x * u.size / (hours / a.hours) / other.size), true
	}
	return 0, false
}

// IsAmount reports whether a unit counts what a period adds up to: t, kWh, m3, 辆次. The value of such a point is its
// Total, that of any other its Avg.
func IsAmount(unit string) bool {
	u, ok := ParseUnit(unit)
	switch u.of {
	case volume, energy, mass, heat, passes, duration:
		return ok
	}
	return false
}

// events reports whether a unit counts what happens now and then, a weighing or a lorry: that nothing was told of a
// minute says that nothing was weighed, not that the scale was silent.
func events(unit string) bool {
	u, ok := ParseUnit(unit)
	return ok && (u.of == mass || u.of == passes || u.of == volume)
}

// AmountUnit is the unit of the Total of a point: of a concentration kg, of m3/s and m3/h m3, of kW kWh, of t/h and
// kg/h t; of a unit that counts amounts itself; empty where nothing adds up.
func AmountUnit(unit string) string {
	u, ok := ParseUnit(unit)
	switch {
	case !ok:
		return ""
	case u.of == concentration:
		return "kg"
	case IsAmount(unit):
		return u.Name
	}
	switch amounts[u.of].of {
	case volume:
		return "m3"
	case energy:
		return "kWh"
	case mass:
		return "t"
	case heat:
		return "GJ"
	}
	return ""
}

// tidy takes away what binary fractions add to a decimal number: twelve digits are more than any instrument has.
func tidy(x float64) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return x
	}
	v, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 12, 64), 64)
	if err != nil {
		return x
	}
	return v
}
