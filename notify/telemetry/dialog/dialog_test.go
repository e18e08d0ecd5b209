package dialog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

var noon = time.Date(2026, 8, 1, 12, 0, 0, 0, hj212.Beijing)

func station(v hj212.Version) *telemetry.Station {
	return &telemetry.Station{MN: "M1", ST: "31", Version: v, MinuteMin: 10, SampleS: 60}
}

// read makes a frame of the text of its data segment.
func read(t testing.TB, data string) *hj212.Frame {
	t.Helper()
	in := fmt.Sprintf("##%04d%s%04X\r\n", len(data), data, hj212.CRC([]byte(data)))
	var f hj212.Frame
	if err := hj212.NewDecoder(strings.NewReader(in), hj212.Options{}).Next(&f); err != nil || f.Fault != nil {
		t.Fatalf("%s: %v %v", data, err, f.Fault)
	}
	return &f
}

// write is the data segment of a frame, "" for none.
func write(t testing.TB, f *hj212.Frame) string {
	t.Helper()
	if f == nil {
		return ""
	}
	b, err := f.Append(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[6 : len(b)-6])
}

// What is confirmed, and how (HJ 212-2017, appendix C; domain.md 5.2).
func TestConfirmation(t *testing.T) {
	const qn = "QN=20260801120000000;"
	for in, want := range map[string]string{
		qn + "ST=31;CN=2011;PW=p;MN=M1;Flag=5;CP=&&&&":               qn + "ST=91;CN=9014;PW=p;MN=M1;Flag=4;CP=&&&&",
		qn + "ST=31;CN=2011;PW=p;MN=M1;Flag=4;CP=&&&&":               "",
		qn + "ST=31;CN=2011;PW=p;MN=M1;CP=&&&&":                      "",
		qn + "ST=31;CN=2051;PW=p;MN=M1;Flag=9;CP=&&&&":               qn + "ST=91;CN=9014;PW=p;MN=M1;Flag=8;CP=&&&&",
		qn + "ST=31;CN=2051;PW=p;MN=M1;Flag=7;PNUM=2;PNO=1;CP=&&&&":  qn + "ST=91;CN=9014;PW=p;MN=M1;Flag=4;CP=&&&&",
		qn + "ST=31;CN=3020;PW=p;MN=M1;Flag=5;CP=&&&&":               qn + "ST=91;CN=9014;PW=p;MN=M1;Flag=4;CP=&&&&",
		qn + "ST=31;CN=1013;PW=p;MN=M1;Flag=5;CP=&&&&":               qn + "ST=91;CN=9013;PW=p;MN=M1;Flag=4;CP=&&&&",
		qn + "ST=31;CN=9015;PW=p;MN=M1;Flag=9;CP=&&&&":               qn + "ST=91;CN=9013;PW=p;MN=M1;Flag=8;CP=&&&&",
		qn + "ST=91;CN=9011;PW=p;MN=M1;Flag=5;CP=&&QnRtn=1&&":        "",
		qn + "ST=91;CN=9012;PW=p;MN=M1;Flag=5;CP=&&ExeRtn=1&&":       "",
		qn + "ST=31;CN=2011;PW=p;MN=M1;Flag=1;CP=&&DataTime=2026&&":  qn + "ST=91;CN=9014;PW=p;MN=M1;Flag=0;CP=&&QN=20260801120000000&&",
		"ST=31;CN=2011;PW=p;MN=M1;Flag=1;CP=&&DataTime=2026&&":       "ST=91;CN=9014;PW=p;MN=M1;Flag=0;CP=&&&&",
		qn + "ST=31;CN=2011;PW=p;MN=M1;Flag=33;CP=&&DataTime=2026&&": qn + "ST=91;CN=9014;PW=p;MN=M1;Flag=4;CP=&&&&",
	} {
		if got := write(t, Confirmation(read(t, in), station(0))); got != want {
			t.Errorf("%s\nis confirmed by %q\nnot %q", in, got, want)
		}
	}
	f := read(t, qn+"ST=31;CN=2011;PW=p;MN=M1;Flag=5;CP=&&&&")
	if got := write(t, Confirmation(f, station(hj212.V2025))); !strings.Contains(got, "Flag=8;") {
		t.Errorf("the register's edition is that of the answer: %s", got)
	}
}

// told has a station's state as it is after so many samples whose clock is off, and connected for long.
func told(t testing.TB, st *telemetry.Station, off time.Duration, every time.Duration) *State {
	s := &State{}
	s.Connected(noon.Add(-time.Hour))
	for i := range 6 {
		at := noon.Add(time.Duration(i-6) * every)
		label := at.Add(-off).In(hj212.Beijing).Format(timeForm)
		s.Heard(st, read(t, "QN="+writeQN(at.Add(-off))+";ST=31;CN=2011;PW=p;MN=M1;Flag=5;CP=&&DataTime="+label+"&&"), at)
	}
	return s
}

func none() ([]Gap, bool) { return nil, true }

// What is asked of whom, as it is sent.
func TestRequests(t *testing.T) {
	hours := func() ([]Gap, bool) {
		return []Gap{{telemetry.Hour, noon.Add(-100 * time.Hour), noon.Add(-90 * time.Hour)}, // too old
			{telemetry.Hour, noon.Add(-6 * time.Hour), noon.Add(-3 * time.Hour)}}, true
	}
	minutes := func() ([]Gap, bool) { return []Gap{{telemetry.Minute, noon.Add(-14 * time.Hour), noon}}, true }
	with := func(change func(*Settings)) Settings {
		set := DefaultSettings
		change(&set)
		return set
	}
	intervals := with(func(s *Settings) { s.Intervals = true })
	for name, c := range map[string]struct {
		off, every time.Duration
		version    hj212.Version
		set        Settings
		gaps       func() ([]Gap, bool)
		want       string
	}{
		"all is well":                  {0, time.Minute, hj212.V2017, DefaultSettings, none, ""},
		"the clock is two minutes off": {2 * time.Minute, time.Minute, hj212.V2017, DefaultSettings, none, "ST=31;CN=1012;PW=p;MN=M1;Flag=5;CP=&&SystemTime=20260801120000&&"},
		"it is ahead":                  {-2 * time.Minute, time.Minute, hj212.V2025, DefaultSettings, none, "ST=31;CN=1012;PW=p;MN=M1;Flag=9;CP=&&SystemTime=20260801120000&&"},
		"within the limit":             {50 * time.Second, time.Minute, hj212.V2017, DefaultSettings, none, ""},
		"clocks are left alone":        {2 * time.Minute, time.Minute, hj212.V2017, with(func(s *Settings) { s.CalibrateOver = 0 }), none, ""},
		"another interval":             {0, 30 * time.Second, hj212.V2017, intervals, none, "ST=31;CN=1062;PW=p;MN=M1;Flag=5;CP=&&RtdInterval=60&&"},
		"intervals are left alone":     {0, 30 * time.Second, hj212.V2017, DefaultSettings, none, ""},
		"hours are missing":            {0, time.Minute, hj212.V2017, DefaultSettings, hours, "ST=31;CN=2061;PW=p;MN=M1;Flag=5;CP=&&BeginTime=20260801060000,EndTime=20260801080000&&"},
		"in 2005":                      {0, time.Minute, hj212.V2005, DefaultSettings, hours, "ST=31;CN=2061;PW=p;MN=M1;Flag=1;CP=&&BeginTime=20260801060000,EndTime=20260801080000&&"},
		"minutes, six hours at most":   {0, time.Minute, hj212.V2017, DefaultSettings, minutes, "ST=31;CN=2051;PW=p;MN=M1;Flag=5;CP=&&BeginTime=20260801060000,EndTime=20260801113000&&"},
		"nothing is fetched":           {0, time.Minute, hj212.V2017, with(func(s *Settings) { s.History = false }), hours, ""},
	} {
		st := station(c.version)
		f, over := told(t, st, c.off, c.every).Due(st, "p", c.set, c.gaps, noon)
		_, got, _ := strings.Cut(write(t, f), ";")
		if got != c.want || over != nil {
			t.Errorf("%s: %q\nnot %q", name, got, c.want)
		}
	}
}

// A clock is not judged by what comes late, and a new connection is not asked at once.
func TestWhoIsNotAsked(t *testing.T) {
	st := station(hj212.V2017)
	s := &State{}
	s.Connected(noon.Add(-time.Hour))
	for i := range 20 { // a backlog: minutes of old data within a second
		at := noon.Add(time.Duration(i-20) * time.Second)
		sent := noon.Add(time.Duration(i-300) * time.Minute)
		s.Heard(st, read(t, "QN="+writeQN(sent)+";ST=31;CN=2011;PW=p;MN=M1;Flag=5;CP=&&DataTime="+sent.Format(timeForm)+"&&"), at)
	}
	if f, _ := s.Due(st, "p", DefaultSettings, none, noon); f != nil {
		t.Errorf("its clock is set for a backlog: %s", write(t, f))
	}
	s = told(t, st, time.Hour, time.Minute)
	s.Connected(noon)
	if f, _ := s.Due(st, "p", DefaultSettings, none, noon.Add(59*time.Second)); f != nil {
		t.Errorf("it is asked at once: %s", write(t, f))
	}
	if f, _ := s.Due(st, "p", DefaultSettings, none, noon.Add(time.Minute)); f == nil {
		t.Error("it is not asked at all")
	}
	s.Gone(noon.Add(61 * time.Second))
	if f, _ := s.Due(st, "p", DefaultSettings, none, noon.Add(time.Hour)); f != nil || len(s.Past()) != 1 || s.Past()[0].Result != Broken {
		t.Errorf("who is gone is asked: %v %+v", f, s.Past())
	}
	if f, _ := told(t, st, time.Hour, time.Minute).Due(&telemetry.Station{MN: "M1"}, "p", DefaultSettings, none, noon); f != nil {
		t.Error("what sends no frames is asked")
	}
}

// Ten seconds, three times, each as the first, then longer and longer nothing.
func TestSilence(t *testing.T) {
	st := station(hj212.V2017)
	s := told(t, st, time.Hour, time.Minute)
	var sent []string
	var at []int
	for i := range 40 * 60 {
		now := noon.Add(time.Duration(i) * time.Second)
		if f, _ := s.Due(st, "p", DefaultSettings, none, now); f != nil {
			sent, at = append(sent, f.QN), append(at, i)
		}
	}
	if want := []int{0, 10, 20, 930, 940, 950}; !slices.Equal(at, want) {
		t.Errorf("sent at %v, not %v", at, want)
	}
	if sent[0] != sent[2] || sent[3] == sent[0] || sent[3] != sent[5] {
		t.Errorf("%v", sent)
	}
	if p := s.Past(); len(p) != 2 || p[0].Result != Silent || p[0].Sent != 3 || !strings.Contains(p[0].Words("en"), "sent 3 times") {
		t.Errorf("%+v", p)
	}
}

// What a station answers, and what comes of it.
func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answers []string
		want    Result
		code    int
		words   string
	}{
		"done":                        {[]string{"QN=$;ST=91;CN=9011;PW=p;MN=M1;Flag=4;CP=&&QnRtn=1&&", "QN=$;ST=91;CN=9012;PW=p;MN=M1;Flag=4;CP=&&ExeRtn=1&&"}, Done, 1, "done."},
		"at once":                     {[]string{"QN=$;ST=91;CN=9012;PW=p;MN=M1;Flag=4;CP=&&ExeRtn=1&&"}, Done, 1, "done."},
		"as in 2005":                  {[]string{"ST=91;CN=9012;PW=p;MN=M1;Flag=0;CP=&&QN=$;ExeRtn=1&&"}, Done, 1, "done."},
		"wrong password":              {[]string{"QN=$;ST=91;CN=9011;PW=p;MN=M1;Flag=4;CP=&&QnRtn=3&&"}, Rejected, 3, "wrong password"},
		"busy":                        {[]string{"QN=$;ST=91;CN=9011;PW=p;MN=M1;Flag=4;CP=&&QnRtn=1&&", "QN=$;ST=91;CN=9012;PW=p;MN=M1;Flag=4;CP=&&ExeRtn=5&&"}, Failed, 5, "busy"},
		"a code of nobody":            {[]string{"QN=$;ST=91;CN=9012;PW=p;MN=M1;Flag=4;CP=&&ExeRtn=77&&"}, Failed, 77, "code 77"},
		"no code":                     {[]string{"QN=$;ST=91;CN=9012;PW=p;MN=M1;Flag=4;CP=&&&&"}, Failed, 0, "code 0"},
		"of another request":          {[]string{"QN=20200101000000000;ST=91;CN=9012;PW=p;MN=M1;Flag=4;CP=&&ExeRtn=1&&"}, "", 0, ""},
		"ready, and nothing more":     {[]string{"QN=$;ST=91;CN=9011;PW=p;MN=M1;Flag=4;CP=&&QnRtn=1&&", "wait"}, Unfinished, 0, "never said"},
		"nothing, and another's 9013": {[]string{"QN=$;ST=91;CN=9013;PW=p;MN=M1;Flag=4;CP=&&&&"}, "", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			st := station(hj212.V2017)
			s := told(t, st, time.Hour, time.Minute)
			f, _ := s.Due(st, "p", DefaultSettings, none, noon)
			var over *Outcome
			for i, text := range c.answers {
				now := noon.Add(time.Duration(i+1) * time.Second)
				if text == "wait" {
					_, over = s.Due(st, "p", DefaultSettings, none, now.Add(time.Minute))
					continue
				}
				over = s.Heard(st, read(t, strings.ReplaceAll(text, "$", f.QN)), now)
			}
			if (over == nil) != (c.want == "") || over != nil && (over.Result != c.want || over.Code != c.code ||
				!strings.Contains(over.Words("en"), c.words) || over.Words("zh-CN") == "" || over.Request.Words("en") != "set the clock") {
				t.Fatalf("%+v", over)
			}
			if c.want != "" && s.Pending() != nil {
				t.Error("it is over and still waited for")
			}
		})
	}
}

// Every result and every code of the standard has words.
func TestWords(t *testing.T) {
	if got := (Outcome{}).Words("en"); got != "waiting for the device." {
		t.Error(got)
	}
	for _, r := range []Result{Done, Rejected, Failed, Silent, Unfinished, Broken} {
		if !refusal.Known("dialog." + string(r)) {
			t.Errorf("no words for %s", r)
		}
	}
	for _, k := range []Kind{SetTime, SetSample, SetMinute, Minutes, Hours, Days} {
		if !refusal.Known("dialog.ask." + string(k)) {
			t.Errorf("no words for %s", k)
		}
	}
}

// Whatever a station does, and whatever is missing: it is asked one thing at a time, each under a number of its own, no
// more than three times and ten seconds apart, within three days and no more at once than a device sends well.
func TestNobodyIsPestered(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		st := station(rapid.SampledFrom(hj212.Versions()).Draw(rt, "version"))
		set := DefaultSettings
		set.Intervals = rapid.Bool().Draw(rt, "intervals")
		steps := []telemetry.Step{telemetry.Minute, telemetry.Hour, telemetry.Day, telemetry.Moment}
		var gaps []Gap
		for range rapid.IntRange(0, 6).Draw(rt, "gaps") {
			from := noon.Add(-time.Duration(rapid.IntRange(0, 6000).Draw(rt, "from")) * time.Minute)
			gaps = append(gaps, Gap{rapid.SampledFrom(steps).Draw(rt, "step"), from,
				from.Add(time.Duration(rapid.IntRange(0, 9000).Draw(rt, "long")) * time.Minute)})
		}
		s, now := &State{}, noon
		var pending *Request
		sends, total, last, numbers := 0, 0, time.Time{}, map[string]bool{}
		for range rapid.IntRange(1, 150).Draw(rt, "events") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 5, 11, 70, 400}).Draw(rt, "later")) * time.Second)
			switch rapid.IntRange(0, 9).Draw(rt, "event") {
			case 0:
				s.Connected(now)
			case 1:
				s.Gone(now)
			case 2, 3:
				off := time.Duration(rapid.SampledFrom([]int{0, 0, 400}).Draw(rt, "off")) * time.Second
				s.Heard(st, read(t, "QN="+writeQN(now.Add(-off))+";ST=31;CN=2011;PW=p;MN=M1;Flag=5;CP=&&DataTime="+now.Format(timeForm)+"&&"), now)
			case 4:
				s.Heard(st, read(t, "QN="+writeQN(now)+";ST=31;CN=1013;PW=p;MN=M1;Flag=5;CP=&&&&"), now)
			case 5, 6:
				if p := s.Pending(); p != nil {
					cn := rapid.SampledFrom([]string{"9011", "9012", string(p.Kind)}).Draw(rt, "answer")
					n := rapid.SampledFrom([]int{0, 1, 1, 5, 100}).Draw(rt, "code")
					s.Heard(st, read(t, fmt.Sprintf("QN=%s;ST=91;CN=%s;PW=p;MN=M1;Flag=4;CP=&&QnRtn=%d;ExeRtn=%d&&", p.QN, cn, n, n)), now)
				}
			}
			f, over := s.Due(st, "p", set, func() ([]Gap, bool) { return gaps, true }, now)
			if over != nil && (f != nil || s.Pending() != nil) {
				rt.Fatal("over, and goes on")
			}
			if f == nil {
				continue
			}
			total++
			p := s.Pending()
			if p == nil || p.QN != f.QN {
				rt.Fatalf("sent %s, waits for %+v", f.QN, p)
			}
			if pending != nil && pending.QN == f.QN {
				if sends++; sends > set.Tries || now.Sub(last) < set.Answer {
					rt.Fatalf("sent %d times, again after %v", sends, now.Sub(last))
				}
			} else if numbers[f.QN] {
				rt.Fatalf("the number %s again", f.QN)
			} else {
				sends = 1
			}
			pending, last, numbers[f.QN] = p, now, true
			if p.From.IsZero() {
				continue
			}
			if !p.To.After(p.From) || p.To.After(now) || p.To.Sub(p.From) > lengths[p.Kind] || now.Sub(p.Begun) < time.Minute && p.Begun.Sub(p.From) > historyBack {
				rt.Fatalf("at %v history from %v to %v", now, p.From, p.To)
			}
			within := func(g Gap) bool {
				return kinds[g.Step] == p.Kind && !g.From.After(p.From) && !g.To.Before(p.To)
			}
			if !slices.ContainsFunc(gaps, within) {
				rt.Fatalf("%+v is not missing", p)
			}
		}
		if len(s.past) > keepPast || len(s.blocks) > 200 {
			rt.Fatalf("%d and %d are kept", len(s.past), len(s.blocks))
		}
	})
}

// A station that does what it is asked is asked for all that is missing and can be had, and for nothing else.
func TestAnObedientStationFillsItsGaps(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		st := station(hj212.V2017)
		missing := map[Kind]map[time.Time]bool{Minutes: {}, Hours: {}}
		for _, k := range []Kind{Minutes, Hours} {
			for range rapid.IntRange(0, 3).Draw(rt, "gaps") {
				n := rapid.IntRange(1, 40).Draw(rt, "n")
				from := noon.Add(-time.Duration(rapid.IntRange(n+2, 430).Draw(rt, "from")) * periodOf(k, st))
				for i := range n {
					if at := from.Add(time.Duration(i) * periodOf(k, st)); noon.Sub(at) < 70*time.Hour {
						missing[k][at] = true
					}
				}
			}
		}
		gaps := func() ([]Gap, bool) {
			var all []Gap
			for step, k := range kinds {
				for at := range missing[k] {
					all = append(all, Gap{step, at, at.Add(periodOf(k, st))})
				}
			}
			return joined(all), true
		}
		s, asked := &State{}, 0
		s.Connected(noon.Add(-time.Hour))
		for now := noon; now.Before(noon.Add(2 * time.Hour)); now = now.Add(time.Second) {
			f, _ := s.Due(st, "p", DefaultSettings, gaps, now)
			if f == nil {
				continue
			}
			asked++
			p := s.Pending()
			for at := p.From; at.Before(p.To); at = at.Add(periodOf(p.Kind, st)) {
				delete(missing[p.Kind], at)
			}
			s.Heard(st, read(t, "QN="+f.QN+";ST=91;CN=9011;PW=p;MN=M1;Flag=4;CP=&&QnRtn=1&&"), now)
			s.Heard(st, read(t, "QN="+f.QN+";ST=91;CN=9012;PW=p;MN=M1;Flag=4;CP=&&ExeRtn=1&&"), now)
		}
		if n := len(missing[Minutes]) + len(missing[Hours]); n > 0 {
			rt.Fatalf("%d are still missing after %d requests: %v", n, asked, missing)
		}
	})
}

// joined makes runs of gaps that follow each other.
func joined(all []Gap) (runs []Gap) {
	slices.SortFunc(all, func(a, b Gap) int {
		if a.Step != b.Step {
			return int(a.Step) - int(b.Step)
		}
		return a.From.Compare(b.From)
	})
	for _, g := range all {
		if n := len(runs); n > 0 && runs[n-1].Step == g.Step && runs[n-1].To.Equal(g.From) {
			runs[n-1].To = g.To
		} else {
			runs = append(runs, g)
		}
	}
	return runs
}

// wire is a station that is asked, second by second, and what it does about that.
type wire struct {
	st      *telemetry.Station
	s       State
	now     time.Time
	missing map[time.Time]bool // hours
	gives   int                // of the hours that it is asked for, the latest first
	asked   []Request
}

func (w *wire) gaps() ([]Gap, bool) {
	var all []Gap
	for at := range w.missing {
		all = append(all, Gap{telemetry.Hour, at, at.Add(time.Hour)})
	}
	return joined(all), true
}

// run goes on for so long; answer has the station say that it is done.
func (w *wire) run(t testing.TB, long time.Duration, answer func(p *Request)) {
	for end := w.now.Add(long); w.now.Before(end); w.now = w.now.Add(10 * time.Second) {
		f, _ := w.s.Due(w.st, "p", DefaultSettings, w.gaps, w.now)
		if f == nil || w.s.Pending() == nil {
			continue
		}
		p := w.s.Pending()
		if p.Sent == 1 {
			w.asked = append(w.asked, *p)
		}
		answer(p)
	}
}

// done gives what is asked, as much of it as the station does.
func (w *wire) done(t testing.TB) func(*Request) {
	return func(p *Request) {
		n := w.gives
		for at := p.To.Add(-time.Hour); !at.Before(p.From) && n > 0; at = at.Add(-time.Hour) {
			delete(w.missing, at)
			n--
		}
		w.s.Heard(w.st, read(t, "QN="+p.QN+";ST=91;CN=9012;PW=p;MN=M1;Flag=4;CP=&&ExeRtn=1&&"), w.now)
	}
}

// What a station gave uses up no try: the next gap of the same day is fetched too, however many there were, and so is the
// rest where it gives only some at once. What it does not give is asked for three times, though it says it did.
func TestWhatIsFetchedUsesUpNoTry(t *testing.T) {
	w := &wire{st: station(hj212.V2017), now: noon, missing: map[time.Time]bool{}, gives: 100}
	w.s.Connected(noon.Add(-time.Hour))
	for i := range 8 {
		w.missing[noon.Add(time.Duration(i-10)*time.Hour)] = true
		w.run(t, 20*time.Minute, w.done(t))
		if len(w.missing) > 0 || len(w.asked) != i+1 {
			t.Fatalf("gap %d is not fetched: %d requests", i, len(w.asked))
		}
	}
	w = &wire{st: station(hj212.V2017), now: noon, missing: map[time.Time]bool{}, gives: 1}
	w.s.Connected(noon.Add(-time.Hour))
	for i := range 8 {
		w.missing[noon.Add(time.Duration(i-12)*time.Hour)] = true
	}
	w.run(t, 3*time.Hour, w.done(t))
	if len(w.missing) > 0 {
		t.Errorf("%d are missing after %d requests", len(w.missing), len(w.asked))
	}
	w = &wire{st: station(hj212.V2017), now: noon, missing: map[time.Time]bool{noon.Add(-10 * time.Hour): true}}
	w.s.Connected(noon.Add(-time.Hour))
	w.run(t, 40*time.Hour, w.done(t))
	if len(w.asked) != blockTries {
		t.Errorf("what it does not have is asked for %d times", len(w.asked))
	}
}

// A connection that ends says nothing of what was asked, so that is asked again; a station whose connections end each time
// is asked less and less.
func TestBrokenLinesUseUpNoTry(t *testing.T) {
	w := &wire{st: station(hj212.V2017), now: noon, missing: map[time.Time]bool{}, gives: 100}
	for i := range 30 {
		w.missing[noon.Add(time.Duration(i-60)*time.Hour)] = true
	}
	w.s.Connected(noon.Add(-time.Hour))
	breaks := func(*Request) {
		if over := w.s.Gone(w.now); over == nil || over.Result != Broken {
			t.Fatalf("%+v", over)
		}
		if over := w.s.Connected(w.now); over != nil {
			t.Fatalf("%+v", over)
		}
	}
	w.run(t, 6*time.Hour, breaks) // at once, and after 15 minutes, 1 hour and 4 more
	if n := len(w.asked); n != 4 {
		t.Errorf("asked %d times in 6 hours", n)
	}
	w.run(t, 16*time.Hour, func(*Request) {})
	w.asked = nil
	w.run(t, 24*time.Hour, w.done(t))
	for at := range w.missing {
		if w.now.Sub(at) < historyBack-time.Hour {
			t.Fatalf("%v is not fetched when the line holds: %d requests", at, len(w.asked))
		}
	}
}

// While nobody knows what is missing nothing is asked, and nothing of what was asked counts as come.
func TestGapsThatNobodyKnows(t *testing.T) {
	hour := func() ([]Gap, bool) {
		return []Gap{{telemetry.Hour, noon.Add(-10 * time.Hour), noon.Add(-9 * time.Hour)}}, true
	}
	st := station(hj212.V2017)
	s := told(t, st, 0, time.Minute)
	now := noon
	for range blockTries {
		if f, _ := s.Due(st, "p", DefaultSettings, nil, now); f != nil {
			t.Error("it is asked for what nobody looked at")
		}
		f, _ := s.Due(st, "p", DefaultSettings, hour, now) // at the same time: it was not looked at
		if f == nil {
			t.Fatal("it is not asked")
		}
		s.Heard(st, read(t, "QN="+f.QN+";ST=91;CN=9012;PW=p;MN=M1;Flag=4;CP=&&ExeRtn=1&&"), now)
		if f, _ := s.Due(st, "p", DefaultSettings, func() ([]Gap, bool) { return nil, false }, now); f != nil {
			t.Error("it is asked for what nobody knows")
		}
		now = now.Add(24 * time.Hour / blockTries)
	}
	if f, _ := s.Due(st, "p", DefaultSettings, hour, now); f != nil {
		t.Error("what is not known to be missing counts as come")
	}
}
