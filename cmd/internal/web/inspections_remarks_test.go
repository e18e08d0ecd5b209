package web

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/photos/photostest"
	"qingkong/notify/compliance/inspect"
	"qingkong/notify/compliance/place"
)

// The second at a case inspects, too: an account of the duty desk goes nowhere.
func TestTheSecondAtACaseIsAnInspector(t *testing.T) {
	j := newJudged(newWorld(t))
	p := j.refused(http.StatusUnprocessableEntity, "invalid",
		call{who: "inspector", path: inspectionsPath, body: j.found("E0001", "fail", "case", `{"with":"duty"}`)})
	if len(p.Errors) != 1 || p.Errors[0].Path != "with" {
		t.Errorf("%+v", p.Errors)
	}
}

// What came once is answered again, whatever became of those whom it names.
func TestTheSameIsAnsweredWhateverBecameOfTheSecond(t *testing.T) {
	j := newJudged(newWorld(t))
	j.account("li", calls.Inspector)
	body := j.found("E0001", "fail", "case", `{"with":"li"}`)
	first := j.inspects("inspector", "E0001", "fail", "case", `{"with":"li"}`)
	j.must(http.StatusOK, call{who: "admin", path: calls.Prefix + "/accounts/li/disable", body: `{}`}, nil)
	var same calls.InspectionView
	j.must(http.StatusCreated, call{who: "inspector", path: inspectionsPath, body: body}, &same)
	if same.ID != first.ID {
		t.Errorf("the same again is %s", same.ID)
	}
}

// That a file stands in two inspections is told of to whoever may see both, and not of an inspection and its corrections.
func TestAFileInTwoInspections(t *testing.T) {
	j := newJudged(newWorld(t))
	var e calls.EvidenceView
	j.must(http.StatusCreated, handsIn(t, "inspector", "a.jpg", "\xff\xd8\xff\xe0\x00\x10JFIF\x00 a gate"), &e)
	more := func(id, corrects string) string {
		return fmt.Sprintf(`{"client_id":%q,"corrects":%q,"evidence":[%q]}`, id, corrects, e.Hash)
	}
	shared := func(who, id string) (of []string) {
		for _, r := range j.reads(who, id).Remarks {
			if r.Rule == inspect.FileShared {
				of = append(of, r.Of)
			}
		}
		return of
	}
	last := j.inspects("inspector", "E0001", "fail", "none", more("1", ""))
	for _, client := range []string{"2", "3"} {
		last = j.inspects("inspector", "E0001", "fail", "none", more(client, last.ID))
	}
	if got := shared("duty", last.ID); len(got) != 0 {
		t.Errorf("a correction of a correction shares its file with %v", got)
	}
	other := j.inspects("inspector", "E0002", "fail", "none", more("4", ""))
	if got := shared("duty", other.ID); len(got) != 3 {
		t.Errorf("the duty officer is told of %v", got)
	}
	if got := shared("E0002", other.ID); len(got) != 0 {
		t.Errorf("an enterprise is told of another's %v", got)
	}
}

// A file that stands everywhere does not make an answer long.
func TestAFileInManyInspections(t *testing.T) {
	j := newJudged(newWorld(t))
	var e calls.EvidenceView
	j.must(http.StatusCreated, handsIn(t, "inspector", "a.jpg", "\xff\xd8\xff\xe0\x00\x10JFIF\x00 a gate"), &e)
	var v calls.InspectionView
	for i := range 25 {
		v = j.inspects("inspector", "E0001", "fail", "none", fmt.Sprintf(`{"client_id":"n%d","evidence":[%q]}`, i, e.Hash))
	}
	if n := len(v.Remarks); n == 0 || n > 20 {
		t.Errorf("%d remarks", n)
	}
}

// A photo that was taken elsewhere is remarked also of an inspection that says nothing else of anybody.
func TestAPhotoTakenElsewhereIsRemarkedInAnyCase(t *testing.T) {
	j := newJudged(newWorld(t))
	photo := photostest.JPEG(photostest.Says{At: j.clock.Now().Add(-5 * time.Hour), Position: place.Point{Lon: 100, Lat: 30}}, 8, 8)
	var e calls.EvidenceView
	j.must(http.StatusCreated, handsIn(t, "inspector", "a.jpg", string(photo)), &e)
	v := j.inspects("inspector", "E0002", "pass", "none", fmt.Sprintf(`{"client_id":"x","note":"","position":null,"evidence":[%q],
		"signature":{"name":"","refused":"","image":%q},"items":[{"measure_id":"M1","expected":"停产","result":"pass"}]}`, e.Hash, j.ink()))
	rules := map[string]bool{}
	for _, r := range v.Remarks {
		rules[r.Rule] = true
	}
	if !rules["photo_far"] || !rules["photo_late"] {
		t.Errorf("%+v", v.Remarks)
	}
}

// ink hands in the image of a signature.
func (j *judged) ink() string {
	var e calls.EvidenceView
	j.must(http.StatusCreated, handsIn(j.t, "inspector", "b.png", "\x89PNG\r\n\x1a\n a name"), &e)
	return e.Hash
}

// Times that nobody can have meant are refused: none of them can make a list unreadable.
func TestTimesThatCannotBe(t *testing.T) {
	j := newJudged(newWorld(t))
	now := j.clock.Now()
	ahead := now.AddDate(200, 0, 0).Format(time.RFC3339)
	for _, more := range []string{
		`{"started_at":"0001-01-02T00:00:00Z","at":"` + ahead + `","device_now":"` + ahead + `"}`,
		`{"disposition":"rectify","due":"9999-12-31T23:59:59Z"}`,
	} {
		j.refused(http.StatusUnprocessableEntity, "invalid", call{who: "inspector", path: inspectionsPath, body: j.found("E0001", "fail", "none", more)})
	}
	j.must(http.StatusOK, call{who: "duty", path: inspectionsPath}, nil)
}

// What was found for a task counts for the order that the task is about, also where nobody names it.
func TestAnInspectionIsOfItsTasksOrder(t *testing.T) {
	j := newJudged(newWorld(t))
	var task calls.TaskView
	j.must(http.StatusCreated, call{who: "duty", path: tasksPath, body: fmt.Sprintf(`{"recipient_id":"E0001","order_id":%q,"due":%q}`,
		j.warning+"-E0001-1", j.clock.Now().Add(20*time.Hour).Format(time.RFC3339))}, &task)
	body := fmt.Sprintf(`{"task_id":%q,"order_id":"","items":[{"found":"2号线在运行","result":"fail"}]}`, task.ID)
	v := j.inspects("inspector", "E0001", "fail", "none", body)
	if v.OrderID != task.Order || v.WarningID != j.warning || task.Order == "" {
		t.Errorf("of order %q under %q, want %q", v.OrderID, v.WarningID, task.Order)
	}
	corrected := j.inspects("inspector", "E0001", "fail", "none", body, fmt.Sprintf(`{"client_id":"2","corrects":%q}`, v.ID))
	if corrected.OrderID != v.OrderID || corrected.TaskID != v.TaskID {
		t.Errorf("the correction is of order %q", corrected.OrderID)
	}
}

// Whoever opens what another photographed on site, or somebody's signature, reads of people there, which is recorded.
func TestWhoOpensPhotosOfASiteIsRecorded(t *testing.T) {
	j := newJudged(newWorld(t))
	ink := j.ink()
	j.inspects("inspector", "E0001", "fail", "none", fmt.Sprintf(`{"signature":{"name":"张某","image":%q}}`, ink))
	for _, who := range []string{"inspector", "approver"} {
		j.must(http.StatusOK, call{who: who, path: calls.Prefix + "/evidence/" + ink}, nil)
	}
	var opened []string
	for _, seen := range list[calls.Seen](j.world, "admin", calls.Prefix+"/personal-data/accesses?recipient=E0001").Items {
		for _, r := range seen.Reads {
			if r.Kind == access.SeenPhoto {
				opened = append(opened, seen.User)
			}
		}
	}
	if len(opened) != 1 || opened[0] != "approver" {
		t.Errorf("opened by %v", opened)
	}
}

// Nobody takes back what the duty desk recorded of him.
func TestARecusalIsEndedByWhoRecordedIt(t *testing.T) {
	j := newJudged(newWorld(t))
	task := j.task("E0001", 20)
	recuse := func(who, body string) call {
		return call{who: who, path: tasksPath + "/" + task.ID + "/recuse", body: body}
	}
	j.must(http.StatusOK, recuse("duty", `{"user":"inspector","reason":"群众反映其亲属在该企业任职"}`), nil)
	j.refused(http.StatusForbidden, "forbidden", recuse("inspector", `{"end":true}`))
	j.must(http.StatusOK, recuse("duty", `{"user":"inspector","end":true}`), nil)
	j.must(http.StatusOK, recuse("inspector", `{"reason":"亲属在该企业任职"}`), nil)
	j.must(http.StatusOK, recuse("inspector", `{"end":true}`), nil)
}

// A telephone whose clock was a day ahead and has been set right by its network is believed as far as that goes.
func TestAClockThatWasSetRightOnTheWay(t *testing.T) {
	j := newJudged(newWorld(t))
	now := j.clock.Now()
	v := j.inspects("inspector", "E0001", "fail", "none", `{"at":"`+now.Add(22*time.Hour).Format(time.RFC3339)+`"}`)
	if len(v.Remarks) != 1 || v.Remarks[0].Rule != inspect.ClockOff || v.At.After(now) || v.ClockOffset < 22*3600-1 {
		t.Errorf("at %s, %d s, %+v", v.At, v.ClockOffset, v.Remarks)
	}
}

// What an inspector looked at beside the order is in his own words, which the record does not keep for ever.
func TestOwnWordsAreNotInTheRecord(t *testing.T) {
	j := newJudged(newWorld(t))
	v := j.inspects("inspector", "E0001", "fail", "none", `{"items":[{"expected":"门卫李某说的北门","found":"有车出入","result":"fail"}]}`)
	if v.Items[0].Expected != "门卫李某说的北门" || j.reads("admin", v.ID).Items[0].Expected != "" {
		t.Errorf("%+v", v.Items)
	}
}

// Who was there was there, whatever became of the account until the telephone found a network.
func TestTheSecondHasLeftMeanwhile(t *testing.T) {
	j := newJudged(newWorld(t))
	j.account("li", calls.Inspector)
	j.must(http.StatusOK, call{who: "admin", path: calls.Prefix + "/accounts/li/disable", body: `{}`}, nil)
	if v := j.inspects("inspector", "E0001", "fail", "case", `{"with":"li"}`); v.With != "li" {
		t.Errorf("with %q", v.With)
	}
}
