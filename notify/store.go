package notify

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"slices"

	"go.etcd.io/bbolt"
)

// getJSON reads the row that a bucket has of a key; nil where it has none. An error says what the row is of.
func getJSON[T any](tx *bbolt.Tx, bucket []byte, what, key string) (*T, error) {
	row := tx.Bucket(bucket).Get([]byte(key))
	if row == nil {
		return nil, nil
	}
	v := new(T)
	if err := json.Unmarshal(row, v); err != nil {
		return nil, fmt.Errorf("notify: %s %s: %w", what, key, err)
	}
	return v, nil
}

func putJSON(tx *bbolt.Tx, bucket, key []byte, v any) error {
	row, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Bucket(bucket).Put(key, row)
}

// lastNumber is the highest of the numbers, in four bytes, that a bucket has behind a key and a zero byte; 0 for none.
func lastNumber(tx *bbolt.Tx, bucket []byte, key string) uint32 {
	prefix := append([]byte(key), 0)
	k := reductionlist.SeekBefore(tx.Bucket(bucket).Cursor(), append(slices.Clip(prefix), 0xff, 0xff, 0xff, 0xff))
	if n := len(prefix); len(k) == n+4 && bytes.HasPrefix(k, prefix) {
		return binary.BigEndian.Uint32(k[n:])
	}
	return 0
}

// refuseAt refuses one member of an input.
func refuseAt(path, rule string, args refusal.Args) error {
	return refusal.Input([]refusal.Field{{Path: path, Rule: rule, Args: args}})
}
