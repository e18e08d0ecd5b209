package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"qingkong/alerts/refusal"
)

// publisher is a server that has one document, and notes what it was asked and how it answered.
type publisher struct {
	*httptest.Server
	mu     sync.Mutex
	body   string
	header map[string]string
	status int // 0 = 200
	asked  []string
}

func newPublisher(t *testing.T, body string, header map[string]string) *publisher {
	p := &publisher{body: body, header: header}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, v := range p.header {
		w.Header().Set(k, v)
	}
	status := max(p.status, http.StatusOK)
	if p.status == 0 && (match(r, "If-None-Match", p.header["ETag"]) ||
		match(r, "If-Modified-Since", p.header["Last-Modified"])) {
		status = http.StatusNotModified
	}
	p.asked = append(p.asked, strconv.Itoa(status))
	w.WriteHeader(status)
	if status == http.StatusOK {
		fmt.Fprint(w, p.body)
	}
}

func match(r *http.Request, name, value string) bool {
	return value != "" && r.Header.Get(name) == value
}

// set changes what is published.
func (p *publisher) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *publisher) wantAnswered(t *testing.T, want ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Equal(p.asked, want) {
		t.Errorf("answered %v, want %v", p.asked, want)
	}
}

// reader is a url feed whose looks the test makes itself, for sockets do not belong in a bubble.
type reader struct {
	*feed
	t    *testing.T
	desk *desk
	log  bytes.Buffer
}

func newReader(t *testing.T, s Source, state string, h *desk) *reader {
	t.Helper()
	r := &reader{t: t, desk: h}
	s.Name, s.Kind, s.Source, s.Schedule = "emc", "url", "tianjin-emc", "@daily"
	feeds, err := New([]Source{s}, state, keepIn(state), h, slog.New(slog.NewTextHandler(&r.log, nil)))
	must(t, err)
	r.feed = feeds.feeds[0]
	r.begin(time.Now())
	t.Cleanup(r.client.CloseIdleConnections)
	return r
}

func (r *reader) looks(n int) (again time.Duration) {
	for range n {
		again = r.look(r.t.Context())
	}
	return again
}

func TestConditionalRequests(t *testing.T) {
	for name, header := range map[string]map[string]string{
		"ETag":          {"ETag": `W/"1"`},
		"Last-Modified": {"Last-Modified": "Sat, 17 Dec 2016 00:30:00 GMT"},
	} {
		t.Run(name, func(t *testing.T) {
			p, h, state := newPublisher(t, `{"days":[]}`, header), &desk{}, t.TempDir()
			r := newReader(t, Source{URL: p.URL + "/f.json"}, state, h)
			r.looks(3)
			p.wantAnswered(t, "200", "304", "304")
			taken := r.get().TakenAt
			if taken.IsZero() {
				t.Error("that a document was taken is not kept")
			}

			r = newReader(t, Source{URL: p.URL + "/f.json"}, state, h)
			time.Sleep(2 * time.Millisecond) // the least that TakenAt could move by
			r.looks(1)
			p.wantAnswered(t, "200", "304", "304", "304")
			h.wantAsked(t, p.URL+"/f.json json")
			if got := r.get().TakenAt; !got.Equal(taken) {
				t.Errorf("304 moved what silence is counted from, from %v to %v", taken, got)
			}

			newReader(t, Source{URL: p.URL + "/g.json"}, state, h).looks(1) // another address: not conditional
			p.wantAnswered(t, "200", "304", "304", "304", "200")
			h.wantAsked(t, p.URL+"/f.json json", p.URL+"/g.json json")
		})
	}
}

func TestSameBodyIsNotOfferedAgain(t *testing.T) {
	p, h, state := newPublisher(t, "date,aqi\n", map[string]string{"ETag": "one"}), &desk{}, t.TempDir()
	r := newReader(t, Source{URL: p.URL + "/f.csv"}, state, h)
	r.looks(1)
	taken := r.get().TakenAt
	p.set(func() { p.header = map[string]string{"ETag": "two"} })
	time.Sleep(2 * time.Millisecond)
	r.looks(2) // 200 with a new validator, which must then be used
	p.set(func() { p.header = nil })
	r.looks(2)
	newReader(t, Source{URL: p.URL + "/f.csv"}, state, h).looks(1)
	p.wantAnswered(t, "200", "200", "304", "200", "200", "200")
	h.wantAsked(t, p.URL+"/f.csv csv")
	if got := r.get().TakenAt; !got.Equal(taken) {
		t.Errorf("the same body moved what silence is counted from")
	}
	p.set(func() { p.body = "date,aqi\n2016-12-17,230\n" })
	r.looks(1)
	h.wantAsked(t, p.URL+"/f.csv csv", p.URL+"/f.csv csv")
}

// Validators of a document that was not taken would make the server withhold it from then on.
func TestValidatorsAreKeptOnlyAfterTheAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		answers  []error
		answered []string
		again    bool // after the first look
	}{
		"not ready": {[]error{refusal.New(refusal.NotReady, "watch.starting", nil), errors.New("timeout"), nil},
			[]string{"200", "200", "200", "304"}, true},
		"refused": {[]error{wrong()}, []string{"200", "304", "304", "304"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, h := newPublisher(t, `{"days":[]}`, map[string]string{"ETag": "one", "Content-Type": "application/json"}), &desk{}
			h.answer = func(Document) error {
				if n := len(h.asked) - 1; n < len(tt.answers) {
					return tt.answers[n]
				}
				t.Error("offered once more")
				return nil
			}
			r := newReader(t, Source{URL: p.URL}, t.TempDir(), h)
			if again := r.looks(1); (again > 0) != tt.again || again > retryMax {
				t.Errorf("looks again after %v, want soon: %v", again, tt.again)
			}
			r.looks(3)
			p.wantAnswered(t, tt.answered...)
		})
	}
}

func TestRetryGrowsToItsLimit(t *testing.T) {
	var f feed
	last := time.Duration(0)
	for range 100 {
		wait := f.retry()
		if wait < last || wait < retryFirst || wait > retryMax {
			t.Fatalf("wait %v after %v", wait, last)
		}
		last = wait
	}
	if last != retryMax {
		t.Errorf("ends at %v, want %v", last, retryMax)
	}
}

func TestServerTroubleIsTriedAgainOnSchedule(t *testing.T) {
	p, h := newPublisher(t, "date,aqi\n", nil), &desk{}
	r := newReader(t, Source{URL: p.URL + "/f.csv"}, t.TempDir(), h)
	for _, status := range []int{http.StatusInternalServerError, http.StatusNotFound, http.StatusNoContent} {
		p.set(func() { p.status = status })
		if again := r.looks(1); again != 0 {
			t.Errorf("status %d: looks again after %v, want by the schedule", status, again)
		}
		if !strings.Contains(r.log.String(), strconv.Itoa(status)) {
			t.Errorf("status %d is not logged", status)
		}
	}
	h.wantAsked(t)
	p.set(func() { p.status = 0 })
	r.looks(1)
	h.wantAsked(t, p.URL+"/f.csv csv")
}

func TestBodyCutShortIsNoDocument(t *testing.T) {
	cut := true
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", "one")
		if cut {
			w.Header().Set("Content-Length", "1000")
		}
		fmt.Fprint(w, "date,aqi\n")
	}))
	defer srv.Close()
	h := &desk{}
	r := newReader(t, Source{URL: srv.URL + "/f.csv"}, t.TempDir(), h)
	r.looks(1)
	h.wantAsked(t)
	if got := r.get().Address; got != (address{}) {
		t.Errorf("remembered %+v", got)
	}
	cut = false
	r.looks(1)
	h.wantAsked(t, srv.URL+"/f.csv csv")
}

func TestTooLargeBodyIsRefused(t *testing.T) {
	p, h := newPublisher(t, strings.Repeat("x", maxSize+1), map[string]string{"ETag": "one"}), &desk{}
	r := newReader(t, Source{URL: p.URL, Format: "csv"}, t.TempDir(), h)
	r.looks(2)
	h.wantAsked(t)
	p.wantAnswered(t, "200", "304")
	if !strings.Contains(r.log.String(), "larger than the limit") {
		t.Errorf("not logged: %s", &r.log)
	}
}

func TestRedirects(t *testing.T) {
	var last atomic.Pointer[http.Header]
	mux := http.NewServeMux()
	mux.HandleFunc("/{n}/f.csv", func(w http.ResponseWriter, r *http.Request) {
		if n, _ := strconv.Atoi(r.PathValue("n")); n > 0 {
			http.Redirect(w, r, fmt.Sprintf("/%d/f.csv?key=s3cret", n-1), http.StatusFound)
			return
		}
		fmt.Fprint(w, "date,aqi\n")
	})
	mux.HandleFunc("/ftp", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "ftp://user:s3cret@example.com/f.csv", http.StatusFound)
	})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Clone()
		last.Store(&header)
		mux.ServeHTTP(w, r)
	}))
	defer srv.Close()
	for path, taken := range map[string]int{"/0/f.csv": 1, "/5/f.csv": 1, "/6/f.csv": 0, "/ftp": 0} {
		h := &desk{}
		r := newReader(t, Source{URL: srv.URL + path + "?key=s3cret", Format: "csv"}, t.TempDir(), h)
		r.looks(1)
		if len(h.taken) != taken {
			t.Errorf("%s: %d documents taken, want %d\n%s", path, len(h.taken), taken, &r.log)
		}
		if asked := last.Load(); asked.Get("Referer") != "" || asked.Get("User-Agent") != "qingkong" {
			t.Errorf("%s: asked with %v", path, asked)
		}
		if path == "/ftp" && !strings.Contains(r.log.String(), "neither http nor https") {
			t.Errorf("%s: %s", path, &r.log)
		}
		if strings.Contains(r.log.String(), "s3cret") {
			t.Errorf("%s: the key is in the log:\n%s", path, &r.log)
		}
	}
}

func TestSecretsOfAnAddressAreNotShown(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"taken":      func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "date,aqi\n") },
		"refused":    func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "bad") },
		"not ready":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "later") },
		"not text":   func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "\x00") },
		"status":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"hangs up":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"bad moving": func(w http.ResponseWriter, _ *http.Request) { movedTo(w, "http://user:s3cret@host:port/?k=s3cret") },
		"moved away": func(w http.ResponseWriter, _ *http.Request) { movedTo(w, "http://user:s3cret@127.0.0.1:1/?k=s3cret") },
	} {
		t.Run(name, func(t *testing.T) {
			var authorised atomic.Bool
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				user, password, _ := r.BasicAuth()
				authorised.Store(user == "s3cretuser" && password == "s3cretword" && r.URL.Query().Get("key") == "s3cretkey")
				serve(w, r)
			}))
			defer srv.Close()
			h := &desk{answer: func(d Document) error {
				switch string(d.Body) {
				case "bad":
					return wrong()
				case "later":
					return errors.New("not ready")
				}
				return nil
			}}
			address := strings.Replace(srv.URL, "//", "//s3cretuser:s3cretword@", 1) + "/f.csv?key=s3cretkey#s3cret"
			state := t.TempDir()
			r := newReader(t, Source{URL: address}, state, h)
			r.looks(1)
			if !authorised.Load() {
				t.Error("the server did not get what it asks for")
			}
			if r.log.Len() == 0 || strings.Contains(r.log.String(), "s3cret") {
				t.Errorf("log:\n%s", &r.log)
			}
			if len(h.asked) > 0 && h.asked[0].Name != srv.URL+"/f.csv" {
				t.Errorf("Name = %s", h.asked[0].Name)
			}
		})
	}
}

func movedTo(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusFound)
}

func TestResponse(t *testing.T) {
	for _, tt := range []struct {
		name, format, path, kind, modified string
		want, at                           string // format; At, "" = about now
	}{
		{"by type", "", "/f", "application/json; charset=utf-8", "", "json", ""},
		{"by suffix of the type", "", "/f.csv", "application/geo+json", "", "json", ""},
		{"CSV by type", "", "/f", "text/csv", "", "csv", ""},
		{"by ending", "", "/f.JSON", "text/plain", "", "json", ""},
		{"CSV by ending", "", "/f.csv", "application/octet-stream", "", "csv", ""},
		{"the configuration comes first", "csv", "/f.json", "application/json", "", "csv", ""},
		{"a page", "", "/f.csv", "text/html", "", "", ""},
		{"nothing says", "", "/f", "text/plain", "", "", ""},
		{"modified", "json", "/f", "", "Sat, 17 Dec 2016 00:30:00 GMT", "json", "2016-12-17T08:30:00+08:00"},
		{"modified in the future", "json", "/f", "", "Sat, 17 Dec 2186 00:30:00 GMT", "json", ""},
		{"modified never", "json", "/f", "", "yesterday", "json", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, h := newPublisher(t, "\ufeff{}", map[string]string{"Content-Type": tt.kind, "Last-Modified": tt.modified}),
				&desk{}
			r := newReader(t, Source{URL: p.URL + tt.path, Format: tt.format}, t.TempDir(), h)
			r.looks(1)
			if tt.want == "" {
				h.wantAsked(t)
				if !strings.Contains(r.log.String(), "set the feed's format") {
					t.Errorf("log: %s", &r.log)
				}
				return
			}
			h.wantAsked(t, p.URL+tt.path+" "+tt.want)
			if t.Failed() {
				return
			}
			d := h.taken[0]
			if string(d.Body) != "{}" || d.Feed != "emc" || d.Source != "tianjin-emc" {
				t.Errorf("document %+v", d)
			}
			if _, offset := d.At.Zone(); offset != 8*3600 {
				t.Errorf("At = %v, not in Shanghai", d.At)
			}
			if got := d.At.Format(time.RFC3339); tt.at != "" && got != tt.at || tt.at == "" &&
				time.Since(d.At).Abs() > time.Minute {
				t.Errorf("At = %s, want %s", got, tt.at)
			}
		})
	}
}

// Run must see to an address at once, and end although the server keeps it waiting.
func TestRunOfAnAddress(t *testing.T) {
	hang := make(chan struct{})
	asked := make(chan struct{}, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-hang
	}))
	defer srv.Close()
	defer close(hang)
	s := Source{Name: "emc", Kind: "url", URL: srv.URL, Schedule: "@daily", Source: "tianjin-emc"}
	feeds, err := New([]Source{s}, t.TempDir(), keepIn(t.TempDir()), &desk{}, nil)
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); feeds.Run(ctx) }()
	<-asked
	cancel()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("Run does not end")
	}
}
