package web

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/judging"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
	"qingkong/reductionlist"
)

// A recipient leaves the list while an inspector stands at its gate without a network: his work is taken in and remarked, by
// what the last list that had it says, or the task. Of a recipient that nothing names it is refused.
func TestARecipientThatLeftTheList(t *testing.T) {
	j := newJudged(newWorld(t))
	var task calls.TaskView
	j.must(http.StatusCreated, call{who: "duty", path: tasksPath, body: fmt.Sprintf(
		`{"recipient_id":"E0002","due":%q,"assignee":"inspector","complaint":true}`, j.clock.Now().Add(20*time.Hour).Format(time.RFC3339))}, &task)
	without := `"order_id":"","items":[{"measure_id":"","expected":"无烟","found":"有烟","result":"fail"}]}`
	listed := j.inspects("inspector", "E0002", "fail", "none", `{"client_id":"before",`+without)
	l := fixture()
	l.EffectiveFrom = "2016-12-16"
	l.Recipients = slices.DeleteFunc(l.Recipients, func(r *reductionlist.Recipient) bool { return r.ID == "E0002" })
	j.importList(l)
	j.refused(http.StatusUnprocessableEntity, "invalid", call{who: "duty", path: tasksPath, body: fmt.Sprintf(
		`{"recipient_id":"E0002","due":%q}`, j.clock.Now().Add(20*time.Hour).Format(time.RFC3339))})
	rules := func(v calls.InspectionView) (all []string) {
		for _, r := range v.Remarks {
			all = append(all, r.Rule)
		}
		return all
	}
	for _, more := range []string{`{"client_id":"of the task","task_id":"` + task.ID + `",` + without, `{"client_id":"of none",` + without,
		`{"client_id":"corrects","corrects":"` + listed.ID + `",` + without} {
		v := j.inspects("inspector", "E0002", "fail", "rectify", more)
		if v.Town != listed.Town || v.RecipientID != "E0002" || !slices.Contains(rules(v), inspect.NotListed) || v.FollowUp == "" {
			t.Errorf("%s: in %q, remarks %v, second visit %q", more, v.Town, rules(v), v.FollowUp)
		}
	}
	if slices.Contains(rules(listed), inspect.NotListed) {
		t.Error("what came while it was listed is remarked")
	}
	if j.must(http.StatusOK, call{who: "duty", path: tasksPath + "/" + task.ID}, &task); task.State != compliance.TaskDone {
		t.Errorf("its task is %s", task.State)
	}
	// a task at a recipient that no list had: the task says where it is
	only := compliance.Task{Origin: compliance.FromComplaint, Recipient: "E0099", Town: "大寺镇", Due: j.clock.Now().Add(20 * time.Hour),
		Assignee: "inspector"}
	made, err := j.svc.J.Submit(t.Context(), journal.Command{Kind: judging.CommandTask, Actor: "duty", Payload: compliance.OpenTask{Task: only}})
	if err != nil {
		t.Fatal(err)
	}
	id := made.(*compliance.Task).ID
	v := j.inspects("inspector", "E0099", "fail", "none", `{"client_id":"nowhere","task_id":"`+id+`",`+without)
	if v.Town != "大寺镇" || !slices.Contains(rules(v), inspect.NotListed) {
		t.Errorf("%+v", v)
	}
	p := j.refused(http.StatusUnprocessableEntity, "invalid", call{who: "inspector", path: inspectionsPath,
		body: j.found("E0098", "fail", "none", `{"client_id":"another's task","task_id":"`+id+`",`+without)})
	if len(p.Errors) != 1 || p.Errors[0].Path != "recipient_id" {
		t.Errorf("%+v", p.Errors)
	}
}
