package web

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/judging"
	"qingkong/cmd/internal/stations/stationstest"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/reductionlist"
	"qingkong/seeds"
)

// judged is a world in which what is measured is judged: under a yellow warning the sulphur of each enterprise is to stay
// below 35 mg/m³ from due on.
type judged struct {
	*world
	eval    *judging.Evaluator
	warning string
	due     time.Time
}

func newJudged(w *world) *judged {
	w.t.Helper()
	l := fixture()
	l.EffectiveFrom = "2016-12-16"
	for i, r := range l.Recipients {
		r.Lon, r.Lat = 117+float64(i)/10, 39.1
		r.Measures[0].Monitors = []reductionlist.Monitor{{Source: reductionlist.CEMS, Ref: r.StationMN, Factor: "a21026",
			Criterion: reductionlist.Criterion{Kind: reductionlist.HourConcentrationAtMost, Limit: 35, Unit: "mg/m3"}}}
	}
	w.importList(l)
	holidays, err := judge.ParseHolidays(seeds.Holidays())
	if err != nil {
		w.t.Fatal(err)
	}
	j := &judged{world: w, eval: judging.New(judging.Options{Journal: w.svc.J, Readings: w.svc.Instruments,
		Settings: judge.Defaults, Follow: judging.Usual, Holidays: holidays.Class, Log: slog.New(slog.DiscardHandler)})}
	w.svc.Judging = j.eval
	for _, r := range l.Recipients {
		w.registered(`{"mn":"` + r.StationMN + `","name":"总排口","recipient_id":"` + r.ID +
			`","outlets":[{"name":"1#","factors":[{"code":"a21026","unit":"mg/m3"}]}]}`)
	}
	j.warning = w.ordered()
	look := call{who: "duty", path: j.order("E0001") + "/monitoring"}
	stationstest.Eventually(w.t, "readings can be read", func() bool { return w.do(look).StatusCode == http.StatusOK })
	var m calls.OrderMonitoring
	w.must(http.StatusOK, look, &m)
	j.due = m.Monitors[0].From
	return j
}

func (j *judged) order(recipient string) string {
	return calls.Prefix + "/orders/" + j.warning + "-" + recipient + "-1"
}

// says reports hours of a recipient's sulphur from the deadline on; they are over then, and can be read.
func (j *judged) says(recipient string, values ...float64) {
	j.t.Helper()
	point, at := "MN"+recipient+".a21026", j.due
	var readings []string
	for i, v := range values {
		at = j.due.Add(time.Duration(i) * time.Hour)
		readings = append(readings, fmt.Sprintf(`{"at":%q,"value":%v,"flag":"N"}`, at.Format(time.RFC3339), v))
	}
	if d := at.Add(time.Hour).Sub(j.clock.Now()); d > 0 {
		j.elapse(d)
	}
	j.must(http.StatusCreated, call{who: "feeder", path: calls.Prefix + "/telemetry",
		body: `{"point":"` + point + `","unit":"mg/m3","step":"1h","readings":[` + strings.Join(readings, ",") + `]}`}, nil)
	stationstest.Eventually(j.t, "the hours are there", func() bool {
		var s calls.Series
		j.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/telemetry/" + point + "?step=1h&from=2016-12-16"}, &s)
		for i, v := range values {
			if len(s.Items) <= i || *s.Items[i].Value != v &&
				!slices.ContainsFunc(s.Items[i].Others, func(o calls.OtherValue) bool { return o.Value != nil && *o.Value == v }) {
				return false
			}
		}
		return true
	})
}

func (j *judged) pass() {
	j.t.Helper()
	if _, err := j.eval.Pass(j.t.Context()); err != nil {
		j.t.Fatal(err)
	}
}

const findingsPath = calls.Prefix + "/findings"

// suspected is the path of a finding of a recipient who did not keep two hours.
func (j *judged) suspected(recipient string) string {
	j.t.Helper()
	j.says(recipient, 40, 41)
	j.pass()
	all := list[calls.FindingView](j.world, "duty", findingsPath+"?verdict=suspected&recipient="+recipient)
	if len(all.Items) != 1 {
		j.t.Fatalf("the findings of %s: %+v", recipient, all.Items)
	}
	return findingsPath + "/" + all.Items[0].ID
}

func idOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// An enterprise sees its own findings and nobody else's, a town those in it, and what is another's is as what is not there.
func TestFindingsAreWhoseTheyAre(t *testing.T) {
	j := newJudged(newWorld(t))
	first, second := j.suspected("E0001"), j.suspected("E0002")
	for who, want := range map[string][]string{"duty": {second, first}, "viewer": {second, first}, "E0001": {first},
		"E0002": {second}, "E0003": {}, "town": {first}} { // 大寺镇
		var got []string
		for _, f := range list[calls.FindingView](j.world, who, findingsPath).Items {
			got = append(got, findingsPath+"/"+f.ID)
		}
		if !slices.Equal(got, want) && len(got)+len(want) > 0 {
			t.Errorf("%s sees %q, want %q", who, got, want)
		}
		for _, path := range []string{first, second} {
			c := call{who: who, path: path}
			if slices.Contains(want, path) {
				j.must(http.StatusOK, c, nil)
				continue
			}
			j.refused(http.StatusNotFound, "not_found", c)
			c.path += "/derive"
			j.refused(http.StatusNotFound, "not_found", c)
		}
	}
	j.refused(http.StatusNotFound, "not_found", call{who: "E0002", path: j.order("E0001") + "/monitoring"})
	j.refused(http.StatusNotFound, "not_found", call{who: "E0002", path: first + "/explain", body: `{"note":"不是我们"}`})
	j.refused(http.StatusForbidden, "forbidden", call{who: "E0001", path: first + "/decide", body: `{"decision":"accept"}`})
	j.refused(http.StatusForbidden, "forbidden", call{who: "E0001", path: calls.Prefix + "/tasks"})
	for query, want := range map[string]int{"recipient=E0002": 0, "order=" + j.warning + "-E0002-1": 0, "recipient=E0001": 1,
		"order=" + j.warning + "-E0001-1": 1, "warning=" + j.warning: 1, "open=true": 1, "open=false": 0, "waiting=true": 0,
		"waiting=false": 1, "town=杨柳青镇": 0, "verdict=violated": 0} {
		if got := list[calls.FindingView](j.world, "E0001", findingsPath+"?"+query); len(got.Items) != want {
			t.Errorf("%s: %d findings for E0001, want %d", query, len(got.Items), want)
		}
	}
	j.refused(http.StatusUnprocessableEntity, "invalid", call{who: "duty", path: findingsPath + "?verdict=compliant"})
	j.refused(http.StatusUnprocessableEntity, "invalid", call{who: "duty", path: findingsPath + "?open=1"})

	var seen []string
	for cursor, more := "", true; more; more = cursor != "" {
		page := list[calls.FindingView](j.world, "duty", findingsPath+"?limit=1&cursor="+cursor)
		for _, f := range page.Items {
			seen = append(seen, findingsPath+"/"+f.ID)
		}
		cursor = page.Next
	}
	if !slices.Equal(seen, []string{second, first}) {
		t.Errorf("page by page: %q", seen)
	}
}

// What stands in a finding is what it rests on, and the order's monitoring shows the same beside the limit.
func TestAFindingSaysWhatItRestsOn(t *testing.T) {
	j := newJudged(newWorld(t))
	var f calls.FindingView
	path := j.suspected("E0001")
	j.must(http.StatusOK, call{who: "E0001", path: path}, &f)
	if f.Verdict != judge.Suspected || len(f.Hours) != 2 || *f.Measured != 41 || *f.Limit != 35 || f.Unit != "mg/m3" ||
		!f.Hour.Equal(j.due.Add(time.Hour)) || f.RecipientName != "示例企业E0001" || f.Town != "大寺镇" || !f.Asks ||
		f.ExplainBy == nil || f.ExplainBy.Sub(*f.ToldAt) != judging.Usual.ExplainWithin {
		t.Errorf("%+v", f)
	}
	var m calls.OrderMonitoring
	j.must(http.StatusOK, call{who: "E0001", path: j.order("E0001") + "/monitoring"}, &m)
	if m.Verdict != judge.Suspected || m.NoData != 0 || len(m.Monitors) != 1 || m.Monitors[0].FindingID != f.ID ||
		len(m.Monitors[0].Hours) != 2 || m.Monitors[0].Hours[1].Result != judge.Fail || *m.Monitors[0].Hours[1].Measured != 41 {
		t.Errorf("%+v", m)
	}
	var d calls.Derived
	j.must(http.StatusOK, call{who: "E0001", path: path + "/derive"}, &d)
	if !d.Same || len(d.Hours) != 2 || len(d.Notes) != 0 {
		t.Errorf("derived as %+v", d)
	}
	j.says("E0001", 40, 20)
	if j.must(http.StatusOK, call{who: "duty", path: path + "/derive"}, &d); d.Same || len(d.Notes) != 1 {
		t.Errorf("derived after another value came as %+v", d)
	}
	j.svc.Judging = nil
	j.refused(http.StatusServiceUnavailable, "not_ready", call{who: "duty", path: path + "/derive"})
	j.refused(http.StatusServiceUnavailable, "not_ready", call{who: "duty", path: j.order("E0001") + "/monitoring"})
}

// An explanation is given once, again after it was rejected, and not of what was cleared.
func TestAFindingIsExplainedAndDecided(t *testing.T) {
	j := newJudged(newWorld(t))
	path := j.suspected("E0001")
	explain := call{who: "E0001", path: path + "/explain", body: `{"note":"2号线检修后试车"}`}
	j.refused(http.StatusUnprocessableEntity, "invalid", call{who: "E0001", path: path + "/explain", body: `{}`})
	j.refused(http.StatusConflict, "transition_refused", call{who: "duty", path: path + "/decide", body: `{"decision":"accept"}`})
	var f calls.FindingView
	j.must(http.StatusOK, explain, &f)
	if len(f.Explanations) != 1 || f.Explanations[0].Note != "2号线检修后试车" || !f.Waits || f.Asks {
		t.Errorf("%+v", f)
	}
	height := j.svc.J.Height()
	if j.must(http.StatusOK, explain, &f); j.svc.J.Height() != height || len(f.Explanations) != 1 {
		t.Errorf("the same again is recorded: %+v", f.Explanations)
	}
	other := explain
	other.body = `{"note":"另有原因"}`
	j.refused(http.StatusConflict, "conflict", other)
	if j.must(http.StatusOK, call{who: "viewer", path: path}, &f); f.Explanations[0].Note != "" {
		t.Errorf("a viewer reads %q", f.Explanations[0].Note)
	}

	decide := func(body string) call { return call{who: "duty", path: path + "/decide", body: body} }
	j.refused(http.StatusUnprocessableEntity, "invalid", decide(`{"decision":"reject"}`))
	j.refused(http.StatusUnprocessableEntity, "invalid", decide(`{"decision":"perhaps"}`))
	for _, at := range []time.Time{j.due.Add(-time.Hour), j.due.Add(time.Minute), j.due.Add(100 * time.Hour)} {
		j.refused(http.StatusUnprocessableEntity, "invalid", decide(fmt.Sprintf(`{"decision":"accept","hours":[%q]}`, at.Format(time.RFC3339))))
	}
	j.must(http.StatusOK, decide(`{"decision":"reject","reason":"与用电曲线不符"}`), &f)
	if f.Explanations[0].Decision != compliance.Reject || f.Explanations[0].DecidedBy != "duty" || !f.Asks {
		t.Errorf("%+v", f)
	}
	if j.must(http.StatusOK, call{who: "E0001", path: path}, &f); f.Explanations[0].Reason != "与用电曲线不符" ||
		f.Explanations[0].DecidedBy != "" {
		t.Errorf("the enterprise reads %+v", f.Explanations)
	}
	j.refused(http.StatusConflict, "transition_refused", decide(`{"decision":"accept"}`))
	j.must(http.StatusOK, other, &f)
	j.must(http.StatusOK, decide(`{"decision":"accept"}`), &f)
	if len(f.Explanations) != 2 || len(f.Explanations[1].Hours) == 0 {
		t.Errorf("%+v", f)
	}
	j.pass()
	if j.must(http.StatusOK, call{who: "E0001", path: path}, &f); !f.Cleared || f.Verdict != judge.Suspected || len(f.Hours) != 2 {
		t.Errorf("an accepted explanation does not clear it: %+v", f)
	}
	other.body = `{"note":"第三次"}`
	if p := j.refused(http.StatusConflict, "transition_refused", other); p.State != "compliant" {
		t.Errorf("the state is %q", p.State)
	}
	seen := list[calls.Seen](j.world, "admin", calls.Prefix+"/personal-data/accesses?user=duty")
	if len(seen.Items) == 0 || seen.Items[0].Reads[0].Kind != "note" {
		t.Errorf("that the duty officer read a note is not recorded: %+v", seen.Items)
	}
}

// Of several values of an hour an officer takes one that was said.
func TestOneOfSeveralValuesIsTaken(t *testing.T) {
	j := newJudged(newWorld(t))
	j.says("E0001", 20, 41)
	j.says("E0001", 40, 41)
	path := j.suspected("E0001")
	take := func(v string) call {
		return call{who: "duty", path: path + "/value", body: fmt.Sprintf(`{"at":%q,"value":%s,"reason":"重发的未校准"}`,
			j.due.Format(time.RFC3339), v)}
	}
	j.refused(http.StatusUnprocessableEntity, "invalid", take("30"))
	j.refused(http.StatusUnprocessableEntity, "invalid", take("null"))
	j.must(http.StatusOK, take("20"), nil)
	j.pass()
	var f calls.FindingView
	if j.must(http.StatusOK, call{who: "duty", path: path}, &f); !f.Cleared {
		t.Errorf("the value that was taken does not count: %+v", f)
	}
}

const tasksPath = calls.Prefix + "/tasks"

// task makes a task by hand.
func (j *judged) task(recipient string, hours int) calls.TaskView {
	j.t.Helper()
	var v calls.TaskView
	j.must(http.StatusCreated, call{who: "duty", path: tasksPath, body: fmt.Sprintf(`{"recipient_id":%q,"due":%q,"note":"群众反映"}`,
		recipient, j.clock.Now().Add(time.Duration(hours)*time.Hour).Format(time.RFC3339))}, &v)
	return v
}

// A task is somebody's once he took it; somebody else does not take it away, and it is done once.
func TestATaskIsTakenOnce(t *testing.T) {
	j := newJudged(newWorld(t))
	v := j.task("E0001", 20)
	if v.State != compliance.TaskOpen || v.Origin != compliance.ByHand || v.Town != "大寺镇" || v.Note != "群众反映" ||
		v.OpenedBy != "duty" || v.Rank == nil {
		t.Errorf("%+v", v)
	}
	at := tasksPath + "/" + v.ID
	step := func(who, body string) call { return call{who: who, path: at, body: body} }
	j.must(http.StatusOK, step("inspector", `{"state":"taken"}`), &v)
	if v.Assignee != "inspector" || v.State != compliance.TaskTaken {
		t.Errorf("%+v", v)
	}
	height := j.svc.J.Height()
	if j.must(http.StatusOK, step("inspector", `{"state":"taken"}`), nil); j.svc.J.Height() != height {
		t.Error("the same again is recorded")
	}
	j.refused(http.StatusConflict, "transition_refused", step("duty", `{"state":"taken"}`))
	j.refused(http.StatusUnprocessableEntity, "invalid", step("duty", `{"state":"taken","assignee":"viewer"}`))
	j.refused(http.StatusUnprocessableEntity, "invalid", step("duty", `{"state":"dropped"}`))
	j.refused(http.StatusForbidden, "forbidden", step("town", `{"state":"done"}`))
	j.must(http.StatusOK, step("duty", `{"state":"taken","assignee":"duty"}`), &v) // given to somebody else
	j.must(http.StatusOK, step("duty", `{"state":"done","reason":"已停产"}`), &v)
	if v.State != compliance.TaskDone || v.Assignee != "duty" || v.Rank != nil || v.Reason != "已停产" {
		t.Errorf("%+v", v)
	}
	j.refused(http.StatusConflict, "transition_refused", step("inspector", `{"state":"taken"}`))
	if j.must(http.StatusOK, call{who: "viewer", path: at}, &v); v.Note+v.Reason != "" {
		t.Errorf("a viewer reads %q", v.Note+v.Reason)
	}
	for _, bad := range []string{`{"recipient_id":"E9999","due":"2016-12-20T00:00:00+08:00"}`,
		`{"recipient_id":"E0001","due":"2016-12-01T00:00:00+08:00"}`, `{"recipient_id":"E0001"}`,
		`{"recipient_id":"E0001","due":"2016-12-20T00:00:00+08:00","order_id":"` + j.warning + `-E0002-1"}`,
		`{"recipient_id":"E0001","due":"2016-12-20T00:00:00+08:00","assignee":"nobody"}`} {
		j.refused(http.StatusUnprocessableEntity, "invalid", call{who: "duty", path: tasksPath, body: bad})
	}
}

// Tasks come by what presses: what an order saves, how sure a failure is. Pages go through all of them once.
func TestTasksByRank(t *testing.T) {
	j := newJudged(newWorld(t))
	by := map[string]string{} // by recipient
	for _, r := range []string{"E0003", "E0002", "E0001"} {
		by[r] = j.task(r, 20).ID
	}
	done := j.task("E0001", 20)
	j.must(http.StatusOK, call{who: "duty", path: tasksPath + "/" + done.ID, body: `{"state":"dropped","reason":"重复"}`}, nil)
	// the inspector has been at E0003, which is nearer to E0002 than to E0001
	j.must(http.StatusOK, call{who: "inspector", path: tasksPath + "/" + by["E0003"], body: `{"state":"taken"}`}, nil)
	pages := func(query string) (ids []string) {
		for cursor, more := "", true; more; more = cursor != "" {
			page := list[calls.TaskView](j.world, "inspector", tasksPath+"?limit=1&"+query+"&cursor="+cursor)
			for _, v := range page.Items {
				ids = append(ids, v.ID)
			}
			cursor = page.Next
		}
		return ids
	}
	if got, want := pages(""), []string{by["E0003"], by["E0002"], by["E0001"]}; !slices.Equal(got, want) {
		t.Errorf("by rank: %q, want %q", got, want)
	}
	for query, want := range map[string][]string{"state=taken": {by["E0003"]}, "state=dropped": {done.ID}, "assignee=inspector": {by["E0003"]},
		"town=杨柳青镇": {by["E0002"]}, "day=2016-12-16": nil, "state=open&day=2016-12-17": {by["E0002"], by["E0001"]}} {
		if got := pages(query); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	if all := list[calls.TaskView](j.world, "town", tasksPath); len(all.Items) != 2 {
		t.Errorf("a town sees %+v", all.Items)
	}
	if v := list[calls.TaskView](j.world, "inspector", tasksPath).Items[2]; v.Rank.Distance == nil || v.Rank.Weights != compliance.UsualWeights ||
		v.Rank.Score <= 0 {
		t.Errorf("the rank is %+v", v.Rank)
	}
	j.refused(http.StatusUnprocessableEntity, "invalid", call{who: "duty", path: tasksPath + "?cursor=x"})
	j.refused(http.StatusUnprocessableEntity, "invalid", call{who: "duty", path: tasksPath + "?state=finished"})
}

// A drill's orders are neither judged nor asked about.
func TestADrillHasNoFindings(t *testing.T) {
	w := newWorld(t)
	j := newJudged(w)
	var warning alerts.Warning
	w.must(http.StatusCreated, call{who: "duty", path: calls.Prefix + "/warnings",
		body: `{"level":"yellow","trigger":"city_order","drill":true,"region":"120111","reason":"演练"}`}, &warning)
	w.elapse(0)
	var m calls.OrderMonitoring
	w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/orders/" + warning.ID + "-E0001-1/monitoring"}, &m)
	if len(m.Monitors) != 0 {
		t.Errorf("%+v", m)
	}
	j.suspected("E0001")
	for drill, want := range map[bool]bool{false: true, true: false} {
		text, err := w.svc.Pending("E0001", drill)
		var pending struct{ Findings *[]calls.FindingView }
		if err := json.Unmarshal(text, &pending); err != nil {
			t.Fatal(err)
		}
		if err != nil || (pending.Findings != nil) != want || want && len(*pending.Findings) != 1 {
			t.Errorf("drill %v: %s, %v", drill, text, err)
		}
	}
}
