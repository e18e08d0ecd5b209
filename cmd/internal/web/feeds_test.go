package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/alerts/feed"
)

// refusedFeeds are a feed that never fell silent and brought what was refused, and one that brought nothing wrong.
func refusedFeeds() []feed.Status {
	return []feed.Status{
		{Feed: "web", Source: "tianjin-emc", TakenAt: begin.Add(-time.Hour),
			Refused: feed.Refused{Total: 3, Kept: 2, Folder: "data/feeds/web/refused",
				Last: feed.Refusal{At: begin, Document: "https://example.cn/f.csv", File: "20161216T170000.000-000003-ab.csv",
					Why: map[string]string{"zh-CN": "第 3 行 aqi 列不对", "en": "row 3 is wrong"}}}},
		{Feed: "quiet", Source: "tianjin-emc"},
	}
}

// GET /feeds names what feeds brought and was refused: how much, where it lies, and why the last was, in the language
// asked for.
func TestFeedsNameWhatWasRefused(t *testing.T) {
	w := newWorld(t)
	type item struct {
		alerts.FeedState
		Refused *struct {
			Total, Kept                 int
			Folder, Document, File, Why string
			At                          time.Time
		}
	}
	var page alerts.Page[item]
	w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/feeds"}, &page)
	if len(page.Items) != 0 {
		t.Fatalf("before: %+v", page.Items)
	}
	if err := w.svc.FeedSilent(t.Context(),
		alerts.FeedSilence{Feed: "emc", Source: "emc", Silent: true, Since: begin}); err != nil {
		t.Fatal(err)
	}
	w.feeds = refusedFeeds()
	w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/feeds"}, &page)
	if len(page.Items) != 2 || page.Total != 2 || page.Items[0].Feed != "emc" || page.Items[0].Refused != nil {
		t.Fatalf("%+v", page.Items)
	}
	web := page.Items[1]
	if web.Feed != "web" || web.Source != "tianjin-emc" || web.Silent || !web.Since.Equal(begin.Add(-time.Hour)) ||
		web.Refused == nil {
		t.Fatalf("%+v", web)
	}
	if r := *web.Refused; r.Total != 3 || r.Kept != 2 || r.Folder != "data/feeds/web/refused" ||
		r.Document != "https://example.cn/f.csv" ||
		r.File != "20161216T170000.000-000003-ab.csv" || r.Why != "第 3 行 aqi 列不对" || !r.At.Equal(begin) {
		t.Errorf("%+v", r)
	}
	english := w.must(http.StatusOK,
		call{who: "duty", path: calls.Prefix + "/feeds", header: map[string]string{"Accept-Language": "en"}}, nil).body
	if !strings.Contains(english, "row 3 is wrong") {
		t.Errorf("in English: %s", english)
	}
	w.must(http.StatusForbidden, call{who: "E0001", path: calls.Prefix + "/feeds"}, nil)
}
