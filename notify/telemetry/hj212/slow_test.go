package hj212

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// slowFrame and slowDecode are written from the standard's text alone and share no code with the decoder: a frame is ##,
// four digits, that many bytes, of which the first is no digit, and the CRC bit by bit; of the good ones, the first that
// is complete counts.
type slowFrame struct {
	at     int
	head   map[string]string
	values map[string][]string
}

func slowDecode(stream string) (frames []slowFrame) {
	for from := 0; ; {
		best, end := -1, len(stream)+1
		for i := from; i+6 <= len(stream); i++ {
			length, err := strconv.ParseUint(stream[i+2:i+6], 10, 16)
			if i+6 < len(stream) && strings.ContainsAny(stream[i+6:i+7], "0123456789") {
				continue
			}
			stop := i + 6 + int(length) + 4
			if stream[i:i+2] != "##" || err != nil || length == 0 || stop > len(stream) || stop >= end {
				continue
			}
			crc, err := strconv.ParseUint(stream[stop-4:stop], 16, 16)
			if err == nil && slowCRC(stream[i+6:stop-4]) == int(crc) {
				best, end = i, stop
			}
		}
		if best < 0 {
			return frames
		}
		frames = append(frames, slowRead(best, stream[best+6:end-4]))
		from = end
	}
}

func slowCRC(data string) int {
	crc := 0xFFFF
	for i := range len(data) {
		crc = crc/256 ^ int(data[i])
		for range 8 {
			odd := crc%2 == 1
			if crc /= 2; odd {
				crc ^= 0xA001
			}
		}
	}
	return crc
}

func slowRead(at int, data string) slowFrame {
	f := slowFrame{at, map[string]string{}, map[string][]string{}}
	before, after, _ := strings.Cut(data, "CP=&&")
	for _, field := range strings.Split(before, ";") {
		if name, value, ok := strings.Cut(field, "="); ok {
			f.head[name] = value
		}
	}
	for _, group := range strings.Split(strings.TrimSuffix(after, "&&"), ";") {
		for _, item := range strings.Split(group, ",") {
			if name, value, ok := strings.Cut(item, "="); ok {
				f.values[name] = append(f.values[name], value)
			}
		}
	}
	return f
}

func asSlow(f *Frame) slowFrame {
	s := slowFrame{int(f.Offset), map[string]string{}, map[string][]string{}}
	for _, field := range f.Header {
		s.head[field.Key] = field.Value
	}
	for _, item := range f.Items {
		s.values[item.Key] = append(s.values[item.Key], item.Value)
	}
	return s
}

// anyStream is frames that are good, wrong in any way, cut, one in another, and what stands between them.
func anyStream(t *rapid.T) string {
	var b strings.Builder
	for range rapid.IntRange(0, 8).Draw(t, "pieces") {
		b.WriteString(anyPiece(t))
	}
	return b.String()
}

func anyPiece(t *rapid.T) string {
	data := anyData(t)
	frame := packet(data)
	switch rapid.IntRange(0, 11).Draw(t, "kind") {
	case 0:
		return frame[:6+len(data)] + fmt.Sprintf("%04x", rapid.Uint16().Draw(t, "crc"))
	case 1:
		return fmt.Sprintf("##%04d", rapid.IntRange(0, 9999).Draw(t, "length")) + frame[6:] + "\r\n"
	case 2:
		return "##9999" + frame[6:]
	case 3:
		return frame[:rapid.IntRange(0, len(frame)).Draw(t, "cut")]
	case 4:
		return rapid.SampledFrom([]string{"#", "##", "\r", "\n", "\r\n", "##1", "##0007", "&&", "QN=", "##0001AFFFF",
			"####0004", " ", "recv: "}).Draw(t, "noise")
	case 5:
		return string(rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "bytes"))
	case 6:
		return packet("MN=1;CP=&&X=" + frame + "&&")
	case 7:
		return "##" + frame[3:] + "\r\n"
	default:
		return frame + rapid.SampledFrom([]string{"\r\n", "", "\n", "\r"}).Draw(t, "end")
	}
}

// anyData is a data segment whose keys and values have no blanks around.
func anyData(t *rapid.T) string {
	word := rapid.StringMatching(`[A-Za-z0-9.#&]{0,12}`)
	var b strings.Builder
	for _, name := range []string{"QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO"} {
		if rapid.Bool().Draw(t, name) {
			b.WriteString(name + "=" + word.Draw(t, "value") + ";")
		}
	}
	b.WriteString("CP=&&")
	for i := range rapid.IntRange(0, 6).Draw(t, "items") {
		if i > 0 {
			b.WriteString(rapid.SampledFrom([]string{",", ";"}).Draw(t, "separator"))
		}
		key := rapid.StringMatching(`[a-zA-Z][a-z0-9]{0,5}(-[A-Z][a-z]{1,4})?`).Draw(t, "key")
		b.WriteString(key + "=" + word.Draw(t, "value"))
	}
	return b.String() + "&&"
}

// The decoder and the slow one find the same good frames with the same content in any stream.
func TestAsTheSlowDecoder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := anyStream(t)
		var got []slowFrame
		for _, f := range decodeRapid(t, &pieces{left: []string{stream}}, Options{}) {
			if f.Fault == nil {
				got = append(got, asSlow(f))
			}
		}
		if want := slowDecode(stream); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q\n%+v\n%+v", stream, got, want)
		}
	})
}

// However a stream is cut into pieces, the same frames, faults and notes come of it.
func TestCutAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := anyStream(t)
		opt := Options{}
		if rapid.Bool().Draw(t, "tolerant") {
			opt.Tolerate = Tolerances()
		}
		whole := decodeRapid(t, strings.NewReader(stream), opt)
		var cut []string
		for rest := stream; rest != ""; {
			n := rapid.IntRange(1, min(len(rest), 400)).Draw(t, "piece")
			cut, rest = append(cut, rest[:n]), rest[n:]
		}
		if got := decodeRapid(t, &pieces{left: cut}, opt); !reflect.DeepEqual(got, whole) {
			t.Fatalf("%q in pieces:\n%s\nnot %s", stream, verdicts(got), verdicts(whole))
		}
		halves := iotest.DataErrReader(iotest.HalfReader(strings.NewReader(stream)))
		if got := decodeRapid(t, halves, opt); !reflect.DeepEqual(got, whole) {
			t.Fatalf("%q in halves:\n%s\nnot %s", stream, verdicts(got), verdicts(whole))
		}
		// every byte that is no blank belongs to one frame, refused piece or envelope
		at := int64(0)
		for _, f := range whole {
			if between := stream[at:f.Offset]; strings.Trim(between, blanks) != "" && !f.Has(Envelope) {
				t.Fatalf("%q is told nowhere", between)
			}
			at = f.Offset + int64(f.Size)
		}
		if strings.Trim(stream[at:], blanks) != "" {
			t.Fatalf("%q is told nowhere", stream[at:])
		}
	})
}

// A live stream has the same frames; what is unlike the standard in the end of a line may stand with the next.
func TestLiveHasTheSameFrames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := anyStream(t)
		plain := func(frames []*Frame) (out []string) {
			for _, f := range frames {
				out = append(out, fmt.Sprint(f.Offset, f.Fault != nil, f.Header, f.Items))
			}
			return out
		}
		var cut []string
		for rest := stream; rest != ""; {
			n := rapid.IntRange(1, min(len(rest), 400)).Draw(t, "piece")
			cut, rest = append(cut, rest[:n]), rest[n:]
		}
		got := decodeRapid(t, &pieces{left: cut}, Options{Live: true})
		want := decodeRapid(t, strings.NewReader(stream), Options{})
		if !reflect.DeepEqual(plain(got), plain(want)) {
			t.Fatalf("%q: %s\nnot %s", stream, verdicts(got), verdicts(want))
		}
	})
}

func decodeRapid(t *rapid.T, in interface{ Read([]byte) (int, error) }, opt Options) (frames []*Frame) {
	frames, err := readAll(in, opt)
	if err != nil {
		t.Fatal(err)
	}
	return frames
}
