package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockFile is held below the data folder from before anything else there is touched until all is closed: a second
// NATS server on the same streams would damage them before the record's own lock was asked for.
const lockFile = "lock"

// LockFolder makes the data folder this process's own. The lock ends with the process, however that ends.
func LockFolder(dir string) (release func() error, err error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = fmt.Errorf("%s is in use: a coordinator runs on this folder; stop it first", dir)
		}
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}
