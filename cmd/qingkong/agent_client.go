package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"qingkong/alerts/refusal"
)

type agentOptions struct {
	url, recipient, password string
	acknowledge, json        bool
	lang                     string
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
	nc       *nats.Conn
	missed   []chan struct{} // for each prefix: there may be orders that were not pushed to us

	mu       sync.Mutex // guards the writers and the maps
	shown    map[string]bool
	busy     map[string]bool // being answered now
	answered map[string]bool
	work     sync.WaitGroup
}

func newAgent(o agentOptions, out, log io.Writer) *agent {
	a := &agent{agentOptions: o, out: out, log: log, shown: map[string]bool{}, busy: map[string]bool{}, answered: map[string]bool{}}
	for range prefixes {
		a.missed = append(a.missed, make(chan struct{}, 1))
	}
	return a
}

// run serves until ctx ends, which is no error. It fails when the first connection fails: a wrong address or
// password is better seen at once than retried for ever.
func (a *agent) run(ctx context.Context) error {
	ctx, end := context.WithCancelCause(ctx)
	if err := a.connect(end); err != nil {
		end(nil)
		return err
	}
	defer func() {
		end(nil)
		a.work.Wait()
		a.nc.Close()
	}()

	for i, prefix := range prefixes {
		_, err := a.nc.Subscribe(prefix+"order."+a.recipient, func(m *nats.Msg) { a.take(ctx, prefix, m.Data) })
		if err != nil {
			return err
		}
		a.work.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-a.missed[i]:
					a.pull(ctx, prefix)
				}
			}
		})
	}
	if err := a.nc.FlushTimeout(requestTimeout); err != nil {
		a.status("agent.trouble", refusal.Args{"why": err})
	}
	a.connected(a.nc)
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// connected has what was missed pulled, after the first connection and after each later one.
func (a *agent) connected(nc *nats.Conn) {
	a.status("agent.connected", refusal.Args{"recipient": a.recipient, "url": withoutUser(nc.ConnectedUrl())})
	for _, missed := range a.missed {
		select {
		case missed <- struct{}{}:
		default:
		}
	}
}

func (a *agent) connect(end context.CancelCauseFunc) error {
	nc, err := nats.Connect(a.url,
		nats.Name("qingkong agent "+a.recipient),
		nats.UserInfo(a.recipient, a.password),
		nats.CustomInboxPrefix("_INBOX."+a.recipient),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(),
		nats.ReconnectWait(reconnectWait),
		nats.Timeout(10*time.Second),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				a.status("agent.disconnected", refusal.Args{"why": err})
			}
		}),
		nats.ReconnectHandler(a.connected),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			a.status("agent.trouble", refusal.Args{"why": err})
		}),
		nats.ClosedHandler(func(nc *nats.Conn) { end(nc.LastError()) }),
	)
	switch {
	case errors.Is(err, nats.ErrAuthorization):
		return refusal.New(refusal.Unauthenticated, "agent.login_refused", refusal.Args{"recipient": a.recipient})
	case err != nil:
		return refusal.New(refusal.NotReady, "agent.unreachable", refusal.Args{"url": withoutUser(a.url), "why": err.Error()})
	}
	a.nc = nc
	return nil
}

// withoutUser drops what stands before the host of each URL: it may be a secret.
func withoutUser(urls string) string {
	list := strings.Split(urls, ",")
	for i, u := range list {
		if at := strings.LastIndexByte(u, '@'); at >= 0 {
			list[i] = u[at+1:]
		}
	}
	return strings.Join(list, ",")
}

// reply is what the coordinator says to any request of ours.
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

// ask repeats a request until it is done, refused for good (a *replyError), or ctx ends.
func (a *agent) ask(ctx context.Context, subject string, body any, done func(reply) bool) (reply, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return reply{}, err
	}
	for wait := retryFirst; ; wait = min(2*wait, retryMax) {
		r, err := a.askOnce(ctx, subject, data)
		if err == nil && r.Error == nil && done(r) {
			return r, nil
		}
		if err == nil && r.Error != nil && !r.Error.passing() {
			return r, r.Error
		}
		select {
		case <-ctx.Done():
			return reply{}, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (a *agent) askOnce(ctx context.Context, subject string, data []byte) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var r reply
	m, err := a.nc.RequestWithContext(ctx, subject, data)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(m.Data, &r)
}

// pull asks for the orders that are open, and the releases not yet received.
func (a *agent) pull(ctx context.Context, prefix string) {
	r, err := a.ask(ctx, prefix+"pending."+a.recipient, struct{}{}, func(r reply) bool { return r.Orders != nil })
	if err != nil {
		if ctx.Err() == nil {
			a.status("agent.pull_refused", refusal.Args{"why": err})
		}
		return
	}
	for _, raw := range r.Orders {
		var o order
		if err := json.Unmarshal(raw, &o); err != nil {
			a.status("agent.unreadable", refusal.Args{"why": err})
			continue
		}
		a.handle(ctx, prefix, orderEvent{Event: o.lastEvent(), Order: raw}, o)
	}
}

// take handles one pushed event.
func (a *agent) take(ctx context.Context, prefix string, data []byte) {
	ev, o, err := readEvent(data)
	if err != nil {
		a.status("agent.unreadable", refusal.Args{"why": err})
		return
	}
	a.handle(ctx, prefix, ev, o)
}

// handle shows an event once and answers it each time it comes: the coordinator repeats until it has an answer.
func (a *agent) handle(ctx context.Context, prefix string, ev orderEvent, o order) {
	key := ev.Event + " " + o.ID
	a.mu.Lock()
	show, busy, again := !a.shown[key], a.busy[key], a.answered[key]
	a.shown[key], a.busy[key] = true, true
	a.mu.Unlock()
	if show {
		a.print(ev, func() string { return o.line(ev.Event, a.lang) })
	}
	if busy {
		return
	}
	actions := []string{"receive"}
	if a.acknowledge && !again && o.awaits(ev.Event) {
		actions = append(actions, "acknowledge")
	}
	a.work.Go(func() {
		answered := a.answer(ctx, prefix, o.ID, actions, !again)
		a.mu.Lock()
		delete(a.busy, key)
		a.answered[key] = a.answered[key] || answered
		a.mu.Unlock()
	})
}

// answer sends the actions in order and reports whether all of them were settled, accepted or not.
func (a *agent) answer(ctx context.Context, prefix, id string, actions []string, show bool) bool {
	for _, action := range actions {
		body := map[string]string{"order_id": id, "action": action}
		_, err := a.ask(ctx, prefix+"answer."+a.recipient, body, func(r reply) bool { return r.OK })
		var refused *replyError
		switch {
		case errors.As(err, &refused):
			a.print(answerLine{Event: "refused", OrderID: id, Action: action, Error: refused}, func() string {
				return refusal.Text("agent.answer_refused", a.lang, refusal.Args{"id": id, "action": word("agent.action.", action, a.lang), "why": refused})
			})
			return true
		case err != nil:
			return false
		case show:
			a.print(answerLine{Event: "answered", OrderID: id, Action: action, OK: true}, func() string {
				return refusal.Text("agent.answered", a.lang, refusal.Args{"id": id, "action": word("agent.action.", action, a.lang)})
			})
		}
	}
	return true
}

type answerLine struct {
	Event   string      `json:"event"`
	OrderID string      `json:"order_id"`
	Action  string      `json:"action"`
	OK      bool        `json:"ok"`
	Error   *replyError `json:"error,omitempty"`
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
