package backups

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
)

// keeping is a program's acts, and its backups in a folder.
func keeping(t *testing.T, cfg config.Backup) (*service.Service, *Writer, *Folder) {
	t.Helper()
	svc := servicetest.New(t, slog.New(slog.DiscardHandler)).Svc
	w := &Writer{Journal: svc.J, Config: config.Default(), Log: slog.New(slog.DiscardHandler)}
	w.Config.Data, w.Config.Disk, w.Config.Backup = t.TempDir(), config.Disk{}, cfg
	kept, err := OpenFolder(w)
	if err != nil {
		t.Fatal(err)
	}
	svc.Keeping = kept.Keeping
	return svc, w, kept
}

func passphrase(t *testing.T, text string) *journal.Passphrase {
	t.Helper()
	p, err := journal.NewPassphrase(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func named(t *testing.T, svc *service.Service, user string) {
	t.Helper()
	if _, err := servicetest.Say(t.Context(), svc, "init", "", calls.AddAccount, "",
		fmt.Appendf(nil, `{"user":%q,"role":"viewer","name":%q}`, user, "名为"+user)); err != nil {
		t.Fatal(err)
	}
}

// erased erases the name of a user and returns what the answer says of the backups, by file.
func erased(t *testing.T, svc *service.Service, user string) (kept map[string]calls.KeptIn) {
	t.Helper()
	done, err := servicetest.Say(t.Context(), svc, "init", "", calls.Erase, "",
		[]byte(`{"user":"`+user+`","reason":"离职"}`))
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

// An erasure says which backups of the folder still hold what it erased and when the schedule removes them, and which
// cannot say; it says the same again, and nothing of those that were made afterwards.
func TestErasureNamesTheBackups(t *testing.T) {
	svc, writer, kept := keeping(t, config.Backup{Dir: t.TempDir(), Schedule: "15 3 * * *", Keep: 4, MaxAgeH: 26})
	dir := kept.cfg.Dir
	pass, other := passphrase(t, "correct horse battery staple"), passphrase(t, "another horse battery staple")
	kept.pass = pass
	kept.now = func() time.Time { return time.Date(2026, 11, 20, 8, 0, 0, 0, alerts.Shanghai()) }
	named(t, svc, "li")
	write := func(name string, pass *journal.Passphrase) string {
		t.Helper()
		if _, err := writer.Write(t.Context(), folder.BackupRequest{File: filepath.Join(dir, name), Passphrase: pass},
			nil); err != nil {
			t.Fatal(err)
		}
		return name
	}
	before := write("qingkong-20261115-031500.tar", pass)
	named(t, svc, "zhang")
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
	if got := erased(t, svc, "zhang"); !reflect.DeepEqual(got, want) {
		t.Errorf("the answer names\n%+v, want\n%+v", got, want)
	}
	after := write("qingkong-20261119-120000.tar", pass)
	for _, name := range []string{encrypted, damaged, locked, plain} { // one newer
		k := want[name]
		k.Until = day(max(21, k.Until.Day()-1))
		want[name] = k
	}
	if got := erased(t, svc, "zhang"); !reflect.DeepEqual(got, want) {
		t.Errorf("again, after %s, the answer names\n%+v, want\n%+v", after, got, want)
	}
	if got := erased(t, svc, "li"); got[before].Holds != "yes" || got[before].Until == nil || got[after].Holds != "yes" {
		t.Errorf("of another the answer names %+v", got)
	}

	kept.cfg.Schedule = ""
	if got := erased(t, svc, "zhang"); got[plain].Holds != "yes" || got[plain].Until != nil {
		t.Errorf("without a schedule %+v", got[plain])
	}
	kept.cfg.Schedule = "0 0 31 2 *"
	if got := erased(t, svc, "zhang"); got[plain].Until != nil {
		t.Errorf("by a schedule that never comes %+v", got[plain])
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if got := erased(t, svc, "zhang"); got[dir] != (calls.KeptIn{File: dir, Holds: "unknown", Why: "unread"}) {
		t.Errorf("without the folder %+v", got)
	}
}

// The look into the backups ends in time, and says of which it does not know.
func TestErasureWaitsForNoBackup(t *testing.T) {
	svc, _, kept := keeping(t, config.Backup{Dir: t.TempDir(), Keep: 4})
	named(t, svc, "zhang")
	made, err := kept.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	late := []calls.KeptIn{{File: made.File, Holds: "unknown", Why: "late"}}
	if got := kept.look(ended, []string{"v"}); !slices.Equal(got, late) {
		t.Errorf("without time: %+v", got)
	}
	kept.looks <- struct{}{} // another look, on a disk that does not answer
	late[0].File = kept.cfg.Dir
	if got := kept.Keeping(ended, []string{"v"}); !slices.Equal(got, late) {
		t.Errorf("beside another look: %+v", got)
	}
	<-kept.looks
	if got := erased(t, svc, "zhang"); got[made.File].Holds != "yes" {
		t.Errorf("afterwards: %+v", got)
	}
	if err := os.Remove(filepath.Join(kept.cfg.Dir, made.File)); err != nil {
		t.Fatal(err)
	}
	if got := erased(t, svc, "zhang"); len(got) != 0 {
		t.Errorf("when it was removed: %+v", got)
	}
	if why := whyUnknown(t.Context(), errors.New("i/o error")); why != "unread" {
		t.Errorf("an error of the disk is %s", why)
	}
}
