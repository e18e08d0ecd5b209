package valid

import (
	"errors"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
)

type inner struct {
	Change []int  `json:"change" validate:"required"`
	Unit   string `json:"unit" validate:"omitempty,oneof=t kg"`
}

type input struct {
	Reason   string  `json:"reason" validate:"required,bytes=12"`
	Line     string  `json:"line" validate:"line=4"`
	USCC     string  `json:"uscc" validate:"omitempty,uscc"`
	MN       string  `json:"mn" validate:"omitempty,mn"`
	Phone    string  `json:"phone" validate:"omitempty,cnphone"`
	ID       string  `json:"id" validate:"omitempty,subjectid"`
	Measures []inner `json:"measures" validate:"max=2,dive"`
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, body, path, rule, zh, en string
	}{
		{"good", `{"reason":"示例","line":" 四个字符 ","uscc":"91120111MA05XXXX0B","measures":[{"change":[],"unit":"t"}]}`, "uscc",
			"list.uscc", "91120111MA05XXXX0B", "check character"},
		{"nothing", `{}`, "reason", "input.required", "必填", "required"},
		{"too many bytes", `{"reason":"五个字符了"}`, "reason", "input.too_large", "12", "12"},
		{"too many characters", `{"reason":"r","line":"五个字符了"}`, "line", "access.text_wrong", "4", "4"},
		{"two lines", `{"reason":"r","line":"a\nb"}`, "line", "access.text_wrong", "一行", "one line"},
		{"in a list", `{"reason":"r","measures":[{"change":[1]},{}]}`, "measures[1].change", "input.required", "必填",
			"required"},
		{"translated", `{"reason":"r","measures":[{"change":[1],"unit":"g"}]}`, "measures[0].unit", "input.rule",
			"必须是[t kg]中的一个", "must be one of"},
		{"translated too", `{"reason":"r","measures":[{"change":[1]},{"change":[1]},{"change":[1]}]}`, "measures",
			"input.rule", "最多只能包含2项", "at most 2 items"},
		{"mn", `{"reason":"r","mn":"010000a8900016f000169dc0"}`, "mn", "input.mn", "24", "24"},
		{"mn of 2005", `{"reason":"r","mn":"88888880000001"}`, "mn", "input.mn", "24", "24"},
		{"phone", `{"reason":"r","phone":"12345678901"}`, "phone", "list.phone", "电话号码", "telephone number"},
		{"id", `{"reason":"r","id":"a.b"}`, "id", "input.subject_id", "a.b", "a.b"},
		{"unknown", `{"reason":"r","why":1}`, "why", "input.unknown_field", "why", "why"},
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
			if strings.Contains(err.Error(), "12345678901") {
				t.Errorf("the refusal repeats a telephone number: %v", err)
			}
		})
	}
	// What is right passes, and every wrong place is named at once.
	good := `{"reason":"四个字符","line":"四个字符","uscc":"91350100M000100Y43","mn":"010000A8900016F000169DC0","phone":"13800000000","id":"E0001_a-b","measures":[{"change":[0]}]}`
	if in, err := Read[input]([]byte(good)); err != nil || in.ID != "E0001_a-b" {
		t.Errorf("%+v, %v", in, err)
	}
	var e *refusal.Error
	if _, err := Read[input]([]byte(`{"uscc":"x","measures":[{},{"change":[1]}]}`)); !errors.As(err, &e) ||
		len(e.Fields) != 3 {
		t.Errorf("got %v, want three wrong places", err)
	}
}

// A tag that needs words in the catalogue has them.
func TestWords(t *testing.T) {
	for tag, w := range worded {
		if !refusal.Known(w.rule) {
			t.Errorf("%s has no words: %s", tag, w.rule)
		}
	}
}
