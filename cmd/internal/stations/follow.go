package stations

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry/frames"
)

// How a stream is followed.
const (
	openWithin   = 10 * time.Second
	followAgain  = time.Second
	followQuiet  = time.Minute // after which the server forgets who follows no more
	followItems  = 512         // messages at once
	followBytes  = 8 << 20
	followWait   = 5 * time.Second // for the next message, before it is asked again
	followBeat   = time.Second     // of a server that has none
	regressedBy  = 5 * time.Minute // that are followed again where the stream lost its end
	followedSoon = 10 * time.Second
)

// Follow writes here what any node had the shared stream take, until ctx ends. A node of its own has nothing to follow.
func (n *Node) Follow(ctx context.Context) error {
	if n.stream == nil {
		<-ctx.Done()
		return nil
	}
	for {
		err := n.follow(ctx)
		if ctx.Err() != nil {
			return nil
		}
		n.unfollowed(err)
		n.stream.failed()
		if pause(ctx, followAgain) != nil {
			return nil
		}
	}
}

// errGap has the stream followed anew from where the log is.
var errGap = errors.New("a message did not come")

// follow begins where the log is in the stream, and goes on until something fails.
func (n *Node) follow(ctx context.Context) error {
	c, made, err := n.consumer(ctx)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.toCome, n.begun = c.CachedInfo().NumPending, true
	n.mu.Unlock()
	for next := uint64(1); ctx.Err() == nil; {
		batch, err := c.Fetch(followItems, jetstream.FetchMaxBytes(followBytes), jetstream.FetchMaxWait(followWait),
			jetstream.FetchHeartbeat(followBeat))
		if err != nil {
			return err
		}
		for all := batch.Messages(); ; {
			messages, toCome, err := n.come(ctx, all, made, &next)
			if len(messages) > 0 {
				if err := n.write(ctx, messages, toCome); err != nil {
					return err
				}
				n.unfollowed(nil)
			}
			if err != nil {
				return err
			}
			if len(messages) == 0 {
				break
			}
		}
		if err := batch.Error(); err != nil {
			return err
		}
		n.unfollowed(nil)
	}
	return ctx.Err()
}

// consumer begins to read the stream, made then, behind what the log has of it.
func (n *Node) consumer(ctx context.Context) (c jetstream.Consumer, made time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	s, err := n.stream.open(ctx)
	if err != nil {
		return nil, made, err
	}
	info, err := s.Info(ctx)
	if err != nil {
		return nil, made, fmt.Errorf("stream %s: %w", Stream, err)
	}
	cfg := jetstream.ConsumerConfig{AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, InactiveThreshold: followQuiet,
		DeliverPolicy: jetstream.DeliverAllPolicy}
	var place frames.Place
	err = n.frames.View(func(tx *bbolt.Tx) (err error) { place, err = frames.Followed(tx); return err })
	if err != nil {
		return nil, made, err
	}
	if place.Stream.Equal(info.Created) {
		lost, err := regressed(ctx, s, &info.State, &place)
		switch {
		case err != nil:
			return nil, made, err
		case lost:
			n.missed("the stream lost what was followed already; some of it is followed again", "message", place.Seq, "stream",
				info.State.LastSeq)
			if err := n.frames.Update(ctx, frames.Forget); err != nil {
				return nil, made, err
			}
			from := place.At.Add(-regressedBy)
			cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, &from
		default:
			cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, place.Seq+1
		}
	}
	c, err = s.CreateConsumer(ctx, cfg)
	if err != nil {
		return nil, made, fmt.Errorf("stream %s: %w", Stream, err)
	}
	return c, info.Created, nil
}

// regressed reports whether the last message that was followed is not in the stream as it was: a server that had confirmed it
// came back without.
func regressed(ctx context.Context, s jetstream.Stream, now *jetstream.StreamState, place *frames.Place) (bool, error) {
	switch {
	case now.LastSeq < place.Seq:
		return true, nil
	case now.FirstSeq > place.Seq:
		return false, nil // it is too old to be there
	}
	m, err := s.GetMsg(ctx, place.Seq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil // deleted, or too old by now
	}
	if err != nil {
		return false, fmt.Errorf("stream %s: message %d: %w", Stream, place.Seq, err)
	}
	return sha256.Sum256(m.Data) != place.Sum, nil
}

// come waits for messages of a batch, and returns those that are there and how many the stream has behind them; none at its end. next is the number of the next that
// the server sends: with another one something was lost on the way.
func (n *Node) come(ctx context.Context, all <-chan jetstream.Msg, made time.Time, next *uint64) (out []frames.Message,
	toCome uint64, err error) {
	for {
		var msg jetstream.Msg
		if len(out) == 0 {
			select {
			case msg = <-all:
			case <-ctx.Done():
				return nil, 0, ctx.Err()
			}
		} else {
			select {
			case msg = <-all:
			default:
			}
		}
		if msg == nil {
			return out, toCome, nil
		}
		meta, err := msg.Metadata()
		if err != nil {
			return out, toCome, err
		}
		if meta.Sequence.Consumer != *next {
			return out, toCome, errGap
		}
		*next++
		toCome = meta.NumPending
		at := meta.Timestamp
		if n.stream.Stamp != nil {
			at = n.stream.Stamp(meta)
		}
		out = append(out, frames.Message{Stream: made, Seq: meta.Sequence.Stream, At: at, Chunk: msg.Data()})
	}
}

// write appends messages to the log, and has readings made of them.
func (n *Node) write(ctx context.Context, messages []frames.Message, toCome uint64) error {
	var seq uint64
	var at time.Time
	all := make([]frames.Taken, len(messages))
	err := n.frames.Update(ctx, func(tx *bbolt.Tx) (err error) {
		for i := range messages {
			if all[i], err = frames.AppendAt(tx, messages[i]); err != nil {
				return err
			}
		}
		seq, at, err = frames.Last(tx)
		return err
	})
	if err != nil {
		return err
	}
	for i, t := range all {
		n.tell(&messages[i], t)
	}
	n.mu.Lock()
	n.last, n.lastAt, n.place, n.toCome = seq, at, messages[len(messages)-1].Seq, toCome
	close(n.moved)
	n.moved = make(chan struct{})
	n.mu.Unlock()
	select {
	case n.more <- struct{}{}:
	default:
	}
	return nil
}

// caughtUp reports whether this node has what the stream has, but for the last moments; true of a node of its own.
func (n *Node) caughtUp() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stream == nil || n.begun && n.behind == nil && (n.toCome == 0 || n.now().Sub(n.lastAt) < gapsBehind)
}

// tell says what is notable of a message that was followed.
func (n *Node) tell(m *frames.Message, t frames.Taken) {
	if t.Bad != nil {
		n.log.Warn("a message of the stream is not what a node puts there; it is passed over", "stream", Stream, "message", m.Seq,
			"err", t.Bad)
	}
	switch t.Break {
	case "":
	case frames.Joined, frames.Returned:
		n.log.Info("this node follows what stations send to any node; it tells roots of hours from then on", "stream", Stream,
			"message", m.Seq, "from", t.Whole)
	case frames.Anew, frames.Missed:
		n.missed("what stations sent to other nodes may be missing here; roots of hours are told again from then on",
			"why", string(t.Break), "message", m.Seq, "from", t.Whole)
	}
}

// missed tells that this node may not have all.
func (n *Node) missed(text string, args ...any) {
	n.mu.Lock()
	n.missedAt = n.now()
	n.mu.Unlock()
	n.log.Log(context.Background(), slog.LevelWarn, text, append(args, "stream", Stream)...)
}

// unfollowed notes why the stream is not followed; nil where it is.
func (n *Node) unfollowed(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case err != nil && n.behind == nil:
		n.behindSince = n.now()
		n.log.Warn("what stations send to other nodes is not followed; it is tried again", "err", err)
	case err == nil && n.behind != nil:
		n.log.Info("what stations send to other nodes is followed again", "since", n.behindSince)
	}
	n.behind = err
}

// mark has the stream say that reception has come to a time, and waits until that is followed here.
func (n *Node) mark(ctx context.Context, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, followedSoon)
	defer cancel()
	seq, err := n.stream.publish(ctx, frames.Mark(at))
	if err != nil {
		return err
	}
	for {
		n.mu.Lock()
		place, moved := n.place, n.moved
		n.mu.Unlock()
		if place >= seq {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("stream %s: message %d is not followed yet: %w", Stream, seq, ctx.Err())
		}
	}
}
