package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"
)

// The vault is proved without a word of its content being said: problems name references and keys.

// vaultHere proves this side of the vault: every entry against the hash that is its reference, content against its name, and
// what the blocks name against what is there. fresh is the state that a replay left: of the vault it has what was erased.
func (p *proof) vaultHere(ctx context.Context, tx *bbolt.Tx, fresh *bbolt.DB) error {
	rows := tx.Bucket(vaultBucket)
	if rows == nil {
		p.r.problem("bucket %s is missing", vaultBucket)
		return nil
	}
	if tx.Bucket(vaultOwedBucket) == nil {
		p.r.problem("bucket %s is missing", vaultOwedBucket)
	}
	bad := few{say: p.r.problem}
	err := rows.ForEach(func(k, row []byte) error {
		if why := entryWrong(string(k), row); why != "" {
			bad.add("vault: entry %s %s", keyName(k), why)
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	err = fresh.View(func(erased *bbolt.Tx) error {
		return erased.Bucket(vaultBucket).ForEach(func(k, _ []byte) error {
			if row := rows.Get(k); len(row) > 0 && row[0] != entryErased {
				bad.add("vault: entry %s was erased by the record and is still there", keyName(k))
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	bad.end("vault: %d more entries are wrong")
	p.contents(tx)
	return p.references(ctx, tx)
}

// few says the first of many sentences of one sort, so that they leave room for those of another, and how many more there are.
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
	case len(row) == 0 || row[0] != entryErased && row[0] != entryHere:
		return "is no entry"
	case row[0] == entryErased && len(row) > 1:
		return "is erased and holds something all the same"
	case row[0] == entryErased:
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

// contents proves the content that is stored in pieces.
func (p *proof) contents(tx *bbolt.Tx) {
	for _, name := range Contents(tx) {
		hash := strings.TrimPrefix(name, contentPrefix)
		pieces, err := strconv.Atoi(string(ReadVault(tx, pieceRef(hash, -1))))
		if err != nil || pieces < 0 {
			p.r.problem("vault: content %s does not say how many pieces it has", name)
			continue
		}
		sum, missing, erased := sha256.New(), 0, 0
		for n := range pieces {
			piece := ReadVault(tx, pieceRef(hash, n))
			switch {
			case piece != nil:
				_, _ = sum.Write(piece) // a hash never fails to write
			case InVault(tx, pieceRef(hash, n)):
				erased++
			default:
				missing++
			}
			if missing > 0 {
				break
			}
		}
		switch {
		case missing > 0:
			p.r.problem("vault: content %s lacks pieces of its %d", name, pieces)
		case erased > 0:
			p.r.note("vault: content %s is erased but for its name: the erasure was cut off, and is to be done again", name)
		case hex.EncodeToString(sum.Sum(nil)) != hash:
			p.r.problem("vault: content %s does not have the hash that is its name: it was changed", name)
		}
	}
}

// references holds what the blocks name against the vault. Content is not told from other hashes there: the vault's two sides
// tell where it is missing.
func (p *proof) references(ctx context.Context, tx *bbolt.Tx) error {
	rows, said := tx.Bucket(vaultBucket), map[string]bool{}
	lost, how := few{say: p.r.problem}, "neither there nor erased"
	if p.shared {
		lost, how = few{say: p.r.note}, "not on this node yet"
	}
	blocks := blocksFrom(tx, 1)
	for raw := blocks.next(); raw != nil; raw = blocks.next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		for ref := range referencesIn(raw) {
			if said[ref] || rows.Get([]byte(ref)) != nil {
				continue
			}
			entry, named := entryNaming(raw, ref)
			if !named { // a command may give what it likes
				continue
			}
			said[ref] = true
			lost.add("vault: block %d, entry %d names %s, which is %s", blocks.number, entry, ref, how)
		}
	}
	lost.end("vault: %d more entries that blocks name are " + how)
	return nil
}

// referencesIn yields every text of the form of a reference that stands in a block.
func referencesIn(raw []byte) func(yield func(ref string) bool) {
	return func(yield func(string) bool) {
		for {
			at := bytes.Index(raw, []byte(`"v`))
			if at < 0 {
				return
			}
			raw = raw[at+1:]
			if len(raw) > refLen && raw[refLen] == '"' && isReference(string(raw[:refLen])) && !yield(string(raw[:refLen])) {
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

// farPatience is how long a check waits for one entry of the vault's other side.
const farPatience = 10 * time.Second

// vaultSides holds the two sides of the vault together. What this side owes is no difference.
func (p *proof) vaultSides(ctx context.Context, tx *bbolt.Tx) error {
	rows, owed := tx.Bucket(vaultBucket), tx.Bucket(vaultOwedBucket)
	if rows == nil || owed == nil {
		return nil // that was said
	}
	defer p.sayCuts("KV_"+p.far.name(), len(p.r.Problems))
	keys, err := p.far.keys(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, jetstream.ErrBucketNotFound) || errors.Is(err, jetstream.ErrStreamNotFound):
		if n := notOwed(rows, owed); n > 0 {
			p.r.problem("vault: %s is not there, and %d entries of %s are not owed to it", p.far.name(), n, File)
		}
		return nil
	case err != nil:
		p.r.problem("vault: %s cannot be read: %v", p.far.name(), err)
		return nil
	}
	s := sides{p: p, bad: few{say: p.r.problem}, rows: rows, owed: owed, there: make(map[string]bool, len(keys))}
	for _, key := range keys {
		s.there[key] = true
		if err := s.compare(ctx, key); err != nil {
			return err
		}
	}
	s.missing()
	s.bad.end("vault: %d more entries differ between the two sides")
	if s.owes > 0 {
		p.r.note("vault: %d entries are owed to %s, and are given when the program runs", s.owes, p.far.name())
	}
	if s.takes > 0 {
		p.r.note("vault: %d entries of %s come from other nodes, and are taken over when the program runs", s.takes, p.far.name())
	}
	return nil
}

// notOwed counts the entries that the other side ought to have.
func notOwed(rows, owed *bbolt.Bucket) (n int) {
	c := rows.Cursor()
	for k, row := c.First(); k != nil; k, row = c.Next() {
		if len(row) > 0 && row[0] != entryErased && owed.Get(k) == nil {
			n++
		}
	}
	return n
}

// sides is one comparison of the vault's two sides.
type sides struct {
	p           *proof
	bad         few
	rows, owed  *bbolt.Bucket
	there       map[string]bool // keys of the key-value bucket
	owes, takes int
}

// compare holds one key of the key-value bucket against this side.
func (s *sides) compare(ctx context.Context, key string) error {
	one, cancel := context.WithTimeout(ctx, farPatience)
	defer cancel()
	e, err := s.p.far.get(one, key)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ours, owed := s.rows.Get([]byte(key)), s.owed.Get([]byte(key)) != nil
	if err != nil {
		if owed {
			s.owes++
		} else {
			s.differ(key, fmt.Sprintf("cannot be read in %s: %v", s.p.far.name(), err))
		}
		return nil
	}
	theirs := vaultRows.form.take(e.value, e.purged)
	switch {
	case bytes.Equal(ours, theirs), ours == nil && e.purged:
	case owed:
		s.owes++
	case s.p.shared && vaultRows.form.beats(theirs, ours):
		s.takes++
	case ours == nil:
		s.differ(key, "is in "+s.p.far.name()+" and not in "+File)
	case e.purged:
		s.differ(key, "was erased in "+s.p.far.name()+" and is in "+File+" still")
	case len(ours) > 0 && ours[0] == entryErased:
		s.differ(key, "was erased in "+File+" and is in "+s.p.far.name()+" still")
	default:
		s.differ(key, "is another in "+File+" than in "+s.p.far.name()+s.right(key, ours, theirs))
	}
	return nil
}

// right says which of two entries of one reference is the true one, where that can be said.
func (s *sides) right(key string, ours, theirs []byte) string {
	if !isReference(key) {
		return ""
	}
	switch a, b := entryWrong(key, ours) == "", entryWrong(key, theirs) == ""; {
	case a && !b:
		return ", which is the one that was changed"
	case b && !a:
		return ", which has the right one"
	}
	return ""
}

func (s *sides) differ(key, how string) { s.bad.add("vault: entry %s %s", keyName([]byte(key)), how) }

// missing finds what this side has and the key-value bucket lacks. Of what is erased it may lack everything.
func (s *sides) missing() {
	c := s.rows.Cursor()
	for k, row := c.First(); k != nil; k, row = c.Next() {
		switch {
		case s.there[string(k)] || len(row) == 0 || row[0] == entryErased:
		case s.owed.Get(k) != nil:
			s.owes++
		default:
			s.differ(string(k), "is in "+File+" and not in "+s.p.far.name())
		}
	}
}
