package valid

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
)

func init() {
	refusal.Register(map[string]refusal.Pair{"test.unit": {"“{value}”不是 {allowed}", "{value} is none of {allowed}"},
		"test.secret": {"{name} 不对{value}", "{name} is wrong {value}"}, "test.amount": {"{value} > {limit}", "{value} > {limit}"},
		"text.too_long": {"{count} > {limit}", "{count} > {limit}"}, "order.too_many": {"超过 {limit} 项", "more than {limit}"}})
	Define("unit", Rule{Words: "test.unit", OneOf: []string{"t", "kg"}})
	Define("pin", Rule{Words: "test.secret", Pattern: `^[0-9]{4}$`, Secret: true})
	Define("even", Rule{Words: "test.unit", Match: func(s string) bool { return len(s)%2 == 0 }})
	Define("amount", Rule{Words: "test.amount", Min: 0.5, Max: 20})
}

type inner struct {
	Change []int  `json:"change" validate:"required"`
	Unit   string `json:"unit" validate:"omitempty,unit"`
}

type base struct {
	Even string `json:"even" validate:"even"`
}

type input struct {
	base
	Reason   string   `json:"reason" validate:"required,bytes=12"`
	Why      string   `json:"why" validate:"omitempty,filled,chars=3"`
	Line     string   `json:"line" validate:"line=4"`
	PIN      string   `json:"pin" validate:"omitempty,pin"`
	Measures []inner  `json:"measures" validate:"most=2,dive"`
	Units    []string `json:"units" validate:"dive,unit"`
	Amount   float64  `json:"amount" validate:"omitempty,amount"`
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, body, path, rule, zh, en string
	}{
		{"nothing", `{}`, "reason", "input.required", "必填", "required"},
		{"too many bytes", `{"reason":"五个字符了"}`, "reason", "input.too_large", "12", "12"},
		{"spaces alone", `{"reason":"r","why":" 　"}`, "why", "input.required", "必填", "required"},
		{"too many characters", `{"reason":"r","why":"四个字符"}`, "why", "text.too_long", "4 > 3", "4 > 3"},
		{"too long a line", `{"reason":"r","line":"五个字符了"}`, "line", "access.text_wrong", "4", "4"},
		{"two lines", `{"reason":"r","line":"a\nb"}`, "line", "access.text_wrong", "一行", "one line"},
		{"in a list", `{"reason":"r","measures":[{"change":[1]},{}]}`, "measures[1].change", "input.required", "必填",
			"required"},
		{"a word", `{"reason":"r","measures":[{"change":[1],"unit":"g"}]}`, "measures[0].unit", "test.unit",
			"“g”不是 t, kg", "g is none of t, kg"},
		{"words of a list", `{"reason":"r","units":["t","g"]}`, "units[1]", "test.unit", "g", "g"},
		{"too many", `{"reason":"r","measures":[{"change":[1]},{"change":[1]},{"change":[1]}]}`, "measures",
			"order.too_many", "超过 2 项", "more than 2"},
		{"a pattern", `{"reason":"r","pin":"12345"}`, "pin", "test.secret", "不对", "wrong"},
		{"embedded", `{"reason":"r","even":"odd"}`, "even", "test.unit", "odd", "odd"},
		{"a number", `{"reason":"r","amount":20.5}`, "amount", "test.amount", "20.5 > 20", "20.5 > 20"},
		{"long", `{"reason":"r","even":"` + strings.Repeat("o", 81) + `"}`, "even", "test.unit", "o…", "o…"},
		{"unknown", `{"reason":"r","how":1}`, "how", "input.unknown_field", "how", "how"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read[input]([]byte(c.body))
			var e *refusal.Error
			if !errors.As(err, &e) || len(e.Fields) != 1 {
				t.Fatalf("got %v", err)
			}
			f := e.Fields[0]
			if f.Path != c.path || f.Rule != c.rule || !strings.Contains(f.Message("zh-CN"), c.zh) ||
				!strings.Contains(f.Message("en"), c.en) {
				t.Errorf("%s: %s: %s / %s", f.Path, f.Rule, f.Message("zh-CN"), f.Message("en"))
			}
			if strings.Contains(err.Error(), "12345") {
				t.Errorf("the refusal repeats a secret: %v", err)
			}
		})
	}
	// What is right passes, and every wrong place is named at once.
	good := `{"reason":"四个字符","why":"三字符","line":" 四个字符 ","pin":"1234","even":"ab","amount":20,` +
		`"measures":[{"change":[0],"unit":"t"}],"units":["kg"]}`
	if in, err := Read[input]([]byte(good)); err != nil || in.PIN != "1234" {
		t.Errorf("%+v, %v", in, err)
	}
	var e *refusal.Error
	if _, err := Read[input]([]byte(`{"pin":"x","measures":[{},{"change":[1]}]}`)); !errors.As(err, &e) ||
		len(e.Fields) != 3 {
		t.Errorf("got %v, want three wrong places", err)
	}
}

// A parameter that is given is held to its rules, also where it is empty or zero, unless its rules let an empty one
// pass; its refusal shows the text as it was given.
func TestCheckGiven(t *testing.T) {
	for _, c := range []struct {
		member, text string
		value        any
		wrong        string
	}{
		{"Amount", "0.50", 0.5, ""}, {"Amount", "0", 0.0, "0 > 20"}, {"Amount", "020.5", 20.5, "020.5 > 20"},
		{"Amount", "much", nil, "much > 20"}, {"Amount", "", nil, " > 20"},
		{"PIN", "", "", ""}, {"PIN", "12", "12", "p is wrong {value}"}, {"Even", "o", "o", "o is none of "},
	} {
		f, _ := reflect.TypeFor[input]().FieldByName(c.member)
		err := CheckGiven(f, "p", c.text, c.value)
		var e *refusal.Error
		switch {
		case c.wrong == "" && err == nil:
		case !errors.As(err, &e) || e.Fields[0].Path != "p" || e.Fields[0].Message("en") != c.wrong:
			t.Errorf("%s=%s: %v, want %q", c.member, c.text, err, c.wrong)
		}
	}
}

func TestNeeded(t *testing.T) {
	for f := range reflect.TypeFor[input]().Fields() {
		if got := Needed(f); got != (f.Name == "Reason") {
			t.Errorf("%s: %v", f.Name, got)
		}
	}
}
