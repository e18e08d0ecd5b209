package feed

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"qingkong/alerts/refusal"
)

const utf8BOM = "\ufeff"

// DecodeText returns body as UTF-8 without a byte-order mark. UTF-8, GB 18030 (what is not valid UTF-8) and UTF-16
// with a mark are understood. It refuses, with the line, what is none of them: nothing is replaced and nothing is
// guessed, for a wrong digit or name in a forecast would look as good as a right one.
func DecodeText(body []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(body, []byte(utf8BOM)):
		return markedUTF8(body)
	case bytes.HasPrefix(body, []byte{0xff, 0xfe}), bytes.HasPrefix(body, []byte{0xfe, 0xff}):
		return recode(body, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM), "text.utf16_broken")
	case utf8.Valid(body):
		return body, refuseNUL(body)
	}
	// UTF-8 that was cut in mid-character must not be read as GB 18030: that gives other characters, not an error. A
	// GB 18030 text that looks so has one single such character, at its very end; it is refused rather than guessed.
	if at := lastRune(body); !utf8.FullRune(body[at:]) && utf8.Valid(body[:at]) {
		return nil, broken("text.cut", body, at)
	}
	return recode(body, simplifiedchinese.GB18030, "text.gb18030_broken")
}

// markedUTF8 strips the mark; what claims to be UTF-8 is not tried as anything else.
func markedUTF8(body []byte) ([]byte, error) {
	text := body[len(utf8BOM):]
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			rule := "text.utf8_broken"
			if !utf8.FullRune(text[at:]) {
				rule = "text.cut"
			}
			return nil, broken(rule, body, at+len(utf8BOM))
		}
		at += size
	}
	return text, refuseNUL(text)
}

// recode decodes body, and refuses by rule where the decoder had to put U+FFFD in the place of what it did not know.
func recode(body []byte, from encoding.Encoding, rule string) ([]byte, error) {
	text, err := from.NewDecoder().Bytes(body)
	if err != nil {
		text = nil // a decoder replaces rather than fails; should one fail, the place is unknown
	}
	if at := bytes.IndexRune(text, utf8.RuneError); err != nil || at >= 0 {
		return nil, broken(rule, text, max(at, 0))
	}
	return bytes.TrimPrefix(text, []byte(utf8BOM)), refuseNUL(text) // GB 18030 can carry a mark too
}

// refuseNUL refuses what only looks like text because it happens to decode: archives, and UTF-16 without a mark.
func refuseNUL(text []byte) error {
	if at := bytes.IndexByte(text, 0); at >= 0 {
		return broken("text.nul", text, at)
	}
	return nil
}

// broken refuses a text at a byte of it. The line is what a person finds; a decoded text has other offsets than the
// file, so a rule for one names the line alone.
func broken(rule string, text []byte, at int) error {
	return refusal.New(refusal.Invalid, rule, refusal.Args{"line": 1 + bytes.Count(text[:at], []byte{'\n'}), "offset": at})
}

// lastRune is where the last, perhaps incomplete, character of body begins if body is UTF-8.
func lastRune(body []byte) int {
	at := len(body) - 1
	for at > 0 && len(body)-at < utf8.UTFMax && !utf8.RuneStart(body[at]) {
		at--
	}
	return max(at, 0)
}
