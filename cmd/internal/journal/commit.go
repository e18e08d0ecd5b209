package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// commit puts the block into the stream and the transaction into the file: an answer is given for what both hold, or on
// a node of its own, where bbolt decides, for what the file holds and the mark tells of.
//
// On a shared stream another node may take the block's place, so nothing is committed before the place is known. Alone,
// both go on at once, which takes the append out of the time a caller waits. Wherever the process dies between the two,
// one of them is ahead, and the start brings the other to it.
func (a *blockTx) commit() (tryResult, error) {
	begin := a.j.opt.Times.Start()
	raw, hash := a.block.finish()
	a.j.buf = raw // free again when this attempt is over, unless an append has it still
	t := tip{number: a.block.head.Number, hash: hash, at: a.block.at}
	delivered := a.j.vault.takeDelivered()
	if err := a.store(raw, t, delivered); err != nil {
		a.rollback()
		return halted, err
	}
	a.j.opt.Times.Lap(begin, "", StepStore)
	out, err := a.commitAlone, error(nil)
	if a.j.opt.Shared {
		out = a.commitShared
	}
	result, err := out(raw, t)
	if result == done {
		a.j.vault.dropDelivered(delivered)
	}
	return result, err
}

// commitAlone commits a block on a node of its own, with the append beside it while the stream is level. A block with
// entries of the vault is appended after it.
func (a *blockTx) commitAlone(raw []byte, t tip) (tryResult, error) {
	tail := a.j.tail
	tail.mu.Lock()
	defer tail.mu.Unlock()
	var o *offer
	beside := len(a.vault) == 0 // the stream may have no block whose entries exist nowhere yet
	if beside && !tail.short.Load() {
		o = tail.hand(t.number, raw, t.hash)
	}
	a.j.opt.at("handed")
	late := time.After(appendWithin)
	if err := a.commitTx(); err != nil {
		return halted, err
	}
	a.j.opt.at("committed")
	if !beside || a.fx.owes {
		tail.owes.Store(true)
	}
	if !beside && !tail.short.Load() {
		o = tail.hand(t.number, raw, t.hash) // the follower delivers what is owed first
	}
	begin := a.j.opt.Times.Start()
	if o != nil {
		select {
		case err := <-o.done:
			if err != nil { // another program wrote into the stream: the follower has halted the journal
				return halted, err
			}
		case <-late:
			tail.shortFrom = t.number
			tail.short.Store(true)
			a.j.buf = nil // the follower's
		}
		a.j.opt.Times.Lap(begin, "", StepWait)
	}
	err := a.j.markShort()
	a.j.applied(t, a.fx.added)
	if tail.short.Load() || tail.owes.Load() {
		poke(tail.wake)
	}
	if err != nil {
		return halted, err
	}
	a.j.opt.at("answered")
	return done, nil
}

// commitShared commits a block once its place in the shared stream is known. The transaction stays open across the
// network for placeWithin at most.
func (a *blockTx) commitShared(raw []byte, t tip) (tryResult, error) {
	ctx, cancel := context.WithTimeout(context.Background(), placeWithin)
	err := a.j.place(ctx, t.number, raw, t.hash)
	cancel()
	switch {
	case errors.Is(err, errTaken):
		a.rollback()
		if err := a.j.catchUp(); err != nil {
			return halted, err
		}
		return lostRace, nil
	case errors.Is(err, errUnsure):
		a.rollback()
		a.j.buf = nil // kept until its place is known
		return halted, a.j.pauseFor(raw, t)
	case err != nil:
		a.rollback()
		return halted, err
	}
	if err := a.commitTx(); err != nil {
		return halted, err
	}
	a.j.applied(t, a.fx.added)
	a.j.wroteVault()
	return done, nil
}

// commitTx ends the process when the file does not take the transaction: the block may be in the stream already.
func (a *blockTx) commitTx() error {
	begin := time.Now()
	err := a.tx.Commit()
	a.took = time.Since(begin)
	a.j.opt.Times.Lap(begin, "", StepCommit)
	if err == nil {
		return nil
	}
	a.j.halt(err)
	a.j.opt.Fatal(fmt.Errorf("commit block %d: %w", a.block.head.Number, err))
	return ErrClosed
}

func (a *blockTx) store(raw []byte, t tip, delivered map[string]uint64) error {
	return cmp.Or(a.j.reg.endBlock(a.tx, a.fx, a.tree, t, raw), a.j.putEntries(a.tx, a.vault), a.j.vault.forget(a.tx, delivered))
}

// commitStored commits what leaves no block: it fails for those alone who wanted it.
func (a *blockTx) commitStored() (tryResult, error) {
	if err := a.tx.Commit(); err != nil {
		return halted, fmt.Errorf("journal: %w", err)
	}
	a.j.wroteVault()
	return done, nil
}
