package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/blobs"
)

// RestoreOptions say what is brought back and to where.
type RestoreOptions struct {
	Files    []string // a full backup, and those that go on from it, in order
	Dir      string   // must not exist or be empty
	Registry *Registry
	// a newer list of what was erased than the backup's own, see [ErasedFile]; empty for none
	Erased   string
	Progress func(block, of uint64)          // may be nil
	Check    func(ctx context.Context) error // what must hold before anything is written; may be nil

	Passphrase *Passphrase // opens the files that are encrypted; nil opens none
}

// RestoredFile stands below a folder whose record was made to end early, by a restore or a rebuild: ids beyond its end
// may exist outside and not here. The watchman says so until somebody has settled that and takes the file away.
const RestoredFile = "restored"

// Restoration is what a folder holds that was restored; the content of [RestoredFile].
type Restoration struct {
	Block    uint64   `json:"block"` // the last
	Hash     string   `json:"hash"`  // of that block, hex
	BackedAt string   `json:"backed_up_at"`
	At       string   `json:"restored_at"`
	Node     string   `json:"node"` // whose record it was
	Files    []string `json:"files"`
	Entries  int64    `json:"entries"` // leaves of the tree
	Root     string   `json:"root"`
	Vault    int      `json:"vault"`              // entries that can be read
	Erased   int      `json:"erased"`             // and that were erased
	Damaged  int      `json:"damaged"`            // and that did not have their hash when they were backed up
	Blobs    int      `json:"blobs"`              // that the record names and that are there
	NoBlobs  int      `json:"no_blobs,omitempty"` // that the record names, and no backup holds
	// ErasedNow is what a list names that was given, and the blocks do not know to be erased: see [RestoredMark].
	ErasedNow []string `json:"erased_now,omitempty"`
}

// Restore makes a folder from backups: it proves every part by its hash, then replays the blocks as a start would,
// which proves each by its hash, its tree and the state it leaves. A backup that cannot be proved is refused, and Dir
// is left as it was.
//
// The record's file gets its name last, so that a folder that was not finished holds no record. The height carries the
// mark that the stream is short from block 1: the first start makes it.
func Restore(ctx context.Context, opt RestoreOptions) (done Restoration, err error) {
	made, err := emptyFolder(opt.Dir)
	if err != nil {
		return done, err
	}
	chain, err := verifyChain(ctx, opt.Files, opt.Passphrase)
	if err != nil {
		return done, err
	}
	if opt.Check != nil {
		if err := opt.Check(ctx); err != nil {
			return done, err
		}
	}
	if err := os.MkdirAll(opt.Dir, 0o700); err != nil {
		return done, err
	}
	r := &restorer{RestoreOptions: opt, chain: chain, last: chain[len(chain)-1], erased: map[string]bool{},
		blobs: blobs.New(filepath.Join(opt.Dir, BlobsFolder), nil, false)}
	if err := r.restore(ctx); err != nil {
		return done, errors.Join(err, clearFolder(opt.Dir, made))
	}
	return r.done, nil
}

// emptyFolder refuses a folder that holds anything; made says that it is not there yet.
func emptyFolder(dir string) (made bool, err error) {
	there, err := inFolder(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err == nil && len(there) > 0 {
		err = refusal.New(refusal.Conflict, "backup.not_empty", refusal.Args{"data": dir})
	}
	return false, err
}

// clearFolder leaves the folder as it was before: empty, or not there.
func clearFolder(dir string, made bool) error {
	if made {
		return os.RemoveAll(dir)
	}
	there, err := inFolder(dir)
	for _, e := range there {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

// inFolder lists what a folder holds but for what every disk has.
func inFolder(dir string) ([]fs.DirEntry, error) {
	there, err := os.ReadDir(dir)
	return slices.DeleteFunc(there, func(e fs.DirEntry) bool { return e.Name() == "lost+found" }), err
}

// verifyChain proves every file, and that each goes on from the one before.
func verifyChain(ctx context.Context, files []string, pass *Passphrase) (chain []*Manifest, err error) {
	last, hash := uint64(0), ""
	for _, path := range files {
		m, err := VerifyBackup(ctx, path, pass)
		if err != nil {
			return nil, err
		}
		if m.First != last+1 || m.Before != hash {
			return nil, refusal.New(refusal.Invalid, "backup.chain", refusal.Args{"file": path, "first": m.First, "last": last})
		}
		last, hash, chain = m.Last, m.Hash, append(chain, m)
	}
	if len(chain) == 0 {
		return nil, errors.New("journal: no backup was named")
	}
	return chain, nil
}

// restorer fills a folder. The files beside the record come from the last backup.
type restorer struct {
	RestoreOptions
	chain  []*Manifest
	last   *Manifest
	db     *bbolt.DB
	blobs  *blobs.Store
	erased map[string]bool
	done   Restoration
}

func (r *restorer) restore(ctx context.Context) error {
	path := filepath.Join(r.Dir, File)
	db, err := openDB(path+".restoring", r.Registry)
	if err != nil {
		return err
	}
	r.db, db.NoSync = db, true
	err = r.fill(ctx)
	if err == nil {
		err = db.Sync()
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	hash, err := hex.DecodeString(r.last.Hash)
	if err != nil || len(hash) != sha256.Size {
		return errors.Join(errors.New("journal: the backup states no hash of its last block"), err)
	}
	last := tip{number: r.last.Last, hash: [32]byte(hash)}
	if err := errors.Join(writeHeight(r.Dir, last, 1), r.mark()); err != nil {
		return err
	}
	if err := os.Rename(path+".restoring", path); err != nil {
		return err
	}
	return errors.Join(syncDir(r.Dir), syncDir(filepath.Dir(filepath.Clean(r.Dir))))
}

// mark leaves word for the next start that this record was restored.
func (r *restorer) mark() error {
	d := &r.done
	d.Block, d.Hash, d.BackedAt, d.Node, d.Entries, d.Root = r.last.Last, r.last.Hash, r.last.At, r.last.Node,
		r.last.Entries, r.last.Root
	d.At = time.Now().In(shanghai).Format(timeForm)
	for _, path := range r.Files {
		d.Files = append(d.Files, filepath.Base(path))
	}
	return writeRestored(r.Dir, d)
}

// writeRestored writes the mark of a record that was made to end early, a [Restoration] or a [RestoredMark].
func writeRestored(dir string, mark any) error {
	text, err := json.Marshal(mark)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, RestoredFile), append(text, '\n'), true)
}

// fill puts in what the backups hold, in their order, and proves where the record ends.
func (r *restorer) fill(ctx context.Context) error {
	for i, path := range r.Files {
		parts := map[string]BackupPart{}
		for _, p := range r.chain[i].Parts {
			parts[p.Name] = p
		}
		err := eachPart(ctx, path, r.Passphrase, false, func(name string, from io.Reader) error {
			want, ok := parts[name]
			if !ok {
				return nil // the manifest
			}
			if want.Kind == partBlob {
				return r.blob(ctx, path, want, from)
			}
			body, err := io.ReadAll(from)
			if err != nil {
				return err
			}
			if sha256Hex(body) != want.SHA256 {
				return damagedBackup(path, name, errors.New("it has changed while it was read"))
			}
			return r.part(ctx, path, want, body, r.chain[i] == r.last)
		})
		if err != nil {
			return err
		}
	}
	if err := r.proveEnd(); err != nil {
		return err
	}
	if err := r.erase(); err != nil {
		return err
	}
	return r.countBlobs(ctx)
}

// blob puts one blob in.
func (r *restorer) blob(ctx context.Context, path string, p BackupPart, body io.Reader) error {
	name, _, err := r.blobs.Put(ctx, body, p.Length)
	if err == nil && (name != contentPrefix+p.SHA256 || p.Name != partBlob+"/"+p.SHA256) {
		err = damagedBackup(path, p.Name, errors.New("it does not have the hash that is its name"))
	}
	return err
}

// countBlobs removes the blobs that are erased by now, and counts those that are there, and those that the record names
// in vain.
func (r *restorer) countBlobs(ctx context.Context) error {
	err := r.blobs.Names(func(name string, _ time.Time) error {
		erased, err := erasedIn(r.db.View, name)
		if err != nil || !erased {
			return err
		}
		return r.blobs.Remove(ctx, name)
	})
	if err != nil {
		return err
	}
	return eachKey(ctx, r.db.View, blobsBucket, nil, isBlob, func(name string) error {
		if r.blobs.Has(name) {
			r.done.Blobs++
		} else {
			r.done.NoBlobs++
		}
		return nil
	})
}

func (r *restorer) part(ctx context.Context, path string, p BackupPart, body []byte, newest bool) (err error) {
	switch p.Kind {
	case partBlocks:
		err = r.blocks(ctx, body)
	case partVault:
		err = r.vault(body)
	case partFile:
		if newest {
			err = r.file(p.Name, body)
		}
	}
	if err != nil && refusal.CodeOf(err) == "" {
		return damagedBackup(path, p.Name, err)
	}
	return err
}

// blocks replays the blocks of one part.
func (r *restorer) blocks(ctx context.Context, body []byte) error {
	progress := func(block uint64) {
		if r.Progress != nil {
			r.Progress(block, r.last.Last)
		}
	}
	return r.Registry.applyAll(ctx, r.db, progress, func(yield func(*Block, error) bool) {
		for len(body) > 0 {
			raw, rest, err := cutFrame(body)
			var b *Block
			if err == nil {
				b, err = ParseBlock(raw)
			}
			if body = rest; !yield(b, err) {
				return
			}
		}
	})
}

// vault puts in the rows of one part. An entry that a block has erased stays erased.
func (r *restorer) vault(body []byte) error {
	return r.db.Update(func(tx *bbolt.Tx) error {
		for len(body) > 0 {
			ref, rest, err := cutFrame(body)
			if err != nil {
				return err
			}
			row, rest, err := cutFrame(rest)
			if err != nil {
				return err
			}
			if len(row) > 1 && isReference(string(ref)) && entryWrong(string(ref), row) != "" {
				r.done.Damaged++
			}
			if err := vaultRows.put(tx, string(ref), bytes.Clone(row)); err != nil {
				return err
			}
			body = rest
		}
		return nil
	})
}

// file writes one of the files beside the record.
func (r *restorer) file(name string, body []byte) error {
	rel, ok := strings.CutPrefix(name, "files/")
	if !ok || !filepath.IsLocal(rel) {
		return errors.New("its name leaves the folder")
	}
	if rel == ErasedFile {
		addErased(r.erased, body)
		return nil
	}
	path := filepath.Join(r.Dir, filepath.FromSlash(rel))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return replaceFile(path, body, true)
}

// proveEnd holds the record that the blocks made against what the last backup states of it.
func (r *restorer) proveEnd() error {
	return r.db.View(func(tx *bbolt.Tx) error {
		t, tree, err := readEnd(tx)
		if err != nil {
			return err
		}
		if t.number != r.last.Last || hex.EncodeToString(t.hash[:]) != r.last.Hash || tree.Size() != r.last.Entries ||
			tree.Root().String() != r.last.Root {
			return damagedBackup(r.Files[len(r.Files)-1], manifestName,
				fmt.Errorf("its blocks end at %d with %d entries and root %s; it states %d, %d and %s",
					t.number, tree.Size(), tree.Root(), r.last.Last, r.last.Entries, r.last.Root))
		}
		return nil
	})
}

// erase erases what the lists name that were given, counts the vault, and leaves the union of the lists and of what the
// record has erased.
func (r *restorer) erase() error {
	if r.Erased != "" {
		text, err := os.ReadFile(r.Erased)
		if err != nil {
			return fmt.Errorf("the list of erasures: %w", err)
		}
		addErased(r.erased, text)
	}
	err := r.db.Update(func(tx *bbolt.Tx) error {
		for _, ref := range slices.Sorted(maps.Keys(r.erased)) {
			if !isTombstone(tx.Bucket(vaultBucket).Get([]byte(ref))) {
				r.done.ErasedNow = append(r.done.ErasedNow, ref)
			}
			if err := eraseEntry(tx, ref); err != nil {
				return err
			}
		}
		return tx.Bucket(vaultBucket).ForEach(func(ref, row []byte) error {
			if isHere(row) {
				r.done.Vault++
				return nil
			}
			r.done.Erased++
			r.erased[string(ref)] = true
			return nil
		})
	})
	if err != nil || len(r.erased) == 0 {
		return err
	}
	return writeErased(filepath.Join(r.Dir, ErasedFile), r.erased)
}

// erasedText is a list of what was erased, in order.
func erasedText(refs map[string]bool) []byte {
	return []byte(strings.Join(slices.Sorted(maps.Keys(refs)), "\n") + "\n")
}

// StreamHolds is how many blocks a server's stream holds; it makes none.
func StreamHolds(ctx context.Context, js jetstream.JetStream) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, appendLimit)
	defer cancel()
	s, err := js.Stream(ctx, Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return s.CachedInfo().State.LastSeq, nil
}
