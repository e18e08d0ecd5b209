// Package refusal says why an act was not carried out: a code for programs, a rule that names the reason, the place in
// the input, and the values a person needs to see. Text lives in one catalogue, Chinese and English side by side, so
// that code never carries prose: each package registers what it says itself (words*.go).
//
// Every package may import it; it imports nothing of ours.
package refusal

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
)

// Code is one of the error codes other programs rely on (contract.md §3).
type Code string

// The codes of contract.md §3.
const (
	Invalid           Code = "invalid"
	UnknownField      Code = "unknown_field"
	Unauthenticated   Code = "unauthenticated"
	Forbidden         Code = "forbidden"
	NotFound          Code = "not_found"
	TransitionRefused Code = "transition_refused"
	StaleRevision     Code = "stale_revision"
	SamePerson        Code = "same_person"
	Conflict          Code = "conflict"
	TooLarge          Code = "too_large"
	UnsupportedMedia  Code = "unsupported_media"
	RateLimited       Code = "rate_limited"
	NotReady          Code = "not_ready"
)

// Args are the values a message names: {"value":"2016-12-17"} fills "{value}".
type Args map[string]any

// Worded is a value of Args that is itself a text, in both languages.
type Worded struct{ ZH, EN string }

// Field is one wrong place in the input. Path reads like days[1].date; an empty path is the whole input.
type Field struct {
	Path string
	Rule string
	Args Args
}

// Error is a refusal. Nothing was changed by the act it answers.
type Error struct {
	Code   Code
	Rule   string
	Args   Args
	State  string
	Fields []Field
}

// New returns a refusal with the catalogue rule that explains it.
func New(code Code, rule string, args Args) *Error {
	return &Error{Code: code, Rule: rule, Args: args}
}

// Transition returns a transition_refused: what was asked is not allowed in this state.
func Transition(rule, state string, args Args) *Error {
	if args == nil {
		args = Args{}
	}
	args["state"] = state
	return &Error{Code: TransitionRefused, Rule: rule, Args: args, State: state}
}

// Input returns an invalid with every wrong place, or nil when there is none.
func Input(fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Rule: "input.wrong", Args: Args{"count": len(fields)}, Fields: fields}
}

// Wrong is an invalid with one wrong place.
func Wrong(path, rule string, args Args) error { return Input([]Field{{path, rule, args}}) }

// Error is the English text, for logs.
func (e *Error) Error() string {
	text := string(e.Code) + ": " + e.Detail("en")
	for _, f := range e.Fields {
		text += "; " + f.Path + ": " + f.Message("en")
	}
	return text
}

// Detail is what was wrong and what to do next, in "zh-CN" (the default) or "en".
func (e *Error) Detail(lang string) string { return Text(e.Rule, lang, e.Args) }

// Message is the field's text in "zh-CN" (the default) or "en".
func (f Field) Message(lang string) string { return Text(f.Rule, lang, f.Args) }

// Within says of an input that was refused where in a larger one it stands: its paths begin with path. Any other error
// stays as it is.
func Within(path string, err error) error {
	var e *Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	inner := *e
	inner.Fields = slices.Clone(e.Fields)
	for i := range inner.Fields {
		inner.Fields[i].Path = path + "." + inner.Fields[i].Path
	}
	return &inner
}

// CodeOf returns the code of a refusal anywhere in err's chain, or "" for any other error.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Pair is a text in Chinese and in English. Both name the same values.
type Pair [2]string

type entry struct {
	Pair
	from string // the file that registered it
}

var catalogue = map[string]entry{}

// Register adds words to the catalogue; who speaks them calls it at start. A rule that is registered twice is a
// programming error: Register panics and names both files.
func Register(words map[string]Pair) {
	_, from, _, _ := runtime.Caller(1)
	for rule, w := range words {
		if other, twice := catalogue[rule]; twice {
			panic("refusal: " + rule + " is registered by " + other.from + " and by " + from)
		}
		catalogue[rule] = entry{w, from}
	}
}

// Known reports whether the catalogue has words for rule.
func Known(rule string) bool { _, ok := catalogue[rule]; return ok }

// Rules lists the catalogue's rules in order.
func Rules() []string {
	return slices.Sorted(maps.Keys(catalogue))
}

// Text fills the catalogue's words for rule, in "zh-CN" (the default) or "en".
func Text(rule, lang string, args Args) string {
	w, ok := catalogue[rule]
	if !ok {
		return rule
	}
	t := w.Pair[0]
	if lang == "en" {
		t = w.Pair[1]
	}
	for k, v := range args {
		if own, ok := v.(Worded); ok {
			if v = own.ZH; lang == "en" {
				v = own.EN
			}
		}
		t = strings.ReplaceAll(t, "{"+k+"}", fmt.Sprint(v))
	}
	return t
}

// Words are the catalogue's words for rule as a value of other words.
func Words(rule string, args Args) Worded {
	return Worded{ZH: Text(rule, "zh-CN", args), EN: Text(rule, "en", args)}
}

// WordsOf is an error as a value of other words: a refusal in both languages, any other as it is.
func WordsOf(err error) any {
	var e *Error
	if errors.As(err, &e) {
		return Worded{ZH: e.Detail("zh-CN"), EN: e.Detail("en")}
	}
	return err
}
