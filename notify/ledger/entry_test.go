package ledger

import (
	"bytes"
	"testing"
	"time"
)

func encode(t testing.TB, e Entry) []byte {
	leaf, err := AppendEntry(nil, e.Kind, e.At, e.Actor,
		func(b []byte) ([]byte, error) { return append(b, e.Data...), nil })
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

// The bytes of a leaf are hashed into every root that was ever published: they never change.
func TestLeafOfAnEntry(t *testing.T) {
	at := time.Date(2016, 12, 16, 10, 0, 0, 5_999_999, time.UTC)
	for _, c := range []struct {
		name, want string
		e          Entry
	}{
		{"plain", `{"kind":"list.begun","at":"2016-12-16T18:00:00.005+08:00","actor":"duty","data":{"id":"L1"}}`,
			Entry{"list.begun", at, "duty", []byte(`{"id":"L1"}`)}},
		{"no actor", `{"kind":"k","at":"2016-12-16T18:00:00.005+08:00","actor":"","data":null}`,
			Entry{"k", at, "", []byte(`null`)}},
		{"a mark inside a name", `{"kind":"k","at":"2016-12-16T18:00:00.005+08:00","actor":"值班员,\"data\":\u003c","data":[",\"data\":"]}`,
			Entry{"k", at, `值班员,"data":<`, []byte(`[",\"data\":"]`)}},
		{"plain ASCII as it is", `{"kind":"k","at":"2016-12-16T18:00:00.005+08:00","actor":"<a&b>","data":1}`,
			Entry{"k", at, "<a&b>", []byte(`1`)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			leaf := encode(t, c.e)
			if string(leaf) != c.want {
				t.Errorf("leaf\n%s, want\n%s", leaf, c.want)
			}
			got, err := ParseEntry(leaf)
			if err != nil || got.Kind != c.e.Kind || got.Actor != c.e.Actor || !bytes.Equal(got.Data, c.e.Data) {
				t.Errorf("it says %+v (%v)", got, err)
			}
			if !got.At.Equal(at.Truncate(time.Millisecond)) || got.At.Location() != Shanghai {
				t.Errorf("at %v", got.At)
			}
		})
	}
}

func TestWhatIsNoLeaf(t *testing.T) {
	for _, text := range []string{
		``, `}`, `{}`, `,"data":`, `,"data":}`, `,"data":1}`,
		`{"kind":"k","at":"2016-12-16T18:00:00.005+08:00","actor":"a","data":}`,
		`{"kind":"k","at":"2016-12-16T18:00:00.005+08:00","actor":"a","data":1`,
		`{"kind":"k","at":"2016-12-16T18:00:00.005+08:00","actor":"a","data":1}` + "\n",
		`{"kind":"k","at":"2016-12-16T18:00:00.005+08:00","actor":"a","data":{` + "\n" + `}}`,
		`{"at":"2016-12-16T18:00:00.005+08:00","kind":"k","actor":"a","data":1}`,           // another order
		`{"kind": "k","at":"2016-12-16T18:00:00.005+08:00","actor":"a","data":1}`,          // a space
		`{"kind":"\u006b","at":"2016-12-16T18:00:00.005+08:00","actor":"a","data":1}`,      // escaped without need
		`{"kind":"k","at":"2016-12-16T10:00:00.005Z","actor":"a","data":1}`,                // another zone
		`{"kind":"k","at":"2016-12-16T18:00:00.0051+08:00","actor":"a","data":1}`,          // another precision
		`{"kind":"k","at":"2016-12-16T18:00:00.005+08:00","actor":"a","x":1,"data":1}`,     // a member more
		`{"kind":"k","kind":"k","at":"2016-12-16T18:00:00.005+08:00","actor":"","data":1}`, // one twice
		`{"kind":"k","at":"2016-12-16T18:00:00.005+08:00","data":1}`,
		`{"kind":1,"at":"2016-12-16T18:00:00.005+08:00","actor":"a","data":1}`,
		`{"kind":"k","at":"yesterday","actor":"a","data":1}`,
	} {
		if e, err := ParseEntry([]byte(text)); err == nil {
			t.Errorf("%q is taken for %+v", text, e)
		}
	}
}

// What is read the fast way is what is read in any case, whatever leaf was read before.
func readsAlike(t *testing.T, leaf []byte) (plain bool) {
	t.Helper()
	fast, off := new(Parser).plainHead(leaf)
	for _, before := range []string{string(leaf), `{"kind":"k","at":"2016-12-16T18:07:09.123+08:00","actor":"a","data":1}`,
		`{"kind":"x","at":"1991-04-14T01:00:00.000+08:00","actor":"x","data":1}`} {
		var p Parser
		_, _ = p.Parse([]byte(before))
		if again, at := p.plainHead(leaf); at != off || at > 0 && (again.Kind != fast.Kind || again.Actor != fast.Actor ||
			!again.At.Equal(fast.At) || again.At.Location() != fast.At.Location()) {
			t.Errorf("%q is read as %+v, and behind %s as %+v", leaf, fast, before, again)
		}
	}
	if off == 0 {
		return false
	}
	slow, err := anyHead(leaf[:off])
	if err != nil || off != bytes.Index(leaf, []byte(dataMark))+len(dataMark) || fast.Kind != slow.Kind || fast.Actor != slow.Actor || !fast.At.Equal(slow.At) || fast.At.Location() != slow.At.Location() {
		t.Errorf("%q is read as %+v, and else as %+v (%v)", leaf, fast, slow, err)
	}
	return true
}

// Times of which Shanghai's clocks had another offset, and what is no time, are not read the fast way.
func TestPlainLeavesAreReadAlike(t *testing.T) {
	for at, plain := range map[string]bool{
		"2016-12-16T18:00:00.005+08:00": true, "2000-02-29T23:59:59.999+08:00": true, "1992-01-01T00:00:00.000+08:00": true,
		"9999-12-31T23:59:59.999+08:00": true, "2017-02-29T00:00:00.000+08:00": false, "2016-11-31T00:00:00.000+08:00": false,
		"2016-13-01T00:00:00.000+08:00": false, "2016-00-10T00:00:00.000+08:00": false, "2016-12-00T00:00:00.000+08:00": false,
		"2016-12-16T24:00:00.000+08:00": false, "2016-12-16T18:60:00.000+08:00": false, "2016-12-16T18:00:60.000+08:00": false,
		"2016-12-16T18:00:00.000+08:01": false, "2016-12-16T18:00:00.000+09:00": false, "2016-12-16 18:00:00.000+08:00": false,
		"2016-12-16T18:00:0x.000+08:00": false, "1988-07-01T12:00:00.000+08:00": false, "1890-07-01T12:00:00.000+08:00": false,
		"1988-07-01T12:00:00.000+09:00": false, "2016-12-16T18:00:00.000+18:00": false, "2016-12-16T18:00:00,000+08:00": false,
	} {
		leaf := []byte(`{"kind":"k","at":"` + at + `","actor":"a","data":1}`)
		if got := readsAlike(t, leaf); got != plain {
			t.Errorf("%s: read the fast way: %v", at, got)
		}
	}
}

// What is read as a leaf is the leaf of what it says.
func FuzzParseEntry(f *testing.F) {
	at := time.Date(2016, 12, 16, 18, 0, 0, 0, Shanghai)
	f.Add(encode(f, Entry{"list.begun", at, "duty", []byte(`{"id":"L1"}`)}))
	f.Add(encode(f, Entry{"k", at, `值,"data":` + "\u2028\x7f", []byte(`",\"data\":"`)}))
	f.Add([]byte(`{"kind":"k","at":"0000-01-01T00:00:00.000+08:05","actor":"a","data":1}`))
	f.Add([]byte(`{"kind":"\ufffd","at":"1940-06-01T00:00:00.000+09:00","actor":"","data":}`))
	f.Fuzz(func(t *testing.T, leaf []byte) {
		was := bytes.Clone(leaf)
		e, err := ParseEntry(leaf)
		if !bytes.Equal(leaf, was) {
			t.Fatal("what was read is changed")
		}
		readsAlike(t, leaf)
		if err != nil {
			return
		}
		if again := encode(t, e); !bytes.Equal(again, leaf) {
			t.Errorf("%q is read and written as %q", leaf, again)
		}
	})
}
