package reductionlist

import (
	"slices"

	"qingkong/alerts"
)

// rank orders the levels that measures are listed for; -1 is a level without measures.
func rank(level alerts.Level) int { return slices.Index(LevelWords.Codes, level) }

// MeasuresAt returns what r has to do at level: for each measure the row of that level or, where it has none,
// the row of the nearest lower level. They come in the order of their ids. A level without measures (none, or
// an unknown one) gives nothing.
func MeasuresAt(r *Recipient, level alerts.Level) []Measure {
	at := rank(level)
	if at < 0 {
		return nil
	}
	measures := make([]Measure, 0, len(r.Measures))
	for _, rung := range r.Rungs() {
		if i := rung[at]; i >= 0 {
			measures = append(measures, r.Measures[i])
		}
	}
	return measures
}
