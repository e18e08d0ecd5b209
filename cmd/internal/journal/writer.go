package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/notify/ledger"
)

// maxBatch bounds the commands that share a block, and with them what one failed apply makes to be redone.
const maxBatch = 2048

// pending is a submitted command on its way to an answer, or something else that is written into the record's file,
// where nobody but the writer writes: store.
type pending struct {
	cmd    Command
	h      *handler
	store  func(tx *bbolt.Tx) error // instead of cmd and h; it leaves no journaled state
	done   func(any, error)
	result any
	err    error
}

// run is the writer: the only goroutine that writes the record's file.
func (j *Journal) run() {
	idle := time.NewTicker(idleEvery)
	defer idle.Stop()
	worked := false
	work := j.first(nil)
	for {
		if len(work) == 0 {
			select {
			case p := <-j.queue:
				work = append(work, p)
			case <-j.kick:
				_ = j.catchUp() // what cannot be read now is read at the next kick or append
				continue
			case <-idle.C:
				if !worked {
					j.rest()
				}
				if worked = false; len(j.owed) == 0 {
					continue
				}
			case <-j.stop:
				return
			}
		}
		worked, work = true, j.first(work)
		if err := j.takesNothing(); err != nil {
			for _, p := range work {
				p.done(nil, err)
			}
			work = nil
			continue
		}
		j.busy.Store(time.Now().UnixNano())
		work = j.batch(work)
		j.busy.Store(0)
		// Callers that were answered are runnable now: let them submit their next commands, so that the next block holds
		// these.
		runtime.Gosched()
	}
}

// idleEvery is how often the writer sees to what waits for a quiet moment.
const idleEvery = time.Second

// rest is what the writer does when nobody asks it for anything: it looks for a block whose place is not known, makes a
// mark durable that could not be written, and forgets what the vault's other side has by now.
func (j *Journal) rest() {
	j.mend()
	if j.Halted() != nil || j.Paused() != nil {
		return
	}
	if err := j.vault.settle(j.db.Update); err != nil {
		j.opt.Log.Error("vault: what was delivered could not be written", "err", err)
	}
}

// takesNothing is what a command is answered while nothing is written, or nil. A pause is looked at first: it may be
// over.
func (j *Journal) takesNothing() error {
	if j.Halted() == nil && j.Paused() != nil && time.Since(j.mended) >= mendEvery {
		j.mend()
	}
	return j.writesNothing()
}

// batch takes work and what else is queued through decide, append, apply and answer. It returns the commands
// that no longer fitted into the block.
func (j *Journal) batch(work []*pending) (rest []*pending) {
	var failed []*pending
	for len(work) > 0 {
		a := &blockTx{j: j, work: work}
		outcome, err := a.try()
		work, rest = a.work, a.rest
		switch outcome {
		case applyFailed:
			bad := work[a.at]
			if bad.store == nil {
				j.opt.Log.Error("a command could not be applied and is left out", "command", bad.cmd.Kind, "err", err)
				err = fmt.Errorf("journal: %s could not be applied: %w", bad.cmd.Kind, err)
			}
			bad.result, bad.err = nil, err
			failed = append(failed, bad)
			work = slices.Delete(work, a.at, a.at+1)
			continue
		case lostRace:
			work = append(work, rest...)
			continue
		case halted:
			for _, p := range work {
				p.result, p.err = nil, err
			}
		}
		if j.opt.OnBatch != nil {
			j.opt.OnBatch(len(work), a.took)
		}
		break
	}
	for _, p := range append(work, failed...) {
		p.done(p.result, p.err)
	}
	return rest
}

type tryResult int

const (
	done        tryResult = iota
	applyFailed           // work[at] could not be applied; nothing is written
	lostRace              // another node's block stands where ours was to stand; it is applied now
	halted                // nothing can be written, or it is not known whether it was: the error says which
)

// blockTx is one open transaction and the block that belongs to it.
type blockTx struct {
	j     *Journal
	work  []*pending
	rest  []*pending
	at    int
	tx    *bbolt.Tx
	last  tip
	now   Moment
	tree  *ledger.Tree
	block *builder
	fx    *effects
	vault []VaultEntry
	count int           // events in the block
	dirty bool          // something was stored that is no event
	took  time.Duration // by the commit
}

func (a *blockTx) try() (out tryResult, err error) {
	if err := a.begin(); err != nil {
		a.rollback()
		return halted, err
	}
	for a.at = 0; ; a.at++ {
		if a.at == len(a.work) {
			p := a.more()
			if p == nil {
				break
			}
			a.work = append(a.work, p)
		}
		full, err := a.accept(a.work[a.at])
		if err != nil {
			a.rollback()
			return applyFailed, err
		}
		if full {
			a.work, a.rest = a.work[:a.at:a.at], a.work[a.at:]
			break
		}
	}
	switch {
	case a.count > 0:
		return a.commit()
	case a.dirty:
		return a.commitStored()
	}
	a.rollback()
	if a.j.behind() {
		return lostRace, nil
	}
	return done, nil
}

func (a *blockTx) more() *pending {
	if len(a.work) >= maxBatch || len(a.block.buf) > maxBlock*3/4 {
		return nil
	}
	select {
	case p := <-a.j.queue:
		return p
	default:
		return nil
	}
}

func (a *blockTx) begin() (err error) {
	if a.tx, err = a.j.db.Begin(true); err != nil {
		return err
	}
	if a.last, a.tree, err = readEnd(a.tx); err != nil {
		return err
	}
	a.now = a.j.clock.now()
	a.fx = newEffects(a.tx, a.now.Wall)
	a.block = newBuilder(a.j.buf[:0], a.last.number+1, a.tree.Size(), a.tree.Root(), a.last.hash, a.now, a.j.opt.Node)
	return nil
}

func (a *blockTx) rollback() {
	if a.tx != nil {
		_ = a.tx.Rollback() // a transaction that cannot be rolled back was never begun
	}
}

// accept decides one command on the open state and applies what it led to. A refusal is an answer, not an
// error; an error means that the transaction is spoiled. full means that the block has no room for it.
func (a *blockTx) accept(p *pending) (full bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	p.result, p.err = nil, nil
	if (p.store != nil) != (a.work[0].store != nil) {
		return true, nil // what leaves no block is committed apart: a refusal beside it may have to be given anew
	}
	if p.store != nil {
		a.dirty = true
		return false, p.store(a.tx)
	}
	line := BlockCommand{Kind: p.cmd.Kind, Key: p.cmd.Key, Actor: p.cmd.Actor, Proof: p.cmd.Proof}
	if line.Payload, err = p.payload(); err != nil {
		p.err = fmt.Errorf("journal: %s: %w", p.cmd.Kind, err)
		return false, nil
	}
	if p.cmd.Key != "" {
		var seen bool
		if p.result, seen, err = p.h.answered(a.tx, line); refusal.CodeOf(err) != "" {
			p.err, err = err, nil
		}
		if seen || err != nil {
			return false, err
		}
	}
	begin := a.j.opt.Times.Start()
	if err := p.h.asSeen(a.tx, p.cmd, a.now); err != nil {
		p.err = err
		return false, nil
	}
	events, result, err := p.h.decide(a.tx, p.cmd.Actor, p.cmd.Payload, p.cmd.Proof, a.now)
	a.j.opt.Times.Lap(begin, p.cmd.Kind, StepDecide)
	if err != nil || len(events) == 0 {
		p.result, p.err = result, err
		return false, nil
	}
	if p.cmd.Key != "" {
		if line.Result, err = json.Marshal(result); err != nil {
			return false, err
		}
	}
	mark := len(a.block.buf)
	full, err = a.write(p, line, events)
	if full {
		a.block.buf = a.block.buf[:mark]
		if a.count == 0 {
			p.err = refusal.New(refusal.TooLarge, "journal.command_too_large", refusal.Args{"command": p.cmd.Kind})
			return false, nil
		}
		return true, nil
	}
	p.result = result
	return false, err
}

// payload is what the block keeps of the command's own content.
func (p *pending) payload() (json.RawMessage, error) {
	if p.h.bulk {
		if p.cmd.Key != "" {
			return nil, errors.New("a bulk command carries no key")
		}
		return json.RawMessage("null"), nil
	}
	return appendJSON(nil, p.cmd.Payload)
}

// write puts a command and its events into the block and, when they fit, into the state.
func (a *blockTx) write(p *pending, line BlockCommand, events []Event) (full bool, err error) {
	times := a.j.opt.Times
	begin := times.Start()
	mark := len(a.block.buf)
	a.block.command(line)
	leaves, at := make([][]byte, len(events)), make([]Pos, len(events))
	for i, ev := range events {
		if leaves[i], at[i], err = a.block.event(p.cmd.Actor, ev); err != nil {
			return false, err
		}
	}
	if len(a.block.buf)+tailLen > maxBlock {
		return true, nil
	}
	begin = times.Lap(begin, line.Kind, StepEncode)
	if err := a.j.reg.applyKey(a.tx, a.block.at, line); err != nil {
		return false, err
	}
	defer a.addLeaves(leaves, len(a.block.buf)-mark)()
	for i, ev := range events {
		if err := a.j.reg.apply(a.tx, a.fx, a.block.at, p.cmd.Actor, at[i], ev); err != nil {
			return false, err
		}
	}
	times.Lap(begin, line.Kind, StepApply)
	a.count += len(events)
	a.vault = append(a.vault, p.cmd.Vault...)
	return false, nil
}

// hashBeside is how long an addition to the block is, in bytes, before its hashes are made beside its applying.
const hashBeside = 64 << 10

// addLeaves adds the leaves of a command to the tree. The caller calls wait before it uses the block or the tree again.
func (a *blockTx) addLeaves(leaves [][]byte, size int) (wait func()) {
	if size < hashBeside {
		for _, leaf := range leaves {
			a.tree.Append(leaf)
		}
		return func() {}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for _, leaf := range leaves {
			a.tree.Append(leaf)
		}
		a.block.hash()
	}()
	return func() { <-ended }
}
