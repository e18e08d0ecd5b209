package reductionlist

import "qingkong/alerts"

// Ratio is the share of the district's daily emission that all measures of a level take away.
type Ratio struct {
	Level     alerts.Level `json:"level"`
	Reduction Amounts      `json:"reduction_t_per_day"`
	Share     Amounts      `json:"share"` // 0 where the emission is not given
}

// Ratios are the reductions of each level. A recipient that has long been closed and idle lines count for nothing.
func Ratios(l *List) []Ratio {
	ratios := make([]Ratio, len(levels.codes))
	for i, level := range levels.codes {
		ratios[i].Level = level
		for _, r := range l.Recipients {
			ratios[i].Reduction = ratios[i].Reduction.Add(reduction(r, level))
		}
		base, share := l.Emission.parts(), ratios[i].Share.parts()
		for j, p := range ratios[i].Reduction.parts() {
			if *base[j].value > 0 {
				*share[j].value = *p.value / *base[j].value
			}
		}
	}
	return ratios
}

func reduction(r *Recipient, level alerts.Level) Amounts {
	var sum Amounts
	if r.Category == Closed {
		return sum
	}
	for _, m := range MeasuresAt(r, level) {
		if line := r.line(m.Unit); line == nil || !line.Idle {
			sum = sum.Add(m.Reduction)
		}
	}
	return sum
}

// Shortfall is a level whose measures take less than the plan asks for.
type Shortfall struct {
	Level       alerts.Level
	Pollutant   string // "SO2+NOx" for the two together
	Ratio, Want float64
}

// bottomLine is the least share by level, 10, 20 and 30 % of every pollutant (津政办规〔2023〕9号). SO2 and NOx may
// stand in for each other as long as their shares add up to twice that.
var bottomLine = map[alerts.Level]float64{alerts.Yellow: 0.10, alerts.Orange: 0.20, alerts.Red: 0.30}

// Shortfalls compares the ratios with the bottom line. A pollutant whose emission is not given is left out.
// The bottom line binds the city's list; a district's list has its part in it.
func Shortfalls(l *List) []Shortfall {
	var short []Shortfall
	for _, r := range Ratios(l) {
		want, ok := bottomLine[r.Level]
		if !ok {
			continue
		}
		lack := func(name string, ratio, want float64) {
			if ratio < want-1e-9 {
				short = append(short, Shortfall{r.Level, name, ratio, want})
			}
		}
		if l.Emission.SO2 > 0 && l.Emission.NOx > 0 {
			lack("SO2+NOx", r.Share.SO2+r.Share.NOx, 2*want)
		}
		if l.Emission.PM > 0 {
			lack("PM", r.Share.PM, want)
		}
		if l.Emission.VOCs > 0 {
			lack("VOCs", r.Share.VOCs, want)
		}
	}
	return short
}
