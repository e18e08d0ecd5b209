package live

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// ErrSlow ends a subscription whose messages were not taken: it may begin again with the last id it saw.
var ErrSlow = errors.New("live: the viewer takes its messages too slowly")

// Subscription is what one viewer gets. Its messages must be taken by one goroutine.
type Subscription struct {
	hub     *Hub
	viewer  Viewer
	ready   chan struct{} // messages wait
	recheck chan struct{} // whether the viewer still may is to be asked
	over    chan struct{} // closed at the end
	cancel  context.CancelFunc

	mu    sync.Mutex
	after place // what the viewer has; earlier messages are not for it
	queue []*Message
	err   error
}

// Close ends the subscription.
func (s *Subscription) Close() {
	s.cancel()
	s.hub.mu.Lock()
	s.hub.leave(s)
	s.hub.mu.Unlock()
	s.end(context.Canceled)
}

func (s *Subscription) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
		close(s.over)
	}
}

// begin puts the snapshot before what has come since, and leaves out what it holds.
func (s *Subscription) begin(snapshot *Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = snapshot.place()
	s.queue = slices.DeleteFunc(s.queue, func(m *Message) bool { return !s.after.before(m.place()) })
	s.queue = slices.Insert(s.queue, 0, snapshot)
	s.wake()
}

// push adds a message to those that wait, and says whether there was room.
func (s *Subscription) push(m *Message, limit int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.after.before(m.place()) {
		return true
	}
	if len(s.queue) >= limit {
		return false
	}
	s.queue = append(s.queue, m)
	s.wake()
	return true
}

func (s *Subscription) still() bool { return s.viewer.Still == nil || s.viewer.Still() }

func (s *Subscription) wake() { signal(s.ready) }

// take returns all messages that wait, and why no more will come.
func (s *Subscription) take() ([]*Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := s.queue
	s.queue = nil
	return waiting, s.err
}

// Next waits for messages and returns all there are, in order: at least one, or why there are no more. It is for
// viewers that are no HTTP stream; [Serve] is for those.
func (s *Subscription) Next(ctx context.Context) ([]*Message, error) {
	for {
		if waiting, err := s.take(); len(waiting) > 0 || err != nil {
			if len(waiting) > 0 {
				err = nil
			}
			return waiting, err
		}
		select {
		case <-s.ready:
		case <-s.over:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
