package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/notify/channel"
	"qingkong/seeds"
)

// answersSize is how much is measured.
type answersSize struct {
	// recipients is for how many the callers speak, each over its own connection. Each order can be acknowledged once,
	// so the callers go round them, and round again under the next warning.
	recipients int
	slice      time.Duration
	pairs      int
	acks       int // of the largest of the runs beside raw commits
}

// answersBench is a program under load: its warnings, its recipients' connections, and the raw limits beside them.
type answersBench struct {
	bench
	size answersSize

	ids     []string // recipients, in the order of their connections
	tokens  []string
	conns   []*nats.Conn
	replies []*nats.Msg // the answer to each over NATS
	warning string
	orders  map[string]string // recipient -> its order under the warning
	open    []int             // recipients who have not acknowledged it, by index
	commits []float64         // raw bbolt commits per second, one sample between any two runs
}

// Answers measures acknowledgements through the real path, from the request to bbolt fsynced and the answer. By 1 and
// 256 callers over NATS and 256 over HTTP it is held, in alternating slices of a second, against bare servers that
// answer the same requests of as many connections with the same bytes; by one caller also against a commit of the same
// rows. By 16 and 64 callers and by 256 in process it stands beside raw fsynced bbolt commits. n is how many
// acknowledgements the largest of those runs makes at least. The record is proved at the end.
func Answers(ctx context.Context, n int) ([]Result, error) {
	return runAnswers(ctx, answersSize{recipients: 2000, slice: time.Second, pairs: 10, acks: n})
}

func runAnswers(ctx context.Context, size answersSize) ([]Result, error) {
	b := &answersBench{size: size}
	defer b.disconnect()
	return b.run(ctx, b.start, b.againstRaw, b.measure("over TCP", 16, size.acks/2, b.overTCP),
		b.measure("over TCP", 64, size.acks, b.overTCP), b.measure("in process", 256, 2*size.acks, b.inProcess),
		b.rawPublishes, b.besideCommits, b.prove)
}

// besideCommits puts the median of the raw commits beside what has no other limit, and takes the connections down.
func (b *answersBench) besideCommits(context.Context) error {
	raw := median(b.commits)
	for i := range b.results {
		if f := &b.results[i]; f.Unit == "1/s" && f.Raw == 0 {
			f.Raw, f.Ratio = raw, f.Value/raw
		}
	}
	b.add("raw bbolt commits, fsynced, median", raw, "1/s", raw)
	b.disconnect()
	return nil
}

// start starts the program and logs every recipient in over TCP, some dozens at a time.
func (b *answersBench) start(ctx context.Context) (err error) {
	if b.list, err = seeds.Demo(b.size.recipients); err != nil {
		return err
	}
	if err := b.bench.start(ctx); err != nil {
		return err
	}
	for _, r := range b.list.Recipients {
		b.ids = append(b.ids, r.ID)
	}
	b.tokens, b.replies = make([]string, len(b.ids)), make([]*nats.Msg, len(b.ids))
	b.conns = make([]*nats.Conn, len(b.ids))
	_, err = race(32, upTo(len(b.ids)), always, func(i int) error { return b.login(ctx, i) })
	return err
}

// ofRecipient asks as a recipient.
func ofRecipient(id string) service.Ask {
	return service.Ask{Who: &access.Principal{User: id, Role: calls.Enterprise, Recipient: id}}
}

func (b *answersBench) login(ctx context.Context, i int) error {
	id := b.ids[i]
	secret, err := b.svc.IssueCredentials(ctx, service.By("bench"), calls.Nothing{ByID: calls.ByID{ID: id}})
	if err != nil {
		return err
	}
	b.tokens[i] = secret.Token
	if b.conns[i], err = b.connect(secret); err != nil {
		return err
	}
	// As a recipient does after it has connected. It opens the connection's inbox, which is not to be measured.
	_, err = b.conns[i].Request("qingkong.pending."+id, nil, 10*time.Second)
	return err
}

// declare ends the warning before and begins the next, and waits until every order is issued.
func (b *answersBench) declare(ctx context.Context) error {
	if b.warning != "" {
		var w *alerts.Warning
		err := b.journal.View(func(tx *bbolt.Tx) (err error) { w, err = alerts.GetWarning(tx, b.warning); return err })
		if err != nil {
			return err
		}
		if _, err := b.svc.ActOnWarning(ctx, service.By("bench"),
			calls.Lift{ByID: calls.ByID{ID: w.ID}, Lift: alerts.Lift{Revision: w.Revision}}); err != nil {
			return err
		}
	}
	w, err := b.svc.ActOnWarning(ctx, service.By("bench"),
		calls.Declaration{Declare: alerts.Declare{Level: alerts.Yellow, Trigger: alerts.CityOrder}})
	if err != nil {
		return err
	}
	b.warning, b.orders, b.open = w.ID, map[string]string{}, nil
	if err := b.until(ctx, b.allIssued); err != nil {
		return err
	}
	for i, id := range b.ids {
		if b.orders[id] != "" {
			b.open = append(b.open, i)
		}
	}
	return nil
}

// allIssued reads the orders once the round of the warning is done and everything went out.
func (b *answersBench) allIssued() (done bool, err error) {
	err = b.journal.View(func(tx *bbolt.Tx) error {
		p, err := notify.GetRound(tx, b.warning)
		if err != nil || p == nil || !p.Done || !allSent(tx) {
			return err
		}
		all, err := ordersOf(tx, b.warning)
		for _, o := range all {
			b.orders[o.RecipientID] = o.ID
		}
		done = err == nil
		return err
	})
	return done, err
}

// allSent says whether everything that was to go out is recorded as sent.
func allSent(tx *bbolt.Tx) bool {
	due, _ := journal.DueOutbox(tx, channel.NATS, time.Now(), 1)
	return len(due) == 0
}

// ordersOf are the orders of a warning.
func ordersOf(tx *bbolt.Tx, warning string) (all []*notify.Order, err error) {
	for cursor, more := "", true; more && err == nil; more = cursor != "" {
		var page []*notify.Order
		page, cursor, err = notify.ListOrders(tx, notify.Filter{Warning: warning}, cursor, notify.MaxPage)
		all = append(all, page...)
	}
	return all, err
}

// overTCP acknowledges the order of recipient i over that recipient's own connection.
func (b *answersBench) overTCP(i int) error { return b.ask(b.conns, i) }

// ask sends the acknowledgement of recipient i over one of conns, and keeps its first answer.
func (b *answersBench) ask(conns []*nats.Conn, i int) error {
	id := b.ids[i]
	reply, err := conns[i].Request("qingkong.answer."+id, b.acknowledgement(id), 30*time.Second)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(reply.Data, []byte(`{"ok":true`)) {
		return fmt.Errorf("answer of %s: %s", id, reply.Data)
	}
	if b.replies[i] == nil {
		b.replies[i] = reply
	}
	return nil
}

// inProcess does the same without NATS between the caller and the service.
func (b *answersBench) inProcess(i int) error {
	id := b.ids[i]
	got := make(chan error, 1)
	b.svc.Answer(id, false, b.acknowledgement(id), func(_ string, err error) { got <- err })
	return <-got
}

func (b *answersBench) acknowledgement(id string) []byte {
	return fmt.Appendf(nil, `{"order_id":%q,"action":"acknowledge"}`, b.orders[id])
}

// measure is the step in which callers acknowledge orders one after the other, warning after warning, until acks are
// made.
func (b *answersBench) measure(way string, callers, acks int, act func(i int) error) func(context.Context) error {
	acks = max(acks, callers)
	name := fmt.Sprintf("acknowledge %s, callers=%d", way, callers)
	return func(ctx context.Context) error {
		var all lap
		for all.acts < acks {
			if err := errors.Join(b.declare(ctx), b.rawCommits()); err != nil {
				return err
			}
			one, err := race(callers, b.open[:min(acks-all.acts, len(b.open))], always, act)
			if err != nil {
				return fmt.Errorf("%d callers: %w", callers, err)
			}
			all.add(one)
		}
		b.add(name, all.perSecond(), "1/s", 0)
		b.report(name, all.each)
		return nil
	}
}

// acknowledging is the contender that acknowledges orders, and has more issued when all are.
func (b *answersBench) acknowledging(callers int, act func(i int) error) contender {
	return func(ctx context.Context, within time.Duration) (lap, error) {
		if len(b.open) == 0 {
			if err := b.declare(ctx); err != nil {
				return lap{}, err
			}
		}
		one, err := race(callers, b.open, until(within), act)
		b.open = b.open[one.acts:]
		return one, err
	}
}

func (b *answersBench) report(name string, latencies []time.Duration) {
	b.add(name+", p50", quantile(latencies, 0.50), "ms", 0)
	b.add(name+", p99", quantile(latencies, 0.99), "ms", 0)
}

// quantile is in ms.
func quantile(latencies []time.Duration, q float64) float64 {
	if len(latencies) == 0 {
		return 0
	}
	slices.Sort(latencies)
	return float64(latencies[int(q*float64(len(latencies)-1))].Nanoseconds()) / 1e6
}

func (b *answersBench) disconnect() {
	for _, nc := range b.conns {
		if nc != nil {
			nc.Close()
		}
	}
	b.conns = nil
}
