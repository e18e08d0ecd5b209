package refusal

import (
	"errors"
	"testing"
)

func TestUnmarshalSaysWhere(t *testing.T) {
	type day struct {
		Date string `json:"date"`
	}
	type in struct {
		Days []day `json:"days"`
	}
	for _, c := range []struct {
		name, text string
		code       Code
		rule, path string
	}{
		{"good", `{"days":[{"date":"2016-12-17"}]}`, "", "", ""},
		{"unknown member, deep", `{"days":[{"date":"x"},{"aqi_hi":1}]}`, UnknownField, "input.unknown_field",
			"days[1].aqi_hi"},
		{"wrong type, deep", `{"days":[{"date":1}]}`, Invalid, "input.wrong_type", "days[0].date"},
		{"cut short", `{"days":[`, Invalid, "input.not_json", ""},
		{"member twice", `{"days":[],"days":[]}`, Invalid, "input.not_json", ""},
		{"text after the value", `{} x`, Invalid, "input.not_json", ""},
		{"not UTF-8", "{\"days\":[{\"date\":\"\xff\"}]}", Invalid, "input.not_json", ""},
		{"empty", ``, Invalid, "input.not_json", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v in
			err := Unmarshal([]byte(c.text), &v)
			if CodeOf(err) != c.code {
				t.Fatalf("code %q, want %q (%v)", CodeOf(err), c.code, err)
			}
			var e *Error
			if !errors.As(err, &e) {
				return
			}
			rule, path := e.Rule, ""
			if len(e.Fields) > 0 {
				rule, path = e.Fields[0].Rule, e.Fields[0].Path
			}
			if rule != c.rule || path != c.path {
				t.Errorf("rule %q at %q, want %q at %q", rule, path, c.rule, c.path)
			}
		})
	}
}
