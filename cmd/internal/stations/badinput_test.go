package stations

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

const items = "a21026-Rtd=12.5,a21026-Flag=N"

// data is the data segment of a frame of station BAD, with a number of its own.
func bad(n int, cp string) string {
	return fmt.Sprintf("QN=%s;ST=31;CN=2011;PW=pw-BAD;MN=BAD;Flag=5;CP=&&%s&&", qnOf(n), cp)
}

// Each row of "Bad input": what comes beside a station whose frames are all confirmed, what is confirmed of it, and by
// which name it is kept. What is only unlike the standard is taken and confirmed: what its values are worth is said by
// whoever reads them.
func TestBadInput(t *testing.T) {
	const when = "DataTime=20260801120000;"
	line := packet(bad(0, when+items))
	body := strings.TrimSuffix(line, "\r\n")
	next := packet(bad(1, when+items))
	others := packet("QN=" + qnOf(0) + ";ST=31;CN=2011;PW=wrong;MN=GOOD;Flag=5;CP=&&&&")
	for name, c := range map[string]struct {
		in        string
		confirmed []int
		kept      string
	}{
		"a length of three digits":               {"##" + body[3:] + "\r\n" + next, []int{1}, "refused BAD length_form; frame BAD"},
		"a length of eight digits":               {"##0000" + body[2:] + "\r\n" + next, []int{1}, "refused BAD length_form; frame BAD"},
		"a gateway's envelope":                   {"+IPD,0,123:\r\nGW01|" + line + next, []int{0, 1}, "refused  no_start; frame BAD envelope; frame BAD"},
		"CP with one &":                          {packet("QN="+qnOf(0)+";ST=31;CN=2011;PW=pw-BAD;MN=BAD;Flag=5;CP=&"+when+items+"&") + next, []int{0, 1}, "frame BAD; frame BAD"},
		"a constant CRC":                         {body[:len(body)-4] + "FFFF\r\n" + next[:len(next)-6] + "FFFF\r\n", nil, "refused BAD crc; refused BAD crc"},
		"PolId four times":                       {packet(bad(0, "PolId=a,PolId=b,PolId=c,PolId=d;"+when+items)), []int{0}, "frame BAD"},
		"LF alone":                               {body + "\n" + strings.TrimSuffix(next, "\r\n") + "\n", []int{0, 1}, "frame BAD lf_alone; frame BAD lf_alone"},
		"nothing at the line's end":              {body + strings.TrimSuffix(next, "\r\n"), []int{0, 1}, "frame BAD no_crlf; frame BAD"},
		"a length of 9999 that swallows a frame": {"##9999" + body[6:] + "\r\n" + next, []int{1}, "refused BAD length; frame BAD"},
		"a million parts":                        {packet("QN="+qnOf(0)+";ST=31;CN=2011;PW=pw-BAD;MN=BAD;Flag=7;PNUM=1000000;PNO=1;CP=&&"+when+items+"&&") + next, []int{0, 1}, "frame BAD; frame BAD"},
		"dates in 2099 and 1970":                 {packet(bad(0, "DataTime=20990101000000;"+items)) + packet(bad(1, "DataTime=19700101000000;"+items)), []int{0, 1}, "frame BAD; frame BAD"},
		"NaN and 1e308":                          {packet(bad(0, when+"a21026-Rtd=NaN,a21026-Flag=N;a21002-Rtd=1e308,a21002-Flag=N")) + next, []int{0, 1}, "frame BAD; frame BAD"},
		"another station's MN":                   {line + others + next, []int{0, 1}, "frame BAD; unknown GOOD password; unknown BAD other_mn; frame BAD"},
		"an MN that nobody has":                  {strings.ReplaceAll(packet(bad(0, items)), "MN=BAD", "MN=NEW") + packet("ST=31;CN=2011;PW=1;MN=WHO;Flag=5;CP=&&&&") + next, []int{1}, "refused  crc; unknown WHO unregistered; frame BAD"},
		"no MN":                                  {packet("QN="+qnOf(0)+";ST=31;CN=2011;PW=1;Flag=5;CP=&&&&") + next, []int{1}, "unknown  no_mn; frame BAD"},
		"frames again":                           {line + line + line, []int{0, 0, 0}, "frame BAD; frame BAD; frame BAD"},
		"a retired station's":                    {packet("QN="+qnOf(0)+";ST=31;CN=2011;PW=pw-OLD;MN=OLD;Flag=5;CP=&&&&") + next, []int{1}, "unknown OLD retired; frame BAD"},
		"a meter that sends frames":              {packet("QN="+qnOf(0)+";ST=31;CN=2011;PW=;MN=METER;Flag=5;CP=&&&&") + next, []int{1}, "unknown METER no_frames; frame BAD"},
		"half a frame, then the end":             {next + body[:60], []int{1}, "frame BAD; refused BAD cut"},
		"HTTP":                                   {"POST /api/v1/telemetry HTTP/1.1\r\nHost: x\r\n\r\n{\"point\":1}\r\n" + next, []int{1}, "refused  no_start; frame BAD"},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, nil)
			w.book.add("GOOD", nil)
			w.book.add("BAD", nil)
			w.book.add("OLD", func(k *Known) { k.Station.Retired = true })
			w.book.add("METER", func(k *Known) { k.Station.ST = "" })
			good, d := w.dial(), w.dial()
			good.send(sample("GOOD", 0))
			d.send(c.in)
			for i := range 5 {
				good.confirmed("GOOD", i, i+1)
				good.send(sample("GOOD", i+1))
			}
			for _, n := range c.confirmed {
				d.confirmed("BAD", n, n+1)
			}
			_ = d.CloseWrite()
			d.closed()
			good.confirmed("GOOD", 5, 6)
			var kept []string
			for _, one := range strings.Split(w.kept(telemetry.Frame, telemetry.Refused, telemetry.Unknown), "; ") {
				if one != "frame GOOD" {
					kept = append(kept, one)
				}
			}
			if got := strings.Join(kept, "; "); got != c.kept {
				t.Errorf("kept: %s\nnot %s", got, c.kept)
			}
		})
	}
}

// A key that is another's: counted, and nothing of it confirmed.
func TestWrongKey(t *testing.T) {
	w := open(t, nil)
	ours, theirs := cipherOf(t, "0000000000000000"), cipherOf(t, "1111111111111111")
	w.book.add("BAD", func(k *Known) { k.Station.Version, k.Cipher = hj212.V2025, ours })
	d := w.dial()
	for i, c := range []*hj212.Cipher{theirs, ours} {
		f := hj212.NewFrame(hj212.Head{QN: qnOf(i), ST: "31", CN: "2011", PW: "pw-BAD", MN: "BAD", Flag: 9, HasFlag: true},
			hj212.NewItem("DataTime", "20260801120000"), hj212.NewItem("a21026-Rtd", "1"))
		b, err := f.Append(nil, c)
		if err != nil {
			t.Fatal(err)
		}
		d.send(string(b))
	}
	d.confirmed("BAD", 1, 2)
	if got := w.kept(telemetry.Refused, telemetry.Frame); got != "refused BAD key; frame BAD" {
		t.Error(got)
	}
}

func cipherOf(t *testing.T, key string) *hj212.Cipher {
	c, err := hj212.NewCipher(hj212.Hex, []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Bytes without end: a line is closed after a megabyte without a frame, again and again, and neither memory nor the log
// grows by what came, while another station's frames are confirmed.
func TestBytesWithoutALineEnd(t *testing.T) {
	w := open(t, nil)
	w.book.add("GOOD", nil)
	good := w.dial()
	piece := []byte(strings.Repeat("0123456789abcdef", 4096))
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	sent, i := 0, 0
	for sent < 50<<20 {
		d := w.dial()
		for {
			_ = d.SetWriteDeadline(time.Now().Add(patience))
			n, err := d.Write(piece)
			if sent += n; err != nil {
				break
			}
		}
		_ = d.Close()
		good.send(sample("GOOD", i))
		good.confirmed("GOOD", i, i+1)
		i++
	}
	var after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("%d bytes came, and the heap grew by %d", sent, grown)
	}
	size := 0
	for _, r := range w.log() {
		size += len(r.Raw)
	}
	if size > 1<<20 {
		t.Errorf("%d bytes of it are kept", size)
	}
}

// Whoever sends nonsense as fast as it can has some of it kept and the rest counted.
func TestNonsenseIsKeptWithinLimits(t *testing.T) {
	w := open(t, nil)
	w.book.add("GOOD", nil)
	d := w.dial()
	line := strings.Replace(packet("ST=31;CN=2011;PW=1;MN=GOOD;Flag=5;CP=&&"+items+"&&"), "12.5", "12.6", 1)
	d.send(strings.Repeat(line, 5000))
	for i := range 3000 {
		d.send(packet(fmt.Sprintf("ST=31;CN=2011;PW=1;MN=M%d;Flag=5;CP=&&&&", i)))
	}
	d.send(sample("GOOD", 0))
	d.confirmed("GOOD", 0, 1)
	d.send(strings.Repeat(packet("ST=31;CN=2011;PW=1;MN=GOOD;Flag=5;CP=&&&&"), 1000))
	d.send(sample("GOOD", 1))
	d.confirmed("GOOD", 1, 2)
	refused, unknown := 0, map[string]int{}
	for _, r := range w.log() {
		switch r.Sort {
		case telemetry.Refused:
			refused++
		case telemetry.Unknown:
			unknown[r.MN]++
		}
	}
	if refused < refusedKept || refused > refusedKept+10 || len(unknown) > strangersMost || unknown["GOOD"] > int(patience/time.Second) {
		t.Errorf("%d refused, %d of %d unknown", refused, unknown["GOOD"], len(unknown))
	}
}
