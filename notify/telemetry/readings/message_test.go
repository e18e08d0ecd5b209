package readings

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
)

// meter is a station that sends messages; it names one factor where it has a unit.
func meter(ref, code, unit string) *telemetry.Station {
	st := &telemetry.Station{MN: ref}
	if code != "" {
		st.Outlets = []telemetry.Outlet{{Factors: []telemetry.Factor{{Code: code, Unit: unit}}}}
	}
	return st
}

// wrongPlaces are those of a refusal, path and rule.
func wrongPlaces(err error) string {
	var e *refusal.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	var out []string
	for _, f := range e.Fields {
		out = append(out, f.Path+" "+f.Rule)
	}
	if len(out) == 0 {
		return e.Rule
	}
	return strings.Join(out, "; ")
}

// body is a message in which @08:15 stands for that time of a day.
func body(text string) []byte {
	return regexp.MustCompile(`@(\d\d:\d\d)`).ReplaceAll([]byte(text), []byte(`"2026-03-01T$1:00+08:00"`))
}

func TestWhatAMessageSays(t *testing.T) {
	received := at("2026-03-01 09:00:05")
	const stack = `"point":"` + mn + `.a21026"`
	hj := meter(mn, "a21026", "")
	for _, c := range []struct {
		name, body string
		st         *telemetry.Station
		want       string
		notes      string
	}{
		{"as the contract has it", `{` + stack + `,"unit":"mg/m3","readings":[{"at":@08:00,"value":35.2,"flag":"N"}]}`,
			hj, "a21026 minute 03-01 08:00:00/1 N avg=35.2", ""},
		{"in another unit and zone", `{` + stack + `,"unit":"µg/m³","step":"1h",` +
			`"readings":[{"at":"2026-03-01T00:00:00Z","value":35200}]}`,
			hj, "a21026 hour 03-01 08:00:00 avg=35.2", ""},
		{"in its usual unit", `{` + stack + `,"step":"1h","readings":[{"at":"2026-03-01 08:00","value":-0.1,` +
			`"flag":"N"}]}`,
			hj, "a21026 hour 03-01 08:00:00 N avg=-0.1", "negative"},
		{"no value, and why", `{` + stack + `,"step":"1h","readings":[{"at":@08:00,"flag":"F"},{"at":@07:00,` +
			`"value":-999,"flag":"N"}]}`,
			hj, "a21026 hour 03-01 08:00:00 F\na21026 hour 03-01 07:00:00 D", "no_value"},
		{"mean power of a quarter", `{"point":"XQ-E0001-1","unit":"MW","step":"1m","span_min":15,` +
			`"readings":[{"at":@08:15,"value":0.1,"flag":"N"}]}`,
			meter("XQ-E0001-1", "", ""), " minute 03-01 08:15:00/15 N avg=100 total=25", "unit_taken"},
		{"energy of a quarter at a point in kW",
			`{"point":"XQ-E0001-1","unit":"kWh","step":"1m","span_min":15,"readings":[{"at":@08:15,"value":25}]}`,
			meter("XQ-E0001-1", "P", "kW"), " minute 03-01 08:15:00/15 avg=100 total=25", ""},
		{"mean power at a point in kWh", `{"point":"XQ-E0001-1","unit":"kW","step":"1h","readings":[{"at":@08:00,` +
			`"value":100}]}`,
			meter("XQ-E0001-1", "P", "kWh"), " hour 03-01 08:00:00 total=100", ""},
		{"energy where nothing is registered",
			`{"point":"XQ-E0001-1","unit":"MWh","step":"1d","readings":[{"at":"2026-02-28T00:00:00+08:00",` +
				`"value":2.4}]}`,
			meter("XQ-E0001-1", "", ""), " day 02-28 00:00:00 total=2400", "unit_taken"},
		{"a feeder", `{"point":"` + mn + `.g20301","unit":"kg/h","step":"1h","readings":[{"at":@08:00,"value":23400}]}`,
			meter(mn, "g20301", "t/h"), "g20301 hour 03-01 08:00:00 avg=23.4 total=23.4", ""},
		{"a feeder that is judged in kg/h", `{"point":"DCS-E0002-氢氧化钙","unit":"t/h","step":"1h",` +
			`"readings":[{"at":@08:00,"value":0.95}]}`,
			meter("DCS-E0002-氢氧化钙", "氢氧化钙", "kg/h"), " hour 03-01 08:00:00 avg=0.95 total=0.95", ""},
		{"weighings of a minute are told apart", `{"point":"CZ-E0002-2","unit":"kg",` +
			`"readings":[{"at":"2026-03-01T08:03:10+08:00","value":31200},{"at":"2026-03-01T08:03:50+08:00",` +
			`"value":1000},{"at":@08:09,"value":5000}]}`,
			meter("CZ-E0002-2", "", ""), " minute 03-01 08:03:00/1 total=31.2 +10000ms\n minute 03-01 08:03:00/1 total=1 +50000ms\n" +
				" minute 03-01 08:09:00/1 total=5 +0ms", "unit_taken"},
		{"two weighings of a second, in the registered unit, and a flag beside them", `{"point":"CZ-E0002-2",` +
			`"readings":[{"at":@08:03,"value":31200},{"at":@08:03,"value":31200},{"at":"2026-03-01T08:03:50+08:00","flag":"D"},` +
			`{"at":@08:04,"flag":"D"}]}`,
			meter("CZ-E0002-2", "W", "kg"), " minute 03-01 08:03:00/1 total=62.4 +0ms\n minute 03-01 08:04:00/1 D", ""},
		{"many weighings of a minute", `{"point":"CZ-E0002-2","unit":"t","readings":[` +
			strings.Repeat(`{"at":"2026-03-01T08:03:10+08:00","value":1},`, maxApart) + `{"at":@08:03,"value":1}]}`,
			meter("CZ-E0002-2", "W", "kg"), " minute 03-01 08:03:00/1 total=21 +0ms", ""},
		{"a control system", `{"point":"DCS-E0101-1","unit":"Hz","readings":[{"at":"2026-03-01T08:03:10+08:00",` +
			`"value":45}]}`,
			meter("DCS-E0101-1", "", ""), " minute 03-01 08:03:00/1 avg=45", "unit_taken"},
		{"a word for a unit", `{"point":"SG-1","unit":"台班","step":"1d","readings":[{"at":"2026-02-28T00:00:00+08:00",` +
			`"value":3}]}`,
			meter("SG-1", "", ""), " day 02-28 00:00:00 avg=3", "unit_taken"},
		{"a gate counts", `{"point":"MJ-E0001-1","unit":"辆次","step":"1h","passes":[{"at":"2026-03-01T08:03:10+08:00",` +
			`"plate":"津A·12345","standard":"国Ⅴ","fuel":"柴油"},{"at":"2026-03-01T08:03:50+08:00","plate":"无牌"},` +
			`{"at":@08:05}]}`,
			meter("MJ-E0001-1", "", ""), " minute 03-01 08:03:00/1 total=1 +10000ms\n minute 03-01 08:03:00/1 total=1 +50000ms\n" +
				" minute 03-01 08:05:00/1 total=1 +0ms", ""},
		{"an hour that is not over", `{` + stack + `,"step":"1h","readings":[{"at":@09:00,"value":1}]}`,
			hj, "a21026 hour 03-01 09:00:00 avg=1", "not_over"},
		{"a factor that is not registered", `{"point":"` + mn + `.a21002","step":"1h","readings":[{"at":@08:00,` +
			`"value":1}]}`,
			hj, "a21002 hour 03-01 08:00:00 avg=1", "unregistered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := ParseMessage(body(c.body))
			if err != nil {
				t.Fatal(err)
			}
			rs, notes, err := m.Readings(c.st, received, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var lines, names []string
			for _, r := range rs {
				lines = append(lines, shown(r))
			}
			for _, n := range notes {
				names = append(names, string(n.Name))
			}
			if got := strings.Join(lines, "\n"); got != c.want {
				t.Errorf("%s\nwant\n%s", got, c.want)
			}
			if got := strings.Join(names, " "); got != c.notes {
				t.Errorf("notes %q, want %q", got, c.notes)
			}
			written, err := m.Body()
			again, err2 := ParseMessage(written)
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			second, _, _ := again.Readings(c.st, received, Options{})
			if !slices.EqualFunc(rs, second, func(a, b telemetry.Reading) bool { return shown(a) == shown(b) }) {
				t.Errorf("%s says %v", written, second)
			}
		})
	}
}

func TestMessagesThatAreRefused(t *testing.T) {
	many := strings.Repeat(`{"at":@08:00,"value":1},`, MaxSent) + `{"at":@08:00,"value":1}`
	for _, c := range []struct{ name, body, want string }{
		{"no JSON", `readings`, "input.not_json"},
		{"a member that is not known", `{"point":"X","value":1}`, "value input.unknown_field"},
		{"the wrong type", `{"point":"X","readings":[{"at":@08:00,"value":"35"}]}`,
			"readings[0].value input.wrong_type"},
		{"NaN", `{"point":"X","readings":[{"at":@08:00,"value":NaN}]}`, "input.not_json"},
		{"1e308", `{"point":"X","readings":[{"at":@08:00,"value":1e308}]}`, "readings[0].value readings.beyond"},
		{"nothing", `{}`, "point input.required; readings readings.nothing"},
		{"a subject", `{"point":"a.>","readings":[{"at":@08:00,"value":1}]}`, "point readings.point"},
		{"two dots", `{"point":"a.b.c","readings":[{"at":@08:00,"value":1}]}`, "point readings.point"},
		{"a step", `{"point":"X","step":"15m","readings":[{"at":@08:00,"value":1}]}`, "step readings.step"},
		{"a span of an hour", `{"point":"X","step":"1h","span_min":15,"readings":[{"at":@08:00,"value":1}]}`,
			"span_min readings.span_alone"},
		{"a long span", `{"point":"X","span_min":90,"readings":[{"at":@08:00,"value":1}]}`, "span_min readings.span"},
		{"a time within an hour", `{"point":"X","step":"1h","readings":[{"at":@08:03,"value":1}]}`,
			"readings[0].at readings.not_start"},
		{"a time within a quarter", `{"point":"X","step":"1m","span_min":15,"readings":[{"at":@08:10,"value":1}]}`,
			"readings[0].at readings.not_start"},
		{"a day of Greenwich", `{"point":"X","step":"1d","readings":[{"at":"2026-03-01T00:00:00Z","value":1}]}`,
			"readings[0].at readings.not_start"},
		{"no time", `{"point":"X","readings":[{"value":1}]}`, "readings[0].at input.required"},
		{"a day for a time", `{"point":"X","readings":[{"at":"2026-03-01","value":1}]}`, "readings[0].at input.time"},
		{"no value", `{"point":"X","readings":[{"at":@08:00},{"at":@08:01,"value":null,"flag":"N"}]}`,
			"readings[0].value readings.value_missing; readings[1].value readings.value_missing"},
		{"a flag", `{"point":"X","readings":[{"at":@08:00,"value":1,"flag":"n"}]}`, "readings[0].flag readings.flag"},
		{"twice", `{"point":"X","unit":"kW","readings":[{"at":@08:00,"value":1},{"at":"2026-03-01T08:00:30+08:00",` +
			`"value":1}]}`,
			"readings[1].at readings.twice"},
		{"a plate", `{"point":"MJ","passes":[{"at":@08:00,"plate":"津A 12"},{"at":@08:00,"plate":"x"}]}`,
			"passes[0].plate readings.plate"},
		{"a standard", `{"point":"MJ","passes":[{"at":@08:00,"standard":"国七"}]}`,
			"passes[0].standard readings.standard"},
		{"a pass without a time", `{"point":"MJ","passes":[{"standard":"国六","fuel":"` + strings.Repeat("油",
			21) + `"}]}`,
			"passes[0].at input.required; passes[0].fuel readings.fuel"},
		{"too many", `{"point":"X","readings":[` + many + `]}`, "readings readings.many"},
		{"too large", `{"point":"` + strings.Repeat("X", MaxMessage) + `"}`, "readings.too_large"},
	} {
		m, err := ParseMessage(body(c.body))
		if got := wrongPlaces(err); got != c.want && !(c.want == "readings.many" && strings.Contains(got, c.want)) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if m.Point != "" || m.Sent != nil {
			t.Errorf("%s: %+v comes with the refusal", c.name, m.Point)
		}
		if err != nil && strings.Contains(err.Error(), "津A12") {
			t.Errorf("%s: the plate stands in %q", c.name, err)
		}
	}
}

func TestMessagesThatTheirStationOrTimeRefuses(t *testing.T) {
	for _, c := range []struct {
		name, unit, step, at string
		st                   *telemetry.Station
		want                 string
	}{
		{"no unit", "", "", "2026-03-01T08:00:00+08:00", meter("X", "", ""), "unit readings.unit_missing"},
		{"another quantity", "℃", "", "2026-03-01T08:00:00+08:00", meter("X", "P", "kW"), "unit readings.unit_cannot"},
		{"another word", "班", "", "2026-03-01T08:00:00+08:00", meter("X", "P", "台班"), "unit readings.unit_cannot"},
		{"2099", "kW", "", "2099-01-01T00:00:00+08:00", meter("X", "", ""), "readings[0].at readings.ahead"},
		{"1970", "kW", "", "1970-01-01T00:00:00+08:00", meter("X", "", ""), "readings[0].at readings.old"},
	} {
		m, err := ParseMessage(fmt.Appendf(nil, `{"point":"X","unit":%q,"step":%q,"readings":[{"at":%q,"value":1}]}`,
			c.unit, c.step, c.at))
		if err != nil {
			t.Fatal(err)
		}
		rs, notes, err := m.Readings(c.st, at("2026-03-01 09:00:05"), Options{})
		if got := wrongPlaces(err); got != c.want || rs != nil || notes != nil {
			t.Errorf("%s: %s, %v, want %s", c.name, got, rs, c.want)
		}
	}
	m, _ := ParseMessage([]byte(`{"point":"MJ","passes":[{"at":"2099-01-01T00:00:00+08:00"}]}`))
	if _, _, err := m.Readings(meter("MJ", "", ""), at("2026-03-01 09:00:05"),
		Options{}); wrongPlaces(err) != "passes[0].at readings.ahead" {
		t.Error(err)
	}
}

func TestStandardsOfVehicles(t *testing.T) {
	for text, want := range map[string]string{"国五": "国五", "国Ⅴ": "国五", "国V": "国五", "国5": "国五", "国 六 b": "国六",
		"国ⅥA":      "国六",
		"China VI": "国六", "国四阶段": "国四", "第三阶段": "国三", "GB4": "国四", "国0": "国零", "国家五标准": "国五", "新能源": "新能源",
		"纯电动": "新能源",
		"未知":  "", "": "", "-": ""} {
		s, ok := ParseStandard(text)
		if !ok || s.String() != want {
			t.Errorf("%q is %q (%v), want %q", text, s, ok, want)
		}
	}
	for _, text := range []string{"国七", "五", "欧五", "国", "国五国六", strings.Repeat("国", 30)} {
		if s, ok := ParseStandard(text); ok {
			t.Errorf("%q is %q", text, s)
		}
	}
	order := []Standard{National0, National1, National2, National3, National4, National5, National6, Electric}
	for i, s := range order {
		for j, least := range order {
			if below, known := s.Below(least); below != (i < j) || !known {
				t.Errorf("%s below %s: %v, %v", s, least, below, known)
			}
		}
	}
	if below, known := NotKnown.Below(National5); below || known {
		t.Error("what is not known is below")
	}
}

func TestPlatesAreMasked(t *testing.T) {
	var p Plate
	if err := p.UnmarshalText([]byte("津a·ｄ12345")); err != nil || string(p) != "津AD12345" {
		t.Fatalf("%s, %v", string(p), err)
	}
	pass := Pass{Gate: "MJ-E0001-1", At: eight, Plate: p, Standard: National4, Fuel: "柴油"}
	var log strings.Builder
	for _, h := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		l := slog.New(h)
		l.Info("pass", "pass", pass, "plate", p, "message", Message{Passes: []Pass{pass}})
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		fmt.Fprintf(&log, verb, pass)
		fmt.Fprintf(&log, verb, &pass)
		fmt.Fprintf(&log, verb, []Pass{pass})
	}
	if strings.Contains(log.String(), "D1234") || !strings.Contains(log.String(), "津A*****5") {
		t.Error(log.String())
	}
	for plate, want := range map[Plate]string{"津A12345": "津A****5", "": "", "津A12": "****", "津A123": "津A**3"} {
		if plate.String() != want {
			t.Errorf("%q is shown as %s", string(plate), plate)
		}
	}
}

// A rate and the amount of its period say the same, whichever was sent.
func TestRatesAndAmountsSayTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kw := float64(rapid.IntRange(0, 10_000_000).Draw(t, "W")) / 1000
		span := rapid.SampledFrom([]int{1, 5, 15, 30, 60}).Draw(t, "span")
		unit := rapid.SampledFrom([]string{"kW", "kWh", "MW", ""}).Draw(t, "registered")
		st := meter("X", "P", unit)
		say := func(x float64, unit string) telemetry.Values {
			m := Message{Point: "X", Unit: unit, Step: "1m", SpanMin: span, Sent: []Sent{{At: eight, Value: &x}}}
			rs, _, err := m.Readings(st, eight.Add(time.Hour), Options{})
			if err != nil {
				t.Fatal(err)
			}
			return rs[0].Values
		}
		a, b := say(kw, "kW"), say(kw*float64(span)/60, "kWh")
		for k := telemetry.Avg; k <= telemetry.Total; k++ {
			x, has := a.Get(k)
			y, also := b.Get(k)
			if unit != "" && has != also || has && also && (x-y > 1e-6*kw || y-x > 1e-6*kw) {
				t.Fatalf("kind %d: %v kW of %d minutes gives %v and %v", k, kw, span, a, b)
			}
		}
	})
}

// Whatever is taken can be written and is read as the same again, and no reading lies outside of what was allowed.
func FuzzParseMessage(f *testing.F) {
	f.Add([]byte(`{"point":"X.a21026","unit":"mg/m3","step":"1h","readings":[{"at":"2026-03-01T08:00:00+08:00",` +
		`"value":1.5,"flag":"N"}]}`))
	f.Add([]byte(`{"point":"X","unit":"t","readings":[{"at":"2026-03-01T08:00:10+08:00","value":1},` +
		`{"at":"2026-03-01T08:00:20+08:00","value":2}]}`))
	f.Add([]byte(`{"point":"MJ","passes":[{"at":"2026-03-01T08:00:00+08:00","plate":"津A12345","standard":"国五"}]}`))
	received := at("2026-03-01 09:00:05")
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := ParseMessage(body)
		if err != nil {
			var own *refusal.Error
			if !errors.As(err, &own) {
				t.Fatal(err)
			}
			return
		}
		written, err := m.Body()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseMessage(written)
		if err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		for _, st := range []*telemetry.Station{meter("X", "a21026", "mg/m3"), meter("X", "", ""), meter("X", "P",
			"kWh")} {
			rs, _, err := m.Readings(st, received, Options{})
			rs2, _, err2 := again.Readings(st, received, Options{})
			if fmt.Sprint(rs, err) != fmt.Sprint(rs2, err2) {
				t.Fatalf("%s: %v, %v", written, rs, rs2)
			}
			if len(rs) > len(m.Sent)+len(m.Passes) {
				t.Fatalf("%d readings of %d", len(rs), len(m.Sent))
			}
			for _, r := range rs {
				if r.At.After(received.Add(Defaults.Ahead)) || r.Values.Has == 0 && IsValid(r.Flag) {
					t.Fatalf("%+v", r)
				}
			}
		}
	})
}
