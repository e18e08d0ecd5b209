package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"go.etcd.io/bbolt"
)

// ErasedFile holds the references of what was erased from the vault, one a line, below the data folder. It lies beside
// the record so that it outlives it: an older backup that is brought back with the list of the folder it replaces
// leaves erased what was erased since.
const ErasedFile = "erased"

// erasedList keeps the file. It is made whole at the first erasure of a run, from what it held and what the record has
// erased, and only added to after that.
type erasedList struct {
	mu    sync.Mutex
	whole bool
}

// ListErased makes durable in [ErasedFile] that entries are erased, and what else the record has erased. An erasure is
// answered only after it.
func (j *Journal) ListErased(ctx context.Context, refs ...string) error {
	l := &j.erased
	l.mu.Lock()
	defer l.mu.Unlock()
	path := filepath.Join(j.opt.Dir, ErasedFile)
	err := l.makeWhole(ctx, j, path)
	if err == nil {
		err = appendLines(path, refs)
	}
	if err != nil {
		l.whole = false
		return fmt.Errorf("journal: what was erased is recorded, and could not be listed in %s (erase it again when the disk is well): %w", path, err)
	}
	return nil
}

// makeWhole writes the union of what the file held and of the tombstones, where the file lacks any.
func (l *erasedList) makeWhole(ctx context.Context, j *Journal, path string) error {
	if l.whole {
		return nil
	}
	all, err := readErased(path)
	if err != nil {
		return err
	}
	had := len(all)
	gone := func(_ *bbolt.Tx, _, row []byte) bool { return isTombstone(row) }
	err = eachKey(ctx, j.View, vaultBucket, nil, gone, func(ref string) error { all[ref] = true; return nil })
	if err != nil {
		return err
	}
	if len(all) > had {
		if err := writeErased(path, all); err != nil {
			return err
		}
	}
	l.whole = true
	return nil
}

// readErased reads a list; one that is not there is empty.
func readErased(path string) (map[string]bool, error) {
	refs := map[string]bool{}
	text, err := os.ReadFile(path)
	if err = unlessMissing(err); err != nil {
		return nil, err
	}
	addErased(refs, text)
	return refs, nil
}

// addErased adds the lines of a list.
func addErased(refs map[string]bool, text []byte) {
	for ref := range strings.FieldsSeq(string(text)) {
		refs[ref] = true
	}
}

// appendLines adds lines to a file of whole lines, durably.
func appendLines(path string, lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(strings.Join(lines, "\n") + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// writeErased writes a list of what was erased, in order.
func writeErased(path string, refs map[string]bool) error {
	return replaceFile(path, erasedText(refs), true)
}
