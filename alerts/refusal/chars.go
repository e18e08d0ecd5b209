package refusal

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// The characters that a text may hold. Control characters (C0 but TAB and LF, DEL, C1) steer terminals, end strings in
// programs that did not expect them, and are invisible. They are refused in a name or an id, and removed from free text
// as it comes in, before anything is hashed. Recorded texts stay as they are. Marks that turn the direction of writing
// are legal text and stay; every page that shows a text shows them, since a name that holds one reads as another.

// IsControl reports whether a character is one that no text may hold.
func IsControl(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' || r >= 0x7f && r <= 0x9f
}

// IsBidi reports whether a character turns the direction in which a text is read: U+061C, U+200E, U+200F, U+202A to
// U+202E and U+2066 to U+2069.
func IsBidi(r rune) bool {
	return r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// Plain is a text without what no text may hold: control characters and bytes that are no UTF-8.
func Plain(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, IsControl) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// Visible is a text to be shown to a person: with marks of direction and control characters as ⟦U+202E⟧, and lines that
// end as Windows ends them as others do.
func Visible(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	hidden := func(r rune) bool { return IsBidi(r) || IsControl(r) }
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			fmt.Fprintf(&b, "⟦U+%04X⟧", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// VisibleWriter writes texts on to w as [Visible] has them, for any goroutine. A character or the end of a line may
// come in pieces; what is cut off at the end is lost.
func VisibleWriter(w io.Writer) io.Writer { return &visible{w: w} }

type visible struct {
	mu   sync.Mutex
	w    io.Writer
	rest []byte // the beginning of a character, or of a line's end
}

func (v *visible) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	text := append(v.rest, p...)
	end := len(text)
	for i := 1; i < utf8.UTFMax && i <= len(text); i++ {
		if c := text[len(text)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(text[len(text)-i:]) {
				end = len(text) - i
			}
			break
		}
	}
	if end > 0 && text[end-1] == '\r' {
		end--
	}
	if _, err := io.WriteString(v.w, Visible(string(text[:end]))); err != nil {
		return 0, err
	}
	v.rest = append([]byte(nil), text[end:]...)
	return len(p), nil
}

// freeText is the struct tag of a field that a person writes freely: `text:"free"`.
const freeText = "free"

// clean leaves out of free texts what no text may hold, and names every other text that holds such.
func clean(v reflect.Value, path string, free bool, wrong *[]Field) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			clean(v.Elem(), path, free, wrong)
		}
	case reflect.String:
		s := v.String()
		plain := Plain(s)
		switch {
		case plain == s:
		case free && v.CanSet():
			v.SetString(plain)
		default:
			r, _ := utf8.DecodeRuneInString(s[strings.IndexFunc(s, IsControl):])
			*wrong = append(*wrong, Field{Path: path, Rule: "input.control", Args: Args{"character": fmt.Sprintf("U+%04X", r)}})
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() {
				continue
			}
			clean(v.Field(i), memberPath(path, f), free || f.Tag.Get("text") == freeText, wrong)
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 { // JSON that is read later
			return
		}
		for i := range v.Len() {
			clean(v.Index(i), path+"["+strconv.Itoa(i)+"]", free, wrong)
		}
	case reflect.Map:
		cleanMap(v, path, free, wrong)
	}
}

func cleanMap(v reflect.Value, path string, free bool, wrong *[]Field) {
	for _, key := range v.MapKeys() {
		at := path
		if key.Kind() == reflect.String {
			clean(key, path, false, wrong)
			at = strings.TrimPrefix(path+"."+Plain(key.String()), ".")
		}
		value := reflect.New(v.Type().Elem()).Elem()
		value.Set(v.MapIndex(key))
		clean(value, at, free, wrong)
		v.SetMapIndex(key, value)
	}
}

// memberPath is the path of a struct's field, by its name in JSON.
func memberPath(path string, f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	switch {
	case f.Anonymous && name == "":
		return path
	case name == "":
		name = f.Name
	}
	if path == "" {
		return name
	}
	return path + "." + name
}
