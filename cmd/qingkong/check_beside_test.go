package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// checkBeside runs `journal check --json` on the folder of a program that runs.
func (p *program) checkBeside(args ...string) (c checked) {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), os.Args[0],
		append([]string{"journal", "check", "--json", "--data", p.data}, args...)...)
	cmd.Env = append(os.Environ(), "QINGKONG_TEST_RUN=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // the exit code says it
	c.exit, c.errs = cmd.ProcessState.ExitCode(), errs.String()
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &c); err != nil {
			p.t.Fatalf("%v in %s", err, &out)
		}
	}
	return c
}

// names are those of all files below the data folder but the streams', which the running server writes.
func (p *program) names() (names []string) {
	p.t.Helper()
	there, err := os.ReadDir(p.data)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range there {
		names = append(names, e.Name())
	}
	return names
}

// vaultRow is the first row of contact data in the vault of the running program, and where the record's file holds it.
func (p *program) vaultRow() (row []byte, places []int64) {
	p.t.Helper()
	file := filepath.Join(p.data, "qingkong.db")
	text, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatal(err)
	}
	copied := filepath.Join(p.t.TempDir(), "copy.db")
	if err := os.WriteFile(copied, text, 0o600); err != nil {
		p.t.Fatal(err)
	}
	db, err := bbolt.Open(copied, 0o600, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	err = db.View(func(tx *bbolt.Tx) error {
		_, v := tx.Bucket([]byte("vault.entries")).Cursor().Seek([]byte("v"))
		row = bytes.Clone(v)
		return nil
	})
	for at := 0; err == nil; at++ {
		i := bytes.Index(text[at:], row)
		if i < 0 {
			break
		}
		at += i
		places = append(places, int64(at))
	}
	if err != nil || len(row) < 20 || len(places) == 0 {
		p.t.Fatalf("no row of the vault in the file: %v", err)
	}
	return row, places
}

func (p *program) overwrite(places []int64, text []byte) {
	p.t.Helper()
	f, err := os.OpenFile(filepath.Join(p.data, "qingkong.db"), os.O_WRONLY, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for _, at := range places {
		if _, err := f.WriteAt(text, at); err != nil {
			p.t.Fatal(err)
		}
	}
}

// `journal check` beside a running program has it check itself, says the same as on the stopped folder, in the same
// form, and leaves nothing; what it finds is at /readyz as well.
func TestJournalCheckBesideTheRunningProgram(t *testing.T) {
	t.Parallel()
	p := start(t, filepath.Join(t.TempDir(), "data"), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	p.declare("red")
	before, tmp := p.names(), t.TempDir()
	beside := p.checkBeside("--tmp", tmp)
	if beside.exit != 0 || !beside.OK || len(beside.Problems) > 0 {
		t.Fatalf("a whole record: %+v", beside)
	}
	if text := command(t, "journal", "check", "--data", p.data); !bytes.Contains(text, []byte(" blocks, ")) ||
		!bytes.Contains(text, []byte(", root ")) {
		t.Errorf("without --json it prints %s", text)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 ||
		strings.Join(p.names(), " ") != strings.Join(before, " ") {
		t.Errorf("the check left %v, %v; the folder holds %q", left, err, p.names())
	}

	row, places := p.vaultRow()
	bad := bytes.Clone(row)
	bad[len(bad)-2] ^= 1
	p.overwrite(places, bad)
	if got := p.checkBeside(); got.exit != 1 || got.OK ||
		!strings.Contains(strings.Join(got.Problems, "\n"), "does not have the hash that is its name") ||
		!strings.Contains(got.errs, "does not prove itself") {
		t.Errorf("with a byte altered: %+v", got)
	}
	comesTrue(t, "the check of the record",
		func() bool { return strings.Contains(readiness(p, "admin"), "does not have the hash that is its name") })
	p.overwrite(places, row)
	if got := p.checkBeside(); got.exit != 0 || !got.OK {
		t.Errorf("with the byte put right: %+v", got)
	}
	comesTrue(t, "a record that is well",
		func() bool { return !strings.Contains(readiness(p, "admin"), "does not have the hash") })

	p.stop()
	if stopped := check(t, p.data, false); stopped.exit != 0 || !stopped.OK {
		t.Errorf("stopped: %+v", stopped)
	}
}

// A check that is interrupted, or whose program is killed, ends with exit 1 and leaves nothing behind.
func TestAnInterruptedCheckBesideTheProgram(t *testing.T) {
	t.Parallel()
	p := startLarge(t, filepath.Join(t.TempDir(), "data"))
	before := strings.Join(p.names(), " ")
	for name, end := range map[string]func(asker *exec.Cmd){
		"interrupted": func(asker *exec.Cmd) { _ = asker.Process.Signal(syscall.SIGINT) },
		"killed":      func(*exec.Cmd) { p.kill(); p.begin() },
	} {
		errs := new(lockedBuffer)
		cmd := exec.Command(os.Args[0], "journal", "check", "--data", p.data)
		cmd.Env = append(os.Environ(), "QINGKONG_TEST_RUN=1")
		cmd.Stderr = errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		over := make(chan error, 1)
		go func() { over <- cmd.Wait() }()
		comesTrue(t, "progress", func() bool { return strings.Contains(errs.String(), "checks itself") || len(over) > 0 })
		end(cmd)
		select {
		case err := <-over:
			if err == nil {
				t.Logf("%s: the check was faster", name)
			}
		case <-time.After(40 * time.Second):
			t.Fatalf("%s: the command does not end", name)
		}
		if after := strings.Join(p.names(), " "); after != before {
			t.Errorf("%s: the folder held %s and holds %s", name, before, after)
		}
	}
}

func comesTrue(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("does not come: %s", what)
		}
	}
}

// `journal export` writes no byte into the folder, and is refused in a sentence beside a running program.
func TestJournalExportOnlyReads(t *testing.T) {
	p := start(t, filepath.Join(t.TempDir(), "data"), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	if code, said := exitOf(t, "journal", "export", "--data", p.data); code != 1 || !strings.Contains(said, "in use") {
		t.Errorf("beside the program: %d, %s", code, said)
	}
	p.stop()
	t.Cleanup(func() { _ = exec.Command("chmod", "-R", "u+w", p.data).Run() }) // for the folder to be removed
	if err := exec.Command("chmod", "-R", "a-w", p.data).Run(); err != nil {
		t.Fatal(err)
	}
	before := folder(t, p.data)
	if lines := bytes.Count(command(t, "journal", "export", "--data", p.data), []byte("\n")); lines == 0 {
		t.Error("nothing is exported")
	}
	if after := folder(t, p.data); after != before {
		t.Errorf("the export changed the folder: it was\n%s\nand is\n%s", before, after)
	}
}
