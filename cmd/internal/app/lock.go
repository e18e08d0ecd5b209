package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"qingkong/cmd/internal/journal"
)

// lockFile is held below the data folder from before anything else there is touched until all is closed: a second
// NATS server on the same streams would damage them before the record's own lock was asked for.
const lockFile = "lock"

// ErrInUse is that another program has the data folder.
var ErrInUse = errors.New("in use")

// LockFolder makes the data folder this process's own. The lock ends with the process, however that ends.
func LockFolder(dir string) (release func() error, err error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = fmt.Errorf("%s is %w: a coordinator runs on this folder; stop it first", dir, ErrInUse)
		}
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}

// LockToRead keeps every program that would write from the data folder, and writes nothing itself. A folder without a lock file,
// or with one that may not be read, gives no lock: the record's own file is locked by whoever reads it.
func LockToRead(dir string) (release func() error, err error) {
	f, err := os.Open(filepath.Join(dir, lockFile))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = fmt.Errorf("%s is %w: a coordinator runs on this folder; stop it first", dir, ErrInUse)
		}
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}

// streamsFolder is where the embedded NATS server keeps its streams, below the data folder.
const streamsFolder = "nats"

// HasRecord says whether a data folder holds a record, or one half of one, from which the other comes back. It writes nothing.
func HasRecord(dir string) (bool, error) {
	for _, half := range []string{journal.File, streamsFolder} {
		if _, err := os.Lstat(filepath.Join(dir, half)); err == nil {
			return true, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	return false, nil
}
