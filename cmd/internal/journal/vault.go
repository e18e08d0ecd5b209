package journal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"
)

// The vault holds what must be erasable or secret. An entry is written once and never changed; its reference
// is a salted hash of its content, so that the record can name it and prove it while it lasts, and erasing it
// breaks no proof. It is kept in bbolt and in a key-value bucket; either is rebuilt from the other, and an
// erased entry stays erased whichever side still has it.

const vaultKV = "QINGKONG_VAULT"

var vaultBucket = []byte("vault.entries") // reference -> 1 salt content, or 0 when erased

func vaultBuckets() []string { return []string{string(vaultBucket), string(sessionsBucket)} }

const saltLen = 16

// VaultEntry is a secret on its way into the vault.
type VaultEntry struct {
	Ref    string
	sealed []byte
}

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
	if len(row) < 1+saltLen || row[0] != 1 {
		return nil
	}
	return row[1+saltLen:]
}

func tombstone(tx *bbolt.Tx, ref string) error {
	return tx.Bucket(vaultBucket).Put([]byte(ref), []byte{0})
}

// putEntry keeps an erased entry erased.
func putEntry(tx *bbolt.Tx, ref string, sealed []byte) error {
	b := tx.Bucket(vaultBucket)
	if old := b.Get([]byte(ref)); len(old) > 0 && old[0] == 0 {
		return nil
	}
	return b.Put([]byte(ref), append([]byte{1}, sealed...))
}

type vault struct {
	js   jetstream.JetStream
	kv   jetstream.KeyValue
	db   *bbolt.DB
	log  *slog.Logger
	stop func()
	wg   sync.WaitGroup
}

func openVault(ctx context.Context, js jetstream.JetStream, db *bbolt.DB, log *slog.Logger, replicas int, shared bool) (*vault, error) {
	kv, err := js.KeyValue(ctx, vaultKV)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: vaultKV, History: 1, Storage: jetstream.FileStorage, Replicas: replicas,
			Description: "what must be erasable or secret; the record holds salted hashes of it",
		})
	}
	if err != nil {
		return nil, fmt.Errorf("journal: vault: %w", err)
	}
	v := &vault{js: js, kv: kv, db: db, log: log, stop: func() {}}
	if shared || v.empty() {
		return v, v.merge(ctx, shared)
	}
	// What this node needs of the vault it has; the other side is looked through while work goes on.
	ctx, v.stop = context.WithCancel(context.WithoutCancel(ctx))
	v.wg.Go(func() {
		if err := v.merge(ctx, false); err != nil && ctx.Err() == nil {
			log.Error("the vault's two sides could not be compared", "err", err)
		}
	})
	return v, nil
}

func (v *vault) empty() (empty bool) {
	_ = v.db.View(func(tx *bbolt.Tx) error { // one that cannot be read is found out by the merge
		k, _ := tx.Bucket(vaultBucket).Cursor().First()
		empty = k == nil
		return nil
	})
	return empty
}

// putWith stores entries on both sides: the key-value bucket first, for a block that names an entry must not
// be readable on another node before the entry is.
func (v *vault) putWith(tx *bbolt.Tx, entries []VaultEntry) error {
	if err := v.publish(entries); err != nil {
		return err
	}
	for _, e := range entries {
		if err := putEntry(tx, e.Ref, e.sealed); err != nil {
			return err
		}
	}
	return nil
}

func (v *vault) publish(entries []VaultEntry) error {
	acks := make([]jetstream.PubAckFuture, len(entries))
	for i, e := range entries {
		ack, err := v.js.PublishMsgAsync(&nats.Msg{Subject: "$KV." + vaultKV + "." + e.Ref, Data: e.sealed})
		if err != nil {
			return fmt.Errorf("journal: vault: %w", err)
		}
		acks[i] = ack
	}
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return fmt.Errorf("journal: vault: %w", err)
		}
	}
	return nil
}

// merge makes both sides the union of what they hold, erased winning over not. On a shared vault it goes on
// following the key-value bucket.
func (v *vault) merge(ctx context.Context, shared bool) error {
	watching := ctx
	if shared {
		watching = context.WithoutCancel(ctx)
	}
	w, err := v.kv.WatchAll(watching)
	if err != nil {
		return fmt.Errorf("journal: vault: %w", err)
	}
	seen := map[string]bool{} // reference -> erased
	var batch []jetstream.KeyValueEntry
	flush := func() error {
		defer func() { batch = batch[:0] }()
		var news []jetstream.KeyValueEntry
		_ = v.db.View(func(tx *bbolt.Tx) error { // what cannot be read is taken as missing
			news = missing(tx, batch)
			return nil
		})
		if len(news) == 0 {
			return nil
		}
		return v.db.Update(func(tx *bbolt.Tx) error { return takeKV(tx, news) })
	}
	whole := false
	for e := range w.Updates() {
		if e == nil {
			whole = true
			break
		}
		seen[e.Key()] = e.Operation() != jetstream.KeyValuePut
		if batch = append(batch, e); len(batch) == 1000 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if !whole {
		return ctx.Err()
	}
	if err := flush(); err != nil {
		return err
	}
	if err := v.giveKV(ctx, seen); err != nil {
		return err
	}
	if !shared {
		return w.Stop()
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for e := range w.Updates() {
			if e == nil {
				continue
			}
			err := v.db.Update(func(tx *bbolt.Tx) error { return takeKV(tx, []jetstream.KeyValueEntry{e}) })
			if err != nil {
				v.log.Error("vault: an entry of another node could not be stored", "err", err)
			}
		}
	}()
	v.stop = func() { _ = w.Stop(); <-ended }
	return nil
}

// missing lists the entries of the key-value bucket that bbolt does not have as they are there.
func missing(tx *bbolt.Tx, entries []jetstream.KeyValueEntry) (news []jetstream.KeyValueEntry) {
	b := tx.Bucket(vaultBucket)
	for _, e := range entries {
		row := b.Get([]byte(e.Key()))
		erased := len(row) > 0 && row[0] == 0
		if row == nil || (e.Operation() != jetstream.KeyValuePut && !erased) {
			news = append(news, e)
		}
	}
	return news
}

func takeKV(tx *bbolt.Tx, entries []jetstream.KeyValueEntry) error {
	for _, e := range entries {
		err := error(nil)
		if e.Operation() == jetstream.KeyValuePut {
			if tx.Bucket(vaultBucket).Get([]byte(e.Key())) == nil {
				err = putEntry(tx, e.Key(), e.Value())
			}
		} else {
			err = tombstone(tx, e.Key())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// giveKV puts into the key-value bucket what only bbolt has.
func (v *vault) giveKV(ctx context.Context, seen map[string]bool) error {
	var lost []VaultEntry
	var erased []string
	err := v.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(vaultBucket).ForEach(func(k, row []byte) error {
			gone, there := seen[string(k)]
			switch {
			case len(row) > 0 && row[0] == 0:
				if !there || !gone {
					erased = append(erased, string(k))
				}
			case !there:
				lost = append(lost, VaultEntry{Ref: string(k), sealed: append([]byte(nil), row[1:]...)})
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(lost, 1000) {
		if err := v.publish(chunk); err != nil {
			return err
		}
	}
	for _, ref := range erased {
		if err := v.kv.Purge(ctx, ref); err != nil {
			return fmt.Errorf("journal: vault: %w", err)
		}
	}
	if len(lost)+len(erased) > 0 {
		v.log.Warn("the vault's key-value bucket was behind and is mended", "entries", len(lost), "erased", len(erased))
	}
	return nil
}

// mendWithin bounds how long closing waits for the two sides to be compared: one that was lost is whole again only then.
const mendWithin = 5 * time.Second

func (v *vault) close() {
	compared := make(chan struct{})
	go func() { v.wg.Wait(); close(compared) }()
	select {
	case <-compared:
	case <-time.After(mendWithin):
	}
	v.stop()
	v.wg.Wait()
}

// Erase removes a vault entry on every side, and records that it was done and why.
func (j *Journal) Erase(ctx context.Context, actor, ref, reason string) error {
	if err := j.vault.kv.Purge(ctx, ref); err != nil {
		return fmt.Errorf("journal: vault: %w", err)
	}
	_, err := j.Submit(ctx, Command{Kind: cmdErase, Actor: actor, Payload: eraseVault{Ref: ref, Reason: reason}})
	return err
}

// StoreVault puts entries into the vault on their own, without a command.
func (j *Journal) StoreVault(entries ...VaultEntry) error {
	return j.db.Update(func(tx *bbolt.Tx) error { return j.vault.putWith(tx, entries) })
}

// SharedKey returns the secret of that name which all nodes share: 32 random bytes, made at the first call and
// kept in the vault. With it a text can be compared with an earlier one without standing in the record.
func (j *Journal) SharedKey(ctx context.Context, name string) ([]byte, error) {
	ref := "key-" + name
	fresh := make([]byte, saltLen+32)
	_, _ = rand.Read(fresh) // never fails
	_, err := j.vault.kv.Create(ctx, ref, fresh)
	if errors.Is(err, jetstream.ErrKeyExists) {
		var e jetstream.KeyValueEntry
		if e, err = j.vault.kv.Get(ctx, ref); err == nil {
			fresh = e.Value()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("journal: vault: key %s: %w", name, err)
	}
	if len(fresh) != saltLen+32 {
		return nil, fmt.Errorf("journal: vault: key %s is damaged", name)
	}
	return fresh[saltLen:], j.db.Update(func(tx *bbolt.Tx) error { return putEntry(tx, ref, fresh) })
}
