package simulate

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"testing"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
	"qingkong/notify/telemetry/readings"
)

// What package readings makes of the frames is what the simulator says they hold, under a register entry that the
// register takes: nothing is noted, nothing is missing, nothing is converted otherwise.
func TestReadingsAreThoseThatWereSent(t *testing.T) {
	for name, c := range map[string]Config{
		"coal":        {MinuteMin: 1},
		"waste, 2025": {Plant: NewPlant(Waste, 4), Version: hj212.V2025},
		"gas, 2005":   {Plant: NewPlant(Gas, 4), Version: hj212.V2005, MN: "88888880000001"},
		"coating":     {Plant: NewPlant(Coating, 4), SampleS: 30},
		"gaps, 2025":  {Version: hj212.V2025, Faults: Faults{Gap: Window{time.Hour, 10 * time.Minute}}},
		"flags":       {Faults: Faults{Flags: []FlagWindow{{telemetry.Calibration, Window{time.Hour, 20 * time.Minute}}}}},
	} {
		s := station(t, c)
		register := s.Registered()
		register.Recipient, register.Secret.Ref = "E0001", "one"
		if err := register.Check(known); err != nil {
			t.Errorf("%s: the register refuses it: %v", name, err)
		}
		var stream bytes.Buffer
		want := map[string][]telemetry.Reading{}
		if _, err := s.Replay(&stream, start, start.Add(3*time.Hour),
			func(m Sent) { want[m.CN+m.QN] = m.Readings }); err != nil {
			t.Fatal(err)
		}
		dec := hj212.NewDecoder(&stream, hj212.Options{Version: register.Version})
		parts := hj212.NewAssembler(hj212.DefaultLimits)
		n := 0
		for f := (hj212.Frame{}); ; {
			if err := dec.Next(&f); err == io.EOF {
				break
			} else if err != nil || f.Fault != nil || len(f.Notes) > 0 {
				t.Fatalf("%s: %v %v %v", name, err, f.Fault, f.Notes)
			}
			message, _ := parts.Add(f.Clone(), start)
			if message == nil || len(want[f.CN+f.QN]) == 0 {
				continue
			}
			got, notes := readings.Of(&register, message, start.Add(3*time.Hour), readings.Options{})
			if len(notes) > 0 {
				t.Fatalf("%s: %s: %v", name, f.CN, notes)
			}
			sameReadings(t, name+" "+f.CN, got, want[f.CN+f.QN])
			n++
		}
		if n < 100 {
			t.Errorf("%s: %d messages", name, n)
		}
	}
}

// known says of a unit whether it can be read.
func known(_, unit string) bool {
	_, ok := readings.ParseUnit(unit)
	return ok
}

func sameReadings(t *testing.T, what string, got, want []telemetry.Reading) {
	t.Helper()
	byPoint := map[telemetry.Point]telemetry.Reading{}
	for _, r := range got {
		r.At = r.At.UTC()
		byPoint[r.Point] = r
	}
	for _, w := range want {
		w.At = w.At.UTC()
		if g := byPoint[w.Point]; !reflect.DeepEqual(g, w) {
			t.Fatalf("%s: read\n%+v\nsent\n%+v", what, g, w)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d read, %d sent", what, len(got), len(want))
	}
}

// What meters and gates report is a message that is taken.
func TestMessagesAreTaken(t *testing.T) {
	from := at("2026-03-04 00:00")
	for _, k := range MeterKinds() {
		m := Meter{Ref: "XQ-E0004-1", Kind: k, Plant: NewPlant(Coal, 3), Full: 40, Under: 50}
		msg, ok := m.Message(from, from.Add(24*time.Hour))
		body, err := json.Marshal(msg)
		if err != nil || !ok {
			t.Fatal(err)
		}
		got, err := readings.ParseMessage(body)
		if err != nil || len(got.Sent) != len(msg.Readings) || len(got.Passes) != len(msg.Passes) ||
			len(got.Sent)+len(got.Passes) < 24 {
			t.Errorf("%s: %v\n%.300s", k, err, body)
		}
		for _, p := range got.Passes {
			if p.Standard == 0 {
				t.Errorf("an unknown standard: %+v", p)
			}
		}
	}
}
