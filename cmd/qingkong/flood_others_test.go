package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// floodPatience is after which time an answer counts as lost.
const floodPatience = 30 * time.Second

// others work as if nobody flooded: an enterprise answers its orders and asks for what is pending, an officer declares,
// looks at the board and lifts, another hears the orders that go out, and somebody logs in.
type others struct {
	f          *flooded
	enterprise account
	officer    account
	nc         *nats.Conn
	heard      *hearing
	http       *http.Client
	stop       chan struct{}
	over       sync.WaitGroup
	left       warning // declared, and not lifted yet

	mu       sync.Mutex
	more     *sync.Cond
	round    int               // how many warnings were declared, heard and lifted
	answered map[string]string // order -> what was confirmed of it
	counts   map[string]int
	worst    map[string]time.Duration // of all
	now      map[string]time.Duration // of the row
	lost     []string                 // of the row
	losses   int
	first    string // a warning that is over
	last     string // the warning declared last
}

func newOthers(f *flooded) *others {
	o := &others{f: f, stop: make(chan struct{}), answered: map[string]string{}, counts: map[string]int{},
		worst: map[string]time.Duration{},
		now:   map[string]time.Duration{}, http: &http.Client{Timeout: floodPatience, Transport: &http.Transport{}}}
	o.more = sync.NewCond(&o.mu)
	f.must("admin", "POST", "/recipients/E0004/credentials", map[string]any{}, &o.enterprise)
	o.officer = f.account("duty")
	o.nc = connect(f.t, f.addr.NATS, o.enterprise.User, o.enterprise.Password)
	f.t.Cleanup(o.nc.Close)
	o.heard = hear(f.t, f.addr.NATS, f.account("duty"))
	return o
}

func (o *others) begin() {
	for _, work := range []func() error{o.answers, o.asks, o.declares, o.logsIn} {
		o.over.Go(func() {
			for {
				if err := work(); err != nil {
					o.loses("%v", err)
				}
				select {
				case <-o.stop:
					return
				case <-time.After(60 * time.Millisecond):
				}
			}
		})
	}
	o.f.t.Cleanup(o.end)
}

// end lets the others finish what they do.
func (o *others) end() {
	o.mu.Lock()
	if o.stop != nil {
		select {
		case <-o.stop:
		default:
			close(o.stop)
		}
	}
	o.mu.Unlock()
	o.over.Wait()
}

func (o *others) loses(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lost = append(o.lost, fmt.Sprintf(format, args...))
	o.more.Broadcast()
}

// took notes how long something of theirs took.
func (o *others) took(what string, since time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d := time.Since(since)
	o.counts[what]++
	o.worst[what], o.now[what] = max(o.worst[what], d), max(o.now[what], d)
}

// mark begins to note anew what takes longest.
func (o *others) mark() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.now)
}

func longest(of map[string]time.Duration) (worst time.Duration, what string) {
	for name, d := range of {
		if d > worst {
			worst, what = d, name
		}
	}
	return worst, what
}

func (o *others) marked() (time.Duration, string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return longest(o.now)
}

func (o *others) worstOf() (time.Duration, string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return longest(o.worst)
}

func (o *others) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return fmt.Sprintf("of the others' %v %d were lost", o.counts, o.losses)
}

// rounds waits until so many more warnings went from declaration to lift.
func (o *others) rounds(n int) {
	o.f.t.Helper()
	watch := time.AfterFunc(2*floodPatience,
		func() { o.loses("no warning was declared and lifted for %s", 2*floodPatience) })
	defer watch.Stop()
	o.mu.Lock()
	defer o.mu.Unlock()
	for until := o.round + n; o.round < until && len(o.lost) == 0; {
		o.more.Wait()
	}
}

// whole fails where something of the others' was lost.
func (o *others) whole(row string) {
	o.f.t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, lost := range o.lost {
		o.f.t.Errorf("%s: of the others: %s\n%s", row, lost, o.f.out.tail(20))
	}
	o.losses += len(o.lost)
	o.lost = nil
}

// floodReply is an answer over NATS.
type floodReply struct {
	OK     bool
	Order  order
	Orders []order
	Error  struct{ Code, Message string }
}

func (o *others) ask(subject, body string) (r floodReply, err error) {
	since := time.Now()
	msg, err := o.nc.Request(subject, []byte(body), floodPatience)
	// The coordinator takes nothing in for a moment while a connection of its own comes back: who hears that asks again,
	// as the agent does.
	for tries := 0; errors.Is(err, nats.ErrNoResponders) && tries < 20; tries++ {
		time.Sleep(50 * time.Millisecond)
		msg, err = o.nc.Request(subject, []byte(body), floodPatience)
	}
	if err != nil {
		return r, fmt.Errorf("%s %s: %w", subject, body, err)
	}
	o.took(strings.Split(subject, ".")[1], since)
	if err := json.Unmarshal(msg.Data, &r); err != nil || r.Error.Code == "rate_limited" || r.Error.Code == "not_ready" {
		return r, fmt.Errorf("%s %s: %s, %v", subject, body, msg.Data, err)
	}
	return r, nil
}

// answers acknowledges what is open and confirms what was released.
func (o *others) answers() error {
	pending, err := o.ask("qingkong.pending."+o.enterprise.User, "")
	if err != nil {
		return err
	}
	for _, order := range pending.Orders {
		action := "receive"
		if order.State == "open" {
			if action = "acknowledge"; order.Answer == "acknowledged" {
				continue
			}
		}
		r, err := o.ask("qingkong.answer."+o.enterprise.User, fmt.Sprintf(`{"order_id":%q,"action":%q}`, order.ID, action))
		switch {
		case err != nil:
			return err
		case r.OK && action == "acknowledge":
			o.mu.Lock()
			o.answered[order.ID] = r.Order.Answer
			o.mu.Unlock()
		case !r.OK && r.Error.Code != "transition_refused":
			return fmt.Errorf("%s of %s: %s", action, order.ID, r.Error.Message)
		}
	}
	return nil
}

// asks reads over HTTP what the enterprise has.
func (o *others) asks() error {
	return o.call(o.enterprise, "GET", "/orders?limit=20", nil, nil)
}

// declares takes a warning from declaration to lift; between the two all its orders have to be heard.
func (o *others) declares() error {
	if w := o.left; w.ID != "" {
		o.left = warning{}
		if err := o.lift(w); err != nil {
			return err
		}
	}
	var w warning
	var board struct{ Total int }
	number := fmt.Sprintf("津气指办〔2026〕%d号", time.Now().UnixNano())
	body := map[string]any{"level": "yellow", "trigger": "city_order", "document_no": number, "issued_by": "市指挥部"}
	since := time.Now()
	if err := o.call(o.officer, "POST", "/warnings", body, &w); err != nil {
		return err
	}
	o.left = w
	for {
		if err := o.call(o.officer, "GET", "/warnings/"+w.ID+"/board", nil, &board); err != nil {
			return err
		}
		if heard := o.reached(w.ID); board.Total > 0 && heard >= board.Total {
			break
		} else if time.Since(since) > floodPatience {
			return fmt.Errorf("of %d orders of %s %d were heard within %s", board.Total, w.ID, heard, floodPatience)
		}
		select {
		case <-o.stop:
		case <-time.After(50 * time.Millisecond):
		}
	}
	o.took("orders", since)
	o.mu.Lock()
	o.last = w.ID
	o.mu.Unlock()
	<-time.After(100 * time.Millisecond) // the enterprise has a moment to answer
	o.left = warning{}
	return o.lift(w)
}

func (o *others) lift(w warning) error {
	if err := o.call(o.officer, "POST", "/warnings/"+w.ID+"/lift",
		map[string]any{"revision": w.Revision, "reason": "空气质量改善"}, &w); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.round++
	if o.first == "" {
		o.first = w.ID
	}
	o.more.Broadcast()
	return nil
}

// logsIn logs in over NATS, as a client that comes back does.
func (o *others) logsIn() error {
	since := time.Now()
	nc, err := nats.Connect("nats://"+o.f.addr.NATS, nats.UserInfo(o.enterprise.User, o.enterprise.Password),
		nats.CustomInboxPrefix("_INBOX."+o.enterprise.User),
		nats.Timeout(floodPatience), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		return fmt.Errorf("login: %w", err)
	}
	o.took("login", since)
	nc.Close()
	select {
	case <-o.stop:
	case <-time.After(200 * time.Millisecond):
	}
	return nil
}

// call is an HTTP call that has to succeed.
func (o *others) call(who account, method, path string, body, v any) error {
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+o.f.addr.HTTP+"/api/v1"+path, in)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+who.Token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	since := time.Now()
	resp, err := o.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s %s %v", method, path, resp.Status, text, err)
	}
	o.took(method, since)
	if v != nil {
		return json.Unmarshal(text, v)
	}
	return nil
}

// kept holds the record against what the others were told of their orders.
func (o *others) kept() {
	t := o.f.t
	t.Helper()
	o.whole("at the end")
	if len(o.heard.wrong) > 0 {
		t.Errorf("orders came again otherwise: %.2000s", o.heard.wrong)
	}
	if len(o.answered) == 0 && o.round > 5 {
		t.Error("the enterprise had nothing to answer")
	}
	for id, answer := range o.answered {
		var at order
		if err := o.call(o.officer, "GET", "/orders/"+id, nil, &at); err != nil {
			t.Fatal(err)
		}
		if at.Answer != answer {
			t.Errorf("order %s was answered %s and is now %s", id, answer, at.Answer)
		}
		<-time.After(25 * time.Millisecond) // the officer too has a share
	}
}

// reached counts the orders of a warning that were heard, or that the enterprise answered before: it may ask what is
// pending and answer while an order is on its way, and one that was answered is not sent any more.
func (o *others) reached(warning string) (n int) {
	o.heard.mu.Lock()
	defer o.heard.mu.Unlock()
	for key := range o.heard.first {
		if strings.HasPrefix(key, "issued "+warning+"-") {
			n++
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	own := warning + "-" + o.enterprise.User + "-1"
	if _, heard := o.heard.first["issued "+own]; !heard && o.answered[own] != "" {
		n++
	}
	return n
}

// orderOf is an order of a recipient, of the warning declared last.
func (f *flooded) orderOf(recipient string) string {
	f.others.mu.Lock()
	defer f.others.mu.Unlock()
	return f.others.last + "-" + recipient + "-1"
}
