package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The agent of an enterprise, a process of its own, keeps beside its order what the coordinator recorded of it, over NATS
// alone: the key that it knows since then is the ledger's.
func TestTheAgentKeepsReceiptsOfTheRecord(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	me, dir := p.accounts["enterprise"], filepath.Join(t.TempDir(), "agent")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(me.Password), 0o600); err != nil {
		t.Fatal(err)
	}
	log := new(lockedBuffer)
	agent := exec.Command(os.Args[0], "agent", "--nats-url", "nats://"+p.addr.NATS, "--recipient", me.Recipient,
		"--password-file", secret, "--data", dir, "--auto-acknowledge", "--receipts-after", "10ms", "--receipts-retry-first",
		"50ms", "--receipts-retry-max", "100ms")
	agent.Env = append(os.Environ(), "QINGKONG_TEST_RUN=1")
	agent.Stdout, agent.Stderr = log, log
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = agent.Process.Kill() })
	w := p.declare("orange")
	id := w.ID + "-" + me.Recipient + "-1"
	file := filepath.Join(dir, "orders", "issued."+id+".receipts")
	type listed struct {
		Orders []struct {
			ID       string
			Answers  []struct{ State string }
			Receipts *struct {
				State string
				Sent  int
			}
		}
	}
	whole := func() bool {
		if _, err := os.Stat(file); err != nil {
			return false
		}
		var list listed
		p.read("the list", command(t, "agent", "--list", "--json", "--data", dir), &list)
		r := list.Orders[0].Receipts
		return list.Orders[0].ID == id && r != nil && r.State == "kept" && r.Sent == 2
	}
	for end := time.Now().Add(60 * time.Second); !whole(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no receipts:\n%s\n%s", log, p.out)
		}
	}
	if err := agent.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := agent.Wait(); err != nil {
		t.Errorf("the agent ended with %v:\n%s", err, log)
	}
	var status struct{ VKey string }
	p.must("viewer", "GET", "/ledger", nil, &status)
	if key, err := os.ReadFile(filepath.Join(dir, "ledger.key")); err != nil || string(key) != "log "+status.VKey+"\n" {
		t.Errorf("the agent knows the key %q (%v), and the ledger's is %s", key, err, status.VKey)
	}
	var r struct{ Items []struct{ Kind string } }
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	kinds := []string{}
	for _, e := range r.Items {
		kinds = append(kinds, e.Kind)
	}
	if want := "notify.order_issued notify.answered notify.answered"; err != nil || strings.Join(kinds, " ") != want {
		t.Errorf("the receipts hold %v (%v), want %s", kinds, err, want)
	}
}
