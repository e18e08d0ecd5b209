package stations

import (
	"fmt"
	"testing"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/dialog"
)

// However many stations there are, each is looked at in its turn, and none counts as looked at without being so.
func TestEveryStationIsLookedAt(t *testing.T) {
	now, of := time.Now(), &book{}
	looked := map[string]int{}
	s := New(Options{Register: of, Clock: func() time.Time { return now }, Dialog: dialog.Settings{History: true},
		Gaps: func(st *telemetry.Station, _ time.Time) ([]dialog.Gap, bool) { looked[st.MN]++; return nil, true }})
	const all = 4*gapsAtOnce - 1
	for i := range all {
		mn := fmt.Sprintf("M%03d", i)
		of.add(mn, nil)
		s.session(mn).claim(&line{}, now)
	}
	for range 4 {
		s.askAll()
		now = now.Add(askEvery)
	}
	for mn, n := range looked {
		if n != 1 {
			t.Errorf("%s is looked at %d times", mn, n)
		}
	}
	if len(looked) != all {
		t.Errorf("%d of %d are looked at", len(looked), all)
	}
}

// A request whose connection ends is over, and counted.
func TestARequestThatTheEndBreaks(t *testing.T) {
	from := time.Now().Add(-5 * time.Hour).Truncate(time.Hour)
	w := open(t, func(o *Options) {
		o.Dialog = dialog.DefaultSettings
		o.Dialog.Settle = 0
		o.Gaps = func(*telemetry.Station, time.Time) ([]dialog.Gap, bool) {
			return []dialog.Gap{{Step: telemetry.Hour, From: from, To: from.Add(2 * time.Hour)}}, true
		}
	})
	w.book.add("A", nil)
	broken := func(n float64) {
		t.Helper()
		w.wait("it is counted", func() bool { return w.counted("qingkong_hj212_requests_total", "broken") == n })
	}
	d := w.dial()
	d.send(sample("A", 0))
	d.confirmed("A", 0, 1)
	if f, err := d.next(); err != nil || f.CN != "2061" {
		t.Fatalf("%v %+v", err, f)
	}
	_ = d.Close()
	broken(1)
	if past := w.srv.Line("A").Past; len(past) != 1 || past[0].Result != dialog.Broken {
		t.Errorf("%+v", past)
	}
}

// Nothing counts as missing while readings are behind what came, here or in the stream.
func TestNothingIsMissingThatIsOnlyBehind(t *testing.T) {
	of := &book{}
	of.add("A", nil)
	clock := &still{now: time.Now()}
	n := OpenNode(NodeOptions{Dir: t.TempDir(), Station: of.station, Clock: clock.Now, Raw: time.Hour, Minutes: time.Hour,
		Hours: time.Hour, Rooted: func() (time.Time, error) { return time.Time{}, nil }})
	defer func() {
		if err := n.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	take := func(i int) {
		t.Helper()
		if err := n.Taker.Take(t.Context(), telemetry.Received{Sort: telemetry.Frame, MN: "A", Raw: []byte(sample("A", i))}); err != nil {
			t.Fatal(err)
		}
	}
	known := func(what string, want bool) {
		t.Helper()
		if _, known := n.Gaps(&telemetry.Station{MN: "A"}, clock.Now()); known != want {
			t.Errorf("%s: %v", what, known)
		}
	}
	take(0)
	known("no readings at all", false)
	if _, err := n.opened(); err != nil {
		t.Fatal(err)
	}
	known("none yet", false)
	flushed := clock.Now()
	build := func() {
		for more := true; more; {
			var err error
			if more, err = n.step(t.Context(), &flushed); err != nil {
				t.Fatal(err)
			}
		}
	}
	build()
	known("all of it", true)
	clock.elapse(gapsBehind)
	take(1)
	known("but for a minute", true)
	clock.elapse(time.Second)
	take(2)
	known("but for more", false)
	build()
	known("all of it again", true)
}

// The same of a node that follows a stream and has not come to its end.
func TestNothingIsMissingThatIsNotFollowed(t *testing.T) {
	d := newDistrict(t)
	first := d.node(t.TempDir())
	for range 5 {
		d.take(first)
	}
	d.has(first, 0)
	known := func(m *member) bool { _, known := m.Gaps(&telemetry.Station{MN: "A"}, d.now); return known }
	d.wait("it has all", func() bool { return known(first) })
	for _, c := range []struct {
		begun  bool
		toCome uint64
		behind error
		lastAt time.Time
		want   bool
	}{
		{true, 0, nil, eight, true},
		{false, 0, nil, d.now, false},
		{true, 1, nil, eight, false},
		{true, 1000, nil, d.now.Add(-gapsBehind + time.Second), true},
		{true, 0, errGap, d.now, false},
	} {
		n := &Node{stream: &stream{}, now: func() time.Time { return d.now }, begun: c.begun, toCome: c.toCome, behind: c.behind,
			lastAt: c.lastAt}
		if got := n.caughtUp(); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
