package witness

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/ledger/witness"
)

var (
	metaBucket     = []byte("witness.meta")
	cosignedBucket = []byte("witness.cosigned")
	refusedBucket  = []byte("witness.refused")
	vkeyKey        = []byte("vkey")
)

// row is what was cosigned last of an origin.
type row struct {
	Size   int64     `json:"size"`
	Root   tlog.Hash `json:"root"`
	At     time.Time `json:"at"`
	Signed string    `json:"signed"` // the checkpoint with the log's signatures
	Lines  string    `json:"lines"`  // of the witness
}

func readRow(tx *bbolt.Tx, origin string) (*row, error) {
	text := tx.Bucket(cosignedBucket).Get([]byte(origin))
	if text == nil {
		return nil, nil
	}
	var r row
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("what was cosigned last of %s: %w", origin, err)
	}
	return &r, nil
}

func writeRow(tx *bbolt.Tx, origin string, r row) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return tx.Bucket(cosignedBucket).Put([]byte(origin), text)
}

func (r *row) state() *witness.State {
	if r == nil {
		return nil
	}
	return &witness.State{Size: r.Size, Root: r.Root, At: r.At}
}

// answers says whether this very checkpoint was cosigned in this very second: then another signature would say nothing
// new, and whoever repeats a checkpoint would cost a write each time.
func (r *row) answers(p witness.Proved, now time.Time) bool {
	return r != nil && r.At.Unix() == now.Unix() && bytes.HasPrefix([]byte(r.Signed), []byte(p.Head.String()+"\n"))
}

// originHash is how C2SP names an origin in an address.
func originHash(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return hex.EncodeToString(sum[:])
}

func numbered(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func trimmed(text []byte) []byte { return bytes.TrimSpace(text) }
