package notary_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/torchwood"
	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/local"
	"qingkong/cmd/internal/notary"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/notify/ledger"
	"qingkong/notify/ledger/identity"
	"qingkong/seeds"
)

// watching is a witness that keeps what it saw in memory.
type watching struct {
	signer *torchwood.CosignatureSigner

	mu    sync.Mutex
	size  int64
	root  tlog.Hash
	down  bool
	asked int
}

func newWatching(t *testing.T, name string, seed byte) *watching {
	t.Helper()
	s, err := torchwood.NewCosignatureSigner(name, ed25519.NewKeyFromSeed(append(make([]byte, 31), seed)))
	if err != nil {
		t.Fatal(err)
	}
	return &watching{signer: s}
}

func (w *watching) Name() string { return w.signer.Name() }

func (w *watching) Cosign(_ context.Context, _, size int64, text []byte, prove func(int64) (tlog.TreeProof, error)) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	if w.down {
		return "", errors.New("nobody answers")
	}
	if w.size > size {
		return "", &notary.AheadError{Size: w.size, Err: errors.New("it has cosigned more")}
	}
	body, _, _ := strings.Cut(string(text), "\n\n")
	c, err := torchwood.ParseCheckpoint(body + "\n")
	if err != nil {
		return "", err
	}
	p, err := prove(w.size)
	if err != nil {
		return "", err
	}
	if w.size > 0 && tlog.CheckTree(p, c.N, c.Hash, w.size, w.root) != nil {
		return "", notary.ErrRefused
	}
	signed, err := note.Sign(&note.Note{Text: body + "\n"}, w.signer)
	if err != nil {
		return "", err
	}
	w.size, w.root = c.N, c.Hash
	return strings.TrimPrefix(string(signed), body+"\n\n"), nil
}

func (w *watching) set(down bool) { w.mu.Lock(); defer w.mu.Unlock(); w.down = down }

// world is a record that is signed for.
type world struct {
	*servicetest.World
	*notary.Notary
	t     *testing.T
	rows  local.Rows
	store notary.Store
}

func newWorld(t *testing.T, witnesses ...notary.Witness) *world {
	t.Helper()
	w := &world{World: servicetest.New(t, slog.New(slog.DiscardHandler)), t: t}
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	l.EffectiveFrom = "2016-01-01"
	w.Import(l)
	s := local.Open(filepath.Join(t.TempDir(), "local.db"), local.Options{},
		local.Tenant{Name: "ledger", Version: 1, Buckets: []string{notary.Rows}, Lost: "local.lost.feeds"})
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	w.rows = local.Rows{Store: s, Bucket: notary.Rows}
	w.store = &notary.Alone{Rows: w.rows}
	w.Notary = notary.New(notary.Options{Journal: w.Svc.J, Store: w.store, Region: "120111", Witnesses: witnesses})
	return w
}

// run signs until the function that it returns is called.
func (w *world) run() (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	return sync.OnceFunc(func() { cancel(); <-done })
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 400 {
		if holds() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("it never comes to pass: %s", what)
}

func (w *world) latest() notary.Signed {
	w.t.Helper()
	s, err := w.Latest(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) size() (n int64) {
	w.t.Helper()
	err := w.Svc.J.View(func(tx *bbolt.Tx) error { tree, err := ledger.Load(tx); n = tree.Size(); return err })
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) declare() {
	w.t.Helper()
	if _, err := servicetest.Say(w.t.Context(), w.Svc, "duty", "", calls.Declare, "",
		[]byte(`{"level":"yellow","trigger":"city_order","document_no":"1","issued_by":"天津市","reason":"示例"}`)); err != nil {
		w.t.Fatal(err)
	}
}

// signedBy checks a checkpoint by x/mod alone, against a root that is made from all leaves.
func (w *world) proves(s notary.Signed, key identity.Key) {
	w.t.Helper()
	v, err := note.NewVerifier(key.VKey)
	if err != nil {
		w.t.Fatal(err)
	}
	n, err := note.Open([]byte(s.Note), note.VerifierList(v))
	if err != nil {
		w.t.Fatalf("%v: %s", err, s.Note)
	}
	err = w.Svc.J.View(func(tx *bbolt.Tx) error {
		root, err := tlog.TreeHash(s.N, ledger.Hashes(tx))
		want := fmt.Sprintf("%s\n%d\n%s\n", key.Origin, s.N, root)
		if err == nil && n.Text != want {
			err = fmt.Errorf("it says %q, want %q", n.Text, want)
		}
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
}

// The ledger has one origin and one key from its first start on, and its first entries are signed for.
func TestTheFirstCheckpoint(t *testing.T) {
	w := newWorld(t)
	if s := w.latest(); s.N != 0 {
		t.Fatalf("before the first: %+v", s)
	}
	stop := w.run()
	eventually(t, "something is signed", func() bool { return w.latest().N > 0 })
	key, err := w.Key()
	if err != nil || !identity.ValidOrigin(key.Origin) || !strings.HasPrefix(key.Origin, "qingkong/120111/") {
		t.Fatalf("%+v (%v)", key, err)
	}
	w.proves(w.latest(), key)
	stop()
	defer w.run()()
	if again, err := w.Key(); err != nil || again.VKey != key.VKey {
		t.Errorf("after a restart: %+v (%v)", again, err)
	}
}

// What is declared is signed for within a second or so; what is not pressing waits for a minute, or until somebody wants a
// receipt.
func TestWhenIsSigned(t *testing.T) {
	w := newWorld(t)
	defer w.run()()
	eventually(t, "something is signed", func() bool { return w.latest().N == w.size() && w.size() > 0 })
	w.declare()
	eventually(t, "the declaration is signed for", func() bool { return w.latest().N >= w.size() })
	w.Account("viewer", calls.Viewer, "只读", "")
	was := w.latest()
	time.Sleep(1500 * time.Millisecond) // several looks
	if now := w.latest(); now.N != was.N || was.N == w.size() {
		t.Errorf("an account is signed for at once: %d, then %d of %d", was.N, now.N, w.size())
	}
	s, err := w.Covering(t.Context(), w.size())
	if err != nil || s.N < w.size() {
		t.Fatalf("%+v (%v)", s, err)
	}
	key, err := w.Key()
	if err != nil {
		t.Fatal(err)
	}
	w.proves(s, key)
}

// Where nobody leads, whoever wants a receipt is told so after a while, and not kept waiting.
func TestNobodySigns(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Covering(t.Context(), 1); refusal.CodeOf(err) != refusal.NotReady {
		t.Errorf("%v", err)
	}
}

// Witnesses cosign what is signed; one that was down does so later, and the newest of each is kept.
func TestWitnessesCosign(t *testing.T) {
	one, two := newWatching(t, "w.example/1", 1), newWatching(t, "w.example/2", 2)
	w := newWorld(t, one, two)
	defer w.run()()
	cosigned := func(name string) (n int64) {
		all, err := w.Cosigned(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			if slices.ContainsFunc(s.Cosignatures, func(c notary.Cosignature) bool { return c.Name == name }) {
				n = max(n, s.N)
			}
		}
		return n
	}
	eventually(t, "both cosign", func() bool {
		n := w.latest().N
		return n > 0 && cosigned(one.Name()) == n && cosigned(two.Name()) == n
	})
	other := notary.New(notary.Options{Journal: w.Svc.J, Store: w.store, Region: "120111", Witnesses: []notary.Witness{one, two}})
	told, err := other.Witnesses(t.Context())
	if n := w.latest().N; err != nil || len(told) != 2 || told[0].Size != n || told[1].Size != n || told[0].At.IsZero() {
		t.Errorf("a node that does not lead tells of the witnesses %+v (%v), want both at %d", told, err, n)
	}
	two.set(true)
	was := w.latest().N
	w.declare()
	eventually(t, "one cosigns the declaration", func() bool { return w.latest().N > was && cosigned(one.Name()) == w.latest().N })
	if n := cosigned(two.Name()); n != was {
		t.Errorf("the other's newest is %d, want %d", n, was)
	}
	eventually(t, "the other is told of", func() bool { return w.Status().Witnesses[1].Trouble != nil })
}

// silent is a witness that takes what it is sent and never answers.
type silent struct {
	asked chan struct{} // closed once it was
	once  sync.Once
	ended atomic.Value // why it was given up
}

func (s *silent) Name() string { return "silent.example/w" }

func (s *silent) Cosign(ctx context.Context, _, _ int64, _ []byte, _ func(int64) (tlog.TreeProof, error)) (string, error) {
	s.once.Do(func() { close(s.asked) })
	<-ctx.Done()
	s.ended.Store(ctx.Err())
	return "", ctx.Err()
}

// A witness that never answers keeps nobody: what is signed is signed, and the node stops leading without waiting for it.
func TestASilentWitness(t *testing.T) {
	s := &silent{asked: make(chan struct{})}
	w := newWorld(t, s)
	stop := w.run()
	<-s.asked
	was := w.latest().N
	w.declare()
	eventually(t, "the declaration is signed for", func() bool { return w.latest().N > was })
	stop()
	if err, _ := s.ended.Load().(error); !errors.Is(err, context.Canceled) {
		t.Errorf("the end waited for it: %v", err)
	}
}

// A history that goes back, or that is another one, is never signed for: the record has to be given a new origin.
func TestWhatWasSignedForIsLost(t *testing.T) {
	for name, forge := range map[string]func(w *world, k *notary.Kept){
		"entries are lost": func(w *world, k *notary.Kept) {
			k.Latest = w.forged(w.size()+100, tlog.Hash{1})
		},
		"others stand in their place": func(w *world, k *notary.Kept) { k.Latest = w.forged(2, tlog.Hash{1}) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			stop := w.run()
			eventually(t, "something is signed", func() bool { return w.latest().N > 0 })
			stop()
			k, revision, err := w.store.Load(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			forge(w, &k)
			if _, err := w.store.Swap(t.Context(), k, revision); err != nil {
				t.Fatal(err)
			}
			was := k.Latest
			w.declare()
			stop = w.run()
			defer stop()
			eventually(t, "it is told", func() bool { return w.Status().Lost != nil })
			if s := w.latest(); s.Note != was {
				t.Fatalf("it signed %s", s.Note)
			}
			before, err := w.Key()
			if err != nil {
				t.Fatal(err)
			}
			key, err := w.NewOrigin(t.Context(), notary.Ask{Actor: "admin", Random: rand.Reader}, "恢复备份")
			if err != nil || key.Origin == before.Origin {
				t.Fatalf("%+v (%v)", key, err)
			}
			eventually(t, "the new origin is signed for", func() bool { s := w.latest(); return s.Origin == key.Origin && s.N == w.size() })
			w.proves(w.latest(), key)
			eventually(t, "all is well", func() bool { s := w.Status(); return s.Lost == nil && s.Trouble == nil })
		})
	}
}

// forged is a checkpoint that the ledger's own key signed once, of entries that are gone.
func (w *world) forged(size int64, root tlog.Hash) string {
	w.t.Helper()
	s, key, err := w.Signer()
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := note.Sign(&note.Note{Text: torchwood.Checkpoint{Origin: key.Origin, Tree: tlog.Tree{N: size, Hash: root}}.String()}, s)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// An origin is left for a reason alone.
func TestNothingWasLost(t *testing.T) {
	w := newWorld(t)
	defer w.run()()
	eventually(t, "something is signed", func() bool { return w.latest().N > 0 })
	if _, err := w.NewOrigin(t.Context(), notary.Ask{Actor: "admin", Random: rand.Reader}, "换个名字"); refusal.CodeOf(err) != refusal.Conflict {
		t.Errorf("%v", err)
	}
}

// A new key signs from its entry on, and the old one has signed for it.
func TestRotation(t *testing.T) {
	w := newWorld(t)
	defer w.run()()
	eventually(t, "something is signed", func() bool { return w.latest().N > 0 })
	was, err := w.Key()
	if err != nil {
		t.Fatal(err)
	}
	key, err := w.Rotate(t.Context(), notary.Ask{Actor: "admin", Random: rand.Reader})
	if err != nil || key.VKey == was.VKey || key.Origin != was.Origin {
		t.Fatalf("%+v (%v)", key, err)
	}
	s, err := w.Covering(t.Context(), w.size())
	if err != nil {
		t.Fatal(err)
	}
	w.proves(s, key)
	var secret []byte
	err = w.Svc.J.View(func(tx *bbolt.Tx) error { secret = journal.ReadVault(tx, key.Ref); return nil })
	if err != nil || len(secret) == 0 {
		t.Errorf("the secret is not in the vault (%v)", err)
	}
}
