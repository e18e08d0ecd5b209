package readings

import (
	"strconv"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
)

// How says by what the mass of an hour was worked out.
type How string

// The ways, in the order in which they are tried (HJ 212-2017, D.2). The concentration is the raw mean in mg/m³, never
// the converted one: that has air in it which no stack emits.
const (
	ByAmount     How = "amount"      // the device's own, in kg
	ByFlowAmount How = "flow_amount" // mean × the hour's flow in m³ × 10⁻⁶
	ByFlowMean   How = "flow_mean"   // mean × the mean flow in m³/s × 3600 s × 10⁻⁶
)

// Mass is what an outlet emitted of a pollutant in an hour.
type Mass struct {
	KG   float64
	How  How
	Mean float64 // mg/m³; not of ByAmount
	Flow float64 // m³ of ByFlowAmount, m³/s of ByFlowMean
}

// Message is how the mass was worked out, in "zh-CN" (the default) or "en".
func (m Mass) Message(lang string) string {
	short := func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
	return refusal.Text("readings.mass."+string(m.How), lang,
		refusal.Args{"kg": short(m.KG), "mean": short(m.Mean), "flow": short(m.Flow)})
}

// HourMass is the mass of a pollutant in an hour from the hour of its concentration and that of the flow (a00000) at the
// same outlet; unit is that of the concentration's readings. It is false where neither the device's amount nor the two that
// it could be worked out from are there, in hours that count and are the same; flow may be without values.
func HourMass(unit string, pollutant, flow *telemetry.Reading) (Mass, bool) {
	if pollutant.Step != telemetry.Hour || !IsValid(pollutant.Flag) {
		return Mass{}, false
	}
	if kg, has := pollutant.Values.Get(telemetry.Total); has {
		return Mass{KG: kg, How: ByAmount}, true
	}
	mean, has := pollutant.Values.Get(telemetry.Avg)
	milli, measures := Convert(mean, unit, "mg/m3")
	if !has || !measures || flow.Step != telemetry.Hour || !flow.At.Equal(pollutant.At) || !IsValid(flow.Flag) {
		return Mass{}, false
	}
	if m3, has := flow.Values.Get(telemetry.Total); has {
		return Mass{KG: tidy(milli * m3 / 1e6), How: ByFlowAmount, Mean: milli, Flow: m3}, true
	}
	if m3s, has := flow.Values.Get(telemetry.Avg); has {
		return Mass{KG: tidy(milli * m3s * 3600 / 1e6), How: ByFlowMean, Mean: milli, Flow: m3s}, true
	}
	return Mass{}, false
}

// DayMass is the sum of a day's hours in kg, and how many there are: of those that are missing it says nothing.
func DayMass(hours []Mass) (kg float64, n int) {
	for _, h := range hours {
		kg += h.KG
	}
	return tidy(kg), len(hours)
}
