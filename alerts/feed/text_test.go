package feed

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"qingkong/alerts/refusal"
)

const sample = "date,aqi,备注\n2016-12-17,230,沙尘 µg/m³ 㐀𠀀\n" // beyond GBK: needs GB 18030

func encode(t testing.TB, name string) []byte {
	t.Helper()
	encoder := simplifiedchinese.GB18030.NewEncoder()
	switch name {
	case "UTF-8":
		return []byte(sample)
	case "UTF-8 with a mark":
		return []byte(utf8BOM + sample)
	case "UTF-16 LE":
		encoder = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder()
	case "UTF-16 BE":
		encoder = unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder()
	}
	out, err := encoder.Bytes([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var encodings = []string{"UTF-8", "UTF-8 with a mark", "GB 18030", "UTF-16 LE", "UTF-16 BE"}

func TestDecodeText(t *testing.T) {
	for _, name := range encodings {
		in := encode(t, name)
		if got, err := DecodeText(in); err != nil || string(got) != sample {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	marked, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(utf8BOM + sample))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeText(marked); err != nil || string(got) != sample {
		t.Errorf("GB 18030 with a mark: %q, %v", got, err)
	}
	if got, err := DecodeText(nil); err != nil || len(got) != 0 {
		t.Errorf("nothing: %q, %v", got, err)
	}
}

func TestDecodeTextRefuses(t *testing.T) {
	for _, tt := range []struct{ name, in, rule, part string }{
		{"neither UTF-8 nor GB 18030", "date,aqi\n2016-12-17,\xff\xff\n", "text.gb18030_broken", "line 2"},
		{"GB 18030 cut in a character", "date,aqi\n\xc8\xd5\xc6\xda\xb1", "text.gb18030_broken", "line 2"},
		{"GB 18030 that says itself it was replaced", "\xb1\xb8\x841\xa47", "text.gb18030_broken", "line 1"},
		{"marked UTF-8 that is GB 18030", utf8BOM + "a\nb\n\xb1\xb8\xd7\xa2\n", "text.utf8_broken", "line 3 (at byte 7)"},
		{"marked UTF-8, cut", utf8BOM + "a\n沙\xe5\xb0", "text.cut", "line 2 (at byte 8)"},
		{"UTF-8 cut in a character", "备注,沙\xe5\xb0", "text.cut", "line 1 (at byte 10)"},
		{"UTF-8 cut in a long character", "备注\n\xf0\xa0\x80", "text.cut", "line 2 (at byte 7)"},
		{"UTF-16 with half a pair", "\xff\xfea\x00\n\x00\x00\xd8", "text.utf16_broken", "line 2"},
		{"UTF-16 with half a unit", "\xff\xfea\x00\n\x00b", "text.utf16_broken", "line 2"},
		{"UTF-16 without a mark", "d\x00a\x00t\x00e\x00", "text.nul", "line 1"},
		{"UTF-32", "\xff\xfe\x00\x00a\x00\x00\x00", "text.nul", "line 1"},
		{"an archive", "PK\x03\x04\x14\x00\x06\x00\xff", "", ""},
	} {
		got, err := DecodeText([]byte(tt.in))
		var r *refusal.Error
		if !errors.As(err, &r) || got != nil && tt.rule != "text.nul" {
			t.Errorf("%s: %q, %v", tt.name, got, err)
			continue
		}
		if tt.rule != "" && r.Rule != tt.rule || !strings.Contains(r.Detail("en"), tt.part) ||
			strings.Contains(r.Detail("zh-CN"), "{") {
			t.Errorf("%s: %s %q, want %s naming %s", tt.name, r.Rule, r.Detail("en"), tt.rule, tt.part)
		}
	}
}

// A text of one encoding, cut anywhere, must come out as a beginning of the text or be refused, and never as other
// characters. (GB 18030 is left out: cut after the first byte of a pair it is told apart, but that is all.)
func TestTextCutAnywhereIsNeverAnotherText(t *testing.T) {
	for _, name := range encodings {
		in := encode(t, name)
		for n := range in {
			if n < 2 && strings.HasPrefix(name, "UTF-16") || n < 3 && name == "UTF-8 with a mark" {
				continue // cut in the mark
			}
			if got, err := DecodeText(in[:n]); err == nil && !strings.HasPrefix(sample, string(got)) {
				t.Errorf("%s cut at byte %d came out as %q", name, n, got)
			}
		}
	}
}

func FuzzDecodeText(f *testing.F) {
	for _, name := range encodings {
		f.Add(encode(f, name))
		f.Add(encode(f, name)[:31])
	}
	f.Add([]byte("\xff\xfe\x00\xd8"))
	f.Add([]byte("\x841\x953"))
	f.Fuzz(func(t *testing.T, in []byte) {
		before := bytes.Clone(in)
		out, err := DecodeText(in)
		if !bytes.Equal(in, before) {
			t.Fatal("the input was written to")
		}
		if err != nil {
			if refusal.CodeOf(err) != refusal.Invalid {
				t.Fatalf("%v is no refusal of the input", err)
			}
			return
		}
		if !utf8.Valid(out) || bytes.IndexByte(out, 0) >= 0 {
			t.Fatalf("%q came out as %q", in, out)
		}
		if utf8.Valid(in) && !bytes.Equal(bytes.TrimPrefix(in, []byte(utf8BOM)), out) {
			t.Fatalf("UTF-8 %q was changed to %q", in, out)
		}
	})
}
