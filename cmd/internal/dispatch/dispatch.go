// Package dispatch is what the holder of the lease does with what has come due: it hands messages to their channels,
// a loop for each, so that a slow one delays no other, and runs timers.
package dispatch

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal"
	"qingkong/notify/channel"
)

// Acts render messages and record what became of them.
type Acts interface {
	// Render gives the message of an outbox row, the same bytes each time; without an address there is nothing to send.
	Render(tx *bbolt.Tx, channel, topic, id string) (channel.Message, error)
	RecordSent(ctx context.Context, went journal.SendReport) error
}

// Channel is a sender and how it is used.
type Channel struct {
	Sender channel.Sender
	Batch  int           // messages that are handed over, and recorded, together
	Limit  time.Duration // how long handing them over may take
}

// NATSBatch is how many messages go out by NATS before they are recorded as sent together.
const NATSBatch = 1000

// NATS is the channel of everything.
func NATS(sender channel.Sender) Channel {
	return Channel{Sender: sender, Batch: NATSBatch, Limit: 30 * time.Second}
}

// Options are what a dispatcher needs; all but Times are required.
type Options struct {
	Journal  *journal.Journal
	Acts     Acts
	Channels []Channel
	Clock    func() time.Time // the record's time
	Log      *slog.Logger
	Times    *journal.Times // of a measurement; nil for none
}

// Dispatcher sends what the outbox holds. A message is recorded as sent after its carrier has taken it, so that one
// may go out twice and none is lost; the same message is the same bytes.
type Dispatcher struct {
	opt   Options
	lanes []*lane

	mu      sync.Mutex
	trouble map[string]Trouble // by channel
}

// lane is a channel of a dispatcher.
type lane struct {
	Channel
	name string
	late chan []channel.Outcome // of a sender that did not come back in time; nil for none
}

// Trouble is a channel whose carrier has taken nothing since a time, though it was given messages.
type Trouble struct {
	Channel string
	Since   time.Time // by the record's time
	Why     string    // the last outcome; empty where the carrier gives none
}

// New returns a dispatcher that sends nothing yet.
func New(opt Options) *Dispatcher {
	d := &Dispatcher{opt: opt, trouble: map[string]Trouble{}}
	for _, c := range opt.Channels {
		d.lanes = append(d.lanes, &lane{Channel: c, name: c.Sender.Name()})
	}
	return d
}

// Run sends until ctx ends, while this node has the lease of that epoch.
func (d *Dispatcher) Run(ctx context.Context, epoch uint64) {
	var wg sync.WaitGroup
	for _, c := range d.lanes {
		wg.Go(func() { d.loop(c, epoch).run(ctx) })
	}
	wg.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.trouble) // whoever leads next sees for itself
}

// Round sends once what is due and records it. It returns how many messages that were, and why some were not.
func (d *Dispatcher) Round(ctx context.Context, epoch uint64) (n int, err error) {
	for _, c := range d.lanes {
		l := d.loop(c, epoch)
		sent, _ := l.send(ctx)
		l.settle()
		if n += sent; len(l.after) > 0 {
			err = errors.Join(err, l.failed)
		}
	}
	return n, err
}

// Troubles are the channels in trouble on this node, by name; none where another node leads.
func (d *Dispatcher) Troubles() []Trouble {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.SortedFunc(maps.Values(d.trouble), func(a, b Trouble) int { return cmp.Compare(a.Channel, b.Channel) })
}

// heard keeps what became of messages that a channel was given at a time. A refusal for good is an answer and no
// trouble of the channel.
func (d *Dispatcher) heard(name string, at time.Time, out []channel.Outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if slices.ContainsFunc(out, func(o channel.Outcome) bool { return o.Result == channel.Sent }) {
		delete(d.trouble, name)
		return
	}
	failed := slices.IndexFunc(out, func(o channel.Outcome) bool { return o.Result != channel.Refused })
	if failed < 0 && len(out) > 0 {
		return
	}
	t := Trouble{Channel: name, Since: at}
	if before, ok := d.trouble[name]; ok {
		t.Since = before.Since
	}
	if failed >= 0 {
		t.Why = out[failed].Why
	}
	d.trouble[name] = t
}
