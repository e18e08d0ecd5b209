package app

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// hooks let the tests of this package say when the auditor runs and a stream took something, and end parts of the program;
// all are nil in the program.
type hooks struct {
	audit <-chan time.Time                                                      // when the auditor runs
	part  func(ctx context.Context, name string, run func(ctx context.Context)) // runs a part of the leader's work
	stamp func(*jetstream.MsgMetadata) time.Time                                // when the stream of stations took a message
}

func (h hooks) run(ctx context.Context, name string, run func(ctx context.Context)) {
	if h.part != nil {
		h.part(ctx, name, run)
		return
	}
	run(ctx)
}
