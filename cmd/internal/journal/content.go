package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/blobs"
)

// Content is what does not fit a block, or need not stand in one: a workbook, a plan, a photo. It is stored under its
// hash before an event names it, as a blob beside the record, see package blobs. An event that names blobs says so by a
// method Blobs() []string; which are named is journaled state.
//
// Content is vault data: erasing it leaves the tombstone of its entry in the vault, which the record and the list of
// what was erased know, and then removes the files on every node. Earlier programs kept it in the vault itself, in
// pieces: those are still read, and erased the same way.

// BlobsFolder holds the blobs, below the data folder.
const BlobsFolder = "blobs"

const contentPrefix = "sha256:"

// blobsBucket holds the names of the blobs that events name -> the number of the first block that does (8).
var blobsBucket = []byte("journal.blobs")

// ErrNoContent says that the hash names nothing that is here, or that it was erased.
var ErrNoContent = errors.New("journal: no such content")

// ErrDamagedContent says that content does not have the hash that is its name any more.
var ErrDamagedContent = blobs.ErrDamaged

// Content is content that is open, and has the hash that is its name.
type Content interface {
	io.ReadSeekCloser
	io.ReaderAt
	Size() int64 // in bytes
}

// PutContent stores what r gives, at most limit bytes, and returns its name, "sha256:" and 64 hexadecimal digits, and
// its length in bytes, once it would outlive this node's power as well as a block does. The same again is no error.
// Content that was erased is not stored again. PutContent is refused like a command: not_ready where nothing is written
// or the disk is full, too_large.
func (j *Journal) PutContent(ctx context.Context, r io.Reader, limit int64) (name string, size int64, err error) {
	if j.Halted() != nil {
		return "", 0, refusal.New(refusal.NotReady, "journal.stopped", nil)
	}
	if j.opt.Full != nil {
		if err := j.opt.Full(); err != nil {
			return "", 0, err
		}
	}
	if name, size, err = j.blobs.Put(ctx, r, limit); err != nil {
		return "", 0, err
	}
	erased, err := erasedIn(j.View, name) // asked now: an erasure from here on finds the file
	if err == nil && erased {
		err = j.blobs.Remove(ctx, name)
	}
	return name, size, err
}

// OpenContent opens content by its name, or gives ErrNoContent. All of it has its hash by then.
func (j *Journal) OpenContent(ctx context.Context, name string) (Content, error) {
	erased, err := erasedIn(j.View, name)
	if err != nil || erased || !blobs.Valid(name) {
		return nil, errors.Join(err, ErrNoContent)
	}
	f, err := j.blobs.Open(ctx, name)
	if err == nil {
		return f, nil
	}
	if !blobs.Bad(err) {
		return nil, err
	}
	var old []byte
	inVault := j.View(func(tx *bbolt.Tx) (err error) { old, err = readPieces(tx, name); return err })
	switch {
	case inVault == nil:
		return &oldContent{bytes.NewReader(old)}, nil
	case !errors.Is(inVault, ErrNoContent):
		return nil, inVault
	}
	j.blobWatch.suspect(name)
	if errors.Is(err, blobs.ErrMissing) {
		return nil, ErrNoContent
	}
	return nil, err
}

// ReadContent is OpenContent for content that is worked on as a whole.
func (j *Journal) ReadContent(ctx context.Context, name string) ([]byte, error) {
	c, err := j.OpenContent(ctx, name)
	if err != nil {
		return nil, err
	}
	data := make([]byte, c.Size())
	_, err = io.ReadFull(c, data)
	return data, errors.Join(err, c.Close())
}

// Contents are the names of all content that is stored and not erased, here and on the other nodes.
func (j *Journal) Contents(ctx context.Context) ([]string, error) {
	files, err := j.blobs.All(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	err = j.View(func(tx *bbolt.Tx) error {
		for _, name := range files {
			if !isErased(tx, name) {
				names[name] = true
			}
		}
		c := tx.Bucket(vaultBucket).Cursor()
		for k, row := c.Seek([]byte(contentRef)); bytes.HasPrefix(k, []byte(contentRef)); k, row = c.Next() {
			if name, is := contentOf(k); is && isHere(row) {
				names[name] = true
			}
		}
		return nil
	})
	return slices.Sorted(maps.Keys(names)), err
}

// EraseContent erases stored content by its name, "sha256:…", and records that and why; its file on this node is gone
// when EraseContent returns, and other nodes remove theirs when they hear of it. Events that name it keep its hash.
// Erasing content that is not there and that nobody names does nothing.
func (j *Journal) EraseContent(ctx context.Context, actor, name, reason string) error {
	var refs []string
	there := j.blobs.Has(name)
	err := j.View(func(tx *bbolt.Tx) error {
		pieces, _ := piecesOf(tx, name) // a count that is damaged has its entry erased alone
		for n := range pieces {
			refs = append(refs, pieceRef(hashOf64(name), n))
		}
		there = there || len(refs) > 0 || ReadVault(tx, ContentRef(name)) != nil ||
			tx.Bucket(blobsBucket).Get([]byte(name)) != nil
		return nil
	})
	if err != nil || !blobs.Valid(name) || !there {
		return err
	}
	// that one last: a run that was cut off finds it there and goes on
	for _, ref := range append(refs, ContentRef(name)) {
		if err := j.Erase(ctx, actor, ref, reason); err != nil {
			return err
		}
	}
	err = j.blobs.Remove(ctx, name)
	switch {
	case err == nil:
		return nil
	case j.blobs.Has(name):
		return fmt.Errorf("journal: that content is erased is recorded, and its file is still there (it is removed when the disk is well): %w", err)
	}
	j.opt.Log.Warn("an erased blob could not be removed from the object store yet; that is tried again", "blob", name,
		"err", err)
	poke(j.blobWatch.look)
	return nil
}

// isErased says whether content was erased.
func isErased(tx *bbolt.Tx, name string) bool {
	return isTombstone(tx.Bucket(vaultBucket).Get([]byte(ContentRef(name))))
}

// erasedIn is isErased in a transaction of its own.
func erasedIn(view viewFunc, name string) (erased bool, err error) {
	row, err := rowIn(view, vaultBucket, ContentRef(name))
	return isTombstone(row), err
}

// noteBlobs notes which blobs an event names.
func noteBlobs(tx *bbolt.Tx, pos Pos, ev Event) error {
	names, ok := ev.(interface{ Blobs() []string })
	if !ok {
		return nil
	}
	b := tx.Bucket(blobsBucket)
	for _, name := range names.Blobs() {
		if !blobs.Valid(name) || b.Get([]byte(name)) != nil {
			continue
		}
		if err := b.Put([]byte(name), binary.BigEndian.AppendUint64(nil, pos.Block)); err != nil {
			return err
		}
	}
	return nil
}

// ContentRef is the entry of the vault whose tombstone says that content was erased.
func ContentRef(name string) string { return contentRef + hashOf64(name) }

func hashOf64(name string) string { return strings.TrimPrefix(name, contentPrefix) }

// contentOf is the name of the content that an entry of the vault stands for.
func contentOf(ref []byte) (name string, is bool) {
	hash, is := strings.CutPrefix(string(ref), contentRef)
	name = contentPrefix + hash
	return name, is && blobs.Valid(name)
}

// contentRef begins the entries of content: with the hash behind it the one that says how many pieces are kept in the
// vault, or that the content was erased.
const contentRef = "content-"

// pieceRef is the entry of a piece of content that is kept in the vault.
func pieceRef(hash string, n int) string { return fmt.Sprintf("%s%s-%06d", contentRef, hash, n) }

// piecesOf is how many pieces content has that is kept in the vault, ErrNoContent where none is.
func piecesOf(tx *bbolt.Tx, name string) (n int, err error) {
	count := ReadVault(tx, ContentRef(name))
	if count == nil {
		return 0, ErrNoContent
	}
	pieces, err := strconv.ParseUint(string(count), 10, 31)
	if err != nil {
		return 0, fmt.Errorf("journal: content %s: %w", name, err)
	}
	return int(pieces), nil
}

// readPieces reads content that is kept in the vault.
func readPieces(tx *bbolt.Tx, name string) ([]byte, error) {
	pieces, err := piecesOf(tx, name)
	if err != nil {
		return nil, err
	}
	var data []byte
	hash := hashOf64(name)
	for n := range pieces {
		piece := ReadVault(tx, pieceRef(hash, n))
		if piece == nil {
			return nil, ErrNoContent
		}
		data = append(data, piece...)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != hash {
		return nil, fmt.Errorf("journal: content %s does not have its hash", name)
	}
	return data, nil
}

// oldContent is content that is kept in the vault, as one that is open.
type oldContent struct{ *bytes.Reader }

func (oldContent) Close() error { return nil }
