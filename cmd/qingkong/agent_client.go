package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"qingkong/alerts/refusal"
	"qingkong/notify"
)

type agentOptions struct {
	url, recipient, password string
	trust                    trust
	tlsFirst                 bool
	acknowledge, json        bool
	lang, dir                string
	command                  runOptions
	pullEvery                time.Duration
	receipts                 receiptsOptions
}

// An unanswered request is repeated after retryFirst, and the wait doubles up to retryMax.
const (
	requestTimeout = 5 * time.Second
	retryFirst     = time.Second
	retryMax       = 30 * time.Second
	reconnectWait  = time.Second
)

// A drill has the same subjects below a prefix of its own.
var prefixes = []string{"qingkong.", "qingkong.drill."}

// agent is one recipient's client. It relies on contract.md §4 alone, as an enterprise's own program would.
type agent struct {
	agentOptions
	out, log io.Writer
	store    *store
	nc       *nats.Conn
	missed   []chan struct{} // for each prefix: there may be orders that were not pushed to us
	due      chan struct{}   // an answer may be sent
	arrived  chan struct{}   // a command may be run
	work     sync.WaitGroup
	answered chan struct{} // receipts may be asked for
	back     chan struct{} // the connection is there, or there again
	saidNone atomic.Bool   // that there are no receipts was said
	refused  atomic.Bool   // that the login is refused was said since the last connection

	mu sync.Mutex // guards the writers
}

func newAgent(o agentOptions, out, log io.Writer) *agent {
	a := &agent{agentOptions: o, out: out, log: log, due: make(chan struct{}, 1), arrived: make(chan struct{}, 1),
		answered: make(chan struct{}, 1), back: make(chan struct{}, 1)}
	for range prefixes {
		a.missed = append(a.missed, make(chan struct{}, 1))
	}
	return a
}

// wake makes the receiver of c look once more. A receiver that was woken already is not woken twice.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run serves until ctx ends, which is no error.
func (a *agent) run(ctx context.Context) (err error) {
	a.store, err = openStore(a.dir, a.recipient, func(file string, why error) {
		a.status("agent.damaged", refusal.Args{"file": file, "why": why})
	})
	if err != nil {
		return err
	}
	defer a.store.close()
	ctx, end := context.WithCancelCause(ctx)
	defer func() {
		end(nil)
		a.work.Wait()
		if a.nc != nil {
			a.nc.Close()
		}
	}()
	known := a.resume()
	if a.command.name != "" {
		a.work.Go(func() { a.runCommands(ctx) })
	}
	if err := a.connect(ctx, end, known); err != nil {
		return err
	}
	if a.nc != nil {
		if err := a.serve(ctx); err != nil {
			return err
		}
	}
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// serve starts everything that needs the connection.
func (a *agent) serve(ctx context.Context) error {
	for i, prefix := range prefixes {
		_, err := a.nc.Subscribe(prefix+"order."+a.recipient, func(m *nats.Msg) { a.take(ctx, prefix, m.Data) })
		if err != nil {
			return err
		}
		a.work.Go(func() { a.pulls(ctx, prefix, a.missed[i]) })
	}
	a.work.Go(func() { a.deliver(ctx) })
	a.work.Go(func() { a.watchTLS(ctx) })
	if a.dir != "" {
		a.work.Go(func() { a.collect(ctx) })
	}
	if err := a.nc.FlushTimeout(requestTimeout); err != nil {
		a.status("agent.trouble", refusal.Args{"why": err})
	}
	a.connected(a.nc)
	if a.dir == "" {
		a.status("agent.nothing_kept", nil)
		return nil
	}
	events, answers, runs := a.store.count()
	a.status("agent.kept", refusal.Args{"dir": a.dir, "events": events, "answers": answers, "runs": runs})
	if runs > 0 && a.command.name == "" {
		a.status("agent.runs_waiting", refusal.Args{"count": runs})
	}
	return nil
}

// connected starts the pull of missed orders and the sending of decided answers. It runs after each connection.
func (a *agent) connected(nc *nats.Conn) {
	a.refused.Store(false)
	a.status("agent.connected", refusal.Args{"recipient": a.recipient, "url": withoutUser(nc.ConnectedUrl())})
	for _, missed := range a.missed {
		wake(missed)
	}
	wake(a.due)
	wake(a.back)
}

// connect fails when the first connection fails: a wrong address is better seen at once than retried for ever. Where
// the folder holds orders already (known), the address was right once and the plant may just be offline: then it waits,
// and there is no connection only when ctx has ended.
func (a *agent) connect(ctx context.Context, end context.CancelCauseFunc, known bool) error {
	for wait := retryFirst; ; wait = min(2*wait, retryMax) {
		nc, err := a.dial(end)
		if err == nil {
			a.nc = nc
			return nil
		}
		if errors.Is(err, nats.ErrAuthorization) {
			return refusal.New(refusal.Unauthenticated, "agent.login_refused", refusal.Args{"recipient": a.recipient})
		}
		args := refusal.Args{"url": withoutUser(a.url), "why": err.Error()}
		if trouble := tlsTrouble(withoutUser(a.url), err); trouble != nil {
			if !known {
				return trouble
			}
			args["why"] = refusal.WordsOf(trouble)
		}
		if !known {
			return refusal.New(refusal.NotReady, "agent.unreachable", args)
		}
		if wait == retryFirst {
			a.status("agent.offline", args)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// dial makes a connection that outlives any break. What cannot be sent at once is not buffered: the outbox has it, and
// it would be sent twice.
func (a *agent) dial(end context.CancelCauseFunc) (*nats.Conn, error) {
	opts := a.trust.natsOptions()
	if a.tlsFirst {
		opts = append(opts, nats.TLSHandshakeFirst())
	}
	return nats.Connect(a.url, append(opts,
		nats.Name("qingkong agent "+a.recipient),
		nats.UserInfo(a.recipient, a.password),
		nats.CustomInboxPrefix("_INBOX."+a.recipient),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectBufSize(-1),
		nats.Timeout(10*time.Second),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil && !a.loginRefused(err) {
				a.status("agent.disconnected", refusal.Args{"why": err})
			}
		}),
		nats.ReconnectHandler(a.connected),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if !a.loginRefused(err) && !a.forbidsReceipts(err) {
				a.status("agent.trouble", refusal.Args{"why": err})
			}
		}),
		nats.ClosedHandler(func(nc *nats.Conn) { end(nc.LastError()) }),
	)...)
}

// watchTLS says why a connection that was lost does not come back where that is for TLS: nats.go tries on without a
// word.
func (a *agent) watchTLS(ctx context.Context) {
	tries, said := a.nc.StatusChanged(nats.RECONNECTING, nats.CONNECTED), ""
	defer a.nc.RemoveStatusListener(tries)
	for {
		select {
		case <-ctx.Done():
			return
		case now, ok := <-tries:
			if !ok {
				return
			}
			if now == nats.CONNECTED {
				said = ""
				continue
			}
		}
		if trouble := tlsTrouble(withoutUser(a.url), a.nc.LastError()); trouble != nil && trouble.Rule != said {
			said = trouble.Rule
			a.status(trouble.Rule, trouble.Args)
		}
	}
}

// loginRefused says once, until the next connection, that our secret does not serve any more: the library reports it at
// each try.
func (a *agent) loginRefused(err error) bool {
	refused := errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) ||
		errors.Is(err, nats.ErrAuthRevoked)
	if refused && !a.refused.Swap(true) {
		a.status("agent.login_refused", refusal.Args{"recipient": a.recipient})
	}
	return refused
}

// withoutUser drops what stands before the host of each URL: it may be a secret.
func withoutUser(urls string) string {
	list := strings.Split(urls, ",")
	for i, u := range list {
		list[i] = u[strings.LastIndexByte(u, '@')+1:]
	}
	return strings.Join(list, ",")
}

// reply is the coordinator's answer to a request.
type reply struct {
	OK     bool              `json:"ok"`
	Orders []json.RawMessage `json:"orders"`
	Error  *replyError       `json:"error"`
}

type replyError struct {
	Code    refusal.Code `json:"code"`
	Message string       `json:"message"`
}

func (e *replyError) Error() string { return string(e.Code) + ": " + e.Message }

// passing reports whether the same request may succeed later as it is. An unknown code may be a fault of the
// coordinator's, which ends; a refusal of what was asked stays one.
func (e *replyError) passing() bool {
	switch e.Code {
	case refusal.Invalid, refusal.UnknownField, refusal.Unauthenticated, refusal.Forbidden, refusal.NotFound,
		refusal.TransitionRefused, refusal.StaleRevision, refusal.SamePerson, refusal.Conflict, refusal.TooLarge,
		refusal.UnsupportedMedia:
		return false
	}
	return true
}

// askOnce sends a request; an error says that no answer came, which is no refusal.
func (a *agent) askOnce(ctx context.Context, subject string, body any) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var r reply
	data, err := json.Marshal(body)
	if err != nil {
		return r, err
	}
	m, err := a.nc.RequestWithContext(ctx, subject, data)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(m.Data, &r)
}

// pulls asks for what was missed: after each connection, every pullEvery in case a push was lost unseen, and once more
// where that did not work.
func (a *agent) pulls(ctx context.Context, prefix string, missed <-chan struct{}) {
	for next, wait := a.pullEvery, retryFirst; ; {
		select {
		case <-ctx.Done():
			return
		case <-missed:
			wait = retryFirst
		case <-time.After(next):
		}
		if a.pull(ctx, prefix) {
			next, wait = a.pullEvery, retryFirst
		} else {
			next, wait = wait, min(2*wait, retryMax)
		}
	}
}

// pull asks for the orders that are open, and the releases not yet received. It reports whether it had an answer and
// all in it was taken.
func (a *agent) pull(ctx context.Context, prefix string) bool {
	r, err := a.askOnce(ctx, prefix+"pending."+a.recipient, struct{}{})
	if err == nil && r.Error != nil && !r.Error.passing() {
		a.status("agent.pull_refused", refusal.Args{"why": r.Error})
		return true
	}
	if err != nil || r.Orders == nil {
		return false
	}
	all := true
	for _, raw := range r.Orders {
		o, err := readOrder(raw)
		if err != nil {
			a.status("agent.unreadable", refusal.Args{"why": err})
			continue
		}
		all = a.handle(ctx, prefix, orderEvent{Event: o.lastEvent(), Order: raw}, o, raw, true) && all
	}
	return all
}

// take handles one pushed event.
func (a *agent) take(ctx context.Context, prefix string, data []byte) {
	ev, o, err := readEvent(data)
	if err != nil {
		a.status("agent.unreadable", refusal.Args{"why": err})
		return
	}
	a.handle(ctx, prefix, ev, o, data, false)
}

// handle keeps an event and shows it once, and answers it each time it comes: the coordinator repeats until it has an
// answer. What could not be kept is not answered, so that it comes again.
func (a *agent) handle(ctx context.Context, prefix string, ev orderEvent, o order, raw []byte, pulled bool) bool {
	e, fresh, err := a.store.keep(prefix, ev.Event, o, raw, pulled)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			a.status("agent.not_kept", refusal.Args{"id": o.ID, "why": err})
		}
		return false
	case fresh:
		a.begin(e, ev)
	case !pulled || !o.received(ev.Event):
		a.store.receiveAgain(e)
		wake(a.due)
	}
	return true
}

// begin shows a new event and decides what follows from it.
func (a *agent) begin(e *entry, ev orderEvent) {
	a.print(ev, func() string { return e.order.line(ev.Event, a.lang) })
	a.store.hasten(e.lane())
	a.change(e, func(p *progress) {
		a.store.decide(p, notify.Receive)
		switch {
		case a.command.name != "":
			p.Run = &runState{State: stateWaiting}
		case a.acknowledge && e.order.awaits(ev.Event):
			a.store.decide(p, notify.Acknowledge)
		}
	})
	wake(a.due)
	wake(a.arrived)
}

// resume begins what was kept but not shown before the last end, and reports whether anything is kept at all.
func (a *agent) resume() bool {
	entries := slices.Clone(a.store.entries) // no other goroutine runs yet
	for _, e := range entries {
		if e.progress != nil {
			continue
		}
		_, ev, _, err := a.store.readEvent(e.place)
		if err != nil {
			a.status("agent.damaged", refusal.Args{"file": e.place + eventFile, "why": err})
			continue
		}
		a.begin(e, ev)
	}
	return len(entries) > 0
}

// print writes one line for people or, with --json, one value for programs.
func (a *agent) print(value any, line func() string) {
	text := ""
	if a.json {
		data, err := json.Marshal(value)
		if err != nil {
			a.status("agent.unreadable", refusal.Args{"why": err})
			return
		}
		text = string(data)
	} else {
		text = oneLine(line())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	fmt.Fprintln(a.out, text)
}

// status writes what became of the connection; it goes to stderr, so that stdout holds events alone.
func (a *agent) status(rule string, args refusal.Args) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fmt.Fprintln(a.log, oneLine(refusal.Text(rule, a.lang, args)))
}
