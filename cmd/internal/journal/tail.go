package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
)

// tail is the end of the stream on a node of its own, where bbolt decides and the stream follows. One goroutine, the
// follower, appends: in order, what the vault owes before each block.
//
// While the stream is level the writer hands it each block beside the commit and waits for it, but no longer than
// appendWithin. For a block that is not confirmed by then the commit alone answers: the mark that the stream is short
// is made durable, and from then on the follower takes blocks from the record, until it is level again. It never trusts
// an append that was not confirmed: it reads the place first.
//
// The handover from either to the other is made under mu, which the writer holds while it commits a block.
type tail struct {
	j *Journal

	mu        sync.Mutex
	shortFrom uint64 // the first block that is confirmed without the stream
	// short says that blocks are: the mark stands, or is to be written. It is set under mu, to true by the writer and to
	// false by the follower.
	short atomic.Bool

	offers chan *offer
	wake   chan struct{}
	stop   chan struct{}
	ended  chan struct{}
	ctx    context.Context // of what the follower asks of the bus
	cancel context.CancelFunc
	owes   atomic.Bool // the vault may owe something

	// The follower's own.
	next   uint64 // the block to append next
	unsure bool   // its append was not confirmed
	offer  *offer

	status atomic.Pointer[tailStatus]
}

// tailStatus is how far the follower is.
type tailStatus struct {
	next  uint64
	err   error     // why it does not go on; nil while it does
	since time.Time // of the error
}

// offer is a block on its way into the stream beside its commit. Its bytes are the follower's.
type offer struct {
	number uint64
	raw    []byte
	hash   [32]byte
	done   chan error // one place: nil, or why the block can never be appended
}

const (
	// appendWithin is how long an answer waits for the stream of a node of its own.
	appendWithin = 250 * time.Millisecond
	// appendLimit bounds one operation on the stream.
	appendLimit = 5 * time.Second
	// handoverBlocks is how many blocks are left to append when the follower asks the writer to stand still for them.
	handoverBlocks = 4
	tailRetryFirst = 20 * time.Millisecond
	tailRetryMost  = 2 * time.Second
	// leaveWithin is how long closing waits for the stream and the vault's other side to be level.
	leaveWithin = time.Second
)

// newTail returns the tail of a stream that holds the blocks before next; short says that the record reaches further.
func newTail(j *Journal, next uint64, short bool) *tail {
	t := &tail{j: j, shortFrom: next, next: next, offers: make(chan *offer, 1), wake: make(chan struct{}, 1),
		stop: make(chan struct{}), ended: make(chan struct{})}
	t.short.Store(short)
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.owes.Store(true)
	t.status.Store(&tailStatus{next: next})
	return t
}

// hand gives the follower a block beside its commit. The caller holds mu, and the stream is level.
func (t *tail) hand(number uint64, raw []byte, hash [32]byte) *offer {
	o := &offer{number: number, raw: raw, hash: hash, done: make(chan error, 1)}
	t.offers <- o
	return o
}

// run is the follower.
func (t *tail) run() {
	defer close(t.ended)
	for wait := time.Duration(0); ; {
		worked, err := t.step()
		t.tell(err)
		switch {
		case err == nil && worked:
			wait = 0
			select {
			case <-t.stop:
				if t.left() {
					return
				}
			default:
			}
			continue
		case err == nil:
			wait = 0
		case wait == 0:
			wait = tailRetryFirst
		default:
			wait = min(2*wait, tailRetryMost)
		}
		var again <-chan time.Time
		if wait > 0 {
			again = time.After(wait)
		}
		select {
		case o := <-t.offers:
			t.offer = o
		case <-t.wake:
			if again != nil { // what is wrong is not mended by more work
				select {
				case <-again:
				case <-t.stop:
					return
				}
			}
		case <-again:
		case <-t.stop:
			if err != nil || !t.owes.Load() {
				return
			}
		}
	}
}

// left says, when the journal is being closed, that the follower has nothing more to do.
func (t *tail) left() bool { return !t.owes.Load() && t.next > t.j.Height() }

// tell keeps how far the follower is, and logs when it begins to stand and when it goes on.
func (t *tail) tell(err error) {
	was := t.status.Load()
	now := &tailStatus{next: t.next, err: err}
	if err != nil {
		now.since = time.Now()
		if was.err != nil {
			now.since = was.since
		} else {
			t.j.opt.Log.Warn("the stream does not take a block; answers are given by the record alone", "block", t.next,
				"err", err)
		}
	} else if was.err != nil {
		t.j.opt.Log.Info("the stream takes blocks again", "block", t.next)
	}
	t.status.Store(now)
}

// step does one thing: it delivers a batch of what the vault owes, or appends a block, or hands over.
func (t *tail) step() (worked bool, err error) {
	if t.offer == nil {
		select {
		case t.offer = <-t.offers:
		default:
		}
	}
	if t.owes.Load() {
		t.owes.Store(false) // what is owed from here on sets it again
		ctx, cancel := context.WithTimeout(t.ctx, appendLimit)
		more, err := t.j.vault.deliver(ctx)
		cancel()
		if more || err != nil {
			t.owes.Store(true)
		}
		return true, err
	}
	if t.j.Halted() != nil {
		return false, nil
	}
	if raw, err := t.block(); raw != nil || err != nil {
		if err == nil {
			err = t.append(raw)
		}
		return true, err
	}
	return t.handOver()
}

// block is the next one to append: the offered one, or one of the record. Nil when there is none.
func (t *tail) block() (raw []byte, err error) {
	if t.offer != nil && t.offer.number == t.next {
		return t.offer.raw, nil
	}
	if t.next > t.j.Height() {
		return nil, nil
	}
	err = t.j.db.View(func(tx *bbolt.Tx) error { raw = bytes.Clone(ReadBlock(tx, t.next)); return nil })
	if err == nil && raw == nil {
		err = fmt.Errorf("block %d is missing in the record", t.next)
	}
	return raw, err
}

// append puts the next block into the stream, reading its place first where an append was not confirmed.
func (t *tail) append(raw []byte) error {
	ctx, cancel := context.WithTimeout(t.ctx, appendLimit)
	defer cancel()
	begin := t.j.opt.Times.Start()
	defer func() { t.j.opt.Times.Lap(begin, "", StepAppend) }()
	landed, err := false, error(nil)
	if t.unsure {
		landed, err = t.lookUp(ctx, raw)
	}
	if !landed && err == nil {
		t.unsure = true
		err = t.j.log.append(ctx, t.next, raw)
	}
	if err != nil {
		return err
	}
	if t.offer != nil && t.offer.number == t.next {
		t.offer.done <- nil
		t.offer = nil
	}
	t.next, t.unsure = t.next+1, false
	return nil
}

// lookUp reads the place of the next block. Another block there is a fork. Where the stream ends earlier it lost what
// it had: the follower begins again behind its end.
func (t *tail) lookUp(ctx context.Context, raw []byte) (landed bool, err error) {
	there, err := t.j.log.read(ctx, t.next)
	if errors.Is(err, errMissing) {
		info, err := t.j.log.info(ctx)
		if err != nil {
			return false, err
		}
		if err := info.whole(); err != nil {
			return false, fmt.Errorf("the stream is damaged (stop the program and start it again: the stream is made anew from the record): %w", err)
		}
		if info.last+1 < t.next {
			t.j.opt.Log.Warn("the stream lost blocks; they are appended again", "stream", info.last, "record", t.j.Height())
			t.offer = nil // the writer has given up waiting, or does so within a moment
			t.next, t.unsure = info.last+1, false
			return false, fmt.Errorf("the stream ended at %d", info.last)
		}
		return false, nil
	}
	if err != nil {
		return false, err
	}
	ours, _, err := openBlock(raw)
	if err != nil {
		return false, err
	}
	b, _, err := openBlock(there)
	if err == nil && b.Hash == ours.Hash {
		return true, nil
	}
	err = fmt.Errorf("block %d in the stream was written by another program: %w", t.next, ErrForked)
	t.j.halt(err)
	if t.offer != nil {
		t.offer.done <- err
		t.offer = nil
	}
	return false, err
}

// handOver lets the writer append beside its commits again once the stream is level. It takes the writer's lock for the
// last blocks, so that none comes behind them. While the stream is level it must not take the lock: the writer holds it
// while it waits for the follower.
func (t *tail) handOver() (worked bool, err error) {
	if !t.short.Load() {
		return false, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.offer != nil || t.next+handoverBlocks < t.j.Height() || t.j.Halted() != nil {
		return false, nil
	}
	if t.owes.Load() {
		return true, nil
	}
	end := time.Now().Add(appendWithin)
	for t.next <= t.j.Height() {
		if time.Now().After(end) {
			return true, nil
		}
		raw, err := t.block()
		if err == nil {
			err = t.append(raw)
		}
		if err != nil {
			return true, err
		}
	}
	t.j.opt.at("handover")
	if err := t.j.heights.mark(0); err != nil {
		return false, err
	}
	t.short.Store(false)
	t.j.opt.at("cleared")
	t.j.opt.Log.Info("the stream is level with the record again", "block", t.next-1)
	return true, nil
}

// close ends the follower: at once when it is stuck, else when the stream is level and nothing is owed, or after
// leaveWithin.
func (t *tail) close(ctx context.Context) {
	defer t.cancel()
	close(t.stop)
	select {
	case <-t.ended:
		return
	case <-time.After(leaveWithin):
	case <-ctx.Done():
	}
	t.cancel() // what it asks of the bus ends with that
	<-t.ended
}
