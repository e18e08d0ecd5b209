package workbook

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist/internal/text"
)

// maxToken bounds one element, and the text of one cell, which the format ends at 32,767 characters; maxDepth how deep
// elements stand in each other, which in what programs write is below 20.
const (
	maxToken = 1 << 20
	maxDepth = 200
)

// tokens is an XML part as a stream. It holds no more than one token and the names of the elements around it, refuses
// what is not well-formed as well as document types, and so knows no entities but those of XML itself.
type tokens struct {
	part  string
	in    tokenReader
	d     *xml.Decoder
	buf   []byte     // the text at hand
	open  []xml.Name // elements that are not closed yet, the innermost last
	begun bool       // there was an element
}

func newTokens(r io.Reader, part string) *tokens {
	t := &tokens{part: part, in: tokenReader{r: r}}
	t.d = xml.NewDecoder(&t.in)
	return t
}

// tokenReader counts what is read for one token.
type tokenReader struct {
	r    io.Reader
	left int
}

var errToken = errors.New("one element is larger than any cell")

func (m *tokenReader) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errToken
	}
	n, err := m.r.Read(p)
	m.left -= n
	return n, err
}

// next is the next token; it is good until the one after it is asked for.
func (t *tokens) next() (xml.Token, error) {
	t.in.left = maxToken
	token, err := t.d.RawToken()
	if err == io.EOF && t.begun && len(t.open) == 0 {
		return nil, err
	}
	if err != nil {
		return nil, t.broken(err)
	}
	if _, ok := token.(xml.Directive); ok {
		return nil, wrongFile("list.xml_doctype", refusal.Args{"part": t.part})
	}
	if why := t.nest(token); why != "" {
		return nil, t.broken(errors.New(why))
	}
	return token, nil
}

// nest follows how elements stand in each other, which xml.Decoder.RawToken does not look at, and says what is wrong.
func (t *tokens) nest(token xml.Token) (why string) {
	switch e := token.(type) {
	case xml.StartElement:
		if len(t.open) == 0 && t.begun {
			return "an element <" + elementName(e.Name) + "> behind the end"
		}
		if len(t.open) == maxDepth {
			return "more than " + strconv.Itoa(maxDepth) + " elements in each other"
		}
		t.open, t.begun = append(t.open, e.Name), true
	case xml.EndElement:
		if len(t.open) == 0 {
			return "</" + elementName(e.Name) + "> closes nothing"
		}
		if last := t.open[len(t.open)-1]; last != e.Name {
			return "<" + elementName(last) + "> is closed by </" + elementName(e.Name) + ">"
		}
		t.open = t.open[:len(t.open)-1]
	case xml.CharData:
		if len(t.open) == 0 && strings.Trim(string(e), " \t\r\n\ufeff") != "" {
			return "text outside of all elements"
		}
	}
	return ""
}

func elementName(n xml.Name) string {
	if n.Space != "" {
		return text.Clip(n.Space + ":" + n.Local)
	}
	return text.Clip(n.Local)
}

// rest reads on to the end of the part, where the archive compares its checksum.
func (t *tokens) rest() error {
	for {
		switch _, err := t.next(); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// broken refuses a part that cannot be read, unless err is a refusal already. It says where, since a part may be one
// line of many megabytes.
func (t *tokens) broken(err error) error {
	if refusal.CodeOf(err) != "" {
		return err
	}
	why := err.Error()
	if err == io.EOF {
		why = "unexpected end"
		if n := len(t.open); n > 0 {
			why += ": <" + elementName(t.open[n-1]) + "> is not closed"
		}
	}
	line, _ := t.d.InputPos()
	kind := "list.xml.syntax"
	switch {
	case errors.Is(err, errCell):
		kind = "list.xml.place"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		kind = "list.xml.cut"
	}
	at := t.d.InputOffset()
	return wrongFile("list.xml_broken", refusal.Args{"part": t.part, "why": refusal.Worded{
		ZH: fmt.Sprintf("第 %d 行，第 %d 字节：%s", line, at, refusal.Text(kind, "zh-CN", nil)),
		EN: fmt.Sprintf("line %d, byte %d: %s", line, at, why)}})
}

// text gathers the text up to the end of the element of that name.
func (t *tokens) text(end string) (string, error) {
	t.buf = t.buf[:0]
	if err := t.gather(end); err != nil {
		return "", err
	}
	return string(t.buf), nil
}

// gather adds the text up to the end of the element of that name to what was gathered.
func (t *tokens) gather(end string) error {
	for {
		token, err := t.next()
		if err != nil {
			return t.broken(err)
		}
		switch e := token.(type) {
		case xml.CharData:
			if t.buf = append(t.buf, e...); len(t.buf) > maxToken {
				return t.broken(errToken)
			}
		case xml.EndElement:
			if e.Name.Local == end {
				return nil
			}
		}
	}
}

// richText gathers the text of an inline or shared string without its phonetic runs.
func (t *tokens) richText(end string) (string, error) {
	t.buf = t.buf[:0]
	for {
		token, err := t.next()
		if err != nil {
			return "", t.broken(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			before := len(t.buf)
			switch e.Name.Local {
			case "t":
				err = t.gather("t")
			case "rPh":
				err = t.gather("rPh")
				t.buf = t.buf[:before]
			}
			if err != nil {
				return "", err
			}
		case xml.EndElement:
			if e.Name.Local == end {
				return unescape(string(t.buf)), nil
			}
		}
	}
}

// unescape reads _x000D_, by which the format writes characters that XML cannot hold.
func unescape(text string) string {
	i := strings.Index(text, "_x")
	if i < 0 {
		return text
	}
	var b strings.Builder
	for ; i >= 0; i = strings.Index(text, "_x") {
		b.WriteString(text[:i])
		text = text[i:]
		if len(text) >= 7 && text[6] == '_' {
			if n, err := strconv.ParseUint(text[2:6], 16, 16); err == nil && utf8.ValidRune(rune(n)) {
				b.WriteRune(rune(n))
				text = text[7:]
				continue
			}
		}
		b.WriteString(text[:2])
		text = text[2:]
	}
	b.WriteString(text)
	return b.String()
}
