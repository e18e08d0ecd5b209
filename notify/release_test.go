package notify

import (
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// releaseSaid is the release that the outbox message of an order carries, nil for none, and the order's own title and
// text.
func (w *world) releaseSaid(order string) (release map[string]any, title, text string) {
	w.t.Helper()
	_, payload := w.message(order + "/released")
	m := unmarshal[struct {
		Event string
		Order struct {
			Title, Text string
			Release     map[string]any
		}
	}](w.t, payload)
	if m.Event != "released" {
		w.t.Fatalf("event %q in %s", m.Event, payload)
	}
	return m.Order.Release, m.Order.Title, m.Order.Text
}

// lifted ends a declared warning as an officer does, and works off the releases.
func (w *world) lifted(warning *alerts.Warning, reason string) {
	w.t.Helper()
	warn(w, engine().DecideLift, alerts.Lift{WarningID: warning.ID, Revision: warning.Revision, Reason: reason})
	w.elapse(0)
}

// What a recipient is told when its order ends: what ended, by which document, since when, and what it may do. The
// order's own title and text are those of its issue.
func TestReleaseSaysWhatEnded(t *testing.T) {
	const e1 = warningID + "-E1-1"
	declared := func(l alerts.Level, drill bool) func(w *world) *alerts.Warning {
		return func(w *world) *alerts.Warning {
			warning := warn(w, engine().DecideDeclare,
				alerts.Declare{Level: l, Trigger: alerts.CityOrder, Region: "120111",
					Document: alerts.Document{DocumentNo: "津气指办〔2016〕12号"}, Drill: drill,
					ListPin: alerts.ListPin{ListVersion: w.version.ID, ListHash: w.version.Hash}})
			w.elapse(0)
			return warning
		}
	}
	lift := func(w *world, warning *alerts.Warning) { w.lifted(warning, "扩散条件转好") }
	for name, c := range map[string]struct {
		declare func(*world) *alerts.Warning
		end     func(*world, *alerts.Warning)
		order   string
		kind    string
		reason  string
		title   string
		text    []string
		without []string
	}{
		"lifted": {declared(alerts.Orange, false), lift, e1, "lifted", "扩散条件转好", "重污染天气橙色（Ⅱ级）预警解除通知",
			[]string{"示例企业E1：\n", "橙色（Ⅱ级）预警（津气指办〔2016〕12号）自2016年12月16日20时30分起解除", "不再执行", "可以恢复正常生产"}, []string{"启动", "演练"}},
		"lifted advisory": {declared(alerts.Advisory, false), lift, e1, "lifted", "扩散条件转好", "应对污染天气管控要求解除通知",
			[]string{"应对污染天气管控要求（津气指办〔2016〕12号）自2016年12月16日20时30分起解除", "可以恢复正常生产"}, []string{"预警"}},
		"lifted drill": {declared(alerts.Orange, true), lift, "D20161216-01-E1-1", "lifted", "扩散条件转好",
			"【演练】重污染天气橙色（Ⅱ级）预警解除通知",
			[]string{"本次为演练"}, []string{"现启动"}},
		"cancelled": {declared(alerts.Orange, false), func(w *world, warning *alerts.Warning) {
			warn(w, engine().DecideCancel, alerts.Cancel{WarningID: warning.ID, Revision: warning.Revision, Reason: "误发"})
			w.elapse(0)
		}, e1, "cancelled", "误发", "重污染天气橙色（Ⅱ级）预警撤销通知",
			[]string{"橙色（Ⅱ级）预警（津气指办〔2016〕12号）系错误发布，现予撤销", "无须执行"}, []string{"现启动"}},
		"cancelled before it began": {func(w *world) *alerts.Warning {
			start := w.now.Add(6 * time.Hour)
			warning := warn(w, engine().DecideDeclare,
				alerts.Declare{Level: alerts.Orange, Trigger: alerts.CityOrder, Region: "120111", StartsAt: &start,
					ListPin: alerts.ListPin{ListVersion: w.version.ID, ListHash: w.version.Hash}})
			w.elapse(0)
			return warning
		}, func(w *world, warning *alerts.Warning) {
			warn(w, engine().DecideCancel, alerts.Cancel{WarningID: warning.ID, Revision: warning.Revision})
			w.elapse(0)
		}, e1, "cancelled", "", "重污染天气橙色（Ⅱ级）预警撤销通知", []string{"在开始前已经撤销", "无须执行"}, []string{"错误", "现启动"}},
		"level changed": {declared(alerts.Orange, false), func(w *world, warning *alerts.Warning) {
			warn(w, engine().DecideAdjust, alerts.Adjust{WarningID: warning.ID, Revision: warning.Revision,
				Level: alerts.Yellow, Reason: "污染减轻", Trigger: alerts.CityOrder,
				Document: alerts.Document{DocumentNo: "津气指办〔2016〕13号"}})
			w.elapse(0)
		}, e1, "level_changed", "污染减轻", "应急减排令终止通知（预警级别调整）",
			[]string{"级别已调整为黄色（Ⅲ级）（津气指办〔2016〕13号）", "2016年12月16日20时30分起", "不再执行", "可以恢复正常生产"}, []string{"现启动"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, enterprise("E1", alerts.Orange))
			if strings.Contains(name, "advisory") {
				w = newWorld(t, enterprise("E1", alerts.Advisory))
			}
			warning := c.declare(w)
			before := w.json(c.order)
			w.now = w.now.Add(150 * time.Minute)
			c.end(w, warning)
			release, title, text := w.releaseSaid(c.order)
			if release == nil {
				t.Fatal("the release says nothing of itself")
			}
			if title != before["title"] || text != before["text"] {
				t.Errorf("title and text became %q, %q", title, text)
			}
			if release["kind"] != c.kind || release["title"] != c.title || release["reason"] != c.reason ||
				release["at"] != "2016-12-16T20:30:00+08:00" {
				t.Errorf("kind %v, title %v, reason %v, at %v; want %q, %q, %q", release["kind"], release["title"],
					release["reason"], release["at"], c.kind, c.title, c.reason)
			}
			said, _ := release["text"].(string)
			for _, want := range c.text {
				if !strings.Contains(said, want) {
					t.Errorf("%q is not in\n%s", want, said)
				}
			}
			for _, not := range c.without {
				if strings.Contains(said, not) {
					t.Errorf("%q is in\n%s", not, said)
				}
			}
			if w.json(c.order)["release"] == nil {
				t.Error("the order as it stands has no release")
			}
			w.check()
		})
	}
}

// The reason of an exemption is about one enterprise: the record has its reference alone, and who may not read it reads
// nothing.
func TestReleaseOfAnExemption(t *testing.T) {
	w := objected(t)
	until := time.Date(2016, 12, 18, 0, 0, 0, 0, alerts.Shanghai())
	_, evs, err := do(w, DecideObjection, ObjectionDecision{OrderID: e1, Decision: "accept", ReasonRef: "v:r", ExpiresAt: &until})
	w.must(evs, err)
	release, _, _ := w.releaseSaid(e1)
	said, _ := release["text"].(string)
	if release["kind"] != "exempted" || release["title"] != "应急减排令豁免通知" || release["reason"] != "保障民生供热" ||
		release["at"] != "2016-12-16T21:00:00+08:00" ||
		!strings.Contains(said, "豁免") || !strings.Contains(said, "2016年12月17日24时") || strings.Contains(said, "保障民生") {
		t.Errorf("the exemption says %v", release)
	}
	for _, ev := range evs {
		if b, _ := encode(ev); strings.Contains(string(b), "民生") {
			t.Errorf("recorded: %s", b)
		}
	}
	w.check()
}

// Who is released because a newer list has nothing for it hears that, and of which list.
func TestReleaseByAnotherList(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange), enterprise("E2", alerts.Orange))
	warning := w.warned(alerts.Orange)
	v := w.newer(t, []reductionlist.Recipient{enterprise("E2", alerts.Orange)})
	done, err := w.relist(Relist{Warning: warning.ID, Revision: warning.Revision, Version: v.ID,
		Recipients: []string{"E1"}})
	if err != nil || len(done.Released) != 1 {
		t.Fatalf("%+v %v", done, err)
	}
	release, _, _ := w.releaseSaid(e1)
	said, _ := release["text"].(string)
	if release["kind"] != "list_changed" || release["title"] != "应急减排令终止通知（清单更新）" || !strings.Contains(said, v.ID) ||
		!strings.Contains(said, "不再执行") {
		t.Errorf("the release says %v", release)
	}
	w.check()
}

// A release is repeated byte for byte, and one that was recorded before releases had words has none.
func TestReleaseRecordedWithoutWords(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange))
	w.level(alerts.Orange)
	w.apply([]Event{&Released{OrderID: e1, Reason: "lifted"}})
	_, first := w.message(e1 + "/released")
	if strings.Contains(first, `"release"`) {
		t.Errorf("it says %s", first)
	}
	if _, again := w.message(e1 + "/released"); again != first {
		t.Errorf("again:\n%s\n%s", again, first)
	}
	w.check()
}

// The words of a lift are recorded once, however many orders and blocks it takes.
func TestReleaseIsWordedOnce(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Orange), enterprise("E2", alerts.Orange), enterprise("E3", alerts.Orange))
	warning := w.warned(alerts.Orange)
	w.must(w.answer("E1", e1, Object, "停炉不安全"))
	_, evs, err := do(w, DecideObjection, ObjectionDecision{OrderID: e1, Decision: "accept", ReasonRef: "v:r"})
	w.must(evs, err)
	w.lifted(warning, "")
	worded := 0
	w.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(recordBucket).ForEach(func(_, data []byte) error {
			worded += strings.Count(string(data), "可以恢复正常生产")
			return nil
		})
	})
	if worded != 1 {
		t.Errorf("the lift of two orders was worded %d times", worded)
	}
	for order, kind := range map[string]string{e1: "exempted", warningID + "-E2-1": "lifted",
		warningID + "-E3-1": "lifted"} {
		if release, _, _ := w.releaseSaid(order); release["kind"] != kind {
			t.Errorf("%s: %v, want %s", order, release, kind)
		}
	}
	w.check()
}
