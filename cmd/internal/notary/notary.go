// Package notary signs for the ledger: it gives it an origin and a key when it is first run, signs checkpoints of it while
// this node leads, has witnesses cosign them, and keeps the last of them, so that it never signs what disagrees with what
// it signed. Receipts and bundles are made of what it signed.
package notary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"filippo.io/torchwood"
	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/notify/ledger"
	"qingkong/notify/ledger/identity"
)

// Witness cosigns checkpoints: a server somewhere else.
type Witness interface {
	Name() string
	// Cosign has the witness see a checkpoint; prove makes the proof that one of old entries is its beginning. It
	// returns the signature lines to add. [*AheadError] and [ErrRefused] say that it knows another history.
	Cosign(ctx context.Context, old, size int64, checkpoint []byte, prove func(old int64) (tlog.TreeProof, error)) (lines string, err error)
}

// ErrRefused is that a witness knows another history of this ledger.
var ErrRefused = errors.New("the witness knows another history of this ledger")

// AheadError is that a witness has cosigned more entries than the checkpoint has. Where the record has no more either,
// entries are lost.
type AheadError struct {
	Size int64 // that it cosigned
	Err  error // of the witness
}

// Error implements error.
func (e *AheadError) Error() string { return e.Err.Error() }

// Unwrap gives what the witness said.
func (e *AheadError) Unwrap() error { return e.Err }

// Options are what a notary works with.
type Options struct {
	Journal   *journal.Journal
	Store     Store
	Region    string // six digits, GB/T 2260
	Witnesses []Witness
	Log       *slog.Logger
}

// How often a checkpoint is signed, and witnesses are asked.
const (
	lookEvery    = 250 * time.Millisecond
	signEvery    = time.Minute // where the ledger grew
	soonest      = time.Second // between two, whoever asks
	refreshEvery = time.Hour   // of cosignatures, where it did not grow
	retryEvery   = time.Minute // of a witness that could not be asked
	cosignWithin = 20 * time.Second
	stepWithin   = 5 * time.Second // for one access of the store
	coverWithin  = 5 * time.Second // that a receipt waits for a checkpoint
	coverLook    = 50 * time.Millisecond
)

// Notary signs. Its methods may be called from any goroutine.
type Notary struct {
	opt Options

	mu       sync.Mutex
	status   Status
	cached   string // note that latest was read of
	latest   Signed
	recent   Signed // see [Notary.Recent]
	recentAt time.Time
	asked    []asked // by witness
	seen     uint64  // the last block that was looked through
	prompt   bool    // something was recorded that is signed for at once

	signing sync.Mutex // held by whoever changes what is kept
	work    sync.WaitGroup
}

// asked is what is known of a witness.
type asked struct {
	name    string
	busy    bool
	origin  string // that it cosigned last
	size    int64
	at      time.Time
	next    time.Time // when it is asked again, where the ledger did not grow
	trouble error
	since   time.Time // of trouble
	against bool
}

// Status is how the notary is.
type Status struct {
	Leads     bool
	Latest    Signed    // zero before the first
	Growing   time.Time // since when the ledger is larger than Latest; zero while it is not
	Lost      error     // why nothing may be signed any more under this origin; nil where it may
	Trouble   error     // why nothing could be signed last; nil where it could
	Since     time.Time // of Trouble
	Witnesses []WitnessStatus
}

// WitnessStatus is how a witness is.
type WitnessStatus struct {
	Name    string
	Size    int64 // that it cosigned last; 0 for none
	At      time.Time
	Trouble error // why it has not cosigned since; nil where it has
	Since   time.Time
	Against bool // it saw entries that the record does not hold
}

// New returns a notary that signs nothing before [Notary.Run].
func New(opt Options) *Notary {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	n := &Notary{opt: opt}
	for _, w := range opt.Witnesses {
		n.asked = append(n.asked, asked{name: w.Name()})
	}
	return n
}

// Status is how the notary is now.
func (n *Notary) Status() Status {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.status
	s.Latest = n.latest
	for i := range n.asked {
		a := &n.asked[i]
		s.Witnesses = append(s.Witnesses, WitnessStatus{a.name, a.size, a.at, a.trouble, a.since, a.against})
	}
	return s
}

// ErrLost is that entries were signed for which the record does not hold any more, so that nothing may be signed under
// the origin again.
type ErrLost struct {
	Signed, Has int64 // entries
	Why         string
}

// Error implements error.
func (e *ErrLost) Error() string {
	return fmt.Sprintf("notary: %s (%d entries were signed for, the record has %d)", e.Why, e.Signed, e.Has)
}

// Run signs until ctx ends; the node that leads calls it.
func (n *Notary) Run(ctx context.Context) {
	n.mu.Lock()
	n.status, n.seen, n.prompt = Status{Leads: true}, n.opt.Journal.Height(), true
	n.mu.Unlock()
	defer func() {
		n.work.Wait()
		n.mu.Lock()
		defer n.mu.Unlock()
		n.status = Status{}
	}()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var last time.Time // when something was signed
	for {
		if err := n.look(ctx, &last); ctx.Err() == nil {
			n.note(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// note keeps what a look came to.
func (n *Notary) note(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := &n.status
	var lost *ErrLost
	switch {
	case err == nil:
		if s.Trouble != nil {
			n.opt.Log.Info("checkpoints of the ledger are signed again")
		}
		s.Trouble, s.Since, s.Lost = nil, time.Time{}, nil
		return
	case errors.As(err, &lost):
		if s.Lost == nil {
			n.opt.Log.Error("nothing is signed any more under this origin: run qingkong ledger new-origin", "err", err)
		}
		s.Lost = lost
	case s.Trouble == nil && refusal.CodeOf(err) != refusal.NotReady: // why the record takes nothing others say
		n.opt.Log.Warn("no checkpoint of the ledger could be signed; it is tried again", "err", err)
	}
	if s.Trouble == nil {
		s.Since = time.Now()
	}
	s.Trouble = err
}

// look signs where it is time to, and has witnesses asked for as long as this node leads.
func (n *Notary) look(leading context.Context, last *time.Time) error {
	ctx, cancel := context.WithTimeout(leading, stepWithin)
	defer cancel()
	if err := n.opened(ctx); err != nil {
		return err
	}
	if err := n.readBlocks(); err != nil {
		return err
	}
	wanted, err := n.opt.Store.Wanted(ctx)
	if err != nil {
		return err
	}
	latest, err := n.Latest(ctx)
	if err != nil {
		return err
	}
	size, err := n.size()
	if err != nil {
		return err
	}
	if size < latest.N {
		return &ErrLost{latest.N, size, lostEntries}
	}
	since, now := time.Since(*last), time.Now()
	n.mu.Lock()
	prompt := n.prompt
	switch {
	case size <= latest.N:
		n.status.Growing = time.Time{}
	case n.status.Growing.IsZero():
		n.status.Growing = now
	}
	n.mu.Unlock()
	if size > latest.N && since >= soonest && (since >= signEvery || prompt || wanted > latest.N) {
		if latest, err = n.sign(ctx); err != nil {
			return err
		}
		*last = now
		n.mu.Lock()
		n.prompt, n.status.Growing = false, time.Time{}
		n.mu.Unlock()
	}
	if latest.N > 0 {
		n.ask(leading, latest, now)
	}
	return nil
}

func (n *Notary) size() (size int64, err error) {
	err = n.opt.Journal.View(func(tx *bbolt.Tx) error {
		tree, err := ledger.Load(tx)
		if err == nil {
			size = tree.Size()
		}
		return err
	})
	return size, err
}

// warningKinds is how the leaf of a warning's event begins: what is declared, approved, adjusted, lifted or cancelled is
// signed for at once.
var warningKinds = []byte("\n" + `{"kind":"alerts.warning.`)

// blocksAtOnce bounds how many blocks are looked through in one transaction.
const blocksAtOnce = 200

// readBlocks looks at what was recorded since.
func (n *Notary) readBlocks() error {
	height := n.opt.Journal.Height()
	n.mu.Lock()
	from := n.seen
	n.mu.Unlock()
	if from >= height {
		return nil
	}
	to, found := min(height, from+blocksAtOnce), false
	err := n.opt.Journal.View(func(tx *bbolt.Tx) error {
		for number := from + 1; number <= to && !found; number++ {
			found = bytes.Contains(journal.ReadBlock(tx, number), warningKinds)
		}
		return nil
	})
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen, n.prompt = to, n.prompt || found
	return nil
}

// Latest is the last checkpoint of the ledger as it is called now, with its cosignatures; the zero one before the first.
func (n *Notary) Latest(ctx context.Context) (Signed, error) {
	key, err := n.Key()
	if err != nil {
		return Signed{}, err
	}
	k, _, err := n.opt.Store.Load(ctx)
	if err != nil {
		return Signed{}, err
	}
	latest, err := n.read(k)
	if latest.Origin != key.Origin {
		return Signed{}, err
	}
	return latest, err
}

// recentFor is how old [Notary.Recent] may be.
const recentFor = time.Second

// Recent is [Notary.Latest] of up to a second ago, for whoever reads tile after tile: among several nodes the latest has to
// be fetched.
func (n *Notary) Recent(ctx context.Context) (Signed, error) {
	n.mu.Lock()
	recent, at := n.recent, n.recentAt
	n.mu.Unlock()
	if time.Since(at) < recentFor {
		return recent, nil
	}
	latest, err := n.Latest(ctx)
	if err == nil {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.recent, n.recentAt = latest, time.Now()
	}
	return latest, err
}

// read is the latest checkpoint of what is kept, read once.
func (n *Notary) read(k Kept) (Signed, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if k.Latest == n.cached {
		return n.latest, nil
	}
	latest, _, err := k.read()
	if err != nil {
		return latest, fmt.Errorf("notary: the last checkpoint cannot be read: %w", err)
	}
	n.cached, n.latest = k.Latest, latest
	return latest, nil
}

// Cosigned are the checkpoints that witnesses cosigned, the newest first; the latest itself where they did.
func (n *Notary) Cosigned(ctx context.Context) ([]Signed, error) {
	k, _, err := n.opt.Store.Load(ctx)
	if err != nil {
		return nil, err
	}
	latest, cosigned, err := k.read()
	if len(latest.Cosignatures) > 0 {
		cosigned = append([]Signed{latest}, cosigned...)
	}
	return cosigned, err
}

// Covering is a checkpoint of at least so many entries, which is signed for it where there is none, at most one a second.
// It waits for a few seconds, and is then refused as not_ready: nobody leads, or may sign.
func (n *Notary) Covering(ctx context.Context, size int64) (Signed, error) {
	ctx, cancel := context.WithTimeout(ctx, coverWithin)
	defer cancel()
	for asked := false; ; asked = true {
		latest, err := n.Latest(ctx)
		if err == nil && latest.N >= size {
			return latest, nil
		}
		if err == nil && !asked {
			err = n.opt.Store.Want(ctx, size)
		}
		if err != nil && ctx.Err() == nil {
			return Signed{}, err
		}
		select {
		case <-ctx.Done():
			return Signed{}, refusal.New(refusal.NotReady, "ledger.no_checkpoint", nil)
		case <-time.After(coverLook):
		}
	}
}

// sign signs for all entries there are. What was signed before must be a beginning of it.
func (n *Notary) sign(ctx context.Context) (Signed, error) {
	n.signing.Lock()
	defer n.signing.Unlock()
	k, revision, err := n.opt.Store.Load(ctx)
	if err != nil {
		return Signed{}, err
	}
	latest, _, err := k.read()
	if err != nil {
		return Signed{}, err
	}
	var text string
	var key identity.Key
	var secret []byte
	err = n.opt.Journal.View(func(tx *bbolt.Tx) error {
		c, err := identity.Read(tx)
		if err != nil {
			return err
		}
		if key = c.Last(); latest.Origin != key.Origin {
			latest = Signed{} // of an origin that was left
		}
		tree, err := ledger.Load(tx)
		if err != nil {
			return err
		}
		if err := follows(tx, tree, &latest, key); err != nil {
			return err
		}
		secret = bytes.Clone(journal.ReadVault(tx, key.Ref))
		text = torchwood.Checkpoint{Origin: key.Origin, Tree: tlog.Tree{N: tree.Size(), Hash: tree.Root()}}.String()
		return nil
	})
	if err != nil {
		return Signed{}, err
	}
	signer, err := signerOf(secret, key)
	if err != nil {
		return Signed{}, err
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return Signed{}, err
	}
	if latest.N == 0 {
		k = Kept{}
	}
	if k, err = k.sign(string(signed)); err != nil {
		return Signed{}, err
	}
	if _, err := n.opt.Store.Swap(ctx, k, revision); err != nil {
		return Signed{}, err
	}
	return n.read(k)
}

const lostEntries = "entries that were signed for are lost"

// follows refuses to sign for a tree that what was signed before is no beginning of. Where nothing is known of what was
// signed, and the record was made to end early since the key was made, something may have been.
func follows(tx *bbolt.Tx, tree *ledger.Tree, latest *Signed, key identity.Key) error {
	switch {
	case latest.N > tree.Size():
		return &ErrLost{latest.N, tree.Size(), lostEntries}
	case latest.N > 0:
		root, err := tlog.TreeHash(latest.N, ledger.Hashes(tx))
		if err != nil {
			return err
		}
		if root != latest.Hash {
			return &ErrLost{latest.N, tree.Size(), "the record holds other entries than those that were signed for"}
		}
		return nil
	}
	at, restored, err := journal.RestoredAt(tx)
	if err != nil {
		return err
	}
	if restored && at.After(key.At) {
		return &ErrLost{0, tree.Size(), "the record was restored, and what had been signed for is not known here"}
	}
	return nil
}

func signerOf(secret []byte, key identity.Key) (note.Signer, error) {
	if secret == nil {
		return nil, errors.New("notary: the vault does not hold the ledger's key")
	}
	s, err := note.NewSigner(string(secret))
	if err != nil || s.Name() != key.Origin {
		return nil, errors.New("notary: the vault holds another key than the ledger's")
	}
	return s, nil
}

// Signer signs the manifests of bundles. Any node may: what they list is proved by the checkpoint.
func (n *Notary) Signer() (s note.Signer, key identity.Key, err error) {
	err = n.opt.Journal.View(func(tx *bbolt.Tx) error {
		c, err := identity.Read(tx)
		if err != nil {
			return err
		}
		key = c.Last()
		s, err = signerOf(bytes.Clone(journal.ReadVault(tx, key.Ref)), key)
		return err
	})
	return s, key, err
}

// isLoss reports whether a witness says that what it saw of a ledger of size entries is gone, or never was.
func isLoss(err error, size int64) bool {
	var ahead *AheadError
	return errors.Is(err, ErrRefused) || errors.As(err, &ahead) && ahead.Size > size
}
