package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Enterprises that are simulated from outside answer as the board shows it: who receives and acknowledges, who objects, who
// is silent; and the releases of the lifted warning are received by those who looked at their orders.
func TestEnterprisesThatAreSimulated(t *testing.T) {
	t.Parallel()
	p := start(t, filepath.Join(t.TempDir(), "data"), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	var accounts bytes.Buffer
	for i := range 20 {
		status, text := p.raw("admin", "POST", fmt.Sprintf("/recipients/E%04d/credentials", i+5), nil)
		if status/100 != 2 {
			t.Fatalf("%d %s", status, text)
		}
		accounts.Write(text)
	}
	file := filepath.Join(t.TempDir(), "accounts.json")
	if err := os.WriteFile(file, accounts.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	w := p.declare("red")
	var report struct{ Enterprises, Connected, Orders, Received, Acknowledged, Objected, Silent, Refused, Unanswered int }
	simulated := func(orders int, args ...string) {
		t.Helper()
		report.Acknowledged, report.Objected, report.Received = 0, 0, 0
		out := command(t, append([]string{"simulate", "enterprises", "--nats-url", "nats://" + p.addr.NATS, "--accounts", file, "--json",
			"--soonest", "0s", "--latest", "100ms", "--for", "1m", "--orders", fmt.Sprint(orders)}, args...)...)
		if err := json.Unmarshal(out, &report); err != nil {
			t.Fatal(err)
		}
		if report.Connected != 20 || report.Orders != orders || report.Refused+report.Unanswered != 0 {
			t.Errorf("simulated: %s", out)
		}
	}
	simulated(20, "--never", "0.2", "--object", "0.3", "--seed", "3")
	if report.Silent == 0 || report.Objected == 0 || report.Acknowledged == 0 ||
		report.Silent+report.Received != 20 || report.Objected+report.Acknowledged != report.Received {
		t.Errorf("what they did: %+v", report)
	}
	states := map[string]int{}
	for i := range 20 {
		var order struct {
			Answer string `json:"answer"`
		}
		p.must("duty", "GET", fmt.Sprintf("/orders/%s-E%04d-1", w.ID, i+5), nil, &order)
		states[order.Answer]++
	}
	if states["acknowledged"] != report.Acknowledged || states["objected"] != report.Objected ||
		states["awaiting"] != report.Silent {
		t.Errorf("the orders are %v, and they did %+v", states, report)
	}
	silent := report.Silent
	p.must("duty", "POST", "/warnings/"+w.ID+"/lift", map[string]any{"revision": w.Revision, "reason": "示例"}, &w)
	if w.State == "pending_approval" {
		p.must("approver", "POST", "/warnings/"+w.ID+"/approve", map[string]any{"revision": w.Revision}, &w)
	}
	simulated(20, "--never", "0.2", "--seed", "3")
	if report.Silent != silent || report.Received != 20-silent || report.Acknowledged != 0 {
		t.Errorf("of releases: %+v", report)
	}
}

// What cannot be simulated is said, with what to do.
func TestEnterprisesThatCannotBeSimulated(t *testing.T) {
	file := filepath.Join(t.TempDir(), "accounts.json")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		text, url string
		code      int
		want      string
	}{
		{"", "nats://127.0.0.1:1", 1, "recipient credentials"},
		{`{"user":"E0005"}`, "nats://127.0.0.1:1", 1, "value 1 has no user or no password"},
		{`{"user":"E0005","password":"x"} nonsense`, "nats://127.0.0.1:1", 1, "value 2"},
		{`{"user":"E0005","password":"x"}`, "nats://127.0.0.1:1", 1, "check the address"},
		{`{"user":"E0005","password":"x"}`, "", 2, "--nats-url"},
	} {
		write(c.text)
		code, said := exitOf(t, "simulate", "enterprises", "--nats-url", c.url, "--accounts", file, "--for", "100ms")
		if code != c.code || !strings.Contains(said, c.want) {
			t.Errorf("%q at %q: %d %s", c.text, c.url, code, said)
		}
	}
	write(`{"user":"E0005","password":"x"}`)
	code, said := exitOf(t, "simulate", "enterprises", "--nats-url", "nats://127.0.0.1:1", "--accounts", file, "--never", "1.5")
	if code != 2 || !strings.Contains(said, "0 to 1") {
		t.Errorf("a share of 1.5: %d %s", code, said)
	}
}
