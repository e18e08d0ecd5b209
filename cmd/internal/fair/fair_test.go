package fair

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A caller has its burst, then its rate, and is told once a second; another does not notice.
func TestAShareIsACallersOwn(t *testing.T) {
	now := time.Unix(1e9, 0)
	m := NewMeter(Share{PerSecond: 10, Burst: 20}, func() time.Time { return now })
	taken, told := 0, 0
	for range 5000 {
		if v := m.Take("flood"); v.OK {
			taken++
		} else if v.Tell {
			told++
		}
		now = now.Add(time.Millisecond)
	}
	if taken < 69 || taken > 71 || told != 5 {
		t.Errorf("in 5 s %d calls were taken of 20 at once and 10 a second, and %d times it was said that they are too many",
			taken, told)
	}
	if v := m.Take("other"); !v.OK {
		t.Error("another pays for it")
	}
	if n := m.Refused(); n != uint64(5000-taken) {
		t.Errorf("%d are counted as refused", n)
	}
	m.Take("flood")
	if v := m.Take("flood"); v.OK || v.Wait <= 0 || v.Wait > 100*time.Millisecond {
		t.Errorf("the next may come after %v", v.Wait)
	}
	now = now.Add(10 * time.Minute)
	if m.Take("other"); len(m.callers) != 1 {
		t.Errorf("%d callers are remembered after ten quiet minutes", len(m.callers))
	}
	if v := NewMeter(Share{}, nil).Take("x"); !v.OK {
		t.Error("a share of nothing is no limit")
	}
}

// However many names come, no more are remembered than there is room for.
func TestAMeterIsBounded(t *testing.T) {
	now := time.Unix(1e9, 0)
	m := NewMeter(Share{PerSecond: 1, Burst: 1}, func() time.Time { return now })
	for n := range maxCallers + 1000 {
		m.Take(fmt.Sprint(n))
	}
	if n := len(m.callers); n > maxCallers+1 {
		t.Errorf("%d callers are remembered", n)
	}
	if v := m.Take("one more"); v.OK {
		t.Error("who comes beyond them has no share of its own")
	}
}

// Whatever is pushed and ended in whatever order: nothing taken is lost or done twice, each caller's items come in
// order, all bounds hold, and among those who may begin nobody has a second turn before another's first.
func TestTurns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Bounds{Waiting: rapid.IntRange(1, 5).Draw(t, "waiting"), Bytes: rapid.IntRange(1, 12).Draw(t, "bytes"),
			InWork: rapid.IntRange(1, 3).Draw(t, "in work"), Window: rapid.IntRange(1, 6).Draw(t, "window"),
			Merge: rapid.Bool().Draw(t, "merge")}
		q := NewQueue[int](b)
		type work struct {
			who  string
			done func()
		}
		waits, size := map[string][]int{}, map[int]int{}
		at := map[string]int{}
		var turns []string // the obvious model of whose turn it is
		var running []work
		begun, n := map[string]int{}, 0
		enter := func(who string) {
			if len(waits[who]) > 0 && begun[who] < b.InWork && !slices.Contains(turns, who) {
				turns = append(turns, who)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				who, bytes := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "who"), rapid.IntRange(0, 6).Draw(t, "size")
				has := 0
				for _, item := range waits[who] {
					has += size[item]
				}
				want := len(waits[who]) == 0 || len(waits[who]) < b.Waiting && has+bytes <= b.Bytes
				n++
				if got := q.Push(who, n, bytes); got != want {
					t.Fatalf("taken %v, want %v: %d waiting with %d bytes", got, want, len(waits[who]), has)
				}
				if want {
					waits[who], size[n] = append(waits[who], n), bytes
					enter(who)
				}
			},
			"next": func(t *rapid.T) {
				if len(turns) == 0 || len(running) >= b.Window {
					return
				}
				who, items, done, ok := q.Next()
				if !ok || who != turns[0] {
					t.Fatalf("it is %s's turn, not %s's", turns[0], who)
				}
				want := 1
				if b.Merge {
					want = len(waits[who])
				}
				if !slices.Equal(items, waits[who][:want]) {
					t.Fatalf("%v, want %v", items, waits[who][:want])
				}
				waits[who], turns = waits[who][want:], turns[1:]
				begun[who]++
				at[who] = items[0]
				running = append(running, work{who, done})
				enter(who)
			},
			"done": func(t *rapid.T) {
				if len(running) == 0 {
					return
				}
				i := rapid.IntRange(0, len(running)-1).Draw(t, "which")
				w := running[i]
				running = slices.Delete(running, i, i+1)
				w.done()
				w.done() // a second time does nothing
				begun[w.who]--
				enter(w.who)
			},
			"": func(t *rapid.T) {
				all, callers := 0, 0
				for _, who := range []string{"a", "b", "c"} {
					all += len(waits[who])
					if len(waits[who]) > 0 || begun[who] > 0 {
						callers++
					}
				}
				if w, c := q.Len(); w != all || c != callers {
					t.Fatalf("%d wait of %d callers, want %d of %d", w, c, all, callers)
				}
			},
		})
		q.Close()
		if _, _, _, ok := q.Next(); ok || q.Push("a", 1, 1) {
			t.Fatal("a closed queue goes on")
		}
	})
}

// Who waits for a turn hears of the next item, of the window that opens, and of the end.
func TestWaitingForATurn(t *testing.T) {
	q := NewQueue[int](Bounds{Waiting: 4, Bytes: 100, InWork: 4, Window: 1})
	got := make(chan int)
	go func() {
		defer close(got)
		for {
			_, items, done, ok := q.Next()
			if !ok {
				return
			}
			got <- items[0]
			done()
		}
	}()
	for n := range 3 {
		q.Push("a", n, 1)
		if item := <-got; item != n {
			t.Errorf("%d, want %d", item, n)
		}
	}
	q.Close()
	if _, more := <-got; more {
		t.Error("a closed queue gives something")
	}
}

// Who has nothing left is told so without a call being counted, until its share has come again.
func TestASpentShare(t *testing.T) {
	now := time.Unix(1e9, 0)
	m := NewMeter(Share{PerSecond: 1, Burst: 2}, func() time.Time { return now })
	for calls, want := range []bool{false, false, true, true} {
		if got := m.Spent("a"); got != want {
			t.Errorf("after %d calls: %v", calls, got)
		}
		m.Take("a")
	}
	now = now.Add(time.Second)
	for range 2 { // to ask is no call
		if m.Spent("a") || m.Spent("b") || len(m.callers) != 1 {
			t.Error("a second later")
		}
	}
	m.Take("a")
	if !m.Spent("a") || NewMeter(Share{}, nil).Spent("a") {
		t.Error("what came is used again")
	}
}
