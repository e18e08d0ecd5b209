package warnings_test

import (
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/desk/desktest"

	"qingkong/alerts/feed"
)

// The desk says that what a source sent last was refused, why, and where it lies, until the source sends something that
// is taken.
func TestRefusedDocumentOnTheDesk(t *testing.T) {
	w := desktest.New(t)
	at := w.Clock.Now()
	w.Feeds = []feed.Status{{Feed: "web", Source: "tianjin-emc", TakenAt: at.Add(-time.Hour),
		Refused: feed.Refused{Total: 3, Kept: 2,
			Folder: "data/feeds/web/refused", Last: feed.Refusal{At: at, Document: "https://example.cn/f.csv", File: "a.csv",
				Why: map[string]string{"zh-CN": "第 3 行 aqi 列不对<b>", "en": "row 3 is wrong"}}}}}
	for _, who := range []string{"duty", "approver", "viewer"} {
		desktest.Shows(t, "to "+who, w.Get(200, who, "/desk"), "web（tianjin-emc）", "https://example.cn/f.csv",
			"第 3 行 aqi 列不对<b>", "data/feeds/web/refused/a.csv", "共 2 件")
	}
	if text := desktest.TextOf(w.Get(200, "E0001", "/desk")); strings.Contains(text, "第 3 行") {
		t.Errorf("an enterprise is told: %s", text)
	}
	w.Feeds[0].TakenAt = at.Add(time.Minute)
	if text := desktest.TextOf(w.Get(200, "duty", "/desk")); strings.Contains(text, "第 3 行") {
		t.Errorf("it was taken since, and is told: %s", text)
	}
}
