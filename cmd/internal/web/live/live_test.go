package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/notify"
)

var everything = Filter{Warnings: true, Boards: true, Proposals: true, Lists: true, Feeds: true, Orders: AllOrders}

func (w *world) listen(v Viewer) *Subscription {
	w.t.Helper()
	s, err := w.hub.Subscribe(w.t.Context(), v)
	w.must(err)
	return s
}

// quiet takes what has come once nothing more will.
func (w *world) quiet(s *Subscription) []*Message {
	w.t.Helper()
	w.settle()
	return w.take(s)
}

// settle waits until all of the record was made into messages, and the boards that were held back are out.
func (w *world) settle() {
	w.t.Helper()
	for {
		for !w.caughtUp() {
			time.Sleep(time.Millisecond)
		}
		if time.Sleep(3 * testBoard); w.caughtUp() {
			return
		}
	}
}

func (w *world) take(s *Subscription) []*Message {
	w.t.Helper()
	got, err := s.take()
	w.must(err)
	return got
}

func (w *world) caughtUp() bool {
	var n int64
	w.must(w.svc.J.View(func(tx *bbolt.Tx) (err error) { n, err = size(tx); return err }))
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	return w.hub.last.index == n-1
}

func (w *world) board(warning string) string {
	w.t.Helper()
	var text []byte
	w.must(w.svc.J.View(func(tx *bbolt.Tx) error {
		b, err := notify.Board(tx, warning)
		if err == nil {
			text, err = json.Marshal(b)
		}
		return err
	}))
	return string(text)
}

func TestIDs(t *testing.T) {
	for text, want := range map[string]place{
		"0": {0, whole}, "4711": {4711, whole}, "4711.1.k3f9": {4711, 1}, "12.30000.zzzz": {12, 30000},
	} {
		p, tag, err := parseID(text)
		if err != nil || p != want || p.id(tag) != text {
			t.Errorf("%s: %v %q %v, back %s", text, p, tag, err, p.id(tag))
		}
	}
	for _, text := range []string{"x", "-1", "1.2", "1.2.3.4", ".1.k", "1..k", "9999999999999999999", "1.99999999999.k", " 1", "1,2"} {
		if _, _, err := parseID(text); refusal.CodeOf(err) != refusal.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What is kept for who comes back, beside a plain list of everything.
func TestPast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := past{floor: place{-1, whole}, boards: map[string]int{}}
		var all []*Message
		for index := range int64(rapid.IntRange(0, 60).Draw(t, "entries")) {
			for n := range rapid.IntRange(0, 3).Draw(t, "messages") {
				kind := rapid.SampledFrom([]Kind{Order, Warning, Board}).Draw(t, "kind")
				m := &Message{Kind: kind, Index: index, n: n + 1, warning: rapid.SampledFrom([]string{"W1", "W2"}).Draw(t, "warning")}
				all = append(all, m)
				p.add(m)
			}
			if rapid.IntRange(0, 5).Draw(t, "trim") == 0 {
				p.trim(index-10, 15)
			}
			after := place{rapid.Int64Range(-1, index).Draw(t, "index"), rapid.SampledFrom([]int{1, 2, 3, whole}).Draw(t, "n")}
			if after.before(p.floor) {
				continue
			}
			last := map[string]*Message{}
			for _, m := range all {
				if m.Kind == Board {
					last[m.warning] = m
				}
			}
			want := slices.DeleteFunc(slices.Clone(all), func(m *Message) bool {
				return !after.before(m.place()) || m.Kind == Board && last[m.warning] != m
			})
			var got []*Message
			p.since(after, func(m *Message) { got = append(got, m) })
			if !slices.Equal(got, want) {
				t.Fatalf("after %v: got %d, want %d messages", after, len(got), len(want))
			}
		}
	})
}

func TestSnapshotThenChanges(t *testing.T) {
	w := newWorld(t, 3)
	s := w.listen(Viewer{Filter: everything})
	first := w.quiet(s)
	if len(first) != 1 || first[0].Kind != Snapshot {
		t.Fatalf("begins with %d messages", len(first))
	}
	var st map[string]json.RawMessage
	w.must(json.Unmarshal(first[0].JSON(), &st))
	if string(st["warnings"]) != "[]" || string(st["proposals"]) != "[]" || !strings.Contains(string(st["list"]), `"in_force":true`) || st["orders"] != nil {
		t.Errorf("snapshot: %s", first[0].JSON())
	}
	warning := w.declared()
	w.answer(0, order(warning, 0), notify.Acknowledge)
	kinds := map[Kind]int{}
	at := first[0].place()
	for _, m := range w.quiet(s) {
		kinds[m.Kind]++
		if !at.before(m.place()) || m.ID != m.place().id(w.hub.tag) {
			t.Errorf("%s does not follow %v", m.ID, at)
		}
		at = m.place()
	}
	if kinds[Warning] == 0 || kinds[Board] == 0 || kinds[Order] != 0 {
		t.Errorf("got %v", kinds)
	}
	again := w.quiet(w.listen(Viewer{Filter: everything}))
	live := again[0].Value.(*State).Warnings
	if len(again) != 1 || len(live) != 1 || live[0].Warning.ID != warning || live[0].Board.Answer["acknowledged"] != 1 {
		t.Errorf("snapshot after: %s", again[0].JSON())
	}
}

// Snapshots taken while much happens, each with what follows, all end with the same state.
func TestNothingBetweenSnapshotAndStream(t *testing.T) {
	w := newWorld(t, 40)
	warning := w.declared()
	own := Filter{Warnings: true, Orders: OfTown, Town: dasi}.OfWarning(warning)
	var subs []*Subscription
	var busy sync.WaitGroup
	busy.Go(func() {
		for _, act := range []string{"receive", "read", "acknowledge", "start", "complete"} {
			w.answers(40, act, func(i int) string { return order(warning, i) })
		}
	})
	orders := Filter{Orders: OfRecipient, Recipient: recipient(4)}
	for range 200 {
		subs = append(subs, w.listen(Viewer{Filter: orders}), w.listen(Viewer{Filter: own}))
		time.Sleep(100 * time.Microsecond)
	}
	busy.Wait()
	w.settle()
	for i, s := range subs {
		got := w.take(s)
		if i%2 == 1 {
			for k := 1; k < len(got); k++ {
				if !got[k-1].place().before(got[k].place()) || got[k].town != dasi {
					t.Fatalf("%s after %s", got[k].ID, got[k-1].ID)
				}
			}
			continue
		}
		o := got[0].Value.(*State).Orders[0]
		for _, m := range got[1:] {
			o = m.Value.(*OrderChange)
		}
		if o.Execution != "completed" {
			t.Fatalf("viewer %d ends with %+v", i, o)
		}
	}
}

// orange is what an adjustment to that level says.
const orange = `,"level":"orange","trigger":"city_order","document_no":"津污防指〔2016〕2号","issued_by":"天津市"`

// random does something.
func (w *world) random(r *rand.Rand, warning string, n int) {
	i := r.IntN(n)
	var now string
	w.must(w.svc.J.View(func(tx *bbolt.Tx) error {
		found, _, err := notify.ListOrders(tx, notify.Filter{Recipient: recipient(i)}, "", 1)
		if len(found) > 0 {
			now = found[0].ID
		}
		return err
	}))
	acts := []notify.Action{notify.Receive, notify.ReadIt, notify.Acknowledge, notify.Object, notify.Start, notify.Complete}
	switch k := r.IntN(24); {
	case k < 20:
		w.answer(i, now, acts[r.IntN(len(acts))])
	case k == 20:
		w.act(warning, "revise", fmt.Sprintf(`,"notice_text":"第%d号"`, r.IntN(1000)))
	case k == 21:
		w.elapse(time.Duration(r.IntN(40)) * time.Minute)
	case k == 22:
		w.must(w.svc.FeedSilent(w.t.Context(), alerts.FeedSilence{Feed: "a", Source: "b", Silent: r.IntN(2) == 0, Since: w.svc.J.Now()}))
	default:
		body := fmt.Appendf(nil, `{"decision":"accept","reason":"示例"}`)
		_, err := w.svc.DecideObjection(w.t.Context(), "duty", "", now, body)
		if code := refusal.CodeOf(err); code != refusal.TransitionRefused {
			w.must(err)
		}
	}
}

// A client that goes and comes back at random ends with what one has that never went.
func TestResume(t *testing.T) {
	const n = 20
	for seed := range uint64(4) {
		w := newWorld(t, n)
		warning := w.declared()
		srv := w.serve(func(r *http.Request) Viewer { return Viewer{Filter: resumers(warning)[r.URL.Query().Get("as")]} })
		ended := make(chan struct{})
		var coming sync.WaitGroup
		for name, f := range resumers(warning) {
			faithful := w.listen(Viewer{Filter: f})
			first := w.take(faithful)[0]
			flaky := &flaky{w: w, srv: srv, as: name, last: first.ID, r: rand.New(rand.NewPCG(seed, uint64(len(name))))}
			coming.Go(func() { flaky.comeAndGo(ended) })
			defer func() {
				all := w.quiet(faithful)
				flaky.catchUp(all)
				w.compare(name, all, flaky.got)
			}()
		}
		r := rand.New(rand.NewPCG(seed, 1))
		for k := range 250 {
			if k == 120 {
				w.act(warning, "adjust", orange)
				w.actBy("approver", warning, "approve", "")
			}
			w.random(r, warning, n)
			time.Sleep(time.Duration(r.IntN(4)) * time.Millisecond)
		}
		close(ended)
		coming.Wait()
	}
}

func resumers(warning string) map[string]Filter {
	return map[string]Filter{
		"staff": everything, "warning": everything.OfWarning(warning),
		"enterprise": {Warnings: true, Orders: OfRecipient, Recipient: recipient(1)},
		"town":       {Warnings: true, Boards: true, Orders: OfTown, Town: yangliu},
	}
}

// flaky is a client whose connection breaks at any place.
type flaky struct {
	w        *world
	srv      *httptest.Server
	as, last string
	got      []wire
	r        *rand.Rand
}

func (f *flaky) comeAndGo(ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		default:
		}
		c := f.w.dial(f.srv, "?as="+f.as, f.last)
		time.AfterFunc(time.Duration(f.r.IntN(60))*time.Millisecond, c.close)
		for range f.r.IntN(12) {
			e, err := c.next()
			if err != nil {
				break
			}
			f.got, f.last = append(f.got, e), e.id
		}
		c.close()
	}
}

func (f *flaky) catchUp(all []*Message) {
	c := f.w.dial(f.srv, "?as="+f.as, f.last)
	defer c.close()
	for len(all) > 0 && f.last != all[len(all)-1].ID {
		e, err := c.next()
		if err != nil {
			f.w.t.Fatal(err)
		}
		f.got, f.last = append(f.got, e), e.id
	}
}

// compare wants the same events, and of boards the same last one.
func (w *world) compare(name string, all []*Message, got []wire) {
	w.t.Helper()
	var want, have []wire
	boards, haveBoards := map[string]string{}, map[string]string{}
	for _, m := range all {
		if m.Kind == Board {
			boards[m.warning] = string(m.JSON())
			continue
		}
		want = append(want, wire{m.ID, string(m.Kind), string(m.JSON())})
	}
	for _, e := range got {
		if e.event == string(Board) {
			var b notify.Overview
			w.must(json.Unmarshal([]byte(e.data), &b))
			haveBoards[b.WarningID] = e.data
			continue
		}
		have = append(have, e)
	}
	if !slices.Equal(want, have) {
		w.t.Errorf("%s: the faithful one has %d events, the flaky one %d", name, len(want), len(have))
	}
	if w.t.Logf("%s: %d events, %d of them boards", name, len(all), len(all)-len(want)); !maps.Equal(boards, haveBoards) {
		w.t.Errorf("%s: boards %v, want %v", name, haveBoards, boards)
	}
	for id, text := range haveBoards {
		if text != w.board(id) {
			w.t.Errorf("the last board of %s is %s, not %s", id, text, w.board(id))
		}
	}
}

// An id that is too old, of another hub or of another record begins anew.
func TestForgotten(t *testing.T) {
	w := newWorld(t, 4)
	w.hub.entries, w.hub.messages = 50, 10
	warning := w.declared()
	s := w.listen(Viewer{Filter: everything.OfWarning(warning)})
	start := w.quiet(s)[0].ID
	for _, act := range []string{"receive", "read", "acknowledge", "start", "complete"} {
		w.answers(4, act, func(i int) string { return order(warning, i) })
	}
	got := w.quiet(s)
	end := got[len(got)-1]
	for _, c := range []struct {
		name, id string
		first    Kind
	}{
		{"too old", start, Snapshot}, {"first", got[0].ID, Snapshot}, {"recent", got[len(got)-3].ID, got[len(got)-2].Kind},
		{"another hub", strings.Replace(got[len(got)-3].ID, w.hub.tag, "????", 1), Snapshot},
		{"another record", "99999", Snapshot}, {"the end", end.ID, ""}, {"bare", end.place().id("")[:strings.IndexByte(end.ID, '.')], ""},
	} {
		again := w.quiet(w.listen(Viewer{Filter: everything.OfWarning(warning), LastID: c.id}))
		var first Kind
		if len(again) > 0 {
			first = again[0].Kind
		}
		if first != c.first {
			t.Errorf("%s: begins with %q, want %q", c.name, first, c.first)
		}
	}
	if _, err := w.hub.Subscribe(t.Context(), Viewer{LastID: "x"}); refusal.CodeOf(err) != refusal.Invalid {
		t.Errorf("wrong id: %v", err)
	}
}

// Each role gets what it may read by a call, of its own orders where it has some.
func TestScopes(t *testing.T) {
	w := newWorld(t, 4)
	subs := map[string]*Subscription{}
	filters := map[string]Filter{}
	for _, role := range access.Roles() {
		name := string(role)
		if role == access.Enterprise {
			name = recipient(1)
		}
		p, _ := w.account(name, role)
		filters[string(role)] = FilterOf(p)
	}
	warning := w.declared()
	w.must(w.svc.J.View(func(tx *bbolt.Tx) error {
		o, err := notify.Get(tx, order(warning, 2))
		filters["duty, order"] = filters["duty"].OfOrder(o)
		return err
	}))
	filters["viewer, warning"] = filters["viewer"].OfWarning(warning)
	for name, f := range filters {
		subs[name] = w.listen(Viewer{User: name, Filter: f})
		w.quiet(subs[name])
	}
	w.tellEverything(warning)
	staff := "board warning"
	own := func(is ...int) (ids []string) {
		for _, i := range is {
			ids = append(ids, order(warning, i))
		}
		return ids
	}
	for name, want := range map[string]struct {
		kinds  string
		orders []string
	}{
		"duty": {"board feed list proposal warning", nil}, "approver": {"board list warning", nil}, "inspector": {staff, nil},
		"viewer": {"board feed warning", nil}, "admin": {"board feed list warning", nil}, "feeder": {"feed warning", nil},
		"enterprise": {"order warning", own(1)}, "town": {"board order warning", own(0, 2)}, "neighbour": {"", nil},
		"duty, order": {"order warning", own(2)}, "viewer, warning": {"board order warning", own(0, 1, 2, 3)},
	} {
		kinds, orders := map[string]bool{}, map[string]bool{}
		for _, m := range w.quiet(subs[name]) {
			kinds[string(m.Kind)] = true
			if m.Kind == Order {
				orders[m.order] = true
			}
		}
		if got := strings.Join(slices.Sorted(maps.Keys(kinds)), " "); got != want.kinds {
			t.Errorf("%s gets %q, want %q", name, got, want.kinds)
		}
		if got := slices.Sorted(maps.Keys(orders)); !slices.Equal(got, want.orders) {
			t.Errorf("%s gets orders %v, want %v", name, got, want.orders)
		}
	}
}

// tellEverything makes an event of every kind.
func (w *world) tellEverything(warning string) {
	w.t.Helper()
	for i := range 4 {
		w.answer(i, order(warning, i), notify.Acknowledge)
	}
	w.act(warning, "revise", `,"notice_text":"更正"`)
	w.must(w.svc.FeedSilent(w.t.Context(), alerts.FeedSilence{Feed: "a", Source: "b", Silent: true, Since: w.svc.J.Now()}))
	w.importList("2017-01-01", 3)
	_, err := w.svc.Forecast(w.t.Context(), "feeder", "", []byte(`{"source":"example","region":"120111","issued_at":"2016-12-16T17:00:00+08:00","days":[
		{"date":"2016-12-17","aqi_low":310,"aqi_high":330,"primary":["pm25"]},{"date":"2016-12-18","aqi_low":310,"aqi_high":330,"primary":["pm25"]},
		{"date":"2016-12-19","aqi_low":310,"aqi_high":330,"primary":["pm25"]}]}`))
	w.must(err)
}

// What an order goes through, in words.
func TestOrderEvents(t *testing.T) {
	w := newWorld(t, 2)
	s := w.listen(Viewer{Filter: Filter{Orders: OfRecipient, Recipient: recipient(0)}})
	warning := w.declared()
	first := order(warning, 0)
	w.must(w.svc.RecordSent(t.Context(), w.epoch, nil))
	w.answer(0, first, notify.Object)
	_, err := w.svc.DecideObjection(t.Context(), "duty", "", first, []byte(`{"decision":"reject","reason":"示例"}`))
	w.must(err)
	w.elapse(3 * time.Hour)
	w.answer(0, first, notify.Acknowledge)
	w.act(warning, "adjust", orange)
	w.actBy("approver", warning, "approve", "")
	w.act(warning, "lift", "")
	var got []string
	for _, m := range w.quiet(s)[1:] {
		o := m.Value.(*OrderChange)
		got = append(got, fmt.Sprintf("%d %s", o.Revision, o.Event))
	}
	want := []string{"1 issued", "1 object", "1 objection_rejected", "1 overdue", "1 acknowledge", "1 superseded", "2 revised", "2 released"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

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
	if last := boards[len(boards)-1]; string(last.JSON()) != w.board(warning) || last.Value.(*notify.Overview).Answer["acknowledged"] != n {
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
			all = append(all, w.take(quick)...)
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

// viewers waits until the hub has that many.
func (w *world) viewers(n int) {
	w.t.Helper()
	for range 500 {
		w.hub.mu.Lock()
		have := len(w.hub.all)
		w.hub.mu.Unlock()
		if have == n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatalf("the hub does not come to %d viewers", n)
}

// A stream ends at once when its user may not go on, by what was recorded and by the look from time to time.
func TestRevoked(t *testing.T) {
	w := newWorld(t, 2)
	duty, _ := w.account("duty", access.Duty)
	town, token := w.account("town", access.Town)
	firm, _ := w.account(recipient(0), access.Enterprise)
	tokenStill := func() bool { p, err := w.svc.Authenticate(token); return err == nil && Same(town, p) }
	for _, c := range []struct {
		who   *access.Principal
		still func() bool
		end   func() error
	}{
		{duty, w.hub.Still(duty), func() error { _, err := w.svc.Disable(t.Context(), "admin", "", "duty"); return err }},
		{town, tokenStill, func() error { _, err := w.svc.RevokeToken(t.Context(), "admin", "town", "t1"); return err }},
		{firm, w.hub.Still(firm), func() error { _, err := w.svc.IssueCredentials(t.Context(), "admin", "", firm.User); return err }},
	} {
		srv := w.serve(func(*http.Request) Viewer { return Viewer{User: c.who.User, Filter: FilterOf(c.who), Still: c.still} })
		client := w.dial(srv, "", "")
		if _, err := client.next(); err != nil {
			t.Fatal(err)
		}
		w.must(c.end())
		begin := time.Now()
		for err := error(nil); err == nil; _, err = client.next() {
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s: the stream went on for %v", c.who.User, took)
		}
	}
	w.hub.beat = 20 * time.Millisecond
	may := make(chan bool, 1)
	may <- true
	srv := w.serve(func(*http.Request) Viewer {
		return Viewer{Still: func() bool { return <-may }}
	})
	client := w.dial(srv, "", "")
	close(may)
	if rest, err := io.ReadAll(client.in); err != nil || !strings.Contains(string(rest), beatText) {
		t.Errorf("a stream with one beat: %q, %v", rest, err)
	}
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
	ticks := w.hub.Watch(t.Context(), &access.Principal{Role: access.Duty}, "")
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
	ticks := w.hub.Watch(ctx, &access.Principal{User: "d", Role: access.Duty}, warning)
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
