package bus

import (
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// ReplyAllowed says whether an answer may go to a reply subject: only to one inside the user's own inbox. The
// server lets a client name any subject there and we would publish to it with our rights, so without this check
// a request with the reply subject qingkong.order.E0002 would put text of ours among another's orders.
func ReplyAllowed(user, reply string) bool {
	rest, ok := strings.CutPrefix(reply, "_INBOX."+user+".")
	return ok && ValidUser(user) && rest != "" && !strings.ContainsAny(rest, "*> \t\r\n")
}

// Handler takes one message. reply is never nil and does nothing when no answer is wanted or allowed; it may be
// called later and from another goroutine, once.
type Handler func(user string, data []byte, reply func([]byte))

// queue lets one of several nodes take a message.
const queue = "qingkong"

// Handle receives what users publish to a subject whose last token is "*" and names the user:
// qingkong.answer.*, qingkong.pending.*. The permissions let nobody else publish there, so the user is proven.
// Several nodes share the messages. The handler runs on one goroutine for the subject, in order of arrival.
func (b *Bus) Handle(subject string, fn Handler) (*nats.Subscription, error) {
	prefix, ok := strings.CutSuffix(subject, ".*")
	if !ok {
		return nil, fmt.Errorf("bus: subject %q does not end in the user", subject)
	}
	return b.subscribe(subject, func(msg *nats.Msg) {
		user, ok := strings.CutPrefix(msg.Subject, prefix+".")
		if !ok || !ValidUser(user) {
			b.log.Warn("message with a foreign subject dropped", "handler", subject, "subject", msg.Subject)
			return
		}
		fn(user, msg.Data, b.replier(msg, user))
	})
}

// SharedHandler takes one message of a subject that several users publish to. place is the subject's last
// token (source, station, MN); user is the account the answer goes to, "" when none is wanted.
type SharedHandler func(place, user string, data []byte, reply func([]byte))

// HandleShared receives what users publish to a subject whose last token does not name them:
// qingkong.forecast.*, qingkong.observation.*, qingkong.telemetry.*. NATS does not tell who published, so user
// is taken from the inbox the reply subject lies in and is a claim, not a proof: record it as such. mayPublish
// says whether that user itself has the right to publish there; to anybody else's inbox nothing is answered.
// What is left is that one feeder can have the answer to its own request put into another feeder's inbox;
// recipients and their subjects are out of reach.
//
// A service import with the Nats-Request-Info header would prove the user, but it hides the reply subject from
// us and the server then answers wherever the client said, which is worse.
func (b *Bus) HandleShared(subject string, mayPublish func(user string) bool, fn SharedHandler) (*nats.Subscription, error) {
	prefix, ok := strings.CutSuffix(subject, ".*")
	if !ok {
		return nil, fmt.Errorf("bus: subject %q does not end in *", subject)
	}
	return b.subscribe(subject, func(msg *nats.Msg) {
		place, ok := strings.CutPrefix(msg.Subject, prefix+".")
		if !ok || !token.MatchString(place) {
			b.log.Warn("message with a foreign subject dropped", "handler", subject, "subject", msg.Subject)
			return
		}
		user := inboxOwner(msg.Reply)
		if user != "" && !mayPublish(user) {
			user = ""
		}
		fn(place, user, msg.Data, b.replier(msg, user))
	})
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

// maxBacklog and maxBacklogBytes bound what waits for one handler. More is dropped and logged; clients ask again.
const (
	maxBacklog      = 1 << 18
	maxBacklogBytes = 256 << 20
)

// subscribeWithin is how long the server may take to confirm a subscription.
const subscribeWithin = 10 * time.Second

func (b *Bus) subscribe(subject string, fn nats.MsgHandler) (*nats.Subscription, error) {
	sub, err := b.public.QueueSubscribe(subject, queue, fn)
	if err != nil {
		return nil, fmt.Errorf("bus: subscribe %s: %w", subject, err)
	}
	if err := sub.SetPendingLimits(maxBacklog, maxBacklogBytes); err != nil {
		return nil, fmt.Errorf("bus: subscribe %s: %w", subject, err)
	}
	// Who asks right after the program says that it is ready must find somebody there.
	if err := b.public.FlushTimeout(subscribeWithin); err != nil {
		return nil, fmt.Errorf("bus: subscribe %s: not confirmed: %w", subject, err)
	}
	return sub, nil
}

// replier answers msg if its reply subject is the user's own.
func (b *Bus) replier(msg *nats.Msg, user string) func([]byte) {
	if msg.Reply == "" {
		return func([]byte) {}
	}
	if !ReplyAllowed(user, msg.Reply) {
		b.log.Warn("answer outside the user's inbox refused", "user", user, "subject", msg.Subject, "reply", msg.Reply)
		return func([]byte) {}
	}
	reply := msg.Reply
	return func(data []byte) {
		if err := b.public.Publish(reply, data); err != nil {
			b.log.Warn("answer not sent", "user", user, "subject", msg.Subject, "error", err)
		}
	}
}
