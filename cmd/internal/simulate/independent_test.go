package simulate

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// What follows down to the first test is a decoder of its own, after domain.md §5 alone. It shares no code with package
// hj212, and not one of its names.

// plain is a frame as this decoder reads it.
type plain struct {
	fields map[string]string // before CP
	values map[string]string // within CP, by key
	groups [][]string        // the same in groups, as key=value
}

// checksum is the loop that domain.md §5 prints.
func checksum(data []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, b := range data {
		crc = (crc >> 8) ^ uint16(b)
		for range 8 {
			lsb := crc & 1
			crc >>= 1
			if lsb == 1 {
				crc ^= 0xA001
			}
		}
	}
	return crc
}

// readPlain is every good frame of a stream: it tries each ##.
func readPlain(stream []byte) (out []plain) {
	for i := 0; ; {
		next := bytes.Index(stream[i:], []byte("##"))
		if next < 0 {
			return out
		}
		i += next
		p, size, ok := plainAt(stream[i:])
		if !ok {
			i++
			continue
		}
		out = append(out, p)
		i += size
	}
}

func plainAt(b []byte) (p plain, size int, ok bool) {
	if len(b) < 10 {
		return p, 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 10, 16)
	if err != nil || len(b) < 6+int(n)+4 {
		return p, 0, false
	}
	data, sum := b[6:6+n], string(b[6+n:6+n+4])
	if want := fmt.Sprintf("%04X", checksum(data)); want != sum {
		return p, 0, false
	}
	before, cp, found := strings.Cut(string(data), "CP=&&")
	if !found || !strings.HasSuffix(cp, "&&") {
		return p, 0, false
	}
	p.fields, p.values = map[string]string{}, map[string]string{}
	for f := range strings.SplitSeq(strings.TrimSuffix(before, ";"), ";") {
		key, value, _ := strings.Cut(f, "=")
		p.fields[key] = value
	}
	if cp = strings.TrimSuffix(cp, "&&"); cp != "" {
		for g := range strings.SplitSeq(cp, ";") {
			group := strings.Split(g, ",")
			p.groups = append(p.groups, group)
			for _, item := range group {
				key, value, _ := strings.Cut(item, "=")
				p.values[key] = value
			}
		}
	}
	return p, 6 + int(n) + 4, true
}

// whole puts parts together by their number, and drops what came a second time; the first counts.
func whole(frames []plain) (out []plain) {
	type key struct{ mn, cn, qn, time string }
	parts, done := map[key]map[string]plain{}, map[key]bool{}
	for _, f := range frames {
		k := key{f.fields["MN"], f.fields["CN"], f.fields["QN"], f.values["DataTime"]}
		if done[k] {
			continue
		}
		pnum := f.fields["PNUM"]
		if pnum == "" {
			done[k] = true
			out = append(out, f)
			continue
		}
		if parts[k] == nil {
			parts[k] = map[string]plain{}
		}
		parts[k][f.fields["PNO"]] = f
		if n, _ := strconv.Atoi(pnum); len(parts[k]) < n {
			continue
		}
		all := plain{fields: f.fields, values: map[string]string{}}
		for _, p := range parts[k] {
			maps.Copy(all.values, p.values)
		}
		done[k] = true
		out = append(out, all)
	}
	return out
}

// The codes of 2005 that domain.md §5 lists.
var today = map[string]string{"01": "a34013", "02": "a21026", "03": "a21002", "04": "a21005", "08": "a21024",
	"S01": "a19001",
	"S02": "a01011", "S03": "a01012", "B02": "a00000"}

// numbers are the values of factors in a message, as code-kind, and their flags.
func (p plain) numbers(t *testing.T) (values map[string]float64, flags map[string]string) {
	t.Helper()
	values, flags = map[string]float64{}, map[string]string{}
	for key, text := range p.values {
		code, kind, dashed := strings.Cut(key, "-")
		if !dashed || kind == "RS" || kind == "RT" {
			continue
		}
		if now, old := today[code]; old {
			code = now
		}
		if kind == "Flag" {
			flags[code] = text
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Errorf("%s=%s is no number", key, text)
		}
		values[code+"-"+kind] = v
	}
	return values, flags
}

// kindsOf are the names of the values of a reading in a message (domain.md §5).
func kindsOf(cn string) map[telemetry.Kind]string {
	if cn == "2011" {
		return map[telemetry.Kind]string{telemetry.Avg: "Rtd", telemetry.ZsAvg: "ZsRtd"}
	}
	return map[telemetry.Kind]string{telemetry.Avg: "Avg", telemetry.Min: "Min", telemetry.Max: "Max",
		telemetry.Total: "Cou",
		telemetry.ZsAvg: "ZsAvg", telemetry.ZsMin: "ZsMin", telemetry.ZsMax: "ZsMax", telemetry.ZsTotal: "ZsCou"}
}

var start = time.Date(2026, 1, 5, 22, 50, 0, 0, hj212.Beijing) // a Monday, before midnight

func station(t testing.TB, c Config) *Station {
	t.Helper()
	if c.MN == "" {
		c.MN = "120111E00010000000000005"
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What was captured of a station, whatever its edition, its plant and what its line does to it, is read by a
// decoder that was written after the standard alone: every message that was sent is there, with every value and
// flag and no other.
func TestAnIndependentDecoderReadsWhatWasSent(t *testing.T) {
	for name, c := range map[string]Config{
		"coal, 2017":       {},
		"coal, 2005":       {MN: "88888880000001", Version: hj212.V2005, Password: "abc123"},
		"waste, 2025":      {Version: hj212.V2025, Plant: NewPlant(Waste, 4), MinuteMin: 1},
		"coating":          {Plant: NewPlant(Coating, 9), MinuteMin: 5, SampleS: 30},
		"gas":              {Plant: NewPlant(Gas, 9), MinuteMin: 1},
		"glued":            {Faults: Faults{Glue: true}},
		"cut and garbage":  {Faults: Faults{Split: true, Garbage: 0.3}},
		"twice":            {Faults: Faults{Twice: 0.5}, MinuteMin: 1},
		"wrong CRC":        {Faults: Faults{CRC: 0.2}, MinuteMin: 1},
		"wrong length":     {Faults: Faults{Length: 0.2, Glue: true}, MinuteMin: 1},
		"other values":     {Faults: Faults{Differ: 0.5}, MinuteMin: 1, Version: hj212.V2025},
		"gaps":             {Faults: Faults{Gap: Window{time.Hour, 10 * time.Minute}}, Version: hj212.V2025},
		"without power":    {Faults: Faults{Lost: Window{time.Hour, 20 * time.Minute}}, MinuteMin: 1},
		"flags":            {Faults: Faults{Flags: []FlagWindow{{telemetry.Fault, Window{time.Hour, 20 * time.Minute}}}}},
		"everything wrong": {Faults: everything(t), MinuteMin: 1, Version: hj212.V2025, Plant: NewPlant(Waste, 3)},
	} {
		t.Run(name, func(t *testing.T) {
			s := station(t, c)
			var stream bytes.Buffer
			sent := map[string]Sent{}
			count, err := s.Replay(&stream, start, start.Add(3*time.Hour), func(m Sent) {
				if other, there := sent[m.CN+m.QN]; there {
					t.Fatalf("two messages have number %s: %v %v", m.QN, other, m)
				}
				sent[m.CN+m.QN] = m
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, got := range whole(readPlain(stream.Bytes())) {
				key := got.fields["CN"] + got.fields["QN"]
				m, there := sent[key]
				if !there {
					t.Fatalf("nobody sent %v", got)
				}
				delete(sent, key)
				same(t, s, m, got)
			}
			for key := range sent {
				t.Errorf("%s was sent and not read", key)
			}
			if count.Confirmed < 40 || int64(stream.Len()) < count.Bytes {
				t.Errorf("%+v of %d bytes", count, stream.Len())
			}
		})
	}
}

// same holds a message that was read against what the simulator says it sent.
func same(t *testing.T, s *Station, m Sent, got plain) {
	t.Helper()
	head := got.fields
	if head["MN"] != s.MN() || head["PW"] != s.Password() || head["RF"] != "" && (head["RF"] != "1" ||
		s.c.Version != hj212.V2025) {
		t.Errorf("head %v", head)
	}
	values, flags := got.numbers(t)
	for _, r := range m.Readings {
		ref, code := r.Point.Split()
		if ref != s.MN() || got.values["DataTime"] != r.At.Format("20060102150405") || flags[code] != string(rune(r.Flag)) {
			t.Errorf("%s: %v %v, not %+v", m.QN, got.values["DataTime"], flags[code], r)
		}
		for kind, name := range kindsOf(m.CN) {
			want, said := r.Values.Get(kind)
			v, there := values[code+"-"+name]
			if said != there || v != want {
				t.Errorf("%s %s: %s-%s is %v (%v), the simulator sent %v (%v)", m.CN, m.QN, code, name, v, there, want, said)
			}
			delete(values, code+"-"+name)
		}
	}
	if len(values) > 0 {
		t.Errorf("%s %s has %v beside what was sent", m.CN, m.QN, values)
	}
}

func everything(t testing.TB) (f Faults) {
	t.Helper()
	for _, word := range FaultWords {
		if err := f.Parse(word); err != nil {
			t.Fatal(err)
		}
	}
	f.CRC, f.Twice, f.Garbage, f.Differ = 0.1, 0.1, 0.1, 0.3
	f.Clock = 0 // Sent.At and labels of a test are of one clock
	return f
}

// Every part of a message stays within what the standard allows, and long messages are in parts.
func TestPartsAreShort(t *testing.T) {
	s := station(t, Config{Plant: NewPlant(Waste, 2)})
	var stream bytes.Buffer
	if _, err := s.Replay(&stream, start, start.Add(2*time.Hour), nil); err != nil {
		t.Fatal(err)
	}
	parts := 0
	for line := range bytes.Lines(stream.Bytes()) {
		cp := line[bytes.Index(line, []byte("CP=&&"))+5 : bytes.LastIndex(line, []byte("&&"))]
		if len(line) > 6+1024+4+2 || len(cp) > 950 {
			t.Fatalf("%d bytes, %d of CP: %.100s", len(line), len(cp), line)
		}
		if bytes.Contains(line, []byte(";PNUM=")) {
			parts++
		}
	}
	if parts < 10 {
		t.Errorf("%d parts", parts)
	}
}

// The same seed makes the same bytes for the same times, another seed others. What is sent does not depend on when
// it was begun: what a backfill has of an hour is what is sent in it.
func TestTheSameSeedMakesTheSameBytes(t *testing.T) {
	stream := func(seed uint64) []byte {
		var b bytes.Buffer
		s := station(t, Config{Plant: NewPlant(Waste, seed), Version: hj212.V2025, Faults: everything(t)})
		if _, err := s.Replay(&b, start, start.Add(6*time.Hour), nil); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	one := stream(7)
	if again := stream(7); !bytes.Equal(one, again) {
		t.Error("the same seed makes other bytes")
	}
	if other := stream(8); bytes.Equal(one, other) || len(one) < 10_000 {
		t.Errorf("another seed makes the same %d bytes", len(one))
	}

	s := station(t, Config{})
	lines := func(from, to time.Time) (out []string) {
		for m, err := range s.Backfill(from, to, AllSteps()...) {
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range m.Frames {
				out = append(out, string(f))
			}
		}
		return out
	}
	whole, late := lines(start, start.Add(8*time.Hour)), lines(start.Add(3*time.Hour), start.Add(8*time.Hour))
	if n := len(whole) - len(late); n < 100 || !slices.Equal(whole[n:], late) {
		t.Error("a backfill that begins later has other frames")
	}
	var live bytes.Buffer
	if _, err := s.Replay(&live, start, start.Add(8*time.Hour), nil); err != nil {
		t.Fatal(err)
	}
	for _, l := range whole {
		if !bytes.Contains(live.Bytes(), []byte(l)) {
			t.Fatalf("not sent live: %s", l)
		}
	}
}

// What a demo needs at its start: 90 days of hours of a dozen stations, and 2 days of minutes.
func BenchmarkBackfill(b *testing.B) {
	var stations []*Station
	for i := range 12 {
		kinds := Kinds()
		stations = append(stations, station(b, Config{MN: fmt.Sprintf("M%d", i), Plant: NewPlant(kinds[i%4], uint64(i)),
			MinuteMin: 1}))
	}
	for b.Loop() {
		frames, size := 0, 0
		for m, err := range Backfills(stations, start.Add(-90*24*time.Hour), start, telemetry.Hour) {
			if err != nil {
				b.Fatal(err)
			}
			frames, size = frames+len(m.Frames), size+len(m.Frames[0])
		}
		for m, err := range Backfills(stations, start.Add(-2*24*time.Hour), start, telemetry.Minute) {
			if err != nil {
				b.Fatal(err)
			}
			frames, size = frames+len(m.Frames), size+len(m.Frames[0])
		}
		b.ReportMetric(float64(frames), "frames")
		b.ReportMetric(float64(size), "bytes")
	}
}
