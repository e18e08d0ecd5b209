package main_test

import (
	"bytes"
	"fmt"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// What feeders send, taken as well as over HTTP.
const (
	floodForecast    = `{"issued_at":"2026-11-24T08:00:00+08:00","days":[{"date":"2026-11-25","aqi_low":60,"aqi_high":80,"primary":["pm25"]}]}`
	floodObservation = `{"days":[{"date":"2026-11-23","aqi":70,"primary":["pm25"]}]}`
	floodTelemetry   = `{"at":"2026-11-24T08:00:00+08:00","a21002":12}`
)

// natsRows are the inbound subjects of contract.md §4, and what else a client can do to the server.
func natsRows() (rows []row) {
	may := map[string]string{"enterprise": "(answer|pending|receipts).<self>", "feeder": `forecast|^qingkong\.observation`}
	add := func(slice bool, role, subject string, body func(f *flooded, who account) string) {
		rows = append(rows, row{name: "nats " + role + " " + subject, slice: slice, told: may[role] != "" &&
			regexp.MustCompile(may[role]).MatchString(subject),
			cut: true, ready: floodSubject(role, subject, body)})
	}
	is := func(body string) func(*flooded, account) string {
		return func(*flooded, account) string { return body }
	}
	answer := func(f *flooded, who account) string {
		return fmt.Sprintf(`{"order_id":%q,"action":"acknowledge"}`, f.orderOf(who.Recipient))
	}
	receipts := func(f *flooded, who account) string { return fmt.Sprintf(`{"order_id":%q}`, f.orderOf(who.Recipient)) }
	for _, drill := range []string{"", "drill."} {
		live := drill == ""
		add(true, "enterprise", "qingkong."+drill+"answer.<self>", answer)
		add(true, "enterprise", "qingkong."+drill+"pending.<self>", is(""))
		add(true, "enterprise", "qingkong."+drill+"receipts.<self>", receipts)
		add(true, "feeder", "qingkong."+drill+"forecast.emc", is(floodForecast))
		add(live, "feeder", "qingkong."+drill+"observation.1017A", is(floodObservation))
		add(live, "feeder", "qingkong."+drill+"telemetry.MN0001", is(floodTelemetry))
		add(false, "viewer", "qingkong."+drill+"answer.E0004", answer)
		add(false, "enterprise", "qingkong."+drill+"pending.E0004", is(""))
		add(false, "enterprise", "qingkong."+drill+"receipts.E0004", receipts)
		add(false, "enterprise", "qingkong."+drill+"forecast.emc", is(floodForecast))
		add(false, "duty", "qingkong."+drill+"observation.1017A", is(floodObservation))
		add(false, "town", "qingkong."+drill+"telemetry.MN0001", is(floodTelemetry))
	}
	add(false, "enterprise", "qingkong.answer.<self>, no JSON", is("?"))
	add(false, "enterprise", "qingkong.answer.<self>, 900 KB", is(string(bytes.Repeat([]byte("x"), 900<<10))))
	add(false, "enterprise", "qingkong.pending.<self>, 900 KB", is(string(bytes.Repeat([]byte("x"), 900<<10))))
	add(false, "feeder", "qingkong.forecast.emc, 900 KB", is(string(bytes.Repeat([]byte("x"), 900<<10))))
	add(true, "enterprise", "qingkong.order.E0004", is(`{"event":"issued"}`))
	add(false, "feeder", "qingkong.warning.declared", is(`{}`))
	add(false, "enterprise", "nowhere", is(`{}`))
	for _, role := range []string{"viewer", "duty"} {
		for _, api := range []string{"STREAM.INFO.QINGKONG_EVENTS", "CONSUMER.CREATE.QINGKONG_EVENTS.<self>",
			"CONSUMER.INFO.QINGKONG_EVENTS.<self>", "CONSUMER.MSG.NEXT.QINGKONG_EVENTS.<self>"} {
			add(role == "viewer" && api[0] == 'S', role, "$JS.API."+api, func(_ *flooded, who account) string {
				return fmt.Sprintf(`{"stream_name":"QINGKONG_EVENTS","config":{"durable_name":%q,"name":%q,"ack_policy":"explicit"}}`, who.User, who.User)
			})
		}
	}
	return append(rows,
		row{name: "nats login with the right password", slice: true, ready: floodLogins("enterprise", true)},
		row{name: "nats login with a wrong password", slice: true, ready: floodLogins("viewer", false)},
		row{name: "nats subscriptions of one inbox, and pending", slice: true, ready: floodSubscriptions},
	)
}

// floodSubject has a new user publish to a subject from several connections.
func floodSubject(role, subject string, body func(*flooded, account) string) func(*flooded) func(<-chan struct{},
	*tally) {
	return func(f *flooded) func(<-chan struct{}, *tally) {
		who := f.account(role)
		to, _, _ := bytes.Cut(bytes.ReplaceAll([]byte(subject), []byte("<self>"), []byte(who.User)), []byte(","))
		data := []byte(body(f, who))
		told := new(atomic.Int64)
		current := new(atomic.Pointer[tally])
		var conns []*nats.Conn
		for range floodConnections() {
			nc := f.wild(who)
			// The answers come back to one of the connections, and are read there.
			if len(conns) == 0 {
				f.hears(nc, who, current, told)
			}
			conns = append(conns, nc)
		}
		return func(stop <-chan struct{}, n *tally) {
			current.Store(n)
			begin := time.Now()
			var over sync.WaitGroup
			for _, nc := range conns {
				over.Go(func() {
					for open(stop) {
						if err := nc.PublishRequest(string(to), "_INBOX."+who.User+".flood", data); err != nil {
							break // it was cut off
						}
						n.sent.Add(1)
					}
					// What is on its way is answered before the next row.
					if nc.FlushTimeout(20*time.Second) != nil {
						n.cut.Add(1)
					}
					nc.Close()
				})
			}
			over.Wait()
			if limit := int64(time.Since(begin)/time.Second) + 2; told.Load() > limit {
				f.t.Errorf("%s %s: in %s it was told %d times that it is too fast", role, subject, time.Since(begin), told.Load())
			}
		}
	}
}

// floodConnections is from how many connections a user floods: fewer beside other tests.
func floodConnections() int {
	if *floodSeconds == 0 {
		return floodConns / 2
	}
	return floodConns
}

// hears counts what a flood is answered. What comes before the flood begins is none of it.
func (f *flooded) hears(nc *nats.Conn, who account, n *atomic.Pointer[tally], told *atomic.Int64) {
	f.t.Helper()
	sub, err := nc.Subscribe("_INBOX."+who.User+".>", func(m *nats.Msg) {
		to := n.Load()
		switch {
		case to == nil:
		case bytes.Contains(m.Data, []byte(`"rate_limited"`)):
			to.refused.Add(1)
			told.Add(1)
		case m.Header.Get("Status") == "503", bytes.Contains(m.Data, []byte(`"error":{`)):
			to.other.Add(1)
		default:
			to.took.Add(1)
		}
	})
	if err == nil {
		err = sub.SetPendingLimits(-1, -1)
	}
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// wild is a connection that does not come back.
func (f *flooded) wild(who account) *nats.Conn {
	f.t.Helper()
	nc, err := nats.Connect("nats://"+f.addr.NATS, nats.UserInfo(who.User, who.Password),
		nats.CustomInboxPrefix("_INBOX."+who.User), nats.NoReconnect(),
		nats.Timeout(20*time.Second), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(nc.Close)
	return nc
}

func open(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return false
	default:
		return true
	}
}

// floodLogins logs in again and again.
func floodLogins(role string, right bool) func(*flooded) func(<-chan struct{}, *tally) {
	return func(f *flooded) func(<-chan struct{}, *tally) {
		who := f.account(role)
		if !right {
			who.Password = "no" + who.Password
		}
		return func(stop <-chan struct{}, n *tally) {
			var over sync.WaitGroup
			for range 2 * floodConns {
				over.Go(func() {
					for open(stop) {
						nc, err := nats.Connect("nats://"+f.addr.NATS, nats.UserInfo(who.User, who.Password), nats.NoReconnect(),
							nats.Timeout(3*time.Second))
						n.sent.Add(1)
						if err != nil {
							n.other.Add(1)
							continue
						}
						n.took.Add(1)
						nc.Close()
					}
				})
			}
			over.Wait()
			if !right && n.took.Load() > 0 {
				f.t.Errorf("%d logins with a wrong password succeeded", n.took.Load())
			}
		}
	}
}

// floodSubscriptions has many connections of a user listen to its inbox as often as they may, and asks for what is
// pending: each answer goes out once for each.
func floodSubscriptions(f *flooded) func(<-chan struct{}, *tally) {
	who := f.account("enterprise")
	var conns []*nats.Conn
	heard := new(atomic.Int64)
	for range 20 {
		nc := f.wild(who)
		for range 490 {
			if _, err := nc.Subscribe("_INBOX."+who.User+".flood", func(*nats.Msg) { heard.Add(1) }); err != nil {
				break
			}
		}
		_ = nc.Flush() // one that was refused for its subscriptions goes on with those it has, or is closed
		conns = append(conns, nc)
	}
	return func(stop <-chan struct{}, n *tally) {
		for open(stop) {
			for _, nc := range conns {
				if nc.PublishRequest("qingkong.pending."+who.User, "_INBOX."+who.User+".flood", nil) == nil {
					n.sent.Add(1)
				}
			}
		}
		for _, nc := range conns {
			if nc.FlushTimeout(20*time.Second) != nil {
				n.cut.Add(1)
			}
			nc.Close()
		}
		n.took.Store(heard.Load())
		if each := heard.Load() / max(n.sent.Load(), 1); each > 20*32 {
			f.t.Errorf("each request was answered %d times", each)
		}
	}
}
