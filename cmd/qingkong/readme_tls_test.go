package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The section of the README about serving others works as it is printed, with this machine's names in place of its
// examples: the certificate by its commands, a program on every address by its settings, its commands, and an agent
// that acknowledges an order.
func TestTheReadmeServesOthersWithTLS(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("openssl is not installed, and without it the README's commands are not proved")
		}
		t.Skip("left out: openssl is not installed")
	}
	etc := t.TempDir()
	data := filepath.Join(t.TempDir(), "data")
	here := strings.NewReplacer("qk.example.gov.cn", "localhost", "10.0.0.5", "127.0.0.1", "/etc/qingkong/", etc+"/",
		":8443", ":0", ":4222", ":0",
		"/var/lib/qingkong", data)
	blocks := codeBelow(t, "## 对外提供服务")
	if len(blocks) != 3 {
		t.Fatalf("the section has %d blocks of code, want certificate, settings and commands", len(blocks))
	}
	sh := exec.Command("sh", "-e", "-c", here.Replace(blocks[0]))
	sh.Dir = etc
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("the certificate: %v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(etc, "qingkong.yaml"), []byte(here.Replace(blocks[1])), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, data, "--config", filepath.Join(etc, "qingkong.yaml"))
	_, web, _ := strings.Cut(p.addr.HTTP, "]:")
	_, bus, _ := strings.Cut(p.addr.NATS, "]:")
	if web == "" || bus == "" {
		t.Fatalf("not every address is listened on: %+v", p.addr)
	}
	enterprise := p.accounts["enterprise"]
	for file, text := range map[string]string{"admin.token": p.accounts["admin"].Token,
		"duty.token":     p.accounts["duty"].Token,
		"approver.token": p.accounts["approver"].Token, "e0003.secret": enterprise.Password} {
		if err := os.WriteFile(filepath.Join(etc, file), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	there := strings.NewReplacer("qk.example.gov.cn:8443", "localhost:"+web, "qk.example.gov.cn:4222", "localhost:"+bus,
		"E0003", enterprise.Recipient,
		" ca.pem", " "+etc+"/ca.pem", "admin.token", etc+"/admin.token", "e0003.secret", etc+"/e0003.secret", "--data e0003",
		"--data "+etc+"/e0003")
	var ran []string
	for line := range strings.Lines(strings.ReplaceAll(blocks[2], "\\\n", " ")) {
		words := strings.Fields(there.Replace(line))
		switch {
		case words[0] == "curl":
			if _, err := exec.LookPath("curl"); err != nil {
				continue
			}
			if out, err := exec.Command("curl", append(words[1:], "-sS", "--fail")...).CombinedOutput(); err != nil {
				t.Errorf("%v: %v\n%s", words, err, out)
			}
		case words[1] == "serve": // runs, with the demo's data
		case words[1] == "agent":
			agent := exec.Command(os.Args[0], words[1:]...)
			agent.Env = append(os.Environ(), "QINGKONG_TEST_RUN=1")
			var said lockedBuffer
			agent.Stdout, agent.Stderr = &said, &said
			if err := agent.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = agent.Process.Kill()
				_ = agent.Wait()
				if t.Failed() {
					t.Logf("the agent said:\n%s", said.String())
				}
			})
		default:
			command(t, words[1:]...)
		}
		ran = append(ran, words[0]+" "+words[1])
	}
	if len(ran) < 3 {
		t.Errorf("ran %v", ran)
	}
	acknowledgedOverTLS(t, etc, "https://localhost:"+web, enterprise.Recipient)
	if code, said := exitOf(t, "warning", "list", "--server", "https://localhost:"+web, "--token-file",
		etc+"/duty.token"); code != 1 || !strings.Contains(said, "--ca") {
		t.Errorf("without --ca: exit code %d, said %q", code, said)
	}
	p.stop()
}

// acknowledgedOverTLS declares and approves a warning by the commands, and waits for a recipient's acknowledgement.
func acknowledgedOverTLS(t *testing.T, etc, server, recipient string) {
	t.Helper()
	as := func(who string, args ...string) []byte {
		return command(t, append(args, "--json", "--server", server, "--ca", etc+"/ca.pem", "--token-file",
			etc+"/"+who+".token")...)
	}
	var w warning
	if err := json.Unmarshal(as("duty", "warning", "declare", "--level", "orange", "--trigger", "city_order",
		"--document-no", "津重污染指〔2016〕1号",
		"--issued-by", "市重污染天气应急指挥部"), &w); err != nil {
		t.Fatal(err)
	}
	as("approver", "warning", "approve", w.ID, "--revision", "1")
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var list struct {
			Items []struct{ Answer string }
		}
		text := as("duty", "order", "list", "--warning", w.ID, "--recipient", recipient)
		if err := json.Unmarshal(text, &list); err != nil {
			t.Fatal(err)
		}
		if len(list.Items) == 1 && list.Items[0].Answer == "acknowledged" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the order is not acknowledged: %s", text)
		}
	}
}

// codeBelow returns the blocks of code of a section of the README.
func codeBelow(t *testing.T, heading string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("the README has no %s", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for i, part := range strings.Split(section, "\n```") {
		if i%2 == 1 {
			_, code, _ := strings.Cut(part, "\n")
			blocks = append(blocks, code)
		}
	}
	return blocks
}
