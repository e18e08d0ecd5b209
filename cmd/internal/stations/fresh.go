package stations

import (
	"context"
	"errors"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry/rows"
)

// How readers wait for readings to include what was kept before they asked.
const (
	readWaits = 2 * time.Second  // for a read
	restsFor  = 10 * time.Second // after a read has waited in vain, others do not wait
	lagMost   = time.Minute      // behind what came, where orders are judged by readings all the same
)

// readable is the builder once readings include all that was kept before, so that what was confirmed is read from then
// on. Where much waits to be confirmed, readings give way and a read goes on with what there is; so it does where they are
// not made, which is told elsewhere. Of a builder that has not yet made again what an earlier run confirmed nothing is
// read: most of it would be missing, and nobody could tell. Errors: a refusal where there is none to read, ctx's.
func (n *Node) readable(ctx context.Context) (*rows.Builder, error) {
	n.mu.Lock()
	last := n.last
	n.mu.Unlock()
	timer := time.NewTimer(readWaits)
	defer timer.Stop()
	for late := false; ; {
		n.mu.Lock()
		b, through, applied, trouble := n.builder, n.through, n.applied, n.trouble
		tired := n.now().Sub(n.waited) < restsFor
		n.mu.Unlock()
		if b == nil {
			return nil, refusal.New(refusal.NotReady, "stations.no_rows", nil)
		}
		cursor, _ := b.Cursor()
		whole := cursor >= through || errors.Is(trouble, errNoRoom)
		switch {
		case cursor >= last:
			return b, nil
		case whole && (late || tired || trouble != nil || n.Taker.Waiting() >= busyFrom):
			return b, nil
		case late || tired || trouble != nil:
			return nil, refusal.New(refusal.NotReady, "stations.remaking", refusal.Args{"share": n.Status().share()})
		}
		select {
		case <-applied:
		case <-timer.C:
			late = true
			n.mu.Lock()
			n.waited = n.now()
			n.mu.Unlock()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// progressed wakes who waits for readings.
func (n *Node) progressed() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.applied)
	n.applied = make(chan struct{})
}

// Ready is nil while orders may be judged by the readings: they include what came to any node, but for the last minute.
// What is still to be made of frames that came in time would else be taken for missing. Errors: a refusal that says what
// is waited for.
func (n *Node) Ready(ctx context.Context) error {
	if _, err := n.readable(ctx); err != nil {
		return err
	}
	s := n.Status()
	switch {
	case s.Unbuilt != nil, s.Behind > lagMost:
		return refusal.New(refusal.NotReady, "stations.behind", refusal.Args{"for": s.Behind.Round(time.Second)})
	case !n.caughtUp():
		return refusal.New(refusal.NotReady, "stations.follows", nil)
	}
	return nil
}

// share is how much of what an earlier run kept is made again, in whole per cent below 100.
func (s Status) share() int { return min(int(s.Remade*100), 99) }
