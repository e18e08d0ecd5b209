package bus

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// Who sends a forecast is who logged in, whatever the message says of it: a reply subject in an officer's inbox, none
// at all, a forged header, foreign fields in CONNECT. Nothing comes back anywhere but to the feeders.
func TestTheSenderIsWhoLoggedIn(t *testing.T) {
	b := startBus(t, Config{}, everyone().authenticate)
	got := make(chan string, 100)
	for _, subject := range []string{"qingkong.forecast.*", "qingkong.drill.forecast.*", "qingkong.observation.*"} {
		err := b.HandleShared(subject, wide, func(place, user string, data []byte, reply func([]byte)) {
			got <- user + " " + place + " " + string(data)
			reply([]byte("answered " + string(data)))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	hears := func(want string) {
		t.Helper()
		select {
		case g := <-got:
			if g != want {
				t.Errorf("heard %q, want %q", g, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%q was not heard", want)
		}
	}
	duty := connect(t, b.Addr(), "duty")
	foreign, err := duty.SubscribeSync("_INBOX.duty.>")
	if err != nil {
		t.Fatal(err)
	}
	if err := duty.Flush(); err != nil {
		t.Fatal(err)
	}
	feeder := connect(t, b.Addr(), "feeder")
	publish := func(msg *nats.Msg) {
		t.Helper()
		if err := feeder.PublishMsg(msg); err != nil {
			t.Fatal(err)
		}
	}
	publish(&nats.Msg{Subject: "qingkong.forecast.emc", Data: []byte("0"), Reply: "_INBOX.duty.x"})
	hears("feeder emc 0")
	publish(&nats.Msg{Subject: "qingkong.drill.forecast.emc", Data: []byte("1")})
	hears("feeder emc 1")
	publish(&nats.Msg{Subject: "qingkong.observation.1017A", Data: []byte("2"), Reply: "_INBOX.feeder.x",
		Header: nats.Header{requestInfo: {`{"acc":"PUBLIC","user":"duty","name":"duty"}`}}})
	hears("feeder 1017A 2")
	if msg, err := feeder.Request("qingkong.forecast.emc", []byte("3"), 10*time.Second); err != nil ||
		string(msg.Data) != "answered 3" {
		t.Errorf("the answer is %v, %v", msg, err)
	}
	hears("feeder emc 3")

	// The answer goes onto a subject that is imported: it comes back as a message of its own, with the same sender, once.
	publish(&nats.Msg{Subject: "qingkong.forecast.emc", Data: []byte("4"), Reply: "qingkong.forecast.emc"})
	hears("feeder emc 4")
	select {
	case g := <-got:
		if !strings.HasPrefix(g, "feeder emc ") {
			t.Errorf("an answer came back as %q", g)
		}
	case <-time.After(200 * time.Millisecond):
	}

	raw := func(connect string) {
		t.Helper()
		conn, err := net.Dial("tcp", b.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if _, err := fmt.Fprintf(conn, "CONNECT %s\r\nPUB qingkong.forecast.emc 1\r\n5\r\nPING\r\n", connect); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		r := bufio.NewReader(conn)
		for {
			line, err := r.ReadString('\n')
			if err != nil || strings.HasPrefix(line, "PONG") || strings.HasPrefix(line, "-ERR") {
				return
			}
		}
	}
	login := func(more string) string {
		return fmt.Sprintf(`{"verbose":false,"user":"feeder","pass":%q%s}`, secret, more)
	}
	for name, more := range map[string]string{"a foreign name": `,"name":"duty"`, "no headers": `,"headers":false`,
		"nothing": ""} {
		t.Run(name, func(*testing.T) { raw(login(more)); hears("feeder emc 5") })
	}
	for name, more := range map[string]string{"an account": `,"account":"OFFICERS"`, "a key": `,"nkey":"duty"`,
		"a token": `,"auth_token":"duty"`, "a JWT": `,"jwt":"duty"`} {
		raw(login(more))
		select {
		case g := <-got:
			if g != "feeder emc 5" {
				t.Errorf("with %s beside the name a message is of %q", name, g)
			}
		case <-time.After(100 * time.Millisecond):
		}
	}
	if msg, err := foreign.NextMsg(50 * time.Millisecond); err == nil {
		t.Errorf("an officer's inbox got %s", msg.Data)
	}
}

// Nobody but feeders reaches the subjects below feed., and feeders none but their own.
func TestFeedsAreFeedersAlone(t *testing.T) {
	b := startBus(t, Config{}, everyone().authenticate)
	for _, user := range []string{"E0001", "viewer", "duty", "town", "jinghai", "feeder"} {
		nc := connect(t, b.Addr(), user)
		for _, f := range feedSubjects() {
			if subject := strings.Replace(f.To, "*", "x", 1); mayPublish(t, nc, subject) || maySubscribe(t, nc, f.To) {
				t.Errorf("%s reaches %s", user, subject)
			}
		}
	}
	enterprise := connect(t, b.Addr(), "E0001")
	if mayPublish(t, enterprise, "qingkong.forecast.emc") || !mayPublish(t, enterprise, "qingkong.telemetry.MN0001") {
		t.Error("an enterprise sends its own telemetry and no forecast")
	}
}

// On a server with users of its own nobody's name is proven: nothing is taken, unless that server is trusted, and then
// names are marked as claims.
func TestUnprovenSenders(t *testing.T) {
	for name, trust := range map[string]bool{"closed": false, "trusted": true} {
		t.Run(name, func(t *testing.T) {
			s := runServer(t, jetStreamServer(t))
			b, err := Start(Config{URL: s.ClientURL(),
				CredsFile: writeCredentials(t, map[string]string{"user": "qingkong", "password": "pw"}), TrustServerUsers: trust})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { closeBus(t, b) })
			if b.Unproven() == trust {
				t.Errorf("unproven %v", b.Unproven())
			}
			if err := b.HandleShared("qingkong.forecast.*", wide,
				func(_, user string, _ []byte, reply func([]byte)) { reply([]byte(user)) }); err != nil {
				t.Fatal(err)
			}
			nc, err := dial(t, s.ClientURL(), "qingkong", "pw", nats.CustomInboxPrefix("_INBOX.emc"))
			if err != nil {
				t.Fatal(err)
			}
			msg, err := nc.Request("qingkong.forecast.emc", nil, 500*time.Millisecond)
			if trust && (err != nil || string(msg.Data) != "nats:emc") {
				t.Errorf("a trusted server's forecast is answered %v, %v", msg, err)
			}
			if !trust && err == nil {
				t.Errorf("a forecast of nobody is answered %s", msg.Data)
			}
		})
	}
}

// What comes on the subject of an MN is its owner's: who is told of it, whose share it costs, and where the answer goes.
func TestAStationsSubjectIsItsOwners(t *testing.T) {
	b := startBus(t, Config{}, everyone().authenticate)
	got := make(chan string, 100)
	owner := func(mn string) string { return map[string]string{"MN0001": "E0001", "MN0002": "E0002"}[mn] }
	err := b.HandleOwned("qingkong.telemetry.*", wide, owner, func(place, user string, data []byte, reply func([]byte)) {
		got <- user + " " + place + " " + string(data)
		reply([]byte("answered " + string(data)))
	})
	if err != nil {
		t.Fatal(err)
	}
	e := connect(t, b.Addr(), "E0001")
	if msg, err := e.Request("qingkong.telemetry.MN0001", []byte("1"), 10*time.Second); err != nil || string(msg.Data) != "answered 1" {
		t.Errorf("the answer is %v, %v", msg, err)
	}
	if g := <-got; g != "E0001 MN0001 1" {
		t.Errorf("heard %q", g)
	}
	// MN0002 has another owner since this login; its messages count as that one's, which hears nothing of them.
	if err := e.PublishRequest("qingkong.telemetry.MN0002", "_INBOX.E0001.x", []byte("2")); err != nil {
		t.Fatal(err)
	}
	if err := e.Publish("qingkong.telemetry.MN0003", []byte("3")); err != nil { // not allowed
		t.Fatal(err)
	}
	if err := e.Publish("qingkong.telemetry.MN0001", []byte("4")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"E0002 MN0002 2", "E0001 MN0001 4"} {
		select {
		case g := <-got:
			if g != want {
				t.Errorf("heard %q, want %q", g, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%q was not heard", want)
		}
	}
}
