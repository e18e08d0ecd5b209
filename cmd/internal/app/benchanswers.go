package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/seeds"
)

// benchConnections is how many recipients the callers over TCP speak for. Each order can be acknowledged once, so
// the callers go round them, and round again under the next warning.
const benchConnections = 2000

// answersBench is a program under load: its warnings, its recipients' connections, and the raw limits beside them.
type answersBench struct {
	bench
	ids     []string // recipients, in the order of their connections
	conns   []*nats.Conn
	warning string
	orders  map[string]string // recipient -> open order
	commits []float64         // raw bbolt commits per second, one sample between any two runs
}

// BenchAnswers measures acknowledgements through the real path, NATS over TCP to bbolt fsynced, by 1, 16, 64 and 256
// callers, and by 256 in process, beside raw fsynced bbolt commits, raw JetStream publishes and raw NATS round trips.
// n is how many acknowledgements the largest run makes at least. The record is proved at the end.
func BenchAnswers(ctx context.Context, n int, log *slog.Logger) (_ []Figure, err error) {
	b := &answersBench{}
	defer func() { b.disconnect(); err = errors.Join(err, b.end(ctx)) }()
	if err := b.start(ctx, log); err != nil {
		return nil, err
	}
	for _, run := range []struct{ callers, acks int }{{1, min(n, 2*benchConnections)}, {16, n / 2}, {64, n}, {256, n}} {
		if err := b.measure(ctx, "over TCP", run.callers, run.acks, b.overTCP); err != nil {
			return nil, fmt.Errorf("%d callers: %w", run.callers, err)
		}
	}
	if err := b.measure(ctx, "in process", 256, 2*n, b.inProcess); err != nil {
		return nil, err
	}
	if err := b.rawPublishes(ctx); err != nil {
		return nil, err
	}
	b.disconnect()
	if err := b.rawRoundTrips(n); err != nil {
		return nil, err
	}
	raw := median(b.commits)
	for i := range b.figures {
		if f := &b.figures[i]; f.Unit == "1/s" {
			f.Raw, f.Ratio = raw, f.Value/raw
		}
	}
	b.figures = append(b.figures, Figure{Name: "raw bbolt commits, fsynced, median", Value: raw, Unit: "1/s", Raw: raw, Ratio: 1})
	err = b.prove(ctx)
	return b.figures, err
}

func (b *answersBench) start(ctx context.Context, log *slog.Logger) error {
	l, err := seeds.Demo(benchConnections)
	if err != nil {
		return err
	}
	if err := b.bench.start(ctx, Options{Log: log}, l); err != nil {
		return err
	}
	for _, r := range l.Recipients {
		b.ids = append(b.ids, r.ID)
	}
	return b.connect(ctx)
}

// connect logs every recipient in over TCP, some dozens at a time.
func (b *answersBench) connect(ctx context.Context) error {
	b.conns = make([]*nats.Conn, len(b.ids))
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	next := atomic.Int64{}
	for range 32 {
		wg.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(b.ids); i = next.Add(1) - 1 {
				nc, err := b.login(ctx, b.ids[i])
				if err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				b.conns[i] = nc
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

func (b *answersBench) login(ctx context.Context, id string) (*nats.Conn, error) {
	secret, err := b.app.svc.IssueCredentials(ctx, "bench", "", id)
	if err != nil {
		return nil, err
	}
	nc, err := nats.Connect("nats://"+b.app.addr.NATS, nats.UserInfo(secret.User, secret.Password),
		nats.CustomInboxPrefix("_INBOX."+id), nats.Timeout(10*time.Second), nats.NoReconnect())
	if err != nil {
		return nil, err
	}
	// As a recipient does after it has connected. The connection's inbox is then open, which is not what is measured.
	_, err = nc.Request("qingkong.pending."+id, nil, 10*time.Second)
	return nc, err
}

// declare ends the warning before and begins the next, and waits until every order is issued.
func (b *answersBench) declare(ctx context.Context) error {
	svc := b.app.svc
	if b.warning != "" {
		var w *alerts.Warning
		err := svc.J.View(func(tx *bbolt.Tx) (err error) { w, err = alerts.GetWarning(tx, b.warning); return err })
		if err != nil {
			return err
		}
		if _, err := svc.WarningAct(ctx, "bench", "", w.ID, "lift", fmt.Appendf(nil, `{"revision":%d}`, w.Revision)); err != nil {
			return err
		}
	}
	w, err := svc.Declare(ctx, "bench", "", []byte(`{"level":"yellow","trigger":"city_order"}`))
	if err != nil {
		return err
	}
	b.warning, b.orders = w.ID, map[string]string{}
	for {
		changed := svc.J.Changed()
		done, err := b.planned()
		if err != nil || done {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// planned reads the orders once the plan of the warning is done and everything went out.
func (b *answersBench) planned() (done bool, err error) {
	err = b.app.svc.J.View(func(tx *bbolt.Tx) error {
		p, err := notify.GetPlan(tx, b.warning)
		if err != nil || p == nil || !p.Done {
			return err
		}
		if due, _ := journal.DueOutbox(tx, time.Now(), 1); len(due) > 0 {
			return nil
		}
		for cursor := ""; ; {
			page, next, err := notify.ListOrders(tx, notify.Filter{Warning: b.warning}, cursor, notify.MaxPage)
			if err != nil {
				return err
			}
			for _, o := range page {
				b.orders[o.RecipientID] = o.ID
			}
			if cursor = next; cursor == "" {
				done = true
				return nil
			}
		}
	})
	return done, err
}

// overTCP acknowledges the order of recipient i over that recipient's own connection.
func (b *answersBench) overTCP(i int) error {
	id := b.ids[i]
	reply, err := b.conns[i].Request("qingkong.answer."+id, b.acknowledgement(id), 30*time.Second)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(reply.Data, []byte(`{"ok":true`)) {
		return fmt.Errorf("answer of %s: %s", id, reply.Data)
	}
	return nil
}

// inProcess does the same without NATS between the caller and the service.
func (b *answersBench) inProcess(i int) error {
	id := b.ids[i]
	got := make(chan error, 1)
	b.app.svc.Answer(id, false, b.acknowledgement(id), func(_ string, err error) { got <- err })
	return <-got
}

func (b *answersBench) acknowledgement(id string) []byte {
	return fmt.Appendf(nil, `{"order_id":%q,"action":"acknowledge"}`, b.orders[id])
}

// measure lets some callers acknowledge orders one after the other, warning after warning, until acks are made.
func (b *answersBench) measure(ctx context.Context, name string, callers, acks int, act func(i int) error) error {
	var took time.Duration
	var latencies []time.Duration
	done := 0
	for acks = max(acks, callers); done < acks; {
		if err := b.declare(ctx); err != nil {
			return err
		}
		if err := b.rawCommits(); err != nil {
			return err
		}
		n := min(acks-done, len(b.orders))
		t, l, err := b.round(callers, n, act)
		if err != nil {
			return err
		}
		took, latencies, done = took+t, append(latencies, l...), done+n
	}
	b.report(fmt.Sprintf("acknowledge %s, callers=%d", name, callers), done, took, latencies)
	return nil
}

// round shares n acts out among callers and takes the time of each and of all.
func (b *answersBench) round(callers, n int, act func(recipient int) error) (time.Duration, []time.Duration, error) {
	var open []int
	for i, id := range b.ids {
		if b.orders[id] != "" && len(open) < n {
			open = append(open, i)
		}
	}
	latencies := make([]time.Duration, len(open))
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	begin := time.Now()
	for range callers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(open); i = int(next.Add(1)) - 1 {
				t := time.Now()
				if err := act(open[i]); err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				latencies[i] = time.Since(t)
			}
		})
	}
	wg.Wait()
	took := time.Since(begin)
	if err := failed.Load(); err != nil {
		return 0, nil, *err
	}
	return took, latencies, nil
}

func (b *answersBench) report(name string, done int, took time.Duration, latencies []time.Duration) {
	slices.Sort(latencies)
	at := func(q float64) float64 {
		return float64(latencies[int(q*float64(len(latencies)-1))].Microseconds()) / 1000
	}
	b.figures = append(b.figures,
		Figure{Name: name, Value: float64(done) / took.Seconds(), Unit: "1/s"},
		Figure{Name: name + ", p50", Value: at(0.50), Unit: "ms"},
		Figure{Name: name + ", p99", Value: at(0.99), Unit: "ms"})
}

func (b *answersBench) disconnect() {
	for _, nc := range b.conns {
		if nc != nil {
			nc.Close()
		}
	}
	b.conns = nil
}
