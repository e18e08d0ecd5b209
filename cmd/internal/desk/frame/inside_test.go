package frame

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// A reader that asks for the same fragment as things stand gets the same rendering: at the same height of the record, or, of
// one that rests on less, while that is the same.
func TestFragmentsAreShared(t *testing.T) {
	var fs fragments
	now, made := standing{height: 1}, 0
	get := func() {
		stands := func() (standing, error) { return now, nil }
		if _, err := fs.get(t.Context(), "k", stands, false, func() (h template.HTML, err error) {
			made++
			return "x", nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range []standing{{height: 1}, {height: 2}, {rests: "a"}, {rests: "b"}} {
		now = s
		for range 200 {
			get()
		}
		if made != i+1 {
			t.Errorf("rendered %d times for %d standings", made, i+1)
		}
	}
}

// What is typed into one form must survive JSON as it was.
func TestBodyKeepsText(t *testing.T) {
	fields := []Field{{Name: "reason", Kind: KindArea}, {Name: "starts_at", Kind: KindMoment},
		{Name: "n", Kind: KindNumber}}
	got, err := Typed(fields, url.Values{"reason": {" 一\r\n二\"<> "}, "starts_at": {"2016-12-17 08:00"}, "n": {"1.5"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil || !strings.Contains(string(text), "2016-12-17T08:00:00+08:00") || got["reason"] != "一\n二\"<>" ||
		got["n"] != 1.5 {
		t.Errorf("%s %v", text, err)
	}
}

// Times and days are typed as people write them: a day may end at 24:00, and what is none is told with an example.
func TestTimesAreTypedAsPeopleWriteThem(t *testing.T) {
	fields := []Field{{Name: "at", Kind: KindMoment}, {Name: "day", Kind: KindDay}}
	at := func(day, hour, minute int) time.Time {
		return time.Date(2016, 12, day, hour, minute, 0, 0, alerts.Shanghai())
	}
	for text, want := range map[string]time.Time{
		"2016-12-16 20:00": at(16, 20, 0), "2016-12-16T20:05": at(16, 20, 5), " 2016-12-16 24:00 ": at(17, 0, 0),
		"2016年12月16日20时": at(16, 20, 0), "2016/12/16 8:30": at(16, 8, 30),
	} {
		got, err := Typed(fields, url.Values{"at": {text}})
		if moment, _ := got["at"].(time.Time); err != nil || !moment.Equal(want) {
			t.Errorf("%q is %v, %v; want %v", text, got["at"], err, want)
		}
	}
	for _, text := range []string{"2016-12-16", "2016-12-16 24:01", "2016-02-30 08:00", "明天", "16:00"} {
		if _, err := Typed(fields, url.Values{"at": {text}}); err == nil || !strings.Contains(err.Error(), "at") {
			t.Errorf("%q is taken for a time: %v", text, err)
		}
	}
	for text, want := range map[string]string{"2016-12-06": "2016-12-06", "2016/12/6": "2016-12-06", "2016年12月6日": "2016-12-06"} {
		if got, err := Typed(fields, url.Values{"day": {text}}); err != nil || got["day"] != want {
			t.Errorf("%q is %v, %v; want %s", text, got["day"], err, want)
		}
	}
	for _, text := range []string{"2016-12-16 20:00", "2016-13-01", "x"} {
		if _, err := Typed(fields, url.Values{"day": {text}}); err == nil {
			t.Errorf("%q is taken for a day", text)
		}
	}
	if got := MomentValue(at(16, 20, 0)) + ", " + Until(at(17, 0, 0)); got != "2016-12-16 20:00, 2016-12-16 24:00" {
		t.Errorf("fields are filled in with %s", got)
	}
}

// A page is rendered once for all who ask for it within a second, and few of them are kept.
func TestCachedPagesAreSharedAndFew(t *testing.T) {
	var m PageCache
	made := 0
	get := func(key string) {
		if _, err := m.Get(key, func() ([]byte, error) { made++; return []byte(key), nil }); err != nil {
			t.Fatal(err)
		}
	}
	get("k")
	m.pages["k"] = cachedPage{time.Now().Add(time.Hour), []byte("k")} // a second that this test does not outlast
	for range 50 {
		get("k")
	}
	if made != 1 {
		t.Errorf("rendered %d times in a second", made)
	}
	for i := range 1000 {
		if get(fmt.Sprint(i)); len(m.pages) > cachedMost {
			t.Fatalf("%d pages are kept", len(m.pages))
		}
	}
}

// A small daily reduction is said in kilograms, another one in tonnes; one unit for all of it.
func TestReductionsAreSaidInAUnitThatFits(t *testing.T) {
	q := &Request{Lang: ZH}
	for _, c := range []struct {
		of   reductionlist.Amounts
		want string
	}{
		{reductionlist.Amounts{}, ""},
		{reductionlist.Amounts{NOx: 0.00088}, "日减排 NOx 0.88 kg"},
		{reductionlist.Amounts{SO2: 0.02, NOx: 0.0999}, "日减排 SO₂ 20，NOx 99.9 kg"},
		{reductionlist.Amounts{SO2: 0.02, NOx: 0.1}, "日减排 SO₂ 0.02，NOx 0.1 吨"},
		{reductionlist.Amounts{PM: -0.2}, "日减排 PM -0.2 吨"},
	} {
		if got := q.amounts(c.of); got != c.want {
			t.Errorf("%+v: %q, want %q", c.of, got, c.want)
		}
	}
}
