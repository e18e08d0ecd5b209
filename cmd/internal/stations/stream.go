package stations

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
)

// Stream is the name of the stream by which several nodes share what stations send. It is in the record's account, which no
// outside user reaches.
const Stream = "QINGKONG_TELEMETRY"

const (
	streamSubject = "qingkong.internal.telemetry"
	streamAge     = 72 * time.Hour
	publishWithin = 10 * time.Second // for a batch
)

// Shared is how several nodes share what stations send.
type Shared struct {
	JS       jetstream.JetStream                    // of the record's account
	MaxBytes int64                                  // of the stream; the oldest goes beyond
	Replicas func(ctx context.Context) (int, error) // of the stream, where it is made

	Stamp func(*jetstream.MsgMetadata) time.Time // of a test: when the stream took a message; nil is what the stream says
}

// stream is the shared stream, opened when it is first needed, made where it is not there, and opened again after it was
// lost.
type stream struct {
	Shared
	log *slog.Logger

	mu     sync.Mutex
	opened jetstream.Stream
}

// open is the stream. The operator's replicas and age stand in one that is there.
func (x *stream) open(ctx context.Context) (jetstream.Stream, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.opened != nil {
		return x.opened, nil
	}
	s, err := x.JS.Stream(ctx, Stream)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		s, err = x.create(ctx)
	case err == nil && s.CachedInfo().Config.MaxBytes != x.MaxBytes:
		cfg := s.CachedInfo().Config
		cfg.MaxBytes = x.MaxBytes
		if _, err := x.JS.UpdateStream(ctx, cfg); err != nil {
			x.log.Warn("the size of a stream cannot be set; it stays as it is", "stream", Stream, "bytes", x.MaxBytes, "err", err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", Stream, err)
	}
	x.opened = s
	return s, nil
}

func (x *stream) create(ctx context.Context) (jetstream.Stream, error) {
	replicas, err := x.Replicas(ctx)
	if err != nil {
		return nil, err
	}
	s, err := x.JS.CreateStream(ctx, jetstream.StreamConfig{Name: Stream, Subjects: []string{streamSubject},
		Storage: jetstream.FileStorage, Replicas: replicas, MaxAge: streamAge, MaxBytes: x.MaxBytes, Discard: jetstream.DiscardOld,
		Description: "what stations sent, for the other nodes"})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another node was first, with another setting
		return x.JS.Stream(ctx, Stream)
	}
	return s, err
}

// failed forgets a stream that may be gone.
func (x *stream) failed() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.opened = nil
}

// publish has the stream take a chunk, and returns once it has. It is tried once: what is not confirmed may be there all the
// same, and comes again when the station sends it again.
func (x *stream) publish(ctx context.Context, chunk []byte) (seq uint64, err error) {
	if _, err := x.open(ctx); err != nil {
		return 0, err
	}
	ack, err := x.JS.PublishMsg(ctx, &nats.Msg{Subject: streamSubject, Data: chunk}, jetstream.WithExpectStream(Stream),
		jetstream.WithRetryAttempts(0))
	if err != nil {
		x.failed()
		return 0, fmt.Errorf("stream %s does not confirm: %w", Stream, err)
	}
	return ack.Sequence, nil
}

// keep implements [Keep] for several nodes: a batch is durable once the stream has confirmed all of it.
func (x *stream) keep(ctx context.Context, batch []telemetry.Received) error {
	chunks, err := frames.Encode(batch)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, publishWithin)
	defer cancel()
	for _, c := range chunks {
		if _, err := x.publish(ctx, c); err != nil {
			return err
		}
	}
	return nil
}
