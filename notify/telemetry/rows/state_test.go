package rows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
)

func count(s State, rule string) Count {
	i := slices.IndexFunc(s.Counts, func(c Count) bool { return c.Rule == rule })
	if i < 0 {
		return Count{}
	}
	return s.Counts[i]
}

// What is noticed of a station is counted by its name in the catalogue, with the bytes that it is about.
func TestWhatIsNoticedIsCounted(t *testing.T) {
	at := eight
	sent := func(change func(*telemetry.Received), items ...string) telemetry.Received {
		r := say(at, stack, "2051", "20261216080000", items...)
		if change != nil {
			change(&r)
		}
		return r
	}
	for name, c := range map[string]struct {
		r           telemetry.Received
		mn          string
		rule, bytes string
		good        int
	}{
		"a deviation":       {sent(nil, "a21026-Avg=x"), stack, "hj212.not_a_number", "a21026-Avg=x", 1},
		"of the stream":     {sent(func(r *telemetry.Received) { r.Why = "no_crlf,lf_alone" }, "a21026-Avg=1"), stack, "hj212.lf_alone", "", 1},
		"of the reading":    {sent(nil, "a21026-Avg=-999"), stack, "readings.no_value", "a21026-Avg=-999", 1},
		"a time ahead":      {say(at, stack, "2051", "20990101000000", "a21026-Avg=1"), stack, "readings.time_ahead", "2099-01-01 00:00:00", 1},
		"refused":           {telemetry.Received{At: at, Sort: telemetry.Refused, MN: stack, Why: "crc", Raw: []byte("##00\xff" + strings.Repeat("x", 999))}, stack, "hj212.crc", `##00\xFFxxx`, 0},
		"refused, of none":  {telemetry.Received{At: at, Sort: telemetry.Refused, MN: "OTHER", Why: "nonsense", Raw: []byte("GET /")}, "", "rows.refused", "GET /", 0},
		"a lie about an MN": {sent(func(r *telemetry.Received) { r.Sort, r.Why = telemetry.Unknown, "crc" }), stack, "hj212.crc", "##", 0},
		"not in the register any more": {say(at, "GONE", "2051", "20261216080000", "a21026-Avg=1"), "",
			"rows.unregistered", "GONE", 0},
		"not read any more": {sent(func(r *telemetry.Received) { r.Raw = r.Raw[:40] }), stack, "rows.unread", "##", 1},
		"no message":        {telemetry.Received{At: at, Sort: telemetry.Message, MN: "POWER", Raw: []byte("{")}, "POWER", "rows.unread", "", 1},
		"a point of another": {telemetry.Received{At: at, Sort: telemetry.Message, MN: "POWER",
			Raw: []byte(`{"point":"OTHER.p","unit":"kW","readings":[{"at":"2026-12-16T07:59:00+08:00","value":1}]}`)}, "POWER", "rows.point", "OTHER.p", 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.got(c.r)
			s := w.state(c.mn)
			n := count(s, c.rule)
			if n.N != 1 || !strings.HasPrefix(n.Bytes, c.bytes) || len(n.Bytes) > keptBytes || !n.First.Equal(at) || s.Good != c.good {
				t.Errorf("%+v of %+v", n, s)
			}
			if !refusal.Known(c.rule) {
				t.Errorf("the catalogue has no words for %s", c.rule)
			}
			where := append(s.Frames, s.Refused...)
			if c.good == 1 && len(where) != 1 || c.good == 0 && len(s.Frames) != 0 {
				t.Errorf("frames %v, refused %v", s.Frames, s.Refused)
			}
			if r, err := w.raw(n.Ref); err != nil || string(r.Raw) != string(c.r.Raw) {
				t.Errorf("its bytes are %q (%v)", r.Raw, err)
			}
		})
	}
}

func (w *world) raw(ref frames.Ref) (telemetry.Received, error) { return w.b.opt.Raw(ref) }

// Whatever a station sends, what is kept of it has a limit, and what is beyond is counted.
func TestAStationHasLimits(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Points = 30 })
	for i := range 20 {
		at := eight.Add(time.Duration(i) * time.Minute)
		var items []string
		for j := range 20 {
			items = append(items, fmt.Sprintf("x%d-Avg=1", i*20+j))
		}
		bad := telemetry.Received{At: at, Sort: telemetry.Refused, MN: stack, Why: "crc", Raw: []byte("##")}
		w.got(say(at, stack, "2051", at.Format("200601021504")+"00", items...), bad, bad, bad, bad)
		w.flush()
	}
	points, err := w.b.Points(stack)
	w.must(err)
	s := w.state(stack)
	w.got(say(eight.Add(time.Hour), stack, "2051", "20261216084000", "a21026-Avg=1", "a34013-Avg=2", "y1-Avg=1"))
	for _, p := range []telemetry.Point{stack + ".a21026", stack + ".a34013", stack + ".y1"} {
		if got := w.series(p, telemetry.Minute, eight, eight.Add(time.Hour)); (len(got) == 1) != (p != stack+".y1") {
			t.Errorf("codes that nobody registered leave %d readings of %s", len(got), p)
		}
	}
	if len(points) != 30 || count(s, "rows.points").N != 20*20-30 {
		t.Errorf("%d points, %+v", len(points), count(s, "rows.points"))
	}
	if len(s.Frames) != 20 || len(s.Refused) != keptFrames || s.Bad != 80 {
		t.Errorf("%d frames, %d refused of %d", len(s.Frames), len(s.Refused), s.Bad)
	}
	for i := range 2 * keptCounts {
		s.tell(fmt.Sprint("x", i), eight, "", frames.Ref{})
	}
	if len(s.Counts) > keptCounts+1 || count(s, "rows.counts").N < keptCounts {
		t.Errorf("%d names, %+v", len(s.Counts), count(s, "rows.counts"))
	}
}

// What is held in memory has a limit.
func TestFullBeforeItIsWritten(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Held = 10 })
	for i := range 10 {
		at := eight.Add(time.Duration(i) * 10 * time.Minute)
		w.got(say(at, stack, "2051", at.Format("200601021504")+"00", "a21026-Avg=1"))
	}
	seq, _ := w.b.Cursor()
	if err := w.b.Apply(seq+1, nil); err != ErrFull || w.b.Held() != 1 {
		t.Errorf("%v, %v is held", err, w.b.Held())
	}
	w.flush()
	if err := w.b.Apply(seq+1, nil); err != nil || w.b.Held() != 0 {
		t.Errorf("%v, %v is held", err, w.b.Held())
	}
}

// Unknown senders are listed with what they send. New ones take the place of those of the fewest frames.
func TestUnknownSenders(t *testing.T) {
	w := newWorld(t)
	stranger := func(mn string, i int) telemetry.Received {
		r := say(eight.Add(time.Duration(i)*time.Second), mn, "2011", "20261216080000", fmt.Sprintf("a%05d-Rtd=1", i%100))
		r.Sort, r.Why = telemetry.Unknown, "unknown"
		return r
	}
	var batch []telemetry.Received
	for i := range 100 {
		batch = append(batch, stranger("TRUE", i))
	}
	for i := range 2 * keptUnknown {
		batch = append(batch, stranger(fmt.Sprint("X", i), 100+i))
		if i%400 == 399 {
			w.got(batch...)
			w.flush()
			batch = nil
		}
	}
	w.got(batch...)
	check := func(when string) {
		all := w.b.Unknown()
		i := slices.IndexFunc(all, func(u Unknown) bool { return u.MN == "TRUE" })
		if len(all) != keptUnknown || i < 0 || all[0].MN != "X999" {
			t.Fatalf("%s: %d, %d, %s", when, len(all), i, all[0].MN)
		}
		if u := all[i]; u.Frames != 100 || len(u.Factors) != keptFactors || u.ST != "31" || u.Version != 2017 || u.Why != "unknown" {
			t.Errorf("%s: %+v", when, u)
		}
	}
	check("held")
	w.flush()
	w.start()
	check("written")
	w.register["TRUE"] = &telemetry.Station{MN: "TRUE", ST: "31", MinuteMin: 10}
	if all := w.b.Unknown(); len(all) != keptUnknown-1 {
		t.Errorf("%d once one is registered", len(all))
	}
}

func TestClockOffset(t *testing.T) {
	w := newWorld(t)
	if _, ok := func() (time.Duration, bool) { s := w.state(stack); return s.ClockOffset() }(); ok {
		t.Error("a clock of which nothing is known")
	}
	for i := range 60 {
		at := eight.Add(time.Duration(i) * time.Minute)
		r := say(at, stack, "2011", at.Format("20060102150405"), "a21026-Rtd=1")
		if r.At = at.Add(90 * time.Second); i%5 == 0 {
			r.At = at.Add(140 * time.Second) // the line was slow
		}
		again := part(at.Add(-time.Hour), stack, "2011", at.Add(-time.Hour).Format("20060102150405"), true, 0, 0, "a21026-Rtd=1")
		again.At = r.At
		w.got(r, again)
	}
	s := w.state(stack)
	if d, ok := s.ClockOffset(); !ok || d.Round(time.Second) != 90*time.Second || len(s.Clocks) != keptClocks {
		t.Errorf("%v %v of %d frames", d, ok, len(s.Clocks))
	}
}

// Minutes that a logger sends late, with their old QN, make no clock slow: the first sample says what it is.
func TestMinutesSentLateMakeNoSlowClock(t *testing.T) {
	w := newWorld(t)
	now := eight.Add(24 * time.Hour)
	minutes := func() {
		for i := range 40 {
			at := eight.Add(time.Duration(i) * 10 * time.Minute)
			r := say(at, stack, "2051", at.Format("20060102150405"), "a21026-Avg=1")
			r.At = now
			w.got(r)
		}
	}
	offset := func() (time.Duration, bool) { s := w.state(stack); return s.ClockOffset() }
	minutes()
	if d, ok := offset(); ok {
		t.Errorf("frames of many hours, at once, say %v", d)
	}
	r := say(now, stack, "2011", now.Format("20060102150405"), "a21026-Rtd=1")
	r.At = now.Add(2 * time.Second)
	w.got(r)
	minutes()
	if d, ok := offset(); !ok || d.Round(time.Second) != 2*time.Second {
		t.Errorf("with a sample: %v %v", d, ok)
	}
}

// The latest time of a message is told, in whatever order its readings stand.
func TestTheLatestOfAMessageIsTold(t *testing.T) {
	at := func(h int) telemetry.Reading { return telemetry.Reading{At: eight.Add(time.Duration(h) * time.Hour)} }
	var d Data
	d.note(eight, []telemetry.Reading{at(1), at(3), at(2)})
	if want := at(3).At; !d.At.Equal(want) || d.N != 1 {
		t.Errorf("%v, want %v", d.At, want)
	}
}

// Gaps are the periods that are missing in what came, whatever came in which order.
func TestGaps(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.t = rt
		now := eight.Add(5 * 24 * time.Hour).Add(7 * time.Minute)
		begun := now.Add(-time.Duration(rapid.IntRange(1, 100).Draw(rt, "hours ago")) * time.Hour)
		came := map[time.Time]bool{}
		var order []time.Time
		for at := begun.Truncate(time.Hour); at.Before(now); at = at.Add(time.Hour) {
			order = append(order, at)
		}
		first := say(begun, stack, "2061", begun.Truncate(time.Hour).Format("20060102150405"), "a21026-Avg=1")
		w.got(first)
		came[begun.Truncate(time.Hour)] = true
		r := rapid.IntRange(0, len(order)).Draw(rt, "come")
		for _, at := range rapid.Permutation(order).Draw(rt, "order")[:r] {
			w.got(say(now, stack, "2061", at.Format("20060102150405"), "a21026-Avg=1"))
			came[at] = true
		}
		var want []Gap
		for _, at := range order {
			if came[at] || !at.After(begun) || at.Add(time.Hour).After(now.Add(-10*time.Minute)) || !at.After(now.AddDate(0, 0, -gapDays)) {
				continue
			}
			if n := len(want); n > 0 && want[n-1].To.Equal(at) {
				want[n-1].To = at.Add(time.Hour)
				continue
			}
			want = append(want, Gap{"2061", at, at.Add(time.Hour)})
		}
		w.flush()
		w.start()
		s := w.state(stack)
		got := s.Gaps(now, 10, 10*time.Minute)
		if !slices.EqualFunc(got, want, func(a, b Gap) bool { return a.CN == b.CN && a.From.Equal(b.From) && a.To.Equal(b.To) }) {
			rt.Fatalf("%v\nwant %v", got, want)
		}
	})
}

// Minute values are expected by the station's interval.
func TestGapsOfMinutes(t *testing.T) {
	w := newWorld(t)
	for i := range 12 {
		at := eight.Add(time.Duration(i) * 10 * time.Minute)
		if i != 4 && i != 5 && i != 9 {
			w.got(say(at, stack, "2051", at.Format("20060102150405"), "a21026-Avg=1"))
		}
	}
	s := w.state(stack)
	got := s.Gaps(eight.Add(2*time.Hour+time.Minute), 10, 5*time.Minute)
	want := []string{"08:40-09:00", "09:30-09:40"}
	if len(got) != 2 {
		t.Fatalf("%v", got)
	}
	for i, g := range got {
		if text := g.From.Format("15:04") + "-" + g.To.Format("15:04"); text != want[i] {
			t.Errorf("gap %d is %s, want %s", i, text, want[i])
		}
	}
}

// Parts that wait are read back from the log; where that has gone they are waited for no more.
func TestPartsAfterARestart(t *testing.T) {
	for _, gone := range []bool{false, true} {
		w := newWorld(t)
		w.got(part(eight, stack, "2051", "20261216080000", false, 2, 1, "a21026-Avg=1"))
		w.flush()
		if gone {
			w.log = newFile(t, frames.Buckets())
		}
		w.start()
		w.got(part(eight.Add(time.Second), stack, "2051", "20261216080000", false, 2, 2, "a34013-Avg=2"))
		got := w.series(stack+".a21026", telemetry.Minute, eight, eight.Add(time.Hour))
		if len(got) == 1 == gone {
			t.Errorf("the log gone: %v; %v", gone, got)
		}
	}
}

// When a message is given up does not depend on restarts: a part that came again has it wait on, messages that waited too
// long when others still came are told of, and frames between count.
func TestPartsAreGivenUpAsWithoutARestart(t *testing.T) {
	half := func(minute int, message string) telemetry.Received {
		return part(eight.Add(time.Duration(minute)*time.Minute), stack, "2051", "20261216"+message, false, 2, 1, "a21026-Avg=1")
	}
	frame := func(minute int) telemetry.Received {
		return say(eight.Add(time.Duration(minute)*time.Minute), stack, "2011", "20261216080000", "a21026-Rtd=1")
	}
	for _, c := range []struct {
		name   string
		before []telemetry.Received
		after  []telemetry.Received
		late   int
		at     int // minute of the last that was given up
	}{
		{"a part that came again", []telemetry.Received{half(0, "080000"), half(9, "080000")},
			[]telemetry.Received{frame(18), frame(20)}, 1, 20},
		{"another message came meanwhile", []telemetry.Received{half(0, "080000"), half(9, "080000"), half(12, "081000"), half(18, "080000")},
			[]telemetry.Received{frame(22), frame(23), frame(29)}, 2, 29},
		{"a thousand frames", append([]telemetry.Received{half(0, "080000")}, slices.Repeat([]telemetry.Received{frame(1)}, 600)...),
			append(slices.Repeat([]telemetry.Received{frame(2)}, 400), frame(3), frame(4)), 1, 3},
	} {
		for _, restarts := range []int{0, 1, 2} {
			w := newWorld(t)
			w.got(c.before...)
			for range restarts {
				w.flush()
				w.start()
				w.got(say(eight, "POWER", "2011", "20261216080000", "g20301-Rtd=1"))
			}
			w.got(c.after...)
			got := count(w.state(stack), "hj212.parts_late")
			if want := eight.Add(time.Duration(c.at) * time.Minute); got.N != c.late || !got.Last.Equal(want) {
				t.Errorf("%s, %d restarts: %d at %v, want %d at %v", c.name, restarts, got.N, got.Last, c.late, want)
			}
		}
	}
}

func TestStatesThatAreDamaged(t *testing.T) {
	for name, row := range map[string][]byte{"bytes": []byte("\x00{"), "none": {}, "a bomb": append([]byte{1}, make([]byte, 300)...)} {
		var s State
		if err := load(row, &s); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

// A row that is damaged holds nothing up: it begins anew, the others of its day stay, and that is told.
func TestRowsThatAreDamaged(t *testing.T) {
	for _, bucket := range []string{"rows.minutes", "rows.hours", "rows.stations", "rows.unknown", "rows.points"} {
		w := newWorld(t)
		stranger := say(eight, "STRANGE", "2011", "20261216080000", "a21026-Rtd=1")
		stranger.Sort = telemetry.Unknown
		send := func(i int) {
			at := eight.Add(time.Duration(i) * 10 * time.Minute)
			w.got(say(at, stack, "2051", at.Format("20060102150405"), "a21026-Avg=1"), stranger)
		}
		send(0)
		w.flush()
		w.must(w.rows.db.Update(func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte(bucket))
			k, _ := b.Cursor().Seek([]byte("=0"))
			if k == nil {
				k, _ = b.Cursor().First()
			}
			return b.Put(slices.Clone(k), []byte("\x00nonsense"))
		}))
		w.start()
		send(1)
		w.flush()
		w.start()
		send(2)
		got := w.series(stack+".a21026", telemetry.Minute, eight, eight.Add(time.Hour))
		s := w.state(stack)
		lost, told := bucket == "rows.minutes" || bucket == "rows.points", bucket != "rows.unknown"
		if len(got) != 3 && !lost || len(got) != 2 && lost || count(s, "rows.damaged").N == 1 != told || len(w.b.Unknown()) != 1 {
			t.Errorf("%s: %d readings, %+v, %d unknown", bucket, len(got), s.Counts, len(w.b.Unknown()))
		}
	}
}

// A file that is lost while it is in use is not written as if it were whole, whatever is held: another builder makes all
// of it anew.
func TestTheFileIsLostWhileItIsInUse(t *testing.T) {
	minute := func(i int) telemetry.Received {
		at := eight.Add(time.Duration(i) * 10 * time.Minute)
		return say(at, stack, "2051", at.Format("20060102150405"), "a21026-Avg=1")
	}
	refused := telemetry.Received{At: eight.Add(time.Hour), Sort: telemetry.Refused, MN: stack, Why: "crc", Raw: []byte("##")}
	for name, later := range map[string]telemetry.Received{"a reading": minute(1), "a state": refused,
		"nothing but the cursor": {At: eight.Add(time.Hour), Sort: telemetry.Unknown, MN: "STRANGE", Raw: minute(1).Raw}} {
		w := newWorld(t)
		w.got(minute(0))
		w.flush()
		if later.Sort == telemetry.Frame { // and no other restart of the program is needed to see it
			w.start()
		}
		w.rows.db = newFile(t, Buckets()).db
		w.got(later)
		for range 2 {
			if err := w.b.Flush(context.Background()); !errors.Is(err, ErrLost) {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if _, err := w.b.Trim(context.Background(), eight); !errors.Is(err, ErrLost) {
			t.Errorf("%s: trim: %v", name, err)
		}
		w.start()
		w.apply(10)
		w.flush()
		w.start()
		want := 1
		if later.Sort == telemetry.Frame {
			want = 2
		}
		if got := w.series(stack+".a21026", telemetry.Minute, eight, eight.Add(time.Hour)); len(got) != want {
			t.Errorf("%s: %d readings, want %d", name, len(got), want)
		}
	}
}

func FuzzState(f *testing.F) {
	s := State{MN: stack}
	s.tell("hj212.crc", eight, "##", frames.Ref{Seq: 1, Index: 2})
	s.data("2061").note(eight, []telemetry.Reading{{At: eight}})
	row, err := save(&s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(row)
	f.Fuzz(func(t *testing.T, row []byte) {
		var s State
		if load(row, &s) != nil {
			return
		}
		for i := range s.Data {
			if c := s.Data[i].Came; c != nil && !c.whole(s.Data[i].CN) {
				s.Data[i].Came = nil
			}
		}
		s.Gaps(eight, 10, time.Minute)
		s.ClockOffset()
		s.tell("hj212.crc", eight, "##", frames.Ref{})
		if d := s.data("2061"); d != nil {
			d.note(eight, []telemetry.Reading{{At: eight}})
		}
	})
}
