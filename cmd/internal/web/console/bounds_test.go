package console

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/service/servicetest"
)

// Of forms that nobody finishes few are held, however many are begun: of who is not signed in those beyond are refused and not read, a
// login that carries nothing over is let in meanwhile, and so is who is signed in.
func TestUnfinishedFormsOfNobodyAreFew(t *testing.T) {
	w := newWorld(t)
	srv := httptest.NewServer(w.desk)
	t.Cleanup(srv.Close)
	const many = 20
	for name, path := range map[string]string{"of logins": "/login", "of a page": "/desk/declare"} {
		t.Run(name, func(t *testing.T) {
			refused := make(chan int, many)
			var conns []net.Conn
			for range many {
				conn, err := net.Dial("tcp", srv.Listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				conns = append(conns, conn)
				_, _ = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: q\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 900000\r\n\r\nuser=", path)
				go func() {
					res, err := http.ReadResponse(bufio.NewReader(conn), nil)
					if err == nil {
						refused <- res.StatusCode
					}
				}()
			}
			for n := range many - 2 { // two of an address go on
				select {
				case status := <-refused:
					if status != http.StatusTooManyRequests {
						t.Fatalf("answer %d is %d", n, status)
					}
				case <-time.After(30 * time.Second):
					t.Fatalf("%d of %d unfinished forms were answered", n, many)
				}
			}
			if to := w.post(http.StatusSeeOther, "", "/login", url.Values{"user": {"duty"}, "password": {w.passwords["duty"]}}); to.Header.Get("Location") != "/desk" {
				t.Errorf("a login leads to %s", to.Header.Get("Location"))
			}
			w.get(http.StatusOK, "duty", "/desk")
			for _, c := range conns {
				_ = c.Close()
			}
		})
	}
}

// A long text that somebody typed before the session ended is carried over all the same.
func TestALongTextIsCarriedOverALogin(t *testing.T) {
	w := newWorld(t)
	form := values(w.get(http.StatusOK, "duty", "/desk/declare"))
	form.Set("notice_text", strings.Repeat("文", 15_000))
	w.expire("duty")
	page := parsed(t, w.as("", "/desk/declare", form).body)
	if got := values(page).Get("typed.notice_text"); got != form.Get("notice_text") {
		t.Errorf("%d bytes are carried over", len(got))
	}
}

// What the public sees at "/" is rendered once for all who look at the same time, and says at once what is new; another address
// shows nothing that a crowd was shown.
func TestThePublicsPageIsRenderedOnceForACrowd(t *testing.T) {
	w := newWorld(t)
	d := w.desk.(*Desk).d
	first := w.as("", "/", nil)
	for range 50 {
		if r := w.as("", "/", nil); r.body != first.body || r.StatusCode != http.StatusOK {
			t.Fatalf("another page, status %d", r.StatusCode)
		}
	}
	if n := len(d.publicPages.pages); n != 1 {
		t.Errorf("%d pages are kept", n)
	}
	tag := first.Header.Get("ETag")
	if r := w.as("", "/", nil, "If-None-Match", tag); r.StatusCode != http.StatusNotModified || r.body != "" || tag == "" {
		t.Errorf("who has it gets %d and %d bytes; ETag %q", r.StatusCode, len(r.body), tag)
	}
	w.declared(alerts.Yellow, false)
	if r := w.as("", "/", nil); r.body == first.body {
		t.Error("a warning is not shown at once")
	}
	if r := w.as("", "/?lang=xyzzy", nil); r.StatusCode != http.StatusOK || len(d.publicPages.pages) > 2 {
		t.Errorf("status %d, %d pages are kept", r.StatusCode, len(d.publicPages.pages))
	}
}

// A mark that turns the direction of writing is shown as what it is, on a page and in its live parts, and is recorded as it was
// written; control characters are left out as a reason is read, before it is recorded, and refused in what names something.
func TestMarksOfDirectionAreShown(t *testing.T) {
	w := newWorld(t)
	id := w.ordered()
	form := func(document, reason string) []byte {
		return raw(map[string]any{"revision": w.warning(id).Revision, "document_no": document, "notice_text": "更正", "reason": reason})
	}
	if _, err := servicetest.WarningAct(t.Context(), w.svc, "duty", "", id, "revise", form("甲\u202e乙", "丙\u2067丁\u001b[31m\r\n\u0000戊")); err != nil {
		t.Fatal(err)
	}
	got := w.warning(id)
	if last := got.History[len(got.History)-1].Reason; got.DocumentNo != "甲\u202e乙" || last != "丙\u2067丁[31m\n戊" {
		t.Errorf("recorded %q and %q", got.DocumentNo, last)
	}
	for _, path := range []string{"/desk", "/desk/warnings/" + id} {
		page := w.as("duty", path, nil).body
		if strings.ContainsFunc(page, refusal.IsBidi) {
			t.Errorf("%s holds a mark that is not seen", path)
		}
		if strings.HasSuffix(path, id) && (!strings.Contains(page, "甲⟦U+202E⟧乙") || !strings.Contains(page, "丙⟦U+2067⟧丁")) {
			t.Errorf("%s does not show the marks", path)
		}
	}
	if _, err := servicetest.WarningAct(t.Context(), w.svc, "duty", "", id, "revise", form("甲\u0000乙", "x")); refusal.CodeOf(err) != refusal.Invalid {
		t.Errorf("a number with a NUL: %v", err)
	}
}
