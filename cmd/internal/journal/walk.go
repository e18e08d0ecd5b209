package journal

import (
	"bytes"
	"context"

	"go.etcd.io/bbolt"
)

// viewFunc runs a function on a read transaction.
type viewFunc = func(func(*bbolt.Tx) error) error

// rowIn is a copy of one row, read in a transaction of its own; nil for none.
func rowIn(view viewFunc, bucket []byte, key string) (row []byte, err error) {
	err = view(func(tx *bbolt.Tx) error { row = bytes.Clone(tx.Bucket(bucket).Get([]byte(key))); return nil })
	return row, err
}

// takeFunc says whether a walk wants the row of a key.
type takeFunc = func(tx *bbolt.Tx, k, row []byte) bool

// anyRow wants every row.
func anyRow(*bbolt.Tx, []byte, []byte) bool { return true }

// eachSome calls fn with the keys of a bucket that begin with a prefix and that take wants, in order and some at a
// time. It reads in short transactions, and none is open while fn runs. A bucket that is not there is empty.
func eachSome(ctx context.Context, view viewFunc, bucket, prefix []byte, take takeFunc,
	fn func(keys []string) error) error {
	for from, end := prefix, false; !end; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var some []string
		err := view(func(tx *bbolt.Tx) error {
			b := tx.Bucket(bucket)
			if end = b == nil; end {
				return nil
			}
			c := b.Cursor()
			k, row := c.Seek(from)
			for n := 0; n < chunkRows; n++ {
				if end = k == nil || !bytes.HasPrefix(k, prefix); end {
					return nil
				}
				if take(tx, k, row) {
					some = append(some, string(k))
				}
				from = append(bytes.Clone(k), 0)
				k, row = c.Next()
			}
			return nil
		})
		if err == nil && len(some) > 0 {
			err = fn(some)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// eachKey is eachSome with one key at a time.
func eachKey(ctx context.Context, view viewFunc, bucket, prefix []byte, take takeFunc, fn func(key string) error) error {
	return eachSome(ctx, view, bucket, prefix, take, func(keys []string) error {
		for _, key := range keys {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := fn(key); err != nil {
				return err
			}
		}
		return nil
	})
}
