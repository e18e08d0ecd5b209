// Package backups writes backups of the record: one when somebody asks, and those that the running program keeps in a
// folder.
package backups

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/journal"
)

// beside are the files and folders of the data folder that go with the record into a backup. The others are one node's
// own, end by themselves or are made anew.
var beside = []string{folder.DemoCredentials, folder.Feeds}

func resultOf(d journal.StoredBackup) folder.BackupResult {
	return folder.BackupResult{File: d.File, Bytes: d.Bytes, First: d.First, Last: d.Last, At: d.At, Root: d.Root,
		Encrypted: d.Encrypted}
}

// options are those of any backup of a data folder.
func options(dir string, disk config.Disk, version string, req folder.BackupRequest,
	progress func(journal.BackupProgress)) (journal.BackupOptions, error) {
	keep, err := folder.KeepFree(dir, req.File, disk)
	return journal.BackupOptions{File: req.File, Since: req.Since, Beside: beside, Program: version, KeepFree: keep,
		Passphrase: req.Passphrase, Progress: progress}, err
}

// Writer writes the backups of a running program.
type Writer struct {
	Journal *journal.Journal
	Config  config.Config
	Version string // of the program
	Log     *slog.Logger

	busy sync.Mutex // held while a backup is written
}

// Write writes the record to a file while work goes on; one at a time. It ends early with ctx or with the program, and
// then leaves nothing behind.
func (w *Writer) Write(ctx context.Context, req folder.BackupRequest,
	progress func(journal.BackupProgress)) (folder.BackupResult, error) {
	if !filepath.IsAbs(req.File) || req.Since != "" && !filepath.IsAbs(req.Since) {
		return folder.BackupResult{}, refusal.New(refusal.Invalid, "backup.relative", refusal.Args{"file": req.File})
	}
	if !w.busy.TryLock() {
		return folder.BackupResult{}, refusal.New(refusal.Conflict, "backup.busy", nil)
	}
	defer w.busy.Unlock()
	opt, err := options(w.Config.Data, w.Config.Disk, w.Version, req, progress)
	if err != nil {
		return folder.BackupResult{}, err
	}
	done, err := w.Journal.Backup(ctx, opt)
	if err != nil {
		return folder.BackupResult{}, err
	}
	w.Log.Info("a backup was written", "file", done.File, "bytes", done.Bytes, "block", done.Last, "encrypted",
		done.Encrypted)
	return resultOf(done), nil
}

// OfFolder writes the record of a data folder to a file: by the program that runs on it, or itself where none does.
func OfFolder(ctx context.Context, cfg config.Config, version string, req folder.BackupRequest,
	progress func(journal.BackupProgress)) (_ folder.BackupResult, err error) {
	if there, err := folder.HasRecord(cfg.Data); err != nil || !there {
		return folder.BackupResult{}, errors.Join(err,
			refusal.New(refusal.NotFound, "backup.empty", refusal.Args{"data": cfg.Data}))
	}
	release, err := folder.Lock(cfg.Data)
	if errors.Is(err, folder.ErrInUse) {
		return folder.AskForBackup(ctx, cfg.Data, req, progress)
	}
	if err != nil {
		return folder.BackupResult{}, err
	}
	defer func() { err = errors.Join(err, release()) }()
	opt, err := options(cfg.Data, cfg.Disk, version, req, progress)
	if err != nil {
		return folder.BackupResult{}, err
	}
	done, err := journal.BackupFolder(ctx, cfg.Data, opt)
	return resultOf(done), err
}
