package identity

import (
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// Bucket ledger.keys holds under "chain" the [Chain] as JSON.
var (
	keysBucket = []byte("ledger.keys")
	chainKey   = []byte("chain")
)

// Buckets names the buckets this package owns; all are journaled.
func Buckets() []string { return []string{string(keysBucket)} }

// Event is one fact to be recorded.
type Event = interface{ Kind() string }

// Read is the chain of the record; empty before the ledger was opened.
func Read(tx *bbolt.Tx) (c Chain, err error) {
	if row := tx.Bucket(keysBucket).Get(chainKey); row != nil {
		if err = json.Unmarshal(row, &c); err != nil {
			err = fmt.Errorf("ledger: the row of its keys: %w", err)
		}
	}
	return c, err
}

// Decode reads an event of this package.
func Decode(kind string, data []byte) (Event, error) {
	switch kind {
	case KindOpened:
		return decodeAs[Opened](data)
	case KindRotated:
		return decodeAs[Rotated](data)
	case KindMoved:
		return decodeAs[Moved](data)
	}
	return nil, fmt.Errorf("ledger: unknown event kind %q", kind)
}

func decodeAs[E any, P interface {
	*E
	Event
}](data []byte) (Event, error) {
	ev := P(new(E))
	err := json.Unmarshal(data, ev)
	return ev, err
}

// Quiet are the kinds of this package, none of which concerns anybody in particular.
func Quiet() []string { return []string{KindOpened, KindRotated, KindMoved} }

// Apply writes what ev says.
func Apply(tx *bbolt.Tx, at time.Time, ev Event) error {
	c, err := after(tx, ev)
	if err != nil {
		return err
	}
	c[len(c)-1].At = at
	row, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return tx.Bucket(keysBucket).Put(chainKey, row)
}

func after(tx *bbolt.Tx, ev Event) (Chain, error) {
	c, err := Read(tx)
	if err != nil {
		return nil, err
	}
	return c.Follow(ev)
}

// DecideOpen opens the ledger; one that is open stays as it is, so that two nodes which open it at once have one key. It
// returns the key that signs then.
func DecideOpen(tx *bbolt.Tx, in Opened) ([]Event, Key, error) {
	c, err := Read(tx)
	if err != nil || len(c) > 0 {
		return nil, c.Last(), err
	}
	return decide(tx, &in)
}

// DecideRotate has another key sign from now on; see [Chain.Rotate].
func DecideRotate(tx *bbolt.Tx, in Rotated) ([]Event, Key, error) { return decide(tx, &in) }

// DecideMove has the record go on under another origin; see [Chain.Move].
func DecideMove(tx *bbolt.Tx, in Moved) ([]Event, Key, error) { return decide(tx, &in) }

func decide(tx *bbolt.Tx, ev Event) ([]Event, Key, error) {
	c, err := after(tx, ev)
	if err != nil {
		return nil, Key{}, err
	}
	return []Event{ev}, c.Last(), nil
}
