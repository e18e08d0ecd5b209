package journal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/notify/channel"
)

// Whatever happens to one of the two stores between an end and a start, the state is what was confirmed, the
// record proves itself, and writing goes on.
func TestDamageBetweenEndAndStart(t *testing.T) {
	t.Parallel()
	const before = 30
	truncate := func(w *world) {
		data, err := os.ReadFile(w.blk("1.blk"))
		if err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(w.blk("1.blk"), data[:len(data)*2/3], 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	remove := func(path string) func(w *world) {
		return func(w *world) {
			if err := os.RemoveAll(path); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name   string
		live   func(w *world) // on the running server, the journal closed
		damage func(w *world) // both stopped
	}{
		{name: "nothing"},
		{name: "the last messages deleted", live: func(w *world) {
			s, err := w.js.Stream(w.t.Context(), Stream)
			if err != nil {
				w.t.Fatal(err)
			}
			for n := uint64(before - 3); n <= before; n++ {
				if err := s.DeleteMsg(w.t.Context(), n); err != nil {
					w.t.Fatal(err)
				}
			}
		}},
		{name: "a message in the middle deleted", live: func(w *world) {
			s, err := w.js.Stream(w.t.Context(), Stream)
			if err != nil {
				w.t.Fatal(err)
			}
			if err := s.DeleteMsg(w.t.Context(), before/2); err != nil {
				w.t.Fatal(err)
			}
		}},
		{name: "the stream purged", live: func(w *world) {
			s, err := w.js.Stream(w.t.Context(), Stream)
			if err != nil {
				w.t.Fatal(err)
			}
			if err := s.Purge(w.t.Context()); err != nil {
				w.t.Fatal(err)
			}
		}},
		{name: "the stream deleted", live: func(w *world) {
			if err := w.js.DeleteStream(w.t.Context(), Stream); err != nil {
				w.t.Fatal(err)
			}
		}},
		{name: "a clean tail missing", live: func(w *world) { cutTail(w, before-5) }},
		{name: ".blk truncated, index.db kept", damage: truncate},
		{name: ".blk truncated, index.db gone", damage: func(w *world) { truncate(w); remove(w.blk("index.db"))(w) }},
		{name: ".blk removed, index.db kept", damage: func(w *world) { remove(w.blk("1.blk"))(w) }},
		{name: ".blk removed, index.db gone", damage: func(w *world) {
			remove(w.blk("1.blk"))(w)
			remove(w.blk("index.db"))(w)
		}},
		{name: "one byte flipped, index.db kept", damage: flip},
		{name: "one byte flipped, index.db gone", damage: func(w *world) { flip(w); remove(w.blk("index.db"))(w) }},
		{name: "the whole store of the bus removed", damage: func(w *world) { remove(w.nats)(w) }},
		{name: "bbolt removed", damage: func(w *world) { remove(filepath.Join(w.dir, File))(w) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.start()
			secret := Seal([]byte("13800000000"))
			if err := w.j.StoreVault(t.Context(), secret); err != nil {
				t.Fatal(err)
			}
			for range before {
				w.add("x", 1)
			}
			state := prove(t, w.j).StateHash
			w.stopJournal()
			if c.live != nil {
				c.live(w)
			}
			w.stop()
			if c.damage != nil {
				c.damage(w)
			}
			w.start()
			w.want("x", before)
			if got := prove(t, w.j).StateHash; got != state {
				t.Errorf("state hash %s, it was %s", got, state)
			}
			wantSecret(t, w.j, secret.Ref, "13800000000")
			w.add("x", 1)
			w.restart()
			w.want("x", before+1)
			prove(t, w.j)
		})
	}
}

// cutTail leaves a stream that is whole and ends earlier, as a restored copy of the bus's store would.
func cutTail(w *world, keep uint64) {
	w.t.Helper()
	s := openStream(w.js, w.opt.Shared)
	var raws [][]byte
	for n := uint64(1); n <= keep; n++ {
		raw, err := s.read(w.t.Context(), n)
		if err != nil {
			w.t.Fatal(err)
		}
		raws = append(raws, raw)
	}
	if err := s.reset(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	for i, raw := range raws {
		if err := s.append(w.t.Context(), uint64(i+1), raw); err != nil {
			w.t.Fatal(err)
		}
	}
}

// flip changes one byte inside a message's data.
func flip(w *world) {
	w.t.Helper()
	data, err := os.ReadFile(w.blk("1.blk"))
	if err != nil {
		w.t.Fatal(err)
	}
	at := bytes.LastIndex(data[:len(data)/2], []byte(`"total":`))
	if at < 0 {
		w.t.Fatal("no event in the first half of the file")
	}
	data[at+3] ^= 0x04
	if err := os.WriteFile(w.blk("1.blk"), data, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func wantSecret(t *testing.T, j *Journal, ref, want string) {
	t.Helper()
	_ = j.View(func(tx *bbolt.Tx) error {
		if got := string(ReadVault(tx, ref)); got != want {
			t.Errorf("vault entry is %q, want %q", got, want)
		}
		return nil
	})
}

// A block may be in the stream and not in bbolt when the process dies between append and commit.
func TestTheStreamIsAhead(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("x", 1)
	w.stopJournal()
	copyFile(t, filepath.Join(w.dir, File), filepath.Join(w.dir, "old"))
	w.start()
	w.add("x", 2)
	w.add("y", 3)
	w.stop()
	if err := os.Rename(filepath.Join(w.dir, "old"), filepath.Join(w.dir, File)); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.want("x", 3)
	w.want("y", 3)
	prove(t, w.j)
}

// The last block is in the stream only, and the stream is damaged before it: what can still be read is applied
// before the stream is made anew.
func TestAheadAndDamaged(t *testing.T) {
	w := newWorld(t)
	w.start()
	for range 10 {
		w.add("x", 1)
	}
	w.stopJournal()
	copyFile(t, filepath.Join(w.dir, File), filepath.Join(w.dir, "old"))
	// what comes now was confirmed to nobody
	copyFile(t, filepath.Join(w.dir, HeightFile), filepath.Join(w.dir, "old height"))
	w.start()
	w.add("x", 1)
	w.stopJournal()
	if err := os.Rename(filepath.Join(w.dir, "old height"), filepath.Join(w.dir, HeightFile)); err != nil {
		t.Fatal(err)
	}
	s, err := w.js.Stream(t.Context(), Stream)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteMsg(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(w.dir, "old"), filepath.Join(w.dir, File)); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.want("x", 11)
	prove(t, w.j)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEitherSideOfTheVaultRebuildsTheOther(t *testing.T) {
	w := newWorld(t)
	w.start()
	phone, name := Seal([]byte("13900000000")), Seal([]byte("王五"))
	cmd := Command{Kind: "t.add", Actor: "a", Payload: add{Name: "x", N: 1, Ref: phone.Ref},
		Vault: []VaultEntry{phone, name}}
	if _, err := w.j.Submit(t.Context(), cmd); err != nil {
		t.Fatal(err)
	}
	if err := w.j.Erase(t.Context(), "admin", name.Ref, "his own request"); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		wantSecret(t, w.j, phone.Ref, "13900000000")
		wantSecret(t, w.j, name.Ref, "")
		prove(t, w.j)
	}
	check()

	w.stop() // the key-value side goes
	if err := os.RemoveAll(filepath.Join(w.nats, "jetstream", "$G", "streams", "KV_"+vaultKV)); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.vaultLevel()
	check()

	w.stop() // and now bbolt, so that all there is comes from the key-value side as it was just mended
	if err := os.Remove(filepath.Join(w.dir, File)); err != nil {
		t.Fatal(err)
	}
	w.start()
	check()
	w.vaultLevel()
	kv, err := w.js.KeyValue(t.Context(), vaultKV)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Get(t.Context(), name.Ref); !errors.Is(err, jetstream.ErrKeyNotFound) {
		t.Errorf("an erased entry is still in the key-value bucket: %v", err)
	}
}

func TestSecretsStandInNoBlock(t *testing.T) {
	w := newWorld(t)
	w.start()
	e := Seal([]byte("13912345678"))
	cmd := Command{Kind: "t.add", Actor: "a", Payload: add{Name: "x", N: 1, Ref: e.Ref}, Vault: []VaultEntry{e}}
	if _, err := w.j.Submit(t.Context(), cmd); err != nil {
		t.Fatal(err)
	}
	b, err := w.j.block(1)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b.Raw, []byte("13912345678")) || !bytes.Contains(b.Raw, []byte(e.Ref)) {
		t.Errorf("the block is %s", b.Raw)
	}
}

// Two histories from the same block on: nothing is written until reconcile, which keeps the stream's branch,
// submits the other's commands again and says which are refused now.
func TestForkAndReconcile(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("x", 1)
	w.stop()
	other := &world{t: t, dir: t.TempDir(), nats: w.nats}
	copyFile(t, filepath.Join(w.dir, File), filepath.Join(other.dir, File))
	store := t.TempDir()
	if err := os.CopyFS(store, os.DirFS(w.nats)); err != nil {
		t.Fatal(err)
	}

	w.start() // our branch: 2, 3, 4
	w.add("x", 1)
	submit := func(name string, n, limit uint64, key string) {
		t.Helper()
		cmd := Command{Kind: "t.add", Key: key, Actor: "duty", Payload: add{Name: name, N: n, Max: limit}}
		if _, err := w.j.Submit(t.Context(), cmd); err != nil {
			t.Fatal(err)
		}
	}
	submit("x", 5, 8, "")
	submit("ours", 1, 0, "key-ours")
	w.stop()

	other.nats = store // the stream's branch, written by another node: 2, 3
	other.start()
	other.add("x", 2)
	other.add("theirs", 7)
	other.stop()

	w.nats = store
	w.start()
	if err := w.j.Halted(); !errors.Is(err, ErrForked) {
		t.Fatalf("the journal runs on a fork: %v", err)
	}
	if _, err := w.j.Submit(t.Context(), Command{Kind: "t.add", Payload: add{Name: "x", N: 1}}); err == nil {
		t.Fatal("a command was taken on a fork")
	}
	w.want("x", 7) // still readable, as this node had confirmed it
	leading, stop := context.WithCancel(t.Context())
	err := w.j.Lead(leading, func(_ context.Context, epoch uint64) {
		_ = w.j.View(func(tx *bbolt.Tx) error { // and its messages are still delivered
			if due, _ := DueOutbox(tx, channel.NATS, time.Now(), 10); len(due) != 2 {
				t.Errorf("%d messages are due on the fork, want those of x and ours", len(due))
			}
			return nil
		})
		stop()
	})
	if err != nil || leading.Err() == nil {
		t.Errorf("nobody delivers on the fork: %v", err)
	}
	w.stopJournal()

	got, err := Reconcile(t.Context(), Options{Dir: w.dir, JS: w.js, Registry: testRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []string
	for _, c := range got.Commands {
		outcomes = append(outcomes, c.Outcome)
	}
	if got.ForkedAt != 2 || strings.Join(outcomes, " ") != "recorded refused recorded" {
		t.Errorf("forked at %d, outcomes %v: %+v", got.ForkedAt, outcomes, got.Commands)
	}
	if raw, err := os.ReadFile(got.Kept); err != nil || bytes.Count(raw, []byte(hashMark)) != 3 {
		t.Errorf("the losing branch is not kept whole: %v", err)
	}
	w.start()
	w.want("x", 4) // 1 + theirs 2 + ours 1; ours 5 would go over its limit of 8 only on the old branch's 2
	w.want("theirs", 7)
	w.want("ours", 1)
	prove(t, w.j)

	again, err := func() (Reconciliation, error) {
		w.stopJournal()
		return Reconcile(t.Context(), Options{Dir: w.dir, JS: w.js, Registry: testRegistry()})
	}()
	if err != nil || again.ForkedAt != 0 || len(again.Commands) != 0 {
		t.Errorf("a second reconcile did %+v, %v", again, err)
	}
	w.start()
	prove(t, w.j)
}

func TestRebuildLeavesTheSameState(t *testing.T) {
	w := newWorld(t)
	w.start()
	e := Seal([]byte("secret"))
	if err := w.j.StoreVault(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		w.add("x", 1)
	}
	state := prove(t, w.j).StateHash
	w.stopJournal()
	// Somebody edited the state behind the record's back.
	db, err := bbolt.Open(filepath.Join(w.dir, File), 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(countBucket).Put([]byte("x"), make([]byte, 8)) })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	opt := Options{Dir: w.dir, JS: w.js, Registry: testRegistry()}
	bad, err := CheckDir(t.Context(), opt)
	if err != nil || bad.OK || len(bad.Problems) == 0 || !strings.Contains(bad.Problems[0], "t.counts") {
		t.Fatalf("the edit was not found: %+v, %v", bad, err)
	}
	good, err := Rebuild(t.Context(), opt)
	if err != nil || !good.OK || good.StateHash != state {
		t.Fatalf("rebuilt: %+v, %v; want state %s", good, err, state)
	}
	w.start()
	w.want("x", 10)
	wantSecret(t, w.j, e.Ref, "secret")

	w.stop()
	if err := os.Remove(filepath.Join(w.dir, File)); err != nil {
		t.Fatal(err)
	}
	w.startServer()
	opt.JS = w.js
	if good, err = Rebuild(t.Context(), opt); err != nil || good.StateHash != state {
		t.Errorf("rebuilt from the stream: %+v, %v", good, err)
	}
}

// Where there is no fork nothing is settled, and no byte of the record's folder is written.
func TestReconcileWithoutAForkWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("x", 1)
	w.eventually("the stream has it", func() bool {
		info, err := w.j.log.info(t.Context())
		return err == nil && info.last == 1
	})
	w.stopJournal()
	before := snapshot(t, w.dir)
	done, err := Reconcile(t.Context(), Options{Dir: w.dir, JS: w.js, Registry: testRegistry()})
	if err != nil || done.ForkedAt != 0 {
		t.Errorf("%+v, %v", done, err)
	}
	if after := snapshot(t, w.dir); !slices.Equal(before, after) {
		t.Errorf("the folder was\n%s\nand is\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
}

func TestExportIsEveryEntryInOrder(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("x", 1)
	w.add("x", 2)
	w.stopJournal()
	var out bytes.Buffer
	if err := Export(w.dir, &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[1], `{"index":1,"block":2,"kind":"t.added","at":"`) ||
		!strings.HasSuffix(lines[1], `"actor":"tester","data":{"name":"x","n":2,"total":3}}`) {
		t.Errorf("export:\n%s", out.String())
	}
	if err := Export(t.TempDir(), &out); err == nil {
		t.Error("an export of a folder without a record succeeded")
	}
}

func TestOutboxAndTimers(t *testing.T) {
	w := newWorld(t)
	clock := time.Date(2016, 12, 16, 20, 0, 0, 0, shanghai)
	w.opt.Clock = func() time.Time { return clock }
	w.start()
	for _, name := range []string{"a", "b", "a"} {
		w.add(name, 1)
		clock = clock.Add(time.Second)
	}
	epoch, err := Do[uint64](t.Context(), w.j, Command{Kind: cmdTakeLease, Payload: takeLease{Node: "n1"}})
	if err != nil {
		t.Fatal(err)
	}
	due := func() (ids []string) {
		_ = w.j.View(func(tx *bbolt.Tx) error {
			rows, _ := DueOutbox(tx, channel.NATS, clock, 10)
			for _, d := range rows {
				ids = append(ids, d.ID)
			}
			return nil
		})
		return ids
	}
	if got := strings.Join(due(), " "); got != "b a" {
		t.Fatalf("due %q, want the oldest first and one row an id", got)
	}
	sent := func(epoch uint64) error {
		_, err := w.j.Submit(context.Background(), Command{Kind: "t.sent",
			Payload: SendReport{Epoch: epoch, Rows: []Due{{Topic: "count", ID: "a"}, {Topic: "count", ID: "gone"}}}})
		return err
	}
	if err := sent(epoch - 1); err == nil {
		t.Error("an older epoch recorded what it sent")
	}
	if err := sent(epoch); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(due(), " "); got != "b" {
		t.Errorf("after a was sent, due is %q", got)
	}
	prove(t, w.j)
}
