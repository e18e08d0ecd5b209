package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service/servicetest"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/settings"
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

// With backup.passphrase_file the backups of the folder are encrypted, the list reads them, and the passphrase brings
// one back.
func TestBackupsOfTheFolderAreEncrypted(t *testing.T) {
	t.Parallel()
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
	if r := backedUp(t, cfg, folder.BackupRequest{File: beside, Since: path, Passphrase: pass}); !r.Encrypted {
		t.Errorf("asked for at the socket: %+v", r)
	}
	if is, err := journal.Encrypted(beside); !is || err != nil {
		t.Errorf("asked for at the socket it is encrypted: %v, %v", is, err)
	}
	if log.count("battery") != 0 {
		t.Error("the passphrase is in the log")
	}

	fresh := alone(t)
	set, err := settings.Of(fresh)
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
