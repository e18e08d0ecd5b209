// Package incoming keeps files that come in on disk until it is their turn to be read, so that what many send at once is not in
// memory at once.
package incoming

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// ErrTooLarge says that a file holds more than it may.
var ErrTooLarge = errors.New("incoming: larger than the limit")

// File is a file that has come in. Nothing of it stays on disk once it is closed, nor when the program ends.
type File struct {
	f    *os.File
	size int64
}

// Take reads a file of at most limit bytes from r into dir, which is made where it is not there; "" is that of the system for
// temporary files. What r returns is returned as it is, and [ErrTooLarge] for a byte more.
func Take(dir string, r io.Reader, limit int64) (_ *File, err error) {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("incoming: %w", err)
		}
	}
	f, err := os.CreateTemp(dir, "incoming-*")
	if err != nil {
		return nil, fmt.Errorf("incoming: %w", err)
	}
	in := &File{f: f}
	defer func() {
		if err != nil {
			_ = in.Close()
		}
	}()
	if err := os.Remove(f.Name()); err != nil { // it lives on until it is closed
		return nil, fmt.Errorf("incoming: %w", err)
	}
	if in.size, err = io.Copy(f, io.LimitReader(r, limit+1)); err != nil {
		return nil, err
	}
	if in.size > limit {
		return nil, ErrTooLarge
	}
	return in, nil
}

// Size is how many bytes the file has.
func (in *File) Size() int64 { return in.size }

// Bytes is the file in memory.
func (in *File) Bytes() ([]byte, error) {
	data := make([]byte, in.size)
	_, err := in.f.ReadAt(data, 0)
	if err == io.EOF && in.size == 0 {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("incoming: %w", err)
	}
	return data, nil
}

// Close lets go of the file.
func (in *File) Close() error { return in.f.Close() }
