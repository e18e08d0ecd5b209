package main_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The record's file is gone and one byte is wrong in the stream, in the middle of what a lifted warning left. The
// start, and a rebuild that is only to look, are refused with the same numbers, and touch no readable block; a rebuild
// that says what it gives up goes on before the hole, lists what lies behind, and the desk says that ids may exist
// outside.
func TestNothingReadableIsLostWhereBothStoresAreHurt(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	w := p.declare("orange")
	p.must("duty", "POST", "/warnings/"+w.ID+"/lift", map[string]any{"revision": w.Revision, "reason": "示例"}, &w)
	p.stop()
	blk := filepath.Join(p.data, "nats", "jetstream", "JOURNAL", "streams", "QINGKONG_JOURNAL", "msgs", "1.blk")
	data, err := os.ReadFile(blk)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte(`"alerts.warning.declared"`))
	if at < 0 {
		t.Fatal("the declaration is not in the stream")
	}
	data[at+5] ^= 4
	if err := os.WriteFile(blk, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(p.data, "qingkong.db")); err != nil {
		t.Fatal(err)
	}
	numbers := regexp.MustCompile(`block (\d+) was confirmed.*which keeps blocks 1 to (\d+) and loses (\d+) to (\d+)`)
	var said []string
	for _, args := range [][]string{
		{"serve", "--data", p.data, "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0"},
		{"journal", "rebuild", "--data", p.data},
	} {
		code, text := exitOf(t, args...)
		got := numbers.FindStringSubmatch(text)
		if code != 1 || got == nil || got[1] != got[4] || !strings.Contains(text, "--from stream --skip-unreadable") ||
			!strings.Contains(text, "restore") {
			t.Fatalf("%v: exit code %d, %s", args, code, text)
		}
		said = append(said, strings.Join(got[1:], " "))
	}
	if said[0] != said[1] {
		t.Errorf("the start has %s, a rebuild %s", said[0], said[1])
	}
	kept, err := filepath.Glob(filepath.Join(p.data, "nats.before-*", "jetstream", "JOURNAL", "streams",
		"QINGKONG_JOURNAL", "msgs", "1.blk"))
	if err != nil || len(kept) == 0 {
		t.Fatalf("no copy of the stream: %v", err)
	}
	if was, err := os.ReadFile(kept[0]); err != nil || !bytes.Equal(was, data) {
		t.Errorf("the copy of the stream is not what it was: %v", err)
	}

	out := string(command(t, "journal", "rebuild", "--data", p.data, "--from", "stream", "--skip-unreadable"))
	for _, want := range []string{`"kind":"alerts.warning.lifted"`, w.ID, "act on them by hand",
		"had been confirmed and are lost"} {
		if !strings.Contains(out, want) {
			t.Errorf("the rebuild does not say %s:\n%s", want, out)
		}
	}
	p.again()
	if status, text := p.raw("duty", "GET", "/warnings/"+w.ID, nil); status != 404 {
		t.Errorf("the warning that lies behind the hole: %d %s", status, text)
	}
	ready := readiness(p, "duty")
	if !strings.Contains(ready, `"status":"degraded"`) || !strings.Contains(ready, "新的编号已跳过可能用过的") {
		t.Errorf("readiness says %s", ready)
	}
	p.stop()
	command(t, "journal", "check", "--data", p.data)
}
