package hj212

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"qingkong/alerts/refusal"
)

// What is written is what the standard shows, and is read as it was meant.
func TestAppend(t *testing.T) {
	const example = "##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&1C80\r\n"
	for want, f := range map[string]*Frame{
		example: NewFrame(Head{QN: "20160801085857223", ST: "32", CN: "1062", PW: "100000", MN: "010000A8900016F000169DC0", Flag: 5,
			HasFlag: true}, NewItem("RtdInterval", "30")),
		"##0077QN=20210412154543393;ST=21;CN=9014;PW=123456;MN=DXCBZ000000005;Flag=5;CP=&&&&E041\r\n": NewFrame(
			Head{QN: "20210412154543393", ST: "21", CN: "9014", PW: "123456", MN: "DXCBZ000000005", Flag: 5, HasFlag: true}),
	} {
		got, err := f.Append(nil, nil)
		if err != nil || string(got) != want {
			t.Errorf("%s %v\nnot %s", got, err, want)
		}
		back := decode(t, want, Options{})[0]
		back.Size = 0
		back.Notes = nil
		if !reflect.DeepEqual(back.Header, f.Header) || back.Head != f.Head || back.Version != f.Version {
			t.Errorf("%+v\nnot %+v", back, f)
		}
	}
	joined := NewItem("b-Flag", "N")
	joined.Sep = ','
	f := NewFrame(Head{ST: "31", CN: "2011", PW: "1", MN: "M", Flag: 11, HasFlag: true, Parts: 2, Part: 1, Resent: true},
		NewItem("a-Rtd", "1"), NewItem("b-Rtd", "2"), joined)
	got, err := f.Append([]byte("before "), nil)
	if err != nil || !strings.HasPrefix(string(got),
		"before ##0081ST=31;CN=2011;PW=1;MN=M;Flag=11;PNUM=2;PNO=1;RF=1;CP=&&a-Rtd=1;b-Rtd=2,b-Flag=N&&") {
		t.Errorf("%s %v", got, err)
	}
	if it := f.Items[0]; it.Key != "a-Rtd" || it.Code != "a" || it.Kind != Rtd || it.Number != 1 || !it.IsNumber {
		t.Errorf("%+v", it)
	}
}

// What would break a frame, or make two of it, is not written.
func TestAppendRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		f    *Frame
		rule string
	}{
		"a value with a separator": {NewFrame(Head{}, NewItem("a", "1;b=2")), "hj212.unwritable"},
		"a comma":                  {NewFrame(Head{}, NewItem("a", "1,b=2")), "hj212.unwritable"},
		"a line's end":             {NewFrame(Head{}, NewItem("a", "1\r\n##")), "hj212.unwritable"},
		"no UTF-8":                 {NewFrame(Head{}, NewItem("a", "\xff")), "hj212.unwritable"},
		"a field within a field":   {NewFrame(Head{MN: "1;CP=&&"}), "hj212.unwritable"},
		"CP before CP":             {&Frame{Header: []Field{{Text: "CP=1"}}}, "hj212.unwritable"},
		"too long":                 {NewFrame(Head{}, NewItem("a", strings.Repeat("x", 10000))), "hj212.too_long"},
	} {
		b, err := c.f.Append([]byte("as it was"), nil)
		if refusal.CodeOf(err) != refusal.Invalid || err.(*refusal.Error).Rule != c.rule || string(b) != "as it was" {
			t.Errorf("%s: %q %v", name, b, err)
		}
	}
}

// again writes a good frame and reads it back.
func again(t testing.TB, f *Frame, c *Cipher) (*Frame, []byte) {
	t.Helper()
	b, err := f.Append(nil, c)
	if err != nil {
		t.Fatalf("%+v: %v", f, err)
	}
	got := decode(t, string(b), Options{Cipher: c})
	if len(got) != 1 {
		t.Fatalf("%q: %s", b, verdicts(got))
	}
	return got[0], b
}

func writes(f *Frame) bool {
	return f.Fault == nil && !f.Has(NoCP) && !f.Has(CPForm) && !f.Has(NotText)
}

// FuzzDecode: whatever comes, nothing panics, what is read does not depend on the pieces, offsets rise, and every good
// frame stands where it says.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{good, packet("MN=1;PNUM=2;PNO=2;CP=&&a-Rtd=1&&") + packet("MN=1;PNUM=2;PNO=1;CP=&&&&"),
		good + good, "##9999" + good[6:] + good, "###", "##0000FFFF", "x\r\n##0001", good[:60]} {
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, in []byte, tolerant bool) {
		opt := Options{}
		if tolerant {
			opt = Options{Version: V2025, Tolerate: Tolerances(), Cipher: testCipher(t, Raw)}
		}
		frames := decodeFrom(t, bytes.NewReader(in), opt)
		if pieces := decodeFrom(t, iotest.OneByteReader(bytes.NewReader(in)), opt); !reflect.DeepEqual(frames, pieces) {
			t.Fatalf("%s\nbyte by byte %s", verdicts(frames), verdicts(pieces))
		}
		by := opt
		by.Of = func([]byte) *Options { return &opt }
		if same := decodeFrom(t, iotest.OneByteReader(bytes.NewReader(in)), by); !reflect.DeepEqual(frames, same) {
			t.Fatalf("%s\nby the register %s", verdicts(frames), verdicts(same))
		}
		at, parts := int64(0), NewAssembler(Limits{Parts: 4, Bytes: 4096, Messages: 2})
		for _, fr := range frames {
			whole, _ := parts.Add(fr, noon)
			if parts.bytes > 4096 || parts.Waiting() > 2 || whole != nil && (fr.Fault != nil || whole.Parts > 1) {
				t.Fatalf("%d bytes of %d messages wait; %+v is whole", parts.bytes, parts.Waiting(), whole)
			}
			if fr.Offset < at || fr.Offset+int64(fr.Size) > int64(len(in)) || fr.Size == 0 {
				t.Fatalf("a frame of %d bytes at %d, behind %d of %d", fr.Size, fr.Offset, at, len(in))
			}
			if at = fr.Offset + int64(fr.Size); fr.Fault == nil && !bytes.HasPrefix(in[fr.Offset:], []byte("##")) {
				t.Fatalf("no frame at %d", fr.Offset)
			}
			if raw := in[fr.Offset:at]; !bytes.HasPrefix(raw, fr.Raw) || fr.Fault == nil && len(fr.Raw) != len(bytes.TrimRight(raw, blanks)) {
				t.Fatalf("%q came as %q", fr.Raw, raw)
			}
		}
		if want := slowDecode(string(in)); !tolerant && len(want) != count(frames) {
			t.Fatalf("%d frames, not %d", count(frames), len(want))
		}
	})
}

func count(frames []*Frame) (good int) {
	for _, f := range frames {
		if f.Fault == nil {
			good++
		}
	}
	return good
}

// FuzzRoundTrip: a good frame is written as it came, byte for byte but for the form of its CRC and its line's end, in
// clear and encrypted, and is read as the same.
func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{data, "CP=&&&&", ";CP=&&;&&", "ST=31;CN=2011;CP=&&a=1,,;b&&&&", "MN=1;;CP=&&=&&", "CN=1014;CP=&&&&&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		if len(data) == 0 || len(data) > maxData {
			return
		}
		in := packet(data) + "\r\n"
		got := decode(t, in, Options{})
		if len(got) != 1 || !writes(got[0]) {
			return
		}
		back, out := again(t, got[0], nil)
		if string(out) != in || !reflect.DeepEqual(back, got[0]) {
			t.Fatalf("%q is written as %q", in, out)
		}
		for _, mode := range []Mode{Raw, Hex} {
			c := testCipher(t, mode)
			if mode == Hex && len(data) > maxData/2 {
				continue
			}
			back, out := again(t, got[0], c)
			plain, err := back.Append(nil, nil)
			if err != nil || string(plain) != in {
				t.Fatalf("%q is encrypted as %q and read as %q %v", in, out, plain, err)
			}
		}
	})
}

// Every packet of other implementations that is good and well formed is written as it came.
func TestVectorsAreWrittenAsTheyCame(t *testing.T) {
	n := 0
	for i, v := range readVectors(t) {
		if !v.Valid {
			continue
		}
		f := decode(t, v.Packet, Options{})[0]
		back, out := again(t, f, nil)
		line := strings.TrimSuffix(v.Packet, "\r\n")
		if want := line[:len(line)-4] + strings.ToUpper(line[len(line)-4:]) + "\r\n"; string(out) != want {
			t.Errorf("row %d: %s\nnot %s", i, out, want)
		}
		if fmt.Sprint(back.Items, back.Head) != fmt.Sprint(f.Items, f.Head) {
			t.Errorf("row %d is read otherwise", i)
		}
		n++
	}
	if n < 50 {
		t.Errorf("only %d rows", n)
	}
}
