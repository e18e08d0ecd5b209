package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
)

// folderOfBackups writes real backups of a world's record.
type folderOfBackups struct {
	j    *journal.Journal
	dir  string
	made []calls.Backup
	hold chan struct{} // a backup waits for it to be closed; nil for none
	fail error         // of the next one
}

func (f *folderOfBackups) Take(ctx context.Context) (calls.Backup, error) {
	if f.hold != nil {
		<-f.hold
	}
	if f.fail != nil {
		return calls.Backup{}, f.fail
	}
	name := fmt.Sprintf("b%d.tar", len(f.made))
	done, err := f.j.Backup(ctx, journal.BackupOptions{File: filepath.Join(f.dir, name)})
	if err != nil {
		return calls.Backup{}, err
	}
	f.made = append([]calls.Backup{{File: name, Folder: f.dir, Bytes: done.Bytes, LastBlock: done.Last, Root: done.Root}},
		f.made...)
	return f.made[0], nil
}

func (f *folderOfBackups) List() ([]calls.Backup, error) { return f.made, nil }

// An administrator has the server write a backup, and is told of it and not given it; where no folder is configured the
// call says so.
func TestBackupsOverHTTP(t *testing.T) {
	w := newWorld(t)
	take := call{who: "admin", method: "POST", path: calls.Prefix + "/backups"}
	var made calls.Backup
	w.must(http.StatusCreated, take, &made)
	folder := w.server.opt.Backups.(*folderOfBackups)
	if info, err := os.Stat(filepath.Join(folder.dir, made.File)); err != nil || info.Size() != made.Bytes ||
		made.LastBlock != w.svc.J.Height() {
		t.Errorf("the answer is %+v, the file %v, %v", made, info, err)
	}
	var list struct{ Items []calls.Backup }
	w.must(http.StatusOK, call{who: "admin", path: calls.Prefix + "/backups"}, &list)
	if len(list.Items) != 1 || list.Items[0] != made {
		t.Errorf("the list is %+v", list.Items)
	}
	w.refused(http.StatusForbidden, "forbidden", call{who: "duty", method: "POST", path: calls.Prefix + "/backups"})
	take.body = `{"file":"/etc/passwd"}`
	w.refused(http.StatusUnprocessableEntity, "unknown_field", take)
	w.server.opt.Backups, take.body = nil, ""
	w.refused(http.StatusConflict, "conflict", take)
}

// A backup that takes longer than its request is finished all the same, and the same key gives it.
func TestABackupOutlivesItsRequest(t *testing.T) {
	w := newWorld(t)
	folder := w.server.opt.Backups.(*folderOfBackups)
	folder.hold = make(chan struct{})
	take := call{who: "admin", method: "POST", path: calls.Prefix + "/backups",
		header: map[string]string{"Idempotency-Key": "nightly"}}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, w.request(take).WithContext(ctx))
	if rec.Code != http.StatusServiceUnavailable || !strings.Contains(rec.Body.String(), "/api/v1/backups") {
		t.Fatalf("%d: %s", rec.Code, rec.Body)
	}
	rec = httptest.NewRecorder()
	again, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	w.server.ServeHTTP(rec, w.request(take).WithContext(again))
	var p problem
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil || rec.Code != http.StatusServiceUnavailable ||
		p.State != calls.BeingWritten {
		t.Fatalf("asked again while it is written: %d: %s", rec.Code, rec.Body)
	}
	close(folder.hold)
	var made calls.Backup
	w.must(http.StatusCreated, take, &made)
	w.must(http.StatusCreated, take, &made)
	if len(folder.made) != 1 || made != folder.made[0] {
		t.Errorf("answered %+v, made %+v", made, folder.made)
	}
}

// That a backup failed after its request had gone is told under the same key, once; the next call begins another.
func TestABackupThatFailsAfterItsRequest(t *testing.T) {
	w := newWorld(t)
	folder := w.server.opt.Backups.(*folderOfBackups)
	folder.hold, folder.fail = make(chan struct{}),
		refusal.New(refusal.NotReady, "backup.no_room", refusal.Args{"folder": "/backup", "free": 1, "limit": 2})
	take := call{who: "admin", method: "POST", path: calls.Prefix + "/backups",
		header: map[string]string{"Idempotency-Key": "nightly"}}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, w.request(take).WithContext(ctx))
	if rec.Code != http.StatusServiceUnavailable || !strings.Contains(rec.Body.String(), calls.BeingWritten) {
		t.Fatalf("%d: %s", rec.Code, rec.Body)
	}
	close(folder.hold)
	rec = httptest.NewRecorder()
	w.server.ServeHTTP(rec, w.request(take))
	if rec.Code != http.StatusServiceUnavailable || strings.Contains(rec.Body.String(), calls.BeingWritten) ||
		!strings.Contains(rec.Body.String(), "/backup") {
		t.Errorf("the failure is told by %d: %s", rec.Code, rec.Body)
	}
	folder.fail = nil
	w.must(http.StatusCreated, take, nil)
}
