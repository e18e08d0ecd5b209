package rules_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/rules"
	"qingkong/seeds"
)

// A list or a map that an amendment of a recipient gives takes the place of the old one whole: nothing that the new
// elements leave out comes from the elements that stood in their places.
func TestAmendRecipientLeavesNothingOfOldElements(t *testing.T) {
	fresh := func(t *testing.T, id string) (*reductionlist.List, *reductionlist.Recipient) {
		l, err := seeds.List()
		listtest.Must(t, err)
		r, err := l.Find(id)
		listtest.Must(t, err)
		r.Extra = map[string]string{"联系科室": "环保科", "班次": "四班三运转"}
		return l, r
	}
	for _, c := range []struct {
		id, member string
		leaves     []string // members that the new elements do not have
		of         func(*reductionlist.Recipient) any
	}{
		{"E0001", "lines", []string{"capacity", "meter_id", "note", "safe_stop_h"},
			func(r *reductionlist.Recipient) any { return r.Lines }},
		{"E0001", "measures", []string{"note", "reduction_t_per_day"},
			func(r *reductionlist.Recipient) any { return r.Measures }},
		{"E0001", "units", []string{"note", "start_coal_t"}, func(r *reductionlist.Recipient) any { return r.Units }},
		{"E0002", "furnaces", []string{"note", "start_emission_kg"},
			func(r *reductionlist.Recipient) any { return r.Furnaces }},
		{"E0002", "pit", []string{"note", "divert_max_total_t"}, func(r *reductionlist.Recipient) any { return r.Pit }},
		{"E0001", "extra", []string{"班次"}, func(r *reductionlist.Recipient) any { return r.Extra }},
	} {
		t.Run(c.member, func(t *testing.T) {
			l, r := fresh(t, c.id)
			was := c.of(r)
			text, err := json.Marshal(r)
			listtest.Must(t, err)
			var whole map[string]any
			listtest.Must(t, json.Unmarshal(text, &whole))
			left := 0
			strip := func(element map[string]any) {
				for _, name := range c.leaves {
					if _, has := element[name]; has {
						left++
						delete(element, name)
					}
				}
			}
			switch member := whole[c.member].(type) {
			case map[string]any:
				strip(member)
			case []any:
				for _, element := range member {
					strip(element.(map[string]any))
				}
			}
			if left < len(c.leaves) {
				t.Fatalf("the elements have no %v", c.leaves)
			}
			change, err := json.Marshal(map[string]any{c.member: whole[c.member]})
			listtest.Must(t, err)
			var want reductionlist.Recipient
			listtest.Must(t, json.Unmarshal(change, &want))
			listtest.Must(t, rules.AmendRecipient(l,
				rules.RecipientAmendment{ID: c.id, Change: change, EffectiveFrom: "2027-01-01"}, rules.DefaultSettings()))
			r, err = l.Find(c.id)
			listtest.Must(t, err)
			want.Sort()
			if got := c.of(r); !reflect.DeepEqual(got, c.of(&want)) || reflect.DeepEqual(got, was) {
				t.Errorf("amended to\n%s\nit is\n%+v", change, got)
			}
		})
	}
}

// So it is with the lists of one measure.
func TestAmendLeavesNothingOfOldElements(t *testing.T) {
	l, err := seeds.List()
	listtest.Must(t, err)
	r, err := l.Find("E0001")
	listtest.Must(t, err)
	for i := range r.Measures {
		r.Measures[i].Extra = map[string]string{"班次": "乙", "备查": "是"}
	}
	change := []byte(`{"monitor":[{"source":"dcs","ref":"DCS-1","criterion":"day_total_at_most 2000 t"}],"evidence":["DCS曲线"],"extra":{"班次":"甲"}}`)
	listtest.Must(t, rules.Amend(l, rules.Amendment{RecipientID: "E0001", MeasureID: "M05", Level: "red", Change: change,
		EffectiveFrom: "2027-01-01"}, rules.DefaultSettings()))
	for _, m := range r.Measures {
		if m.ID != "M05" || m.Levels[0] != "red" {
			continue
		}
		text, err := json.Marshal(m.Monitors)
		listtest.Must(t, err)
		if string(text) != `[{"source":"dcs","ref":"DCS-1","criterion":"day_total_at_most 2000 t"}]` ||
			len(m.Evidence) != 1 || len(m.Extra) != 1 {
			t.Errorf("%s, %v, %v", text, m.Evidence, m.Extra)
		}
		return
	}
	t.Error("the measure is gone")
}
