package app

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/watch"
)

// overwritten puts bytes into the file of a program's record beneath it, wherever others of that length stand, and
// returns how to undo it.
func overwritten(t *testing.T, a *App, old, new []byte) (undo func()) {
	t.Helper()
	path := filepath.Join(a.opt.Config.Data, journal.File)
	put := func(from, to []byte) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for at := bytes.Index(text, from); at >= 0; n++ {
			if _, err := f.WriteAt(to, int64(at)); err != nil {
				t.Fatal(err)
			}
			next := bytes.Index(text[at+1:], from)
			if next < 0 {
				break
			}
			at += 1 + next
		}
		if err := f.Close(); err != nil || n == 0 && !bytes.Contains(text, from) {
			t.Fatalf("%d places, %v", n, err)
		}
	}
	put(old, new)
	return func() { put(new, old) }
}

// entryOf is a reference of the vault that has others behind it, and its row.
func entryOf(t *testing.T, a *App) (ref, row []byte) {
	t.Helper()
	view(t, a, func(tx *bbolt.Tx) error {
		k, v := tx.Bucket([]byte("vault.entries")).Cursor().Seek([]byte("v"))
		ref, row = bytes.Clone(k), bytes.Clone(v)
		return nil
	})
	if len(ref) != 44 {
		t.Fatalf("the vault begins with %q", ref)
	}
	return ref, row
}

// recordState is what the watchman says of the record when he looks.
func recordState(t *testing.T, a *App) watch.Check {
	t.Helper()
	a.watchman.Look(t.Context())
	for _, c := range a.watchman.Report().Checks {
		if c.Name == watch.Record {
			return c
		}
	}
	t.Fatal("nobody watches the record")
	return watch.Check{}
}

// The structure of the record is checked as soon as the program runs. A page that is damaged beneath it is said by the
// check of the record with the page and since when, until a check finds it right.
func TestTheStructureIsCheckedAtTheStart(t *testing.T) {
	var log lines
	a := start(t, Options{Config: alone(t), Demo: &demo.Demo{NoSimulate: true}, Log: logTo(&log)})
	eventually(t, "a check of the structure", func() bool {
		structure, _, _ := a.checks.Ended()
		return !structure.IsZero()
	})
	says(t, a, "a whole record", "", "")
	_, text := fetch(t, a, "/metrics")
	for _, line := range []string{`qingkong_record_checked_timestamp_seconds\{check="structure"\} 1\.\d+e\+09`,
		`qingkong_record_checked_timestamp_seconds\{check="all"\} 0`, `qingkong_record_problems 0`} {
		if !regexp.MustCompile(`(?m)^` + line + `$`).MatchString(text) {
			t.Errorf("no line %s", line)
		}
	}
	eventually(t, "a level vault", func() bool { s := a.journal.Status(); return s.Vault.Owed == 0 && !s.Short })
	ref, _ := entryOf(t, a)
	undo := overwritten(t, a, ref, append([]byte("~"), ref[1:]...))
	a.checks.Look(t.Context())
	says(t, a, "a damaged page", watch.Failed, "watch.record_damaged")
	c := recordState(t, a)
	if c.State != watch.Failed || !regexp.MustCompile(`page \d+ has its keys out of their order`).MatchString(c.Detail("en")) ||
		!regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`).MatchString(c.Detail("zh-CN")) ||
		log.count("the record is damaged") == 0 {
		t.Errorf("the watchman says %s %s, and the log\n%s", c.State, c.Detail("zh-CN"), log.String())
	}
	undo()
	a.checks.Look(t.Context())
	if c := recordState(t, a); c.State != watch.OK {
		t.Errorf("put right, the watchman says %s %s", c.State, c.Detail("en"))
	}
}

// On the schedule all of the record is checked: a byte that flipped in a block or in a row of the vault is found and
// said, and nothing is left of the check.
func TestTheRecordIsCheckedOnASchedule(t *testing.T) {
	t.Parallel()
	cfg := alone(t)
	cfg.Check.Schedule = "@every 1s"
	a := start(t, Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}})
	whole := func() time.Time { _, all, _ := a.checks.Ended(); return all }
	eventually(t, "a check of all", func() bool { return !whole().IsZero() })
	says(t, a, "a whole record", "", "")
	var block []byte
	view(t, a, func(tx *bbolt.Tx) error { block = bytes.Clone(journal.ReadBlock(tx, 1)); return nil })
	ref, row := entryOf(t, a)
	for what, text := range map[string][]byte{"block 1": block, "vault: entry " + string(ref): row} {
		bad := bytes.Clone(text)
		bad[len(bad)-3] ^= 1
		undo := overwritten(t, a, text, bad)
		eventually(t, "a finding of "+what, func() bool {
			f := a.checks.Finding()
			return f.State == watch.Failed && strings.Contains(f.Why.Detail("zh-CN"), what)
		})
		undo()
		eventually(t, "a finding that it is right", func() bool { return a.checks.Finding().State == "" })
	}
	names, err := os.ReadDir(cfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range names {
		if strings.Contains(e.Name(), "check") {
			t.Errorf("%s is left in the data folder", e.Name())
		}
	}
}

// A check that does not come to its end is said.
func TestACheckThatCannotBeMade(t *testing.T) {
	cfg := alone(t)
	cfg.Disk.StopMB, cfg.Disk.MinMB = 1<<38, 1<<39
	a := start(t, Options{Config: cfg})
	if _, err := a.checks.All(t.Context(), "", nil); refusal.CodeOf(err) != refusal.NotReady {
		t.Errorf("without room: %v", err)
	}
	says(t, a, "without room", watch.Degraded, "watch.record_unchecked")
}

// says looks what the checks of the record have found.
func says(t *testing.T, a *App, when string, state watch.State, rule string) {
	t.Helper()
	f, got := a.checks.Finding(), ""
	if f.Why != nil {
		got = f.Why.Rule
	}
	if f.State != state || got != rule {
		t.Errorf("%s: %s %s, want %s %s", when, f.State, got, state, rule)
	}
}
