package bus

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"qingkong/cmd/internal/fair"
)

// ReplyAllowed says whether an answer may go to a reply subject: only to one inside the user's own inbox. The
// server lets a client name any subject there and we would publish to it with our rights, so without this check
// a request with the reply subject qingkong.order.E0002 would put text of ours among another's orders.
func ReplyAllowed(user, reply string) bool {
	rest, ok := strings.CutPrefix(reply, "_INBOX."+user+".")
	return ok && ValidUser(user) && rest != "" && !strings.ContainsAny(rest, "*> \t\r\n")
}

// Handler takes one message of a user. reply is never nil and does nothing when no answer is wanted or allowed; it has
// to be called once, from any goroutine: until then, or for [Config.AnswerWithin], the message counts as in work. The
// handler must not block.
type Handler func(user string, data []byte, reply func([]byte))

const answerWithin = 2 * time.Minute

// queue lets one of several nodes take a message.
const queue = "qingkong"

// Handle receives what users publish to a subject whose last token is "*" and names the user: qingkong.answer.*,
// qingkong.pending.*. The permissions let nobody else publish there, so the user is proven. Several nodes share the
// messages.
//
// Each user has its turn: no more of one wait than bounds say, and a user that is faster than [Config.Share] is
// refused. The handler runs on a user's messages in order of arrival. With bounds.Merge it runs once for all that a
// user has waiting, with the data of the last, and its reply goes to all.
func (b *Bus) Handle(subject string, bounds fair.Bounds, fn Handler) error {
	prefix, ok := strings.CutSuffix(subject, ".*")
	if !ok {
		return fmt.Errorf("bus: subject %q does not end in the user", subject)
	}
	dotted := prefix + "."
	in := b.inbound(bounds, func(m inMessage, reply func([]byte)) { fn(m.user, m.data, reply) })
	return b.subscribe(b.conns["inbox"], subject, in, func(msg *nats.Msg) {
		user, below := strings.CutPrefix(msg.Subject, dotted)
		in.take(user, len(msg.Data), func() (m inMessage, ok bool) {
			if !below || !ValidUser(user) {
				b.quiet.Warn(msg.Subject, "message with a foreign subject dropped", "handler", subject, "subject", msg.Subject)
				return m, false
			}
			return inMessage{user: user, data: msg.Data, reply: b.inboxReply(msg, user)}, true
		})
	})
}

// SharedHandler is [Handler] for a message of a subject that several users publish to. place is the subject's last
// token (source, station, MN).
type SharedHandler func(place, user string, data []byte, reply func([]byte))

// HandleShared receives what feeders publish to a subject whose last token does not name them: qingkong.forecast.*,
// qingkong.observation.*, qingkong.telemetry.*. They are in an account apart, whose server hands the message over below
// feed.… with who sent it in a header of its own, so the user is proven. Turns and shares are those of [Bus.Handle].
//
// On an external server with users of its own nobody's name is proven: there nothing is received, see [Bus.Unproven],
// unless [Config.TrustServerUsers] says that the server itself lets only feeders publish there. The user is then
// "nats:" and the name in the reply subject, which is a claim.
func (b *Bus) HandleShared(subject string, bounds fair.Bounds, fn SharedHandler) error {
	prefix, ok := strings.CutSuffix(subject, ".*")
	if !ok {
		return fmt.Errorf("bus: subject %q does not end in *", subject)
	}
	rest, ok := strings.CutPrefix(prefix, "qingkong.")
	if !ok {
		return fmt.Errorf("bus: subject %q does not begin with qingkong", subject)
	}
	if b.ownUsers() && !b.cfg.TrustServerUsers {
		return nil
	}
	in := b.inbound(bounds, func(m inMessage, reply func([]byte)) { fn(m.place, m.user, m.data, reply) })
	take := func(prefix string, user func(*nats.Msg) string) error {
		return b.subscribe(b.conns["feed"], prefix+".*", in, func(msg *nats.Msg) {
			from := user(msg)
			in.take(from, len(msg.Data), func() (m inMessage, ok bool) {
				place, below := strings.CutPrefix(msg.Subject, prefix+".")
				if !below || !token.MatchString(place) || from == "" {
					b.quiet.Warn(subject, "message without a proven sender, or with a foreign subject, dropped", "handler", subject,
						"subject", msg.Subject)
					return m, false
				}
				return inMessage{user: from, place: place, data: msg.Data, reply: b.answerTo(msg)}, true
			})
		})
	}
	if err := take("feed."+rest, b.sender); err != nil || !b.ownUsers() {
		return err
	}
	return take(prefix, func(msg *nats.Msg) string { return claimed(inboxOwner(msg.Reply)) })
}

// HandleOwned receives what users publish to a subject whose last token, like an MN, is somebody's: owner says whose, ""
// for nobody's. The permissions let its owner alone publish there, so the user is proven. Turns and shares are the
// owner's; answers go to the owner's inbox alone.
//
// On an external server with users of its own the subject is everybody's that server lets publish there: it is then
// received by [Bus.HandleShared] and not here.
func (b *Bus) HandleOwned(subject string, bounds fair.Bounds, owner func(place string) string, fn SharedHandler) error {
	prefix, ok := strings.CutSuffix(subject, ".*")
	if !ok {
		return fmt.Errorf("bus: subject %q does not end in *", subject)
	}
	if b.ownUsers() {
		return nil
	}
	in := b.inbound(bounds, func(m inMessage, reply func([]byte)) { fn(m.place, m.user, m.data, reply) })
	return b.subscribe(b.conns["inbox"], subject, in, func(msg *nats.Msg) {
		place, user := strings.TrimPrefix(msg.Subject, prefix+"."), ""
		if token.MatchString(place) {
			user = owner(place)
		}
		if user == "" { // its owner is no more, and its login has not ended yet
			b.quiet.Warn(subject, "message to a subject of nobody dropped", "handler", subject, "subject", msg.Subject)
			return
		}
		in.take(user, len(msg.Data), func() (inMessage, bool) {
			return inMessage{user: user, place: place, data: msg.Data, reply: b.inboxReply(msg, user)}, true
		})
	})
}

// claimed marks a name that nobody has proven.
func claimed(user string) string { return "nats:" + user }

// requestInfo is the header in which the server says who sent a message that crossed accounts. It overwrites what a
// client puts there. name is what the client calls itself; user is who it logged in as.
const requestInfo = "Nats-Request-Info"

// sender is who sent a message that crossed accounts, "" where that is not said.
func (b *Bus) sender(msg *nats.Msg) string {
	var info struct {
		User string `json:"user"`
	}
	if err := json.Unmarshal([]byte(msg.Header.Get(requestInfo)), &info); err != nil || !ValidUser(info.User) {
		return ""
	}
	if b.ownUsers() {
		return claimed(info.User)
	}
	return info.User
}

// inboxOwner is the user in whose inbox a reply subject lies, "" when it lies in none.
func inboxOwner(reply string) string {
	rest, ok := strings.CutPrefix(reply, "_INBOX.")
	if !ok {
		return ""
	}
	user, _, _ := strings.Cut(rest, ".")
	if !ReplyAllowed(user, reply) {
		return ""
	}
	return user
}

// ownUsers says that an external server has users of its own, whose names we cannot prove.
func (b *Bus) ownUsers() bool { return b.srv == nil && b.issuer == nil }

// Unproven says that inbound subjects of feeders are closed, because the external server has users of its own.
func (b *Bus) Unproven() bool { return b.ownUsers() && !b.cfg.TrustServerUsers }

// maxBacklog and maxBacklogBytes bound what the connection holds for one subscription. Its callback hands everything on
// at once or drops it, so that little ever waits there.
const (
	maxBacklog      = 1 << 18
	maxBacklogBytes = 256 << 20
)

// subscribeWithin is how long the server may take to confirm a subscription.
const subscribeWithin = 10 * time.Second

func (b *Bus) subscribe(nc *nats.Conn, subject string, in *inbound, fn nats.MsgHandler) error {
	sub, err := nc.QueueSubscribe(subject, queue, fn)
	if err != nil {
		return fmt.Errorf("bus: subscribe %s: %w", subject, err)
	}
	if err := sub.SetPendingLimits(maxBacklog, maxBacklogBytes); err != nil {
		return fmt.Errorf("bus: subscribe %s: %w", subject, err)
	}
	// A client that asks right after the program says that it is ready must find the handler there.
	if err := nc.FlushTimeout(subscribeWithin); err != nil {
		return fmt.Errorf("bus: subscribe %s: not confirmed: %w", subject, err)
	}
	b.mu.Lock()
	in.subs = append(in.subs, sub)
	b.mu.Unlock()
	return nil
}

// inboxReply answers msg if its reply subject is the user's own.
func (b *Bus) inboxReply(msg *nats.Msg, user string) func([]byte) {
	if msg.Reply != "" && !ReplyAllowed(user, msg.Reply) {
		b.quiet.Warn(user, "answer outside the user's inbox refused", "user", user, "subject", msg.Subject, "reply",
			msg.Reply)
		return nil
	}
	return b.answerTo(msg)
}

// MaxAnswer is how many bytes an answer may have.
func (b *Bus) MaxAnswer() int64 { return b.conns["public"].MaxPayload() }

// answerTo answers msg; nil where no answer is wanted.
func (b *Bus) answerTo(msg *nats.Msg) func([]byte) {
	if msg.Reply == "" {
		return nil
	}
	reply, subject := msg.Reply, msg.Subject
	return func(data []byte) {
		if err := b.conns["public"].Publish(reply, data); err != nil {
			b.quiet.Warn(subject, "answer not sent", "subject", subject, "error", err)
		}
	}
}

// inMessage is a message of a user that waits for its turn.
type inMessage struct {
	user, place string
	data        []byte
	reply       func([]byte) // nil where no answer is wanted
}

func (m inMessage) answer(data []byte) {
	if m.reply != nil {
		m.reply(data)
	}
}

// inbound is what waits for one handler.
type inbound struct {
	bus   *Bus
	queue *fair.Queue[inMessage]
	subs  []*nats.Subscription
	ended chan struct{}
}

// inbound runs a handler on what it is given, each user in its turn.
func (b *Bus) inbound(bounds fair.Bounds, fn func(m inMessage, reply func([]byte))) *inbound {
	in := &inbound{bus: b, queue: fair.NewQueue[inMessage](bounds), ended: make(chan struct{})}
	within := cmp.Or(b.cfg.AnswerWithin, answerWithin)
	b.mu.Lock()
	b.ins = append(b.ins, in)
	b.mu.Unlock()
	go func() {
		defer close(in.ended)
		for {
			_, items, done, ok := in.queue.Next()
			if !ok {
				return
			}
			last := items[len(items)-1]
			late := time.AfterFunc(within, func() {
				b.log.Error("a message has no answer yet; its place is given to others", "user", last.user, "after", within)
				done()
			})
			fn(last, func(data []byte) {
				late.Stop()
				for _, m := range items {
					m.answer(data)
				}
				done()
			})
		}
	}()
	return in
}

// take lets a message wait for its turn, or refuses it: at most one refusal a second goes to a user, for one a message
// would be worth a flood of its own.
//
// This function is what a flood costs, so it does not look into a message that is refused: one goroutine calls it for
// all users, and has to be as fast as the connection.
func (in *inbound) take(user string, size int, look func() (m inMessage, ok bool)) {
	cost := 1 + size/worth
	v := in.bus.meter.TakeN(user, cost, size)
	if !v.OK && in.bus.rates.floods(v, cost, size) && !in.bus.ownUsers() {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), cutWithin)
			defer cancel()
			in.bus.cutOff(ctx, user)
		}()
	}
	if !v.OK && !v.Tell {
		return
	}
	m, ok := look()
	switch {
	case !ok || v.OK && in.queue.Push(user, m, len(m.data)):
		return
	case v.OK:
		v.Tell = in.bus.meter.Tell(user)
	}
	if v.Tell && in.bus.cfg.TooMany != nil {
		m.answer(in.bus.cfg.TooMany())
	}
}

// endInbound takes nothing in any more and lets what waits have its turns until ctx ends.
func (b *Bus) endInbound(ctx context.Context) {
	b.mu.Lock()
	ins := b.ins
	b.ins = nil
	b.mu.Unlock()
	for _, in := range ins {
		for _, sub := range in.subs {
			_ = sub.Drain() // one of a connection that is gone has nothing to drain
		}
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for _, in := range ins {
		for in.waits() && ctx.Err() == nil {
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
		in.queue.Close()
		select {
		case <-in.ended:
		case <-ctx.Done():
		}
	}
}

// waits says whether something may still come or is not answered yet.
func (in *inbound) waits() bool {
	for _, sub := range in.subs {
		if sub.IsValid() {
			return true
		}
	}
	_, callers := in.queue.Len()
	return callers > 0
}
