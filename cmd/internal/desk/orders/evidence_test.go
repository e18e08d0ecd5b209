package orders_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"qingkong/cmd/internal/desk/desktest"
)

const (
	photo = "\xff\xd8\xff\xe0\x00\x10JFIF\x00 a photo"
	curve = "%PDF-1.7 a curve"
)

// posts are the fields that a page's form at an address sends.
func posts(t *testing.T, page *html.Node, action string) url.Values {
	t.Helper()
	form := desktest.Find(page, "form", "action", action)
	if form == nil {
		t.Fatalf("no form at %s: %s", action, desktest.TextOf(page))
	}
	return desktest.ValuesOf(form, url.Values{})
}

// An enterprise hands files in while it reports, without a script: what it typed stays, and nothing is reported before it
// sends the form. The order's page shows the files to itself and to staff, and to others that there are some.
func TestEvidenceOfAReport(t *testing.T) {
	w := desktest.New(t)
	order := "/desk/orders/" + w.Ordered() + "-E0001-1"
	for _, act := range []string{"acknowledge", "start"} {
		w.Post(303, "E0001", order+"/"+act, posts(t, w.Get(200, "E0001", order), order+"/"+act))
	}
	form := posts(t, w.Get(200, "E0001", order), order+"/report")
	form.Set("value.M1", "48.5")
	form.Set("note", "一号线\n已减半")
	r := w.SendFile("E0001", order+"/report/evidence", form, "现场.jpg", photo, 0)
	to := r.Header.Get("Location")
	if r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, order+"?") || strings.Contains(to, "48.5") {
		t.Fatalf("%d to %q: %s", r.StatusCode, to, desktest.TextOf(desktest.Parsed(t, r.Text)))
	}
	page := w.Get(200, "E0001", to)
	if text := desktest.TextOf(page); !strings.Contains(text, "报告还没有提交") || !strings.Contains(text, "照片 19 B") ||
		strings.Contains(text, "上报进展") && strings.Contains(text, "材料 1 份") {
		t.Errorf("after the photo: %s", text)
	}
	if other := posts(t, page, order+"/complete"); len(other["evidence"]) > 0 || strings.TrimSpace(other.Get("note")) != "" {
		t.Errorf("another form goes on with %q", other)
	}
	form = posts(t, page, order+"/report")
	if form.Get("value.M1") != "48.5" || strings.TrimSpace(form.Get("note")) != "一号线\n已减半" || len(form["evidence"]) != 1 {
		t.Fatalf("the form goes on with %q", form)
	}
	for range 2 { // the curve was chosen, and comes with the report; again as after an answer that was lost on the way
		r = w.SendFile("E0001", order+"/report", form, "曲线.pdf", curve, 0)
		if to := r.Header.Get("Location"); r.StatusCode != http.StatusSeeOther || to != order+"?done=report" {
			t.Fatalf("%d to %q: %s", r.StatusCode, to, desktest.TextOf(desktest.Parsed(t, r.Text)))
		}
	}
	for user, sees := range map[string]bool{"duty": true, "inspector": true, "E0001": true, "viewer": false, "town": false} {
		page := w.Get(200, user, order)
		text, links, pictures := desktest.TextOf(page), 0, 0
		desktest.Each(page, func(e *html.Node) {
			switch {
			case e.Data == "a" && strings.HasPrefix(desktest.Attr(e, "href"), "/api/v1/evidence/sha256:"):
				links++
			case e.Data == "img" && strings.HasPrefix(desktest.Attr(e, "src"), "/api/v1/evidence/sha256:"):
				pictures++
			}
		})
		if strings.Count(text, "材料 2 份") != 1 || (links == 2) != sees || (pictures == 1) != sees || strings.Contains(text, "照片 19 B") != sees {
			t.Errorf("%s follows %d links and sees %d pictures: %s", user, links, pictures, text)
		}
	}
}

// A report names files alone that its enterprise handed in: with another, nothing is recorded, and the form stays. Nobody hands
// a file in for another's order.
func TestEvidenceOfAReportIsItsOwn(t *testing.T) {
	w := desktest.New(t)
	order := "/desk/orders/" + w.Ordered() + "-E0001-1"
	for _, act := range []string{"acknowledge", "start"} {
		w.Post(303, "E0001", order+"/"+act, posts(t, w.Get(200, "E0001", order), order+"/"+act))
	}
	mine, theirs := w.HandsIn("E0001", photo), w.HandsIn("E0002", curve)
	form := posts(t, w.Get(200, "E0001", order), order+"/complete")
	form.Set("note", "完成")
	form["evidence"] = []string{mine, theirs}
	before := w.Svc.J.Height()
	refused := func(status int, who, at, file string) *html.Node {
		t.Helper()
		r := w.SendFile(who, at, form, "a.jpg", file, 0)
		if r.StatusCode != status || w.Svc.J.Height() != before {
			t.Errorf("%s by %s: %d, or something is recorded", at, who, r.StatusCode)
		}
		return desktest.Parsed(t, r.Text)
	}
	refused(http.StatusNotFound, "E0002", order+"/complete", photo+"2")
	refused(http.StatusNotFound, "E0002", order+"/complete/evidence", photo+"2")
	refused(http.StatusNotFound, "inspector", order+"/complete/evidence", photo+"2")
	refused(http.StatusForbidden, "duty", order+"/complete/evidence", photo+"2")
	refused(http.StatusUnsupportedMediaType, "E0001", order+"/complete", "\x7fELF\x02\x01\x01\x00")
	page := refused(http.StatusUnprocessableEntity, "E0001", order+"/complete", photo)
	if text := desktest.TextOf(page); !strings.Contains(text, "不是本企业上交的") {
		t.Errorf("why: %s", text)
	}
	again := posts(t, page, order+"/complete")
	if again.Get("key") != form.Get("key") || strings.TrimSpace(again.Get("note")) != "完成" || len(again["evidence"]) != 2 {
		t.Errorf("the form goes on with %q", again)
	}
	again["evidence"] = slices.DeleteFunc(again["evidence"], func(h string) bool { return h == theirs })
	if r := w.SendFile("E0001", order+"/complete", again, "", "", 0); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d: %s", r.StatusCode, desktest.TextOf(desktest.Parsed(t, r.Text)))
	}
	if text := desktest.TextOf(w.Get(200, "duty", order)); !strings.Contains(text, "材料 1 份") {
		t.Errorf("the timeline: %s", text)
	}
}
