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

type backupResult struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
	First uint64 `json:"first_block"`
	Last  uint64 `json:"last_block"`
}

func backupOf(t *testing.T, args ...string) (r backupResult) {
	t.Helper()
	if err := json.Unmarshal(command(t, append([]string{"backup", "--json"}, args...)...), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// serving runs `serve` without --demo on a folder that was restored.
func serving(t *testing.T, data string) *program {
	t.Helper()
	p := &program{t: t, data: data,
		args: []string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0"}}
	t.Cleanup(p.kill)
	p.again()
	return p
}

// goesOnAbove wants the next warning, and the messages of the one that goes on, numbered above what a restored record
// knows, and the check to name what may be outside.
func (p *program) goesOnAbove(on warning) {
	p.t.Helper()
	if on.Revision <= 20 {
		p.t.Errorf("the warning that goes on is at revision %d", on.Revision)
	}
	p.must("duty", "POST", "/warnings/"+on.ID+"/lift", map[string]any{"revision": on.Revision}, &on)
	day, first, _ := strings.Cut(on.ID, "-")
	if next := p.declare("orange"); next.ID == on.ID || strings.HasPrefix(next.ID, day) && next.ID <= day+"-21" ||
		first != "01" {
		p.t.Errorf("after %s comes %s", on.ID, next.ID)
	}
	if said := readiness(p, "duty"); !strings.Contains(said, on.ID+" 的第 ") || !strings.Contains(said, "…21") {
		p.t.Errorf("readyz does not say what may be outside: %s", said)
	}
}

// A program is backed up beside its work, killed, and brought back on an empty folder: the accounts open it, the
// warning and its orders are there, and the record proves itself.
func TestBackupKillRestoreServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old, full, more := filepath.Join(dir, "old"), filepath.Join(dir, "full.tar"), filepath.Join(dir, "more.tar")
	p := start(t, old, "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	if got := backupOf(t, "--data", old, full); got.First != 1 || got.Last == 0 || got.File != full {
		t.Errorf("the backup beside the program says %+v", got)
	}
	if code, said := exitOf(t, "backup", "--data", old, full); code != 1 || !strings.Contains(said, full) {
		t.Errorf("a second backup to the same file ends with %d: %s", code, said)
	}
	w := p.declare("orange")
	if info, err := os.Stat(filepath.Join(old, "control.sock")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, %v", info, err)
	}
	first := backupOf(t, "--data", old, filepath.Join(dir, "first.tar"))
	second := backupOf(t, "--data", old, "--since", full, more)
	if second.Last < first.Last {
		t.Errorf("a backup ends at %d after one that ends at %d", second.Last, first.Last)
	}
	p.kill()
	stopped := backupOf(t, "--data", old, filepath.Join(dir, "stopped.tar"))
	if stopped.Last < second.Last {
		t.Errorf("the stopped folder gives %d blocks, the running one gave %d", stopped.Last, second.Last)
	}

	for name, files := range map[string][]string{"full and incremental": {full, more},
		"of the stopped folder": {stopped.File}} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "new")
			said := command(t, append([]string{"restore", "--data", data}, files...)...)
			if !strings.Contains(string(said), "qingkong serve --data "+data) {
				t.Errorf("restore does not say how to go on:\n%s", said)
			}
			q := serving(t, data)
			var got warning
			q.must("duty", "GET", "/warnings/"+w.ID, nil, &got)
			if got.State != "active" || got.Level != "orange" {
				t.Errorf("the restored warning is %+v", got)
			}
			var session struct{ User string }
			q.must("", "POST", "/session", map[string]string{"user": "duty", "password": q.accounts["duty"].Password}, &session)
			q.goesOnAbove(got)
			q.stop()
			var report struct {
				OK       bool     `json:"ok"`
				Problems []string `json:"problems"`
			}
			if err := json.Unmarshal(command(t, "journal", "check", "--json", "--data", data), &report); err != nil ||
				!report.OK {
				t.Errorf("journal check: %+v, %v", report, err)
			}
		})
	}

	data := filepath.Join(t.TempDir(), "new")
	for name, args := range map[string][]string{
		"the increment alone":    {"restore", "--data", data, more},
		"into a folder in use":   {"restore", "--data", old, full},
		"no file":                {"restore", "--data", data, filepath.Join(dir, "none.tar")},
		"backup of an empty one": {"backup", "--data", data, filepath.Join(dir, "none.tar")},
	} {
		if code, said := exitOf(t, args...); code != 1 || strings.Count(strings.TrimSpace(said), "\n") > 0 || said == "" {
			t.Errorf("%s: exit %d, %q", name, code, said)
		}
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("a refused restore has made its folder")
	}
}

// Ctrl-C at the command gives the backup up on the side of the program too.
func TestInterruptedBackupLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := filepath.Join(dir, "old")
	startLarge(t, old)
	for _, file := range []string{"a.tar", "b.tar", "c.tar"} {
		path := filepath.Join(dir, file)
		cmd := exec.Command(os.Args[0], "backup", "--data", old, path)
		cmd.Env = append(os.Environ(), "QINGKONG_TEST_RUN=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		await := time.Now().Add(time.Minute)
		for {
			_, begun := os.Stat(path + ".new")
			_, ended := os.Stat(path)
			if begun == nil || ended == nil || time.Now().After(await) {
				break
			}
			time.Sleep(time.Millisecond)
		}
		_ = cmd.Process.Signal(syscall.SIGINT)
		err := cmd.Wait()
		_, there := os.Stat(path)
		if _, left := os.Stat(path + ".new"); left == nil {
			t.Errorf("%s.new is left behind", file)
		}
		if err != nil == (there == nil) {
			t.Errorf("the command ends with %v and the file says %v", err, there)
		}
	}
}
