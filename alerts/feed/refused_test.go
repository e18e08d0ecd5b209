package feed

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
)

// aside lists what lies in the folder of refused documents, and gives the text of the explanation of the last.
func (r *reader) aside() (documents []string, why string) {
	r.t.Helper()
	entries, err := os.ReadDir(r.refusedFolder())
	if os.IsNotExist(err) {
		return nil, ""
	}
	must(r.t, err)
	for _, e := range entries {
		if text, err := os.ReadFile(filepath.Join(r.refusedFolder(), e.Name())); strings.HasSuffix(e.Name(), whyEnding) {
			must(r.t, err)
			why = string(text)
		} else {
			documents = append(documents, e.Name())
		}
	}
	return documents, why
}

// What an address brought and was refused is put aside as it came, with why; Status says where and how much.
func TestRefusedDocumentOfAnAddressIsPutAside(t *testing.T) {
	for name, tt := range map[string]struct {
		body, kind string
		answer     error
		ending     string
		why        string
	}{
		"by the handler": {"date,aqi\n2016-12-16,5oo\n", "text/csv", wrong(), ".csv", "“5oo”不是 AQI；请写 0 至 500 的整数"},
		"no text":        {"date,aqi\n\x00", "text/csv", nil, ".csv", "第 2 行"},
		"a page":         {"<html>sign in</html>", "text/html", nil, ".txt", "text/html"},
	} {
		t.Run(name, func(t *testing.T) {
			p, h := newPublisher(t, tt.body, map[string]string{"ETag": "one", "Content-Type": tt.kind}),
				&desk{answer: func(Document) error { return tt.answer }}
			state := t.TempDir()
			r := newReader(t, Source{URL: p.URL + "/f?key=s3cret"}, state, h)
			if s := r.status(); s.Refused.Total != 0 || s.Refused.Kept != 0 {
				t.Errorf("before: %+v", s.Refused)
			}
			r.looks(3)
			documents, why := r.aside()
			if len(documents) != 1 || !strings.HasSuffix(documents[0], tt.ending) {
				t.Fatalf("put aside: %q", documents)
			}
			if body, err := os.ReadFile(filepath.Join(r.refusedFolder(), documents[0])); err != nil || string(body) != tt.body {
				t.Errorf("kept %q (%v)", body, err)
			}
			if !strings.Contains(why, "晴空没有采用") || !strings.Contains(why, "Qingkong did not take") ||
				!strings.Contains(why, tt.why) || strings.Contains(why, "s3cret") {
				t.Errorf("the explanation says %s", why)
			}
			again := newReader(t, Source{URL: p.URL + "/f?key=s3cret"}, state, h) // after a restart
			for _, s := range []Status{r.status(), again.status()} {
				last := s.Refused.Last
				if s.Refused.Total != 1 || s.Refused.Kept != 1 || s.Refused.Folder != r.refusedFolder() ||
					last.File != documents[0] || last.Document != p.URL+"/f" ||
					!strings.Contains(last.Why["zh-CN"], tt.why) || last.Why["en"] == "" || last.At.IsZero() {
					t.Errorf("status %+v", s.Refused)
				}
			}
		})
	}
}

// A document that is too large is not kept; why it was refused is.
func TestTooLargeDocumentIsExplained(t *testing.T) {
	p, h := newPublisher(t, strings.Repeat("x", maxSize+1), map[string]string{"ETag": "one"}), &desk{}
	r := newReader(t, Source{URL: p.URL, Format: "csv"}, t.TempDir(), h)
	r.looks(2)
	documents, why := r.aside()
	if len(documents) != 0 || !strings.Contains(why, "16777216") {
		t.Errorf("kept %q, explained by %s", documents, why)
	}
	if s := r.status().Refused; s.Total != 1 || s.Kept != 0 || s.Last.File != "" {
		t.Errorf("status %+v", s)
	}
}

// A publisher that goes on with what is refused fills no disk: the newest are kept, the same one once.
func TestRefusedDocumentsAreBounded(t *testing.T) {
	n, body := 0, ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
	defer srv.Close()
	h := &desk{answer: func(Document) error { return refusal.New(refusal.Invalid, "input.required", nil) }}
	r := newReader(t, Source{URL: srv.URL + "/f.csv"}, t.TempDir(), h)
	look := func(text string) { n++; body = text; r.looks(1) }
	for i := range keptRefused + 5 {
		look(fmt.Sprintf("date,aqi\n%d\n", i))
	}
	look("date,aqi\n10\n") // published before, and again after another
	documents, _ := r.aside()
	if len(documents) != keptRefused {
		t.Errorf("%d documents are kept, want %d", len(documents), keptRefused)
	}
	var bodies []string
	for _, name := range documents {
		text, err := os.ReadFile(filepath.Join(r.refusedFolder(), name))
		must(t, err)
		bodies = append(bodies, strings.TrimPrefix(strings.TrimSpace(string(text)), "date,aqi\n"))
	}
	if slices.Contains(bodies, "4") || !slices.Contains(bodies, "5") ||
		!slices.Contains(bodies, fmt.Sprint(keptRefused+4)) {
		t.Errorf("kept are %q", bodies)
	}
	entries, err := os.ReadDir(r.refusedFolder())
	must(t, err)
	if len(entries) != 2*keptRefused {
		t.Errorf("%d files for %d documents", len(entries), keptRefused)
	}
	if s := r.status().Refused; s.Total != n || s.Kept != keptRefused {
		t.Errorf("status %+v after %d", s, n)
	}
	look("date,aqi\n" + strings.Repeat("1", keptRefusedBytes/4))
	look("date,aqi\n" + strings.Repeat("2", maxSize/2))
	if documents, _ = r.aside(); len(documents) > keptRefused {
		t.Errorf("%d documents", len(documents))
	}
	for i := range 6 {
		look(fmt.Sprintf("%d", i) + strings.Repeat("3", maxSize-10))
	}
	total := int64(0)
	entries, err = os.ReadDir(r.refusedFolder())
	must(t, err)
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		total += info.Size()
	}
	if total > keptRefusedBytes+(1<<16) {
		t.Errorf("%d bytes are kept, want at most %d", total, keptRefusedBytes)
	}
}

// Where nothing can be put aside the document is refused all the same, once, and that is said.
func TestRefusedDocumentThatCannotBeKept(t *testing.T) {
	p, h := newPublisher(t, "date,aqi\n", map[string]string{"ETag": "one"}),
		&desk{answer: func(Document) error { return wrong() }}
	r := newReader(t, Source{URL: p.URL + "/f.csv"}, t.TempDir(), h)
	must(t, os.MkdirAll(filepath.Dir(r.refusedFolder()), 0o700))
	must(t, os.WriteFile(r.refusedFolder(), nil, 0o600)) // a file stands in the folder's place
	r.looks(3)
	p.wantAnswered(t, "200", "304", "304")
	if s := r.status().Refused; s.Total != 1 || s.Kept != 0 || s.Last.File != "" || s.Last.Why["en"] == "" ||
		!strings.Contains(r.log.String(), "could not be kept") {
		t.Errorf("status %+v\n%s", s, &r.log)
	}
}

// A folder tells the same of the files it refused.
func TestStatusOfRefusedFiles(t *testing.T) {
	in := newInbox(t)
	f := in.start(in.source()).feeds[0]
	in.stop()
	in.put("a.csv", "date,aqi\n")
	arrivals, err := f.arrivals()
	must(t, err)
	must(t, f.answered(arrivals[0], wrong().(*refusal.Error)))
	s := f.status().Refused
	if s.Total != 1 || s.Kept != 1 || s.Folder != filepath.Join(in.dir, "refused") || s.Last.File != "a.csv" ||
		s.Last.Document != "a.csv" || s.Last.Why["zh-CN"] == "" {
		t.Errorf("status %+v", s)
	}
}
