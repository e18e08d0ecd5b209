package witness

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"qingkong/notify/ledger/witness"
)

// forks are the histories that the logs of the properties sign.
var forks = []history{{never}, {0}, {3}, {8}, {9}}

// entries is a tree as the slow model has it: all that stands in it.
func (h history) entries(size int64) (all []string) {
	for n := range size {
		all = append(all, h.entry(n))
	}
	return all
}

func begins(whole, part []string) bool {
	return len(part) <= len(whole) && slices.Equal(whole[:len(part)], part)
}

// drawn is a request of an honest log, of one that forked or was rolled back, or of whoever takes a proof elsewhere.
type drawn struct {
	old, size int64
	h, proved history
}

// text signs h at size with a proof of another history's tree of that size.
func (d drawn) text(l *aLog) string {
	return string(witness.Request{Old: d.old, Proof: d.proved.proof(d.size, d.old), Note: l.checkpoint(d.h, d.size)}.Text())
}

// status is what the model says of a request after last, or after nothing (not some); it knows whole trees and asks for no hash: a tree is cosigned where the one before it
// is its beginning, and the proof is the one that there is.
func (d drawn) status(last []string, some bool) int {
	tree := d.h.entries(d.size)
	switch {
	case d.old > d.size:
		return 400
	case d.old != int64(len(last)), some && len(tree) == len(last) && !begins(tree, last):
		return 409
	case !begins(tree, last):
		return 422
	case d.old > 0 && d.old < d.size && !slices.Equal(d.proved.proof(d.size, d.old), d.h.proof(d.size, d.old)):
		return 422
	}
	return 200
}

// A witness decides as a slow model does that has whole trees before it, whatever is asked in whatever order, and however
// often it is ended and opened again in between.
func TestAWitnessAgainstASlowModel(t *testing.T) {
	w := serveWitness(t)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		l := newLog(w.t, "log/"+strconv.Itoa(n), "a") // one that nothing is known of
		w.trust(l)
		w.Reload()
		var last []string
		some := false
		t.Repeat(map[string]func(*rapid.T){
			"ask": func(t *rapid.T) {
				d := drawn{size: rapid.Int64Range(0, 20).Draw(t, "size"), h: rapid.SampledFrom(forks).Draw(t, "history")}
				if d.old = int64(len(last)); rapid.IntRange(0, 3).Draw(t, "elsewhere") == 0 {
					d.old = rapid.Int64Range(0, 20).Draw(t, "old")
				}
				if d.proved = d.h; rapid.IntRange(0, 3).Draw(t, "astray") == 0 {
					d.proved = rapid.SampledFrom(forks).Draw(t, "proved")
				}
				want := d.status(last, some)
				got := w.post(d.text(l))
				if got.status != want {
					t.Fatalf("%+v after %d: %+v, want %d", d, len(last), got, want)
				}
				if want == 409 && got.body != strconv.Itoa(len(last))+"\n" {
					t.Fatalf("at %d it says %q", len(last), got.body)
				}
				if want == 200 {
					last, some = d.h.entries(d.size), true
				}
			},
			"again": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "now") == 0 {
					w.again()
				}
			},
		})
	})
}

// Many ask at once, with all kinds of histories: whatever is cosigned is one history, and nothing smaller is cosigned after
// something larger had been.
func TestManyAskAtOnce(t *testing.T) {
	w := serveWitness(t)
	type cosigned struct {
		d           drawn
		begun, done int64
	}
	var clock, known atomic.Int64
	var mu sync.Mutex
	var all []cosigned
	var group sync.WaitGroup
	for seed := range uint64(8) {
		group.Go(func() {
			r := rand.New(rand.NewPCG(seed, 1))
			for range 60 {
				d := drawn{old: known.Load(), h: forks[0]}
				if r.IntN(3) == 0 {
					d.h = forks[r.IntN(len(forks))]
				}
				d.size, d.proved = d.old+r.Int64N(3), d.h
				begun := clock.Add(1)
				got := w.post(d.text(w.log))
				done := clock.Add(1)
				switch got.status {
				case 200:
					mu.Lock()
					all = append(all, cosigned{d, begun, done})
					mu.Unlock()
					known.Store(d.size)
				case 409:
					if size, err := strconv.ParseInt(strings.TrimSpace(got.body), 10, 64); err == nil {
						known.Store(size)
					}
				}
			}
		})
	}
	group.Wait()
	for _, a := range all {
		for _, b := range all {
			x, y := a.d.h.entries(a.d.size), b.d.h.entries(b.d.size)
			if !begins(x, y) && !begins(y, x) {
				t.Fatalf("%+v and %+v are both cosigned", a, b)
			}
			if a.done < b.begun && b.d.size < a.d.size {
				t.Fatalf("%+v is cosigned after %+v", b, a)
			}
		}
	}
	if len(all) < 10 { // how many are depends on who comes first
		t.Errorf("only %d were cosigned", len(all))
	}
}
