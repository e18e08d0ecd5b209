// Package folder is a program's data folder: whose it is, what lies in it, and what the program that has it can be
// asked for at a socket there.
package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/journal"
)

// lockFile is held below the data folder from before anything else there is touched until all is closed: a second NATS
// server on the same streams would damage them before the record's own lock was asked for.
const lockFile = "lock"

// ErrInUse is that another program has the data folder.
var ErrInUse = errors.New("in use")

// Lock makes the data folder this process's own. The lock ends with the process, however that ends.
func Lock(dir string) (release func() error, err error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return locked(f, dir, syscall.LOCK_EX)
}

// LockToRead keeps every program that would write from the data folder, and writes nothing itself. A folder without a
// lock file, or with one that may not be read, gives no lock: the record's own file is locked when it is read.
func LockToRead(dir string) (release func() error, err error) {
	f, err := os.Open(filepath.Join(dir, lockFile))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, err
	}
	return locked(f, dir, syscall.LOCK_SH)
}

func locked(f *os.File, dir string, how int) (release func() error, err error) {
	if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = fmt.Errorf("%s is %w: a coordinator runs on this folder; stop it first", dir, ErrInUse)
		}
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}

// What lies below a data folder, beside the files of the packages journal and logins.
const (
	Addresses       = "addresses.json"        // written once every address accepts connections
	DemoCredentials = "demo-credentials.json" // the accounts of a demo
	Streams         = "nats"                  // the streams of the embedded NATS server
	Feeds           = "feeds"                 // files that the feeds have seen
	Incoming        = "incoming"              // files that are sent, until it is their turn
	Uploads         = "uploads"               // files that come in pieces, until they are whole
)

// HasRecord says whether a data folder holds a record, or one half of one, from which the other comes back. It writes
// nothing.
func HasRecord(dir string) (bool, error) {
	for _, half := range []string{journal.File, Streams} {
		if _, err := os.Lstat(filepath.Join(dir, half)); err == nil {
			return true, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	return false, nil
}

// Write puts a file in place in one step, so that nobody reads half of it.
func Write(path string, text []byte, mode os.FileMode) error {
	next := path + ".new"
	if err := os.WriteFile(next, text, mode); err != nil {
		return err
	}
	return os.Rename(next, path)
}

// FreeMB is how many MiB an ordinary user may still write to the disk of a folder.
func FreeMB(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("statfs %s: %w", dir, err)
	}
	return int64(s.Bavail) * int64(s.Bsize) >> 20, nil
}

// KeepFree is how many bytes must stay free where a file is written beside the record of dir: on the disk of the record
// the room that all large writes that can wait leave, on another disk enough not to fill it.
func KeepFree(dir, file string, disk config.Disk) (int64, error) {
	var at [2]syscall.Stat_t
	for i, name := range []string{dir, filepath.Dir(file)} {
		if err := syscall.Stat(name, &at[i]); err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
	}
	if at[0].Dev == at[1].Dev {
		return int64(disk.MinMB) << 20, nil
	}
	return int64(disk.StopMB) << 20, nil
}
