package hj212

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"qingkong/alerts/refusal"
)

// packet is a frame around a data segment, without CRLF.
func packet(data string) string {
	return fmt.Sprintf("##%04d%s%04X", len(data), data, CRC([]byte(data)))
}

const (
	head = "QN=20260801085857223;ST=31;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5;"
	data = head + "CP=&&DataTime=20260801085800;a21026-Rtd=12.5,a21026-Flag=N&&"
)

var good = packet(data) + "\r\n"

// verdicts are frames in a line each: offset, then ok or the fault, then the notes.
func verdicts(frames []*Frame) string {
	var out []string
	for _, f := range frames {
		line := fmt.Sprintf("%d ok", f.Offset)
		if f.Fault != nil {
			line = fmt.Sprintf("%d %s", f.Offset, f.Fault.Name)
			if f.Fault.Fits != "" {
				line += "~" + string(f.Fault.Fits)
			}
		}
		for _, n := range f.Notes {
			line += " " + string(n.Name)
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

// What a stream's form may be, and what comes of it.
func TestStreams(t *testing.T) {
	line, n := packet(data), len(packet(data))
	at := func(i int, more ...string) string { return fmt.Sprint(i) + " " + strings.Join(more, " ") }
	wrong := line[:n-4] + "1234"
	long := packet(head + "CP=&&DataTime=20260801085800;a21026-Info=" + strings.Repeat("x", 1000) + "&&")
	// the length 9999 of a frame of n bytes, whose next frame is good
	swallow := "##9999" + line[6:]
	inLength := fmt.Sprintf("##%04d", len(data)+6) + line[6:]
	for name, c := range map[string]struct {
		in, want string
		opt      Options
	}{
		"nothing":               {in: ""},
		"blank lines":           {in: "\r\n \n\t\r\n"},
		"a frame":               {in: good, want: "0 ok"},
		"glued":                 {in: good + good, want: "0 ok; " + at(n+2, "ok")},
		"glued without CRLF":    {in: line + line, want: "0 ok no_crlf; " + at(n, "ok no_crlf")},
		"LF alone":              {in: line + "\n" + good, want: "0 ok lf_alone; " + at(n+1, "ok")},
		"CR alone":              {in: line + "\r" + good, want: "0 ok no_crlf; " + at(n+1, "ok")},
		"blanks between":        {in: good + "  \r\n\r\n" + good, want: "0 ok; " + at(n+8, "ok")},
		"CRC in lower case":     {in: line[:n-4] + strings.ToLower(line[n-4:]) + "\r\n", want: "0 ok"},
		"an envelope":           {in: "[2026-08-01 08:58] recv: " + good, want: at(25, "ok envelope")},
		"an envelope each":      {in: "<1>" + good + "<2>" + good, want: "3 ok envelope; " + at(n+8, "ok envelope")},
		"an envelope with hash": {in: "#id:7 #" + good, want: at(7, "ok envelope")},
		"a longer run of #":     {in: "#####" + good, want: at(5, "ok envelope")},
		"an envelope too long":  {in: strings.Repeat("x", 1025) + good, want: "0 no_start; 1025 ok"},
		"a line of no frame":    {in: "hello\r\n" + good, want: "0 no_start; 7 ok"},
		"lines of no frame": {in: good + "AT+CSQ\r\nOK\r\n" + good,
			want: "0 ok; " + at(n+2, "no_start;", fmt.Sprint(n+14), "ok")},
		"wrong CRC":             {in: wrong + "\r\n" + good, want: "0 crc; " + at(n+2, "ok")},
		"wrong CRC, no CRLF":    {in: wrong + good, want: "0 crc; " + at(n, "ok")},
		"no CRC":                {in: line[:n-4] + "\r\n" + good, want: "0 length; " + at(n-2, "ok")},
		"CRC is no number":      {in: line[:n-4] + "XYZ!\r\n" + good, want: "0 crc_form; " + at(n+2, "ok")},
		"three digits":          {in: "##" + line[3:] + "\r\n" + good, want: "0 length_form; " + at(n+1, "ok")},
		"eight digits":          {in: "##0000" + line[2:] + "\r\n" + good, want: "0 length_form; " + at(n+6, "ok")},
		"no digits":             {in: "##QN=1;CP=&&&&\r\n" + good, want: "0 length_form; 16 ok"},
		"a length of 0":         {in: "##0000FFFF\r\n" + good, want: "0 length; 12 ok"},
		"too short a length":    {in: "##0001" + line[6:] + "\r\n" + good, want: "0 length; " + at(n+2, "ok")},
		"9999":                  {in: swallow + "\r\n" + good, want: "0 length; " + at(n+2, "ok")},
		"9999 and no CRLF":      {in: swallow + good, want: "0 length; " + at(n, "ok")},
		"9999 of an end":        {in: good + swallow, want: "0 ok; " + at(n+2, "length")},
		"9999, then wrong CRC":  {in: swallow + wrong + good, want: "0 length; " + at(n, "crc;", fmt.Sprint(2*n), "ok")},
		"cut off by the next":   {in: line[:40] + good, want: "0 length; 40 ok"},
		"cut off by the end":    {in: good + line[:40], want: "0 ok; " + at(n+2, "cut")},
		"## at the end":         {in: good + "##", want: "0 ok; " + at(n+2, "length_form")},
		"more than 1,024 bytes": {in: long + "\r\n" + good, want: "0 ok long; " + at(len(long)+2, "ok")},
		"the CRC in the length": {in: inLength + "\r\n" + good, want: "0 length~crc_in_length; " + at(n+2, "ok")},
		"the same, tolerated": {in: inLength + "\r\n" + good, want: "0 ok tolerated; " + at(n+2, "ok"),
			opt: Options{Tolerate: []Tolerance{CRCInLength}}},
		"a constant CRC": {in: wrong + "\r\n" + strings.Replace(wrong, "12.5", "12.6", 1) + "\r\n" + wrong + wrong,
			want: "0 crc; " + at(n+2, "crc crc_constant;", fmt.Sprint(2*n+4), "crc crc_constant;", fmt.Sprint(3*n+4), "crc")},
	} {
		t.Run(name, func(t *testing.T) {
			if got := verdicts(decode(t, c.in, c.opt)); got != c.want {
				t.Errorf("%s\nnot %s", got, c.want)
			}
			if got := verdicts(decodeFrom(t, iotest.OneByteReader(strings.NewReader(c.in)), c.opt)); got != c.want {
				t.Errorf("byte by byte %s\nnot %s", got, c.want)
			}
		})
	}
}

// Each fault and note says where it is and shows the bytes, not too many of them.
func TestWhereAndWhat(t *testing.T) {
	line := packet(data)
	crcAt := int64(len(line) - 4)
	swallow := "##9999" + line[6:] + "\r\n" + good
	for name, c := range map[string]struct {
		in   string
		want Note
	}{
		"crc": {line[:crcAt] + "12ab", Note{Name: CRCWrong, Offset: crcAt, Bytes: "12AB", Count: 1, Declared: len(data),
			There: len(data)}},
		"length": {swallow, Note{Name: Length, Bytes: shown([]byte(swallow)), Count: 1, Declared: 9999, There: len(data)}},
		"start": {"\r\nA\x00\xff中" + strings.Repeat("b", 100), Note{Name: NoStart, Offset: 2,
			Bytes: `A\x00\xFF中` + strings.Repeat("b", 58) + "…", Count: 1}},
		"key twice": {packet(head + "CP=&&PolId=1;PolId=2;PolId=3;PolId=4&&"),
			Note{Name: Repeated, Offset: int64(6 + len(head) + 5 + 8), Bytes: "PolId", Count: 3}},
		"a value": {packet(head + "CP=&&a21026-Rtd=NaN&&"),
			Note{Name: NotANumber, Offset: int64(6 + len(head) + 5), Bytes: "a21026-Rtd=NaN", Count: 1}},
	} {
		f := decode(t, c.in, Options{})[0]
		notes := f.Notes
		if f.Fault != nil {
			notes = append(notes, *f.Fault)
		}
		if !slices.Contains(notes, c.want) {
			t.Errorf("%s: %+v is not among %+v", name, c.want, notes)
		}
		for _, n := range notes {
			for _, lang := range []string{"zh-CN", "en"} {
				if text := n.Message(lang); strings.ContainsAny(text, "{}") || strings.HasPrefix(text, "hj212.") {
					t.Errorf("%s says %q", n.Name, text)
				}
			}
		}
	}
}

// Every name has words in both languages, and a tolerance that would help is among them; the contract has each that the
// decoder gives.
func TestEveryNameHasWords(t *testing.T) {
	file, err := goparser.ParseFile(token.NewFileSet(), "notes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	contract, err := os.ReadFile("../../../docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	fixed := strings.FieldsFunc(string(contract), func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') })
	ofParts := []Name{PartBeyond, PartDiffers, PartsLate, PartsOver}
	names := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Name" {
			return true
		}
		name, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		names++
		note := Note{Name: Name(name)}
		if zh, en := note.Message("zh-CN"), note.Message("en"); !refusal.Known("hj212."+name) || zh == en {
			t.Errorf("%s says %q and %q", name, zh, en)
		}
		if !slices.Contains(fixed, name) && !slices.Contains(ofParts, note.Name) {
			t.Errorf("the contract lacks %s", name)
		}
		return true
	})
	if names < 35 {
		t.Errorf("only %d names were found", names)
	}
	note := Note{Name: CRCWrong, Bytes: "1234", Fits: Modbus}
	if got := note.Message("en"); !strings.HasSuffix(got, "would pass by the tolerance modbus_crc.") {
		t.Error(got)
	}
	if got := note.Error(); !strings.HasPrefix(got, "crc at byte 0: the CRC (1234)") {
		t.Error(got)
	}
}

// A live stream has a frame handed on before its line ends, and what is missing of that is told with what comes next.
func TestLive(t *testing.T) {
	line := packet(data)
	for _, c := range []struct{ name, rest, want string }{
		{"with CRLF", "\r\n" + good, "0 ok; %d ok"},
		{"without", good, "0 ok; %d ok no_crlf"},
		{"LF alone", "\n" + good, "0 ok; %d ok lf_alone"},
		{"then garbage", "xyz\r\n" + good, "0 ok; %d no_start no_crlf; 155 ok"},
	} {
		in := &pieces{left: []string{line, c.rest}}
		d := NewDecoder(in, Options{Live: true})
		var f Frame
		if err := d.Next(&f); err != nil || f.Fault != nil || len(f.Notes) != 0 || len(in.left) != 1 {
			t.Errorf("%s: %v %v %v; %d pieces are left", c.name, err, f.Fault, f.Notes, len(in.left))
		}
		got := []*Frame{f.Clone()}
		for d.Next(&f) == nil {
			got = append(got, f.Clone())
		}
		if want := fmt.Sprintf(c.want, got[1].Offset); verdicts(got) != want {
			t.Errorf("%s: %s, not %s", c.name, verdicts(got), want)
		}
	}
	// A length of 9999 is refused as soon as the frame behind it is complete: nobody waits for 9,999 bytes.
	in := &pieces{left: []string{"##9999" + line[6:], good, "never read"}}
	d := NewDecoder(in, Options{Live: true})
	var f Frame
	if err := d.Next(&f); err != nil || f.Fault == nil || f.Fault.Name != Length {
		t.Errorf("%v %+v", err, f.Fault)
	}
	if err := d.Next(&f); err != nil || f.Fault != nil || len(in.left) != 1 {
		t.Errorf("%v %v; %d pieces are left", err, f.Fault, len(in.left))
	}
}

// pieces is a reader of one piece at a time.
type pieces struct{ left []string }

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.left[0])
	if p.left[0] = p.left[0][n:]; p.left[0] == "" {
		p.left = p.left[1:]
	}
	return n, nil
}

// What was whole before a reader failed is told, and then the failure.
func TestFailingReader(t *testing.T) {
	broken := errors.New("broken")
	d := NewDecoder(io.MultiReader(strings.NewReader(good+good[:50]), iotest.ErrReader(broken)), Options{})
	var f Frame
	for _, want := range []string{"0 ok", fmt.Sprintf("%d cut", len(good))} {
		if err := d.Next(&f); err != nil || verdicts([]*Frame{&f}) != want {
			t.Errorf("%v %s, not %s", err, verdicts([]*Frame{&f}), want)
		}
	}
	for range 2 {
		if err := d.Next(&f); err != broken {
			t.Errorf("%v", err)
		}
	}
	if err := NewDecoder(idle{}, Options{}).Next(&f); err != io.ErrNoProgress {
		t.Errorf("%v", err)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

// endless repeats a text for so many bytes.
func endless(text string, size int64) io.Reader {
	return io.LimitReader(&repeat{[]byte(strings.Repeat(text, 1+32<<10/len(text))), 0}, size)
}

type repeat struct {
	text []byte
	at   int
}

func (r *repeat) Read(b []byte) (int, error) {
	n := copy(b, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

// Whatever comes, and however much of it, memory and time stay small, every byte is told of once, and the frame behind
// it is found.
func TestEndlessStreams(t *testing.T) {
	for _, c := range []struct {
		name, text string
		size       int64
	}{
		{"no line ends", "x", 256 << 20}, {"hashes", "#", 32 << 20}, {"blanks", " ", 64 << 20}, {"ends of lines", "\n", 64 << 20},
		{"zeros", "\x00", 64 << 20}, {"lengths", "##9999", 256 << 10}, {"frames begun", "##9999QN=1", 256 << 10},
		{"short lengths", "##0010", 4 << 20}, {"pairs of hashes", "##", 32 << 20}, {"digits", "##1", 4 << 20},
		{"hexadecimal digits", "##0100AAAAAAAAAAAA", 4 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewDecoder(io.MultiReader(endless(c.text, c.size), strings.NewReader("\r\n"+good)), Options{})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			var f Frame
			told, begun, goodFrames := int64(0), time.Now(), 0
			for {
				err := d.Next(&f)
				if err == io.EOF {
					break
				}
				if told += int64(f.Size); err != nil || int64(f.Size) > maxJunk {
					t.Fatal(err, f.Size)
				}
				if f.Fault == nil && f.MN != "" {
					goodFrames++
				}
			}
			runtime.ReadMemStats(&after)
			blank := strings.TrimSpace(c.text) == ""
			if goodFrames != 1 || !blank && told < c.size {
				t.Errorf("%d good frames; %d bytes of %d are told", goodFrames, told, c.size)
			}
			if live := int64(after.HeapAlloc) - int64(before.HeapAlloc); live > 16<<20 {
				t.Errorf("%d bytes are held", live)
			}
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// What is kept from frame to frame holds no text of earlier ones, however their numbers of items and keys go.
func TestFramesKeepNothing(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	in := &made{n: 4000, frame: func(i int) string {
		return packet("MN=1;CP=&&" + strings.Repeat(itoa(i)+"=;", 4000-i)[:4000-i] + itoa(i) + "-Info=" + strings.Repeat("x", 5000) + "&&")
	}}
	d := NewDecoder(in, Options{Live: true})
	var f Frame
	n := 0
	for ; d.Next(&f) == nil; n++ {
		if f.Fault != nil {
			t.Fatal(f.Fault)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); n != 4000 || held > 2<<20 {
		t.Errorf("%d bytes are held after %d frames", held, n)
	}
	runtime.KeepAlive(d)
	runtime.KeepAlive(&f)
}

// made is a stream of n frames.
type made struct {
	n, i  int
	frame func(i int) string
	rest  string
}

func (m *made) Read(b []byte) (int, error) {
	if m.rest == "" {
		if m.i == m.n {
			return 0, io.EOF
		}
		m.rest = m.frame(m.i)
		m.i++
	}
	n := copy(b, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

// Keys that stand twice are found among any number of them.
func TestManyKeys(t *testing.T) {
	for _, n := range []int{1, 127, 128, 129, 500, 1000} {
		var items []string
		for i := range n {
			items = append(items, "k"+itoa(i)+"=1")
		}
		for _, c := range []struct {
			more string
			want int
		}{{"", 0}, {";k0=2", 1}, {";k0=2;k" + itoa(n-1) + "=2;k" + itoa(n/2) + "=2", 3}} {
			got := 0
			for _, note := range one(t, head+"CP=&&"+strings.Join(items, ";")+c.more+"&&", Options{}).Notes {
				if note.Name == Repeated {
					got = note.Count
				}
			}
			if got != c.want {
				t.Errorf("%d keys and %q: %d stand twice", n, c.more, got)
			}
		}
	}
}

// A frame that holds a good frame is refused for it: which one counts does not depend on how the stream comes.
func TestAFrameWithinAFrame(t *testing.T) {
	outer := packet(head + "CP=&&DataTime=" + packet(data) + "&&")
	want := fmt.Sprintf("0 length; %d ok no_crlf; %d no_start", len(head)+20, len(head)+20+len(packet(data)))
	for _, in := range []io.Reader{strings.NewReader(outer), iotest.OneByteReader(strings.NewReader(outer)),
		bytes.NewReader([]byte(outer))} {
		if got := verdicts(decodeFrom(t, in, Options{})); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}
