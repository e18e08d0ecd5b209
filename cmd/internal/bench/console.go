package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/seeds/example"
)

// The bars that the measurement holds the desk against.
const (
	consoleBar = 50   // ms, the p95 of a page or a list call
	screenBar  = 1000 // ms, from an acknowledgement to the last viewer
)

// How much is measured.
const (
	consoleRequests = 200              // for each address
	consoleWarm     = 20               // before them, not counted
	consoleLongest  = 20 * time.Second // for one address: one that is far over its bar needs no more requests
	consoleViewers  = 200
	consoleEvents   = 20
	consoleQuiet    = 1200 * time.Millisecond // after which no viewer waits for what came before
	consoleReject   = time.Minute             // the shortest time to answer that can be set
)

// consoleBench is a duty officer who looks at everything while n orders are open.
type consoleBench struct {
	answersBench
	n        int
	events   int    // acknowledgements that the viewers hear of
	server   string // http://host:port
	cookie   string
	token    string
	client   *http.Client
	open     []string // recipients that have not answered
	reported []string // lines about what is over its bar
}

// Console measures the pages of the duty desk and the list calls of the HTTP interface while n orders of one warning
// are open, and how long an acknowledgement takes to the last of 200 screens. Each time is that of a whole request over
// HTTP on the loopback, which the server's own is at most; beside it as many requests to a handler that answers as many
// bytes without any work. over says which are over their bar. Below 1000 recipients no order becomes overdue, since the
// shortest deadline is a minute away.
func Console(ctx context.Context, n int) (results []Result, over []string, err error) {
	return runConsole(ctx, n, consoleEvents)
}

func runConsole(ctx context.Context, n, events int) (results []Result, over []string, err error) {
	b := &consoleBench{n: n, events: events, client: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 4},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	defer b.client.CloseIdleConnections()
	b.list = orangeList(n)
	results, err = b.run(ctx, b.bench.start, b.declare, b.answerSome, b.login, b.pages, b.screens)
	return results, b.reported, err
}

// answerSome lets one in twenty acknowledge and one in two hundred object; half of these objections are rejected with a
// deadline that then passes.
func (b *consoleBench) answerSome(ctx context.Context) error {
	var objected []string
	type answer struct {
		recipient string
		text      notify.AnswerText
	}
	var answers []answer
	for i := range b.n {
		id := example.ID(i + 1)
		if b.orders[id] == "" {
			continue
		}
		action, note := notify.Acknowledge, ""
		switch {
		case i%200 == 7:
			action, note = notify.Object, "示例：设备检修"
			objected = append(objected, b.orders[id])
		case i%20 != 0:
			b.open = append(b.open, id)
			continue
		}
		answers = append(answers, answer{id, notify.AnswerText{OrderID: b.orders[id], Action: action, Note: note}})
	}
	// So many at a time share blocks.
	_, err := race(256, answers, always, func(a answer) error {
		_, err := b.svc.AnswerOrder(ctx, ofRecipient(a.recipient), a.text)
		return err
	})
	if err != nil || b.n < 1000 {
		return err
	}
	if err := b.svc.SetOrders(ctx, consoleReject, "", ""); err != nil {
		return err
	}
	for _, id := range objected[:len(objected)/2] {
		if _, err := b.svc.DecideObjection(ctx, service.By("bench"),
			calls.ObjectionDecision{ByID: calls.ByID{ID: id}, Decision: "reject", Reason: "示例"}); err != nil {
			return err
		}
	}
	return pause(ctx, consoleReject+2*time.Second)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// login makes a duty officer's account and begins a session with it.
func (b *consoleBench) login(ctx context.Context) error {
	made, err := b.officer(ctx)
	if err != nil {
		return err
	}
	b.server, b.token = "http://"+b.app.Addr().HTTP, made.Token
	form := url.Values{"user": {made.User}, "password": {made.Password}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.server+"/login", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := b.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if len(res.Cookies()) == 0 {
		return fmt.Errorf("no session: %s", res.Status)
	}
	b.cookie = res.Cookies()[0].Name + "=" + res.Cookies()[0].Value
	return nil
}

// target is an address of the desk, or of the interface, that is asked again and again.
type target struct {
	name, path string
	form       url.Values // posted where there is one
	shows      string     // a text that its answer must hold; one without it is an error
	moved      bool       // somebody acknowledges before each request, so that nothing rendered before is good
}

// targets are the desk's main pages and the interface's lists.
func (b *consoleBench) targets() []target {
	last, phone := example.ID(b.n), "tel:"+example.Phone(2*b.n)
	town := url.QueryEscape(example.Places[0].Town)
	w := "/desk/warnings/" + b.warning
	review := url.Values{"step": {"review"}, "drill": {"true"}, "level": {"red"}, "trigger": {"city_order"}}
	return []target{
		{name: "home", path: "/desk", shows: b.warning},
		{name: "home, the record moving", path: "/desk", moved: true},
		{name: "board", path: w + "/board"},
		{name: "board, the record moving", path: w + "/board", moved: true},
		{name: "board, awaiting in a town", path: w + "/board?state=awaiting&town=" + town, moved: true},
		{name: "orders", path: "/desk/orders", shows: "tel:"},
		{name: "orders, overdue", path: "/desk/orders?state=overdue"},
		{name: "orders, failed (none)", path: "/desk/orders?state=failed"},
		{name: "orders, of a town", path: "/desk/orders?town=" + town},
		{name: "orders, search for the last", path: "/desk/orders?q=" + last, shows: phone},
		{name: "order", path: "/desk/orders/" + b.orders[last]},
		{name: "recipients", path: "/desk/recipients"},
		{name: "recipients, search for the last", path: "/desk/recipients?q=" + last},
		{name: "recipient", path: "/desk/recipients/" + last, shows: phone},
		{name: "warnings", path: "/desk/warnings"},
		{name: "warning", path: w},
		{name: "lists", path: "/desk/lists"},
		{name: "declare, form", path: "/desk/declare?drill=true"},
		{name: "declare, read-out", path: "/desk/declare", form: review},
		{name: "GET /warnings", path: "/api/v1/warnings"},
		{name: "GET /board", path: "/api/v1/warnings/" + b.warning + "/board"},
		{name: "GET /orders", path: "/api/v1/orders"},
		{name: "GET /orders?state=overdue", path: "/api/v1/orders?state=overdue"},
		{name: "GET /orders?state=failed", path: "/api/v1/orders?state=failed"},
		{name: "GET /orders?town=", path: "/api/v1/orders?town=" + town},
		{name: "GET /orders?q=", path: "/api/v1/orders?q=" + last},
		{name: "GET /recipients?q=", path: "/api/v1/recipients?q=" + last},
	}
}

func (b *consoleBench) pages(ctx context.Context) error {
	size := atomic.Int64{}
	raw := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, size.Load())) // the asker sees a reader that is gone
	}))
	defer raw.Close()
	for _, l := range b.targets() {
		times, length, err := b.ask(ctx, b.server, l)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		size.Store(length)
		limit, _, err := b.ask(ctx, raw.URL, target{path: "/"})
		if err != nil {
			return err
		}
		b.times(l.name, times, limit, consoleBar)
	}
	return nil
}

// ask takes the time of each of many requests, one after the other, and how many bytes the last was answered with.
func (b *consoleBench) ask(ctx context.Context, server string, l target) (times []time.Duration, size int64, err error) {
	begin := time.Now()
	for i := range consoleWarm + consoleRequests {
		if l.moved && i >= consoleWarm {
			if err := b.acknowledgeNext(ctx, b.events); err != nil {
				return nil, 0, err
			}
		}
		at := time.Now()
		if size, err = b.once(ctx, server, l); err != nil {
			return nil, 0, err
		}
		if i >= consoleWarm || time.Since(begin) > consoleLongest {
			times = append(times, time.Since(at))
		}
		if len(times) > 0 && time.Since(begin) > consoleLongest {
			break
		}
	}
	return times, size, nil
}

func (b *consoleBench) once(ctx context.Context, server string, l target) (int64, error) {
	res, err := b.request(ctx, server, l)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if l.shows == "" {
		return io.Copy(io.Discard, res.Body)
	}
	text, err := io.ReadAll(res.Body)
	if err == nil && !bytes.Contains(text, []byte(l.shows)) {
		err = fmt.Errorf("the answer lacks %s", l.shows)
	}
	return int64(len(text)), err
}

// request sends one request; an answer other than 200 is an error.
func (b *consoleBench) request(ctx context.Context, server string, l target) (*http.Response, error) {
	method := http.MethodGet
	if l.form != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, server+l.path, strings.NewReader(l.form.Encode()))
	if err != nil {
		return nil, err
	}
	if l.form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if strings.HasPrefix(l.path, "/api/") {
		req.Header.Set("Authorization", "Bearer "+b.token)
	} else {
		req.Header.Set("Cookie", b.cookie)
	}
	res, err := b.client.Do(req)
	if err == nil && l.form != nil && res.StatusCode == http.StatusSeeOther { // what was typed waits on the page of its review
		_ = res.Body.Close()
		return b.request(ctx, server, target{path: res.Header.Get("Location")})
	}
	if err == nil && res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		return nil, fmt.Errorf("%s %s: %s", method, l.path, res.Status)
	}
	return res, err
}

// acknowledgeNext lets the next enterprise acknowledge, as long as more than keep have not; then the record stands
// still.
func (b *consoleBench) acknowledgeNext(ctx context.Context, keep int) error {
	if len(b.open) <= keep {
		return nil
	}
	id := b.open[0]
	b.open = b.open[1:]
	_, err := b.svc.AnswerOrder(ctx, ofRecipient(id), notify.AnswerText{OrderID: b.orders[id], Action: notify.Acknowledge})
	return err
}

// times reports p50 and p95 in ms beside those of the limit, and says when the p95 is over its bar.
func (b *consoleBench) times(name string, took, limit []time.Duration, bar float64) {
	b.add(name+", p50", quantile(took, 0.50), "ms", quantile(limit, 0.50))
	p95 := quantile(took, 0.95)
	b.add(name+", p95", p95, "ms", quantile(limit, 0.95))
	if p95 >= bar {
		b.reported = append(b.reported, fmt.Sprintf("%s: p95 %.1f ms, bar %.0f ms", name, p95, bar))
	}
}

// screens takes the time from an acknowledgement until the last of the viewers has bytes of it: 200 that watch the
// board in the browser, and as many that hear the interface's events.
func (b *consoleBench) screens(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	board := target{path: "/desk/live?page=board&warning=" + b.warning}
	events := target{path: "/api/v1/events?warning=" + b.warning}
	heard := []chan time.Time{make(chan time.Time, 100*consoleViewers), make(chan time.Time, 100*consoleViewers)}
	for range consoleViewers {
		for i, l := range []target{board, events} {
			res, err := b.request(ctx, b.server, l)
			if err != nil {
				return err
			}
			go hear(res.Body, []string{"event: summary", "event: board"}[i], heard[i])
		}
	}
	var took [2][]time.Duration
	for range min(b.events, len(b.open)) {
		if err := pause(ctx, consoleQuiet); err != nil {
			return err
		}
		for _, c := range heard {
			for len(c) > 0 {
				<-c
			}
		}
		begin := time.Now()
		if err := b.acknowledgeNext(ctx, 0); err != nil {
			return err
		}
		for i, c := range heard {
			last, err := lastOf(ctx, c)
			if err != nil {
				return err
			}
			took[i] = append(took[i], last.Sub(begin))
		}
	}
	b.times("acknowledgement to the last of 200 screens", took[0], nil, screenBar)
	b.times("acknowledgement to the last of 200 event streams", took[1], nil, screenBar)
	return nil
}

// hear says when an event of that name has come, until the stream ends.
func hear(body io.ReadCloser, name string, heard chan<- time.Time) {
	defer body.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := body.Read(buf)
		if bytes.Contains(buf[:n], []byte(name+"\n")) {
			heard <- time.Now()
		}
		if err != nil {
			return
		}
	}
}

// lastOf is when the last of the viewers heard.
func lastOf(ctx context.Context, c <-chan time.Time) (last time.Time, err error) {
	timeout := time.After(30 * time.Second)
	for i := range consoleViewers {
		select {
		case last = <-c:
		case <-timeout:
			return last, fmt.Errorf("only %d of %d viewers heard of an acknowledgement", i, consoleViewers)
		case <-ctx.Done():
			return last, ctx.Err()
		}
	}
	return last, nil
}
