package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// ExportLine is one entry as `journal export` writes it.
type ExportLine struct {
	Index int64           `json:"index"`
	Block uint64          `json:"block"`
	Kind  string          `json:"kind"`
	At    string          `json:"at"`
	Actor string          `json:"actor"`
	Data  json.RawMessage `json:"data"`
}

// Export writes the record below dir, on which no program runs, as JSON lines, one an entry, in order. The folder is
// only read.
func Export(dir string, w io.Writer) error {
	db, err := openStopped(dir)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	err = guarded(db.Path(), func() error {
		return db.View(func(tx *bbolt.Tx) error { return exportBlocks(tx, enc) })
	})
	return errors.Join(orDamaged(db.Path(), err), db.Close())
}

// orDamaged words the fault of a file that is read; other errors are as they were.
func orDamaged(path string, err error) error {
	if errors.As(err, new(*fileFault)) {
		return whyNotOpened(path, err)
	}
	return err
}

func exportBlocks(tx *bbolt.Tx, enc *json.Encoder) error {
	for b, err := range parsedBlocks(tx) {
		if err != nil {
			return err
		}
		for _, line := range exportLines(b) {
			if err := enc.Encode(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// exportLines are the entries of a block.
func exportLines(b *Block) (lines []ExportLine) {
	for _, e := range b.Entries() {
		lines = append(lines, ExportLine{e.Index, b.Number, e.Kind, e.At.Format(timeForm), e.Actor, e.Data})
	}
	return lines
}

// recordIn is the record's file below dir; an error that says what to name where there is none.
func recordIn(dir string) (path string, err error) {
	path = filepath.Join(dir, File)
	if _, err := os.Stat(path); err != nil {
		return path, fmt.Errorf("there is no record at %s: name the folder that `qingkong serve --data` used (%w)", path, err)
	}
	return path, nil
}

// ViewDir reads the state below dir as it is, while no program runs on it.
func ViewDir(dir string, reg *Registry, fn func(tx *bbolt.Tx) error) error {
	path, err := recordIn(dir)
	if err != nil {
		return err
	}
	db, err := openDB(path, reg)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return db.View(fn)
}

// openStopped opens the record below dir, on which no program runs, without writing a byte; what makes it unreadable,
// or is of a newer program, is refused in a sentence.
func openStopped(dir string) (*bbolt.DB, error) {
	path, err := recordIn(dir)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		return nil, fmt.Errorf("%s is empty: no record was begun there", path)
	}
	if err := checkPages(path); err != nil {
		return nil, err
	}
	db, err := openToRead(path)
	if err != nil {
		return nil, err
	}
	err = guarded(path, func() error {
		return db.View(func(tx *bbolt.Tx) error {
			for _, name := range [][]byte{metaBucket, blocksBucket} {
				if tx.Bucket(name) == nil {
					return fmt.Errorf("bucket %s is missing in it: it is no record, or not one that was begun", name)
				}
			}
			have, err := readLayout(tx)
			if err != nil {
				return err
			}
			return refuseNewer(path, have)
		})
	})
	if err != nil {
		return nil, errors.Join(orDamaged(path, err), db.Close())
	}
	return db, nil
}
