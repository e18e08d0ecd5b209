package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/notify"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

// amendment is the call that amends E0003's vehicle measure, with further members.
func amendment(who, members, day string) call {
	return call{who: who, path: calls.Prefix + "/list/amendments", body: fmt.Sprintf(
		`{"recipient_id":"E0003","measure_id":"M2","reason":"厂区改造","effective_from":%q,%s}`, day, members)}
}

// A measure is amended, the amendment is looked at, approved by another person and activated for a day to come; at that
// midnight it comes into force, and whoever watches hears of it.
func TestAmendmentFromRequestToForce(t *testing.T) {
	w := newWorld(t)
	base := w.xiqing()
	if base.Status != reductionlist.StatusInForce || base.InForceFrom == nil {
		t.Errorf("base: %+v", base.Standing)
	}
	for who, status := range map[string]int{"viewer": 403, "town": 403, "E0003": 403, "": 401} {
		w.refused(status, map[int]string{403: "forbidden", 401: "unauthenticated"}[status],
			amendment(who, `"change":null`, "2016-12-18"))
	}
	c := amendment("duty", `"change":{"complete_within_h":6,"reduction_t_per_day":{"pm":0.5}}`, "2016-12-18")
	c.header = map[string]string{"Idempotency-Key": "a1"}
	var made, again calls.Amended
	r := w.must(http.StatusCreated, c, &made)
	if r.Header.Get("Location") != calls.Prefix+"/list/versions/"+made.ID || made.Status != reductionlist.StatusChecked ||
		made.Amends == nil ||
		made.Amends.Base != base.ID || made.Amends.Reason != "厂区改造" {
		t.Errorf("made %s", r.body)
	}
	w.must(http.StatusCreated, c, &again)
	if again.ID != made.ID || !slices.Equal(again.Changes, made.Changes) {
		t.Errorf("again: %+v", again)
	}
	var diff calls.ListDiff
	w.must(http.StatusOK, call{who: "approver", path: calls.Prefix + "/list/versions/" + made.ID + "/diff"}, &diff)
	if diff.From != base.ID || diff.Changed != 1 || diff.Total != 1 || len(diff.Items) != 1 ||
		diff.Items[0].RecipientID != "E0003" || len(diff.Items[0].Changes) != 2 ||
		len(diff.Head) != 1 || len(diff.Effects) != 4 || diff.Effects[0].Change.PM != 0.5 || len(diff.Sectors) != 4 {
		t.Errorf("diff %+v", diff)
	}
	if text := diff.Effects[3].Text; len(text) != 1 || !strings.Contains(text[0], "PM") {
		t.Errorf("effect in words: %q", text)
	}
	w.refused(http.StatusConflict, "same_person", listAct("duty", "approve", made.Version, ""))
	var v calls.Version
	w.must(http.StatusOK, listAct("approver", "approve", made.Version, ""), &v)
	if v.Status != reductionlist.StatusApproved {
		t.Errorf("approved: %+v", v.Standing)
	}
	w.must(http.StatusOK, listAct("duty", "activate", v, ""), &v)
	if v.Status != reductionlist.StatusScheduled || v.InForce ||
		v.InForceFrom.Format(time.RFC3339) != "2016-12-18T00:00:00+08:00" {
		t.Errorf("activated: %+v", v.Standing)
	}
	w.elapse(32 * time.Hour)
	got := map[string]reductionlist.Status{}
	for _, v := range list[calls.Version](w, "duty", calls.Prefix+"/list/versions").Items {
		got[v.ID] = v.Status
	}
	if got[made.ID] != reductionlist.StatusInForce || got[base.ID] != reductionlist.StatusSuperseded {
		t.Errorf("after midnight: %v", got)
	}
	type entry struct{ Kind string }
	page := list[entry](w, "inspector", calls.Prefix+"/ledger/entries?limit=1000")
	if n := len(slices.DeleteFunc(page.Items, func(e entry) bool { return e.Kind != "list.in_force" })); n != 1 {
		t.Errorf("%d entries say that a list came into force", n)
	}
	for day, within := range map[string]float64{"2016-12-17": 2, "2016-12-18": 6} {
		var r struct {
			Measures []reductionlist.Measure `json:"measures"`
		}
		w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/recipients/E0003?as_of=" + day}, &r)
		if i := slices.IndexFunc(r.Measures,
			func(m reductionlist.Measure) bool { return m.ID == "M2" }); r.Measures[i].CompleteWithinH != within {
			t.Errorf("on %s within %v h, want %v", day, r.Measures[i].CompleteWithinH, within)
		}
	}
}

// A contact is amended once under a key: its repeat has the same answer, and undoes nothing that came later.
func TestContactAmendedOnceUnderAKey(t *testing.T) {
	w := newWorld(t)
	w.xiqing()
	amend := func(key, phone string) call {
		return call{who: "duty", path: calls.Prefix + "/list/amendments", header: map[string]string{"Idempotency-Key": key},
			body: fmt.Sprintf(`{"recipient_id":"E0003","contact":{"name":"示例","phone":%q},"reason":"换人"}`, phone)}
	}
	first := w.must(http.StatusCreated, amend("c1", "13800000001"), nil)
	w.refused(http.StatusConflict, "conflict", amend("c2", "13800000001")) // it has it
	w.must(http.StatusCreated, amend("c3", "13800000002"), nil)
	height := w.svc.J.Height()
	if again := w.must(http.StatusCreated, amend("c1", "13800000001"), nil); again.body != first.body {
		t.Errorf("again:\n%s\nfirst:\n%s", again.body, first.body)
	}
	w.refused(http.StatusConflict, "conflict", amend("c3", "13800000003"))
	if now := w.svc.J.Height(); now != height {
		t.Errorf("repeats wrote blocks %d to %d", height+1, now)
	}
}

// The score of a list counts its marks, and the work list names what is missing; so do the findings.
func TestScoreTasksAndFindings(t *testing.T) {
	w := newWorld(t)
	v := w.faulty()
	at := calls.Prefix + "/list/versions/" + v.ID
	var score calls.ListScore
	w.must(http.StatusOK, call{who: "duty", path: at + "/score?limit=1000"}, &score)
	tasks := list[rules.Task](w, "duty", at+"/tasks?limit=1000")
	found := list[reductionlist.Finding](w, "duty", at+"/findings?limit=1000")
	deadlines := slices.DeleteFunc(slices.Clone(found.Items),
		func(f reductionlist.Finding) bool { return f.Rule != "list.no_deadline" })
	if missing := score.Score.Measures - score.Score.All; missing == 0 || missing != len(deadlines) ||
		score.Tasks != tasks.Total || tasks.Total == 0 || len(score.Items) != v.Recipients {
		t.Errorf("score %+v, %d deadlines, %d tasks", score.Score, len(deadlines), tasks.Total)
	}
	task := tasks.Items[0]
	if task.Rule != "list.no_deadline" || task.Remedy == "" || task.Completes == 0 {
		t.Errorf("task %+v", task)
	}
	var one calls.ListScore
	w.must(http.StatusOK, call{who: "duty", path: at + "/score?recipient=" + url.QueryEscape(task.Recipient),
		header: map[string]string{"Accept-Language": "en"}}, &one)
	if len(one.Items) != 1 || len(one.Items[0].Measures) == 0 ||
		one.Items[0].Score.Operable == one.Items[0].Score.Measures {
		t.Errorf("%+v", one.Items)
	}
	if i := slices.IndexFunc(one.Items[0].Measures,
		func(m rules.MeasureMarks) bool { return !m.Operable.OK }); !strings.Contains(one.Items[0].Measures[i].Operable.Reasons[0].Message, "operable") {
		t.Errorf("%+v", one.Items[0].Measures[i])
	}
	if got := list[rules.Task](w, "duty", at+"/tasks?recipient="+task.Recipient); got.Total != 1 ||
		got.Items[0].Rule != task.Rule {
		t.Errorf("tasks of one: %+v", got)
	}
	if got := list[reductionlist.Finding](w, "duty", at+"/findings?severity=error"); got.Total != 0 {
		t.Errorf("errors %+v", got.Items)
	}
	w.refused(http.StatusUnprocessableEntity, "invalid", call{who: "duty", path: at + "/findings?severity=bad"})
	w.refused(http.StatusNotFound, "not_found", call{who: "duty", path: at + "/score?recipient=NOBODY"})
	w.refused(http.StatusUnprocessableEntity, "invalid", call{who: "duty", path: at + "/tasks?cursor=x"})
	w.refused(http.StatusNotFound, "not_found", call{who: "duty", path: at + "/diff?against=L1"})
}

// A warning keeps the list it was declared under until the officer has single recipients follow the newer one.
func TestListChangesOfALiveWarning(t *testing.T) {
	w := newWorld(t)
	id := w.relistable()
	at := calls.Prefix + "/warnings/" + id + "/list-changes"
	var c calls.ListChanges
	w.must(http.StatusOK, call{who: "duty", path: at}, &c)
	if c.Total != 3 || len(c.Items) != 3 || c.List == c.Pinned || c.Level != alerts.Yellow || c.Following != 0 {
		t.Fatalf("%+v", c)
	}
	first := c.Items[0]
	if first.Recipient != "E0001" || first.Kind != notify.DueAmended || first.OrderID != id+"-E0001-1" ||
		first.State != "open" || len(first.Changes) != 1 ||
		!strings.Contains(first.Changes[0].Text, "按新版") || first.Follows != c.Pinned ||
		fmt.Sprint(first.Measures) != "[{M1 [yellow orange red]}]" {
		t.Errorf("%+v", first)
	}
	act := func(who, list, recipients string) call {
		return call{who: who, path: at,
			body: fmt.Sprintf(`{"revision":%d,"list_version":%q,"recipients":[%s]}`, c.Revision, list, recipients)}
	}
	w.refused(http.StatusForbidden, "forbidden", act("approver", c.List, `"E0001"`))
	w.refused(http.StatusConflict, "conflict", act("duty", c.Pinned, `"E0001"`))
	w.refused(http.StatusUnprocessableEntity, "invalid", act("duty", c.List, ``))
	w.refused(http.StatusUnprocessableEntity, "invalid", act("duty", c.List, `"E0001","NOBODY"`))
	var done notify.RelistDone
	w.must(http.StatusOK, act("duty", c.List, `"E0001"`), &done)
	if !slices.Equal(done.Revised, []string{id + "-E0001-2"}) || len(done.Issued)+len(done.Released) != 0 {
		t.Errorf("%+v", done)
	}
	var o struct {
		List  string `json:"list_version"`
		Cause string `json:"cause"`
		Text  string `json:"text"`
	}
	w.must(http.StatusOK, call{who: "E0001", path: calls.Prefix + "/orders/" + id + "-E0001-2"}, &o)
	if o.List != c.List || o.Cause != "list" || !strings.Contains(o.Text, "按新版") {
		t.Errorf("%+v", o)
	}
	if got := list[json.RawMessage](w, "duty", calls.Prefix+"/orders?warning="+id); len(got.Items) != 4 {
		t.Errorf("%d orders, want the three and the one revision", len(got.Items))
	}
	w.must(http.StatusOK, call{who: "duty", path: at}, &c)
	if c.Total != 2 || c.Following != 1 || c.Items[0].Recipient != "E0002" {
		t.Errorf("then %+v", c)
	}
}
