package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"qingkong/cmd/internal/blobs"
)

// blobsHere proves the blobs that the replayed blocks name: each is read through, or was erased, or is kept in the
// vault by an earlier program. One that is erased and whose file is there still is no damage: its removal is owed.
func (p *recordCheck) blobsHere(ctx context.Context) error {
	bad, missing, owed := few{say: p.r.problem}, few{say: p.r.problem}, 0
	how := "neither there nor erased"
	if p.shared {
		missing.say, how = p.r.note, "not on this node yet"
	}
	rest := func(worked time.Duration) error { return p.rest(ctx, worked) }
	err := eachKey(ctx, p.scratch.View, blobsBucket, nil, anyRow, func(name string) error {
		erased, is, err := p.blob(ctx, name)
		if err != nil || !is {
			if erased && p.blobs.Has(name) {
				owed++
			}
			return err
		}
		wrong := p.blobs.Verify(ctx, name, rest)
		if wrong == nil {
			return nil
		}
		if _, is, err = p.blob(ctx, name); err != nil || !is { // it was erased meanwhile
			return err
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(wrong, blobs.ErrMissing):
			missing.add("vault: blob %s, which block %d names, is %s", name, p.namedAt(name), how)
		case errors.Is(wrong, blobs.ErrDamaged):
			bad.add("vault: blob %s does not have the hash that is its name: it was changed", name)
		default:
			bad.add("vault: blob %s cannot be read: %v", name, wrong)
		}
		return nil
	})
	if err != nil {
		return err
	}
	bad.end("vault: %d more blobs are wrong")
	missing.end("vault: %d more blobs that blocks name are " + how)
	if owed > 0 {
		p.r.note("vault: %d blobs are erased and their files are there still: they are removed when the program runs", owed)
	}
	return nil
}

// blob says whether content was erased, and whether it is to be a file.
func (p *recordCheck) blob(ctx context.Context, name string) (erased, is bool, err error) {
	err = p.read(ctx, func(s *checkTx) {
		if s.tx.Bucket(vaultBucket) != nil { // else that was said
			erased, is = isErased(s.tx, name), isBlob(s.tx, []byte(name), nil)
		}
	})
	return erased, is, err
}

// namedAt is the first block that names a blob.
func (p *recordCheck) namedAt(name string) (block uint64) {
	if row, _ := rowIn(p.scratch.View, blobsBucket, name); len(row) == 8 { // the scratch is ours and was just read
		block = binary.BigEndian.Uint64(row)
	}
	return block
}
