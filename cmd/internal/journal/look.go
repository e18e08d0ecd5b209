package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/blobs"
)

// StoppedOptions says what the check of a stopped folder works with. Dir and Registry are required.
type StoppedOptions struct {
	Dir      string
	Registry *Registry
	Tmp      string // the folder below which copies are made; default the system's

	// Serve runs a server on a copy of the folder's streams until stop is called; nil where the record is not held against
	// its stream, or against that of JS.
	Serve   func(store string) (js jetstream.JetStream, stop func() error, err error)
	Streams string                       // store of the folder's own server; default nats below Dir
	Copying func(bytes int64, to string) // hears what is copied before it is; may be nil

	JS     jetstream.JetStream // of a server that runs: nothing is made there
	Shared bool                // other nodes write there too

	account string // of the streams in a store; default the bus's
}

// CheckStopped proves the record below Look.Dir, on which no program runs, and against its streams. It only looks: in
// the folder nothing is made or changed, so that it works where that can only be read.
func CheckStopped(ctx context.Context, l StoppedOptions) (_ Report, err error) {
	if l, err = l.complete(); err != nil {
		return Report{}, err
	}
	p := &recordCheck{reg: l.Registry, shared: l.Shared, r: Report{Problems: []string{}},
		blobs: blobs.New(filepath.Join(l.Dir, BlobsFolder), nil, false)}
	db, err := p.open(l.Dir)
	if err != nil {
		return Report{}, err
	}
	if db != nil {
		defer func() { err = errors.Join(err, db.Close()) }()
	}
	if p.tmp, err = l.makeTmp(); err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(p.tmp)) }()
	js := l.JS
	if l.Serve != nil {
		stop, err := p.serveCopy(ctx, l, &js)
		if err != nil {
			return Report{}, err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	if js != nil {
		p.log, p.far = readStream(js, l.Shared), readVault(js)
		if info, err := p.log.info(ctx); err == nil {
			p.upTo = info.last
		}
	}
	p.readHeight(l.Dir)
	if db == nil {
		return p.streamAlone(ctx)
	}
	return p.run(ctx, db)
}

func (l StoppedOptions) complete() (StoppedOptions, error) {
	if _, err := recordIn(l.Dir); err != nil {
		return l, err
	}
	if l.Tmp == "" {
		l.Tmp = os.TempDir()
	}
	if l.Streams == "" {
		l.Streams = filepath.Join(l.Dir, "nats")
	}
	if l.account == "" {
		l.account = "JOURNAL"
	}
	return l, nil
}

// makeTmp makes the folder of the copies, and refuses to where that would change the folder that is looked at.
func (l StoppedOptions) makeTmp() (string, error) {
	dir, err := filepath.EvalSymlinks(l.Dir)
	if err != nil {
		return "", err
	}
	tmp, err := filepath.EvalSymlinks(l.Tmp)
	if err != nil {
		return "", fmt.Errorf("the folder for the copies: %w", err)
	}
	if dir, err = filepath.Abs(dir); err == nil {
		tmp, err = filepath.Abs(tmp)
	}
	if err != nil {
		return "", err
	}
	if inside, err := filepath.Rel(dir, tmp); err == nil && filepath.IsLocal(inside) {
		return "", fmt.Errorf("the folder for the copies, %s, lies in the data folder, in which a check changes nothing: name another with --tmp", tmp)
	}
	size := int64(0)
	if info, err := os.Stat(filepath.Join(l.Dir, File)); err == nil {
		size = info.Size() // the state is made anew there to be held against the stored one
	}
	if l.Serve != nil {
		streams, err := storedBytes(l.accountIn(l.Streams))
		if err != nil {
			return "", err
		}
		size += streams
	}
	if err := roomIn(tmp, size, "a check copies %d MB to %s, where %d MB are free: name a folder with more room with --tmp (nothing was changed)"); err != nil {
		return "", err
	}
	return os.MkdirTemp(tmp, scratchName)
}

// open opens the record's file for reading alone. No file, and why among the problems, where it is too damaged for
// that.
func (p *recordCheck) open(dir string) (*bbolt.DB, error) {
	path := filepath.Join(dir, File)
	damage, notes, err := lookAtPages(path)
	if err != nil {
		return nil, err
	}
	for _, n := range notes {
		p.r.note("%s: %s", path, n)
	}
	for _, d := range damage {
		p.r.problem("%s: %s", path, d)
	}
	if len(damage) > 0 {
		return nil, inUse(path)
	}
	db, err := openToRead(path)
	if err != nil {
		return nil, err
	}
	whole := true
	err = guarded(path, func() error {
		return db.View(func(tx *bbolt.Tx) error {
			if have, err := readLayout(tx); err == nil { // else the proof says it
				if err := refuseNewer(path, have); err != nil {
					return err
				}
			}
			for _, name := range [][]byte{metaBucket, blocksBucket} {
				if tx.Bucket(name) == nil {
					p.r.problem("%s: bucket %s is missing", path, name)
					whole = false
				}
			}
			return nil
		})
	})
	if errors.As(err, new(*fileFault)) {
		p.r.problem("%v", err)
		whole, err = false, nil
	}
	if err != nil || !whole {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openToRead opens a file of bbolt without a byte of it being written. While it is open no program begins to write it.
func openToRead(path string) (db *bbolt.DB, err error) {
	err = guarded(path, func() error {
		db, err = bbolt.Open(path, 0, &bbolt.Options{Timeout: 2 * time.Second, ReadOnly: true})
		return err
	})
	return db, whyNotOpened(path, err)
}

// inUse says that a program has the file open, whose pages may be seen half written.
func inUse(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%s is in use: a coordinator runs on this folder; stop it first", path)
	}
	return nil
}

// readHeight takes what was confirmed as what the record has to reach.
func (p *recordCheck) readHeight(dir string) {
	h, err := ReadHeight(dir)
	switch {
	case err != nil:
		p.r.problem("%v", err)
	case h != nil:
		p.height = h
		p.short = func() uint64 { return h.ShortFrom }
	}
}

// streamAlone says what a stream holds beside a record that cannot be read.
func (p *recordCheck) streamAlone(ctx context.Context) (Report, error) {
	for _, c := range p.cuts {
		p.r.problem("%s", c)
	}
	if p.log == nil {
		return p.r, nil
	}
	info, err := p.log.info(ctx)
	if err != nil {
		p.r.problem("stream: %v", err)
		return p.r, nil
	}
	good, prev := uint64(0), ""
	for n := uint64(1); n <= info.last; n++ {
		begun := time.Now()
		b, _, err := readHead(ctx, p.log, n)
		if tired := p.rest(ctx, time.Since(begun)); tired != nil {
			return p.r, tired
		}
		if err != nil || prev != "" && b.Prev != prev {
			break
		}
		good, prev = n, fmt.Sprintf("%x", b.Hash)
	}
	p.r.note("the stream ends at %d; its blocks up to %d can be read and follow one another", info.last, good)
	if p.height != nil && good < p.height.Number {
		p.r.problem("the stream's readable blocks end at %d, %s says that block %d was confirmed", good, HeightFile,
			p.height.Number)
	}
	return p.r, nil
}

// A folder's streams are copied before a server opens them: it mends what it finds in its own way, and cuts what it
// cannot read.

// storedFile is a file of the server's store.
type storedFile struct {
	path string // below the account's folder
	size int64
}

// stored lists the files below a folder of the server's store; none where that is not there.
func stored(dir string) (files []storedFile, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no file", path)
		}
		name, err := filepath.Rel(dir, path)
		files = append(files, storedFile{name, info.Size()})
		return err
	})
	if errors.Is(err, fs.ErrNotExist) && files == nil {
		return nil, nil
	}
	return files, err
}

func (l StoppedOptions) accountIn(store string) string {
	return filepath.Join(store, "jetstream", l.account)
}

// storedBytes is the length of all files below a folder of the server's store.
func storedBytes(dir string) (sum int64, err error) {
	files, err := stored(dir)
	for _, f := range files {
		sum += f.size
	}
	return sum, err
}
