package dispatch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal"
	"qingkong/notify/channel"
)

// Pauses of sending: retryPause after a message could not be sent or recorded, haltPause after one went out while the
// journal records nothing. A sender may take sendGrace beyond its limit, at most. A pause of recordPause or longer that
// a carrier asks for is recorded, so that it holds for whoever leads next.
const (
	retryPause  = 5 * time.Second
	haltPause   = 5 * time.Minute
	sendGrace   = 5 * time.Second
	recordPause = time.Minute
)

// textMax bounds what is recorded of a carrier's words and ids, in bytes.
const textMax = 300

// The steps of sending in a measurement.
const (
	Step       = "dispatch" // stands for the command
	StepRender = "render"
	StepSend   = "send"
	stepRecord = "record as sent"
)

// loop sends what is due by one channel.
type loop struct {
	*Dispatcher
	*lane
	epoch  uint64
	after  map[journal.Due]time.Time // messages that failed, and when they are tried again
	failed error                     // the last
	rest   time.Time                 // until then nothing is handed over
	last   *recording                // of what became of the last messages; nil once its outcome is known
}

func (d *Dispatcher) loop(c *lane, epoch uint64) *loop {
	return &loop{Dispatcher: d, lane: c, epoch: epoch, after: map[journal.Due]time.Time{}}
}

// recording is the recording of what became of messages.
type recording struct {
	rows map[journal.Due]bool
	done chan error
}

// run hands over a batch while the one before is being recorded.
func (l *loop) run(ctx context.Context) {
	for ctx.Err() == nil {
		work := l.opt.Journal.Work()
		n, next := l.send(ctx)
		if n > 0 || l.settle() {
			continue
		}
		wait := time.Minute
		if !next.IsZero() {
			wait = min(wait, max(next.Sub(l.opt.Clock()), time.Millisecond))
		}
		await(ctx, work, wait)
	}
	l.settle()
}

// await waits for what a channel gives, until it is late or ctx ends; came is false then.
func await[T any](ctx context.Context, from <-chan T, late time.Duration) (got T, came bool) {
	timer := time.NewTimer(late)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case got = <-from:
		came = true
	}
	return got, came
}

// send sends what is due, begins to record what became of it, and returns of how many messages that is known, and
// when the next is due.
func (l *loop) send(ctx context.Context) (n int, next time.Time) {
	now := l.opt.Clock()
	if now.Before(l.rest) {
		return 0, l.rest
	}
	begin := l.opt.Times.Start()
	rows, nothing, msgs, next, err := l.due(now)
	if err != nil || len(rows)+len(nothing) == 0 {
		return 0, next
	}
	begin = l.opt.Times.Lap(begin, Step, StepRender)
	went, single := l.sort(ctx, rows, l.hand(ctx, msgs, now))
	l.opt.Times.Lap(begin, Step, StepSend)
	went = append(nothing, went...)
	if len(went)+len(single) == 0 {
		return 0, now.Add(retryPause)
	}
	l.settle()
	l.record(ctx, went, single)
	return len(went) + len(single), next
}

// due reads and renders the next messages. The rows that it returns as nothing have nothing to send.
func (l *loop) due(now time.Time) (rows, nothing []journal.Due, msgs []channel.Message, next time.Time, err error) {
	maps.DeleteFunc(l.after, func(_ journal.Due, at time.Time) bool { return !now.Before(at) })
	var broken []journal.Due
	var because error
	err = l.opt.Journal.View(func(tx *bbolt.Tx) error {
		limit := l.Batch + len(l.after)
		if l.last != nil {
			limit += len(l.last.rows)
		}
		var due []journal.Due
		due, next = journal.DueOutbox(tx, l.name, now, limit)
		for _, row := range due {
			if at, failed := l.after[row]; failed {
				next = earlier(next, at)
				continue
			}
			if l.last != nil && l.last.rows[row] {
				continue
			}
			msg, err := l.opt.Acts.Render(tx, l.name, row.Topic, row.ID)
			switch {
			case err != nil:
				broken, because = append(broken, row), err
			case msg.To == "":
				row.Nothing = true
				nothing = append(nothing, row)
			case len(msgs) < l.Batch:
				msg.Attempts, msg.Unsure = row.Attempts, row.Unsure
				rows, msgs = append(rows, row), append(msgs, msg)
			}
		}
		return nil
	})
	l.fail(broken, retryPause, because)
	return rows, nothing, msgs, next, err
}

// hand gives messages to the sender. The outcome of a sender that does not come back in time is unknown, and nothing
// more is handed to it before it does.
func (l *loop) hand(ctx context.Context, msgs []channel.Message, now time.Time) (out []channel.Outcome) {
	if len(msgs) == 0 {
		return nil
	}
	if l.late != nil {
		select {
		case <-l.late:
			l.late = nil
		default:
			l.heard(l.name, now, nil)
			l.rest = now.Add(retryPause)
			return nil
		}
	}
	within, cancel := context.WithTimeout(ctx, l.Limit)
	back := make(chan []channel.Outcome, 1)
	go func() {
		defer cancel()
		back <- l.Sender.Send(within, msgs)
	}()
	out, came := await(within, back, l.Limit)
	if !came { // a little longer than its context lasts
		out, came = await(context.Background(), back, min(l.Limit, sendGrace))
	}
	if !came {
		l.late = back
		why := fmt.Sprintf("the sender gave no answer within %v", l.Limit)
		out = slices.Repeat([]channel.Outcome{{Result: channel.Unknown, Why: why}}, len(msgs))
	}
	out = out[:min(len(out), len(msgs))]
	if ctx.Err() == nil { // else the program or the lease ends, which is no trouble of the channel
		l.heard(l.name, now, out)
	}
	if len(out) < len(msgs) {
		l.pause(out, now)
	}
	return out
}

// pause lets the channel rest whose sender did not try all messages: as long as its last outcome asks.
func (l *loop) pause(out []channel.Outcome, now time.Time) {
	if len(out) == 0 {
		l.rest = now.Add(retryPause)
		return
	}
	if last := out[len(out)-1]; last.Result == channel.Later || last.Result == channel.Unknown {
		l.rest = now.Add(pauseOf(last))
	}
}

func pauseOf(o channel.Outcome) time.Duration {
	if o.After <= 0 {
		return retryPause
	}
	return min(max(o.After, time.Second), 24*time.Hour)
}

// sort tells what is recorded together from what is recorded singly. A message that failed for a moment is not
// recorded: it is due as before.
func (l *loop) sort(ctx context.Context, rows []journal.Due, out []channel.Outcome) (went []journal.Due,
	single []journal.RowOutcome) {
	failed := map[time.Duration][]journal.Due{}
	why := map[time.Duration]string{}
	for i, o := range out {
		switch {
		case o.Result == channel.Sent && o.CarrierID == "":
			went = append(went, rows[i])
		case o.Result == channel.Later && pauseOf(o) < recordPause:
			pause := pauseOf(o)
			failed[pause], why[pause] = append(failed[pause], rows[i]), o.Why
		default:
			single = append(single, journal.RowOutcome{Due: rows[i], Result: o.Result, CarrierID: brief(o.CarrierID),
				Why: brief(o.Why), After: o.After})
		}
	}
	for pause, rows := range failed {
		err := ctx.Err()
		if err == nil {
			err = errors.New(why[pause])
		}
		l.fail(rows, pause, err)
	}
	return went, single
}

// brief is a text of a carrier as it is recorded.
func brief(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), textMax)], "")
}

// record begins to record what became of messages.
func (l *loop) record(ctx context.Context, went []journal.Due, single []journal.RowOutcome) {
	r := &recording{rows: make(map[journal.Due]bool, len(went)+len(single)), done: make(chan error, 1)}
	for _, row := range went {
		row.Nothing = false // as the outbox names it
		r.rows[row] = true
	}
	for _, s := range single {
		r.rows[s.Due] = true
	}
	l.last = r
	go func() {
		begin := l.opt.Times.Start()
		r.done <- l.opt.Acts.RecordSent(ctx, journal.SendReport{Epoch: l.epoch, Channel: l.name, Rows: went, Single: single})
		l.opt.Times.Lap(begin, Step, stepRecord)
	}()
}

// settle waits until what became of the last messages is recorded, and says whether there was anything. Messages that
// could not be recorded go out again later.
func (l *loop) settle() bool {
	r := l.last
	if r == nil {
		return false
	}
	l.last = nil
	if err := <-r.done; err != nil {
		l.fail(slices.Collect(maps.Keys(r.rows)), retryPause, err)
	}
	return true
}

// fail lets rows wait before they are tried again; longer while the journal records nothing.
func (l *loop) fail(rows []journal.Due, pause time.Duration, err error) {
	if len(rows) == 0 {
		return
	}
	if l.opt.Journal.Halted() != nil || l.opt.Journal.Paused() != nil {
		pause = max(pause, haltPause)
	}
	now := l.opt.Clock()
	for _, row := range rows {
		l.after[row] = now.Add(pause)
	}
	l.failed = err
	if !errors.Is(err, context.Canceled) { // the end of the program, or of the lease
		l.opt.Log.Warn("messages did not go out or were not recorded as sent, and are tried again",
			"channel", l.name, "messages", len(rows), "topic", rows[0].Topic, "first", rows[0].ID, "err", err)
	}
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
