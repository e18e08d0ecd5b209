package web

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"qingkong/cmd/internal/journal"
)

// folderOfBackups writes real backups of a world's record.
type folderOfBackups struct {
	j    *journal.Journal
	dir  string
	made []Backup
}

func (f *folderOfBackups) Take(ctx context.Context) (Backup, error) {
	name := fmt.Sprintf("b%d.tar", len(f.made))
	done, err := f.j.Backup(ctx, journal.BackupOptions{File: filepath.Join(f.dir, name)})
	if err != nil {
		return Backup{}, err
	}
	f.made = append([]Backup{{File: name, Bytes: done.Bytes, LastBlock: done.Last}}, f.made...)
	return f.made[0], nil
}

func (f *folderOfBackups) List() ([]Backup, error) { return f.made, nil }

// An administrator has the server write a backup, and is told of it and not given it; where no folder is configured the call
// says so.
func TestBackupsOverHTTP(t *testing.T) {
	w := newWorld(t)
	take := call{who: "admin", method: "POST", path: prefix + "/backups"}
	var made Backup
	w.must(http.StatusCreated, take, &made)
	folder := w.server.opt.Backups.(*folderOfBackups)
	if info, err := os.Stat(filepath.Join(folder.dir, made.File)); err != nil || info.Size() != made.Bytes || made.LastBlock != w.svc.J.Height() {
		t.Errorf("the answer is %+v, the file %v, %v", made, info, err)
	}
	var list struct{ Items []Backup }
	w.must(http.StatusOK, call{who: "admin", path: prefix + "/backups"}, &list)
	if len(list.Items) != 1 || list.Items[0] != made {
		t.Errorf("the list is %+v", list.Items)
	}
	w.refused(http.StatusForbidden, "forbidden", call{who: "duty", method: "POST", path: prefix + "/backups"})
	take.body = `{"file":"/etc/passwd"}`
	w.refused(http.StatusUnprocessableEntity, "unknown_field", take)
	w.server.opt.Backups, take.body = nil, ""
	w.refused(http.StatusConflict, "conflict", take)
}
