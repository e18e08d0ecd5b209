package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

// nowhere takes an answer in and keeps nothing of it.
type nowhere struct{ h http.Header }

func (n nowhere) Header() http.Header         { return n.h }
func (n nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n nowhere) WriteHeader(int)             {}

// The document of the interface is there already, whoever asks how often: an answer makes no copy of it, and who has it
// is told so.
func TestTheDocumentComesFromMemory(t *testing.T) {
	w := newWorld(t)
	path := call{path: "/api/v1/openapi.json"}
	first := w.must(http.StatusOK, path, nil)
	path.header = map[string]string{"If-None-Match": first.Header.Get("ETag")}
	if again := w.must(http.StatusNotModified, path, nil); again.body != "" || first.Header.Get("ETag") == "" {
		t.Errorf("who has it gets %d bytes again, ETag %q", len(again.body), first.Header.Get("ETag"))
	}
	const calls = 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		w.server.ServeHTTP(nowhere{http.Header{}}, httptest.NewRequest(http.MethodGet, "/api/v1/openapi.json", nil))
	}
	runtime.ReadMemStats(&after)
	if used := (after.TotalAlloc - before.TotalAlloc) / calls; used > uint64(len(first.body))/4 {
		t.Errorf("an answer of %d bytes takes %d bytes of memory", len(first.body), used)
	}
}

// The page that verifies bundles is for everybody, under the policy that it states of itself; who has it is told so.
func TestTheVerifyPage(t *testing.T) {
	w := newWorld(t)
	page := w.must(http.StatusOK, call{path: "/verify"}, nil)
	policy, of := page.Header.Get("Content-Security-Policy"), strings.Index(page.body, `http-equiv="Content-Security-Policy" content="`)
	own, _, _ := strings.Cut(page.body[of+len(`http-equiv="Content-Security-Policy" content="`):], `"`)
	if of < 0 || policy != own+"; frame-ancestors 'none'" || !strings.Contains(policy, "default-src 'none'; connect-src 'none'; script-src 'sha256-") {
		t.Errorf("policy %q, and of the file %q", policy, own)
	}
	if media := page.Header.Get("Content-Type"); media != "text/html; charset=utf-8" {
		t.Errorf("it is %s", media)
	}
	w.must(http.StatusNotModified, call{path: "/verify", header: map[string]string{"If-None-Match": page.Header.Get("ETag")}}, nil)
}

// A page for the public is made once while the list in force is the same, whoever asks, and anew with another list; who
// has it is told so. What is not there is not kept.
func TestPagesForThePublicAreMadeOnce(t *testing.T) {
	w := newWorld(t)
	paths := []string{"/public/list", "/public/list?town=%E5%A4%A7%E5%AF%BA%E9%95%87", "/public/list?lang=en",
		"/public/list?format=xlsx",
		"/public/list?format=xlsx&lang=en", "/public/recipients/E0001", "/public/recipients/E0001?lang=en"}
	bodies := map[string]string{}
	for range 5 {
		for _, path := range paths {
			r := w.must(http.StatusOK, call{path: path}, nil)
			if had, ok := bodies[path]; ok && had != r.body {
				t.Errorf("%s differs", path)
			}
			bodies[path] = r.body
			tag := r.Header.Get("ETag")
			if again := w.must(http.StatusNotModified, call{path: path, header: map[string]string{"If-None-Match": tag}},
				nil); tag == "" || again.body != "" {
				t.Errorf("%s: who has it gets %d bytes, ETag %q", path, len(again.body), tag)
			}
		}
	}
	if w.server.pages.made != len(paths) {
		t.Errorf("%d pages were made %d times", len(paths), w.server.pages.made)
	}
	w.refused(http.StatusNotFound, "not_found", call{path: "/public/recipients/E9999"})
	l := fixture()
	l.EffectiveFrom = "2016-06-01"
	l.Recipients = l.Recipients[:2]
	l.Recipients[0].Name = "新的名称"
	w.importList(l)
	for _, path := range paths[:3] {
		if r := w.must(http.StatusOK, call{path: path}, nil); r.body == bodies[path] {
			t.Errorf("%s is as before the list", path)
		}
	}
	if r := w.must(http.StatusOK, call{path: "/public/recipients/E0001"}, nil); !strings.Contains(r.body, "新的名称") {
		t.Errorf("the page of a recipient is as before the list: %s", r.body)
	}
}

// The page behind a board's code says what is in force as soon as it is, though it was made before.
func TestThePublicPageFollowsTheWarning(t *testing.T) {
	w := newWorld(t)
	page := call{path: "/public/recipients/E0001"}
	says := func(want string) {
		t.Helper()
		if r := w.must(http.StatusOK, page, nil); !strings.Contains(r.body, want) {
			t.Errorf("%q is not said in %s", want, r.body)
		}
	}
	says("现在没有生效的预警。")
	declare := func(body string) (id string) {
		t.Helper()
		var declared struct{ ID string }
		w.must(http.StatusCreated, call{who: "duty", path: "/api/v1/warnings", body: body}, &declared)
		return declared.ID
	}
	declare(`{"level":"red","trigger":"city_order","document_no":"津1号","issued_by":"市指挥部","reason":"演练","drill":true}`)
	says("现在没有生效的预警。")
	id := declare(`{"level":"yellow","trigger":"city_order","document_no":"津1号","issued_by":"市指挥部","reason":"预报"}`)
	says("现在：黄色（Ⅲ级）预警，自 2016-12-16 ")
	says("黄色（Ⅲ级） · 现行级别")
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/warnings/" + id + "/lift",
		body: fmt.Sprintf(`{"revision":%d,"reason":"好转"}`, w.revision(id))}, nil)
	says("现在没有生效的预警。")
}

// However many addresses of pages are thought up, what is kept of them is bounded.
func TestKeptPagesAreBounded(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("x", 4000)
	for n := range 200 {
		w.must(http.StatusOK, call{path: fmt.Sprintf("/public/list?town=%d%s", n, long)}, nil)
	}
	k := w.server.pages
	total := 0
	for key, page := range k.pages {
		total += len(key) + len(page.text)
	}
	if total != k.bytes || total > cacheBytes || len(k.pages) != 200 {
		t.Errorf("%d pages of %d bytes are kept, counted as %d", len(k.pages), total, k.bytes)
	}
	k.keep("large", cachedPage{staticPage: newStaticPage("", make([]byte, cacheBytes-10)), stamp: "s"})
	if len(k.pages) != 1 || k.bytes > cacheBytes {
		t.Errorf("%d pages of %d bytes are kept where there is no room", len(k.pages), k.bytes)
	}
	k.keep("larger", cachedPage{staticPage: newStaticPage("", make([]byte, cacheBytes+1)), stamp: "s"})
	if k.find("larger", "s") != nil || k.bytes > cacheBytes {
		t.Errorf("what is larger than all room is kept: %d bytes", k.bytes)
	}
}
