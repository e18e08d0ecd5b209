package app

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/watch"
)

// The program backs itself up on its schedule and keeps as many as it shall; a folder that is gone is said at once, and that
// it came back too.
func TestBackupsOnASchedule(t *testing.T) {
	cfg := alone(t)
	dir := filepath.Join(t.TempDir(), "backups")
	cfg.Backup = config.Backup{Dir: dir, Schedule: "@every 1s", Keep: 2, MaxAgeH: 1}
	var log lines
	a := start(t, Options{Config: cfg, Demo: &Demo{NoSimulate: true}, Log: logTo(&log)})
	rule := func() string {
		f := a.backups.check(t.Context())
		if f.Why == nil {
			return ""
		}
		return f.Why.Rule
	}
	eventually(t, "a failed backup", func() bool { return rule() == "watch.backup_failed" })
	if log.count("the backup of the schedule could not be made") == 0 {
		t.Errorf("the log says\n%s", log.String())
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var first []string
	eventually(t, "two backups", func() bool { first, _ = a.backups.files(); return len(first) == 2 && rule() == "" })
	eventually(t, "two later ones", func() bool {
		names, err := a.backups.files()
		return err == nil && len(names) == 2 && !slices.Contains(first, names[0]) && !slices.Contains(first, names[1])
	})
	there, err := os.ReadDir(dir)
	if err != nil || len(there) > 3 { // one may be on its way
		t.Errorf("the folder holds %v, %v", there, err)
	}
}

// An administrator's call makes one, which a restore takes.
func TestABackupThatAnAdministratorAsksFor(t *testing.T) {
	cfg := alone(t)
	cfg.Backup.Dir = t.TempDir()
	a := start(t, Options{Config: cfg, Demo: &Demo{NoSimulate: true}})
	if f := a.backups.check(t.Context()); f.State != watch.Degraded || f.Why.Rule != "watch.backup_none" {
		t.Errorf("before the first one the check says %+v", f)
	}
	var accounts map[string]demoCredential
	text, err := os.ReadFile(filepath.Join(cfg.Data, DemoCredentialsFile))
	if err = errors.Join(err, json.Unmarshal(text, &accounts)); err != nil {
		t.Fatal(err)
	}
	status, body := post(t, a, "/api/v1/backups", accounts["admin"].Token)
	var made struct {
		File string
		Last uint64 `json:"last_block"`
	}
	if err := json.Unmarshal([]byte(body), &made); err != nil || status != 201 {
		t.Fatalf("%d %s", status, body)
	}
	if f := a.backups.check(t.Context()); f.State != "" {
		t.Errorf("after the first one the check says %+v", f)
	}
	list, err := a.backups.List()
	if err != nil || len(list) != 1 || list[0].File != made.File || list[0].LastBlock != made.Last {
		t.Errorf("the list is %+v, %v; made was %s", list, err, body)
	}
	if status, _ := post(t, a, "/api/v1/backups", accounts["duty"].Token); status != 403 {
		t.Errorf("a duty officer is answered %d", status)
	}
	cfg, _ = broughtBack(t, filepath.Join(cfg.Backup.Dir, made.File))
	prove(t, start(t, Options{Config: cfg}))
}

// What the check says of the backups in the folder.
func TestBackupFinding(t *testing.T) {
	now := time.Date(2026, 11, 20, 8, 0, 0, 0, alerts.Shanghai())
	cfg := config.Backup{Dir: "/backup", MaxAgeH: 26}
	named := func(age time.Duration) []string { return []string{now.Add(-age).Format(backupName)} }
	for name, c := range map[string]struct {
		names              []string
		unreadable, failed error
		want               string
	}{
		"young":              {names: named(26 * time.Hour)},
		"ahead of the clock": {names: named(-time.Hour)},
		"old":                {names: named(26*time.Hour + time.Second), want: "watch.backup_old"},
		"none":               {want: "watch.backup_none"},
		"no folder":          {unreadable: errors.New("not there"), want: "watch.backup_unread"},
		"failed":             {names: named(time.Hour), failed: errors.New("no room"), want: "watch.backup_failed"},
	} {
		f := backupFinding(cfg, c.names, c.unreadable, c.failed, now, now)
		got := ""
		if f.Why != nil {
			got = f.Why.Rule
		}
		if got != c.want || (f.State == watch.Degraded) != (c.want != "") {
			t.Errorf("%s: %+v, want %q", name, f, c.want)
		}
	}
}

// Of what lies in the folder only backups by their name are counted and removed, and what a kill left of one; one that is being
// written stays.
func TestBackupsRemoveNothingElse(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"qingkong-20261119-031500.tar", "qingkong-20261120-031500.tar", "qingkong-20261120-031500.tar.new", "qingkong-20261120-041500.tar.new",
		"qingkong-20261401-031500.tar", "qingkong-yesterday.tar", "photo.jpg"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.OpenFile(filepath.Join(dir, "qingkong-20261120-041500.tar.new"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = written.Close() }()
	if err := syscall.Flock(int(written.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	b := &backups{cfg: config.Backup{Dir: dir, Keep: 1}}
	if err := b.prune("qingkong-20261120-031500.tar"); err != nil {
		t.Fatal(err)
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range there {
		left = append(left, e.Name())
	}
	want := []string{"photo.jpg", "qingkong-20261120-031500.tar", "qingkong-20261120-041500.tar.new", "qingkong-20261401-031500.tar", "qingkong-yesterday.tar"}
	if !slices.Equal(left, want) {
		t.Errorf("the folder holds %v, want %v", left, want)
	}
	if _, err := journal.ReadManifest(filepath.Join(dir, "photo.jpg"), nil); err == nil {
		t.Error("an empty file has a manifest")
	}
}
