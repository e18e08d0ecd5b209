package desk_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"

	"qingkong/alerts"
	"qingkong/alerts/refusal"

	"golang.org/x/net/html"

	"qingkong/cmd/internal/calls"
)

// Every page with every role: those that the table allows show it, the others are told that they may not.
func TestPagesByRole(t *testing.T) {
	w, order, finding := desktest.Suspected(t)
	w.Forecast(false)
	id := strings.TrimSuffix(order, "-E0001-1")
	list := w.Warning(id).ListVersion
	w.Register("MNE0001-2", "总排口", "E0001", "a21026")
	w.Reports("MNE0001-2", w.Frame("MNE0001-2", "2061", desktest.Begin.Add(-time.Hour), "a21026-Avg", "12", "a21026-Flag", "N"))
	draw, inspection := w.Draws("大寺镇").ID, w.Inspects(order).ID
	for _, p := range w.Desk.Pages() {
		method, pattern, _ := strings.Cut(p.Pattern, " ")
		if p.Key != "" && !refusal.Known("desk.title."+p.Key) {
			t.Errorf("%s has no title", p.Pattern)
		}
		if method != "GET" || pattern == "/desk/live" || p.Act == "" {
			continue
		}
		path := strings.ReplaceAll(pattern, "{id}", id)
		switch {
		case strings.Contains(pattern, "orders/"), strings.Contains(pattern, "objections/"):
			path = strings.ReplaceAll(pattern, "{id}", order)
		case strings.Contains(pattern, "entries/"):
			path = strings.ReplaceAll(pattern, "{id}", "1")
		case strings.Contains(pattern, "recipients/"):
			path = strings.ReplaceAll(pattern, "{id}", "E0001")
		case strings.Contains(pattern, "lists/"):
			path = strings.ReplaceAll(pattern, "{id}", list)
		case strings.Contains(pattern, "stations/"), strings.Contains(pattern, "points/"):
			path = strings.NewReplacer("{mn}", "MNE0001-2", "{point...}", "MNE0001-2.a21026").Replace(pattern)
		case strings.Contains(pattern, "proposals/"):
			path = strings.ReplaceAll(pattern, "{id}", "P20161216-01")
		case strings.Contains(pattern, "findings/"):
			path = strings.ReplaceAll(pattern, "{id}", finding)
		case strings.Contains(pattern, "draws/"):
			path = strings.ReplaceAll(pattern, "{id}", draw)
		case strings.Contains(pattern, "inspections/"):
			if path = strings.ReplaceAll(pattern, "{id}", inspection); strings.HasSuffix(path, ".xlsx") {
				continue // no page
			}
		case strings.Contains(pattern, "tasks/"):
			path = strings.ReplaceAll(pattern, "{id}", w.TaskOf("E0001"))
		case strings.HasSuffix(pattern, ".xlsx"): // no page
			continue
		}
		for _, role := range calls.Roles() {
			user := string(role)
			if role == calls.Enterprise {
				user = "E0001"
			}
			want := http.StatusForbidden
			if p.Act == frame.SignedIn || calls.Allowed(role, p.Act) {
				want = http.StatusOK
			}
			if r := w.As(user, path, nil); r.StatusCode != want {
				t.Errorf("%s by %s: %d, want %d: %s", path, role, r.StatusCode, want, desktest.TextOf(desktest.Parsed(t, r.Text)))
			} else {
				desktest.Lint(t, path+" by "+user, r.Text)
			}
		}
		if r := w.As("", path, nil); r.StatusCode != http.StatusSeeOther ||
			!strings.HasPrefix(r.Header.Get("Location"), "/login?next=") {
			t.Errorf("%s by nobody: %d to %s", path, r.StatusCode, r.Header.Get("Location"))
		}
	}
}

// Acts that a role may not do are refused though it makes the request itself.
func TestActsByRole(t *testing.T) {
	w := desktest.New(t)
	id := w.Declared(alerts.Red, false)
	for _, p := range w.Desk.Pages() {
		pattern, post := strings.CutPrefix(p.Pattern, "POST ")
		if !post || !strings.HasPrefix(p.Act, "warnings.") && !strings.HasPrefix(p.Act, "proposals.") {
			continue
		}
		path := strings.ReplaceAll(pattern, "{id}", id)
		if strings.Contains(pattern, "proposals/") {
			path = "/desk/proposals/P20161216-01/dismiss"
		}
		for _, role := range calls.Roles() {
			if role == calls.Enterprise || calls.Allowed(role, p.Act) {
				continue
			}
			w.Refused(http.StatusForbidden, string(role), path,
				url.Values{"step": {frame.StepConfirm}, "revision": {"1"}, "level": {"red"}, "reason": {"x"}})
		}
	}
}

// What people wrote comes out as text in every page, in both languages.
func TestInjection(t *testing.T) {
	w, order, finding := desktest.Suspected(t)
	w.Forecast(false)
	id := strings.TrimSuffix(order, "-E0001-1")
	inspection := w.Inspects(order).ID
	order = id + "-E0003-1"
	w.Inspects(order)
	w.Post(303, "E0001", "/desk/findings/"+finding+"/explain",
		url.Values{"note": {"试车" + desktest.Hostile}, "key": {frame.NewKey()}})
	w.Post(303, "E0003", "/desk/orders/"+order+"/object",
		url.Values{"note": {"不能停" + desktest.Hostile}, "key": {frame.NewKey()}})
	w.Register("MNE0003", "总排口<script>alert(1)</script>", "E0003", "a21026")
	w.Refuses("MNE0003", "crc", []byte("##"+desktest.Hostile))
	for _, page := range []struct{ user, path string }{
		{"duty", "/desk/findings"}, {"duty", "/desk/findings/" + finding}, {"E0001", "/desk/findings/" + finding},
		{"duty", "/desk/inspections"}, {"duty", "/desk/inspections/" + inspection}, {"E0001", "/desk/inspections/" + inspection},
		{"duty", "/desk/inspections?recipient=" + url.QueryEscape(desktest.Hostile)}, {"duty", "/desk/inspections/statistics"},
		{"E0001", "/desk"}, {"duty", "/desk/orders/" + id + "-E0001-1"}, {"duty", "/desk/tasks"},
		{"duty", "/desk/findings?warning=" + url.QueryEscape(desktest.Hostile)},
		{"duty", "/desk/task?recipient=" + url.QueryEscape(desktest.Hostile)},
		{"duty", "/desk/stations"}, {"duty", "/desk/stations/MNE0003"}, {"duty", "/desk/points/MNE0003.a21026"},
		{"admin", "/desk/stations/MNE0003/change"}, {"E0003", "/desk/stations"},
		{"duty", "/desk/points/" + url.PathEscape(desktest.Hostile)}, {"duty", "/desk/stations?q=" + url.QueryEscape(desktest.Hostile)},
		{"duty", "/desk"}, {"duty", "/desk/warnings"}, {"duty", desktest.WarningPath(id)},
		{"duty", desktest.WarningPath(id) + "/board?state=objected"},
		{"duty", "/desk/orders?q=" + url.QueryEscape(desktest.Hostile)}, {"duty", "/desk/orders"},
		{"duty", "/desk/orders/" + order}, {"duty", "/desk/objections/" + order},
		{"duty", "/desk/recipients"}, {"duty", "/desk/recipients/E0003"}, {"duty", "/desk/lists"},
		{"duty", desktest.WarningPath(id) + "/revise"},
		{"E0003", "/desk"}, {"E0003", "/desk/orders/" + order}, {"", "/"},
		{"", "/login?next=" + url.QueryEscape("/desk?"+desktest.Hostile)},
		{"duty", "/desk/" + url.PathEscape(desktest.Hostile)},
	} {
		for _, lang := range []string{frame.ZH, frame.EN} {
			r := w.As(page.user, page.path, nil, "Cookie", frame.LangCookie+"="+lang)
			what := page.path + " in " + lang
			desktest.Lint(t, what, r.Text)
			if strings.Contains(r.Text, "<script>") || strings.Contains(r.Text, "<img") {
				t.Errorf("%s takes a text for markup", what)
			}
			if got := r.Header.Get("Content-Security-Policy"); got != frame.Policy {
				t.Errorf("%s: policy %q", what, got)
			}
			if lang == frame.EN && !strings.Contains(r.Text, `<html lang="en"`) {
				t.Errorf("%s is not in English", what)
			}
		}
	}
	if text := desktest.TextOf(w.Get(200, "duty", "/desk/objections/"+order)); !strings.Contains(text, "不能停<script>") {
		t.Errorf("the officer does not read what was objected: %s", text)
	}
}

// A town sees its own, and lists come by the page.
func TestScopesAndPages(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	if text := desktest.TextOf(w.Get(200, "town", desktest.WarningPath(id)+"/board")); strings.Contains(text,
		"示例企业E0002") || !strings.Contains(text, "示例企业E0001") {
		t.Errorf("a town sees another's: %s", text)
	}
	if text := desktest.TextOf(w.Get(200, "town", "/desk/orders?town="+url.QueryEscape("杨柳青镇"))); strings.Contains(text,
		"示例企业E0002") {
		t.Errorf("a town asks for another's: %s", text)
	}
	page := w.Get(200, "duty", "/desk/orders?limit=2")
	next := ""
	desktest.Each(page, func(e *html.Node) {
		if e.Data == "a" && strings.Contains(desktest.Attr(e, "href"), "cursor=") {
			next = desktest.Attr(e, "href")
		}
	})
	if text := desktest.TextOf(w.Get(200, "duty", next)); !strings.Contains(text, "E0003") ||
		strings.Contains(text, "示例企业E0001") {
		t.Errorf("the second page, %s: %s", next, text)
	}
	w.Get(422, "duty", "/desk/orders?cursor=nonsense")
	w.Get(404, "duty", "/desk/warnings/W1")
}
