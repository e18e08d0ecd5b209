package notify

import (
	"encoding/json"
	"fmt"

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

// seekBefore moves c to the greatest key below key.
func seekBefore(c *bbolt.Cursor, key []byte) []byte {
	k, _ := c.Seek(key)
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	return k
}
