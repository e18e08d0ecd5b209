package incoming

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
)

// A file comes in as it is sent, in a folder that holds no name of it, and takes no memory of its size.
func TestAFileComesInOnDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "incoming")
	const size = 32 << 20
	piece := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	var parts []io.Reader
	for range size / len(piece) {
		parts = append(parts, bytes.NewReader(piece))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := Take(dir, io.MultiReader(parts...), size)
	runtime.ReadMemStats(&after)
	if err != nil || f.Size() != size {
		t.Fatalf("%v, %v", f, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > size/8 {
		t.Errorf("a file of %d bytes takes %d bytes of memory", size, used)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
	data, err := f.Bytes()
	if err != nil || len(data) != size || !bytes.Equal(data[size-len(piece):], piece) {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestAFileThatDoesNotComeInLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		r    io.Reader
		want error
	}{
		"too large": {strings.NewReader("12345"), ErrTooLarge},
		"broken":    {io.MultiReader(strings.NewReader("12"), failing{broken}), broken},
	} {
		if f, err := Take(dir, c.r, 4); f != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	for _, text := range []string{"", "1234"} {
		f, err := Take(dir, strings.NewReader(text), 4)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := f.Bytes(); err != nil || string(data) != text {
			t.Errorf("%q, %v", data, err)
		}
		_ = f.Close()
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
}

// A file that the machine cannot keep is no fault of who sends it: it is told to send it again, without the name of a
// file here.
func TestAFileThatCannotBeKeptMayBeSentAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, noFolder := Take(file, strings.NewReader("1234"), 4)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = full.Close() }()
	_, noSpace := io.Copy(disk{full}, strings.NewReader("1234"))
	for name, err := range map[string]error{"no folder": noFolder, "no space": noSpace} {
		r := Refusal(err, 4)
		if !errors.Is(err, ErrDisk) || refusal.CodeOf(r) != refusal.NotReady || strings.Contains(r.Error(), file) ||
			strings.Contains(r.Error(), "/dev/full") {
			t.Errorf("%s: %v is answered with %v", name, err, r)
		}
	}
	if r := Refusal(errors.New("unexpected EOF"), 4); refusal.CodeOf(r) != refusal.Invalid {
		t.Errorf("what did not come whole is answered with %v", r)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
