package notify

import (
	"encoding/json"

	"qingkong/reductionlist/plant"
)

// follow gives the target's measures what the plan orders, and reports whether any takes it.
func (t *target) follow(p *plant.OperatingPlan) bool {
	ms, days := p.Measures(t.Measures)
	if len(days) == 0 {
		return false
	}
	t.Measures = ms
	t.measures, t.lines = measuresJSON(ms, days), lines(ms)
	return true
}

// appendDays appends the days of a quantity, if it has any.
func appendDays(b []byte, days []plant.QuantityDay) []byte {
	if len(days) == 0 {
		return b
	}
	text, err := json.Marshal(days)
	if err != nil {
		panic("notify: days of a plan: " + err.Error()) // finite numbers and times of this century
	}
	return append(append(b, `,"days":`...), text...)
}
