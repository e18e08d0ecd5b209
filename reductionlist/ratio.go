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

// SectorRatio is what a sector has in that. Emission is that of its lines as far as the list gives them; Share is of the
// whole district's, so that the shares of all sectors add up to the level's.
type SectorRatio struct {
	Sector     string `json:"sector"`
	Recipients int    `json:"recipients"`
	Ratio
	Emission Amounts `json:"emission_t_per_day"`
}

// Ratios are the reductions of each level. A recipient that has long been closed and idle lines count for nothing.
func Ratios(l *List) []Ratio {
	var sum [4]Amounts
	for _, r := range l.Recipients {
		addAll(&sum, r.reductions(r.rungs()))
	}
	return ratios(sum, l.Emission)
}

func addAll(sum *[4]Amounts, more [4]Amounts) {
	for k := range sum {
		sum[k] = sum[k].Add(more[k])
	}
}

func ratios(reductions [4]Amounts, emission Amounts) []Ratio {
	ratios := make([]Ratio, len(levels.codes))
	for k, level := range levels.codes {
		ratios[k] = Ratio{level, reductions[k], shareOf(reductions[k], emission)}
	}
	return ratios
}

func shareOf(reduction, emission Amounts) (share Amounts) {
	base, parts := emission.parts(), share.parts()
	for i, p := range reduction.parts() {
		if *base[i].value > 0 {
			*parts[i].value = *p.value / *base[i].value
		}
	}
	return share
}

// SectorRatios are the reductions of each level by sector (see [Recipient.Sector]), in the order of their names and then of levels.
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
		s.emission = s.emission.Add(r.emission())
		addAll(&s.reductions, r.reductions(r.rungs()))
	}
	var rows []SectorRatio
	for name, s := range by {
		for _, ratio := range ratios(s.reductions, l.Emission) {
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

// emission is what the lines that run emit in a day.
func (r *Recipient) emission() (sum Amounts) {
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

// Shortfall is a level whose measures take less than the plan asks for.
type Shortfall struct {
	Level     alerts.Level `json:"level"`
	Pollutant string       `json:"pollutant"` // "SO2+NOx" for the two together
	Ratio     float64      `json:"ratio"`
	Want      float64      `json:"want"`
}

// Shortfalls compares the ratios with the bottom line of the settings. A pollutant whose emission is not given is left out.
func Shortfalls(l *List, s Settings) []Shortfall { return shortfalls(Ratios(l), l.Emission, &s) }

func shortfalls(ratios []Ratio, emission Amounts, s *Settings) []Shortfall {
	var short []Shortfall
	for _, r := range ratios {
		want, ok := s.BottomLine[r.Level]
		if !ok {
			continue
		}
		lack := func(name string, ratio, want float64) {
			if ratio < want-1e-9 {
				short = append(short, Shortfall{r.Level, name, ratio, want})
			}
		}
		both := s.Exchange && emission.SO2 > 0 && emission.NOx > 0
		if both {
			lack("SO2+NOx", r.Share.SO2+r.Share.NOx, want.SO2+want.NOx)
		}
		shares, wants := r.Share.parts(), want.parts()
		for i, p := range emission.parts() {
			if *p.value > 0 && (!both || p.name != "SO2" && p.name != "NOx") {
				lack(p.name, *shares[i].value, *wants[i].value)
			}
		}
	}
	return short
}
