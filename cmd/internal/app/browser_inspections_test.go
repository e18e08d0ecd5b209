package app

import (
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/notify/compliance/inspect"
	"qingkong/notify/compliance/judge"
)

// theyRead follows an inspection that came from the gate: an officer looks at it beside the day's plan, draws the visits of the
// next day, and the plant answers from a telephone, dark and in English; all pages look right.
func theyRead(t *testing.T, s *gateDay) {
	duty := s.person(t, deskWidth)
	duty.login("duty")
	duty.open("/desk/inspections")
	duty.looksRight("/desk/inspections")
	duty.shot("inspections")
	duty.says(word("ways.nobody"), word("inspections.came"))
	duty.click(`#came table a`)
	page := duty.path()
	duty.looksRight(page)
	duty.says("发现问题", "立案", "li", "372.5 kW", "满负荷运行 "+hostile, "任务在上传前已改派给 zhao", "王")
	duty.comes("the photos", pictured)
	duty.shot("inspection")
	duty.click(`#go-task`)
	duty.looksRight(duty.path())
	duty.open("/desk/inspections/draw")
	duty.looksRight("/desk/inspections/draw")
	duty.fill("#f-ranked", "1")
	duty.fill("#f-random", "2")
	duty.click(`main button.button-main`)
	duty.says(word("done.draw"), word("draw.again"))
	duty.looksRight(duty.path())

	plant := s.person(t, phoneWidth)
	plant.login("enterprise")
	plant.says(word("inspections.mine"))
	plant.click(`button[value=en]`)
	plant.colours("light")
	plant.click(`button.system-light`)
	for _, path := range []string{"/desk", "/desk/inspections", "/desk/inspections/statistics", page} {
		plant.open(path)
		plant.looksRight(path)
	}
	plant.shot("inspection-en-dark")
	plant.fill(`#answer textarea`, "1号线在停炉降温")
	plant.click(`#answer .form-acts button`)
	plant.says("1号线在停炉降温")
	duty.open(page)
	duty.says("1号线在停炉降温")
}

// visited is a day on which a plant that does not keep its limit was inspected by two, once more corrected, and visits were
// drawn for it.
func visited(t *testing.T, b *browser) (m *monitoredWorld, id string) {
	t.Helper()
	m = monitoredBy(t, b)
	m.hours(0, 3)
	m.comesTo(judge.Suspected)
	m.hire(t, "li", "inspector", "李")
	inspector := service.Ask{Who: &access.Principal{User: "inspector", Role: calls.Inspector}}
	duty := service.Ask{Who: &access.Principal{User: "duty", Role: calls.Duty}}
	now := m.journal.Now()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := m.svc.DrawVisits(t.Context(), duty, calls.NewDraw{Day: now.In(alerts.Shanghai()).Format(time.DateOnly), Ranked: 4, Random: 3,
		Due: now.Add(9 * time.Hour), Assignee: "inspector", With: "li"})
	must(err)
	_, err = m.svc.DrawVisits(t.Context(), duty, calls.NewDraw{Day: now.In(alerts.Shanghai()).Format(time.DateOnly), Ranked: 1, Random: 2,
		Due: now.Add(9 * time.Hour)})
	must(err)
	file, err := os.Open(photoOf(t))
	must(err)
	defer file.Close()
	info, err := file.Stat()
	must(err)
	photo, err := m.svc.AddEvidence(t.Context(), inspector, file, info.Size())
	must(err)
	order := m.warning + "-" + m.half.recipient + "-1"
	found := calls.NewInspection{ClientID: "1", OrderID: order, Recipient: m.half.recipient, With: "li", At: &now, StartedAt: new(now.Add(-20 * time.Minute)),
		DeviceNow: &now, Note: "值长在场，调度令未传达到班组", Items: []calls.NewItem{
			{MeasureID: "M1", Expected: "2号反应釜：停产", Found: "2号反应釜仍在运行", Result: inspect.Fail, Value: new(372.5), Unit: "kW", Evidence: []string{photo.Hash}},
			{Expected: "重型货车禁行", Found: "门口有国四货车两辆", Result: inspect.Fail, Vehicles: []string{"津A12345", "冀B67890"}}},
		Position:  &inspect.Fix{Lon: 117.1, Lat: 39.05, Accuracy: 12, At: now},
		Signature: calls.NewSignature{Refused: "负责人拒签"}, Disposition: inspect.OpenCase}
	first, err := m.svc.AddInspection(t.Context(), inspector, found)
	must(err)
	found.ClientID, found.Corrects, found.Items[0].Value = "2", first.ID, new(327.5)
	second, err := m.svc.AddInspection(t.Context(), inspector, found)
	must(err)
	return m, second.ID
}

// inspectionPictures are taken of such a day.
func inspectionPictures(t *testing.T, b *browser, folder string) {
	w, id := visited(t, b)
	duty := w.person(t, deskWidth)
	duty.login("duty")
	open := func(p *tab, path string) {
		p.open(path)
		eval[chromedp.Void](p, `document.getElementById("health").hidden = true`)
	}
	open(duty, "/desk/inspections")
	take(duty, folder, "inspections", deskWidth, 1400, 0.6)
	open(duty, "/desk/inspections/"+id)
	duty.comes("the photos", pictured)
	take(duty, folder, "inspection", deskWidth, 1500, 0.6)
	open(duty, "/desk/inspections/draws")
	duty.click(`main table a`)
	take(duty, folder, "draw", deskWidth, 900, 0.6)
	plant := w.person(t, phoneWidth)
	plant.login("enterprise")
	open(plant, "/desk/inspections/"+id)
	take(plant, folder, "answer", phoneWidth, 1700, 0.6)
}
