package live

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/notify"
)

func TestSnapshotThenChanges(t *testing.T) {
	w := newWorld(t, 3)
	s := w.listen(Viewer{Filter: everything})
	first := w.quiet(s)
	if len(first) != 1 || first[0].Kind != Snapshot {
		t.Fatalf("begins with %d messages", len(first))
	}
	var st map[string]json.RawMessage
	w.must(json.Unmarshal(first[0].JSON(), &st))
	if string(st["warnings"]) != "[]" || string(st["proposals"]) != "[]" ||
		!strings.Contains(string(st["list"]), `"in_force":true`) || st["orders"] != nil {
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
	acts := []notify.Action{notify.Receive, notify.ReadIt, notify.Acknowledge, notify.Object, notify.Start,
		notify.Complete}
	switch k := r.IntN(24); {
	case k < 20:
		w.answer(i, now, acts[r.IntN(len(acts))])
	case k == 20:
		w.act(warning, "revise", fmt.Sprintf(`,"notice_text":"第%d号"`, r.IntN(1000)))
	case k == 21:
		w.elapse(time.Duration(r.IntN(40)) * time.Minute)
	case k == 22:
		w.must(w.svc.FeedSilent(w.t.Context(),
			alerts.FeedSilence{Feed: "a", Source: "b", Silent: r.IntN(2) == 0, Since: w.svc.J.Now()}))
	default:
		body := fmt.Appendf(nil, `{"decision":"accept","reason":"示例"}`)
		_, err := servicetest.Say(w.t.Context(), w.svc, "duty", "", calls.DecideObjection, now, body)
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
			var b notify.Board
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
