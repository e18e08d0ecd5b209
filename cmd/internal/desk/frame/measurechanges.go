package frame

import (
	"cmp"
	"encoding/json"
	"strings"

	"qingkong/notify"
	"qingkong/reductionlist"
)

// MeasureChange is a measure with what becomes of it, field by field, old and new.
type MeasureChange struct {
	ID   string
	Rows []Row
}

// MeasureChanges are the differences between the measures of an order and of the one that takes its place, those that are
// new at the end.
func (q *Request) MeasureChanges(before, after []reductionlist.Measure) (out []MeasureChange) {
	was, is := q.measuresByID(before), q.measuresByID(after)
	add := func(id string) {
		c, old, now := MeasureChange{ID: id}, was[id], is[id]
		for _, side := range []*MeasureView{&old, &now} {
			if side.Measure == nil {
				side.Measure = &reductionlist.Measure{}
			}
		}
		row := func(key, was, is string) {
			if was != is {
				c.Rows = append(c.Rows, Row{Label: q.T("f." + key),
					Value: cmp.Or(was, q.T("none_given")) + " → " + cmp.Or(is, q.T("none_given"))})
			}
		}
		row("measure_text", old.Text, now.Text)
		row("action", old.Do, now.Do)
		row("much", old.Much, now.Much)
		row("within", old.Within, now.Within)
		row("checks", strings.Join(old.Checks, "；"), strings.Join(now.Checks, "；"))
		row("saves", old.Saves, now.Saves)
		if len(c.Rows) > 0 {
			out = append(out, c)
		}
	}
	for _, m := range before {
		add(m.ID)
	}
	for _, m := range after {
		if was[m.ID].Measure == nil {
			add(m.ID)
		}
	}
	return out
}

func (q *Request) measuresByID(list []reductionlist.Measure) map[string]MeasureView {
	out := map[string]MeasureView{}
	for _, m := range q.Measures(list) {
		out[m.ID] = m
	}
	return out
}

// MeasuresOf are the measures of an order that is to be issued.
func MeasuresOf(o *notify.Issued) ([]reductionlist.Measure, error) {
	v := notify.View{}
	if err := json.Unmarshal(o.Measures, &v.Measures); err != nil {
		return nil, err
	}
	return v.Listed()
}
