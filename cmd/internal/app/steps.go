package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
)

// The dispatcher's steps in a measurement.
var (
	StepRender  = journal.Step{Command: dispatching, Name: stepRender}
	StepPublish = journal.Step{Command: dispatching, Name: stepPublish}
)

// Steps does what the leader does, when it is told to: for a replay, whose clock stands still meanwhile.
type Steps struct{ d *dispatcher }

// NewSteps does it under a lease's epoch, by a clock, and publishes over nc and js.
func NewSteps(svc *service.Service, nc *nats.Conn, js jetstream.JetStream, epoch uint64,
	clock func() time.Time, log *slog.Logger) *Steps {
	return &Steps{newDispatcher(svc, nc, js, epoch, clock, log)}
}

// Timers runs the next timers that are due, and returns how many they were.
func (s *Steps) Timers(ctx context.Context) (n int, err error) {
	var ids []string
	j := s.d.svc.J
	err = j.View(func(tx *bbolt.Tx) error {
		ids, _ = journal.DueTimers(tx, j.Moment(), timersAtOnce)
		return nil
	})
	if err == nil && fire(ctx, j, s.d.epoch, ids, s.d.log) > 0 {
		err = errors.New("a timer could not be run")
	}
	return len(ids), err
}

// Messages sends the next messages that are due, and returns how many they were. Each is handed to before beforehand.
func (s *Steps) Messages(ctx context.Context, before func(topic string, m service.Message)) (n int, err error) {
	err = s.d.svc.J.View(func(tx *bbolt.Tx) error {
		due, _ := journal.DueOutbox(tx, s.d.clock(), dispatchBatch)
		for _, row := range due {
			m, err := s.d.svc.Render(tx, row.Topic, row.ID)
			if err != nil {
				return err
			}
			before(row.Topic, m)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	n, _ = s.d.round(ctx)
	if len(s.d.after) > 0 {
		err = errors.New("a message could not be sent")
	}
	return n, err
}
