package app

import (
	"bytes"
	"context"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/demo"
	"qingkong/notify/compliance/judge"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// The pictures in docs/pictures can be taken from the demo at any time:
//
//	QINGKONG_PICTURES=$PWD/docs/pictures go test ./cmd/internal/app -run TestPicturesOfTheDocs
func TestPicturesOfTheDocs(t *testing.T) {
	folder := os.Getenv("QINGKONG_PICTURES")
	if folder == "" {
		t.Skip("no pictures are asked for: QINGKONG_PICTURES names no folder")
	}
	b := openBrowser(t)
	t.Run("demo", func(t *testing.T) { demoPictures(t, b, folder) })
	t.Run("findings", func(t *testing.T) { findingPictures(t, b, folder) })
	t.Run("inspections", func(t *testing.T) { inspectionPictures(t, b, folder) })
}

// demoPictures are taken of a demo.
func demoPictures(t *testing.T, b *browser, folder string) {
	shot := func(p *tab, name string, width, height, scale float64) { take(p, folder, name, width, height, scale) }
	d := &demo.Demo{Soonest: time.Millisecond, Latest: time.Second, Instruments: []string{"E0001", "E0003", "E0010"}}
	w := openWorld(t, b, d)
	filledIn(t, d) // a word of that stands on every page
	duty := w.person(t, deskWidth)
	duty.login("duty")
	duty.click(`a[id^="pa-"]`)
	duty.fill("#f-document_no", "津西青应急〔2026〕1号")
	duty.fill("#f-issued_by", "西青区重污染天气应急指挥部")
	duty.click(`button[value=review]`)
	shot(duty, "declare", deskWidth, deskHeight, 1)
	duty.fill("#typed", "红色")
	duty.click(`button[value=confirm]`)
	approver := w.person(t, phoneWidth)
	approver.login("approver")
	approver.click(`a[href$="/approve"]`)
	shot(approver, "phone", phoneWidth, 1368, 0.65)
	approver.click(`button[value=confirm]`)
	warning := strings.TrimPrefix(duty.path(), "/desk/warnings/")
	power := orderOf(t, w, "E0001")
	var board struct{ Answer map[string]int }
	eventually(t, "most have answered", func() bool {
		w.api(t, "duty", http.MethodGet, "/warnings/"+warning+"/board", nil, &board)
		return board.Answer["acknowledged"] > 50
	})
	plant := w.person(t, phoneWidth)
	plant.login("enterprise")
	shot(plant, "mine", phoneWidth, 844, 0.65)
	plant.click(`main .card-acts a[id^="go-"]`)
	plant.opens("details > summary.button")
	plant.fill("#f-object-note", "夜班已投料，反应釜不能再降")
	plant.click(`form[action$="/object"] button`)

	duty.open("/desk")
	shot(duty, "desk", deskWidth, 1240, 1)
	duty.open("/desk/warnings/" + warning + "/board")
	shot(duty, "board", deskWidth, 1150, 1)
	duty.open("/desk/warnings/" + warning + "/calls")
	shot(duty, "calls", deskWidth, 1000, 0.7)
	duty.open("/desk/orders/" + power + "/plan")
	shot(duty, "plan", deskWidth, 1740, 0.6)
	inspector := w.person(t, deskWidth)
	inspector.login("inspector")
	inspector.open("/desk/orders/" + orderOf(t, w, "E0005") + "/paper")
	shot(inspector, "paper", deskWidth, 1240, 0.6)
	inspector.open("/desk/proofs?order=" + orderOf(t, w, "E0005"))
	shot(inspector, "proofs", deskWidth, 900, 0.7)

	const unit = "120111E00010000000000005"
	duty.open("/desk/stations?freshness=fresh")
	shot(duty, "stations", deskWidth, 1150, 0.7)
	duty.open("/desk/stations/" + unit)
	shot(duty, "station", deskWidth, 1400, 0.6)
	duty.open("/desk/points/" + unit + ".a21002?step=1h")
	shot(duty, "point", deskWidth, 1100, 0.7)
}

// findingPictures are taken of a plant that does not keep its limit.
func findingPictures(t *testing.T, b *browser, folder string) {
	w := monitoredBy(t, b)
	w.hours(0, 3)
	found := w.comesTo(judge.Suspected)
	order, finding := found.Order, found.ID
	duty := w.person(t, deskWidth)
	duty.login("duty")
	plant := w.person(t, phoneWidth)
	plant.login("enterprise")
	take(plant, folder, "asked", phoneWidth, 1420, 0.6)
	plant.fill(`section.asked textarea`, "反应釜已投料，需 3 小时反应完毕，已停止投新料")
	plant.handsIn(photoOf(t))
	plant.click(`section.asked button.button-main`)
	// what looks at the orders once a minute has missed hours by the clock of this world, and says so
	open := func(path string) {
		duty.open(path)
		eval[chromedp.Void](duty, `document.getElementById("health").hidden = true`)
	}
	open("/desk/orders/" + order)
	take(duty, folder, "monitoring", deskWidth, 1200, 0.7)
	open("/desk/findings/" + finding)
	take(duty, folder, "finding", deskWidth, 1400, 0.6)
	open("/desk/tasks")
	take(duty, folder, "tasks", deskWidth, 900, 0.7)
	gatePictures(w, folder)
}

// gatePictures are taken of an inspector's phone.
func gatePictures(w *monitoredWorld, folder string) {
	due := w.journal.Now().Add(6 * time.Hour)
	for _, of := range []string{"E0003", "E0004", "E0005"} {
		w.api(w.t, "duty", http.MethodPost, "/tasks", map[string]any{"recipient_id": of, "order_id": w.warning + "-" + of + "-1",
			"due": due, "assignee": "inspector", "note": "夜间用电偏高"}, nil)
	}
	p := w.person(w.t, phoneWidth)
	p.placed(39.05, 117.1)
	p.open("/gate/")
	p.saying("请先登录")
	p.click(`main a.button`)
	p.enter("inspector")
	p.saying(" 项任务 · 数据取于")
	eval[chromedp.Void](p, `document.querySelector("details.note").open = false`)
	take(p, folder, "gate-day", phoneWidth, 1100, 0.6)
	p.do("a task", p.press(`a[href^="#/task/"]`))
	p.comes("the task", `document.querySelector("button.big") !== null`)
	take(p, folder, "gate-task", phoneWidth, 1500, 0.6)
	p.do("begin", p.press(`button.big`))
	p.saying("如何处置")
	p.choose("fail", 0)
	p.upload(`.item:nth-of-type(1) .file[multiple]`, photoOf(w.t))
	p.comes("the photo", `document.querySelectorAll(".item:nth-of-type(1) .photo").length === 1`)
	p.choose("signs", 0)
	p.comes("where to sign", `document.querySelector("canvas.pad") !== null`)
	p.signs()
	p.saying("签字已保存")
	eval[chromedp.Void](p, `scrollTo(0, 0)`)
	take(p, folder, "gate-inspect", phoneWidth, 2600, 0.6)
}

// take takes a picture of what a person sees into a folder.
func take(p *tab, folder, name string, width, height, scale float64) {
	t := p.t
	t.Helper()
	shot := ask(p, name, func(ctx context.Context, target *chromedp.Target) ([]byte, error) {
		got, err := cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{
			Clip: &page.Viewport{Width: width, Height: height, Scale: scale}, CaptureBeyondViewport: new(true)})
		return got.Data, err
	})
	if size, err := png.DecodeConfig(bytes.NewReader(shot)); err != nil || size.Width < int(width*scale) ||
		size.Height < int(height*scale) {
		t.Errorf("%s is %d x %d: %v", name, size.Width, size.Height, err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), shot, 0o644); err != nil {
		t.Fatal(err)
	}
}

// orderOf waits for a recipient's open order.
func orderOf(t *testing.T, w *world, recipient string) (id string) {
	t.Helper()
	eventually(t, recipient+" has its order", func() bool {
		var open struct{ Items []struct{ ID string } }
		w.api(t, "duty", http.MethodGet, "/orders?state=open&recipient="+recipient, nil, &open)
		if len(open.Items) == 1 {
			id = open.Items[0].ID
		}
		return id != ""
	})
	return id
}
