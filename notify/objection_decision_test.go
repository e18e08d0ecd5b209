package notify

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// objected is a world in which E1 objected to its order of two measures.
func objected(t *testing.T) *world {
	w := newWorld(t, enterprise("E1", alerts.Yellow, alerts.Orange), enterprise("E2", alerts.Yellow))
	w.level(alerts.Orange)
	w.elapse(3 * time.Hour) // the measures apply
	w.must(w.answer("E1", e1, Object, "停炉不安全"))
	return w
}

const e1second = warningID + "-E1-2"

func amendment(id, change string) ObjectionDecision {
	return ObjectionDecision{OrderID: e1, Decision: "amend", ReasonRef: "v:r", Read: readBody,
		Measures: []MeasureChange{{ID: id, Change: json.RawMessage(change)}}}
}

// An amended order has the other measures, from now on, and leaves everything else as it was.
func TestAmend(t *testing.T) {
	w := objected(t)
	in := amendment("M1", `{"text":"6#机组入炉煤量每日减少200吨","quantity":{"kind":"reduce_by","value":200,"unit":"t/d"}}`)
	in.Measures = append(in.Measures, MeasureChange{ID: "M2", Change: json.RawMessage("null")})
	_, evs, err := do(w, DecideObjection, in)
	w.must(evs, err)
	if o := w.order(e1); o.State != StateSuperseded {
		t.Errorf("the old order is %s", o.State)
	}
	o := w.json(e1second)
	for k, want := range map[string]any{"cause": "amended", "supersedes": e1, "level": "orange", "state": "open",
		"answer":         "awaiting",
		"effective_from": "2016-12-16T21:00:00+08:00", "acknowledge_by": "2016-12-16T22:00:00+08:00"} {
		if o[k] != want {
			t.Errorf("%s is %v, want %v", k, o[k], want)
		}
	}
	measures, _ := json.Marshal(o["measures"])
	if text := o["text"].(string); !strings.Contains(text, "经核实你单位提出的异议") || !strings.Contains(text, "减少200吨") ||
		strings.Contains(text, "600吨") ||
		strings.Contains(string(measures), "M2") {
		t.Errorf("%s\n%s", text, measures)
	}
	w.wants("amended", e1second+"/revised", warningID+"-E2-1/issued")
	w.level(alerts.Red) // the list has nothing else for E1 at red: what was amended stays
	if o := w.order(e1second); o.State != StateOpen {
		t.Errorf("at red the amended order is %s", o.State)
	}
	w.elapse(2 * time.Hour)
	if o := w.order(e1second); o.Answer != AnswerOverdue {
		t.Errorf("after its own deadline the answer is %s", o.Answer)
	}
	w.level(alerts.Yellow)
	if o := w.order(warningID + "-E1-3"); o.State != StateOpen {
		t.Errorf("at yellow the list's order is %s", o.State)
	}
	w.check()
}

// What was granted for a time ends with it: the list's measures are ordered again, unless another order took the place
// of the decision or the warning has ended.
func TestDecisionEnds(t *testing.T) {
	for name, c := range map[string]struct {
		decision ObjectionDecision
		between  func(*world)
		order    string // that is open afterwards; empty: none
		cause    any
	}{
		"exemption": {ObjectionDecision{OrderID: e1, Decision: "accept"}, func(*world) {}, e1second, "decision_ended"},
		"amendment": {amendment("M2", "null"), func(*world) {}, warningID + "-E1-3", "decision_ended"},
		"exemption, the level changed": {ObjectionDecision{OrderID: e1, Decision: "accept"},
			func(w *world) { w.level(alerts.Yellow) }, e1second, nil},
		"amendment, the level changed": {amendment("M2", "null"), func(w *world) { w.level(alerts.Yellow) },
			warningID + "-E1-3", nil},
		"exemption, the warning lifted": {ObjectionDecision{OrderID: e1, Decision: "accept"}, func(w *world) { w.lift() }, "", nil},
		"amendment, the warning lifted": {amendment("M2", "null"), func(w *world) { w.lift() }, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := objected(t)
			until := w.now.Add(6 * time.Hour)
			c.decision.ExpiresAt = &until
			_, evs, err := do(w, DecideObjection, c.decision)
			w.must(evs, err)
			w.elapse(5 * time.Hour)
			c.between(w)
			w.elapse(time.Hour)
			open := ""
			for id := range w.bodies() {
				if o := w.order(id); o.RecipientID == "E1" && o.State == StateOpen {
					open += id
				}
			}
			if open != c.order {
				t.Fatalf("open is %q, want %q", open, c.order)
			}
			if open != "" {
				if got := w.json(open); got["cause"] != c.cause {
					t.Errorf("its cause is %v, want %v", got["cause"], c.cause)
				}
				if got, _ := json.Marshal(w.json(open)["measures"]); c.cause != nil &&
					(!strings.Contains(string(got), "M1") || !strings.Contains(string(got), "M2")) {
					t.Errorf("measures %s are not the list's", got)
				}
			}
			w.check()
		})
	}
}

// A decision that cannot be carried out is refused with where and why, and changes nothing.
func TestObjectionRefused(t *testing.T) {
	past := time.Date(2016, 12, 16, 20, 59, 0, 0, alerts.Shanghai())
	future, now := past.AddDate(0, 0, 1), past.Add(time.Minute)
	for name, c := range map[string]struct {
		in   ObjectionDecision
		code refusal.Code
		path string
	}{
		"no such order":   {ObjectionDecision{OrderID: "none", Decision: "accept"}, refusal.NotFound, ""},
		"nobody objected": {ObjectionDecision{OrderID: warningID + "-E2-1", Decision: "accept"}, refusal.TransitionRefused, ""},
		"ended before it began": {ObjectionDecision{OrderID: e1, Decision: "accept", ExpiresAt: &past}, refusal.Invalid,
			"expires_at"},
		"ends as it begins": {ObjectionDecision{OrderID: e1, Decision: "accept", ExpiresAt: &now}, refusal.Invalid, "expires_at"},
		"a rejection with an end": {ObjectionDecision{OrderID: e1, Decision: "reject", ExpiresAt: &future}, refusal.Invalid,
			"expires_at"},
		"amended by nothing": {ObjectionDecision{OrderID: e1, Decision: "amend", Read: readBody}, refusal.Invalid, "measures"},
		"measures of a rejection": {ObjectionDecision{OrderID: e1, Decision: "reject", Measures: []MeasureChange{{ID: "M1"}}},
			refusal.Invalid, "measures"},
		"another's measure": {amendment("M9", "null"), refusal.Invalid, "measures[0].id"},
		"a vague measure":   {amendment("M1", `{"text":"适当减少入炉煤量"}`), refusal.Invalid, "measures[0].change.措施内容"},
		"an unknown member": {amendment("M1", `{"colour":"red"}`), refusal.UnknownField, "measures[0].change.colour"},
		"a number that is none": {amendment("M1", `{"quantity":{"kind":"reduce_by","value":"many","unit":"t/d"}}`),
			refusal.Invalid, "measures[0].change.quantity.value"},
		"nothing left": {ObjectionDecision{OrderID: e1, Decision: "amend", Read: readBody,
			Measures: []MeasureChange{{ID: "M1"}, {ID: "M2"}}}, refusal.Invalid, "measures"},
		"a phone number in a text": {amendment("M1", `{"text":"停1#窑，联系13512345678"}`), refusal.Invalid,
			"measures[0].change.措施内容"},
	} {
		t.Run(name, func(t *testing.T) {
			w := objected(t)
			before := w.json(e1)
			_, evs, err := do(w, DecideObjection, c.in)
			if code(err) != c.code || len(evs) > 0 {
				t.Fatalf("%v, %d events; want %s", err, len(evs), c.code)
			}
			var r *refusal.Error
			if c.path != "" && (!errors.As(err, &r) || len(r.Fields) == 0 || r.Fields[0].Path != c.path) {
				t.Errorf("%+v, want path %s", r, c.path)
			}
			if after := w.json(e1); after["state"] != before["state"] || after["answer"] != before["answer"] {
				t.Errorf("%v became %v", before, after)
			}
		})
	}
}

// An objection says why: without a note it is refused, wherever it comes from.
func TestObjectionNeedsANote(t *testing.T) {
	for _, note := range []string{``, `"note":"",`, `"note":" \n　",`} {
		var in AnswerText
		if err := json.Unmarshal([]byte(`{`+note+`"order_id":"`+e1+`","action":"object"}`), &in); err != nil {
			t.Fatal(err)
		}
		err := in.Check()
		var e *refusal.Error
		if !errors.As(err, &e) || e.Code != refusal.Invalid || len(e.Fields) != 1 || e.Fields[0].Path != "note" ||
			e.Fields[0].Rule != "order.object_note" {
			t.Errorf("%s: %v", note, err)
		}
	}
	for _, action := range everyAction {
		if action != Object {
			if err := (&AnswerText{OrderID: e1, Action: action}).Check(); err != nil {
				t.Errorf("%s: %v", action, err)
			}
		}
	}
	w := newWorld(t, enterprise("E1", alerts.Orange))
	w.level(alerts.Orange)
	if _, err := w.answer("E1", e1, Object, ""); code(err) != refusal.Invalid || firstPath(err) != "note" {
		t.Errorf("decided: %v", err)
	}
	if o := w.order(e1); o.Answer != AnswerAwaiting {
		t.Errorf("the order is %s", o.Answer)
	}
}

// The reason of an objection that was recorded without one may be said as long as it waits for a decision; then it
// stands.
func TestObjectionIsCompleted(t *testing.T) {
	explain := func(w *world, note string) ([]Event, error) {
		_, evs, err := do(w, DecideAnswer,
			Answer{RecipientID: "E1", OrderID: e1, Action: Object, NoteRef: "v:n", NoteHash: note})
		return evs, err
	}
	unexplained := func(t *testing.T) *world {
		w := newWorld(t, enterprise("E1", alerts.Orange))
		w.level(alerts.Orange)
		empty := Answer{Action: Object}
		d := empty.digest()
		w.apply([]Event{&Answered{OrderID: e1, Action: "object", Digest: hex.EncodeToString(d[:])}})
		return w
	}
	w := unexplained(t)
	if o := w.json(e1)["objection"].(map[string]any); o["note"] != "" || o["at"] != "2016-12-16T18:00:00+08:00" ||
		o["decision"] != "" {
		t.Errorf("before: %v", o)
	}
	w.now = w.now.Add(time.Minute)
	if evs, err := explain(w, "hash"); err != nil || len(evs) != 1 {
		t.Fatalf("%d events, %v", len(evs), err)
	}
	if o := w.json(e1)["objection"].(map[string]any); o["note"] != "停炉不安全" || o["at"] != "2016-12-16T18:00:00+08:00" {
		t.Errorf("after: %v", o)
	}
	if o := w.order(e1); o.Answer != AnswerObjected {
		t.Errorf("the answer is %s", o.Answer)
	}
	if evs, err := explain(w, "hash"); err != nil || len(evs) != 0 {
		t.Errorf("again: %d events, %v", len(evs), err)
	}
	if _, err := explain(w, "another"); code(err) != refusal.Conflict {
		t.Errorf("another reason: %v", err)
	}
	w.check()

	for name, between := range map[string]func(*world){
		"withdrawn": func(w *world) { w.must(w.answer("E1", e1, Acknowledge, "")) },
		"accepted": func(w *world) {
			_, evs, err := do(w, DecideObjection, ObjectionDecision{OrderID: e1, Decision: "accept"})
			w.must(evs, err)
		},
		"lifted": func(w *world) { w.lift() },
	} {
		w := unexplained(t)
		between(w)
		if _, err := explain(w, "hash"); code(err) != refusal.TransitionRefused && code(err) != refusal.Conflict {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What became of an objection stands in the order, the reasons for those alone who may read them.
func TestObjectionStandsInTheOrder(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange))
	w.level(alerts.Orange)
	if o := w.json(e1)["objection"]; o != nil {
		t.Errorf("nobody objected: %v", o)
	}
	_, evs, err := do(w, DecideAnswer,
		Answer{RecipientID: "E1", OrderID: e1, Action: Object, NoteRef: "v:n", NoteHash: "hash"})
	w.must(evs, err)
	w.now = w.now.Add(time.Hour)
	_, evs, err = do(w, DecideObjection, ObjectionDecision{OrderID: e1, Decision: "reject", ReasonRef: "v:r"})
	w.must(evs, err)
	want := map[string]any{"at": "2016-12-16T18:00:00+08:00", "note": "停炉不安全", "decision": "reject",
		"decided_at": "2016-12-16T19:00:00+08:00",
		"reason":     "保障民生供热", "expires_at": nil}
	if o := w.json(e1)["objection"]; !reflect.DeepEqual(o, want) {
		t.Errorf("objection %v, want %v", o, want)
	}
	w.view(func(tx *bbolt.Tx) error {
		hidden, err := JSON(tx, readBody, Vault{Contact: testContact}, e1)
		if err != nil || strings.Contains(string(hidden), "停炉") || strings.Contains(string(hidden), "民生") ||
			!strings.Contains(string(hidden), `"decision":"reject"`) {
			t.Errorf("to others: %s (%v)", hidden, err)
		}
		brief, err := BriefJSON(tx, readBody, testVault, e1)
		if err != nil || strings.Contains(string(brief), "objection") {
			t.Errorf("in a list: %s (%v)", brief, err)
		}
		return nil
	})
	w.now = w.now.Add(time.Minute)
	_, evs, err = do(w, DecideAnswer,
		Answer{RecipientID: "E1", OrderID: e1, Action: Object, NoteRef: "v:r", NoteHash: "other"})
	w.must(evs, err)
	if o := w.json(e1)["objection"].(map[string]any); o["note"] != "保障民生供热" || o["decision"] != "" || o["reason"] != "" ||
		o["at"] != "2016-12-16T19:01:00+08:00" {
		t.Errorf("objected anew: %v", o)
	}
	w.check()
}
