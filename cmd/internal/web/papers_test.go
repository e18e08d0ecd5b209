package web

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"qingkong/cmd/internal/calls"

	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html"

	"qingkong/cmd/internal/papers"
	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/seeds"
)

// Who gets which recipient's papers, and whether a contact stands in them.
func TestPapersByRole(t *testing.T) {
	w := newWorld(t)
	for who, c := range map[string]struct {
		own, other int
		contact    bool
	}{
		"duty": {200, 200, true}, "approver": {200, 200, true}, "admin": {200, 200, true}, "inspector": {200, 200, false},
		"E0001": {200, 404, true}, "town": {200, 404, true}, "viewer": {403, 403, false}, "feeder": {403, 403, false},
		"neighbour": {403, 403, false},
	} {
		for _, kind := range papers.Kinds() {
			path := func(id string) string { return calls.Prefix + "/recipients/" + id + "/papers/" + string(kind) }
			r := w.must(c.own, call{who: who, path: path("E0001")}, nil)
			w.must(c.other, call{who: who, path: path("E0002")}, nil) // in another town
			if c.own != 200 {
				continue
			}
			if has := strings.Contains(text(t, r.body), "13800000000"); has != c.contact {
				t.Errorf("%s: the %s has the contact's telephone: %v", who, kind, has)
			}
			if policy := r.Header.Get("Content-Security-Policy"); policy != papers.Policy ||
				!strings.HasPrefix(r.Header.Get("Content-Disposition"), "inline") {
				t.Errorf("%s: %v", kind, r.Header)
			}
		}
	}
	r := w.must(200, call{who: "duty", path: calls.Prefix + "/recipients/E0001/papers/board?format=docx&lang=en"}, nil)
	if r.Header.Get("Content-Type") != papers.DocxMedia ||
		!strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%v", r.Header)
	}
	if _, err := zip.NewReader(strings.NewReader(r.body), int64(len(r.body))); err != nil {
		t.Error(err)
	}
}

// Papers follow the list that is asked for. A draft's are for those who keep the list.
func TestPapersOfAVersion(t *testing.T) {
	w := newWorld(t)
	old, draft := w.inForce(), w.imports("duty", seeds.Workbook())
	plan := calls.Prefix + "/recipients/E0001/papers/plan"
	contains(t, text(t, w.must(200, call{who: "duty", path: plan + "?version=" + draft.ID}, nil).body), draft.ID, "杨柳青热电")
	contains(t, text(t, w.must(200, call{who: "duty", path: plan + "?as_of=2016-12-16"}, nil).body), old.ID, "示例企业E0001")
	for path, status := range map[string]int{
		plan + "?version=" + draft.ID: 404, plan + "?version=" + old.ID: 200, plan + "?as_of=2015-01-01": 404,
		plan + "?version=L1": 404,
		calls.Prefix + "/list/versions/" + draft.ID + "/towns": 403,
	} {
		w.must(status, call{who: "inspector", path: path}, nil)
	}
	w.must(404, call{who: "town", path: calls.Prefix + "/list/versions/" + draft.ID + "/towns"}, nil)
	for path, where := range map[string]string{
		plan + "?format=pdf": "format", plan + "?lang=fr": "lang", plan + "?as_of=yesterday": "as_of",
		plan + "?version=x&as_of=2016-12-16":                              "as_of",
		calls.Prefix + "/list/versions/" + old.ID + "/papers?kind=poster": "kind",
		calls.Prefix + "/list/versions/" + old.ID + "/public?format=docx": "format",
	} {
		if p := w.refused(422, "invalid", call{who: "duty", path: path}); len(p.Errors) != 1 || p.Errors[0].Path != where {
			t.Errorf("%s: %+v", path, p.Errors)
		}
	}
	broken := w.imports("duty", spoiled(t, func(f *excelize.File) error { return set(f, "减排措施", 5, "级别", "紫色") }))
	for _, what := range []string{"papers", "public", "towns"} {
		w.refused(409, "transition_refused",
			call{who: "duty", path: calls.Prefix + "/list/versions/" + broken.ID + "/" + what})
	}
}

func TestBatchAndListsOfAVersion(t *testing.T) {
	w := newWorld(t)
	at := calls.Prefix + "/list/versions/" + w.inForce().ID
	body := w.must(200, call{who: "admin", path: at + "/papers?format=docx"}, nil).body
	z, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	if err != nil || len(z.File) != 6 {
		t.Fatalf("%+v, %v", z, err)
	}
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".docx") || f.UncompressedSize64 < 1000 {
			t.Errorf("%s has %d bytes", f.Name, f.UncompressedSize64)
		}
	}
	if r := w.must(200, call{who: "admin", method: "HEAD", path: at + "/papers"}, nil); r.body != "" ||
		r.Header.Get("Content-Type") != calls.ZipMedia {
		t.Errorf("HEAD: %d bytes, %v", len(r.body), r.Header)
	}
	for who, c := range map[string]struct {
		towns   string
		contact bool
	}{"duty": {"大寺镇 杨柳青镇", true}, "admin": {"大寺镇 杨柳青镇", true}, "approver": {"大寺镇 杨柳青镇", true}, "town": {"大寺镇", true}} {
		for _, format := range []string{"html", "xlsx"} {
			said := w.must(200, call{who: who, path: at + "/towns?format=" + format}, nil).body
			if format == "xlsx" {
				said = sheets(t, said)
			} else {
				said = text(t, said)
			}
			for _, town := range []string{"大寺镇", "杨柳青镇"} {
				if has, want := strings.Contains(said, town), strings.Contains(c.towns, town); has != want {
					t.Errorf("%s, %s: %s is there: %v", who, format, town, has)
				}
			}
			if has := strings.Contains(said, "13800000000"); has != c.contact {
				t.Errorf("%s, %s: contacts are there: %v", who, format, has)
			}
		}
	}
	w.must(404, call{who: "town", path: at + "/towns?town=杨柳青镇"}, nil)
	if said := text(t, w.must(200, call{who: "duty", path: at + "/towns?town=杨柳青镇"}, nil).body); strings.Contains(said,
		"E0001") || !strings.Contains(said, "E0002") {
		t.Errorf("one town: %s", said)
	}
	if said := text(t, w.must(200, call{who: "duty", path: at + "/public"}, nil).body); strings.Contains(said,
		"1380000") || !strings.Contains(said, "E0003") {
		t.Errorf("the public list: %s", said)
	}
}

// sheets are the cells of a workbook, with the names of its sheets.
func sheets(t *testing.T, data string) string {
	t.Helper()
	f, err := excelize.OpenReader(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	said := ""
	for _, name := range f.GetSheetList() {
		rows, err := f.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		said += name + fmt.Sprint(rows)
	}
	return said
}

// Anybody may see what is published, and nothing personal; what is not in force is gone, in words.
func TestPublicPages(t *testing.T) {
	w := newWorld(t)
	r := w.must(200, call{path: "/public/recipients/E0001"}, nil)
	said := text(t, r.body)
	contains(t, said, "示例企业E0001", "大寺镇", "停产", "清单"+hostile[:8])
	for _, personal := range []string{"示例联系人", "1380000", "值长"} {
		if strings.Contains(said, personal) {
			t.Errorf("%s is published: %s", personal, said)
		}
	}
	w.refused(404, "not_found", call{path: "/public/recipients/E9999"})
	gone := w.must(404, call{path: "/public/recipients/E9999", header: map[string]string{"Accept": "text/html,*/*"}}, nil)
	contains(t, text(t, gone.body), "现行清单中没有这个编号（E9999）")
	if gone := w.must(404, call{path: "/public/recipients/%3Cscript%3E", header: map[string]string{"Accept": "text/html"}},
		nil); strings.Contains(gone.body, "<script>") {
		t.Error("an id became markup")
	}
	contains(t, text(t, w.must(200, call{path: "/public/list?town=杨柳青镇&lang=en"}, nil).body), "E0002", "download")
	book := sheets(t, w.must(200, call{path: "/public/list?format=xlsx"}, nil).body)
	if strings.Contains(book, "1380000") || !strings.Contains(book, "E0003") {
		t.Errorf("the public workbook: %s", book)
	}
	if again := sheets(t, w.must(200, call{path: "/public/list?format=xlsx"}, nil).body); again != book {
		t.Error("the public workbook differs the second time")
	}
	w.must(200, call{who: "duty", path: calls.Prefix + "/recipients/E0001/papers/plan"}, nil)
}

// A long list is public page by page, and each recipient stands on one of them.
func TestPublicListPages(t *testing.T) {
	w := newWorld(t)
	l := fixture()
	l.EffectiveFrom = "2016-02-01"
	for i := range 2*publicRows + 50 {
		r := *l.Recipients[0]
		r.ID = fmt.Sprintf("P%04d", i)
		r.Contact = &reductionlist.Contact{Name: "示例", Phone: "13800000000"}
		l.Recipients = append(l.Recipients, &r)
	}
	w.importList(l)
	seen, pages := 0, 0
	for path := "/public/list"; path != ""; pages++ {
		body := w.must(200, call{path: path}, nil).body
		seen += strings.Count(body, "<td>P") + strings.Count(body, "<td>E")
		path = ""
		for _, part := range strings.Split(body, `<a href="`)[1:] {
			if href, rest, _ := strings.Cut(part, `">`); strings.HasPrefix(rest, "下一页") {
				path = strings.ReplaceAll(href, "&amp;", "&")
			}
		}
	}
	if seen != 2*publicRows+53 || pages != 3 {
		t.Errorf("%d recipients on %d pages", seen, pages)
	}
}

// The QR code leads to where the board was asked for, unless an address is configured.
func TestBoardLeadsToThePublicPage(t *testing.T) {
	w := newWorld(t)
	board := call{who: "duty", path: calls.Prefix + "/recipients/E0001/papers/board"}
	contains(t, text(t, w.must(200, board, nil).body), "http://example.com/public/recipients/E0001")
	w.svc.Publishing.PublicURL, w.svc.Publishing.Watch, w.svc.Publishing.District = "https://qk.example.gov.cn/xq/",
		"022-12369", "西青区"
	contains(t, text(t, w.must(200, board, nil).body), "https://qk.example.gov.cn/xq/public/recipients/E0001", "022-12369")
	for _, odd := range []string{"a b", `a"b`, "a/b", "u@h"} {
		req := w.request(board)
		req.Host = odd
		if got := w.server.base(req); got != "" {
			t.Errorf("host %q is the address %q", odd, got)
		}
	}
}

// Reading leaves a record, which an administrator can look up; erasing takes the contact out of all that is made then.
func TestPersonalDataOverHTTP(t *testing.T) {
	w := newWorld(t)
	v := w.inForce()
	for who, path := range map[string]string{
		"admin": "/recipients/E0002/papers/plan", "inspector": "/recipients/E0002/papers/plan", "E0001": "/recipients/E0001/papers/plan",
		"duty": "/list/versions/" + v.ID + "/export",
		"town": "/list/versions/" + v.ID + "/towns", "approver": "/list/versions/" + v.ID + "/export",
	} {
		w.must(200, call{who: who, path: calls.Prefix + path}, nil)
	}
	seen := map[string]calls.PersonalRead{}
	for _, s := range list[calls.Seen](w, "admin", calls.Prefix+"/personal-data/accesses").Items {
		seen[s.User] = s.Reads[0]
	}
	want := map[string]calls.PersonalRead{
		"admin": {Kind: "contact", Call: "GET " + calls.Prefix + "/recipients/{id}/papers/plan", Count: 1,
			Recipients: []string{"E0002"}},
		"duty":     {Kind: "contact", Call: "GET " + calls.Prefix + "/list/versions/{id}/export", Count: 3, List: v.ID},
		"approver": {Kind: "contact", Call: "GET " + calls.Prefix + "/list/versions/{id}/export", Count: 3, List: v.ID},
		"town":     {Kind: "contact", Call: "GET " + calls.Prefix + "/list/versions/{id}/towns", Count: 2, List: v.ID},
	}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("recorded %+v, want %+v", seen, want)
	}
	for query, n := range map[string]int{"?recipient=E0001": 3, "?recipient=E0002": 4,
		"?recipient=E0002&user=admin": 1, "?user=inspector": 0, "?limit=1": 1} {
		if got := list[calls.Seen](w, "admin", calls.Prefix+"/personal-data/accesses"+query); len(got.Items) != n {
			t.Errorf("%s: %d records, want %d", query, len(got.Items), n)
		}
	}
	w.refused(http.StatusForbidden, "forbidden", call{who: "duty", path: calls.Prefix + "/personal-data/accesses"})
	w.refused(422, "invalid", call{who: "admin", path: calls.Prefix + "/personal-data/erasures",
		body: `{"recipient_id":"E0001"}`})
	w.refused(404, "not_found", call{who: "admin", path: calls.Prefix + "/personal-data/erasures",
		body: `{"recipient_id":"E9999","reason":"x"}`})
	w.must(200, call{who: "admin", path: calls.Prefix + "/personal-data/erasures",
		body: `{"recipient_id":"E0001","reason":"本人要求"}`}, nil)
	for _, kind := range papers.Kinds() {
		said := text(t, w.must(200, call{who: "E0001", path: calls.Prefix + "/recipients/E0001/papers/" + string(kind)},
			nil).body)
		if contains(t, said, "已删除"); strings.Contains(said, "1380000") {
			t.Errorf("the %s still has the contact: %s", kind, said)
		}
	}
	l, found, err := listtest.Read([]byte(w.must(200,
		call{who: "admin", path: calls.Prefix + "/list/versions/" + v.ID + "/export"}, nil).body))
	if err != nil {
		t.Fatal(err, found)
	}
	for _, r := range l.Recipients {
		if (r.Contact == nil) != (r.ID == "E0001") {
			t.Errorf("%s is exported with the contact %+v", r.ID, r.Contact)
		}
	}
	if said := sheets(t, string(bytes.TrimSpace([]byte(w.must(200, call{who: "duty", path: calls.Prefix +
		"/list/versions/" + v.ID + "/towns?format=xlsx"}, nil).body)))); !strings.Contains(said, "已删除") {
		t.Errorf("the list by town: %s", said)
	}
}

// manyReads lets several people read a contact.
func (w *world) manyReads() {
	w.t.Helper()
	for _, who := range []string{"duty", "approver", "inspector", "admin"} {
		w.must(200, call{who: who, path: calls.Prefix + "/recipients/E0001/papers/board"}, nil)
	}
	if err := w.svc.RecordSeen(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

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
