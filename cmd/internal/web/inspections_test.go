package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
	"qingkong/notify/compliance/place"
	"qingkong/notify/ledger/bundle"
)

const inspectionsPath = calls.Prefix + "/inspections"

// draw is the body of a draw for the day of the world's clock.
func (j *judged) draw(ranked, random int) string {
	now := j.clock.Now().In(alerts.Shanghai())
	return fmt.Sprintf(`{"day":%q,"ranked":%d,"random":%d,"due":%q}`, now.Format(time.DateOnly), ranked, random,
		now.Add(9*time.Hour).Format(time.RFC3339))
}

// found is the body of an inspection of one measure at a recipient, as a telephone whose clock is right sends it.
func (j *judged) found(recipient, result, disposition string, more ...string) string {
	now := j.clock.Now().In(alerts.Shanghai())
	m := map[string]any{"client_id": "c-" + recipient + result, "order_id": j.warning + "-" + recipient + "-1", "recipient_id": recipient,
		"at": now.Format(time.RFC3339), "device_now": now.Format(time.RFC3339), "disposition": disposition, "note": "值长张某在场",
		"items":     []map[string]any{{"measure_id": "M1", "expected": "停产", "found": "2号线在运行", "result": result, "vehicles": []string{"津A12345"}}},
		"signature": map[string]any{"refused": "负责人拒签"}, "position": map[string]any{"lon": 117.0, "lat": 39.1, "accuracy_m": 20}}
	if disposition == "rectify" {
		m["due"] = now.Add(6 * time.Hour).Format(time.RFC3339)
	}
	for _, text := range more {
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			j.t.Fatal(err)
		}
	}
	body, err := json.Marshal(m)
	if err != nil {
		j.t.Fatal(err)
	}
	return string(body)
}

// inspects hands an inspection in.
func (j *judged) inspects(who, recipient, result, disposition string, more ...string) (v calls.InspectionView) {
	j.t.Helper()
	j.must(http.StatusCreated, call{who: who, path: inspectionsPath, body: j.found(recipient, result, disposition, more...)}, &v)
	return v
}

// sees is an inspection as somebody reads it.
func (j *judged) reads(who, id string) (v calls.InspectionView) {
	j.t.Helper()
	j.must(http.StatusOK, call{who: who, path: inspectionsPath + "/" + id}, &v)
	return v
}

// What is handed in is answered whole and once: the same again, whenever and however often, is the same inspection, and other
// content under the telephone's id is refused and changes nothing.
func TestAnInspectionIsTakenInOnce(t *testing.T) {
	j := newJudged(newWorld(t))
	first := j.inspects("inspector", "E0001", "fail", "rectify")
	if first.Result != inspect.Failed || first.Inspector != "inspector" || first.Town != "大寺镇" || first.FollowUp == "" ||
		first.Items[0].Found != "2号线在运行" || first.Items[0].Vehicles[0] != "津A12345" || !first.Signature.Refused ||
		first.Signature.Reason != "负责人拒签" || len(first.Remarks) != 0 || first.WarningID != j.warning {
		t.Errorf("%+v", first)
	}
	again := j.found("E0001", "fail", "rectify")
	j.elapse(40 * 24 * time.Hour) // a telephone lay in a drawer
	var same calls.InspectionView
	j.must(http.StatusCreated, call{who: "inspector", path: inspectionsPath, body: again, header: map[string]string{"Idempotency-Key": "c-1"}}, &same)
	if same.ID != first.ID || !same.ReceivedAt.Equal(first.ReceivedAt) {
		t.Errorf("the same again is %s", same.ID)
	}
	j.refused(http.StatusConflict, "conflict", call{who: "inspector", path: inspectionsPath, body: strings.Replace(again, "2号线", "3号线", 1)})
	if all := list[calls.InspectionView](j.world, "duty", inspectionsPath); len(all.Items) != 1 || all.Items[0].Items[0].Found != "2号线在运行" {
		t.Errorf("%+v", all.Items)
	}
	var task calls.TaskView
	j.must(http.StatusOK, call{who: "duty", path: tasksPath + "/" + first.FollowUp}, &task)
	if task.Origin != compliance.FromInspection || task.About != first.ID || task.Order != first.OrderID || !task.Due.Equal(*first.Due) {
		t.Errorf("the second visit: %+v", task)
	}
}

// What nobody could have found is refused, and nothing is recorded.
func TestInspectionsThatCannotBe(t *testing.T) {
	j := newJudged(newWorld(t))
	for _, c := range []struct{ name, result, disposition, more, path string }{
		{"another's order", "fail", "none", `{"recipient_id":"E0002"}`, "order_id"},
		{"no order of that id", "fail", "none", `{"order_id":"W20990101-01-E0001-1"}`, "order_id"},
		{"no recipient of that id", "fail", "none", `{"order_id":"","recipient_id":"E9999"}`, "recipient_id"},
		{"a measure that the order has not", "fail", "none", `{"items":[{"measure_id":"M9","found":"x","result":"fail"}]}`, "items[0].measure_id"},
		{"an item of nothing", "fail", "none", `{"items":[{"measure_id":"","found":" ","result":"fail"}]}`, "items[0].found"},
		{"no item", "fail", "none", `{"items":[]}`, "items"},
		{"a photo that was not handed in", "fail", "none", `{"evidence":["sha256:` + strings.Repeat("0", 64) + `"]}`, "evidence[0]"},
		{"to be put right before it was found", "fail", "rectify", `{"due":"2016-12-01T00:00:00+08:00"}`, "due"},
		{"a case by one inspector", "fail", "case", `{}`, "with"},
		{"the second is the first", "fail", "case", `{"with":"inspector"}`, "with"},
		{"the second is nobody", "fail", "case", `{"with":"viewer"}`, "with"},
		{"tomorrow", "fail", "none", `{"at":"2016-12-25T00:00:00+08:00"}`, "at"},
		{"it ended before it began", "fail", "none", `{"started_at":"2016-12-25T00:00:00+08:00"}`, "started_at"},
	} {
		p := j.refused(http.StatusUnprocessableEntity, "invalid",
			call{who: "inspector", path: inspectionsPath, body: j.found("E0001", c.result, c.disposition, c.more)})
		if len(p.Errors) == 0 || p.Errors[0].Path != c.path || p.Errors[0].Message == "" {
			t.Errorf("%s: refused as %+v, want at %s", c.name, p.Errors, c.path)
		}
	}
	for _, who := range []string{"duty", "viewer", "E0001", "town", "admin"} {
		j.refused(http.StatusForbidden, "forbidden", call{who: who, path: inspectionsPath, body: j.found("E0001", "fail", "none")})
	}
	if all := list[calls.InspectionView](j.world, "duty", inspectionsPath); len(all.Items) != 0 {
		t.Errorf("recorded %+v", all.Items)
	}
}

// The plain form of the contract is enough: now, nothing that follows, and a remark that nobody signed; what is to be put right
// without a day is so within the usual time.
func TestThePlainFormOfAnInspection(t *testing.T) {
	j := newJudged(newWorld(t))
	plain := func(more string) (v calls.InspectionView) {
		j.must(http.StatusCreated, call{who: "inspector", path: inspectionsPath, body: fmt.Sprintf(`{"order_id":%q,"recipient_id":"E0001",
			"items":[{"measure_id":"M1","expected":"停产","found":"在运行","result":"fail","evidence":[],"note":""}]%s}`, j.warning+"-E0001-1", more)}, &v)
		return v
	}
	v := plain("")
	if !v.At.Equal(j.clock.Now()) || v.Disposition != inspect.NoDisposition || v.FollowUp != "" || len(v.Remarks) != 1 ||
		v.Remarks[0].Rule != inspect.Unsigned {
		t.Errorf("%+v", v)
	}
	if v = plain(`,"disposition":"rectify"`); v.FollowUp == "" || v.Due == nil || !v.Due.Equal(j.clock.Now().Add(24*time.Hour)) {
		t.Errorf("%+v", v)
	}
}

// The world moves on while a telephone is offline: what was found is recorded and remarked, and nothing is overwritten.
func TestTheWorldMovedOnWhileATelephoneWasOffline(t *testing.T) {
	j := newJudged(newWorld(t))
	j.account("li", calls.Inspector)
	task := j.task("E0001", 20)
	step := func(body string) {
		t.Helper()
		j.must(http.StatusOK, call{who: "duty", path: tasksPath + "/" + task.ID, body: body}, nil)
	}
	step(`{"state":"taken","assignee":"inspector"}`)
	of := fmt.Sprintf(`{"task_id":%q}`, task.ID)
	offline := j.found("E0001", "fail", "none", of, `{"client_id":"offline","device_now":"`+
		j.clock.Now().Add(25*time.Hour).Format(time.RFC3339)+`","at":"`+j.clock.Now().Add(24*time.Hour).Format(time.RFC3339)+`"}`)
	step(`{"state":"taken","assignee":"li"}`)
	j.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/warnings/" + j.warning + "/lift", body: fmt.Sprintf(
		`{"revision":%d,"reason":"气象条件好转"}`, j.revision(j.warning))}, nil)
	j.elapse(time.Hour)
	other := j.inspects("li", "E0001", "pass", "none", of)
	var late calls.InspectionView
	j.must(http.StatusCreated, call{who: "inspector", path: inspectionsPath, body: offline}, &late)
	rules := func(v calls.InspectionView) (all string) {
		for _, r := range v.Remarks {
			if r.Text == "" || strings.Contains(r.Text, "{") {
				t.Errorf("remark %+v", r)
			}
			all += r.Rule + " "
		}
		return all
	}
	if got := rules(other); got != "order_ended " {
		t.Errorf("the first that came: %s", got)
	}
	if got := rules(late); got != "order_ended twice clock_off " {
		t.Errorf("the late one: %s", got)
	}
	if late.ClockOffset < 86_000 || late.At.After(j.clock.Now()) || !late.DeviceAt.After(j.clock.Now()) {
		t.Errorf("the telephone's clock: %d s, at %s, by its own %s", late.ClockOffset, late.At, late.DeviceAt)
	}
	j.must(http.StatusOK, call{who: "duty", path: tasksPath + "/" + task.ID}, &task)
	if task.State != compliance.TaskDone || task.Assignee != "li" {
		t.Errorf("the task: %s of %s", task.State, task.Assignee)
	}
	if all := list[calls.InspectionView](j.world, "duty", inspectionsPath+"?task="+task.ID); len(all.Items) != 2 {
		t.Errorf("%d of one task stand", len(all.Items))
	}
}

// A task is that of both who go there.
func TestASecondFindsHisTask(t *testing.T) {
	j := newJudged(newWorld(t))
	j.account("li", calls.Inspector)
	task := j.task("E0001", 20)
	mine := func() int { return len(list[calls.TaskView](j.world, "li", tasksPath+"?assignee=li").Items) }
	if n := mine(); n != 0 {
		t.Errorf("%d tasks before anybody has one", n)
	}
	j.must(http.StatusOK, call{who: "duty", path: tasksPath + "/" + task.ID, body: `{"state":"taken","assignee":"inspector","with":"li"}`}, nil)
	if n := mine(); n != 1 {
		t.Errorf("the second finds %d tasks", n)
	}
}

// A task that was given to somebody else stays his, whoever was there before him.
func TestATaskGivenAwayStaysWithWhoHasIt(t *testing.T) {
	j := newJudged(newWorld(t))
	j.account("li", calls.Inspector)
	task := j.task("E0001", 20)
	j.must(http.StatusOK, call{who: "duty", path: tasksPath + "/" + task.ID, body: `{"state":"taken","assignee":"li"}`}, nil)
	v := j.inspects("inspector", "E0001", "pass", "none", fmt.Sprintf(`{"task_id":%q}`, task.ID))
	if len(v.Remarks) != 1 || v.Remarks[0].Rule != inspect.TaskReassigned || v.Remarks[0].Of != "li" {
		t.Errorf("remarks %+v", v.Remarks)
	}
	j.must(http.StatusOK, call{who: "duty", path: tasksPath + "/" + task.ID}, &task)
	if task.State != compliance.TaskTaken {
		t.Errorf("the task is %s", task.State)
	}
}

// A correction is another inspection that names the first; that one stands, marked, and counts no more. Nobody corrects another's,
// nor what was corrected before.
func TestACorrectionNamesWhatItCorrects(t *testing.T) {
	j := newJudged(newWorld(t))
	j.account("li", calls.Inspector)
	first := j.inspects("inspector", "E0001", "fail", "rectify")
	of := func(id string) string { return fmt.Sprintf(`{"corrects":%q,"client_id":"k-%s"}`, id, id) }
	j.refused(http.StatusForbidden, "forbidden", call{who: "li", path: inspectionsPath, body: j.found("E0001", "pass", "none", of(first.ID))})
	second := j.inspects("inspector", "E0001", "pass", "none", of(first.ID))
	j.refused(http.StatusConflict, "conflict",
		call{who: "inspector", path: inspectionsPath, body: j.found("E0001", "pass", "none", of(first.ID), `{"client_id":"third"}`)})
	if was := j.reads("duty", first.ID); was.CorrectedBy != second.ID || was.Result != inspect.Failed {
		t.Errorf("the first: %+v", was)
	}
	var task calls.TaskView
	j.must(http.StatusOK, call{who: "duty", path: tasksPath + "/" + first.FollowUp}, &task)
	if task.State != compliance.TaskDropped {
		t.Errorf("the second visit that is needed no more is %s", task.State)
	}
	var sums calls.InspectionSums
	j.must(http.StatusOK, call{who: "duty", path: inspectionsPath + "/statistics"}, &sums)
	if sums.All.Total != 1 || sums.All.Passed != 1 || sums.Recipients != 1 || len(sums.ByInspector) != 1 || sums.ByTown[0].Of != "大寺镇" {
		t.Errorf("%+v", sums)
	}
}

// Each sees what is his, and what is said of people is for those who may read it.
func TestWhoReadsAnInspection(t *testing.T) {
	j := newJudged(newWorld(t))
	id := j.inspects("inspector", "E0001", "fail", "none").ID
	for who, people := range map[string]bool{"duty": true, "approver": true, "inspector": true, "admin": false, "town": true, "E0001": true,
		"viewer": false} {
		v := j.reads(who, id)
		said := v.Note != "" || v.Items[0].Found != "" || len(v.Items[0].Vehicles) > 0 || v.Signature.Reason != "" || v.Position != nil
		if said != people || v.Result != inspect.Failed || v.Items[0].Expected != "停产" {
			t.Errorf("%s reads %+v", who, v)
		}
	}
	j.refused(http.StatusNotFound, "not_found", call{who: "E0002", path: inspectionsPath + "/" + id})
	if all := list[calls.InspectionView](j.world, "E0002", inspectionsPath); len(all.Items) != 0 {
		t.Error("another enterprise lists it")
	}
	var sums calls.InspectionSums
	j.must(http.StatusOK, call{who: "viewer", path: inspectionsPath + "/statistics"}, &sums)
	if len(sums.ByInspector) != 0 || sums.All.Total != 1 {
		t.Errorf("the public's eye is told who inspected: %+v", sums)
	}
	var data []byte
	for _, e := range list[struct {
		Leaf []byte `json:"leaf"`
	}](j.world, "viewer", calls.Prefix+"/ledger/entries?limit=1000").Items {
		data = append(data, e.Leaf...)
	}
	for _, secret := range []string{"值长张某", "2号线在运行", "津A12345", "负责人拒签"} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("the record says %s", secret)
		}
	}
}

// An enterprise sees what was photographed at its place, which it is to answer, and nothing that was photographed elsewhere.
func TestAnEnterpriseSeesThePhotosOfItsPlace(t *testing.T) {
	j := newJudged(newWorld(t))
	var e calls.EvidenceView
	j.must(http.StatusCreated, handsIn(t, "inspector", "a.jpg", "\xff\xd8\xff\xe0\x00\x10JFIF\x00 a gate"), &e)
	file := calls.Prefix + "/evidence/" + e.Hash
	j.refused(http.StatusNotFound, "not_found", call{who: "E0001", path: file})
	j.inspects("inspector", "E0001", "fail", "none", fmt.Sprintf(`{"evidence":[%q]}`, e.Hash))
	j.must(http.StatusOK, call{who: "E0001", path: file}, nil)
	j.refused(http.StatusNotFound, "not_found", call{who: "E0002", path: file})
	var other calls.EvidenceView
	j.must(http.StatusCreated, handsIn(t, "E0002", "b.jpg", "\xff\xd8\xff\xe0\x00\x10JFIF\x00 of another"), &other)
	j.inspects("inspector", "E0001", "pass", "none", fmt.Sprintf(`{"evidence":[%q]}`, other.Hash))
	j.refused(http.StatusNotFound, "not_found", call{who: "E0001", path: calls.Prefix + "/evidence/" + other.Hash})
}

// The enterprise answers within a day, and nobody else does.
func TestAnEnterpriseAnswersAnInspection(t *testing.T) {
	j := newJudged(newWorld(t))
	v := j.inspects("inspector", "E0001", "fail", "none")
	answer := func(who, note string) call {
		return call{who: who, path: inspectionsPath + "/" + v.ID + "/answer", body: `{"note":"` + note + `"}`}
	}
	j.must(http.StatusOK, answer("E0001", "停炉降温，记录附后"), &v)
	j.refused(http.StatusNotFound, "not_found", answer("E0002", "x"))
	j.refused(http.StatusUnprocessableEntity, "invalid", answer("E0001", ""))
	if len(v.Answers) != 1 || v.Answers[0].Note != "停炉降温，记录附后" {
		t.Errorf("%+v", v.Answers)
	}
	j.elapse(25 * time.Hour)
	j.refused(http.StatusConflict, "transition_refused", answer("E0001", "迟了"))
}

// A bundle proves an inspection by the hashes of its photos and its signature; their bytes, and what it says of people, come
// along for an inspector who says why, and verify as well.
func TestABundleProvesAnInspection(t *testing.T) {
	j := newJudged(newWorld(t))
	j.signs()
	const photo, ink = "\xff\xd8\xff\xe0\x00\x10JFIF\x00 a gate", "\x89PNG\r\n\x1a\n a name"
	hash := func(name, content string) string {
		var e calls.EvidenceView
		j.must(http.StatusCreated, handsIn(t, "inspector", name, content), &e)
		return e.Hash
	}
	shot, name := hash("a.jpg", photo), hash("b.png", ink)
	v := j.inspects("inspector", "E0001", "fail", "none", fmt.Sprintf(`{"evidence":[%q],"signature":{"name":"张某","image":%q}}`, shot, name))
	if len(v.Evidence) != 1 || v.Signature.Image != name || v.Signature.Name != "张某" {
		t.Errorf("%+v", v)
	}
	opened := func(query string) *bundle.Bundle {
		t.Helper()
		r := j.must(http.StatusOK, call{who: "inspector", path: calls.Prefix + "/ledger/bundle?order=" + v.OrderID + query}, nil)
		b, err := bundle.Open(strings.NewReader(r.body), int64(len(r.body)))
		if err == nil {
			_, err = b.Verify(bundle.Keys{})
		}
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	files := map[string]string{shot: photo, name: ink}
	plain := opened("")
	for of := range files {
		lost := bundle.Missing{Name: bundle.Evidence + strings.TrimPrefix(of, "sha256:"), Why: bundle.Private}
		if !slices.Contains(plain.Manifest.Missing, lost) {
			t.Errorf("missing %+v, want %+v", plain.Manifest.Missing, lost)
		}
	}
	full := opened("&personal=1&reason=" + url.QueryEscape("法院调取"))
	for of, content := range files {
		got, err := full.Read(bundle.Evidence + strings.TrimPrefix(of, "sha256:"))
		if err != nil || string(got) != content {
			t.Errorf("%s is %q, %v", of, got, err)
		}
	}
	if err := j.svc.J.EraseContent(t.Context(), "admin", shot, "保存期满"); err != nil {
		t.Fatal(err)
	}
	gone := opened("&personal=1&reason=" + url.QueryEscape("法院调取"))
	lost := bundle.Missing{Name: bundle.Evidence + strings.TrimPrefix(shot, "sha256:"), Why: bundle.Erased}
	if !slices.Contains(gone.Manifest.Missing, lost) {
		t.Errorf("after it was erased %+v are missing", gone.Manifest.Missing)
	}
}

// Visits are drawn from those whose orders bind and who have no task: by rank, then by a lot that whoever has its seed draws again.
// Whoever is recused is not sent.
func TestVisitsAreDrawnByRankAndByLot(t *testing.T) {
	j := newJudged(newWorld(t))
	j.says("E0001", 30, 30)
	j.suspected("E0002")
	busy := j.task("E0003", 20)
	j.must(http.StatusOK, call{who: "inspector", path: tasksPath + "/" + busy.ID + "/recuse", body: `{"reason":"亲属在该企业任职"}`}, nil)
	var d inspect.Draw
	draw := func(more string) call {
		return call{who: "duty", path: tasksPath + "/draw", body: strings.TrimSuffix(j.draw(1, 5), "}") + `,"assignee":"inspector"` + more + `}`}
	}
	j.must(http.StatusCreated, draw(""), &d)
	if d.Pool != 2 || len(d.Ranked) != 1 || len(d.Random) != 1 || d.Ranked[0] == d.Random[0] || len(d.Seed) != 64 ||
		d.PoolHash != inspect.PoolHash([]string{"E0001", "E0002"}) || len(d.Tasks) != 2 {
		t.Errorf("%+v", d)
	}
	j.refused(http.StatusConflict, "conflict", draw("")) // everybody has a task now
	j.refused(http.StatusUnprocessableEntity, "invalid",
		call{who: "duty", path: tasksPath + "/" + busy.ID, body: `{"state":"taken","assignee":"inspector"}`})
	var day calls.GateDay
	j.must(http.StatusOK, call{who: "inspector", path: calls.Prefix + "/gate/day"}, &day)
	if len(day.Tasks) != 2 || day.Tasks[0].Route != 1 || slices.ContainsFunc(day.Tasks, func(t calls.GateTask) bool { return t.RecipientID == "E0003" }) {
		t.Fatalf("%+v", day.Tasks)
	}
	for _, task := range day.Tasks {
		if task.RecipientID != "E0002" {
			continue
		}
		if task.Order == nil || len(task.Checklist) != 1 || task.Checklist[0].Expected == "" || len(task.Contacts) != 1 ||
			task.Contacts[0].Phone != "13800000000" || len(task.Checklist[0].Monitors) != 1 || len(task.Checklist[0].Monitors[0].Hours) == 0 ||
			task.Position == nil || math.Abs(place.ToGCJ02(place.Point(*task.OnEarth)).Lon-task.Position.Lon) > 1e-6 || task.Assignee != "inspector" {
			t.Errorf("taken along: %+v", task)
		}
	}
}

// What inspectors find moves the plant's next task up or down.
func TestAFailedInspectionMakesTheNextTaskPress(t *testing.T) {
	j := newJudged(newWorld(t))
	j.says("E0001", 40, 41)
	j.pass()
	score := func() float64 {
		v := j.task("E0001", 20)
		return v.Rank.Failing
	}
	before := score()
	j.inspects("inspector", "E0001", "fail", "none")
	failed := score()
	j.inspects("inspector", "E0001", "pass", "none")
	passed := score()
	if !(failed > before && passed < failed) {
		t.Errorf("%v before, %v after one that failed, %v after one that passed", before, failed, passed)
	}
}

// Whoever watches a board is told what an inspection makes of it, and reads the same where he asks.
func TestAnInspectionMovesTheBoard(t *testing.T) {
	j := newJudged(newWorld(t))
	srv := httptest.NewServer(j.server)
	t.Cleanup(srv.Close)
	t.Cleanup(j.server.Stop)
	viewer := j.events(srv, "viewer", "", "")
	if _, data := viewer.next("snapshot"); !strings.Contains(data, `"inspection":{"of":"","total":0,`) {
		t.Errorf("at first: %s", data)
	}
	first := j.inspects("inspector", "E0001", "fail", "none")
	_, data := viewer.next("board")
	if !strings.Contains(data, `"inspection":{"of":"","total":1,"passed":0,"failed":1,`) {
		t.Errorf("the board: %s", data)
	}
	path := calls.Prefix + "/warnings/" + j.warning + "/board"
	if read := strings.TrimSpace(j.must(http.StatusOK, call{who: "town", path: path}, nil).body); read != data {
		t.Errorf("it is read as %s, told as %s", read, data)
	}
	j.inspects("inspector", "E0001", "pass", "none", fmt.Sprintf(`{"corrects":%q}`, first.ID))
	if read := j.must(http.StatusOK, call{who: "town", path: path}, nil).body; !strings.Contains(read, `"total":1,"passed":1,"failed":0,`) {
		t.Errorf("corrected: %s", read)
	}
}
