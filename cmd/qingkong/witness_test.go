package main_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/cmd/internal/certs/certstest"
)

// runningWitness is a witness in a process of its own.
type runningWitness struct {
	cmd     *exec.Cmd
	stderr  *bytes.Buffer
	Name    string
	VKey    string
	Address string
}

func startWitness(t *testing.T, args ...string) *runningWitness {
	t.Helper()
	w := &runningWitness{cmd: exec.Command(os.Args[0], append([]string{"witness", "--json"}, args...)...), stderr: &bytes.Buffer{}}
	w.cmd.Env = append(os.Environ(), "QINGKONG_TEST_RUN=1")
	w.cmd.Stderr = w.stderr
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.cmd.Process.Kill() })
	if err := json.NewDecoder(out).Decode(w); err != nil {
		_ = w.cmd.Wait()
		t.Fatalf("%v: %s", err, w.stderr)
	}
	return w
}

// end ends it by a signal, and gives the exit code; -1 where the signal killed it.
func (w *runningWitness) end(t *testing.T, by os.Signal) int {
	t.Helper()
	if err := w.cmd.Process.Signal(by); err != nil {
		t.Fatal(err)
	}
	_ = w.cmd.Wait() // the code says it
	return w.cmd.ProcessState.ExitCode()
}

// checkpointOf is a signed checkpoint of a log that has these entries.
func checkpointOf(t *testing.T, signer note.Signer, entries ...string) string {
	t.Helper()
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) (out []tlog.Hash, err error) {
		for _, i := range at {
			out = append(out, hashes[i])
		}
		return out, nil
	})
	for n, entry := range entries {
		more, err := tlog.StoredHashes(int64(n), []byte(entry), reader)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, more...)
	}
	root, err := tlog.TreeHash(int64(len(entries)), reader)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", signer.Name(), len(entries), root)}, signer)
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

func sendTo(t *testing.T, client *http.Client, w *runningWitness, old int, checkpoint string) (int, string) {
	t.Helper()
	resp, err := client.Post(w.Address+"/add-checkpoint", "", strings.NewReader(fmt.Sprintf("old %d\n\n%s", old, checkpoint)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// A witness hands out its key before it runs and while it does, cosigns over TLS, survives a kill with all that it
// cosigned, reads its logs anew at SIGHUP, and ends well by a signal.
func TestAWitnessFromTheShell(t *testing.T) {
	dir := t.TempDir()
	data, logs := filepath.Join(dir, "witness"), filepath.Join(dir, "logs.txt")
	skey, vkey, err := note.GenerateKey(nil, "qingkong/120111/0a1b2c3d")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(logs, []byte("log "+vkey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	printed := strings.TrimSpace(string(command(t, "witness", "--name", "tj.example.gov.cn/witness", "--data", data, "--print-key")))
	ca := certstest.NewCA(t)
	cert, key := ca.Issue(certstest.Leaf{}).Write(t, dir)
	args := []string{"--name", "tj.example.gov.cn/witness", "--data", data, "--logs", logs, "--listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool()}}}

	w := startWitness(t, args...)
	if w.VKey != printed || w.Name != "tj.example.gov.cn/witness" || !strings.HasPrefix(w.Address, "https://127.0.0.1:") {
		t.Errorf("it is %s, %s at %s, and %s was printed", w.Name, w.VKey, w.Address, printed)
	}
	if now := strings.TrimSpace(string(command(t, "witness", "--data", data, "--print-key"))); now != printed {
		t.Errorf("beside it %s is printed", now)
	}
	if status, text := sendTo(t, client, w, 0, checkpointOf(t, signer, "a", "b", "c")); status != 200 || !strings.HasPrefix(text, "— "+w.Name+" ") {
		t.Fatalf("%d %s", status, text)
	}
	w.end(t, syscall.SIGKILL)
	w = startWitness(t, args...)
	if status, text := sendTo(t, client, w, 0, checkpointOf(t, signer, "a", "b")); status != 409 || text != "3\n" {
		t.Errorf("after a kill a smaller tree: %d %s", status, text)
	}
	if status, text := sendTo(t, client, w, 3, checkpointOf(t, signer, "a", "b", "altered")); status != 409 || text != "3\n" {
		t.Errorf("after a kill another history: %d %s", status, text)
	}
	if err := w.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if status, text := sendTo(t, client, w, 3, checkpointOf(t, signer, "a", "b", "c")); status != 200 {
		t.Errorf("after SIGHUP: %d %s", status, text)
	}
	if code := w.end(t, syscall.SIGTERM); code != 0 || !strings.Contains(w.stderr.String(), "two histories of one size") {
		t.Errorf("exit code %d, said %s", code, w.stderr)
	}
}

// What is wrong with the command line or a file is said in one line, and nothing is begun.
func TestAWitnessThatCannotBegin(t *testing.T) {
	dir := t.TempDir()
	data, logs := filepath.Join(dir, "witness"), filepath.Join(dir, "logs.txt")
	if err := os.WriteFile(logs, []byte("# nothing yet\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "--name, --data, --logs must be given", nil},
		{2, "--data must be given", []string{"--print-key"}},
		{2, "--name must be given", []string{"--print-key", "--data", data}},
		{2, "--tls-cert and --tls-key go together", []string{"--name", "w", "--data", data, "--logs", logs, "--tls-cert", "c"}},
		{1, "--tls-cert: 文件 c 读不出", []string{"--name", "w", "--data", data, "--logs", logs, "--tls-cert", "c", "--tls-key", "k"}},
		{1, "没有一行 log", []string{"--name", "w", "--data", data, "--logs", logs}},
		{1, "no such file", []string{"--name", "w", "--data", data, "--logs", filepath.Join(dir, "none")}},
		{1, "--name: ", []string{"--name", "a b", "--data", data, "--print-key"}},
	} {
		code, said := exitOf(t, append([]string{"witness"}, c.args...)...)
		if code != c.code || !strings.Contains(said, c.want) || strings.Count(said, "\n") != 1 {
			t.Errorf("%v: exit %d, %q; want %d, %q", c.args, code, said, c.code, c.want)
		}
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("the folder was made: %v", err)
	}
}
