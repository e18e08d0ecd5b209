package uploads

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func usual(dir string, c *clock) Options {
	return Options{Dir: dir, Most: 1000, Open: 3, Waiting: 2000, InAll: 5000, Expires: time.Hour, Clock: c.Now}
}

func create(t testing.TB, s *Store, u Upload) Upload {
	t.Helper()
	u, err := s.Create(u)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func take(t testing.TB, s *Store, owner, id string) *Held {
	t.Helper()
	h, err := s.Take(t.Context(), owner, id, nil)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func bytesOf(t testing.TB, h *Held) string {
	t.Helper()
	f, err := h.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// breaks is a line that breaks after what it gives.
type breaks struct{ io.Reader }

var errLine = errors.New("the line broke")

func (b breaks) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = errLine
	}
	return n, err
}

// However a file is cut into pieces, wherever lines break and the server starts anew: what was confirmed is there, and the
// file is what was sent.
func TestPiecesMakeTheFile(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir, c := t.TempDir(), &clock{time.Unix(1e9, 0)}
		opt := usual(dir, c)
		s := New(opt)
		text := rapid.StringN(1, 300, 1000).Draw(r, "file")
		u := create(t, s, Upload{Owner: "li", Key: "k", Length: int64(len(text))})
		for offset := 0; offset < len(text); {
			h := take(t, s, "li", u.ID)
			if got := h.Upload().Offset; got != int64(offset) {
				r.Fatalf("%d bytes are said to be here, %d were confirmed", got, offset)
			}
			n := rapid.IntRange(0, len(text)-offset).Draw(r, "piece")
			broken := rapid.Bool().Draw(r, "breaks")
			var from io.Reader = strings.NewReader(text[offset : offset+n])
			if broken {
				from = breaks{from}
			}
			m, err := h.Append(from, 1000, nil)
			if int(m) != n || (n < len(text)-offset || !broken) && broken != errors.Is(err, errLine) {
				r.Fatalf("%d of %d bytes, %v", m, n, err)
			}
			offset += n
			h.Release()
			switch rapid.IntRange(0, 3).Draw(r, "then") {
			case 0:
				s = New(opt) // a restart
			case 1: // and one after a power cut, which left bytes that nobody confirmed
				f, err := os.OpenFile(filepath.Join(dir, u.ID+".part"), os.O_APPEND|os.O_WRONLY, 0)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = f.WriteString("garbage")
				_ = f.Close()
				s = New(opt)
			}
			if again := create(t, s, Upload{Owner: "li", Key: "k", Length: int64(len(text))}); again.ID != u.ID {
				r.Fatalf("under its key it is another one")
			}
		}
		h := take(t, s, "li", u.ID)
		got := bytesOf(t, h)
		if whole := h.Upload(); !whole.Whole() || got[:len(text)] != text {
			r.Fatalf("%q became %q", text, got)
		}
		if err := h.Complete("sha256:x"); err != nil {
			r.Fatal(err)
		}
		h.Release()
		h = take(t, New(opt), "li", u.ID)
		if h.Upload().Evidence != "sha256:x" {
			r.Fatalf("after a restart it is %+v", h.Upload())
		}
	})
}

func TestLimitsOfUploads(t *testing.T) {
	c := &clock{time.Unix(1e9, 0)}
	s := New(usual(t.TempDir(), c))
	refused := func(what string, u Upload, code refusal.Code, rule string) {
		t.Helper()
		_, err := s.Create(u)
		var e *refusal.Error
		if !errors.As(err, &e) || e.Code != code || e.Rule != rule {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("too large", Upload{Owner: "li", Length: 1001}, refusal.TooLarge, "uploads.size")
	first := create(t, s, Upload{Owner: "li", Key: "1", Length: 1000})
	create(t, s, Upload{Owner: "li", Length: 900})
	refused("too much waits", Upload{Owner: "li", Length: 101}, refusal.RateLimited, "uploads.waiting")
	create(t, s, Upload{Owner: "li", Length: 100})
	refused("too many are open", Upload{Owner: "li", Length: 1}, refusal.RateLimited, "uploads.open")
	refused("another under the same key", Upload{Owner: "li", Key: "1", Length: 999}, refusal.Conflict, "uploads.key")
	refused("with other metadata", Upload{Owner: "li", Key: "1", Length: 1000, Metadata: map[string]string{"a": "b"}},
		refusal.Conflict, "uploads.key")
	if again := create(t, s, Upload{Owner: "li", Key: "1", Length: 1000}); again.ID != first.ID {
		t.Error("the same again is another one")
	}
	if other := create(t, s, Upload{Owner: "wang", Key: "1", Length: 1000}); other.ID == first.ID {
		t.Error("another's key is the same")
	}
	if _, err := s.Take(t.Context(), "wang", first.ID, nil); refusal.CodeOf(err) != refusal.NotFound {
		t.Errorf("another takes it: %v", err)
	}
	h := take(t, s, "li", first.ID)
	for _, long := range []struct {
		text  string
		limit int64
	}{{strings.Repeat("x", 1001), 2000}, {"12345", 4}} {
		if n, err := h.Append(strings.NewReader(long.text), long.limit, nil); refusal.CodeOf(err) != refusal.TooLarge || n > long.limit {
			t.Errorf("a piece that is too long: %d, %v", n, err)
		}
	}
	h.Release()
	c.now = c.now.Add(2 * time.Hour)
	if _, err := s.Take(t.Context(), "li", first.ID, nil); refusal.CodeOf(err) != refusal.NotFound {
		t.Errorf("what has expired: %v", err)
	}
	if err := s.Sweep(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(s.opt.Dir); err != nil || len(left) != 0 || len(s.all)+len(s.keys) != 0 {
		t.Errorf("%d files, %d uploads and %d keys are left, %v", len(left), len(s.all), len(s.keys), err)
	}
	if _, err := New(Options{}).Create(Upload{Owner: "li", Length: 1}); refusal.CodeOf(err) != refusal.NotReady {
		t.Errorf("without a folder: %v", err)
	}
}

// What lies here in all is bounded, whoever sends it.
func TestLimitInAll(t *testing.T) {
	s := New(Options{Dir: t.TempDir(), Most: 1000, Open: 3, Waiting: 2000, InAll: 1000, Expires: time.Hour})
	var last *Held
	for _, owner := range []string{"a", "b", "c"} {
		u, err := s.Create(Upload{Owner: owner, Length: 800})
		if err != nil {
			if owner != "c" || refusal.CodeOf(err) != refusal.RateLimited {
				t.Fatal(err)
			}
			break
		}
		last = take(t, s, owner, u.ID)
		if _, err := last.Append(strings.NewReader(strings.Repeat("x", 700)), 1000, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := last.Append(strings.NewReader("more"), 1000, nil); refusal.CodeOf(err) != refusal.RateLimited {
		t.Errorf("a piece beyond what may lie here: %v", err)
	}
	if err := last.Drop(); err != nil {
		t.Fatal(err)
	}
	if u, err := s.Create(Upload{Owner: "c", Length: 800}); err != nil {
		t.Errorf("%+v, %v", u, err)
	}
}

// Who comes back takes an upload from the line that is not noticed to be broken, and what came over that is there.
func TestWhoComesBackTakesOver(t *testing.T) {
	s := New(Options{Dir: t.TempDir(), Most: 1000, Open: 3, Waiting: 2000, InAll: 5000, Expires: time.Hour})
	u := create(t, s, Upload{Owner: "li", Length: 10})
	from, to := io.Pipe()
	var stalled sync.WaitGroup
	h, err := s.Take(t.Context(), "li", u.ID, func() { _ = to.CloseWithError(errLine) })
	if err != nil {
		t.Fatal(err)
	}
	stalled.Go(func() {
		defer h.Release()
		if n, err := h.Append(from, 10, nil); n != 4 || !errors.Is(err, errLine) {
			t.Errorf("%d bytes came over the old line, %v", n, err)
		}
	})
	if _, err := to.Write([]byte("0123")); err != nil {
		t.Fatal(err)
	}
	again := take(t, s, "li", u.ID)
	defer again.Release()
	stalled.Wait()
	if n, err := again.Append(strings.NewReader("456789"), 10, nil); n != 6 || err != nil || bytesOf(t, again) != "0123456789" {
		t.Errorf("%d bytes, %v", n, err)
	}
}

type sum struct {
	bytes.Buffer
	err error
}

func (s *sum) Err(bool) error { return s.err }

// A piece that does not pass its check leaves nothing.
func TestAPieceThatIsChecked(t *testing.T) {
	s := New(Options{Dir: t.TempDir(), Most: 1000, Open: 3, Waiting: 2000, InAll: 5000, Expires: time.Hour})
	u := create(t, s, Upload{Owner: "li", Length: 4})
	h := take(t, s, "li", u.ID)
	bad := &sum{err: errLine}
	if n, err := h.Append(strings.NewReader("ab"), 10, bad); n != 0 || !errors.Is(err, errLine) || bad.String() != "ab" {
		t.Errorf("%d, %v, %q", n, err, bad.String())
	}
	if n, err := h.Append(strings.NewReader("1234"), 10, &sum{}); n != 4 || err != nil || bytesOf(t, h) != "1234" {
		t.Errorf("%d, %v", n, err)
	}
}

// A file that is damaged on the disk is given up, and what belongs to nothing is removed.
func TestWhatAKillLeaves(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.json": "{", "a.part": "x", "b.part": "orphan", "c.json.new": "{}",
		"d.json": `{"id":"d","owner":"li","length":10,"offset":5,"expires":"2999-01-01T00:00:00Z"}`, "d.part": "1234",
		"e.json": `{"id":"e","owner":"li","length":10,"offset":2,"expires":"2999-01-01T00:00:00Z"}`, "e.part": "1234"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := New(Options{Dir: dir, Most: 1000, Open: 3, Waiting: 2000, InAll: 5000, Expires: time.Hour})
	h := take(t, s, "li", "e")
	if h.Upload().Offset != 2 {
		t.Errorf("%+v", h.Upload())
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("%v are left, %v", left, err)
	}
}

// A large file takes no memory of its size.
func TestUploadsTakeNoMemory(t *testing.T) {
	const size = 32 << 20
	s := New(Options{Dir: t.TempDir(), Most: size, Open: 3, Waiting: size, InAll: size + 1, Expires: time.Hour})
	u := create(t, s, Upload{Owner: "li", Length: size})
	h := take(t, s, "li", u.ID)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 4 {
		if _, err := h.Append(io.LimitReader(zeros{}, size/4), size/4, nil); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > size/16 {
		t.Errorf("%d bytes of memory for %d", used, size)
	}
	f, err := h.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, want := sha256.New(), sha256.Sum256(make([]byte, size))
	if _, err := io.Copy(got, f); err != nil || !bytes.Equal(got.Sum(nil), want[:]) {
		t.Errorf("it is another file, %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
