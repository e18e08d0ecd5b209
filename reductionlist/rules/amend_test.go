package rules_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/rules"
	"qingkong/reductionlist/workbook"
)

func TestAmend(t *testing.T) {
	for _, c := range []struct {
		name string
		in   rules.Amendment
		rule string // of the refusal, or of its first field
		want string // the measures afterwards
	}{
		{"one member of one row", rules.Amendment{MeasureID: "M1", Level: alerts.Yellow,
			Change: []byte(`{"complete_within_h":8}`)}, "", "M1/8 M1/4 M2/2"},
		{"a row taken out", rules.Amendment{MeasureID: "M2"}, "", "M1/4 M1/4"},
		{"a new measure", rules.Amendment{MeasureID: "M9",
			Change: []byte(`{"levels":["red"],"action":"other","text":"厂界每2小时巡查1次，每日12次","quantity":{"kind":"at_least","value":12,"unit":"次/日"},
			"complete_within_h":1,"responsible":"安全员","monitor":[{"source":"video"}],"evidence":["巡查记录"]}`)}, "",
			"M1/4 M1/4 M2/2 M9/1"},
		{"several rows and no level", rules.Amendment{MeasureID: "M1", Change: []byte(`{}`)}, "list.which_row", ""},
		{"no such measure to take out", rules.Amendment{MeasureID: "M7"}, "list.no_such_row", ""},
		{"no such recipient", rules.Amendment{RecipientID: "E0099", MeasureID: "M2"}, "list.no_recipient", ""},
		{"no day", rules.Amendment{MeasureID: "M2", EffectiveFrom: "soon"}, "list.date", ""},
		{"an unknown member", rules.Amendment{MeasureID: "M2", Change: []byte(`{"deadline":1}`)}, "input.unknown_field", ""},
		{"a vague text", rules.Amendment{MeasureID: "M2", Change: []byte(`{"text":"尽量少用车","quantity":null}`)},
			"list.vague", ""},
		{"a text without its number", rules.Amendment{MeasureID: "M1", Level: alerts.Yellow,
			Change: []byte(`{"text":"按需减产"}`)}, "list.text_quantity", ""},
		{"a text that says nothing", rules.Amendment{MeasureID: "M2", Change: []byte(`{"text":"同上"}`)}, "list.no_text", ""},
		{"a person's name", rules.Amendment{MeasureID: "M2", Change: []byte(`{"responsible":"张三"}`)},
			"list.person_named", ""},
		{"more than the district emits", rules.Amendment{MeasureID: "M2",
			Change: []byte(`{"reduction_t_per_day":{"so2":0,"nox":99999,"pm":0,"vocs":0}}`)}, "list.over_district", ""},
		{"five days to complete", rules.Amendment{MeasureID: "M2", Change: []byte(`{"complete_within_h":120}`)},
			"list.deadline_long", ""},
		{"an unknown action", rules.Amendment{MeasureID: "M2", Change: []byte(`{"action":"slow_down"}`)}, "list.enum", ""},
		{"no evidence left", rules.Amendment{MeasureID: "M2", Change: []byte(`{"evidence":[]}`)}, "list.no_evidence", ""},
		{"a criterion that is none", rules.Amendment{MeasureID: "M2",
			Change: []byte(`{"monitor":[{"source":"gate","criterion":"few"}]}`)}, "list.criterion", ""},
		{"a level it has a row for", rules.Amendment{MeasureID: "M1", Level: alerts.Yellow,
			Change: []byte(`{"levels":["red"]}`)}, "list.duplicate", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := listtest.Example(5)
			before := l.Hash()
			if c.in.RecipientID == "" {
				c.in.RecipientID = "E0003"
			}
			if c.in.EffectiveFrom == "" {
				c.in.EffectiveFrom = "2016-12-20"
			}
			err := rules.Amend(l, c.in, rules.DefaultSettings())
			if c.rule == "" {
				listtest.Must(t, err)
				var got string
				for _, m := range l.Recipients[2].Measures {
					got += fmt.Sprint(" ", m.ID, "/", m.CompleteWithinH)
				}
				if got != " "+c.want || l.EffectiveFrom != "2016-12-20" {
					t.Errorf("measures%s from %s, want %s", got, l.EffectiveFrom, c.want)
				}
				return
			}
			e, ok := err.(*refusal.Error)
			if !ok || e.Rule != c.rule && (len(e.Fields) == 0 || e.Fields[0].Rule != c.rule) {
				t.Errorf("%v, want %s", err, c.rule)
			}
			if l.Hash() != before {
				t.Error("a refused amendment changed the list")
			}
		})
	}
}

// A list that was taken in before a rule was there: what is wrong with rows that nobody touches is no fault of an
// amendment. What is wrong with the row that is amended is, and so is what the amendment makes wrong elsewhere.
func TestAmendJudgesWhatIsAmended(t *testing.T) {
	change := func(text string) []byte { return []byte(text) }
	for _, c := range []struct {
		name string
		in   rules.Amendment
		rule string
	}{
		{"beside a vague measure", rules.Amendment{MeasureID: "M2", Change: change(`{"complete_within_h":3}`)}, ""},
		{"another measure taken out", rules.Amendment{MeasureID: "M2"}, ""},
		{"the vague measure itself", rules.Amendment{MeasureID: "M1", Level: alerts.Yellow,
			Change: change(`{"complete_within_h":3}`)}, "list.vague"},
		{"the vague measure mended", rules.Amendment{MeasureID: "M1", Level: alerts.Yellow,
			Change: change(`{"text":"停运国四及以下货车"}`)}, ""},
		{"the vague measure taken out", rules.Amendment{MeasureID: "M1", Level: alerts.Yellow}, ""},
		{"a lower level made stricter than the higher", rules.Amendment{MeasureID: "M5", Level: alerts.Yellow,
			Change: change(`{"quantity":{"kind":"reduce_by","value":50,"unit":"%"},"text":"合成线减产50%"}`)}, "list.level_weaker"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := listtest.Example(5)
			r := l.Recipients[2]
			for i := range r.Measures {
				if m := &r.Measures[i]; m.ID == "M1" && slices.Contains(m.Levels, alerts.Yellow) {
					m.Text, m.Quantity, m.Action = "尽量少用车", nil, reductionlist.OtherAction
				}
			}
			for i, level := range []alerts.Level{alerts.Yellow, alerts.Orange} {
				m := reductionlist.Measure{ID: "M5", Levels: []alerts.Level{level}, Action: reductionlist.Limit, Unit: "合成线",
					Text: fmt.Sprintf("合成线减产%d%%，按日用电量核定", 20+20*i), CompleteWithinH: 4,
					Responsible: "生产部经理", Quantity: &reductionlist.Quantity{Kind: reductionlist.ReduceBy, Value: float64(20 + 20*i),
						Unit: "%"},
					Monitors: []reductionlist.Monitor{{Source: reductionlist.Video}}, Evidence: []string{"生产日报"}}
				r.Measures = append(r.Measures, m)
			}
			before := l.Hash()
			c.in.RecipientID, c.in.EffectiveFrom = r.ID, "2016-12-20"
			err := rules.Amend(l, c.in, rules.DefaultSettings())
			if c.rule == "" {
				listtest.Must(t, err)
				return
			}
			e, ok := err.(*refusal.Error)
			if !ok || !slices.ContainsFunc(e.Fields,
				func(f refusal.Field) bool { return f.Rule == c.rule && strings.HasPrefix(f.Path, "change.") }) {
				t.Errorf("%v, want %s", err, c.rule)
			}
			if l.Hash() != before {
				t.Error("a refused amendment changed the list")
			}
		})
	}
}

// A recipient that is amended is held to what is around it: its district and the towns. Rows that nobody touches are
// not, however far off they lie.
func TestAmendRecipientIsHeldToItsDistrict(t *testing.T) {
	s := rules.DefaultSettings()
	s.Towns = register
	for _, c := range []struct {
		name, id, change, rule string // of its first field
	}{
		{"moved far off", "E0003", `{"lon":118.2}`, "list.far_outside"},
		{"moved a little off", "E0003", `{"lon":117.4}`, ""},
		{"a town of the register", "E0003", `{"town":"杨柳青镇"}`, ""},
		{"a town of none", "E0003", `{"town":"杨柳青"}`, "list.unknown_town"},
		{"a town of the list", "E0003", `{"town":"新设镇"}`, ""},
		{"an industry in words", "E0003", `{"industry":"制药"}`, "list.industry"},
		{"its measure in another place", "E0004", `{"note":"核对过"}`, ""},
		{"its measures alone, where it lies far off", "E0005", `{"measures":[]}`, ""},
		{"a line above the district", "E0003",
			`{"lines":[{"id":"L1","name":"合成车间反应釜组","emission_t_per_day":{"so2":0,"nox":99999,"pm":0,"vocs":0}}]}`,
			"list.over_district"},
		{"a new town", "T2", `{"type":"town","name":"另一镇","category":"closed"}`, ""},
		{"a town that others belong to, renamed", "T1", `{"name":"别名镇"}`, "list.town_in_use"},
		{"a town that others belong to, taken out", "T1", ``, "list.town_in_use"},
		{"a town that the register has, taken out", "T3", ``, ""},
		{"an enterprise taken out", "E0006", ``, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := listtest.Example(6)
			l.Extra = map[string]string{reductionlist.KeyBox: "116.88 38.82 117.35 39.18"}
			l.Recipients[4].Lon, l.Recipients[4].Town = 118.2, "无此镇"
			for i, name := range []string{"新设镇", "杨柳青镇"} {
				l.Recipients = append(l.Recipients, &reductionlist.Recipient{ID: fmt.Sprint("T", 1+2*i), Type: reductionlist.Town,
					Name: name, Category: reductionlist.Closed})
			}
			l.Recipients[3].Town = "新设镇"
			l.Sort()
			before := l.Hash()
			in := rules.RecipientAmendment{ID: c.id, EffectiveFrom: "2016-12-20"}
			if c.change != "" {
				in.Change = []byte(c.change)
			}
			err := rules.AmendRecipient(l, in, s)
			if c.rule == "" {
				listtest.Must(t, err)
				return
			}
			e, ok := err.(*refusal.Error)
			if !ok || len(e.Fields) != 1 || e.Fields[0].Rule != c.rule {
				t.Errorf("%v, want %s", err, c.rule)
			}
			if l.Hash() != before {
				t.Error("a refused amendment changed the list")
			}
		})
	}
}

// What stands in a list after an amendment is what an import of its workbook gives, whatever the amendment: the two
// ways in do not drift apart.
func TestAmendedListIsWhatItsWorkbookGives(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := listtest.DrawList(rt)
		l.Sort()
		from, id := rapid.SampledFrom(l.Recipients).Draw(rt, "from"), rapid.SampledFrom(l.Recipients).Draw(rt, "to").ID
		if len(from.Measures) == 0 {
			return
		}
		m := rapid.SampledFrom(from.Measures).Draw(rt, "measure")
		m.Text, m.Responsible = " "+m.Text+"\u3000", m.Responsible+" "
		change, err := json.Marshal(m)
		if err != nil {
			rt.Fatal(err)
		}
		var in map[string]any
		if err := json.Unmarshal(change, &in); err != nil {
			rt.Fatal(err)
		}
		delete(in, "id")
		if change, err = json.Marshal(in); err != nil {
			rt.Fatal(err)
		}
		before := l.Hash()
		if err := rules.Amend(l, rules.Amendment{RecipientID: id, MeasureID: "M9", Change: change,
			EffectiveFrom: "2016-12-20"}, rules.DefaultSettings()); err != nil {
			if refusal.CodeOf(err) == "" || l.Hash() != before {
				rt.Fatalf("%v", err)
			}
			return
		}
		var b bytes.Buffer
		if err := workbook.Write(&b, l); err != nil {
			rt.Fatal(err)
		}
		read, err := workbook.ReadBytes(b.Bytes())
		if err != nil {
			rt.Fatal(err)
		}
		if read.List.Hash() != l.Hash() {
			a, _ := l.Find(id)
			b, _ := read.List.Find(id)
			rt.Fatalf("amended\n%+v\nits workbook\n%+v", a.Measures, b.Measures)
		}
		placed := workbook.Places(l)
		for r, at := range placed.Rows {
			own, _ := read.List.Find(r.ID)
			if !reflect.DeepEqual(at, read.Rows[own]) {
				rt.Fatalf("%s is said to stand at %+v and stands at %+v", r.ID, at, read.Rows[own])
			}
		}
	})
}
