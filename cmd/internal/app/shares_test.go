package app

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service/servicetest"

	"qingkong/cmd/internal/config"
)

// sharesOf are small enough for a test to go beyond them at once.
var sharesOf = config.Limits{PerSecond: 10, Burst: 40, WritesPerMinute: 6, WritesBurst: 5, Streams: 2}

// newShares is a district with small shares, a duty officer, a viewer and an enterprise with an order.
func newShares(t *testing.T, change func(*config.Config)) (d *district, people map[string]calls.Issued) {
	t.Helper()
	d = &district{t: t, cfg: alone(t), tokens: map[string]string{}}
	d.cfg.Limits = sharesOf
	if change != nil {
		change(&d.cfg)
	}
	d.app = start(t, Options{Config: d.cfg})
	importDemo(t, d.app, 64)
	people = map[string]calls.Issued{}
	for _, role := range []string{"admin", "duty", "approver", "viewer", "feeder"} {
		issued, err := servicetest.Say(t.Context(), d.app.svc, "init", "", calls.AddAccount, "",
			fmt.Appendf(nil, `{"user":%q,"role":%q}`, role, role))
		if err != nil {
			t.Fatal(err)
		}
		people[role], d.tokens[role] = issued, issued.Token
	}
	return d, people
}

// ask makes one request and gives its answer with the body read; what has no end by then is no answer.
func (d *district) ask(c *http.Client, r *http.Request) (*http.Response, string) {
	d.t.Helper()
	bounded := *c
	bounded.Timeout = patience
	res, err := bounded.Do(r)
	if err != nil {
		d.t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	return res, string(body)
}

func (d *district) request(method, path, token, body string) *http.Request {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, "http://"+d.app.Addr().HTTP+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// session is the cookie of somebody who has logged in as a browser does.
func (d *district) session(who calls.Issued) *http.Cookie {
	d.t.Helper()
	res, body := d.ask(http.DefaultClient,
		d.request("POST", "/api/v1/session", "", fmt.Sprintf(`{"user":%q,"password":%q}`, who.User, who.Password)))
	if res.StatusCode != http.StatusOK || len(res.Cookies()) == 0 {
		d.t.Fatalf("login of %s: %d %s", who.User, res.StatusCode, body)
	}
	return res.Cookies()[0]
}

// flood makes a request over and over, eight at a time, until the test's body returns; beyond counts those that were
// refused.
func (d *district) flood(call func() *http.Request, body func(beyond func() int64)) {
	d.t.Helper()
	var beyond atomic.Int64
	ctx, stop := context.WithCancel(d.t.Context())
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for ctx.Err() == nil {
				res, err := client.Do(call().WithContext(ctx))
				if err != nil {
					continue // ended, or its connection was closed with the refusal of a file
				}
				if res.StatusCode == http.StatusTooManyRequests {
					if after, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || after < 1 {
						d.t.Errorf("refused without Retry-After: %q", res.Header.Get("Retry-After"))
					}
					beyond.Add(1)
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
		})
	}
	body(beyond.Load)
	stop()
	wg.Wait()
}

// One user's flood of any kind of call is refused, and another's call behind the same address is answered within two
// seconds, nothing of it lost.
func TestOneUsersFloodIsNotAnothers(t *testing.T) {
	d, people := newShares(t, nil)
	w := declare(t, d.app)
	planned(t, d.app, w.ID)
	issued, err := servicetest.Say(t.Context(), d.app.svc, "init", "", calls.IssueCredentials, "E0001", nil)
	if err != nil {
		t.Fatal(err)
	}
	d.tokens["E0001"] = issued.Token
	cookie := d.session(people["viewer"])
	page := func() *http.Request {
		r := d.request("GET", "/desk", "", "")
		r.AddCookie(cookie)
		return r
	}
	stream := func() *http.Request { return d.request("GET", "/api/v1/events", d.tokens["viewer"], "") }
	file := strings.Repeat("no workbook ", 50_000)
	for name, call := range map[string]func() *http.Request{
		"read": func() *http.Request { return d.request("GET", "/api/v1/orders?limit=1000", d.tokens["viewer"], "") },
		"page": page,
		"act": func() *http.Request {
			return d.request("POST", "/api/v1/orders/none/acknowledge", d.tokens["E0001"], "{}")
		},
		"write": func() *http.Request {
			return d.request("POST", "/api/v1/observations", d.tokens["feeder"], "{}")
		},
		"upload": func() *http.Request {
			r := d.request("POST", "/api/v1/list/imports", d.tokens["approver"], file)
			r.Header.Set("Content-Type", "application/octet-stream")
			return r
		},
		"upload by admin": func() *http.Request {
			r := d.request("POST", "/api/v1/list/imports", d.tokens["admin"], file)
			r.Header.Set("Content-Type", "application/octet-stream")
			return r
		},
		"stream": stream,
	} {
		t.Run(name, func(t *testing.T) {
			d.t = t
			open := []*http.Response{}
			if name == "stream" { // one that is open stays so; further ones are refused
				for range sharesOf.Streams {
					var res *http.Response
					eventually(t, "a stream, once the share that a flood before took is back", func() (open bool) {
						if res, err = http.DefaultClient.Do(stream()); err != nil {
							t.Fatal(err)
						}
						if open = res.StatusCode == http.StatusOK; !open {
							_ = res.Body.Close()
						}
						return open
					})
					defer func() { _ = res.Body.Close() }()
					open = append(open, res)
				}
			}
			d.flood(call, func(beyond func() int64) {
				eventually(t, "the flood is refused", func() bool { return beyond() > 20 })
				var worst time.Duration
				defer func() { t.Logf("another's worst answer: %v", worst) }()
				pace := time.NewTicker(time.Second / time.Duration(sharesOf.PerSecond)) // its own share is small here too
				defer pace.Stop()
				for n := range 6 {
					<-pace.C
					began := time.Now()
					res, body := d.ask(http.DefaultClient, d.request("GET", "/api/v1/warnings/"+w.ID, d.tokens["duty"], ""))
					took := time.Since(began)
					worst = max(worst, took)
					if res.StatusCode != http.StatusOK || took > 2*time.Second {
						t.Errorf("another's call %d: %d after %v: %s", n, res.StatusCode, took, body)
					}
				}
			})
			var first [1]byte
			for _, res := range open {
				if _, err := io.ReadFull(res.Body, first[:]); err != nil {
					t.Errorf("an open stream was torn off: %v", err)
				}
			}
		})
	}
}

// Whoever grows the record faster than it may is asked to come later; what begins, changes or ends a response, and what
// answers an order, is never held by that.
func TestWritesAreHeldAndResponsesAreNot(t *testing.T) {
	d, people := newShares(t, func(c *config.Config) {
		c.Limits.PerSecond, c.Limits.Burst, c.Limits.WritesPerMinute = 1000, 1000, 1
	})
	refused := 0
	for range 3 * sharesOf.WritesBurst {
		if d.call("duty", "POST", "/forecasts", "{}", nil) == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 2*sharesOf.WritesBurst-1 {
		t.Errorf("%d of %d writes at once were refused", refused, 3*sharesOf.WritesBurst)
	}
	if status := d.call("feeder", "POST", "/forecasts", "{}", nil); status != http.StatusUnprocessableEntity {
		t.Errorf("another's write: %d", status)
	}
	cookie := d.session(people["duty"])
	for path, held := range map[string]bool{"/desk/recipients/E0001/amend": true, "/desk/lists/none/activate": true,
		"/desk/lists":                    true,
		"/desk/recipients/E0001/figures": true, "/desk/password": true, "/desk/declare": false,
		"/desk/warnings/none/lift": false, "/desk/objections/none": false} {
		r := d.request("POST", path, "", "a=b")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(cookie)
		res, body := d.ask(http.DefaultClient, r)
		if (res.StatusCode == http.StatusTooManyRequests) != held || held != strings.Contains(body, "增加台账的请求太多") {
			t.Errorf("POST %s at the desk: %d, is to be held: %v", path, res.StatusCode, held)
		}
	}
	type warning struct {
		ID       string
		Revision int
	}
	for range 2 * sharesOf.WritesBurst {
		var w warning
		if status := d.call("duty", "POST", "/warnings", yellow, &w); status != http.StatusCreated {
			t.Fatalf("declare: %d", status)
		}
		for _, act := range []string{"adjust", "lift", "cancel"} {
			if status := d.call("duty", "POST", "/warnings/"+w.ID+"/"+act, `{"revision":99}`,
				nil); status == http.StatusTooManyRequests {
				t.Errorf("%s is refused with %d", act, status)
			}
		}
		if status := d.call("duty", "POST", "/warnings/"+w.ID+"/lift",
			fmt.Sprintf(`{"revision":%d,"reason":"完"}`, w.Revision), nil); status != http.StatusOK {
			t.Fatalf("lift: %d", status)
		}
	}
	d.tokens["E0001"] = func() string {
		issued, err := servicetest.Say(t.Context(), d.app.svc, "init", "", calls.IssueCredentials, "E0001", nil)
		if err != nil {
			t.Fatal(err)
		}
		return issued.Token
	}()
	for range 3 * sharesOf.WritesBurst {
		if status := d.call("E0001", "POST", "/orders/none/report", "{}", nil); status != http.StatusNotFound {
			t.Fatalf("an answer: %d", status)
		}
	}
}

// Who is not signed in counts as its address: a flood from one leaves another's alone, and leaves those behind the same
// one their own shares, the way to sign in and the checks of this machine.
func TestCallsOfNobodyCountForTheirAddress(t *testing.T) {
	d, people := newShares(t, nil)
	elsewhere := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).DialContext}}
	defer elsewhere.CloseIdleConnections()
	d.flood(func() *http.Request { return d.request("GET", "/api/v1/openapi.json", "qk.nobody.wrong", "") },
		func(beyond func() int64) {
			eventually(t, "the flood is refused", func() bool { return beyond() > 20 })
			for _, path := range []string{"/login", "/readyz", "/metrics", "/healthz"} {
				if res, body := d.ask(http.DefaultClient, d.request("GET", path, "", "")); res.StatusCode != http.StatusOK {
					t.Errorf("GET %s beside it: %d %s", path, res.StatusCode, body)
				}
			}
			cookie := d.session(people["duty"])
			r := d.request("GET", "/desk", "", "")
			r.AddCookie(cookie)
			if res, _ := d.ask(http.DefaultClient, r); res.StatusCode != http.StatusOK {
				t.Errorf("the desk of somebody behind the same address: %d", res.StatusCode)
			}
			if res, _ := d.ask(elsewhere, d.request("GET", "/api/v1/openapi.json", "", "")); res.StatusCode != http.StatusOK {
				t.Errorf("another address: %d", res.StatusCode)
			}
		})
}

// Behind a proxy that the settings name it is the forwarded address that counts, and behind any other the proxy's own.
func TestForwardedAddressesHaveTheirShares(t *testing.T) {
	for name, proxies := range map[string][]string{"named": {"127.0.0.1"}, "not named": nil} {
		t.Run(name, func(t *testing.T) {
			d, _ := newShares(t, func(c *config.Config) { c.Proxies = proxies })
			from := func(address string) *http.Request {
				r := d.request("GET", "/api/v1/openapi.json", "", "")
				r.Header.Set("X-Forwarded-For", address)
				return r
			}
			d.flood(func() *http.Request { return from("192.0.2.1") }, func(beyond func() int64) {
				eventually(t, "the flood is refused", func() bool { return beyond() > 20 })
				refused := 0
				for range 5 {
					if res, _ := d.ask(http.DefaultClient, from("192.0.2.2")); res.StatusCode == http.StatusTooManyRequests {
						refused++
					}
				}
				if (refused > 0) != (proxies == nil) {
					t.Errorf("%d of 5 calls of another forwarded address are refused", refused)
				}
			})
		})
	}
}

var asset = regexp.MustCompile(`/desk/static/[^"]+`)

// What goes beyond a share is a problem document for a program and a page for a person; a page that was refused shows
// again by itself once it is asked for later. A page with all that it loads is a small part of a share.
func TestHowARefusalLooks(t *testing.T) {
	d, people := newShares(t, nil)
	cookie := d.session(people["duty"])
	desk := func() *http.Request {
		r := d.request("GET", "/desk", "", "")
		r.AddCookie(cookie)
		return r
	}
	_, home := d.ask(http.DefaultClient, desk())
	calls := map[string]bool{"/desk": true, "/desk/live": true}
	for _, path := range asset.FindAllString(home, -1) {
		calls[path] = true
		r := d.request("GET", path, "", "")
		r.AddCookie(cookie)
		if res, _ := d.ask(http.DefaultClient, r); res.StatusCode != http.StatusOK {
			t.Errorf("GET %s: %d", path, res.StatusCode)
		}
	}
	if len(calls) > 8 {
		t.Errorf("a page of the desk is %d calls, and default.yaml says 8: %v", len(calls), calls)
	}
	var res *http.Response
	var body string
	for range 2 * sharesOf.Burst {
		if res, body = d.ask(http.DefaultClient, desk()); res.StatusCode == http.StatusTooManyRequests {
			break
		}
	}
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "1" ||
		!strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") ||
		!strings.Contains(body, "请求太快") || !strings.Contains(res.Header.Get("Content-Security-Policy"), "script-src 'self'") {
		t.Errorf("the desk's refusal: %d %v\n%s", res.StatusCode, res.Header, body)
	}
	for range 2 * sharesOf.Burst {
		if res, body = d.ask(http.DefaultClient,
			d.request("GET", "/api/v1/me", d.tokens["duty"], "")); res.StatusCode == http.StatusTooManyRequests {
			break
		}
	}
	if res.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, `"code":"rate_limited"`) ||
		!strings.Contains(body, "请求太快") {
		t.Errorf("the interface's refusal: %v\n%s", res.Header, body)
	}
	eventually(t, "the desk once more", func() bool {
		res, _ := d.ask(http.DefaultClient, desk())
		return res.StatusCode == http.StatusOK
	})
	_, metrics := d.ask(http.DefaultClient, d.request("GET", "/metrics", "", ""))
	if !strings.Contains(metrics, `qingkong_http_share_refused_total{share="calls"}`) {
		t.Error("no metric counts what was refused")
	}
}

// Streams are bounded by user, those of the desk and of the interface together; one more is refused at once.
func TestStreamsAreBounded(t *testing.T) {
	d, people := newShares(t, nil)
	streams(t, d.app.Addr().HTTP, people["viewer"], sharesOf.Streams)
	cookie := d.session(people["viewer"])
	live := d.request("GET", "/desk/live?"+url.Values{"page": {"home"}}.Encode(), "", "")
	live.AddCookie(cookie)
	for _, r := range []*http.Request{live, d.request("GET", "/api/v1/events", d.tokens["viewer"], "")} {
		if res, body := d.ask(http.DefaultClient, r); res.StatusCode != http.StatusTooManyRequests ||
			!strings.Contains(body, "消息流太多") {
			t.Errorf("one more by %s: %d %s", r.URL.Path, res.StatusCode, body)
		}
	}
	streams(t, d.app.Addr().HTTP, people["duty"], sharesOf.Streams)
}

// What one user has half sent, or in work, is bounded: a further call of the same user is refused within moments, by
// token and at the desk, and another's is not. Files have a bound of their own.
func TestCallsInWorkAreBounded(t *testing.T) {
	d, people := newShares(t, func(c *config.Config) { c.Limits.WritesBurst = 20 })
	cookie := d.session(people["admin"])
	halfSent(t, d.app.Addr().HTTP, d.tokens["admin"], 0, 16)
	desk := d.request("GET", "/desk", "", "")
	desk.AddCookie(cookie)
	for _, r := range []*http.Request{desk, d.request("GET", "/api/v1/me", d.tokens["admin"], "")} {
		began := time.Now()
		res, body := d.ask(http.DefaultClient, r)
		if took := time.Since(began); res.StatusCode != http.StatusTooManyRequests || !strings.Contains(body, "同时进行的请求太多") ||
			took > 5*time.Second {
			t.Errorf("GET %s of who has 16 in work: %d after %v: %s", r.URL.Path, res.StatusCode, took, body)
		}
	}
	if status := d.call("duty", "GET", "/me", "", nil); status != http.StatusOK {
		t.Errorf("another's call: %d", status)
	}
	refused := dialed(t, d.app.Addr().HTTP,
		"POST /api/v1/accounts HTTP/1.1\r\nHost: q\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"+
			"Authorization: Bearer "+d.tokens["admin"]+"\r\nContent-Length: 1000\r\n\r\n")
	began := time.Now()
	if line, err := bufio.NewReader(refused).ReadString('\n'); err != nil || !strings.Contains(line, " 429 ") ||
		time.Since(began) > 5*time.Second {
		t.Errorf("a call that asks before it sends its body is answered with %q, %v after %v", line, err, time.Since(began))
	}
	for range 3 {
		c := dialed(t, d.app.Addr().HTTP,
			"POST /api/v1/list/imports HTTP/1.1\r\nHost: q\r\nContent-Type: application/octet-stream\r\nExpect: 100-continue\r\n"+
				"Authorization: Bearer "+d.tokens["duty"]+"\r\nContent-Length: 1000\r\n\r\n")
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
			t.Fatalf("a file that is to come is answered with %q, %v", line, err)
		}
	}
	fourth := d.request("POST", "/api/v1/list/imports", d.tokens["duty"], "x")
	fourth.Header.Set("Content-Type", "application/octet-stream")
	if res, body := d.ask(http.DefaultClient, fourth); res.StatusCode != http.StatusTooManyRequests ||
		!strings.Contains(body, "文件太多") {
		t.Errorf("a fourth file: %d %s", res.StatusCode, body)
	}
}
