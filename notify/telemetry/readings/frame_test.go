package readings

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

const mn = "010000A8900016F000169DC0"

func at(text string) time.Time {
	v, err := time.ParseInLocation("2006-01-02 15:04:05", text, hj212.Beijing)
	if err != nil {
		panic(err)
	}
	return v
}

// stack is a station with two outlets, of which the first has reference oxygen.
func stack() *telemetry.Station {
	o2 := 6.0
	return &telemetry.Station{MN: mn, ST: "31", Version: hj212.V2017, MinuteMin: 10, SampleS: 30,
		Outlets: []telemetry.Outlet{
			{Name: "1号", O2: &o2, Factors: []telemetry.Factor{{Code: "a21026"}, {Code: "a21002", Unit: "ug/m3"},
				{Code: "a19001"},
				{Code: "a00000", Unit: "m3/h"}, {Code: "a01013", Unit: "Pa"}, {Code: "a21001", Unit: "ng/m3"}}},
			{Name: "2号", Factors: []telemetry.Factor{{Code: "a34013"}, {Code: "a01901"}, {Code: "g20301", Unit: "t/h"},
				{Code: "a21024", Unit: "t"}}}}}
}

// frame is a frame of CP as it is written, decoded as a station's stream is.
func frame(cn, cp string, version hj212.Version) *hj212.Frame {
	data := fmt.Sprintf("QN=20260301080501001;ST=31;CN=%s;PW=123456;MN=%s;Flag=%d;CP=&&%s&&", cn, mn,
		hj212.FlagOf(version, true, false), cp)
	d := hj212.NewDecoder(strings.NewReader(fmt.Sprintf("##%04d%s%04X\r\n", len(data), data, hj212.CRC([]byte(data)))),
		hj212.Options{Version: version})
	f := &hj212.Frame{}
	if err := d.Next(f); err != nil || f.Fault != nil {
		panic(fmt.Sprint(err, f.Fault))
	}
	return f.Clone()
}

// shown is a reading in a line: factor step time[/span] flag values.
func shown(r telemetry.Reading) string {
	_, factor := r.Point.Split()
	text := factor + " " + [...]string{"", "moment", "minute", "hour", "day"}[r.Step] + " " +
		r.At.In(hj212.Beijing).Format("01-02 15:04:05")
	if r.Span > 0 {
		text += fmt.Sprint("/", r.Span)
	}
	if r.Flag != 0 {
		text += " " + string(rune(r.Flag))
	}
	if r.Resent {
		text += " resent"
	}
	for k, name := range []string{"avg", "min", "max", "total", "zsavg", "zsmin", "zsmax", "zstotal"} {
		if x, has := r.Values.Get(telemetry.Kind(k)); has {
			text += fmt.Sprintf(" %s=%v", name, x)
		}
	}
	if r.Part > 0 {
		text += fmt.Sprintf(" +%dms", r.Part-1)
	}
	return text
}

func TestWhatAFrameSays(t *testing.T) {
	received := at("2026-03-01 08:05:02")
	for _, c := range []struct {
		name, cn, cp string
		readings     string // a line each
		notes        string // names in order
	}{
		{"samples", "2011", "DataTime=20260301080500;a21026-Rtd=35.2,a21026-Flag=N;a34013-Rtd=4,a34013-Flag=M",
			"a21026 moment 03-01 08:05:00 N avg=35.2\na34013 moment 03-01 08:05:00 M avg=4", ""},
		{"a sample has its own time", "2011",
			"DataTime=20260301080500;a21026-SampleTime=20260301080300,a21026-Rtd=35.2,a21026-Flag=N",
			"a21026 moment 03-01 08:03:00 N avg=35.2", ""},
		{"minutes of the registered interval", "2051",
			"DataTime=20260301075000;a21026-Min=30,a21026-Avg=35.2,a21026-Max=40,a21026-Cou=0.6,a21026-Flag=N",
			"a21026 minute 03-01 07:50:00/10 N avg=35.2 min=30 max=40 total=0.6", ""},
		{"a minute labelled within its interval", "2051", "DataTime=20260301075300;a34013-Avg=4,a34013-Flag=N",
			"a34013 minute 03-01 07:50:00/10 N avg=4", "label"},
		{"an hour", "2061", "DataTime=20260301070000;" +
			"a34013-Avg=4,a34013-ZsAvg=5,a34013-ZsMin=3,a34013-ZsMax=7,a34013-ZsCou=2,a34013-Flag=N",
			"a34013 hour 03-01 07:00:00 N avg=4 zsavg=5 zsmin=3 zsmax=7 zstotal=2", ""},
		{"an hour labelled 07:03", "2061", "DataTime=20260301070300;a34013-Avg=4,a34013-Flag=N",
			"a34013 hour 03-01 07:00:00 N avg=4", "label"},
		{"an hour labelled by its end", "2061", "DataTime=20260301080000;a34013-Avg=4,a34013-Flag=N",
			"a34013 hour 03-01 08:00:00 N avg=4", "not_over"},
		{"a day", "2031", "DataTime=20260228000000;a34013-Avg=4,a34013-Cou=30",
			"a34013 day 02-28 00:00:00 avg=4 total=30", ""},
		{"furnace temperature in five minutes", "2111", "DataTime=20260301080000;a01901-Avg=861.5,a01901-Flag=N",
			"a01901 minute 03-01 08:00:00/5 N avg=861.5", ""},
		{"states", "2021", "DataTime=20260301080500;SB1-RS=1;SB2-RS=0;SB3-RS=6;SB4-RS=1.5",
			"SB1 moment 03-01 08:05:00 avg=1\nSB2 moment 03-01 08:05:00 avg=0", "no_state"},
		{"run times", "2041", "DataTime=20260228000000;SB1-RT=23.5;SB2-RT=25",
			"SB1-RT day 02-28 00:00:00 total=23.5", "no_number"},
		{"units by the register", "2061", "DataTime=20260301070000;a21002-Avg=48000,a21002-Flag=N;" +
			"a00000-Avg=360000,a00000-Cou=360000;a01013-Avg=-99,a01013-Flag=N",
			"a21002 hour 03-01 07:00:00 N avg=48\na00000 hour 03-01 07:00:00 avg=100 total=360000\n" +
				"a01013 hour 03-01 07:00:00 N avg=-0.099", ""},
		{"ammonia as the table prints it", "2061",
			"DataTime=20260301070000;a21001-Avg=2500000,a21001-Cou=900,a21001-Flag=N",
			"a21001 hour 03-01 07:00:00 N avg=2.5 total=0.9", ""},
		{"a unit that is not the factor's", "2061", "DataTime=20260301070000;a21024-Avg=4,a21024-Flag=N",
			"a21024 hour 03-01 07:00:00 D", "unit_other"},
		{"what only the register gives a unit", "2011", "DataTime=20260301080500;g20301-Rtd=23.4,g20301-Flag=N",
			"g20301 moment 03-01 08:05:00 N avg=23.4", ""},
		{"a factor that is not registered", "2011", "DataTime=20260301080500;a24088-Rtd=3;X_1-Rtd=4",
			"a24088 moment 03-01 08:05:00 avg=3\nX_1 moment 03-01 08:05:00 avg=4", "unregistered"},
		{"values that are none", "2011", "DataTime=20260301080500;a21026-Rtd=-00999,a21026-Flag=N;" +
			"a34013-Rtd=999.99,a34013-Flag=N;a01901-Rtd=-9999,a01901-Flag=F;a19001-Rtd=-99",
			"a21026 moment 03-01 08:05:00 D\na34013 moment 03-01 08:05:00 D\na01901 moment 03-01 08:05:00 F\n" +
				"a19001 moment 03-01 08:05:00 D", "no_value"},
		{"an amount may be as large", "2061", "DataTime=20260301070000;a00000-Avg=99999,a00000-Cou=99999",
			"a00000 hour 03-01 07:00:00 total=99999", "no_value"},
		{"no numbers", "2011", "DataTime=20260301080500;a21026-Rtd=NaN,a21026-Flag=N;a34013-Rtd=1e308;" +
			"a01901-Rtd=,a01901-Flag=B",
			"a21026 moment 03-01 08:05:00 D\na34013 moment 03-01 08:05:00 D\na01901 moment 03-01 08:05:00 B",
			"no_number"},
		{"a flag says why there is none", "2061", "DataTime=20260301070000;a21026-Flag=F;a34013-Flag=x",
			"a21026 hour 03-01 07:00:00 F\na34013 hour 03-01 07:00:00 D", "flag_other"},
		{"the first of two counts", "2011", "DataTime=20260301080500;a34013-Rtd=1,a34013-Flag=N;" +
			"a34013-Rtd=2,a34013-Flag=N",
			"a34013 moment 03-01 08:05:00 N avg=1", "again"},
		{"a kind that the command has not", "2051", "DataTime=20260301075000;a34013-Rtd=1,a34013-Flag=N",
			"a34013 minute 03-01 07:50:00/10 D", "kind"},
		{"a code that is none", "2011", "DataTime=20260301080500;a.b-Rtd=1;-Rtd=2;烟 尘-Rtd=3", "", "code_form"},
		{"no time", "2011", "a34013-Rtd=1", "", "no_time"},
		{"1970", "2011", "DataTime=19700101000000;a34013-Rtd=1", "", "time_old"},
		{"2099", "2061", "DataTime=20990101000000;a34013-Avg=1", "", "time_ahead"},
		{"ten minutes ahead", "2011", "DataTime=20260301081502;a34013-Rtd=1", "a34013 moment 03-01 08:15:02 avg=1", ""},
		{"more than ten", "2011", "DataTime=20260301081503;a34013-Rtd=1", "", "time_ahead"},
		{"converted to 6 per cent", "2061", "DataTime=20260301070000;a21026-Avg=30,a21026-Flag=N;" +
			"a19001-Avg=9,a19001-Flag=N;a34013-Avg=4",
			"a21026 hour 03-01 07:00:00 N avg=30 zsavg=37.5\na19001 hour 03-01 07:00:00 N avg=9\n" +
				"a34013 hour 03-01 07:00:00 avg=4", ""},
		{"the device's own stands", "2061", "DataTime=20260301070000;a21026-Avg=30,a21026-ZsAvg=31,a21026-Flag=N;" +
			"a19001-Avg=9",
			"a21026 hour 03-01 07:00:00 N avg=30 zsavg=31\na19001 hour 03-01 07:00:00 avg=9", ""},
		{"air converts to nothing", "2061", "DataTime=20260301070000;a21026-Avg=0.2,a21026-Flag=N;a19001-Avg=20.9",
			"a21026 hour 03-01 07:00:00 N avg=0.2\na19001 hour 03-01 07:00:00 avg=20.9", "oxygen_high"},
		{"oxygen that does not count", "2061", "DataTime=20260301070000;a21026-Avg=30;a19001-Avg=9,a19001-Flag=C",
			"a21026 hour 03-01 07:00:00 avg=30\na19001 hour 03-01 07:00:00 C avg=9", ""},
		{"below zero", "2011", "DataTime=20260301080500;a34013-Rtd=-0.3,a34013-Flag=N;a01901-Rtd=-5",
			"a34013 moment 03-01 08:05:00 N avg=-0.3\na01901 moment 03-01 08:05:00 avg=-5", "negative"},
		{"a command without data", "2081", "DataTime=20260301080500;RestartTime=20260301070000", "", ""},
		{"a request", "2061", "BeginTime=20260301000000,EndTime=20260301080000", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			rs, notes := Of(stack(), frame(c.cn, c.cp, hj212.V2017), received, Options{})
			var lines, names []string
			for _, r := range rs {
				lines = append(lines, shown(r))
				if !strings.HasPrefix(string(r.Point), mn+".") {
					t.Errorf("point is %s", r.Point)
				}
			}
			for _, n := range notes {
				names = append(names, string(n.Name))
				for _, lang := range []string{"zh-CN", "en"} {
					if m := n.Message(lang); m == "readings."+string(n.Name) || strings.Contains(m, "{") {
						t.Errorf("%s says %q", n.Name, m)
					}
				}
			}
			if got := strings.Join(lines, "\n"); got != c.readings {
				t.Errorf("readings:\n%s\nwant:\n%s", got, c.readings)
			}
			if got := strings.Join(names, " "); got != c.notes {
				t.Errorf("notes %q, want %q", got, c.notes)
			}
		})
	}
}

func TestConcentrationsBelowZero(t *testing.T) {
	f := frame("2011", "DataTime=20260301080500;a34013-Rtd=-0.3,a34013-Flag=N", hj212.V2017)
	for below, want := range map[Below]string{Keep: "a34013 moment 03-01 08:05:00 N avg=-0.3",
		Zero: "a34013 moment 03-01 08:05:00 N avg=0", None: "a34013 moment 03-01 08:05:00 D"} {
		rs, notes := Of(stack(), f, at("2026-03-01 08:05:02"), Options{Negative: below})
		if len(rs) != 1 || shown(rs[0]) != want || len(notes) != 1 || notes[0].Name != Negative {
			t.Errorf("%s: %v, %v", below, rs, notes)
		}
	}
}

func TestOldFlagsAndCodes(t *testing.T) {
	f := frame("2061", "DataTime=20260301070000;02-Avg=30,02-Flag=P;01-Avg=4,01-Flag=3;B02-Avg=5,B02-Flag=0;"+
		"S03-Avg=50,S03-Flag=2", hj212.V2005)
	rs, _ := Of(stack(), f, at("2026-03-01 08:05:02"), Options{})
	var got []string
	for _, r := range rs {
		_, code := r.Point.Split()
		got = append(got, code+string(rune(r.Flag)))
	}
	if want := []string{"a21026D", "a34013N", "a00000C", "a01012D"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestResentAndOtherStations(t *testing.T) {
	f := frame("2061", "DataTime=20260301070000;a34013-Avg=4", hj212.V2017)
	f.Resent, f.ST = true, "22"
	rs, notes := Of(stack(), f, at("2026-03-01 08:05:02"), Options{})
	if len(rs) != 1 || !rs[0].Resent || len(notes) != 1 || notes[0].Name != OtherStation {
		t.Errorf("%v, %v", rs, notes)
	}
}

// A sample of a station of power stands for its interval, and for a quarter of an hour at most.
func TestSamplesThatAreAllThereIs(t *testing.T) {
	for seconds, span := range map[int]int{0: 1, 30: 1, 60: 1, 61: 2, 300: 5, 900: 15, 3600: 15} {
		st := &telemetry.Station{MN: mn, ST: "44", SampleS: seconds}
		f := frame("2011", "DataTime=20260301080500;P01-Rtd=412.5", hj212.V2017)
		f.ST = "44"
		rs, _ := Of(st, f, at("2026-03-01 08:05:02"), Options{})
		if len(rs) != 1 || rs[0].Span != span || rs[0].Step != telemetry.Moment {
			t.Errorf("%d s: %v, want span %d", seconds, rs, span)
		}
	}
}

func TestAFrameWithMoreFactorsThanAnyHas(t *testing.T) {
	f := hj212.NewFrame(hj212.Head{ST: "31", CN: "2011", MN: mn})
	f.DataTime = at("2026-03-01 08:05:00")
	for i := range 3 * maxFactors {
		f.Items = append(f.Items, hj212.NewItem(fmt.Sprintf("x%d-Rtd", i%(2*maxFactors)), "1"))
	}
	rs, notes := Of(stack(), f, at("2026-03-01 08:05:02"), Options{})
	if len(rs) != maxFactors || !slices.ContainsFunc(notes, func(n Note) bool {
		return n.Name == TooMany &&
			n.Count == maxFactors
	}) {
		t.Errorf("%d readings, notes %v", len(rs), notes)
	}
}

// Every frame of public reports that carries data gives readings whose points and numbers stand in it.
func TestFramesOfOthers(t *testing.T) {
	data, err := os.ReadFile("../../../../shared/data/hj212/vectors.jsonl")
	if err != nil {
		t.Skip("../shared/data is not there")
	}
	d := hj212.NewDecoder(strings.NewReader(packets(t, data)), hj212.Options{})
	total := 0
	for f := (hj212.Frame{}); d.Next(&f) == nil; {
		if f.Fault != nil {
			continue
		}
		st := &telemetry.Station{MN: f.MN, ST: f.ST, MinuteMin: 1}
		rs, _ := Of(st, &f, f.DataTime.Add(25*time.Hour), Options{})
		for _, r := range rs {
			_, code := r.Point.Split()
			x, has := r.Values.Get(telemetry.Avg)
			if has && !slices.ContainsFunc(f.Items, func(it hj212.Item) bool {
				return it.Code == code &&
					it.Number == x
			}) {
				t.Errorf("%s has no %s of %v", f.Raw, code, x)
			}
		}
		total += len(rs)
	}
	if total < 160 { // two items, a value and its flag, are a reading
		t.Errorf("only %d readings", total)
	}
}

// The same message gives the same readings, whatever the order of its groups.
func FuzzOf(f *testing.F) {
	f.Add("2011", "DataTime=20260301080500;a21026-Rtd=35.2,a21026-Flag=N")
	f.Add("2051", "DataTime=20260301080500;a21026-Avg=-999,a21026-Cou=3;a19001-Avg=21;SB1-RS=9")
	f.Add("2041", "DataTime=20260301080500;SB1-RT=3,SB1-RT=4;-RT=;PolId=a;PolId=b")
	received := at("2026-03-01 08:05:02")
	f.Fuzz(func(t *testing.T, cn, cp string) {
		fr := hj212.NewFrame(hj212.Head{ST: "31", CN: cn, MN: mn})
		fr.DataTime = at("2026-03-01 07:00:00")
		for _, text := range strings.FieldsFunc(cp, func(r rune) bool { return r == ',' || r == ';' }) {
			key, value, _ := strings.Cut(text, "=")
			fr.Items = append(fr.Items, hj212.NewItem(key, value))
		}
		st := stack()
		rs, notes := Of(st, fr, received, Options{})
		if !reflect.DeepEqual(st, stack()) {
			t.Fatal("the register is another")
		}
		if len(rs) > len(fr.Items) || len(notes) > 20 {
			t.Fatalf("%d readings and %d notes of %d items", len(rs), len(notes), len(fr.Items))
		}
		for _, r := range rs {
			if r.At.After(received.Add(Defaults.Ahead)) || r.Values.Has == 0 && r.Flag == 0 || r.Step == 0 {
				t.Fatalf("%+v", r)
			}
		}
	})
}

func BenchmarkOf(b *testing.B) {
	st := stack()
	f := frame("2061", "DataTime=20260301070000;a21026-Avg=30,a21026-Min=1,a21026-Max=40,a21026-Cou=10.8,a21026-Flag=N;"+
		"a21002-Avg=48000,a21002-Min=40000,a21002-Max=50000,a21002-Cou=17,a21002-Flag=N;a34013-Avg=4,a34013-Flag=N;"+
		"a19001-Avg=9,a19001-Flag=N;a00000-Avg=360000,a00000-Cou=360000,a00000-Flag=N", hj212.V2017)
	received := at("2026-03-01 08:05:02")
	b.ReportAllocs()
	for b.Loop() {
		Of(st, f, received, Options{})
	}
}
