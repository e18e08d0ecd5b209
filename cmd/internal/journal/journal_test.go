package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
)

func TestAnAnswerMeansThatBothStoresHoldIt(t *testing.T) {
	w := newWorld(t)
	w.start()
	for i := range uint64(20) {
		if got := w.add("a", 1); got != i+1 {
			t.Fatalf("add gave %d, want %d", got, i+1)
		}
	}
	r := prove(t, w.j)
	if r.Entries != 20 || r.Blocks != 20 {
		t.Errorf("20 commands one after the other made %d entries in %d blocks", r.Entries, r.Blocks)
	}
	w.restart()
	w.want("a", 20)
	prove(t, w.j)
}

// Each command of a batch decides on what the ones before it left, and a refusal between them changes nothing.
func TestCommandsThatArriveTogetherShareBlocks(t *testing.T) {
	w := newWorld(t)
	w.start()
	const callers, each = 64, 20
	var wg sync.WaitGroup
	refused := make(chan error, callers*each)
	for range callers {
		wg.Go(func() {
			for range each {
				_, err := w.j.Submit(t.Context(), Command{Kind: "t.add", Actor: "c", Payload: add{Name: "x", N: 1, Max: 1000}})
				if err != nil {
					refused <- err
				}
			}
		})
	}
	wg.Wait()
	if got := len(refused); got != callers*each-1000 {
		t.Errorf("%d refused, want %d", got, callers*each-1000)
	}
	w.want("x", 1000)
	_ = w.j.View(func(tx *bbolt.Tx) error {
		if got := binary.BigEndian.Uint64(tx.Bucket(sumBucket).Get([]byte("sum"))); got != 1000 {
			t.Errorf("what blocks wrote together is %d, want 1000", got)
		}
		return nil
	})
	r := prove(t, w.j)
	if r.Blocks >= 1000 {
		t.Errorf("1000 events stand in %d blocks: commands did not share any", r.Blocks)
	}
}

func TestTheSameKeyTwice(t *testing.T) {
	w := newWorld(t)
	w.start()
	cmd := Command{Kind: "t.add", Key: "k1", Actor: "a", Payload: add{Name: "x", N: 5}}
	for range 3 {
		got, err := Do[uint64](t.Context(), w.j, cmd)
		if err != nil || got != 5 {
			t.Fatalf("got %d, %v; want the first answer 5", got, err)
		}
		w.restart()
	}
	cmd.Payload = add{Name: "x", N: 6}
	if _, err := w.j.Submit(t.Context(), cmd); refusal.CodeOf(err) != refusal.Conflict {
		t.Errorf("the key with other content gave %v, want a conflict", err)
	}
	w.want("x", 5)
	prove(t, w.j)
}

func TestOneCommandOfABatchCannotBeApplied(t *testing.T) {
	for _, bad := range []string{"t.poison", "t.panic"} {
		t.Run(bad, func(t *testing.T) {
			w := newWorld(t)
			f := w.withFaults()
			// Hold the writer inside an append until the whole batch is queued behind it.
			hold := make(chan struct{})
			f.will(fault{before: func() { <-hold }, land: true})
			var wg sync.WaitGroup
			errs := make([]error, 12)
			submit := func(i int, kind string) {
				wg.Add(1)
				err := w.j.SubmitFunc(Command{Kind: kind, Actor: "a", Payload: add{Name: "x", N: 1}},
					func(_ any, err error) { errs[i] = err; wg.Done() })
				if err != nil {
					t.Fatal(err)
				}
			}
			submit(0, "t.add")
			for i := 1; i < 12; i++ {
				kind := "t.add"
				if i == 4 || i == 9 {
					kind = bad
				}
				submit(i, kind)
			}
			close(hold)
			wg.Wait()
			for i, err := range errs {
				if isBad := i == 4 || i == 9; isBad != (err != nil) {
					t.Errorf("command %d: %v", i, err)
				}
			}
			w.want("x", 10)
			prove(t, w.j)
		})
	}
}

func TestBlocksStayUnderTheirLimit(t *testing.T) {
	w := newWorld(t)
	w.start()
	var wg sync.WaitGroup
	pad := strings.Repeat("灰", 30_000)
	for i := range 40 {
		wg.Go(func() {
			if _, err := w.j.Submit(t.Context(),
				Command{Kind: "t.add", Payload: add{Name: fmt.Sprint(i), N: 1, Pad: pad}}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	_, err := w.j.Submit(t.Context(),
		Command{Kind: "t.add", Payload: add{Name: "big", N: 1, Pad: strings.Repeat("x", maxBlock)}})
	if refusal.CodeOf(err) != refusal.TooLarge {
		t.Errorf("a command larger than a block gave %v", err)
	}
	w.want("big", 0)
	prove(t, w.j)
	_ = w.j.View(func(tx *bbolt.Tx) error {
		for _, raw := range blocksFrom(tx, 1) {
			if len(raw) > maxBlock {
				t.Errorf("a block of %d bytes", len(raw))
			}
		}
		return nil
	})
}

func TestAnAppendThatWasNotConfirmed(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []fault
	}{
		{"it landed", []fault{{land: true}}},
		{"it did not land", []fault{{}}},
		{"it did not land, twice, then landed unseen", []fault{{}, {}, {land: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			f := w.withFaults()
			w.add("x", 1)
			f.will(c.faults...)
			if got := w.add("x", 2); got != 3 {
				t.Errorf("add gave %d, want 3", got)
			}
			w.add("x", 4)
			w.want("x", 7)
			if r := prove(t, w.j); r.Blocks != 3 {
				t.Errorf("3 commands stand in %d blocks", r.Blocks)
			}
		})
	}
}

// While it is not known where a block of a shared stream is, nobody is answered and nothing is decided anew; the
// journal may be closed meanwhile, and the restart finds out.
func TestClosedWhileItIsNotKnown(t *testing.T) {
	w := newWorld(t)
	w.opt.Shared = true
	f := w.withFaults()
	w.add("x", 1)
	asked := make(chan struct{})
	f.will(fault{before: func() { close(asked) }}, fault{}, fault{}, fault{}, fault{}, fault{}, fault{}, fault{}, fault{})
	answered := make(chan error, 1)
	go func() {
		_, err := w.j.Submit(context.Background(), Command{Kind: "t.add", Payload: add{Name: "x", N: 1}})
		answered <- err
	}()
	<-asked
	w.stopJournal()
	if err := <-answered; !errors.Is(err, ErrClosed) {
		t.Errorf("the caller heard %v, want ErrClosed", err)
	}
	w.start()
	w.want("x", 1)
	prove(t, w.j)
}

func TestACommitThatFailsAfterItsAppendEndsTheProcess(t *testing.T) {
	for _, shared := range []bool{false, true} {
		t.Run(fmt.Sprintf("shared=%v", shared), func(t *testing.T) { testACommitThatFails(t, shared) })
	}
}

func testACommitThatFails(t *testing.T, shared bool) {
	w := newWorld(t)
	w.opt.Shared = shared
	handed := uint64(0)
	w.opt.at = func(point string) {
		if point != "handed" {
			return
		}
		handed++ // alone, the append goes on beside the commit: here it lands first
		w.eventually("the append lands", func() bool {
			info, err := openStream(w.js, shared).info(context.Background())
			return err == nil && info.last == handed
		})
	}
	f := w.withFaults()
	w.opt.at = nil
	w.add("x", 1)
	fatal := make(chan error, 1)
	w.j.opt.Fatal = func(err error) { fatal <- err }
	// The file is closed for writing under the writer: the append lands, though unseen at first, and the commit cannot.
	breakWrites(w.j.db)
	f.will(fault{land: true})
	if _, err := w.j.Submit(t.Context(), Command{Kind: "t.add", Payload: add{Name: "x", N: 2}}); err == nil {
		t.Error("a command whose commit failed was answered as done")
	}
	select {
	case <-fatal:
	case <-t.Context().Done():
		t.Fatal("the process was not ended")
	}
	if w.j.Halted() == nil {
		t.Error("the journal still takes commands")
	}
	_ = w.j.Close(context.Background()) // the broken file cannot be closed in order
	w.j = nil
	w.start()
	w.want("x", 3) // the stream was ahead: what was appended is applied
	prove(t, w.j)
}

// Nobody else may write to a stream that is not shared: the block is committed when that shows, so it is a fork.
func TestAnotherProgramWritesToTheStreamOfALoneNode(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("x", 1)
	foreign, _ := newBuilder(nil, 2, 1, [32]byte{}, [32]byte{}, Moment{time.Now(), time.Now()}, "another").finish()
	if _, err := w.js.Publish(t.Context(), blockSubject, foreign); err != nil {
		t.Fatal(err)
	}
	if _, err := w.j.Submit(t.Context(), Command{Kind: "t.add", Payload: add{Name: "x", N: 1}}); err == nil {
		t.Error("a block that is not in the stream was answered as done")
	}
	if err := w.j.Halted(); !errors.Is(err, ErrForked) {
		t.Errorf("the journal is stopped by %v, want a fork", err)
	}
}

// Random commands from many callers, with restarts and failing appends between: the answers are those of a
// plain map, and the record proves itself after every round.
func TestAnswersAreThoseOfAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.opt.NoSync = true // what a power cut leaves is asked elsewhere
		defer w.stop()
		f := w.withFaults()
		model := map[string]uint64{}
		for range rapid.IntRange(1, 5).Draw(rt, "rounds") {
			for range rapid.IntRange(0, 8).Draw(rt, "commands") {
				name, n := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "name"), rapid.Uint64Range(0, 3).Draw(rt, "n")
				switch rapid.IntRange(0, 5).Draw(rt, "fault") {
				case 0:
					f.will(fault{land: true})
				case 1:
					f.will(fault{})
				}
				model[name] += n
				if got := w.add(name, n); got != model[name] {
					rt.Fatalf("%s = %d, want %d", name, got, model[name])
				}
			}
			prove(t, w.j)
			if rapid.Bool().Draw(rt, "the server too") {
				w.stop()
			}
			w.stopJournal()
			f = w.withFaults()
		}
	})
}

func TestTimeNeverGoesBack(t *testing.T) {
	w := newWorld(t)
	clock := time.Date(2016, 12, 16, 20, 0, 0, 0, time.UTC)
	w.opt.Clock = func() time.Time { return clock }
	w.start()
	w.add("x", 1)
	clock = clock.Add(-time.Hour)
	w.add("x", 1)
	a, err := w.j.block(1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.j.block(2)
	if err != nil {
		t.Fatal(err)
	}
	if b.Time.Before(a.Time) || a.At != "2016-12-17T04:00:00.000+08:00" {
		t.Errorf("block 1 at %s, block 2 at %s", a.At, b.At)
	}
}

func TestBlocksOfDamagedTextAreRefused(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("x", 1)
	b, err := w.j.block(1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b.Raw {
		raw := append([]byte(nil), b.Raw...)
		raw[i] ^= 1
		if _, err := ParseBlock(raw); err == nil {
			t.Fatalf("byte %d flipped and the block still parses", i)
		}
		if _, err := ParseBlock(b.Raw[:i]); err == nil {
			t.Fatalf("cut after %d bytes and the block still parses", i)
		}
	}
}

func FuzzParseBlock(f *testing.F) {
	b := newBuilder(nil, 1, 0, [32]byte{}, [32]byte{}, Moment{time.Now(), time.Now()}, "n")
	b.command(BlockCommand{Kind: "t.add", Actor: "值班员", Payload: []byte(`{}`)})
	if _, _, err := b.event("值班员", added{"a,\"data\":", 1, 1}); err != nil {
		f.Fatal(err)
	}
	raw, _ := b.finish()
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := ParseBlock(raw)
		if err != nil {
			return
		}
		for _, e := range b.Entries() {
			if got := raw[e.Pos.Off : e.Pos.Off+e.Pos.Len]; string(got) != string(e.Data) {
				t.Errorf("entry %d lies elsewhere than it says", e.Index)
			}
		}
	})
}

func TestASecondProcessOnTheSameFolderIsRefused(t *testing.T) {
	t.Parallel() // it waits
	w := newWorld(t)
	w.start()
	_, err := openDB(filepath.Join(w.dir, File), testRegistry())
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second opening gave %v", err)
	}
}

func TestEveryBucketIsDeclared(t *testing.T) {
	w := newWorld(t)
	w.start()
	declared := Buckets(w.j.reg)
	_ = w.j.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
			if !slices.Contains(declared, string(name)) {
				t.Errorf("bucket %s is neither a module's nor the vault's", name)
			}
			return nil
		})
	})
}

// breakWrites makes every further write of the database's file fail, as a full or pulled disk does.
func breakWrites(db *bbolt.DB) {
	path := db.Path()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		panic(err)
	}
	for _, fd := range fds {
		if target, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && target == path {
			closeFD(fd.Name())
		}
	}
}
