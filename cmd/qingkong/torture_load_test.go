package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// tortureEnterprises answer orders, every second one over NATS.
const tortureEnterprises = 6

// act is one command of a client: an HTTP call, or a request over NATS where subject is given. It is sent again, the
// same, until its outcome is known.
type act struct {
	who, path, media string
	body             []byte
	subject          string
	key              string
	sent             int
	refused          []byte                          // what a refusal said that is no fault
	took             func(status int, answer []byte) // what the client makes of the outcome
}

// client does one act after the other.
type client struct {
	to    *torture
	name  string
	rng   *rand.Rand
	pause int // milliseconds, up to twice as long
	next  func(c *client) *act
	reset func()
	act   *act // whose outcome is not known yet
	n     int
	token string // where it is no account of the demo
	http  *http.Client
	nc    *nats.Conn
}

func (c *client) begin() { c.act = nil; c.reset() }

func (c *client) close() {
	if c.nc != nil {
		c.nc.Close()
	}
	c.http.CloseIdleConnections()
}

// work does acts until it is stopped; what is not known then stays in act.
func (c *client) work(stop <-chan struct{}) {
	for {
		if c.act == nil {
			c.act = c.next(c)
		}
		if c.act != nil {
			c.try()
		}
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(c.pause+c.rng.IntN(c.pause)) * time.Millisecond):
		}
	}
}

// settle learns the outcome of the act that is not known.
func (c *client) settle() {
	c.to.t.Helper()
	for deadline := time.Now().Add(time.Minute); c.act != nil; {
		if c.try(); c.act == nil {
			return
		}
		if time.Now().After(deadline) {
			c.to.t.Fatalf("%s: %s %s %s has no outcome", c.name, c.act.path, c.act.subject, c.act.body)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// try sends the act once. An error, a timeout and 500 (where no file may grow) or 503 leave it open.
func (c *client) try() {
	a := c.act
	a.sent++
	send := c.overHTTP
	if a.subject != "" {
		send = c.overNATS
	}
	code, answer := send(a)
	if code == 0 || code >= http.StatusInternalServerError || code == http.StatusTooManyRequests {
		return
	}
	c.act = nil
	a.took(code, answer)
}

func (c *client) overHTTP(a *act) (int, []byte) {
	status, answer, err := c.ask("POST", a.who, a.path, a.media, a.key, a.body)
	if err != nil {
		return 0, nil
	}
	return status, answer
}

func (c *client) ask(method, who, path, media, key string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(c.to.working, method, "http://"+c.to.addr.HTTP+"/api/v1"+path,
		bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.GetBody = nil // else the transport itself sends again what has a key
	token := c.token
	if who != "" {
		token = c.to.accounts[who].Token
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if key != "" {
		req.Header.Set("Content-Type", media)
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// get is a look that may fail, as everything may while the program is tortured.
func (c *client) get(who, path string, v any) bool {
	status, answer, err := c.ask("GET", who, path, "", "", nil)
	return err == nil && status == http.StatusOK && json.Unmarshal(answer, v) == nil
}

func (c *client) overNATS(a *act) (int, []byte) {
	ctx, cancel := context.WithTimeout(c.to.working, 3*time.Second)
	defer cancel()
	msg, err := c.nc.RequestWithContext(ctx, a.subject, a.body)
	if err != nil {
		return 0, nil
	}
	var reply struct {
		OK    bool
		Order json.RawMessage
		Error struct{ Code string }
	}
	switch {
	case json.Unmarshal(msg.Data, &reply) != nil:
		return http.StatusInternalServerError, msg.Data
	case reply.OK:
		return http.StatusOK, reply.Order
	case reply.Error.Code == "not_ready":
		return 0, nil
	}
	return http.StatusConflict, msg.Data
}

// post makes an act of the next number. What it answers other than with 2xx is a fault, unless lenient allows the
// status.
func (c *client) post(who, path string, body map[string]any, took func(answer []byte), lenient ...int) *act {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	c.n++
	a := &act{who: who, path: path, media: "application/json", body: text, key: fmt.Sprintf("%s-%d", c.name, c.n)}
	a.took = c.taking(a, took, lenient...)
	return a
}

func (c *client) taking(a *act, took func(answer []byte), lenient ...int) func(int, []byte) {
	return func(status int, answer []byte) {
		if status/100 == 2 {
			c.to.book.confirmed(a)
			took(answer)
			return
		}
		for _, ok := range lenient {
			if status == ok {
				a.refused = answer
				took(nil)
				return
			}
		}
		if status == http.StatusConflict && c.to.restored.Load() && bytes.Contains(answer, []byte(`"stale_revision"`)) {
			a.refused = answer
			took(nil) // it asks what stands now
			return
		}
		c.to.t.Errorf("%s: %s %s%s, sent %d times: %d %s", c.name, a.key, a.path, a.subject, a.sent, status, answer)
	}
}

func newClients(to *torture, enterprises []account) []*client {
	hire := func(name string, pause int, works interface {
		next(*client) *act
		reset()
	}) *client {
		return &client{to: to, name: name, pause: pause, next: works.next, reset: works.reset,
			http: &http.Client{Timeout: 4 * time.Second, Transport: &http.Transport{}}}
	}
	all := []*client{
		hire("live", 60, &declarer{}),
		hire("drill", 60, &declarer{drill: true}),
		hire("admin", 20, &registrar{}),
		hire("keeper", 60, newKeeper(to.t)),
	}
	for i, e := range enterprises {
		c := hire(e.Recipient, 10, &answerer{recipient: e.Recipient})
		c.token = e.Token
		if i%2 == 1 {
			c.nc = connect(to.t, to.natsAddr, e.User, e.Password)
		}
		all = append(all, c)
	}
	return all
}

func connect(t *testing.T, addr, user, password string) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect("nats://"+addr, nats.UserInfo(user, password), nats.CustomInboxPrefix("_INBOX."+user),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(), nats.ReconnectWait(30*time.Millisecond),
		nats.Timeout(2*time.Second),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// declarer takes one warning after the other from declaration to lift.
type declarer struct {
	drill bool
	id    string
	lost  bool // the state has to be read anew
	now   struct {
		ID, Level, State string
		Revision         int
		Pending          *struct{ Kind string }
	}
}

func (d *declarer) reset() { *d = declarer{drill: d.drill} }

func (d *declarer) next(c *client) *act {
	if d.lost {
		if d.lost = !c.get("duty", "/warnings/"+d.id, &d.now); d.lost {
			return nil
		}
	}
	took := func(answer []byte) { d.took(c, answer) }
	lenient := []int{}
	if d.drill { // a live declaration ends it
		lenient = []int{http.StatusConflict}
	}
	at := "/warnings/" + d.id
	switch {
	case d.id == "" || d.now.State != "active" && d.now.State != "pending_approval":
		number := fmt.Sprintf("%s-%d", c.name, c.n+1)
		return c.post("duty", "/warnings",
			map[string]any{"level": []string{"yellow", "orange", "advisory"}[c.rng.IntN(3)], "trigger": "city_order",
				"document_no": number, "issued_by": "市指挥部", "drill": d.drill}, func(answer []byte) {
				d.took(c, answer)
				c.to.book.declared(number, d.id)
			})
	case d.now.State == "pending_approval" || d.now.Pending != nil:
		return c.post("approver", at+"/approve", map[string]any{"revision": d.now.Revision}, took, lenient...)
	case c.rng.IntN(3) == 0:
		return c.post("duty", at+"/lift", map[string]any{"revision": d.now.Revision, "reason": "空气质量改善"}, took, lenient...)
	}
	levels := map[string][]string{"advisory": {"yellow", "orange"}, "yellow": {"advisory", "orange"},
		"orange": {"yellow", "advisory"}}[d.now.Level]
	return c.post("duty", at+"/adjust",
		map[string]any{"revision": d.now.Revision, "level": levels[c.rng.IntN(2)], "reason": "会商"}, took, lenient...)
}

func (d *declarer) took(c *client, answer []byte) {
	if answer == nil {
		d.lost = true
		return
	}
	d.now.Pending = nil
	if err := json.Unmarshal(answer, &d.now); err != nil {
		c.to.t.Errorf("%s: %s", c.name, answer)
		return
	}
	d.id = d.now.ID
	c.to.book.warned(d.id, answer)
}

// registrar adds accounts and tokens.
type registrar struct {
	user   string
	tokens int // of the user; there is a limit
}

func (r *registrar) reset() { *r = registrar{} }

func (r *registrar) next(c *client) *act {
	if r.user != "" && r.tokens < 6 && c.rng.IntN(2) == 0 {
		r.tokens++
		user := r.user
		var a *act
		a = c.post("admin", "/accounts/"+user+"/tokens", map[string]any{"name": "示例"},
			func(answer []byte) { r.took(c, a, user, answer) }, http.StatusConflict)
		return a
	}
	user := fmt.Sprintf("u%d", c.n+1)
	var a *act
	a = c.post("admin", "/accounts", map[string]any{"user": user, "role": "viewer", "name": "张三"}, func(answer []byte) {
		r.user, r.tokens = user, 1
		r.took(c, a, user, answer)
	}, http.StatusConflict)
	return a
}

// took keeps the secret. One that was shown in an answer that did not arrive is not shown again.
func (r *registrar) took(c *client, a *act, user string, answer []byte) {
	if answer == nil && a.sent == 1 {
		c.to.t.Errorf("%s: %s was sent once and is refused: %s", c.name, a.path, a.refused)
	}
	var made struct{ Token string }
	if answer != nil && (json.Unmarshal(answer, &made) != nil || made.Token == "") {
		c.to.t.Errorf("%s: %s", c.name, answer)
	}
	c.to.book.registered(user, made.Token)
}

// answerer is an enterprise that answers its orders, one act at a time.
type answerer struct {
	recipient string
	stage     map[string]string // order -> the act that is to come
}

func (a *answerer) reset() { a.stage = map[string]string{} }

func (a *answerer) next(c *client) *act {
	var page struct {
		Items []struct{ ID, State string }
	}
	if !c.get("", "/orders?limit=100", &page) {
		return nil
	}
	for i := len(page.Items) - 1; i >= 0; i-- {
		o := page.Items[i]
		step, known := a.stage[o.ID]
		if !known {
			step = []string{"acknowledge", "acknowledge", "object"}[c.rng.IntN(3)]
		}
		if o.State != "open" || step == "" {
			continue
		}
		a.stage[o.ID] = map[string]string{"acknowledge": "start", "start": "report"}[step]
		return a.answer(c, o.ID, step)
	}
	return nil
}

// answer is the act on an order. That it is superseded or released meanwhile is no fault.
func (a *answerer) answer(c *client, id, step string) *act {
	took := func(answer []byte) {
		if answer == nil {
			a.stage[id] = ""
			return
		}
		c.to.book.answered(id, answer)
	}
	body := map[string]any{"note": fmt.Sprintf("%s %d", c.name, c.n+1)}
	if c.nc == nil {
		return c.post("", "/orders/"+id+"/"+step, body, took, http.StatusConflict)
	}
	body["order_id"], body["action"] = id, step
	out := c.post("", "", body, took, http.StatusConflict)
	out.subject = "qingkong.answer." + a.recipient
	if strings.HasPrefix(id, "D") {
		out.subject = "qingkong.drill.answer." + a.recipient
	}
	return out
}
