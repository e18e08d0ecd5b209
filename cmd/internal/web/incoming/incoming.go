// Package incoming keeps files that come in on disk until it is their turn to be read, so that what many send at once
// is not in memory at once.
package incoming

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"

	"qingkong/alerts/refusal"
)

var (
	// ErrTooLarge says that a file holds more than it may.
	ErrTooLarge = errors.New("incoming: larger than the limit")
	// ErrDisk says that a file cannot be kept here, whatever it holds: the disk is full, or the folder cannot be written.
	ErrDisk = errors.New("incoming: cannot be kept")
)

// Refusal is what to answer to who sent a file that was not taken; nil for nil. Refused are what is larger than limit
// bytes (too_large), what did not come whole (invalid), and what this machine cannot keep (not_ready: it may be sent
// again).
func Refusal(err error, limit int64) error {
	var over *http.MaxBytesError
	var file *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &over), errors.Is(err, ErrTooLarge):
		return refusal.New(refusal.TooLarge, "list.upload_size", refusal.Args{"limit": limit})
	case errors.Is(err, ErrDisk):
		why := err
		if errors.As(err, &file) { // without the name of a file that nobody can see
			why = file.Err
		}
		return refusal.New(refusal.NotReady, "list.upload_disk", refusal.Args{"why": why})
	}
	return refusal.New(refusal.Invalid, "list.upload_broken", refusal.Args{"why": err.Error()})
}

// File is a file that has come in. Nothing of it stays on disk once it is closed, nor when the program ends.
type File struct {
	f    *os.File
	size int64
}

// Take reads a file of at most limit bytes from r into dir, which is made where it is not there; "" is that of the
// system for temporary files. What r returns is returned as it is, [ErrTooLarge] for a byte more, and [ErrDisk] where
// the file cannot be kept.
func Take(dir string, r io.Reader, limit int64) (_ *File, err error) {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, unkept(err)
		}
	}
	f, err := os.CreateTemp(dir, "incoming-*")
	if err != nil {
		return nil, unkept(err)
	}
	in := &File{f: f}
	defer func() {
		if err != nil {
			_ = in.Close()
		}
	}()
	if err := os.Remove(f.Name()); err != nil { // it lives on until it is closed
		return nil, unkept(err)
	}
	if in.size, err = io.Copy(disk{f}, io.LimitReader(r, limit+1)); err != nil {
		return nil, err
	}
	if in.size > limit {
		return nil, ErrTooLarge
	}
	return in, nil
}

// disk tells what fails here from what does not come.
type disk struct{ w io.Writer }

func (d disk) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	if err != nil {
		err = unkept(err)
	}
	return n, err
}

func unkept(err error) error { return fmt.Errorf("%w: %w", ErrDisk, err) }

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

// Reader reads the file from its beginning.
func (in *File) Reader() *io.SectionReader { return io.NewSectionReader(in.f, 0, in.size) }

// Close lets go of the file.
func (in *File) Close() error { return in.f.Close() }
