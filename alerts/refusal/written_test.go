package refusal

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"
)

// A time without a zone is Asia/Shanghai's, and 24:00 is 00:00 of the next day.
func TestReadTime(t *testing.T) {
	for text, want := range map[string]string{
		"2016-12-17T08:00:00+08:00":   "2016-12-17T08:00:00+08:00",
		"2016-12-17T00:00:00Z":        "2016-12-17T08:00:00+08:00",
		"2016-12-17T08:00:00.5+08:00": "2016-12-17T08:00:00.5+08:00",
		"2016-12-17T08:00:00":         "2016-12-17T08:00:00+08:00",
		"2016-12-17 08:00":            "2016-12-17T08:00:00+08:00",
		"2016-12-17 8:00":             "2016-12-17T08:00:00+08:00",
		"2016/12/7 8:30:15":           "2016-12-07T08:30:15+08:00",
		"2016.12.7 8:30":              "2016-12-07T08:30:00+08:00",
		"2016年12月7日8时":                "2016-12-07T08:00:00+08:00",
		"2016年12月7日 8时30分":            "2016-12-07T08:30:00+08:00",
		"2016年12月7日8点":                "2016-12-07T08:00:00+08:00",
		"2016-12-17 24:00":            "2016-12-18T00:00:00+08:00",
		"2016-12-31T24:00:00":         "2017-01-01T00:00:00+08:00",
		"2016-12-17T24:00:00+08:00":   "2016-12-18T00:00:00+08:00",
		"2016年12月17日24时":              "2016-12-18T00:00:00+08:00",
		"２０１６－１２－１７　０８：００":            "2016-12-17T08:00:00+08:00",
		"2016-12-17\u00a008:00":       "2016-12-17T08:00:00+08:00",
		" 2016-12-17 08:00 ":          "2016-12-17T08:00:00+08:00",
		"2016-12-17 08:00 +0800":      "2016-12-17T08:00:00+08:00",
		"20161217 08:00":              "2016-12-17T08:00:00+08:00",
		"2016121708":                  "2016-12-17T08:00:00+08:00",
		"201612170830":                "2016-12-17T08:30:00+08:00",
		"20161217083015":              "2016-12-17T08:30:15+08:00",
		"2016121724":                  "2016-12-18T00:00:00+08:00",
		"2016-12-17（星期六）08:00":        "2016-12-17T08:00:00+08:00",
		"2016年12月17日（周六） 8时":          "2016-12-17T08:00:00+08:00",
		"2016-12-17 08":               "2016-12-17T08:00:00+08:00",
	} {
		got, ok := ReadTime(text)
		if !ok || got.In(Shanghai()).Format(time.RFC3339Nano) != want {
			t.Errorf("%q: %s %v, want %s", text, got.Format(time.RFC3339Nano), ok, want)
		}
	}
	for _, text := range []string{
		"", "2016-12-17", "08:00", "2016-12-17 25:00", "2016-12-17 24:30", "2016-12-17 8:60", "2016-02-30 08:00",
		"2016-13-01 08:00",
		"17/12/2016 08:00", "12月17日 8时", "2016-12/17 08:00", "2016-12-1708:00", "2016-12-17 08:00 PM", "2016年12-17 8:00",
		"2016-12-17（星期日）08:00", "16-12-17 08:00", "2016-12-17 下午3时", "1481932800", "2016-12-17T08:00:00+99:00",
		"0000-12-17 08:00",
	} {
		if got, ok := ReadTime(text); ok {
			t.Errorf("%q is read as %s", text, got)
		}
	}
}

func FuzzReadTime(f *testing.F) {
	f.Add("2016-12-17 24:00")
	f.Add("2016年12月7日 8时30分")
	f.Fuzz(func(t *testing.T, text string) {
		at, ok := ReadTime(text)
		if !ok {
			return
		}
		again, ok := ReadTime(at.Format(time.RFC3339Nano))
		if !ok || !again.Equal(at) {
			t.Fatalf("%q is %s and then %s", text, at, again)
		}
	})
}

// Times of a body are read as people write them, and what is wrong is told in words of theirs.
func TestUnmarshalReadsTimesAndSpeaksNoGo(t *testing.T) {
	type in struct {
		At    *time.Time        `json:"at"`
		Since time.Time         `json:"since"`
		N     *int              `json:"n"`
		X     float64           `json:"x"`
		OK    bool              `json:"ok"`
		Name  string            `json:"name"`
		List  []string          `json:"list"`
		Map   map[string]int    `json:"map"`
		Deep  struct{ A int }   `json:"deep"`
		Bytes map[string][]byte `json:"bytes"`
	}
	var v in
	if err := Unmarshal([]byte(`{"at":"2016-12-16 24:00","since":"2016-12-17T08:00:00"}`), &v); err != nil {
		t.Fatal(err)
	}
	if v.At.Format(time.RFC3339) != "2016-12-17T00:00:00+08:00" ||
		v.Since.Format(time.RFC3339) != "2016-12-17T08:00:00+08:00" {
		t.Errorf("read as %s and %s", v.At, v.Since)
	}
	v = in{}
	if err := Unmarshal([]byte(`{"at":null}`), &v); err != nil || v.At != nil {
		t.Errorf("null is %v, %v", v.At, err)
	}
	for text, rule := range map[string]string{
		`{"at":"明天"}`: "input.time", `{"at":"2016-12-17"}`: "input.time", `{"at":5}`: "input.wrong_type",
		`{"since":true}`: "input.wrong_type",
		`{"n":"5"}`:      "input.wrong_type", `{"n":5.5}`: "input.wrong_type",
		`{"n":99999999999999999999}`: "input.wrong_type", `{"x":"5"}`: "input.wrong_type",
		`{"ok":1}`: "input.wrong_type", `{"name":1}`: "input.wrong_type",
		`{"list":"a"}`: "input.wrong_type", `{"map":[]}`: "input.wrong_type",
		`{"deep":1}`: "input.wrong_type", `{"bytes":{"a":"!"}}`: "input.wrong_type", `[]`: "input.wrong_type",
		`{"x":1,"x":2}`: "input.not_json", `{"n":`: "input.not_json", `{"n":tru}`: "input.not_json",
		"{\"name\":\"\xff\"}": "input.not_json", `{1:2}`: "input.not_json",
	} {
		var v in
		err := Unmarshal([]byte(text), &v)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, zh := e.Rule, e.Detail("zh-CN")
		if len(e.Fields) > 0 {
			got, zh = e.Fields[0].Rule, e.Fields[0].Message("zh-CN")
		}
		if got != rule {
			t.Errorf("%s: rule %s, want %s", text, got, rule)
		}
		for _, word := range strings.FieldsFunc(zh, func(r rune) bool { return !(unicode.IsLetter(r) && r < 0x80) }) {
			if word != "JSON" && word != "UTF" && word != "T" && word != "true" && word != "false" {
				t.Errorf("%s: %q in Chinese words: %s", text, word, zh)
			}
		}
	}
}

// A name that holds a dot is told whole.
func TestUnknownFieldKeepsItsDot(t *testing.T) {
	var v struct{}
	err := Unmarshal([]byte(`{"PM2.5":1}`), &v)
	var e *Error
	if !errors.As(err, &e) || e.Fields[0].Args["name"] != "PM2.5" || e.Fields[0].Path != "PM2.5" {
		t.Errorf("%v", err)
	}
}

// A message shows a time in Beijing, to the minute where it has no seconds.
func TestClock(t *testing.T) {
	for in, want := range map[string]string{"2016-12-16T12:00:00Z": "2016-12-16 20:00",
		"2016-12-16T20:00:31.5+08:00": "2016-12-16 20:00:31", "2016-12-31T16:00:00Z": "2017-01-01 00:00"} {
		at, err := time.Parse(time.RFC3339, in)
		if got := Clock(at); err != nil || got != want {
			t.Errorf("%s shows as %q, want %q: %v", in, got, want, err)
		}
	}
}
