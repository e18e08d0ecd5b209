package backups

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/schedule"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/watch"
)

// Folder are the backups that the running program keeps in a folder: on a schedule, and when an administrator asks.
type Folder struct {
	cfg   config.Backup       // Dir is absolute
	pass  *journal.Passphrase // nil: they are plain
	write func(ctx context.Context, req folder.BackupRequest,
		progress func(journal.BackupProgress)) (folder.BackupResult, error)
	now func() time.Time
	log *slog.Logger

	looks chan struct{} // holds one while a look into the backups goes on

	mu     sync.Mutex
	failed error // of the last one; nil once one was made
	since  time.Time
}

// OpenFolder returns the backups of the configured folder, which w writes; nil where none is configured. A passphrase
// that cannot be used is refused: what is meant to be encrypted must not be written plain.
func OpenFolder(w *Writer) (*Folder, error) {
	cfg := w.Config.Backup
	if cfg.Dir == "" {
		return nil, nil
	}
	var pass *journal.Passphrase
	var err error
	if cfg.PassphraseFile != "" {
		if pass, err = journal.ReadPassphrase(cfg.PassphraseFile); err != nil {
			return nil, fmt.Errorf("backup.passphrase_file: %w", err)
		}
	}
	cfg.Dir, err = filepath.Abs(cfg.Dir)
	return &Folder{cfg: cfg, pass: pass, write: w.Write, now: w.Journal.Wall, log: w.Log, looks: make(chan struct{}, 1)}, err
}

// nameForm is the form of the name of a backup in the folder: when it was begun, in Shanghai.
const nameForm = "qingkong-20060102-150405.tar"

// Take implements [web.Backups].
func (b *Folder) Take(ctx context.Context) (calls.Backup, error) {
	at := b.now().In(alerts.Shanghai())
	name := at.Format(nameForm)
	done, err := b.write(ctx, folder.BackupRequest{File: filepath.Join(b.cfg.Dir, name), Passphrase: b.pass}, nil)
	made := calls.Backup{File: name, Folder: b.cfg.Dir, Bytes: done.Bytes, LastBlock: done.Last, Root: done.Root,
		Encrypted: done.Encrypted}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case refusal.CodeOf(err) == refusal.Conflict || err != nil && ctx.Err() != nil:
		return calls.Backup{}, err // another is under way, and its outcome counts; or nobody wants it any more
	case err != nil:
		b.failed, b.since = err, at
		return calls.Backup{}, err
	}
	b.failed = nil
	if err := b.prune(name); err != nil {
		b.log.Warn("older backups could not be removed", "folder", b.cfg.Dir, "err", err)
	}
	return made, nil
}

// listed are the names of the backups in the folder, and of those that are not finished, the newest first.
func (b *Folder) listed() (names, begun []string, err error) {
	there, err := os.ReadDir(b.cfg.Dir)
	for _, e := range there {
		whole, isBegun := strings.CutSuffix(e.Name(), unfinished)
		if _, err := timeOf(whole); err != nil || !e.Type().IsRegular() {
			continue
		}
		if isBegun {
			begun = append(begun, e.Name())
		} else {
			names = append(names, e.Name())
		}
	}
	newest := func(a, b string) int { return cmp.Compare(b, a) }
	slices.SortFunc(names, newest)
	slices.SortFunc(begun, newest)
	return names, begun, err
}

func timeOf(name string) (time.Time, error) {
	return time.ParseInLocation(nameForm, name, alerts.Shanghai())
}

// prune removes all but the newest, and never the one that was just made; also what was begun and is written no more.
func (b *Folder) prune(made string) error {
	names, begun, err := b.listed()
	for _, name := range begun {
		err = errors.Join(err, journal.RemoveUnfinished(filepath.Join(b.cfg.Dir, name)))
	}
	for _, name := range names[min(b.cfg.Keep, len(names)):] {
		if name != made {
			err = errors.Join(err, os.Remove(filepath.Join(b.cfg.Dir, name)))
		}
	}
	return err
}

// listWithin bounds how long what the backups say of themselves is read for a list: each encrypted one costs a quarter
// of a second the first time.
const listWithin = 10 * time.Second

// List implements [web.Backups]. A backup that cannot be read, or not in time, is listed by its name and size alone.
func (b *Folder) List() ([]calls.Backup, error) {
	names, _, err := b.listed()
	if err != nil {
		return nil, err
	}
	var list []calls.Backup
	end := time.Now().Add(listWithin)
	for _, name := range names {
		path := filepath.Join(b.cfg.Dir, name)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		one := calls.Backup{File: name, Folder: b.cfg.Dir, Bytes: info.Size()}
		if one.Encrypted, err = journal.Encrypted(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if time.Now().Before(end) {
			if m, err := journal.ReadManifest(path, b.pass); err == nil {
				one.LastBlock, one.Root = m.Last, m.Root
			}
		}
		list = append(list, one)
	}
	return list, nil
}

// Scheduled says whether backups are made on a schedule.
func (b *Folder) Scheduled() bool { return b != nil && b.cfg.Schedule != "" }

// Run makes backups on the schedule until ctx ends.
func (b *Folder) Run(ctx context.Context) error {
	times, wrong := schedule.Parse(b.cfg.Schedule)
	if wrong != nil { // the configuration was checked
		return fmt.Errorf("backup.schedule: %s", wrong.Message("en"))
	}
	times.Run(ctx, b.log, func() {
		if _, err := b.Take(ctx); err != nil && ctx.Err() == nil {
			b.log.Error("the backup of the schedule could not be made; the next time of the schedule tries anew", "folder",
				b.cfg.Dir, "err", err)
		}
	})
	return nil
}

// Check judges whether there is a backup that is young enough. Where none is configured it is no matter.
func (b *Folder) Check(context.Context) watch.Finding {
	if b == nil {
		return watch.Finding{}
	}
	b.mu.Lock()
	failed, since := b.failed, b.since
	b.mu.Unlock()
	names, _, err := b.listed()
	return finding(b.cfg, names, err, failed, since, b.now())
}

// finding judges the backups in the folder, the newest first.
func finding(cfg config.Backup, names []string, unreadable, failed error, since, now time.Time) watch.Finding {
	switch {
	case failed != nil:
		return watch.Degrade("watch.backup_failed", refusal.Args{"since": toSecond(since), "why": refusal.WordsOf(failed)})
	case unreadable != nil:
		return watch.Degrade("watch.backup_unread", refusal.Args{"dir": cfg.Dir, "why": unreadable})
	case len(names) == 0:
		return watch.Degrade("watch.backup_none", refusal.Args{"dir": cfg.Dir})
	}
	at, err := timeOf(names[0])
	if err != nil || now.Sub(at) > time.Duration(cfg.MaxAgeH)*time.Hour {
		return watch.Degrade("watch.backup_old", refusal.Args{"at": toSecond(at), "limit": cfg.MaxAgeH})
	}
	return watch.Finding{}
}

func toSecond(t time.Time) string { return t.In(alerts.Shanghai()).Format(time.DateTime) }
