// Package blobs keeps content beside the record: what does not fit a block, or need not stand in one. A blob is a file
// below the folder, named by its SHA-256, written once and never changed; among several nodes it lies in an object
// store of the bus too, from which a node that lacks it takes it. It knows neither who names a blob nor why one was
// erased.
//
//	ab/abcdef…   the blob sha256:abcdef…
//	tmp/         what is being written; what a kill left there is removed at the next start
//
// Nothing is ever whole in memory, and nothing is handed out before all of it was held against its name.
package blobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"qingkong/alerts/refusal"
)

const (
	// MaxBytes bounds a blob, whoever puts it.
	MaxBytes = 256 << 20

	prefix    = "sha256:"
	tmpFolder = "tmp"
	tmpName   = "put-*"
	pieceSize = 256 << 10 // of a blob in memory
)

var (
	// ErrMissing says that a blob is not here, and that nobody could give it.
	ErrMissing = errors.New("blobs: no such blob")
	// ErrDamaged says that a file does not have the hash that is its name.
	ErrDamaged = errors.New("blobs: the file does not have the hash that is its name")
)

// Store is the blobs of one node. Its methods may be called from any goroutine.
type Store struct {
	dir    string
	far    Far
	noSync bool
	mu     sync.Mutex // held while a file gets its place, or one is collected
}

// New returns the store of a folder, which need not be there, and touches nothing. far is what several nodes share, nil
// on a node of its own; noSync is for a throw-away folder.
func New(dir string, far Far, noSync bool) *Store { return &Store{dir: dir, far: far, noSync: noSync} }

// Valid says whether a text has the form of a blob's name: "sha256:" and 64 hexadecimal digits in small letters.
func Valid(name string) bool {
	digits, ok := strings.CutPrefix(name, prefix)
	return ok && len(digits) == 2*sha256.Size && strings.Trim(digits, "0123456789abcdef") == ""
}

// nameOf is the name of what was hashed.
func nameOf(h hash.Hash) string { return prefix + hex.EncodeToString(h.Sum(nil)) }

// path is the file of a blob.
func (s *Store) path(name string) string {
	digits := strings.TrimPrefix(name, prefix)
	return filepath.Join(s.dir, digits[:2], digits)
}

// Clean removes what puts left that a kill cut off. It is called before the first one.
func (s *Store) Clean() error { return os.RemoveAll(filepath.Join(s.dir, tmpFolder)) }

// Put stores what r gives, at most limit bytes and never more than [MaxBytes], and returns its name and its length once
// it would outlive a power cut, and is in the object store where there is one. The same again is no error, and mends a
// damaged file. A longer one is refused (too_large), and so is one that the disk or the object store does not take
// (not_ready): then nothing is left of it here. An error of r is returned as it is.
func (s *Store) Put(ctx context.Context, r io.Reader, limit int64) (name string, size int64, err error) {
	limit = min(limit, MaxBytes)
	f, err := s.temp()
	if err != nil {
		return "", 0, unkept(err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // it has its place by then, or is wanted by nobody
	sum := sha256.New()
	size, err = copyTo(ctx, f, sum, io.LimitReader(r, limit+1))
	if err == nil && size > limit {
		err = refusal.New(refusal.TooLarge, "blobs.too_large", refusal.Args{"limit": limit})
	}
	if err != nil {
		return "", 0, errors.Join(err, f.Close())
	}
	name = nameOf(sum)
	if err := s.keep(f, name); err != nil {
		return "", 0, unkept(err)
	}
	if s.far == nil {
		return name, size, nil
	}
	if err := s.give(ctx, name); err != nil {
		return "", 0, err
	}
	return name, size, nil
}

// temp makes a file that a blob is written to.
func (s *Store) temp() (*os.File, error) {
	dir := filepath.Join(s.dir, tmpFolder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.CreateTemp(dir, tmpName)
}

// keep closes a file that is written and gives it its place, durably.
func (s *Store) keep(f *os.File, name string) error {
	err := error(nil)
	if !s.noSync {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	path := s.path(name)
	folder := filepath.Dir(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.Mkdir(folder, 0o700); err == nil {
		err = s.syncDir(s.dir)
		if err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return s.syncDir(folder)
}

func (s *Store) syncDir(path string) error {
	if s.noSync {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// copyTo copies by pieces until ctx ends, and hashes what it copies. What it cannot write is refused as [unkept].
func copyTo(ctx context.Context, to io.Writer, sum hash.Hash, from io.Reader) (size int64, err error) {
	buf := make([]byte, pieceSize)
	for {
		if err := ctx.Err(); err != nil {
			return size, err
		}
		n, err := io.ReadFull(from, buf)
		_, _ = sum.Write(buf[:n]) // a hash never fails to write
		size += int64(n)
		if _, err := to.Write(buf[:n]); err != nil {
			return size, unkept(err)
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return size, nil
		case err != nil:
			return size, err
		}
	}
}

// unkept is the refusal of what this machine cannot keep: it may be sent again. It names no file that nobody can see.
func unkept(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		err = file.Err
	}
	return refusal.New(refusal.NotReady, "blobs.disk", refusal.Args{"why": err})
}

// File is a blob that is open. All of it had its hash when it was opened.
type File struct {
	*os.File
	size int64
}

// Size is how many bytes the blob has.
func (f *File) Size() int64 { return f.size }

// Open opens a blob, which it reads through first: a damaged file is never handed out. Where the file is missing or
// damaged it is taken from the object store; ErrMissing or ErrDamaged where there is none, or it has not got the blob
// either.
func (s *Store) Open(ctx context.Context, name string) (*File, error) {
	f, err := s.openHere(ctx, name, nil)
	if !Bad(err) || s.far == nil || !Valid(name) {
		return f, err
	}
	switch other := s.take(ctx, name); {
	case other == nil:
		return s.openHere(ctx, name, nil)
	case Bad(other):
		return nil, err
	default:
		return nil, other
	}
}

// Bad says whether an error is that a blob is missing or damaged, which trying again does not mend.
func Bad(err error) bool { return errors.Is(err, ErrMissing) || errors.Is(err, ErrDamaged) }

// openHere opens and proves the file of a blob. rest, which may be nil, is told how long each piece took.
func (s *Store) openHere(ctx context.Context, name string, rest func(worked time.Duration) error) (_ *File, err error) {
	if !Valid(name) {
		return nil, ErrMissing
	}
	f, err := os.Open(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrMissing
	}
	if err != nil {
		return nil, fmt.Errorf("blobs: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // it was only read
		}
	}()
	sum := sha256.New()
	size, err := copyTo(ctx, io.Discard, sum, &pacedReader{f, rest})
	if err != nil {
		return nil, fmt.Errorf("blobs: %w", err)
	}
	if nameOf(sum) != name {
		return nil, fmt.Errorf("%w: %s", ErrDamaged, name)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("blobs: %w", err)
	}
	return &File{File: f, size: size}, nil
}

// pacedReader is a reader that rests after each piece.
type pacedReader struct {
	r    io.Reader
	rest func(worked time.Duration) error
}

func (p *pacedReader) Read(b []byte) (int, error) {
	begun := time.Now()
	n, err := p.r.Read(b)
	if p.rest == nil || err != nil {
		return n, err
	}
	return n, p.rest(time.Since(begun))
}

// Has says whether there is a file of that name, and not whether it is sound.
func (s *Store) Has(name string) bool {
	if !Valid(name) {
		return false
	}
	_, err := os.Lstat(s.path(name))
	return err == nil
}

// Verify holds the file of a blob against its name: ErrMissing, ErrDamaged, or why it could not be read. rest is told
// how long each piece took, and may wait or end the reading.
func (s *Store) Verify(ctx context.Context, name string, rest func(worked time.Duration) error) error {
	f, err := s.openHere(ctx, name, rest)
	if err != nil {
		return err
	}
	return f.Close()
}

// Remove removes a blob for good, here and from the object store. One that is not there is no error.
func (s *Store) Remove(ctx context.Context, name string) error {
	if !Valid(name) {
		return nil
	}
	s.mu.Lock()
	err := s.removeHere(name)
	s.mu.Unlock()
	if err != nil || s.far == nil {
		return err
	}
	return s.removeFar(ctx, name)
}

func (s *Store) removeHere(name string) error {
	path := s.path(name)
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("blobs: %w", err)
	}
	return s.syncDir(filepath.Dir(path))
}

// Names calls fn with the name of each file that is here, in order, until it returns an error.
func (s *Store) Names(fn func(name string, stored time.Time) error) error {
	folders, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("blobs: %w", err)
	}
	for _, folder := range folders {
		if len(folder.Name()) != 2 || !folder.IsDir() {
			continue
		}
		files, err := os.ReadDir(filepath.Join(s.dir, folder.Name()))
		if err != nil {
			return fmt.Errorf("blobs: %w", err)
		}
		for _, file := range files {
			info, err := file.Info()
			if name := prefix + file.Name(); err == nil && Valid(name) && info.Mode().IsRegular() {
				if err := fn(name, info.ModTime()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Collect removes a blob that was stored before a time, here and from the object store, unless it is put again
// meanwhile.
func (s *Store) Collect(ctx context.Context, name string, before time.Time) (removed bool, err error) {
	s.mu.Lock()
	info, err := os.Lstat(s.path(name))
	if err == nil && info.ModTime().Before(before) {
		err, removed = s.removeHere(name), true
	}
	s.mu.Unlock()
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil || s.far == nil {
		return removed, err
	}
	stored, err := s.storedFar(ctx, name)
	if errors.Is(err, ErrMissing) || err == nil && !stored.Before(before) {
		return removed, nil
	}
	if err != nil {
		return removed, err
	}
	return true, s.removeFar(ctx, name)
}
