package live

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
)

func TestIDs(t *testing.T) {
	for text, want := range map[string]place{
		"0": {0, whole}, "4711": {4711, whole}, "4711.1.k3f9": {4711, 1}, "12.30000.zzzz": {12, 30000},
	} {
		p, tag, err := parseID(text)
		if err != nil || p != want || p.id(tag) != text {
			t.Errorf("%s: %v %q %v, back %s", text, p, tag, err, p.id(tag))
		}
	}
	for _, text := range []string{"x", "-1", "1.2", "1.2.3.4", ".1.k", "1..k", "9999999999999999999", "1.99999999999.k",
		" 1", "1,2"} {
		if _, _, err := parseID(text); refusal.CodeOf(err) != refusal.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What is kept for who comes back, beside a plain list of everything.
func TestPast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := past{floor: place{-1, whole}, boards: map[string]int{}}
		var all []*Message
		for index := range int64(rapid.IntRange(0, 60).Draw(t, "entries")) {
			for n := range rapid.IntRange(0, 3).Draw(t, "messages") {
				kind := rapid.SampledFrom([]Kind{Order, Warning, Board}).Draw(t, "kind")
				m := &Message{Kind: kind, Index: index, n: n + 1,
					warning: rapid.SampledFrom([]string{"W1", "W2"}).Draw(t, "warning")}
				all = append(all, m)
				p.add(m)
			}
			if rapid.IntRange(0, 5).Draw(t, "trim") == 0 {
				p.trim(index-10, 15)
			}
			after := place{rapid.Int64Range(-1, index).Draw(t, "index"), rapid.SampledFrom([]int{1, 2, 3, whole}).Draw(t, "n")}
			if after.before(p.floor) {
				continue
			}
			last := map[string]*Message{}
			for _, m := range all {
				if m.Kind == Board {
					last[m.warning] = m
				}
			}
			want := slices.DeleteFunc(slices.Clone(all), func(m *Message) bool {
				return !after.before(m.place()) || m.Kind == Board && last[m.warning] != m
			})
			var got []*Message
			p.since(after, func(m *Message) { got = append(got, m) })
			if !slices.Equal(got, want) {
				t.Fatalf("after %v: got %d, want %d messages", after, len(got), len(want))
			}
		}
	})
}

// An id that is too old, of another hub or of another record begins anew.
func TestForgotten(t *testing.T) {
	w := newWorld(t, 4)
	w.hub.entries, w.hub.messages = 50, 10
	warning := w.declared()
	s := w.listen(Viewer{Filter: everything.OfWarning(warning)})
	start := w.quiet(s)[0].ID
	for _, act := range []string{"receive", "read", "acknowledge", "start", "complete"} {
		w.answers(4, act, func(i int) string { return order(warning, i) })
	}
	got := w.quiet(s)
	end := got[len(got)-1]
	for _, c := range []struct {
		name, id string
		first    Kind
	}{
		{"too old", start, Snapshot}, {"first", got[0].ID, Snapshot}, {"recent", got[len(got)-3].ID, got[len(got)-2].Kind},
		{"another hub", strings.Replace(got[len(got)-3].ID, w.hub.tag, "????", 1), Snapshot},
		{"another record", "99999", Snapshot}, {"the end", end.ID, ""},
		{"bare", end.place().id("")[:strings.IndexByte(end.ID, '.')], ""},
	} {
		again := w.quiet(w.listen(Viewer{Filter: everything.OfWarning(warning), LastID: c.id}))
		var first Kind
		if len(again) > 0 {
			first = again[0].Kind
		}
		if first != c.first {
			t.Errorf("%s: begins with %q, want %q", c.name, first, c.first)
		}
	}
	if _, err := w.hub.Subscribe(t.Context(), Viewer{LastID: "x"}); refusal.CodeOf(err) != refusal.Invalid {
		t.Errorf("wrong id: %v", err)
	}
}
