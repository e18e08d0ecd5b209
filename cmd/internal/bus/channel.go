package bus

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"qingkong/notify/channel"
)

// How long the server may take to say that it has what it was handed: a batch, and one message for a stream.
const (
	flushWithin = 10 * time.Second
	keepWithin  = 5 * time.Second
)

// Channel is NATS as a sender: the address of a message is its subject, its key the header Qingkong-Event-Id. A message
// to be kept goes to the stream of its subject and counts as sent when the stream has it; any other when the server has
// it, whoever listens.
type Channel struct {
	nc *nats.Conn
	js jetstream.JetStream
}

// Channel is the sender to the recipients and readers.
func (b *Bus) Channel() *Channel { return &Channel{b.conns["public"], b.js["public"]} }

// Name implements [channel.Sender].
func (*Channel) Name() string { return channel.NATS }

// Send implements [channel.Sender]. A batch costs one round trip, and each message to be kept one of its own; these
// come after the others, so that a stream that takes nothing holds back no order.
func (c *Channel) Send(ctx context.Context, msgs []channel.Message) []channel.Outcome {
	out := make([]channel.Outcome, len(msgs))
	kept := 0
	for i, m := range msgs {
		if m.Keep {
			kept++
			continue
		}
		out[i] = outcome(c.nc.PublishMsg(natsMessage(m)))
	}
	if kept < len(msgs) {
		c.flush(ctx, msgs, out)
	}
	for i, m := range msgs {
		if m.Keep {
			out[i] = outcome(c.keep(ctx, m))
		}
	}
	return out
}

// flush waits until the server has what was published; of what it may not have nothing is sent.
func (c *Channel) flush(ctx context.Context, msgs []channel.Message, out []channel.Outcome) {
	ctx, cancel := context.WithTimeout(ctx, flushWithin)
	defer cancel()
	err := c.nc.FlushWithContext(ctx)
	if err == nil {
		return
	}
	for i, m := range msgs {
		if !m.Keep && out[i].Result == channel.Sent {
			out[i] = outcome(err)
		}
	}
}

func (c *Channel) keep(ctx context.Context, m channel.Message) error {
	ctx, cancel := context.WithTimeout(ctx, keepWithin)
	defer cancel()
	msg := natsMessage(m)
	msg.Header.Set(nats.MsgIdHdr, m.Key)
	_, err := c.js.PublishMsg(ctx, msg)
	return err
}

func natsMessage(m channel.Message) *nats.Msg {
	return &nats.Msg{Subject: m.To, Data: m.Body, Header: nats.Header{"Qingkong-Event-Id": {m.Key}}}
}

// outcome of a message is never unknown: whoever gets it twice knows it by its key.
func outcome(err error) channel.Outcome {
	if err != nil {
		return channel.Outcome{Result: channel.Later, Why: err.Error()}
	}
	return channel.Outcome{Result: channel.Sent}
}
