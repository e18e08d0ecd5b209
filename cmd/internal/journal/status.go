package journal

import (
	"context"
	"time"

	"qingkong/alerts/refusal"
)

// Status is how the record and what follows it are, for whoever watches them.
type Status struct {
	Height uint64
	Halted error          // nothing is written until somebody mends it
	Paused *refusal.Error // nothing is written for now
	// Busy is how long the writer has been working on the same batch; 0 while it waits for one.
	Busy time.Duration
	// Short says that blocks are confirmed by the record alone, and Behind how many the stream lacks. Both are of a node
	// of its own.
	Short  bool
	Behind uint64
	// Tail is why the follower does not go on, nil while it does, and TailSince since when.
	Tail      error
	TailSince time.Time
	Vault     TwinStatus
	HeightErr error // why the height is not written; nil while it is
	// Restored says that the record was made to end below what had been confirmed, or may have been; nil where it was not.
	Restored *RestoredMark
}

// Status says how the record is. It waits for nothing.
func (j *Journal) Status() Status {
	s := Status{Height: j.Height(), Halted: j.Halted(), Paused: j.Paused(), Vault: j.vaultStatus(), Restored: j.restored}
	if since := j.busy.Load(); since != 0 {
		s.Busy = time.Since(time.Unix(0, since))
	}
	if err := j.heightErr.Load(); err != nil {
		s.HeightErr = *err
	}
	if j.tail == nil {
		return s
	}
	t := j.tail.status.Load()
	s.Tail, s.TailSince, s.Short = t.err, t.since, j.heights.marked() != 0
	if t.next <= s.Height {
		s.Behind = s.Height - t.next + 1
	}
	return s
}

// Reach asks the stream for its end, within ctx: a shared one that does not answer takes no block.
func (j *Journal) Reach(ctx context.Context) error {
	_, err := j.log.info(ctx)
	return err
}
