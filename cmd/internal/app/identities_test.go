package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service/servicetest"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"qingkong/cmd/internal/config"
)

// district is a running program as its people and machines see it: over HTTP and NATS alone.
type district struct {
	t      *testing.T
	app    *App
	cfg    config.Config
	tokens map[string]string // user -> token
}

// newDistrict has a list, an administrator, and nobody else.
func newDistrict(t *testing.T) *district { return newDistrictOf(t, Options{}) }

func newDistrictOf(t *testing.T, opt Options) *district {
	t.Helper()
	d := &district{t: t, cfg: alone(t), tokens: map[string]string{}}
	opt.Config = d.cfg
	d.app = start(t, opt)
	importDemo(t, d.app, 100)
	issued, err := servicetest.Say(t.Context(), d.app.svc, "init", "", calls.AddAccount, "",
		[]byte(`{"user":"admin","role":"admin"}`))
	if err != nil {
		t.Fatal(err)
	}
	d.tokens["admin"] = issued.Token
	return d
}

// call makes a call with a user's token and returns its status; an answer goes into v unless that is nil.
func (d *district) call(user, method, path, body string, v any) int {
	d.t.Helper()
	return d.callWith(d.tokens[user], method, path, body, v)
}

func (d *district) callWith(token, method, path, body string, v any) int {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), method, "http://"+d.app.Addr().HTTP+"/api/v1"+path,
		strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && v != nil && resp.StatusCode/100 == 2 {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		d.t.Fatalf("%s %s: %v in %s", method, path, err, text)
	}
	return resp.StatusCode
}

// admin does an act as the administrator, which has to succeed.
func (d *district) admin(method, path, body string) (issued calls.Issued) {
	d.t.Helper()
	if status := d.call("admin", method, path, body, &issued); status/100 != 2 {
		d.t.Fatalf("%s %s: status %d", method, path, status)
	}
	return issued
}

func (d *district) account(user, role, town string) calls.Issued {
	d.t.Helper()
	issued := d.admin("POST", "/accounts", fmt.Sprintf(`{"user":%q,"role":%q,"town":%q}`, user, role, town))
	d.tokens[user] = issued.Token
	return issued
}

func (d *district) credentials(recipient string) calls.Issued {
	d.t.Helper()
	issued := d.admin("POST", "/recipients/"+recipient+"/credentials", "")
	d.tokens[recipient] = issued.Token
	return issued
}

// client is a connection as contract.md §4 tells clients to make it.
type client struct {
	*nats.Conn
	t          *testing.T
	lost, back chan struct{}
}

func (d *district) dial(user, secret string) (*client, error) {
	c := &client{t: d.t, lost: make(chan struct{}, 100), back: make(chan struct{}, 100)}
	var err error
	c.Conn, err = nats.Connect("nats://"+d.app.Addr().NATS, nats.UserInfo(user, secret),
		nats.CustomInboxPrefix("_INBOX."+user),
		nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(), nats.ReconnectWait(50*time.Millisecond),
		nats.ReconnectJitter(0, 0),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
		nats.DisconnectErrHandler(func(*nats.Conn, error) { c.lost <- struct{}{} }),
		nats.ReconnectHandler(func(*nats.Conn) { c.back <- struct{}{} }))
	if err == nil {
		d.t.Cleanup(c.Close)
	}
	return c, err
}

func (d *district) connect(user, secret string) *client {
	d.t.Helper()
	c, err := d.dial(user, secret)
	if err != nil {
		d.t.Fatalf("%s cannot log in over NATS: %v", user, err)
	}
	return c
}

func (c *client) wait(what string, happens chan struct{}) {
	c.t.Helper()
	select {
	case <-happens:
	case <-time.After(patience):
		c.t.Fatalf("does not come: %s", what)
	}
}

// may does something and reports whether the server allowed it.
func (c *client) may(try func() error) bool {
	c.t.Helper()
	before := c.LastError()
	if err := errors.Join(try(), c.Flush()); err != nil {
		c.t.Fatal(err)
	}
	after := c.LastError()
	if after == before { //nolint:errorlint // the very same value means that no new one came
		return true
	}
	if !strings.Contains(strings.ToLower(after.Error()), "permissions violation") {
		c.t.Fatalf("unexpected: %v", after)
	}
	return false
}

// only fails unless the client may do what it may, and not what it may not.
func (c *client) only(maySub, mayPub, notSub, notPub []string) {
	c.t.Helper()
	for i, subjects := range [][]string{maySub, notSub} {
		for _, subject := range subjects {
			if got := c.may(func() error { _, err := c.SubscribeSync(subject); return err }); got != (i == 0) {
				c.t.Errorf("subscribe to %s: allowed is %v", subject, got)
			}
		}
	}
	for i, subjects := range [][]string{mayPub, notPub} {
		for _, subject := range subjects {
			if got := c.may(func() error { return c.Publish(subject, []byte("{}")) }); got != (i == 0) {
				c.t.Errorf("publish to %s: allowed is %v", subject, got)
			}
		}
	}
}

// Whatever ends a secret ends it everywhere at once: what is connected with it is cut off and stays out, over NATS as
// over HTTP; what comes in its place works, and so does what did not end.
func TestASecretThatEndsIsOutEverywhere(t *testing.T) {
	d := newDistrict(t)
	plant, town, duty := d.credentials("E0001"), d.account("town", "town", "大寺镇"), d.account("duty", "duty", "")
	extra := d.admin("POST", "/accounts/duty/tokens", `{"name":"screen"}`)
	bare := extra.Token[strings.LastIndexByte(extra.Token, '.')+1:]
	neighbour := d.connect("E0002", d.credentials("E0002").Password) // whom nothing of this concerns
	for _, c := range []struct {
		name, user, secret, token string
		method, path              string
		again                     bool // new secrets come in their place
	}{
		{"rotation of a recipient", "E0001", plant.Password, plant.Token, "POST", "/recipients/E0001/credentials", true},
		{"rotation of an account", "town", town.Password, town.Token, "POST", "/accounts/town/credentials", true},
		{"a token revoked", "duty", bare, extra.Token, "DELETE", "/accounts/duty/tokens/t2", false},
		{"an account disabled", "duty", duty.Password, duty.Token, "POST", "/accounts/duty/disable", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.t = t
			open := d.connect(c.user, c.secret)
			if status := d.callWith(c.token, "GET", "/me", "", nil); status != http.StatusOK {
				t.Fatalf("before: status %d", status)
			}
			issued := d.admin(c.method, c.path, "")
			d.out(c.user, c.secret, c.token, open)
			if c.again {
				d.in(issued)
			}
		})
	}
	d.t = t
	d.admin("POST", "/accounts/duty/enable", "")
	d.in(duty)
	select {
	case <-neighbour.lost:
		t.Error("somebody else's connection was closed")
	default:
	}
	prove(t, d.app)
}

// out fails unless the secrets are good for nothing any more and the connection made with them is gone.
func (d *district) out(user, secret, token string, open *client) {
	d.t.Helper()
	if open != nil {
		open.wait("the live connection of "+user+" closed", open.lost)
	}
	if _, err := d.dial(user, secret); !errors.Is(err, nats.ErrAuthorization) {
		d.t.Errorf("%s logs in over NATS with what has ended: %v", user, err)
	}
	if status := d.callWith(token, "GET", "/me", "", nil); status != http.StatusUnauthorized {
		d.t.Errorf("%s calls with what has ended: status %d", user, status)
	}
	if open != nil && open.IsConnected() {
		d.t.Errorf("%s came back with what has ended", user)
	}
}

// in fails unless the secrets are good for all.
func (d *district) in(issued calls.Issued) {
	d.t.Helper()
	d.connect(issued.User, issued.Password)
	if status := d.callWith(issued.Token, "GET", "/me", "", nil); status != http.StatusOK {
		d.t.Errorf("%s with new secrets: status %d", issued.User, status)
	}
}

// A revoked recipient is out until new credentials are issued, which is one act; those then open its orders.
func TestARevokedRecipient(t *testing.T) {
	d := newDistrict(t)
	first := d.credentials("E0001")
	open := d.connect("E0001", first.Password)
	w := declare(t, d.app)
	planned(t, d.app, w.ID)
	d.admin("DELETE", "/recipients/E0001/credentials", "")
	d.out("E0001", first.Password, first.Token, open)

	second := d.credentials("E0001")
	d.in(second)
	reply, err := d.connect("E0001", second.Password).Request("qingkong.pending.E0001", nil, patience)
	if err != nil || !strings.Contains(string(reply.Data), w.ID+"-E0001-1") {
		t.Errorf("pending after new credentials: %v, %v", reply, err)
	}
	if _, err := d.dial("E0001", first.Password); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("the first password after the second was issued: %v", err)
	}
	prove(t, d.app)
}

// A revoked token closes what is connected with the password too, which comes back by itself.
func TestARevokedTokenLeavesThePassword(t *testing.T) {
	d := newDistrict(t)
	open := d.connect("E0001", d.credentials("E0001").Password)
	d.admin("DELETE", "/accounts/E0001/tokens/t1", "")
	open.wait("the connection closed", open.lost)
	open.wait("the connection back", open.back)
	open.only([]string{"qingkong.order.E0001"}, nil, []string{"qingkong.order.E0002"}, nil)
}

type orderView struct {
	ID          string `json:"id"`
	RecipientID string `json:"recipient_id"`
	Town        string `json:"town"`
}

type orderPage struct{ Items []orderView }

// A town and an enterprise see their own orders; another's is as if it were not there.
func TestTownsAndEnterprisesSeeTheirOwn(t *testing.T) {
	d := newDistrict(t)
	d.account("duty", "duty", "")
	w := declare(t, d.app)
	planned(t, d.app, w.ID)
	var all orderPage
	if status := d.call("duty", "GET", "/orders?limit=1000", "", &all); status != http.StatusOK || len(all.Items) < 10 {
		t.Fatalf("the duty officer sees %d orders, status %d", len(all.Items), status)
	}
	mine := all.Items[slices.IndexFunc(all.Items, func(o orderView) bool { return o.Town != "" })]
	d.account("town", "town", mine.Town)
	d.credentials(mine.RecipientID)
	for user, own := range map[string]func(town, recipient string) bool{
		"town":           func(town, _ string) bool { return town == mine.Town },
		mine.RecipientID: func(_, recipient string) bool { return recipient == mine.RecipientID },
	} {
		var want []string
		for _, o := range all.Items {
			status := http.StatusNotFound
			if own(o.Town, o.RecipientID) {
				want, status = append(want, o.ID), http.StatusOK
			}
			if got := d.call(user, "GET", "/orders/"+o.ID, "", nil); got != status {
				t.Errorf("%s asks for %s of %s in %s: status %d, want %d", user, o.ID, o.RecipientID, o.Town, got, status)
			}
		}
		if len(want) == len(all.Items) {
			t.Fatalf("%s sees all there is: nothing is proved", user)
		}
		// asking for another's widens nothing
		for _, query := range []string{"", "&town=" + url.QueryEscape("没有的镇"), "&recipient=E9999"} {
			var page orderPage
			d.call(user, "GET", "/orders?limit=1000"+query, "", &page)
			var got []string
			for _, o := range page.Items {
				got = append(got, o.ID)
			}
			if expect := map[bool][]string{true: want, false: nil}[query == ""]; !slices.Equal(got, expect) {
				t.Errorf("%s lists %s: %q, want %q", user, query, got, expect)
			}
		}
	}
}

// Over NATS everybody has the subjects of its role, with accounts and credentials as an administrator makes them.
func TestWhatAccountsMayOverNATS(t *testing.T) {
	d := newDistrict(t)
	town := d.connect("town", d.account("town", "town", "大寺镇").Password)
	town.only([]string{"qingkong.warning.>", "qingkong.drill.warning.>", "_INBOX.town.>"}, nil,
		[]string{"qingkong.order.>", "qingkong.finding.>", "qingkong.proposal.>", "qingkong.region.town.>", ">"},
		[]string{"qingkong.warning.declared", "qingkong.answer.E0001", "$JS.API.STREAM.INFO.QINGKONG_EVENTS"})

	region := d.connect("jinghai", d.account("jinghai", "neighbour", "").Password)
	region.only([]string{"qingkong.region.jinghai.>", "qingkong.drill.region.jinghai.>"},
		[]string{"qingkong.region.jinghai.notice", "qingkong.drill.region.jinghai.handover"},
		[]string{"qingkong.region.>", "qingkong.region.nankai.>", "qingkong.warning.>", "qingkong.order.>"},
		[]string{"qingkong.region.nankai.notice", "qingkong.forecast.x", "qingkong.warning.declared"})
	if status := d.call("jinghai", "GET", "/warnings", "", nil); status != http.StatusForbidden {
		t.Errorf("a neighbour over HTTP: status %d", status)
	}

	feeder := d.connect("feeder", d.account("feeder", "feeder", "").Password)
	feeder.only([]string{"_INBOX.feeder.>"},
		[]string{"qingkong.telemetry.MN1", "qingkong.observation.1017A", "qingkong.forecast.x"},
		[]string{"qingkong.order.>", "qingkong.warning.>", "qingkong.proposal.>", "_INBOX.town.>"},
		[]string{"qingkong.warning.declared", "qingkong.order.E0001", "qingkong.answer.E0001", "_INBOX.town.x"})
	day := time.Now().AddDate(0, 0, 1).Format(time.DateOnly)
	ask := fmt.Sprintf(`{"source":"tianjin-emc","region":"120111","issued_at":%q,"days":[{"date":%q,"aqi_low":260,"aqi_high":310,"primary":["pm25"]}]}`,
		time.Now().Format(time.RFC3339), day)
	reply, err := feeder.Request("qingkong.forecast.tianjin-emc", []byte(ask), patience)
	var answer struct{ ID string }
	if err == nil {
		err = json.Unmarshal(reply.Data, &answer)
	}
	if err != nil || answer.ID == "" || !strings.HasPrefix(reply.Subject, "_INBOX.feeder.") {
		t.Errorf("the forecast's answer: %+v, %v", reply, err)
	}
	d.setAside(feeder)
	d.viewer(town)
	prove(t, d.app)
}

// setAside sends what an instrument cannot have measured: the answer names it in both languages, and of a message of
// nothing else an error.
func (d *district) setAside(feeder *client) {
	d.t.Helper()
	hour := time.Now().Add(-2 * time.Hour).Truncate(time.Hour).Format(time.RFC3339)
	send := func(values string) (got struct {
		SetAside []struct{ Path, Rule, Message string } `json:"set_aside"`
		Error    struct{ Code string }
	}) {
		reply, err := feeder.Request("qingkong.observation.1017A",
			fmt.Appendf(nil, `{"station":"1017A","region":"120111","hours":[{"at":%q,%s}]}`, hour, values), patience)
		if err == nil {
			err = json.Unmarshal(reply.Data, &got)
		}
		if err != nil {
			d.t.Fatal(err)
		}
		return got
	}
	if got := send(`"pm25":80,"pm10":-999`); len(got.SetAside) != 1 || got.SetAside[0].Path != "hours[0].pm10" ||
		got.SetAside[0].Rule != "impossible" ||
		!strings.Contains(got.SetAside[0].Message, " / ") || got.Error.Code != "" {
		d.t.Errorf("an observation of which one value is none: %+v", got)
	}
	if got := send(`"pm10":-999`); got.Error.Code != "invalid" {
		d.t.Errorf("an observation of which nothing is left: %+v", got)
	}
}

// viewer reads what goes out from the stream, and changes nothing in it.
func (d *district) viewer(town *client) {
	t := d.t
	t.Helper()
	hears, err := town.SubscribeSync("qingkong.warning.*")
	if err != nil || town.Flush() != nil {
		t.Fatal(err)
	}
	w := declare(t, d.app)
	if msg, err := hears.NextMsg(patience); err != nil || msg.Subject != "qingkong.warning.declared" ||
		!strings.Contains(string(msg.Data), w.ID) {
		t.Errorf("the town hears %v, %v", msg, err)
	}

	viewer := d.connect("viewer", d.account("viewer", "viewer", "").Password)
	js, err := jetstream.New(viewer.Conn)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := js.CreateConsumer(t.Context(), "QINGKONG_EVENTS",
		jetstream.ConsumerConfig{Durable: "viewer", FilterSubjects: []string{"qingkong.warning.declared"}})
	if err != nil {
		t.Fatalf("a viewer cannot read the stream: %v", err)
	}
	msg, err := consumer.Next(jetstream.FetchMaxWait(patience))
	if err != nil || msg.Subject() != "qingkong.warning.declared" || msg.Headers().Get("Qingkong-Event-Id") == "" {
		t.Errorf("the stream holds %v, %v", msg, err)
	}
	viewer.only(nil, nil, []string{"qingkong.order.>"},
		[]string{"qingkong.warning.declared", "qingkong.proposal.red", "qingkong.order.E0001",
			"$JS.API.STREAM.PURGE.QINGKONG_EVENTS",
			"$JS.API.STREAM.DELETE.QINGKONG_EVENTS", "$JS.API.STREAM.MSG.DELETE.QINGKONG_EVENTS"})
}

// An enterprise that is connected needs to do nothing when the coordinator is stopped and started: its client comes
// back, hears the order that was declared after the restart, and answers it.
func TestAnEnterpriseOutlivesARestart(t *testing.T) {
	d := newDistrict(t)
	plant := d.connect("E0001", d.credentials("E0001").Password)
	orders, err := plant.SubscribeSync("qingkong.order.E0001")
	if err != nil || plant.Flush() != nil {
		t.Fatal(err)
	}
	d.cfg.Listen.NATS = d.app.Addr().NATS
	stop(t, d.app)
	plant.wait("the connection lost", plant.lost)
	d.app = start(t, Options{Config: d.cfg})
	plant.wait("the client back", plant.back)

	w := declare(t, d.app)
	id := w.ID + "-E0001-1"
	msg, err := orders.NextMsg(patience)
	if err != nil || !strings.Contains(string(msg.Data), `"`+id+`"`) {
		t.Fatalf("after the restart it hears %v, %v", msg, err)
	}
	reply, err := plant.Request("qingkong.answer.E0001", fmt.Appendf(nil, `{"order_id":%q,"action":"acknowledge"}`, id),
		patience)
	var answer struct {
		OK    bool
		Order struct{ ID, Answer string }
	}
	if err == nil {
		err = json.Unmarshal(reply.Data, &answer)
	}
	if err != nil || !answer.OK || answer.Order.ID != id || answer.Order.Answer != "acknowledged" {
		t.Errorf("its answer is answered with %+v, %v", answer, err)
	}
	planned(t, d.app, w.ID)
	prove(t, d.app)
}
