// Package valid checks the rules of an input's single members. A rule stands where the member is declared, in its tag
// `validate`, which go-playground/validator reads. A rule that depends on other members, or on what is recorded, stays
// with the code that decides.
//
//	required    is there: not the zero value
//	filled      a text of more than spaces
//	bytes=N     a text of at most N bytes
//	chars=N     a text of at most N characters
//	line=N      one line of at most N characters
//	most=N      a list of at most N items
//	omitempty   the zero value is right, whatever the rules after it say
//	dive        the rules after it are those of each item
//
// [Define] adds rules that have a name of their own. Package refusal has words for each of them.
package valid

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"

	"qingkong/alerts/refusal"
)

// Rule is what a member with a rule of its own name has to be.
type Rule struct {
	Words    string            // the entry of the catalogue; it may name {name}, {value}, {limit} and {allowed}
	OneOf    []string          // a text is one of these; nil is any
	Pattern  string            // a text matches this regular expression
	Match    func(string) bool // a text is so; nil is any
	Min, Max float64           // a number, or how many a list has, lies between these; a Max of 0 is no end
	Secret   bool              // the refusal does not repeat the value
}

// named are the rules that were defined.
var named = map[string]Rule{}

// Define adds a rule; it is called at start.
func Define(name string, r Rule) {
	pattern := regexp.MustCompile(r.Pattern)
	named[name] = r
	register(name, func(f validator.FieldLevel) bool {
		n := 0.0
		switch v := f.Field(); {
		case v.CanInt():
			n = float64(v.Int())
		case v.CanFloat():
			n = v.Float()
		case v.Kind() == reflect.Slice:
			n = float64(v.Len())
		default:
			s := v.String()
			return (r.OneOf == nil || slices.Contains(r.OneOf, s)) && pattern.MatchString(s) && (r.Match == nil || r.Match(s))
		}
		return n >= r.Min && (r.Max == 0 || n <= r.Max)
	})
}

// Named is the rule of a name; false for one of the package's own and for none.
func Named(name string) (Rule, bool) {
	r, ok := named[name]
	return r, ok
}

// Read decodes a body as [refusal.Unmarshal] does and checks it.
func Read[T any](body []byte) (in T, err error) {
	if err := refusal.Unmarshal(body, &in); err != nil {
		return in, err
	}
	return in, Check(&in)
}

// Check refuses a struct, or what a pointer points to, with every member that breaks a rule. Paths are by JSON names.
func Check(in any) error {
	var broken validator.ValidationErrors
	switch err := rules.Struct(in); {
	case err == nil:
		return nil
	case !errors.As(err, &broken):
		return fmt.Errorf("valid: %w", err)
	}
	wrong := make([]refusal.Field, len(broken))
	for i, f := range broken {
		_, path, _ := strings.Cut(f.Namespace(), ".") // it begins with the struct's own name
		wrong[i] = refusal.Field{Path: strings.ReplaceAll(path, inlined+".", ""), Rule: words(f.Tag()), Args: args(f)}
	}
	return refusal.Input(wrong)
}

// CheckGiven refuses a parameter that breaks a rule of its member f: value is what its text was read as, nil where it
// could not be read. The rules hold for a zero that is given, too.
func CheckGiven(f reflect.StructField, name, text string, value any) error {
	for _, tag := range Tags(f) {
		r, ok := named[tag]
		if tag == "omitempty" && text == "" && f.Type.Kind() == reflect.String {
			return nil
		}
		if ok && (value == nil || rules.Var(value, tag) != nil) {
			return refusal.Wrong(name, r.Words, r.args(name, text))
		}
	}
	return nil
}

// Tags are the rules of a member.
func Tags(f reflect.StructField) []string { return strings.Split(f.Tag.Get("validate"), ",") }

// Needed reports whether a member's rules refuse its zero value.
func Needed(f reflect.StructField) bool {
	return rules.Var(reflect.Zero(f.Type).Interface(), f.Tag.Get("validate")) != nil
}

// inlined stands for an embedded struct, whose members are those of the struct around it.
const inlined = "^"

// own are the words of the package's own rules and what they hold a value to.
var own = map[string]struct {
	words string
	holds func(v reflect.Value, limit int) bool
}{
	"required": {words: "input.required"}, // the validator's own
	"filled":   {"input.required", func(v reflect.Value, _ int) bool { return strings.TrimSpace(v.String()) != "" }},
	"bytes":    {"input.too_large", func(v reflect.Value, limit int) bool { return v.Len() <= limit }},
	"chars": {"text.too_long", func(v reflect.Value, limit int) bool {
		return utf8.RuneCountInString(v.String()) <= limit
	}},
	"line": {"access.text_wrong", func(v reflect.Value, limit int) bool {
		s := strings.TrimSpace(v.String())
		return utf8.RuneCountInString(s) <= limit && utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
	}},
	"most": {"order.too_many", func(v reflect.Value, limit int) bool { return v.Len() <= limit }},
}

// words is the catalogue's entry for a rule.
func words(tag string) string {
	if r, ok := named[tag]; ok {
		return r.Words
	}
	return own[tag].words
}

// args are the values that the words of a broken rule name.
func args(f validator.FieldError) refusal.Args {
	r, ok := named[f.Tag()]
	switch {
	case ok:
		return r.args(f.Field(), clip(fmt.Sprint(f.Value())))
	case f.Tag() == "chars":
		return refusal.Args{"limit": f.Param(), "count": utf8.RuneCountInString(fmt.Sprint(f.Value()))}
	}
	return refusal.Args{"limit": f.Param()}
}

func (r Rule) args(name, value string) refusal.Args {
	args := refusal.Args{"name": name, "allowed": strings.Join(r.OneOf, ", "), "limit": r.Max}
	if !r.Secret {
		args["value"] = value
	}
	return args
}

// clip keeps of a wrong value what a person needs to find it.
func clip(s string) string {
	const most = 80
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

var rules = func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		if f.Anonymous {
			return inlined
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	return v
}()

func init() {
	for name, rule := range own {
		if rule.holds != nil {
			register(name, func(f validator.FieldLevel) bool {
				limit, _ := strconv.Atoi(f.Param())
				return rule.holds(f.Field(), limit)
			})
		}
	}
}

// register gives the validator a rule; one that it cannot take is wrong in the program text.
func register(name string, holds validator.Func) {
	if err := rules.RegisterValidation(name, holds); err != nil {
		panic("valid: " + err.Error())
	}
}
