package journal

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/blobs"
	"qingkong/notify/ledger"
)

// A backup is the record, not its pages: the committed blocks, then the rows of the vault, the blobs that the record
// names and has not erased, and the files beside them. The state is not in it, because the blocks make it. Data that
// belongs to one node or ends by itself is not in it either.
//
// It is read in short transactions, each of chunkBytes and one row at most, and none is open while the file is written:
// a read transaction that lasts makes the file of the record grow for good. A backup therefore shows the blocks up to
// the end that the record had when the last of them was read, and the vault a little later: an entry that was erased
// meanwhile is erased in the backup.

// BackupOptions say what is backed up and to where.
type BackupOptions struct {
	File     string   // must not exist
	Since    string   // an earlier backup, of which only what came after is wanted; empty for all
	Beside   []string // files and folders below the data folder that go with the record; what is not there is left out
	KeepFree int64    // bytes that the disk of File keeps free

	Passphrase *Passphrase // encrypts it, and opens Since; nil leaves it plain

	Program  string // version of the program
	Progress func(BackupProgress)
}

// BackupProgress is how far a backup is; it is told after each part.
type BackupProgress struct {
	Block uint64 `json:"block"`
	Of    uint64 `json:"of"`
	Bytes int64  `json:"bytes"`
}

// StoredBackup is a backup that stands on the disk.
type StoredBackup struct {
	File      string
	Bytes     int64
	Encrypted bool
	Manifest
}

// The limits of one read transaction of a backup: it copies up to chunkBytes and the row that exceeds them, and reads
// up to chunkRows of the vault.
const (
	chunkBytes = 1 << 20
	chunkRows  = 1000
)

// Backup writes the record to a file while work goes on. It ends early with ctx or when the journal is closed; then
// nothing is left of it.
func (j *Journal) Backup(ctx context.Context, opt BackupOptions) (StoredBackup, error) {
	ctx, cancel := j.whileOpen(ctx)
	defer cancel()
	j.backingUp.RLock()
	defer j.backingUp.RUnlock()
	view := func(fn func(*bbolt.Tx) error) error { // a damaged page ends the backup and not the program
		return guarded(j.db.Path(), func() error { return j.db.View(fn) })
	}
	return backup(ctx, backupSource{dir: j.opt.Dir, node: j.opt.Node, blobs: j.blobs, view: view, now: j.Wall}, opt)
}

// BackupFolder writes the record of a stopped folder to a file. The folder is only read.
func BackupFolder(ctx context.Context, dir string, opt BackupOptions) (_ StoredBackup, err error) {
	path, err := recordIn(dir)
	if err != nil {
		return StoredBackup{}, err
	}
	db, err := openToRead(path)
	if err != nil {
		return StoredBackup{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	node, err := os.ReadFile(filepath.Join(dir, nodeFile))
	if err = unlessMissing(err); err != nil {
		return StoredBackup{}, err
	}
	return backup(ctx, backupSource{dir: dir, node: strings.TrimSpace(string(node)),
		blobs: blobs.New(filepath.Join(dir, BlobsFolder), nil, false), view: db.View, now: time.Now}, opt)
}

// backupSource is what a backup is read from.
type backupSource struct {
	dir, node string
	blobs     *blobs.Store
	view      viewFunc
	now       func() time.Time
}

func backup(ctx context.Context, from backupSource, opt BackupOptions) (done StoredBackup, err error) {
	w := &backupWriter{backupSource: from, opt: opt, have: map[rowSum]bool{}, erased: map[string]bool{}}
	w.m = Manifest{Format: backupFormat, Version: backupVersion, Node: from.node, Program: opt.Program, First: 1}
	if opt.Since != "" {
		base, err := readRefs(ctx, opt.Since, opt.Passphrase, func(sum rowSum) { w.have[sum] = true })
		if err != nil {
			return done, err
		}
		w.m.First, w.m.Last, w.m.Before, w.m.Hash = base.Last+1, base.Last, base.Hash, base.Hash
	}
	if err := w.create(); err != nil {
		return done, err
	}
	for _, step := range []func(context.Context) error{w.blocks, w.vault, w.content, w.refs, w.files, w.erasures,
		w.finish} {
		if err := step(ctx); err != nil {
			return done, errors.Join(err, w.abandon())
		}
	}
	return StoredBackup{File: opt.File, Bytes: w.bytes, Encrypted: opt.Passphrase != nil, Manifest: w.m}, nil
}

// backupWriter writes a backup beside its place and puts it there at the end.
type backupWriter struct {
	backupSource
	opt    BackupOptions
	m      Manifest
	have   map[rowSum]bool // rows of the vault that this backup or one before it holds
	f      *os.File
	sealed io.Closer // what is encrypted, as the file holds it
	tar    *tar.Writer
	bytes  int64
	of     uint64          // the last block as it was known last
	after  []byte          // where the vault goes on
	erased map[string]bool // what the vault has erased
	blobs  []string        // the blobs that are in this backup
}

// create begins the file under the name FILE.new; of two that want to, one does.
func (w *backupWriter) create() error {
	if _, err := os.Lstat(w.opt.File); err == nil {
		return refusal.New(refusal.Conflict, "backup.exists", refusal.Args{"file": w.opt.File})
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := w.room(partBytes); err != nil {
		return err
	}
	f, err := os.OpenFile(w.opt.File+".new", os.O_CREATE|os.O_WRONLY|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.Join(refusal.New(refusal.Conflict, "backup.busy", nil), f.Close())
	}
	if err := errors.Join(f.Chmod(0o600), f.Truncate(0)); err != nil {
		return errors.Join(err, f.Close())
	}
	w.f = f
	in, err := w.opt.Passphrase.encrypting(f)
	if err != nil {
		return errors.Join(err, w.abandon())
	}
	w.sealed, w.tar = in, tar.NewWriter(in)
	return nil
}

// RemoveUnfinished removes a file that a backup began and a kill ended, unless somebody writes it still.
func RemoveUnfinished(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return unlessMissing(err)
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return f.Close()
	}
	return errors.Join(removeIfThere(path), f.Close())
}

// room refuses to write n bytes more where the disk would have less left than it must.
func (w *backupWriter) room(n int64) error {
	dir := filepath.Dir(w.opt.File)
	free, err := freeBytes(dir)
	if err == nil && free-n < w.opt.KeepFree {
		err = refusal.New(refusal.NotReady, "backup.no_room",
			refusal.Args{"folder": dir, "free": free >> 20, "limit": w.opt.KeepFree >> 20})
	}
	return err
}

// abandon removes what was written.
func (w *backupWriter) abandon() error {
	return errors.Join(removeIfThere(w.f.Name()), w.f.Close())
}

// part writes one part whole.
func (w *backupWriter) part(ctx context.Context, name, kind string, body []byte) error {
	return w.stream(ctx, name, kind, int64(len(body)), bytes.NewReader(body))
}

// stream writes one part of so many bytes as it is read.
func (w *backupWriter) stream(ctx context.Context, name, kind string, size int64, from io.Reader) error {
	if err := errors.Join(ctx.Err(), w.room(size)); err != nil {
		return err
	}
	if err := w.tar.WriteHeader(w.head(name, size)); err != nil {
		return err
	}
	part, err := partFrom(name, kind, io.TeeReader(from, w.tar))
	if err != nil {
		return err
	}
	w.bytes += part.Length
	// Little by little: one long flush at the end would hold up the commits of the record on the same disk.
	if err := w.f.Sync(); err != nil {
		return err
	}
	w.m.Parts = append(w.m.Parts, part)
	if w.opt.Progress != nil {
		w.opt.Progress(BackupProgress{Block: w.m.Last, Of: max(w.of, w.m.Last), Bytes: w.bytes})
	}
	return nil
}

func (w *backupWriter) head(name string, size int64) *tar.Header {
	return &tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: w.now().Truncate(time.Second), Format: tar.FormatPAX}
}

func (w *backupWriter) entry(name string, body []byte) error {
	if err := w.tar.WriteHeader(w.head(name, int64(len(body)))); err != nil {
		return err
	}
	_, err := w.tar.Write(body)
	return err
}

// fill gathers chunks, each of a transaction of its own, into parts of partBytes.
func (w *backupWriter) fill(ctx context.Context, kind string,
	chunk func(tx *bbolt.Tx, body []byte) ([]byte, bool, error)) error {
	body, n := make([]byte, 0, partBytes+2*chunkBytes), 0
	for end := false; !end; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := w.view(func(tx *bbolt.Tx) (err error) {
			body, end, err = chunk(tx, body)
			return err
		})
		if err != nil {
			return err
		}
		if len(body) >= partBytes || end && len(body) > 0 {
			n++
			if err := w.part(ctx, partName(kind, n), kind, body); err != nil {
				return err
			}
			body = body[:0]
		}
	}
	return nil
}

// blocks writes the blocks from the first that is wanted on, until a transaction sees the end of them.
func (w *backupWriter) blocks(ctx context.Context) error {
	if err := w.holdsBase(); err != nil {
		return err
	}
	return w.fill(ctx, partBlocks, w.blockChunk)
}

// blockChunk appends the next blocks, as many as one transaction may copy, and says whether they are the last.
func (w *backupWriter) blockChunk(tx *bbolt.Tx, body []byte) (_ []byte, end bool, err error) {
	t, err := readTip(tx)
	if err != nil {
		return body, false, err
	}
	w.of = t.number
	begin := len(body)
	for number, raw := range blocksFrom(tx, w.m.Last+1) {
		if len(body)-begin >= chunkBytes {
			return body, false, nil
		}
		if err := w.follows(number, raw); err != nil {
			return body, false, err
		}
		body = appendFrame(body, raw)
	}
	return body, true, w.end(tx, t)
}

// holdsBase refuses to go on from a backup that is of another record.
func (w *backupWriter) holdsBase() error {
	if w.m.Last == 0 {
		return nil
	}
	return w.view(func(tx *bbolt.Tx) error {
		b, _, err := openBlock(ReadBlock(tx, w.m.Last))
		if err != nil || hex.EncodeToString(b.Hash[:]) != w.m.Hash {
			return refusal.New(refusal.Conflict, "backup.other_record", refusal.Args{"file": w.opt.Since, "block": w.m.Last})
		}
		return nil
	})
}

// follows takes a block as the next; one that is damaged or out of order ends the backup, which would be worth nothing.
func (w *backupWriter) follows(number uint64, raw []byte) error {
	b, _, err := openBlock(raw)
	switch {
	case err != nil:
	case b.Number != number || number != w.m.Last+1:
		err = fmt.Errorf("block %d stands where block %d belongs", b.Number, w.m.Last+1)
	case b.Prev != w.m.Hash && (w.m.Last > 0 || b.Prev != hex.EncodeToString(make([]byte, 32))):
		err = errors.New("it names another block before it")
	}
	if err != nil {
		return fmt.Errorf("journal: block %d of the record: %w (run qingkong journal check)", w.m.Last+1, err)
	}
	w.m.Last, w.m.Hash = number, hex.EncodeToString(b.Hash[:])
	return nil
}

// end notes the tree after the last block, in the transaction that saw it to be the last.
func (w *backupWriter) end(tx *bbolt.Tx, t tip) error {
	switch {
	case t.number == 0:
		return refusal.New(refusal.NotFound, "backup.empty", refusal.Args{"data": w.dir})
	case t.number != w.m.Last:
		return fmt.Errorf("journal: the record ends at block %d and its state stands at block %d (run qingkong journal check)", w.m.Last, t.number)
	}
	tree, err := ledger.Load(tx)
	if err != nil {
		return err
	}
	w.m.Entries, w.m.Root = tree.Size(), tree.Root().String()
	w.m.At = w.now().In(shanghai).Format(timeForm)
	return nil
}

// vault writes the rows of the vault that no backup before this one holds. An erased one is its reference alone.
func (w *backupWriter) vault(ctx context.Context) error {
	return w.fill(ctx, partVault, w.vaultChunk)
}

// vaultChunk appends the next rows of the vault, as many as one transaction may look at.
func (w *backupWriter) vaultChunk(tx *bbolt.Tx, body []byte) (_ []byte, end bool, err error) {
	c := tx.Bucket(vaultBucket).Cursor()
	k, row := c.Seek(w.after)
	for begin, n := len(body), 0; k != nil && n < chunkRows && len(body)-begin < chunkBytes; n++ {
		if isTombstone(row) {
			w.erased[string(k)] = true
		}
		if sum := sumOf(k, row); !w.have[sum] {
			w.have[sum] = true
			body = appendFrame(appendFrame(body, k), row)
		}
		w.after = append(append(w.after[:0], k...), 0)
		k, row = c.Next()
	}
	return body, k == nil, nil
}

// content writes the blobs that the record names and that no backup before this one holds. A blob that cannot be read
// is counted and left out: a backup of the rest is worth more than none, and the watchman says what is wrong.
func (w *backupWriter) content(ctx context.Context) error {
	return eachKey(ctx, w.view, blobsBucket, nil, isBlob, func(name string) error {
		if w.have[blobSum(name)] {
			return nil
		}
		f, err := w.backupSource.blobs.Open(ctx, name)
		if blobs.Bad(err) {
			w.m.Lacks++
			return nil
		}
		if err != nil {
			return err
		}
		erased, err := erasedIn(w.view, name) // while it was read through
		if err == nil && !erased {
			err = w.stream(ctx, partBlob+"/"+hashOf64(name), partBlob, f.Size(), f)
			w.have[blobSum(name)], w.blobs = true, append(w.blobs, name)
		}
		return errors.Join(err, f.Close())
	})
}

// refs writes which rows of the vault this backup and those before it hold, for the one that goes on from it.
func (w *backupWriter) refs(ctx context.Context) error {
	body, n := make([]byte, 0, partBytes), 0
	flush := func() error {
		n++
		err := w.part(ctx, partName(partRefs, n), partRefs, body)
		body = body[:0]
		return err
	}
	for sum := range w.have {
		if body = append(body, sum[:]...); len(body) >= partBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if len(body) == 0 {
		return nil
	}
	return flush()
}

// files writes what stands beside the record. A file that goes while it is looked at is left out.
func (w *backupWriter) files(ctx context.Context) error {
	for _, name := range w.opt.Beside {
		err := filepath.WalkDir(filepath.Join(w.dir, name), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return unlessMissing(err)
			}
			body, err := os.ReadFile(path) // #nosec G122 -- the folder is of the user who runs the program
			if err != nil {
				return unlessMissing(err)
			}
			rel, err := filepath.Rel(w.dir, path)
			if err != nil {
				return err
			}
			return w.part(ctx, "files/"+filepath.ToSlash(rel), partFile, body)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// erasures writes the list of what was erased: what the folder's own holds and what the vault has erased.
func (w *backupWriter) erasures(ctx context.Context) error {
	listed, err := readErased(filepath.Join(w.dir, ErasedFile))
	if err != nil {
		return err
	}
	maps.Copy(w.erased, listed)
	err = w.view(func(tx *bbolt.Tx) error { // one that was erased since it was written here is not brought back
		for _, name := range w.blobs {
			if isErased(tx, name) {
				w.erased[ContentRef(name)] = true
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(w.erased) == 0 {
		return nil
	}
	return w.part(ctx, "files/"+ErasedFile, partFile, erasedText(w.erased))
}

// finish writes the manifest and puts the file in its place, where it is whole after a power cut too.
func (w *backupWriter) finish(ctx context.Context) error {
	text, err := json.MarshalIndent(w.m, "", " ")
	if err != nil {
		return err
	}
	if err := errors.Join(ctx.Err(), w.room(int64(len(text)))); err != nil {
		return err
	}
	if err := w.entry(manifestName, text); err != nil {
		return err
	}
	if err := w.entry(manifestSum, []byte(sha256Hex(text))); err != nil {
		return err
	}
	if err := errors.Join(w.tar.Close(), w.sealed.Close(), w.f.Sync()); err != nil {
		return err
	}
	if w.bytes, err = w.f.Seek(0, io.SeekCurrent); err != nil {
		return err
	}
	if err := w.place(); err != nil {
		return err
	}
	return errors.Join(syncDir(filepath.Dir(w.opt.File)), w.f.Close())
}

// place gives the file its name and takes that of no other: a link fails where there is one, and some disks know no
// links.
func (w *backupWriter) place() error {
	next := w.f.Name()
	err := os.Link(next, w.opt.File)
	if errors.Is(err, fs.ErrExist) {
		return refusal.New(refusal.Conflict, "backup.exists", refusal.Args{"file": w.opt.File})
	}
	if err == nil {
		return os.Remove(next)
	}
	if _, err := os.Lstat(w.opt.File); err == nil {
		return refusal.New(refusal.Conflict, "backup.exists", refusal.Args{"file": w.opt.File})
	}
	return os.Rename(next, w.opt.File)
}
