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
		folder = t.TempDir()
	}
	w := openWorld(t, openBrowser(t), &demo.Demo{Soonest: time.Millisecond, Latest: time.Second})
	take := func(p *tab, name string, width, height, scale float64) {
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
	duty := w.person(t, deskWidth)
	duty.login("duty")
	duty.click(`a[id^="pa-"]`)
	duty.fill("#f-document_no", "津西青应急〔2026〕1号")
	duty.fill("#f-issued_by", "西青区重污染天气应急指挥部")
	duty.click(`button[value=review]`)
	take(duty, "declare", deskWidth, deskHeight, 1)
	duty.fill("#typed", "红色")
	duty.click(`button[value=confirm]`)
	approver := w.person(t, phoneWidth)
	approver.login("approver")
	approver.click(`a[href$="/approve"]`)
	take(approver, "phone", phoneWidth, 1368, 0.65)
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
	take(plant, "mine", phoneWidth, 844, 0.65)
	plant.click(`main a[id^="go-"]`)
	plant.opens("details > summary.button")
	plant.fill("#f-object-note", "夜班已投料，反应釜不能再降")
	plant.click(`form[action$="/object"] button`)

	duty.open("/desk")
	take(duty, "desk", deskWidth, 1240, 1)
	duty.open("/desk/warnings/" + warning + "/board")
	take(duty, "board", deskWidth, 1150, 1)
	duty.open("/desk/warnings/" + warning + "/calls")
	take(duty, "calls", deskWidth, 1000, 0.7)
	duty.open("/desk/orders/" + power + "/plan")
	take(duty, "plan", deskWidth, 1740, 0.6)
	inspector := w.person(t, deskWidth)
	inspector.login("inspector")
	inspector.open("/desk/orders/" + orderOf(t, w, "E0005") + "/paper")
	take(inspector, "paper", deskWidth, 1240, 0.6)
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
