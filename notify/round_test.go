package notify

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

func recipients(n int, levels ...alerts.Level) []reductionlist.Recipient {
	rs := make([]reductionlist.Recipient, n)
	for i := range rs {
		rs[i] = enterprise(fmt.Sprintf("E%04d", i), levels...)
	}
	return rs
}

// bodies reads the frozen bodies of all orders, by id.
func (w *world) bodies() map[string]string {
	m := map[string]string{}
	w.view(func(tx *bbolt.Tx) error {
		return eachOrder(tx, warningID, "", func(o *Order) bool {
			b, err := readBody(tx, o.Body)
			if err != nil {
				w.t.Fatal(err)
			}
			m[o.ID] = string(b)
			return true
		})
	})
	return m
}

func (w *world) plan() (p *Round) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) (err error) { p, err = GetRound(tx, warningID); return err })
	return p
}

// A plan that stops for an hour before every chunk makes the same orders as one that runs through, each once, in blocks
// that fit the record.
func TestPlanInterruptedAtEveryChunk(t *testing.T) {
	const n = 1100
	list := recipients(n, alerts.Yellow, alerts.Orange)
	list[3].Measures, list[n-1].Measures = nil, nil
	through := newWorld(t, list...)
	through.level(alerts.Orange)

	halting := newWorld(t, list...)
	halting.change(Round{Level: alerts.Orange})
	chunks := 0
	for p := halting.plan(); !p.Done; p = halting.plan() {
		chunks++
		if len(halting.fx.timers) != 1 {
			t.Fatalf("chunk %d: timers %v, want the next chunk's alone", chunks, halting.fx.timers)
		}
		halting.now = halting.now.Add(time.Hour)
		evs := halting.run(p.timer())
		size := 0
		for _, ev := range evs {
			b, err := encode(ev)
			if err != nil {
				t.Fatal(err)
			}
			size += len(b)
		}
		if size > maxChunkBytes || len(evs) > MaxChunk+1 {
			t.Errorf("chunk %d: %d events of %d bytes", chunks, len(evs), size)
		}
		for _, stale := range []int{p.N, p.N - 1, p.N + 2} {
			if _, evs, err := do(halting, decideRound, RoundChunk{warningID, stale}); err != nil || len(evs) > 0 {
				t.Errorf("chunk %d after chunk %d: %d events, %v", stale, p.N, len(evs), err)
			}
		}
	}
	if chunks < 3 {
		t.Errorf("%d chunks interrupt little", chunks)
	}
	a, b := through.bodies(), halting.bodies()
	if len(a) != n-2 {
		t.Errorf("%d orders, want %d", len(a), n-2)
	}
	for id, body := range a {
		if b[id] != body {
			t.Fatalf("order %s differs when interrupted:\n%s\n%s", id, body, b[id])
		}
	}
	if p := halting.plan(); len(b) != len(a) || p.Issued != n-2 || p.Revised+p.Released != 0 {
		t.Errorf("%d orders when interrupted; plan %+v", len(b), p)
	}
	halting.check()
}

// A recipient with more to do than a chunk may hold still gets its order.
func TestPlanWithOneVeryLargeOrder(t *testing.T) {
	r := enterprise("E1", alerts.Orange)
	for i := range 100 {
		m := r.Measures[0]
		m.ID, m.Text = fmt.Sprintf("X%03d", i), strings.Repeat("停", 1100)
		r.Measures = append(r.Measures, m)
	}
	w := newWorld(t, enterprise("E0", alerts.Orange), r, enterprise("E2", alerts.Orange))
	w.level(alerts.Orange)
	if n := len(w.bodies()); n != 3 {
		t.Errorf("%d orders, want 3", n)
	}
}

func TestOrderJSON(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow, alerts.Orange))
	w.level(alerts.Orange)
	got := w.json(e1)
	measures := got["measures"].([]any)
	want := map[string]any{
		"id": e1, "warning_id": warningID, "revision": 1.0, "supersedes": nil, "recipient_id": "E1", "level": "orange",
		"title": "重污染天气橙色（Ⅱ级）预警应急减排令", "legal_basis": "《中华人民共和国大气污染防治法》第九十六条",
		"document_no": "津气指办〔2016〕12号", "issued_at": "2016-12-16T18:00:00+08:00",
		"effective_from": "2016-12-16T20:00:00+08:00",
		"ends_at":        nil, "acknowledge_by": "2016-12-16T19:00:00+08:00", "acknowledged_at": nil, "late": false,
		"list_version": w.version.ID, "list_hash": w.version.Hash, "delivery": "pending", "answer": "awaiting",
		"execution": "not_started", "verdict": "none", "state": "open", "drill": false, "plan": nil,
		"recipient_name": "示例企业E1", "town": "杨柳青镇", "grade": "B",
		"text": "示例企业E1：\n依据《中华人民共和国大气污染防治法》第九十六条（津气指办〔2016〕12号），现启动重污染天气橙色（Ⅱ级）预警应急响应，" +
			"自2016年12月16日20时起，解除时间另行通知。你单位应当执行下列应急减排措施：\n" +
			"1. 6#机组：降低煤耗，减少300 t/d，4小时内完成。6#机组入炉煤量每日减少300吨\n" +
			"2. 6#机组：降低煤耗，减少600 t/d，4小时内完成。6#机组入炉煤量每日减少600吨\n" +
			"请于2016年12月16日19时前确认。不能执行的，请在同一期限内说明理由。",
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s is %#v, want %#v", k, got[k], v)
		}
	}
	if c := got["contact"].(map[string]any); c["name"] != "值班员" || c["phone"] != "022-12345678" {
		t.Errorf("contact is %v", c)
	}
	if m := measures[0].(map[string]any); len(measures) != 2 || m["id"] != "M1" || m["action"] != "reduce_coal" {
		t.Errorf("measures are %v", measures)
	}
	if _, has := got["contact_ref"]; has {
		t.Error("the vault reference of the contact went out")
	}
}

// A deadline that a spreadsheet computed is printed with the digits of its field.
func TestOrderPrintsNoMoreDigitsThanItsField(t *testing.T) {
	e := enterprise("E1", alerts.Orange)
	e.Measures[0].CompleteWithinH = 0.166666666667
	w := newWorld(t, e)
	w.level(alerts.Orange)
	if text := fmt.Sprint(w.json(e1)["text"]); !strings.Contains(text, "0.17小时内") || strings.Contains(text, "0.1666") {
		t.Errorf("the order says %s", text)
	}
}

// Below a warning there is no power to order: the text asks and names no article 96.
func TestAdvisoryAsks(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Advisory))
	ends := time.Date(2016, 12, 18, 0, 0, 0, 0, alerts.Shanghai())
	w.change(Round{Level: alerts.Advisory, EndsAt: &ends, Drill: true})
	w.elapse(0)
	o := w.json(e1)
	text := fmt.Sprint(o["title"], o["legal_basis"], o["text"])
	for _, word := range []string{"第九十六条", "应当", "减排令"} {
		if strings.Contains(text, word) {
			t.Errorf("an advisory says %s: %s", word, text)
		}
	}
	for _, word := range []string{"请你单位", "予以配合", "【演练】", "至2016年12月17日24时止"} {
		if !strings.Contains(text, word) {
			t.Errorf("an advisory does not say %s: %s", word, text)
		}
	}
}

// A new level revises the orders whose measures it changes, releases those it leaves without any, issues those it newly
// needs, and lets the others be.
func TestLevelChange(t *testing.T) {
	w := newWorld(t,
		enterprise("always", alerts.Yellow),
		enterprise("more", alerts.Yellow, alerts.Orange),
		enterprise("never"),
		enterprise("orange", alerts.Orange))
	id := func(recipient string, revision int) string { return orderID(warningID, recipient, revision) }
	w.level(alerts.Yellow)
	w.must(w.answer("more", id("more", 1), Acknowledge, ""))
	w.level(alerts.Orange)
	w.check()
	if got, want := w.outbox(), []string{id("always", 1) + "/issued", id("more", 2) + "/revised",
		id("orange", 1) + "/issued"}; !slices.Equal(got, want) {
		t.Errorf("orange: outbox %v, want %v", got, want)
	}
	if o := w.json(id("more", 2)); o["supersedes"] != id("more", 1) || o["revision"] != 2.0 || o["level"] != "orange" ||
		o["answer"] != "awaiting" {
		t.Errorf("revised order is %v", o)
	}
	if o := w.order(id("more", 1)); o.State != StateSuperseded || o.Answer != AnswerAcknowledged {
		t.Errorf("revised order's first revision is %s, %s", o.State, o.Answer)
	}
	w.level(alerts.Yellow)
	w.check()
	if got, want := w.outbox(), []string{id("always", 1) + "/issued", id("more", 3) + "/revised",
		id("orange", 1) + "/released"}; !slices.Equal(got, want) {
		t.Errorf("yellow: outbox %v, want %v", got, want)
	}
	w.must(w.answer("orange", id("orange", 1), Receive, ""))
	w.level(alerts.Red)
	w.check()
	if o := w.json(id("orange", 2)); o["supersedes"] != id("orange", 1) || o["state"] != "open" {
		t.Errorf("order after a release is %v", o)
	}
	w.lift()
	w.check()
	for _, recipient := range []string{"always", "more", "orange"} {
		w.view(func(tx *bbolt.Tx) error {
			o, err := latest(tx, warningID, recipient)
			if err == nil && o.State != StateReleased {
				t.Errorf("%s is %s after the lift", o.ID, o.State)
			}
			return err
		})
	}
}

// Revisions are compared as numbers, and a recipient whose id goes on like another's keeps its own.
func TestLatestRevision(t *testing.T) {
	w := newWorld(t, enterprise("E", alerts.Yellow, alerts.Orange), enterprise("E-1", alerts.Yellow, alerts.Orange),
		enterprise("E-1-1", alerts.Yellow))
	for range 6 {
		w.level(alerts.Yellow)
		w.level(alerts.Orange)
	}
	w.view(func(tx *bbolt.Tx) error {
		for recipient, revision := range map[string]int{"E": 12, "E-1": 12, "E-1-1": 1} {
			o, err := latest(tx, warningID, recipient)
			if err != nil {
				return err
			}
			if o == nil || o.Revision != revision || o.RecipientID != recipient {
				t.Errorf("latest of %s is %+v, want revision %d", recipient, o, revision)
			}
		}
		return nil
	})
	w.check()
}

// A change that comes while a plan is under way replaces it: the chunks of the old plan find nothing to do.
func TestPlanReplaced(t *testing.T) {
	w := newWorld(t, recipients(1100, alerts.Yellow, alerts.Orange)...)
	w.change(Round{Level: alerts.Yellow})
	w.run(w.plan().timer())
	old := w.plan()
	w.change(Round{Level: alerts.Yellow, Release: "cancelled"})
	if _, evs, err := do(w, decideRound, RoundChunk{warningID, old.N}); err != nil || len(evs) > 0 {
		t.Errorf("the old plan's chunk: %d events, %v", len(evs), err)
	}
	w.elapse(0)
	w.check()
	if p := w.plan(); p.Released != old.Issued || old.Issued == 0 || old.Done {
		t.Errorf("released %d of %d orders", p.Released, old.Issued)
	}
}

// The deadline marks what still awaits an answer, in chunks, and leaves the rest.
func TestOverdueInChunks(t *testing.T) {
	w := newWorld(t, recipients(5, alerts.Orange)...)
	w.level(alerts.Orange)
	w.must(w.answer("E0001", warningID+"-E0001-1", Acknowledge, ""))
	w.now = w.now.Add(time.Hour - time.Millisecond)
	in := OverdueChunk{Warning: warningID, Seq: 1, N: 1}
	if _, evs, err := do(w, DecideOverdue, in); err != nil || len(evs) > 0 {
		t.Errorf("before the deadline: %d events, %v", len(evs), err)
	}
	w.now = w.now.Add(time.Millisecond)
	in.Cursor = warningID + "-E0002-1"
	if ev, _, err := do(w, DecideOverdue, in); err != nil || !ev.Done || len(ev.Orders) != 2 {
		t.Errorf("from the middle: %+v, %v", ev, err)
	}
	// A chunk that is not the last sets the timer of the next.
	w.apply([]Event{&Overdue{Warning: warningID, Seq: 1, N: 1, Orders: []string{}, Cursor: warningID + "-E0000-1"}})
	w.elapse(0)
	for i, want := range []AnswerState{AnswerOverdue, AnswerAcknowledged, AnswerOverdue, AnswerOverdue, AnswerOverdue} {
		if o := w.order(fmt.Sprintf("%s-E%04d-1", warningID, i)); o.Answer != want {
			t.Errorf("%s is %s, want %s", o.ID, o.Answer, want)
		}
	}
	w.check()
}

func TestSettings(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange))
	for _, minutes := range []int{0, -1, 24*60 + 1} {
		if _, _, err := do(w, DecideSettings, Settings{AcknowledgeWithinMin: minutes}); code(err) != "invalid" {
			t.Errorf("%d minutes: %v", minutes, err)
		}
	}
	in := Settings{AcknowledgeWithinMin: 30, ContactRef: "v:duty"}
	for _, events := range []int{1, 0} {
		if _, evs, err := do(w, DecideSettings, in); err != nil || len(evs) != events {
			t.Errorf("%d events, want %d: %v", len(evs), events, err)
		}
	}
	w.view(func(tx *bbolt.Tx) error {
		s, err := CurrentSettings(tx)
		if s != in {
			t.Errorf("settings are %+v", s)
		}
		return err
	})
	w.check()
}
