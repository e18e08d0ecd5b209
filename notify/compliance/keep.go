package compliance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// KeptFile is a file by its hash, of all who handed it in.
type KeptFile struct {
	Hash   string
	Latest time.Time // when it was handed in last
	Photos []string  // the vault's references of what its photos say
}

// KeptFiles pages through the files that were handed in, those after a hash, at most so many rows and the rest of the last
// file's. next is "" at the end.
func KeptFiles(tx *bbolt.Tx, after string, rows int) (page []KeptFile, next string, err error) {
	c := tx.Bucket(evidenceBucket).Cursor()
	for k, v := c.Seek([]byte(after + "\x01")); k != nil; k, v = c.Next() {
		hash, _, _ := strings.Cut(string(k), "\x00")
		if n := len(page); n == 0 || page[n-1].Hash != hash {
			if rows <= 0 {
				return page, page[n-1].Hash, nil
			}
			page = append(page, KeptFile{Hash: hash})
		}
		rows--
		if err := page[len(page)-1].add(v); err != nil {
			return nil, "", err
		}
	}
	return page, "", nil
}

// KeptFileOf is a file by its hash, and whether anybody handed it in.
func KeptFileOf(tx *bbolt.Tx, hash string) (f KeptFile, ok bool, err error) {
	f.Hash = hash
	prefix := []byte(hash + "\x00")
	c := tx.Bucket(evidenceBucket).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if err := f.add(v); err != nil {
			return f, false, err
		}
		ok = true
	}
	return f, ok, nil
}

// add adds a row of the file.
func (f *KeptFile) add(row []byte) error {
	var e Evidence
	if err := json.Unmarshal(row, &e); err != nil {
		return fmt.Errorf("compliance: evidence %s: %w", f.Hash, err)
	}
	if e.At.After(f.Latest) {
		f.Latest = e.At
	}
	if e.PhotoRef != "" {
		f.Photos = append(f.Photos, e.PhotoRef)
	}
	return nil
}

// HoldEvidence adds to held the files that something names which goes on: explanations of findings that are open.
func HoldEvidence(tx *bbolt.Tx, held map[string]bool) error {
	c := tx.Bucket(openBucket).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		f, err := GetFinding(tx, string(k))
		if err != nil {
			return err
		}
		for _, e := range f.Explanations {
			for _, hash := range e.Evidence {
				held[hash] = true
			}
		}
	}
	return nil
}
