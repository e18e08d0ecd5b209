package journal

import (
	"context"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"
)

// EraseContent erases stored content by its name, "sha256:…", and records that and why. What names it keeps its hash.
// Erasing what is not there does nothing.
func (j *Journal) EraseContent(ctx context.Context, actor, name, reason string) error {
	hash := strings.TrimPrefix(name, contentPrefix)
	var refs []string
	err := j.View(func(tx *bbolt.Tx) error {
		count := ReadVault(tx, pieceRef(hash, -1))
		pieces, err := strconv.Atoi(string(count))
		if count == nil || err != nil {
			return nil
		}
		for n := range pieces {
			refs = append(refs, pieceRef(hash, n))
		}
		// Last: a run that was cut off finds it there and goes on.
		refs = append(refs, pieceRef(hash, -1))
		return nil
	})
	if err != nil {
		return err
	}
	for _, ref := range refs {
		if err := j.Erase(ctx, actor, ref, reason); err != nil {
			return err
		}
	}
	return nil
}

// Contents are the names of all content that is stored and not erased.
func Contents(tx *bbolt.Tx) (names []string) {
	prefix := pieceRef("", -1)
	c := tx.Bucket(vaultBucket).Cursor()
	for k, row := c.Seek([]byte(prefix)); strings.HasPrefix(string(k), prefix); k, row = c.Next() {
		hash := strings.TrimPrefix(string(k), prefix)
		if len(hash) == 64 && len(row) > 0 && row[0] == 1 {
			names = append(names, contentPrefix+hash)
		}
	}
	return names
}

// InVault reports whether the vault ever had an entry, and still remembers it where it was erased.
func InVault(tx *bbolt.Tx, ref string) bool { return tx.Bucket(vaultBucket).Get([]byte(ref)) != nil }
