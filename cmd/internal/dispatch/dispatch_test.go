package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/bus"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/journal/journaltest"
	"qingkong/notify/channel"
)

const patience = 30 * time.Second

// begin is when every test begins.
var begin = time.Date(2016, 12, 16, 18, 0, 0, 0, time.UTC)

// put is an event and a command: messages of a topic go out by a channel. Those of the topic "order" are repeated.
type put struct {
	Channel string   `json:"channel"`
	Topic   string   `json:"topic"`
	IDs     []string `json:"ids"`
}

func (put) Kind() string { return "test.put" }

const cmdPut, cmdSent = "test.put", "test.sent"

func registry() *journal.Registry {
	r := journal.NewRegistry(journal.Module{Name: "test",
		Decode: func(_ string, data []byte) (journal.Event, error) {
			var e put
			err := json.Unmarshal(data, &e)
			return e, err
		},
		Apply: func(_ *bbolt.Tx, fx journal.Effects, at time.Time, _ string, _ journal.Pos, ev journal.Event) error {
			e := ev.(put)
			for _, id := range e.IDs {
				fx.SendBy(e.Channel, e.Topic, id, at)
			}
			return nil
		}})
	journal.Handle(r, cmdPut, func(_ *bbolt.Tx, _ string, in put, _ time.Time) ([]journal.Event, bool, error) {
		return []journal.Event{in}, true, nil
	})
	type events = []journal.Event
	journal.Handle(r, cmdSent, func(tx *bbolt.Tx, _ string, in journal.SendReport, now time.Time) (events, bool, error) {
		events, err := journal.DecideSent(tx, in, now, func(d journal.Due) time.Duration {
			if d.Topic == "order" {
				return time.Minute << d.Attempts
			}
			return 0
		})
		return events, true, err
	})
	return r
}

// sms is a second channel whose carrier does what a test says. What it is handed is kept.
type sms struct {
	handed chan []channel.Message
	answer func(ctx context.Context, msgs []channel.Message) []channel.Outcome
}

func (*sms) Name() string { return "sms" }

func (s *sms) Send(ctx context.Context, msgs []channel.Message) []channel.Outcome {
	s.handed <- msgs
	return s.answer(ctx, msgs)
}

// always answers the same of each message.
func always(o channel.Outcome) func(context.Context, []channel.Message) []channel.Outcome {
	return func(_ context.Context, msgs []channel.Message) []channel.Outcome {
		return slices.Repeat([]channel.Outcome{o}, len(msgs))
	}
}

// world is a record whose leader sends by NATS and by sms.
type world struct {
	*testing.T
	j     *journal.Journal
	d     *Dispatcher
	epoch uint64
	clock *journaltest.Clock
	sms   *sms
	heard chan *nats.Msg // by NATS
}

func newWorld(t *testing.T, limit time.Duration) *world {
	b, err := bus.Start(bus.Config{StoreDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	_, js := b.Journal()
	nc, _ := b.Public()
	w := &world{T: t, clock: journaltest.NewClock(begin), heard: make(chan *nats.Msg, 10_000)}
	w.sms = &sms{handed: make(chan []channel.Message, 1000)}
	if _, err = nc.Subscribe("qingkong.order.*", func(m *nats.Msg) { w.heard <- m }); err != nil {
		t.Fatal(err)
	}
	w.j = journaltest.Open(t, journal.Options{Registry: registry(), Dir: t.TempDir(), JS: js, NoSync: true,
		Clock: w.clock.Now})
	w.epoch = journaltest.Lead(t, w.j).Epoch
	w.d = New(Options{Journal: w.j, Acts: w, Clock: w.j.Now, Log: slog.New(slog.DiscardHandler),
		Channels: []Channel{NATS(b.Channel()), {Sender: w.sms, Batch: 10, Limit: limit}}})
	return w
}

func (w *world) Render(_ *bbolt.Tx, by, topic, id string) (channel.Message, error) {
	return channel.Message{Key: id, To: "qingkong.order." + id, Body: fmt.Appendf(nil, "%s %s by %s", topic, id, by)}, nil
}

func (w *world) RecordSent(ctx context.Context, went journal.SendReport) error {
	_, err := w.j.Submit(ctx, journal.Command{Kind: cmdSent, Payload: went})
	return err
}

func (w *world) put(by, topic string, ids ...string) {
	w.Helper()
	if _, err := w.j.Submit(w.Context(), journal.Command{Kind: cmdPut, Payload: put{by, topic, ids}}); err != nil {
		w.Fatal(err)
	}
}

// run lets the dispatcher run until the test's end.
func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); w.d.Run(ctx, w.epoch) }()
	w.Cleanup(func() {
		cancel()
		<-ended
	})
}

func (w *world) eventually(what string, is func() bool) {
	w.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			w.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// waiting are the rows of a channel, whenever they are due, as "id attempts minutes-from-begin", with a ? where it is
// unsure.
func (w *world) waiting(by string) (rows []string) {
	w.Helper()
	err := w.j.View(func(tx *bbolt.Tx) error {
		due, _ := journal.DueOutbox(tx, by, begin.AddDate(1, 0, 0), 1000)
		for _, d := range due {
			at, _, ok := journal.OutboxRow(tx, by, d.Topic, d.ID)
			text := fmt.Sprintf("%s %d %g", d.ID, d.Attempts, at.Sub(begin).Round(time.Second).Minutes())
			if d.Unsure {
				text += "?"
			}
			if !ok {
				text += " not found when it is due"
			}
			rows = append(rows, text)
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	slices.Sort(rows)
	return rows
}

// recorded are the events that the record has of what was sent.
func (w *world) recorded() (events []string) {
	w.Helper()
	err := w.j.View(func(tx *bbolt.Tx) error {
		for n := uint64(1); n <= w.j.Height(); n++ {
			b, err := journal.ParseBlock(journal.ReadBlock(tx, n))
			if err != nil {
				return err
			}
			for _, e := range b.Entries() {
				if e.Kind == (journal.Sent{}).Kind() || e.Kind == (journal.Outcome{}).Kind() {
					events = append(events, strings.TrimPrefix(e.Kind, "journal.")+" "+string(e.Data))
				}
			}
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return events
}

// proved checks the record, which includes that a replay leaves the same state.
func (w *world) proved() {
	w.Helper()
	if r, err := w.j.Check(w.Context()); err != nil || !r.OK {
		w.Errorf("the record: %v %v", err, r.Problems)
	}
}

// While one channel gives no answer, the other sends and records all it has.
func TestAChannelThatBlocksDelaysNoOther(t *testing.T) {
	w := newWorld(t, time.Hour)
	release := make(chan struct{})
	w.sms.answer = func(ctx context.Context, msgs []channel.Message) []channel.Outcome {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return always(channel.Outcome{Result: channel.Sent})(ctx, msgs)
	}
	w.run()
	w.put("sms", "warning", "W1")
	<-w.sms.handed
	var ids []string
	for n := range 2500 {
		ids = append(ids, fmt.Sprint("E", n))
	}
	w.put(channel.NATS, "warning", ids...)
	for range ids {
		select {
		case <-w.heard:
		case <-time.After(patience):
			t.Fatal("not all came by NATS")
		}
	}
	w.eventually("all by NATS is recorded", func() bool { return len(w.waiting(channel.NATS)) == 0 })
	if got := w.waiting("sms"); !slices.Equal(got, []string{"W1 0 0"}) {
		t.Errorf("by sms %v waits", got)
	}
	for _, e := range w.recorded() {
		if !strings.HasPrefix(e, `sent {"epoch":1,"channel":"nats",`) {
			t.Errorf("recorded %s", e)
		}
	}
	close(release)
	w.eventually("all is recorded", func() bool { return len(w.waiting("sms")) == 0 })
	w.proved()
}

// What a carrier says of a message is recorded, moves its row, and is told to the sender the next time.
func TestEachOutcomeIsRecordedAsSaid(t *testing.T) {
	const in1, in5, in10, in1440 = `1481911260000`, `1481911500000`, `1481911800000`, `1481997600000` // minutes
	sent := channel.Outcome{Result: channel.Sent}
	later := func(after time.Duration, why string) channel.Outcome {
		return channel.Outcome{Result: channel.Later, After: after, Why: why}
	}
	refused := func(why string) channel.Outcome { return channel.Outcome{Result: channel.Refused, Why: why} }
	unknown := func(after time.Duration) channel.Outcome {
		return channel.Outcome{Result: channel.Unknown, After: after, Why: "timeout"}
	}
	both := []string{`sent "groups":[{"topic":"order","again":` + in1 + `,"ids":["A","B"]}]`}
	onlyB := `sent "groups":[{"topic":"warning","ids":["B"]}]`
	for _, c := range []struct {
		name    string
		topic   string
		out     []channel.Outcome // of A and B
		record  []string          // kinds and data, without epoch, channel and topic
		waiting []string          // after it
		next    string            // what goes out an hour later: id, attempts, and ? for unsure
	}{
		{"sent", "warning", []channel.Outcome{sent, sent},
			[]string{`sent "groups":[{"topic":"warning","ids":["A","B"]}]`}, nil, ""},
		{"sent, and to be repeated", "order", []channel.Outcome{sent, sent}, both, []string{"A 1 1", "B 1 1"}, "A1 B1"},
		{"sent, with an id of the carrier", "order", []channel.Outcome{{Result: channel.Sent, CarrierID: "biz-1"}, sent},
			[]string{`sent "groups":[{"topic":"order","again":` + in1 + `,"ids":["B"]}]`,
				`outcome "id":"A","result":"sent","carrier_id":"biz-1","again":` + in1}, []string{"A 1 1", "B 1 1"}, "A1 B1"},
		{"later", "warning", []channel.Outcome{later(10*time.Minute, "DAY_LIMIT"), sent},
			[]string{onlyB, `outcome "id":"A","result":"later","why":"DAY_LIMIT","again":` + in10}, []string{"A 0 10"}, "A0"},
		{"later than a day", "warning", []channel.Outcome{later(1000*time.Hour, "x"), sent},
			[]string{onlyB, `outcome "id":"A","result":"later","why":"x","again":` + in1440}, []string{"A 0 1440"}, ""},
		{"in a moment", "warning", []channel.Outcome{later(0, "busy"), sent}, []string{onlyB}, []string{"A 0 0"}, "A0"},
		{"refused for good", "order", []channel.Outcome{refused("ILLEGAL"), refused(strings.Repeat("错", 1000))},
			[]string{`outcome "id":"A","result":"refused","why":"ILLEGAL"`,
				`outcome "id":"B","result":"refused","why":"` + strings.Repeat("错", 100) + `"`}, nil, ""},
		{"unknown", "warning", []channel.Outcome{unknown(0), unknown(5 * time.Minute)},
			[]string{`outcome "id":"A","result":"unknown","why":"timeout","again":` + in1,
				`outcome "id":"B","result":"unknown","why":"timeout","again":` + in5}, []string{"A 1 1?", "B 1 5?"}, "A1? B1?"},
		{"not tried", "warning", []channel.Outcome{sent},
			[]string{`sent "groups":[{"topic":"warning","ids":["A"]}]`}, []string{"B 0 0"}, "B0"},
		{"none tried", "warning", nil, nil, []string{"A 0 0", "B 0 0"}, "A0 B0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, time.Hour)
			w.sms.answer = func(context.Context, []channel.Message) []channel.Outcome { return c.out }
			w.put("sms", c.topic, "A", "B")
			w.put(channel.NATS, "warning", "N")
			_, _ = w.d.Round(t.Context(), w.epoch) // what failed for a moment is an error of the round, and told below
			<-w.sms.handed
			var got []string
			for _, e := range w.recorded() {
				if !strings.Contains(e, `"channel":"nats"`) {
					e = strings.Replace(strings.TrimSuffix(e, "}"), `{"epoch":1,"channel":"sms",`, "", 1)
					got = append(got, strings.Replace(e, `"topic":"`+c.topic+`","id"`, `"id"`, 1))
				}
			}
			if !slices.Equal(got, c.record) {
				t.Errorf("recorded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.record, "\n"))
			}
			if got := w.waiting("sms"); !slices.Equal(got, c.waiting) {
				t.Errorf("%q wait, want %q", got, c.waiting)
			}
			if got := w.waiting(channel.NATS); len(got) > 0 {
				t.Errorf("%q wait for NATS", got)
			}
			w.proved()
			w.clock.Add(time.Hour)
			_, _ = w.d.Round(t.Context(), w.epoch)
			var next []string
			select {
			case msgs := <-w.sms.handed:
				for _, m := range msgs {
					text := fmt.Sprint(m.Key, m.Attempts)
					if m.Unsure {
						text += "?"
					}
					next = append(next, text)
					if want := fmt.Sprintf("%s %s by sms", c.topic, m.Key); string(m.Body) != want {
						t.Errorf("repeated as %q, first %q", m.Body, want)
					}
				}
			default:
			}
			if got := strings.Join(next, " "); got != c.next {
				t.Errorf("an hour later goes out %q, want %q", got, c.next)
			}
		})
	}
}

// A result under an older lease is refused, and the message stays.
func TestAnOlderLeaseRecordsNothing(t *testing.T) {
	w := newWorld(t, time.Hour)
	w.sms.answer = always(channel.Outcome{Result: channel.Refused, Why: "x"})
	w.put("sms", "order", "A")
	if _, err := w.d.Round(t.Context(), w.epoch-1); err == nil {
		t.Error("an older epoch recorded a refusal")
	}
	if got := w.waiting("sms"); !slices.Equal(got, []string{"A 0 0"}) {
		t.Errorf("%q wait", got)
	}
}

// A channel whose sender stops at a pause rests as long as it was asked to, with all that it was not handed.
func TestAChannelRestsAsLongAsItIsAsked(t *testing.T) {
	w := newWorld(t, time.Hour)
	w.sms.answer = func(context.Context, []channel.Message) []channel.Outcome {
		return []channel.Outcome{{Result: channel.Sent}, {Result: channel.Later, After: 30 * time.Second, Why: "20 a minute"}}
	}
	w.put("sms", "warning", "A", "B", "C")
	l := w.d.loop(w.d.lanes[1], w.epoch)
	at := begin.Add(30 * time.Second)
	for range 3 {
		if _, next := l.send(t.Context()); !next.IsZero() && next.Sub(at).Abs() > time.Second { // the record's time ticks
			t.Errorf("it goes on at %v, want %v", next, at)
		}
		l.settle()
	}
	if n := len(w.sms.handed); n != 1 {
		t.Errorf("handed over %d times", n)
	}
	w.sms.answer = always(channel.Outcome{Result: channel.Sent})
	w.clock.Add(31 * time.Second)
	l.send(t.Context())
	l.settle()
	if got := w.waiting("sms"); len(got) > 0 {
		t.Errorf("%q wait", got)
	}
}

// A sender that does not come back is given up at its limit: what it was handed is unknown, nothing more is handed to
// it, and the channel is in trouble since then, until it sends again.
func TestASenderThatDoesNotComeBack(t *testing.T) {
	w := newWorld(t, 10*time.Millisecond)
	release := make(chan struct{})
	w.sms.answer = func(ctx context.Context, msgs []channel.Message) []channel.Outcome {
		<-release
		return always(channel.Outcome{Result: channel.Sent})(ctx, msgs)
	}
	w.run()
	w.put("sms", "order", "A")
	w.eventually("its outcome is recorded", func() bool { return slices.Equal(w.waiting("sms"), []string{"A 1 1?"}) })
	w.put("sms", "order", "B")
	w.put(channel.NATS, "order", "N")
	w.eventually("NATS sends", func() bool { return slices.Equal(w.waiting(channel.NATS), []string{"N 1 1"}) })
	if n := len(w.sms.handed); n != 1 {
		t.Errorf("handed over %d times before it came back", n)
	}
	if got := w.d.Troubles(); len(got) != 1 || got[0].Channel != "sms" || got[0].Since.Sub(begin).Abs() > time.Second {
		t.Errorf("troubles %+v", got)
	}
	close(release)
	w.clock.Add(2 * time.Minute)
	w.put(channel.NATS, "order", "M") // which wakes them
	w.eventually("sms sends", func() bool {
		w.clock.Add(time.Second) // what it rests passes
		left := strings.Join(w.waiting("sms"), " ")
		return !strings.Contains(left, "?") && !strings.Contains(left, "B 0")
	})
	w.eventually("the trouble is over", func() bool { return len(w.d.Troubles()) == 0 })
	w.proved()
}

// A channel is in trouble since its carrier took nothing more of what it was handed; who is refused for good is
// answered.
func TestTroubles(t *testing.T) {
	d := New(Options{})
	at := begin
	for _, step := range []struct {
		out  []channel.Outcome
		want string
	}{
		{[]channel.Outcome{{Result: channel.Refused, Why: "no such number"}}, ""},
		{[]channel.Outcome{{Result: channel.Later, Why: "busy"}}, "1 busy"},
		{[]channel.Outcome{{Result: channel.Refused, Why: "no such number"}}, "1 busy"},
		{[]channel.Outcome{{Result: channel.Refused, Why: "x"}, {Result: channel.Unknown, Why: "timeout"}}, "1 timeout"},
		{nil, "1 "},
		{[]channel.Outcome{{Result: channel.Later, Why: "busy"}, {Result: channel.Sent}}, ""},
		{nil, "6 "},
	} {
		d.heard("sms", at, step.out)
		got := ""
		for _, t := range d.Troubles() {
			got = fmt.Sprintf("%d %s", int(t.Since.Sub(begin).Minutes()), t.Why)
		}
		if got != step.want {
			t.Errorf("after %v: %q, want %q", step.out, got, step.want)
		}
		at = at.Add(time.Minute)
	}
}
