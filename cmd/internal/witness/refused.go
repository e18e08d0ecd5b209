package witness

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/ledger/witness"
)

// Requests that speak against a log are kept: in witness.refused, of each origin, a bucket for those by which the log is
// guilty and one for those by which it is suspected, so that whoever can cause the latter pushes out none of the former.
// Each holds the newest by number, as eight big-endian bytes, and below "seen" the numbers by SHA-256 of the checkpoint's
// text: one that comes again is kept once.
var seenBucket = []byte("seen")

const keptEach = 1000

// refused is such a request.
type refused struct {
	At      time.Time `json:"at"`
	Status  int       `json:"status"`
	Why     string    `json:"why"`
	Request string    `json:"request"` // with signatures of trusted keys alone
}

func className(f witness.Fault) string {
	switch f {
	case witness.Guilty:
		return "guilty"
	case witness.Suspected:
		return "suspected"
	}
	return ""
}

// keep keeps a request that speaks against its log, and says whether it did: a checkpoint that is there already is not
// kept again.
func keep(tx *bbolt.Tx, p witness.Proved, no *witness.Refusal, now time.Time) (bool, error) {
	class := className(no.Fault)
	if class == "" {
		return false, nil
	}
	b := tx.Bucket(refusedBucket)
	sum := sha256.Sum256([]byte(p.Head.String()))
	for _, name := range []string{p.Head.Origin, class} {
		var err error
		if b, err = b.CreateBucketIfNotExists([]byte(name)); err != nil {
			return false, err
		}
	}
	seen, err := b.CreateBucketIfNotExists(seenBucket)
	if err != nil || seen.Get(sum[:]) != nil {
		return false, err
	}
	lean := p.Request
	lean.Note = p.Signed
	text, err := json.Marshal(refused{now.UTC(), no.Status, no.Why, string(lean.Text())})
	if err != nil {
		return false, err
	}
	n, err := b.NextSequence()
	if err != nil {
		return false, err
	}
	if err := b.Put(numbered(n), text); err != nil {
		return false, err
	}
	if err := seen.Put(sum[:], numbered(n)); err != nil {
		return false, err
	}
	if n <= keptEach {
		return true, nil
	}
	return true, forget(b, seen, n-keptEach)
}

// forget drops what was kept under a number.
func forget(b, seen *bbolt.Bucket, n uint64) error {
	var old refused
	if err := json.Unmarshal(b.Get(numbered(n)), &old); err != nil {
		return fmt.Errorf("a kept request: %w", err)
	}
	r, err := witness.ParseRequest([]byte(old.Request))
	if err != nil {
		return fmt.Errorf("a kept request: %w", err)
	}
	sum := sha256.Sum256([]byte(r.Head.String()))
	if err := seen.Delete(sum[:]); err != nil {
		return err
	}
	return b.Delete(numbered(n))
}

// counted is how many requests are kept against an origin.
func counted(tx *bbolt.Tx, origin, class string) (n int) {
	if b := classOf(tx, origin, class); b != nil {
		c := b.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			if v != nil {
				n++
			}
		}
	}
	return n
}

func classOf(tx *bbolt.Tx, origin, class string) *bbolt.Bucket {
	if b := tx.Bucket(refusedBucket).Bucket([]byte(origin)); b != nil {
		return b.Bucket([]byte(class))
	}
	return nil
}

// shownEach is how many are written of each kind; the rest is in the file.
const shownEach = 10

// writeRefused writes the newest requests against an origin.
func writeRefused(out io.Writer, tx *bbolt.Tx, origin string) error {
	for _, class := range []string{className(witness.Guilty), className(witness.Suspected)} {
		b := classOf(tx, origin, class)
		if b == nil {
			continue
		}
		for n, left := b.Sequence(), shownEach; n > 0 && left > 0; n, left = n-1, left-1 {
			text := b.Get(numbered(n))
			if text == nil {
				break
			}
			var r refused
			if err := json.Unmarshal(text, &r); err != nil {
				return fmt.Errorf("request %d kept against %s: %w", n, origin, err)
			}
			_, err := fmt.Fprintf(out, "%s %s %d %s\n%s\n", class, r.At.Format(time.RFC3339), r.Status, r.Why, r.Request)
			if err != nil {
				return err
			}
		}
	}
	return nil
}
