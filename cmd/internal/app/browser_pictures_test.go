package app

import (
	"bytes"
	"context"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"qingkong/cmd/internal/demo"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// The pictures of the declaration and of the phone in docs/pictures can be taken from the demo at any time:
//
//	QINGKONG_PICTURES=$PWD/docs/pictures go test ./cmd/internal/app -run TestPicturesOfTheDocs
func TestPicturesOfTheDocs(t *testing.T) {
	folder := os.Getenv("QINGKONG_PICTURES")
	if folder == "" {
		folder = t.TempDir()
	}
	w := openWorld(t, openBrowser(t), &demo.Demo{NoSimulate: true})
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
	eventually(t, "the plant has its order", func() bool {
		var open struct{ Items []struct{ ID string } }
		w.api(t, "duty", http.MethodGet, "/orders?recipient=E0001&state=open", nil, &open)
		if len(open.Items) != 1 {
			return false
		}
		duty.open("/desk/orders/" + open.Items[0].ID + "/plan")
		return true
	})
	take(duty, "plan", deskWidth, 1740, 0.6)
}
