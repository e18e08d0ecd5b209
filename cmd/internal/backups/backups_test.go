package backups

import (
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

// What the check says of the backups in the folder.
func TestBackupFinding(t *testing.T) {
	now := time.Date(2026, 11, 20, 8, 0, 0, 0, alerts.Shanghai())
	cfg := config.Backup{Dir: "/backup", MaxAgeH: 26}
	named := func(age time.Duration) []string { return []string{now.Add(-age).Format(nameForm)} }
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
		f := finding(cfg, c.names, c.unreadable, c.failed, now, now)
		got := ""
		if f.Why != nil {
			got = f.Why.Rule
		}
		if got != c.want || (f.State == watch.Degraded) != (c.want != "") {
			t.Errorf("%s: %+v, want %q", name, f, c.want)
		}
	}
}

// Of what lies in the folder only backups by their name are counted and removed, and what a kill left of one; one that
// is being written stays.
func TestBackupsRemoveNothingElse(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"qingkong-20261119-031500.tar", "qingkong-20261120-031500.tar",
		"qingkong-20261120-031500.tar.new", "qingkong-20261120-041500.tar.new",
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
	b := &Folder{cfg: config.Backup{Dir: dir, Keep: 1}}
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
	want := []string{"photo.jpg", "qingkong-20261120-031500.tar", "qingkong-20261120-041500.tar.new",
		"qingkong-20261401-031500.tar", "qingkong-yesterday.tar"}
	if !slices.Equal(left, want) {
		t.Errorf("the folder holds %v, want %v", left, want)
	}
	if _, err := journal.ReadManifest(filepath.Join(dir, "photo.jpg"), nil); err == nil {
		t.Error("an empty file has a manifest")
	}
}
