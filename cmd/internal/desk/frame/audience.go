package frame

import (
	"context"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/journal"
	"qingkong/reductionlist"
)

// audiences counts the recipients that a level concerns, by version of the list. A version that a warning can be pinned
// to does not change any more, so each is counted once, by a goroutine that outlasts the request that needs it first.
type audiences struct {
	mu       sync.Mutex
	versions map[string]*audience
}

type audience struct {
	done   chan struct{}
	counts map[alerts.Level]int
	err    error
}

const (
	countChunk  = 500             // recipients read in one transaction
	countWithin = 2 * time.Second // how long a page waits for the count
)

// Audience is how many recipients of a version have measures at a level; false while the count is not known.
func (f *Frame) Audience(ctx context.Context, version string, l alerts.Level) (int, bool) {
	if version == "" {
		return 0, false
	}
	v := f.audience.of(f.Svc.J, version)
	wait := time.NewTimer(countWithin)
	defer wait.Stop()
	select {
	case <-v.done:
		return v.counts[l], v.err == nil
	case <-wait.C:
	case <-ctx.Done():
	}
	return 0, false
}

func (a *audiences) of(j *journal.Journal, version string) *audience {
	a.mu.Lock()
	defer a.mu.Unlock()
	if v := a.versions[version]; v != nil {
		select {
		case <-v.done:
			if v.err == nil {
				return v
			}
		default:
			return v
		}
	}
	v := &audience{done: make(chan struct{}), counts: map[alerts.Level]int{}}
	if a.versions == nil {
		a.versions = map[string]*audience{}
	}
	a.versions[version] = v
	go v.count(j, version)
	return v
}

func (v *audience) count(j *journal.Journal, version string) {
	defer close(v.done)
	for after, more := "", true; more && v.err == nil; {
		v.err = j.View(func(tx *bbolt.Tx) error {
			page, next, err := reductionlist.ScanRecipients(tx, version, after, countChunk)
			for _, r := range page {
				for _, l := range alerts.Levels() {
					if len(reductionlist.MeasuresAt(r, l)) > 0 {
						v.counts[l]++
					}
				}
			}
			after, more = next, next != ""
			return err
		})
	}
}
