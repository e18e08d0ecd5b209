package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// bbolt's pages have no checksum but the two meta pages, and it reads them through the address space: a file that is shorter
// than it says, or a page that points nowhere, is a fault or a panic deep inside. What can be known before is looked at
// before, and what comes all the same becomes one sentence with the file and what to do.

// The meta page of bbolt: a page's head of 16 bytes, then magic, version, page size, flags, the root bucket (16), freelist,
// the number of pages, the transaction and a checksum of what comes before.
const (
	metaHead  = 16
	metaMagic = 0xED0CDAED
	metaLen   = 64 // up to and with the checksum
)

// meta is what is needed of a valid meta page.
type meta struct{ pages, tx uint64 }

func parseMeta(page []byte) (m meta, size uint32, ok bool) {
	if len(page) < metaHead+metaLen {
		return m, 0, false
	}
	b, order := page[metaHead:], binary.NativeEndian
	sum := fnv.New64a()
	_, _ = sum.Write(b[:metaLen-8]) // a hash never fails to write
	if order.Uint32(b) != metaMagic || order.Uint64(b[metaLen-8:]) != sum.Sum64() {
		return m, 0, false
	}
	return meta{pages: order.Uint64(b[40:]), tx: order.Uint64(b[48:])}, order.Uint32(b[8:]), true
}

// checkLength says why a file of bbolt cannot be opened: neither meta page is whole, or it is shorter than the newest says.
func checkLength(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return whyNotOpened(path, err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return nil // a file that was made and not begun
	}
	head := make([]byte, 128<<10)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return whyNotOpened(path, err)
	}
	var newest meta
	size := uint32(0)
	for _, at := range metaPages(head[:n]) {
		if m, s, ok := parseMeta(head[at:n]); ok && (size == 0 || m.tx > newest.tx) {
			newest, size = m, s
		}
	}
	switch {
	case size == 0:
		return damagedFile(path, "none of its two first pages is whole")
	case uint64(info.Size()) < newest.pages*uint64(size):
		return damagedFile(path, fmt.Sprintf("it has %d bytes and says that it has %d", info.Size(), newest.pages*uint64(size)))
	}
	return nil
}

// metaPages are where the two meta pages may lie: the second follows at the page size, which the first may not tell any more.
func metaPages(head []byte) []int {
	at := []int{0}
	for size := 512; size <= 64<<10 && size+metaHead+metaLen <= len(head); size *= 2 {
		at = append(at, size)
	}
	return at
}

// damagedFile is the sentence about a record's file that cannot be trusted.
func damagedFile(path, what string) error {
	return fmt.Errorf("%s is damaged: %s. Move it out of the folder and start again: it is made anew from the streams where they reach the "+
		"height, else the start says what is missing; with a backup, qingkong restore (nothing was changed)", path, what)
}

// whyNotOpened words why a file is not opened at all.
func whyNotOpened(path string, err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%s is in use: a coordinator runs on this folder; stop it first", path)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s lies on a disk that is mounted read-only: mount it for writing; the file itself is not damaged: %w", path, err)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s may not be opened by this user: run the program as the owner of the folder, or give it the right; the file itself "+
			"is not damaged: %w", path, err)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return damagedFile(path, err.Error())
	}
	return fmt.Errorf("open %s: %w", path, err)
}

// guarded runs what reads a file of bbolt: a panic or a fault inside becomes an error with the file.
func guarded(path string, read func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			err = damagedFile(path, fmt.Sprintf("reading it fails (%v)", v))
		}
	}()
	return read()
}

// openReadOnly opens a record's file and changes nothing of it.
func openReadOnly(path string) (*bbolt.DB, error) {
	if err := checkLength(path); err != nil {
		return nil, err
	}
	var db *bbolt.DB
	err := guarded(path, func() (err error) {
		db, err = bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: 2 * time.Second})
		return err
	})
	if err != nil {
		return nil, whyNotOpened(path, err)
	}
	return db, nil
}
