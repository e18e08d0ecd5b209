package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/watch"
)

// The program backs itself up on its schedule and keeps as many as it shall; a folder that is gone is said at once, and
// that it came back too.
func TestBackupsOnASchedule(t *testing.T) {
	t.Parallel()
	cfg := alone(t)
	dir := filepath.Join(t.TempDir(), "backups")
	cfg.Backup = config.Backup{Dir: dir, Schedule: "@every 1s", Keep: 2, MaxAgeH: 1}
	var log lines
	a := start(t, Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}, Log: logTo(&log)})
	rule := func() string {
		f := a.backups.Check(t.Context())
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
	files := func() (names []string) {
		list, err := a.backups.List()
		if err != nil {
			t.Error(err)
		}
		for _, one := range list {
			names = append(names, one.File)
		}
		return names
	}
	var first []string
	eventually(t, "two backups", func() bool { first = files(); return len(first) == 2 && rule() == "" })
	eventually(t, "two later ones", func() bool {
		names := files()
		return len(names) == 2 && !slices.Contains(first, names[0]) && !slices.Contains(first, names[1])
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
	a := start(t, Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}})
	if f := a.backups.Check(t.Context()); f.State != watch.Degraded || f.Why.Rule != "watch.backup_none" {
		t.Errorf("before the first one the check says %+v", f)
	}
	accounts, err := demo.Credentials(cfg.Data)
	if err != nil {
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
	if f := a.backups.Check(t.Context()); f.State != "" {
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
