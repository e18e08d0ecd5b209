package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"iter"
	"strings"

	"go.etcd.io/bbolt"
)

// The vault is proved without a word of its content being said: problems name references and keys.

// vaultHere proves this side of the vault: every entry against the hash that is its reference, content against its
// name, and what the blocks name against what is there. The scratch has of the vault what the replayed blocks erased.
func (p *recordCheck) vaultHere(ctx context.Context) error {
	there := false
	err := p.read(ctx, func(s *checkTx) {
		if there = s.tx.Bucket(vaultBucket) != nil; !there {
			p.r.problem("bucket %s is missing", vaultBucket)
		} else if s.tx.Bucket(vaultOwedBucket) == nil {
			p.r.problem("bucket %s is missing", vaultOwedBucket)
		}
	})
	if err != nil || !there {
		return err
	}
	bad, content := few{say: p.r.problem}, []string(nil)
	err = p.rows(ctx, vaultBucket, func(_ *bbolt.Tx, k, row []byte) {
		if why := entryWrong(string(k), row); why != "" {
			bad.add("vault: entry %s %s", keyName(k), why)
		}
		if hash, is := strings.CutPrefix(string(k), contentRef); is && len(hash) == 64 && isHere(row) {
			content = append(content, hash)
		}
	})
	if err == nil {
		err = p.erasedHere(ctx, &bad)
	}
	if err != nil {
		return err
	}
	bad.end("vault: %d more entries are wrong")
	for _, hash := range content {
		if err := p.content(ctx, hash); err != nil {
			return err
		}
	}
	return p.references(ctx)
}

// erasedHere finds what the replayed blocks erased and is here still.
func (p *recordCheck) erasedHere(ctx context.Context, bad *few) error {
	return eachSome(ctx, p.scratch.View, vaultBucket, nil, anyRow, func(refs []string) error {
		return p.read(ctx, func(s *checkTx) {
			for _, ref := range refs {
				if row := s.tx.Bucket(vaultBucket).Get([]byte(ref)); len(row) > 0 && !isTombstone(row) {
					bad.add("vault: entry %s was erased by the record and is still there", keyName([]byte(ref)))
				}
			}
		})
	})
}

// few says the first sentences of one sort and how many more there are, so that they leave room for sentences of
// another sort.
type few struct {
	say func(format string, args ...any)
	n   int
}

func (f *few) add(format string, args ...any) {
	if f.n++; f.n <= maxFindings {
		f.say(format, args...)
	}
}

func (f *few) end(format string) {
	if f.n > maxFindings {
		f.say(format, f.n-maxFindings)
	}
}

// entryWrong says why a row cannot be the entry of that reference, or nothing.
func entryWrong(ref string, row []byte) string {
	switch {
	case !isHere(row) && !isTombstone(row):
		return "is no entry"
	case isTombstone(row) && len(row) > 1:
		return "is erased and holds something all the same"
	case isTombstone(row):
		return ""
	case len(row) < 1+saltLen:
		return "is cut"
	}
	if isReference(ref) {
		if sum := sha256.Sum256(row[1:]); ref[1:] != base64.RawURLEncoding.EncodeToString(sum[:]) {
			return "does not have the hash that is its name: its content was changed"
		}
	}
	return ""
}

// isReference says whether a text has the form that SealWith gives a reference.
func isReference(text string) bool {
	if len(text) != refLen || text[0] != 'v' {
		return false
	}
	sum, err := base64.RawURLEncoding.Strict().DecodeString(text[1:])
	return err == nil && len(sum) == sha256.Size
}

// content proves content that is stored in pieces. One that is erased meanwhile is none.
func (p *recordCheck) content(ctx context.Context, hash string) error {
	pieces, uncounted := 0, error(nil)
	err := p.read(ctx, func(s *checkTx) { pieces, uncounted = piecesOf(s.tx, contentPrefix+hash) })
	if err != nil {
		return err
	}
	wrong, erased := "does not say how many pieces it has", 0
	if uncounted == nil {
		if wrong, erased, err = p.pieces(ctx, hash, pieces); err != nil {
			return err
		}
	}
	if wrong == "" && erased == 0 {
		return nil
	}
	return p.read(ctx, func(s *checkTx) {
		switch name := contentPrefix + hash; {
		case ReadVault(s.tx, contentRef+hash) == nil: // it was erased meanwhile
		case erased > 0:
			p.r.note("vault: content %s is erased but for its name: the erasure was cut off, and is to be done again", name)
		default:
			p.r.problem("vault: content %s %s", name, wrong)
		}
	})
}

// pieces says what is wrong with the pieces of content, or how many of them are erased.
func (p *recordCheck) pieces(ctx context.Context, hash string, count int) (wrong string, erased int, err error) {
	sum := sha256.New()
	n, missing := 0, false
	err = p.readOn(ctx, func(s *checkTx) (end bool) {
		for ; n < count && !missing && !s.over(); n++ {
			switch piece := ReadVault(s.tx, pieceRef(hash, n)); {
			case piece != nil:
				_, _ = sum.Write(piece) // a hash never fails to write
			case InVault(s.tx, pieceRef(hash, n)):
				erased++
			default:
				missing = true
			}
		}
		return missing || n == count
	})
	switch {
	case err != nil:
		return "", 0, err
	case missing:
		return fmt.Sprintf("lacks pieces of its %d", count), 0, nil
	}
	if erased == 0 && hex.EncodeToString(sum.Sum(nil)) != hash {
		return "does not have the hash that is its name: it was changed", 0, nil
	}
	return "", erased, nil
}

// references holds what the blocks name against the vault. Content is not told from other hashes there: the vault's two
// sides tell where it is missing.
func (p *recordCheck) references(ctx context.Context) error {
	said := map[string]bool{}
	lost, how := few{say: p.r.problem}, "neither there nor erased"
	if p.shared {
		lost, how = few{say: p.r.note}, "not on this node yet"
	}
	err := p.blocks(ctx, func(tx *bbolt.Tx, number uint64, raw []byte) {
		for ref, entry := range lostIn(tx, raw, said) {
			lost.add("vault: block %d, entry %d names %s, which is %s", number, entry, ref, how)
		}
	})
	if err != nil {
		return err
	}
	lost.end("vault: %d more entries that blocks name are " + how)
	return nil
}

// lostIn yields the references that entries of a block name and that the vault neither has nor has erased, with the
// index of the entry, but those that are said, and adds them to these.
func lostIn(tx *bbolt.Tx, raw []byte, said map[string]bool) iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		for ref := range referencesIn(raw) {
			if said[ref] || InVault(tx, ref) {
				continue
			}
			entry, named := entryNaming(raw, ref)
			if !named { // a command may give what it likes
				continue
			}
			if said[ref] = true; !yield(ref, entry) {
				return
			}
		}
	}
}

// referencesIn yields every text of the form of a reference that stands in a block.
func referencesIn(raw []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			at := bytes.Index(raw, []byte(`"v`))
			if at < 0 {
				return
			}
			raw = raw[at+1:]
			if len(raw) <= refLen || raw[refLen] != '"' {
				continue
			}
			if ref := string(raw[:refLen]); isReference(ref) && !yield(ref) {
				return
			}
		}
	}
}

// entryNaming finds the entry of a block whose data names a reference.
func entryNaming(raw []byte, ref string) (index int64, found bool) {
	b, err := ParseBlock(raw)
	if err != nil {
		return 0, false // the replay says it
	}
	quoted := []byte(`"` + ref + `"`)
	for _, e := range b.Entries() {
		if bytes.Contains(e.Data, quoted) {
			return e.Index, true
		}
	}
	return 0, false
}
