package reductionlist

import (
	"slices"
	"strings"

	"qingkong/alerts"
)

// Ratio is the share of the district's daily emission that all measures of a level take away.
type Ratio struct {
	Level     alerts.Level `json:"level"`
	Reduction Amounts      `json:"reduction_t_per_day"`
	Share     Amounts      `json:"share"` // 0 where the emission is not given
}

// SectorRatio is what a sector has in that. Emission is that of its lines as far as the list gives them; Share is of
// the whole district's, so that the shares of all sectors add up to the level's.
type SectorRatio struct {
	Sector     string `json:"sector"`
	Recipients int    `json:"recipients"`
	Ratio
	Emission Amounts `json:"emission_t_per_day"`
}

// Ratios are the reductions of each level. A recipient that has long been closed and idle lines count for nothing.
func Ratios(l *List) []Ratio {
	t := TotalsOf(l)
	return t.Ratios()
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

// SectorRatios are the reductions of each level by sector (see [Recipient.Sector]), in the order of their names and
// then of levels.
func SectorRatios(l *List) []SectorRatio {
	type sums struct {
		recipients int
		emission   Amounts
		reductions [4]Amounts
	}
	by := map[string]*sums{}
	for _, r := range l.Recipients {
		s := by[r.Sector()]
		if s == nil {
			s = &sums{}
			by[r.Sector()] = s
		}
		s.recipients++
		s.emission = s.emission.Add(r.Emitted())
		AddLevels(&s.reductions, r.Reductions(r.Rungs()))
	}
	var rows []SectorRatio
	for name, s := range by {
		for _, ratio := range RatiosOf(s.reductions, l.Emission) {
			rows = append(rows, SectorRatio{name, s.recipients, ratio, s.emission})
		}
	}
	slices.SortFunc(rows, func(a, b SectorRatio) int {
		if a.Sector != b.Sector {
			return strings.Compare(a.Sector, b.Sector)
		}
		return rank(a.Level) - rank(b.Level)
	})
	return rows
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
