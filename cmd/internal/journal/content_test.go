package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

func TestContentIsFoundByItsHashOnEitherSide(t *testing.T) {
	w := newWorld(t)
	w.start()
	names := map[string][]byte{}
	for _, size := range []int{0, 1, pieceBytes, pieceBytes + 1, 3*pieceBytes + 7} {
		data := bytes.Repeat([]byte{'x'}, size)
		for range 2 {
			name, err := w.j.PutContent(t.Context(), data)
			if err != nil {
				t.Fatal(err)
			}
			names[name] = data
		}
	}
	check := func() {
		t.Helper()
		_ = w.j.View(func(tx *bbolt.Tx) error {
			for name, want := range names {
				if got, err := ReadContent(tx, name); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes came back as %d, %v", len(want), len(got), err)
				}
			}
			for _, name := range []string{"", "sha256:", "sha256:00", "md5:00"} {
				if _, err := ReadContent(tx, name); !errors.Is(err, ErrNoContent) {
					t.Errorf("content %q: %v", name, err)
				}
			}
			return nil
		})
	}
	check()
	w.stop()
	if err := os.Remove(filepath.Join(w.dir, File)); err != nil {
		t.Fatal(err)
	}
	w.start() // bbolt is rebuilt: content comes from the key-value side
	check()
}
