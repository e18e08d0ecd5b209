package journal

import (
	"context"
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

// pending is a submitted command on its way to an answer.
type pending struct {
	cmd    Command
	h      *handler
	done   func(any, error)
	result any
	err    error
}

// run is the writer: the only goroutine that changes journaled state.
func (j *Journal) run() {
	var work []*pending
	for {
		if len(work) == 0 {
			select {
			case p := <-j.queue:
				work = append(work, p)
			case <-j.kick:
				_ = j.catchUp() // what cannot be read now is read at the next kick or append
				continue
			case <-j.stop:
				return
			}
		}
		if j.Halted() != nil {
			for _, p := range work {
				p.done(nil, refusal.New(refusal.NotReady, "journal.stopped", nil))
			}
			work = nil
			continue
		}
		work = j.batch(work)
		// Those who were answered are runnable now: let them hand in what they have, so that the next block holds it.
		runtime.Gosched()
	}
}

// batch takes work and what else is queued through decide, append, apply and answer. It returns the commands
// that no longer fitted into the block.
func (j *Journal) batch(work []*pending) (rest []*pending) {
	var failed []*pending
	for len(work) > 0 {
		a := &attempt{j: j, work: work}
		outcome, err := a.try()
		work, rest = a.work, a.rest
		switch outcome {
		case applyFailed:
			bad := work[a.at]
			j.opt.Log.Error("a command could not be applied and is left out", "command", bad.cmd.Kind, "err", err)
			bad.result, bad.err = nil, fmt.Errorf("journal: %s could not be applied: %w", bad.cmd.Kind, err)
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
		break
	}
	for _, p := range append(work, failed...) {
		p.done(p.result, p.err)
	}
	return rest
}

type outcome int

const (
	done        outcome = iota
	applyFailed         // work[at] could not be applied; nothing is written
	lostRace            // another node's block stands where ours was to stand; it is applied now
	halted              // nothing can be written
)

// attempt is one open transaction and the block that belongs to it.
type attempt struct {
	j     *Journal
	work  []*pending
	rest  []*pending
	at    int
	tx    *bbolt.Tx
	last  tip
	tree  *ledger.Tree
	block *builder
	fx    *effects
	vault []VaultEntry
	count int // events in the block
}

func (a *attempt) try() (out outcome, err error) {
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
	if a.count == 0 {
		a.rollback()
		if a.j.behind() {
			return lostRace, nil
		}
		return done, nil
	}
	return a.commit()
}

func (a *attempt) more() *pending {
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

func (a *attempt) begin() (err error) {
	if a.tx, err = a.j.db.Begin(true); err != nil {
		return err
	}
	if a.last, err = readTip(a.tx); err != nil {
		return err
	}
	if a.tree, err = ledger.Load(a.tx); err != nil {
		return err
	}
	a.fx = newEffects(a.tx)
	a.block = newBuilder(a.j.buf[:0], a.last.number+1, a.tree.Size(), a.tree.Root(), a.last.hash, a.j.now(a.last.at), a.j.opt.Node)
	return nil
}

func (a *attempt) rollback() {
	if a.tx != nil {
		_ = a.tx.Rollback() // a transaction that cannot be rolled back was never begun
	}
}

// accept decides one command on the open state and applies what it led to. A refusal is an answer, not an
// error; an error means that the transaction is spoiled. full means that the block has no room for it.
func (a *attempt) accept(p *pending) (full bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	p.result, p.err = nil, nil
	line := BlockCommand{Kind: p.cmd.Kind, Key: p.cmd.Key, Actor: p.cmd.Actor}
	if line.Payload, err = p.payload(); err != nil {
		p.err = fmt.Errorf("journal: %s: %w", p.cmd.Kind, err)
		return false, nil
	}
	if p.cmd.Key != "" {
		if seen, err := a.repeated(p, line); seen || err != nil {
			return false, err
		}
	}
	begin := a.j.opt.Times.Start()
	events, result, err := p.h.decide(a.tx, p.cmd.Actor, p.cmd.Payload, a.block.at)
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
func (a *attempt) write(p *pending, line BlockCommand, events []Event) (full bool, err error) {
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
	if err := a.j.reg.applyKey(a.tx, line); err != nil {
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

// addLeaves adds the leaves of a command to the tree. What it returns has to be called before the block or the tree is used
// again.
func (a *attempt) addLeaves(leaves [][]byte, size int) (wait func()) {
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

// repeated answers a command whose key was seen: the same content with the first answer, other content with a
// refusal.
func (a *attempt) repeated(p *pending, line BlockCommand) (bool, error) {
	row := a.tx.Bucket(idemBucket).Get([]byte(p.cmd.Key))
	if row == nil {
		return false, nil
	}
	if string(row[:16]) != string(fingerprint(line.Kind, line.Actor, line.Payload)) {
		p.err = refusal.New(refusal.Conflict, "journal.key_reused", refusal.Args{"key": p.cmd.Key})
		return true, nil
	}
	var err error
	p.result, err = p.h.result(row[16:])
	return true, err
}

// commit puts the block into the stream and the transaction into the file: an answer is given for what both hold.
//
// On a shared stream another node may take the block's place, so nothing is committed before the place is known. Alone,
// both go on at once, which takes the append out of the time a caller waits. Wherever the process dies between the two,
// one of them is ahead, and the start brings the other to it.
func (a *attempt) commit() (outcome, error) {
	begin := a.j.opt.Times.Start()
	raw, hash := a.block.finish()
	a.j.buf = raw // free again when this attempt is over: nothing of it is kept but in the two stores
	number := a.block.head.Number
	if err := a.store(raw, tip{number: number, hash: hash, at: a.block.at}); err != nil {
		a.rollback()
		return halted, err
	}
	a.j.opt.Times.Lap(begin, "", StepStore)
	if !a.j.opt.Shared {
		return a.commitWhileAppending(number, raw, hash)
	}
	switch err := a.j.appendUntilKnown(number, raw, hash); {
	case errors.Is(err, errTaken):
		a.rollback()
		if err := a.j.catchUp(); err != nil {
			return halted, err
		}
		return lostRace, nil
	case err != nil:
		a.rollback()
		return halted, err
	}
	if err := a.commitTx(); err != nil {
		return halted, err
	}
	a.j.applied(number, a.fx.added)
	return done, nil
}

func (a *attempt) commitWhileAppending(number uint64, raw []byte, hash [32]byte) (outcome, error) {
	appended := make(chan error, 1)
	go func() { appended <- a.j.appendUntilKnown(number, raw, hash) }()
	failed := a.commitTx()
	begin := a.j.opt.Times.Start()
	err := <-appended // raw is the append's until then
	a.j.opt.Times.Lap(begin, "", StepWait)
	switch {
	case failed != nil:
		return halted, failed
	case errors.Is(err, errTaken):
		err = fmt.Errorf("block %d in the stream was written by another program: %w", number, ErrForked)
		a.j.halt(err)
		return halted, err
	case err != nil:
		return halted, err
	}
	a.j.applied(number, a.fx.added)
	return done, nil
}

// commitTx ends the process when the file does not take the transaction: the block may be in the stream already.
func (a *attempt) commitTx() error {
	begin := a.j.opt.Times.Start()
	err := a.tx.Commit()
	a.j.opt.Times.Lap(begin, "", StepCommit)
	if err == nil {
		return nil
	}
	a.j.halt(err)
	a.j.opt.Fatal(fmt.Errorf("commit block %d: %w", a.block.head.Number, err))
	return ErrClosed
}

func (a *attempt) store(raw []byte, t tip) error {
	if err := a.fx.save(a.tx); err != nil {
		return err
	}
	if err := a.tree.Save(); err != nil {
		return err
	}
	if err := putBlock(a.tx, t.number, raw); err != nil {
		return err
	}
	if err := writeTip(a.tx, t); err != nil {
		return err
	}
	return a.j.vault.putWith(a.tx, a.vault)
}

// appendUntilKnown publishes a block and does not return before it knows where it is: landed (nil), or its place is
// taken by another (errTaken), or the journal is being closed or halted.
func (j *Journal) appendUntilKnown(number uint64, raw []byte, hash [32]byte) error {
	begin := j.opt.Times.Start()
	defer func() { j.opt.Times.Lap(begin, "", StepAppend) }()
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err := j.log.append(ctx, number, raw)
		cancel()
		if err == nil {
			return nil
		}
		known, err := j.lookUp(number, hash, err)
		if known {
			return err
		}
		select {
		case <-j.stop:
			return ErrClosed
		case <-time.After(wait):
		}
	}
}

// lookUp reads the expected place after an append that was not confirmed. known is false while the stream
// cannot tell; nothing there means that the identical block is to be published again.
func (j *Journal) lookUp(number uint64, hash [32]byte, cause error) (known bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
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
		return true, *j.stopped.Load()
	}
	if b.Hash == hash {
		return true, nil
	}
	return true, errTaken
}

// behind says whether other nodes had appended blocks to a shared record that were not applied here; they are now.
// An append proves that a block's answers stand on the newest state; answers without a block need this: the order that
// another node has just sent is not unknown. While the stream cannot be read, what is known here is the answer.
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
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		raw, err := j.log.read(ctx, j.Height()+1)
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
	j.applied(b.Number, true)
	return nil
}
