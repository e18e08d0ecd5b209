package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service/servicetest"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/backups"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/settings"
	"qingkong/notify"
)

// backedUp asks for a backup as the command does.
func backedUp(t *testing.T, cfg config.Config, req folder.BackupRequest) folder.BackupResult {
	t.Helper()
	done, err := backups.OfFolder(t.Context(), cfg, "test", req, nil)
	if err != nil {
		t.Fatalf("backup: %v", err)
	}
	return done
}

// broughtBack is a program in a new folder that backups were restored to.
func broughtBack(t *testing.T, files ...string) (config.Config, journal.Restoration) {
	t.Helper()
	cfg := alone(t)
	set, err := settings.Of(cfg)
	if err != nil {
		t.Fatal(err)
	}
	done, err := journal.Restore(t.Context(),
		journal.RestoreOptions{Files: files, Dir: cfg.Data, Registry: service.Registry(set)})
	if err != nil {
		t.Fatalf("restore: %v", err)
	}
	return cfg, done
}

// acknowledging answers the orders of a warning one after another until the end, and notes at which height each answer
// was confirmed; some is closed when there are some.
func acknowledging(t *testing.T, a *App, warning string, end <-chan struct{}) (confirmed map[string]uint64,
	some chan struct{}, wait func()) {
	const few = 20
	confirmed, some = map[string]uint64{}, make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for cursor := ""; ; {
			var orders []*notify.Order
			next := ""
			err := a.journal.View(func(tx *bbolt.Tx) (err error) {
				orders, next, err = notify.ListOrders(tx, notify.Filter{Warning: warning}, cursor, 100)
				return err
			})
			if err != nil {
				t.Error(err)
				return
			}
			cursor = next
			for _, o := range orders {
				select {
				case <-end:
					return
				default:
				}
				if confirmed[o.ID] != 0 {
					continue
				}
				_, err := servicetest.AnswerOrder(context.Background(), a.svc, o.RecipientID, "",
					notify.AnswerText{OrderID: o.ID, Action: notify.Acknowledge})
				if err != nil {
					t.Errorf("an answer to %s: %v", o.ID, err)
					return
				}
				if confirmed[o.ID] = a.journal.Height(); len(confirmed) == few {
					close(some)
				}
			}
		}
	})
	return confirmed, some, all.Wait
}

// A backup that is taken while orders go out and are answered has every answer that was confirmed up to its last block,
// and the program that it is restored to goes on with the same orders; what was erased is in none of it.
func TestBackupDuringADispatch(t *testing.T) {
	t.Parallel()
	const recipients = 5000
	cfg := alone(t)
	cfg.Orders.RepeatFirst, cfg.Orders.RepeatMax = repeatLate, repeatLate
	a := start(t, Options{Config: cfg})
	importDemo(t, a, recipients)
	for user, name := range map[string]string{"zhang": "xyzzy", "li": "plugh"} {
		body, err := json.Marshal(calls.NewAccount{User: user, Role: string(calls.Viewer), Name: name})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := servicetest.Say(t.Context(), a.svc, "init", "", calls.AddAccount, "", body); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := servicetest.Say(t.Context(), a.svc, "init", "", calls.Erase, "",
		[]byte(`{"user":"zhang","reason":"离职"}`)); err != nil {
		t.Fatal(err)
	}

	w := declare(t, a)
	end := make(chan struct{})
	confirmed, some, wait := acknowledging(t, a, w.ID, end)
	select {
	case <-some:
	case <-time.After(patience):
		t.Fatal("no order is answered")
	}
	file := filepath.Join(t.TempDir(), "b.tar")
	got := backedUp(t, cfg, folder.BackupRequest{File: file})
	more := filepath.Join(t.TempDir(), "more.tar")
	next := backedUp(t, cfg, folder.BackupRequest{File: more, Since: file})
	close(end)
	wait()
	want := planned(t, a, w.ID)
	if text, err := os.ReadFile(file); err != nil || bytes.Contains(text, []byte("xyzzy")) ||
		!bytes.Contains(text, []byte("plugh")) {
		t.Errorf("the backup holds what was erased, or not what was not (%v)", err)
	}

	for name, chain := range map[string]struct {
		files []string
		last  uint64
	}{"full": {[]string{file}, got.Last}, "and incremental": {[]string{file, more}, next.Last}} {
		t.Run(name, func(t *testing.T) {
			cfg, done := broughtBack(t, chain.files...)
			cfg.Orders.RepeatFirst, cfg.Orders.RepeatMax = repeatLate, repeatLate
			if done.Block != chain.last {
				t.Errorf("the restored record ends at block %d, the backup said %d", done.Block, chain.last)
			}
			b := start(t, Options{Config: cfg})
			answered := 0
			view(t, b, func(tx *bbolt.Tx) error {
				for id, height := range confirmed {
					if height > chain.last {
						continue
					}
					o, err := notify.Get(tx, id)
					if err != nil || o.Answer != notify.AnswerAcknowledged {
						t.Errorf("order %s was acknowledged at block %d: %+v, %v", id, height, o, err)
					}
					answered++
				}
				return nil
			})
			if answered == 0 {
				t.Error("no answer was confirmed before the end of the backup")
			}
			t.Logf("the backup ends at block %d with %d answers", chain.last, answered)
			if n := planned(t, b, w.ID); n != want {
				t.Errorf("%d orders in the restored program, %d in the first", n, want)
			}
			for user, name := range map[string]string{"zhang": "", "li": "plugh"} {
				if u, err := b.svc.Account(t.Context(), service.Ask{}, calls.ByID{ID: user}); err != nil || u.Name != name {
					t.Errorf("%s is called %q, %v", user, u.Name, err)
				}
			}
			eventually(t, "the stream is completed", func() bool { return !b.journal.Status().Short })
			prove(t, b)
		})
	}
}

// One backup at a time; the end of the program ends it and leaves nothing of it.
func TestBackupEndsWithTheProgram(t *testing.T) {
	cfg := alone(t)
	a, err := New(t.Context(), Options{Config: cfg})
	if err == nil {
		err = a.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	importDemo(t, a, 100)
	dir := t.TempDir()
	stopped := make(chan error, 1)
	begun := false
	_, err = a.Backup(a.work.ctx, folder.BackupRequest{File: filepath.Join(dir, "b")}, func(journal.BackupProgress) {
		if begun {
			return
		}
		begun = true
		if _, err := a.Backup(t.Context(), folder.BackupRequest{File: filepath.Join(dir, "c")},
			nil); refusal.CodeOf(err) != refusal.Conflict {
			t.Errorf("a second backup beside the first: %v", err)
		}
		go func() { stopped <- a.Stop(context.Background()) }()
		<-a.work.ctx.Done()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the program has ended and the backup says %v", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if there, err := os.ReadDir(dir); err != nil || len(there) != 0 {
		t.Errorf("left behind: %v, %v", there, err)
	}
	if exists(filepath.Join(cfg.Data, folder.Socket)) {
		t.Error("the socket is left behind")
	}
	if r := backedUp(t, cfg, folder.BackupRequest{File: filepath.Join(dir, "d")}); r.Last == 0 {
		t.Errorf("of the stopped folder: %+v", r)
	}
}

// A folder whose path is too long for a socket is served without one, and says so.
func TestFolderWithoutRoomForASocket(t *testing.T) {
	cfg := alone(t)
	cfg.Data = filepath.Join(cfg.Data, strings.Repeat("x", 107))
	var log lines
	start(t, Options{Config: cfg, Log: logTo(&log)})
	if log.count("path of its socket is too long") != 1 {
		t.Errorf("the log says\n%s", log.String())
	}
	_, err := backups.OfFolder(t.Context(), cfg, "test", folder.BackupRequest{File: filepath.Join(t.TempDir(), "b")}, nil)
	if refusal.CodeOf(err) != refusal.NotReady {
		t.Errorf("a backup that cannot be asked for: %v", err)
	}
}

// On a disk that has less left than it must nothing is written; what is asked for wrongly is refused in words.
func TestBackupThatTheProgramRefuses(t *testing.T) {
	cfg := alone(t)
	cfg.Disk.StopMB, cfg.Disk.MinMB = 1<<38, 1<<39
	a := start(t, Options{Config: cfg})
	dir := t.TempDir()
	for _, req := range []folder.BackupRequest{{File: filepath.Join(dir, "b")}, {File: "relative"},
		{File: filepath.Join(dir, "none", "b")}} {
		_, err := a.Backup(t.Context(), req, nil)
		_, asked := backups.OfFolder(t.Context(), cfg, "test", req, nil)
		if err == nil || asked == nil {
			t.Errorf("%+v: %v and, asked at the socket, %v", req, err, asked)
		}
	}
	if there, err := os.ReadDir(dir); err != nil || len(there) != 0 {
		t.Errorf("written: %v, %v", there, err)
	}
}
