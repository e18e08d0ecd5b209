package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Stream is the name of the journal's stream; its account is reached by no outside user.
const Stream = "QINGKONG_JOURNAL"

const blockSubject = "qingkong.journal.block"

// appendLog is the stream as the writer needs it. In a good stream block n is message n.
type appendLog interface {
	append(ctx context.Context, number uint64, raw []byte) error // errTaken is not told here: read the place
	read(ctx context.Context, number uint64) ([]byte, error)     // errMissing
	info(ctx context.Context) (streamInfo, error)
	reset(ctx context.Context) error // an empty stream in its place
}

type streamInfo struct {
	first, last, count uint64
	deleted            int
}

// whole says why the stream cannot hold block n at message n for every n up to last, or nil.
func (s streamInfo) whole() error {
	switch {
	case s.last == 0:
		return nil
	case s.deleted > 0:
		return fmt.Errorf("%d messages were deleted", s.deleted)
	case s.first != 1:
		return fmt.Errorf("it begins at message %d", s.first)
	case s.count != s.last:
		return fmt.Errorf("it holds %d messages and ends at %d", s.count, s.last)
	}
	return nil
}

var (
	errMissing = errors.New("journal: no such message in the stream")
	errTaken   = errors.New("journal: another node's block stands in this place")

	errNotSent = errors.New("journal: the block was not published")

	// ErrRegressed means that the stream ends before the record: it lost what was confirmed.
	ErrRegressed = errors.New("the stream lost blocks that the record holds")
)

// jsStream is the stream of a JetStream account. It is opened when it is first needed, made where it is not there, and
// opened again after it was lost.
type jsStream struct {
	js       jetstream.JetStream
	cfg      jetstream.StreamConfig
	readOnly bool // it is not made where it is not there
	streamHandle
}

// openStream returns the stream. It reads the messages of a single server's stream directly, which saves carrying them
// as JSON; on a cluster a replica that is behind could answer.
func openStream(js jetstream.JetStream, shared bool) *jsStream {
	s := &jsStream{js: js, cfg: jetstream.StreamConfig{
		Name: Stream, Subjects: []string{blockSubject}, Storage: jetstream.FileStorage,
		AllowDirect: !shared, Description: "blocks of the record; never purged",
	}}
	s.find = func(ctx context.Context) (jetstream.Stream, error) {
		stream, err := js.Stream(ctx, Stream)
		if errors.Is(err, jetstream.ErrStreamNotFound) && !s.readOnly {
			stream, err = js.CreateStream(ctx, s.cfg)
		}
		if err != nil {
			return nil, fmt.Errorf("journal: stream %s: %w", Stream, err)
		}
		return stream, nil
	}
	return s
}

// readStream returns the stream for reading alone.
func readStream(js jetstream.JetStream, shared bool) *jsStream {
	s := openStream(js, shared)
	s.readOnly = true
	return s
}

// streamHandle is a stream that find opens when it is first needed, and again after it was lost.
type streamHandle struct {
	find func(ctx context.Context) (jetstream.Stream, error)

	mu     sync.Mutex
	stream jetstream.Stream
}

func (h *streamHandle) open(ctx context.Context) (_ jetstream.Stream, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stream == nil {
		h.stream, err = h.find(ctx)
	}
	return h.stream, err
}

// use has a stream take the place of the one that is open; nil is none.
func (h *streamHandle) use(s jetstream.Stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stream = s
}

// failed forgets a stream that is gone.
func (h *streamHandle) failed(err error) error {
	if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrNoStreamResponse) ||
		errors.Is(err, nats.ErrNoResponders) {
		h.use(nil)
	}
	return err
}

func (s *jsStream) append(ctx context.Context, number uint64, raw []byte) error {
	if _, err := s.open(ctx); err != nil {
		return fmt.Errorf("%w: %w", errNotSent, err)
	}
	msg := &nats.Msg{Subject: blockSubject, Data: raw}
	ack, err := s.js.PublishMsg(ctx, msg, jetstream.WithExpectLastSequence(number-1), jetstream.WithRetryAttempts(0))
	if err != nil {
		return s.failed(err)
	}
	if ack.Sequence != number {
		return fmt.Errorf("journal: block %d landed at %d", number, ack.Sequence)
	}
	return nil
}

func (s *jsStream) read(ctx context.Context, number uint64) ([]byte, error) {
	stream, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	msg, err := stream.GetMsg(ctx, number)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, errMissing
	}
	if err != nil {
		return nil, fmt.Errorf("journal: read block %d: %w", number, s.failed(err))
	}
	return msg.Data, nil
}

func (s *jsStream) info(ctx context.Context) (streamInfo, error) {
	stream, err := s.open(ctx)
	if err != nil {
		return streamInfo{}, err
	}
	i, err := stream.Info(ctx)
	if err != nil {
		return streamInfo{}, fmt.Errorf("journal: stream info: %w", s.failed(err))
	}
	return streamInfo{first: i.State.FirstSeq, last: i.State.LastSeq, count: i.State.Msgs,
		deleted: i.State.NumDeleted}, nil
}

func (s *jsStream) reset(ctx context.Context) error {
	err := s.js.DeleteStream(ctx, Stream)
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return err
	}
	stream, err := s.js.CreateStream(ctx, s.cfg)
	if err == nil {
		s.use(stream)
	}
	return err
}

// follow kicks the writer whenever a block lands that is not applied here yet.
func (j *Journal) follow(ctx context.Context) error {
	var run jetstream.ConsumeContext
	c, err := j.opt.JS.OrderedConsumer(ctx, Stream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverNewPolicy, HeadersOnly: true,
	})
	if err == nil {
		run, err = c.Consume(func(msg jetstream.Msg) {
			meta, err := msg.Metadata()
			if err != nil || meta.Sequence.Stream > j.Height() {
				poke(j.kick)
			}
		})
	}
	if err != nil {
		return fmt.Errorf("journal: follow: %w", err)
	}
	j.wg.Go(func() { <-j.stop; run.Stop() })
	poke(j.kick) // what landed between recovery and the subscription
	return nil
}
