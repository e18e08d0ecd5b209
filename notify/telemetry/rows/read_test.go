package rows

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"qingkong/notify/telemetry"
)

// What a period has: what came first, what came otherwise, when, and whether it was late or sent again.
func TestWhatIsSaidOfAPeriod(t *testing.T) {
	w := newWorld(t)
	hour := func(at time.Time, resent bool, items ...string) telemetry.Received {
		return part(at, stack, "2061", "20261216080000", resent, 0, 0, items...)
	}
	w.got(
		hour(eight.Add(61*time.Minute), false, "a21026-Avg=1.25", "a21026-Flag=N"),
		hour(eight.Add(62*time.Minute), false, "a21026-Avg=1.25", "a21026-Flag=N"), // the same is nothing
		hour(eight.Add(3*time.Hour), false, "a21026-Avg=1.5", "a21026-Flag=N"),
	)
	w.got(hour(eight.Add(4*time.Hour), true, "a21026-Avg=1.5", "a21026-Flag=D"))
	for _, when := range []string{"held", "written"} {
		got := w.series(stack+".a21026", telemetry.Hour, eight, eight.Add(time.Hour))
		if len(got) != 1 || len(got[0].Others) != 2 {
			t.Fatalf("%s: %+v", when, got)
		}
		e := got[0]
		for i, want := range []struct {
			e            Entry
			avg          float64
			flag         telemetry.Flag
			late, resent bool
			received     time.Time
			index        int
		}{
			{e, 1.25, 'N', false, false, eight.Add(61 * time.Minute), 0},
			{e.Others[0], 1.5, 'N', true, false, eight.Add(3 * time.Hour), 2},
			{e.Others[1], 1.5, 'D', true, true, eight.Add(4 * time.Hour), 0},
		} {
			avg, _ := want.e.Values.Get(telemetry.Avg)
			if avg != want.avg || want.e.Flag != want.flag || want.e.Late != want.late || want.e.Resent != want.resent ||
				!want.e.Received.Equal(want.received) || want.e.Ref.Index != want.index || want.e.Source != Sent {
				t.Errorf("%s, %d: %+v", when, i, want.e)
			}
		}
		w.flush()
		w.start()
	}
}

// An hour of minutes stands where the device sent none, once it is over.
func TestHoursOfMinutes(t *testing.T) {
	w := newWorld(t)
	const p = stack + ".a21026"
	for i := range 9 {
		at := eight.Add(time.Duration(i) * 10 * time.Minute)
		if i < 3 || i > 4 {
			w.got(say(at.Add(10*time.Minute), stack, "2051", at.Format("20060102150405"), "a21026-Avg=3", "a21026-Flag=N"))
		}
	}
	// 8 to 9 has 40 minutes; 9 to 10 has 30 by now and is not over
	got := w.series(p, telemetry.Hour, eight, eight.Add(3*time.Hour))
	if len(got) != 1 || got[0].Source != Made || got[0].Of != 40 || got[0].Flag != telemetry.Fault || got[0].Values.Has != 0 {
		t.Fatalf("%+v", got)
	}
	w.flush()
	w.got(say(eight.Add(2*time.Hour), stack, "2051", "20261216083000", "a21026-Avg=9", "a21026-Flag=N")) // late
	got = w.series(p, telemetry.Hour, eight, eight.Add(3*time.Hour))
	if avg, _ := got[0].Values.Get(telemetry.Avg); len(got) != 2 || got[0].Of != 50 || avg != 21.0/5 || got[1].Of != 30 {
		t.Fatalf("%+v", got)
	}
	w.got(say(eight.Add(2*time.Hour), stack, "2061", "20261216080000", "a21026-Avg=7"))
	for range 2 {
		got = w.series(p, telemetry.Hour, eight, eight.Add(time.Hour))
		if avg, _ := got[0].Values.Get(telemetry.Avg); len(got) != 1 || got[0].Source != Sent || avg != 7 || got[0].Of != 50 {
			t.Fatalf("the device's hour: %+v", got)
		}
		w.flush()
	}
	e, ok, err := w.b.Latest(p, telemetry.Minute)
	if err != nil || !ok || !e.At.Equal(eight.Add(80*time.Minute)) {
		t.Errorf("the latest is %+v, %v, %v", e, ok, err)
	}
	if _, ok, err := w.b.Latest(p, telemetry.Day); ok || err != nil {
		t.Errorf("a day that nobody sent is the latest: %v", err)
	}
	if _, ok, err := w.b.Latest("NOBODY.x", telemetry.Hour); ok || err != nil {
		t.Errorf("a point that nobody has: %v", err)
	}
}

// A meter's message: its unit is the point's, its hours are made of its minutes.
func TestMessages(t *testing.T) {
	w := newWorld(t)
	w.register["METER"] = &telemetry.Station{MN: "METER"}
	text := `{"point":"METER.p","unit":"kW","step":"1m","span_min":15,"readings":[`
	for i := range 4 {
		text += fmt.Sprintf(`{"at":"2026-12-16T08:%02d:00+08:00","value":%d},`, i*15, 100+i)
	}
	body := []byte(text[:len(text)-1] + "]}")
	w.got(telemetry.Received{At: eight.Add(61 * time.Minute), Sort: telemetry.Message, MN: "METER", From: "plant", Raw: body})
	for range 2 {
		got := w.series("METER.p", telemetry.Hour, eight, eight.Add(time.Hour))
		if len(got) != 1 {
			t.Fatalf("%+v", got)
		}
		if avg, _ := got[0].Values.Get(telemetry.Avg); avg != 101.5 || got[0].Of != 60 {
			t.Errorf("%+v", got[0])
		}
		points, err := w.b.Points("METER")
		if err != nil || len(points) != 1 || points[0].Unit != "kW" || !points[0].Minute.Last.Equal(eight.Add(45*time.Minute)) ||
			!points[0].Hour.First.IsZero() {
			t.Errorf("%+v, %v", points, err)
		}
		w.flush()
		w.start()
	}
}

func TestWhatIsReadAtOnce(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		step telemetry.Step
		days int
		err  error
	}{{telemetry.Minute, 32, nil}, {telemetry.Minute, 33, ErrRange}, {telemetry.Moment, 33, ErrRange}, {telemetry.Hour, 400, nil},
		{telemetry.Day, 401, ErrRange}, {telemetry.Hour, -1, nil}} {
		if _, err := w.b.Series(stack+".a21026", c.step, eight, eight.AddDate(0, 0, c.days)); !errors.Is(err, c.err) {
			t.Errorf("step %d, %d days: %v", c.step, c.days, err)
		}
	}
}

// What is older than it is kept goes; hours that minutes made stay when those are gone, and numbers of points are not
// used again.
func TestTrim(t *testing.T) {
	w := newWorld(t)
	day := func(d int) time.Time { return eight.AddDate(0, 0, d) }
	send := func(d int, mn, factor string) {
		for i := range 6 {
			at := day(d).Add(time.Duration(i) * 10 * time.Minute)
			w.got(say(at.Add(time.Hour), mn, "2051", at.Format("20060102150405"), factor+"-Avg=3"),
				say(at.Add(time.Hour), mn, "2011", at.Format("20060102150405"), factor+"-Rtd=3"))
		}
	}
	w.register["OLD"] = &telemetry.Station{MN: "OLD", ST: "31", MinuteMin: 10}
	send(0, "OLD", "a21026")
	send(0, stack, "a34013")
	send(350, stack, "a21026")
	w.flush()
	trim := func(d int) Trimmed {
		got, err := w.b.Trim(context.Background(), day(d))
		w.must(err)
		return got
	}
	if got := trim(59); got != (Trimmed{}) {
		t.Errorf("within the limits: %+v", got)
	}
	if got := trim(62); got.Rows != 4 || got.Points != 0 {
		t.Errorf("minutes and samples of two points: %+v", got)
	}
	if got := w.series(stack+".a34013", telemetry.Hour, day(0), day(1)); len(got) != 1 || got[0].Of != 60 {
		t.Errorf("the hour that they made: %+v", got)
	}
	delete(w.register, "OLD")
	if got := trim(402); got != (Trimmed{Rows: 2, Points: 2, Stations: 1}) {
		t.Errorf("hours, points, and a station that is gone: %+v", got)
	}
	if got := trim(402); got != (Trimmed{}) {
		t.Errorf("twice: %+v", got)
	}
	send(402, stack, "a34013")
	w.flush()
	if got := w.series(stack+".a34013", telemetry.Hour, day(0), day(399)); len(got) != 0 {
		t.Errorf("a point that comes again has rows of long ago: %+v", got)
	}
	if got := w.series(stack+".a34013", telemetry.Minute, day(402), day(403)); len(got) != 6 {
		t.Errorf("a point that comes again: %+v", got)
	}
	if got := w.series(stack+".a21026", telemetry.Hour, day(350), day(351)); len(got) != 1 {
		t.Errorf("what is kept: %+v", got)
	}
	if b := w.state(stack); b.Good == 0 {
		t.Errorf("%+v", b)
	}
}

// Amounts that are told one by one add up in their minute and their hour, whatever was written between them; one that is
// told again does not.
func TestAmountsOfSeveralMessagesAddUp(t *testing.T) {
	for _, c := range []struct {
		name   string
		unit   string
		bodies []string
		want   float64
	}{
		{"two lorries", "t", []string{`"readings":[{"at":"08:00:10","value":10}]`, `"readings":[{"at":"08:00:50","value":20}]`}, 30},
		{"of the same weight", "t", []string{`"readings":[{"at":"08:00:10","value":15}]`, `"readings":[{"at":"08:00:50","value":15}]`}, 30},
		{"in another unit", "t", []string{`"unit":"kg","readings":[{"at":"08:00:10","value":10000}]`,
			`"readings":[{"at":"08:00:50","value":20}]`}, 30},
		{"again, with another", "t", []string{`"readings":[{"at":"08:00:10","value":10}]`,
			`"readings":[{"at":"08:00:10","value":10},{"at":"08:00:50","value":20}]`}, 30},
		{"vehicles", "辆次", []string{`"passes":[{"at":"08:00:10"}]`, `"passes":[{"at":"08:00:50"},{"at":"08:00:50"}]`,
			`"passes":[{"at":"08:00:10"}]`}, 3},
	} {
		w := newWorld(t)
		w.register["X"] = &telemetry.Station{MN: "X",
			Outlets: []telemetry.Outlet{{Factors: []telemetry.Factor{{Code: "W", Unit: c.unit}}}}}
		for i, body := range c.bodies {
			body = strings.ReplaceAll(body, `"at":"`, `"at":"`+eight.In(beijing).Format("2006-01-02")+" ")
			w.got(telemetry.Received{At: eight.Add(time.Duration(i+1) * time.Minute), Sort: telemetry.Message, MN: "X",
				Raw: []byte(`{"point":"X.W",` + body + `}`)})
			if i == 0 {
				w.flush()
				w.start()
			}
		}
		w.got(say(eight.Add(time.Hour), stack, "2011", "20260801090000", "a21026-Rtd=1")) // the hour is over
		for range 2 {
			for step := telemetry.Minute; step <= telemetry.Hour; step++ {
				got := w.series("X.W", step, eight, eight.Add(time.Minute))
				if len(got) != 1 || got[0].Values.V[telemetry.Total] != c.want || len(got[0].Others) > 0 {
					t.Errorf("%s, step %d: %+v, want %v", c.name, step, got, c.want)
				}
			}
			w.flush()
			w.start()
		}
	}
}
