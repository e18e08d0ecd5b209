package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// On a shared stream a block is confirmed once its place is known. Where the bus does not say in time, the transaction
// is rolled back, the identical block is kept, and nothing else is written: the writer looks for the block, publishes
// it again where its place is free, and goes on by itself once it knows. Whoever waited for it hears that the outcome
// is not known.

const (
	// placeWithin is how long the writer's transaction stays open across the network.
	placeWithin = 2 * time.Second
	// mendEvery is the pace at which the writer looks for a block whose place is not known.
	mendEvery = 500 * time.Millisecond
)

// errUnsure means that the block may be in the stream, or may come to be.
var errUnsure = errors.New("the place of the block is not known")

// unplacedBlock is a block whose place is not known.
type unplacedBlock struct {
	raw []byte
	tip tip
}

// place publishes a block and returns once it knows where it is: landed (nil), its place taken by another (errTaken),
// surely not published (a refusal: nothing was done), halted; or errUnsure when ctx ends before that.
func (j *Journal) place(ctx context.Context, number uint64, raw []byte, hash [32]byte) error {
	begin := j.opt.Times.Start()
	defer func() { j.opt.Times.Lap(begin, "", StepAppend) }()
	sent := false // it may have left this process
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, 500*time.Millisecond) {
		err := j.log.append(ctx, number, raw)
		if err == nil {
			return nil
		}
		sent = sent || !neverSent(err)
		known, err := j.lookUp(ctx, number, hash, err)
		if known {
			return err
		}
		select {
		case <-ctx.Done():
			if !sent {
				return refusal.New(refusal.NotReady, "journal.unreachable", nil)
			}
			return errUnsure
		case <-j.stop:
			return ErrClosed
		case <-time.After(wait):
		}
	}
}

// neverSent says that a publish certainly put nothing into a stream: the connection had not left with it, or nobody was
// there to take it.
func neverSent(err error) bool {
	return errors.Is(err, errNotSent) || errors.Is(err, nats.ErrReconnectBufExceeded) ||
		errors.Is(err, nats.ErrConnectionClosed) ||
		errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse)
}

// lookUp reads the expected place after an append that was not confirmed. known is false while the stream
// cannot tell; nothing there means that the identical block is to be published again.
func (j *Journal) lookUp(ctx context.Context, number uint64, hash [32]byte, cause error) (known bool, err error) {
	j.opt.Log.Warn("an append was not confirmed; reading its place", "block", number, "err", cause)
	raw, err := j.log.read(ctx, number)
	switch {
	case errors.Is(err, errMissing):
		info, infoErr := j.log.info(ctx)
		if infoErr == nil && info.last+1 != number {
			err := fmt.Errorf("the stream ends at %d while the record ends at %d: %w", info.last, number-1, ErrRegressed)
			j.halt(err)
			return true, err
		}
		return false, nil
	case err != nil:
		return false, err
	}
	b, err := ParseBlock(raw)
	if err != nil {
		j.halt(fmt.Errorf("block %d in the stream cannot be read: %w", number, err))
		return true, j.Halted()
	}
	if b.Hash == hash {
		return true, nil
	}
	return true, errTaken
}

// pauseFor keeps a block whose place is not known and returns what those are answered who wait for it.
func (j *Journal) pauseFor(raw []byte, t tip) error {
	j.lost = &unplacedBlock{raw: raw, tip: t}
	j.pause(refusal.New(refusal.NotReady, "journal.place_unknown", refusal.Args{"block": t.number}))
	return refusal.New(refusal.NotReady, "journal.outcome_unknown", nil)
}

// pause keeps anything from being written until resume; other than a halt it ends by itself.
func (j *Journal) pause(why *refusal.Error) {
	if j.paused.Swap(why) == nil {
		j.opt.Log.Error("nothing is written for now; this ends by itself", "why", why)
		j.mended = time.Now()
	}
}

func (j *Journal) resume() {
	if j.paused.Swap(nil) != nil {
		j.opt.Log.Info("the record is written again", "block", j.Height())
	}
}

// mend tries to end a pause.
func (j *Journal) mend() {
	if j.Paused() == nil {
		return
	}
	j.mended = time.Now()
	if j.lost != nil {
		j.findLost()
		return
	}
	if j.tail != nil {
		j.tail.mu.Lock()
		defer j.tail.mu.Unlock()
		_ = j.markShort() // it resumes, or the pause goes on and says why
	}
}

// findLost looks for the kept block, and publishes it again where its place is free.
func (j *Journal) findLost() {
	ctx, cancel := context.WithTimeout(context.Background(), placeWithin)
	defer cancel()
	number, hash := j.lost.tip.number, j.lost.tip.hash
	known, err := j.lookUp(ctx, number, hash, errUnsure)
	if !known && err == nil {
		err = j.log.append(ctx, number, j.lost.raw)
		known = err == nil
	}
	switch {
	case !known || j.Halted() != nil:
		return
	case err == nil && j.Height() < number: // else it was applied as it came along the stream, like another node's
		err = j.applyRemote(j.lost.raw)
	case errors.Is(err, errTaken):
		err = j.catchUp()
	}
	if err != nil {
		j.opt.Log.Warn("the record cannot be brought up to the stream yet", "err", err)
		return
	}
	j.lost = nil
	j.resume()
}

// markShort makes durable that the stream may lack blocks that are confirmed, where that is so and not said yet. Where
// it cannot be written nothing is answered, and nothing more is written, until it can. The caller holds the tail.
func (j *Journal) markShort() error {
	if j.tail.short.Load() && j.heights.marked() == 0 {
		if err := j.heights.mark(j.tail.shortFrom); err != nil {
			j.pause(refusal.New(refusal.NotReady, "journal.height_unwritable", refusal.Args{"why": err.Error()}))
			return refusal.New(refusal.NotReady, "journal.outcome_unknown", nil)
		}
		j.opt.at("marked")
	}
	j.resume()
	return nil
}

// behind says whether other nodes had appended blocks to a shared record that were not applied here; they are now. An
// append proves that the answers of a block stand on the newest state. Answers without a block need this check instead:
// without it an order that another node has just sent would seem unknown. While the stream cannot be read, the state of
// this node is the answer.
func (j *Journal) behind() bool {
	if !j.opt.Shared {
		return false
	}
	before := j.Height()
	_ = j.catchUp() // it logs, and halts on a fork
	return j.Height() != before
}

// catchUp applies the blocks that other nodes appended. It halts the journal on a fork.
func (j *Journal) catchUp() error {
	if err := j.Halted(); err != nil {
		return err
	}
	for {
		ctx, cancel := context.WithTimeout(context.Background(), appendLimit)
		raw, err := j.log.read(ctx, j.Height()+1)
		cancel()
		if errors.Is(err, errMissing) {
			return nil
		}
		if err != nil {
			j.opt.Log.Warn("reading the stream", "err", err)
			return err
		}
		if err := j.applyRemote(raw); err != nil {
			j.halt(err)
			return err
		}
	}
}

func (j *Journal) applyRemote(raw []byte) error {
	b, err := ParseBlock(raw)
	if err != nil {
		return err
	}
	err = j.db.Update(func(tx *bbolt.Tx) error { return j.reg.applyBlock(tx, b) })
	if err != nil {
		return err
	}
	j.applied(tip{number: b.Number, hash: b.Hash, at: b.Time}, true)
	j.wroteVault()
	if bytes.Contains(b.Raw, []byte(VaultErased{}.Kind())) {
		poke(j.blobWatch.look)
	}
	return nil
}

// wroteVault wakes whoever delivers what the vault owes.
func (j *Journal) wroteVault() {
	if j.tail != nil {
		j.tail.owes.Store(true)
		poke(j.tail.wake)
		return
	}
	poke(j.vaultOwes)
}
