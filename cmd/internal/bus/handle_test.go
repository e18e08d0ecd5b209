package bus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"pgregory.net/rapid"

	"qingkong/cmd/internal/fair"
)

// wide are bounds that no test of something else meets.
var wide = fair.Bounds{Waiting: 1000, Bytes: 1 << 30, InWork: 1000, Window: 1000}

func TestReplyAllowed(t *testing.T) {
	for _, c := range []struct {
		user, reply string
		want        bool
	}{
		{"E0001", "_INBOX.E0001.x", true},
		{"E0001", "_INBOX.E0001.x.y.z", true},
		{"E0001", "_INBOX.E0001.", false},
		{"E0001", "_INBOX.E0001", false},
		{"E0001", "_INBOX.E00010.x", false},
		{"E0001", "_INBOX.E0002.x", false},
		{"E0001", "_INBOX.E0001.*", false},
		{"E0001", "_INBOX.E0001.>", false},
		{"E0001", "_INBOX.x.E0001.y", false},
		{"E0001", "_inbox.E0001.x", false},
		{"E0001", "qingkong.order.E0002", false},
		{"E0001", "qingkong.order.E0001", false},
		{"E0001", "$JS.API.STREAM.DELETE.QINGKONG_EVENTS", false},
		{"E0001", "", false},
		{"", "_INBOX..x", false},
		{"*", "_INBOX.*.x", false},
		{"a.b", "_INBOX.a.b.x", false},
	} {
		if got := ReplyAllowed(c.user, c.reply); got != c.want {
			t.Errorf("ReplyAllowed(%q, %q) = %v", c.user, c.reply, got)
		}
	}
}

// TestAnAnswerReachesItsUserOnly: whatever reply subject is allowed to one user, no other user may hear it.
func TestAnAnswerReachesItsUserOnly(t *testing.T) {
	token := rapid.SampledFrom([]string{"E0001", "E0002", "_INBOX", "qingkong", "order", "*", ">", "", "a"})
	rapid.Check(t, func(t *rapid.T) {
		reply := ""
		for i, s := range rapid.SliceOfN(token, 1, 5).Draw(t, "reply") {
			if i > 0 {
				reply += "."
			}
			reply += s
		}
		if ReplyAllowed("E0001", reply) {
			other := Permissions(Identity{User: "E0002", Role: RoleEnterprise, Recipient: "E0002"})
			if coveredBy(other.Sub.Allow, reply) || !coveredBy([]string{"_INBOX.E0001.>"}, reply) {
				t.Fatalf("an answer to E0001 would go to %q", reply)
			}
		}
		if owner := inboxOwner(reply); owner != "" && !ReplyAllowed(owner, reply) {
			t.Fatalf("inbox %q is given to %q", reply, owner)
		}
	})
}

// A message that a handler never answers does not hold its place for good: others have their turn.
func TestAForgottenMessageGivesItsPlaceUp(t *testing.T) {
	b := startBus(t, Config{AnswerWithin: 50 * time.Millisecond}, everyone().authenticate)
	if err := b.Handle("qingkong.answer.*", fair.Bounds{Waiting: 8, Bytes: 1 << 20, InWork: 1, Window: 1},
		func(user string, data []byte, reply func([]byte)) {
			if user == "E0002" {
				reply(data)
			}
		}); err != nil {
		t.Fatal(err)
	}
	forgotten := connect(t, b.Addr(), "E0001")
	if err := forgotten.Publish("qingkong.answer.E0001", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := forgotten.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := connect(t, b.Addr(), "E0002").Request("qingkong.answer.E0002", []byte("y"), 20*time.Second); err != nil {
		t.Error(err)
	}
}

func TestRequestIsAnsweredIntoTheUsersInbox(t *testing.T) {
	b := startBus(t, Config{}, everyone().authenticate)
	if err := b.Handle("qingkong.answer.*", wide, func(user string, data []byte, reply func([]byte)) {
		reply(fmt.Appendf(nil, "%s said %s", user, data))
	}); err != nil {
		t.Fatal(err)
	}
	nc := connect(t, b.Addr(), "E0001")
	msg, err := nc.Request("qingkong.answer.E0001", []byte("read"), 5*time.Second)
	if err != nil || string(msg.Data) != "E0001 said read" {
		t.Fatalf("answer %v, %v", msg, err)
	}
	if err := b.Handle("qingkong.answer.>", wide, nil); err == nil {
		t.Error("a subject that does not end in the user was accepted")
	}
}

// upToNow sees all that has been published, and ends the subscription.
func upToNow(t *testing.T, public *nats.Conn, heard *nats.Subscription, see func(*nats.Msg)) {
	t.Helper()
	const end = "qingkong.region.end"
	if err := public.Publish(end, nil); err != nil {
		t.Fatal(err)
	}
	for {
		msg, err := heard.NextMsg(5 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if msg.Subject == end {
			_ = heard.Unsubscribe() // nothing more is wanted of it
			return
		}
		see(msg)
	}
}

// TestReplySubjectCannotBeAbused: E0001 asks for the answer to be sent where it may not publish itself.
func TestReplySubjectCannotBeAbused(t *testing.T) {
	b := startBus(t, Config{}, everyone().authenticate)
	handled := make(chan struct{}, 64)
	if err := b.Handle("qingkong.answer.*", wide, func(_ string, data []byte, reply func([]byte)) {
		reply([]byte("abused: " + string(data)))
		handled <- struct{}{}
	}); err != nil {
		t.Fatal(err)
	}
	if err := b.HandleShared("qingkong.forecast.*", wide, func(_, _ string, data []byte, reply func([]byte)) {
		reply([]byte("abused: " + string(data)))
		handled <- struct{}{}
	}); err != nil {
		t.Fatal(err)
	}
	public, _ := b.Public()
	heard, err := public.SubscribeSync(">")
	if err != nil {
		t.Fatal(err)
	}
	e1, feeder := connect(t, b.Addr(), "E0001"), connect(t, b.Addr(), "feeder")
	abused := []string{"qingkong.order.E0002", "qingkong.order.E0001", "qingkong.drill.order.E0002", "_INBOX.E0002.x",
		"_INBOX.viewer.x",
		"qingkong.warning.declared", "qingkong.answer.E0002", "$JS.API.STREAM.DELETE.QINGKONG_EVENTS", "_INBOX.jinghai.x"}
	for _, reply := range abused {
		if err := e1.PublishRequest("qingkong.answer.E0001", reply, []byte(reply)); err != nil {
			t.Fatal(err)
		}
		if err := feeder.PublishRequest("qingkong.forecast.emc", reply, []byte(reply)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 * len(abused) {
		<-handled
	}
	upToNow(t, public, heard, func(msg *nats.Msg) {
		// The server's own reply subject of an import; nobody may listen there.
		if bytes.HasPrefix(msg.Data, []byte("abused:")) && !strings.HasPrefix(msg.Subject, "_R_.") {
			t.Errorf("%s was sent to %s", msg.Data, msg.Subject)
		}
	})
	if _, err := b.js["public"].Stream(t.Context(), StreamEvents); err != nil {
		t.Errorf("the stream: %v", err)
	}
}

func TestSharedSubjectAnswersWhoMayPublishThere(t *testing.T) {
	b := startBus(t, Config{}, everyone().authenticate)
	if err := b.HandleShared("qingkong.forecast.*", wide, func(place, user string, _ []byte, reply func([]byte)) {
		reply([]byte(place + " " + user))
	}); err != nil {
		t.Fatal(err)
	}
	nc := connect(t, b.Addr(), "feeder")
	msg, err := nc.Request("qingkong.forecast.tianjin-emc", []byte("{}"), 5*time.Second)
	if err != nil || string(msg.Data) != "tianjin-emc feeder" {
		t.Fatalf("answer %v, %v", msg, err)
	}
}

// TestReadersConsumeTheStreams as contract.md §4 promises, with the clients' usual ways.
func TestReadersConsumeTheStreams(t *testing.T) {
	p, dir := everyone(), t.TempDir()
	b, err := Start(Config{StoreDir: dir, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	serve(t, b, p.authenticate)
	publishEvents(t, b, 1, 300)
	readEvents(t, b, 1, 300)
	closeBus(t, b)

	again := startBus(t, Config{StoreDir: dir}, p.authenticate)
	publishEvents(t, again, 301, 400)
	readEvents(t, again, 301, 400)

	public, _ := again.Public()
	for user, subject := range map[string]string{"duty": "qingkong.order.E0001", "viewer": "qingkong.finding.E0001",
		"admin": "qingkong.drill.proposal.red"} {
		got := make(chan struct{})
		nc := connect(t, again.Addr(), user)
		if _, err := nc.Subscribe(subject, func(*nats.Msg) { close(got) }); err != nil {
			t.Fatal(err)
		}
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := public.Publish(subject, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		within(t, user+" hears "+subject, got)
	}
}

func publishEvents(t *testing.T, b *Bus, from, to int) {
	t.Helper()
	_, js := b.Public()
	for n := from; n <= to; n++ {
		msg := nats.NewMsg("qingkong.warning.declared")
		msg.Header.Set("Qingkong-Event-Id", fmt.Sprint(n))
		msg.Data = fmt.Append(nil, n)
		if _, err := js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
}

func readEvents(t *testing.T, b *Bus, from, to int) {
	t.Helper()
	js, err := jetstream.New(connect(t, b.Addr(), "viewer"))
	if err != nil {
		t.Fatal(err)
	}
	own, err := js.CreateOrUpdateConsumer(t.Context(), StreamEvents, jetstream.ConsumerConfig{
		Name: "viewer", AckPolicy: jetstream.AckExplicitPolicy, FilterSubject: "qingkong.warning.>"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	messages, err := own.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer messages.Stop()
	for n := from; n <= to; n++ {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			t.Fatalf("event %d: %v", n, err)
		}
		if msg.Subject() != "qingkong.warning.declared" || string(msg.Data()) != fmt.Sprint(n) ||
			msg.Headers().Get("Qingkong-Event-Id") != fmt.Sprint(n) {
			t.Fatalf("event %d: %s %s", n, msg.Subject(), msg.Data())
		}
		if err := msg.DoubleAck(ctx); err != nil {
			t.Fatalf("acknowledge event %d: %v", n, err)
		}
	}
}

// TestReadersCannotMakeJetStreamWriteForThem: JetStream sends what it is asked for to any subject a request
// names. Nothing of that may reach a recipient, the coordinator or the streams that are written.
func TestReadersCannotMakeJetStreamWriteForThem(t *testing.T) {
	all := everyone()
	b := startBus(t, Config{}, all.authenticate)
	public, publicJS := b.Public()
	heard, err := public.SubscribeSync(">")
	if err != nil {
		t.Fatal(err)
	}
	duty := connect(t, b.Addr(), "duty")
	live, err := duty.SubscribeSync("qingkong.warning.>")
	if err != nil {
		t.Fatal(err)
	}
	if err := duty.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := publicJS.Publish(t.Context(), "qingkong.drill.warning.declared", []byte("drill")); err != nil {
		t.Fatal(err)
	}
	targets := []string{"qingkong.order.E0002", "qingkong.warning.declared", "qingkong.warning.cancelled",
		"qingkong.answer.E0002", "_INBOX.E0002.x", "qingkong.forecast.emc",
		"mirror.api.CONSUMER.CREATE." + StreamDrill, "$JS.API.STREAM.CREATE.X", "$JS.API.STREAM.DELETE." + StreamDrill}
	for i, target := range targets {
		user := fmt.Sprint("reader", i) // a consumer of the same name is not made again while the server puts one aside
		all.set(func(p *people) { p.ids[user], p.keys[user] = Identity{User: user, Role: RoleViewer}, secret })
		pushTo(t, b, user, target)
	}
	js, err := jetstream.New(connect(t, b.Addr(), "viewer"))
	if err != nil {
		t.Fatal(err)
	}
	// Once a consumer of its own has given the event those before it have been served too.
	own, err := js.CreateConsumer(t.Context(), StreamDrill, jetstream.ConsumerConfig{Name: "viewer"})
	if err != nil {
		t.Fatal(err)
	}
	if msg, err := own.Next(jetstream.FetchMaxWait(20 * time.Second)); err != nil || string(msg.Data()) != "drill" {
		t.Fatalf("the drill's event: %v", err)
	}
	if err := duty.Flush(); err != nil {
		t.Fatal(err)
	}
	if msg, err := live.NextMsg(50 * time.Millisecond); err == nil {
		t.Errorf("an officer hears %s on %s, which a viewer had sent there", msg.Data, msg.Subject)
	}
	upToNow(t, public, heard, func(msg *nats.Msg) {
		if slices.Contains(targets, msg.Subject) {
			t.Errorf("%s got %s", msg.Subject, msg.Data)
		}
	})
	for name, want := range map[string]uint64{StreamEvents: 0, StreamDrill: 1} {
		s, err := publicJS.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if n := s.CachedInfo().State.Msgs; n != want {
			t.Errorf("%s holds %d messages, want %d", name, n, want)
		}
	}
	for _, name := range publicConsumers(t, b) {
		if !strings.HasPrefix(name, "JS_MIRROR_") {
			t.Errorf("consumer %s in the public account, want those of the mirrors only", name)
		}
	}
	for _, config := range []jetstream.StreamConfig{{Name: "X", Subjects: []string{"x"}},
		{Name: StreamEvents, Subjects: []string{"x"}}} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if _, err := js.CreateOrUpdateStream(ctx, config); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a viewer may make or change stream %s: %v", config.Name, err)
		}
		cancel()
	}
}

// pushTo has a reader ask for everything that it may, to be answered and served at a subject, and returns once its consumer
// that pushes there is made.
func pushTo(t *testing.T, b *Bus, user, target string) {
	t.Helper()
	nc := connect(t, b.Addr(), user)
	push, err := json.Marshal(map[string]any{"stream_name": StreamDrill, "config": map[string]any{
		"name": user, "durable_name": user, "deliver_subject": target, "deliver_policy": "all", "ack_policy": "none"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, ask := range []struct {
		subject string
		data    []byte
	}{
		{"$JS.API.STREAM.INFO." + StreamDrill, nil},
		{"$JS.API.CONSUMER.CREATE." + StreamDrill + "." + user, push},
		{"$JS.API.CONSUMER.INFO." + StreamDrill + "." + user, nil},
		{"$JS.API.CONSUMER.MSG.NEXT." + StreamDrill + "." + user, []byte("1")},
	} {
		if err := nc.PublishRequest(ask.subject, target, ask.data); err != nil {
			t.Fatal(err)
		}
	}
	made := func() bool {
		_, err := b.js["viewers"].Consumer(t.Context(), StreamDrill, user)
		return errors.Is(err, jetstream.ErrNotPullConsumer)
	}
	for limit := time.Now().Add(time.Minute); !made(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("no consumer that pushes to %s", target)
		}
	}
	if err := nc.PublishRequest("$JS.API.CONSUMER.MSG.NEXT."+StreamDrill+"."+user, target, []byte("1")); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
}

// A reader cannot have a stream deleted, nor can the program. That a pull finds nothing is told without a body at the subject
// that the reader names, and JetStream would take that for a request of its own there.
func TestReadersCannotHaveAStreamDeleted(t *testing.T) {
	access := externalServer(t)
	external := runServer(t, access.opts)
	outside := startExternal(t, external.ClientURL(), writeCredentials(t, access.file))
	serve(t, outside, everyone().authenticate)
	embedded := startBus(t, Config{}, everyone().authenticate)
	for b, addr := range map[*Bus]string{embedded: embedded.Addr(), outside: external.ClientURL()} {
		for user, account := range map[string]string{"viewer": "viewers", "duty": "officers"} {
			nc := connect(t, addr, user)
			for _, name := range []string{StreamEvents, StreamDrill} {
				pullToDelete(t, nc, name, user)
				if err := b.js["public"].DeleteStream(t.Context(), name); err == nil {
					t.Errorf("the program deletes %s", name)
				}
				for _, of := range []string{account, "public"} {
					if _, err := b.js[of].Stream(t.Context(), name); err != nil {
						t.Errorf("%s: %s of %s is not there any more: %v", user, name, of, err)
					}
				}
			}
		}
	}
}

// pullToDelete has a reader's pulls of an empty stream answered where streams are deleted, and returns once they were.
func pullToDelete(t *testing.T, nc *nats.Conn, stream, user string) {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	own, err := js.CreateConsumer(t.Context(), stream, jetstream.ConsumerConfig{Name: user})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := nc.PublishRequest("$JS.API.CONSUMER.MSG.NEXT."+stream+"."+user, "$JS.API.STREAM.DELETE."+stream,
			[]byte(`{"batch":1,"no_wait":true}`)); err != nil {
			t.Fatal(err)
		}
	}
	// The answer to this pull comes after theirs, and JetStream takes what is asked of it after that behind what these ask.
	batch, err := own.FetchNoWait(1)
	if err != nil {
		t.Fatal(err)
	}
	if msg := <-batch.Messages(); msg != nil {
		t.Fatalf("a message: %s", msg.Data())
	}
	if _, err := js.UpdateConsumer(t.Context(), stream, jetstream.ConsumerConfig{Name: user, Description: "later"}); err != nil {
		t.Errorf("%s: the consumer of %s is not there any more: %v", user, stream, err)
	}
}

// publicConsumers names the public account's consumers with the hidden ones of mirrors.
func publicConsumers(t *testing.T, b *Bus) []string {
	t.Helper()
	info, err := b.srv.Jsz(&server.JSzOptions{Account: accountPublic, Accounts: true, Streams: true, Consumer: true,
		DirectConsumer: true})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range info.AccountDetails {
		for _, s := range a.Streams {
			for _, c := range slices.Concat(s.Consumer, s.DirectConsumer) {
				names = append(names, c.Name)
			}
		}
	}
	return names
}
