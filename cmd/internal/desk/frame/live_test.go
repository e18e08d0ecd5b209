package frame_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"

	"golang.org/x/net/html"

	"qingkong/alerts"
)

// The stream sends what changed, to whoever may see it, and renders once for all who see the same.
func TestLive(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	srv := httptest.NewServer(w.Desk)
	defer srv.Close()
	events := make(chan string, 100)
	for range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/desk/live?page=board&warning="+id, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(w.Cookie("duty"))
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }() // the request is cancelled
		if media := res.Header.Get("Content-Type"); media != "text/event-stream" {
			t.Fatalf("media %s", media)
		}
		go func() {
			s := bufio.NewScanner(res.Body)
			for s.Scan() {
				events <- s.Text()
			}
		}()
	}
	wait := func(want string, times int) {
		t.Helper()
		for end := time.After(10 * time.Second); times > 0; {
			select {
			case line := <-events:
				if strings.Contains(line, want) {
					times--
				}
			case <-end:
				t.Fatalf("%q did not come %d times more", want, times)
			}
		}
	}
	wait("已确认 0", 5)
	began := time.Now()
	w.Post(303, "E0001", "/desk/orders/"+id+"-E0001-1/acknowledge", url.Values{"key": {frame.NewKey()}})
	wait("已确认 1", 5)
	if took := time.Since(began); took > 3*time.Second { // bench console measures it; here the machine is shared
		t.Errorf("it took %v to the screen", took)
	}
}

// stream opens the stream of a session and gives its lines.
func stream(t *testing.T, srv *httptest.Server, cookie *http.Cookie, query string) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/desk/live?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(cookie)
	r.Header.Set("Accept", "text/event-stream")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() }) // the request is cancelled
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the stream of %s: %s", query, res.Status)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// until reads a stream up to a line.
func until(t *testing.T, lines <-chan string, want string) {
	t.Helper()
	for end := time.After(time.Minute); ; {
		select {
		case line, open := <-lines:
			if line == want {
				return
			}
			if !open {
				t.Fatalf("the stream ends before %q", want)
			}
		case <-end:
			t.Fatalf("%q does not come", want)
		}
	}
}

// One stream serves the pages of all tabs of a browser, each part with the place of its page; so many and no more.
func TestOneStreamOfSeveralPages(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	srv := httptest.NewServer(w.Desk)
	t.Cleanup(srv.Close) // after its streams, which it waits for
	pages := url.Values{"of": {"page=none", "page=board&warning=" + id, "page=home"}}
	lines := stream(t, srv, w.Cookie("duty"), pages.Encode())
	for _, head := range []string{"data: 1 summary", "data: 2 home", "data: * health", "data: * queue-n"} {
		until(t, lines, head)
	}
	w.Post(303, "E0001", "/desk/orders/"+id+"-E0001-1/object", url.Values{"note": {"n"}, "key": {frame.NewKey()}})
	until(t, lines, "data: * queue-n")

	pages["of"] = make([]string, 13)
	if r := w.As("duty", "/desk/live?"+pages.Encode(), nil); r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("13 pages: %d", r.StatusCode)
	}
}

// A page that stays open is a use of its session, which lasts as long as the login does; then the stream says that it is
// over, also to whoever asks for it without a session.
func TestAnOpenPageIsAUseOfItsSession(t *testing.T) {
	w := desktest.New(t)
	cookie := w.Cookie("duty")
	srv := httptest.NewServer(w.Desk)
	t.Cleanup(srv.Close) // after its streams, which it waits for
	lines := stream(t, srv, cookie, "page=home")
	for range 5 { // seven hours and a half, with two at most between uses
		w.Elapse(90 * time.Minute)
		until(t, lines, "event: beat")
		until(t, lines, "event: beat") // the first may have been on its way
	}
	r := httptest.NewRequest(http.MethodGet, "/desk", nil)
	r.AddCookie(cookie)
	if w.Sessions.Who(r) == nil {
		t.Fatal("the session is over under an open page")
	}
	w.Elapse(5 * time.Hour)
	until(t, lines, "event: over")
	until(t, stream(t, srv, cookie, "page=home"), "event: over")
}

func TestLookAndPublic(t *testing.T) {
	w := desktest.New(t)
	r := w.Post(303, "", "/desk/look", url.Values{"lang": {frame.EN}, "theme": {"dark"}, "back": {"//evil"}})
	if len(r.Cookies()) != 2 || r.Header.Get("Location") != "/desk" {
		t.Errorf("cookies %v to %s", r.Cookies(), r.Header.Get("Location"))
	}
	public := w.As("", "/", nil, "Cookie", frame.LangCookie+"="+frame.EN+"; "+frame.ThemeCookie+"=dark")
	if !strings.Contains(public.Text, `data-theme="dark"`) || !strings.Contains(public.Text, "No warning in force") {
		t.Errorf("public page: %s", public.Text)
	}
	w.Declared(alerts.Red, false)
	if text := desktest.TextOf(w.Get(200, "", "/")); strings.Contains(text, "红色") {
		t.Errorf("what is not approved is public: %s", text)
	}
	if r := w.As("duty", "/", nil); r.Header.Get("Location") != "/desk" {
		t.Errorf("logged in, / leads to %s", r.Header.Get("Location"))
	}
	cross := w.As("duty", "/desk/declare", url.Values{"level": {"red"}}, "Sec-Fetch-Site", "cross-site")
	if cross.StatusCode != http.StatusForbidden {
		t.Errorf("another site's form: %d", cross.StatusCode)
	}
}

// What a page loads has a name of its own content, and is served for ever.
func TestStaticIsServedForEver(t *testing.T) {
	w := desktest.New(t)
	loaded := 0
	desktest.Each(w.Get(200, "", "/login"), func(e *html.Node) {
		path := desktest.Attr(e, "href") + desktest.Attr(e, "src")
		if !strings.HasPrefix(path, "/desk/static/") {
			return
		}
		loaded++
		if r := w.As("", path, nil); r.StatusCode != 200 || !strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", path, r.StatusCode, r.Header)
		}
	})
	if loaded != 6 {
		t.Errorf("a page loads %d files", loaded)
	}
	w.Get(404, "", "/desk/static/desk.css")
}

// Whatever rows readers of a call sheet's page have, and on whichever way they came to it, they share one reading of
// it; another page is another reading.
func TestReadersOfACallSheetShareItsHead(t *testing.T) {
	w := desktest.New(t)
	path := "page=calls&warning=" + w.Ordered()
	srv := httptest.NewServer(w.Desk)
	t.Cleanup(srv.Close) // after its streams, which it waits for
	for _, c := range []struct {
		user, query string
		readings    int
	}{{"duty", "", 1}, {"duty", "&drawn=1&back=-", 1}, {"duty2", "&drawn=2&limit=50", 1}, {"duty", "&limit=1", 2}} {
		until(t, stream(t, srv, w.Cookie(c.user), path+c.query), "event: calls-head")
		if n := w.Desk.Fragments("calls-head"); n != c.readings {
			t.Errorf("%s%s: %d readings, want %d", c.user, c.query, n, c.readings)
		}
	}
}
