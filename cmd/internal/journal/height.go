package journal

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// HeightFile stands below the data folder, beside both stores, each node's own: how far the record certainly reaches. It is
// what a start holds the stores against, for either may be lost, cut or an older copy.
const HeightFile = "height"

// Height is the content of [HeightFile].
type Height struct {
	Number uint64 `json:"number"` // of the last block that was confirmed, at most a second ago
	Hash   string `json:"hash"`   // of that block, hex; empty before the first
	// ShortFrom is the mark: the first block that the stream of a node of its own may lack although it was confirmed; 0
	// while there is none. Under the mark a stream alone is never whole.
	ShortFrom uint64 `json:"short_from,omitempty"`
}

// ReadHeight reads the file below dir; nil where there is none. Read it before nats-server opens its store: a server mends
// what it finds there in its own way.
func ReadHeight(dir string) (*Height, error) {
	path := filepath.Join(dir, HeightFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h := new(Height)
	if err := json.Unmarshal(text, h); err != nil || len(h.Hash) != 64 && h.Number > 0 {
		return nil, fmt.Errorf("%s is damaged: it says how far the record reached (restore the folder from a backup; where you are "+
			"certain that %s is whole and the newest, remove the file: it is then written anew)", path, File)
	}
	return h, nil
}

// heightWriter keeps the file. The number is written at most once a second, the mark at once.
type heightWriter struct {
	path   string
	noSync bool

	mu      sync.Mutex
	now     Height // as the record is
	written Height // as the file is
	any     bool   // there is a file
}

const heightEvery = time.Second

func newHeightWriter(dir string, found *Height, noSync bool) *heightWriter {
	w := &heightWriter{path: filepath.Join(dir, HeightFile), noSync: noSync}
	if found != nil {
		w.now, w.written, w.any = *found, *found, true
	}
	return w
}

// reached says that a block was confirmed. It writes nothing.
func (w *heightWriter) reached(number uint64, hash [32]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now.Number, w.now.Hash = number, hex.EncodeToString(hash[:])
}

// mark makes durable that the stream is short from a block on, 0 for not at all.
func (w *heightWriter) mark(from uint64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.now.ShortFrom
	w.now.ShortFrom = from
	if err := w.write(); err != nil {
		w.now.ShortFrom = was
		return err
	}
	return nil
}

// marked is the durable mark.
func (w *heightWriter) marked() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written.ShortFrom
}

// confirmed is the height as it is written.
func (w *heightWriter) confirmed() *Height {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.written
	return &h
}

// save writes the file where it is behind.
func (w *heightWriter) save() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.write()
}

func (w *heightWriter) write() error {
	if w.any && w.now == w.written {
		return nil
	}
	text, err := json.Marshal(w.now)
	if err != nil {
		return err
	}
	if err := replaceFile(w.path, append(text, '\n'), !w.noSync); err != nil {
		return fmt.Errorf("%s could not be written: %w", w.path, err)
	}
	w.written, w.any = w.now, true
	return nil
}

// replaceFile puts a file in place in one step that a power cut does not undo.
func replaceFile(path string, text []byte, sync bool) (err error) {
	next := path + ".new"
	f, err := os.OpenFile(next, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil && sync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil || !sync {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
