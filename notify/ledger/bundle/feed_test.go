package bundle_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"qingkong/notify/ledger/bundle"
	"qingkong/notify/ledger/bundle/bundletest"
)

// However many goroutines read a bundle of many blocks, it is proved or refused alike, at the same first line.
func TestAnyNumberOfGoroutinesSaysTheSame(t *testing.T) {
	r := bundletest.New(t)
	at := []int64{0}
	for i := range 3000 {
		at = append(at, r.Say("notify.answered", "E0001", map[string]any{"order_id": fmt.Sprint("W1-E", i), "text": strings.Repeat("停产", i%200)}))
		if i%3 == 0 {
			r.Others(3)
		}
	}
	long := strings.Repeat("x", 300<<10)
	at = append(at, r.Say("notify.answered", "E0001", map[string]any{"text": long}), r.Say("notify.answered", "E0001", map[string]any{"text": "末"}))
	for _, c := range []struct {
		name string
		file string
		rule string // empty: it is proved
		make func(text []byte) []byte
	}{
		{"whole", bundle.EntriesFile, "", func(text []byte) []byte { return text }},
		{"a byte of an entry changed", bundle.EntriesFile, bundle.RuleProof, func(text []byte) []byte {
			return bytes.Replace(text, []byte("W1-E2500"), []byte("W1-E2501"), 1)
		}},
		{"an entry that is no leaf", bundle.EntriesFile, bundle.RuleEntry, func(text []byte) []byte {
			return bytes.Replace(text, []byte(`"data":{"order_id":"W1-E1500"`), []byte(`"date":{"order_id":"W1-E1500"`), 1)
		}},
		{"two of them, the second of which has no index", bundle.EntriesFile, bundle.RuleEntry, func(text []byte) []byte {
			text = bytes.Replace(text, []byte(`"data":{"order_id":"W1-E1500"`), []byte(`"date":{"order_id":"W1-E1500"`), 1)
			return bytes.Replace(text, []byte("}\n3"), []byte("}\nx"), 1)
		}},
		{"an entry out of order", bundle.EntriesFile, bundle.RuleEntry, func(text []byte) []byte {
			lines := bytes.SplitAfter(text, []byte{'\n'})
			lines[2000], lines[2001] = lines[2001], lines[2000]
			return bytes.Join(lines, nil)
		}},
		{"a last line that does not end", bundle.EntriesFile, bundle.RuleEntry, func(text []byte) []byte { return text[:len(text)-1] }},
		{"nothing", bundle.EntriesFile, bundle.RuleProof, func([]byte) []byte { return nil }},
		{"an empty line behind the last", bundle.EntriesFile, bundle.RuleEntry, func(text []byte) []byte { return append(text, '\n') }},
		{"a line that is too long", bundle.EntriesFile, bundle.RuleEntry, func(text []byte) []byte {
			return bytes.Replace(text, []byte(long), bytes.Repeat([]byte("x"), bundle.MaxEntry), 1)
		}},
		{"a hash less", bundle.ProofFile, bundle.RuleProof, func(text []byte) []byte { return text[bytes.IndexByte(text, '\n')+1:] }},
		{"a hash that is none", bundle.ProofFile, bundle.RuleProof, func(text []byte) []byte { return bytes.Replace(text, []byte("="), []byte("!"), 1) }},
		{"a hash that does not end", bundle.ProofFile, bundle.RuleProof, func(text []byte) []byte { return text[:len(text)-1] }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := r.Proving(bundle.Subject{Warning: "W1"}, at)
			d.Files[c.file] = c.make(bytes.Clone(d.Files[c.file]))
			raw := d.Bytes(t)
			want, one := open(t, raw).Tree(1)
			if says := fmt.Sprint(one); (one == nil) != (c.rule == "") || one != nil && !strings.Contains(says, c.rule+": ") {
				t.Fatalf("with one goroutine: %s", says)
			}
			for goroutines := 2; goroutines < 6; goroutines++ {
				b := open(t, raw)
				if got, err := b.Tree(goroutines); got != want || fmt.Sprint(err) != fmt.Sprint(one) {
					t.Errorf("with %d goroutines: %v, %v; with one: %v, %v", goroutines, got, err, want, one)
				}
			}
		})
	}
}

// A line of as many bytes as a line may have is read, and one of a byte more is not.
func TestTheLongestEntry(t *testing.T) {
	for more, want := range map[int]string{0: "", 1: bundle.RuleEntry} {
		r := bundletest.New(t)
		index := r.Say("notify.answered", "E0001", map[string]string{"text": ""})
		short := len(bundle.AppendEntry(nil, index, r.Leaves[index])) - 1
		r = bundletest.New(t)
		d := r.Proving(bundle.Subject{Warning: "W1"}, []int64{0, r.Say("notify.answered", "E0001",
			map[string]string{"text": strings.Repeat("x", bundle.MaxEntry-short+more)})})
		raw := d.Bytes(t)
		agree(t, fmt.Sprint(bundle.MaxEntry+more, " bytes"), raw, "", want == "")
		if _, err := verified(raw, bundle.Keys{}); err != nil && !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
}
