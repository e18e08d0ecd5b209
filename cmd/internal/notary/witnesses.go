package notary

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/ledger"
)

// Witnesses are how the witnesses are: what this node knows of them while it leads, and else what they cosigned last, which
// all nodes keep together.
func (n *Notary) Witnesses(ctx context.Context) ([]WitnessStatus, error) {
	s := n.Status()
	if s.Leads {
		return s.Witnesses, nil
	}
	cosigned, err := n.Cosigned(ctx)
	for i := range s.Witnesses {
		w := &s.Witnesses[i]
		*w = WitnessStatus{Name: w.Name}
		for _, c := range cosigned {
			for _, by := range c.Cosignatures {
				if by.Name == w.Name && c.N > w.Size {
					w.Size, w.At = c.N, by.At
				}
			}
		}
	}
	return s.Witnesses, err
}

// ask has each witness cosign the latest checkpoint: where it grew, hourly, and again where one could not be asked.
func (n *Notary) ask(leading context.Context, latest Signed, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := range n.asked {
		a := &n.asked[i]
		if a.origin != latest.Origin { // it knows nothing of this one yet
			*a = asked{name: a.name, busy: a.busy, origin: latest.Origin}
		}
		if a.busy || now.Before(a.next) && (a.size == latest.N || a.trouble != nil) {
			continue
		}
		a.busy = true
		old := a.size
		n.work.Go(func() { n.askOne(leading, i, old, latest) })
	}
}

func (n *Notary) askOne(leading context.Context, i int, old int64, latest Signed) {
	ctx, cancel := context.WithTimeout(leading, cosignWithin)
	defer cancel()
	w := n.opt.Witnesses[i]
	lines, err := w.Cosign(ctx, old, latest.N, []byte(latest.Note), func(old int64) (p tlog.TreeProof, err error) {
		if old == 0 || old == latest.N {
			return nil, nil
		}
		err = n.opt.Journal.View(func(tx *bbolt.Tx) error {
			p, err = tlog.ProveTree(latest.N, old, ledger.Hashes(tx))
			return err
		})
		return p, err
	})
	if err == nil {
		err = n.keep(ctx, latest, w.Name(), lines)
	}
	size, _ := n.size() // 0 where it cannot be read, which others tell of
	n.mu.Lock()
	defer n.mu.Unlock()
	a := &n.asked[i]
	a.busy = false
	if a.origin != latest.Origin || leading.Err() != nil { // what was not answered by the end says nothing of the witness
		return
	}
	if err != nil {
		if a.trouble == nil {
			a.since = time.Now()
			n.opt.Log.Warn("a witness did not cosign the ledger's checkpoint; it is asked again", "witness", a.name, "size", latest.N,
				"err", err)
		}
		a.trouble, a.next, a.against = err, time.Now().Add(retryEvery), size > 0 && isLoss(err, size)
		return
	}
	if a.trouble != nil {
		n.opt.Log.Info("a witness cosigns the ledger's checkpoints again", "witness", a.name)
	}
	*a = asked{name: a.name, origin: a.origin, size: latest.N, at: time.Now(), next: time.Now().Add(refreshEvery)}
}

// keepTries bounds how often a cosignature is added anew because the checkpoint was replaced meanwhile.
const keepTries = 5

func (n *Notary) keep(ctx context.Context, of Signed, name, lines string) (err error) {
	n.signing.Lock()
	defer n.signing.Unlock()
	for range keepTries {
		k, revision, err := n.opt.Store.Load(ctx)
		if err != nil {
			return err
		}
		if k, err = k.cosign(of.Note, name, lines); err != nil {
			return err
		}
		if _, err = n.opt.Store.Swap(ctx, k, revision); !errors.Is(err, ErrMoved) {
			return err
		}
	}
	return ErrMoved
}
