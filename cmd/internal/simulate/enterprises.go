package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Enterprise is who answers orders over NATS: the id of a recipient, which is its user there, and its secret.
type Enterprise struct{ ID, Password string }

// Enterprises are recipients that answer their orders from outside, as agents do, each on a connection of its own. What one
// does with an order follows from Seed and the order's id alone.
type Enterprises struct {
	URL     string
	Options []nats.Option // of all their connections, such as TLS
	Who     []Enterprise

	Soonest, Latest time.Duration // after an order came, when it is acknowledged or objected to
	Never           float64       // share of orders that nobody even receives, from 0 to 1
	Object          float64       // share of the others that are objected to
	Note            string        // of an objection
	Seed            uint64

	For    time.Duration // how long they answer; 0: until ctx ends
	Orders int           // after how many orders that were dealt with they end; 0: never
}

// EnterprisesReport is what came of it.
type EnterprisesReport struct {
	Enterprises  int           `json:"enterprises"`
	Connected    int           `json:"connected"`    // at least once
	Orders       int           `json:"orders"`       // events of orders that came, each once
	Received     int           `json:"received"`     // that were answered so
	Acknowledged int           `json:"acknowledged"` //
	Objected     int           `json:"objected"`     //
	Silent       int           `json:"silent"`       // that nobody received
	Refused      int           `json:"refused"`      // answers
	Unanswered   int           `json:"unanswered"`   // answers to which nothing came, however often they were sent
	P50          time.Duration `json:"p50_ns"`       // from an answer to its confirmation
	P99          time.Duration `json:"p99_ns"`
	FirstErr     string        `json:"first_error,omitempty"`
}

// How an enterprise asks: how long it waits for an answer, how often it says one, how many orders it deals with at once,
// how often it asks for what it missed, and how many connections are made together.
const (
	saidWithin      = 10 * time.Second
	sayTries        = 4
	ordersAtOnce    = 64
	askEvery        = 5 * time.Minute
	dialledTogether = 32
)

// Check refuses what nobody can be.
func (e *Enterprises) Check() error {
	switch {
	case len(e.Who) == 0:
		return errors.New("there is no enterprise to answer")
	case e.Soonest < 0 || e.Latest < e.Soonest:
		return fmt.Errorf("orders are answered between %s and %s after they came: the first is the later one, or below 0", e.Soonest,
			e.Latest)
	case !(e.Never >= 0 && e.Never <= 1) || !(e.Object >= 0 && e.Object <= 1):
		return fmt.Errorf("the shares of orders that nobody receives (%v) and that are objected to (%v) go from 0 to 1", e.Never, e.Object)
	}
	return nil
}

// Run has them answer until For is over, Orders are dealt with, or ctx ends. Who cannot connect tries on; the report has the
// first reason.
func (e *Enterprises) Run(ctx context.Context) EnterprisesReport {
	if e.For > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, e.For)
		defer stop()
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r := &answering{Enterprises: e, enough: stop, report: EnterprisesReport{Enterprises: len(e.Who)}}
	var all sync.WaitGroup
	dials := make(chan struct{}, dialledTogether)
	for _, who := range e.Who {
		all.Go(func() { r.one(ctx, who, dials) })
	}
	all.Wait()
	slices.Sort(r.took)
	if n := len(r.took); n > 0 {
		r.report.P50, r.report.P99 = r.took[n/2], r.took[n*99/100]
	}
	return r.report
}

// answering is what all share.
type answering struct {
	*Enterprises
	enough func()

	mu     sync.Mutex
	report EnterprisesReport
	dealt  int // with orders
	took   []time.Duration
}

// mostTook bounds how many durations the report goes by.
const mostTook = 1 << 20

func (r *answering) count(change func(*EnterprisesReport)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.report)
}

func (r *answering) failed(err error) {
	r.count(func(p *EnterprisesReport) {
		if p.FirstErr == "" {
			p.FirstErr = err.Error()
		}
	})
}

// one is an enterprise until ctx ends.
func (r *answering) one(ctx context.Context, who Enterprise, dials chan struct{}) {
	x := &enterprise{answering: r, id: who.ID, turns: make(chan struct{}, ordersAtOnce), seen: map[string]bool{},
		again: make(chan struct{}, 1)}
	for {
		select {
		case dials <- struct{}{}:
		case <-ctx.Done():
			return
		}
		err := x.dial(ctx, who)
		<-dials
		if err == nil {
			break
		}
		r.failed(fmt.Errorf("%s: %w", who.ID, err))
		if !sleep(ctx, time.Second) {
			return
		}
	}
	defer x.nc.Close()
	r.count(func(p *EnterprisesReport) { p.Connected++ })
	for x.ask(ctx); ctx.Err() == nil; x.ask(ctx) {
		timer := time.NewTimer(askEvery)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-x.again:
		}
		timer.Stop()
	}
	x.mu.Lock()
	x.ended = true
	x.mu.Unlock()
	x.working.Wait()
}

// enterprise is one of them, connected.
type enterprise struct {
	*answering
	id    string
	nc    *nats.Conn
	turns chan struct{} // for the orders that it deals with
	again chan struct{} // it was connected anew

	mu      sync.Mutex
	seen    map[string]bool // events of orders
	ended   bool            // it begins with no other
	working sync.WaitGroup
}

// prefixes are those of the subjects of orders, and of drills.
var prefixes = []string{"qingkong.", "qingkong.drill."}

// dial connects and hears orders from then on.
func (x *enterprise) dial(ctx context.Context, who Enterprise) error {
	options := append(slices.Clone(x.Options), nats.Name("qingkong simulated "+who.ID), nats.UserInfo(who.ID, who.Password),
		nats.CustomInboxPrefix("_INBOX."+who.ID), nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(), nats.Timeout(saidWithin),
		nats.ReconnectBufSize(-1), nats.ReconnectHandler(func(*nats.Conn) {
			select {
			case x.again <- struct{}{}:
			default:
			}
		}))
	nc, err := nats.Connect(x.URL, options...)
	if err != nil {
		return err
	}
	x.nc = nc
	for _, prefix := range prefixes {
		_, err = nc.Subscribe(prefix+"order."+x.id, func(m *nats.Msg) {
			var in struct {
				Event string     `json:"event"`
				Order heardOrder `json:"order"`
			}
			if err := json.Unmarshal(m.Data, &in); err != nil {
				x.failed(fmt.Errorf("%s: %w", m.Subject, err))
				return
			}
			x.hear(ctx, prefix, in.Event == "released", in.Order)
		})
		if err != nil {
			nc.Close()
			return err
		}
	}
	return nc.FlushTimeout(saidWithin)
}

// heardOrder is what an enterprise looks at of an order.
type heardOrder struct {
	ID       string `json:"id"`
	Revision int    `json:"revision"`
	State    string `json:"state"`
}

// ask asks for what was missed.
func (x *enterprise) ask(ctx context.Context) {
	for _, prefix := range prefixes {
		var got struct {
			Orders []heardOrder `json:"orders"`
		}
		if err := x.request(ctx, prefix+"pending."+x.id, struct{}{}, &got); err != nil {
			if ctx.Err() == nil {
				x.failed(fmt.Errorf("%spending.%s: %w", prefix, x.id, err))
			}
			continue
		}
		for _, o := range got.Orders {
			x.hear(ctx, prefix, o.State == "released", o)
		}
	}
}

// hear deals with an event of an order that was not heard before, unless as many are dealt with as may be: it is sent again.
func (x *enterprise) hear(ctx context.Context, prefix string, released bool, o heardOrder) {
	key := fmt.Sprint(o.ID, " ", o.Revision, " ", released)
	x.mu.Lock()
	known := x.seen[key] || x.ended
	if !known {
		select {
		case x.turns <- struct{}{}:
			x.seen[key] = true
			x.working.Add(1)
		default:
			known = true
		}
	}
	x.mu.Unlock()
	if known || o.ID == "" {
		return
	}
	go func() {
		defer x.working.Done()
		x.deal(ctx, prefix, released, o.ID)
		<-x.turns
		x.answering.mu.Lock()
		defer x.answering.mu.Unlock()
		if x.dealt++; x.Orders > 0 && x.dealt >= x.Orders {
			x.enough()
		}
	}()
}

// deal receives an order and says later what becomes of it, or stays silent.
func (x *enterprise) deal(ctx context.Context, prefix string, released bool, order string) {
	silent, objects, late := x.does(order)
	x.count(func(p *EnterprisesReport) {
		p.Orders++
		if silent {
			p.Silent++
		}
	})
	if silent || !x.answer(ctx, prefix, order, "receive", "") {
		return
	}
	x.count(func(p *EnterprisesReport) { p.Received++ })
	if released || !sleep(ctx, x.Soonest+time.Duration(late*float64(x.Latest-x.Soonest))) {
		return
	}
	action, note := "acknowledge", ""
	if objects {
		action, note = "object", x.Note
	}
	if x.answer(ctx, prefix, order, action, note) {
		x.count(func(p *EnterprisesReport) {
			if objects {
				p.Objected++
			} else {
				p.Acknowledged++
			}
		})
	}
}

// does is what is done with an order: nothing, or an objection or not, and how late from 0 to 1.
func (e *Enterprises) does(order string) (silent, objects bool, late float64) {
	share := func(of string) float64 {
		h := fnv.New64a()
		fmt.Fprint(h, e.Seed, of, order) // a hash never fails to write
		return float64(h.Sum64()>>11) / (1 << 53)
	}
	return share("never") < e.Never, share("object") < e.Object, share("late")
}

// answer says an answer until it is confirmed or refused.
func (x *enterprise) answer(ctx context.Context, prefix, order, action, note string) (ok bool) {
	said := map[string]string{"order_id": order, "action": action}
	if note != "" {
		said["note"] = note
	}
	for try, wait := 1, time.Second; ; try, wait = try+1, 2*wait {
		begun := time.Now()
		err := x.request(ctx, prefix+"answer."+x.id, said, nil)
		if err == nil {
			x.answering.mu.Lock()
			if len(x.took) < mostTook {
				x.took = append(x.took, time.Since(begun))
			}
			x.answering.mu.Unlock()
			return true
		}
		var refused *refusedError
		final := errors.As(err, &refused) && !refused.passing()
		if ctx.Err() != nil || !final && try < sayTries && sleep(ctx, wait) {
			if ctx.Err() == nil {
				continue
			}
			return false
		}
		x.failed(fmt.Errorf("%s of %s: %w", action, order, err))
		x.count(func(p *EnterprisesReport) {
			if final {
				p.Refused++
			} else {
				p.Unanswered++
			}
		})
		return false
	}
}

// refusedError is a request that was answered with a refusal.
type refusedError struct{ Code, Message string }

func (e *refusedError) Error() string { return e.Code + ": " + e.Message }

// passing reports whether the same may be taken later.
func (e *refusedError) passing() bool { return e.Code == "rate_limited" || e.Code == "not_ready" }

// request asks, within saidWithin.
func (x *enterprise) request(ctx context.Context, subject string, body, v any) error {
	ctx, stop := context.WithTimeout(ctx, saidWithin)
	defer stop()
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	m, err := x.nc.RequestWithContext(ctx, subject, text)
	if err != nil {
		return err
	}
	var got struct {
		Error *refusedError `json:"error"`
	}
	if err := json.Unmarshal(m.Data, &got); err != nil {
		return fmt.Errorf("the answer is no JSON: %w", err)
	}
	if got.Error != nil {
		return got.Error
	}
	if v == nil {
		return nil
	}
	return json.Unmarshal(m.Data, v)
}

// sleep waits; false once ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	return ctx.Err() == nil
}

// ReadEnterprises reads accounts as `recipient credentials --json` prints them, one after another or in a list: `{"user","password"}`.
// Those of other roles are left out. Errors: text that is something else, an account without user or password, none at all.
func ReadEnterprises(text []byte) (all []Enterprise, err error) {
	dec := json.NewDecoder(strings.NewReader(string(text)))
	type account struct{ User, Password, Role string }
	for n := 1; dec.More(); n++ {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, fmt.Errorf("value %d: %w", n, err)
		}
		var list []account
		if raw[0] == '[' {
			err = json.Unmarshal(raw, &list)
		} else {
			list = make([]account, 1)
			err = json.Unmarshal(raw, &list[0])
		}
		if err != nil {
			return nil, fmt.Errorf("value %d: %w", n, err)
		}
		for _, a := range list {
			if a.Role != "" && a.Role != "enterprise" {
				continue
			}
			if a.User == "" || a.Password == "" {
				return nil, fmt.Errorf("value %d has no user or no password", n)
			}
			all = append(all, Enterprise{a.User, a.Password})
		}
	}
	if len(all) == 0 {
		return nil, errors.New("it has no account of an enterprise")
	}
	return all, nil
}
