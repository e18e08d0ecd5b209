package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"
)

const (
	leaseKV   = "QINGKONG_LEASE"
	leaseName = "leader"
	// leaseTTL is how long a holder that fell silent keeps others waiting.
	leaseTTL = 6 * time.Second
	// leaderless is how long nobody may have led before that is a failure.
	leaderless = 2 * leaseTTL
)

// leaderState is what this node knows of who leads.
type leaderState struct {
	mu     sync.Mutex
	holder string
	seen   time.Time // when somebody was known to lead
	err    error     // why nobody is known to
	told   bool
}

func (l *leaderState) led(by string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.holder, l.seen, l.err, l.told = by, time.Now(), nil, false
}

// missing keeps why nobody is known to lead. tell says that it is time to log it.
func (l *leaderState) missing(err error) (tell bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen.IsZero() {
		l.seen = time.Now()
	}
	l.err = err
	tell = !l.told && time.Since(l.seen) > leaderless
	l.told = l.told || tell
	return tell
}

// Leadership is who runs side effects and timers, as far as this node knows.
type Leadership struct {
	Holder string
	Since  time.Time // when somebody was last known to
	Err    error     // what keeps this node from knowing, or from leading itself; nil where somebody leads
	None   bool      // nobody has led for too long: nothing is sent and no timer runs
}

// Leadership says who leads.
func (j *Journal) Leadership() Leadership {
	l := &j.leader
	l.mu.Lock()
	defer l.mu.Unlock()
	return Leadership{l.holder, l.seen, l.err, l.seen.IsZero() || time.Since(l.seen) > leaderless}
}

// Lead runs lead whenever this node holds the lease, until ctx ends. lead's context ends when the lease can no
// longer be vouched for; its commands carry the epoch, and the record refuses those of an older one.
//
// A node of its own leads by the lock on its folder alone: nobody is there to take turns with, and nothing on the NATS
// side keeps it from sending what the record holds.
func (j *Journal) Lead(ctx context.Context, lead func(ctx context.Context, epoch uint64)) error {
	for ctx.Err() == nil {
		var err error
		if j.opt.Shared {
			err = j.leadByLease(ctx, lead)
		} else {
			err = j.leadWhile(ctx, lead, func() error { j.leader.led(j.opt.Node); return nil })
		}
		if err != nil && ctx.Err() == nil && !errors.As(err, new(otherHolder)) && j.leader.missing(err) {
			j.opt.Log.Warn("nobody runs side effects and timers: orders do not leave", "for", leaderless, "err", err)
		}
		_ = sleep(ctx, leaseTTL/6) // then ctx is asked
	}
	return nil
}

// otherHolder says that another node leads.
type otherHolder struct{ by string }

func (h otherHolder) Error() string { return "held by " + h.by }

// leadWhile runs lead as this node's term until ctx or the lead itself ends, or renew, which is asked three times in
// leaseTTL, says why this node leads no longer.
func (j *Journal) leadWhile(ctx context.Context, lead func(context.Context, uint64), renew func() error) error {
	one, stop := context.WithTimeout(ctx, leaseTTL)
	epoch, err := j.term(one)
	stop()
	if err != nil {
		return err
	}
	j.leader.led(j.opt.Node)
	j.opt.Log.Info("this node runs side effects and timers", "node", j.opt.Node, "epoch", epoch)
	leading, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); lead(leading, epoch) }()
	defer func() { cancel(); <-ended }()
	tick := time.NewTicker(leaseTTL / 3)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			if ctx.Err() != nil {
				return nil
			}
			return errors.New("the leader's work ended")
		case <-tick.C:
		}
		if err := renew(); err != nil {
			return err
		}
	}
}

// leadByLease opens the lease's bucket and leads while this node holds the lease. A bucket that was lost, as one in the
// memory of a server that was restarted, is made anew.
func (j *Journal) leadByLease(ctx context.Context, lead func(context.Context, uint64)) error {
	one, stop := context.WithTimeout(ctx, leaseTTL/3)
	defer stop()
	kv, err := keyValue(one, j.opt.JS, jetstream.KeyValueConfig{Bucket: leaseKV, History: 1, TTL: leaseTTL,
		Storage: jetstream.FileStorage}, func() {})
	if err != nil {
		return fmt.Errorf("journal: lease: %w", err)
	}
	rev, err := j.takeKey(one, kv)
	if err != nil {
		return err
	}
	renewed := time.Now()
	err = j.leadWhile(ctx, lead, func() error {
		one, stop := context.WithTimeout(ctx, leaseTTL/3)
		defer stop()
		next, err := kv.Update(one, leaseName, []byte(j.opt.Node), rev)
		switch {
		case err == nil:
			rev, renewed = next, time.Now()
			j.leader.led(j.opt.Node)
		case time.Since(renewed) > leaseTTL*2/3:
			return fmt.Errorf("the lease could not be renewed: %w", err)
		}
		return nil
	})
	if ctx.Err() != nil && err == nil { // the next node begins at once then, and not after the lease's time
		last, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		err = kv.Delete(last, leaseName, jetstream.LastRevision(rev))
	}
	return err
}

// takeKey takes the lease when nobody holds it, or when an earlier run of this node did: the data directory
// is locked by one process, so that one is gone.
func (j *Journal) takeKey(ctx context.Context, kv jetstream.KeyValue) (uint64, error) {
	rev, err := kv.Create(ctx, leaseName, []byte(j.opt.Node))
	if !errors.Is(err, jetstream.ErrKeyExists) {
		return rev, err
	}
	holds, err := kv.Get(ctx, leaseName)
	if err != nil {
		return 0, err
	}
	if by := string(holds.Value()); by != j.opt.Node {
		j.leader.led(strings.Clone(by))
		return 0, otherHolder{by}
	}
	return kv.Update(ctx, leaseName, []byte(j.opt.Node), holds.Revision())
}

// term records that this node leads now. A journal that writes nothing, for now or for good, cannot record it. What the
// journal holds is delivered all the same, under the last epoch: a message sent twice is better than none.
func (j *Journal) term(ctx context.Context) (epoch uint64, err error) {
	if j.Halted() != nil || j.Paused() != nil {
		err = j.View(func(tx *bbolt.Tx) error { _, epoch = Lease(tx); return nil })
		return epoch, err
	}
	return Do[uint64](ctx, j, Command{Kind: cmdTakeLease, Actor: "system", Payload: takeLease{Node: j.opt.Node}})
}
