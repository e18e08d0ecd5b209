package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// dies is a node of its own that is killed at a point: what its files hold then is copied, and the copy is what a
// restart finds. Copies are taken at every point that comes, each with what had been confirmed by then.
type dies struct {
	*world
	confirmed atomic.Uint64
	mu        sync.Mutex
	at        map[string]int
	copies    []copied
}

type copied struct {
	point     string
	confirmed uint64
	dir, nats string
}

func (d *dies) point(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.at[name]++; d.at[name] > 3 {
		return
	}
	c := copied{point: fmt.Sprintf("%s %d", name, d.at[name]), confirmed: d.confirmed.Load(), dir: d.t.TempDir(),
		nats: d.t.TempDir()}
	for to, from := range map[string]string{c.dir: d.dir, c.nats: d.nats} {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			d.t.Error(err)
		}
	}
	d.copies = append(d.copies, c)
}

func (d *dies) one(secret string) {
	e := Seal([]byte(secret))
	if _, err := d.j.Submit(d.t.Context(),
		Command{Kind: "t.add", Payload: add{Name: "x", N: 1, Ref: e.Ref}, Vault: []VaultEntry{e}}); err != nil {
		d.t.Error(err)
		return
	}
	d.confirmed.Add(1)
}

// Killed between commit, mark, answer, the follower's append, handover and the mark's end: with the record the restart
// has all that was confirmed and completes the stream; without it the stream is taken only if it holds all of that, and
// refused else.
func TestKilledBetweenAnyTwoSteps(t *testing.T) {
	d := &dies{world: newWorld(t), at: map[string]int{}}
	stream, _, _ := d.switches()
	d.opt.at = d.point
	d.start()
	d.opt.log, d.opt.far, d.opt.at = nil, nil, nil
	d.one("level")
	stream.failing.Store(true)
	for range 3 {
		d.one("short")
	}
	stream.failing.Store(false)
	d.eventually("the stream is level", func() bool { return !d.j.Status().Short })
	d.one("level again")
	d.stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, want := range []string{"handed", "committed", "marked", "answered", "handover", "cleared"} {
		if d.at[want] == 0 {
			t.Errorf("no copy at the point %q", want)
		}
	}
	refused := 0
	for _, c := range d.copies {
		for _, record := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, record %v", c.point, record), func(t *testing.T) {
				w := &world{t: t, dir: t.TempDir(), nats: t.TempDir()}
				t.Cleanup(w.stop)
				for to, from := range map[string]string{w.dir: c.dir, w.nats: c.nats} {
					if err := os.CopyFS(to, os.DirFS(from)); err != nil {
						t.Fatal(err)
					}
				}
				if !record {
					w.remove(filepath.Join(w.dir, File))
				}
				j, err := w.tryStart()
				if err != nil {
					if record {
						t.Fatal(err)
					}
					if !strings.Contains(err.Error(), "may not fill it") {
						t.Errorf("refused otherwise than for the stream's end: %v", err)
					}
					if _, err := os.Stat(filepath.Join(w.dir, HeightFile)); err != nil {
						t.Errorf("the refusal changed the folder: %v", err)
					}
					refused++
					return
				}
				var got uint64
				_ = j.View(func(tx *bbolt.Tx) error { got = count(tx, "x"); return nil })
				if got < c.confirmed || got > c.confirmed+1 {
					t.Errorf("x = %d after a kill at which %d were confirmed", got, c.confirmed)
				}
				w.eventually("the stream is level", func() bool { s := w.j.Status(); return !s.Short && s.Behind == 0 })
				w.add("x", 1)
				prove(t, j)
			})
		}
	}
	if refused == 0 {
		t.Error("a stream alone was taken in every case, also under the mark")
	}
}

// What a start of a node of its own does with a height, a record and a stream of other ends.
func TestHeightOnANodeOfItsOwn(t *testing.T) {
	const blocks = 10
	number := func(n uint64) func(h *Height) { return func(h *Height) { h.Number = n } }
	for _, c := range []struct {
		name   string
		height func(h *Height) // nil: the file is not there
		record uint64          // ends at; 0: not there
		stream uint64
		wrong  func(w *world)
		want   uint64 // what is there after the start; 0: refused
		says   string
		halted error
	}{
		{name: "all agree", height: number(blocks), record: blocks, stream: blocks, want: blocks},
		{name: "no height", record: blocks, stream: blocks, want: blocks},
		{name: "the stream is short", height: number(blocks), record: blocks, stream: 4, want: blocks},
		{name: "the stream is empty", height: number(blocks), record: blocks, stream: 0, want: blocks},
		{name: "the stream is ahead by what nobody was told", height: number(7), record: 7, stream: blocks, want: blocks},
		{name: "the record is gone and the stream whole", height: number(blocks), stream: blocks, want: blocks},
		{name: "the record is older and the stream whole", height: number(blocks), record: 3, stream: blocks, want: blocks},
		{name: "the record is gone and the stream short", height: number(blocks), stream: 9, says: "too short"},
		{name: "the record is older and the stream short", height: number(blocks), record: 3, stream: 9, says: "too short"},
		{name: "the record is gone and the stream marked", height: func(h *Height) { h.ShortFrom = 8 }, stream: blocks,
			says: "from 8 on"},
		{name: "the record is gone, its stream too", height: number(blocks), stream: 0, says: "is a disk not mounted"},
		{name: "the record is gone and the stream has another block",
			height: func(h *Height) { h.Hash = strings.Repeat("ab", 32) }, stream: blocks, says: "another one"},
		{name: "the record has another block", height: func(h *Height) { h.Hash = strings.Repeat("ab", 32) }, record: blocks,
			stream: blocks, want: blocks, halted: ErrForked},
		{name: "the record is gone, the stream has a hole", height: number(blocks), stream: blocks,
			says: "message 5 cannot be read", wrong: func(w *world) {
				s, err := w.js.Stream(w.t.Context(), Stream)
				if err != nil {
					w.t.Fatal(err)
				}
				if err := s.DeleteMsg(w.t.Context(), 5); err != nil {
					w.t.Fatal(err)
				}
			}},
		{name: "no height, the record is gone and the stream whole", stream: blocks, want: blocks},
		{name: "no height, neither record nor stream", stream: 0, says: "node-id"},
		{name: "the height is damaged", height: number(blocks), record: blocks, stream: blocks, says: "damaged",
			wrong: func(w *world) {
				if err := os.WriteFile(filepath.Join(w.dir, HeightFile), []byte("{"), 0o600); err != nil {
					w.t.Fatal(err)
				}
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.start()
			for n := range uint64(blocks) {
				w.add("x", 1)
				if n+1 == c.record && c.record < blocks {
					w.stopJournal()
					copyFile(t, filepath.Join(w.dir, File), filepath.Join(w.dir, "older"))
					w.start()
				}
			}
			b, err := w.j.block(max(1, blocks))
			if err != nil {
				t.Fatal(err)
			}
			hash := fmt.Sprintf("%x", b.Hash)
			if c.record > 0 && c.record < blocks && c.height != nil {
				var h Height
				if c.height(&h); h.Number > 0 && h.Number < blocks {
					older, err := w.j.block(h.Number)
					if err != nil {
						t.Fatal(err)
					}
					hash = fmt.Sprintf("%x", older.Hash)
				}
			}
			w.stopJournal()
			if c.stream < blocks {
				cutTail(w, c.stream)
			}
			switch {
			case c.record == 0:
				w.remove(filepath.Join(w.dir, File))
			case c.record < blocks:
				if err := os.Rename(filepath.Join(w.dir, "older"), filepath.Join(w.dir, File)); err != nil {
					t.Fatal(err)
				}
			}
			path := filepath.Join(w.dir, HeightFile)
			if c.height == nil {
				w.remove(path)
			} else {
				h := Height{Number: blocks, Hash: hash}
				c.height(&h)
				text, err := json.Marshal(h)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if c.wrong != nil {
				c.wrong(w)
			}
			before := files(t, w.dir)
			j, err := w.tryStart()
			if c.want == 0 {
				if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "backup") {
					t.Fatalf("refused with %v, want %q and what to do", err, c.says)
				}
				info, err := openStream(w.js, false).info(t.Context())
				if err != nil || info.last != c.stream {
					t.Errorf("the refusal left a stream of %d blocks (%v), it had %d", info.last, err, c.stream)
				}
				if !slices.Equal(files(t, w.dir), before) {
					t.Errorf("the refusal changed the folder: %v, it was %v", files(t, w.dir), before)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			w.want("x", c.want)
			if c.halted != nil {
				if !errors.Is(j.Halted(), c.halted) {
					t.Errorf("halted by %v", j.Halted())
				}
				return
			}
			w.add("x", 1)
			w.eventually("the stream is level", func() bool { s := w.j.Status(); return !s.Short && s.Behind == 0 })
			prove(t, j)
			w.stopJournal()
			h, err := ReadHeight(w.dir)
			if err != nil || h == nil || h.Number != c.want+1 || h.ShortFrom != 0 {
				t.Errorf("the height after it is %+v, %v", h, err)
			}
		})
	}
}

// files are the names below a folder.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// The height is written within a second or so of a block, and at the end.
func TestTheHeightIsKept(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("x", 1)
	w.add("x", 1)
	w.eventually("the height says two blocks", func() bool {
		h, err := ReadHeight(w.dir)
		return err == nil && h != nil && h.Number == 2
	})
	w.add("x", 1)
	w.stopJournal()
	b, err := func() (*Block, error) { w.start(); return w.j.block(3) }()
	if err != nil {
		t.Fatal(err)
	}
	if h, err := ReadHeight(w.dir); err != nil || h.Number != 3 || h.Hash != fmt.Sprintf("%x", b.Hash) {
		t.Errorf("the height is %+v, %v", h, err)
	}
}

// Among several nodes the shared stream decides: a node whose record is gone or older comes back from it, and where the
// stream ends below what one of them has confirmed none writes before that is made good.
func TestHeightAmongSeveralNodes(t *testing.T) {
	a, b := pair(t)
	a.start()
	b.start()
	for range 10 {
		a.add("x", 1)
	}
	caughtUp(t, a, b)
	a.stopJournal()
	b.stopJournal()
	a.remove(filepath.Join(a.dir, File))
	a.start()
	a.want("x", 10)
	a.stopJournal()

	cutTail(a, 6)
	a.remove(filepath.Join(a.dir, File)) // it confirmed ten, and has nothing: only b can make that good
	opened := make(chan error, 1)
	go func() { _, err := a.tryStart(); opened <- err }()
	b.start()
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	caughtUp(t, a, b)
	a.want("x", 10)
	a.add("x", 1)
	caughtUp(t, a, b)
	if x, y := prove(t, a.j), prove(t, b.j); x.StateHash != y.StateHash {
		t.Error("the nodes differ")
	}
}

// Nobody has what one node confirmed: it says so with the numbers instead of going on with less.
func TestWhatNoNodeHasIsNotForgotten(t *testing.T) {
	a, _ := pair(t)
	a.opt.Nodes = []string{"a"}
	a.start()
	for range 10 {
		a.add("x", 1)
	}
	a.stopJournal()
	cutTail(a, 6)
	a.remove(filepath.Join(a.dir, File))
	done := make(chan error, 1)
	go func() { _, err := a.tryStart(); done <- err }()
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "block 10 was confirmed") ||
			!strings.Contains(err.Error(), "ends at 6") {
			t.Errorf("the start gave %v", err)
		}
	case <-time.After(40 * time.Second):
		t.Fatal("the start does not end")
	}
}

// A kill right after an answer leaves the height of that answer. Older stores, both of them, are then refused: what was
// confirmed last is not lost without a word.
func TestHeightAfterAKill(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("x", 1)
	w.add("x", 1)
	w.stop()
	older := &world{t: t, dir: t.TempDir(), nats: t.TempDir()}
	t.Cleanup(older.stop)
	for to, from := range map[string]string{older.dir: w.dir, older.nats: w.nats} {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	w.start()
	for range 3 {
		w.add("x", 1)
		if err := os.Remove(filepath.Join(older.dir, HeightFile)); err != nil {
			t.Fatal(err)
		}
		copyFile(t, filepath.Join(w.dir, HeightFile), filepath.Join(older.dir, HeightFile))
		if h, err := ReadHeight(older.dir); err != nil || h.Number != w.j.Height() {
			t.Errorf("after a kill at block %d the height is %+v, %v", w.j.Height(), h, err)
		}
	}
	if _, err := older.tryStart(); err == nil || !strings.Contains(err.Error(), "5") {
		t.Errorf("both stores lack the last three blocks, and the start says %v", err)
	}
}

// A second line that a power cut left half written, or that an older program did not write, does not count; the first
// does.
func TestHeightAfterAPowerCut(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	first := fmt.Sprintf(`{"number":7,"hash":%q,"short_from":3}`, hash) + "\n"
	next := strings.Repeat("cd", 32)
	last := string(lastLine(9, next))
	for name, c := range map[string]struct {
		text string
		want Height
	}{
		"whole":           {first + last, Height{9, next, 3}},
		"behind":          {first + string(lastLine(6, next)), Height{7, hash, 3}},
		"none":            {first, Height{7, hash, 3}},
		"no line's end":   {strings.TrimSpace(first), Height{7, hash, 3}},
		"cut":             {first + last[:100], Height{7, hash, 3}},
		"half of another": {first + last[:20] + string(lastLine(100, hash))[20:], Height{7, hash, 3}},
		"zeros":           {first + string(make([]byte, lastLen)), Height{7, hash, 3}},
		"longer":          {first + last + "x", Height{7, hash, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, HeightFile), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if h, err := ReadHeight(dir); err != nil || *h != c.want {
				t.Errorf("%+v, %v; want %+v", h, err, c.want)
			}
		})
	}
}
