package web

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"qingkong/alerts"
)

// text is what a reader sees of a page, without the markup, spaces made one. It fails on a script and on an
// attribute that runs one.
func text(t *testing.T, page string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		switch {
		case n.Type == html.TextNode && n.Parent.Data != "style":
			b.WriteString(n.Data + " ")
		case n.Type == html.ElementNode && n.Data == "script":
			t.Error("the page has a script")
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
				t.Errorf("the page has an attribute %s", a.Key)
			}
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func contains(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(text, s) {
			t.Errorf("%q is not on the page: %s", s, text)
		}
	}
}

func TestStatusPage(t *testing.T) {
	w := newWorld(t)
	r := w.must(http.StatusOK, call{path: "/"}, nil)
	if media := r.Header.Get("Content-Type"); media != "text/html; charset=utf-8" {
		t.Errorf("Content-Type %q", media)
	}
	policy := r.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || strings.Contains(policy, "unsafe") {
		t.Errorf("Content-Security-Policy %q", policy)
	}
	contains(t, text(t, r.body), "晴空：重污染天气应急响应 Qingkong", "演示", "无预警 no warning", "待处理建议 open proposals 无 none", "(3 个对象 recipients")

	if err := w.svc.FeedSilent(t.Context(), alerts.FeedSilence{Feed: "emc", Source: "tianjin-emc", Silent: true, Since: w.clock.Load().Add(-27 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	contains(t, text(t, w.do(call{path: "/"}).body), "预报来源没有新数据： no new forecasts from emc (tianjin-emc)")
	var feeds struct{ Items []alerts.FeedState }
	w.must(http.StatusOK, call{who: "viewer", path: "/api/v1/feeds"}, &feeds)
	if len(feeds.Items) != 1 || !feeds.Items[0].Silent {
		t.Errorf("feeds are %+v, want one that is silent", feeds.Items)
	}
	if err := w.svc.FeedSilent(t.Context(), alerts.FeedSilence{Feed: "emc", Source: "tianjin-emc", Since: *w.clock.Load()}); err != nil {
		t.Fatal(err)
	}
	if page := text(t, w.do(call{path: "/"}).body); strings.Contains(page, "没有新数据") {
		t.Error("a source that is heard again still stands as silent")
	}

	days := make([]string, 3)
	for i := range days {
		days[i] = fmt.Sprintf(`{"date":"2016-12-%d","aqi_low":210,"aqi_high":230,"primary":["pm25"]}`, 17+i)
	}
	body := `{"source":"emc","region":"120111","issued_at":"2016-12-16T16:00:00+08:00","days":[` + strings.Join(days, ",") + `]}`
	w.must(http.StatusCreated, call{who: "feeder", path: "/api/v1/forecasts", body: body}, nil)
	contains(t, text(t, w.do(call{path: "/"}).body), "P20161216-01: 启动 start", "2016-12-17 00:00 – 2016-12-19 24:00")

	w.must(http.StatusCreated, call{who: "duty", path: "/api/v1/warnings",
		body: fmt.Sprintf(`{"level":"yellow","trigger":"city_order","issued_by":%q,"document_no":%q}`, hostile, `"><img src=x onerror=alert(1)>`)}, nil)
	w.elapse(0)
	page := w.do(call{path: "/"}).body
	contains(t, text(t, page), "黄色预警（Ⅲ级） yellow warning", "编号 id W20161216-01", "生效中 active", "另行通知 until further notice",
		"总数 total 3", "待确认 awaiting an answer 3", "清单"+hostile, `"><img src=x onerror=alert(1)>`)
	if strings.Contains(page, "<script") || strings.Contains(page, "<img") {
		t.Errorf("markup came through: %s", page)
	}
}

// The policy lets in the page's own style and nothing else.
func TestStyleIsTheOneAllowed(t *testing.T) {
	var b bytes.Buffer
	if err := statusTemplate.Execute(&b, &status{Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(b.String())
	if style == nil || style[1] != pageStyle {
		t.Errorf("the page's style is not the one whose hash is in the policy: %q", style)
	}
}

// Everything that a warning or a proposal can be has words on the page.
func TestPageHasWordsForEverything(t *testing.T) {
	st := &status{Now: time.Now()}
	for _, level := range append(alerts.Levels(), alerts.None) {
		for _, state := range []alerts.State{alerts.PendingApproval, alerts.Reported, alerts.Scheduled, alerts.Active} {
			w := &alerts.Warning{ID: "W1", Level: level, State: state, Drill: state == alerts.Active, EndsAt: &st.Now,
				Pending: &alerts.Pending{Change: alerts.Change{Level: level}}}
			st.Warnings = append(st.Warnings, warningStatus{Warning: w})
		}
		for _, kind := range []alerts.ProposalKind{alerts.KindStart, alerts.KindUpgrade, alerts.KindRevise, alerts.KindDowngrade, alerts.KindLift} {
			st.Proposals = append(st.Proposals, &alerts.Proposal{ID: "P1", Level: level, Kind: kind, Drill: true})
		}
	}
	var b bytes.Buffer
	if err := statusTemplate.Execute(&b, st); err != nil {
		t.Fatal(err)
	}
	if rule := regexp.MustCompile(`page\.[a-z_.]+`).FindString(text(t, b.String())); rule != "" {
		t.Errorf("%s stands on the page in place of its words", rule)
	}
}
