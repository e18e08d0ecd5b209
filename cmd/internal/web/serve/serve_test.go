package serve_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/web/serve"
)

// A face that answers with rule and status alone, and what it logged.
func face(log *bytes.Buffer) *serve.Face {
	f := &serve.Face{Log: slog.New(slog.NewTextHandler(log, nil)), Policy: "default-src 'none'", Referrer: "no-referrer",
		NoAnswer: "http.no_answer"}
	f.Refuse = func(w http.ResponseWriter, r *http.Request, err error) {
		e, status := f.Told(r, err)
		w.WriteHeader(status)
		fmt.Fprint(w, e.Rule)
	}
	return f
}

// What is told of an error: a refusal as it is, nothing of what went wrong inside, which the log alone has.
func TestWhatIsTold(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		rule   string
		logged string
	}{
		{refusal.New(refusal.Forbidden, "auth.forbidden", nil), 403, "auth.forbidden", ""},
		{fmt.Errorf("the act: %w", refusal.New(refusal.StaleRevision, "input.stale", nil)), 409, "input.stale", ""},
		{refusal.New(refusal.Invalid, "input.not_json", nil), 400, "input.not_json", ""},
		{refusal.New(refusal.NotFound, "http.method", nil), 405, "http.method", ""},
		{refusal.New(refusal.Invalid, "input.required", nil), 422, "input.required", ""},
		{refusal.New("no_such_code", "input.required", nil), 500, "internal", "level=ERROR"},
		{context.DeadlineExceeded, 503, "http.no_answer", "level=WARN"},
		{fmt.Errorf("reading: %w", journal.ErrClosed), 503, "http.no_answer", "level=WARN"},
		{errors.New("the secret of the house"), 500, "internal", "the secret of the house"},
	} {
		var log bytes.Buffer
		w := httptest.NewRecorder()
		f := face(&log)
		f.Refuse(w, httptest.NewRequest("GET", "/a", nil), c.err)
		if w.Code != c.status || w.Body.String() != c.rule || (c.logged == "") != (log.Len() == 0) ||
			!strings.Contains(log.String(), c.logged) {
			t.Errorf("%v: %d %s; log %q", c.err, w.Code, w.Body, &log)
		}
	}
}

// A panic is an answer and a log line with its stack; one that means to cut the connection goes on.
func TestRecover(t *testing.T) {
	var log bytes.Buffer
	f := face(&log)
	serves := func(v any) (w *httptest.ResponseRecorder, went any) {
		defer func() { went = recover() }()
		w = httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/a", nil)
		defer f.Recover(w, r)
		panic(v)
	}
	if w, went := serves("out of range"); w.Code != 500 || went != nil ||
		!strings.Contains(log.String(), "out of range") || !strings.Contains(log.String(), "serve_test.go") {
		t.Errorf("%d, %v, log %q", w.Code, went, &log)
	}
	if _, went := serves(http.ErrAbortHandler); went != http.ErrAbortHandler {
		t.Errorf("an abort: %v", went)
	}
}

// What a page of another site has a browser send is refused, but for what such a page cannot make up.
func TestSameOrigin(t *testing.T) {
	var log bytes.Buffer
	f := face(&log)
	f.Safe = func(r *http.Request) bool { return r.Header.Get("Authorization") != "" }
	h := f.SameOrigin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }))
	for _, c := range []struct {
		method, origin, token string
		status                int
	}{
		{"POST", "https://evil.example", "", 403},
		{"POST", "https://evil.example", "Bearer x", 204},
		{"GET", "https://evil.example", "", 204},
		{"POST", "http://example.com", "", 204},
		{"POST", "", "", 204},
	} {
		r := httptest.NewRequest(c.method, "http://example.com/a", nil)
		for name, value := range map[string]string{"Origin": c.origin, "Authorization": c.token} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}

// A form of a file and named texts. Whatever else it has is refused, and no file stays in the folder.
func TestReadForm(t *testing.T) {
	type sent struct{ name, file, text string }
	file := sent{"file", "清单.xlsx", "content"}
	for _, c := range []struct {
		name  string
		parts []sent
		wrong string
	}{
		{"a file and its key", []sent{{"key", "", "k1"}, file}, ""},
		{"no text", []sent{file}, ""},
		{"two files", []sent{file, file}, "list.upload_part"},
		{"another part", []sent{file, {"else", "", "x"}}, "list.upload_part"},
		{"a text twice", []sent{{"key", "", "k1"}, {"key", "", "k2"}, file}, "list.upload_part"},
		{"a text that may come twice", []sent{{"note", "", "n1"}, {"note", "", "n2"}, file}, ""},
		{"and comes thrice", []sent{{"note", "", "n1"}, {"note", "", "n2"}, {"note", "", "n3"}, file}, "list.upload_part"},
		{"a text as long as it may be", []sent{{"note", "", "12345678"}, file}, ""},
		{"a longer one", []sent{{"note", "", "123456789"}, file}, "input.too_large"},
		{"texts of which the beginning is known", []sent{{"value.M1", "", "1"}, {"value.M2", "", "2"}, file}, ""},
		{"more of them", []sent{{"value.M1", "", "1"}, {"value.M2", "", "2"}, {"value.M3", "", "3"}, file}, "list.upload_part"},
		{"one of them with a long name", []sent{{"value." + strings.Repeat("M", 200), "", "1"}, file}, "list.upload_part"},
		{"no file", []sent{{"key", "", "k1"}}, "list.upload_broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var body bytes.Buffer
			form := multipart.NewWriter(&body)
			for _, p := range c.parts {
				part := form.CreateFormField
				if p.file != "" {
					part = func(name string) (io.Writer, error) { return form.CreateFormFile(name, p.file) }
				}
				w, err := part(p.name)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprint(w, p.text)
			}
			_ = form.Close()
			dir := t.TempDir()
			texts := url.Values{}
			up, err := serve.ReadForm(multipart.NewReader(&body, form.Boundary()), dir, texts, serve.Text{Name: "key", Bytes: 200, Times: 1},
				serve.Text{Name: "note", Bytes: 8, Times: 2}, serve.Text{Name: "value.*", Bytes: 8, Times: 2})
			want := url.Values{}
			for _, p := range c.parts {
				if p.file == "" && c.wrong == "" {
					want.Add(p.name, p.text)
				}
			}
			if c.wrong == "" && !maps.EqualFunc(texts, want, slices.Equal) {
				t.Errorf("texts %v, want %v", texts, want)
			}
			if c.wrong == "" {
				if err != nil {
					t.Fatal(err)
				}
				if data, err := up.Bytes(); err != nil || string(data) != "content" || up.Name != "清单.xlsx" {
					t.Errorf("%q, %v, %+v", data, err, up)
				}
				_ = up.Close()
			} else if e := (*refusal.Error)(nil); !errors.As(err, &e) || up != nil || e.Rule != c.wrong && (len(e.Fields) != 1 ||
				e.Fields[0].Rule != c.wrong) {
				t.Errorf("%v, %v", up, err)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("left in the folder: %v", left)
			}
		})
	}
}

// Of a form that is refused there are the texts that came before what was wrong; what comes before its file can be read
// alone.
func TestTextsOfAFormThatIsRefused(t *testing.T) {
	const body = "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nwhat happened\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncut off"
	note := serve.Text{Name: "note", Bytes: 100, Times: 1}
	whole, before := url.Values{}, url.Values{}
	if up, err := serve.ReadForm(multipart.NewReader(strings.NewReader(body), "b"), t.TempDir(), whole, note); err == nil || up != nil {
		t.Error("a form that is cut off is taken")
	}
	serve.ReadTexts(multipart.NewReader(strings.NewReader(body), "b"), before, note)
	if whole.Get("note") != "what happened" || before.Get("note") != "what happened" {
		t.Errorf("%v, %v", whole, before)
	}
}
