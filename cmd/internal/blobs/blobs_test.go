package blobs_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/blobs"
	"qingkong/cmd/internal/journal/natstest"
)

func put(t *testing.T, s *blobs.Store, text string) string {
	t.Helper()
	name, size, err := s.Put(t.Context(), strings.NewReader(text), blobs.MaxBytes)
	if err != nil || size != int64(len(text)) {
		t.Fatalf("put: %d bytes, %v", size, err)
	}
	return name
}

func read(t *testing.T, s *blobs.Store, name string) (string, error) {
	t.Helper()
	f, err := s.Open(t.Context(), name)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(f)
	if f.Size() != int64(len(text)) {
		t.Errorf("%s has %d bytes and says %d", name, len(text), f.Size())
	}
	return string(text), errors.Join(err, f.Close())
}

func path(dir, name string) string {
	digits := strings.TrimPrefix(name, "sha256:")
	return filepath.Join(dir, digits[:2], digits)
}

func TestABlobIsAFileNamedByItsHash(t *testing.T) {
	dir := t.TempDir()
	s := blobs.New(dir, nil, false)
	for _, text := range []string{"", "a", strings.Repeat("long ", 1<<18)} {
		sum := sha256.Sum256([]byte(text))
		name := put(t, s, text)
		if name != "sha256:"+hex.EncodeToString(sum[:]) || put(t, s, text) != name {
			t.Errorf("it is named %s", name)
		}
		if data, err := os.ReadFile(path(dir, name)); err != nil || string(data) != text {
			t.Errorf("the file holds %d bytes, %v", len(data), err)
		}
		if info, err := os.Stat(path(dir, name)); err != nil || info.Mode() != 0o600 {
			t.Errorf("others may read the file: %v, %v", info, err)
		}
		if got, err := read(t, s, name); err != nil || got != text {
			t.Errorf("read: %d bytes, %v", len(got), err)
		}
	}
	n := 0
	if err := s.Names(func(string, time.Time) error { n++; return nil }); err != nil || n != 3 {
		t.Errorf("%d names, %v", n, err)
	}
}

// Whatever byte changes, nothing of the file is handed out; put again, it is sound.
func TestAChangedFileIsFound(t *testing.T) {
	dir := t.TempDir()
	s := blobs.New(dir, nil, false)
	const text = "the plan"
	name := put(t, s, text)
	for i := range len(text) + 2 {
		data := []byte(text)
		switch {
		case i < len(text):
			data[i] ^= 1
		case i == len(text):
			data = data[:len(data)-1]
		default:
			data = append(data, 0)
		}
		if err := os.WriteFile(path(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := read(t, s, name); !errors.Is(err, blobs.ErrDamaged) || got != "" {
			t.Errorf("change %d: read %q, %v", i, got, err)
		}
		if err := s.Verify(t.Context(), name, nil); !errors.Is(err, blobs.ErrDamaged) {
			t.Errorf("change %d: %v", i, err)
		}
		put(t, s, text)
		if err := s.Verify(t.Context(), name, nil); err != nil {
			t.Errorf("put again: %v", err)
		}
	}
	if err := s.Remove(t.Context(), name); err != nil || s.Has(name) || s.Remove(t.Context(), name) != nil {
		t.Errorf("removed: %v", err)
	}
	if _, err := read(t, s, name); !errors.Is(err, blobs.ErrMissing) {
		t.Errorf("removed and read: %v", err)
	}
}

func TestWhatIsNoName(t *testing.T) {
	dir := t.TempDir()
	s := blobs.New(filepath.Join(dir, "blobs"), nil, false)
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("outside"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := put(t, s, "x")
	for _, name := range []string{"", "sha256:", good[7:], good[:70], good + "0", "sha256:" + strings.ToUpper(good[7:]),
		"md5:" + good[7:],
		"sha256:../secret", "sha256:" + strings.Repeat("../", 21) + "a", "sha256:../../" + good[13:]} {
		if blobs.Valid(name) || s.Has(name) {
			t.Errorf("%q is a name", name)
		}
		if _, err := read(t, s, name); !errors.Is(err, blobs.ErrMissing) {
			t.Errorf("%q: %v", name, err)
		}
		if err := s.Remove(t.Context(), name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// A kill between writing and renaming leaves a file that the next start removes, and never half a blob.
func TestCleanRemovesWhatAKillLeft(t *testing.T) {
	dir := t.TempDir()
	s := blobs.New(dir, nil, false)
	name := put(t, s, "whole")
	half := filepath.Join(dir, "tmp", "put-123")
	if err := os.WriteFile(half, []byte("ha"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Clean(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(half); err == nil || !s.Has(name) {
		t.Errorf("what was cut off is there: %v, the whole one: %v", err == nil, s.Has(name))
	}
	put(t, s, "another")
}

// slow is a reader that gives a byte at a time, as a connection may.
type slow struct{ r io.Reader }

func (s slow) Read(b []byte) (int, error) { return s.r.Read(b[:min(1, len(b))]) }

func TestPutIsBounded(t *testing.T) {
	dir := t.TempDir()
	s := blobs.New(dir, nil, false)
	if _, n, err := s.Put(t.Context(), slow{strings.NewReader("four")}, 4); err != nil || n != 4 {
		t.Errorf("as long as it may be: %d, %v", n, err)
	}
	_, _, err := s.Put(t.Context(), slow{strings.NewReader("five!")}, 4)
	if refusal.CodeOf(err) != refusal.TooLarge {
		t.Errorf("longer: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(dir, "tmp"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// What is collected was stored before a time, and may be put at any moment.
func TestCollectTakesTheOldAlone(t *testing.T) {
	s := blobs.New(t.TempDir(), nil, false)
	name, begun := put(t, s, "x"), time.Now()
	if removed, err := s.Collect(t.Context(), name, begun.Add(-time.Hour)); removed || err != nil {
		t.Errorf("a young one is removed: %v, %v", removed, err)
	}
	if removed, err := s.Collect(t.Context(), name, begun.Add(time.Hour)); !removed || err != nil || s.Has(name) {
		t.Errorf("an old one is not removed: %v", err)
	}
	if removed, err := s.Collect(t.Context(), name, begun.Add(time.Hour)); removed || err != nil {
		t.Errorf("one that is not there: %v, %v", removed, err)
	}
}

// Several nodes share an object store: what one puts the others read, and keep.
func TestNodesShareBlobs(t *testing.T) {
	js := natstest.Start(t, t.TempDir()).JS
	far := blobs.Objects(js)
	dirs := []string{t.TempDir(), t.TempDir()}
	a, b := blobs.New(dirs[0], far, false), blobs.New(dirs[1], far, false)
	text := string(bytes.Repeat([]byte("0123456789"), 100_000)) // several messages of the store
	name := put(t, a, text)
	if got, err := read(t, b, name); err != nil || got != text || !b.Has(name) {
		t.Errorf("the other reads %d bytes and has it: %v (%v)", len(got), b.Has(name), err)
	}
	if err := os.WriteFile(path(dirs[1], name), []byte("rotten"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := read(t, b, name); err != nil || got != text {
		t.Errorf("a damaged file is not taken anew: %v", err)
	}
	if all, err := b.All(t.Context()); err != nil || !slices.Equal(all, []string{name}) {
		t.Errorf("all: %v, %v", all, err)
	}
	// The object store is lost: whoever has the file gives it back.
	if err := js.DeleteObjectStore(t.Context(), blobs.Bucket); err != nil {
		t.Fatal(err)
	}
	// The first call finds that it is gone. The server may still be removing the old one's files when the next makes it anew,
	// and answers with an error then, after which the program's next look asks again.
	_ = a.Mend(t.Context(), name, nil)
	err := a.Mend(t.Context(), name, nil)
	for end := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		err = a.Mend(t.Context(), name, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path(dirs[1], name)); err != nil {
		t.Fatal(err)
	}
	if got, err := read(t, b, name); err != nil || got != text {
		t.Errorf("after the loss: %d bytes, %v", len(got), err)
	}
	// What has another content under the name is taken by nobody.
	if err := far.Put(t.Context(), name, strings.NewReader("forged")); err != nil {
		t.Fatal(err)
	}
	c := blobs.New(t.TempDir(), far, false)
	if _, err := read(t, c, name); !errors.Is(err, blobs.ErrMissing) || c.Has(name) {
		t.Errorf("another content is taken: %v", err)
	}
	if err := a.Remove(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if _, err := far.Get(t.Context(), name); !errors.Is(err, blobs.ErrMissing) || a.Has(name) {
		t.Errorf("removed, the object store says %v", err)
	}
	if err := a.Remove(t.Context(), name); err != nil {
		t.Errorf("removed again: %v", err)
	}
}

// While the object store is silent nothing new is taken in, and what is here is read.
func TestASilentObjectStore(t *testing.T) {
	srv := natstest.Start(t, t.TempDir())
	s := blobs.New(t.TempDir(), blobs.Objects(srv.JS), false)
	name := put(t, s, "kept")
	srv.Stop()
	if got, err := read(t, s, name); err != nil || got != "kept" {
		t.Errorf("read: %q, %v", got, err)
	}
	if _, _, err := s.Put(t.Context(), strings.NewReader("new"), 3); refusal.CodeOf(err) != refusal.NotReady {
		t.Errorf("put: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := s.Open(ctx, "sha256:"+strings.Repeat("0", 64)); err == nil || errors.Is(err, blobs.ErrMissing) {
		t.Errorf("what may be elsewhere is said to be missing: %v", err)
	}
}
