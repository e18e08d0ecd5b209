package journal

import (
	"errors"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// dated is an event in which the clock's times stand among others, deep inside.
type dated struct {
	At    time.Time `json:"at"`
	Fixed time.Time `json:"fixed"`
	Deep  []struct {
		By time.Time `json:"by"`
		N  int       `json:"n"`
	} `json:"deep"`
}

func (dated) Kind() string { return "t.dated" }

func datedAt(at time.Time, n int) dated {
	d := dated{At: at, Fixed: time.Unix(1e9, 0)}
	d.Deep = append(d.Deep, struct {
		By time.Time `json:"by"`
		N  int       `json:"n"`
	}{at.Add(30 * time.Minute), n})
	return d
}

// The digest of events stays while the clock goes on, and is another one for another content.
func TestDigestLeavesOutTheClock(t *testing.T) {
	digest := func(at time.Time, n int) string {
		d, err := digestOf([]Event{datedAt(at, n)}, []Event{datedAt(at.Add(time.Second), n)})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	at := time.Date(2016, 12, 16, 2, 0, 0, 0, time.UTC)
	if digest(at, 1) != digest(at.Add(time.Hour), 1) {
		t.Error("the clock alone changes it")
	}
	if digest(at, 1) == digest(at, 2) {
		t.Error("another content does not change it")
	}
	none, err := digestOf(nil, nil)
	if err != nil || none == digest(at, 1) || none == "" {
		t.Errorf("of nothing: %q, %v", none, err)
	}
}

// A command that says what its sender was shown is carried out as shown or not at all; its repeat gets its answer,
// whatever the state has become.
func TestCommandIsCarriedOutAsSeen(t *testing.T) {
	w := newWorld(t)
	w.start()
	cmd := Command{Kind: "t.add", Key: "k", Actor: "duty", Payload: add{Name: "a", N: 2}}
	o, err := w.j.Preview(cmd)
	if err != nil || len(o.Events) != 1 || o.Result != uint64(2) || o.Digest == "" {
		t.Fatalf("%+v, %v", o, err)
	}
	cmd.Seen = o.Digest
	if _, err := w.j.Submit(t.Context(), Command{Kind: "t.add", Actor: "duty2", Payload: add{Name: "a", N: 1}}); err != nil {
		t.Fatal(err)
	}
	height := w.j.Height()
	var e *refusal.Error
	if _, err := w.j.Submit(t.Context(), cmd); !errors.As(err, &e) || e.Rule != OutcomeChanged {
		t.Fatalf("with another outcome: %v", err)
	}
	if w.j.Height() != height {
		t.Error("it recorded something")
	}
	if o, err = w.j.Preview(cmd); err != nil {
		t.Fatal(err)
	}
	cmd.Seen = o.Digest
	for range 2 { // the second is answered from the first, though it would add something else now
		if got, err := w.j.Submit(t.Context(), cmd); err != nil || got != uint64(3) {
			t.Fatalf("%v, %v", got, err)
		}
	}
	if err := w.j.View(func(tx *bbolt.Tx) error {
		if n := count(tx, "a"); n != 3 {
			t.Errorf("counted %d", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
