package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
)

// Inventory is what a folder held before a NATS server opened the streams in it. A server mends what it finds in its
// own way, and what it reports of a stream afterwards is no proof: files that it cut are known by their length alone.
type Inventory struct {
	Height *Height // nil where the file is not there
	// Kept is the folder that nats/ was copied to because the record's file is missing, or ends below the height, so that
	// the streams may be all there is; empty where it was not.
	Kept string

	store   string           // of the embedded server; empty where that is not known
	lengths map[string]int64 // of the files of the journal's stream
}

// keptStore is what the names of copies of nats/ begin with.
const keptStore = "nats.before-"

// Survey looks at the folder of a record and at the store of its embedded server, before that opens it. Where the
// record is lost it first copies the store aside, because the store may hold all there is; it makes no second copy of
// the same store. Nothing else is changed. store is empty for an external server.
func Survey(dir, store string) (*Inventory, error) {
	h, err := ReadHeight(dir)
	if err != nil {
		return nil, err
	}
	b := &Inventory{Height: h, store: store}
	last, err := peek(filepath.Join(dir, File))
	if err != nil || store == "" {
		return b, err
	}
	if b.lengths, err = streamFiles(store); err != nil {
		return nil, err
	}
	if lost := last == 0 || h != nil && last < h.Number; lost && len(b.lengths) > 0 {
		err = b.keep(dir)
	}
	return b, err
}

// keep copies the store aside, unless an earlier copy holds all of the stream that it holds: a server that opened the
// store since may have cut it. Lengths are those of the copy then.
func (b *Inventory) keep(dir string) (err error) {
	if b.Kept, err = keepStore(dir, b.store); err != nil {
		return err
	}
	for name, now := range b.lengths {
		if info, err := os.Stat(b.Kept + strings.TrimPrefix(name, b.store)); err == nil {
			b.lengths[name] = max(now, info.Size())
		}
	}
	return nil
}

// peek is the last block of a record's file, read without changing it; 0 where it is not there.
func peek(path string) (number uint64, err error) {
	if !exists(path) {
		return 0, nil
	}
	if err := checkPages(path); err != nil {
		return 0, err
	}
	db, err := openToRead(path)
	if err != nil {
		return 0, whyNotOpened(path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = guarded(path, func() error {
		return db.View(func(tx *bbolt.Tx) error {
			if tx.Bucket(metaBucket) == nil {
				return nil
			}
			t, err := readTip(tx)
			number = t.number
			return err
		})
	})
	return number, whyNotOpened(path, err)
}

// streamFiles are the files that hold the messages of the journal's stream, and their lengths.
func streamFiles(store string) (map[string]int64, error) {
	names, err := filepath.Glob(filepath.Join(store, "jetstream", "*", "streams", Stream, "msgs", "*.blk"))
	if err != nil {
		return nil, err
	}
	lengths := map[string]int64{}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if info.Size() > 0 {
			lengths[name] = info.Size()
		}
	}
	return lengths, nil
}

// cut names the files of the stream that are shorter than they were before the server opened them.
func (b *Inventory) cut() (list []string) {
	if b == nil {
		return nil
	}
	for name, was := range b.lengths {
		now := int64(0)
		if info, err := os.Stat(name); err == nil {
			now = info.Size()
		}
		if now < was {
			list = append(list, fmt.Sprintf("%s from %d to %d bytes", filepath.Base(name), was, now))
		}
	}
	slices.Sort(list)
	return list
}

// keepStore copies the store of a server beside it, unless the stream in a copy there is this one, or goes on behind
// it.
func keepStore(dir, store string) (kept string, err error) {
	old, err := filepath.Glob(filepath.Join(dir, keptStore+"*"))
	if err != nil {
		return "", err
	}
	for _, name := range old {
		if covers(name, store) {
			return name, nil
		}
	}
	size, err := storedBytes(store)
	if err != nil {
		return "", err
	}
	if err := roomIn(dir, size, "the record's file is lost and %s may be all there is: before it is opened it is copied aside, which needs %d MB "+
		"below %s; %d MB are free (make room and start again; nothing was changed)", store); err != nil {
		return "", err
	}
	kept = filepath.Join(dir, keptStore+time.Now().In(shanghai).Format("20060102-150405.000"))
	if err := os.CopyFS(kept+".new", os.DirFS(store)); err != nil {
		return "", errors.Join(fmt.Errorf("copy %s aside: %w", store, err), os.RemoveAll(kept+".new"))
	}
	return kept, os.Rename(kept+".new", kept)
}

// spareBytes stay free on a disk that a second copy of something is written to.
const spareBytes = 64 << 20

// roomIn refuses a second copy of so many bytes in a folder whose disk has no room for it. The words are a format of
// args, and behind them of what is needed, in MB, the folder, and what is free.
func roomIn(dir string, size int64, words string, args ...any) error {
	free, err := freeBytes(dir)
	if need := size + spareBytes; err == nil && free < need {
		err = fmt.Errorf(words, append(args, need>>20, dir, free>>20)...)
	}
	return err
}

// freeBytes is the space that is left on the disk of a folder.
func freeBytes(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("free space below %s: %w", dir, err)
	}
	return int64(s.Bavail) * s.Bsize, nil
}

// covers says whether every file of the journal's stream in a store is the beginning of the same file in a copy.
func covers(kept, store string) bool {
	files, err := streamFiles(store)
	if err != nil || len(files) == 0 {
		return false
	}
	for name := range files {
		if same, err := begins(kept+strings.TrimPrefix(name, store), name); err != nil || !same {
			return false
		}
	}
	return true
}

// begins says whether a file begins with all that another holds.
func begins(long, short string) (bool, error) {
	x, err := os.Open(long)
	if err != nil {
		return false, err
	}
	defer func() { _ = x.Close() }()
	y, err := os.Open(short)
	if err != nil {
		return false, err
	}
	defer func() { _ = y.Close() }()
	bufX, bufY := make([]byte, 1<<20), make([]byte, 1<<20)
	for {
		m, errY := io.ReadFull(y, bufY)
		n, errX := io.ReadFull(x, bufX[:max(m, 1)])
		switch {
		case n < m || !bytes.Equal(bufX[:m], bufY[:m]):
			return false, nil
		case ended(errY):
			return true, nil
		case errY != nil, errX != nil && !ended(errX):
			return false, errors.Join(errX, errY)
		}
	}
}

func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
