package journal

import (
	"bytes"
	"encoding/binary"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// An idempotency key is remembered for keyLife after its block, by the time of blocks alone, so that every replay
// forgets the same ones at the same block. An index by time keeps that cheap.
var (
	idemBucket   = []byte("journal.idem")    // idempotency key -> 16 bytes of fingerprint, result as JSON
	idemAtBucket = []byte("journal.idem_at") // time of its block (8, ms), key -> nothing
)

const (
	keyLife   = 30 * 24 * time.Hour
	pruneMost = 1000 // keys that one block forgets
)

// fingerprint tells a repeated command from another one with the same key.
func fingerprint(kind, actor string, payload []byte) []byte {
	return hashOf([]byte(kind), []byte(actor), payload)[:16]
}

// answered is the first answer to a command whose key was seen, for the same content, and a refusal for another.
func (h *handler) answered(tx *bbolt.Tx, c BlockCommand) (result any, seen bool, err error) {
	row := tx.Bucket(idemBucket).Get([]byte(c.Key))
	if row == nil {
		return nil, false, nil
	}
	if string(row[:16]) != string(fingerprint(c.Kind, c.Actor, c.Payload)) {
		return nil, true, refusal.New(refusal.Conflict, "journal.key_reused", refusal.Args{"key": c.Key})
	}
	result, err = h.result(row[16:])
	return result, true, err
}

// Answered is the answer that a command's key has in the record, as [Journal.Submit] would give it; false while it has
// none. It only reads: whoever checks a one-time code asks it first, because a repeated command needs no code.
func (j *Journal) Answered(cmd Command) (result any, seen bool, err error) {
	h, ok := j.reg.handlers[cmd.Kind]
	if !ok || cmd.Key == "" {
		return nil, false, nil
	}
	c := BlockCommand{Kind: cmd.Kind, Key: cmd.Key, Actor: cmd.Actor}
	if c.Payload, err = (&pending{cmd: cmd, h: h}).payload(); err != nil {
		return nil, false, err
	}
	err = j.View(func(tx *bbolt.Tx) error { result, seen, err = h.answered(tx, c); return err })
	return result, seen, err
}

// KeyKnown says whether a command under this key is recorded and not forgotten.
func KeyKnown(tx *bbolt.Tx, key string) bool { return tx.Bucket(idemBucket).Get([]byte(key)) != nil }

// applyKey remembers the key of a recorded command.
func (r *Registry) applyKey(tx *bbolt.Tx, at time.Time, c BlockCommand) error {
	if c.Key == "" {
		return nil
	}
	row := append(fingerprint(c.Kind, c.Actor, c.Payload), c.Result...)
	if err := tx.Bucket(idemBucket).Put([]byte(c.Key), row); err != nil {
		return err
	}
	return tx.Bucket(idemAtBucket).Put(dueKey(uint64(at.UnixMilli()), []byte(c.Key)), nil)
}

// pruneKeys forgets, at the end of a block of that time, the oldest keys that are past their life.
func pruneKeys(tx *bbolt.Tx, at time.Time) error {
	index := tx.Bucket(idemAtBucket)
	old := uint64(max(at.Add(-keyLife).UnixMilli(), 0))
	var rows [][]byte
	c := index.Cursor()
	for k, _ := c.First(); k != nil && len(rows) < pruneMost && binary.BigEndian.Uint64(k) < old; k, _ = c.Next() {
		rows = append(rows, bytes.Clone(k))
	}
	for _, k := range rows {
		if err := tx.Bucket(idemBucket).Delete(k[8:]); err != nil {
			return err
		}
		if err := index.Delete(k); err != nil {
			return err
		}
	}
	return nil
}
