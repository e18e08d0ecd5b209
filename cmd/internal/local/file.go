package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"qingkong/cmd/internal/journal"
)

const (
	ownName   = "local"
	ownBucket = ownName + ".tenants" // tenant -> version of its rows, 8 bytes

	asideMark = ".damaged-"
	asideForm = "20060102T150405.000" // of the time, in UTC
	asideKept = 3
)

// open opens the file, made anew where it is damaged.
func (s *Store) open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if why := damage(s.path); why != "" {
		if err := s.putAside(why); err != nil {
			return err
		}
	}
	err := s.openFile()
	if errors.As(err, new(*fault)) || errors.Is(err, bolterrors.ErrInvalid) ||
		errors.Is(err, bolterrors.ErrChecksum) || errors.Is(err, bolterrors.ErrVersionMismatch) {
		if err := s.putAside(err.Error()); err != nil {
			return err
		}
		err = s.openFile()
	}
	return err
}

// damage says why a file must not be opened, "" where it may. One that is not there or not begun may.
func damage(path string) string {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		return ""
	}
	found, err := journal.Damage(path)
	if err != nil {
		return err.Error()
	}
	return strings.Join(found, "; ")
}

// openFile opens a file that is whole, or makes one, with the buckets of every tenant. The caller holds mu.
func (s *Store) openFile() (err error) {
	err = guard(func() (err error) {
		s.db, err = bbolt.Open(s.path, 0o600,
			&bbolt.Options{Timeout: 2 * time.Second, InitialMmapSize: s.opt.Mmap, MaxSize: s.opt.Max,
				// with a free list that is not stored, each rollback would walk the whole file
				FreelistType: bbolt.FreelistMapType})
		if err == nil {
			err = s.db.Update(s.prepare)
		}
		return err
	})
	if err != nil {
		err = errors.Join(fmt.Errorf("local: open %s: %w", s.path, err), s.shut())
	}
	return err
}

// prepare makes the buckets, and drops the rows of a tenant that are of another version.
func (s *Store) prepare(tx *bbolt.Tx) error {
	own, err := tx.CreateBucketIfNotExists([]byte(ownBucket))
	if err != nil {
		return err
	}
	for _, t := range s.tenants {
		version := binary.BigEndian.AppendUint64(nil, uint64(t.Version))
		if was := own.Get([]byte(t.Name)); was != nil && !slices.Equal(was, version) {
			s.opt.Log.Warn("rows of a local store are of another version and are dropped", "file", s.path, "of", t.Name)
			if err := drop(tx, t.Name+"."); err != nil {
				return err
			}
		}
		for _, name := range t.Buckets {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		if err := own.Put([]byte(t.Name), version); err != nil {
			return err
		}
	}
	return nil
}

// drop deletes the buckets whose names have a prefix.
func drop(tx *bbolt.Tx, prefix string) error {
	var names [][]byte
	err := tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
		if strings.HasPrefix(string(name), prefix) {
			names = append(names, slices.Clone(name))
		}
		return nil
	})
	for _, name := range names {
		err = errors.Join(err, tx.DeleteBucket(name))
	}
	return err
}

// putAside renames the file, and removes the oldest of those that lie aside.
func (s *Store) putAside(why string) error {
	to := s.path + asideMark + s.opt.Clock().UTC().Format(asideForm)
	if err := os.Rename(s.path, to); err != nil {
		return fmt.Errorf("local: %s is damaged (%s) and cannot be put aside: %w", s.path, why, err)
	}
	s.opt.Log.Warn("a local store is damaged; it is put aside and made anew", "file", s.path, "why", why, "aside", to)
	all := s.aside()
	for _, a := range all[:max(0, len(all)-asideKept)] {
		if err := os.RemoveAll(a.File); err != nil {
			s.opt.Log.Warn("a damaged local store that lies aside cannot be removed", "file", a.File, "err", err)
		}
	}
	return nil
}

// Aside is a file that was put aside and still lies there.
type Aside struct {
	File string
	At   time.Time // when it was put aside
}

// aside lists them, the oldest first.
func (s *Store) aside() (all []Aside) {
	entries, err := os.ReadDir(filepath.Dir(s.path)) // by name, which ends with the time
	if err != nil {
		return nil // the file itself cannot be opened then, and says so
	}
	for _, e := range entries {
		text, ok := strings.CutPrefix(e.Name(), filepath.Base(s.path)+asideMark)
		at, err := time.Parse(asideForm, text)
		if ok && err == nil {
			all = append(all, Aside{filepath.Join(filepath.Dir(s.path), e.Name()), at})
		}
	}
	return all
}
