package main_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// folder lists every file and folder below dir with its mode, time and content.
func folder(t *testing.T, dir string) string {
	t.Helper()
	var list strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		var text []byte
		if !d.IsDir() {
			if text, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		fmt.Fprintf(&list, "%s %s %s %x\n", path, info.Mode(), info.ModTime().Format(time.RFC3339Nano), sha256.Sum256(text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list.String()
}

// checked is what `journal check --json` says of a folder that it left as it was.
type checked struct {
	OK              bool
	Problems, Notes []string
	exit            int
	errs            string
}

// check runs `journal check` on a folder. With interrupt the command hears SIGINT as soon as it copies.
func check(t *testing.T, data string, interrupt bool) (c checked) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	before, tmp := folder(t, data), t.TempDir()
	cmd := exec.CommandContext(ctx, os.Args[0], "journal", "check", "--data", data, "--tmp", tmp, "--json")
	cmd.Env = append(os.Environ(), "QINGKONG_TEST_RUN=1")
	var out bytes.Buffer
	errs := new(lockedBuffer)
	cmd.Stdout, cmd.Stderr = &out, errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if interrupt {
		for ctx.Err() == nil && !strings.Contains(errs.String(), "copying ") {
			time.Sleep(time.Millisecond)
		}
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
	}
	_ = cmd.Wait() // the exit code says it
	c.exit, c.errs = cmd.ProcessState.ExitCode(), errs.String()
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &c); err != nil {
			t.Fatalf("%v in %s", err, &out)
		}
	}
	if after := folder(t, data); after != before {
		t.Errorf("the check changed the folder: it was\n%s\nand is\n%s", before, after)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("the check left %v, %v", left, err)
	}
	if strings.Contains(c.errs, "goroutine ") {
		t.Errorf("the check ended with a stack:\n%s", c.errs)
	}
	return c
}

// `journal check` looks at a stopped folder, whole or damaged, names what is wrong, and changes nothing in it.
func TestJournalCheckOnlyLooks(t *testing.T) {
	t.Parallel()
	prepared := filepath.Join(t.TempDir(), "data")
	p := start(t, prepared, "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	p.declare("red")
	p.stop()
	msgs := func(data, name string) string {
		return filepath.Join(data, "nats", "jetstream", "JOURNAL", "streams", "QINGKONG_JOURNAL", "msgs", name)
	}
	for _, c := range []struct {
		name   string
		damage func(data string) error
		exit   int
		want   string // in a problem
	}{
		{"whole", func(string) error { return nil }, 0, ""},
		{"one that may only be read", func(data string) error { return exec.Command("chmod", "-R", "a-w", data).Run() },
			0, ""},
		{"without a lock file", func(data string) error { return os.Remove(filepath.Join(data, "lock")) }, 0, ""},
		{"a character of the vault altered", func(data string) error {
			db, err := bbolt.Open(filepath.Join(data, "qingkong.db"), 0o600, nil)
			if err != nil {
				return err
			}
			defer func() { _ = db.Close() }()
			return db.Update(func(tx *bbolt.Tx) error {
				b := tx.Bucket([]byte("vault.entries"))
				k, row := b.Cursor().Seek([]byte("v"))
				row = bytes.Clone(row)
				row[len(row)-2] ^= 1
				return b.Put(bytes.Clone(k), row)
			})
		}, 1, "does not have the hash that is its name"},
		{"a stream cut to half, without its index", func(data string) error {
			if err := os.Remove(msgs(data, "index.db")); err != nil {
				return err
			}
			info, err := os.Stat(msgs(data, "1.blk"))
			if err != nil {
				return err
			}
			return os.Truncate(msgs(data, "1.blk"), info.Size()/2)
		}, 1, "the stream ends at "},
		{"the record cut to two pages",
			func(data string) error { return os.Truncate(filepath.Join(data, "qingkong.db"), 8192) }, 1, "it was cut"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(data, os.DirFS(prepared)); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = exec.Command("chmod", "-R", "u+w", data).Run() }) // for the folder to be removed
			if err := c.damage(data); err != nil {
				t.Fatal(err)
			}
			got := check(t, data, false)
			if got.exit != c.exit || got.OK != (c.exit == 0) || !strings.Contains(strings.Join(got.Problems, "\n"), c.want) {
				t.Errorf("exit %d, want %d; want a problem with %q: %+v", got.exit, c.exit, c.want, got)
			}
			if !strings.Contains(strings.Join(got.Notes, "\n"), "copied ") || !strings.Contains(got.errs, "copying ") {
				t.Errorf("it does not say how much it copied: %+v", got)
			}
		})
	}
	t.Run("interrupted", func(t *testing.T) {
		if got := check(t, prepared, true); got.exit != 0 && got.exit != 1 { // it may have been done already
			t.Errorf("%+v", got)
		}
	})
}
