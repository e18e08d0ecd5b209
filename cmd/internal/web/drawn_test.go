package web

import (
	"net/http"
	"strings"
	"testing"

	"qingkong/cmd/internal/calls"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
)

// A drawn task stays with whom the lot chose: its inspector cannot drop it, give it away, move it or end it without an
// inspection; an officer does for a reason, which those read who may, and a refusal changes nothing.
func TestADrawnTaskIsNotPassedOnByItsInspector(t *testing.T) {
	j := newJudged(newWorld(t))
	j.account("li", calls.Inspector)
	var d inspect.Draw
	j.must(http.StatusCreated, call{who: "duty", path: tasksPath + "/draw",
		body: strings.TrimSuffix(j.draw(1, 1), "}") + `,"assignee":"inspector"}`}, &d)
	first, second := tasksPath+"/"+d.Tasks[0], tasksPath+"/"+d.Tasks[1]
	height := j.svc.J.Height()
	for _, body := range []string{`{"state":"dropped","reason":"没空"}`, `{"state":"open"}`, `{"state":"done","reason":"去过了"}`,
		`{"state":"taken","assignee":"li"}`, `{"state":"taken","with":"li"}`, `{"state":"taken","day":"2016-12-25"}`} {
		p := j.refused(http.StatusForbidden, "forbidden", call{who: "inspector", path: first, body: body})
		if !strings.Contains(p.Detail, d.Tasks[0]) || !strings.Contains(p.Detail, "抽签") {
			t.Errorf("%s is refused as %s", body, p.Detail)
		}
	}
	j.refused(http.StatusForbidden, "forbidden", call{who: "li", path: first, body: `{"state":"taken","assignee":"li"}`})
	p := j.refused(http.StatusUnprocessableEntity, "invalid", call{who: "duty", path: first, body: `{"state":"taken","assignee":"li"}`})
	if len(p.Errors) != 1 || p.Errors[0].Path != "reason" {
		t.Errorf("%+v", p.Errors)
	}
	if j.svc.J.Height() != height {
		t.Error("what was refused is recorded")
	}
	var v calls.TaskView
	j.must(http.StatusOK, call{who: "duty", path: first, body: `{"state":"taken","assignee":"li","reason":"inspector 病假"}`}, &v)
	if v.Assignee != "li" || v.Reason != "inspector 病假" {
		t.Errorf("%+v", v)
	}
	if j.must(http.StatusOK, call{who: "viewer", path: first}, &v); v.Reason != "" {
		t.Errorf("a viewer reads %q", v.Reason)
	}
	// an inspection ends it, and a recusal gives it back
	j.must(http.StatusOK, call{who: "inspector", path: second}, &v)
	j.inspects("inspector", v.Recipient, "pass", "none", `{"task_id":"`+v.ID+`"}`)
	if j.must(http.StatusOK, call{who: "duty", path: second}, &v); v.State != compliance.TaskDone {
		t.Errorf("after its inspection: %+v", v)
	}
	j.must(http.StatusOK, call{who: "li", path: first + "/recuse", body: `{"reason":"亲属在该企业任职"}`}, &v)
	if v.State != compliance.TaskOpen || v.Assignee != "" {
		t.Errorf("after a recusal: %+v", v)
	}
	if j.must(http.StatusOK, call{who: "inspector", path: first, body: `{"state":"taken"}`}, &v); v.Assignee != "inspector" {
		t.Errorf("what nobody has is taken by %q", v.Assignee)
	}
}
