package local

import (
	"bytes"
	"context"

	"go.etcd.io/bbolt"
)

// Rows is one bucket of a tenant as rows by name, for what keeps little and reads it whole.
type Rows struct {
	Store  *Store
	Bucket string
}

// Load returns a row, nil where there is none.
func (r Rows) Load(name string) (row []byte, err error) {
	err = r.Store.View(func(tx *bbolt.Tx) error {
		row = bytes.Clone(tx.Bucket([]byte(r.Bucket)).Get([]byte(name)))
		return nil
	})
	return row, err
}

// Save puts a row in the place of the one that was there, durably.
func (r Rows) Save(name string, row []byte) error {
	return r.Store.Update(context.Background(), func(tx *bbolt.Tx) error { // bounded by the store's patience
		return tx.Bucket([]byte(r.Bucket)).Put([]byte(name), row)
	})
}
