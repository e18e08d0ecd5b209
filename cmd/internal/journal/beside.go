package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"qingkong/alerts/refusal"
)

// CheckOptions are those of a check beside work.
type CheckOptions struct {
	Tmp      string                 // the folder of the scratch file, which is about as large as the record
	KeepFree int64                  // bytes that the disk of Tmp keeps free
	Progress func(block, of uint64) // of the replay; may be nil
}

// CheckPages says what is wrong with the structure of the record's file, in short transactions while work goes on.
func (j *Journal) CheckPages(ctx context.Context) (damage []string, err error) {
	ctx, cancel := j.whileOpen(ctx)
	defer cancel()
	p := &recordCheck{db: j.db, beside: true}
	return p.walkLive(ctx)
}

// CheckBeside proves the record while work goes on: its structure, the blocks up to the end that it has at some moment
// of the check, the state, the vault's two sides and the stream, of which a clean prefix is right where the follower
// owes the rest. It reads in short transactions, rests for as long as it works, and changes nothing. It ends early with
// ctx or when the journal is closed. Where problems were found before it could not go on, they are the report.
func (j *Journal) CheckBeside(ctx context.Context, opt CheckOptions) (Report, error) {
	ctx, cancel := j.whileOpen(ctx)
	defer cancel()
	r, err := j.checkBeside(ctx, opt)
	if err == nil && j.behindWork.Err() != nil { // ctx hears of it a moment later
		return r, context.Canceled
	}
	if err != nil && ctx.Err() == nil && len(r.Problems) > 0 {
		r.problem("the check did not come to its end: %v", err)
		return r, nil
	}
	return r, err
}

func (j *Journal) checkBeside(ctx context.Context, opt CheckOptions) (Report, error) {
	confirmed := j.heights.confirmed() // before the record is read, which then reaches it
	p := j.newRecordCheck(ctx)
	p.beside, p.tmp, p.progress, p.db, p.height = true, opt.Tmp, opt.Progress, j.db, &confirmed
	p.log, p.far = j.lookOnly()
	p.room = func() error { return roomBeside(opt.Tmp, 0, opt.KeepFree) }
	info, err := os.Stat(filepath.Join(j.opt.Dir, File))
	if err == nil {
		err = roomBeside(opt.Tmp, info.Size(), opt.KeepFree)
	}
	if err != nil {
		return p.r, err
	}
	damage, err := p.walkLive(ctx)
	for _, d := range damage {
		p.r.problem("%s: %s", j.db.Path(), d)
	}
	if err != nil {
		return p.r, err
	}
	if len(damage) > 0 { // what is read through bbolt could be anything
		return p.streamAlone(ctx)
	}
	return p.run(ctx, j.db)
}

// whileOpen is ctx until the journal is closed.
func (j *Journal) whileOpen(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(j.behindWork, cancel)
	return ctx, func() { stop(); cancel() }
}

// lookOnly is the stream and the vault's other side for reading alone: neither is made where it is not there.
func (j *Journal) lookOnly() (appendLog, farSide) {
	log, far := j.log, j.vault.far
	if _, is := log.(*jsStream); is {
		log = readStream(j.opt.JS, j.opt.Shared)
	}
	if _, is := far.(*kvFar); is {
		far = readVault(j.opt.JS)
	}
	return log, far
}

// roomBeside refuses to write so many bytes more where the disk of a folder would have less left than it must.
func roomBeside(dir string, need, keepFree int64) error {
	free, err := freeBytes(dir)
	if err == nil && free-need < keepFree {
		err = refusal.New(refusal.NotReady, "check.no_room",
			refusal.Args{"folder": dir, "free": free >> 20, "need": (need + keepFree) >> 20})
	}
	return err
}

// SweepChecks removes what a check that was killed at its beginning has left below a folder.
func SweepChecks(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, scratchName+"*"))
	for _, path := range left {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}
