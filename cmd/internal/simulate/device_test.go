package simulate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/notify/telemetry/hj212"
)

// rig is a device whose time and line the test has in its hands.
type rig struct {
	t   *testing.T
	d   *device
	now time.Time
}

func rigOf(t *testing.T, c Config) *rig {
	t.Helper()
	r := &rig{t: t, d: newDevice(station(t, c), start, 1, nil), now: start}
	r.d.connect()
	return r
}

// until has the device do what is due until a time, and returns what it wrote; confirm answers each good frame at once.
func (r *rig) until(to time.Time, confirm bool) (out []plain) {
	r.t.Helper()
	for !r.now.After(to) {
		var written []byte
		for _, b := range r.d.due(r.now) {
			written = append(written, b...)
		}
		frames := readPlain(written)
		out = append(out, frames...)
		for _, f := range frames {
			if confirm && strings.HasPrefix(f.fields["CN"], "2") {
				r.d.take(&hj212.Frame{Head: hj212.Head{CN: "9014", QN: f.fields["QN"]}}, r.now)
			}
		}
		r.now = r.d.wakes(r.now)
	}
	r.now = to
	if r.d.err != nil {
		r.t.Fatal(r.d.err)
	}
	return out
}

// ask sends a request and returns what the device writes within a second.
func (r *rig) ask(cn string, items ...hj212.Item) []plain {
	r.t.Helper()
	return r.askWith(hj212.Head{QN: "20260105225500123", ST: "31", CN: cn, PW: r.d.password, MN: r.d.s.MN(), Flag: 5,
		HasFlag: true},
		items...)
}

func (r *rig) askWith(h hj212.Head, items ...hj212.Item) []plain {
	r.t.Helper()
	r.d.take(hj212.NewFrame(h, items...), r.now)
	return r.until(r.now.Add(time.Second), true)
}

// texts are frames as CN and CP.
func texts(frames []plain) (out []string) {
	for _, f := range frames {
		var cp []string
		for _, g := range f.groups {
			cp = append(cp, strings.Join(g, ","))
		}
		out = append(out, strings.TrimSuffix(f.fields["CN"]+" "+strings.Join(cp, ";"), " "))
	}
	return out
}

// What the device answers to requests (domain.md §5): 9011, what is asked for, 9012, all with the number of the
// request.
func TestRequests(t *testing.T) {
	item := hj212.NewItem
	for _, c := range []struct {
		cn    string
		items []hj212.Item
		want  string
	}{
		{"1011", nil, "9011 QnRtn=1|1011 SystemTime=20260105225530|9012 ExeRtn=1"},
		{"1012", []hj212.Item{item("SystemTime", "20260105225600")}, "9011 QnRtn=1|9012 ExeRtn=1"},
		{"1012", []hj212.Item{item("SystemTime", "now")}, "9011 QnRtn=1|9012 ExeRtn=3"},
		{"1012", []hj212.Item{item("SystemTime", "20260103225530")}, "9011 QnRtn=1|9012 ExeRtn=1"},
		{"1012", []hj212.Item{item("SystemTime", "20260107225531")}, "9011 QnRtn=1|9012 ExeRtn=3"},
		{"1012", []hj212.Item{item("SystemTime", "20260103225529")}, "9011 QnRtn=1|9012 ExeRtn=3"},
		{"1012", []hj212.Item{item("SystemTime", "19700101000000")}, "9011 QnRtn=1|9012 ExeRtn=3"},
		{"1061", nil, "9011 QnRtn=1|1061 RtdInterval=60|9012 ExeRtn=1"},
		{"1062", []hj212.Item{item("RtdInterval", "30")}, "9011 QnRtn=1|9012 ExeRtn=1"},
		{"1062", []hj212.Item{item("RtdInterval", "29")}, "9011 QnRtn=1|9012 ExeRtn=3"},
		{"1063", nil, "9011 QnRtn=1|1063 MinInterval=10|9012 ExeRtn=1"},
		{"1064", []hj212.Item{item("MinInterval", "1")}, "9011 QnRtn=1|9012 ExeRtn=1"},
		{"1064", []hj212.Item{item("MinInterval", "31")}, "9011 QnRtn=1|9012 ExeRtn=3"},
		{"1000", []hj212.Item{item("OverTime", "5"), item("ReCount", "2")}, "9011 QnRtn=1|9012 ExeRtn=1"},
		{"1000", nil, "9011 QnRtn=1|9012 ExeRtn=3"},
		{"1072", []hj212.Item{item("NewPW", "654321")}, "9011 QnRtn=1|9012 ExeRtn=1"},
		{"1072", []hj212.Item{item("NewPW", "")}, "9011 QnRtn=1|9012 ExeRtn=3"},
		{"2011", nil, "9011 QnRtn=1|9012 ExeRtn=1"},
		{"2012", nil, "9011 QnRtn=1|9012 ExeRtn=1"},
		{"2061", []hj212.Item{item("BeginTime", "20990101000000"), item("EndTime", "20990102000000")},
			"9011 QnRtn=1|9012 ExeRtn=100"},
		{"2061", []hj212.Item{item("BeginTime", "20260105000000"), item("EndTime", "20260104000000")},
			"9011 QnRtn=1|9012 ExeRtn=3"},
		{"2061", nil, "9011 QnRtn=1|9012 ExeRtn=3"},
		{"3019", nil, "9011 QnRtn=8"},
	} {
		r := rigOf(t, Config{Faults: Faults{}})
		r.until(start.Add(5*time.Minute+30*time.Second), true)
		got := r.ask(c.cn, c.items...)
		if text := strings.Join(texts(got), "|"); text != c.want {
			t.Errorf("%s %v: %s\nnot %s", c.cn, c.items, text, c.want)
		}
		for _, f := range got {
			if f.fields["QN"] != "20260105225500123" || f.fields["Flag"] != "4" || f.fields["PW"] != "123456" {
				t.Errorf("%s: %v", c.cn, f.fields)
			}
		}
	}
}

// A request with another MN, password or number is answered by what is wrong with it, and carried out by nobody.
func TestWrongRequests(t *testing.T) {
	good := hj212.Head{QN: "20260105225500123", ST: "31", CN: "1072", PW: "123456", MN: "120111E00010000000000005",
		Flag: 5, HasFlag: true}
	for want, spoil := range map[string]func(*hj212.Head){
		"9011 QnRtn=3": func(h *hj212.Head) { h.PW = "000000" },
		"9011 QnRtn=4": func(h *hj212.Head) { h.MN = "X" },
		"9011 QnRtn=7": func(h *hj212.Head) { h.QN = "1" },
	} {
		r := rigOf(t, Config{})
		r.until(start.Add(5*time.Minute+30*time.Second), true)
		h := good
		spoil(&h)
		if got := strings.Join(texts(r.askWith(h, hj212.NewItem("NewPW", "1"))), "|"); got != want {
			t.Errorf("%s, not %s", got, want)
		}
		if r.d.password != "123456" {
			t.Errorf("%s: the password was changed", want)
		}
	}
}

// A server that asks for history gets what was sent, and what was not; a gap is no gap for the device.
func TestHistory(t *testing.T) {
	from := start.Add(10 * time.Minute) // 23:00
	for _, c := range []struct {
		version hj212.Version
		flag    string
		rf      string
	}{{hj212.V2017, "4", ""}, {hj212.V2025, "8", "1"}} {
		r := rigOf(t, Config{Version: c.version, Faults: Faults{Mute: Window{time.Hour, 59 * time.Minute}}})
		live := whole(r.until(from.Add(2*time.Hour+55*time.Minute), true))
		for r.d.silent(r.now) {
			r.until(r.now.Add(time.Minute), true)
		}
		got := r.ask("2061", hj212.NewItem("BeginTime", "20260105220000"), hj212.NewItem("EndTime", "20260106000000"))
		hours := slices.DeleteFunc(slices.Clone(got), func(p plain) bool { return p.fields["CN"] != "2061" })
		all := strings.Join(texts(got), "|")
		if !strings.HasPrefix(all, "9011 QnRtn=1|2061 DataTime=20260105220000;") ||
			!strings.HasSuffix(all, "|9012 ExeRtn=1") || len(hours) != 3 {
			t.Fatalf("%d: %d hours: %.200s", c.version, len(hours), all)
		}
		for i, h := range hours {
			if want := fmt.Sprintf("%d0000", 2026010522+i); i < 2 && h.values["DataTime"] != want ||
				h.fields["Flag"] != c.flag ||
				h.fields["RF"] != c.rf || h.fields["QN"] != "20260105225500123" {
				t.Errorf("hour %d: %v %v", i, h.fields, h.values["DataTime"])
			}
			for _, l := range live {
				if l.fields["CN"] == "2061" && l.values["DataTime"] == h.values["DataTime"] {
					sameValues(t, l, h)
				}
			}
		}
	}
}

func sameValues(t *testing.T, a, b plain) {
	t.Helper()
	for k, v := range a.values {
		if b.values[k] != v {
			t.Errorf("%s was sent as %s and is now %s", k, v, b.values[k])
		}
	}
}

// The requests change what the device does from then on.
func TestSettingsHold(t *testing.T) {
	r := rigOf(t, Config{Faults: Faults{Clock: 90 * time.Second}})
	r.until(start.Add(30*time.Second), true)
	r.ask("1062", hj212.NewItem("RtdInterval", "30"))
	r.ask("1064", hj212.NewItem("MinInterval", "5"))
	r.ask("1012", hj212.NewItem("SystemTime", stamp(r.now.Unix())))
	r.ask("1072", hj212.NewItem("NewPW", "abcdef"))
	got := r.until(start.Add(11*time.Minute), true)
	count := map[string]int{}
	for _, f := range got {
		count[f.fields["CN"]]++
		if f.fields["PW"] != "abcdef" {
			t.Errorf("password %s", f.fields["PW"])
		}
		if at, err := time.ParseInLocation("20060102150405", f.fields["QN"][:14], hj212.Beijing); err != nil ||
			at.After(r.now) {
			t.Errorf("its clock is still fast: %s", f.fields["QN"])
		}
	}
	if count["2011"] < 20 || count["2011"] > 22 || count["2051"] != 2 {
		t.Errorf("in ten minutes: %v", count)
	}
	r.ask("2012")
	if got := texts(r.until(r.now.Add(5*time.Minute), true)); slices.ContainsFunc(got, func(s string) bool {
		return strings.HasPrefix(s, "2011")
	}) {
		t.Error("2012 ends no samples")
	}
	r.ask("2011")
	if got := texts(r.until(r.now.Add(time.Minute), true)); !slices.ContainsFunc(got, func(s string) bool {
		return strings.HasPrefix(s, "2011")
	}) {
		t.Error("2011 begins no samples")
	}

	fast := newDevice(station(t, Config{}), start, 60, nil)
	fast.take(hj212.NewFrame(hj212.Head{QN: "20260105225500123", CN: "1012", PW: "123456", MN: fast.s.MN()},
		hj212.NewItem("SystemTime", "20260105225600")), start)
	if fast.offset != 0 || fast.count.Refused != 1 {
		t.Error("a clock that goes faster was set")
	}
}

// What nobody confirms is sent after 10 s again, three times, with RF=1 in 2025; then it is kept until the line is good
// again. Nothing is confirmed without an answer, and all is with one.
func TestUnconfirmedMessagesAreSentAgain(t *testing.T) {
	for _, v := range []hj212.Version{hj212.V2017, hj212.V2025} {
		r := rigOf(t, Config{Version: v})
		got := r.until(start.Add(50*time.Second), false)
		tries, rf := map[string]int{}, 0
		for _, f := range got {
			if f.fields["CN"] == "2081" {
				tries[f.fields["QN"]]++
				if f.fields["RF"] == "1" {
					rf++
				}
			}
		}
		want := 0
		if v == hj212.V2025 {
			want = 3
		}
		if len(tries) != 1 || tries["20260105225000081"] != 4 && tries[got[0].fields["QN"]] != 4 || rf != want {
			t.Errorf("%d: %v tries, %d with RF", v, tries, rf)
		}
		r.until(start.Add(20*time.Minute), false)
		if c := r.d.count; c.Confirmed != 0 && v == hj212.V2017 || c.Repeats < 30 || len(r.d.kept) < 5 {
			t.Errorf("%d: %+v, %d kept", v, c, len(r.d.kept))
		}
		r.until(start.Add(60*time.Minute), true)
		if c := r.d.count; c.Confirmed+c.GivenUp != c.Messages || c.GivenUp != 0 ||
			len(r.d.kept)+len(r.d.flying)+len(r.d.queue) != 0 {
			t.Errorf("%d: %+v, %d kept, %d in flight, %d queued", v, c, len(r.d.kept), len(r.d.flying), len(r.d.queue))
		}
	}
}

// What was in flight or waiting when the line broke is sent first on the next one, in its order.
func TestABrokenLineLosesNothing(t *testing.T) {
	r := rigOf(t, Config{MinuteMin: 1})
	r.until(start.Add(10*time.Minute), true)
	before := r.until(start.Add(10*time.Minute+9*time.Second), false)
	r.d.disconnect()
	if got := r.until(start.Add(100*time.Minute), false); len(got) != 0 {
		t.Errorf("%d frames without a line", len(got))
	}
	r.d.connect()
	got := r.until(start.Add(101*time.Minute), true)
	if len(before) == 0 || got[0].fields["QN"] != before[0].fields["QN"] {
		t.Errorf("first is %v, not %v", got[0].fields, before[0].fields)
	}
	minutes := map[string]bool{}
	for _, f := range got {
		if f.fields["CN"] == "2051" {
			minutes[f.values["DataTime"]] = true
		}
	}
	if c := r.d.count; len(minutes) < 90 || c.Confirmed != c.Messages || c.Late < 180 {
		t.Errorf("%d minutes, %+v", len(minutes), c)
	}
}

// A device without a line keeps so much and no more; samples go before means.
func TestWhatIsKeptIsBounded(t *testing.T) {
	r := rigOf(t, Config{MinuteMin: 1, SampleS: 30})
	r.d.disconnect()
	r.until(start.Add(12*24*time.Hour), false)
	minutes := 0
	for _, w := range r.d.queue {
		if w.topic == 4 {
			minutes++
		}
	}
	if c := r.d.count; len(r.d.queue) != mostKept || c.GivenUp+int64(len(r.d.queue)) != c.Messages || minutes != 12*24*60 {
		t.Errorf("%d kept, %d of them minutes, %+v", len(r.d.queue), minutes, c)
	}
}

// A message in parts is written once, whatever the line writes twice: its answers are counted, and one to a copy would
// stand for a part that did not come.
func TestPartsAreNotDoubled(t *testing.T) {
	r := rigOf(t, Config{Version: hj212.V2025, Plant: NewPlant(Waste, 4), MinuteMin: 1, Faults: Faults{Twice: 1}})
	whole, parts := map[string]int{}, map[string]int{}
	for _, f := range r.until(start.Add(2*time.Hour), true) {
		switch {
		case f.fields["PNUM"] != "":
			parts[f.fields["QN"]+" "+f.fields["PNO"]]++
		case f.fields["CN"] != topicSpecs[beats].cn:
			whole[f.fields["QN"]]++
		}
	}
	for key, n := range parts {
		if n != 1 {
			t.Errorf("part %s is written %d times", key, n)
		}
	}
	for key, n := range whole {
		if n != 2 {
			t.Errorf("message %s is written %d times", key, n)
		}
	}
	if len(parts) == 0 || len(whole) == 0 {
		t.Errorf("%d parts, %d messages in one", len(parts), len(whole))
	}
}
