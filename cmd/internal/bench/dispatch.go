package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/dispatch"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"
	"qingkong/seeds/example"
)

// dispatchMeasures is how many measures each recipient of the measurement has.
const dispatchMeasures = 3

// dispatchPatience bounds the wait for the orders; it is reached only when something is wrong.
const dispatchPatience = 10 * time.Minute

// dispatchBench is a program that sends a warning's orders, and somebody outside who counts them.
type dispatchBench struct {
	bench
	n       int
	warning *alerts.Warning
	seen    *orderCount

	journaled, received float64 // seconds from the approval
	spent               map[journal.Step]time.Duration
	from, to            uint64 // blocks that the dispatch added to the record
	raw                 dispatchLimits
}

// Dispatch measures how long n orders of [dispatchMeasures] measures take, from the approval of the warning until the
// last is journaled and fsynced, and until a subscriber outside, over TCP, has received the last; where that time goes;
// and the same bytes through each store and through NATS alone. The record is proved at the end.
func Dispatch(ctx context.Context, n int) ([]Result, error) {
	b := &dispatchBench{n: n}
	b.list = dispatchList(n)
	return b.run(ctx, b.sendOrders, b.rawEncode, b.rawBlocks, b.rawStream, b.rawPublish, b.report, b.prove)
}

// sendOrders starts the program, and has the orders of a warning go out to somebody outside.
func (b *dispatchBench) sendOrders(ctx context.Context) error {
	b.times = new(journal.Times)
	if err := b.start(ctx); err != nil {
		return err
	}
	nc, err := b.subscribe(ctx)
	if err != nil {
		return err
	}
	defer nc.Close()
	if b.warning, err = b.svc.ActOnWarning(ctx, service.By("duty"),
		calls.Declaration{Declare: alerts.Declare{Level: alerts.Orange, Trigger: alerts.CityOrder,
			Document: alerts.Document{DocumentNo: "津气指办〔2016〕12号"}}}); err != nil {
		return err
	}
	return b.dispatch(ctx)
}

// dispatchList is orangeList without contacts: the vault is not what is measured.
func dispatchList(n int) *reductionlist.List {
	l := orangeList(n)
	for _, r := range l.Recipients {
		r.Contact = nil
	}
	return l
}

// orangeList is n invented enterprises, each with its measures at orange.
func orangeList(n int) *reductionlist.List {
	l := &reductionlist.List{Name: "示例清单", Region: "120111", EffectiveFrom: "2016-01-01", CompiledBy: "示例"}
	l.Recipients = example.Recipients(1, n, example.Places)
	for _, r := range l.Recipients {
		due := reductionlist.MeasuresAt(r, alerts.Orange)
		for len(due) < dispatchMeasures {
			m := due[0]
			m.ID = fmt.Sprintf("M%d", 7+len(due))
			due = append(due, m)
		}
		r.Measures = due[:dispatchMeasures]
	}
	l.Sort()
	return l
}

// orderCount counts the different orders that came.
type orderCount struct {
	mu   sync.Mutex
	ids  map[string]bool
	want int
	all  chan struct{} // closed when want different ones came
	last time.Time     // when the last new one came
	msgs int
}

func (c *orderCount) take(m *nats.Msg) {
	// {"event":"issued","order":{"id":"W20161216-01-E0001-1",…
	_, rest, _ := bytes.Cut(m.Data, []byte(`{"id":"`))
	id, _, _ := bytes.Cut(rest, []byte{'"'})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.msgs++
	if c.ids[string(id)] {
		return
	}
	c.ids[string(id)] = true
	c.last = time.Now()
	if len(c.ids) == c.want {
		close(c.all)
	}
}

func (c *orderCount) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.ids)
}

// subscribe connects a duty officer over TCP who hears every order.
func (b *dispatchBench) subscribe(ctx context.Context) (*nats.Conn, error) {
	made, err := b.officer(ctx)
	if err != nil {
		return nil, err
	}
	b.seen = &orderCount{ids: make(map[string]bool, b.n), want: b.n, all: make(chan struct{})}
	nc, err := b.connect(made)
	if err != nil {
		return nil, err
	}
	sub, err := nc.Subscribe("qingkong.order.>", b.seen.take)
	if err == nil {
		err = errors.Join(sub.SetPendingLimits(-1, -1), nc.Flush(), nc.LastError())
	}
	if err != nil {
		nc.Close()
		return nil, err
	}
	return nc, nil
}

// dispatch approves the warning and waits for its orders.
func (b *dispatchBench) dispatch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dispatchPatience)
	defer cancel()
	before, spent := b.journal.Height(), b.times.Spent()
	begin := time.Now()
	_, err := b.svc.ActOnWarning(ctx, service.By("approver"),
		calls.Approval{ByID: calls.ByID{ID: b.warning.ID}, Approve: alerts.Approve{Revision: b.warning.Revision}})
	if err != nil {
		return err
	}
	planned, err := b.allIssued(ctx)
	if err != nil {
		return err
	}
	select {
	case <-b.seen.all:
	case <-ctx.Done():
		return fmt.Errorf("%d of %d orders came: %w", b.seen.count(), b.n, ctx.Err())
	}
	err = b.until(ctx, func() (sent bool, err error) {
		err = b.journal.View(func(tx *bbolt.Tx) error { sent = allSent(tx); return nil })
		return sent, err
	})
	if err != nil {
		return err
	}
	b.journaled, b.received = planned.Sub(begin).Seconds(), b.seen.last.Sub(begin).Seconds()
	b.spent = b.times.Spent()
	for step, took := range spent {
		b.spent[step] -= took
	}
	b.from, b.to = before+1, b.journal.Height()
	return nil
}

// allIssued waits until the last order is journaled and fsynced, and says when that was.
func (b *dispatchBench) allIssued(ctx context.Context) (time.Time, error) {
	var p *notify.Round
	err := b.until(ctx, func() (bool, error) {
		err := b.journal.View(func(tx *bbolt.Tx) (err error) { p, err = notify.GetRound(tx, b.warning.ID); return err })
		return p != nil && p.Done, err
	})
	at := time.Now()
	if err != nil {
		err = fmt.Errorf("the plan is not done (%+v), %d orders came: %w", p, b.seen.count(), err)
	}
	return at, err
}

// report puts the results beside the limits.
func (b *dispatchBench) report(context.Context) error {
	raw := &b.raw
	took := func(command string, steps ...string) (sum float64) {
		for _, step := range steps {
			sum += b.spent[journal.Step{Command: command, Name: step}].Seconds()
		}
		return sum
	}
	b.add("orders received outside, each counted once", float64(b.seen.count()), "orders", float64(b.n))
	b.add("from approval to the last order journaled", b.journaled, "s", raw.bbolt)
	b.add("from approval to the last order received", b.received, "s", raw.publish)
	b.add("orders received", float64(b.n)/b.received, "1/s", float64(b.n)/raw.publish)
	for _, part := range []struct {
		name string
		took float64
		raw  float64
	}{
		{"planning: decide and encode", took(journal.CommandFireTimer, journal.StepDecide, journal.StepEncode), raw.encode},
		{"journal: append to the stream", took("", journal.StepAppend), raw.stream},
		{"bbolt: apply and commit", took(journal.CommandFireTimer, journal.StepApply) + took("", journal.StepStore,
			journal.StepCommit), raw.bbolt},
		{"publish: render and publish", took(dispatch.Step, dispatch.StepRender, dispatch.StepSend), raw.publish},
		{"record as sent: decide, encode, apply",
			took(service.CommandSent, journal.StepDecide, journal.StepEncode, journal.StepApply), 0},
	} {
		b.add(part.name, part.took, "s", part.raw)
		b.add(part.name+", share of the time", 100*part.took/b.received, "%", 0)
	}
	b.add("blocks of the record", float64(b.to-b.from+1), "blocks", 0)
	b.add("bytes of the record", float64(raw.bytes)/1e6, "MB", 0)
	b.add("raw: JSON encoding of the same bodies", raw.encode, "s", raw.encode)
	b.add("raw: bbolt, the same blocks, a commit each, fsynced", raw.bbolt, "s", raw.bbolt)
	b.add("raw: JetStream, the same blocks", raw.stream, "s", raw.stream)
	b.add("raw: core NATS, the same messages, one subscriber over TCP", raw.publish, "s", raw.publish)
	return nil
}
