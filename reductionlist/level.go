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
	nearest := map[string]int{} // by measure id: the rank found so far
	chosen := map[string]int{}  // and its row
	var ids []string
	for i, m := range r.Measures {
		for _, l := range m.Levels {
			k := rank(l)
			if k < 0 || k > at {
				continue
			}
			if best, seen := nearest[m.ID]; !seen {
				ids = append(ids, m.ID)
			} else if best >= k {
				continue
			}
			nearest[m.ID], chosen[m.ID] = k, i
		}
	}
	slices.Sort(ids)
	measures := make([]Measure, len(ids))
	for i, id := range ids {
		measures[i] = r.Measures[chosen[id]]
	}
	return measures
}
