package journal

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// The vault holds what must be erasable or secret. An entry is written once and never changed; its reference
// is a salted hash of its content, so that the record can name it and prove it while it lasts, and erasing it
// breaks no proof. It is kept in bbolt and in a key-value bucket (twin.go); either is rebuilt from the other, and an
// erased entry stays erased whichever side still has it.
//
// On a node of its own an entry is committed with the block that names it, owed to the key-value bucket, and delivered
// before the next block is appended. On a shared record it is published before its command is queued: a block that
// names an entry must not be readable on another node before the entry is. An entry that a refused command left there
// is purged a day later.

const vaultKV = "QINGKONG_VAULT"

var (
	vaultBucket     = []byte("vault.entries") // reference -> 1 salt content, or 0 when erased
	vaultOwedBucket = []byte("vault.owed")    // reference -> what the key-value bucket is owed, see twin.go

	vaultRows = twinRows{rows: vaultBucket, owed: vaultOwedBucket, form: vaultForm{}}
)

var vaultBuckets = []string{string(vaultBucket), string(vaultOwedBucket)}

const (
	saltLen = 16

	entryErased byte = 0
	entryHere   byte = 1
)

// isHere says whether a row is an entry that is not erased.
func isHere(row []byte) bool { return len(row) > 0 && row[0] == entryHere }

// isTombstone says whether a row is what an erased entry leaves.
func isTombstone(row []byte) bool { return len(row) > 0 && row[0] == entryErased }

// vaultForm: an entry is never changed, and an erased one stays erased.
type vaultForm struct{}

func (vaultForm) beats(row, other []byte) bool {
	return len(row) > 0 && (len(other) == 0 || isTombstone(row) && !isTombstone(other))
}

func (vaultForm) give(row []byte) (value []byte, purge bool) {
	if len(row) == 0 || isTombstone(row) {
		return nil, true
	}
	return row[1:], false
}

func (vaultForm) take(value []byte, purged bool) []byte {
	if purged {
		return []byte{entryErased}
	}
	return append([]byte{entryHere}, value...)
}

// VaultEntry is a secret on its way into the vault.
type VaultEntry struct {
	Ref    string
	sealed []byte
}

// InVault reports whether the vault ever had an entry, and still remembers it where it was erased.
func InVault(tx *bbolt.Tx, ref string) bool { return tx.Bucket(vaultBucket).Get([]byte(ref)) != nil }

// Seal salts content and gives it its reference.
func Seal(content []byte) VaultEntry {
	var salt [saltLen]byte
	_, _ = rand.Read(salt[:]) // never fails
	return SealWith(salt, content)
}

// SealWith is Seal with a salt of the caller's, which must be a secret: a request that comes again under its
// idempotency key names the same reference then.
func SealWith(salt [saltLen]byte, content []byte) VaultEntry {
	sealed := append(salt[:len(salt):len(salt)], content...)
	sum := sha256.Sum256(sealed)
	return VaultEntry{Ref: "v" + base64.RawURLEncoding.EncodeToString(sum[:]), sealed: sealed}
}

// ReadVault returns an entry's content, good for the transaction's life; nil when it was erased or never was.
func ReadVault(tx *bbolt.Tx, ref string) []byte {
	row := tx.Bucket(vaultBucket).Get([]byte(ref))
	if len(row) < 1+saltLen || !isHere(row) {
		return nil
	}
	return row[1+saltLen:]
}

// row is the entry as bbolt holds it.
func (e VaultEntry) row() []byte { return append([]byte{entryHere}, e.sealed...) }

// eraseEntry erases an entry and owes its purge, also of one that is not here: the other side may have it.
func eraseEntry(tx *bbolt.Tx, ref string) error {
	erased := []byte{entryErased}
	if bytes.Equal(tx.Bucket(vaultBucket).Get([]byte(ref)), erased) {
		return vaultRows.owe(tx, ref, erased)
	}
	return vaultRows.put(tx, ref, erased)
}

func (j *Journal) newVault() *twin {
	far := j.opt.far
	if far == nil {
		far = openKV(j.opt.JS, jetstream.KeyValueConfig{
			Bucket: vaultKV, History: 1, Storage: jetstream.FileStorage,
			Description: "what must be erasable or secret; the record holds salted hashes of it",
		}, func() { j.vaultMade.Store(true); poke(j.vaultLook) })
	}
	update := func(fn func(*bbolt.Tx) error) error { return j.store(j.behindWork, fn) }
	return &twin{twinRows: vaultRows, far: far, view: j.db.View, update: update, shared: j.opt.Shared, log: j.opt.Log}
}

// publishEntries puts entries into the key-value bucket of a shared record before their command is queued.
func (j *Journal) publishEntries(ctx context.Context, entries []VaultEntry) error {
	ctx, cancel := context.WithTimeout(ctx, publishWithin)
	defer cancel()
	for _, e := range entries {
		err := j.vault.send(ctx, e.Ref, e.row())
		if err != nil {
			j.opt.Log.Warn("an entry of the vault could not be published; its command is refused and nothing was done",
				"err", err)
			_ = j.vault.note(err)
			return refusal.New(refusal.NotReady, "journal.vault_unreachable", nil)
		}
	}
	return nil
}

// publishWithin bounds how long a caller waits for its entries to be in the key-value bucket of a shared record.
const publishWithin = 5 * time.Second

// putEntries stores a command's entries with its block.
func (j *Journal) putEntries(tx *bbolt.Tx, entries []VaultEntry) error {
	for _, e := range entries {
		if err := j.putRow(tx, e.Ref, e.row()); err != nil {
			return err
		}
	}
	return nil
}

// putRow stores a row, which the key-value bucket of a shared record has already.
func (j *Journal) putRow(tx *bbolt.Tx, ref string, row []byte) error {
	if !j.opt.Shared {
		return vaultRows.put(tx, ref, row)
	}
	_, err := vaultRows.keep(tx, ref, row)
	return err
}

// takeVault fills a vault that this node lost from the key-value bucket, before anything that needs it begins. It is
// bounded: what does not come in time comes behind, with the comparison.
func (j *Journal) takeVault(ctx context.Context, within time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := j.vault.compare(ctx, false, 0); err != nil {
		j.opt.Log.Error("the vault could not be held against its key-value bucket at the start; that goes on while work does",
			"err", err)
	}
}

// How long a start waits for what the vault's key-value bucket holds: a vault that is empty here, and the entries of
// other nodes.
const (
	takeVaultWithin = time.Minute
	mergeWithin     = 10 * time.Second
)

// Pauses of the work on the vault that runs behind.
const (
	scrubPause   = 10 * time.Millisecond // between two values that are read
	compareEvery = 10 * time.Minute      // on a shared vault
	scrubEvery   = 24 * time.Hour
	scrubRetry   = 5 * time.Second
	vaultRetry   = 2 * time.Second
)

// keepVault holds both sides of the vault together for as long as the journal is open.
func (j *Journal) keepVault(ctx context.Context) {
	compared, counted, scrubbed := time.Time{}, time.Time{}, time.Time{}
	for {
		wait := compareEvery
		lost := j.vaultMade.Swap(false)
		if compared.IsZero() || lost || j.opt.Shared && time.Since(compared) >= compareEvery {
			if err := j.vault.compare(ctx, false, 0); err != nil {
				wait = vaultRetry
			} else {
				compared = time.Now()
				j.compared.Store(true)
			}
		}
		// what was lost may be erased since
		if !compared.IsZero() && (time.Since(counted) >= scrubEvery || j.vaultLost.Load() > 0) {
			if err := j.countLost(ctx); err != nil {
				j.opt.Log.Warn("the record could not be held against the vault; that is tried again", "err", err)
				wait = min(wait, scrubRetry)
			} else {
				counted = time.Now()
			}
		}
		if !compared.IsZero() && time.Since(scrubbed) >= scrubEvery {
			if err := errors.Join(j.vault.compare(ctx, true, scrubPause),
				j.purgeUnnamed(ctx, time.Now().Add(-unnamedAge))); err != nil {
				j.opt.Log.Warn("the vault's key-value bucket could not be read through; that is tried again", "err", err)
				wait = min(wait, scrubRetry)
			} else {
				scrubbed = time.Now()
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-j.vaultLook:
		case <-time.After(wait):
		}
	}
}

// deliverVault gives the key-value bucket of a shared record what it is owed, for as long as the journal is open.
func (j *Journal) deliverVault(ctx context.Context) {
	for {
		wait := time.Minute
		one, cancel := context.WithTimeout(ctx, appendLimit)
		more, err := j.vault.deliver(one)
		cancel()
		switch {
		case err != nil:
			wait = vaultRetry
		case more:
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-j.vaultOwes:
		case <-time.After(wait):
		}
	}
}

// unnamedAge is how old an entry of a shared vault is that no block names before it is purged: what a refused command
// left.
const unnamedAge = 24 * time.Hour

// purgeUnnamed purges the entries that were stored before a time and that no block names.
func (j *Journal) purgeUnnamed(ctx context.Context, before time.Time) error {
	if !j.opt.Shared {
		return nil
	}
	unnamed := map[string]bool{}
	named := func(_ *bbolt.Tx, k, row []byte) bool { return isHere(row) && isReference(string(k)) }
	err := eachKey(ctx, j.View, vaultBucket, []byte("v"), named, func(ref string) error { unnamed[ref] = true; return nil })
	if err != nil || len(unnamed) == 0 {
		return err
	}
	err = j.eachBlock(ctx, func(_ *bbolt.Tx, raw []byte) {
		for ref := range referencesIn(raw) {
			delete(unnamed, ref)
		}
	})
	if err != nil {
		return err
	}
	for ref := range unnamed {
		one, cancel := context.WithTimeout(ctx, farWithin)
		e, err := j.vault.far.get(one, ref)
		cancel()
		if errors.Is(err, errMissing) || err == nil && (e.purged || e.at.After(before)) {
			continue
		}
		if err == nil {
			err = j.vault.update(func(tx *bbolt.Tx) error { return eraseEntry(tx, ref) })
		}
		if err != nil {
			return err
		}
		j.opt.Log.Info("an entry of the vault that no block names is purged", "stored", e.at)
	}
	return nil
}

// refLen is the length of the reference of an entry: see SealWith.
const refLen = 1 + 43

// eachBlock calls fn for every block of the record, some in a transaction.
func (j *Journal) eachBlock(ctx context.Context, fn func(tx *bbolt.Tx, raw []byte)) error {
	const some = 100
	for from, end := uint64(1), false; !end; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := j.View(func(tx *bbolt.Tx) error {
			n := 0
			for number, raw := range blocksFrom(tx, from) {
				if n++; n > some {
					return nil
				}
				fn(tx, raw)
				from = number + 1
			}
			end = true
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Erase removes a vault entry on every side, and records that it was done and why. The other side of the vault is owed
// the purge until it has it.
func (j *Journal) Erase(ctx context.Context, actor, ref, reason string) error {
	if _, err := j.Submit(ctx, Command{Kind: cmdErase, Actor: actor,
		Payload: eraseVault{Ref: ref, Reason: reason}}); err != nil {
		return err
	}
	if j.vaultLost.Load() > 0 {
		poke(j.vaultLook)
	}
	return j.ListErased(ctx, ref)
}

// SharedKey returns the secret of that name which all nodes share: 32 random bytes, made at the first call and kept in
// the vault. It lets a text be compared with an earlier one without the text standing in the record.
func (j *Journal) SharedKey(ctx context.Context, name string) ([]byte, error) {
	ref := "key-" + name
	key, err := j.sharedKey(ref)
	if key != nil || err != nil {
		return key, err
	}
	row := append([]byte{entryHere}, make([]byte, saltLen+32)...)
	_, _ = rand.Read(row[1:]) // never fails
	if j.opt.Shared {
		// Two nodes may make it at once: the bucket has the first, and that one is taken over here.
		if err := j.vault.send(ctx, ref, row); err != nil {
			return nil, fmt.Errorf("journal: vault: key %s: %w", name, err)
		}
		there, _, err := j.vault.read(ctx, ref)
		if err != nil || there == nil {
			return nil, fmt.Errorf("journal: vault: key %s: %w", name, errors.Join(err, errMissing))
		}
		row = there
	}
	if err := j.store(ctx, func(tx *bbolt.Tx) error { return j.putRow(tx, ref, row) }); err != nil {
		return nil, err
	}
	return j.sharedKey(ref)
}

func (j *Journal) sharedKey(ref string) (key []byte, err error) {
	err = j.View(func(tx *bbolt.Tx) error {
		if !InVault(tx, ref) {
			return nil
		}
		if key = bytes.Clone(ReadVault(tx, ref)); len(key) != 32 {
			return fmt.Errorf("journal: vault: %s is damaged", ref)
		}
		return nil
	})
	return key, err
}

// ReadSealed returns an entry's salt and content, of which its reference is the hash; nil where it was erased, which
// erased says, or is not here.
func ReadSealed(tx *bbolt.Tx, ref string) (sealed []byte, erased bool) {
	row := tx.Bucket(vaultBucket).Get([]byte(ref))
	if len(row) < 1+saltLen || !isHere(row) {
		return nil, isTombstone(row)
	}
	return bytes.Clone(row[1:]), false
}
