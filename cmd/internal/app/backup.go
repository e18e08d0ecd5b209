package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/journal"
)

// besideRecord are the files and folders of the data folder that go with the record into a backup. The others are one
// node's own, end by themselves or are made anew.
var besideRecord = []string{DemoCredentialsFile, feedsFolder}

// BackupRequest says what is backed up and to where, as files of the machine that the record lies on.
type BackupRequest struct {
	File  string // absolute; must not exist
	Since string // an earlier backup to go on from; empty for all

	Passphrase *journal.Passphrase // encrypts it and opens Since; nil leaves it plain
}

// BackupResult is a backup that stands on the disk.
type BackupResult struct {
	File      string `json:"file"`
	Bytes     int64  `json:"bytes"`
	First     uint64 `json:"first_block"`
	Last      uint64 `json:"last_block"`
	At        string `json:"at"`
	Root      string `json:"root"` // of the ledger after the last block
	Encrypted bool   `json:"encrypted"`
}

func resultOf(d journal.BackupDone) BackupResult {
	return BackupResult{File: d.File, Bytes: d.Bytes, First: d.First, Last: d.Last, At: d.At, Root: d.Root, Encrypted: d.Encrypted}
}

// backupOptions are those of any backup of a data folder.
func backupOptions(dir string, disk config.Disk, version string, req BackupRequest, progress func(journal.BackupProgress)) (journal.BackupOptions, error) {
	keep, err := keepFree(dir, req.File, disk)
	return journal.BackupOptions{File: req.File, Since: req.Since, Beside: besideRecord, Program: version, KeepFree: keep,
		Passphrase: req.Passphrase, Progress: progress}, err
}

// keepFree is how many bytes a backup must leave free where it is written: on the disk of the record as much as everything
// large that can wait, on another what keeps that one from being full.
func keepFree(dir, file string, disk config.Disk) (int64, error) {
	var data, target syscall.Stat_t
	if err := syscall.Stat(dir, &data); err != nil {
		return 0, fmt.Errorf("%s: %w", dir, err)
	}
	folder := filepath.Dir(file)
	if err := syscall.Stat(folder, &target); err != nil {
		return 0, fmt.Errorf("%s: %w", folder, err)
	}
	if data.Dev == target.Dev {
		return int64(disk.MinMB) << 20, nil
	}
	return int64(disk.StopMB) << 20, nil
}

// Backup writes the record to a file while work goes on; one at a time. It ends early with ctx or with the program, and then
// leaves nothing behind.
func (a *App) Backup(ctx context.Context, req BackupRequest, progress func(journal.BackupProgress)) (BackupResult, error) {
	if !filepath.IsAbs(req.File) || req.Since != "" && !filepath.IsAbs(req.Since) {
		return BackupResult{}, refusal.New(refusal.Invalid, "backup.relative", refusal.Args{"file": req.File})
	}
	if !a.backingUp.TryLock() {
		return BackupResult{}, refusal.New(refusal.Conflict, "backup.busy", nil)
	}
	defer a.backingUp.Unlock()
	opt, err := backupOptions(a.opt.Config.Data, a.opt.Config.Disk, a.opt.Version, req, progress)
	if err != nil {
		return BackupResult{}, err
	}
	done, err := a.journal.Backup(ctx, opt)
	if err != nil {
		return BackupResult{}, err
	}
	a.log.Info("a backup was written", "file", done.File, "bytes", done.Bytes, "block", done.Last, "encrypted", done.Encrypted)
	return resultOf(done), nil
}

// BackupFolder writes the record of a data folder to a file: by the program that runs on it, or itself where none does.
func BackupFolder(ctx context.Context, cfg config.Config, version string, req BackupRequest, progress func(journal.BackupProgress)) (_ BackupResult, err error) {
	if there, err := HasRecord(cfg.Data); err != nil || !there {
		return BackupResult{}, errors.Join(err, refusal.New(refusal.NotFound, "backup.empty", refusal.Args{"data": cfg.Data}))
	}
	release, err := LockFolder(cfg.Data)
	if errors.Is(err, ErrInUse) {
		return askForBackup(ctx, cfg.Data, req, progress)
	}
	if err != nil {
		return BackupResult{}, err
	}
	defer func() { err = errors.Join(err, release()) }()
	opt, err := backupOptions(cfg.Data, cfg.Disk, version, req, progress)
	if err != nil {
		return BackupResult{}, err
	}
	done, err := journal.BackupFolder(ctx, cfg.Data, opt)
	return resultOf(done), err
}

// removeIfThere removes a file that may not be there.
func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
