package app

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
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
	last  *recording                // of the messages that went out last; nil once its outcome is known
	times *journal.Times            // of a measurement; nil for none
}

// The dispatcher's steps in a measurement.
const (
	dispatching = "dispatch"
	stepRender  = "render"
	stepPublish = "publish"
	stepRecord  = "record as sent"
)

func newDispatcher(svc *service.Service, nc *nats.Conn, js jetstream.JetStream, epoch uint64, clock func() time.Time, log *slog.Logger) *dispatcher {
	return &dispatcher{svc: svc, nc: nc, js: js, log: log, epoch: epoch, clock: clock, after: map[journal.Due]time.Time{}}
}

// recording is the recording of messages that went out.
type recording struct {
	rows map[journal.Due]bool
	done chan error
}

// run publishes a batch while the one before is being recorded as sent.
func (d *dispatcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		work := d.svc.J.Work()
		n, next := d.send(ctx)
		if n > 0 || d.settle() {
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
	d.settle()
}

// round sends what is due, records it, and returns how many messages that were and when the next is due.
func (d *dispatcher) round(ctx context.Context) (n int, next time.Time) {
	n, next = d.send(ctx)
	d.settle()
	return n, next
}

// send sends what is due, begins to record it, and returns how many messages that were, and when the next is due.
func (d *dispatcher) send(ctx context.Context) (n int, next time.Time) {
	now := d.clock()
	begin := d.times.Start()
	rows, nothing, msgs, next, err := d.due(now)
	if err != nil || len(rows)+len(nothing) == 0 {
		return 0, next
	}
	begin = d.times.Lap(begin, dispatching, stepRender)
	out := append(nothing, d.publish(ctx, rows, msgs, now)...)
	d.times.Lap(begin, dispatching, stepPublish)
	if len(out) == 0 {
		return 0, now.Add(retryPause)
	}
	d.settle()
	d.record(ctx, out)
	return len(out), next
}

// due reads and renders the next messages. Of the rows that it returns as nothing there is nothing to send.
func (d *dispatcher) due(now time.Time) (rows, nothing []journal.Due, msgs []service.Message, next time.Time, err error) {
	var broken []journal.Due
	var because error
	err = d.svc.J.View(func(tx *bbolt.Tx) error {
		limit := dispatchBatch + len(d.after)
		if d.last != nil {
			limit += len(d.last.rows)
		}
		var due []journal.Due
		due, next = journal.DueOutbox(tx, now, limit)
		for _, row := range due {
			if at, failed := d.after[row]; failed && now.Before(at) {
				next = earlier(next, at)
				continue
			}
			if d.last != nil && d.last.rows[row] {
				continue
			}
			msg, err := d.svc.Render(tx, row.Topic, row.ID)
			switch {
			case err != nil:
				broken, because = append(broken, row), err
			case msg.Subject == "":
				row.Nothing = true
				nothing = append(nothing, row)
			default:
				rows, msgs = append(rows, row), append(msgs, msg)
			}
		}
		return nil
	})
	d.fail(broken, now, because)
	return rows, nothing, msgs, next, err
}

// record begins to record what went out.
func (d *dispatcher) record(ctx context.Context, out []journal.Due) {
	r := &recording{rows: make(map[journal.Due]bool, len(out)), done: make(chan error, 1)}
	for _, row := range out {
		row.Nothing = false // as the outbox names it
		r.rows[row] = true
	}
	d.last = r
	go func() {
		begin := d.times.Start()
		r.done <- d.svc.RecordSent(ctx, d.epoch, out)
		d.times.Lap(begin, dispatching, stepRecord)
	}()
}

// settle waits until what went out last is recorded, and says whether there was anything. What could not be recorded
// goes out again later.
func (d *dispatcher) settle() bool {
	r := d.last
	if r == nil {
		return false
	}
	d.last = nil
	rows := slices.Collect(maps.Keys(r.rows))
	if err := <-r.done; err != nil {
		d.fail(rows, d.clock(), err)
		return true
	}
	for _, row := range rows {
		delete(d.after, row)
	}
	return true
}

// publish hands the messages to the server and returns the rows that it certainly has.
func (d *dispatcher) publish(ctx context.Context, rows []journal.Due, msgs []service.Message, now time.Time) (out []journal.Due) {
	if len(rows) == 0 {
		return nil
	}
	var broken []journal.Due
	var because error
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
			broken, because = append(broken, rows[i]), err
			continue
		}
		out = append(out, rows[i])
	}
	d.fail(broken, now, because)
	flush, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := d.nc.FlushWithContext(flush); err != nil {
		d.fail(out, now, err)
		return nil
	}
	return out
}

// fail lets rows wait before they are tried again.
func (d *dispatcher) fail(rows []journal.Due, now time.Time, err error) {
	if len(rows) == 0 {
		return
	}
	pause := retryPause
	if d.svc.J.Halted() != nil || d.svc.J.Paused() != nil {
		pause = haltPause
	}
	for _, row := range rows {
		d.after[row] = now.Add(pause)
	}
	if !errors.Is(err, context.Canceled) { // the end of the program, or of the lease
		d.log.Warn("messages did not go out or were not recorded as sent, and are tried again",
			"messages", len(rows), "topic", rows[0].Topic, "first", rows[0].ID, "err", err)
	}
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
