package notify

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

func genMeasure() *rapid.Generator[reductionlist.Measure] {
	return rapid.Custom(func(t *rapid.T) reductionlist.Measure {
		s := func(label string) string { return rapid.String().Draw(t, label) }
		n := func(label string) float64 { return rapid.Float64Range(0, 1e6).Draw(t, label) }
		m := reductionlist.Measure{ID: s("id"), Unit: s("unit"), Action: reductionlist.Action(s("action")), Text: s("text"),
			CompleteWithinH: n("within"),
			Responsible:     s("post"), Reduction: reductionlist.Amounts{SO2: n("so2"), NOx: n("nox"), PM: n("pm"),
				VOCs: n("vocs")}}
		if rapid.Bool().Draw(t, "counted") {
			m.Quantity = &reductionlist.Quantity{Kind: reductionlist.QuantityKind(s("kind")), Value: n("value"), Unit: s("of")}
		}
		for range rapid.IntRange(0, 2).Draw(t, "monitors") {
			o := reductionlist.Monitor{Source: reductionlist.Source(s("source")), Ref: s("ref"), Factor: s("factor")}
			if rapid.Bool().Draw(t, "criterion") {
				o.Criterion = reductionlist.Criterion{Kind: reductionlist.HourMassAtMost,
					Limit: float64(rapid.IntRange(1, 1000).Draw(t, "limit")), Unit: "kg/h"}
			}
			m.Monitors = append(m.Monitors, o)
		}
		m.Evidence = rapid.SliceOfN(rapid.String(), 0, 2).Draw(t, "evidence")
		return m
	})
}

// An order that is read into a View says the same when it is written again: the View has every member of an order and
// none besides, whatever the order holds.
func TestViewIsAnOrderMemberByMember(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ev, row := genIssued().Draw(t, "order"), genOrder().Draw(t, "row")
		measures := rapid.SliceOfN(genMeasure(), 0, 3).Draw(t, "measures")
		ev.Measures = measuresJSON(measures, nil)
		var release *ReleaseView
		if rapid.Bool().Draw(t, "released") {
			release = &ReleaseView{Kind: ReleaseKind(rapid.String().Draw(t, "release")), Title: rapid.String().Draw(t, "about"),
				Text:   rapid.String().Draw(t, "words"),
				Reason: rapid.String().Draw(t, "why"), At: genTime().Draw(t, "since")}
		}
		var objected *ObjectionView
		if rapid.Bool().Draw(t, "objected") {
			objected = &ObjectionView{At: genTime().Draw(t, "objected at"), Note: rapid.String().Draw(t, "note"),
				Decision: rapid.String().Draw(t, "decision")}
		}
		var progress []ProgressView
		if rapid.Bool().Draw(t, "progress") {
			value := rapid.Float64Range(-1e6, 1e6).Draw(t, "value")
			progress = []ProgressView{{At: genTime().Draw(t, "reported"), Action: Report, Note: rapid.String().Draw(t, "said"),
				Measures:   []MeasureProgress{{ID: "M1", Value: &value, Unit: rapid.String().Draw(t, "unit")}},
				Correction: rapid.Bool().Draw(t, "correction")}}
		}
		contact := func(ref string) (name, phone string) { return "值班室" + ref, "022-" + ref }
		text, err := render(nil, ev.AppendJSON(nil), contact, row.AcknowledgedAt, row.Late, row.status,
			more{release, objected, progress})
		if err != nil {
			t.Fatal(err)
		}
		var v View
		strict := json.NewDecoder(bytes.NewReader(text))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&v); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var want, got any
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(again, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("the order\n%s\nis read and written again as\n%s", text, again)
		}
		if !v.IssuedAt.Equal(ev.IssuedAt) || v.Answer != row.Answer.String() || v.State != row.State.String() {
			t.Fatalf("read %+v of %s", v, text)
		}
		listed, err := v.Listed()
		if err != nil {
			t.Fatal(err)
		}
		for i := range listed {
			if len(listed[i].Evidence) == 0 {
				listed[i].Evidence = measures[i].Evidence // none, or an empty list of them
			}
		}
		if !slices.EqualFunc(listed, measures, func(a, b reductionlist.Measure) bool { return reflect.DeepEqual(a, b) }) {
			t.Fatalf("measures %+v, want %+v", listed, measures)
		}
	})
}

// A real order, from the list to the view.
func TestViewOfAnIssuedOrder(t *testing.T) {
	r := enterprise("E0001", alerts.Orange)
	from := time.Date(2016, 12, 17, 0, 0, 0, 0, alerts.Shanghai())
	ev := &Issued{OrderHead: OrderHead{ID: "W20161216-01-E0001-1", Level: alerts.Orange, EffectiveFrom: from},
		Measures: measuresJSON(r.Measures, nil)}
	text, err := render(nil, ev.AppendJSON(nil), func(string) (string, string) { return "", "" }, time.Time{}, false,
		status{}, more{})
	if err != nil {
		t.Fatal(err)
	}
	var v View
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	r.Measures[0].Levels = nil // an order is of one
	listed, err := v.Listed()
	if err != nil || !reflect.DeepEqual(listed, r.Measures) || v.AcknowledgedAt != nil || v.Delivery != "pending" ||
		!v.EffectiveFrom.Equal(from) {
		t.Errorf("read %+v of %s (%v)", v, text, err)
	}
	v.Measures[0].Monitor[0].Criterion = "a criterion of a later version"
	if _, err := v.Listed(); err == nil {
		t.Error("a criterion that is not understood is passed over")
	}
}
