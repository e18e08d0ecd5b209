package journal

import (
	"bytes"
	"encoding/binary"
	"iter"

	"go.etcd.io/bbolt"
)

// namedBucket holds an id, a zero byte and the number of a block (8): that block names the id. So what the record holds
// of a warning or a list is read from its own blocks, and not from all of them.
var namedBucket = []byte("journal.named")

// NameBlocks has the record note under which ids each block is found: those that ids gives of it, each once. It must
// depend on the block alone.
func (r *Registry) NameBlocks(ids func(raw []byte) []string) { r.ids = ids }

func namedKey(id string, number uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(id), 0), number)
}

// noteNamed notes the ids of a block.
func (r *Registry) noteNamed(tx *bbolt.Tx, number uint64, raw []byte) error {
	if r.ids == nil {
		return nil
	}
	b := tx.Bucket(namedBucket)
	for _, id := range r.ids(raw) {
		if err := b.Put(namedKey(id, number), nil); err != nil {
			return err
		}
	}
	return nil
}

// BlocksNaming are the numbers of the blocks that name an id, in their order; see [Registry.NameBlocks].
func BlocksNaming(tx *bbolt.Tx, id string) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		prefix := append([]byte(id), 0)
		c := tx.Bucket(namedBucket).Cursor()
		for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix) && len(k) == len(prefix)+8; k, _ = c.Next() {
			if !yield(binary.BigEndian.Uint64(k[len(prefix):])) {
				return
			}
		}
	}
}
