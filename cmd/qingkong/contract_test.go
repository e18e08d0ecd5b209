package main_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// enterprise is a client written from contract.md §4 alone.
type enterprise struct {
	t      *testing.T
	id     string
	nc     *nats.Conn
	orders chan orderEvent
	errs   chan error
	back   chan struct{}
}

type orderEvent struct {
	Event string `json:"event"`
	Order order  `json:"order"`
}

type order struct {
	ID          string `json:"id"`
	RecipientID string `json:"recipient_id"`
	Level       string `json:"level"`
	Text        string `json:"text"`
	Answer      string `json:"answer"`
	Delivery    string `json:"delivery"`
	State       string `json:"state"`
	Measures    []struct {
		ID   string `json:"id"`
		Text string `json:"text"`
	} `json:"measures"`
}

func dial(t *testing.T, addr string, who account) *enterprise {
	t.Helper()
	e := &enterprise{t: t, id: who.Recipient, orders: make(chan orderEvent, 100), errs: make(chan error, 100),
		back: make(chan struct{}, 10)}
	nc, err := nats.Connect("nats://"+addr, nats.UserInfo(who.Recipient, who.Password),
		nats.CustomInboxPrefix("_INBOX."+who.Recipient),
		nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(), nats.ReconnectWait(50*time.Millisecond),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { e.errs <- err }),
		nats.ReconnectHandler(func(*nats.Conn) { e.back <- struct{}{} }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	e.nc = nc
	_, err = nc.Subscribe("qingkong.order."+e.id, func(msg *nats.Msg) {
		var ev orderEvent
		if err := json.Unmarshal(msg.Data, &ev); err != nil {
			t.Errorf("order event %s: %v", msg.Data, err)
		}
		e.orders <- ev
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *enterprise) next() orderEvent {
	e.t.Helper()
	select {
	case ev := <-e.orders:
		return ev
	case <-time.After(time.Minute):
		e.t.Fatal("no order event came")
		return orderEvent{}
	}
}

// ask makes a request and gives its answer as text.
func (e *enterprise) ask(subject, body string) string {
	e.t.Helper()
	var reply *nats.Msg
	var err error
	for range 20 { // a coordinator that has just come back may have no responder yet
		if reply, err = e.nc.Request(subject, []byte(body), 5*time.Second); err == nil {
			return string(reply.Data)
		}
	}
	e.t.Fatalf("%s: %v", subject, err)
	return ""
}

func (e *enterprise) refused(what string, try func() error) {
	e.t.Helper()
	for len(e.errs) > 0 {
		<-e.errs
	}
	err := try()
	if err == nil {
		err = e.nc.Flush()
	}
	if err != nil {
		e.t.Fatalf("%s: %v", what, err)
	}
	select {
	case err := <-e.errs:
		if !strings.Contains(strings.ToLower(err.Error()), "permissions violation") {
			e.t.Errorf("%s: %v", what, err)
		}
	case <-time.After(time.Minute):
		e.t.Errorf("%s was not refused", what)
	}
}

// An enterprise gets its order, nobody else's and nobody else's replies, answers it, and is there again by itself
// after the coordinator died and came back.
func TestAClientWrittenFromTheContractAlone(t *testing.T) {
	natsAddr := freePort(t)
	p := start(t, t.TempDir(), "--listen", "127.0.0.1:0", "--nats-listen", natsAddr)
	me := p.accounts["enterprise"]
	var other account
	p.must("admin", "POST", "/recipients/E0001/credentials", map[string]any{}, &other)
	other.Recipient = "E0001"
	if me.Recipient == "" || me.Recipient == other.Recipient || other.User != "E0001" {
		t.Fatalf("accounts %+v and %+v", me, other)
	}
	e, plant := dial(t, natsAddr, me), dial(t, natsAddr, other)

	w := p.declare("orange")
	got := e.next()
	if got.Event != "issued" || got.Order.RecipientID != me.Recipient || got.Order.Level != "orange" ||
		got.Order.ID != w.ID+"-"+me.Recipient+"-1" || len(got.Order.Measures) == 0 || got.Order.Text == "" {
		t.Errorf("order event %+v", got)
	}
	if theirs := plant.next(); theirs.Order.RecipientID != "E0001" {
		t.Errorf("the plant got %+v", theirs)
	}

	for _, subject := range []string{"qingkong.order.E0001", "qingkong.order.*", "qingkong.order.>", ">", "_INBOX.>",
		"_INBOX.E0001.>", "$SYS.>", "$KV.>", "qingkong.answer.E0001"} {
		e.refused("subscribe to "+subject, func() error { _, err := e.nc.SubscribeSync(subject); return err })
	}
	for _, subject := range []string{"qingkong.answer.E0001", "qingkong.pending.E0001", "qingkong.receipts.E0001",
		"qingkong.warning.declared", "qingkong.order." + me.Recipient, "_INBOX.E0001.x", "$JS.API.STREAM.LIST", "qingkong.journal.block"} {
		e.refused("publish to "+subject, func() error { return e.nc.Publish(subject, []byte("{}")) })
	}

	for _, c := range []struct{ body, code string }{
		{`not json`, "invalid"},
		{`{"order_id":"` + got.Order.ID + `","action":"dance"}`, "invalid"},
		{`{"order_id":"` + got.Order.ID + `","action":"acknowledge","colour":"red"}`, "unknown_field"},
		{`{"order_id":"` + w.ID + `-E0001-1","action":"acknowledge"}`, "not_found"},
		{`{"order_id":"nothing","action":"acknowledge"}`, "not_found"},
		{`{"order_id":"` + got.Order.ID + `","action":"complete"}`, "transition_refused"},
	} {
		var reply struct {
			OK    bool
			Error struct{ Code, Message string }
		}
		text := e.ask("qingkong.answer."+me.Recipient, c.body)
		if err := json.Unmarshal([]byte(text), &reply); err != nil || reply.OK || reply.Error.Code != c.code ||
			reply.Error.Message == "" {
			t.Errorf("answer %s gave %s, want code %s", c.body, text, c.code)
		}
	}
	acknowledge := func() order {
		t.Helper()
		var reply struct {
			OK    bool
			Order order
		}
		text := e.ask("qingkong.answer."+me.Recipient,
			`{"order_id":"`+got.Order.ID+`","action":"acknowledge","note":"已通知班长"}`)
		if err := json.Unmarshal([]byte(text), &reply); err != nil || !reply.OK {
			t.Fatalf("acknowledge gave %s", text)
		}
		return reply.Order
	}
	if o := acknowledge(); o.Answer != "acknowledged" || o.ID != got.Order.ID {
		t.Errorf("after the acknowledgement the order is %+v", o)
	}

	if code, errs := exitOf(t, "journal", "check", "--data", p.data); code != 0 {
		t.Errorf("journal check beside the running program: exit %d, %s", code, errs)
	}
	p.kill()
	p.again()
	select {
	case <-e.back:
	case <-time.After(time.Minute):
		t.Fatal("the client did not reconnect by itself")
	}
	if o := acknowledge(); o.Answer != "acknowledged" { // the same again is answered ok
		t.Errorf("after the restart the order is %+v", o)
	}
	var pending struct{ Orders []order }
	if err := json.Unmarshal([]byte(e.ask("qingkong.pending."+me.Recipient, "")), &pending); err != nil ||
		len(pending.Orders) != 1 || pending.Orders[0].ID != got.Order.ID {
		t.Errorf("pending gave %+v, %v", pending, err)
	}
	if status := p.call("enterprise", "GET", "/orders/"+w.ID+"-E0001-1", nil, nil); status != 404 {
		t.Errorf("another's order over HTTP gave %d, want 404", status)
	}

	var now warning
	p.must("duty", "GET", "/warnings/"+w.ID, nil, &now)
	p.must("duty", "POST", "/warnings/"+w.ID+"/lift", map[string]any{"revision": now.Revision, "reason": "空气质量改善"}, &now)
	for {
		if ev := e.next(); ev.Event == "released" {
			if ev.Order.ID != got.Order.ID || ev.Order.State != "released" {
				t.Errorf("released event %+v", ev)
			}
			break
		}
	}
	p.stop()
	var report struct {
		OK       bool
		Problems []string
	}
	if err := json.Unmarshal(command(t, "journal", "check", "--data", p.data, "--json"), &report); err != nil ||
		!report.OK {
		t.Errorf("journal check: %+v, %v", report, err)
	}
}
