package refusal

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

type written struct {
	Name  string            `json:"name"`
	Note  string            `json:"note" text:"free"`
	Words []string          `json:"words"`
	Free  map[string]string `json:"free" text:"free"`
	In    struct {
		ID *string `json:"id"`
	} `json:"in"`
	Notes
}

// Notes are embedded.
type Notes struct {
	More string `json:"more" text:"free"`
}

// Out of free text control characters are left as it is read; anywhere else they are refused, with the place of each.
func TestControlCharacters(t *testing.T) {
	var in written
	if err := Unmarshal([]byte("{\"note\":\"a\\u0000b\\u001b[31mc\\r\\n\\td\\u009be\x7f\",\"free\":{\"k\":\"x\\u0007y\"},\"more\":\"\\u0085z\",\"name\":\"中\\t文\\n\\u202e\"}"), &in); err != nil {
		t.Fatal(err)
	}
	if in.Note != "ab[31mc\n\tde" || in.Free["k"] != "xy" || in.More != "z" || in.Name != "中\t文\n\u202e" {
		t.Errorf("%+v", in)
	}
	var e *Error
	err := Unmarshal([]byte(`{"name":"a\u0000","words":["ok","b\u001b"],"in":{"id":"\u0080"},"free":{"k\u0001":"v"}}`), &in)
	if !errors.As(err, &e) || len(e.Fields) != 4 {
		t.Fatalf("%v", err)
	}
	want := map[string]string{"name": "U+0000", "words[1]": "U+001B", "in.id": "U+0080", "free": "U+0001"}
	for _, f := range e.Fields {
		if f.Rule != "input.control" || want[f.Path] != f.Args["character"] ||
			!strings.Contains(f.Message("zh-CN"), want[f.Path]) {
			t.Errorf("%s: %s %v", f.Path, f.Rule, f.Args)
		}
	}
	if err := Unmarshal([]byte("{\"note\":\"\xff\"}"), &in); !errors.As(err, &e) || e.Rule != "input.not_json" {
		t.Errorf("bytes that are no UTF-8: %v", err)
	}
}

// What is plain holds nothing that no text may hold, everything else of the text, and is plain.
func TestPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		p := Plain(s)
		if !utf8.ValidString(p) || Plain(p) != p {
			t.Fatalf("%q is not plain", p)
		}
		var want strings.Builder
		for _, r := range strings.ToValidUTF8(s, "") {
			if !unicode.IsControl(r) || r == '\t' || r == '\n' {
				want.WriteRune(r)
			}
		}
		if p != want.String() {
			t.Fatalf("%q became %q", s, p)
		}
		if strings.ContainsFunc(Visible(p), IsBidi) || strings.ContainsFunc(Visible(s), IsControl) {
			t.Fatalf("%q shows as %q", s, Visible(s))
		}
	})
}

func TestVisible(t *testing.T) {
	for s, want := range map[string]string{
		"平常 text\n": "平常 text\n", "a\u202eb": "a⟦U+202E⟧b",
		"\u061c\u200e\u200f\u2066\u2069": "⟦U+061C⟧⟦U+200E⟧⟦U+200F⟧⟦U+2066⟧⟦U+2069⟧",
		"\x1b]0;x\x07":                   "⟦U+001B⟧]0;x⟦U+0007⟧", "\u009b31m": "⟦U+009B⟧31m", "one\r\ntwo\r\n": "one\ntwo\n",
		"over\rwritten": "over⟦U+000D⟧written",
	} {
		if got := Visible(s); got != want {
			t.Errorf("%q shows as %q, want %q", s, got, want)
		}
		var b strings.Builder
		if _, err := io.Copy(VisibleWriter(&b), iotest.OneByteReader(strings.NewReader(s))); err != nil ||
			b.String() != want {
			t.Errorf("%q is written as %q, %v", s, b.String(), err)
		}
	}
}
