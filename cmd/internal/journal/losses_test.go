package journal

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
)

// What a start does not read again of a long stream is not found wrong by it; a check finds it, and without nats/ the
// start makes the stream anew from the record.
func TestOldPartOfTheStreamDamaged(t *testing.T) {
	w := newWorld(t)
	w.opt.scrub = 1 << 20
	w.start()
	pad := strings.Repeat("x", 100<<10)
	blocks := uint64(w.opt.scrub/len(pad) + 5)
	for n := range blocks {
		if _, err := w.j.Submit(t.Context(), Command{Kind: "t.add", Payload: add{Name: "x", N: 1, Pad: pad}}); err != nil {
			t.Fatalf("block %d: %v", n, err)
		}
	}
	w.eventually("the stream is level", func() bool { s := w.j.Status(); return !s.Short && s.Behind == 0 })
	w.stop()
	flipBlock(w, 2)
	w.start()
	w.want("x", blocks)
	w.add("x", 1)
	if r, err := w.look(); err != nil || r.OK || !strings.Contains(strings.Join(r.Problems, "\n"), "stream: message 2") {
		t.Fatalf("the check says %+v, %v", r, err)
	}
	w.remove(w.nats)
	w.start()
	w.eventually("the stream is level", func() bool { s := w.j.Status(); return !s.Short && s.Behind == 0 })
	w.vaultLevel()
	if r, err := w.look(); err != nil || !r.OK {
		t.Errorf("the check says %+v, %v", r, err)
	}
}

// A stream that several nodes share and that has a hole is written to by none, and made anew by none.
func TestSharedStreamDamagedInTheMiddle(t *testing.T) {
	a, b := pair(t)
	a.start()
	b.start()
	for range 10 {
		a.add("x", 1)
	}
	caughtUp(t, a, b)
	a.stopJournal()
	b.stopJournal()
	s, err := a.js.Stream(t.Context(), Stream)
	if err == nil {
		err = s.DeleteMsg(t.Context(), 5)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []*world{a, b} {
		w.start()
		w.want("x", 10)
		_, err := w.j.Submit(t.Context(), Command{Kind: "t.add", Payload: add{Name: "x", N: 1}})
		var e *refusal.Error
		if !errors.As(err, &e) || e.Code != refusal.NotReady || w.j.Halted() == nil ||
			!strings.Contains(w.j.Halted().Error(), "restore it on the cluster") {
			t.Errorf("node %s: %v, halted by %v", w.opt.Node, err, w.j.Halted())
		}
	}
	info, err := s.Info(t.Context())
	if err != nil || info.State.Msgs != 9 || info.State.LastSeq != 10 {
		t.Errorf("the stream is %+v, %v", info.State, err)
	}
}

// Without the height the stores that are there count, and it is written anew.
func TestHeightFileGone(t *testing.T) {
	w := hurt(t, func(w *world) { w.remove(filepath.Join(w.dir, HeightFile)) })
	if _, err := w.startLooking(); err != nil {
		t.Fatal(err)
	}
	w.want("x", 10)
	w.add("x", 1)
	prove(t, w.j)
	b, err := w.j.block(11)
	if err != nil {
		t.Fatal(err)
	}
	w.stop()
	if h, err := ReadHeight(w.dir); err != nil || h == nil || h.Number != 11 || h.Hash != fmt.Sprintf("%x", b.Hash) {
		t.Errorf("the height is %+v, %v", h, err)
	}
}
