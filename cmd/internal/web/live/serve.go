package live

import (
	"bytes"
	"context"
	"net/http"
	"time"
)

// Face is a way to show messages. A message is rendered once for each face, whoever gets it.
type Face struct {
	// Data is what a message says; nil leaves it out.
	Data func(m *Message) []byte
}

// JSON is the face for programs.
var JSON = &Face{Data: (*Message).JSON}

// frame is the message as it is sent on a face; nil for nothing.
func (m *Message) frame(face *Face) []byte {
	m.mu.Lock()
	for _, f := range m.frames {
		if f.face == face {
			m.mu.Unlock()
			return f.text
		}
	}
	m.mu.Unlock() // Data may ask for the JSON; who else renders it meanwhile renders the same
	text := eventText(m, face.Data(m))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.frames = append(m.frames, frame{face, text})
	return text
}

func eventText(m *Message, data []byte) []byte {
	if data == nil {
		return nil
	}
	b := make([]byte, 0, len(data)+64)
	if m.ID != "" {
		b = append(append(append(b, "id: "...), m.ID...), '\n')
	}
	b = append(append(append(b, "event: "...), m.Kind...), '\n')
	for line := range bytes.SplitSeq(data, []byte{'\n'}) {
		b = append(append(append(b, "data: "...), bytes.TrimSuffix(line, []byte{'\r'})...), '\n')
	}
	return append(b, '\n')
}

type connection struct{}

// WithConnection keeps ctx at hand for streams, which last longer than what is derived from it to bound an act.
func WithConnection(ctx context.Context) context.Context {
	return context.WithValue(ctx, connection{}, ctx)
}

// Connection is the context that a stream ends with: what WithConnection was given, or ctx where that was not called.
func Connection(ctx context.Context) context.Context {
	if c, ok := ctx.Value(connection{}).(context.Context); ok {
		return c
	}
	return ctx
}

// Bytes of the stream itself: how long a client waits before it comes back, in ms; and a sign of life, a comment.
const (
	retryText = "retry: 2000\n\n"
	beatText  = ": \n\n"
	writeSize = 64 << 10 // written at once
)

// Serve writes what s gets as a stream of events until either side ends it, and ends s. The server's own limits of time
// do not hold for it: each write has one of its own. A connection for which none can be set cannot be kept up, since a
// reader that has stopped would hold it for good; it gets what is there.
func Serve(w http.ResponseWriter, r *http.Request, s *Subscription, face *Face) {
	defer s.Close()
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no") // a proxy must not wait for more
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	out := &writer{w: w, control: http.NewResponseController(w), limit: s.hub.write, text: []byte(retryText)}
	kept := out.control.SetReadDeadline(time.Time{}) == nil && out.control.SetWriteDeadline(time.Time{}) == nil
	gone := Connection(r.Context()).Done()
	beat := time.NewTicker(s.hub.beat)
	defer beat.Stop()
	for {
		waiting, ended := s.take()
		if !out.send(waiting, face) || ended != nil || !kept {
			return
		}
		select {
		case <-s.ready:
		case <-s.over:
		case <-gone:
			return
		case <-s.recheck:
			if !s.still() {
				return
			}
		case <-beat.C:
			if !s.still() {
				return
			}
			out.text = append(out.text, beatText...)
		}
	}
}

// writer writes through to the reader.
type writer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration
	text    []byte // not yet written
}

// send writes messages after what was not yet written; false when the reader is gone or takes too long.
func (o *writer) send(messages []*Message, face *Face) bool {
	for _, m := range messages {
		if o.text = append(o.text, m.frame(face)...); len(o.text) > writeSize && !o.write() {
			return false
		}
	}
	return len(o.text) == 0 || o.write()
}

func (o *writer) write() bool {
	_ = o.control.SetWriteDeadline(time.Now().Add(o.limit)) // where it cannot be set there is only what is there
	_, err := o.w.Write(o.text)
	o.text = o.text[:0]
	return err == nil && o.control.Flush() == nil
}
