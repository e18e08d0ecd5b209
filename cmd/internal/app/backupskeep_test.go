package app

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service/servicetest"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
)

// passphraseFile is a file with a passphrase, and what it opens.
func passphraseFile(t *testing.T, text string) (string, *journal.Passphrase) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "backup.key")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := journal.ReadPassphrase(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, p
}

func named(t *testing.T, a *App, users ...string) {
	t.Helper()
	for _, user := range users {
		body, err := json.Marshal(calls.NewAccount{User: user, Role: string(calls.Viewer), Name: "名为" + user})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := servicetest.Say(t.Context(), a.svc, "init", "", calls.AddAccount, "", body); err != nil {
			t.Fatal(err)
		}
	}
}

// erased erases the name of a user and returns what the answer says of the backups, by file.
func erased(t *testing.T, a *App, user string) (kept map[string]calls.KeptIn) {
	t.Helper()
	done, err := servicetest.Say(t.Context(), a.svc, "init", "", calls.Erase, "", []byte(`{"user":"`+user+`","reason":"离职"}`))
	if err != nil || done.Entries != 1 || done.Backups == nil {
		t.Fatalf("%+v, %v", done, err)
	}
	kept = map[string]calls.KeptIn{}
	for _, k := range done.Backups {
		kept[k.File] = k
	}
	if len(kept) != len(done.Backups) {
		t.Errorf("a backup is named twice: %+v", done.Backups)
	}
	return kept
}

// With backup.passphrase_file the backups of the folder are encrypted, the list reads them, and the passphrase brings one back.
func TestBackupsOfTheFolderAreEncrypted(t *testing.T) {
	cfg := alone(t)
	var pass *journal.Passphrase
	cfg.Backup.Dir = t.TempDir()
	cfg.Backup.PassphraseFile, pass = passphraseFile(t, "correct horse battery staple")
	var log lines
	a := start(t, Options{Config: cfg, Log: logTo(&log)})
	named(t, a, "zhang")
	made, err := a.backups.Take(t.Context())
	if err != nil || !made.Encrypted || made.Folder != cfg.Backup.Dir || made.Root == "" {
		t.Fatalf("%+v, %v", made, err)
	}
	if list, err := a.backups.List(); err != nil || len(list) != 1 || list[0] != made {
		t.Errorf("the list is %+v, %v; made was %+v", list, err, made)
	}
	path := filepath.Join(cfg.Backup.Dir, made.File)
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), "名为zhang") {
		t.Errorf("the file shows what it holds (%v)", err)
	}
	beside := filepath.Join(t.TempDir(), "b")
	if r := backedUp(t, cfg, BackupRequest{File: beside, Since: path, Passphrase: pass}); !r.Encrypted {
		t.Errorf("asked for at the socket: %+v", r)
	}
	if is, err := journal.Encrypted(beside); !is || err != nil {
		t.Errorf("asked for at the socket it is encrypted: %v, %v", is, err)
	}
	if log.count("battery") != 0 {
		t.Error("the passphrase is in the log")
	}

	fresh := alone(t)
	set, err := settings(fresh)
	if err != nil {
		t.Fatal(err)
	}
	opt := journal.RestoreOptions{Files: []string{path, beside}, Dir: fresh.Data, Registry: service.Registry(set)}
	if _, err := journal.Restore(t.Context(), opt); refusal.CodeOf(err) != refusal.Invalid || exists(fresh.Data) {
		t.Errorf("without the passphrase: %v", err)
	}
	opt.Passphrase = pass
	if _, err := journal.Restore(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	b := start(t, Options{Config: fresh})
	if u, err := b.svc.Account(t.Context(), service.Ask{}, calls.ByID{ID: "zhang"}); err != nil || u.Name != "名为zhang" {
		t.Errorf("%+v, %v", u, err)
	}
	prove(t, b)
}

// A passphrase that cannot be used ends the start: what is meant to be encrypted is never written plain.
func TestStartWithoutItsPassphrase(t *testing.T) {
	cfg := alone(t)
	cfg.Backup.Dir = t.TempDir()
	open, _ := passphraseFile(t, "correct horse battery staple")
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{open, filepath.Join(cfg.Backup.Dir, "none")} {
		cfg.Backup.PassphraseFile = file
		a, err := New(t.Context(), Options{Config: cfg})
		if refusal.CodeOf(err) != refusal.Invalid || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", file, err)
		}
		if err == nil {
			stop(t, a)
		}
	}
}

// An erasure says which backups of the folder still hold what it erased and when the schedule removes them, and which cannot
// say; it says the same again, and nothing of those that were made afterwards.
func TestErasureNamesTheBackups(t *testing.T) {
	cfg := alone(t)
	dir := t.TempDir()
	cfg.Backup = config.Backup{Dir: dir, Schedule: "15 3 * * *", Keep: 4, MaxAgeH: 26}
	var pass *journal.Passphrase
	cfg.Backup.PassphraseFile, pass = passphraseFile(t, "correct horse battery staple")
	_, other := passphraseFile(t, "another horse battery staple")
	a := start(t, Options{Config: cfg})
	a.backups.now = func() time.Time { return time.Date(2026, 11, 20, 8, 0, 0, 0, alerts.Shanghai()) }
	named(t, a, "li")
	write := func(name string, pass *journal.Passphrase) string {
		t.Helper()
		backedUp(t, cfg, BackupRequest{File: filepath.Join(dir, name), Passphrase: pass})
		return name
	}
	before := write("qingkong-20261115-031500.tar", pass)
	named(t, a, "zhang")
	plain := write("qingkong-20261116-031500.tar", nil)
	locked := write("qingkong-20261117-031500.tar", other)
	encrypted := write("qingkong-20261119-031500.tar", pass)
	write("by-hand.tar", nil)
	damaged, begun := "qingkong-20261118-031500.tar", "qingkong-20261120-031500.tar.new"
	for _, name := range []string{damaged, begun} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("cut"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	day := func(d int) *time.Time { at := time.Date(2026, 11, d, 3, 15, 0, 0, alerts.Shanghai()); return &at }
	want := map[string]calls.KeptIn{
		encrypted: {File: encrypted, Holds: "yes", Until: day(24)},
		damaged:   {File: damaged, Holds: "unknown", Why: "damaged", Until: day(23)},
		locked:    {File: locked, Holds: "unknown", Why: "passphrase", Until: day(22)},
		plain:     {File: plain, Holds: "yes", Until: day(21)},
		begun:     {File: begun, Holds: "unknown", Why: "unfinished"},
	}
	if got := erased(t, a, "zhang"); !reflect.DeepEqual(got, want) {
		t.Errorf("the answer names\n%+v, want\n%+v", got, want)
	}
	after := write("qingkong-20261119-120000.tar", pass)
	for _, name := range []string{encrypted, damaged, locked, plain} { // one newer
		k := want[name]
		k.Until = day(max(21, k.Until.Day()-1))
		want[name] = k
	}
	if got := erased(t, a, "zhang"); !reflect.DeepEqual(got, want) {
		t.Errorf("again, after %s, the answer names\n%+v, want\n%+v", after, got, want)
	}
	if got := erased(t, a, "li"); got[before].Holds != "yes" || got[before].Until == nil || got[after].Holds != "yes" {
		t.Errorf("of another the answer names %+v", got)
	}

	a.backups.cfg.Schedule = ""
	if got := erased(t, a, "zhang"); got[plain].Holds != "yes" || got[plain].Until != nil {
		t.Errorf("without a schedule %+v", got[plain])
	}
	a.backups.cfg.Schedule = "0 0 31 2 *"
	if got := erased(t, a, "zhang"); got[plain].Until != nil {
		t.Errorf("by a schedule that never comes %+v", got[plain])
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if got := erased(t, a, "zhang"); got[dir] != (calls.KeptIn{File: dir, Holds: "unknown", Why: "unread"}) {
		t.Errorf("without the folder %+v", got)
	}
}

// The look into the backups ends in time, and says of which it does not know.
func TestErasureWaitsForNoBackup(t *testing.T) {
	cfg := alone(t)
	cfg.Backup.Dir = t.TempDir()
	a := start(t, Options{Config: cfg})
	named(t, a, "zhang")
	made, err := a.backups.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	late := []calls.KeptIn{{File: made.File, Holds: "unknown", Why: "late"}}
	if got := a.backups.look(ended, []string{"v"}); !slices.Equal(got, late) {
		t.Errorf("without time: %+v", got)
	}
	a.backups.looks <- struct{}{} // another look, on a disk that does not answer
	late[0].File = cfg.Backup.Dir
	if got := a.backups.keeping(ended, []string{"v"}); !slices.Equal(got, late) {
		t.Errorf("beside another look: %+v", got)
	}
	<-a.backups.looks
	if got := erased(t, a, "zhang"); got[made.File].Holds != "yes" {
		t.Errorf("afterwards: %+v", got)
	}
	if err := os.Remove(filepath.Join(cfg.Backup.Dir, made.File)); err != nil {
		t.Fatal(err)
	}
	if got := erased(t, a, "zhang"); len(got) != 0 {
		t.Errorf("when it was removed: %+v", got)
	}
	if why := whyUnknown(t.Context(), errors.New("i/o error")); why != "unread" {
		t.Errorf("an error of the disk is %s", why)
	}
}
