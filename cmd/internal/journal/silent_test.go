package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal/natstest"
)

// How long an answer may take at most where the NATS side is silent: what is promised, and room for a loaded machine.
const (
	promptly = 3 * time.Second
	bounded  = 10 * time.Second
)

// switched is a NATS side that can be made silent, so that nothing is answered before the caller gives up, or failing.
type switched struct {
	silent, failing atomic.Bool
	asked           atomic.Int64
}

func (s *switched) ask(ctx context.Context) error {
	s.asked.Add(1)
	switch {
	case s.silent.Load():
		<-ctx.Done()
		return ctx.Err()
	case s.failing.Load():
		return errFault
	}
	return nil
}

// switchedLog is a stream with a switch.
type switchedLog struct {
	appendLog
	*switched
}

func (s switchedLog) append(ctx context.Context, number uint64, raw []byte) error {
	if err := s.ask(ctx); err != nil {
		return err
	}
	return s.appendLog.append(ctx, number, raw)
}

func (s switchedLog) read(ctx context.Context, number uint64) ([]byte, error) {
	if err := s.ask(ctx); err != nil {
		return nil, err
	}
	return s.appendLog.read(ctx, number)
}

func (s switchedLog) info(ctx context.Context) (streamInfo, error) {
	if err := s.ask(ctx); err != nil {
		return streamInfo{}, err
	}
	return s.appendLog.info(ctx)
}

// switchedFar is a key-value bucket with a switch.
type switchedFar struct {
	farSide
	*switched
	got *atomic.Int64
}

func (s switchedFar) keys(ctx context.Context) ([]string, error) {
	if err := s.ask(ctx); err != nil {
		return nil, err
	}
	return s.farSide.keys(ctx)
}

func (s switchedFar) get(ctx context.Context, key string) (farEntry, error) {
	s.got.Add(1)
	if err := s.ask(ctx); err != nil {
		return farEntry{}, err
	}
	return s.farSide.get(ctx, key)
}

func (s switchedFar) put(ctx context.Context, key string, value []byte, purge bool, revision uint64) error {
	if err := s.ask(ctx); err != nil {
		return err
	}
	return s.farSide.put(ctx, key, value, purge, revision)
}

// withSwitches starts the journal of a node of its own over a stream and a vault that the test can silence.
func (w *world) withSwitches() (stream, vault *switched, got *atomic.Int64) {
	w.t.Helper()
	stream, vault, got = w.switches()
	w.start()
	w.opt.log, w.opt.far = nil, nil
	return stream, vault, got
}

func (w *world) switches() (stream, vault *switched, got *atomic.Int64) {
	w.t.Helper()
	if w.srv == nil {
		w.startServer()
	}
	stream, vault, got = &switched{}, &switched{}, &atomic.Int64{}
	w.opt.log = switchedLog{openStream(w.js, w.opt.Shared), stream}
	w.opt.far = switchedFar{openKV(w.js,
		jetstream.KeyValueConfig{Bucket: vaultKV, History: 1, Storage: jetstream.FileStorage}, func() {}), vault, got}
	return stream, vault, got
}

// within fails the test when do takes longer.
func (w *world) within(limit time.Duration, what string, do func()) {
	w.t.Helper()
	ended := make(chan struct{})
	go func() { defer close(ended); do() }()
	select {
	case <-ended:
	case <-time.After(limit):
		w.t.Fatalf("%s takes longer than %v", what, limit)
	}
}

// On a node of its own nothing on the NATS side holds a write: silent or failing, stream or vault, commands are
// answered, the mark says that the stream is short, and once NATS is back both sides are level again without a restart.
func TestNothingOnTheNATSSideHoldsAWrite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		set  func(stream, vault *switched, on bool)
		mark bool
	}{
		{"the stream is silent", func(s, _ *switched, on bool) { s.silent.Store(on) }, true},
		{"the stream fails, as on a full disk", func(s, _ *switched, on bool) { s.failing.Store(on) }, true},
		{"the vault's bucket is silent", func(_, v *switched, on bool) { v.silent.Store(on) }, true},
		{"the vault's bucket fails", func(_, v *switched, on bool) { v.failing.Store(on) }, true},
		{"both are silent", func(s, v *switched, on bool) { s.silent.Store(on); v.silent.Store(on) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // it waits
			w := newWorld(t)
			stream, vault, _ := w.withSwitches()
			w.add("x", 1)
			c.set(stream, vault, true)
			var secrets []VaultEntry
			for i := range 5 {
				e := Seal(fmt.Appendf(nil, "secret %d", i))
				secrets = append(secrets, e)
				w.within(promptly, "a command with a secret", func() {
					cmd := Command{Kind: "t.add", Payload: add{Name: "x", N: 1, Ref: e.Ref}, Vault: []VaultEntry{e}}
					if _, err := w.j.Submit(t.Context(), cmd); err != nil {
						t.Error(err)
					}
				})
			}
			w.within(promptly, "content", func() {
				w.put("a workbook")
			})
			if got := w.j.heights.marked(); (got != 0) != c.mark {
				t.Errorf("the mark is %d", got)
			}
			if s := w.j.Status(); !s.Short || s.Behind == 0 || s.Paused != nil || s.Halted != nil {
				t.Errorf("the status is %+v", s)
			}
			c.set(stream, vault, false)
			w.eventually("the stream is level and the mark is gone", func() bool {
				s := w.j.Status()
				return !s.Short && s.Behind == 0 && s.Tail == nil && s.Vault.Owed == 0
			})
			for i, e := range secrets {
				wantSecret(t, w.j, e.Ref, fmt.Sprintf("secret %d", i))
			}
			w.add("x", 1)
			w.want("x", 7)
			prove(t, w.j)
			w.stop()
			w.remove(filepath.Join(w.dir, File)) // and the other side alone gives all of it
			w.start()
			w.want("x", 7)
			for i, e := range secrets {
				wantSecret(t, w.j, e.Ref, fmt.Sprintf("secret %d", i))
			}
			prove(t, w.j)
		})
	}
}

// Closing ends in time whatever is silent, and what was confirmed is there after it.
func TestClosingWhileNATSIsSilent(t *testing.T) {
	w := newWorld(t)
	stream, vault, _ := w.withSwitches()
	stream.silent.Store(true)
	vault.silent.Store(true)
	e := Seal([]byte("secret"))
	if _, err := w.j.Submit(t.Context(),
		Command{Kind: "t.add", Payload: add{Name: "x", N: 3, Ref: e.Ref}, Vault: []VaultEntry{e}}); err != nil {
		t.Fatal(err)
	}
	w.within(bounded, "closing", w.stopJournal)
	w.start()
	w.want("x", 3)
	wantSecret(t, w.j, e.Ref, "secret")
	w.eventually("the stream is level", func() bool { return !w.j.Status().Short })
	prove(t, w.j)
}

// A start needs nothing of the NATS side where this node has its record: it answers at once, and marks the stream
// short.
func TestAStartWhileNATSIsSilent(t *testing.T) {
	t.Parallel() // it waits
	w := newWorld(t)
	w.start()
	key, err := w.j.SharedKey(t.Context(), "notes")
	if err != nil {
		t.Fatal(err)
	}
	w.add("x", 1)
	w.stopJournal()
	stream, vault, _ := w.switches()
	stream.silent.Store(true)
	vault.silent.Store(true)
	w.within(bounded, "the start", func() { w.start() })
	w.within(promptly, "a command", func() { w.add("x", 1) })
	w.within(promptly, "the shared key", func() {
		if again, err := w.j.SharedKey(t.Context(), "notes"); err != nil || string(again) != string(key) {
			t.Errorf("the shared key is another: %v", err)
		}
	})
	stream.silent.Store(false)
	vault.silent.Store(false)
	w.eventually("the stream is level", func() bool { s := w.j.Status(); return !s.Short && s.Behind == 0 })
	prove(t, w.j)
}

// The disk below a real server is full: its stream takes nothing until there is room again.
func TestAServerWithoutRoom(t *testing.T) {
	w := newWorld(t)
	w.srv = natstest.StartSmall(t, w.nats, 1<<20)
	w.nc, w.js = w.srv.NC, w.srv.JS
	w.start()
	w.add("x", 1)
	filler := jetstream.StreamConfig{Name: "FILLER", Subjects: []string{"fill"}, Storage: jetstream.FileStorage}
	if _, err := w.js.CreateStream(t.Context(), filler); err != nil {
		t.Fatal(err)
	}
	for err := error(nil); err == nil; {
		_, err = w.js.Publish(t.Context(), "fill", make([]byte, 50<<10))
	}
	for range 5 {
		w.within(promptly, "a command", func() {
			if _, err := w.j.Submit(t.Context(),
				Command{Kind: "t.add", Payload: add{Name: "x", N: 1, Pad: strings.Repeat("x", 60<<10)}}); err != nil {
				t.Error(err)
			}
		})
	}
	if s := w.j.Status(); !s.Short || s.Tail == nil {
		t.Errorf("a stream that takes nothing is said to be %+v", s)
	}
	if err := w.js.DeleteStream(t.Context(), "FILLER"); err != nil {
		t.Fatal(err)
	}
	w.eventually("the stream is level", func() bool { s := w.j.Status(); return !s.Short && s.Behind == 0 })
	w.want("x", 6)
	prove(t, w.j)
}

// The stream disappears under a node of its own, or loses its tail: it is completed while work goes on.
func TestAStreamThatIsLostIsCompleted(t *testing.T) {
	for _, c := range []struct {
		name string
		lose func(w *world)
	}{
		{"deleted", func(w *world) {
			if err := w.js.DeleteStream(w.t.Context(), Stream); err != nil {
				w.t.Fatal(err)
			}
		}},
		{"its tail cut", func(w *world) { cutTail(w, 3) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.start()
			for range 8 {
				w.add("x", 1)
			}
			c.lose(w)
			w.within(promptly, "a command", func() { w.add("x", 1) })
			w.eventually("the stream is level", func() bool { s := w.j.Status(); return !s.Short && s.Behind == 0 })
			w.add("x", 1)
			w.want("x", 10)
			prove(t, w.j)
		})
	}
}

// Where the mark cannot be made durable nothing is answered, and everything is once it can.
func TestAMarkThatCannotBeWritten(t *testing.T) {
	t.Parallel() // it waits
	w := newWorld(t)
	stream, _, _ := w.withSwitches()
	w.add("x", 1)
	path := w.j.heights.path
	w.j.heights.mu.Lock()
	w.j.heights.path = filepath.Join(w.dir, "no such folder", HeightFile)
	w.j.heights.mu.Unlock()
	stream.silent.Store(true)
	submit := func() error {
		_, err := w.j.Submit(t.Context(), Command{Kind: "t.add", Payload: add{Name: "x", N: 1}})
		return err
	}
	var e *refusal.Error
	if err := submit(); !errors.As(err, &e) || e.Code != refusal.NotReady || e.Rule != "journal.outcome_unknown" {
		t.Fatalf("without a mark the command is answered %v", err)
	}
	if err := submit(); !errors.As(err, &e) || e.Rule != "journal.height_unwritable" || w.j.Paused() == nil {
		t.Errorf("the next command is answered %v", err)
	}
	w.j.heights.mu.Lock()
	w.j.heights.path = path
	w.j.heights.mu.Unlock()
	w.eventually("commands are answered again", func() bool { return submit() == nil })
	if w.j.heights.marked() != 2 {
		t.Errorf("the mark is %d, want the block that was confirmed without the stream first", w.j.heights.marked())
	}
	stream.silent.Store(false)
	w.eventually("the stream is level", func() bool { return !w.j.Status().Short })
	w.want("x", 3)
	prove(t, w.j)
}

// flipVault changes a byte inside one entry of the vault's stream.
func flipVault(w *world, content string) {
	w.t.Helper()
	path := filepath.Join(w.nats, "jetstream", "$G", "streams", "KV_"+vaultKV, "msgs", "1.blk")
	data, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	at := strings.Index(string(data), content)
	if at < 0 {
		w.t.Fatal("the entry is not in the file")
	}
	data[at] ^= 4
	if err := os.WriteFile(path, data, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// One byte of one entry is wrong in the vault's stream. With the record there that entry is put again, without it all
// others come and the loss is said; neither start nor stop waits for it.
func TestADamagedEntryOfTheVault(t *testing.T) {
	for _, c := range []struct {
		name          string
		index, record bool // kept
	}{
		{"the record is there", true, true}, {"the record is gone", true, false},
		{"the record is there, index.db gone", false, true}, {"the record is gone, index.db too", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.start()
			var refs []string
			for _, text := range []string{"first secret", "second secret", "third secret"} {
				e := Seal([]byte(text))
				refs = append(refs, e.Ref)
				if _, err := w.j.Submit(t.Context(),
					Command{Kind: "t.add", Payload: add{Name: "x", N: 1, Ref: e.Ref}, Vault: []VaultEntry{e}}); err != nil {
					t.Fatal(err)
				}
			}
			w.vaultLevel()
			w.stop()
			flipVault(w, "second secret")
			if !c.index {
				w.remove(filepath.Join(w.nats, "jetstream", "$G", "streams", "KV_"+vaultKV, "msgs", "index.db"))
			}
			if !c.record {
				w.remove(filepath.Join(w.dir, File))
			}
			w.within(bounded, "the start", func() { w.start() })
			wantSecret(t, w.j, refs[0], "first secret")
			if c.index || c.record { // without either the server itself cuts what comes behind
				wantSecret(t, w.j, refs[2], "third secret")
			}
			if !c.record {
				wantSecret(t, w.j, refs[1], "")
				if w.j.Status().Vault.Lost != 1 && c.index {
					t.Errorf("the loss is not said: %+v", w.j.Status().Vault)
				}
				w.within(promptly, "closing", w.stopJournal)
				return
			}
			wantSecret(t, w.j, refs[1], "second secret")
			w.eventually("the key-value bucket has it again", func() bool {
				e, err := w.j.vault.far.get(t.Context(), refs[1])
				return err == nil && string(e.value[saltLen:]) == "second secret"
			})
			w.within(promptly, "closing", w.stopJournal)
		})
	}
}

// The start of a node that has its vault does not read the values of the key-value bucket: it holds the two sides
// together by their keys. The slow reading that comes after may have begun, and what was owed is looked at once.
func TestAStartReadsNoValueOfTheVault(t *testing.T) {
	const entries = 300
	w := newWorld(t)
	w.start()
	list := make([]VaultEntry, entries)
	for i := range list {
		list[i] = Seal([]byte(fmt.Sprint("secret ", i)))
	}
	if err := w.j.StoreVault(t.Context(), list...); err != nil {
		t.Fatal(err)
	}
	w.add("x", 1)
	w.vaultLevel()
	w.add("x", 1) // what was delivered is forgotten with the next block
	w.stopJournal()
	_, vault, got := w.withSwitches()
	w.eventually("the two sides are compared", func() bool { return w.j.compared.Load() })
	if vault.asked.Load() == 0 {
		t.Error("the two sides were not compared")
	}
	if n := got.Load(); n > entries/3 {
		t.Errorf("%d values of %d were read", n, entries)
	}
}

// An erasure is owed to the key-value bucket until it has it, live and after a rebuild.
func TestAnErasureIsOwedUntilItIsDone(t *testing.T) {
	w := newWorld(t)
	_, vault, _ := w.withSwitches()
	e := Seal([]byte("13800000000"))
	if _, err := w.j.Submit(t.Context(),
		Command{Kind: "t.add", Payload: add{Name: "x", N: 1, Ref: e.Ref}, Vault: []VaultEntry{e}}); err != nil {
		t.Fatal(err)
	}
	w.vaultLevel()
	vault.silent.Store(true)
	w.within(promptly, "erasing", func() {
		if err := w.j.Erase(t.Context(), "admin", e.Ref, "his own request"); err != nil {
			t.Error(err)
		}
	})
	wantSecret(t, w.j, e.Ref, "")
	w.stopJournal()
	opt := Options{Dir: w.dir, JS: w.js, Registry: testRegistry()}
	if r, err := Rebuild(t.Context(), opt); err != nil || !r.OK {
		t.Fatalf("rebuilt: %+v, %v", r, err)
	}
	w.start()
	w.vaultLevel()
	if got, err := w.j.vault.far.get(t.Context(), e.Ref); err != nil || !got.purged {
		t.Errorf("the key-value bucket holds %+v, %v", got, err)
	}
	wantSecret(t, w.j, e.Ref, "")
	prove(t, w.j)
}

// While the stream is level the follower takes a block whoever holds the writer's lock: the writer holds it while it
// waits.
func TestTheFollowerDoesNotWaitForTheWriter(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("x", 1)
	tail := w.j.tail
	w.eventually("the stream is level", func() bool { return tail.status.Load().next == 2 && !tail.short.Load() })
	last, err := w.j.tip()
	if err != nil {
		t.Fatal(err)
	}
	tail.mu.Lock()
	defer tail.mu.Unlock()
	poke(tail.wake) // it looks whether there is something to hand over
	time.Sleep(50 * time.Millisecond)
	raw, hash := newBuilder(nil, 2, 1, [32]byte{}, last.hash, w.j.Moment(), "n").finish()
	select {
	case err := <-tail.hand(2, raw, hash).done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(promptly):
		t.Error("it waits for the writer, who waits for it")
	}
}
