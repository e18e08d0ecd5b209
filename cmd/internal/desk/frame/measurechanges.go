package frame

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"qingkong/notify"
	"qingkong/reductionlist"
)

// MeasureChange is a measure with what becomes of it, field by field, old and new; of one that is added or taken out, how
// it is or was.
type MeasureChange struct {
	ID, Unit    string
	Added, Gone bool
	Rows        []Row
}

// measureChanges are the differences between the measures of an order and of the one that takes its place, those that are
// new at the end.
func (q *Request) measureChanges(before, after []reductionlist.Measure) (out []MeasureChange) {
	was, is := q.measuresByID(before), q.measuresByID(after)
	add := func(id string) {
		c, old, now := MeasureChange{ID: id}, was[id], is[id]
		c.Added, c.Gone = old.Measure == nil, now.Measure == nil
		for _, side := range []*MeasureView{&old, &now} {
			if side.Measure == nil {
				side.Measure = &reductionlist.Measure{}
			}
		}
		c.Unit = cmp.Or(now.Unit, old.Unit)
		row := func(key, was, is string) {
			switch {
			case was == is:
			case c.Added || c.Gone:
				c.Rows = append(c.Rows, Row{Label: q.T("f." + key), Value: cmp.Or(was, is)})
			default:
				c.Rows = append(c.Rows, q.change(key, was, is))
			}
		}
		row("measure_text", old.Text, now.Text)
		row("measure_unit", old.Unit, now.Unit)
		row("action", old.Do, now.Do)
		row("much", old.Much, now.Much)
		row("within", old.Within, now.Within)
		row("measure_responsible", old.Responsible, now.Responsible)
		row("checks", checkTexts(old.Checks), checkTexts(now.Checks))
		row("monitors", points(old.Monitors), points(now.Monitors))
		row("measure_evidence", old.Evidence, now.Evidence)
		row("saves", q.saved(old.Measure), q.saved(now.Measure))
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

// change is a field that has another value: old → new.
func (q *Request) change(key, was, is string) Row {
	none := q.T("none_given")
	return Row{Label: q.T("f." + key), Value: cmp.Or(was, none) + " → " + cmp.Or(is, none)}
}

// points are where a measure is monitored.
func points(monitors []reductionlist.Monitor) string {
	var out []string
	for _, o := range monitors {
		out = append(out, strings.TrimSpace(o.Ref+" "+o.Factor))
	}
	return strings.Join(slices.DeleteFunc(out, func(point string) bool { return point == "" }), "；")
}

func (q *Request) measuresByID(list []reductionlist.Measure) map[string]MeasureView {
	out := map[string]MeasureView{}
	for _, m := range q.Measures(list) {
		out[m.ID] = m
	}
	return out
}

// measuresOf are the measures of an order that is to be issued.
func measuresOf(o *notify.Issued) ([]reductionlist.Measure, error) {
	v := notify.View{}
	if err := json.Unmarshal(o.Measures, &v.Measures); err != nil {
		return nil, err
	}
	return v.Listed()
}

func checkTexts(all []Check) string {
	texts := make([]string, len(all))
	for i, c := range all {
		texts[i] = c.Text
	}
	return strings.Join(texts, "；")
}
