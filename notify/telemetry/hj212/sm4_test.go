package hj212

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm4"

	"qingkong/alerts/refusal"
)

// testKey is that of the standard's annex.
var testKey = bytes.Repeat([]byte{0x30}, 16)

func testCipher(t testing.TB, mode Mode) *Cipher {
	t.Helper()
	c, err := NewCipher(mode, testKey)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The library's SM4 is that of GB/T 32907-2016, appendix A: the first example, and the second with its million rounds.
func TestSM4(t *testing.T) {
	key, _ := hex.DecodeString("0123456789abcdeffedcba9876543210")
	block, err := sm4.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Clone(key)
	block.Encrypt(text, text)
	if got := hex.EncodeToString(text); got != "681edf34d206965e86b3e94f536e4246" {
		t.Error(got)
	}
	for range 999_999 {
		block.Encrypt(text, text)
	}
	if got := hex.EncodeToString(text); got != "595298c7c6fd271f0402f804c33d3f66" {
		t.Error(got)
	}
}

// Whole groups of 16 between CP=&& and && are encrypted and the rest stays; the CRC is that of the plain text.
func TestEncrypted(t *testing.T) {
	content := "DataTime=20260801085800;a21026-Rtd=12.5,a21026-Flag=N" // 53 bytes: three groups, five left
	segment := strings.Replace(head, "Flag=5", "Flag=9", 1) + "CP=&&" + content + "&&"
	plain := packet(segment) + "\r\n"
	f := decode(t, plain, Options{})[0]
	for mode, longer := range map[Mode]int{Raw: 0, Hex: 48} {
		c := testCipher(t, mode)
		back, out := again(t, f, c)
		if !back.Encrypted || len(out) != len(plain)+longer || notesOf(back) != "" || valueOf(back, "a21026-Rtd") != "12.5" {
			t.Errorf("%s: %q %+v", mode, out, back)
		}
		crc := len(out) - 6
		if !bytes.Contains(out, []byte("lag=N&&")) || bytes.Contains(out, []byte("a21026")) ||
			string(out[crc:]) != plain[len(plain)-6:] {
			t.Errorf("%s: %q", mode, out)
		}
		// Another key, or none, or the other mode.
		other, err := NewCipher(mode, bytes.Repeat([]byte{1}, 16))
		if err != nil {
			t.Fatal(err)
		}
		for name, opt := range map[Name]Options{Key: {Cipher: other}, CRCWrong: {}} {
			got := decode(t, string(out), opt)
			if got[0].Fault == nil || mode == Hex && got[0].Fault.Name != name {
				t.Errorf("%s with another key: %s", mode, verdicts(got))
			}
		}
		// In clear it passes, and that is told where it should not be.
		if got := decode(t, plain, Options{Cipher: c})[0]; got.Fault != nil || got.Encrypted || notesOf(got) != "not_encrypted" {
			t.Errorf("%s in clear: %v %v", mode, got.Fault, got.Notes)
		}
		ack := strings.NewReplacer("CN=2011", "CN=9014", content, "").Replace(segment)
		if got := decode(t, packet(ack)+"\r\n", Options{Cipher: c})[0]; got.Fault != nil || notesOf(got) != "" {
			t.Errorf("%s, an answer: %v %v", mode, got.Fault, got.Notes)
		}
		// Tolerances hold for what is decrypted.
		modbus := bytes.Clone(out)
		copy(modbus[crc:], hexText(ModbusCRC([]byte(segment))))
		if got := decode(t, string(modbus), Options{Cipher: c, Tolerate: []Tolerance{Modbus}})[0]; got.Fault != nil {
			t.Errorf("%s with Modbus: %v", mode, got.Fault)
		}
	}
}

func valueOf(f *Frame, key string) string { v, _ := f.Value(key); return v }

// Encrypted bytes may be anything, ends of lines and ## among them: a stream of such frames is read whole.
func TestEncryptedStream(t *testing.T) {
	for _, mode := range []Mode{Raw, Hex} {
		c := testCipher(t, mode)
		var stream []byte
		const n = 2000
		for i := range n {
			f := NewFrame(Head{QN: "20260801085857223", ST: "31", CN: "2011", PW: "1", MN: "M" + itoa(i), Flag: 9, HasFlag: true},
				NewItem("DataTime", "20260801085800"), NewItem("a21026-Rtd", itoa(i)), NewItem("a21026-Info", "some text more"))
			var err error
			if stream, err = f.Append(stream, c); err != nil {
				t.Fatal(err)
			}
		}
		for i, f := range decode(t, string(stream), Options{Cipher: c}) {
			if f.Fault != nil || f.MN != "M"+itoa(i) || valueOf(f, "a21026-Rtd") != itoa(i) {
				t.Fatalf("%s, frame %d: %v %+v", mode, i, f.Fault, f)
			}
		}
	}
}

func TestNewCipherRefuses(t *testing.T) {
	if c, err := NewCipher(None, nil); c != nil || err != nil {
		t.Error(c, err)
	}
	for _, c := range []struct {
		mode Mode
		key  []byte
	}{{"base64", testKey}, {Raw, testKey[:15]}, {Hex, nil}} {
		if got, err := NewCipher(c.mode, c.key); got != nil || refusal.CodeOf(err) != refusal.Invalid {
			t.Errorf("%s: %v", c.mode, err)
		}
	}
}
