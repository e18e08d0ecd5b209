package journal

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/ledger"
)

var (
	metaBucket   = []byte("journal.meta")   // "last": number, hash, time (ms), of the last applied block; "layout"
	blocksBucket = []byte("journal.blocks") // the blocks, see blocks.go
	lastKey      = []byte("last")
)

// Buckets lists every bucket of the record's file: the journaled ones, and the vault's.
func Buckets(reg *Registry) []string { return append(reg.journaled(), vaultBuckets...) }

func openDB(path string, reg *Registry) (*bbolt.DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if exists(path) {
		if err := checkPages(path); err != nil {
			return nil, err
		}
	}
	var db *bbolt.DB
	err := guarded(path, func() (err error) {
		db, err = bbolt.Open(path, 0o600, &bbolt.Options{
			Timeout: 2 * time.Second, InitialMmapSize: initialMmap, FreelistType: bbolt.FreelistMapType, NoFreelistSync: true,
		})
		return err
	})
	if err != nil {
		return nil, whyNotOpened(path, err)
	}
	err = guarded(path, func() error { return prepare(db, path, reg) })
	if err != nil {
		return nil, errors.Join(orDamaged(path, err), guarded(path, db.Close))
	}
	return db, nil
}

// prepare makes the buckets that are missing, and numbers the layout of a state that is new.
func prepare(db *bbolt.DB, path string, reg *Registry) error {
	return db.Update(func(tx *bbolt.Tx) error {
		have, err := readLayout(tx)
		if err == nil {
			err = refuseNewer(path, have)
		}
		if err != nil {
			return err
		}
		for _, name := range Buckets(reg) {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		if have == layout {
			return writeLayout(tx)
		}
		return nil
	})
}

// tip is the end of the record as bbolt holds it.
type tip struct {
	number uint64
	hash   [32]byte
	at     time.Time
}

func readTip(tx *bbolt.Tx) (tip, error) {
	row := tx.Bucket(metaBucket).Get(lastKey)
	if row == nil {
		return tip{}, nil
	}
	if len(row) != 48 {
		return tip{}, errors.New("journal: the row of the last block is damaged")
	}
	return tip{number: binary.BigEndian.Uint64(row), hash: [32]byte(row[8:40]),
		at: time.UnixMilli(int64(binary.BigEndian.Uint64(row[40:])))}, nil
}

func writeTip(tx *bbolt.Tx, t tip) error {
	row := binary.BigEndian.AppendUint64(nil, t.number)
	row = append(row, t.hash[:]...)
	row = binary.BigEndian.AppendUint64(row, uint64(t.at.UnixMilli()))
	return tx.Bucket(metaBucket).Put(lastKey, row)
}

// readEnd is the end of the record and the tree over all of it.
func readEnd(tx *bbolt.Tx) (last tip, tree *ledger.Tree, err error) {
	if last, err = readTip(tx); err == nil {
		tree, err = ledger.Load(tx)
	}
	return last, tree, err
}

// StateHash is one hash over all journaled buckets but the blocks they come from: two records with the same
// blocks have the same.
func StateHash(tx *bbolt.Tx, reg *Registry) (string, error) {
	names := reg.journaled()
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		if name == string(blocksBucket) {
			continue
		}
		hashPart(h, []byte(name))
		b := tx.Bucket([]byte(name))
		if b == nil {
			return "", fmt.Errorf("journal: bucket %s is missing", name)
		}
		err := b.ForEach(func(k, v []byte) error { hashPart(h, k); hashPart(h, v); return nil })
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashPart(h hash.Hash, b []byte) {
	_, _ = h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b)))) // a hash never fails to write
	_, _ = h.Write(b)
}

// hashOf hashes parts so that their bounds count.
func hashOf(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		hashPart(h, p)
	}
	return h.Sum(nil)
}

// applyBlock applies a whole block that was decided elsewhere or earlier. It checks that the block stands on
// what is here.
func (r *Registry) applyBlock(tx *bbolt.Tx, b *Block) error {
	last, tree, err := readEnd(tx)
	if err != nil {
		return err
	}
	if err := b.follows(last.number, last.hash, tree.Size(), tree.Root()); err != nil {
		return err
	}
	fx := newEffects(tx, b.Clock.In(shanghai))
	for i := range b.Parts {
		p := &b.Parts[i]
		if err := r.applyKey(tx, b.Time, p.Command); err != nil {
			return err
		}
		for k := range p.Entries {
			e := &p.Entries[k]
			ev, err := r.Decode(e.Kind, e.Data)
			if err != nil {
				return &unreadableEntry{b.Number, e.Index, err}
			}
			if err := r.apply(tx, fx, e.At, e.Actor, e.Pos, ev); err != nil {
				return fmt.Errorf("block %d, entry %d: %w", b.Number, e.Index, err)
			}
			tree.Append(e.Leaf)
		}
	}
	return r.endBlock(tx, fx, tree, tip{number: b.Number, hash: b.Hash, at: b.Time}, b.Raw)
}

// endBlock stores a block whose events are applied, and what these leave together. The transaction is of no use after an
// error.
func (r *Registry) endBlock(tx *bbolt.Tx, fx *effects, tree *ledger.Tree, t tip, raw []byte) error {
	return cmp.Or(fx.save(tx), tree.Save(), putBlock(tx, t.number, raw), r.noteNamed(tx, t.number, raw),
		pruneKeys(tx, t.at), writeTip(tx, t))
}

// nodeFile holds a node's own name.
const nodeFile = "node-id"

// nodeName is a random name kept in the data directory.
func nodeName(dir string) (string, error) {
	path := filepath.Join(dir, nodeFile)
	text, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	name := "n" + strings.ToLower(rand.Text()[:8])
	return name, os.WriteFile(path, []byte(name+"\n"), 0o600)
}
