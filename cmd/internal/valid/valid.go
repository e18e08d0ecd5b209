// Package valid checks the simple rules of an input's fields, which stand where the field is declared: in its tag
// `validate`, read by go-playground/validator. What depends on other fields or on what is recorded is no such rule and
// stays with who decides.
//
// Beside the validator's own tags there are
//
//	uscc        a unified social credit code with its check character (GB 32100-2015)
//	mn          the 24 digits of a monitoring device (HJ 212-2017)
//	cnphone     a Chinese mobile number
//	subjectid   an id that may be part of a NATS subject: 1 to 40 letters, digits, "_" or "-"
//	bytes=N     at most N bytes
//	line=N      one line of at most N characters
//
// They and `required` have words of their own in package refusal. Any other tag is worded by the validator's
// translations, so that a new one needs no more than being used.
package valid

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-playground/locales/en"
	"github.com/go-playground/locales/zh"
	ut "github.com/go-playground/universal-translator"
	"github.com/go-playground/validator/v10"
	english "github.com/go-playground/validator/v10/translations/en"
	chinese "github.com/go-playground/validator/v10/translations/zh"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
)

// Read decodes a body as [refusal.Unmarshal] does and checks it.
func Read[T any](body []byte) (in T, err error) {
	if err := refusal.Unmarshal(body, &in); err != nil {
		return in, err
	}
	return in, Check(&in)
}

// Check refuses a struct, or what a pointer points to, with every field that breaks its tag. Paths are by JSON names.
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
		wrong[i] = field(f)
	}
	return refusal.Input(wrong)
}

// worded are the tags that the catalogue has words for, and what these name. A telephone number is not repeated: it
// would stand in a log.
var worded = map[string]struct{ rule, arg string }{
	"required":  {"input.required", ""},
	"bytes":     {"input.too_large", "limit"},
	"line":      {"access.text_wrong", "limit"},
	"uscc":      {"list.uscc", "value"},
	"mn":        {"input.mn", "value"},
	"cnphone":   {"list.phone", ""},
	"subjectid": {"input.subject_id", "value"},
}

// inlined stands for an embedded struct, whose members are those of the struct around it.
const inlined = "^"

func field(f validator.FieldError) refusal.Field {
	_, path, _ := strings.Cut(f.Namespace(), ".") // it begins with the struct's own name
	out := refusal.Field{Path: strings.ReplaceAll(path, inlined+".", "")}
	w, ok := worded[f.Tag()]
	switch {
	case !ok:
		out.Rule, out.Args = "input.rule",
			refusal.Args{"why": refusal.Worded{ZH: f.Translate(inChinese), EN: f.Translate(inEnglish)}}
	case w.arg == "limit":
		out.Rule, out.Args = w.rule, refusal.Args{"limit": f.Param()}
	case w.arg == "value":
		out.Rule, out.Args = w.rule, refusal.Args{"value": clip(fmt.Sprint(f.Value()))}
	default:
		out.Rule = w.rule
	}
	return out
}

// clip keeps of a wrong value what a person needs to find it.
func clip(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

var (
	inChinese, inEnglish = translator("zh"), translator("en")
	rules                = newRules()
)

func translator(lang string) ut.Translator {
	t, ok := ut.New(en.New(), zh.New(), en.New()).GetTranslator(lang)
	if !ok {
		panic("valid: no translator for " + lang)
	}
	return t
}

func newRules() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		if f.Anonymous {
			return inlined
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	must(chinese.RegisterDefaultTranslations(v, inChinese))
	must(english.RegisterDefaultTranslations(v, inEnglish))
	must(v.RegisterValidation("uscc", text(reductionlist.ValidUSCC)))
	must(v.RegisterValidation("cnphone", text(reductionlist.ValidPhone)))
	must(v.RegisterValidation("mn", text(mn.MatchString)))
	must(v.RegisterValidation("subjectid", text(subjectID.MatchString)))
	must(v.RegisterValidation("bytes", func(f validator.FieldLevel) bool { return len(f.Field().String()) <= limit(f) }))
	must(v.RegisterValidation("line", func(f validator.FieldLevel) bool {
		s := strings.TrimSpace(f.Field().String())
		return utf8.RuneCountInString(s) <= limit(f) && utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
	}))
	return v
}

var (
	mn        = regexp.MustCompile(`^[0-9A-F]{24}$`)
	subjectID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)
)

func text(ok func(string) bool) validator.Func {
	return func(f validator.FieldLevel) bool { return ok(f.Field().String()) }
}

func limit(f validator.FieldLevel) int {
	n, err := strconv.Atoi(f.Param())
	must(err)
	return n
}

// must is for what is wrong in the program text: a tag that cannot be read.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("valid: %v", err))
	}
}
