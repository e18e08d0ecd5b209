// Package channeltest is the suite that every sender passes.
package channeltest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/notify/channel"
)

// patience bounds what a sender may take; it is reached only when something is wrong.
const patience = 30 * time.Second

// Carrier is a sender and the far side of it, as a test sees it.
type Carrier struct {
	Sender  channel.Sender
	Message func(n int) channel.Message // the n-th message, as the channel has them; the same each time
	Taken   func() []Taken              // what the carrier has taken so far
	Down    func()                      // the carrier gives no answer from now on
	Up      func()                      // it answers again
	Refused *channel.Message            // one that the carrier never takes; nil where it takes all
	Secrets []string                    // what no outcome may hold
}

// Taken is a message as the carrier took it.
type Taken struct{ Key, To, Body string }

func (t Taken) compare(u Taken) int {
	return cmp.Or(cmp.Compare(t.Key, u.Key), cmp.Compare(t.To, u.To), cmp.Compare(t.Body, u.Body))
}

// Run holds senders to the contract of [channel.Sender]; open gives a fresh carrier to each test.
func Run(t *testing.T, open func(t *testing.T) *Carrier) {
	for name, test := range map[string]func(*suite){
		"nothing to send":             (*suite).nothing,
		"what is sent arrives":        (*suite).arrives,
		"a repeat is the same":        (*suite).repeats,
		"a carrier without an answer": (*suite).down,
		"a context that has ended":    (*suite).ended,
		"refused for good":            (*suite).refused,
	} {
		t.Run(name, func(t *testing.T) { test(&suite{t, open(t)}) })
	}
}

type suite struct {
	*testing.T
	*Carrier
}

// batch is the messages from to below to.
func (s *suite) batch(from, to int) (msgs []channel.Message) {
	for n := from; n < to; n++ {
		msgs = append(msgs, s.Message(n))
	}
	return msgs
}

// send sends and checks the form of what comes back.
func (s *suite) send(ctx context.Context, msgs []channel.Message) []channel.Outcome {
	s.Helper()
	got := make(chan []channel.Outcome, 1)
	go func() { got <- s.Sender.Send(ctx, msgs) }()
	var out []channel.Outcome
	select {
	case out = <-got:
	case <-time.After(patience):
		s.Fatalf("no answer within %v", patience)
	}
	if len(out) > len(msgs) {
		s.Fatalf("%d outcomes of %d messages", len(out), len(msgs))
	}
	for i, o := range out {
		known := []channel.Result{channel.Sent, channel.Later, channel.Refused, channel.Unknown}
		if !slices.Contains(known, o.Result) || (o.Result == channel.Sent) != (o.Why == "") || o.After < 0 {
			s.Errorf("outcome %d is %+v", i, o)
		}
		for _, secret := range s.Secrets {
			if strings.Contains(fmt.Sprintf("%+v", o), secret) {
				s.Errorf("outcome %d holds a secret", i)
			}
		}
	}
	return out
}

// all sends and expects that the carrier has every message.
func (s *suite) all(msgs []channel.Message) {
	s.Helper()
	out := s.send(s.Context(), msgs)
	for _, o := range out {
		if o.Result != channel.Sent {
			s.Fatalf("outcome %+v", o)
		}
	}
	if len(out) != len(msgs) {
		s.Fatalf("%d outcomes of %d messages", len(out), len(msgs))
	}
}

// wants waits until the carrier has taken just these, in whatever order.
func (s *suite) wants(msgs ...channel.Message) {
	s.Helper()
	var want []Taken
	for _, m := range msgs {
		want = append(want, Taken{m.Key, m.To, string(m.Body)})
	}
	slices.SortFunc(want, Taken.compare)
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		got := slices.SortedFunc(slices.Values(s.Taken()), Taken.compare)
		if slices.Equal(got, want) {
			return
		}
		if time.Now().After(end) {
			s.Fatalf("the carrier has taken\n%v, want\n%v", got, want)
		}
	}
}

func (s *suite) nothing() {
	if name := s.Sender.Name(); name == "" || strings.Contains(name, "\x00") || name != s.Sender.Name() {
		s.Errorf("name %q", name)
	}
	if out := s.send(s.Context(), nil); len(out) > 0 {
		s.Errorf("outcomes of nothing: %v", out)
	}
	s.wants()
}

func (s *suite) arrives() {
	msgs := s.batch(0, 10)
	s.all(msgs)
	s.wants(msgs...)
}

func (s *suite) repeats() {
	m := s.Message(0)
	s.all([]channel.Message{m})
	m.Attempts++
	s.all([]channel.Message{m})
	s.wants(m, m)
}

// Without an answer nothing is called sent; what was not sent goes out once there is one.
func (s *suite) down() {
	s.all(s.batch(0, 1))
	s.Down()
	ctx, cancel := context.WithTimeout(s.Context(), time.Second)
	defer cancel()
	for _, o := range s.send(ctx, s.batch(1, 4)) {
		if o.Result != channel.Later && o.Result != channel.Unknown {
			s.Errorf("without an answer the outcome is %+v", o)
		}
	}
	s.Up()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		out := s.send(s.Context(), s.batch(4, 5))
		if len(out) == 1 && out[0].Result == channel.Sent {
			return
		}
		if time.Now().After(end) {
			s.Fatalf("it answers again, and the outcome is %+v", out)
		}
	}
}

func (s *suite) ended() {
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	for _, o := range s.send(ctx, s.batch(0, 3)) {
		if o.Result == channel.Refused {
			s.Errorf("a message is refused for good because the program ends: %+v", o)
		}
	}
}

// One that is refused keeps none of the others back.
func (s *suite) refused() {
	if s.Carrier.Refused == nil {
		return
	}
	first, last := s.Message(0), s.Message(1)
	out := s.send(s.Context(), []channel.Message{first, *s.Carrier.Refused, last})
	var got []channel.Result
	for _, o := range out {
		got = append(got, o.Result)
	}
	if want := []channel.Result{channel.Sent, channel.Refused, channel.Sent}; !slices.Equal(got, want) {
		s.Fatalf("results %v, want %v", got, want)
	}
	s.wants(first, last)
}
