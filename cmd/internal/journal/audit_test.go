package journal

import (
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/channel"
)

// The rows that an audit reads are those that applying leaves, under both of their keys.
func TestRowsOfAnAudit(t *testing.T) {
	w := newWorld(t)
	j := w.start()
	at := time.Date(2016, 12, 16, 18, 0, 0, 0, shanghai)
	// within runs fn in a transaction that is rolled back.
	within := func(fn func(tx *bbolt.Tx, fx *effects)) {
		t.Helper()
		tx, err := j.db.Begin(true)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		fx := newEffects(tx, at)
		fx.Send("order", "A/issued", at.Add(2*time.Hour))
		fx.Send("order", "B/issued", at.Add(time.Hour))
		fx.Timer("overdue/A", at.Add(4*time.Hour), "order.overdue", struct{}{})
		fx.Timer("plan/W", at.Add(3*time.Hour), "order.plan", struct{}{})
		fn(tx, fx)
		if fx.err != nil {
			t.Fatal(fx.err)
		}
	}
	row := func(tx *bbolt.Tx, id string, hour, attempts int) {
		t.Helper()
		due, n, ok := OutboxRow(tx, channel.NATS, "order", id)
		if ok != (hour > 0) || ok && (!due.Equal(at.Add(time.Duration(hour)*time.Hour)) || n != attempts) {
			t.Errorf("%s goes out at %v after %d times, %v; want hour %d and %d times", id, due, n, ok, hour, attempts)
		}
	}
	timer := func(tx *bbolt.Tx, id string, hour int) {
		t.Helper()
		if due, ok := TimerRow(tx, id); ok != (hour > 0) || ok && !due.Equal(at.Add(time.Duration(hour)*time.Hour)) {
			t.Errorf("%s runs at %v, %v; want hour %d", id, due, ok, hour)
		}
	}
	oldest := func(tx *bbolt.Tx, outbox, timer int) {
		t.Helper()
		for i, got := range []time.Time{OldestMessage(tx, channel.NATS), OldestTimer(tx)} {
			hour := [2]int{outbox, timer}[i]
			if hour == 0 && !got.IsZero() || hour > 0 && !got.Equal(at.Add(time.Duration(hour)*time.Hour)) {
				t.Errorf("the oldest of %s is due at %v, want hour %d", [2]string{"outbox", "timers"}[i], got, hour)
			}
		}
	}
	for name, c := range map[string]func(tx *bbolt.Tx, fx *effects){
		"as they were put": func(tx *bbolt.Tx, _ *effects) {
			row(tx, "A/issued", 2, 0)
			row(tx, "B/issued", 1, 0)
			row(tx, "C/issued", 0, 0)
			timer(tx, "overdue/A", 4)
			timer(tx, "plan/W", 3)
			timer(tx, "plan/X", 0)
			oldest(tx, 1, 3)
		},
		"another topic": func(tx *bbolt.Tx, _ *effects) {
			if _, _, ok := OutboxRow(tx, channel.NATS, "warning", "A/issued"); ok {
				t.Error("a row of another topic")
			}
		},
		"sent, and to be repeated": func(tx *bbolt.Tx, fx *effects) {
			fx.went(channel.NATS, "order", "B/issued", channel.Sent, at.Add(5*time.Hour).UnixMilli())
			row(tx, "B/issued", 5, 1)
			oldest(tx, 2, 3)
		},
		"all done": func(tx *bbolt.Tx, fx *effects) {
			fx.Drop("order", "A/issued")
			fx.went(channel.NATS, "order", "B/issued", channel.Sent, 0)
			fx.CancelTimer("overdue/A")
			fx.CancelTimer("plan/W")
			row(tx, "A/issued", 0, 0)
			timer(tx, "overdue/A", 0)
			oldest(tx, 0, 0)
		},
		"not found when it is due": func(tx *bbolt.Tx, fx *effects) {
			due := at.Add(2 * time.Hour).UnixMilli()
			fx.must(fx.outboxDue.Delete(outDueKey(nil, channel.NATS, uint64(due), "order", "A/issued")))
			fx.must(fx.timersDue.Delete(dueKey(uint64(at.Add(4*time.Hour).UnixMilli()), []byte("overdue/A"))))
			row(tx, "A/issued", 0, 0)
			timer(tx, "overdue/A", 0)
		},
		"cannot be read": func(tx *bbolt.Tx, fx *effects) {
			fx.must(fx.outbox.Put(outKey(channel.NATS, "order", "A/issued"), []byte("half")))
			fx.must(fx.timers.Put([]byte("overdue/A"), []byte("{")))
			row(tx, "A/issued", 0, 0)
			timer(tx, "overdue/A", 0)
		},
	} {
		t.Run(name, func(*testing.T) { within(c) })
	}
}
