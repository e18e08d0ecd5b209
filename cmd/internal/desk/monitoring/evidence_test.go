package monitoring_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/service"
	"qingkong/notify/compliance"
)

const (
	photo = "\xff\xd8\xff\xe0\x00\x10JFIF\x00 a photo"
	curve = "%PDF-1.7 a curve"
)

// pictures are the addresses of the images on a page.
func pictures(page *html.Node) (all []string) {
	desktest.Each(page, func(e *html.Node) {
		if e.Data == "img" {
			all = append(all, desktest.Attr(e, "src"))
		}
	})
	return all
}

// goesOn is the page to which a file that was handed in leads.
func goesOn(t *testing.T, w *desktest.World, r desktest.Reply) (*html.Node, url.Values) {
	t.Helper()
	to := r.Header.Get("Location")
	path, query, _ := strings.Cut(to, "?")
	if r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(path, "/desk/findings/") || !strings.Contains(query, "evidence=sha256") {
		t.Fatalf("%d to %q: %s", r.StatusCode, to, desktest.TextOf(desktest.Parsed(t, r.Text)))
	}
	if strings.Contains(query, url.QueryEscape("试车")) {
		t.Errorf("what was typed stands in an address: %s", query)
	}
	page := w.Get(200, "E0001", to)
	return page, desktest.Posts(page, path+"/explain")
}

// An enterprise hands files in one after another while it explains. What it wrote stays, each file is shown, and nothing is
// sent before it sends the explanation; officers then see the files, and a viewer that there are some.
func TestEvidenceOfAnExplanation(t *testing.T) {
	w, _, finding := desktest.Suspected(t)
	path := "/desk/findings/" + finding
	form := desktest.Posts(w.Get(200, "E0001", "/desk"), path+"/explain")
	form.Set("note", "检修后试车\n已停")
	page, form := goesOn(t, w, w.SendFile("E0001", path+"/evidence", form, "现场.jpg", photo, 0))
	desktest.Says(t, "one", desktest.TextOf(page), "已上交 1 份", "照片 19 B", "说明还没有提交")
	if got := pictures(page); len(got) != 1 || !strings.HasPrefix(got[0], "/api/v1/evidence/sha256:") {
		t.Errorf("pictures: %q", got)
	}
	if got := strings.TrimSpace(form.Get("note")); got != "检修后试车\n已停" || len(form["evidence"]) != 1 {
		t.Errorf("the form goes on with %q", form)
	}
	form.Set("note", "检修后试车")
	page, form = goesOn(t, w, w.SendFile("E0001", path+"/evidence", form, "曲线.pdf", curve, 0))
	desktest.Says(t, "two", desktest.TextOf(page), "已上交 2 份", "PDF 16 B")
	page, form = goesOn(t, w, w.SendFile("E0001", path+"/evidence", form, "again.jpg", photo, 0))
	desktest.Says(t, "the same again", desktest.TextOf(page), "已上交 2 份")
	if desktest.Find(w.Get(200, "duty", path), "section", "aria-labelledby", "decide") != nil {
		t.Fatal("it is explained already")
	}
	r := w.SendFile("E0001", path+"/explain", form, "台账.txt", "what was burnt", 0) // chosen, and sent with the explanation
	if to := r.Header.Get("Location"); r.StatusCode != http.StatusSeeOther || to != path+"?done=finding.explained" {
		t.Fatalf("%d to %q", r.StatusCode, to)
	}
	for user, sees := range map[string]bool{"duty": true, "inspector": true, "E0001": true, "viewer": false, "town": false} {
		page := w.Get(200, user, path)
		desktest.Says(t, user, desktest.TextOf(page), "材料 3 份")
		links := 0
		desktest.Each(page, func(e *html.Node) {
			if e.Data == "a" && strings.HasPrefix(desktest.Attr(e, "href"), "/api/v1/evidence/sha256:") {
				links++
			}
		})
		if (links > 0) != sees || (len(pictures(page)) > 0) != sees || strings.Contains(desktest.TextOf(page), "照片 19 B") != sees {
			t.Errorf("%s follows %d links and sees %q", user, links, pictures(page))
		}
	}
}

// Files that were handed in before, in whichever way, go with an explanation by their hashes alone; it names none that another
// handed in: then nothing is recorded, what was written stays, and so do the files that are one's own.
func TestEvidenceByItsHash(t *testing.T) {
	w, _, finding := desktest.Suspected(t)
	path := "/desk/findings/" + finding
	mine, theirs := w.HandsIn("E0001", photo), w.HandsIn("E0002", curve)
	form := desktest.Posts(w.Get(200, "E0001", "/desk"), path+"/explain")
	form.Set("note", "检修后试车")
	before := w.Svc.J.Height()
	form["evidence"] = []string{mine, theirs}
	r := w.SendFile("E0001", path+"/explain", form, "", "", 0)
	page := desktest.Parsed(t, r.Text)
	again := desktest.Posts(page, path+"/explain")
	if r.StatusCode != http.StatusUnprocessableEntity || w.Svc.J.Height() != before {
		t.Errorf("%d, or something is recorded", r.StatusCode)
	}
	desktest.Says(t, "another's", desktest.TextOf(page), "材料 "+theirs[:20], "不是本企业上交的", "照片 19 B", "没有这份文件")
	if strings.TrimSpace(again.Get("note")) != "检修后试车" || len(again["evidence"]) != 2 || again.Get("key") != form.Get("key") {
		t.Errorf("the form goes on with %q", again)
	}
	form["evidence"] = []string{mine}
	send := func() {
		t.Helper()
		if r := w.SendFile("E0001", path+"/explain", form, "", "", 0); r.StatusCode != http.StatusSeeOther {
			t.Fatalf("%d", r.StatusCode)
		}
	}
	send()
	before = w.Svc.J.Height()
	send() // as after an answer that was lost on the way
	if w.Svc.J.Height() != before {
		t.Error("it is explained twice")
	}
	desktest.Says(t, "duty", desktest.TextOf(w.Get(200, "duty", path)), "材料 1 份", "照片 19 B")
}

// A file that was taken out again, and one that there is not, do not go with the explanation, or are named as such.
func TestEvidenceThatIsTakenOut(t *testing.T) {
	w, _, finding := desktest.Suspected(t)
	path := "/desk/findings/" + finding
	_, form := goesOn(t, w, w.SendFile("E0001", path+"/evidence", url.Values{}, "a.jpg", photo, 0))
	form.Del("evidence") // its box is not checked
	desktest.Says(t, "nothing is left", desktest.TextOf(desktest.Parsed(t, w.SendFile("E0001", path+"/explain", form, "", "", 0).Text)), "请写明情况或附上材料")
	page := w.Get(200, "E0001", path+"?evidence=sha256:"+strings.Repeat("0", 64))
	desktest.Says(t, "none", desktest.TextOf(page), "没有这份文件")
}

// What cannot be taken is said beside the input, in words that help, and what was typed and handed in before stays.
func TestEvidenceThatIsRefused(t *testing.T) {
	w, _, finding := desktest.Suspected(t)
	path := "/desk/findings/" + finding
	_, form := goesOn(t, w, w.SendFile("E0001", path+"/evidence", url.Values{}, "a.jpg", photo, 0))
	form.Set("note", "检修后试车")
	for _, c := range []struct {
		what, name, content string
		status              int
		says                string
	}{
		{"none is chosen", "", "", 422, "还没有选文件"},
		{"it is empty", "空.jpg", "", 422, "文件是空的"},
		{"it is a program", "照片.jpg", "\x7fELF\x02\x01\x01\x00", 415, "不接受这种文件"},
		{"it is too large", "视频.mp4", photo + strings.Repeat("x", calls.MostEvidence), 413, "文件超过 20 MB"},
		{"it is much too large", "视频.mp4", photo + strings.Repeat("x", calls.FileBody), 413, "文件超过 20 MB"},
	} {
		for _, at := range []string{"/evidence", "/explain"} {
			if at == "/explain" && c.name == "" {
				continue // which needs none
			}
			before := w.Svc.J.Height()
			r := w.SendFile("E0001", path+at, form, c.name, c.content, 0)
			page := desktest.Parsed(t, r.Text)
			field := desktest.Find(page, "input", "type", "file")
			if r.StatusCode != c.status || field == nil || desktest.Attr(field, "aria-invalid") != "true" ||
				!strings.Contains(desktest.Part(page, "p", desktest.Attr(field, "aria-describedby")), c.says) {
				t.Errorf("%s to %s: %d %s", c.what, at, r.StatusCode, desktest.TextOf(page))
			}
			again := desktest.Posts(page, path+"/explain")
			if strings.TrimSpace(again.Get("note")) != "检修后试车" || len(again["evidence"]) != 1 || again.Get("key") != form.Get("key") {
				t.Errorf("%s: the form goes on with %q", c.what, again)
			}
			if w.Svc.J.Height() != before {
				t.Errorf("%s: something is recorded", c.what)
			}
		}
	}
	plant := service.Ask{Who: &access.Principal{User: "E0001", Role: calls.Enterprise, Recipient: "E0001"}}
	for n := 1; n < int(compliance.UsualEvidence.FilesADay); n++ {
		content := fmt.Sprintf("%%PDF-1.7 %d", n)
		if _, err := w.Svc.AddEvidence(t.Context(), plant, strings.NewReader(content), int64(len(content))); err != nil {
			t.Fatal(err)
		}
	}
	r := w.SendFile("E0001", path+"/evidence", form, "b.jpg", photo+"2", 0)
	desktest.Says(t, "too many", desktest.TextOf(desktest.Parsed(t, r.Text)), "今天已上交 500 份文件")
	if r.StatusCode != http.StatusTooManyRequests {
		t.Errorf("status %d", r.StatusCode)
	}
}

// Nobody else hands files in for a finding.
func TestWhoHandsEvidenceIn(t *testing.T) {
	w, _, finding := desktest.Suspected(t)
	path := "/desk/findings/" + finding
	for user, status := range map[string]int{"E0002": 404, "viewer": 403, "duty": 403, "town": 403} {
		if r := w.SendFile(user, path+"/evidence", nil, "a.jpg", photo, 0); r.StatusCode != status {
			t.Errorf("%s: %d", user, r.StatusCode)
		}
	}
}

// A login that ends while somebody explains loses nothing of what was typed and handed in; the file is chosen again.
func TestEvidenceAfterALoginHasEnded(t *testing.T) {
	w, _, finding := desktest.Suspected(t)
	path := "/desk/findings/" + finding
	_, form := goesOn(t, w, w.SendFile("E0001", path+"/evidence", url.Values{}, "a.jpg", photo, 0))
	form.Set("note", "检修后试车")
	r := w.SendFile("", path+"/evidence", form, "b.jpg", photo+"2", 0)
	login := desktest.ValuesOf(desktest.Find(desktest.Parsed(t, r.Text), "form", "action", "/login"), url.Values{})
	login.Set("user", "E0001")
	login.Set("password", w.Passwords["E0001"])
	if r.StatusCode != http.StatusUnauthorized {
		t.Fatalf("%d", r.StatusCode)
	}
	again := desktest.Posts(desktest.Parsed(t, w.Post(200, "", "/login", login).Text), path+"/explain")
	if strings.TrimSpace(again.Get("note")) != "检修后试车" || len(again["evidence"]) != 1 {
		t.Errorf("the form goes on with %q", again)
	}
	if again != nil {
		if r := w.SendFile("E0001", path+"/explain", again, "", "", 0); r.StatusCode != http.StatusSeeOther {
			t.Errorf("%d", r.StatusCode)
		}
	}
}

// A photo that comes over a slow line is taken, however long a page may wait for the record.
func TestEvidenceOverASlowLine(t *testing.T) {
	w, _, finding := desktest.Suspected(t)
	w.Desk.Within = 2 * time.Second
	goesOn(t, w, w.SendFile("E0001", "/desk/findings/"+finding+"/evidence", url.Values{}, "a.jpg", photo, w.Desk.Within+time.Second))
}
