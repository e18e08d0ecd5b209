package frame_test

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

	"qingkong/cmd/internal/desk/desktest"
)

// Of forms that nobody finishes few are held, however many are begun: of who is not signed in those beyond are refused
// and not read, a login that carries nothing over is let in meanwhile, and so is who is signed in.
func TestUnfinishedFormsOfNobodyAreFew(t *testing.T) {
	w := desktest.New(t)
	srv := httptest.NewServer(w.Desk)
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
				case <-time.After(time.Minute):
					t.Fatalf("%d of %d unfinished forms were answered", n, many)
				}
			}
			if to := w.Post(http.StatusSeeOther, "", "/login",
				url.Values{"user": {"duty"}, "password": {w.Passwords["duty"]}}); to.Header.Get("Location") != "/desk" {
				t.Errorf("a login leads to %s", to.Header.Get("Location"))
			}
			w.Get(http.StatusOK, "duty", "/desk")
			for _, c := range conns {
				_ = c.Close()
			}
		})
	}
}

// A long text that somebody typed before the session ended is carried over all the same.
func TestALongTextIsCarriedOverALogin(t *testing.T) {
	w := desktest.New(t)
	form := desktest.Values(w.Get(http.StatusOK, "duty", "/desk/declare"))
	form.Set("notice_text", strings.Repeat("文", 15_000))
	w.Expire("duty")
	page := desktest.Parsed(t, w.As("", "/desk/declare", form).Text)
	if got := desktest.Values(page).Get("typed.notice_text"); got != form.Get("notice_text") {
		t.Errorf("%d bytes are carried over", len(got))
	}
}
