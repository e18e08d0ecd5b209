package refusal

import (
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Unmarshal decodes one JSON value into v and refuses what v does not name. It returns a refusal with
// Code Invalid and rule input.not_json for text that is not JSON (also a member named twice, invalid UTF-8
// and trailing text), UnknownField for an unknown member, and Invalid for a value of the wrong type or a text with characters that
// no name may hold; out of a field with the tag `text:"free"` these are left, see [Plain].
func Unmarshal(data []byte, v any) error {
	err := json.Unmarshal(data, v, json.RejectUnknownMembers(true))
	if err == nil {
		var wrong []Field
		clean(reflect.ValueOf(v), "", false, &wrong)
		return Input(wrong)
	}
	var sem *json.SemanticError
	if errors.As(err, &sem) {
		path := Path(string(sem.JSONPointer))
		if errors.Is(err, json.ErrUnknownName) {
			name := path[strings.LastIndexByte(path, '.')+1:]
			return &Error{Code: UnknownField, Rule: "input.wrong", Args: Args{"count": 1},
				Fields: []Field{{Path: path, Rule: "input.unknown_field", Args: Args{"name": name}}}}
		}
		var own *Error
		if errors.As(sem.Err, &own) { // the value's own type says what is wrong with it
			return Input([]Field{{Path: path, Rule: own.Rule, Args: own.Args}})
		}
		want := "JSON"
		if sem.GoType != nil {
			want = sem.GoType.String()
		}
		if sem.Err != nil {
			want += " (" + sem.Err.Error() + ")"
		}
		return Input([]Field{{Path: path, Rule: "input.wrong_type", Args: Args{"want": want}}})
	}
	e := New(Invalid, "input.not_json", Args{"offset": 0, "why": err.Error()})
	var syn *jsontext.SyntacticError
	if errors.As(err, &syn) {
		e.Args["offset"] = syn.ByteOffset
		if syn.Err != nil {
			e.Args["why"] = syn.Err.Error()
		}
	}
	return e
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
