package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/notify"
)

// A thousand answers are a few boards, and the last is what GET would say.
func TestCoalescing(t *testing.T) {
	const n = 1000
	w := newWorld(t, n)
	warning := w.declared()
	viewer := w.listen(Viewer{Filter: Filter{Boards: true}})
	one := w.listen(Viewer{Filter: Filter{Orders: OfRecipient, Recipient: recipient(7)}})
	w.quiet(viewer)
	w.quiet(one)
	begin := time.Now()
	w.answers(n, "acknowledge", func(i int) string { return order(warning, i) })
	boards := w.quiet(viewer)
	most := int(time.Since(begin)/testBoard) + 2
	if len(boards) == 0 || len(boards) > most || len(boards) > n/10 {
		t.Errorf("%d boards, at most %d", len(boards), most)
	}
	if last := boards[len(boards)-1]; string(last.JSON()) != w.board(warning) ||
		last.Value.(*calls.InspectedBoard).Answer["acknowledged"] != n {
		t.Errorf("the last board is %s", last.JSON())
	}
	if got := w.quiet(one); len(got) != 1 || got[0].of != recipient(7) {
		t.Errorf("the enterprise got %d messages", len(got))
	}
}

// Who takes nothing is cut off; the others do not notice, and it may come back with what it saw last.
func TestSlowViewer(t *testing.T) {
	w := newWorld(t, 60)
	w.hub.queue = 50
	warning := w.declared()
	f := everything.OfWarning(warning)
	slow, quick := w.listen(Viewer{Filter: f}), w.listen(Viewer{Filter: f})
	first, err := slow.Next(t.Context())
	w.must(err)
	all := w.quiet(quick)
	for _, act := range []notify.Action{notify.Acknowledge, notify.Start} {
		for i := range 60 {
			w.answer(i, order(warning, i), act)
			for told := false; !told; { // so that what waits for it stays below the queue
				got, err := quick.Next(t.Context())
				w.must(err)
				all = append(all, got...)
				told = slices.ContainsFunc(got, func(m *Message) bool { return m.Kind == Order })
			}
		}
	}
	all = append(all, w.quiet(quick)...)
	got, err := slow.take()
	if !errors.Is(err, ErrSlow) || len(got) != 50 {
		t.Fatalf("slow: %d messages, %v", len(got), err)
	}
	if _, err := slow.Next(t.Context()); !errors.Is(err, ErrSlow) {
		t.Errorf("slow: %v", err)
	}
	got = append(got, w.quiet(w.listen(Viewer{Filter: f, LastID: got[len(got)-1].ID}))...)
	orders := func(from []*Message) (out []*Message) {
		return slices.DeleteFunc(slices.Clone(from), func(m *Message) bool { return m.Kind != Order })
	}
	if have, want := orders(got), orders(all); !slices.Equal(have, want) || len(want) != 120 {
		t.Errorf("slow has %d, quick %d orders' events", len(have), len(want))
	}
	if first[0].Kind != Snapshot {
		t.Errorf("began with %s", first[0].Kind)
	}
}

// A reader that stops reading holds its stream only as long as a write may take.
func TestStalledReader(t *testing.T) {
	w := newWorld(t, 1)
	w.hub.write = 100 * time.Millisecond
	srv := w.serve(always(everything))
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	w.must(err)
	defer conn.Close()
	w.must(conn.(*net.TCPConn).SetReadBuffer(4096))
	_, err = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	w.must(err)
	w.viewers(1)
	big := &Message{Kind: Warning, Value: strings.Repeat("x", 16<<20)}
	w.hub.mu.Lock()
	big.Index = w.hub.last.index + 1
	w.hub.mu.Unlock()
	w.hub.publish(big.place(), []*Message{big}, nil)
	w.viewers(0)
}

// Streams outlast the server's times and the act's, and end with the server.
func TestStop(t *testing.T) {
	w := newWorld(t, 1)
	w.hub.beat = 30 * time.Millisecond
	srv := w.serveWithin(200*time.Millisecond, always(everything))
	c := w.dial(srv, "", "")
	time.Sleep(500 * time.Millisecond)
	w.must(w.svc.FeedSilent(t.Context(), alerts.FeedSilence{Feed: "a", Source: "b", Silent: true, Since: w.svc.J.Now()}))
	for _, want := range []string{"snapshot", "feed"} {
		if e, err := c.next(); err != nil || e.event != want {
			t.Fatalf("after the times of the server: %+v, %v", e, err)
		}
	}
	ticks := w.hub.Watch(t.Context(), &access.Principal{Role: calls.Duty}, "")
	begin := time.Now()
	w.must(srv.Config.Shutdown(t.Context()))
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("shutdown took %v", took)
	}
	if _, err := c.next(); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ends with %v", err)
	}
	for range ticks { // is closed
	}
	if _, err := w.hub.Subscribe(t.Context(), Viewer{}); err == nil {
		t.Error("a closed hub takes viewers")
	}
}

// The journal is followed only while somebody listens, and who comes back to a hub that had gone to rest begins anew.
func TestRest(t *testing.T) {
	w := newWorld(t, 2)
	w.hub.idle = 30 * time.Millisecond
	following := func() bool { w.hub.mu.Lock(); defer w.hub.mu.Unlock(); return w.hub.following }
	if following() {
		t.Error("follows before anybody listens")
	}
	s := w.listen(Viewer{Filter: everything})
	last := w.quiet(s)[0].ID
	warning := w.declared()
	got := w.quiet(s)
	s.Close()
	for following() {
		time.Sleep(5 * time.Millisecond)
	}
	w.answer(0, order(warning, 0), notify.Acknowledge)
	for _, id := range []string{last, got[len(got)-1].ID} {
		again := w.listen(Viewer{Filter: everything, LastID: id})
		if m := w.quiet(again); len(m) != 1 || m[0].Kind != Snapshot {
			t.Errorf("after the rest: %d messages", len(m))
		}
		again.Close()
	}
	if len(w.hub.all)+len(w.hub.broad)+len(w.hub.byRecipient)+len(w.hub.byUser) != 0 {
		t.Error("viewers that went are still known")
	}
}

func TestWatch(t *testing.T) {
	w := newWorld(t, 2)
	warning := w.declared()
	ctx, cancel := context.WithCancel(t.Context())
	ticks := w.hub.Watch(ctx, &access.Principal{User: "d", Role: calls.Duty}, warning)
	<-ticks
	w.viewers(1)
	w.answer(0, order(warning, 0), notify.Acknowledge)
	<-ticks // the board
	cancel()
	for range ticks { // is closed
	}
	w.viewers(0)
}

// A face is rendered once for all, and its lines are kept apart on the wire.
func TestFaces(t *testing.T) {
	calls := 0
	html := &Face{Data: func(m *Message) []byte {
		if calls++; m.Kind == Board {
			return nil
		}
		return []byte("<p>\r\n" + string(m.JSON()) + "</p>")
	}}
	m := &Message{Kind: Feed, ID: "3.1.abcd", Value: "a"}
	want := "id: 3.1.abcd\nevent: feed\ndata: <p>\ndata: \"a\"</p>\n\n"
	if got := string(m.frame(html)); got != want || !reflect.DeepEqual(m.frame(html), m.frame(html)) || calls != 1 {
		t.Errorf("got %q after %d calls", got, calls)
	}
	if got := string(m.frame(JSON)); got != "id: 3.1.abcd\nevent: feed\ndata: \"a\"\n\n" {
		t.Errorf("got %q", got)
	}
	if got := (&Message{Kind: Board}).frame(html); got != nil {
		t.Errorf("got %q of what the face leaves out", got)
	}
}
