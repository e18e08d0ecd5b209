package reductionlist

import (
	"qingkong/alerts"
)

// Ratio is the share of the district's daily emission that all measures of a level take away.
type Ratio struct {
	Level     alerts.Level `json:"level"`
	Reduction Amounts      `json:"reduction_t_per_day"`
	Share     Amounts      `json:"share"` // 0 where the emission is not given
}

// AddLevels adds reductions level by level.
func AddLevels(sum *[4]Amounts, more [4]Amounts) {
	for k := range sum {
		sum[k] = sum[k].Add(more[k])
	}
}

// RatiosOf are the ratios of reductions, in the order of levels, to an emission.
func RatiosOf(reductions [4]Amounts, emission Amounts) []Ratio {
	ratios := make([]Ratio, len(LevelWords.Codes))
	for k, level := range LevelWords.Codes {
		ratios[k] = Ratio{level, reductions[k], shareOf(reductions[k], emission)}
	}
	return ratios
}

func shareOf(reduction, emission Amounts) (share Amounts) {
	base, parts := emission.Parts(), share.Parts()
	for i, p := range reduction.Parts() {
		if *base[i].Value > 0 {
			*parts[i].Value = *p.Value / *base[i].Value
		}
	}
	return share
}

// Emitted is what the lines that run emit in a day.
func (r *Recipient) Emitted() (sum Amounts) {
	if r.Category == Closed {
		return sum
	}
	for i := range r.Lines {
		if !r.Lines[i].Idle {
			sum = sum.Add(r.Lines[i].Emission)
		}
	}
	return sum
}
