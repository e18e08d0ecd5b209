package journal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// HeightFile stands below the data folder, beside both stores, each node's own: how far the record certainly reaches.
// It is what a start holds the stores against, for either may be lost, cut or an older copy.
const HeightFile = "height"

// Height is the content of [HeightFile].
type Height struct {
	// of the last block that was confirmed; after a power cut of one that was within a second of it
	Number uint64 `json:"number"`
	Hash   string `json:"hash"` // of that block, hex; empty before the first
	// ShortFrom is the mark: the first block that the stream of a node of its own may lack although it was confirmed; 0
	// while there is none. Under the mark a stream alone is never whole.
	ShortFrom uint64 `json:"short_from,omitempty"`
}

// The file has two lines. The first is replaced as a whole, on the disk, at most once a second and at each mark. The
// second is written over at each block, and not flushed: it is there after any kill, and after a power cut it counts
// where it is whole.
const lastLen = 256

// lastLine is the second line, of lastLen bytes.
func lastLine(number uint64, hash string) []byte {
	text := fmt.Sprintf(`{"number":%d,"hash":"%s"}`, number, hash)
	return fmt.Appendf(nil, "%-*s%08x\n", lastLen-9, text, crc32.ChecksumIEEE([]byte(text)))
}

// readLastLine reads the second line; false where it is not whole, as after a power cut, or missing, as an older
// program leaves it.
func readLastLine(line []byte) (number uint64, hash string, ok bool) {
	if len(line) != lastLen {
		return 0, "", false
	}
	text := bytes.TrimRight(line[:lastLen-9], " ")
	if fmt.Sprintf("%08x\n", crc32.ChecksumIEEE(text)) != string(line[lastLen-9:]) {
		return 0, "", false
	}
	var h Height
	if json.Unmarshal(text, &h) != nil || len(h.Hash) != 64 {
		return 0, "", false
	}
	return h.Number, h.Hash, true
}

// ReadHeight reads the file below dir; nil where there is none. Read it before nats-server opens its store: a server
// mends what it finds there in its own way.
func ReadHeight(dir string) (*Height, error) {
	path := filepath.Join(dir, HeightFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, unlessMissing(err)
	}
	h := new(Height)
	first, last, _ := bytes.Cut(text, []byte("\n"))
	if err := json.Unmarshal(first, h); err != nil || len(h.Hash) != 64 && h.Number > 0 {
		return nil, fmt.Errorf("%s is damaged: it says how far the record reached (restore the folder from a backup; where you are "+
			"certain that %s is whole and the newest, remove the file: it is then written anew)", path, File)
	}
	if number, hash, ok := readLastLine(last); ok && number > h.Number {
		h.Number, h.Hash = number, hash
	}
	return h, nil
}

// heightWriter keeps the file.
type heightWriter struct {
	path   string
	noSync bool

	mu      sync.Mutex
	now     Height // as the record is
	written Height // as the file's first line is
	any     bool   // there is a file
	file    *os.File
	lastAt  int64 // where its second line begins
	lastErr error // why the second line is not written; nil while it is
}

const heightEvery = time.Second

func newHeightWriter(dir string, found *Height, noSync bool) *heightWriter {
	w := &heightWriter{path: filepath.Join(dir, HeightFile), noSync: noSync}
	if found != nil {
		w.now, w.written, w.any = *found, *found, true
	}
	return w
}

// reached says that a block is about to be confirmed. It waits for no disk.
func (w *heightWriter) reached(number uint64, hash [32]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now.Number, w.now.Hash = number, hex.EncodeToString(hash[:])
	if w.file != nil && w.lastErr == nil {
		_, w.lastErr = w.file.WriteAt(lastLine(w.now.Number, w.now.Hash), w.lastAt)
	}
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
	return w.confirmed().ShortFrom
}

// confirmed is the height as it is written.
func (w *heightWriter) confirmed() Height {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written
}

// save writes the file where it is behind, and has its second line follow from then on.
func (w *heightWriter) save() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file != nil && w.lastErr == nil && w.now == w.written {
		return nil
	}
	return w.write()
}

// end writes the file where it is behind, and lets go of it.
func (w *heightWriter) end() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.close()
	if w.any && w.now == w.written {
		return nil
	}
	return w.write()
}

// writeHeight writes the file of a record that was made anew, with its mark.
func writeHeight(dir string, t tip, shortFrom uint64) error {
	w := newHeightWriter(dir, nil, false)
	w.reached(t.number, t.hash)
	w.now.ShortFrom = shortFrom
	return w.end()
}

func (w *heightWriter) write() error {
	text, err := json.Marshal(w.now)
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if err := replaceFile(w.path, append(slices.Clip(text), lastLine(w.now.Number, w.now.Hash)...),
		!w.noSync); err != nil {
		return fmt.Errorf("%s could not be written: %w", w.path, err)
	}
	w.written, w.any = w.now, true
	w.close()
	w.lastAt = int64(len(text))
	if w.file, w.lastErr = os.OpenFile(w.path, os.O_WRONLY, 0); w.lastErr != nil {
		return fmt.Errorf("%s could not be opened again: %w", w.path, w.lastErr)
	}
	return nil
}

// close lets go of the file. What was written stays.
func (w *heightWriter) close() {
	if w.file != nil {
		_ = w.file.Close() // what it holds is in place already
		w.file = nil
	}
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
