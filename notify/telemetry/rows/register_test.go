package rows

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// What is kept is in the own unit of what is measured, whatever the register calls it; where something else is measured the
// point begins anew, and that is told.
func TestTheUnitOfAPointChanges(t *testing.T) {
	named := func(unit string) *telemetry.Station {
		st := &telemetry.Station{MN: "M", ST: "31", Version: hj212.V2017, MinuteMin: 10, SampleS: 60}
		if unit != "" {
			st.Outlets = []telemetry.Outlet{{Factors: []telemetry.Factor{{Code: "P1", Unit: unit}}}}
		}
		return st
	}
	frame := func(i int, x string) telemetry.Received {
		at := eight.Add(time.Duration(i) * 10 * time.Minute)
		return say(at.Add(time.Second), "M", "2051", at.Format("20060102150405"), "P1-Avg="+x)
	}
	message := func(i int, x, unit string) telemetry.Received {
		at := eight.Add(time.Duration(i) * 10 * time.Minute)
		return telemetry.Received{At: at.Add(11 * time.Minute), Sort: telemetry.Message, MN: "M",
			Raw: fmt.Appendf(nil, `{"point":"M.P1","unit":%q,"step":"1m","span_min":10,"readings":[{"at":%q,"value":%s}]}`,
				unit, at.Format(time.RFC3339), x)}
	}
	for _, c := range []struct {
		name, before, after string // registered
		first, second       telemetry.Received
		unit                string
		want                []float64 // means
		told                int
	}{
		{"kW, then MW", "kW", "MW", frame(0, "100"), frame(1, "0.2"), "kW", []float64{100, 200}, 0},
		{"MW, then kW", "MW", "kW", frame(0, "0.1"), frame(1, "200"), "kW", []float64{100, 200}, 0},
		{"a power, then a weight", "kW", "kg/h", frame(0, "100"), frame(1, "200"), "t/h", []float64{0.2}, 1},
		{"nothing, then what it was", "", "kW", frame(0, "100"), frame(1, "200"), "kW", []float64{100, 200}, 0},
		{"nothing, then what it was not", "", "MW", frame(0, "0.1"), frame(1, "0.2"), "kW", []float64{200}, 1},
		{"nothing any more", "kW", "", frame(0, "100"), frame(1, "200"), "kW", []float64{100}, 1},
		{"a message of something else", "", "", message(0, "100", "kW"), message(1, "2", "t/h"), "kW", []float64{100}, 1},
		{"a message in another unit", "kW", "kW", message(0, "100", "kW"), message(1, "0.2", "MW"), "kW", []float64{100, 200}, 0},
	} {
		for _, flushes := range []bool{false, true} {
			w := newWorld(t)
			w.register["M"] = named(c.before)
			w.got(c.first)
			if flushes {
				w.flush()
				w.start()
			}
			w.register["M"] = named(c.after)
			if stays := c.want[0] == 100; len(w.series("M.P1", telemetry.Minute, eight, eight.Add(time.Hour))) == 1 != stays {
				t.Errorf("%s: the first is read: %v", c.name, !stays)
			}
			w.got(c.second)
			for range 2 {
				var got []float64
				for _, e := range w.series("M.P1", telemetry.Minute, eight, eight.Add(time.Hour)) {
					got = append(got, e.Values.V[telemetry.Avg])
				}
				points, err := w.b.Points("M")
				w.must(err)
				if !slices.Equal(got, c.want) || len(points) != 1 || points[0].Unit != c.unit ||
					count(w.state("M"), "rows.unit").N != c.told {
					t.Errorf("%s: %v, %+v, %+v", c.name, got, points, w.state("M").Counts)
				}
				w.flush()
				w.start()
			}
		}
	}
}

// What was confirmed is read whatever the register tolerates by now; of bytes that were refused nothing is.
func TestTolerancesAreJudgedWhenAFrameComes(t *testing.T) {
	for _, with := range hj212.Tolerances() {
		w := newWorld(t)
		r := say(eight, stack, "2051", "20261216080000", "a21026-Avg=1")
		data := r.Raw[6 : len(r.Raw)-4]
		switch crc := modbus(data); with {
		case hj212.Modbus:
			r.Raw = fmt.Appendf(nil, "##%04d%s%04X", len(data), data, crc)
		case hj212.ModbusSwapped:
			r.Raw = fmt.Appendf(nil, "##%04d%s%02X%02X", len(data), data, crc&0xff, crc>>8)
		case hj212.CRCInLength:
			r.Raw = fmt.Appendf(nil, "##%04d%s", len(data)+4, r.Raw[6:])
		}
		w.got(r)
		if got := w.series(stack+".a21026", telemetry.Minute, eight, eight.Add(time.Hour)); len(got) != 1 {
			t.Errorf("%s: %d readings, %+v", with, len(got), w.state(stack).Counts)
		}
		r.MN, r.Sort, r.Why = "STRANGER", telemetry.Unknown, "unknown"
		w.got(r)
		if all := w.b.Unknown(); len(all) != 1 || len(all[0].Factors) != 0 {
			t.Errorf("%s: of a stranger %+v", with, all)
		}
	}
}

// modbus is CRC-16/MODBUS.
func modbus(data []byte) uint16 {
	crc := uint16(0xffff)
	for _, c := range data {
		crc ^= uint16(c)
		for range 8 {
			if crc&1 != 0 {
				crc = crc>>1 ^ 0xa001
			} else {
				crc >>= 1
			}
		}
	}
	return crc
}
