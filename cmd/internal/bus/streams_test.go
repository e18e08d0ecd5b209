package bus

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Each reader has one consumer on each stream, of its own name. No other name is made, asked or read, and in the other
// account the same name is another consumer: who fills the one has not touched the other.
func TestAConsumerIsItsUsers(t *testing.T) {
	t.Parallel()
	b := startBus(t, Config{}, everyone().authenticate)
	publishEvents(t, b, 1, 3)
	consumer := func(user, name string) (jetstream.Consumer, error) {
		t.Helper()
		js, err := jetstream.New(connect(t, b.Addr(), user))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if user != name {
			cancel()
			ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
		}
		defer cancel()
		return js.CreateOrUpdateConsumer(ctx, StreamEvents,
			jetstream.ConsumerConfig{Durable: name, FilterSubject: "qingkong.warning.declared"})
	}
	for _, user := range []string{"duty", "approver", "viewer", "viewer2", "inspector", "admin"} {
		own, err := consumer(user, user)
		if err != nil {
			t.Fatalf("%s: %v", user, err)
		}
		if msg, err := own.Next(jetstream.FetchMaxWait(10 * time.Second)); err != nil || string(msg.Data()) != "1" {
			t.Fatalf("%s reads %v", user, err)
		}
		if limit := own.CachedInfo().Config.InactiveThreshold; limit != consumerIdle {
			t.Errorf("the consumer of %s is forgotten after %v", user, limit)
		}
		for _, other := range []string{"duty", "viewer", "bureau"} {
			if user == other {
				continue
			}
			if _, err := consumer(user, other); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s makes or changes the consumer %s: %v", user, other, err)
			}
		}
	}
	for account, want := range map[string][]string{"officers": {"admin", "approver", "duty"},
		"viewers": {"inspector", "viewer", "viewer2"}} {
		if got := consumersOf(t, b.mirrors()[account]); !slices.Equal(got, want) {
			t.Errorf("%s have the consumers %v, want %v", account, got, want)
		}
	}
}

func consumersOf(t *testing.T, js jetstream.JetStream) (names []string) {
	t.Helper()
	s, err := js.Stream(t.Context(), StreamEvents)
	if err != nil {
		t.Fatal(err)
	}
	list := s.ListConsumers(t.Context())
	for c := range list.Info() {
		names = append(names, c.Name)
	}
	if list.Err() != nil {
		t.Fatal(list.Err())
	}
	slices.Sort(names)
	return names
}

// A sweep deletes what pushes and what is of nobody who may read there, and leaves the rest.
func TestSweep(t *testing.T) {
	b := startBus(t, Config{}, everyone().authenticate)
	viewer := connect(t, b.Addr(), "viewer")
	push, err := json.Marshal(map[string]any{"stream_name": StreamEvents, "config": map[string]any{
		"name": "viewer", "durable_name": "viewer", "deliver_subject": "qingkong.warning.cancelled", "ack_policy": "none"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := viewer.Request("$JS.API.CONSUMER.CREATE."+StreamEvents+".viewer", push, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	for js, names := range map[jetstream.JetStream][]string{b.js["viewers"]: {"viewer2", "gone", "duty"},
		b.js["officers"]: {"duty", "viewer"}} {
		for _, name := range names {
			if _, err := js.CreateConsumer(t.Context(), StreamEvents, jetstream.ConsumerConfig{Durable: name}); err != nil {
				t.Fatal(err)
			}
		}
	}
	known := everyone()
	reads := func(user string, roles ...string) bool {
		id, ok := known.ids[user]
		return ok && slices.Contains(roles, id.Role)
	}
	if n, err := b.Sweep(t.Context(), reads); err != nil || n != 4 {
		t.Errorf("%d were deleted, %v", n, err)
	}
	if got := consumersOf(t, b.js["viewers"]); !slices.Equal(got, []string{"viewer2"}) {
		t.Errorf("viewers have %v", got)
	}
	if got := consumersOf(t, b.js["officers"]); !slices.Equal(got, []string{"duty"}) {
		t.Errorf("officers have %v", got)
	}
}
