package journal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"
)

// Content is what does not fit a block, or need not stand in one: a workbook, a plan, a photo. It is stored under
// its hash before an event names it, in pieces, beside the vault: replicated the same way, and erasable.

const (
	contentPrefix = "sha256:"
	pieceBytes    = 512 << 10
)

// ErrNoContent says that the hash names nothing that is here, or that it was erased.
var ErrNoContent = errors.New("journal: no such content")

// PutContent stores content and returns its name, "sha256:" and 64 hexadecimal digits. The same again is no error.
func (j *Journal) PutContent(ctx context.Context, data []byte) (string, error) {
	sum := sha256.Sum256(data)
	hash := hex.EncodeToString(sum[:])
	pieces := (len(data) + pieceBytes - 1) / pieceBytes
	for n := range pieces {
		piece := data[n*pieceBytes : min((n+1)*pieceBytes, len(data))]
		if err := j.StoreVault(ctx, SealAs(pieceRef(hash, n), piece)); err != nil {
			return "", err
		}
	}
	// The number of pieces is stored last: until it is there, nothing is.
	err := j.StoreVault(ctx, SealAs(pieceRef(hash, -1), []byte(strconv.Itoa(pieces))))
	return contentPrefix + hash, err
}

// SealAs is Seal under a reference that follows from what the entry is, for content that is public by its hash.
func SealAs(ref string, content []byte) VaultEntry {
	return VaultEntry{Ref: ref, sealed: append(make([]byte, saltLen, saltLen+len(content)), content...)}
}

func pieceRef(hash string, n int) string {
	if n < 0 {
		return "content-" + hash
	}
	return fmt.Sprintf("content-%s-%06d", hash, n)
}

// ContentRef is the entry of the vault that stands for content as long as it is there.
func ContentRef(name string) string { return pieceRef(strings.TrimPrefix(name, contentPrefix), -1) }

// ReadContent returns content by its name, checked against it, or ErrNoContent.
func ReadContent(tx *bbolt.Tx, name string) ([]byte, error) {
	hash, ok := strings.CutPrefix(name, contentPrefix)
	count := ReadVault(tx, pieceRef(hash, -1))
	if !ok || count == nil {
		return nil, ErrNoContent
	}
	pieces, err := strconv.Atoi(string(count))
	if err != nil {
		return nil, fmt.Errorf("journal: content %s: %w", name, err)
	}
	var data []byte
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
