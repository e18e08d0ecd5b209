package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests of this package import nothing of ours: they know the program by contract.md alone.

// program is a running coordinator.
type program struct {
	t    *testing.T
	data string
	args []string
	env  []string
	cmd  *exec.Cmd
	over chan struct{} // closed when the process has ended and its exit code is known
	out  *lockedBuffer
	addr struct {
		HTTP  string `json:"http"`
		NATS  string `json:"nats"`
		HJ212 string `json:"hj212"`
	}
	accounts map[string]account
}

type account struct {
	User, Password, Token, Recipient string
}

// start runs `serve --demo` on a data folder and waits until every address accepts connections.
func start(t *testing.T, data string, args ...string) *program {
	t.Helper()
	p := &program{t: t, data: data, args: append([]string{"serve", "--demo", "--no-simulate", "--data", data}, args...)}
	t.Cleanup(func() { p.kill() })
	p.again()
	return p
}

// largeRecipients is how many recipients a large demo has.
const largeRecipients = 20_000

var largeOnce sync.Once

// copyLarge makes data a folder as the start of a large demo leaves it, which takes seconds the first time.
func copyLarge(t *testing.T, data string) {
	t.Helper()
	prepared := filepath.Join(os.Getenv("SHARED_TEST_FOLDER"), "large")
	largeOnce.Do(func() {
		start(t, prepared, "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--demo-recipients",
			fmt.Sprint(largeRecipients)).stop()
	})
	if err := os.CopyFS(data, os.DirFS(prepared)); err != nil {
		t.Fatal(err)
	}
}

// startLarge is start on a large demo.
func startLarge(t *testing.T, data string) *program {
	t.Helper()
	copyLarge(t, data)
	return start(t, data, "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--demo-recipients",
		fmt.Sprint(largeRecipients))
}

func (p *program) again() {
	p.t.Helper()
	if !p.begin() {
		p.t.Fatalf("the program ended:\n%s", p.out)
	}
	text, err := os.ReadFile(filepath.Join(p.data, "demo-credentials.json"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.read("demo-credentials.json", text, &p.accounts)
}

// wideShares are the shares of callers for tests of something else, which ask as fast as they can.
var wideShares = []string{"QINGKONG_LIMITS_PER_SECOND=100000", "QINGKONG_LIMITS_BURST=100000",
	"QINGKONG_LIMITS_WRITES_PER_MINUTE=100000",
	"QINGKONG_LIMITS_WRITES_BURST=100000", "QINGKONG_LIMITS_STREAMS=1000"}

// usualShares are the program's own.
var usualShares = []string{"QINGKONG_LIMITS_PER_SECOND=50", "QINGKONG_LIMITS_BURST=200",
	"QINGKONG_LIMITS_WRITES_PER_MINUTE=120",
	"QINGKONG_LIMITS_WRITES_BURST=60", "QINGKONG_LIMITS_STREAMS=16"}

// begin starts the process, below the command given, and waits until every address accepts connections or it has ended
// by itself: then it is false.
func (p *program) begin(below ...string) bool {
	p.t.Helper()
	path := filepath.Join(p.data, "addresses.json")
	_ = os.Remove(path) // of a killed run
	p.out = new(lockedBuffer)
	line := append(append(below, os.Args[0]), p.args...)
	p.cmd = exec.Command(line[0], line[1:]...)
	p.cmd.Env = append(append(append(os.Environ(), "QINGKONG_TEST_RUN=1"), wideShares...), p.env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	cmd, ended := p.cmd, make(chan struct{})
	p.over = ended
	go func() { _ = cmd.Wait(); close(ended) }()
	for deadline := time.Now().Add(3 * time.Minute); ; {
		if text, err := os.ReadFile(path); err == nil {
			p.read(path, text, &p.addr)
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("no addresses after three minutes:\n%s", p.out)
		}
	}
}

func (p *program) read(name string, text []byte, v any) {
	p.t.Helper()
	if err := json.Unmarshal(text, v); err != nil {
		p.t.Fatalf("%s: %v", name, err)
	}
}

// kill ends the process as a power cut would, as far as a process can be.
func (p *program) kill() {
	if p.cmd != nil {
		_ = p.cmd.Process.Kill()
		<-p.over
		p.cmd = nil
	}
}

// stop ends the process in order and fails the test when it does not end well.
func (p *program) stop() {
	p.t.Helper()
	if code := p.terminated(syscall.SIGTERM); code != 0 {
		p.t.Fatalf("the program ended with %d:\n%s", code, p.out)
	}
}

// terminated sends a signal that ends the process, and returns its exit code: -1 where the signal itself ended it.
func (p *program) terminated(sig syscall.Signal) int {
	p.t.Helper()
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.over:
	case <-time.After(40 * time.Second):
		p.t.Fatalf("the program does not end:\n%s", p.out)
	}
	code := p.cmd.ProcessState.ExitCode()
	p.cmd = nil
	return code
}

// call does an HTTP call and returns its status; the answer is decoded into v unless that is nil.
func (p *program) call(who, method, path string, body, v any) int {
	p.t.Helper()
	status, text := p.raw(who, method, path, body)
	if v != nil {
		if err := json.Unmarshal(text, v); err != nil {
			p.t.Fatalf("%s %s: %d %s", method, path, status, text)
		}
	}
	return status
}

func (p *program) raw(who, method, path string, body any) (int, []byte) {
	p.t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = bytes.NewReader([]byte(b))
	default:
		text, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, "http://"+p.addr.HTTP+"/api/v1"+path, in)
	if err != nil {
		p.t.Fatal(err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
		if req.ContentLength > 1<<20 { // as curl does: who answers without reading all of it closes the connection
			req.Header.Set("Expect", "100-continue")
		}
	}
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+p.accounts[who].Token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatalf("%s %s: %v\n%s", method, path, err, p.out)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, text
}

// must is call for what has to succeed.
func (p *program) must(who, method, path string, body, v any) {
	p.t.Helper()
	status, text := p.raw(who, method, path, body)
	if status/100 != 2 {
		p.t.Fatalf("%s %s as %s: %d %s", method, path, who, status, text)
	}
	if v != nil {
		if err := json.Unmarshal(text, v); err != nil {
			p.t.Fatalf("%s %s: %s", method, path, text)
		}
	}
}

type warning struct {
	ID       string `json:"id"`
	Revision int    `json:"revision"`
	State    string `json:"state"`
	Level    string `json:"level"`
}

// declare brings a warning of two persons' level into force now.
func (p *program) declare(level string) warning {
	p.t.Helper()
	var w warning
	p.must("duty", "POST", "/warnings",
		map[string]any{"level": level, "trigger": "city_order", "document_no": "津重污染指〔2016〕1号",
			"issued_by": "市重污染天气应急指挥部"}, &w)
	if w.State != "pending_approval" {
		p.t.Fatalf("a declared %s warning is %s", level, w.State)
	}
	p.must("approver", "POST", "/warnings/"+w.ID+"/approve", map[string]any{"revision": w.Revision}, &w)
	if w.State != "active" {
		p.t.Fatalf("an approved warning is %s", w.State)
	}
	return w
}

// command runs the program's other commands and returns what they print.
func command(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "QINGKONG_TEST_RUN=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s%s", args, err, out.String(), errs.String())
	}
	return out.Bytes()
}

// exitOf runs a command that may fail and returns its exit code and what it said on stderr: -1 where it does not end.
func exitOf(t *testing.T, args ...string) (code int, errs string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), "QINGKONG_TEST_RUN=1")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), said.String()
}

// freePort is a port that was free a moment ago, for a program that is to come back on the same one.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return fmt.Sprintf("127.0.0.1:%d", ln.Addr().(*net.TCPAddr).Port)
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// readiness is what GET /readyz answers somebody.
func readiness(p *program, who string) string {
	p.t.Helper()
	req, err := http.NewRequest("GET", "http://"+p.addr.HTTP+"/readyz", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.accounts[who].Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}
