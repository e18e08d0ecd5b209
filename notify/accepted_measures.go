package notify

import (
	"encoding/json"

	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// follow gives the target's measures what the plan orders, and reports whether any takes it.
func (t *target) follow(p *plant.OperatingPlan) bool {
	ms, days := p.Measures(t.Measures)
	if len(days) == 0 {
		return false
	}
	t.Measures = ms
	t.measures, t.lines = measuresWithDays(ms, days), lines(ms)
	return true
}

// measuresWithDays is [measuresJSON] of measures some of which have days.
func measuresWithDays(measures []reductionlist.Measure, days map[string][]plant.QuantityDay) json.RawMessage {
	b := []byte{'['}
	for i := range measures {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendMeasure(b, &measures[i], days[measures[i].ID])
	}
	return append(b, ']')
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
