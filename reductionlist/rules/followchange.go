package rules

import (
	"encoding/json"
	"fmt"
	"slices"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
)

// Followed is a change of a measure as [Amendment] takes it, with what follows from the quantity that it gives.
type Followed struct {
	Change  []byte       // JSON
	Measure list.Measure // as the change leaves it, not checked by any rule
	Filled  []string     // members that follow and differ, such as monitor[0].criterion and reduction_t_per_day
	Asked   []string     // see [Following.Asked]
}

// FollowChange fills into a change of m what follows from the quantity that it gives, by [Follow], where the change does
// not give it itself; a change of another quantity than m has it leaves as it is. What Follow refuses, and what is no
// change of a measure, it refuses with paths below change. m is not changed.
func FollowChange(m *list.Measure, change []byte) (f Followed, err error) {
	f.Change, f.Measure = change, cloneMeasure(m)
	forgetMeasure(&f.Measure, change)
	if err := refusal.Unmarshal(change, &f.Measure); err != nil {
		return f, refusal.Within("change", err)
	}
	members := membersOf(change)
	if _, given := members["quantity"]; !given {
		return f, nil
	}
	base := f.Measure
	base.Quantity = m.Quantity
	follows, err := Follow(&base, f.Measure.Quantity)
	if err != nil {
		return f, refusal.Within("change", err)
	}
	fill := func(name string, value any, filled []string) error {
		text, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("rules: %s of a measure: %w", name, err)
		}
		members[name], f.Filled = text, append(f.Filled, filled...)
		return nil
	}
	if _, given := members["monitor"]; !given {
		var filled []string
		for i := range follows.Monitors {
			if follows.Monitors[i].Criterion != base.Monitors[i].Criterion {
				filled = append(filled, AskedCriterion(i))
			}
			if slices.Contains(follows.Asked, AskedCriterion(i)) {
				f.Asked = append(f.Asked, AskedCriterion(i))
			}
		}
		if f.Measure.Monitors = follows.Monitors; filled != nil {
			if err := fill("monitor", follows.Monitors, filled); err != nil {
				return f, err
			}
		}
	}
	if _, given := members[AskedReduction]; !given {
		if f.Measure.Reduction = follows.Reduction; follows.Reduction != base.Reduction {
			if err := fill(AskedReduction, follows.Reduction, []string{AskedReduction}); err != nil {
				return f, err
			}
		}
		if slices.Contains(follows.Asked, AskedReduction) {
			f.Asked = append(f.Asked, AskedReduction)
		}
	}
	if f.Filled != nil {
		f.Change, err = json.Marshal(members)
	}
	return f, err
}

// Row is the measure of a recipient of l that an amendment means; nil for one that the recipient does not have yet.
func Row(l *list.List, a Amendment) (*list.Measure, error) {
	r, err := l.Find(a.RecipientID)
	if err != nil {
		return nil, err
	}
	i, err := rowOf(r, a)
	if err != nil || i < 0 {
		return nil, err
	}
	return &r.Measures[i], nil
}
