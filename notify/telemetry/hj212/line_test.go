package hj212

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// A line has frames of several stations, each of which is read by what the register says of it alone, however the
// stream comes in pieces.
func TestALineOfSeveralStations(t *testing.T) {
	swap := func(crc uint16) uint16 { return crc<<8 | crc>>8 }
	register := map[string]*Options{
		"PLAIN":   {Version: V2017},
		"MODBUS":  {Version: V2005, Tolerate: []Tolerance{Modbus}},
		"SWAPPED": {Version: V2017, Tolerate: []Tolerance{ModbusSwapped}},
		"COUNTED": {Version: V2017, Tolerate: []Tolerance{CRCInLength}},
		"RAW":     {Version: V2025, Cipher: testCipher(t, Raw)},
		"HEX":     {Version: V2025, Cipher: testCipher(t, Hex)},
	}
	mns := []string{"PLAIN", "MODBUS", "SWAPPED", "COUNTED", "RAW", "HEX", "STRANGE"}
	written := func(mn string, n int) string {
		f := NewFrame(Head{QN: "20260801085857223", ST: "31", CN: "2011", PW: "1", MN: mn, Flag: FlagOf(V2017, true, false), HasFlag: true},
			NewItem("DataTime", "20260801085800"), NewItem("a21026-Rtd", fmt.Sprint(n)))
		var c *Cipher
		if o := register[mn]; o != nil {
			c = o.Cipher
		}
		b, err := f.Append(nil, c)
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		data := text[6 : len(text)-6]
		switch mn {
		case "MODBUS", "STRANGE":
			return fmt.Sprintf("##%04d%s%04X\r\n", len(data), data, ModbusCRC([]byte(data)))
		case "SWAPPED":
			return fmt.Sprintf("##%04d%s%04X\r\n", len(data), data, swap(ModbusCRC([]byte(data))))
		case "COUNTED":
			return fmt.Sprintf("##%04d%s%04X\r\n", len(data)+4, data, CRC([]byte(data)))
		}
		return text
	}
	rapid.Check(t, func(rt *rapid.T) {
		var in strings.Builder
		order := rapid.SliceOfN(rapid.SampledFrom(mns), 1, 20).Draw(rt, "order")
		for i, mn := range order {
			in.WriteString(written(mn, i))
		}
		opt := Options{Live: rapid.Bool().Draw(rt, "live"), Of: func(mn []byte) *Options { return register[string(mn)] }}
		var r io.Reader = strings.NewReader(in.String())
		switch rapid.IntRange(0, 2).Draw(rt, "pieces") {
		case 0:
			r = iotest.OneByteReader(r)
		case 1:
			r = iotest.HalfReader(r)
		}
		frames := decodeFrom(t, r, opt)
		if len(frames) != len(order) {
			rt.Fatalf("%q: %s", in.String(), verdicts(frames))
		}
		for i, mn := range order {
			f, o := frames[i], register[mn]
			if f.MN != mn || (f.Fault == nil) != (o != nil) {
				rt.Fatalf("%d is %s of %q: %s", i, mn, f.MN, verdicts(frames))
			}
			if value, _ := f.Value("a21026-Rtd"); o != nil && (f.Version != o.Version || value != fmt.Sprint(i) || f.Encrypted != (o.Cipher != nil)) {
				rt.Fatalf("%d, %s, is %+v", i, mn, f)
			}
		}
	})
}

// A live line hands the first frame on as soon as it is there, whatever its station's tolerance.
func TestALiveLineWaitsForNoMore(t *testing.T) {
	data := head + "CP=&&DataTime=20260801085800&&"
	counted := fmt.Sprintf("##%04d%s%04X", len(data)+4, data, CRC([]byte(data)))
	near, far := io.Pipe()
	defer near.Close()
	go func() { _, _ = far.Write([]byte(counted)) }() // and says no more
	d := NewDecoder(near, Options{Live: true, Of: func([]byte) *Options { return &Options{Tolerate: []Tolerance{CRCInLength}} }})
	var f Frame
	if err := d.Next(&f); err != nil || f.Fault != nil {
		t.Fatalf("%v %v", err, f.Fault)
	}
}

// Streams that one decoder reads after each other are read as by decoders of their own, wherever each of them ends.
func TestResetBeginsAnew(t *testing.T) {
	streams := []string{
		"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&1C80",
		"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&1C81\r\n",
		"##0101QN=2016", "##0077QN=##00", "junk", "", "\r", "##0000####0101QN",
	}
	rapid.Check(t, func(rt *rapid.T) {
		opt := Options{Live: rapid.Bool().Draw(rt, "live")}
		one := NewDecoder(strings.NewReader(""), opt)
		for _, s := range rapid.SliceOf(rapid.SampledFrom(streams)).Draw(rt, "streams") {
			one.Reset(strings.NewReader(s))
			own := NewDecoder(strings.NewReader(s), opt)
			for {
				var a, b Frame
				errA, errB := one.Next(&a), own.Next(&b)
				if errA != errB || fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) {
					rt.Fatalf("%q: %+v (%v), by a decoder of its own %+v (%v)", s, a, errA, b, errB)
				}
				if errA != nil {
					break
				}
			}
		}
	})
}
