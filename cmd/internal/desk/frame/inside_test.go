package frame

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A reader that asks for the same fragment at the same height gets the same rendering.
func TestFragmentsAreShared(t *testing.T) {
	var fs fragments
	height, made := uint64(1), 0
	get := func() {
		if _, err := fs.get(t.Context(), "k", func() uint64 { return height }, false, func() (h template.HTML, err error) {
			made++
			return "x", nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for range 200 {
		get()
	}
	height = 2
	for range 200 {
		get()
	}
	if made != 2 {
		t.Errorf("rendered %d times for two heights", made)
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
