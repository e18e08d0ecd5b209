package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const backupWords = "correct horse battery staple\n"

func writeFile(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// The server writes into its own folder, encrypted as it is configured, and the command says where the file stands and
// what it holds. Brought back with the passphrase it is the same record; an erasure names it until then.
func TestBackupOnTheServer(t *testing.T) {
	t.Parallel()
	dir, folder := t.TempDir(), t.TempDir()
	key := writeFile(t, filepath.Join(dir, "backup.key"), backupWords, 0o600)
	p := &program{t: t, data: filepath.Join(dir, "old"),
		env: []string{"QINGKONG_BACKUP_DIR=" + folder, "QINGKONG_BACKUP_PASSPHRASE_FILE=" + key}}
	p.args = []string{"serve", "--demo", "--no-simulate", "--data", p.data, "--listen", "127.0.0.1:0", "--nats-listen",
		"127.0.0.1:0"}
	t.Cleanup(p.kill)
	p.again()
	server := func(who string) []string {
		file := writeFile(t, filepath.Join(dir, who+".token"), p.accounts[who].Token, 0o600)
		return []string{"--server", "http://" + p.addr.HTTP, "--token-file", file}
	}
	var made struct {
		File, Folder, Root string
		Bytes              int64
		Last               uint64 `json:"last_block"`
		Encrypted          bool
	}
	asked := append([]string{"backup", "--json", "--idempotency-key", "once"}, server("admin")...)
	if err := json.Unmarshal(command(t, asked...), &made); err != nil || !made.Encrypted || made.Folder != folder ||
		made.Last == 0 {
		t.Fatalf("%+v, %v", made, err)
	}
	said := string(command(t, append([]string{"backup", "--idempotency-key", "once"}, server("admin")...)...))
	file := filepath.Join(folder, made.File)
	for _, want := range []string{file, made.Root, fmt.Sprint(made.Last), fmt.Sprint((made.Bytes + 1023) >> 10)} {
		if !strings.Contains(said, want) {
			t.Errorf("the command does not say %s:\n%s", want, said)
		}
	}
	if there, err := os.ReadDir(folder); err != nil || len(there) != 1 {
		t.Errorf("the same key twice has made %v, %v", there, err)
	}
	if code, said := exitOf(t, append([]string{"backup"}, server("duty")...)...); code != 1 ||
		!strings.Contains(said, "forbidden") {
		t.Errorf("a duty officer is answered %d: %s", code, said)
	}
	said = string(command(t, append([]string{"personal", "erase", "--recipient", "E0003", "--reason", "离职"},
		server("admin")...)...))
	if !strings.Contains(said, made.File) || !strings.Contains(said, "still holds it") {
		t.Errorf("the erasure says\n%s", said)
	}
	p.stop()

	next := filepath.Join(dir, "new")
	if code, said := exitOf(t, "restore", file, "--data", next); code != 1 ||
		!strings.Contains(said, "--passphrase-file") || exists(next) {
		t.Errorf("without the passphrase: %d, %s", code, said)
	}
	wrong := writeFile(t, filepath.Join(dir, "wrong.key"), "another horse battery staple", 0o600)
	if code, said := exitOf(t, "restore", file, "--data", next, "--passphrase-file", wrong); code != 1 ||
		!strings.Contains(said, file) || exists(next) {
		t.Errorf("with another passphrase: %d, %s", code, said)
	}
	if said := string(command(t, "restore", file, "--data", next, "--passphrase-file", key)); !strings.Contains(said,
		made.Root) {
		t.Errorf("the restored root is another than %s:\n%s", made.Root, said)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// A file that others may read is not used, whatever is done with it; a backup of a stopped folder is encrypted as well.
func TestBackupWithAPassphrase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, file := filepath.Join(dir, "old"), filepath.Join(dir, "b")
	p := start(t, data, "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	open := writeFile(t, filepath.Join(dir, "open.key"), backupWords, 0o600)
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"backup", "--data", data, file},
		{"restore", file, "--data", filepath.Join(dir, "new")}} {
		code, said := exitOf(t, append(args, "--passphrase-file", open)...)
		if code != 1 || !strings.Contains(said, "chmod 600 "+open) || exists(file) {
			t.Errorf("%s: %d, %s", args[0], code, said)
		}
	}
	p.kill()
	key := writeFile(t, filepath.Join(dir, "backup.key"), backupWords, 0o600)
	said := string(command(t, "backup", "--data", data, "--passphrase-file", key, file))
	text, err := os.ReadFile(file)
	if err != nil || !bytes.HasPrefix(text, []byte("age-encryption.org/v1\n")) || !strings.Contains(said, "encrypted") {
		t.Errorf("the file of the stopped folder is not encrypted (%v):\n%s", err, said)
	}
	command(t, "restore", file, "--data", filepath.Join(dir, "new"), "--passphrase-file", key)
}

// While the server still writes, the command asks again under one key until it has ended, or until its patience has:
// then it says how to ask later. No real server can be made to write for as long as that, so one answers as it would.
func TestBackupThatTheServerStillWrites(t *testing.T) {
	t.Parallel()
	token := writeFile(t, filepath.Join(t.TempDir(), "token"), "t", 0o600)
	keys := make(chan string, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys <- r.Header.Get("Idempotency-Key")
		w.Header().Set("Content-Type", "application/problem+json")
		if len(keys) < 3 || r.Header.Get("Idempotency-Key") == "forever" {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"status":503,"code":"not_ready","state":"being_written","detail":"还在写","errors":[]}`))
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"file":"q.tar","folder":"/backup","bytes":2048,"last_block":7,"root":"abc=","encrypted":false}`))
	}))
	defer srv.Close()
	said := string(command(t, "backup", "--server", srv.URL, "--token-file", token))
	if !strings.Contains(said, "/backup/q.tar") {
		t.Errorf("the command says\n%s", said)
	}
	if one := <-keys; len(keys) != 2 || one == "" || one != <-keys || one != <-keys {
		t.Error("it has asked under several keys, or not three times")
	}
	code, errs := exitOf(t, "backup", "--server", srv.URL, "--token-file", token, "--idempotency-key", "forever",
		"--wait", "2s")
	if code != 1 || !strings.Contains(errs, "--idempotency-key forever") || len(keys) == 0 || len(keys) > 3 {
		t.Errorf("without patience: %d after %d questions, %s", code, len(keys), errs)
	}
}

// What means nothing the way the command is used is refused before anything is asked or written.
func TestBackupIsUsedOneWayOrTheOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token, file := writeFile(t, filepath.Join(dir, "token"), "t", 0o600), filepath.Join(dir, "b")
	there := []string{"--server", "http://127.0.0.1:1", "--token-file", token}
	for _, args := range [][]string{
		{}, {"--data", dir}, {file}, {"--data", dir, file, file}, {"--data", dir, file, "--wait", "1m"},
		{"--data", dir, file, "--token-file", token},
		{"--data", dir, file, "--idempotency-key", "k"}, there[:2], append(there, file), append(there, "--data", dir),
		append(there, "--since", file), append(there, "--passphrase-file", token), append(there, "--config", token),
		append(there, "--wait", "0s"),
	} {
		if code, said := exitOf(t, append([]string{"backup"}, args...)...); code != 2 || exists(file) {
			t.Errorf("backup %v: %d, %s", args, code, said)
		}
	}
}
