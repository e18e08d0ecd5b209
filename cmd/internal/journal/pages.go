package journal

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	bolterrors "go.etcd.io/bbolt/errors"
)

// checkPages says why a file of bbolt must not be opened: a page of it is damaged, and bbolt would fault on it, or
// start on a state that nobody left. A new file that is still empty may be opened.
func checkPages(path string) error {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return whyNotOpened(path, err)
	}
	damage, _, err := lookAtPages(path)
	if err != nil || len(damage) == 0 {
		return whyNotOpened(path, err)
	}
	if err := inUse(path); err != nil { // whose pages are seen half written
		return err
	}
	const named = 3
	more := ""
	if len(damage) > named {
		more = fmt.Sprintf("; and %d more", len(damage)-named)
	}
	return damagedFile(path, strings.Join(damage[:min(named, len(damage))], "; ")+more)
}

// Damage says what is wrong with the pages of a file of bbolt, whatever it holds, before bbolt opens it; nothing where
// they can be read safely. The error is why it could not be looked at.
func Damage(path string) (found []string, err error) {
	found, _, err = lookAtPages(path)
	return found, err
}

// damagedFile is the sentence about a record's file that cannot be trusted.
func damagedFile(path, what string) error {
	return fmt.Errorf("%s is damaged: %s. Move it out of the folder and start again: it is made anew from the streams where they reach the "+
		"height, else the start says what is missing; with a backup, qingkong restore (nothing was changed)", path, what)
}

// whyNotOpened words why a file is not opened, nil for nil.
func whyNotOpened(path string, err error) error {
	var bad *fileFault
	switch {
	case err == nil:
		return nil
	case errors.As(err, &bad):
		return damagedFile(path, fmt.Sprintf("reading it fails (%v)", bad.what))
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%s is in use: a coordinator runs on this folder; stop it first", path)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s lies on a disk that is mounted read-only: mount it for writing; the file itself is not damaged: %w", path, err)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s may not be opened by this user: run the program as the owner of the folder, or give it the right; the file itself "+
			"is not damaged: %w", path, err)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum),
		errors.Is(err, bolterrors.ErrVersionMismatch):
		return damagedFile(path, err.Error())
	}
	return fmt.Errorf("open %s: %w", path, err)
}
