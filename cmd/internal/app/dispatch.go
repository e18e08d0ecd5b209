package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
)

// dispatchBatch is how many messages go out before they are recorded as sent together.
const dispatchBatch = 1000

// How long a message is left alone that could not be published or recorded, and one that went out while the journal
// records nothing.
const (
	retryPause = 5 * time.Second
	haltPause  = 5 * time.Minute
)

// dispatcher publishes what the outbox holds, while this node has the lease. A message is recorded as sent after
// the server has taken it, so that one may go out twice and none is lost; the same message is the same bytes.
type dispatcher struct {
	svc   *service.Service
	nc    *nats.Conn
	js    jetstream.JetStream
	log   *slog.Logger
	epoch uint64
	clock func() time.Time
	after map[journal.Due]time.Time // messages that failed, and when they are tried again
}

func newDispatcher(svc *service.Service, nc *nats.Conn, js jetstream.JetStream, epoch uint64, clock func() time.Time, log *slog.Logger) *dispatcher {
	return &dispatcher{svc: svc, nc: nc, js: js, log: log, epoch: epoch, clock: clock, after: map[journal.Due]time.Time{}}
}

func (d *dispatcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		work := d.svc.J.Work()
		n, next := d.round(ctx)
		if n > 0 {
			continue
		}
		wait := time.Minute
		if !next.IsZero() {
			wait = min(wait, max(next.Sub(d.clock()), time.Millisecond))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-work:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// round sends what is due and returns how many messages that were, and when the next is due.
func (d *dispatcher) round(ctx context.Context) (n int, next time.Time) {
	now := d.clock()
	var rows, nothing []journal.Due
	var msgs []service.Message
	err := d.svc.J.View(func(tx *bbolt.Tx) error {
		var due []journal.Due
		due, next = journal.DueOutbox(tx, now, dispatchBatch+len(d.after))
		for _, row := range due {
			if at, failed := d.after[row]; failed && now.Before(at) {
				next = earlier(next, at)
				continue
			}
			msg, err := d.svc.Render(tx, row.Topic, row.ID)
			if err != nil {
				d.fail(row, now, err)
				continue
			}
			if msg.Subject == "" {
				row.Nothing = true
				nothing = append(nothing, row)
				continue
			}
			rows, msgs = append(rows, row), append(msgs, msg)
		}
		return nil
	})
	if err != nil || len(rows)+len(nothing) == 0 {
		return 0, next
	}
	out := append(nothing, d.publish(ctx, rows, msgs, now)...)
	if len(out) == 0 {
		return 0, now.Add(retryPause)
	}
	if err := d.svc.RecordSent(ctx, d.epoch, out); err != nil {
		for _, row := range out {
			d.fail(row, now, err)
		}
		return 0, now.Add(retryPause)
	}
	for _, row := range out {
		delete(d.after, row)
	}
	return len(out), next
}

// publish hands the messages to the server and returns the rows that it certainly has.
func (d *dispatcher) publish(ctx context.Context, rows []journal.Due, msgs []service.Message, now time.Time) (out []journal.Due) {
	if len(rows) == 0 {
		return nil
	}
	for i, m := range msgs {
		msg := &nats.Msg{Subject: m.Subject, Data: m.Payload, Header: nats.Header{"Qingkong-Event-Id": {m.EventID}}}
		var err error
		if m.Stream {
			msg.Header.Set(nats.MsgIdHdr, m.EventID)
			_, err = d.js.PublishMsg(ctx, msg)
		} else {
			err = d.nc.PublishMsg(msg)
		}
		if err != nil {
			d.fail(rows[i], now, err)
			continue
		}
		out = append(out, rows[i])
	}
	flush, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := d.nc.FlushWithContext(flush); err != nil {
		for _, row := range out {
			d.fail(row, now, err)
		}
		return nil
	}
	return out
}

func (d *dispatcher) fail(row journal.Due, now time.Time, err error) {
	pause := retryPause
	if d.svc.J.Halted() != nil {
		pause = haltPause
	}
	d.log.Warn("a message did not go out or was not recorded as sent, and is tried again", "topic", row.Topic, "id", row.ID, "err", err)
	d.after[row] = now.Add(pause)
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
