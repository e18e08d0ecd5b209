package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"
)

const (
	leaseKV   = "QINGKONG_LEASE"
	leaseName = "leader"
	// leaseTTL is how long a holder that fell silent keeps others waiting.
	leaseTTL = 6 * time.Second
)

// Lead runs lead whenever this node holds the lease, until ctx ends. lead's context ends when the lease can no
// longer be vouched for; its commands carry the epoch, and the record refuses those of an older one.
func (j *Journal) Lead(ctx context.Context, lead func(ctx context.Context, epoch uint64)) error {
	kv, err := j.opt.JS.KeyValue(ctx, leaseKV)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = j.opt.JS.CreateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: leaseKV, History: 1, TTL: leaseTTL, Storage: jetstream.MemoryStorage, Replicas: j.opt.Replicas,
		})
	}
	if err != nil {
		return fmt.Errorf("journal: lease: %w", err)
	}
	for ctx.Err() == nil {
		rev, err := j.takeKey(ctx, kv)
		if err == nil {
			err = j.holdLease(ctx, kv, rev, lead)
		}
		if err != nil && ctx.Err() == nil {
			j.opt.Log.Debug("lease", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(leaseTTL / 6):
		}
	}
	return nil
}

// takeKey takes the lease when nobody holds it, or when an earlier run of this node did: the data directory
// is locked by one process, so that one is gone.
func (j *Journal) takeKey(ctx context.Context, kv jetstream.KeyValue) (uint64, error) {
	rev, err := kv.Create(ctx, leaseName, []byte(j.opt.Node))
	if !errors.Is(err, jetstream.ErrKeyExists) {
		return rev, err
	}
	held, err := kv.Get(ctx, leaseName)
	if err != nil {
		return 0, err
	}
	if string(held.Value()) != j.opt.Node {
		return 0, fmt.Errorf("held by %s", held.Value())
	}
	return kv.Update(ctx, leaseName, []byte(j.opt.Node), held.Revision())
}

func (j *Journal) holdLease(ctx context.Context, kv jetstream.KeyValue, rev uint64, lead func(context.Context, uint64)) error {
	renewed := time.Now()
	epoch, err := j.term(ctx)
	if err != nil {
		return err
	}
	j.opt.Log.Info("this node runs side effects and timers", "node", j.opt.Node, "epoch", epoch)
	leading, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); lead(leading, epoch) }()
	defer func() { cancel(); <-ended }()
	tick := time.NewTicker(leaseTTL / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			cancel()
			<-ended
			return j.giveUp(kv, rev)
		case <-ended:
			return errors.New("the leader's work ended")
		case <-tick.C:
		}
		one, stop := context.WithTimeout(ctx, leaseTTL/3)
		next, err := kv.Update(one, leaseName, []byte(j.opt.Node), rev)
		stop()
		switch {
		case err == nil:
			rev, renewed = next, time.Now()
		case time.Since(renewed) > leaseTTL*2/3:
			return fmt.Errorf("the lease could not be renewed: %w", err)
		}
	}
}

// term records that this node leads now. A journal that stopped writing records nothing, and what it holds is
// delivered all the same under the last epoch: a message twice is better than none.
func (j *Journal) term(ctx context.Context) (epoch uint64, err error) {
	if j.Halted() != nil {
		err = j.View(func(tx *bbolt.Tx) error { _, epoch = Lease(tx); return nil })
		return epoch, err
	}
	return Do[uint64](ctx, j, Command{Kind: cmdTakeLease, Actor: "system", Payload: takeLease{Node: j.opt.Node}})
}

// giveUp lets the next node begin at once instead of after the lease's time.
func (j *Journal) giveUp(kv jetstream.KeyValue, rev uint64) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return kv.Delete(ctx, leaseName, jetstream.LastRevision(rev))
}
