package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"
)

// The vault's two sides are held together key by key: the key-value bucket is read while no transaction is open. Beside
// work a difference may be an entry that is on its way, so suspected keys are looked at again at the end.

const (
	farPatience  = 10 * time.Second // for one entry of the vault's other side
	keysPatience = time.Minute      // for the list of its keys
	arrives      = time.Second      // before what differs beside work is looked at again,
	looksAgain   = 3                // so many times
)

// vaultSides compares the two sides of the vault. An entry that this side owes is no difference.
func (p *recordCheck) vaultSides(ctx context.Context) error {
	there := false
	if p.far == nil {
		return nil
	}
	err := p.read(ctx, func(s *checkTx) {
		there = s.tx.Bucket(vaultBucket) != nil && s.tx.Bucket(vaultOwedBucket) != nil
	})
	if err != nil || !there {
		return err // that was said
	}
	defer p.sayCuts("KV_"+p.far.name(), len(p.r.Problems))
	listing, cancel := context.WithTimeout(ctx, keysPatience)
	keys, err := p.far.keys(listing)
	cancel()
	gone := errors.Is(err, jetstream.ErrBucketNotFound) || errors.Is(err, jetstream.ErrStreamNotFound)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case gone:
		return p.sideGone(ctx)
	case err != nil && p.beside:
		return fmt.Errorf("%s gives no answer, so that the vault's two sides could not be held together: %w",
			p.far.name(), err)
	case err != nil:
		p.r.problem("vault: %s cannot be read: %v", p.far.name(), err)
		return nil
	}
	s := sides{p: p, bad: few{say: p.r.problem}, final: !p.beside}
	if err := s.all(ctx, keys); err != nil {
		return err
	}
	s.bad.end("vault: %d more entries differ between the two sides")
	if s.owes > 0 {
		p.r.note("vault: %d entries are owed to %s, and are given when the program runs", s.owes, p.far.name())
	}
	if s.takes > 0 {
		p.r.note("vault: %d entries of %s come from other nodes, and are taken over when the program runs", s.takes,
			p.far.name())
	}
	return nil
}

// sideGone counts the entries that a key-value bucket which is not there ought to have.
func (p *recordCheck) sideGone(ctx context.Context) error {
	n := 0
	err := p.live(ctx, func(_ []byte, owed bool) {
		if !owed {
			n++
		}
	})
	if err == nil && n > 0 {
		p.r.problem("vault: %s is not there, and %d entries of %s are not owed to it", p.far.name(), n, File)
	}
	return err
}

// live calls fn with the key of each entry that is here and not erased, and whether it is owed.
func (p *recordCheck) live(ctx context.Context, fn func(key []byte, owed bool)) error {
	return p.rows(ctx, vaultBucket, func(tx *bbolt.Tx, k, row []byte) {
		if len(row) > 0 && !isTombstone(row) {
			fn(k, tx.Bucket(vaultOwedBucket).Get(k) != nil)
		}
	})
}

// sides is one comparison of the vault's two sides.
type sides struct {
	p           *recordCheck
	bad         few
	final       bool     // what differs is told, and else suspected
	suspects    []string // keys
	owes, takes int
}

// all compares the keys of the key-value bucket, then what this side has and they lack, then what was suspected.
func (s *sides) all(ctx context.Context, keys []string) error {
	there := make(map[string]bool, len(keys))
	for _, key := range keys {
		there[key] = true
		if err := s.compare(ctx, key); err != nil {
			return err
		}
	}
	err := s.p.live(ctx, func(k []byte, owed bool) {
		switch {
		case there[string(k)]:
		case owed:
			s.owes++
		default:
			s.differ(string(k), "is in "+File+" and not in "+s.p.far.name())
		}
	})
	for look := 1; err == nil && len(s.suspects) > 0; look++ {
		err = s.again(ctx, look == looksAgain)
	}
	return err
}

// again looks at what is suspected once more, after it had time to arrive.
func (s *sides) again(ctx context.Context, last bool) error {
	if err := sleep(ctx, arrives); err != nil {
		return err
	}
	keys := s.suspects
	s.suspects, s.final = nil, last
	for _, key := range keys {
		if err := s.compare(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// compare holds one key of the key-value bucket against this side.
func (s *sides) compare(ctx context.Context, key string) error {
	begun := time.Now()
	one, cancel := context.WithTimeout(ctx, farPatience)
	defer cancel()
	e, missing := s.p.far.get(one, key)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if s.p.beside && errors.Is(missing, context.DeadlineExceeded) {
		return fmt.Errorf("%s gives no answer, so that the vault's two sides could not be held together: %w", s.p.far.name(),
			missing)
	}
	err := s.p.read(ctx, func(now *checkTx) {
		s.judge(key, now.tx.Bucket(vaultBucket), now.tx.Bucket(vaultOwedBucket), e, missing)
	})
	if err != nil {
		return err
	}
	return s.p.rest(ctx, time.Since(begun))
}

// judge holds what stands under one key on the one side against what was read, or why nothing was, on the other.
func (s *sides) judge(key string, rows, owedRows *bbolt.Bucket, e farEntry, missing error) {
	ours, owed := rows.Get([]byte(key)), owedRows.Get([]byte(key)) != nil
	theirs := vaultRows.form.take(e.value, e.purged)
	here := len(ours) > 0 && !isTombstone(ours)
	switch {
	case missing != nil && owed:
		s.owes++
	case errors.Is(missing, errMissing) && !here:
	case errors.Is(missing, errMissing):
		s.differ(key, "is in "+File+" and not in "+s.p.far.name())
	case missing != nil:
		s.differ(key, fmt.Sprintf("cannot be read in %s: %v", s.p.far.name(), missing))
	case bytes.Equal(ours, theirs), ours == nil && e.purged:
	case owed:
		s.owes++
	case s.p.shared && vaultRows.form.beats(theirs, ours):
		s.takes++
	case ours == nil:
		s.differ(key, "is in "+s.p.far.name()+" and not in "+File)
	case e.purged:
		s.differ(key, "was erased in "+s.p.far.name()+" and is in "+File+" still")
	case !here:
		s.differ(key, "was erased in "+File+" and is in "+s.p.far.name()+" still")
	default:
		s.differ(key, "is another in "+File+" than in "+s.p.far.name()+s.right(key, ours, theirs))
	}
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

// differ tells a difference, or suspects the key where it may go by itself.
func (s *sides) differ(key, how string) {
	if !s.final {
		s.suspects = append(s.suspects, key)
		return
	}
	s.bad.add("vault: entry %s %s", keyName([]byte(key)), how)
}
