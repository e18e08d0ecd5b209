package rules

import (
	"qingkong/alerts"
	list "qingkong/reductionlist"
)

// Shortfall is a level whose measures take less than the plan asks for.
type Shortfall struct {
	Level     alerts.Level `json:"level"`
	Pollutant string       `json:"pollutant"` // "SO2+NOx" for the two together
	Ratio     float64      `json:"ratio"`
	Want      float64      `json:"want"`
}

// ShortfallsOf compares the ratios of a list, of which the totals are known, with the bottom line of the settings. A
// pollutant whose emission is not given is left out.
func ShortfallsOf(t *list.Totals, s Settings) []Shortfall {
	return shortfalls(t.Ratios(), t.Emission(), &s)
}

func shortfalls(ratios []list.Ratio, emission list.Amounts, s *Settings) []Shortfall {
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
		shares, wants := r.Share.Parts(), want.Parts()
		for i, p := range emission.Parts() {
			if *p.Value > 0 && (!both || p.Name != "SO2" && p.Name != "NOx") {
				lack(p.Name, *shares[i].Value, *wants[i].Value)
			}
		}
	}
	return short
}
