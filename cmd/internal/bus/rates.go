package bus

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"qingkong/cmd/internal/fair"
)

// Our handlers see what a user sends only where it may send: a forbidden message, or a request to JetStream, costs the
// server as much. The bus therefore looks at the connections themselves each second, and cuts off a user that goes on
// far beyond its share: it closes its connections and leaves its logins unanswered for a while. A refusal would make
// clients give up for good.

// Excess is from when on a user is cut off: Times its share, for so many seconds on end, where each message counts for
// as many as its bytes are worth. Zero is never. A user that sends us so much in one second that others' messages would
// be lost behind it is cut off at once.
type Excess struct {
	Times   int
	Seconds int
}

const (
	rateEvery = time.Second
	// cutWithin bounds closing the connections of one user.
	cutWithin = 10 * time.Second
	// muteFor is how long the logins of a user that was cut off stay unanswered.
	muteFor = time.Minute
	// listLimit bounds the connections that are looked at. Those beyond it are looked at when others have gone.
	listLimit = 1 << 18
	// closedLimit bounds the connections closed last that are looked at, so that a user that comes back again and again
	// is seen too.
	closedLimit = 256
)

// rates remembers what each connection had sent, and for how many seconds each user has gone on too fast.
type rates struct {
	limit   float64 // messages a second and user
	seconds int

	sent    map[connKey]connTotals
	at      time.Time
	strikes map[string]int

	mu    sync.Mutex
	muted map[string]time.Time // until when
	cuts  uint64
}

// connKey is a connection of one server of a cluster.
type connKey struct {
	server string
	cid    uint64
}

// connTotals is what a connection has sent so far.
type connTotals struct {
	connKey
	user        string
	msgs, bytes int64
}

// worth is how many bytes count as one message.
const worth = 16 << 10

// atOnce is how many times what cuts a user off after some seconds cuts it off at once.
const atOnce = 2

// atOnceBytes is how many refused bytes of one second cut a user off at once: few enough that the server, which closes
// a connection of ours behind which more than max_pending waits, never comes to that.
const atOnceBytes = 8 << 20

func newRates(perSecond float64, e Excess) *rates {
	return &rates{limit: perSecond * float64(e.Times), seconds: e.Seconds, sent: map[connKey]connTotals{},
		strikes: map[string]int{}, muted: map[string]time.Time{}}
}

// see takes what the connections have sent by now, those closed last among them, and returns who is to be cut off. One
// that is listed twice was closed meanwhile.
func (r *rates) see(conns []connTotals, now time.Time) (cut []string) {
	passed := now.Sub(r.at).Seconds()
	first := r.at.IsZero()
	by, sent := map[string]float64{}, make(map[connKey]connTotals, len(conns))
	for _, c := range conns {
		if c.msgs >= sent[c.connKey].msgs {
			sent[c.connKey] = c
		}
	}
	for key, c := range sent {
		was := r.sent[key]
		by[c.user] += max(float64(c.msgs-was.msgs), float64(c.bytes-was.bytes)/worth)
	}
	r.sent, r.at = sent, now
	if first || passed <= 0 {
		return nil
	}
	strikes := map[string]int{}
	for user, msgs := range by {
		if msgs/passed < r.limit {
			continue
		}
		if strikes[user] = r.strikes[user] + 1; strikes[user] >= r.seconds {
			cut = append(cut, user)
			delete(strikes, user)
		}
	}
	r.strikes = strikes
	return cut
}

func (r *rates) mute(user string, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.muted[user] = until
	r.cuts++
}

// cutOff are the users whose logins stay unanswered, in order, and how often users were cut off so far.
func (r *rates) cutOff(now time.Time) (users []string, times uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.muted, func(_ string, until time.Time) bool { return now.After(until) })
	return slices.Sorted(maps.Keys(r.muted)), r.cuts
}

// CutOff are the users that are cut off now because they send far more than their share, and how often that happened.
func (b *Bus) CutOff() (users []string, times uint64) { return b.rates.cutOff(time.Now()) }

// Refused is how many messages of users were beyond their share since the start.
func (b *Bus) Refused() uint64 { return b.meter.Refused() }

// isMuted says whether a user's logins stay unanswered.
func (r *rates) isMuted(user string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	until, ok := r.muted[user]
	return ok && !now.After(until)
}

// watchRates looks at the connections until ctx ends.
func (b *Bus) watchRates(ctx context.Context) {
	tick := time.NewTicker(rateEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		conns, err := b.connections(ctx)
		if err != nil {
			if ctx.Err() == nil {
				b.quiet.Warn("", "what the connections send cannot be seen", "error", err)
			}
			continue
		}
		for _, user := range b.rates.see(conns, time.Now()) {
			b.cutOff(ctx, user)
		}
	}
}

func (b *Bus) cutOff(ctx context.Context, user string) {
	b.rates.mute(user, time.Now().Add(muteFor))
	n, err := b.Kick(ctx, user)
	b.quiet.Warn(user, "a user goes on far beyond its share and is cut off", "user", user, "connections", n, "for",
		muteFor, "error", err)
}

// floods says whether a user is to be cut off at once, because with this message, of that cost and so many bytes, so
// much of it was refused within a second. It is true for one message of a second.
func (r *rates) floods(v fair.Verdict, cost, size int) bool {
	limit := int(r.limit) * atOnce
	many := v.Refused >= limit && v.Refused-cost < limit
	large := v.RefusedBytes >= atOnceBytes && v.RefusedBytes-size < atOnceBytes
	return limit > 0 && (many && v.RefusedBytes < atOnceBytes || large && v.Refused-cost < limit)
}

// connections are those of users, open or closed last, and what each has sent.
func (b *Bus) connections(ctx context.Context) (all []connTotals, err error) {
	for _, ask := range []server.ConnzOptions{
		{Username: true, Limit: listLimit},
		{Username: true, Limit: closedLimit, State: server.ConnClosed, Sort: server.ByStop},
	} {
		err := b.eachServer(ctx, ask, func(id string, list *server.Connz) error {
			all = append(all, b.users(id, list)...)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// users leaves out connections of ours, and those that have not logged in.
func (b *Bus) users(id string, list *server.Connz) (all []connTotals) {
	for _, c := range list.Conns {
		if ValidUser(c.AuthorizedUser) && !b.own[c.AuthorizedUser] {
			all = append(all, connTotals{connKey{id, c.Cid}, c.AuthorizedUser, c.InMsgs, c.InBytes})
		}
	}
	return all
}
