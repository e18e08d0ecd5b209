package refusal

import (
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Unmarshal decodes one JSON value into v and refuses what v does not name. It returns a refusal with Code Invalid and
// rule input.not_json for text that is not JSON (also a member named twice, invalid UTF-8 and trailing text),
// UnknownField for an unknown member, and Invalid for a value of the wrong type or a text with characters that no name
// may hold; out of a field with the tag `text:"free"` these are left, see [Plain].
func Unmarshal(data []byte, v any) error {
	err := json.Unmarshal(data, v, json.RejectUnknownMembers(true), json.WithUnmarshalers(times))
	if err == nil {
		var wrong []Field
		clean(reflect.ValueOf(v), "", false, &wrong)
		return Input(wrong)
	}
	var sem *json.SemanticError
	if errors.As(err, &sem) {
		path := Path(string(sem.JSONPointer))
		if errors.Is(err, json.ErrUnknownName) {
			name := sem.JSONPointer.LastToken()
			return &Error{Code: UnknownField, Rule: "input.wrong", Args: Args{"count": 1},
				Fields: []Field{{Path: path, Rule: "input.unknown_field", Args: Args{"name": name}}}}
		}
		var own *Error
		if errors.As(sem.Err, &own) { // the value's own type says what is wrong with it
			return Wrong(path, own.Rule, own.Args)
		}
		return Wrong(path, "input.wrong_type", Args{"want": Want(sem.GoType)})
	}
	e := New(Invalid, "input.not_json", Args{"offset": 0, "why": NotJSON(err)})
	var syn *jsontext.SyntacticError
	if errors.As(err, &syn) {
		e.Args["offset"] = syn.ByteOffset
	}
	return e
}

// times reads every time of a body as [ReadTime] does.
var times = json.UnmarshalFromFunc(func(in *jsontext.Decoder, at *time.Time) error {
	if in.PeekKind() != '"' {
		return errors.ErrUnsupported
	}
	text, err := in.ReadToken()
	if err != nil {
		return err
	}
	read, ok := ReadTime(text.String())
	if !ok {
		return New(Invalid, "input.time", Args{"value": Shown(text.String())})
	}
	*at = read
	return nil
})

// Want is what a value of the type is called in messages; a type of nil is any JSON.
func Want(t reflect.Type) Worded {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	rule := "want.value"
	switch {
	case t == nil:
	case t == reflect.TypeFor[time.Time]():
		rule = "want.time"
	default:
		switch t.Kind() {
		case reflect.Bool:
			rule = "want.bool"
		case reflect.String:
			rule = "want.text"
		case reflect.Float32, reflect.Float64:
			rule = "want.number"
		case reflect.Array, reflect.Slice:
			if rule = "want.list"; t.Elem().Kind() == reflect.Uint8 {
				rule = "want.base64"
			}
		case reflect.Map, reflect.Struct:
			rule = "want.object"
		default:
			if reflect.Int <= t.Kind() && t.Kind() <= reflect.Uint64 {
				rule = "want.integer"
			}
		}
	}
	return Words(rule, nil)
}

// NotJSON says why a text is not JSON: in English as the parser has it, in Chinese by its kind.
func NotJSON(err error) Worded {
	why := err
	var syn *jsontext.SyntacticError
	if errors.As(err, &syn) && syn.Err != nil {
		why = syn.Err
	}
	rule := "json.broken"
	switch {
	case errors.Is(why, jsontext.ErrDuplicateName):
		rule = "json.twice"
	case errors.Is(why, io.ErrUnexpectedEOF), errors.Is(why, io.EOF):
		rule = "json.cut"
	case strings.Contains(why.Error(), "UTF-8"):
		rule = "json.utf8"
	}
	return Worded{ZH: Text(rule, "zh-CN", nil), EN: why.Error()}
}

// maxShown is how much of a wrong value a message repeats, in characters; whoever sends a megabyte does not get it
// back.
const maxShown = 40

// Shown is a wrong value as a message repeats it: in one line, cut short, and with nothing hidden.
func Shown(value string) string {
	value = strings.ToValidUTF8(value, "\ufffd")
	if r := []rune(value); len(r) > maxShown {
		value = string(r[:maxShown]) + "…"
	}
	return Visible(strings.ReplaceAll(value, "\n", " "))
}

// Path turns a JSON pointer (RFC 6901) into the form the interface uses: /days/1/date is days[1].date.
func Path(pointer string) string {
	var b strings.Builder
	for tok := range jsontext.Pointer(pointer).Tokens() {
		if _, err := strconv.Atoi(tok); err == nil {
			b.WriteString("[" + tok + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(tok)
	}
	return b.String()
}
